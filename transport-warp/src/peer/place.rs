//! Finds the address that a request comes from.

use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use order_host::{Counted, Ticket};
use thiserror::Error;
use warp::http::HeaderMap;
use warp::http::header::{FORWARDED, HeaderName};

use super::TcpPeer;

/// The trusted reverse proxies, and the header in which they report the client's address.
///
/// The header is a comma-separated list, as `X-Forwarded-For`; each proxy appends the
/// address it was asked from. Only entries written by trusted proxies count: the client is
/// the last address that is not itself a trusted proxy. For a connection that does not come
/// from a trusted proxy, the header is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: HeaderName,
}

/// Why a network or a header name is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Neither an address nor a network.
    #[error("`{0}` is neither an address such as 10.0.0.7 nor a network such as 10.0.0.0/8")]
    Network(String),
    /// Not the name of a header.
    #[error("`{0}` is not the name of a header")]
    Header(String),
    /// The header of RFC 7239, whose entries are not plain addresses.
    #[error("the header `{0}` is not supported; have the proxy set x-forwarded-for")]
    Forwarded(String),
}

impl TrustedProxies {
    /// Trusts the proxies at these addresses or in these networks (`10.0.0.7`, `10.0.0.0/8`,
    /// `fd00::/8`), which use this header.
    ///
    /// # Errors
    /// When an entry is neither an address nor a network, or the header's name is invalid or is
    /// `Forwarded`, which has another format.
    pub fn new(networks: &[String], header: &str) -> Result<Self, ProxyError> {
        let networks = networks.iter().map(|text| network(text)).collect::<Result<_, _>>()?;
        let name = header.parse().map_err(|_| ProxyError::Header(header.to_owned()))?;
        if name == FORWARDED {
            return Err(ProxyError::Forwarded(header.to_owned()));
        }
        Ok(Self { networks, header: name })
    }

    /// The header in which these proxies report the client's address.
    pub(crate) fn header(&self) -> &HeaderName {
        &self.header
    }

    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whether a proxy on this machine can be among them: one of the loopback addresses is
    /// trusted.
    pub fn may_be_on_this_machine(&self) -> bool {
        let of_this_machine = [(IpAddr::V4(Ipv4Addr::LOCALHOST), 8), (IpAddr::V6(Ipv6Addr::LOCALHOST), 128)]
            .map(|(address, bits)| {
                IpNet::new(address, bits).map_or(IpNet::from(address), |network| network.trunc())
            });
        let meet = |network: &IpNet| {
            of_this_machine.iter().any(|ours| ours.contains(network) || network.contains(ours))
        };
        self.networks.iter().any(meet)
    }

    /// The address of the client that asked through `peer`.
    fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut origin = peer;
        let lines = headers.get_all(&self.header).iter().rev();
        // No trusted proxy writes a line that is not text; nothing before it can be trusted either.
        let lines = lines.map(|line| line.to_str().unwrap_or_default());
        for text in lines.flat_map(|line| line.rsplit(',')) {
            if !self.trust(origin) {
                break;
            }
            let Some(address) = address(text.trim()) else { break };
            origin = address;
        }
        origin
    }
}

fn network(text: &str) -> Result<IpNet, ProxyError> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map(canonical).map_err(|_| ProxyError::Network(text.to_owned()))
}

/// Returns the IPv4 network if it was written as IPv4-mapped IPv6. The addresses to look up
/// are treated alike.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(network) => network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    let mapped = mapped.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok());
    mapped.map_or(network, IpNet::V4)
}

/// Reads an address with or without a port, as proxies write them.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// The unit in which addresses are counted: an IPv4 address, or the first 64 bits of an
/// IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place(IpNet);

/// The prefix length of an IPv6 site: one customer may have up to 65,536 networks that
/// share it.
const SITE_BITS: u8 = 48;

/// How many times the limit of one network all networks of a site may use together.
pub(crate) const SITE_FACTOR: u8 = 4;

