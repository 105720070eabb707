//! Why somebody is not let in, as they are told before there is a socket.

use thiserror::Error;
use warp::http::StatusCode;

/// Why a request is turned away. Nothing of the token stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Denied {
    /// A page of another site asks.
    #[error("pages of this origin are not let in; the server's log says what its operator can set")]
    Origin,
    /// It asks for another server, by the name in `Host`.
    #[error("this server does not answer to the name in Host; its log says what its operator can set")]
    Host,
    #[error("sign in first: this server needs a token")]
    NoToken,
    #[error("give the token once: in the header Authorization, as a subprotocol, or in the address")]
    TwoTokens,
    /// The token proves nothing.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    #[error("the token has expired; sign in again")]
    Expired,
    /// The token proves who it is, but is for somewhere else.
    #[error("the token is good, but not for this order")]
    Elsewhere,
    #[error("the token is a back end's, which does not sit at a table: only GET works with it")]
    NotADiner,
    #[error("only those on the order may read its history")]
    NotAtTheTable,
    #[error("the order cannot be read now, try again")]
    Unavailable,
}

impl Denied {
    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Origin => "origin_not_allowed",
            Self::Host => "host_not_allowed",
            Self::NoToken => "token_missing",
            Self::TwoTokens => "two_tokens",
            Self::Invalid(_) => "token_invalid",
            Self::Expired => "token_expired",
            Self::Elsewhere => "not_your_room",
            Self::NotADiner => "not_you",
            Self::NotAtTheTable => "join_first",
            Self::Unavailable => "storage_unavailable",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Origin | Self::Host | Self::Elsewhere | Self::NotADiner | Self::NotAtTheTable => {
                StatusCode::FORBIDDEN
            }
            Self::NoToken | Self::Invalid(_) | Self::Expired => StatusCode::UNAUTHORIZED,
            Self::TwoTokens => StatusCode::BAD_REQUEST,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The header `WWW-Authenticate`, as RFC 6750 (3) has it, where a token would help.
    pub(crate) fn challenge(self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some(r#"Bearer realm="stonepot""#),
            Self::Invalid(_) => Some(r#"Bearer realm="stonepot", error="invalid_token""#),
            Self::Expired => Some(
                r#"Bearer realm="stonepot", error="invalid_token", error_description="the token has expired""#,
            ),
            Self::TwoTokens => Some(r#"Bearer realm="stonepot", error="invalid_request""#),
            Self::Elsewhere | Self::NotADiner => {
                Some(r#"Bearer realm="stonepot", error="insufficient_scope""#)
            }
            Self::Origin | Self::Host | Self::NotAtTheTable | Self::Unavailable => None,
        }
    }
}
