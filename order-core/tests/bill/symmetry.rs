//! The laws of a divided bill that need no oracle: refunds mirror, and the listing order
//! has no effect.

use proptest::prelude::*;

use crate::support::bill::choices::{Listed, Seeded};
use crate::support::bill::laws::{check_listing, check_mirror};
use crate::support::bill::making::{self, Sizes};
use crate::support::table;

proptest! {
    #![proptest_config(table::runs(800))]

    #[test]
    fn a_refund_mirrors_the_bill(numbers in prop::collection::vec(any::<u64>(), 0..250)) {
        let bill = making::bill(&mut Listed::new(numbers), Sizes::USUAL);
        if let Err(violation) = check_mirror(&bill) {
            prop_assert!(false, "{violation}\n{bill:#?}");
        }
    }

    #[test]
    fn the_order_of_the_lists_changes_nobodys_share_and_that_of_names_no_part_of_it(
        numbers in prop::collection::vec(any::<u64>(), 0..250),
        seed in any::<u64>(),
    ) {
        let bill = making::bill(&mut Listed::new(numbers), Sizes::USUAL);
        if let Err(violation) = check_listing(&bill, &mut Seeded::new(seed)) {
            prop_assert!(false, "{violation}\n{bill:#?}");
        }
    }

    #[test]
    fn naming_people_otherwise_moves_no_unit_that_is_passed_on(
        numbers in prop::collection::vec(any::<u64>(), 60..250),
        seed in any::<u64>(),
    ) {
        let bill = making::sparse_bill(&mut Listed::new(numbers));
        if let Err(violation) = check_listing(&bill, &mut Seeded::new(seed)) {
            prop_assert!(false, "{violation}\n{bill:#?}");
        }
    }
}
