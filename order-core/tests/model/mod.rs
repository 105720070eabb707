//! What an order is, said a second time and as plainly as can be: lists, searched from end to end. It knows
//! nothing of facts, seats or logs, and names every reason for which a message could be refused.
#![allow(dead_code, reason = "a module of several tests, each of which uses its own part of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use order_core::split::{CustomShares, SplitRule, shares};
use order_core::text::Text;
use order_core::{Code, Order, Status};

mod step;

use step::{ITEMS, NUMBERS, WHO, What, name_of, pieces};
pub(crate) use step::{Step, steps};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    id: &'static str,
    name: &'static str,
    phone: Option<&'static str>,
    joined_at: u64,
    left: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    id: &'static str,
    by: &'static str,
    /// Millionths of a whole unit.
    price: i128,
    pieces: i128,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Equal,
    Itemized,
    Custom,
    Agreed(&'static str, Vec<(&'static str, i128)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    people: Vec<Person>,
    owner: Option<&'static str>,
    lines: Vec<Line>,
    rule: Rule,
    currency: &'static str,
    finalized: bool,
    /// Minor units, as the order said last; checked when it said so.
    unallocated: i128,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            people: Vec::new(),
            owner: None,
            lines: Vec::new(),
            rule: Rule::Equal,
            currency: "INR",
            finalized: false,
            unallocated: 0,
        }
    }
}

impl Model {
    /// Every reason for which the step could be refused; it is granted when there is none.
    pub(crate) fn faults(&self, step: &Step) -> Vec<Code> {
        let who = step.who();
        let mut faults = Vec::new();
        if let What::Join { name, currency, .. } = &step.what {
            let looks_on = self.finalized && self.person(who).is_some();
            faults.extend(name.filter(|name| name.contains("\u{200B}")).map(|_| Code::BadText));
            faults.extend(currency.filter(|code| *code == "inr").map(|_| Code::BadCurrency));
            if looks_on {
                return faults;
            }
            let other = currency.is_some_and(|code| code != self.currency);
            faults.extend((other && !self.people.is_empty()).then_some(Code::BadCurrency));
            faults.extend(self.finalized.then_some(Code::OrderFinalized));
            faults.extend((name.is_none() && self.person(who).is_none()).then_some(Code::MissingField));
            return faults;
        }
        faults.extend(self.finalized.then_some(Code::OrderFinalized));
        faults.extend((!self.is_present(who)).then_some(Code::JoinFirst));
        match &step.what {
            What::Add { item, price, quantity } => {
                faults.extend(self.line(ITEMS[*item]).map(|_| Code::ItemIdTaken));
                let price = self.money(*price).filter(|price| *price < 10_i128.pow(13));
                let pieces = pieces(*quantity);
                faults.extend(price.is_none().then_some(Code::BadPrice));
                faults.extend(pieces.is_none().then_some(Code::BadQuantity));
                let line = price.unwrap_or(0) * pieces.unwrap_or(0);
                faults.extend((self.total() + line >= CEILING).then_some(Code::TotalTooLarge));
            }
            What::Remove { item } => {
                faults.extend(self.line(ITEMS[*item]).is_none().then_some(Code::ItemNotFound));
            }
            What::Update { item, quantity } => {
                let zero = NUMBERS[*quantity].1 == Some(0);
                let pieces = pieces(*quantity);
                faults.extend((!zero && pieces.is_none()).then_some(Code::BadQuantity));
                match self.line(ITEMS[*item]) {
                    None => faults.push(Code::ItemNotFound),
                    Some(line) => {
                        let more = line.price * (pieces.unwrap_or(0) - line.pieces);
                        faults.extend((self.total() + more >= CEILING).then_some(Code::TotalTooLarge));
                    }
                }
            }
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
            What::Finalize => {
                faults.extend(self.lines.is_empty().then_some(Code::OrderEmpty));
                faults.extend((self.unallocated != 0).then_some(Code::Unallocated));
            }
            What::Leave | What::Join { .. } => {}
        }
        faults
    }

