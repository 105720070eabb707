//! A divided bill: what each diner pays of each line.

use crate::divide::{Line, Lines};
use crate::{Amount, ItemId, ParticipantId};

/// A divided bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    pub(super) total: Amount,
    pub(super) amount_due: Amount,
    pub(super) diners: Vec<(ParticipantId, Amount)>,
    pub(super) lines: Vec<Line>,
    pub(super) included: Vec<Line>,
    pub(super) parts: Parts,
    pub(super) included_parts: Parts,
    pub(super) unassigned: Amount,
    pub(super) unassigned_dishes: Vec<ItemId>,
}

impl Division {
    /// The sum of all dishes.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// The amount due: the sum of all lines, and of all shares and what is
    /// [unassigned](Self::unassigned).
    pub fn amount_due(&self) -> Amount {
        self.amount_due
    }

    /// One share for each diner, in the order of the bill.
    pub fn shares(&self) -> impl ExactSizeIterator<Item = DinerShare<'_>> + Clone {
        self.diners.iter().enumerate().map(|(row, (participant, amount))| DinerShare {
            division: self,
            row,
            participant,
            amount: *amount,
        })
    }

    /// The dishes, then the charges, then the diners' own tips, then the round-off.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Taxes included in prices. They add nothing to the amount due.
    pub fn included(&self) -> &[Line] {
        &self.included
    }

    /// What is due for dishes that no one shares.
    pub fn unassigned(&self) -> Amount {
        self.unassigned
    }

    /// The dishes that no one shares, where the bill is divided by dishes.
    pub fn unassigned_dishes(&self) -> &[ItemId] {
        &self.unassigned_dishes
    }
}

/// The share of one diner of a divided bill.
#[derive(Debug, Clone, Copy)]
pub struct DinerShare<'bill> {
    division: &'bill Division,
    row: usize,
    participant: &'bill ParticipantId,
    amount: Amount,
}

impl<'bill> DinerShare<'bill> {
    /// The diner who pays.
    pub fn participant(self) -> &'bill ParticipantId {
        self.participant
    }

    /// The amount of the share: the sum of the parts of the lines.
    pub fn amount(self) -> Amount {
        self.amount
    }

    /// This diner's parts of the bill's lines, in bill order, without those of which they pay
    /// nothing.
    pub fn lines(self) -> impl Iterator<Item = Part<'bill>> + Clone {
        self.division.parts.of(self.row, &self.division.lines)
    }

    /// This diner's parts of the taxes included in prices.
    pub fn included(self) -> impl Iterator<Item = Part<'bill>> + Clone {
        self.division.included_parts.of(self.row, &self.division.included)
    }
}

/// One diner's part of a line of the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'bill> {
    line: &'bill Line,
    amount: Amount,
}

impl<'bill> Part<'bill> {
    /// The whole line.
    pub fn line(self) -> &'bill Line {
        self.line
    }

    /// How much of it this diner pays.
    pub fn amount(self) -> Amount {
        self.amount
    }
}

/// Each diner's parts of some lines, grouped by diner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// The index of a line, and the diner's part of it.
    all: Vec<(usize, Amount)>,
    /// By diner: the end of their parts.
    ends: Vec<usize>,
}

impl Parts {
    /// `diners` has the place of each row's diner in the list of them.
    pub(super) fn new(diners: &[usize], lines: &Lines) -> Self {
        let cells = || {
            lines.iter().enumerate().flat_map(|(place, (_, _, cells))| {
                let parts = cells.iter().filter(|cell| cell.amount != 0);
                parts.filter_map(move |cell| Some((place, *diners.get(cell.row)?, cell.amount)))
            })
        };
        // The place of each diner's next part: at first the start of their parts, in the end the
        // end of them.
        let mut ends = vec![0_usize; diners.len()];
        for (_, diner, _) in cells() {
            if let Some(count) = ends.get_mut(diner) {
                *count = count.saturating_add(1);
            }
        }
        let mut start = 0_usize;
        for end in &mut ends {
            let count = std::mem::replace(end, start);
            start = start.saturating_add(count);
        }
        let mut all = vec![(0, Amount::ZERO); start];
        for (place, diner, amount) in cells() {
            if let Some(next) = ends.get_mut(diner)
                && let Some(part) = all.get_mut(*next)
            {
                *part = (place, Amount::from_minor_units(amount));
                *next = next.saturating_add(1);
            }
        }
        Self { all, ends }
    }

    /// The parts of one diner.
    fn of<'bill>(
        &'bill self,
        diner: usize,
        lines: &'bill [Line],
    ) -> impl Iterator<Item = Part<'bill>> + Clone {
        let start = diner.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let own = start.zip(self.ends.get(diner)).and_then(|(start, &end)| self.all.get(start..end));
        own.unwrap_or_default()
            .iter()
            .filter_map(|&(place, amount)| Some(Part { line: lines.get(place)?, amount }))
    }
}
