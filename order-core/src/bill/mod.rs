//! A bill as a matrix of diners and lines, in which every row and every column sums.
//!
//! [`divide`] takes a [`Bill`] (dishes and who shares them, taxes, service, tips, discounts, fees, and the smallest
//! coin) and says to the minor unit who pays how much of each line:
//!
//! * the parts of each line sum to the line, the lines of each diner to their share, and the shares to what is due;
//! * every share, and every part of a line, is the exact quota rounded down or up, never a whole unit away. The quota
//!   of a share is worked out over the whole bill, so a hundred small roundings cannot fall on one person;
//! * a diner without a part in a line pays nothing of it, and no share of a bill above zero is below zero;
//! * dishes that discounts cover in full come to nothing for everybody;
//! * where each share is rounded to a coin, it is less than one coin from its quota, and the round-off is what shares
//!   differ by;
//! * a bill below zero (a refund) mirrors the one above;
//! * in whatever order diners and sharers are listed, each pays the same of every line. Units that could go to several go
//!   to the largest remainders, and between equal ones by [`TieRank`](crate::split::TieRank); with
//!   [`OddUnits::Unbiased`] they go by a chance that follows from the order's id, so that the expected share is the quota.
//!
//! The method is controlled rounding over exact integers (Bacharach 1966; Causey, Cox and Ernst 1985; Cox 1987); the
//! source of its module says how. Percentages are rounded half up to the minor unit, once a line,
//! unless a charge says otherwise.
//!
//! India's GST as an example: CGST and SGST of 2.5 % each on the taxable value, rounded to the paisa, then
//! the invoice rounded to the rupee by section 170 of the CGST Act, as a line of its own:
//!
//! ```
//! use order_core::bill::{Basis, Bill, Charge, ChargeKind, ChargeValue, Dish, divide};
//! use order_core::split::{Percentage, SplitRule, Weight};
//! use order_core::text::Text;
//! use order_core::{Amount, Currency, ItemId, OrderId, ParticipantId};
//!
//! let [asha, ben] = ["asha", "ben"].map(|id| ParticipantId::new(id).unwrap());
//! let gst = |name: &str| {
//!     let kind = ChargeKind::Tax { inclusive: false, dish_types: Vec::new() };
//!     let percent = Percentage::from_decimal("2.5".parse().unwrap()).unwrap();
//!     Charge::new(Text::clean(name, 80).unwrap(), kind, ChargeValue::Percent(percent))
//! };
//! let bill = Bill {
//!     diners: vec![asha.clone(), ben.clone()],
//!     dishes: vec![
//!         Dish::of(ItemId::new("thali")?, Amount::from_minor_units(18_050), &[asha.clone()]),
//!         Dish::of(ItemId::new("naan")?, Amount::from_minor_units(6_025), &[asha.clone(), ben.clone()]),
//!     ],
//!     split: SplitRule::Itemized,
//!     charges: vec![gst("CGST"), gst("SGST")],
//!     round_to: Some(Amount::from_minor_units(100)),
//!     ..Bill::new(OrderId::new("table-7")?, Currency::default())
//! };
//! let division = divide(&bill)?;
//! // 240.75 of dishes, twice 6.02 of tax (2.5 % is 6.01875) and 0.21 to the next rupee.
//! assert_eq!(division.amount_due().minor_units(), 25_300);
//! let amounts: Vec<_> = division.shares().map(|share| share.amount().minor_units()).collect();
//! assert_eq!(amounts, [22_134, 3_166]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod balances;
mod check;
mod divide;
mod division;
mod invoice;
mod on_its_own;
mod positions;
mod settlement;
mod shares;

pub use balances::{Balance, Balances, ShareStatus};
pub(crate) use check::{
    CheckedCharge, check_bases, check_claims, check_number, check_shares_coin, does_not_cover,
};
pub use divide::divide;
pub use division::{DinerShare, Division, Part};
pub use invoice::{Invoice, InvoiceDish, InvoiceTax, invoice};
pub use on_its_own::{Bill, Dish};
pub use positions::Positions;
pub use settlement::{Transfer, settlement};
pub(crate) use shares::seats_on_bill;
pub use shares::{Share, Shares, shares};

pub(crate) use crate::divide::is_tractable;
pub use crate::divide::{
    AmountRounding, Basis, Charge, ChargeBase, ChargeKind, ChargeOptions, ChargeValue, DISHES, Discounts,
    Line, LineKind, MAX_CHARGES, MAX_INCLUSIVE_TAXES, OddUnits, RoundedPer,
};
