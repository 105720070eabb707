//! WebSocket frames (RFC 6455, section 5.2), read piecemeal and written by hand.
//!
//! A load that decoded every frame in full would cost more than the server that it
//! measures. This reader keeps only the first bytes of each payload and skips the rest.

use std::fmt;

/// The longest payload that this tool meets; a longer one means that the stream is out of
/// step.
const LONGEST_PAYLOAD: u64 = 64 << 20;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// A close frame.
    Close,
    /// A ping.
    Ping,
    /// A pong.
    Pong,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            1 => Some(Self::Text),
            2 => Some(Self::Binary),
            8 => Some(Self::Close),
            9 => Some(Self::Ping),
            10 => Some(Self::Pong),
            _ => None,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }
}

/// One complete frame, of which only the beginning was kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub opcode: Opcode,
    /// The length of its payload.
    pub payload_bytes: usize,
    /// The requested first bytes of its payload (still masked, if the sender masked it).
    pub head: &'a [u8],
}

/// Why a stream cannot be read further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// A message in several frames, an extension, or an unknown opcode.
    Unsupported(u8),
    /// A length that is too large.
    TooLong(u64),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(first) => {
                write!(f, "a frame that begins with {first:#04x}: this tool reads whole messages only")
            }
            Self::TooLong(bytes) => write!(f, "a frame of {bytes} bytes"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Header {
    opcode: Opcode,
    /// The length of the header.
    bytes: usize,
    /// The length of the payload.
    payload_bytes: usize,
}

impl Header {
    /// Parses a header. `None`: more bytes are needed.
    fn parse(input: &[u8]) -> Result<Option<Self>, FrameError> {
        let [first, second, rest @ ..] = input else { return Ok(None) };
        let opcode = match Opcode::from_bits(first & 0x0f) {
            Some(opcode) if first & 0xf0 == 0x80 => opcode,
            _ => return Err(FrameError::Unsupported(*first)),
        };
        let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
        let (length_bytes, payload) = match second & 0x7f {
            126 => match rest.first_chunk::<2>() {
                Some(length) => (2, u64::from(u16::from_be_bytes(*length))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(length) => (8, u64::from_be_bytes(*length)),
                None => return Ok(None),
            },
            short => (0, u64::from(short)),
        };
        let payload_bytes = match usize::try_from(payload) {
            Ok(bytes) if payload <= LONGEST_PAYLOAD => bytes,
            _ => return Err(FrameError::TooLong(payload)),
        };
        let bytes = 2 + length_bytes + mask_bytes;
        Ok((input.len() >= bytes).then_some(Self { opcode, bytes, payload_bytes }))
    }
}

/// Reads frames from the pieces that the socket delivers.
#[derive(Debug, Default)]
pub struct FrameReader {
    /// The frame that is incomplete. `None`: its header is incomplete too.
    begun: Option<Header>,
    /// The first bytes of a header, then the beginning of the payload.
    held: Vec<u8>,
    /// How many payload bytes are missing.
    missing: usize,
    /// Whether the frame in `held` has been returned.
    finished: bool,
}

impl FrameReader {
    /// Reads the next complete frame from `input`, and advances `input` past it. `None`:
    /// `input` is used up. Keeps the first `wanted` bytes of each payload.
    ///
    /// # Errors
    /// When the stream is invalid; it cannot be read further then.
    pub fn read<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
        wanted: usize,
    ) -> Result<Option<Frame<'s>>, FrameError> {
        if self.finished {
            self.finished = false;
            self.begun = None;
            self.held.clear();
        }
        if self.begun.is_none() && self.held.is_empty() {
            // The common case copies nothing: the whole frame is in the input.
            if let Some(header) = Header::parse(input)? {
                let (_, payload) = input.split_at(header.bytes);
                if let Some((payload, rest)) = payload.split_at_checked(header.payload_bytes) {
                    *input = rest;
                    let head = payload.get(..wanted).unwrap_or(payload);
                    return Ok(Some(Frame {
                        opcode: header.opcode,
                        payload_bytes: header.payload_bytes,
                        head,
                    }));
                }
                *input = payload;
                self.begin(header);
            }
        }
        while self.begun.is_none() {
            let Some((byte, rest)) = input.split_first() else { return Ok(None) };
            *input = rest;
            self.held.push(*byte);
            if let Some(header) = Header::parse(&self.held)? {
                self.begin(header);
            }
        }
        let (piece, rest) = input.split_at(self.missing.min(input.len()));
        *input = rest;
        let room = wanted.saturating_sub(self.held.len()).min(piece.len());
        self.held.extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.missing -= piece.len();
        match self.begun {
            Some(header) if self.missing == 0 => {
                self.finished = true;
                let Header { opcode, payload_bytes, .. } = header;
                Ok(Some(Frame { opcode, payload_bytes, head: &self.held }))
            }
            _ => Ok(None),
        }
    }

    fn begin(&mut self, header: Header) {
        self.begun = Some(header);
        self.missing = header.payload_bytes;
        self.held.clear();
    }
}

