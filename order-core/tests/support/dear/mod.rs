//! Orders whose bills are as expensive to compute as the bounds of an order allow.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a module of several programs, each of which uses its own part of it"
)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "all numbers are small, and none is below zero"
)]

use std::collections::{BTreeMap, BTreeSet};

use order_core::bill::{Basis, Charge, ChargeKind, ChargeValue, OddUnits};
use order_core::fact::{ChargeFact, ChargesSet, DishFact, Fact, ItemAdded, Joined, PeopleFact};
use order_core::split::{CustomShares, Percentage, Rest, SplitRule, Weight};
use order_core::text::Text;
use order_core::{
    Actor, Amount, Currency, Decision, ItemId, MAX_CLAIMS, MAX_ITEMS, MAX_PARTICIPANTS, Order, OrderId,
    ParticipantId, Price, Quantity, Recorded, Role, UnixMillis, commit, decide, wire,
};
use rust_decimal::Decimal;

use super::bill::choices::{Choices, Seeded};
use super::bill::making::{person, weight};

/// The properties that make a bill expensive to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dear {
    pub seed: u64,
    pub people: usize,
    pub dishes: usize,
    /// How many share each of the first dishes, until the maximum number of claims is reached.
    pub sharers: usize,
    /// The largest distance, in listing order, between two who share a dish; 0: no limit.
    pub apart: usize,
    pub weights: Weights,
    pub prices: Prices,
    pub rule: Rule,
    /// The number of dish types.
    pub types: usize,
    pub taxes: usize,
    pub included: usize,
    pub services: usize,
    pub fees: usize,
    pub discounts: usize,
    pub own_tips: bool,
    pub waived: bool,
    pub round_to: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    Equal,
    Small,
    /// With this many different sums, all of them large primes.
    Primes(usize),
    /// Every dish has a different sum, and all of the sums divide one number of 512 bits.
    Smooth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prices {
    Unit,
    /// Prices of which coarse percentages are sometimes whole.
    Coarse,
    Low,
    Odd,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Equal,
    Itemized,
    Amounts,
    Percentages,
    /// Percentages that give whole parts of some prices but not of others.
    Coarse,
    Weights,
    Adjusted,
    CoverEqual,
    CoverItemized,
}

const ITEMIZED: Dear = Dear {
    seed: 220_729,
    people: 250,
    dishes: 5_000,
    sharers: 2,
    apart: 5,
    weights: Weights::Smooth,
    prices: Prices::High,
    rule: Rule::Itemized,
    types: 32,
    taxes: 26,
    included: 6,
    services: 0,
    fees: 0,
    discounts: 0,
    own_tips: true,
    waived: true,
    round_to: true,
};

/// The most expensive bill of each rule that a search has found, by its properties.
pub const WORST: [(&str, Dear); 8] = [
    ("itemized", ITEMIZED),
    ("itemized, cheap", Dear { seed: 358_945, apart: 30, prices: Prices::Unit, types: 8, ..ITEMIZED }),
    (
        "cover",
        Dear {
            seed: 129_637,
            sharers: 3,
            apart: 2,
            types: 1,
            taxes: 32,
            included: 0,
            rule: Rule::CoverItemized,
            ..ITEMIZED
        },
    ),
    (
        "weights",
        Dear {
            seed: 853_382,
            rule: Rule::Weights,
            prices: Prices::Odd,
            types: 200,
            taxes: 8,
            included: 0,
            services: 6,
            fees: 18,
            ..ITEMIZED
        },
    ),
    (
        "amounts",
        Dear {
            seed: 536_467,
            rule: Rule::Amounts,
            types: 200,
            taxes: 13,
            services: 13,
            round_to: false,
            ..ITEMIZED
        },
    ),
    (
        "itemized, coarse",
        Dear { seed: 18_421, apart: 0, prices: Prices::Coarse, types: 200, own_tips: false, ..ITEMIZED },
    ),
    (
        "coarse",
        Dear {
            seed: 522_548,
            dishes: 4_999,
            rule: Rule::Coarse,
            prices: Prices::Coarse,
            types: 1,
            taxes: 13,
            services: 3,
            fees: 2,
            discounts: 4,
            own_tips: false,
            waived: false,
            round_to: false,
            ..ITEMIZED
        },
    ),
    (
        "percentages",
        Dear {
            seed: 988_390,
            rule: Rule::Percentages,
            prices: Prices::Low,
            types: 64,
            taxes: 16,
            included: 0,
            services: 16,
            ..ITEMIZED
        },
    ),
];

