//! Ranks that decide who gets the odd unit when nothing else does.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::value::{OrderId, ParticipantId};

/// A participant's tie rank in one order: the smaller rank gets a leftover unit first.
///
/// It is `SipHash-2-4` (key zero) of the order's id, a zero byte and the participant's id, then
/// the id itself: the same on every machine and in whatever order people are listed, and even
/// between people over many orders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TieRank {
    rank: u64,
    participant: ParticipantId,
}

impl TieRank {
    /// Computes the tie rank of `participant` in `order`.
    pub fn new(order: &OrderId, participant: &ParticipantId) -> Self {
        let mut hasher = SipHasher24::new();
        hasher.write(order.as_str().as_bytes());
        hasher.write(&[0]);
        hasher.write(participant.as_str().as_bytes());
        Self { rank: hasher.finish(), participant: participant.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_many_orders_nobody_is_first_more_often_than_another() {
        let people: Vec<_> =
            ["asha", "ben", "chi"].iter().map(|id| ParticipantId::new(id).unwrap()).collect();
        let mut first = [0_u32; 3];
        for number in 0..3_000 {
            let order = OrderId::new(&format!("order_{number}")).unwrap();
            let ranks: Vec<_> = people.iter().map(|person| TieRank::new(&order, person)).collect();
            let least = ranks.iter().min().unwrap();
            first[ranks.iter().position(|rank| rank == least).unwrap()] += 1;
        }
        // 1,000 each would be even; 150 is more than five standard deviations.
        assert!(first.iter().all(|count| count.abs_diff(1_000) < 150), "{first:?}");
    }

    #[test]
    fn the_rank_is_the_same_in_every_release() {
        let rank = TieRank::new(&OrderId::new("session_xyz").unwrap(), &ParticipantId::new("p1").unwrap());
        assert_eq!(rank.rank, RANK_OF_P1_IN_SESSION_XYZ);
    }

    const RANK_OF_P1_IN_SESSION_XYZ: u64 = 6_284_845_787_143_125_678;
}
