//! What a token says, and what follows from it for one room.

use order_core::text::{MAX_LABEL_CHARS, MAX_NAME_CHARS, Text};
use order_core::{ParticipantId, UnixMillis};
use order_host::{Access, Clock as _, Identity, RoomKey, SystemClock};
use serde::Deserialize;
use serde_json::Number;

use super::denied::Denied;
use crate::address;

/// The party of a room that a token names by its name alone: that of the address in every example.
const PARTY: &str = "collaborative_order";

/// The claims that count besides `nbf`, `aud` and `iss`, which are checked with the signature. Others are the issuer's own.
#[derive(Deserialize)]
pub(super) struct Claims {
    exp: Number,
    room: Option<String>,
    circle: Option<String>,
    tenant: Option<String>,
    participant: Option<String>,
    sub: Option<String>,
    name: Option<String>,
    #[serde(default)]
    role: Role,
}

/// What somebody is.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
enum Role {
    /// Sits at the table. Who of them owns the order the order says, so that a token which says `owner` says no more.
    #[default]
    #[serde(alias = "owner")]
    Diner,
    /// The restaurant's back end, which looks and does not sit down.
    Backend,
}

/// Who a token is about.
pub(crate) enum Guest {
    Diner(Identity),
    Backend(Access),
}

impl Guest {
    pub(crate) fn access(&self) -> &Access {
        match self {
            Self::Diner(identity) => &identity.access,
            Self::Backend(access) => access,
        }
    }
}

impl Claims {
    /// Who this is, if the token is for `room`. Whether the order is of the circle and tenant that the token says is
    /// for the host to find out.
    pub(super) fn guest(self, room: &RoomKey) -> Result<Guest, Denied> {
        let expires_at = millis(&self.exp);
        if SystemClock.now() >= expires_at {
            return Err(Denied::Expired);
        }
        let access = self.access(room)?;
        if self.role == Role::Backend {
            return Ok(Guest::Backend(access));
        }
        let participant = self.participant.or(self.sub);
        let participant = participant.ok_or(Denied::Invalid("it names no participant"))?;
        let participant =
            ParticipantId::new(&participant).map_err(|_| Denied::Invalid("its participant cannot be one"))?;
        let name = self.name.map(|name| Text::clean(&name, MAX_NAME_CHARS)).transpose();
        let mut identity = Identity::new(participant);
        identity.name = name.map_err(|_| Denied::Invalid("its name cannot be one"))?;
        identity.access = access;
        identity.expires_at = Some(expires_at);
        Ok(Guest::Diner(identity))
    }

    fn access(&self, room: &RoomKey) -> Result<Access, Denied> {
        if self.room.is_none() && self.circle.is_none() && self.tenant.is_none() {
            // Not every order there is, only because somebody forgot to say which.
            return Err(Denied::Invalid("it names no room, circle or tenant"));
        }
        if self.room.as_ref().is_some_and(|named| !is_named(room, named)) {
            return Err(Denied::Elsewhere);
        }
        let label = |label: &Option<String>, wrong| match label {
            None => Ok(None),
            Some(label) => Text::clean(label, MAX_LABEL_CHARS).map(Some).map_err(|_| Denied::Invalid(wrong)),
        };
        let mut access = Access::default();
        access.circle = label(&self.circle, "its circle cannot be one")?;
        access.tenant = label(&self.tenant, "its tenant cannot be one")?;
        access.by_name = self.room.is_some();
        Ok(access)
    }
}

/// Whether a claim names this room: `party/room`, or `room` for one of [`PARTY`].
fn is_named(room: &RoomKey, named: &str) -> bool {
    let (party, name) = named.split_once('/').unwrap_or((PARTY, named));
    address::stored_party(party) == Some(room.party()) && name == room.room()
}

/// Seconds since 1970, as a whole number or not (RFC 7519, `NumericDate`).
fn millis(seconds: &Number) -> UnixMillis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a float saturates"
    )]
    let of_a_fraction = |seconds: f64| (seconds * 1000.0) as u64;
    let whole = seconds.as_u64().map(|seconds| seconds.saturating_mul(1000));
    UnixMillis::new(whole.or_else(|| seconds.as_f64().map(of_a_fraction)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(party: &str, name: &str) -> RoomKey {
        RoomKey::new(party, name).unwrap()
    }

    #[test]
    fn a_room_is_named_with_its_party_or_is_a_collaborative_order() {
        let table = room("collaborative_order", "t7");
        for named in ["t7", "collaborative_order/t7", "collaborative-order/t7"] {
            assert!(is_named(&table, named), "{named}");
            assert!(!is_named(&room("main", "t7"), named), "{named}");
        }
        assert!(is_named(&room("main", "t7"), "main/t7"));
        for other in ["T7", "t", "t77", "", "*", "main/t7", "/t7", "x/t7", "collaborative_order/t7/"] {
            assert!(!is_named(&table, other), "{other}");
        }
    }

    #[test]
    fn an_end_is_read_in_whole_seconds_and_in_others() {
        let millis = |text: &str| super::millis(&serde_json::from_str(text).unwrap()).get();
        assert_eq!(millis("1700000000"), 1_700_000_000_000);
        assert_eq!(millis("1700000000.5"), 1_700_000_000_500);
        assert_eq!(millis("-1"), 0);
        assert_eq!(millis("1e300"), u64::MAX);
        assert_eq!(millis("18446744073709551615"), u64::MAX);
    }
}
