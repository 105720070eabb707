//! The address of a room: a WebSocket for guests, plain HTTP for viewers.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use order_core::wire::HistoryPage;
use order_host::{
    Allowance, Counted, Cursor, Door, HistoryError, Host, NotYet, Opening, Pace, Protocol, RoomKey, Ticket,
};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tracing::{debug, warn};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::filters::path::Peek;
use warp::http::header::{HeaderMap, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::hyper::upgrade::OnUpgrade;
use warp::reject::Rejection;
use warp::reply::Response;

use super::answer::Excess;
use super::{RouteSettings, answer};
use crate::address::{self, AddressError};
use crate::peer::{self, Place, PlaceTickets, Somebody, TcpPeer, Visits, Volume};
use crate::query;
use crate::reach::{Guard, Target};
use crate::room_session::RoomSession;
use crate::sign_in::{Denied, Guest};
use crate::socket::{Handshake, SocketSettings};

/// How long a socket may take to end once the server stops and has stored all accepted
/// changes. A client that does not read, or does not answer the close frame, must not delay
/// the restart.
const GOODBYE_WHEN_STOPPING: Duration = Duration::from_secs(3);

/// The answer to requests while the server stops.
const RESTARTS: &str = "The server is restarting; try again in a moment";

/// The header in which a proxy most likely reports the client's address.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Serves `/parties/:party/:room` and `/party/:room`, with anything after them.
///
/// A WebSocket handshake opens a socket in the room. GET returns the public view of the
/// order: JSON without names and phones. All refusals happen before the upgrade: those of a
/// person as JSON with a code, those of a malformed request as plain text.
///
/// Rejects other paths, so that `.or()` continues.
pub fn room_routes(host: &Host, settings: &RouteSettings) -> BoxedFilter<(Response,)> {
    guarded(host, settings, settings.guard())
}

/// The same routes, checked by this guard.
pub(super) fn guarded(host: &Host, settings: &RouteSettings, guard: Arc<Guard>) -> BoxedFilter<(Response,)> {
    let rooms = Arc::new(Rooms {
        host: host.clone(),
        socket: Arc::new(settings.socket.clone()),
        slots: Arc::new(Semaphore::new(settings.max_sockets)),
        by_address: Counted::default(),
        by_room: Counted::default(),
        by_guest: Counted::default(),
        warned: Warned::default(),
        visits: settings.peers.visits.map(Visits::new),
        newcomers: settings.peers.newcomers.map(|pace| Arc::new(Visits::new(pace))),
        stored: settings.peers.stored.map(|pace| Arc::new(Volume::new(pace))),
        guard,
        settings: settings.clone(),
    });
    warp::path::peek()
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::optional::<TcpPeer>())
        .and(warp::ext::optional::<Target>())
        .and_then(
            move |path: Peek, query: String, method, headers, on_upgrade, peer, target: Option<Target>| {
                let rooms = Arc::clone(&rooms);
                async move {
                    let Some(room) = address::parse(path.as_str()) else {
                        return Err(warp::reject::not_found());
                    };
                    let target = target.as_ref();
                    if let Err(denied) = rooms.guard.answers(&headers, target) {
                        return Ok(answer::denied(denied));
                    }
                    let proxies = rooms.settings.peers.proxies.as_ref();
                    let place = Place::of(peer, &headers, proxies);
                    if let Some(peer) = peer {
                        rooms.warn_of_a_proxy(peer, &headers);
                    }
                    let request =
                        Request { method: &method, query: &query, headers: &headers, target, place };
                    Ok::<_, Rejection>(rooms.answer(room, request, on_upgrade).await)
                }
            },
        )
        .boxed()
}

/// A socket's places in the counts, released when it ends.
type Tickets =
    (Option<PlaceTickets<Place>>, Option<PlaceTickets<(Somebody, RoomKey)>>, Option<Ticket<RoomKey>>);

/// A request to a room.
#[derive(Clone, Copy)]
struct Request<'a> {
    method: &'a Method,
    query: &'a str,
    headers: &'a HeaderMap,
    /// The authority in its request line, if there is one.
    target: Option<&'a Target>,
    /// Where it comes from. `None`: not bounded by address.
    place: Option<Place>,
}

