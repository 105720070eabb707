//! The bounds of an order, each reached exactly and not exceeded; and one example for each
//! code.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use order_core::bill::{Bill, MAX_CHARGES, MAX_INCLUSIVE_TAXES, divide};
use order_core::payment::MAX_PAYMENTS;
use order_core::split::{Share, shares};
use order_core::stored::{decode_order, encode_order};
use order_core::transfer::MAX_TRANSFERS;
use order_core::{
    Amount, Code, Currency, Lifetimes, MAX_CLAIMS, MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES, OrderId,
    Rejection, max_order_total,
};

use crate::support::friends::{answer, cancel, one_paid_all, send};
use crate::support::table::{
    FINALIZE, LEAVE, LOCK, REOPEN, Table, add_message, assign_message, charges_message, claim_message,
    correct_message, join_message, limit_message, quantity_message, remove_message, send_away_message,
    split_message, unclaim_message,
};

#[test]
fn an_order_holds_its_ceiling_to_the_paisa_and_no_more() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "most", "9999999.99", "999");
    table.add("asha", "more", "9999999.99", "1");
    assert_eq!(table.refuse("asha", &add_message("over", "10", "1")).code(), Code::TotalTooLarge);
    table.add("asha", "rest", "9.99", "1");
    assert_eq!(table.order.total(), max_order_total(table.order.currency()));

    assert_eq!(table.refuse("asha", &add_message("over", "0.01", "1")).code(), Code::TotalTooLarge);
    assert_eq!(table.refuse("asha", &quantity_message("rest", "2")).code(), Code::TotalTooLarge);
    table.add("asha", "free", "0", "999");
    for split in ["equal", "itemized", "custom"] {
        table.split("asha", &format!(r#"{{"splitType":"{split}"}}"#));
        let shared = shares(&table.order);
        assert_eq!(shared.list()[0].amount(), table.order.total());
    }
    table.split("asha", r#"{"splitType":"custom","amounts":{"asha":9999999999.99}}"#);
    table.accept("asha", &quantity_message("rest", "1"));
    table.accept("asha", FINALIZE);
}

#[test]
fn an_order_holds_5000_items_and_no_more() {
    let mut table = Table::of(&["asha"]);
    for number in 0..MAX_ITEMS {
        table.add("asha", &format!("i{number}"), "0.01", "1");
    }
    assert_eq!(MAX_ITEMS, 5_000);
    let rejection = table.refuse("asha", &add_message("over", "0.01", "1"));
    assert_eq!(rejection.code(), Code::TooManyItems);
    assert_eq!(table.order.total().minor_units(), 5_000);
    table.accept("asha", &remove_message("i17"));
    table.add("asha", "again", "0.01", "1");
}

/// An order of a dish with a customization of 500 characters of four bytes each.
fn wordy(item: &str) -> String {
    let customization = "🍛".repeat(500);
    format!(
        r#"{{"type":"add_item","data":{{"id":"{item}","dishName":"x","price":1,"quantity":1,"customization":"{customization}"}}}}"#
    )
}

fn verbose_table() -> Table {
    let mut table = Table::of(&["asha"]);
    for number in 0..MAX_TEXT_BYTES / 2_001 {
        table.accept("asha", &wordy(&format!("i{number}")));
    }
    table
}

#[test]
fn an_order_holds_a_mebibyte_of_text_and_no_more() {
    let mut table = verbose_table();
    assert_eq!(table.refuse("asha", &wordy("over")).code(), Code::OrderTooLarge);
    table.add("asha", "short", "1", "1");
    table.accept("asha", &remove_message("i7"));
    table.accept("asha", &wordy("again"));
    let reloaded = decode_order(&encode_order(&table.order).unwrap()).unwrap();
    assert_eq!(reloaded, table.order, "what is left is counted the same when it is read again");
}

#[test]
fn an_order_seats_250_people_and_no_more() {
    let mut table = Table::empty();
    for number in 0..MAX_PARTICIPANTS {
        table.join(&format!("p{number}"));
    }
    assert_eq!(MAX_PARTICIPANTS, 250);
    assert_eq!(table.refuse("late", &join_message("late")).code(), Code::TooManyParticipants);
    table.leave("p7");
    assert_eq!(
        table.refuse("late", &join_message("late")).code(),
        Code::TooManyParticipants,
        "p7 may come back"
    );
    table.join("p7");

    table.add("p0", "i1", "0.99", "1");
    let everyone = (0..MAX_PARTICIPANTS).fold(String::new(), |mut text, number| {
        write!(text, r#"{}"p{number}":1"#, if number == 0 { "" } else { "," }).unwrap();
        text
    });
    table.split("p0", &format!(r#"{{"splitType":"custom","weights":{{{everyone}}}}}"#));
    let shared = shares(&table.order);
    assert_eq!(shared.list().iter().filter(|share| share.amount().minor_units() == 1).count(), 99);
}

#[test]
fn an_order_has_32_charges_of_which_6_are_in_the_prices_and_no_more() {
    let list = |charge: &str, number: usize| vec![charge; number].join(",");
    let gst = r#"{"name":"GST","kind":"tax","percent":0.01}"#;
    let vat = r#"{"name":"VAT","kind":"tax","percent":1,"inclusive":true}"#;
    assert_eq!((MAX_CHARGES, MAX_INCLUSIVE_TAXES), (32, 6));
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "100", "1");
    for charges in [list(gst, 33), list(vat, 7), [list(gst, 27), list(vat, 6)].join(",")] {
        let rejection = table.refuse("asha", &charges_message(&charges));
        assert_eq!(rejection.code(), Code::TooManyCharges);
        assert!(rejection.what_was_expected().unwrap().starts_with("at most 32"), "{rejection}");
        let join = format!(
            r#"{{"type":"join","participantId":"asha","participantName":"x","data":{{"charges":[{charges}]}}}}"#
        );
        assert_eq!(Table::empty().refuse("asha", &join).code(), Code::TooManyCharges);
    }
    table.accept("asha", &charges_message(&[list(gst, 26), list(vat, 6)].join(",")));
    assert_eq!(shares(&table.order).amount_due().minor_units(), 10_026);
    table.accept("asha", &charges_message(""));
}

#[test]
fn an_order_holds_10000_claims_on_shared_dishes_and_no_more() {
    let mut table = Table::empty();
    let people: Vec<String> = (0..MAX_PARTICIPANTS).map(|number| format!("p{number}")).collect();
    for person in &people {
        table.join(person);
    }
    assert_eq!(MAX_CLAIMS, 40 * MAX_PARTICIPANTS);
    for dish in 0..39 {
        table.accept("p0", &shared_message(&format!("i{dish}"), &format!("{people:?}")));
    }
    table.accept("p0", &shared_message("last", &format!("{:?}", &people[..249])));
    table.add("p0", "own", "1", "1");
    // One claim is left, and a dish shared by two needs two.
    assert_eq!(table.refuse("p0", &shared_message("over", r#"["p1","p2"]"#)).code(), Code::OrderTooLarge);
    assert_eq!(table.refuse("p1", &claim_message("own")).code(), Code::OrderTooLarge);
    assert_eq!(table.refuse("p0", &assign_message("own", r#"["p1","p2"]"#)).code(), Code::OrderTooLarge);
    table.accept("p249", &claim_message("last"));
    // A command that adds nothing is always accepted.
    table.accept("p7", r#"{"type":"claim_item","data":{"itemId":"last","weight":2}}"#);
    table.accept("p0", &assign_message("last", &format!("{people:?}")));
    table.accept("p0", &assign_message("last", r#"["p1","p2","p3"]"#));
    table.accept("p1", &claim_message("own"));
    for dish in 0..100 {
        table.add("p0", &format!("mine{dish}"), "1", "1");
    }
}

/// Claims with many different prime sums of weights make the common denominator of the bill
/// grow.
#[test]
fn dishes_are_shared_in_so_many_odd_proportions_and_no_more() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    let odd = |prime: u64| format!(r#"{{"asha":1e-6,"ben":{}e-6}}"#, prime - 1);
    let mut primes = PRIMES.iter().enumerate();
    let add = |(number, prime): &(usize, &u64)| shared_message(&format!("i{number}"), &odd(**prime));
    let (granted, &prime) = primes.find(|dish| table.say("asha", &add(dish)).is_err()).unwrap();
    // Twelve numbers of 40 bits fit in 512 bits, thirteen do not.
    assert_eq!(granted, 12);
    let rejection = table.refuse("asha", &shared_message("over", &odd(prime)));
    assert_eq!(rejection.code(), Code::BillTooFine);
    assert!(rejection.what_was_expected().unwrap().contains("small whole weights"), "{rejection}");
    table.add("asha", "i99", "1", "1");
    assert_eq!(table.refuse("asha", &assign_message("i99", &odd(prime))).code(), Code::BillTooFine);
    table.accept("ben", r#"{"type":"claim_item","data":{"itemId":"i99","weight":1e6}}"#);
    let fine =
        format!(r#"{{"type":"claim_item","data":{{"itemId":"i99","weight":{}e-6}}}}"#, prime - 1_000_000);
    assert_eq!(table.refuse("ben", &fine).code(), Code::BillTooFine);
    // The same proportions again, and small ones, are still accepted.
    table.accept("asha", &shared_message("again", &odd(PRIMES[0])));
    table.accept("asha", &shared_message("small", r#"{"asha":2,"ben":3,"chi":1}"#));
    // Sums that reached the limit can be made small again.
    table.accept("asha", &assign_message("i3", r#"{"asha":1,"ben":2}"#));
    table.accept("asha", &assign_message("i3", &odd(prime)));
    table.accept("asha", &assign_message("i3", &odd(PRIMES[3])));

    let shared = shares(&table.order);
    assert_eq!(shared.unallocated(), Amount::ZERO);
    let amounts = shared.list().iter().map(Share::amount);
    assert_eq!(Amount::checked_sum(amounts), Some(table.order.total()));
    table.accept("asha", FINALIZE);
}

/// The largest primes below 10^12.
const PRIMES: [u64; 13] = [
    999_999_999_989,
    999_999_999_961,
    999_999_999_959,
    999_999_999_937,
    999_999_999_899,
    999_999_999_877,
    999_999_999_863,
    999_999_999_857,
    999_999_999_847,
    999_999_999_767,
    999_999_999_707,
    999_999_999_697,
    999_999_999_673,
];

#[test]
fn dishes_that_any_number_of_people_share_equally_are_never_too_fine() {
    let mut table = Table::empty();
    let people: Vec<String> = (0..140).map(|number| format!("p{number}")).collect();
    for person in &people {
        table.join(person);
    }
    table.split("p0", r#"{"splitType":"itemized"}"#);
    for sharers in 2..=people.len() {
        table.accept("p0", &shared_message(&format!("i{sharers}"), &format!("{:?}", &people[..sharers])));
    }
    let shared = shares(&table.order);
    let amounts = shared.list().iter().map(Share::amount);
    assert_eq!(Amount::checked_sum(amounts), Some(table.order.total()));
}

fn shared_message(id: &str, shared_by: &str) -> String {
    format!(
        r#"{{"type":"add_item","data":{{"id":"{id}","dishName":"Naan","price":10,"quantity":1,"sharedBy":{shared_by}}}}}"#
    )
}

/// One example for each code that the core gives to a command without an id. The others are
/// those of the host, which knows sockets and storage, and those of ids, in `once.rs`.
#[test]
fn every_code_of_the_core_has_an_example() {
    let elsewhere = [
        Code::BinaryNotSupported,
        Code::AlreadyJoined,
        Code::NotYou,
        Code::NotYourRoom,
        Code::TokenExpired,
        Code::RateLimited,
        Code::LogFull,
        Code::TooManyRooms,
        Code::StorageUnavailable,
        Code::StorageUncertain,
        Code::CommandIdReused,
        Code::TooManyCommands,
        Code::NotProved,
    ];
    let mut full = Table::empty();
    for number in 0..MAX_PARTICIPANTS {
        full.join(&format!("p{number}"));
    }
    let mut crowded = Table::of(&["asha"]);
    for number in 0..MAX_ITEMS {
        crowded.add("asha", &format!("i{number}"), "0", "1");
    }
    let mut dear = Table::of(&["asha"]);
    dear.add("asha", "i1", "9999999.99", "999");
    let mut closed = Table::of(&["asha"]);
    closed.add("asha", "i1", "1", "1");
    closed.accept("asha", FINALIZE);
    let mut open = Table::of(&["asha"]);
    open.add("asha", "i1", "1", "1");
    let deep = "[".repeat(20) + &"]".repeat(20);
    let keys: Vec<String> = (0..600).map(|key| format!(r#""{key}":0"#)).collect();
    let split = |shares: &str| split_message(&format!(r#"{{"splitType":"custom",{shares}}}"#));

    let mut refusals = Vec::new();
    let mut refuse = |table: &mut Table, message: &str| {
        refusals.push(table.refuse("asha", message));
    };
    refuse(&mut open, "{");
    refuse(&mut open, "[]");
    refuse(&mut open, &format!(r#"{{"x":{deep}}}"#));
    refuse(&mut open, r#"{"a":1,"a":1}"#);
    refuse(&mut open, &format!("{{{}}}", keys.join(",")));
    refuse(&mut open, r#"{"type":"nope"}"#);
    refuse(&mut open, "{}");
    refuse(&mut open, r#"{"type":1}"#);
    refuse(&mut open, r#"{"type":"join","participantId":"asha","participantName":"","data":{}}"#);
    refuse(&mut open, &add_message("i2", "-1", "1"));
    refuse(&mut open, &add_message("i2", "1", "0"));
    refuse(&mut open, r#"{"type":"join","participantId":"asha","data":{"currency":"JPY"}}"#);
    refuse(&mut open, &split(r#""weights":{"asha":0}"#));
    refuse(&mut Table::of(&["ben"]), LEAVE);
    refuse(&mut closed, LEAVE);
    refuse(&mut Table::of(&["asha"]), FINALIZE);
    refuse(&mut open, &split(r#""amounts":{"asha":2}"#));
    refuse(&mut open, &remove_message("nope"));
    refuse(&mut open, &add_message("i1", "1", "1"));
    refuse(&mut open, &split(r#""weights":{"ben":1}"#));
    refuse(&mut crowded, &add_message("over", "1", "1"));
    refuse(&mut verbose_table(), &wordy("over"));
    refuse(&mut full, &join_message("asha"));
    refuse(&mut dear, &add_message("over", "9999999.99", "2"));

    let mut shared = Table::of(&["ben", "asha"]);
    shared.add("ben", "i1", "0", "1");
    refuse(&mut shared, &charges_message(""));
    refuse(&mut shared, &unclaim_message("i1"));
    shared.accept("ben", &charges_message(r#"{"name":"Service","kind":"service","amount":1}"#));
    refuse(&mut shared, FINALIZE);
    shared.accept("ben", &unclaim_message("i1"));
    refuse(&mut shared, FINALIZE);
    refuse(&mut shared, &split_message(r#"{"splitType":"cover","covers":{"asha":"asha"}}"#));
    refuse(&mut open, &charges_message(r#"{"name":"GST","kind":"tax","percent":101}"#));
    refuse(&mut open, &charges_message(&vec![r#"{"name":"x","kind":"tax","percent":1}"#; 33].join(",")));
    let mut fine = Table::of(&["asha", "ben"]);
    for (number, prime) in PRIMES[1..].iter().enumerate() {
        let weights = format!(r#"{{"asha":1e-6,"ben":{}e-6}}"#, prime - 1);
        fine.accept("asha", &shared_message(&format!("i{number}"), &weights));
    }
    refuse(&mut fine, &shared_message("over", &format!(r#"{{"asha":1e-6,"ben":{}e-6}}"#, PRIMES[0] - 1)));

    refuse(&mut open, &limit_message("asha", "-1"));
    refuse(&mut open, r#"{"type":"add_person","data":{"participantId":"asha","name":"Asha"}}"#);
    let mut seat = Table::of(&["ben"]);
    seat.accept("ben", r#"{"type":"add_person","data":{"participantId":"asha","name":"Asha"}}"#);
    refuse(&mut seat, &join_message("asha"));

    let nobody = divide(&Bill::new(OrderId::new("x").unwrap(), Currency::default())).unwrap_err();
    refusals.push(nobody);
    refusals.extend(refused_about_payments());
    refusals.extend(refused_about_a_final_bill());
    refusals.extend(refused_about_transfers());
    refusals.extend(refused_at_a_hosted_table());
    refusals.extend(refused_once_time_has_passed());
    refusals.extend(refused_to_be_undone());

    let expected: BTreeSet<_> = Code::ALL.iter().copied().filter(|code| !elsewhere.contains(code)).collect();
    let codes: BTreeSet<_> = refusals.iter().map(Rejection::code).collect();
    assert_eq!(codes, expected);
    assert_eq!(
        texts(&refusals),
        golden_texts(&texts(&refusals)),
        "BLESS=1 writes them again; read them aloud once"
    );
}

/// Every code with its text and, as whole sentences, the refusals with it: one list to read aloud.
fn texts(refusals: &[Rejection]) -> String {
    let mut list = String::new();
    for code in Code::ALL {
        writeln!(list, "{}\n    {}", code.as_str(), code.text()).unwrap();
        assert!(code.text().ends_with('.') && code.text().len() <= 100, "{}", code.text());
        let same = refusals.iter().filter(|refusal| refusal.code() == *code);
        let examples: BTreeSet<String> = same.map(ToString::to_string).collect();
        for example in examples.iter().filter(|example| *example != code.text()) {
            assert!(example.ends_with('.') && !example.contains(".."), "{example}");
            writeln!(list, "    {example}").unwrap();
        }
    }
    list
}

fn golden_texts(texts: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/golden/texts.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, texts).unwrap();
    }
    std::fs::read_to_string(path).unwrap_or_default()
}

fn refused_about_a_final_bill() -> [Rejection; 2] {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "0", "1");
    let open = table.refuse("asha", &correct_message("i1", ""));
    table.accept("asha", FINALIZE);
    let settled = table.refuse("asha", REOPEN);
    [open, settled]
}

fn refused_about_payments() -> [Rejection; 6] {
    let pay = |id: &str, amount: &str| {
        format!(r#"{{"type":"record_payment","data":{{"paymentId":"{id}","amount":{amount}}}}}"#)
    };
    let status = r#"{"type":"update_payment","data":{"paymentId":"card","status":"failed"}}"#;
    let card = r#"{"type":"record_payment","data":{"paymentId":"card","payer":"asha","amount":1,"status":"pending"}}"#;
    let mut paid = Table::of(&["asha"]);
    paid.add("asha", "i1", "100", "1");
    let unknown = paid.refuse("asha", status);
    let nothing = paid.refuse("asha", &pay("p1", "0"));
    let too_much = paid.refuse("asha", &pay("p1", "100.01"));
    paid.say_from_backend(card).unwrap();
    let not_a_diners = paid.refuse("asha", status);
    let twice = paid.refuse("asha", &pay("card", "1"));
    for number in 1..MAX_PAYMENTS {
        paid.accept("asha", &pay(&format!("p{number}"), "0.01"));
    }
    let too_many = paid.refuse("asha", &pay("over", "0.01"));
    [unknown, nothing, too_much, not_a_diners, twice, too_many]
}

fn refused_about_transfers() -> [Rejection; 8] {
    let mut early = Table::of(&["asha", "ben"]);
    let not_finalized = early.refuse("asha", &send("t1", "ben", "1"));
    let mut table = one_paid_all();
    let to_self = table.refuse("ben", &send("t1", "ben", "1"));
    let unknown = table.refuse("ben", &cancel("t1"));
    let too_much = table.refuse("ben", &send("t1", "asha", "60.01"));
    table.accept("ben", &send("t1", "asha", "60"));
    let taken = table.refuse("chi", &send("t1", "asha", "40"));
    let of_another = table.refuse("ben", &answer("t1", true));
    table.accept("ben", &cancel("t1"));
    let over = table.refuse("asha", &answer("t1", true));
    for number in 1..MAX_TRANSFERS / 5 {
        let id = format!("b{number}");
        table.accept("ben", &send(&id, "asha", "1"));
        table.accept("ben", &cancel(&id));
    }
    let too_many = table.refuse("ben", &send("t2", "asha", "1"));
    [not_finalized, to_self, unknown, too_much, taken, of_another, over, too_many]
}

fn refused_once_time_has_passed() -> [Rejection; 3] {
    let lifetimes = Lifetimes { expire_after: Some(Duration::ZERO), archive_after: Some(Duration::ZERO) };
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    let bad_deadline = table.refuse("asha", r#"{"type":"set_deadline","data":{"in":0}}"#);
    let mut closed = table.clone();
    table.wait_until(table.now, &lifetimes);
    let expired = table.refuse("asha", LEAVE);
    closed.accept("asha", FINALIZE);
    closed.wait_until(closed.now, &lifetimes);
    let archived = closed.refuse("asha", r#"{"type":"record_payment","data":{"amount":1}}"#);
    [bad_deadline, expired, archived]
}

fn refused_to_be_undone() -> [Rejection; 2] {
    let undo = r#"{"type":"undo"}"#;
    let mut table = Table::of(&["asha", "ben"]);
    let nothing = table.refuse("asha", undo);
    table.add("asha", "i1", "10", "1");
    table.accept("ben", &claim_message("i1"));
    let conflict = table.refuse("asha", undo);
    [nothing, conflict]
}

fn refused_at_a_hosted_table() -> [Rejection; 4] {
    let mut table = Table::empty();
    let hosts = r#"{"type":"join","participantId":"ben","participantName":"Ben","data":{"policy":"hosted"}}"#;
    table.accept("ben", hosts);
    table.join("asha");
    table.add("ben", "i1", "10", "1");
    let not_yours = table.refuse("asha", &remove_message("i1"));
    table.accept("ben", &limit_message("asha", "5"));
    let over_limit = table.refuse("asha", &add_message("i2", "6", "1"));
    table.accept("ben", LOCK);
    let locked = table.refuse("asha", &add_message("i2", "5", "1"));
    table.accept("ben", &send_away_message("asha", "keep"));
    let removed = table.refuse("asha", &join_message("asha"));
    [not_yours, over_limit, locked, removed]
}
