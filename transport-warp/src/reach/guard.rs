//! Refuses requests by their `Host` and `Origin`, and tells the operator about it.

use tracing::{debug, warn};
use warp::http::header::HeaderMap;

use super::asked::{Asker, Host, Target};
use super::name::{HostPort, Name};
use super::notices::{LostPort, News, Notices};
use super::{Origin, Pages, PublicHost, Reach};
use crate::sign_in::Denied;

/// Tells an operator how a proxy must forward the name and port it was asked by.
const PASS_HOST_ON: &str = "the proxy in front of this server must pass on Host unchanged, with its port (nginx: proxy_set_header \
                            Host $http_host)";

/// Checks the `Host` and `Origin` of requests. It logs only hosts and origins that it has
/// parsed and formats itself, never a client's text.
pub(crate) struct Guard {
    pages: Pages,
    public_hosts: Vec<PublicHost>,
    only_known_hosts: bool,
    /// Whether pages that may not open sockets may not read orders either.
    is_for_looks_too: bool,
    refused_hosts: Notices,
    refused_pages: Notices,
    lost_port: LostPort,
}

impl Guard {
    /// Makes a guard that follows `reach`.
    pub(crate) fn new(reach: &Reach, has_sign_in: bool) -> Self {
        let default = if has_sign_in { Pages::OwnHost } else { Pages::OwnHostAndThisMachine };
        let pages = reach.pages.clone().unwrap_or(default);
        Self {
            is_for_looks_too: !has_sign_in
                && match pages {
                    Pages::Any => false,
                    Pages::OwnHostAndThisMachine => true,
                    Pages::Listed(_) | Pages::OwnHost => reach.only_known_hosts,
                },
            pages,
            public_hosts: reach.public_hosts.clone(),
            only_known_hosts: reach.only_known_hosts,
            refused_hosts: Notices::new(),
            refused_pages: Notices::new(),
            lost_port: LostPort::default(),
        }
    }

    /// Checks that the server answers to the name in the request.
    ///
    /// # Errors
    /// [`Denied::Host`], when it does not.
    pub(crate) fn answers(&self, headers: &HeaderMap, target: Option<&Target>) -> Result<(), Denied> {
        if !self.only_known_hosts {
            return Ok(());
        }
        match Host::of(headers, target) {
            Host::Unnamed => Ok(()),
            Host::Named(host) if self.knows(&host) => Ok(()),
            Host::Named(host) => {
                self.tell_of_host(&host);
                Err(Denied::Host)
            }
            Host::Unreadable => {
                if let Some(unwritten) = self.refused_hosts.next() {
                    warn!(
                        unwritten,
                        "a request got 403 (host_not_allowed): its Host is not one host with an optional port; {PASS_HOST_ON}"
                    );
                }
                Err(Denied::Host)
            }
        }
    }

    /// Checks that the requesting page, if there is one, may open a socket.
    ///
    /// # Errors
    /// [`Denied::Origin`], when it may not.
    pub(crate) fn opens(&self, headers: &HeaderMap, target: Option<&Target>) -> Result<(), Denied> {
        if self.pages == Pages::Any {
            return Ok(());
        }
        match Asker::of(headers) {
            Asker::NoPage => Ok(()),
            Asker::Page(origin) => {
                let host = Host::of(headers, target);
                if self.may(&origin, &host) {
                    return Ok(());
                }
                self.tell_of_page(&origin, &host);
                Err(Denied::Origin)
            }
            Asker::Opaque => {
                if let Some(unwritten) = self.refused_pages.next() {
                    warn!(
                        unwritten,
                        "a page without an origin of its own (a file, or a frame in a sandbox) got 403 \
                         (origin_not_allowed): if it is yours, serve it with a web server, or allow any page with \
                         --allow-origin '*'"
                    );
                }
                Err(Denied::Origin)
            }
            Asker::Unreadable => {
                if let Some(unwritten) = self.refused_pages.next() {
                    warn!(
                        unwritten,
                        "a request got 403 (origin_not_allowed): its Origin is not one origin of http or https; \
                         --allow-origin '*' allows any"
                    );
                }
                Err(Denied::Origin)
            }
        }
    }

