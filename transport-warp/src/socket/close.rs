//! Why a socket ends, as its peer is told.

use std::borrow::Cow;

use tungstenite::Error;
use tungstenite::error::ProtocolError;
use tungstenite::protocol::CloseFrame;

/// The most bytes of a reason: a control frame has at most 125, of which the code takes two.
const MAX_REASON_BYTES: usize = 123;

/// A close frame that the server sends: a code of RFC 6455 and a short reason.
///
/// Only codes that may be sent can be made, so 1005, 1006 and 1015 cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    code: u16,
    reason: Cow<'static, str>,
}

impl Close {
    /// 1000: the conversation is complete. The peer should not reconnect automatically.
    pub const fn normal(reason: &'static str) -> Self {
        Self::of(1000, reason)
    }

    /// 1002: the peer broke the WebSocket protocol.
    pub const fn protocol_error(reason: &'static str) -> Self {
        Self::of(1002, reason)
    }

    /// 1007: a text that is not UTF-8.
    pub const fn not_utf8() -> Self {
        Self::of(1007, "a text message must be UTF-8")
    }

    /// 1008: the peer is not, or no longer, allowed here.
    pub fn not_allowed(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code: 1008, reason: reason.into() }
    }

    /// 1009: a message larger than the limit.
    pub fn too_large(limit_bytes: usize) -> Self {
        Self { code: 1009, reason: format!("a message may have at most {limit_bytes} bytes").into() }
    }

    /// 1012: the server restarts; reconnect soon.
    pub const fn restart() -> Self {
        Self::of(1012, "the server is restarting; reconnect")
    }

    /// 1013: not now; try again later.
    pub const fn try_later(reason: &'static str) -> Self {
        Self::of(1013, reason)
    }

    const fn of(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// The code on the wire.
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The reason on the wire: at most 123 bytes, so the end of a longer one is left out.
    pub fn reason(&self) -> &str {
        let fits = (0..=MAX_REASON_BYTES).rev().find_map(|end| self.reason.get(..end));
        if self.reason.len() <= MAX_REASON_BYTES { &self.reason } else { fits.unwrap_or_default() }
    }

    pub(super) fn to_frame(&self) -> CloseFrame {
        CloseFrame { code: self.code.into(), reason: self.reason().into() }
    }

    /// The close frame for a peer that sent something unreadable. `None`: the connection is
    /// gone.
    pub(super) fn for_error(error: &Error, limit_bytes: usize) -> Option<Self> {
        match error {
            Error::Capacity(_) => Some(Self::too_large(limit_bytes)),
            Error::Utf8(_) => Some(Self::not_utf8()),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            Error::Protocol(ProtocolError::UnmaskedFrameFromClient) => {
                Some(Self::protocol_error("a client's frames must be masked"))
            }
            Error::Protocol(_) | Error::AttackAttempt => Some(Self::protocol_error("protocol error")),
            // The connection itself failed, or had already ended.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_fits_a_control_frame() {
        let longest = "é".repeat(62);
        let cut = Close::not_allowed(longest.clone());
        assert_eq!(cut.reason(), &longest[..122], "no character is cut in two");
        let closes = [
            cut,
            Close::normal("x".repeat(124).leak()),
            Close::not_utf8(),
            Close::too_large(usize::MAX),
            Close::restart(),
            Close::for_error(&Error::Protocol(ProtocolError::UnmaskedFrameFromClient), 1).unwrap(),
        ];
        for close in closes {
            assert!(close.reason().len() <= 123, "{close:?}");
            assert!(close.to_frame().code.is_allowed(), "{close:?}");
        }
    }

    #[test]
    fn a_connection_that_broke_off_is_told_nothing() {
        let reset = Error::Protocol(ProtocolError::ResetWithoutClosingHandshake);
        assert_eq!(Close::for_error(&reset, 1), None);
        assert_eq!(Close::for_error(&Error::Io(std::io::ErrorKind::BrokenPipe.into()), 1), None);
    }
}
