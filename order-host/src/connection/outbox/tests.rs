//! What an outbox keeps, drops and says of it.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use order_core::UnixMillis;

use super::queue::{Kind, MAX_ANSWER_BYTES, MAX_ANSWERS};
use super::*;
use crate::Clock;

fn text(outbox: &Outbox) -> Option<Bytes> {
    match outbox.take() {
        Taken::Outgoing(Outgoing::Text(text)) => Some(text.into_bytes()),
        _ => None,
    }
}

#[test]
fn a_reader_that_falls_behind_needs_the_full_state() {
    let outbox = Outbox::new(10, None);
    for _ in 0..4 {
        outbox.push("12345");
    }
    assert!(matches!(outbox.take(), Taken::NeedsSync));
    outbox.push("late");
    outbox.sync_is_asked();
    assert!(matches!(outbox.take(), Taken::Nothing), "nothing is queued until the full state comes");
}

#[test]
fn after_a_loss_that_nothing_makes_up_for_messages_come_again() {
    let outbox = Outbox::new(10, None);
    for _ in 0..4 {
        outbox.push("12345");
    }
    outbox.forgo_state(false, || panic!("no answer was lost"));
    assert!(matches!(outbox.take(), Taken::Nothing));
    outbox.push("next");
    assert_eq!(text(&outbox).unwrap(), "next");
}

#[test]
fn two_messages_pass_however_large_they_are() {
    let outbox = Outbox::new(10, None);
    outbox.push("longer than ten bytes");
    outbox.push("also longer than ten bytes");
    assert_eq!(text(&outbox).unwrap(), "longer than ten bytes");
    assert_eq!(text(&outbox).unwrap(), "also longer than ten bytes");
    for _ in 0..3 {
        outbox.push("123");
    }
    assert_eq!(text(&outbox).unwrap(), "123", "what was taken no longer counts");
}

#[test]
fn two_large_messages_and_an_ack_pass() {
    let outbox = Outbox::new(10, None);
    let states = ["longer than ten bytes", "also longer than ten bytes"];
    outbox.push_state(states[0].into(), false);
    outbox.push(states[1]);
    outbox.push_ack("an ack");
    for expected in [states[0], states[1], "an ack"] {
        assert_eq!(text(&outbox).unwrap(), expected);
    }
    outbox.push_state(states[0].into(), false);
    outbox.push(states[1]);
    outbox.push("another");
    assert!(matches!(outbox.take(), Taken::NeedsSync), "more is too much");
}

#[test]
fn answers_outlive_the_queue_and_come_after_the_state_in_order() {
    let outbox = Outbox::new(10, None);
    outbox.push("12345");
    outbox.push_ack("ack 1");
    outbox.push("12345");
    outbox.push("12345");
    outbox.push_ack("ack 2");
    assert!(matches!(outbox.take(), Taken::NeedsSync), "they wait for the state");
    outbox.sync_is_asked();
    outbox.push_ack("ack 3");
    outbox.push("too early");
    assert!(matches!(outbox.take(), Taken::Nothing));
    outbox.push_state("{\"seq\":3}".into(), false);
    outbox.push("next");
    for expected in ["{\"seq\":3}", "ack 1", "ack 2", "ack 3", "next"] {
        assert_eq!(text(&outbox).unwrap(), expected);
    }
    assert!(matches!(outbox.take(), Taken::Nothing));
}

