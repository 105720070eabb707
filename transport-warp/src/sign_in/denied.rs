//! Why a person or a page is refused before there is a socket.

use thiserror::Error;
use warp::http::StatusCode;

/// Why a request is refused. It contains nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Denied {
    /// The request comes from a page of another site.
    #[error("pages of this origin are not allowed; the server's log tells the operator how to allow them")]
    Origin,
    /// `Host` names another server.
    #[error("this server does not answer to the name in Host; its log tells the operator how to allow it")]
    Host,
    #[error("sign in first: this server needs a token")]
    NoToken,
    #[error("give the token once: in the header Authorization, as a subprotocol, or in the address")]
    TwoTokens,
    /// The token is not valid.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    #[error("the token has expired; sign in again")]
    Expired,
    /// The token is valid, but for another order.
    #[error("the token is valid, but not for this order")]
    Elsewhere,
    #[error("a back end's token opens no socket; use it with GET only")]
    NotADiner,
    #[error("only participants of the order can read its history")]
    NotAtTheTable,
    #[error("the order cannot be read now; try again")]
    Unavailable,
}

impl Denied {
    /// The stable error code.
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

    /// The header `WWW-Authenticate` (RFC 6750, 3), if a token would help.
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
