//! What friends pay back to each other: who says so, who confirms it, and what is left to pay. The amounts are worked out by
//! hand.

use order_core::payment::settlement as settlement_of;
use order_core::split::shares;
use order_core::transfer::Positions;
use order_core::wire::v2::{event, state_text};
use order_core::{Actor, Code, Decision, Lifetimes, ParticipantId};
use std::time::Duration;

use crate::support::folding::{CURSOR, Document};
use crate::support::friends::{
    answer, cancel, has_no_transfers, is_all_settled, one_paid_all, send, statuses,
};
use crate::support::json::Json;
use crate::support::paying::{of_200, pay, refund, settlement, state, sums, unchanged};
use crate::support::table::{FINALIZE, Table};

/// Shares of 100, 60 and 40; asha paid all 200, so ben owes her 60 and chi 40.
#[test]
fn three_friends_are_even_once_both_have_paid_back_what_one_paid_for_all() {
    let mut table = one_paid_all();
    assert_eq!(settlement(&table), ["ben to asha 60", "chi to asha 40"]);
    has_no_transfers(&table);

    table.accept("ben", &send("b1", "asha", "60"));
    assert_eq!(statuses(&table), ["b1 ben to asha 60 pending"]);
    assert_eq!(settlement(&table), ["ben to asha 60", "chi to asha 40"], "it is not confirmed");
    table.accept("asha", &answer("b1", true));
    assert_eq!(settlement(&table), ["chi to asha 40"]);
    assert!(!is_all_settled(&table));

    table.accept("chi", &send("c1", "asha", "40"));
    table.accept("asha", &answer("c1", false));
    assert_eq!(settlement(&table), ["chi to asha 40"], "it was denied");
    assert!(!is_all_settled(&table));
    table.accept("chi", &send("c2", "asha", "40"));
    table.accept("asha", &answer("c2", true));
    assert_eq!(settlement(&table), [""; 0]);
    assert!(is_all_settled(&table));
    assert_eq!(
        statuses(&table),
        ["b1 ben to asha 60 confirmed", "c1 chi to asha 40 denied", "c2 chi to asha 40 confirmed"]
    );
}

#[test]
fn the_restaurant_is_paid_all_the_while_and_friends_pay_nothing_of_the_bill() {
    let mut table = one_paid_all();
    let before = (sums(&table), state(&table).at("splits").clone());
    assert_eq!(before.0, ("200".to_owned(), "0".to_owned(), true));
    table.accept("ben", &send("b1", "asha", "60"));
    table.accept("asha", &answer("b1", true));
    assert_eq!((sums(&table), state(&table).at("splits").clone()), before);
}