#[test]
fn answers_from_before_a_socket_was_seated_never_come_after_the_state_that_seats_it() {
    let seats = "{\"seq\":3}";
    // It has missed nothing, so everything comes in order.
    let outbox = Outbox::new(10, None);
    outbox.push_refusal("join first");
    outbox.push_state(seats.into(), true);
    outbox.push_ack("ack");
    for expected in ["join first", seats, "ack"] {
        assert_eq!(text(&outbox).unwrap(), expected);
    }
    // It fell behind before it was seated.
    for _ in 0..3 {
        outbox.push("12345");
    }
    outbox.push_ack("ack");
    outbox.push_refusal("join first");
    outbox.push_state(seats.into(), true);
    assert_eq!(text(&outbox).unwrap(), "{\"seq\":3,\"answersLost\":true}");
    assert!(matches!(outbox.take(), Taken::Nothing));
    // It fell behind after it was seated, and before.
    for joins_first in [true, false] {
        outbox.push_refusal("join first");
        if joins_first {
            outbox.push_state(seats.into(), true);
        }
        for _ in 0..3 {
            outbox.push("12345");
        }
        outbox.push_ack("ack");
        outbox.push_state("{\"seq\":4}".into(), false);
        let expected = if joins_first {
            vec!["{\"seq\":4,\"answersLost\":true}"]
        } else {
            vec!["{\"seq\":4}", "join first", "ack"]
        };
        for expected in expected {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        assert!(matches!(outbox.take(), Taken::Nothing));
    }
}

#[test]
fn an_ack_of_what_is_never_shown_is_lost() {
    let outbox = Outbox::new(10, None);
    for _ in 0..3 {
        outbox.push("12345");
    }
    outbox.push_ack("ack");
    outbox.forgo_state(true, || "{\"type\":\"error\"}".to_owned());
    assert_eq!(text(&outbox).unwrap(), "{\"type\":\"error\",\"answersLost\":true}");
}

#[test]
fn a_state_that_takes_the_place_of_the_queue_leaves_the_answers_in_it() {
    let outbox = Outbox::new(20, None);
    outbox.push("12345");
    outbox.push_ack("ack 1");
    outbox.push("12345");
    outbox.push_state("{\"seq\":3}".into(), false);
    for expected in ["{\"seq\":3}", "ack 1"] {
        assert_eq!(text(&outbox).unwrap(), expected);
    }
    assert!(matches!(outbox.take(), Taken::Nothing));
}

#[test]
fn a_close_before_the_state_gives_the_refusals_that_waited_for_it_and_no_ack() {
    for has_last_words in [false, true] {
        let outbox = Outbox::new(10, None);
        for _ in 0..3 {
            outbox.push("12345");
            outbox.push_ack("ack");
            outbox.push_refusal("no");
        }
        assert!(matches!(outbox.take(), Taken::NeedsSync));
        if has_last_words {
            outbox.end(CloseReason::Restart, || "last words".to_owned());
        } else {
            outbox.close(CloseReason::Restart);
        }
        for expected in ["no"; 3].into_iter().chain(has_last_words.then_some("last words")) {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::Restart))));
    }
}

#[test]
fn a_close_gives_all_answers_to_a_reader_that_keeps_up() {
    let outbox = Outbox::new(100, None);
    outbox.push("12345");
    outbox.push_ack("ack");
    outbox.push_refusal("no");
    outbox.close(CloseReason::Restart);
    for expected in ["12345", "ack", "no"] {
        assert_eq!(text(&outbox).unwrap(), expected);
    }
    assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::Restart))));
}

#[test]
fn too_many_answers_are_all_dropped_and_the_state_says_so_once() {
    let long = "x".repeat(MAX_ANSWER_BYTES / 4);
    for (answer, fit) in [("an ack", MAX_ANSWERS), (long.as_str(), 4)] {
        let outbox = Outbox::new(1 << 20, None);
        for _ in 0..fit {
            outbox.push_ack(answer.to_owned());
        }
        assert_eq!(outbox.lock().messages.len(), fit);
        outbox.push_ack(answer.to_owned());
        assert!(matches!(outbox.take(), Taken::NeedsSync));
        outbox.push_ack("after the loss");
        outbox.push_state("{\"seq\":3}".into(), false);
        outbox.push_ack("after the state");
        outbox.push_state("{\"seq\":4}".into(), false);
        let lost = "{\"seq\":3,\"answersLost\":true}";
        for expected in [lost, "after the state", "{\"seq\":4}"] {
            assert_eq!(text(&outbox).unwrap(), expected);
        }
        assert!(matches!(outbox.take(), Taken::Nothing));
    }
}

#[test]
fn where_there_is_no_state_the_refusal_in_its_place_says_that_answers_are_lost() {
    let outbox = Outbox::new(10, None);
    for _ in 0..=MAX_ANSWERS {
        outbox.push_refusal("no");
    }
    assert!(matches!(outbox.take(), Taken::NeedsSync));
    outbox.forgo_state(false, || "{\"type\":\"error\"}".to_owned());
    assert_eq!(text(&outbox).unwrap(), "{\"type\":\"error\",\"answersLost\":true}");
    outbox.push_ack("next");
    assert_eq!(text(&outbox).unwrap(), "next");
}

#[test]
fn what_was_asked_for_and_is_dropped_is_to_be_asked_for_again() {
    for is_late in [false, true] {
        let outbox = Outbox::new(10, None);
        if !is_late {
            outbox.push_reply("a bill");
        }
        for _ in 0..3 {
            outbox.push("12345");
        }
        outbox.push_ack("an ack");
        if is_late {
            outbox.push_reply("a bill");
        }
        outbox.push_state("{\"seq\":3}".into(), false);
        assert_eq!(text(&outbox).unwrap(), "{\"seq\":3,\"answersLost\":true}");
        assert!(matches!(outbox.take(), Taken::Nothing));
    }
}

