//! Tracks frame boundaries in the incoming bytes.

/// How many empty fragments may arrive between two clock ticks, the same as for pings. No
/// client needs one, and they add nothing to a message, so its size limit does not bound
/// them.
const MAX_EMPTY_FRAGMENTS: u32 = 1_000;

/// How many fragments of less than [`TINY_BYTES`] may arrive between two clock ticks. A
/// message of the default size may come byte by byte, but not one such message after the
/// other.
const MAX_TINY_FRAGMENTS: u32 = 300_000;
const TINY_BYTES: u64 = 16;

/// Follows the frame heads in the incoming bytes, to know when tungstenite's buffer is
/// empty. It checks nothing: tungstenite reports violations.
#[derive(Debug, Default)]
pub(super) struct FrameBoundary {
    next: Next,
    /// A data message has begun, and the head of its final frame has not yet arrived.
    message_open: bool,
    /// Bytes that arrived since the buffer was last empty.
    burst: u64,
    /// How often the buffer became empty.
    whole: u64,
    /// Whether the frame whose head is being read is not the final one of its message.
    is_fragment: bool,
    /// Such frames with nothing, or next to nothing, in them, since [`FrameBoundary::forget_fragments`].
    empty_fragments: u32,
    tiny_fragments: u32,
}

/// The role of the next byte (RFC 6455, 5.2).
#[derive(Debug, Default, Clone, Copy)]
enum Next {
    /// The first byte of a frame: the final bit and the opcode.
    #[default]
    Opcode,
    /// The second byte: the mask bit and a short length.
    Length,
    /// One of the `missing` bytes of a longer length.
    LongLength { missing: u8, so_far: u64, mask: u64 },
    /// One of this many bytes of mask and payload, which are skipped.
    Rest(u64),
}

impl Next {
    fn rest(bytes: u64) -> Self {
        if bytes == 0 { Self::Opcode } else { Self::Rest(bytes) }
    }
}

impl FrameBoundary {
    /// Follows bytes that were read.
    pub(super) fn follow(&mut self, bytes: &[u8]) {
        self.burst = self.burst.saturating_add(bytes.len() as u64);
        let mut bytes = bytes;
        while let Some((&byte, after)) = bytes.split_first() {
            let mut left = after;
            self.next = match self.next {
                Next::Opcode => {
                    // A control frame may come between the frames of a message, and does not end it.
                    let is_control = byte & 0x08 != 0;
                    if !is_control {
                        self.message_open = byte & 0x80 == 0;
                    }
                    self.is_fragment = !is_control && self.message_open;
                    Next::Length
                }
                Next::Length => {
                    let mask = if byte & 0x80 == 0 { 0 } else { 4 };
                    match byte & 0x7f {
                        126 => Next::LongLength { missing: 2, so_far: 0, mask },
                        127 => Next::LongLength { missing: 8, so_far: 0, mask },
                        short => {
                            self.count_fragment(short.into());
                            Next::rest(mask + u64::from(short))
                        }
                    }
                }
                Next::LongLength { missing, so_far, mask } => {
                    let length = so_far << 8 | u64::from(byte);
                    match missing.saturating_sub(1) {
                        0 => {
                            self.count_fragment(length);
                            Next::rest(length.saturating_add(mask))
                        }
                        missing => Next::LongLength { missing, so_far: length, mask },
                    }
                }
                Next::Rest(rest) => {
                    let skipped = usize::try_from(rest).unwrap_or(usize::MAX).min(bytes.len());
                    left = bytes.get(skipped..).unwrap_or_default();
                    Next::rest(rest.saturating_sub(skipped as u64))
                }
            };
            bytes = left;
            self.whole = self.whole.wrapping_add(u64::from(self.is_empty()));
        }
    }

    /// Counts a frame with this many bytes of payload, if it is a fragment.
    fn count_fragment(&mut self, bytes: u64) {
        if self.is_fragment {
            let count = match bytes {
                0 => &mut self.empty_fragments,
                1..TINY_BYTES => &mut self.tiny_fragments,
                _ => return,
            };
            *count = count.saturating_add(1);
        }
    }

    /// The reason for closing, if more empty or tiny fragments arrived than any client needs.
    pub(super) fn flood(&self) -> Option<String> {
        if self.empty_fragments > MAX_EMPTY_FRAGMENTS {
            return Some(format!("more than {MAX_EMPTY_FRAGMENTS} empty fragments at once"));
        }
        (self.tiny_fragments > MAX_TINY_FRAGMENTS)
            .then(|| format!("more than {MAX_TINY_FRAGMENTS} tiny fragments at once"))
    }

    /// Resets the counts of fragments, at a clock tick.
    pub(super) fn forget_fragments(&mut self) {
        self.empty_fragments = 0;
        self.tiny_fragments = 0;
    }