    /// Checks that the requesting page, if there is one, may read an order. On a server that
    /// answers to any name every page may: the public view contains no names, and web apps on
    /// other hosts read it.
    ///
    /// # Errors
    /// [`Denied::Origin`], when it may not.
    pub(crate) fn shows(&self, headers: &HeaderMap, target: Option<&Target>) -> Result<(), Denied> {
        if self.is_for_looks_too { self.opens(headers, target) } else { Ok(()) }
    }

    fn knows(&self, host: &HostPort) -> bool {
        let is_listed = |name: &Name| match &self.pages {
            Pages::Listed(origins) => origins.iter().any(|origin| origin.name().is_same(name)),
            Pages::Any | Pages::OwnHost | Pages::OwnHostAndThisMachine => false,
        };
        host.name.is_this_machine()
            || self.public_hosts.iter().any(|public| public.is_named_by(host))
            || is_listed(&host.name)
    }

    fn may(&self, origin: &Origin, host: &Host) -> bool {
        match &self.pages {
            Pages::Any => true,
            Pages::Listed(origins) => origins.contains(origin),
            Pages::OwnHost => self.is_own(origin, host),
            Pages::OwnHostAndThisMachine => origin.name().is_this_machine() || self.is_own(origin, host),
        }
    }

    fn is_own(&self, origin: &Origin, host: &Host) -> bool {
        let is_asked = match host {
            Host::Named(host) => origin.is_at(host),
            Host::Unnamed | Host::Unreadable => false,
        };
        is_asked || self.public_hosts.iter().any(|public| public.serves(origin))
    }

    fn tell_of_host(&self, host: &HostPort) {
        let mut public = self.public_hosts.iter().map(|PublicHost(public)| public);
        let lost = public.find(|public| public.name.is_same(&host.name) && is_without_port(host));
        if let Some(public) = lost {
            match self.lost_port.of(public) {
                News::First => {
                    return warn!(
                        %host,
                        "a request got 403 (host_not_allowed): its Host lacks the port of --public-host {public}; \
                         {PASS_HOST_ON}, or start this server with --public-host {}",
                        public.name
                    );
                }
                News::Known => return debug!(%host, "turned away: a proxy has lost the port"),
                News::OfAnother => {}
            }
        }
        if let Some(unwritten) = self.refused_hosts.next() {
            warn!(
                %host,
                unwritten,
                "a request got 403 (host_not_allowed): this server does not answer to the name in its Host; if people \
                 reach it by that name, start it with --public-host {host}"
            );
        }
    }

    fn tell_of_page(&self, origin: &Origin, host: &Host) {
        let is_own_taken = !matches!(self.pages, Pages::Listed(_));
        if let Host::Named(host) = host
            && is_own_taken
            && origin.has_lost_its_port(host)
        {
            match self.lost_port.of(&origin.host_as_written()) {
                News::First => {
                    return warn!(
                        %origin,
                        %host,
                        "a page got 403 (origin_not_allowed): Host lacks the port of the page's address; \
                         {PASS_HOST_ON}, or start this server with --allow-origin {origin}"
                    );
                }
                News::Known => return debug!(%origin, "turned away: a proxy has lost the port"),
                News::OfAnother => {}
            }
        }
        let Some(unwritten) = self.refused_pages.next() else { return };
        if is_own_taken {
            warn!(
                %origin,
                unwritten,
                "a page of another origin got 403 (origin_not_allowed): if it is yours, start this server with \
                 --allow-origin and every origin to allow, as in --allow-origin {origin}; if it is this server's \
                 own page behind a proxy, with --public-host {}",
                origin.host_as_written()
            );
        } else {
            warn!(
                %origin,
                unwritten,
                "a page of an origin that is not listed got 403 (origin_not_allowed): if it is yours, add \
                 --allow-origin {origin}"
            );
        }
    }
}

/// Whether a name came without a port, or with a port that a proxy may have put in.
fn is_without_port(host: &HostPort) -> bool {
    matches!(host.port, None | Some(80 | 443))
}

#[cfg(test)]
mod tests;
