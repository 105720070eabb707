//! Tests of what a wire reads, writes and holds in memory.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;

/// A seeded generator of pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % below).unwrap()
    }
}

fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match body.len() {
        short @ 0..126 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=0xffff => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0xff);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

/// A message in one to three frames, with pings in between; also returns its body.
fn message(dice: &mut Dice) -> (Vec<u8>, Vec<u8>) {
    let bound = [10, 300, 5_000, 70_000][dice.roll(4)];
    let body: Vec<u8> = (0..dice.roll(bound)).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
    let pieces = dice.roll(3) + 1;
    let mut bytes = Vec::new();
    for piece in 0..pieces {
        let part = &body[body.len() * piece / pieces..body.len() * (piece + 1) / pieces];
        let opcode = if piece == 0 { 2 } else { 0 };
        let fin = if piece + 1 == pieces { 0x80 } else { 0 };
        bytes.extend(frame(fin | opcode, part));
        if dice.roll(3) == 0 {
            bytes.extend(frame(0x89, b"ping"));
        }
    }
    (bytes, body)
}

#[tokio::test]
async fn no_message_is_lost_however_it_is_cut_and_however_often_the_buffer_is_exchanged() {
    let mut dice = Dice(7);
    for round in 0..40 {
        let messages: Vec<_> = (0..30).map(|_| message(&mut dice)).collect();
        let bytes: Vec<u8> = messages.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let early = dice.roll(50).min(bytes.len());
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let settings = SocketSettings { read_buffer_bytes: 512, ..SocketSettings::default() };
        let mut wire = Wire::new(ours, &Bytes::copy_from_slice(&bytes[..early]), &settings);

        let mut cuts = Dice(round);
        let write = async {
            let mut rest = &bytes[early..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at((1 + cuts.roll(3_000)).min(rest.len()));
                theirs.write_all(now).await.unwrap();
                rest = later;
                tokio::task::yield_now().await;
            }
        };
        let read = async {
            for (number, (_, expected)) in messages.iter().enumerate() {
                match wire.event(true).await {
                    Event::Binary(body) => assert!(body == expected, "message {number} of round {round}"),
                    other => panic!("message {number} of round {round} is {other:?}"),
                }
            }
        };
        let both = async { tokio::join!(write, read) };
        tokio::time::timeout(Duration::from_secs(120), both).await.expect("a message was lost");
    }
}

/// A connection that notes how much room tungstenite's buffer has at each read, up to the
/// size of a new one.
struct Probe {
    io: DuplexStream,
    room: usize,
}

impl AsyncRead for Probe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.room = buffer.remaining();
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Probe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

fn probed() -> (Wire<Probe>, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    (Wire::new(Probe { io: ours, room: 0 }, &Bytes::new(), &SocketSettings::default()), theirs)
}