    /// A number that changes whenever a message is complete.
    pub(super) fn whole(&self) -> u64 {
        self.whole
    }

    /// Whether the stream is between messages, so that tungstenite holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.next, Next::Opcode) && !self.message_open
    }

    /// Takes the number of bytes that arrived since the buffer was last empty. `None`: it is
    /// not empty now.
    pub(super) fn take_burst(&mut self) -> Option<u64> {
        self.is_empty().then(|| std::mem::take(&mut self.burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind of head, and whether nothing is held once the frame is complete.
    fn frames() -> Vec<(Vec<u8>, bool)> {
        let frame = |head: &[u8], rest: usize| [head, &vec![0xff; rest]].concat();
        vec![
            (frame(&[0x81, 0x85], 4 + 5), true),
            (frame(&[0x81, 0x80], 4), true),
            (frame(&[0x01, 0x80], 4), false),
            (frame(&[0x89, 0x84], 4 + 4), false),
            (frame(&[0x00, 0xfe, 0x01, 0x02], 4 + 258), false),
            (frame(&[0x00, 0x80], 4), false),
            (frame(&[0x80, 0x83], 4 + 3), true),
            (frame(&[0x82, 0xfe, 0, 3], 4 + 3), true),
            (frame(&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0], 4), true),
            (frame(&[0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1], 4 + 65_537), true),
            (frame(&[0x89, 0x80], 4), true),
            (frame(&[0x82, 0], 0), true),
            (frame(&[0x82, 3], 3), true),
        ]
    }

    #[test]
    fn nothing_is_held_exactly_where_a_message_ends() {
        let mut boundary = FrameBoundary::default();
        for (number, (frame, empty_after)) in frames().iter().enumerate() {
            let (last, before) = frame.split_last().unwrap();
            for (at, &byte) in before.iter().enumerate() {
                boundary.follow(&[byte]);
                assert!(!boundary.is_empty(), "byte {at} of frame {number}");
            }
            boundary.follow(&[*last]);
            assert_eq!(boundary.is_empty(), *empty_after, "after frame {number}");
        }
    }

    #[test]
    fn reads_cut_anywhere_say_the_same() {
        let stream: Vec<u8> = frames().into_iter().flat_map(|(frame, _)| frame).collect();
        for size in (1..300).chain([4096, 70_000, stream.len()]) {
            let mut boundary = FrameBoundary::default();
            for piece in stream.chunks(size) {
                boundary.follow(piece);
            }
            assert_eq!(boundary.take_burst(), Some(stream.len() as u64), "{size} at a time");
            assert_eq!(boundary.take_burst(), Some(0));
        }
    }

    #[test]
    fn empty_and_tiny_frames_of_unfinished_messages_are_counted_and_no_others() {
        let masked =
            |first: u8, length: u8| [&[first, 0x80 | length][..], &vec![0; 4 + usize::from(length)]].concat();
        let long_form = |first: u8| vec![first, 0xfe, 0, 0, 0, 0, 0, 0];
        for (what, frame, most) in [
            ("an empty continuation", masked(0x00, 0), Some(1_000)),
            ("an empty beginning of a text", masked(0x01, 0), Some(1_000)),
            ("an empty beginning of a binary message", masked(0x02, 0), Some(1_000)),
            ("an empty continuation in a long form", long_form(0x00), Some(1_000)),
            ("a byte", masked(0x00, 1), Some(300_000)),
            ("fifteen bytes", masked(0x00, 15), Some(300_000)),
            ("sixteen bytes", masked(0x00, 16), None),
            ("an empty message", masked(0x81, 0), None),
            ("an empty end", masked(0x80, 0), None),
            ("an empty ping, which is counted elsewhere", masked(0x89, 0), None),
        ] {
            for piece in [7, 4096] {
                let mut boundary = FrameBoundary::default();
                let bytes = frame.repeat(most.unwrap_or(310_000));
                bytes.chunks(piece).for_each(|piece| boundary.follow(piece));
                assert_eq!(boundary.flood(), None, "{what}");
                boundary.follow(&frame);
                assert_eq!(boundary.flood().is_some(), most.is_some(), "{what}");
                boundary.forget_fragments();
                assert_eq!(boundary.flood(), None, "{what}");
            }
        }
    }

    #[test]
    fn the_largest_length_that_can_be_written_is_waited_for_without_harm() {
        let mut boundary = FrameBoundary::default();
        boundary.follow(&[0xff; 10]);
        for _ in 0..10 {
            boundary.follow(&[0x80; 5000]);
            assert!(!boundary.is_empty());
            assert_eq!(boundary.take_burst(), None);
        }
    }
}
