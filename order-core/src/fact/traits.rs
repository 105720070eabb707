//! What is true of every fact of a kind.

/// The traits of a fact: the one table that the event, the alarm and the marks of readiness are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits {
    /// The event's name in the protocol.
    pub(crate) event: &'static str,
    /// Whose marks of readiness the fact drops.
    pub(crate) marks: Marks,
    /// Whether it changes what the state says of the rules.
    pub(crate) changes_rules: bool,
    /// Whether a deadline has passed with it, where the clock is its author.
    pub(crate) may_end_deadline: bool,
    /// Whether the order's alarm may be earlier after it.
    pub(crate) may_move_alarm: bool,
}

/// Whose marks of readiness a fact drops: those of people who agreed to another bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    /// Those of no one.
    Keep,
    /// Everybody's but the author's, who agrees to what they do themselves.
    KeepAuthors,
    /// Everybody's.
    Drop,
    /// Everybody's, if the author was not at the table before: from now on they share the bill.
    DropOnArrival,
}

impl Traits {
    /// The traits of a fact that changes nothing but the part of the order that it names.
    pub(super) const fn of(event: &'static str) -> Self {
        Self {
            event,
            marks: Marks::Keep,
            changes_rules: false,
            may_end_deadline: false,
            may_move_alarm: false,
        }
    }

    /// The same, and it drops marks of readiness.
    pub(super) const fn drops(self, marks: Marks) -> Self {
        Self { marks, ..self }
    }

    /// The same, and it changes the rules if `changes_rules`.
    pub(super) const fn changes_rules(self, changes_rules: bool) -> Self {
        Self { changes_rules, ..self }
    }

    /// The same, and the clock does it when the deadline has passed.
    pub(super) const fn may_end_deadline(self) -> Self {
        Self { may_end_deadline: true, ..self }
    }

    /// The same, and the alarm may be earlier if `may_move_alarm`.
    pub(super) const fn may_move_alarm(self, may_move_alarm: bool) -> Self {
        Self { may_move_alarm, ..self }
    }
}
