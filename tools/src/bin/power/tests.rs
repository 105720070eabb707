//! Tests that the check detects faults, and finds none in the log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use crate::campaign::{self, Broken, Plan, Report};
use crate::life::{self, Mode};

#[test]
fn whatever_anybody_was_told_is_there_after_a_power_cut() {
    let report = kept(&Plan { cuts_of_a_life: 100, ..Plan::new(1, 1_000) });
    assert!(report.cuts >= 1_000 && report.at_risk > 300, "{report:?}");
    assert!(report.counts.stored > 300 && report.found.promised > 20_000, "{report:?}");
    assert!(report.found.unpromised > 0, "no cut came between a write and its answer: {report:?}");
}

#[test]
fn when_syncs_fail_nothing_is_acknowledged_that_is_not_synced_later() {
    let report = kept(&Plan { cuts_of_a_life: 60, modes: &[Mode::Failing], ..Plan::new(2, 240) });
    assert!(report.counts.failed_syncs > 0 && report.counts.refused > 0, "{report:?}");
}

#[test]
fn whoever_orders_while_syncs_fail_is_told_and_afterwards_all_goes_on() {
    let report = kept(&Plan { cuts_of_a_life: 60, modes: &[Mode::Outage], ..Plan::new(6, 120) });
    assert!(report.counts.failed_syncs > 0 && report.counts.refused >= report.lives, "{report:?}");
}

#[test]
fn a_disk_that_lies_about_syncs_is_found_out() {
    let broken = broken(&Plan { modes: &[Mode::Plain], disk_lies: true, ..Plan::new(3, 2_000) });
    assert!(broken.luck.is_some(), "{broken:?}");
}

#[test]
fn a_log_that_answers_before_it_has_stored_is_found_out() {
    let broken = broken(&Plan { modes: &[Mode::Hasty], ..Plan::new(4, 2_000) });
    assert!(broken.how.contains("nothing was synced"), "{broken:?}");
}

#[test]
fn a_broken_promise_is_broken_again_when_it_is_replayed() {
    let broken = broken(&Plan { modes: &[Mode::Hasty], ..Plan::new(5, 2_000) });
    let again = campaign::replay(&broken.record, broken.position, broken.luck).unwrap_err();
    assert_eq!(again.to_string(), broken.how);
}

#[test]
#[ignore = "a child process of the other tests"]
fn a_life() {
    if std::env::var_os(life::MODE).is_some() {
        life::live().unwrap();
    }
}

fn kept(plan: &Plan) -> Report {
    campaign::run(plan).unwrap().unwrap_or_else(|broken| panic!("{broken:?}"))
}

fn broken(plan: &Plan) -> Broken {
    let broken = campaign::run(plan).unwrap().unwrap_err();
    std::fs::metadata(&broken.record).unwrap();
    broken
}