    fn disagreements(&self, kind: &str, numbers: &[(usize, usize)]) -> Vec<Code> {
        let mut faults = Vec::new();
        let stranger = numbers.iter().any(|(who, _)| !self.is_on_bill(name_of(*who)));
        faults.extend(stranger.then_some(Code::UnknownParticipant));
        let usable = |place: usize| match kind {
            "amounts" => self.money(place).filter(|amount| *amount < CEILING),
            "percentages" => NUMBERS[place].1.filter(|part| (0..=100_000_000).contains(part)),
            _ => NUMBERS[place].1.filter(|weight| (0..=1_000_000_000_000).contains(weight)),
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

    /// Carries out a step that has no faults.
    pub(crate) fn take(&mut self, step: &Step, now: u64) {
        let who = step.who();
        match &step.what {
            What::Join { .. } if self.finalized => {}
            What::Join { name, phone, currency } => self.join(who, *name, *phone, *currency, now),
            What::Add { item, price, quantity } => self.lines.push(Line {
                id: ITEMS[*item],
                by: who,
                price: self.money(*price).unwrap(),
                pieces: pieces(*quantity).unwrap(),
            }),
            What::Remove { item } => self.lines.retain(|line| line.id != ITEMS[*item]),
            What::Update { item, quantity } => match pieces(*quantity) {
                None => self.lines.retain(|line| line.id != ITEMS[*item]),
                Some(pieces) => {
                    let line = self.lines.iter_mut().find(|line| line.id == ITEMS[*item]).unwrap();
                    line.pieces = pieces;
                }
            },
            What::Split { kind } => {
                self.rule = match *kind {
                    "equal" => Rule::Equal,
                    "itemized" => Rule::Itemized,
                    _ if matches!(self.rule, Rule::Agreed(..)) => self.rule.clone(),
                    _ => Rule::Custom,
                }
            }
            What::Agree { kind, numbers } => {
                let value = |&(who, place): &(usize, usize)| (name_of(who), NUMBERS[place].1.unwrap());
                self.rule = Rule::Agreed(kind, numbers.iter().map(value).collect());
            }
            What::OnePaysAll { payer } => {
                self.rule = Rule::Agreed("amounts", vec![(WHO[*payer], self.total())]);
            }
            What::Percentages { less, more } => {
                let mut numbers = vec![(WHO[*less], 33_333_333), (WHO[*more], 66_666_667)];
                numbers.sort_unstable();
                self.rule = Rule::Agreed("percentages", numbers);
            }
            What::Finalize => self.finalized = true,
            What::Leave => {
                self.people.iter_mut().find(|person| person.id == who).unwrap().left = true;
                if self.owner == Some(who) {
                    self.owner = self.people.iter().find(|person| !person.left).map(|person| person.id);
                }
            }
        }
    }

    fn join(
        &mut self,
        id: &'static str,
        name: Option<&'static str>,
        phone: Option<&'static str>,
        currency: Option<&'static str>,
        now: u64,
    ) {
        if self.people.is_empty() {
            self.currency = currency.unwrap_or("INR");
        }
        if self.person(id).is_none() {
            let name = name.unwrap();
            self.people.push(Person { id, name, phone: None, joined_at: now, left: true });
        }
        let person = self.people.iter_mut().find(|person| person.id == id).unwrap();
        person.left = false;
        person.name = name.unwrap_or(person.name);
        person.phone = phone.filter(|phone| !phone.is_empty()).or(person.phone);
        self.owner = self.owner.or(Some(id));
    }

    /// Compares the model with the order, and remembers what the order leaves unallocated.
    pub(crate) fn assert_describes(&mut self, order: &Order) {
        let people: Vec<_> = order
            .people()
            .iter()
            .map(|person| {
                let phone = person.phone().map(Text::as_str);
                (
                    person.id().as_str(),
                    person.name().as_str(),
                    phone,
                    person.joined_at().get(),
                    person.has_left(),
                )
            })
            .collect();
        let expected: Vec<_> = self
            .people
            .iter()
            .map(|person| (person.id, person.name, person.phone, person.joined_at, person.left))
            .collect();
        assert_eq!(people, expected);
        assert_eq!(order.owner().map(|owner| owner.id().as_str()), self.owner);
        assert_eq!(order.currency().code(), self.currency);
        assert_eq!(order.status() == Status::Finalized, self.finalized);

        let lines: Vec<_> = order
            .items()
            .map(|item| {
                let by = order.added_by(item).unwrap().id().as_str();
                let price = self.in_millionths(item.price().amount());
                (item.id().as_str(), by, price, i128::from(item.quantity().pieces()))
            })
            .collect();
        let expected: Vec<_> =
            self.lines.iter().map(|line| (line.id, line.by, line.price, line.pieces)).collect();
        assert_eq!(lines, expected);
        assert_eq!(self.in_millionths(order.total()), self.total());
        self.assert_rule(order.split_rule());
        self.assert_shares(order);
    }

    fn assert_rule(&self, rule: &SplitRule) {
        let found = match rule {
            SplitRule::Equal => Rule::Equal,
            SplitRule::Itemized => Rule::Itemized,
            SplitRule::Custom(None) => Rule::Custom,
            SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => self.agreed(
                "amounts",
                amounts.iter().map(|(id, value)| (id.as_str(), self.in_millionths(*value))),
            ),
            SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
                let values = parts.iter().map(|(id, value)| (id.as_str(), i128::from(value.millionths())));
                self.agreed("percentages", values)
            }
            SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
                let values = weights.iter().map(|(id, value)| (id.as_str(), i128::from(value.millionths())));
                self.agreed("weights", values)
            }
        };
        assert_eq!(found, self.rule);
    }