/// The largest primes below 10^12 whose product has at most 512 bits.
const PRIMES: [u64; 12] = [
    999_999_999_989,
    999_999_999_961,
    999_999_999_959,
    999_999_999_937,
    999_999_999_899,
    999_999_999_877,
    999_999_999_863,
    999_999_999_857,
    999_999_999_847,
    999_999_999_767,
    999_999_999_707,
    999_999_999_697,
];

/// The largest weight, in millionths.
const MAX_WEIGHT: u64 = 1_000_000_000_000;

impl Dear {
    /// A random bill of the family.
    pub fn any(choices: &mut impl Choices) -> Self {
        let mut this = Self {
            seed: choices.below(1_000_000),
            people: MAX_PARTICIPANTS,
            dishes: MAX_ITEMS,
            sharers: 2,
            apart: 0,
            weights: Weights::Smooth,
            prices: Prices::Odd,
            rule: Rule::Itemized,
            types: 32,
            taxes: 26,
            included: 6,
            services: 0,
            fees: 0,
            discounts: 0,
            own_tips: true,
            waived: true,
            round_to: true,
        };
        for gene in 0..GENES {
            this.change(gene, choices);
        }
        this
    }

    /// A bill that differs from this one in one or two properties.
    pub fn mutated(mut self, choices: &mut impl Choices) -> Self {
        for _ in 0..choices.between(1, 2) {
            self.change(choices.below(GENES), choices);
        }
        self
    }

    fn change(&mut self, gene: u64, choices: &mut impl Choices) {
        match gene {
            0 => self.seed = choices.below(1_000_000),
            1 => self.people = choices.one_of(&[250, 250, 250, 200, 100, 50, 8, 3]),
            2 => self.dishes = choices.one_of(&[5_000, 5_000, 4_999, 3_000, 1_000, 300, 40]),
            3 => self.sharers = choices.one_of(&[2, 2, 3, 4, 6, 10, 40, 100, 125, 250]),
            4 => self.apart = choices.one_of(&[0, 0, 2, 5, 30]),
            5 => {
                let primes = Weights::Primes(choices.between(1, 12) as usize);
                self.weights = choices.one_of(&[
                    Weights::Equal,
                    Weights::Small,
                    primes,
                    Weights::Smooth,
                    Weights::Smooth,
                ]);
            }
            6 => {
                let prices = [Prices::Unit, Prices::Coarse, Prices::Low, Prices::Odd, Prices::High];
                self.prices = choices.one_of(&prices);
            }
            7 => {
                self.rule = choices.one_of(&[
                    Rule::Itemized,
                    Rule::Itemized,
                    Rule::Itemized,
                    Rule::CoverItemized,
                    Rule::Amounts,
                    Rule::Percentages,
                    Rule::Coarse,
                    Rule::Weights,
                    Rule::Adjusted,
                    Rule::CoverEqual,
                    Rule::Equal,
                ]);
            }
            8 => self.types = choices.one_of(&[1, 2, 8, 32, 64, 200]),
            9 => {
                self.included = choices.one_of(&[0, 3, 6]);
                let mut left = 32 - self.included;
                for number in [&mut self.taxes, &mut self.services, &mut self.fees, &mut self.discounts] {
                    *number = choices.one_of(&[0, left / 4, left / 2, left]);
                    left -= *number;
                }
            }
            10 => self.own_tips = choices.one_in(2),
            11 => self.waived = choices.one_in(2),
            _ => self.round_to = choices.one_in(2),
        }
    }

    /// The order.
    pub fn order(&self) -> Order {
        self.made().0
    }

    /// The order's log.
    pub fn log(&self) -> Vec<Recorded> {
        self.made().1
    }

