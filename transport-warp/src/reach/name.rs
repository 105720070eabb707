//! Parses a host name or address with its port, as found in `Host` and in origins.
//!
//! Parsing is strict. Browsers normalize what people type (`127.1`, `0x7f.1`, `2130706433`,
//! capitals, other scripts) before they send it, so only a name of letters, digits and
//! dashes, or an address in its usual form, is accepted.

use std::fmt::{self, Display, Formatter};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest domain name (RFC 1035), and the longest label of one.
const LONGEST: (usize, usize) = (253, 63);

/// A host. Its `Display` has only letters, digits and `-_.:[]`, and is short, so it is safe
/// to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// In lower case. A trailing dot is kept: browsers treat such a name as another host.
    Domain(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// A host with an optional port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    pub(crate) name: Name,
    pub(crate) port: Option<u16>,
}

impl Name {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            return rest.strip_suffix(']')?.parse().ok().map(Self::V6);
        }
        let bare = without_last_dot(text);
        let is_part = |part: &str| {
            (1..=LONGEST.1).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if bare.len() > LONGEST.0 || !bare.split('.').all(is_part) {
            return None;
        }
        if bare.rsplit('.').next().is_some_and(is_number) {
            return text.parse().ok().map(Self::V4);
        }
        Some(Self::Domain(text.to_ascii_lowercase()))
    }

    /// Whether both are the same host, however they are written.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Domain(one), Self::Domain(other)) => without_last_dot(one) == without_last_dot(other),
            _ => self == other,
        }
    }

    /// Whether it means the local machine on every machine (RFC 6761, 6.3), so that DNS cannot
    /// redirect it.
    pub(crate) fn is_this_machine(&self) -> bool {
        match self {
            Self::Domain(name) => {
                let name = without_last_dot(name);
                name == "localhost" || name.ends_with(".localhost")
            }
            Self::V4(address) => address.is_loopback(),
            Self::V6(address) => address.to_canonical().is_loopback(),
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl HostPort {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = if text.starts_with('[') { text.find(']')?.saturating_add(1) } else { 0 };
        let (name, port) = match text.get(end..)?.find(':') {
            Some(colon) => text.split_at_checked(end.saturating_add(colon))?,
            None => (text, ""),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port_of(port)?),
            None => None,
        };
        Some(Self { name: Name::parse(name)?, port })
    }

    /// Parses an IPv6 address without brackets, as people write it where no port can follow.
    pub(crate) fn of_bare_v6(text: &str) -> Option<Self> {
        text.parse().ok().map(|address| Self { name: Name::V6(address), port: None })
    }
}

impl Display for HostPort {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => self.name.fmt(f),
        }
    }
}

fn without_last_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Whether a browser treats a name that ends in this label as an address (WHATWG URL, "ends
/// in a number").
fn is_number(part: &str) -> bool {
    let hex = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => part.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Parses a port: no sign, no leading zero, and not 0, on which nothing listens.
fn port_of(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_host_is_not_read() {
        let long = [&"a".repeat(63), ".", &"b".repeat(63)].concat();
        let too_long = format!("{long}.{long}");
        let part = "a".repeat(64);
        for wrong in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a..",
            ":80",
            "a:",
            "a:0",
            "a:080",
            "a:+80",
            "a:-1",
            "a:65536",
            "a:80:80",
            "a:80x",
            "a b",
            "a\tb",
            "a,b",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a%2eb",
            "u@a",
            "u:p@a",
            "a@",
            "*",
            "*.a",
            "bücher.example",
            "localhost\u{3002}",
            "a\u{0}",
            "\u{1b}[31m",
            // Addresses that only a browser's address bar understands.
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "127.0.0.01",
            "127.0.0.1.",
            "127.0.0.0x1",
            "1.2.3.4.5",
            "256.0.0.1",
            "evil.1",
            "evil.0x1",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[::1]]",
            "[::1]80",
            "[::1]:",
            "[::1%eth0]",
            "[::1%25lo]",
            "[127.0.0.1]",
            "[localhost]",
            &too_long,
            &part,
        ] {
            assert_eq!(HostPort::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_host_is_read_and_written_in_one_form() {
        for (text, written) in [
            ("localhost", "localhost"),
            ("LOCALHOST:1999", "localhost:1999"),
            ("localhost.", "localhost."),
            ("a_b-c.9x.example:65535", "a_b-c.9x.example:65535"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:1999", "[::1]:1999"),
            ("[0:0::0:1]", "[::1]"),
            ("[::FFFF:7f00:1]", "[::ffff:127.0.0.1]"),
            ("1.2.3.4x", "1.2.3.4x"),
        ] {
            let host = HostPort::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(host.to_string(), written);
            assert_eq!(HostPort::parse(written), Some(host), "{text}");
        }
        let longest = [&"a".repeat(63), ".", &"b".repeat(63), ".", &"c".repeat(63), ".", &"d".repeat(61)];
        assert!(HostPort::parse(&longest.concat()).is_some(), "253 bytes");
    }

    #[test]
    fn only_what_can_be_nothing_else_is_this_machine() {
        let is_this_machine = |text: &str| Name::parse(text).unwrap().is_this_machine();
        for this in [
            "localhost",
            "LocalHost",
            "localhost.",
            "app.localhost",
            "a.b.localhost.",
            "127.0.0.1",
            "127.255.255.254",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
        ] {
            assert!(is_this_machine(this), "{this}");
        }
        for other in [
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "evil-localhost",
            "localhost-evil",
            "localhost.localdomain",
            "localhosts",
            "evil.example",
            "0.0.0.0",
            "[::]",
            "128.0.0.1",
            "126.255.255.255",
            "10.0.0.1",
            "192.168.0.1",
            "169.254.0.1",
            "[::2]",
            "[fe80::1]",
            "[::127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::7f00:1]",
        ] {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
