//! Charges as a client writes them, and as an order has them.

use order_core::Code;
use order_core::bill::{Basis, Charge, ChargeKind, ChargeValue};
use proptest::prelude::*;

use super::Model;
use super::step::{ITEMS, NUMBERS};

/// Types of dish; the first is that of a dish without a type.
pub(super) const TYPES: [&str; 3] = ["", "veg", "bar"];

/// A charge as a client writes it, sometimes with a field that its kind does not have.
/// Numbers are indices in [`NUMBERS`].
#[derive(Debug, Clone)]
pub(super) struct AskedCharge {
    name: &'static str,
    kind: &'static str,
    value: AskedValue,
    inclusive: Option<bool>,
    types: Option<Vec<&'static str>>,
    optional: Option<bool>,
    item: Option<usize>,
    by: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct AskedValue {
    percent: Option<usize>,
    amount: Option<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct AskedCharges {
    charges: Vec<AskedCharge>,
    round_to: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// Millionths of a percent.
    Percent(i128),
    /// Millionths of a whole unit.
    Amount(i128),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Tax { inclusive: bool, types: Vec<String> },
    Service { optional: bool },
    Tip { by_head: bool },
    Discount { item: Option<String> },
    Fee { by_head: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetCharge {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) value: Value,
}

/// Charges whose numbers are usually valid.
pub(super) fn charges(numbers: impl Strategy<Value = usize> + Clone) -> impl Strategy<Value = AskedCharges> {
    let name = prop::sample::select(vec!["CGST", "SGST", "Service", "क्\u{200D}ष \"x\""]);
    let kind =
        prop::sample::select(vec!["tax", "tax", "tax", "service", "tip", "discount", "discount", "fee"]);
    let kind = prop_oneof![29 => kind, 1 => prop::sample::select(vec!["", "Tax", "dishes"])];
    let types = prop::option::of(prop::sample::subsequence(TYPES.to_vec(), 0..=2));
    let by = prop_oneof![3 => Just(None), 3 => Just(Some("share")), 3 => Just(Some("head")), 1 => Just(Some("table"))];
    let item = prop::option::weighted(0.4, 0..ITEMS.len());
    let fields = (any::<Option<bool>>(), types, any::<Option<bool>>(), item, by, prop::bool::weighted(0.03));
    let charge = (name, kind, value(numbers.clone(), 0), fields).prop_map(|(name, kind, value, fields)| {
        let (inclusive, types, optional, item, by, stray) = fields;
        AskedCharge {
            name,
            kind,
            value,
            inclusive: inclusive.filter(|_| stray || kind == "tax"),
            types: types.filter(|_| stray || kind == "tax"),
            optional: optional.filter(|_| stray || kind == "service"),
            item: item.filter(|_| stray || kind == "discount"),
            by: by.filter(|_| stray || kind == "tip" || kind == "fee"),
        }
    });
    // Mostly 1, 50, 0.1 and 0.01.
    let coin = prop_oneof![4 => prop::sample::select(vec![3_usize, 8, 14, 15]), 1 => numbers];
    (prop::collection::vec(charge, 0..5), prop::option::weighted(0.4, coin))
        .prop_map(|(charges, round_to)| AskedCharges { charges, round_to })
}

/// A percentage or an amount; one time in ten both, and `neither` times in ten neither.
pub(super) fn value(
    numbers: impl Strategy<Value = usize> + Clone,
    neither: u32,
) -> impl Strategy<Value = AskedValue> {
    // Numbers between 0 and 100: 1, 2, 3, 7, 50, 100, 0.1, 1.5 and 33.333333.
    let percent = prop_oneof![9 => prop::sample::select(vec![3_usize, 4, 6, 7, 8, 9, 14, 17, 19]), 1 => numbers.clone()];
    (0..40 + neither * 4, percent, numbers).prop_map(|(which, percent, amount)| AskedValue {
        percent: (which < 22).then_some(percent),
        amount: (20..40).contains(&which).then_some(amount),
    })
}

impl AskedCharges {
    /// The fields of a join, each after a comma. An empty list is left out.
    pub(super) fn fields_of_join(&self) -> String {
        if self.charges.is_empty() { self.coin_field() } else { self.fields() }
    }

    /// The fields of a message, each after a comma.
    pub(super) fn fields(&self) -> String {
        let charges: Vec<_> =
            self.charges.iter().enumerate().map(|(place, charge)| charge.json(place)).collect();
        format!(r#","charges":[{}]{}"#, charges.join(","), self.coin_field())
    }

    fn coin_field(&self) -> String {
        self.round_to.map_or(String::new(), |place| format!(r#","roundTo":{}"#, NUMBERS[place].0))
    }

    /// The faults that do not depend on the order.
    pub(super) fn unreadable(&self) -> Vec<Code> {
        self.charges.iter().flat_map(AskedCharge::unreadable).collect()
    }

    /// The faults that depend on the order.
    pub(super) fn unusable(&self, model: &Model) -> Vec<Code> {
        let mut faults = Vec::new();
        for charge in &self.charges {
            faults.extend(charge.value.unusable(model));
            let item = charge.item.filter(|_| charge.kind == "discount");
            faults.extend(item.filter(|item| model.dish(*item).is_none()).map(|_| Code::ItemNotFound));
        }
        let coin = self.round_to.filter(|place| NUMBERS[*place].0 != "null");
        let bad = coin.is_some_and(|place| model.price(place).is_none_or(|coin| coin == 0));
        faults.extend(bad.then_some(Code::BadCharge));
        faults
    }

    pub(super) fn set(&self) -> Vec<SetCharge> {
        self.charges.iter().enumerate().map(|(place, charge)| charge.set(place)).collect()
    }

    /// The smallest coin in millionths of a whole unit.
    pub(super) fn coin(&self) -> Option<i128> {
        self.round_to.and_then(|place| NUMBERS[place].1)
    }
}

impl AskedCharge {
    /// Its name, unique within the order.
    fn name(&self, place: usize) -> String {
        format!("{} {place}", self.name)
    }

    fn json(&self, place: usize) -> String {
        let mut fields = vec![
            format!(r#""name":{}"#, serde_json::to_string(&self.name(place)).unwrap()),
            format!(r#""kind":"{}""#, self.kind),
        ];
        fields.extend(self.value.fields());
        fields.extend(self.inclusive.map(|inclusive| format!(r#""inclusive":{inclusive}"#)));
        fields.extend(self.types.as_ref().map(|types| format!(r#""dishTypes":{types:?}"#)));
        fields.extend(self.optional.map(|optional| format!(r#""optional":{optional}"#)));
        fields.extend(self.item.map(|item| format!(r#""itemId":"{}""#, ITEMS[item])));
        fields.extend(self.by.map(|by| format!(r#""by":"{by}""#)));
        format!("{{{}}}", fields.join(","))
    }

    fn unreadable(&self) -> Vec<Code> {
        let known = ["tax", "service", "tip", "discount", "fee"].contains(&self.kind);
        let misplaced = [
            self.inclusive == Some(true) && self.kind != "tax",
            self.types.is_some() && self.kind != "tax",
            self.optional == Some(true) && self.kind != "service",
            self.item.is_some() && self.kind != "discount",
            self.by == Some("head") && !["tip", "fee"].contains(&self.kind),
        ];
        let mut faults = self.value.unreadable();
        faults.extend((!known).then_some(Code::BadField));
        faults.extend((self.by == Some("table")).then_some(Code::BadField));
        faults.extend(misplaced.contains(&true).then_some(Code::BadCharge));
        faults.extend((!self.value.is_there()).then_some(Code::MissingField));
        faults
    }

    fn set(&self, place: usize) -> SetCharge {
        let owned = |types: &Vec<&str>| types.iter().map(|kind| (*kind).to_owned()).collect();
        let kind = match self.kind {
            "tax" => Kind::Tax {
                inclusive: self.inclusive == Some(true),
                types: self.types.as_ref().map(owned).unwrap_or_default(),
            },
            "service" => Kind::Service { optional: self.optional != Some(false) },
            "tip" => Kind::Tip { by_head: self.by == Some("head") },
            "discount" => Kind::Discount { item: self.item.map(|item| ITEMS[item].to_owned()) },
            "fee" => Kind::Fee { by_head: self.by != Some("share") },
            other => panic!("{other} is no charge"),
        };
        SetCharge { name: self.name(place), kind, value: self.value.get().unwrap() }
    }
}

impl AskedValue {
    /// The fields of a message.
    pub(super) fn fields(self) -> Vec<String> {
        let percent = self.percent.map(|place| format!(r#""percent":{}"#, NUMBERS[place].0));
        let amount = self.amount.map(|place| format!(r#""amount":{}"#, NUMBERS[place].0));
        percent.into_iter().chain(amount).collect()
    }

    fn places(self) -> (Option<usize>, Option<usize>) {
        let there = |place: &usize| NUMBERS[*place].0 != "null";
        (self.percent.filter(there), self.amount.filter(there))
    }

    /// Whether it has a value; `null` counts as none.
    fn is_there(self) -> bool {
        self.places() != (None, None)
    }

    /// The fault of having both fields. A value that is not a number is found by
    /// [unusable](Self::unusable) as well.
    pub(super) fn unreadable(self) -> Vec<Code> {
        let both = matches!(self.places(), (Some(_), Some(_)));
        both.then_some(Code::BadCharge).into_iter().collect()
    }

    pub(super) fn unusable(self, model: &Model) -> Vec<Code> {
        let (percent, amount) = self.places();
        let percent =
            percent.map(|place| NUMBERS[place].1.is_some_and(|part| (0..=100_000_000).contains(&part)));
        let amount = amount.map(|place| model.price(place).is_some());
        let bad = percent == Some(false) || amount == Some(false);
        bad.then_some(Code::BadCharge).into_iter().collect()
    }

    /// The value. `None`: it has none, or something is wrong with it.
    pub(super) fn get(self) -> Option<Value> {
        let (percent, amount) = self.places();
        let percent = percent.map(|place| Value::Percent(NUMBERS[place].1.unwrap()));
        percent.or(amount.map(|place| Value::Amount(NUMBERS[place].1.unwrap())))
    }
}

impl Value {
    /// The value in an order; `in_millionths` converts amounts.
    pub(super) fn of(value: ChargeValue, in_millionths: impl Fn(order_core::Amount) -> i128) -> Self {
        match value {
            ChargeValue::Percent(percent) => Self::Percent(i128::from(percent.millionths())),
            ChargeValue::Amount(amount) => Self::Amount(in_millionths(amount)),
        }
    }
}

impl SetCharge {
    pub(super) fn of(charge: &Charge, in_millionths: impl Fn(order_core::Amount) -> i128) -> Self {
        let kind = match &charge.kind {
            ChargeKind::Tax { inclusive, dish_types } => Kind::Tax {
                inclusive: *inclusive,
                types: dish_types.iter().map(|kind| kind.as_str().to_owned()).collect(),
            },
            ChargeKind::Service { optional } => Kind::Service { optional: *optional },
            ChargeKind::Tip { by } => Kind::Tip { by_head: *by == Basis::Head },
            ChargeKind::Discount { item } => {
                Kind::Discount { item: item.as_ref().map(|item| item.as_str().to_owned()) }
            }
            ChargeKind::Fee { by } => Kind::Fee { by_head: *by == Basis::Head },
        };
        let value = Value::of(charge.value, in_millionths);
        Self { name: charge.name.as_str().to_owned(), kind, value }
    }
}
