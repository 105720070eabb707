//! What can happen to a bill that is final: corrections, and opening the order again.

use std::cmp::Reverse;

use order_core::split::TieRank;
use order_core::{Code, Order, ParticipantId};

use super::bill::ExactBill;
use super::step::{ITEMS, NUMBERS, What};
use super::{Model, Rule};

impl Model {
    pub(super) fn finalize(&mut self) {
        let on_bill = self.people.iter().map(|person| person.id).filter(|id| self.is_on_bill(id)).collect();
        self.on_bill = Some(on_bill);
        self.finalized = true;
        self.revision += 1;
    }

    pub(super) fn reopen(&mut self) {
        self.on_bill = None;
        self.finalized = false;
    }

    /// The number of pieces that came, if that is less than before.
    pub(super) fn comes_fewer(&self, item: usize, quantity: usize) -> Option<i128> {
        let came = NUMBERS[quantity].1.filter(|value| value % 1_000_000 == 0)? / 1_000_000;
        self.dish(item).filter(|dish| (0..dish.pieces).contains(&came)).map(|_| came)
    }

    pub(super) fn correct(&mut self, item: usize, quantity: usize) {
        let Some(came) = self.comes_fewer(item, quantity) else { return };
        let dish = self.dish_mut(item);
        let before = std::mem::replace(&mut dish.pieces, came);
        self.corrections.push((ITEMS[item], before, came));
        if came == 0 {
            self.remove(ITEMS[item]);
        }
        let total = self.total();
        let sum = |numbers: &[(&str, i128)]| numbers.iter().map(|(_, number)| number).sum::<i128>();
        self.rule = match &self.rule {
            Rule::Agreed("amounts", numbers) if sum(numbers) != total => {
                Rule::Agreed("amounts", self.scaled(numbers))
            }
            Rule::Adjusted(numbers) if sum(numbers) > total => Rule::Adjusted(self.scaled(numbers)),
            rule => rule.clone(),
        };
    }

    /// The amounts in the same proportions, but with the total of the dishes: all of the quotas rounded down, then one
    /// unit each for the largest remainders.
    fn scaled(&self, numbers: &[(&'static str, i128)]) -> Vec<(&'static str, i128)> {
        let total = self.total() / self.minor_unit();
        let on_bill: Vec<_> = numbers.iter().copied().filter(|(id, _)| self.is_on_bill(id)).collect();
        let sum: i128 = on_bill.iter().map(|(_, number)| number).sum();
        if sum == 0 {
            return if total == 0 { on_bill } else { numbers.to_vec() };
        }
        let order = order_core::OrderId::new("table-7").unwrap();
        let rank = |id: &str| TieRank::new(&order, &ParticipantId::new(id).unwrap());
        let mut parts: Vec<_> = on_bill.iter().map(|(id, number)| (*id, total * number / sum)).collect();
        let left = total - parts.iter().map(|(_, part)| part).sum::<i128>();
        let mut first: Vec<_> = (0..parts.len()).collect();
        first.sort_by_key(|place| (Reverse(total * on_bill[*place].1 % sum), rank(on_bill[*place].0)));
        for place in first.into_iter().take(usize::try_from(left).unwrap()) {
            parts[place].1 += 1;
        }
        parts.into_iter().map(|(id, part)| (id, part * self.minor_unit())).collect()
    }

    /// Every reason for which a correction or opening the order again could be refused.
    pub(super) fn faults_of_a_revision(&self, who: &str, what: &What) -> Vec<Code> {
        let mut faults = Vec::new();
        let is_nobody = self.person(who).is_none() || (!self.finalized && !self.is_present(who));
        faults.extend(is_nobody.then_some(Code::JoinFirst));
        let is_guest = self.owner != Some(who);
        match what {
            What::Reopen => {
                faults.extend(is_guest.then_some(Code::NotOwner));
                let is_settled = self.finalized && ExactBill::of(self).amount() <= 0;
                faults.extend(is_settled.then_some(Code::OrderSettled));
            }
            What::Correct { item, quantity } => {
                let readable = NUMBERS[*quantity].1.is_some();
                faults.extend((!readable).then_some(Code::BadQuantity));
                if !self.finalized {
                    faults.push(Code::NotFinalized);
                    return faults;
                }
                faults.extend(is_guest.then_some(Code::NotOwner));
                let Some(dish) = self.dish(*item) else {
                    faults.push(Code::ItemNotFound);
                    return faults;
                };
                let as_many = NUMBERS[*quantity].1 == Some(dish.pieces * 1_000_000);
                if self.comes_fewer(*item, *quantity).is_none() && !as_many {
                    faults.push(Code::BadQuantity);
                }
                let mut after = self.clone();
                after.correct(*item, *quantity);
                let bill = ExactBill::of(&after);
                faults.extend(bill.has_charge_on_nothing().then_some(Code::ChargeOnNothing));
                faults.extend(bill.has_unallocated().then_some(Code::Unallocated));
            }
            other => panic!("{other:?} is about an open order"),
        }
        faults
    }

    pub(super) fn assert_revised(&self, order: &Order) {
        assert_eq!(order.revision(), self.revision);
        let corrections: Vec<_> = order
            .corrections()
            .iter()
            .map(|made| {
                let pieces = (i128::from(made.pieces_before()), i128::from(made.pieces_after()));
                (made.item().as_str(), pieces.0, pieces.1)
            })
            .collect();
        assert_eq!(corrections, self.corrections);
    }
}
