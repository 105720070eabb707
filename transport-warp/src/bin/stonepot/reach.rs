//! Turns command-line options into the pages that may use the server and the names it
//! answers to.

use std::net::SocketAddr;
use std::str::FromStr;

use transport_warp::{Origin, OriginError, Pages, PublicHost, Reach, TrustedProxies};

use crate::arguments::{Auth, Serve};
use crate::server::StartError;

/// A value of `--allow-origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllowedOrigin {
    /// Any page: `*`.
    Any,
    /// The pages of one origin.
    One(Origin),
}

impl FromStr for AllowedOrigin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text == "*" { Ok(Self::Any) } else { text.parse().map(Self::One) }
    }
}

/// Returns which pages and names the command line allows. `is_of_this_machine`: only this
/// machine can connect to the server.
///
/// # Errors
/// When `--allow-origin` contradicts itself, or when a server without sign-in is on the
/// network and no option says which pages may use it.
pub(crate) fn reach(
    arguments: &Serve,
    is_of_this_machine: bool,
    proxies: Option<&TrustedProxies>,
) -> Result<Reach, StartError> {
    let mut reach = arguments.public_host.iter().cloned().fold(Reach::default(), Reach::public_host);
    let is_named = !arguments.public_host.is_empty();
    let has_proxy_here = proxies.is_some_and(TrustedProxies::may_be_on_this_machine);
    let listed = listed(&arguments.allow_origin)?;
    let is_any = listed == Some(Pages::Any);
    let pages = match (arguments.auth, listed) {
        (_, Some(pages)) => Some(pages),
        // The default is right: pages of the server's own host.
        (Auth::Required, None) => None,
        (Auth::Off, None) if !is_of_this_machine && !is_named => {
            return Err(StartError::UnnamedPages(arguments.addr.clone()));
        }
        // Where guests are on other machines, a page at `localhost` is on one of theirs.
        (Auth::Off, None) if !is_of_this_machine || has_proxy_here => Some(Pages::OwnHost),
        (Auth::Off, None) => Some(Pages::OwnHostAndThisMachine),
    };
    if let Some(pages) = pages {
        reach = reach.pages(pages);
    }
    // With sign-in, tokens decide who gets in. On the network, a list of origins is enough: a
    // page under any other name has an origin that is not listed.
    let is_bounded =
        arguments.auth == Auth::Off && !is_any && (is_named || (is_of_this_machine && !has_proxy_here));
    if !is_bounded {
        return Ok(reach);
    }
    if let Some(host) = own_host(&arguments.addr) {
        reach = reach.public_host(host);
    }
    Ok(reach.only_known_hosts())
}

/// The host that `--addr` names, which is how its operator will address the server. `None`
/// if it means every network.
fn own_host(addr: &str) -> Option<PublicHost> {
    let is_every_network = |address: SocketAddr| address.ip().to_canonical().is_unspecified();
    if addr.parse().is_ok_and(is_every_network) { None } else { addr.parse().ok() }
}

fn listed(allowed: &[AllowedOrigin]) -> Result<Option<Pages>, StartError> {
    let mut origins = Vec::new();
    for one in allowed {
        match one {
            AllowedOrigin::Any if allowed.len() == 1 => return Ok(Some(Pages::Any)),
            AllowedOrigin::Any => return Err(StartError::AnyAmongOrigins),
            AllowedOrigin::One(origin) => origins.push(origin.clone()),
        }
    }
    Ok((!origins.is_empty()).then_some(Pages::Listed(origins)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listened_on_by_name_is_a_host_and_every_network_is_none() {
        for own in ["orders.test:1999", "192.0.2.1:80", "[2001:db8::1]:1999"] {
            assert_eq!(own_host(own), own.parse().ok(), "{own}");
            assert!(own_host(own).is_some(), "{own}");
        }
        for none in ["0.0.0.0:1999", "[::]:1999", "[::ffff:0.0.0.0]:1999", "127.0.0.1:0", "nonsense:x"] {
            assert_eq!(own_host(none), None, "{none}");
        }
    }
}
