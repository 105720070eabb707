//! The yardstick: what sockets alone can do on this machine.
//!
//! It broadcasts every text frame as a frame that was encoded when its sender connected, and knows neither
//! JSON nor orders nor a disk. The server can be faster than this only because it writes together what becomes ready
//! together.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::io::{self, IoSlice, Read as _};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::thread;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};

use crate::args::{EchoArgs, EchoWrites};
use crate::{echo_warp, payload};
use tools::frames::{FrameReader, Opcode, put_server_frame};
use tools::upgrade;

/// The size of the one buffer into which all sockets are read.
const BUFFER_BYTES: usize = 64 << 10;
/// How many frames may wait for a recipient; one with more is dropped.
const MOST_WAITING: usize = 4_096;
/// How many frames one write takes.
const FRAMES_A_WRITE: usize = 64;

struct Echo {
    args: EchoArgs,
    rooms: RefCell<HashMap<String, Rc<Room>>>,
    buffer: RefCell<Vec<u8>>,
    /// Members with waiting frames that were not yet tried to be written.
    dirty: RefCell<Vec<Rc<Member>>>,
    something_is_dirty: Notify,
    written: Cell<u64>,
}

#[derive(Default)]
struct Room {
    members: RefCell<Vec<Rc<Member>>>,
}

struct Member {
    out: OwnedWriteHalf,
    waiting: RefCell<VecDeque<Bytes>>,
    is_dirty: Cell<bool>,
    /// Whether the socket is full; its own task continues once it has room.
    blocked: Cell<bool>,
    unblock: Notify,
}

/// Serves until it is stopped; `ready` is called with the address.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) fn serve(args: EchoArgs, ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    if args.until_stdin_closes {
        thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
    }
    if args.writes == EchoWrites::Warp {
        return echo_warp::serve(&args, ready);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(args.addr).await?;
        ready(listener.local_addr()?);
        let echo = Rc::new(Echo {
            args,
            rooms: RefCell::default(),
            buffer: RefCell::new(vec![0; BUFFER_BYTES]),
            dirty: RefCell::default(),
            something_is_dirty: Notify::new(),
            written: Cell::new(0),
        });
        spawn_local(flush_dirty(Rc::clone(&echo)));
        loop {
            let (mut stream, _) = listener.accept().await?;
            let echo = Rc::clone(&echo);
            spawn_local(async move {
                if let Ok((path, begun)) = upgrade::accept(&mut stream).await {
                    let (read, out) = stream.into_split();
                    attend(&echo, &path, read, out, &begun).await;
                }
            });
        }
    })
}

/// Serves one socket, from its upgrade to its end.
async fn attend(echo: &Echo, path: &str, mut read: OwnedReadHalf, out: OwnedWriteHalf, begun: &[u8]) {
    let (name, label) = path.split_once("?_pk=").unwrap_or((path, "nobody"));
    let room = Rc::clone(echo.rooms.borrow_mut().entry(name.to_owned()).or_default());
    let member = Rc::new(Member {
        out,
        waiting: RefCell::default(),
        is_dirty: Cell::new(false),
        blocked: Cell::new(false),
        unblock: Notify::new(),
    });
    room.members.borrow_mut().push(Rc::clone(&member));
    let writer = spawn_local(write_blocked(Rc::clone(&member)));

    let mut frame = Vec::with_capacity(echo.args.frame_bytes as usize + 10);
    let payload = payload::encoded_beforehand(label, echo.args.frame_bytes as usize);
    put_server_frame(&mut frame, Opcode::Text, payload.as_bytes());
    let frame = Bytes::from(frame);
    let mut reader = FrameReader::default();
    let mut open = echo.hear(&room, &frame, &mut reader, begun);
    while open {
        open = poll_fn(|context| {
            let mut buffer = echo.buffer.borrow_mut();
            let mut buffer = ReadBuf::new(&mut buffer);
            match Pin::new(&mut read).poll_read(context, &mut buffer) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(_)) => Poll::Ready(false),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => Poll::Ready(false),
                Poll::Ready(Ok(())) => Poll::Ready(echo.hear(&room, &frame, &mut reader, buffer.filled())),
            }
        })
        .await;
    }
    writer.abort();
    room.members.borrow_mut().retain(|other| !Rc::ptr_eq(other, &member));
    if room.members.borrow().is_empty() {
        echo.rooms.borrow_mut().remove(name);
    }
}

impl Echo {
    /// Broadcasts once for each text frame in `bytes`. Returns whether the socket is still
    /// open.
    fn hear(&self, room: &Room, frame: &Bytes, reader: &mut FrameReader, mut bytes: &[u8]) -> bool {
        loop {
            match reader.read(&mut bytes, 0) {
                Ok(Some(command)) if command.opcode == Opcode::Text => {
                    room.members.borrow().iter().for_each(|member| self.send(member, frame));
                }
                Ok(Some(command)) if command.opcode == Opcode::Close => return false,
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn send(&self, member: &Rc<Member>, frame: &Bytes) {
        let nth = self.written.get() + 1;
        self.written.set(nth);
        let falls_on = |every: Option<u64>| every.is_some_and(|every| nth.checked_rem(every) == Some(0));
        if falls_on(self.args.lose_every) {
            return;
        }
        let times = if falls_on(self.args.double_every) { 2 } else { 1 };
        let mut waiting = member.waiting.borrow_mut();
        if waiting.len() < MOST_WAITING {
            waiting.extend(std::iter::repeat_n(frame.clone(), times));
        }
        drop(waiting);
        if self.args.writes != EchoWrites::Batched {
            member.flush();
        } else if !member.is_dirty.replace(true) {
            self.dirty.borrow_mut().push(Rc::clone(member));
            self.something_is_dirty.notify_one();
        }
    }
}

/// Writes once for each turn of the event loop in which something was sent, after
/// everything that was ready then.
async fn flush_dirty(echo: Rc<Echo>) {
    loop {
        echo.something_is_dirty.notified().await;
        let mut dirty = echo.dirty.take();
        for member in dirty.drain(..) {
            member.is_dirty.set(false);
            member.flush();
        }
        // Keeps its allocation.
        echo.dirty.replace(dirty);
    }
}

impl Member {
    /// Writes what waits, as far as the socket accepts it.
    fn flush(&self) {
        if self.blocked.get() {
            return;
        }
        let mut waiting = self.waiting.borrow_mut();
        while !waiting.is_empty() {
            let written = if waiting.len() == 1 {
                self.out.try_write(waiting.front().map_or(&[], |frame| frame))
            } else {
                let mut slices = [IoSlice::new(&[]); FRAMES_A_WRITE];
                let used =
                    slices.iter_mut().zip(waiting.iter()).map(|(slice, frame)| *slice = IoSlice::new(frame));
                let used = used.count();
                self.out.try_write_vectored(slices.get(..used).unwrap_or(&slices))
            };
            match written {
                Ok(mut written) => {
                    while let Some(front) = waiting.front_mut() {
                        if written < front.len() {
                            front.advance(written);
                            break;
                        }
                        written -= front.len();
                        waiting.pop_front();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked.set(true);
                    self.unblock.notify_one();
                    return;
                }
                // The reading side notices the error and ends the socket.
                Err(_) => return waiting.clear(),
            }
        }
    }
}

/// Continues writing whenever the socket was full.
async fn write_blocked(member: Rc<Member>) {
    loop {
        member.unblock.notified().await;
        while member.blocked.get() {
            if member.out.writable().await.is_err() {
                return;
            }
            member.blocked.set(false);
            member.flush();
        }
    }
}
