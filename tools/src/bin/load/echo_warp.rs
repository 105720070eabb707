//! The other yardstick: the same echo as a typical application, on warp's own WebSockets.
//!
//! One task reads a socket and another sends what is queued for it, as in warp's chat
//! example. Frames are encoded beforehand as in the bare echo, and there is no JSON, order
//! or disk either.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transport_warp::accept::{self, AcceptSettings};
use warp::Filter as _;
use warp::filters::path::FullPath;
use warp::ws::{Message, WebSocket, Ws};

use crate::args::EchoArgs;
use crate::payload;

/// How many messages may wait for a recipient; more are lost, and the load notices.
const MOST_WAITING: usize = 4_096;

/// The number of each socket of a room, and the queue of its sending task.
type Room = Vec<(u64, mpsc::Sender<Message>)>;

#[derive(Default)]
struct Rooms {
    rooms: Mutex<HashMap<String, Room>>,
}

/// Serves until it is stopped; `ready` is called with the address.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) fn serve(args: &EchoArgs, ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let bytes = args.frame_bytes as usize;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.addr).await?;
        ready(listener.local_addr()?);
        let rooms = Arc::new(Rooms::default());
        let filter = warp::path::full()
            .and(warp::query::raw())
            .and(warp::ws())
            .map(move |path: FullPath, label: String, ws: Ws| {
                let rooms = Arc::clone(&rooms);
                // Before the handshake is answered: from then on a client expects to get what others send.
                let (queue, queued) = mpsc::channel(MOST_WAITING);
                let number = rooms.enter(path.as_str(), queue);
                ws.on_upgrade(move |socket| async move {
                    let label = label.strip_prefix("_pk=").unwrap_or("nobody");
                    let payload = payload::encoded_beforehand(label, bytes);
                    attend(&rooms, path.as_str(), socket, payload, queued).await;
                    rooms.leave(path.as_str(), number);
                })
            })
            .boxed();
        // warp's own accept loop leaves Nagle's algorithm on, which would delay frames.
        let (sockets, stop) = (TaskTracker::new(), CancellationToken::new());
        accept::serve(listener, filter, AcceptSettings::default(), sockets, stop, async {}).await;
        Ok(())
    })
}

/// Serves one socket, from its upgrade to its end.
async fn attend(
    rooms: &Rooms,
    room: &str,
    socket: WebSocket,
    payload: String,
    mut queued: mpsc::Receiver<Message>,
) {
    let message = Message::text(payload);
    let (mut out, mut read) = socket.split();
    tokio::spawn(async move {
        while let Some(message) = queued.recv().await {
            if out.send(message).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(heard)) = read.next().await {
        if heard.is_text() {
            rooms.tell(room, &message);
        }
    }
}

impl Rooms {
    fn enter(&self, room: &str, queue: mpsc::Sender<Message>) -> u64 {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(room.to_owned()).or_default();
        let number = room.last().map_or(0, |(last, _)| last + 1);
        room.push((number, queue));
        number
    }

    fn tell(&self, room: &str, message: &Message) {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, queue) in rooms.get(room).into_iter().flatten() {
            // The load counts a lost message.
            drop(queue.try_send(message.clone()));
        }
    }

    fn leave(&self, room: &str, number: u64) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sockets) = rooms.get_mut(room) {
            sockets.retain(|(other, _)| *other != number);
            if sockets.is_empty() {
                rooms.remove(room);
            }
        }
    }
}