    fn agreed<'a>(&self, kind: &'static str, values: impl Iterator<Item = (&'a str, i128)>) -> Rule {
        let known = |id: &str| self.people.iter().find(|person| person.id == id).unwrap().id;
        Rule::Agreed(kind, values.map(|(id, value)| (known(id), value)).collect())
    }

    /// Each pays their quota to within a minor unit; whose own amounts are known pays those.
    fn assert_shares(&mut self, order: &Order) {
        let shares = shares(order);
        let payers: Vec<_> = shares.list().iter().map(|share| share.participant().id().as_str()).collect();
        let expected: Vec<_> =
            self.people.iter().map(|person| person.id).filter(|id| self.is_on_bill(id)).collect();
        assert_eq!(payers, expected);
        let heads = payers.len() as i128;
        let weight_on_bill: i128 = match &self.rule {
            Rule::Agreed("weights", numbers) => {
                numbers.iter().filter(|(id, _)| self.is_on_bill(id)).map(|(_, weight)| weight).sum()
            }
            _ => 0,
        };
        for share in shares.list() {
            let id = share.participant().id().as_str();
            let amount = self.in_millionths(share.amount());
            let agreed = |numbers: &[(&str, i128)]| {
                numbers.iter().find(|(named, _)| *named == id).map_or(0, |(_, number)| *number)
            };
            // The quota as a fraction, or where it must be met exactly, with a denominator of 0.
            let (quota, of) = match &self.rule {
                Rule::Equal | Rule::Custom => (self.total(), heads),
                Rule::Itemized => (self.dishes_of(id), 0),
                Rule::Agreed("amounts", numbers) => (agreed(numbers), 0),
                Rule::Agreed("percentages", numbers) => (self.total() * agreed(numbers), 100_000_000),
                Rule::Agreed(_, _) if weight_on_bill == 0 => (0, 0),
                Rule::Agreed(_, numbers) => (self.total() * agreed(numbers), weight_on_bill),
            };
            if of == 0 {
                assert_eq!(amount, quota, "{id} pays another amount than their own");
            } else {
                assert!(
                    (amount * of - quota).abs() < self.minor_unit() * of,
                    "{id} pays {amount}, not {quota}/{of}"
                );
            }
        }
        self.unallocated = i128::from(shares.unallocated().minor_units());
        let missing = self.in_millionths(shares.unallocated());
        match &self.rule {
            Rule::Equal | Rule::Custom | Rule::Itemized => assert_eq!(missing, 0),
            Rule::Agreed("amounts", numbers) => {
                let agreed: i128 = numbers.iter().filter(|(id, _)| self.is_on_bill(id)).map(|(_, n)| n).sum();
                assert_eq!(missing, self.total() - agreed);
            }
            Rule::Agreed("percentages", numbers) => {
                let gone: i128 = numbers.iter().filter(|(id, _)| !self.is_on_bill(id)).map(|(_, n)| n).sum();
                assert!(
                    (missing * 100_000_000 - self.total() * gone).abs() < self.minor_unit() * 100_000_000
                );
                assert!(gone > 0 || missing == 0);
            }
            Rule::Agreed(_, _) => assert_eq!(missing, if weight_on_bill == 0 { self.total() } else { 0 }),
        }
    }

    fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    fn line(&self, id: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    fn is_present(&self, id: &str) -> bool {
        self.person(id).is_some_and(|person| !person.left)
    }

    fn is_on_bill(&self, id: &str) -> bool {
        self.is_present(id) || self.lines.iter().any(|line| line.by == id)
    }

    /// Millionths of a whole unit.
    fn total(&self) -> i128 {
        self.lines.iter().map(|line| line.price * line.pieces).sum()
    }

    fn dishes_of(&self, id: &str) -> i128 {
        self.lines.iter().filter(|line| line.by == id).map(|line| line.price * line.pieces).sum()
    }

    /// A minor unit in millionths of a whole one.
    fn minor_unit(&self) -> i128 {
        match self.currency {
            "JPY" => 1_000_000,
            "KWD" => 1_000,
            _ => 10_000,
        }
    }

    fn in_millionths(&self, amount: order_core::Amount) -> i128 {
        i128::from(amount.minor_units()) * self.minor_unit()
    }

    /// A number that is an amount of the order's currency, zero or more.
    fn money(&self, place: usize) -> Option<i128> {
        NUMBERS[place].1.filter(|value| *value >= 0 && value % self.minor_unit() == 0)
    }
}

/// Millionths; an order's total stays below it.
const CEILING: i128 = 10_i128.pow(16);