/// The next event, without waiting for more bytes.
async fn now(wire: &mut Wire<Probe>) -> Option<Event> {
    tokio::task::yield_now().await;
    std::future::poll_fn(|cx| match wire.poll_event(cx, true) {
        Poll::Ready(event) => Poll::Ready(Some(event)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Whether the buffer has grown, probed by a ping in two parts.
async fn is_grown(wire: &mut Wire<Probe>, theirs: &mut DuplexStream) -> bool {
    let ping = frame(0x89, b"");
    theirs.write_all(&ping[..1]).await.unwrap();
    assert!(now(wire).await.is_none());
    let grown = wire.io.room >= SocketSettings::default().read_buffer_bytes;
    theirs.write_all(&ping[1..]).await.unwrap();
    assert!(now(wire).await.is_none());
    grown
}

/// A frame with a length of 16 or 64 bits (`0xfe` or `0xff`), however short the body.
fn long_form(first: u8, form: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u64).to_be_bytes();
    let length = if form == 0xfe { &length[6..] } else { &length[..] };
    [&[first, form], length, &[0; 4], body].concat()
}

/// Frame sequences that each carry one binary message with this body, one for each way a
/// client may write it.
fn ways_to_say(body: &[u8]) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let (left, right) = body.split_at(body.len() / 2);
    vec![
        ("one frame", vec![frame(0x82, body)]),
        ("two fragments", vec![frame(0x02, left), frame(0x80, right)]),
        ("an empty fragment first", vec![frame(0x02, b""), frame(0x80, body)]),
        ("an empty fragment between", vec![frame(0x02, left), frame(0x00, b""), frame(0x80, right)]),
        ("an empty fragment last", vec![frame(0x02, body), frame(0x80, b"")]),
        (
            "control frames between",
            vec![frame(0x02, left), frame(0x89, b"ping"), frame(0x8a, b""), frame(0x80, right)],
        ),
        ("small fragments", {
            let mut frames: Vec<_> = body.chunks(1000).map(|piece| frame(0x00, piece)).collect();
            frames[0][0] = 0x02;
            frames.push(frame(0x80, b""));
            frames
        }),
        (
            "a longer length than it needs",
            vec![
                long_form(0x02, 0xff, left),
                long_form(0x00, 0xfe, &right[..5]),
                long_form(0x80, 0xff, &right[5..]),
            ],
        ),
    ]
}

#[tokio::test]
async fn a_buffer_that_a_message_outgrew_is_exchanged_however_the_message_was_framed() {
    for bytes in [3_000, 5_000, 250_000] {
        let body = vec![7; bytes];
        for (way, frames) in ways_to_say(&body) {
            let (mut wire, mut theirs) = probed();
            for _ in 0..2 {
                theirs.write_all(&frames.concat()).await.unwrap();
                assert!(matches!(now(&mut wire).await, Some(Event::Binary(said)) if said == body), "{way}");
                assert!(now(&mut wire).await.is_none(), "{way}");
                assert!(!is_grown(&mut wire, &mut theirs).await, "{bytes} bytes, {way}");
            }
        }
    }
}

#[tokio::test]
async fn a_buffer_that_many_small_messages_outgrew_is_exchanged() {
    let (mut wire, mut theirs) = probed();
    theirs.write_all(&frame(0x82, b"small").repeat(1000)).await.unwrap();
    for _ in 0..1000 {
        assert!(matches!(now(&mut wire).await, Some(Event::Binary(_))));
    }
    assert!(now(&mut wire).await.is_none());
    assert!(!is_grown(&mut wire, &mut theirs).await);
}

#[tokio::test]
async fn a_message_after_a_short_one_in_a_long_form_still_lets_the_buffer_go() {
    for form in [0xfe, 0xff] {
        let (mut wire, mut theirs) = probed();
        theirs.write_all(&long_form(0x82, form, b"short")).await.unwrap();
        assert!(matches!(now(&mut wire).await, Some(Event::Binary(said)) if said == "short"));
        theirs.write_all(&frame(0x82, &vec![7; 100_000])).await.unwrap();
        assert!(matches!(now(&mut wire).await, Some(Event::Binary(said)) if said.len() == 100_000));
        assert!(now(&mut wire).await.is_none());
        assert!(!is_grown(&mut wire, &mut theirs).await);
    }
}

#[tokio::test]
async fn a_message_cut_anywhere_in_its_heads_comes_out_whole_and_leaves_no_grown_buffer() {
    let body: Vec<u8> = (0..9_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    for (way, frames) in ways_to_say(&body) {
        let bytes = frames.concat();
        let mut begin = 0;
        let mut cuts = Vec::new();
        for frame in &frames {
            cuts.extend(begin..=begin + frame.len().min(16));
            begin += frame.len();
        }
        for cut in cuts.into_iter().filter(|&cut| cut < bytes.len()) {
            let (mut wire, mut theirs) = probed();
            theirs.write_all(&bytes[..cut]).await.unwrap();
            assert!(now(&mut wire).await.is_none(), "{way}, cut at {cut}");
            theirs.write_all(&bytes[cut..]).await.unwrap();
            let event = now(&mut wire).await;
            assert!(matches!(event, Some(Event::Binary(said)) if said == body), "{way}, cut at {cut}");
            assert!(now(&mut wire).await.is_none(), "{way}, cut at {cut}");
            assert!(!is_grown(&mut wire, &mut theirs).await, "{way}, cut at {cut}");
        }
    }
}

#[tokio::test]
async fn a_large_message_during_our_goodbye_does_not_make_us_forget_that_we_closed() {
    let (mut wire, mut theirs) = probed();
    wire.queue_close(&Close::restart());
    theirs.write_all(&frame(0x82, &vec![7; 100_000])).await.unwrap();
    assert!(matches!(now(&mut wire).await, Some(Event::Binary(said)) if said.len() == 100_000));
    assert!(now(&mut wire).await.is_none());
    theirs.write_all(&frame(0x88, &1000_u16.to_be_bytes())).await.unwrap();
    assert!(matches!(now(&mut wire).await, Some(Event::PeerCloses)));
    wire.write_out().await.unwrap();
    drop(wire);
    let mut said = Vec::new();
    theirs.read_to_end(&mut said).await.unwrap();
    assert_eq!((said[0], said.len()), (0x88, 2 + usize::from(said[1])), "one close frame, and nothing else");
}

#[tokio::test]
async fn time_in_which_nothing_is_read_does_not_count_against_a_message() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let mut wire = Wire::new(ours, &Bytes::new(), &SocketSettings::default());
    let moment = Duration::from_millis(20);
    let reads = async |wire: &mut Wire<DuplexStream>, reading: bool| {
        tokio::time::timeout(moment, wire.event(reading)).await.map(|event| format!("{event:?}"))
    };
    let whole = frame(0x81, b"a message");
    theirs.write_all(&whole[..8]).await.unwrap();
    assert!(reads(&mut wire, true).await.is_err());
    let begun = wire.unfinished_since();
    assert!(begun.is_some());
    // The rest has arrived, but is not read.
    theirs.write_all(&whole[8..]).await.unwrap();
    theirs.write_all(&whole[..4]).await.unwrap();
    for _ in 0..3 {
        assert!(reads(&mut wire, false).await.is_err());
        assert_eq!(wire.unfinished_since(), None);
    }
    assert!(reads(&mut wire, true).await.unwrap().contains("a message"));
    assert!(reads(&mut wire, true).await.is_err());
    assert!(wire.unfinished_since() > begun, "the next one has begun now");
    // For a message that had only begun, the earlier time still counts.
    let begun = wire.unfinished_since().unwrap();
    assert!(reads(&mut wire, false).await.is_err());
    assert!(reads(&mut wire, true).await.is_err());
    let since = wire.unfinished_since().unwrap();
    assert!(since >= begun + moment && since < Instant::now() - moment / 2, "{since:?} {begun:?}");
}