/// Which kinds of proxies the operator was already told about.
#[derive(Default)]
struct Warned {
    /// An untrusted one on this machine.
    of_this_machine: AtomicBool,
    /// An untrusted one elsewhere, or a client that claims to be one.
    elsewhere: AtomicBool,
    /// A trusted one that does not report the client's address.
    silent: AtomicBool,
}

struct Rooms {
    host: Host,
    socket: Arc<SocketSettings>,
    slots: Arc<Semaphore>,
    by_address: Counted<Place>,
    by_room: Counted<RoomKey>,
    by_guest: Counted<(Somebody, RoomKey)>,
    warned: Warned,
    visits: Option<Visits>,
    /// The rate limit of people who are new to an order.
    newcomers: Option<Arc<Visits>>,
    /// The limit of what one person or address adds to what is stored.
    stored: Option<Arc<Volume>>,
    guard: Arc<Guard>,
    settings: RouteSettings,
}

impl Rooms {
    async fn answer(
        &self,
        room: Result<RoomKey, AddressError>,
        request: Request<'_>,
        on_upgrade: Option<OnUpgrade>,
    ) -> Response {
        let method = request.method;
        // A preflight is answered in any case: a browser hides the reason of one that fails.
        if method == Method::OPTIONS
            && let Some(response) = answer::to_method(method)
        {
            return response;
        }
        let room = match room {
            Ok(room) => room,
            Err(error @ AddressError::BadRoom(_)) => {
                return answer::text(StatusCode::BAD_REQUEST, &error.to_string());
            }
            Err(error) => return answer::text(StatusCode::NOT_FOUND, &error.to_string()),
        };
        if let (Some(visits), Some(place)) = (&self.visits, request.place)
            && let Err(wait) = visits.count(place)
        {
            debug!("turned away: its address visits too fast");
            return answer::too_many(&Excess::Visits(visits.pace(), wait));
        }
        if Handshake::is_asked(request.headers) {
            return self.open(room, request, on_upgrade).await;
        }
        if let Some(response) = answer::to_method(method) {
            return response;
        }
        if let Err(denied) = self.guard.shows(request.headers, request.target) {
            return answer::denied(denied);
        }
        match self.guest(&room, request).await {
            Ok(guest) if parameter(request.query, "history").is_some() => {
                self.history(&room, guest.as_ref(), request.query).await
            }
            Ok(_) => self.view(&room).await,
            Err(denied) => answer::denied(denied),
        }
    }

    /// The person who asks. `None`: there is no sign-in.
    async fn guest(&self, room: &RoomKey, request: Request<'_>) -> Result<Option<Guest>, Denied> {
        let Some(sign_in) = &self.settings.sign_in else { return Ok(None) };
        let found = async {
            let guest = sign_in.guest(room, request.headers, request.query)?;
            // The order is read only for a valid token.
            match self.host.admits(room, guest.access()).await {
                Ok(true) => Ok(Some(guest)),
                Ok(false) => Err(Denied::Elsewhere),
                Err(error) => {
                    warn!(%error, "an order cannot be read");
                    Err(Denied::Unavailable)
                }
            }
        };
        found
            .await
            .inspect_err(|denied| debug!(room = %room.fingerprint(), code = denied.code(), "turned away"))
    }

