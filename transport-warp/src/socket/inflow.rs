//! Where the stream of bytes that comes in stands.

/// Follows the frame heads of what is read, to tell when tungstenite holds nothing of it. It judges nothing: when a
/// peer breaks the rules, tungstenite says so.
#[derive(Debug, Default)]
pub(super) struct Inflow {
    next: Next,
    /// A data message has begun, and the head of its final frame is still to come.
    message_open: bool,
    /// Bytes that came in since nothing was held.
    burst: u64,
    /// How often nothing was held any more.
    whole: u64,
}

/// What the next byte is. RFC 6455, 5.2.
#[derive(Debug, Default, Clone, Copy)]
enum Next {
    /// The first of a frame: whether it is final, and its opcode.
    #[default]
    Opcode,
    /// The second: whether there is a mask, and a short length.
    Length,
    /// One of the `missing` bytes of a longer length.
    LongLength { missing: u8, so_far: u64, mask: u64 },
    /// One of so many that have no more to say: the mask, then the body.
    Rest(u64),
}

impl Next {
    fn rest(bytes: u64) -> Self {
        if bytes == 0 { Self::Opcode } else { Self::Rest(bytes) }
    }
}

impl Inflow {
    /// These bytes were read.
    pub(super) fn follow(&mut self, bytes: &[u8]) {
        self.burst = self.burst.saturating_add(bytes.len() as u64);
        let mut bytes = bytes;
        while let Some((&byte, after)) = bytes.split_first() {
            let mut left = after;
            self.next = match self.next {
                Next::Opcode => {
                    // A control frame may stand between the frames of a message, and changes nothing about it.
                    if byte & 0x08 == 0 {
                        self.message_open = byte & 0x80 == 0;
                    }
                    Next::Length
                }
                Next::Length => {
                    let mask = if byte & 0x80 == 0 { 0 } else { 4 };
                    match byte & 0x7f {
                        126 => Next::LongLength { missing: 2, so_far: 0, mask },
                        127 => Next::LongLength { missing: 8, so_far: 0, mask },
                        short => Next::rest(mask + u64::from(short)),
                    }
                }
                Next::LongLength { missing, so_far, mask } => {
                    let length = so_far << 8 | u64::from(byte);
                    match missing.saturating_sub(1) {
                        0 => Next::rest(length.saturating_add(mask)),
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

    /// A number that is another once a message has come in as a whole.
    pub(super) fn whole(&self) -> u64 {
        self.whole
    }

    /// Whether a frame may begin now, and no message is open: everything that was read has come out again.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.next, Next::Opcode) && !self.message_open
    }

    /// If nothing is held now, how many bytes came in since that was last so.
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
        let mut inflow = Inflow::default();
        for (number, (frame, empty_after)) in frames().iter().enumerate() {
            let (last, before) = frame.split_last().unwrap();
            for (at, &byte) in before.iter().enumerate() {
                inflow.follow(&[byte]);
                assert!(!inflow.is_empty(), "byte {at} of frame {number}");
            }
            inflow.follow(&[*last]);
            assert_eq!(inflow.is_empty(), *empty_after, "after frame {number}");
        }
    }

    #[test]
    fn reads_cut_anywhere_say_the_same() {
        let stream: Vec<u8> = frames().into_iter().flat_map(|(frame, _)| frame).collect();
        for size in (1..300).chain([4096, 70_000, stream.len()]) {
            let mut inflow = Inflow::default();
            for piece in stream.chunks(size) {
                inflow.follow(piece);
            }
            assert_eq!(inflow.take_burst(), Some(stream.len() as u64), "{size} at a time");
            assert_eq!(inflow.take_burst(), Some(0));
        }
    }

    #[test]
    fn the_largest_length_that_can_be_written_is_waited_for_without_harm() {
        let mut inflow = Inflow::default();
        inflow.follow(&[0xff; 10]);
        for _ in 0..10 {
            inflow.follow(&[0x80; 5000]);
            assert!(!inflow.is_empty());
            assert_eq!(inflow.take_burst(), None);
        }
    }
}
