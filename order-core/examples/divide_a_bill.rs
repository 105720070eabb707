//! Divides a bill: who pays what, and for what.
//!
//! `cargo run -p order-core --example divide_a_bill`

use std::error::Error;
use std::slice;

use order_core::bill::{Bill, Charge, ChargeKind, ChargeValue, Dish, divide};
use order_core::split::{Percentage, SplitRule};
use order_core::text::Text;
use order_core::{Amount, Currency, ItemId, OrderId, ParticipantId};

fn main() -> Result<(), Box<dyn Error>> {
    let (asha, ben) = (ParticipantId::new("asha")?, ParticipantId::new("ben")?);
    // Amounts are in the currency's smallest unit: 20,000 paise are 200 rupees.
    let dish = |id: &str, paise, diners: &[ParticipantId]| {
        ItemId::new(id).map(|id| Dish::of(id, Amount::from_minor_units(paise), diners))
    };
    let ten_percent = ChargeValue::Percent(Percentage::from_decimal("10".parse()?)?);
    let service =
        Charge::new(Text::clean("Service", 80)?, ChargeKind::Service { optional: false }, ten_percent);
    let rupees = Currency::default();
    let bill = Bill {
        diners: vec![asha.clone(), ben.clone()],
        dishes: vec![
            dish("thali", 20_000, slice::from_ref(&asha))?,
            dish("lassi", 4_000, slice::from_ref(&ben))?,
            dish("naan", 6_001, &[asha, ben])?,
        ],
        split: SplitRule::Itemized,
        charges: vec![service],
        ..Bill::new(OrderId::new("table-7")?, rupees)
    };

    let division = divide(&bill)?;

    for share in division.shares() {
        println!("{} pays {}", share.participant(), share.amount().display(rupees));
        for part in share.lines() {
            println!("{:>12}  {}", part.amount().display(rupees), part.line().name());
        }
    }
    // 300.01 of dishes, and 30.00 of service.
    assert_eq!(division.amount_due(), Amount::from_minor_units(33_001));
    // Nothing is lost, and nothing is invented.
    let paise: i64 = division.shares().map(|share| share.amount().minor_units()).sum();
    assert_eq!(paise, 33_001);
    Ok(())
}

#[test]
fn it_holds() {
    main().unwrap();
}