    fn made(&self) -> (Order, Vec<Recorded>) {
        let mut making = Making {
            dear: *self,
            choices: Seeded::new(self.seed),
            order: Order::new(OrderId::new(&format!("dear-{}", self.seed)).unwrap(), currency()),
            log: Vec::new(),
        };
        making.people();
        making.dishes();
        making.rule();
        making.charges();
        (making.order, making.log)
    }
}

const GENES: u64 = 13;

/// Sets the quantity of the first dish to two.
pub fn double_the_first(order: &mut Order) {
    let item = order.items().next().unwrap().id().clone();
    let recorded = Recorded {
        seq: order.seq() + 1,
        at: UnixMillis::new(1),
        by: Actor::participant(person(0)),
        stamp: None,
        fact: Fact::Dish(DishFact::QuantityUpdated { item, quantity: Quantity::new(2).unwrap() }),
    };
    commit(order, &recorded).unwrap();
}

/// Sets the same charges again, with odd units given by chance.
pub fn round_by_chance(order: &mut Order) {
    let charges = ChargesSet {
        charges: order.charges().to_vec(),
        round_to: order.round_to(),
        round_shares: false,
        odd_units: OddUnits::Unbiased,
    };
    let recorded = Recorded {
        seq: order.seq() + 1,
        at: UnixMillis::new(1),
        by: Actor::participant(person(0)),
        stamp: None,
        fact: Fact::Charge(ChargeFact::Set(charges)),
    };
    commit(order, &recorded).unwrap();
}