/// Whatever is queued, a socket that does not read costs no more than the documented limit.
#[test]
fn what_waits_is_bounded_whatever_comes() {
    let limit = 4 * MAX_ANSWER_BYTES;
    let outbox = Outbox::new(limit, None);
    let message = Bytes::from(vec![b'x'; 1_000]);
    for number in 0_usize..20_000 {
        match number.wrapping_mul(7_919) % 11 {
            0..=4 => outbox.push(message.clone()),
            5..=8 => outbox.push_ack(message.slice(..100 + number % 100)),
            9 => outbox.push_reply(message.clone()),
            _ if number % 50 == 0 => outbox.push_state(message.clone().into(), false),
            _ => outbox.pong(),
        }
        let state = outbox.lock();
        let sum = |kind: Option<Kind>| {
            let queue = state.messages.iter().filter(|queued| kind.is_none_or(|kind| queued.kind == kind));
            queue.map(|queued| queued.message.len()).sum::<usize>()
        };
        assert_eq!((state.bytes, state.answer_bytes), (sum(None), sum(Some(Kind::Ack))));
        assert!(state.bytes <= limit && state.answer_bytes <= MAX_ANSWER_BYTES);
    }
}

#[test]
fn a_close_comes_after_what_was_queued_and_ends_it() {
    let outbox = Outbox::new(100, None);
    outbox.push("last words");
    outbox.close(CloseReason::Restart);
    outbox.close(CloseReason::Unavailable);
    outbox.push("too late");
    assert_eq!(text(&outbox).unwrap(), "last words");
    assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::Restart))));
}

#[test]
fn last_words_reach_whoever_has_fallen_behind_too() {
    let outbox = Outbox::new(10, None);
    for _ in 0..4 {
        outbox.push("12345");
    }
    outbox.end(CloseReason::SignInEnded, || "last words".to_owned());
    outbox.end(CloseReason::SignInEnded, || "more last words".to_owned());
    outbox.push_state("a state that comes too late".into(), false);
    assert_eq!(text(&outbox).unwrap(), "last words");
    assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::SignInEnded))));
}

#[test]
fn after_the_end_of_the_sign_in_nothing_is_queued_and_what_was_queued_before_stays() {
    let clock = Arc::new(SetClock(AtomicU64::new(99)));
    let outbox = Outbox::new(30, Some(Arc::new(Expiry::new(UnixMillis::new(100), clock.clone()))));
    outbox.push("stored before");
    clock.0.store(100, Ordering::Relaxed);
    outbox.push("stored after");
    outbox.push_state("a state that would take the place of what waits".into(), false);
    outbox.pong();
    clock.0.store(50, Ordering::Relaxed);
    outbox.push("stored after a clock was set back");
    outbox.end(CloseReason::SignInEnded, || "last words".to_owned());
    assert_eq!(
        (text(&outbox).unwrap(), text(&outbox).unwrap()),
        ("stored before".into(), "last words".into())
    );
    assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::SignInEnded))));
}

#[test]
fn a_reader_that_fell_behind_gets_no_state_after_the_end_of_its_sign_in() {
    for asks_before in [false, true] {
        let clock = Arc::new(SetClock(AtomicU64::new(99)));
        let outbox = Outbox::new(10, Some(Arc::new(Expiry::new(UnixMillis::new(100), clock.clone()))));
        for _ in 0..4 {
            outbox.push("12345");
        }
        if asks_before {
            assert!(matches!(outbox.take(), Taken::NeedsSync));
            outbox.sync_is_asked();
        }
        clock.0.store(100, Ordering::Relaxed);
        outbox.push_state("a state of later".into(), false);
        outbox.push("later");
        outbox.end(CloseReason::SignInEnded, || "last words".to_owned());
        outbox.push_state("a state of even later".into(), false);
        assert_eq!(text(&outbox).unwrap(), "last words");
        assert!(matches!(outbox.take(), Taken::Outgoing(Outgoing::Close(CloseReason::SignInEnded))));
    }
}

/// A clock that the test sets.
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.load(Ordering::Relaxed))
    }
}

#[test]
fn a_ping_is_answered_whatever_else_is_dropped() {
    let outbox = Outbox::new(10, None);
    outbox.push("first");
    outbox.pong();
    assert_eq!((text(&outbox).unwrap(), text(&outbox).unwrap()), ("first".into(), "pong".into()));
    for _ in 0..3 {
        outbox.push("12345");
    }
    outbox.pong();
    outbox.pong();
    assert_eq!(text(&outbox).unwrap(), "pong");
    assert!(matches!(outbox.take(), Taken::NeedsSync));

    let outbox = Outbox::new(10, None);
    outbox.pong();
    for _ in 0..3 {
        outbox.push("12345");
    }
    outbox.push_state("a state".into(), false);
    assert_eq!((text(&outbox).unwrap(), text(&outbox).unwrap()), ("a state".into(), "pong".into()));
}

#[test]
fn an_abandoned_outbox_holds_nothing() {
    let outbox = Outbox::new(100, None);
    outbox.push("queued");
    outbox.abandon();
    outbox.push("more");
    assert!(matches!(outbox.take(), Taken::Nothing));
}