impl Place {
    /// The place a request comes from. `None`: not bounded by address.
    pub(crate) fn of(
        peer: Option<TcpPeer>,
        headers: &HeaderMap,
        proxies: Option<&TrustedProxies>,
    ) -> Option<Self> {
        let TcpPeer(peer) = peer?;
        match proxies.filter(|proxies| proxies.trust(peer)) {
            // A proxy's loopback address may mean another machine.
            Some(proxies) => Some(Self::around(proxies.origin(peer.to_canonical(), headers))),
            None => Self::at(peer),
        }
    }

    /// The place of a client that connects from this address. `None`: not bounded by address.
    pub(crate) fn at(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        (!address.is_loopback()).then(|| Self::around(address))
    }

    fn around(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self(address.into()),
            IpAddr::V6(_) => Self::network(address, 64),
        }
    }

    fn network(address: IpAddr, bits: u8) -> Self {
        let whole = IpNet::from(address);
        Self(IpNet::new(address, bits).map_or(whole, |network| network.trunc()))
    }

    /// The IPv6 site that it belongs to. `None` for IPv4.
    pub(crate) fn site(self) -> Option<Self> {
        match self.0 {
            IpNet::V4(_) => None,
            IpNet::V6(network) => Some(Self::network(network.addr().into(), SITE_BITS)),
        }
    }
}

/// Tickets of something that is counted by its address and by its site.
pub(crate) type PlaceTickets<K> = (Ticket<K>, Option<Ticket<K>>);