    /// Opens a socket.
    async fn open(&self, room: RoomKey, request: Request<'_>, on_upgrade: Option<OnUpgrade>) -> Response {
        let handshake = match Handshake::check(request.method, request.headers, on_upgrade) {
            Ok(handshake) => handshake,
            Err(refusal) => {
                let mut response = answer::text(refusal.status(), &refusal.to_string());
                for (name, value) in refusal.headers() {
                    response.headers_mut().insert(name, HeaderValue::from_static(value));
                }
                return response;
            }
        };
        if let Err(denied) = self.guard.opens(request.headers, request.target) {
            return answer::denied(denied);
        }
        if self.settings.stopping.is_cancelled() {
            return answer::try_later(RESTARTS);
        }
        let identity = match self.guest(&room, request).await {
            Ok(None) => None,
            Ok(Some(Guest::Diner(identity))) => Some(identity),
            Ok(Some(Guest::Backend(_))) => return answer::denied(Denied::NotADiner),
            Err(denied) => return answer::denied(denied),
        };
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            warn!(
                sockets = self.settings.max_sockets,
                "a socket was refused: the server has its maximum of sockets"
            );
            let most = self.settings.max_sockets;
            return answer::try_later(&format!(
                "The server has its maximum of {most} sockets; try again in a moment"
            ));
        };
        let somebody = identity.as_ref().map(|identity| Somebody::signed_in(identity, &room));
        let tickets = match self.tickets(&room, request.place, somebody.as_ref()) {
            Ok(tickets) => tickets,
            Err(excess) => return answer::too_many(&excess),
        };
        let (host, drained_host) = (self.host.clone(), self.host.clone());
        let door = self.door(request.place);
        let allowance = self.allowance(request.place, somebody);
        let opening = Opening { identity, door, allowance, ..opening(&handshake, request.query) };
        let subprotocol = Some(opening.protocol.subprotocol()).filter(|name| handshake.offers(name));
        let (response, task) = handshake
            .accept(Arc::clone(&self.socket), subprotocol, move || RoomSession(host.open(room, opening)));
        let stopping = self.settings.stopping.clone();
        self.settings.sockets.spawn(async move {
            let too_long = async {
                stopping.cancelled().await;
                drained_host.drained().await;
                sleep(GOODBYE_WHEN_STOPPING).await;
            };
            tokio::select! {
                () = task => {}
                () = too_long => debug!("a socket took too long to end and was cut off"),
            }
            drop((slot, tickets));
        });
        answer::in_every_answer(response)
    }

    /// Takes a place among the sockets of one address, of one guest in a room, and of the room.
    fn tickets(
        &self,
        room: &RoomKey,
        place: Option<Place>,
        signed_in: Option<&Somebody>,
    ) -> Result<Tickets, Excess> {
        let peers = &self.settings.peers;
        let of_address = match (place, peers.sockets_per_address) {
            (Some(place), Some(most)) => Some(
                peer::take(&self.by_address, place, most, |place| place).ok_or(Excess::OfAddress(most))?,
            ),
            _ => None,
        };
        let of_guest = match (signed_in, place, peers.sockets_per_guest) {
            (_, _, None) | (None, None, _) => None,
            (Some(somebody), _, Some(most)) => {
                let key = (somebody.clone(), room.clone());
                Some((self.by_guest.take(&key, most).ok_or(Excess::OfGuest(most))?, None))
            }
            (None, Some(place), Some(most)) => {
                let key = |place| (Somebody::At(place), room.clone());
                Some(peer::take(&self.by_guest, place, most, key).ok_or(Excess::OfGuest(most))?)
            }
        };
        let of_room = match peers.sockets_per_room {
            Some(most) => Some(self.by_room.take(room, most).ok_or(Excess::OfRoom(most))?),
            None => None,
        };
        Ok((of_address, of_guest, of_room))
    }

    /// Warns the operator, once for each kind, of an untrusted proxy and of a trusted one that
    /// does not report the client's address: limits by address then do not tell its guests
    /// apart. A remote client that claims to be a proxy does not use up the warning about one
    /// on this machine.
    fn warn_of_a_proxy(&self, TcpPeer(peer): TcpPeer, headers: &HeaderMap) {
        let proxies = self.settings.peers.proxies.as_ref();
        let header = proxies.map_or(X_FORWARDED_FOR, |proxies| proxies.header().as_str());
        let is_trusted = proxies.is_some_and(|proxies| proxies.trust(peer));
        let warned = match (is_trusted, headers.contains_key(header)) {
            (true, false) => &self.warned.silent,
            (false, true) if peer.to_canonical().is_loopback() => &self.warned.of_this_machine,
            (false, true) => &self.warned.elsewhere,
            (true, true) | (false, false) => return,
        };
        if warned.swap(true, Ordering::Relaxed) {
            return;
        }
        if is_trusted {
            warn!(%peer, header, "a trusted proxy does not send the addresses of its clients: they all count as one address");
        } else {
            warn!(%peer, header, "a client sends the header of a proxy, but is not a --trusted-proxy: everybody behind it counts as one address");
        }
    }

    /// The rate limit of new people for this place. `None`: no limit.
    fn door(&self, place: Option<Place>) -> Option<Door> {
        let (place, newcomers) = (place?, self.newcomers.clone()?);
        Some(Door::new(move || {
            let Pace { per_second, burst } = newcomers.pace();
            let bound =
                || format!("at most {per_second} new guests a second from one address, {burst} at once");
            newcomers.count(place).map_err(|wait| NotYet { bound: bound(), wait })
        }))
    }

    /// The limit of what is stored for this person or place. `None`: no limit.
    fn allowance(&self, place: Option<Place>, signed_in: Option<Somebody>) -> Option<Allowance> {
        let stored = self.stored.clone()?;
        let who = signed_in.or_else(|| place.map(Somebody::At))?;
        Some(Allowance::new(move |bytes| stored.count(&who, bytes)))
    }

    /// The history of the order, for its participants and the back end.
    async fn history(&self, room: &RoomKey, guest: Option<&Guest>, query: &str) -> Response {
        let asker = match guest {
            Some(Guest::Backend(_)) => None,
            Some(Guest::Diner(identity)) => Some(identity.participant.clone()),
            None => match parameter(query, "resume").and_then(|token| self.host.resumes(room, &token)) {
                Some(participant) => Some(participant),
                None => return answer::denied(Denied::NotAtTheTable),
            },
        };
        let (before, limit) = (parameter(query, "before"), parameter(query, "limit"));
        let page = match HistoryPage::from_texts(before.as_deref(), limit.as_deref()) {
            Ok(page) => page,
            Err(rejection) => return answer::text(StatusCode::BAD_REQUEST, &rejection.to_string()),
        };
        match self.host.history(room, asker.as_ref(), page).await {
            Ok(page) => answer::json(StatusCode::OK, page),
            Err(HistoryError::NotAtTheTable) => answer::denied(Denied::NotAtTheTable),
            Err(busy @ HistoryError::Busy) => answer::too_many(&Excess::Histories(busy)),
            Err(HistoryError::TooMuch(early)) => answer::too_many(&Excess::Answers(early)),
            Err(HistoryError::Draining) => answer::try_later(RESTARTS),
            Err(error) => {
                warn!(%error, "a history cannot be read");
                answer::denied(Denied::Unavailable)
            }
        }
    }

    /// The public view of the order.
    async fn view(&self, room: &RoomKey) -> Response {
        match self.host.public_view(room).await {
            Ok(Some(view)) => answer::json(StatusCode::OK, view),
            Ok(None) => answer::json(
                StatusCode::NOT_FOUND,
                r#"{"error":"nobody has joined an order with this name","code":"order_not_found"}"#
                    .to_owned(),
            ),
            Err(error) => {
                warn!(%error, "an order cannot be read");
                answer::json(
                    StatusCode::SERVICE_UNAVAILABLE,
                    r#"{"error":"the order cannot be read now; try again","code":"storage_unavailable"}"#
                        .to_owned(),
                )
            }
        }
    }
}

/// The value of a query parameter: the last if there are several, and an empty one if it
/// has none.
fn parameter<'query>(query: &'query str, name: &str) -> Option<Cow<'query, str>> {
    query::values(query, name).last()
}

/// Reads how a socket opens: `stonepot.v2` among its subprotocols, and `resume` and `since`
/// in the query. Other parameters are ignored.
fn opening(handshake: &Handshake, query: &str) -> Opening {
    let v2 = handshake.offers(Protocol::V2.subprotocol());
    Opening {
        protocol: if v2 { Protocol::V2 } else { Protocol::V1 },
        resume_token: parameter(query, "resume").filter(|token| !token.is_empty()).map(Cow::into_owned),
        since: parameter(query, "since").and_then(|since| Cursor::parse(&since)),
        ..Opening::default()
    }
}
