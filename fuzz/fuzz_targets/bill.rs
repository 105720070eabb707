//! Fuzzes whole bills against all laws of a division and the tests' oracle of exact fractions.
#![no_main]

#[path = "../../order-core/tests/support/bill/mod.rs"]
mod bill;

use arbitrary::Unstructured;
use bill::choices::Choices;
use bill::laws::{check, check_choice, check_listing, check_mirror};
use bill::making::{self, Sizes};
use libfuzzer_sys::fuzz_target;
use order_core::bill::Bill;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(Unstructured::new(data));
    let bill = making::bill(&mut bytes, Sizes::USUAL);
    keeps_all_laws(&bill, &mut bytes);
    let bill = making::bill_of_included(&mut bytes);
    keeps_all_laws(&bill, &mut bytes);
});

fn keeps_all_laws(bill: &Bill, bytes: &mut Bytes<'_>) {
    let kept = check(bill)
        .and_then(|_| check_mirror(bill))
        .and_then(|()| check_listing(bill, bytes))
        .and_then(|()| check_choice(bill));
    if let Err(violation) = kept {
        panic!("{violation}\n{bill:#?}");
    }
}

/// Choices read from the input, as few bytes for each as its bound needs. At the end of the
/// input, each is 0.
struct Bytes<'data>(Unstructured<'data>);

impl Choices for Bytes<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.int_in_range(0..=bound - 1).unwrap_or_default()
    }
}
