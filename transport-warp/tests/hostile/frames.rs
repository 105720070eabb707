//! Invalid or oversized frames: each ends the socket with the code that RFC 6455 defines.

use crate::server::frame;

pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The expected close code.
    pub(crate) close: u16,
}

pub(crate) fn all() -> Vec<Case> {
    let text = br#"{"type":"finalize"}"#;
    let unmasked = [&[0x81, u8::try_from(text.len()).unwrap()][..], text].concat();
    let fragments = |size: usize, count: usize| {
        let mut bytes = frame(0x01, &vec![b'['; size]);
        for _ in 1..count {
            bytes.extend(frame(0x00, &vec![b'['; size]));
        }
        bytes
    };
    let huge = |bytes: u64| [&[0x81, 0xff][..], &bytes.to_be_bytes(), &[0; 4]].concat();
    let case = |what, bytes, close| Case { what, bytes, close };
    vec![
        case("a frame without a mask", unmasked, 1002),
        case("text that is not UTF-8", frame(0x81, b"{\"type\":\"\xff\xfe\"}"), 1007),
        case("text that ends within a character", frame(0x81, b"\xe0\xa4"), 1007),
        case("half a surrogate pair in UTF-8", frame(0x81, b"\xed\xa0\x80"), 1007),
        case("an overlong encoding", frame(0x81, b"\xc0\xaf"), 1007),
        case(
            "text that is not UTF-8, in fragments",
            [frame(0x01, b"{"), frame(0x80, b"\xff")].concat(),
            1007,
        ),
        case("a message past the limit", frame(0x81, &vec![b'x'; 256 * 1024 + 1]), 1009),
        case("fragments past the limit", fragments(64 * 1024, 5), 1009),
        case("a length of four gibibytes", huge(1 << 32), 1009),
        case("the largest length that there is", huge(u64::MAX >> 1), 1009),
        case("a reserved bit", frame(0xc1, text), 1002),
        case("another reserved bit", frame(0x91, text), 1002),
        case("an opcode that is not known", frame(0x83, text), 1002),
        case("a control opcode that is not known", frame(0x8b, b""), 1002),
        case("a continuation of nothing", frame(0x80, text), 1002),
        case("a message within a message", [frame(0x01, b"{"), frame(0x81, text)].concat(), 1002),
        case("a ping in fragments", frame(0x09, b"x"), 1002),
        case("a ping that is too long", frame(0x89, &[b'x'; 126]), 1002),
        case("a close of one byte", frame(0x88, b"x"), 1002),
        case("a close code that must not be sent", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        case("a close reason that is not UTF-8", frame(0x88, b"\x03\xe8\xff"), 1007),
    ]
}
