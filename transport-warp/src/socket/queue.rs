//! The queue of frames to write to one socket.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// How many slices one vectored write takes: of each frame the head, and up to six pieces
/// of the body.
pub(super) const SLICES: usize = 64;

/// The queue takes no more than this many frames, however small: one write cannot hold many
/// more.
const MAX_FRAMES: usize = SLICES / 2;

/// Frames in the order in which they are sent. The bodies are shared with every other
/// socket that gets them.
///
/// The caller enforces the bound: [`SendQueue::has_room`] says when to stop, and one
/// message may exceed it.
#[derive(Debug)]
pub(super) struct SendQueue {
    frames: VecDeque<QueuedFrame>,
    /// How many bytes of the first frame are written.
    written: usize,
    bytes: usize,
    bound_bytes: usize,
}

/// A frame sent by a server: unmasked, so only the head comes before the body.
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
        // The array is as long as the longest head without a mask, so this cannot fail.
        drop(header.format(bytes, &mut head.as_mut_slice()));
        Self { head, head_bytes: u8::try_from(header.len(bytes)).unwrap_or_default(), body }
    }

    /// A frame whose bytes are complete.
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

    /// Queues a complete frame.
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

    /// Whether more may be queued.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < self.bound_bytes && self.frames.len() < MAX_FRAMES
    }

    /// Fills `slices` with the next pieces to write, in order; returns how many it filled.
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

    /// Removes the first `bytes` bytes, which were written.
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
            // Frees the queue's memory: most sockets are idle.
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything in the queue, written `step` bytes at a time.
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
