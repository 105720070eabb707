//! The claims of a token, and what they allow in one room.

use order_core::ParticipantId;
use order_core::text::{MAX_LABEL_CHARS, MAX_NAME_CHARS, Text};
use order_host::{Access, Clock as _, Identity, RoomKey, SystemClock};
use serde::Deserialize;
use serde_json::Value;

use super::denied::Denied;
use super::{room_name, times};

/// The claims that are read, besides `aud` and `iss`, which are checked with the signature.
/// Other claims are ignored.
#[derive(Deserialize)]
pub(super) struct Claims {
    exp: Option<Value>,
    nbf: Option<Value>,
    room: Option<String>,
    circle: Option<String>,
    tenant: Option<String>,
    participant: Option<String>,
    sub: Option<String>,
    name: Option<String>,
    #[serde(default)]
    role: Role,
}

/// The role of a person.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
enum Role {
    /// Joins orders. The order decides who owns it, so the role `owner` means the same.
    #[default]
    #[serde(alias = "owner")]
    Diner,
    /// The restaurant's back end, which reads orders and joins none.
    Backend,
}

/// The person a token is about.
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
    /// Returns the person, if the token is for `room`. Whether the order belongs to the token's
    /// circle and tenant is checked by the host.
    pub(super) fn guest(self, room: &RoomKey) -> Result<Guest, Denied> {
        let now = SystemClock.now();
        let expires_at = times::expiry(self.exp.as_ref(), now)?;
        times::beginning(self.nbf.as_ref(), now)?;
        let access = self.access(room)?;
        if self.role == Role::Backend {
            return Ok(Guest::Backend(access));
        }
        let participant = self.participant.or(self.sub);
        let participant = participant.ok_or(Denied::Invalid("it names no participant"))?;
        let participant = ParticipantId::new(&participant)
            .map_err(|_| Denied::Invalid("its participant must have 1 to 128 bytes of visible characters"))?;
        let name = self.name.map(|name| Text::clean(&name, MAX_NAME_CHARS)).transpose();
        let mut identity = Identity::new(participant);
        identity.name = name.map_err(|_| Denied::Invalid("its name is empty or too long"))?;
        identity.access = access;
        identity.expires_at = Some(expires_at);
        Ok(Guest::Diner(identity))
    }

    fn access(&self, room: &RoomKey) -> Result<Access, Denied> {
        if self.room.is_none() && self.circle.is_none() && self.tenant.is_none() {
            // Forgetting to name any must not open every order.
            return Err(Denied::Invalid("it names no room, circle or tenant"));
        }
        if let Some(named) = &self.room {
            if !room_name::is_exact(named) {
                return Err(Denied::Invalid("its room has white space at an end or a hidden character"));
            }
            if !room_name::is_named(room, named) {
                return Err(Denied::Elsewhere);
            }
        }
        // Labels are compared as written: one that had to be cleaned first could be meant for
        // another.
        let label = |label: &Option<String>, wrong| match label {
            None => Ok(None),
            Some(label) => Text::exact(label, MAX_LABEL_CHARS).map(Some).map_err(|_| Denied::Invalid(wrong)),
        };
        let mut access = Access::default();
        access.circle = label(
            &self.circle,
            "its circle must have 1 to 128 visible characters, without white space at the ends",
        )?;
        access.tenant = label(
            &self.tenant,
            "its tenant must have 1 to 128 visible characters, without white space at the ends",
        )?;
        access.by_name = self.room.is_some();
        Ok(access)
    }
}
