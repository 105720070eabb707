//! Every recorded message that we answer differently from the old server, and the reason.

use order_core::Code;

/// What we do instead of the recorded answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Instead {
    /// The command is refused, and only the sender is told.
    Refuse(Code),
    /// A message of another type is sent to all.
    Say(&'static str),
    /// The same message, with the socket's own identity instead of the one it named.
    AsSelf,
    /// The same message with another value of one field.
    Value(&'static str, &'static str),
    /// The same as was recorded.
    Nothing,
}

pub(crate) struct Difference {
    pub(crate) scenario: &'static str,
    pub(crate) step: u64,
    pub(crate) instead: Instead,
    pub(crate) reason: &'static str,
    /// Fields of the state that differ from the recording from here on.
    pub(crate) apart: &'static [&'static str],
}

const fn row(
    scenario: &'static str,
    step: u64,
    instead: Instead,
    apart: &'static [&'static str],
    reason: &'static str,
) -> Difference {
    Difference { scenario, step, instead, reason, apart }
}

const MONEY: &[&str] = &["items", "total"];
const GHOST: &[&str] = &["participants", "circleId", "tenantId", "initiatedBy"];
const CODED: &str = "an error then as now, and now it says which";

pub(crate) const DIFFERENCES: &[Difference] = {
    use Code::*;
    use Instead::*;
    &[
        row("lifecycle", 13, Refuse(BadJson), &[], CODED),
        row(
            "lifecycle",
            15,
            Refuse(OrderFinalized),
            &[],
            "after finalize nothing changes, not even by leaving",
        ),
        row("before-join", 2, Refuse(JoinFirst), &[], "only who has joined adds dishes, and is told so"),
        row("before-join", 3, Refuse(JoinFirst), &[], "only who has joined removes dishes"),
        row("before-join", 4, Refuse(JoinFirst), &[], "only who has joined changes quantities"),
        row("before-join", 5, Refuse(JoinFirst), &[], "only who has joined chooses how to share"),
        row("before-join", 6, Refuse(JoinFirst), &[], "only who has joined finalizes"),
        row("before-join", 7, Refuse(JoinFirst), &[], "only who has joined can leave"),
        row("quantities-and-prices", 3, Refuse(BadQuantity), MONEY, "nobody orders 0 of a dish"),
        row(
            "quantities-and-prices",
            4,
            Refuse(BadQuantity),
            MONEY,
            "a negative quantity made a negative total",
        ),
        row("quantities-and-prices", 5, Refuse(BadQuantity), MONEY, "there is no half dish"),
        row("quantities-and-prices", 6, Refuse(BadQuantity), MONEY, "a quantity is a number"),
        row("quantities-and-prices", 7, Refuse(BadQuantity), MONEY, "a quantity is a number"),
        row("quantities-and-prices", 8, Refuse(BadQuantity), MONEY, "this one made the total null"),
        row("quantities-and-prices", 9, Refuse(MissingField), MONEY, "this one made the total null"),
        row("quantities-and-prices", 10, Refuse(ItemNotFound), MONEY, "it was refused when it was added"),
        row("quantities-and-prices", 11, Refuse(ItemNotFound), MONEY, "it was refused when it was added"),
        row("quantities-and-prices", 12, Refuse(ItemNotFound), MONEY, "it was refused when it was added"),
        row("quantities-and-prices", 13, Refuse(ItemNotFound), MONEY, "it was refused when it was added"),
        row("quantities-and-prices", 14, Refuse(BadPrice), MONEY, "a price is 0 or more"),
        row("quantities-and-prices", 17, Refuse(BadPrice), MONEY, "a price has an upper bound"),
        row("quantities-and-prices", 18, Refuse(BadPrice), MONEY, "a price is a number"),
        row("quantities-and-prices", 19, Value("item.itemTotal", "0.3"), MONEY, "money is no binary float"),
        row("quantities-and-prices", 20, Say("item_removed"), MONEY, "an update to 0 takes the item off"),
        row("quantities-and-prices", 21, Refuse(ItemNotFound), MONEY, "the update to 0 took it off"),
        row("quantities-and-prices", 22, Refuse(ItemNotFound), MONEY, "the update to 0 took it off"),
        row("quantities-and-prices", 23, Refuse(BadQuantity), MONEY, "a quantity is a number"),
        row("quantities-and-prices", 24, Refuse(BadQuantity), MONEY, "a quantity is a number"),
        row("quantities-and-prices", 25, Refuse(MissingField), MONEY, "an update needs a quantity"),
        row("unknown-ids", 4, Refuse(ItemNotFound), &[], "an unknown item was passed over in silence"),
        row("unknown-ids", 5, Refuse(ItemNotFound), &[], "an unknown item was reported as removed"),
        row(
            "unknown-ids",
            6,
            AsSelf,
            &["participants"],
            "a socket speaks as who it joined as: it leaves itself",
        ),
        row("unknown-ids", 7, AsSelf, &["items", "participants"], "a socket speaks as who it joined as"),
        row("unknown-ids", 8, Refuse(ItemIdTaken), MONEY, "two items had one id"),
        row("unknown-ids", 11, Refuse(BadField), MONEY, "an id is a string"),
        row(
            "unknown-ids",
            12,
            Refuse(BadField),
            MONEY,
            "an id that is given is used or refused, never replaced",
        ),
        row("finalize", 5, Refuse(OrderFinalized), &[], "an order is finalized once"),
        row("finalize", 6, Refuse(OrderFinalized), &[], "after finalize nothing changes"),
        row("finalize", 7, Refuse(OrderFinalized), &[], "after finalize nothing changes"),
        row("finalize", 8, Refuse(OrderFinalized), &[], "after finalize nothing changes"),
        row("finalize", 10, Refuse(OrderFinalized), &[], "nobody new joins a finalized order"),
        row("finalize", 11, Refuse(JoinFirst), &[], "and so cannot finalize it again"),
        row("bad-shapes", 2, Refuse(BadJson), &[], CODED),
        row("bad-shapes", 3, Refuse(BadJson), &[], CODED),
        row("bad-shapes", 4, Refuse(NotAnObject), &[], CODED),
        row("bad-shapes", 5, Refuse(NotAnObject), &[], "every refusal is said"),
        row("bad-shapes", 6, Refuse(NotAnObject), &[], "every refusal is said"),
        row("bad-shapes", 7, Refuse(NotAnObject), &[], "every refusal is said"),
        row("bad-shapes", 8, Refuse(MissingField), &[], "every refusal is said"),
        row("bad-shapes", 9, Refuse(UnknownType), &[], "every refusal is said"),
        row("bad-shapes", 10, Refuse(UnknownType), &[], "every refusal is said"),
        row("bad-shapes", 11, Refuse(UnknownType), &[], "every refusal is said"),
        row("bad-shapes", 12, Refuse(MissingField), &[], CODED),
        row("bad-shapes", 13, Refuse(MissingField), &[], CODED),
        row("bad-shapes", 14, Refuse(MissingField), &[], CODED),
        row("bad-shapes", 15, Refuse(MissingField), &["participants"], "somebody without id or name joined"),
        row(
            "bad-shapes",
            16,
            Refuse(BadJson),
            &["participants"],
            "a host answers it before the core is asked",
        ),
        row(
            "bad-shapes",
            17,
            Nothing,
            GHOST,
            "people who joined without an id at step 15 still sit at their table",
        ),
        row("bad-shapes", 18, Refuse(MissingField), &[], CODED),
        row("bad-shapes", 19, Refuse(MissingField), &[], "every refusal is said"),
        row("bad-shapes", 20, Refuse(MissingField), &[], CODED),
        row("bad-shapes", 21, Refuse(MissingField), MONEY, "an item without name or price was added"),
        row("bad-shapes", 22, Refuse(MissingField), MONEY, CODED),
        row("bad-shapes", 23, Refuse(MissingField), MONEY, "an unknown item was reported as removed"),
        row("bad-shapes", 24, Refuse(MissingField), MONEY, CODED),
        row("bad-shapes", 25, Refuse(MissingField), MONEY, "every refusal is said"),
        row("bad-shapes", 26, Refuse(MissingField), MONEY, CODED),
        row("bad-shapes", 27, Refuse(MissingField), MONEY, "any splitType was taken, and none too"),
        row("bad-shapes", 28, Refuse(BadField), MONEY, "any splitType was taken"),
        row("bad-shapes", 29, Refuse(OrderEmpty), MONEY, "an order without dishes cannot be finalized"),
        row(
            "bad-shapes",
            30,
            AsSelf,
            &["participants"],
            "a message that names nobody comes from the socket's own",
        ),
        row("bad-shapes", 31, Refuse(BadField), &["participants"], "a phone is a string"),
        row("bad-shapes", 32, Refuse(DuplicateKey), &["participants"], "which of the two was meant?"),
        row("bad-shapes", 33, Refuse(BadJson), &["participants"], CODED),
        row("bad-shapes", 34, Refuse(BadField), &["participants"], "an id has no control characters"),
    ]
};
