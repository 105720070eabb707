//! A second, simple implementation of an order: lists that are searched from end to end. It
//! has no facts, seats or logs, and lists every reason for which a message could be
//! refused.

use std::collections::{BTreeMap, BTreeSet};

use order_core::split::{CustomShares, Rest, SplitRule, shares};
use order_core::text::Text;
use order_core::{Order, Status};

mod bill;
mod charge;
mod closed;
mod faults;
mod manners;
mod step;

use bill::{ExactBill, covers_each_line};
use charge::{Kind, SetCharge, Value};
use manners::Manners;
use step::{ITEMS, NAMES, NUMBERS, Sharing, WHO, What, name_of, pieces};
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
struct Dish {
    id: &'static str,
    name: &'static str,
    kind: &'static str,
    by: &'static str,
    /// Millionths of a whole unit.
    price: i128,
    pieces: i128,
    /// In the order in which they joined, with weights in millionths; empty while it is
    /// unassigned.
    shared_by: Vec<(&'static str, i128)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Equal,
    Itemized,
    Custom,
    Agreed(&'static str, Vec<(&'static str, i128)>),
    /// Extra amounts for some.
    Adjusted(Vec<(&'static str, i128)>),
    /// Who is covered, and by whom.
    Cover {
        covers: Vec<(&'static str, &'static str)>,
        by_dishes: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    people: Vec<Person>,
    owner: Option<&'static str>,
    dishes: Vec<Dish>,
    rule: Rule,
    charges: Vec<SetCharge>,
    tips: BTreeMap<&'static str, Value>,
    without_service: BTreeSet<&'static str>,
    /// The smallest coin, in millionths of a whole unit.
    coin: Option<i128>,
    currency: &'static str,
    finalized: bool,
    /// Who was on the bill when it was finalized.
    on_bill: Option<BTreeSet<&'static str>>,
    /// How often it was finalized.
    revision: u32,
    /// The ids of corrected dishes, and how many pieces there were before and after.
    corrections: Vec<(&'static str, i128, i128)>,
    manners: Manners,
    /// In minor units, as last reported by the order and checked then.
    unallocated: i128,
    /// Whether the parts of each line add up to it, as last reported.
    is_covered: bool,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            people: Vec::new(),
            owner: None,
            dishes: Vec::new(),
            rule: Rule::Equal,
            charges: Vec::new(),
            tips: BTreeMap::new(),
            without_service: BTreeSet::new(),
            coin: None,
            currency: "INR",
            finalized: false,
            on_bill: None,
            revision: 0,
            corrections: Vec::new(),
            manners: Manners::default(),
            unallocated: 0,
            is_covered: true,
        }
    }
}

impl Model {
    /// Carries out a step that has no faults. Returns whether it changed anything.
    pub(crate) fn take(&mut self, step: &Step, now: u64) -> bool {
        let before = self.clone();
        self.carry_out(step, now);
        self.unready(step, &before);
        *self != before
    }

    fn carry_out(&mut self, step: &Step, now: u64) {
        let who = step.who();
        match &step.what {
            What::Join { .. } if self.finalized => {}
            What::Join { name, phone, currency, charges, policy, when_ready } => {
                let first = self.people.is_empty();
                if first {
                    self.manners.hosted = *policy == Some("hosted");
                    self.manners.when_ready = *when_ready == Some(true);
                }
                self.join(who, *name, *phone, *currency, now);
                if let Some(charges) = charges.as_ref().filter(|_| first) {
                    self.charges = charges.set();
                    self.coin = charges.coin();
                }
            }
            What::Add { item, kind, price, quantity, shared_by } => {
                let shared_by = match shared_by {
                    Some(sharing) => self.claims(sharing),
                    None => vec![(who, 1_000_000)],
                };
                self.dishes.push(Dish {
                    id: ITEMS[*item],
                    name: NAMES[0],
                    kind: charge::TYPES[*kind],
                    by: who,
                    price: self.money(*price).unwrap(),
                    pieces: pieces(*quantity).unwrap(),
                    shared_by,
                });
            }
            What::Remove { item } => self.remove(ITEMS[*item]),
            What::Update { item, quantity } => match pieces(*quantity) {
                None => self.remove(ITEMS[*item]),
                Some(pieces) => self.dish_mut(*item).pieces = pieces,
            },
            What::Edit { item, name } => self.dish_mut(*item).name = NAMES[*name],
            What::Claim { item, weight } => {
                let weight = weight.and_then(|place| NUMBERS[place].1).unwrap_or(1_000_000);
                let mut claims = self.dish_mut(*item).shared_by.clone();
                claims.retain(|(id, _)| *id != who);
                claims.push((who, weight));
                self.dish_mut(*item).shared_by = self.seated(claims);
            }
            What::Unclaim { item } => self.dish_mut(*item).shared_by.retain(|(id, _)| *id != who),
            What::Assign { item, shared_by } => self.dish_mut(*item).shared_by = self.claims(shared_by),
            What::SetCharges { charges } => {
                self.charges = charges.set();
                self.coin = charges.coin();
            }
            What::Tip { tip } => {
                self.tips.remove(who);
                self.tips.extend(tip.get().map(|tip| (who, tip)));
            }
            What::Waive { waived: true } => {
                self.without_service.insert(who);
            }
            What::Waive { waived: false } => {
                self.without_service.remove(who);
            }
            What::AddAll { dishes } => {
                for &(item, price, quantity) in dishes {
                    self.dishes.push(Dish {
                        id: ITEMS[item],
                        name: NAMES[0],
                        kind: "",
                        by: who,
                        price: self.money(price).unwrap(),
                        pieces: pieces(quantity).unwrap(),
                        shared_by: vec![(who, 1_000_000)],
                    });
                }
            }
            What::Correct { item, quantity } => self.correct(*item, *quantity),
            What::Finalize => self.finalize(),
            What::Reopen => self.reopen(),
            What::Leave => self.get_up(who),
            What::Ready { .. }
            | What::Lock { .. }
            | What::SendAway { .. }
            | What::Readmit { .. }
            | What::HandOver { .. }
            | What::Limit { .. }
            | What::Rules { .. } => self.mind_manners(who, &step.what),
            What::Split { .. }
            | What::Agree { .. }
            | What::OnePaysAll { .. }
            | What::Percentages { .. }
            | What::Adjust { .. }
            | What::Cover { .. } => self.rule = self.new_rule(&step.what),
        }
    }

    /// Removes a dish and the discounts on it.
    fn remove(&mut self, item: &str) {
        self.dishes.retain(|dish| dish.id != item);
        self.charges.retain(|charge| charge.kind != (Kind::Discount { item: Some(item.to_owned()) }));
    }

    fn get_up(&mut self, who: &str) {
        self.people.iter_mut().find(|person| person.id == who).unwrap().left = true;
        if self.owner == Some(who) {
            self.owner = self.people.iter().find(|person| !person.left).map(|person| person.id);
        }
    }

    fn new_rule(&self, what: &What) -> Rule {
        let value = |&(who, place): &(usize, usize)| (name_of(who), NUMBERS[place].1.unwrap());
        match what {
            What::Split { kind: "equal" } => Rule::Equal,
            What::Split { kind: "itemized" } => Rule::Itemized,
            // Clients that know no newer rules already see it as custom.
            What::Split { .. } if matches!(self.rule, Rule::Equal | Rule::Itemized) => Rule::Custom,
            What::Split { .. } => self.rule.clone(),
            What::Agree { kind, numbers } => Rule::Agreed(kind, numbers.iter().map(value).collect()),
            What::OnePaysAll { payer } => Rule::Agreed("amounts", vec![(WHO[*payer], self.total())]),
            What::Percentages { less, more } => {
                let mut numbers = vec![(WHO[*less], 33_333_333), (WHO[*more], 66_666_667)];
                numbers.sort_unstable();
                Rule::Agreed("percentages", numbers)
            }
            What::Adjust { numbers } => Rule::Adjusted(numbers.iter().map(value).collect()),
            What::Cover { covers, rest } => Rule::Cover {
                covers: covers.iter().map(|&(covered, payer)| (name_of(covered), name_of(payer))).collect(),
                by_dishes: *rest == Some("itemized"),
            },
            other => panic!("{other:?} is no rule"),
        }
    }

    /// The claims on a dish that is shared this way.
    fn claims(&self, sharing: &Sharing) -> Vec<(&'static str, i128)> {
        let claims = match sharing {
            Sharing::Equally(people) => people.iter().map(|who| (name_of(*who), 1_000_000)).collect(),
            Sharing::Weights(weights) => {
                let weight = |&(who, place): &(usize, usize)| (name_of(who), NUMBERS[place].1.unwrap());
                weights.iter().map(weight).filter(|(_, weight)| *weight > 0).collect()
            }
        };
        self.seated(claims)
    }

    fn seated(&self, mut claims: Vec<(&'static str, i128)>) -> Vec<(&'static str, i128)> {
        claims.sort_by_key(|(id, _)| self.people.iter().position(|person| person.id == *id));
        claims
    }

    fn dish_mut(&mut self, item: usize) -> &mut Dish {
        self.dishes.iter_mut().find(|dish| dish.id == ITEMS[item]).unwrap()
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

    /// Compares the model with the order, and remembers the order's unallocated amount.
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
        self.assert_revised(order);

        let dishes: Vec<Dish> = order.items().map(|item| self.dish_of(order, item)).collect();
        assert_eq!(dishes, self.dishes);
        assert_eq!(self.in_millionths(order.total()), self.total());
        let unassigned: Vec<_> = order.unassigned().map(|item| item.id().as_str()).collect();
        assert_eq!(unassigned, self.unassigned());
        self.assert_charges(order);
        self.assert_manners(order);
        self.assert_rule(order.split_rule());
        self.assert_shares(order);
    }

    fn dish_of(&self, order: &Order, item: &order_core::Item) -> Dish {
        let claims = order.shared_by(item);
        Dish {
            name: NAMES.into_iter().find(|name| *name == item.dish_name().as_str()).unwrap(),
            id: ITEMS.into_iter().find(|id| *id == item.id().as_str()).unwrap(),
            kind: charge::TYPES.into_iter().find(|kind| *kind == item.dish_type().as_str()).unwrap(),
            by: self.known(order.added_by(item).unwrap().id().as_str()),
            price: self.in_millionths(item.price().amount()),
            pieces: i128::from(item.quantity().pieces()),
            shared_by: claims
                .map(|(person, weight)| (self.known(person.id().as_str()), i128::from(weight.millionths())))
                .collect(),
        }
    }

    fn assert_charges(&self, order: &Order) {
        let in_millionths = |amount| self.in_millionths(amount);
        let charges: Vec<_> =
            order.charges().iter().map(|charge| SetCharge::of(charge, in_millionths)).collect();
        assert_eq!(charges, self.charges);
        assert_eq!(order.round_to().map(in_millionths), self.coin);
        let tips: Vec<_> =
            order.tips().map(|(person, tip)| (person.id().as_str(), Value::of(tip, in_millionths))).collect();
        let expected: Vec<_> =
            self.people.iter().filter_map(|person| Some((person.id, *self.tips.get(person.id)?))).collect();
        assert_eq!(tips, expected);
        let without: Vec<_> = order.without_service().map(|person| person.id().as_str()).collect();
        let expected: Vec<_> = self.people.iter().map(|person| person.id).collect();
        let expected = expected.into_iter().filter(|id| self.without_service.contains(id));
        assert_eq!(without, expected.collect::<Vec<_>>());
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
            SplitRule::Adjusted(amounts) => Rule::Adjusted(
                amounts
                    .iter()
                    .map(|(id, value)| (self.known(id.as_str()), self.in_millionths(*value)))
                    .collect(),
            ),
            SplitRule::Cover { covers, rest } => Rule::Cover {
                covers: covers
                    .iter()
                    .map(|(covered, payer)| (self.known(covered.as_str()), self.known(payer.as_str())))
                    .collect(),
                by_dishes: *rest == Rest::Itemized,
            },
        };
        assert_eq!(found, self.rule);
    }

    fn agreed<'a>(&self, kind: &'static str, values: impl Iterator<Item = (&'a str, i128)>) -> Rule {
        Rule::Agreed(kind, values.map(|(id, value)| (self.known(id), value)).collect())
    }

    fn known(&self, id: &str) -> &'static str {
        self.person(id).unwrap().id
    }

    fn assert_shares(&mut self, order: &Order) {
        let shares = shares(order);
        let payers: Vec<_> = shares.list().iter().map(|share| share.participant().id().as_str()).collect();
        let expected: Vec<_> =
            self.people.iter().map(|person| person.id).filter(|id| self.is_on_bill(id)).collect();
        assert_eq!(payers, expected);
        ExactBill::of(self).assert_describes(&shares);
        self.unallocated = i128::from(shares.unallocated().minor_units());
        self.is_covered = covers_each_line(&shares);
    }

    fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    fn dish(&self, item: usize) -> Option<&Dish> {
        self.dishes.iter().find(|dish| dish.id == ITEMS[item])
    }

    fn unassigned(&self) -> Vec<&'static str> {
        self.dishes.iter().filter(|dish| dish.shared_by.is_empty()).map(|dish| dish.id).collect()
    }

    fn is_present(&self, id: &str) -> bool {
        self.person(id).is_some_and(|person| !person.left)
    }

    fn is_on_bill(&self, id: &str) -> bool {
        if let Some(people) = &self.on_bill {
            return people.contains(id);
        }
        let has_part = |dish: &Dish| dish.shared_by.iter().any(|(sharer, _)| *sharer == id);
        self.is_present(id) || self.dishes.iter().any(has_part)
    }

    /// Millionths of a whole unit.
    fn total(&self) -> i128 {
        self.dishes.iter().map(|dish| dish.price * dish.pieces).sum()
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

    /// The value of a number, if it is an amount of the order's currency, 0 or more.
    fn money(&self, place: usize) -> Option<i128> {
        NUMBERS[place].1.filter(|value| *value >= 0 && value % self.minor_unit() == 0)
    }

    /// The value of a number, if it can be the price of a dish or the amount of a charge.
    fn price(&self, place: usize) -> Option<i128> {
        self.money(place).filter(|price| *price < 10_i128.pow(13))
    }
}

/// In millionths; an order's total stays below it.
const CEILING: i128 = 10_i128.pow(16);