/// The FNV-1a hash of a text.
pub fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Whether commands could have made the order: if not, this command would be refused.
pub fn is_within_bounds(order: &Order) -> bool {
    let Some(item) = order.items().find(|item| order.shared_by(item).count() > 1) else { return true };
    let claims: Vec<_> = order
        .shared_by(item)
        .map(|(person, weight)| format!(r#""{}":{}"#, person.id(), weight.to_decimal()))
        .collect();
    let message = format!(
        r#"{{"type":"assign_item","data":{{"itemId":"{}","sharedBy":{{{}}}}}}}"#,
        item.id(),
        claims.join(",")
    );
    let inbound = wire::decode_command(&message, || item.id().clone()).unwrap();
    let decided = decide(order, UnixMillis::new(1), &Actor::participant(person(0)), &inbound.command);
    matches!(decided, Ok(Decision::Record(_) | Decision::Unchanged))
}

/// The currency of all these orders, one with many decimals.
pub fn currency() -> Currency {
    Currency::from_code("CLF").unwrap()
}

struct Making {
    dear: Dear,
    choices: Seeded,
    order: Order,
    log: Vec<Recorded>,
}

impl Making {
    fn record(&mut self, by: usize, fact: Fact) {
        let recorded = Recorded {
            seq: self.order.seq() + 1,
            at: UnixMillis::new(1),
            by: Actor::participant(person(by)),
            stamp: None,
            fact,
        };
        commit(&mut self.order, &recorded).unwrap();
        self.log.push(recorded);
    }

    fn people(&mut self) {
        for number in 0..self.dear.people {
            let joined = Joined {
                deadline: None,
                name: text(&format!("Guest {number}")),
                phone: None,
                role: if number == 0 { Role::Owner } else { Role::Member },
                circle_id: None,
                tenant_id: None,
                currency: None,
                charges: None,
                rules: None,
            };
            self.record(number, Fact::People(PeopleFact::Joined(joined)));
        }
    }

    fn dishes(&mut self) {
        let smooth: Vec<u64> =
            (2..368_u64).filter(|number| (2..*number).all(|divisor| number % divisor != 0)).collect();
        let sharers = self.dear.sharers.min(self.dear.people);
        let mut claims = 0;
        for number in 0..self.dear.dishes {
            let shared_by = if claims + sharers <= MAX_CLAIMS {
                claims += sharers;
                self.shared_by(sharers, &smooth)
            } else {
                vec![(person(self.choices.place(self.dear.people)), Weight::ONE)]
            };
            let price = match self.dear.prices {
                Prices::Unit => 1,
                Prices::Coarse => {
                    let (twos, fives) = (self.choices.below(10), self.choices.below(10));
                    self.choices.between(1, 9) * 2_u64.pow(twos as u32) * 5_u64.pow(fives as u32)
                }
                Prices::Low => self.choices.between(1, 300),
                Prices::Odd => self.choices.between(1_000, 100_000_000),
                Prices::High => self.choices.between(1, 19_999_999_999),
            };
            let added = ItemAdded {
                item: ItemId::new(&format!("i{number}")).unwrap(),
                dish_name: text("Naan"),
                dish_type: text(&format!("t{}", self.choices.place(self.dear.types))),
                quantity: Quantity::new(1).unwrap(),
                price: Price::new(Amount::from_minor_units(price as i64), currency()).unwrap(),
                customization: None,
                shared_by,
            };
            self.record(number % self.dear.people, Fact::Dish(DishFact::Added(added)));
        }
    }

    fn shared_by(&mut self, sharers: usize, smooth: &[u64]) -> Vec<(ParticipantId, Weight)> {
        let people = self.dear.people;
        let reach = if self.dear.apart == 0 { people } else { (sharers * self.dear.apart).min(people) };
        let first = self.choices.place(people);
        let mut places: Vec<usize> = (0..reach).collect();
        self.choices.shuffle(&mut places);
        let mut places: Vec<usize> = places[..sharers].iter().map(|place| (first + place) % people).collect();
        places.sort_unstable();
        let weights = self.weights(sharers, smooth);
        places.into_iter().map(person).zip(weights).collect()
    }

    fn weights(&mut self, sharers: usize, smooth: &[u64]) -> Vec<Weight> {
        let sharers = sharers as u64;
        let sum = match self.dear.weights {
            Weights::Equal => return vec![Weight::ONE; sharers as usize],
            Weights::Small => {
                return (0..sharers).map(|_| weight(self.choices.between(1, 4) * 1_000_000)).collect();
            }
            Weights::Primes(number) => PRIMES[self.choices.place(number)],
            Weights::Smooth => {
                let mut product = 1;
                loop {
                    let prime = smooth[self.choices.place(smooth.len())];
                    // Each prime at most once.
                    if product % prime == 0 {
                        continue;
                    }
                    if product * prime > MAX_WEIGHT {
                        break product;
                    }
                    product *= prime;
                }
            }
        };
        let mut left = sum;
        let mut weights = Vec::new();
        for number in 1..sharers {
            let most = left - (sharers - number);
            let own = self.choices.between(1, (most / (sharers - number)).max(1));
            weights.push(weight(own));
            left -= own;
        }
        weights.push(weight(left));
        weights
    }

    fn rule(&mut self) {
        let people = self.dear.people;
        let total = self.order.total().minor_units();
        let split = match self.dear.rule {
            Rule::Equal => return,
            Rule::Itemized => SplitRule::Itemized,
            Rule::Amounts => {
                let pieces = self.cut(total as u64, people);
                let amounts = pieces.into_iter().map(|piece| Amount::from_minor_units(piece as i64));
                SplitRule::Custom(Some(CustomShares::Amounts((0..people).map(person).zip(amounts).collect())))
            }
            Rule::Percentages => {
                let pieces = self.cut(100_000_000, people);
                let parts = pieces.into_iter().map(percentage);
                SplitRule::Custom(Some(CustomShares::Percentages(
                    (0..people).map(person).zip(parts).collect(),
                )))
            }
            Rule::Coarse => {
                let mut parts: Vec<u64> = (1..people)
                    .map(|_| {
                        let power = self.choices.below(3) as u32;
                        if self.choices.one_in(2) { 390_625 } else { 256 * 5_u64.pow(5 + power % 2) / 5 }
                    })
                    .collect();
                // A hundred percent in total; the last part is the remainder.
                while parts.iter().sum::<u64>() > 100_000_000 {
                    parts.pop();
                }
                parts.push(100_000_000 - parts.iter().sum::<u64>());
                SplitRule::Custom(Some(CustomShares::Percentages(
                    (0..people).map(person).zip(parts.into_iter().map(percentage)).collect(),
                )))
            }
            Rule::Weights => {
                let weights: BTreeMap<_, _> =
                    (0..people).map(|p| (person(p), weight(self.choices.between(1, MAX_WEIGHT)))).collect();
                SplitRule::Custom(Some(CustomShares::Weights(weights)))
            }
            Rule::Adjusted => {
                let most = total as u64 / people as u64;
                SplitRule::Adjusted(
                    (0..people)
                        .map(|p| (person(p), Amount::from_minor_units(self.choices.below(most + 1) as i64)))
                        .collect(),
                )
            }
            Rule::CoverEqual | Rule::CoverItemized => {
                let rest = if self.dear.rule == Rule::CoverEqual { Rest::Equal } else { Rest::Itemized };
                let payers = (people / 2).max(1);
                let covers = (payers..people)
                    .filter(|_| self.choices.one_in(2))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|covered| (person(covered), person(self.choices.place(payers))))
                    .collect();
                SplitRule::Cover { covers, rest }
            }
        };
        self.record(0, Fact::Split(split));
    }

    fn charges(&mut self) {
        let dear = self.dear;
        let mut charges = Vec::new();
        for _ in 0..dear.taxes {
            let kind = ChargeKind::Tax { inclusive: false, dish_types: self.some_types() };
            charges.push((kind, self.percent()));
        }
        for _ in 0..dear.included {
            let kind = ChargeKind::Tax { inclusive: true, dish_types: self.some_types() };
            charges.push((kind, self.percent()));
        }
        for number in 0..dear.services {
            charges.push((ChargeKind::Service { optional: number % 2 == 0 }, self.percent()));
        }
        for number in 0..dear.fees {
            let by = if number % 2 == 0 { Basis::Share } else { Basis::Head };
            let amount = Amount::from_minor_units(self.choices.below(100_000) as i64);
            charges.push((ChargeKind::Fee { by }, ChargeValue::Amount(amount)));
        }
        for number in 0..dear.discounts {
            let item = format!("i{}", self.choices.place(dear.dishes));
            let item = (number % 2 == 0).then(|| ItemId::new(&item).unwrap());
            let percent = ChargeValue::Percent(percentage(self.choices.below(9_000_000)));
            charges.push((ChargeKind::Discount { item }, percent));
        }
        let charges: Vec<_> = charges
            .into_iter()
            .enumerate()
            .map(|(number, (kind, value))| Charge::new(text(&format!("c{number}")), kind, value))
            .collect();
        let round_to = dear.round_to.then(|| Amount::from_minor_units(10_000));
        if !charges.is_empty() || round_to.is_some() {
            self.record(
                0,
                Fact::Charge(ChargeFact::Set(ChargesSet { charges, round_to, ..ChargesSet::default() })),
            );
        }
        for number in 0..dear.people {
            if dear.own_tips {
                let tip = self.percent();
                self.record(number, Fact::Charge(ChargeFact::TipSet { tip: Some(tip) }));
            }
            if dear.waived && self.choices.one_in(2) {
                self.record(number, Fact::Charge(ChargeFact::ServiceWaived { waived: true }));
            }
        }
    }

    /// Half of the types, but at most the 32 that one charge may name.
    fn some_types(&mut self) -> Vec<Text> {
        let types: BTreeSet<usize> =
            (0..(self.dear.types / 2).clamp(1, 32)).map(|_| self.choices.place(self.dear.types)).collect();
        types.into_iter().map(|number| text(&format!("t{number}"))).collect()
    }

    fn percent(&mut self) -> ChargeValue {
        ChargeValue::Percent(percentage(self.choices.between(1, 30_000_000)))
    }

    /// Cuts a whole number into this many pieces.
    fn cut(&mut self, whole: u64, pieces: usize) -> Vec<u64> {
        let mut places: Vec<u64> = (1..pieces).map(|_| self.choices.below(whole + 1)).collect();
        places.extend([0, whole]);
        places.sort_unstable();
        places.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

fn percentage(millionths: u64) -> Percentage {
    Percentage::from_decimal(Decimal::new(i64::try_from(millionths).unwrap(), 6)).unwrap()
}

fn text(text: &str) -> Text {
    Text::clean_or_empty(text, 80).unwrap()
}