/// Appends a frame as a client writes it: masked (RFC 6455, section 5.3).
pub fn put_client_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: [u8; 4]) {
    put_header(out, opcode, payload.len(), 0x80);
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
}

/// Appends a frame as a server writes it: unmasked.
pub fn put_server_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    put_header(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn put_header(out: &mut Vec<u8>, opcode: Opcode, payload_bytes: usize, mask_bit: u8) {
    out.push(0x80 | opcode.bits());
    if let Ok(short @ 0..=125) = u8::try_from(payload_bytes) {
        out.push(mask_bit | short);
    } else if let Ok(length) = u16::try_from(payload_bytes) {
        out.push(mask_bit | 0x7e);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(mask_bit | 0x7f);
        out.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_cut_at_any_byte_are_the_same_frames() {
        let mut stream = Vec::new();
        put_server_frame(&mut stream, Opcode::Text, b"ping");
        put_server_frame(&mut stream, Opcode::Text, &[b'x'; 300]);
        put_client_frame(&mut stream, Opcode::Binary, &vec![7; 70_000], [1, 2, 3, 4]);
        put_server_frame(&mut stream, Opcode::Close, &[]);
        let expected = [(Opcode::Text, 4), (Opcode::Text, 300), (Opcode::Binary, 70_000), (Opcode::Close, 0)];

        for piece_bytes in [1, 2, 3, 7, 100, 4_096, stream.len()] {
            let mut reader = FrameReader::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(piece_bytes) {
                let mut input = piece;
                while let Some(frame) = reader.read(&mut input, 16).unwrap() {
                    assert_eq!(frame.head.len(), frame.payload_bytes.min(16));
                    seen.push((frame.opcode, frame.payload_bytes));
                }
                assert!(input.is_empty());
            }
            assert_eq!(seen, expected, "in pieces of {piece_bytes}");
        }
    }

    #[test]
    fn a_payload_wanted_whole_is_kept_whole_over_many_pieces() {
        let payload: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut stream = Vec::new();
        put_server_frame(&mut stream, Opcode::Text, &payload);

        let mut reader = FrameReader::default();
        let mut whole = Vec::new();
        for mut piece in stream.chunks(999) {
            while let Some(frame) = reader.read(&mut piece, usize::MAX).unwrap() {
                whole.extend_from_slice(frame.head);
            }
        }

        assert_eq!(whole, payload);
    }

    #[test]
    fn a_message_in_several_frames_is_refused_rather_than_miscounted() {
        let mut reader = FrameReader::default();
        let mut input: &[u8] = &[0x01, 0x01, b'x'];

        assert_eq!(reader.read(&mut input, 16), Err(FrameError::Unsupported(0x01)));
    }
}