/// Counts one more under the key of a place. `None`: its address has `most` already, or its
/// site [`SITE_FACTOR`] times as many.
pub(crate) fn take<K: Eq + Hash + Clone>(
    counted: &Counted<K>,
    place: Place,
    most: usize,
    key: impl Fn(Place) -> K,
) -> Option<PlaceTickets<K>> {
    let of_address = counted.take(&key(place), most)?;
    let Some(site) = place.site() else { return Some((of_address, None)) };
    let of_site = counted.take(&key(site), most.saturating_mul(SITE_FACTOR.into()))?;
    Some((of_address, Some(of_site)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> TrustedProxies {
        let networks = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"].map(str::to_owned);
        TrustedProxies::new(&networks, "X-Forwarded-For").unwrap()
    }

    /// The client's address, as found for a request from `peer` with these header lines.
    fn origin(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        headers.append("x-real-ip", "9.9.9.9".parse().unwrap());
        proxies().origin(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxy_counts() {
        for (peer, lines, expected) in [
            ("10.0.0.1", &["203.0.113.5"][..], "203.0.113.5"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.5, 10.2.3.4"], "203.0.113.5"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.5", "10.2.3.4 , 127.0.0.1"], "203.0.113.5"),
            ("10.0.0.1", &["203.0.113.5:4711"], "203.0.113.5"),
            ("fd00::7", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("fd00::7", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["::ffff:203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["10.9.9.9"], "10.9.9.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(origin(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn who_is_no_trusted_proxy_is_where_they_come_from_whatever_they_say() {
        for lines in [&["1.2.3.4"][..], &["10.0.0.1"], &["127.0.0.1, 10.0.0.1"], &[""]] {
            assert_eq!(origin("203.0.113.9", lines), "203.0.113.9", "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_and_all_before_it_counts_for_nothing() {
        for garbage in ["unknown", "", "1.2.3", "1.2.3.4.5", "_hidden", "for=1.2.3.4", "[::1", "999.1.1.1"] {
            assert_eq!(origin("10.0.0.1", &[&format!("1.1.1.1, {garbage}")]), "10.0.0.1", "{garbage}");
            let line = format!("1.1.1.1, {garbage}, 10.3.3.3");
            assert_eq!(origin("10.0.0.1", &[&line]), "10.3.3.3", "{garbage}");
        }
        assert_eq!(origin("10.0.0.1", &["1.1.1.1, \u{e9}, 10.3.3.3"]), "10.0.0.1", "no text at all");
    }

    #[test]
    fn a_network_of_ipv6_is_one_place_and_this_machine_is_none() {
        let place = |address: &str| Place::at(address.parse().unwrap());
        assert_eq!(place("2001:db8:1:2:3::4"), place("2001:db8:1:2:ffff::1"));
        assert_ne!(place("2001:db8:1:2::"), place("2001:db8:1:3::"));
        assert_eq!(place("::ffff:192.0.2.1"), place("192.0.2.1"));
        assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
        for own in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(place(own), None, "{own}");
        }
    }

    #[test]
    fn what_is_no_network_or_no_header_is_refused() {
        for wrong in ["", "10.0.0", "10.0.0.0/33", "localhost", "*", "10.0.0.1:80"] {
            let refused = TrustedProxies::new(&[wrong.to_owned()], "x-forwarded-for");
            assert_eq!(refused, Err(ProxyError::Network(wrong.to_owned())));
        }
        let refused = TrustedProxies::new(&[], "X Forwarded");
        assert_eq!(refused, Err(ProxyError::Header("X Forwarded".to_owned())));
        let refused = TrustedProxies::new(&[], "Forwarded");
        assert_eq!(refused, Err(ProxyError::Forwarded("Forwarded".to_owned())));
    }

    #[test]
    fn a_network_is_trusted_however_it_is_written() {
        for network in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "10.0.0.1"] {
            let proxies = TrustedProxies::new(&[network.to_owned()], "x-forwarded-for").unwrap();
            for address in ["10.0.0.1", "::ffff:10.0.0.1"] {
                assert!(proxies.trust(address.parse().unwrap()), "{network} {address}");
            }
            assert!(!proxies.trust("11.0.0.1".parse().unwrap()), "{network}");
        }
    }

    #[test]
    fn a_network_with_a_loopback_address_in_it_may_be_of_this_machine() {
        let may_be = |network: &str| {
            TrustedProxies::new(&[network.to_owned()], "x-forwarded-for").unwrap().may_be_on_this_machine()
        };
        for own in [
            "127.0.0.1",
            "127.0.0.0/8",
            "127.9.0.0/16",
            "126.0.0.0/7",
            "0.0.0.0/0",
            "::1",
            "::/0",
            "::ffff:127.0.0.1",
            "::ffff:127.0.0.0/104",
        ] {
            assert!(may_be(own), "{own}");
        }
        for other in ["10.0.0.0/8", "126.0.0.0/8", "128.0.0.1", "fd00::/8", "::2", "192.168.0.0/16"] {
            assert!(!may_be(other), "{other}");
        }
    }

    #[test]
    fn this_very_machine_is_unbounded_only_where_it_connects_itself() {
        let of = |peer: &str, line: &str| {
            let mut headers = HeaderMap::new();
            headers.append("x-forwarded-for", line.parse().unwrap());
            Place::of(Some(TcpPeer(peer.parse().unwrap())), &headers, Some(&proxies()))
        };
        // A proxy that reports "127.0.0.1" means its own machine, or another proxy there.
        assert!(of("10.0.0.1", "127.0.0.1").is_some());
        assert!(of("127.0.0.1", "").is_some());
        assert_eq!(of("127.0.0.2", "203.0.113.5"), None, "not a trusted one");
    }

    #[test]
    fn the_networks_of_a_site_have_together_what_four_of_them_have() {
        let counted = Counted::default();
        let place = |network: u16| Place::at(IpAddr::from([0x2001, 0xdb8, 1, network, 0, 0, 0, 7])).unwrap();
        let mut taken = Vec::new();
        for network in 0..100 {
            taken.extend((0..5).filter_map(|_| take(&counted, place(network), 3, |place| place)));
        }
        assert_eq!(taken.len(), 12);
        let elsewhere = Place::at("2001:db8:2::7".parse().unwrap()).unwrap();
        assert!(take(&counted, elsewhere, 3, |place| place).is_some());
        let same = Place::at("2001:db8:1::".parse().unwrap()).unwrap();
        assert_ne!(same.site(), Some(same), "a network is not its site");
        taken.pop();
        assert!(take(&counted, place(70), 3, |place| place).is_some(), "there is place again");
    }
}