#[test]
fn what_the_restaurant_is_due_keeps_friends_from_being_all_settled() {
    // asha pays her 100 and 60 for ben; chi's 40 are open.
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":160,"for":["asha","ben"]}"#));
    table.accept("asha", FINALIZE);
    table.accept("ben", &send("b1", "asha", "60"));
    table.accept("asha", &answer("b1", true));
    assert_eq!(settlement(&table), ["chi to restaurant 40"]);
    assert!(!is_all_settled(&table) && !sums(&table).2);
    table.accept("asha", &pay(r#"{"amount":40,"payer":"chi"}"#));
    assert!(is_all_settled(&table) && sums(&table).2);
}

/// Shares of 30, 20, 10 and 10. chi paid 50 for asha and ben and is owed 40; dev paid 20 and is owed 10. The settlement is
/// asha to chi 30, ben to chi 10, ben to dev 10; asha pays dev instead, and ben pays chi all of his.
#[test]
fn anybody_who_owes_may_pay_anybody_who_is_owed() {
    let mut table = Table::of(&["asha", "ben", "chi", "dev"]);
    for (who, price) in [("asha", "30"), ("ben", "20"), ("chi", "10"), ("dev", "10")] {
        table.add(who, &format!("{who}-dish"), price, "1");
    }
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.accept("asha", &pay(r#"{"amount":50,"payer":"chi","for":["asha","ben"]}"#));
    table.accept("asha", &pay(r#"{"amount":20,"payer":"dev","for":["chi","dev"]}"#));
    table.accept("asha", FINALIZE);
    let mut told = settlement(&table);
    told.sort();
    assert_eq!(told, ["asha to chi 30", "ben to chi 10", "ben to dev 10"]);

    for (id, from, to, amount) in
        [("t1", "asha", "dev", "10"), ("t2", "ben", "chi", "20"), ("t3", "asha", "chi", "20")]
    {
        table.accept(from, &send(id, to, amount));
        table.accept(to, &answer(id, true));
    }
    assert_eq!(settlement(&table), [""; 0]);
    assert!(is_all_settled(&table));
}

#[test]
fn more_than_is_owed_is_refused_and_says_what_is_owed() {
    let mut table = one_paid_all();
    let refused = |table: &mut Table, who: &str, message: &str| {
        let rejection = table.refuse(who, message);
        assert_eq!((rejection.code(), rejection.field_name()), (Code::MoreThanOwed, Some("data.amount")));
        let (missing, _) = rejection.missing_amount().unwrap();
        (rejection.to_string(), missing.minor_units())
    };
    assert_eq!(
        refused(&mut table, "ben", &send("b1", "asha", "60.01")),
        ("The transfer is more than is owed: you owe 60. Expected: at most 60.".to_owned(), -1)
    );
    // chi is owed nothing, and asha owes nothing.
    let (text, missing) = refused(&mut table, "ben", &send("b1", "chi", "5"));
    assert!(text.contains("Name of chi is owed nothing. Expected: at most 0."), "{text}");
    assert_eq!(missing, -500);
    let (text, _) = refused(&mut table, "asha", &send("a1", "ben", "5"));
    assert!(text.contains("you owe nothing"), "{text}");
    // Nobody is owed before anybody has paid more than their share.
    let mut unpaid = of_200();
    unpaid.accept("asha", FINALIZE);
    let (text, _) = refused(&mut unpaid, "ben", &send("b1", "asha", "5"));
    assert!(text.contains("Name of asha is owed nothing"), "{text}");
}

#[test]
fn what_waits_for_an_answer_cannot_be_recorded_again() {
    let mut table = one_paid_all();
    table.accept("ben", &send("b1", "asha", "45"));
    let rejection = table.refuse("ben", &send("b2", "asha", "20"));
    assert_eq!(
        rejection.to_string(),
        "The transfer is more than is owed: you owe 60, and 45 of it waits for an answer. Expected: at most 15."
    );
    table.accept("ben", &send("b2", "asha", "15"));
    assert_eq!(table.refuse("ben", &send("b3", "asha", "0.01")).code(), Code::MoreThanOwed);
    // What was denied or taken back is free again.
    table.accept("asha", &answer("b1", false));
    table.accept("ben", &cancel("b2"));
    table.accept("ben", &send("b3", "asha", "60"));
    // What is confirmed is paid.
    table.accept("asha", &answer("b3", true));
    assert_eq!(table.refuse("ben", &send("b4", "asha", "0.01")).code(), Code::MoreThanOwed);
}

#[test]
fn nobody_is_offered_more_than_they_are_owed() {
    // Shares 100, 60, 40. dev, who has no share, pays 70 of asha's: dev is owed 70, others owe 30 + 60 + 40.
    let mut table = of_200();
    table.join("dev");
    table.add("dev", "water", "0", "1");
    table.accept("asha", &pay(r#"{"amount":70,"payer":"dev","for":["asha"]}"#));
    table.accept("asha", FINALIZE);
    table.accept("ben", &send("b1", "dev", "60"));
    let rejection = table.refuse("chi", &send("c1", "dev", "40"));
    assert_eq!(
        rejection.to_string(),
        "The transfer is more than is owed: Name of dev is owed 70, and 60 of it waits for an answer. Expected: at most 10."
    );
    table.accept("chi", &send("c1", "dev", "10"));
    table.accept("dev", &answer("b1", true));
    table.accept("dev", &answer("c1", true));
    // dev has everything back; the others owe the restaurant the rest: 100 of asha's, and 30 of chi's.
    assert_eq!(settlement(&table), ["asha to restaurant 100", "chi to restaurant 30"]);
}

#[test]
fn debts_are_known_once_the_order_is_finalized_and_until_it_is_archived() {
    let lifetimes = Lifetimes { expire_after: Some(Duration::ZERO), archive_after: Some(Duration::ZERO) };
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":200,"for":["asha","ben","chi"]}"#));
    let early = table.refuse("ben", &send("b1", "asha", "60"));
    assert_eq!(
        early.to_string(),
        "The order is still open. Expected: a transfer after the order is finalized."
    );
    let mut expired = table.clone();
    expired.wait_until(expired.now, &lifetimes);
    assert_eq!(expired.refuse("ben", &send("b1", "asha", "60")).code(), Code::OrderExpired);
    table.accept("asha", FINALIZE);
    table.accept("ben", &send("b1", "asha", "60"));
    table.wait_until(table.now, &lifetimes);
    for (who, message) in
        [("chi", send("c1", "asha", "40")), ("asha", answer("b1", true)), ("ben", cancel("b1"))]
    {
        assert_eq!(table.refuse(who, &message).code(), Code::OrderArchived, "{message}");
    }
    assert!(!is_all_settled(&table), "it shows what it was");
}

#[test]
fn only_the_receiver_answers_and_only_the_sender_takes_back() {
    let mut table = one_paid_all();
    table.accept("ben", &send("b1", "asha", "60"));
    for who in ["ben", "chi"] {
        let rejection = table.refuse(who, &answer("b1", true));
        assert_eq!(rejection.code(), Code::NotYourTransfer);
        assert!(
            rejection.to_string().contains("an answer by Name of asha, who is paid by it"),
            "{rejection}"
        );
    }
    for who in ["asha", "chi"] {
        assert_eq!(table.refuse(who, &cancel("b1")).code(), Code::NotYourTransfer);
    }
    for message in [send("x1", "asha", "1"), answer("b1", true), cancel("b1")] {
        assert_eq!(table.refuse_from_backend(&message).code(), Code::JoinFirst, "{message}");
        assert_eq!(table.refuse("nobody", &message).code(), Code::JoinFirst, "{message}");
    }
    assert_eq!(table.refuse("asha", &answer("b2", true)).code(), Code::TransferNotFound);
    assert_eq!(table.refuse("ben", &cancel("b2")).code(), Code::TransferNotFound);
}

#[test]
fn an_answer_holds_and_repeating_it_changes_nothing() {
    for confirmed in [true, false] {
        let mut table = one_paid_all();
        table.accept("ben", &send("b1", "asha", "60"));
        table.accept("asha", &answer("b1", confirmed));
        let facts = table.log.len();
        let again = table.accept("asha", &answer("b1", confirmed));
        unchanged(&table, &again, facts);
        let other = table.refuse("asha", &answer("b1", !confirmed));
        assert_eq!((other.code(), other.field_name()), (Code::AlreadyAnswered, Some("data.transferId")));
        assert_eq!(table.refuse("ben", &cancel("b1")).code(), Code::AlreadyAnswered);
    }
}

#[test]
fn what_was_taken_back_cannot_be_answered() {
    let mut table = one_paid_all();
    table.accept("ben", &send("b1", "asha", "60"));
    table.accept("ben", &cancel("b1"));
    let facts = table.log.len();
    let again = table.accept("ben", &cancel("b1"));
    unchanged(&table, &again, facts);
    for confirmed in [true, false] {
        let rejection = table.refuse("asha", &answer("b1", confirmed));
        assert_eq!(rejection.code(), Code::AlreadyAnswered);
        assert!(rejection.to_string().contains("it is cancelled"), "{rejection}");
    }
    assert_eq!(statuses(&table), ["b1 ben to asha 60 cancelled"]);
}

/// The money has changed hands, whatever became of the bill meanwhile: the settlement says what is to be given back.
#[test]
fn what_was_owed_when_it_was_recorded_may_be_confirmed_after_the_bill_has_changed() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":200,"for":["asha","ben","chi"]}"#));
    table.accept("asha", FINALIZE);
    table.accept("ben", &send("b1", "asha", "60"));
    table.accept("asha", &refund("p1", None));
    table.accept("asha", &answer("b1", true));
    // asha has 60 of ben's and owes 160; ben is even.
    assert_eq!(settlement(&table), ["asha to restaurant 160", "chi to restaurant 40"]);
}

#[test]
fn somebody_who_left_before_the_end_still_pays_back() {
    let mut table = of_200();
    table.leave("chi");
    table.accept("asha", &pay(r#"{"amount":200,"for":["asha","ben","chi"]}"#));
    table.accept("asha", FINALIZE);
    table.accept("chi", &send("c1", "asha", "40"));
    table.accept("asha", &answer("c1", true));
    assert_eq!(settlement(&table), ["ben to asha 60"]);
}

#[test]
fn a_library_reads_the_same_as_a_client() {
    let mut table = one_paid_all();
    let asha = ParticipantId::new("asha").unwrap();
    let positions = |table: &Table| Positions::new(&table.order, &shares(&table.order));
    assert_eq!(positions(&table).of(&table.order, &asha).minor_units(), 10_000);
    for (who, amount) in [("ben", "60"), ("chi", "40")] {
        table.accept(who, &send(who, "asha", amount));
        table.accept("asha", &answer(who, true));
    }
    assert!(positions(&table).are_even());
    assert_eq!(positions(&table).of(&table.order, &asha).minor_units(), 0);
    assert_eq!(positions(&table).of_restaurant().minor_units(), 0);
    assert!(settlement_of(&table.order, &shares(&table.order)).is_empty());
    let transfer = &table.order.transfers()[0];
    assert_eq!(table.order.sender(transfer).unwrap().id().as_str(), "ben");
    assert_eq!(table.order.receiver(transfer).unwrap().id(), &asha);
}

#[test]
fn a_host_asks_for_a_proof_of_whoever_speaks_of_transfers_and_of_nothing_else() {
    let needs_proof = |message: &str| {
        let read = order_core::wire::decode_command(message, || order_core::ItemId::new("i").unwrap());
        read.unwrap().command.needs_proof()
    };
    for message in [send("b1", "asha", "60"), answer("b1", true), cancel("b1")] {
        assert!(needs_proof(&message), "{message}");
    }
    for message in [pay(r#"{"amount":1}"#), FINALIZE.to_owned()] {
        assert!(!needs_proof(&message), "{message}");
    }
}

#[test]
fn a_transfer_is_shown_with_how_it_was_paid() {
    let mut table = one_paid_all();
    let message =
        r#"{"type":"record_transfer","data":{"to":"asha","amount":12.5,"method":"upi","reference":"txn 9"}}"#;
    let Decision::Record(recorded) = table.accept("ben", message) else { panic!("no fact") };
    assert_eq!(recorded.by, Actor::participant(ParticipantId::new("ben").unwrap()));
    let state = state(&table);
    let [shown] = state.at("transfers").list() else { panic!("one") };
    let text = |key: &str| shown.at(key).text();
    assert!(text("transferId").starts_with("made-"), "the host made it");
    assert_eq!(
        [text("from"), text("fromName"), text("to"), text("toName")],
        ["ben", "Name of ben", "asha", "Name of asha"]
    );
    assert_eq!([text("method"), text("reference"), text("status")], ["upi", "txn 9", "pending"]);
    assert_eq!(shown.at("amount"), &Json::Number("12.5".to_owned()));
}

/// A client of `stonepot.v2` appends fields that it does not have yet, so the one that came first stands first.
#[test]
fn a_client_folds_the_first_transfer_of_a_table_with_rules_and_of_one_without() {
    for policy in ["hosted", "open"] {
        let mut table = Table::empty();
        let join = format!(
            r#"{{"type":"join","participantId":"asha","participantName":"Asha","data":{{"policy":"{policy}"}}}}"#
        );
        table.accept("asha", &join);
        table.join("ben");
        table.add("asha", "thali", "100", "1");
        table.accept("asha", &pay(r#"{"amount":100,"for":["asha","ben"]}"#));
        table.accept("asha", FINALIZE);
        let mut document = Document::parse(&state_text(&table.order));
        for (who, message) in [
            ("ben", send("b1", "asha", "20")),
            ("asha", answer("b1", false)),
            ("ben", send("b2", "asha", "50")),
            ("ben", cancel("b2")),
        ] {
            table.accept(who, &message);
            document.fold(&event(&table.order, table.log.last().unwrap(), CURSOR));
            assert_eq!(document.text(), state_text(&table.order), "{policy}: {message}");
        }
        assert!(
            document.text().contains(r#""rules":{"policy":"#),
            "the fields before the transfers come with them"
        );
    }
}
