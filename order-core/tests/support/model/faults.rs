//! Every reason for which a message could be refused.

use std::collections::BTreeSet;

use order_core::Code;

use super::bill::ExactBill;
use super::charge::AskedCharges;
use super::step::{NUMBERS, Sharing, Step, WHO, What, name_of, pieces};
use super::{CEILING, Model};

impl Model {
    /// Every reason for which the step could be refused; it is accepted if there is none.
    pub(crate) fn faults(&self, step: &Step) -> Vec<Code> {
        let who = step.who();
        let mut faults = Vec::new();
        if let What::Join { name, currency, charges, policy, .. } = &step.what {
            let looks_on = self.finalized && self.person(who).is_some();
            faults.extend(name.filter(|name| name.contains("\u{200B}")).map(|_| Code::BadText));
            faults.extend(currency.filter(|code| *code == "inr").map(|_| Code::BadCurrency));
            faults.extend(charges.iter().flat_map(AskedCharges::unreadable));
            faults.extend((*policy == Some("closed")).then_some(Code::BadField));
            faults.extend(self.is_removed(who).then_some(Code::Removed));
            if looks_on {
                return faults;
            }
            let other = currency.is_some_and(|code| code != self.currency);
            faults.extend((other && !self.people.is_empty()).then_some(Code::BadCurrency));
            faults.extend(self.finalized.then_some(Code::OrderFinalized));
            faults.extend((name.is_none() && self.person(who).is_none()).then_some(Code::MissingField));
            let first = charges.as_ref().filter(|_| self.people.is_empty());
            faults.extend(first.into_iter().flat_map(|charges| charges.unusable(&self.at_first(*currency))));
            return faults;
        }
        if let What::Correct { .. } | What::Reopen = step.what {
            return self.faults_of_a_revision(who, &step.what);
        }
        faults.extend(self.finalized.then_some(Code::OrderFinalized));
        faults.extend((!self.is_present(who)).then_some(Code::JoinFirst));
        faults.extend(self.bad_manners(who, &step.what));
        match &step.what {
            What::Add { item, price, quantity, shared_by, .. } => {
                faults.extend(shared_by.iter().flat_map(|sharing| self.contradictions(sharing)));
                faults.extend(self.faults_of_new_dishes(&[(*item, *price, *quantity)]));
            }
            What::AddAll { dishes } => faults.extend(self.faults_of_new_dishes(dishes)),
            What::Remove { item } | What::Edit { item, .. } => {
                faults.extend(self.dish(*item).is_none().then_some(Code::ItemNotFound));
            }
            What::Update { item, quantity } => {
                let zero = NUMBERS[*quantity].1 == Some(0);
                let pieces = pieces(*quantity);
                faults.extend((!zero && pieces.is_none()).then_some(Code::BadQuantity));
                match self.dish(*item) {
                    None => faults.push(Code::ItemNotFound),
                    Some(dish) => {
                        let more = dish.price * (pieces.unwrap_or(0) - dish.pieces);
                        faults.extend((self.total() + more >= CEILING).then_some(Code::TotalTooLarge));
                    }
                }
            }
            What::Claim { item, weight } => {
                faults.extend(self.dish(*item).is_none().then_some(Code::ItemNotFound));
                let weight = weight.filter(|place| NUMBERS[*place].0 != "null");
                let nothing = weight.is_some_and(|place| weight_of(place).is_none_or(|weight| weight == 0));
                faults.extend(nothing.then_some(Code::BadSplit));
            }
            What::Unclaim { item } => match self.dish(*item) {
                None => faults.push(Code::ItemNotFound),
                Some(dish) => {
                    let shares = dish.shared_by.iter().any(|(id, _)| *id == who);
                    faults.extend((!shares).then_some(Code::NotClaimed));
                }
            },
            What::Assign { item, shared_by } => {
                faults.extend((self.owner != Some(who)).then_some(Code::NotOwner));
                faults.extend(self.dish(*item).is_none().then_some(Code::ItemNotFound));
                faults.extend(self.contradictions(shared_by));
            }
            What::SetCharges { charges } => {
                faults.extend((self.owner != Some(who)).then_some(Code::NotOwner));
                faults.extend(charges.unreadable());
                faults.extend(charges.unusable(self));
            }
            What::Tip { tip } => {
                faults.extend(tip.unreadable());
                faults.extend(tip.unusable(self));
            }
            What::Finalize => faults.extend(self.unfinished()),
            What::Waive { .. }
            | What::Leave
            | What::Correct { .. }
            | What::Reopen
            | What::Join { .. }
            | What::Ready { .. }
            | What::Lock { .. }
            | What::SendAway { .. }
            | What::Readmit { .. }
            | What::HandOver { .. }
            | What::Limit { .. }
            | What::Rules { .. } => {}
            What::Split { .. }
            | What::Agree { .. }
            | What::OnePaysAll { .. }
            | What::Percentages { .. }
            | What::Adjust { .. }
            | What::Cover { .. } => faults.extend(self.faults_of_rule(&step.what)),
        }
        faults
    }

    /// Why dishes with these prices and quantities cannot be added.
    fn faults_of_new_dishes(&self, dishes: &[(usize, usize, usize)]) -> Vec<Code> {
        let mut faults = Vec::new();
        let mut sum = self.total();
        let mut ids = BTreeSet::new();
        for &(item, price, quantity) in dishes {
            let is_taken = self.dish(item).is_some() || !ids.insert(item);
            faults.extend(is_taken.then_some(Code::ItemIdTaken));
            let (price, pieces) = (self.price(price), pieces(quantity));
            faults.extend(price.is_none().then_some(Code::BadPrice));
            faults.extend(pieces.is_none().then_some(Code::BadQuantity));
            sum += price.unwrap_or(0) * pieces.unwrap_or(0);
        }
        faults.extend((sum >= CEILING).then_some(Code::TotalTooLarge));
        faults
    }

