//! Tests of the load against a correct and a faulty yardstick: a check that cannot fail
//! proves nothing.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use clap::Parser as _;

use crate::args::{Cli, Role};
use crate::echo;
use crate::figures::Figures;
use crate::run::{Peer, Run, measure};

/// Longer than anything here takes on a busy machine, in seconds.
const LONG: f64 = 120.0;

#[test]
fn a_faithful_echo_has_no_faults_however_it_writes() {
    for writes in ["direct", "batched", "warp"] {
        let run = rehearse(&["--writes", writes], &["--threads", "2"]);
        assert_eq!(run.figures.faults(), [""; 0], "{writes}");
        assert_eq!(run.figures.commands, 2_000, "{writes}");
        // At the edges of the window, up to two other deliveries for each of the twelve
        // participants' commands.
        let Figures { commands, deliveries, .. } = run.figures;
        assert!(deliveries.abs_diff(3 * commands) <= 48, "{writes}: {deliveries} for {commands}");
        assert!((run.frame_bytes() - 2_000.0).abs() < 0.5, "{writes}: {} bytes", run.frame_bytes());
    }
}

#[test]
fn with_one_command_in_flight_in_a_room_its_people_take_turns_against_any_echo() {
    for writes in ["direct", "batched", "warp"] {
        let run = rehearse(&["--writes", writes], &["--in-flight", "room", "--rooms", "1"]);
        assert_eq!(run.figures.faults(), [""; 0], "{writes}");
        let Figures { commands, most_in_flight, fewest_sent, most_sent, .. } = run.figures;
        assert_eq!((commands, most_in_flight), (2_000, 1), "{writes}");
        // The participants filled the room with 2, 2 and 1 dishes.
        assert!(most_sent - fewest_sent <= 2, "{writes}: {fewest_sent} to {most_sent}");
    }
}

#[test]
fn one_command_of_each_room_or_of_each_participant_is_in_flight() {
    for (of, in_flight) in [("room", 1), ("person", 3)] {
        let run = rehearse(&[], &["--in-flight", of]);
        assert_eq!(run.figures.most_in_flight, in_flight, "{of}");
    }
}

#[test]
fn with_turns_a_delivery_left_out_is_noticed_too() {
    let brief = ["--in-flight", "room", "--seconds", "3", "--patience", "1"];
    let Figures { lost, doubled, .. } = rehearse(&["--lose-every", "1001"], &brief).figures;
    assert!(lost > 0 && doubled == 0, "{lost} lost, {doubled} doubled");
}

#[test]
fn a_delivery_left_out_is_noticed() {
    // Some senders wait for their own echo without end.
    let brief = ["--seconds", "3", "--patience", "1"];
    let Figures { lost, doubled, .. } = rehearse(&["--lose-every", "1001"], &brief).figures;
    assert!(lost > 0 && doubled == 0, "{lost} lost, {doubled} doubled");
}

#[test]
fn a_delivery_that_comes_twice_is_noticed() {
    let Figures { lost, doubled, strange, .. } = rehearse(&["--double-every", "1001"], &[]).figures;
    // The echo's frames do not say which command they are for, so a surplus may be counted
    // either way.
    assert!(lost == 0 && doubled + strange > 0, "{lost} lost, {doubled} doubled, {strange} strange");
}

#[test]
fn the_commands_asked_for_are_the_commands_measured() {
    let run = rehearse(&[], &["--commands", "500"]);
    assert_eq!(run.figures.commands, 500);
    assert!(run.seconds < LONG, "{} s: until the time was over", run.seconds);
}

#[test]
fn nobody_at_the_address_is_an_error_rather_than_a_long_wait() {
    let args = Cli::parse_from(["load", "--addr", "127.0.0.1:1"]).load;
    assert!(measure(&args, SocketAddr::from(([127, 0, 0, 1], 1)), None, Peer::Echo).is_err());
}

fn rehearse(echo_args: &[&str], load_args: &[&str]) -> Run {
    let fixed = ["load", "echo-server", "--addr", "127.0.0.1:0", "--frame-bytes", "2000"];
    let Some(Role::EchoServer(echo_args)) = Cli::parse_from(fixed.iter().chain(echo_args)).role else {
        panic!("not an echo server");
    };
    let (ready, is_ready) = mpsc::channel();
    // It serves until the tests end.
    thread::spawn(move || echo::serve(echo_args, |addr| ready.send(addr).unwrap()));
    let addr = is_ready.recv().unwrap();

    // Limited by commands, not by time: the rate depends on the machine, and a fast one need
    // not wait for the rest.
    let mut all = vec!["load", "--people", "3", "--items", "5", "--warmup", "0"];
    let seconds = LONG.to_string();
    for (option, value) in
        [("--rooms", "4"), ("--commands", "2000"), ("--seconds", &seconds), ("--patience", &seconds)]
    {
        if !load_args.contains(&option) {
            all.extend([option, value]);
        }
    }
    let load_args = Cli::parse_from(all.iter().chain(load_args)).load;
    measure(&load_args, addr, None, Peer::Echo).unwrap()
}
