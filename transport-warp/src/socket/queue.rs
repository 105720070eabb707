//! What waits to be written to one socket.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// How many pieces one vectored write takes: of each frame its head, and the pieces of its body, of which there are up to six.
pub(super) const SLICES: usize = 64;

/// When so many frames wait, no more are taken, however small they are: a write does not hold many more.
const MAX_FRAMES: usize = SLICES / 2;

/// Frames in the order in which they go out. The bodies are shared with every other socket that gets them.
///
/// Bounded by whoever fills it: [`SendQueue::has_room`] says when to stop, and one message may go past the bound.
#[derive(Debug)]
pub(super) struct SendQueue {
    frames: VecDeque<QueuedFrame>,
    /// How much of the first frame is written already.
    written: usize,
    bytes: usize,
    bound_bytes: usize,
}

/// One frame of a server: unmasked, so its head is all that stands before the body.
#[derive(Debug)]
struct QueuedFrame {
    head: [u8; 10],
    head_bytes: u8,
    body: Box<[Bytes]>,
}

impl QueuedFrame {
    fn new(opcode: OpCode, body: Box<[Bytes]>) -> Self {
        let bytes = body.iter().map(Bytes::len).sum::<usize>() as u64;
        let header = FrameHeader { is_final: true, opcode, ..FrameHeader::default() };
        let mut head = [0; 10];
        // The longest head without a mask is as long as that, so this cannot fail.
        drop(header.format(bytes, &mut head.as_mut_slice()));
        Self { head, head_bytes: u8::try_from(header.len(bytes)).unwrap_or_default(), body }
    }

    /// Bytes that are a frame already.
    fn ready_made(bytes: Bytes) -> Self {
        Self { head: [0; 10], head_bytes: 0, body: [bytes].into() }
    }

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let head = self.head.get(..usize::from(self.head_bytes)).unwrap_or_default();
        std::iter::once(head).chain(self.body.iter().map(AsRef::as_ref))
    }

    fn len(&self) -> usize {
        self.pieces().map(<[u8]>::len).sum()
    }
}

impl SendQueue {
    pub(super) fn new(bound_bytes: usize) -> Self {
        Self { frames: VecDeque::new(), written: 0, bytes: 0, bound_bytes }
    }

    pub(super) fn push_text(&mut self, body: Box<[Bytes]>) {
        self.push(QueuedFrame::new(OpCode::Data(Data::Text), body));
    }

    pub(super) fn push_binary(&mut self, body: Bytes) {
        self.push(QueuedFrame::new(OpCode::Data(Data::Binary), [body].into()));
    }

    pub(super) fn push_ping(&mut self) {
        self.push(QueuedFrame::new(OpCode::Control(Control::Ping), Box::default()));
    }

    /// A whole frame that somebody else put together.
    pub(super) fn push_ready_made(&mut self, frame: &[u8]) {
        self.push(QueuedFrame::ready_made(Bytes::copy_from_slice(frame)));
    }

    fn push(&mut self, frame: QueuedFrame) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether more may be put in.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < self.bound_bytes && self.frames.len() < MAX_FRAMES
    }

    /// The pieces to write next, in order; returns how many places of `slices` they took.
    pub(super) fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let mut skip = self.written;
        let mut places = slices.iter_mut();
        let mut filled = 0;
        for piece in self.frames.iter().flat_map(QueuedFrame::pieces) {
            let rest = piece.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(piece.len());
            if rest.is_empty() {
                continue;
            }
            let Some(place) = places.next() else { break };
            *place = IoSlice::new(rest);
            filled += 1;
        }
        filled
    }

    /// The first `bytes` bytes are written.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.written += bytes;
        while let Some(first) = self.frames.front() {
            if self.written < first.len() {
                break;
            }
            self.written -= first.len();
            self.frames.pop_front();
        }
        if self.frames.is_empty() {
            // An idle socket keeps no room for a queue.
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that waits, written `step` bytes at a time.
    fn drain(queue: &mut SendQueue, step: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while !queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = queue.fill(&mut slices);
            let ready: Vec<u8> =
                slices[..filled].iter().flat_map(|slice| slice.to_vec()).take(step).collect();
            out.extend_from_slice(&ready);
            queue.advance(ready.len());
        }
        out
    }

    #[test]
    fn frames_have_the_shortest_length_form() {
        for (len, head) in [
            (0_usize, vec![0x82, 0]),
            (125, vec![0x82, 125]),
            (126, vec![0x82, 126, 0, 126]),
            (255, vec![0x82, 126, 0, 255]),
            (65_535, vec![0x82, 126, 0xff, 0xff]),
            (65_536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut queue = SendQueue::new(1);
            queue.push_binary(vec![7; len].into());
            let mut expected = head;
            expected.extend(vec![7; len]);
            assert_eq!(drain(&mut queue, usize::MAX), expected, "{len}");
        }
    }

    #[test]
    fn writes_cut_anywhere_give_the_same_bytes() {
        let filled = || {
            let mut queue = SendQueue::new(1);
            queue.push_text([b"on".as_slice(), b"", b"e", b""].map(Bytes::from_static).into());
            queue.push_ping();
            queue.push_ready_made(&[0x8a, 0]);
            queue.push_text(
                [
                    vec![b'x'; 200].into(),
                    b"middle".as_slice().into(),
                    vec![b'y'; 50].into(),
                    vec![b'y'; 50].into(),
                    vec![b'z'; 70].into(),
                    b"}".as_slice().into(),
                ]
                .into(),
            );
            queue
        };
        let whole = drain(&mut filled(), usize::MAX);
        for step in 1..40 {
            assert_eq!(drain(&mut filled(), step), whole, "{step} at a time");
        }
    }

    #[test]
    fn a_full_queue_says_so_and_has_room_again_once_written() {
        let mut queue = SendQueue::new(100);
        assert!(queue.has_room());
        queue.push_binary(vec![b'x'; 98].into());
        assert!(!queue.has_room());
        queue.advance(100);
        assert!(queue.is_empty() && queue.has_room());
        for _ in 0..MAX_FRAMES {
            queue.push_ping();
        }
        assert!(!queue.has_room(), "a great many small frames");
    }

    #[test]
    fn a_burst_leaves_no_room_behind() {
        let mut queue = SendQueue::new(usize::MAX);
        for _ in 0..1000 {
            queue.push_ping();
        }
        drain(&mut queue, usize::MAX);
        assert_eq!(queue.frames.capacity(), 0);
    }
}