    /// Why the bill cannot be finalized.
    pub(super) fn unfinished(&self) -> Vec<Code> {
        let mut faults = Vec::new();
        faults.extend(self.dishes.is_empty().then_some(Code::OrderEmpty));
        faults.extend((!self.unassigned().is_empty()).then_some(Code::Unassigned));
        faults.extend(ExactBill::of(self).has_charge_on_nothing().then_some(Code::ChargeOnNothing));
        faults.extend((self.unallocated != 0 || !self.is_covered).then_some(Code::Unallocated));
        faults
    }

    fn faults_of_rule(&self, what: &What) -> Vec<Code> {
        let mut faults = Vec::new();
        match what {
            What::Split { kind } => {
                faults.extend((!["equal", "itemized", "custom"].contains(kind)).then_some(Code::BadField));
            }
            What::Agree { kind, numbers } => faults.extend(self.disagreements(kind, numbers)),
            What::OnePaysAll { payer } => {
                faults.extend((!self.is_on_bill(WHO[*payer])).then_some(Code::UnknownParticipant));
            }
            What::Percentages { less, more } => {
                faults.extend((less == more).then_some(Code::DuplicateKey));
                let stranger = !self.is_on_bill(WHO[*less]) || !self.is_on_bill(WHO[*more]);
                faults.extend(stranger.then_some(Code::UnknownParticipant));
            }
            What::Adjust { numbers } => {
                faults.extend(self.strangers(numbers.iter().map(|(who, _)| *who)));
                let amount = |place: usize| self.money(place).filter(|amount| *amount < CEILING);
                let amounts: Option<Vec<i128>> = numbers.iter().map(|(_, place)| amount(*place)).collect();
                match amounts.filter(|amounts| !amounts.is_empty()) {
                    None => faults.push(Code::BadSplit),
                    Some(amounts) => {
                        let over = amounts.iter().sum::<i128>() > self.total();
                        faults.extend(over.then_some(Code::Unallocated));
                    }
                }
            }
            What::Cover { covers, rest } => {
                faults.extend(self.strangers(covers.iter().flat_map(|&(covered, payer)| [covered, payer])));
                faults.extend(covers.is_empty().then_some(Code::BadSplit));
                let covered: BTreeSet<_> = covers.iter().map(|(covered, _)| *covered).collect();
                let chain = covers.iter().any(|(_, payer)| covered.contains(payer));
                faults.extend(chain.then_some(Code::ConflictingClaims));
                let known = rest.is_none_or(|rest| ["equal", "itemized"].contains(&rest));
                faults.extend((!known).then_some(Code::BadField));
            }
            other => panic!("{other:?} is no rule"),
        }
        faults
    }

    fn disagreements(&self, kind: &str, numbers: &[(usize, usize)]) -> Vec<Code> {
        let mut faults = Vec::new();
        faults.extend(self.strangers(numbers.iter().map(|(who, _)| *who)));
        let usable = |place: usize| match kind {
            "amounts" => self.money(place).filter(|amount| *amount < CEILING),
            "percentages" => NUMBERS[place].1.filter(|part| (0..=100_000_000).contains(part)),
            _ => weight_of(place),
        };
        let values: Option<Vec<i128>> = numbers.iter().map(|(_, place)| usable(*place)).collect();
        let Some(values) = values.filter(|values| !values.is_empty()) else {
            faults.push(Code::BadSplit);
            return faults;
        };
        let sum: i128 = values.iter().sum();
        faults.extend((kind == "amounts" && sum != self.total()).then_some(Code::Unallocated));
        faults.extend((kind == "percentages" && sum != 100_000_000).then_some(Code::BadSplit));
        faults.extend((kind == "weights" && sum == 0).then_some(Code::BadSplit));
        faults
    }

    fn strangers(&self, mut people: impl Iterator<Item = usize>) -> Option<Code> {
        people.any(|who| !self.is_on_bill(name_of(who))).then_some(Code::UnknownParticipant)
    }

    /// Why a dish cannot be shared this way.
    fn contradictions(&self, sharing: &Sharing) -> Vec<Code> {
        let mut faults = Vec::new();
        match sharing {
            Sharing::Equally(people) => {
                faults.extend(self.strangers(people.iter().copied()));
                let once: BTreeSet<_> = people.iter().collect();
                faults.extend((once.len() < people.len()).then_some(Code::ConflictingClaims));
            }
            Sharing::Weights(weights) => {
                faults.extend(self.strangers(weights.iter().map(|(who, _)| *who)));
                let weights: Option<Vec<i128>> = weights.iter().map(|(_, place)| weight_of(*place)).collect();
                let usable =
                    weights.is_some_and(|weights| weights.is_empty() || weights.iter().any(|w| *w > 0));
                faults.extend((!usable).then_some(Code::BadSplit));
            }
        }
        faults
    }

    /// The order as its first guest joins and sets its currency.
    fn at_first(&self, currency: Option<&'static str>) -> Self {
        Self { currency: currency.unwrap_or(self.currency), ..self.clone() }
    }
}

/// The value of a number, if it is a valid weight.
fn weight_of(place: usize) -> Option<i128> {
    NUMBERS[place].1.filter(|weight| (0..=1_000_000_000_000).contains(weight))
}
