//! Failures of the server as a whole.

use std::sync::Arc;
use std::time::Duration;

use order_core::UnixMillis;
use order_host::{Clock as _, Opening, Protocol};
use tokio::time::sleep;
use transport_memory::{Dice, Simulation};

use super::ledger::Ledger;
use super::outcome::Happening;
use super::plan::GHOST;
use super::world::World;

/// The largest jump of a clock: a day.
const JUMP: u64 = 24 * 60 * 60 * 1_000;

/// Causes one failure after the other, until stopped between two of them.
pub(crate) async fn strike(
    world: Arc<World>,
    mut dice: Dice,
    between: Duration,
    over: Arc<tokio::sync::Notify>,
) {
    let longest = u64::try_from(between.as_millis()).unwrap();
    loop {
        tokio::select! {
            biased;
            () = over.notified() => return,
            () = sleep(Duration::from_millis(dice.below(longest + 1))) => {}
        }
        match dice.below(7) {
            0 | 1 => crash(&world, &mut dice).await,
            2 => restart(&world, &mut dice).await,
            3 => put_back(&world, &mut dice, false).await,
            4 => put_back(&world, &mut dice, true).await,
            _ => clock_jump(&world, &mut dice),
        }
    }
}

/// Kills the process, and starts another after a while.
async fn crash(world: &World, dice: &mut Dice) {
    let Some(process) = world.take() else { return };
    world.note("SERVER", || "crashes".to_owned());
    world.count(Happening::Crash);
    process.wild.cut();
    process.simulation.crash().await;
    sleep(Duration::from_millis(dice.below(200))).await;
    world.start(world.next(&process));
    world.note("SERVER", || "starts again".to_owned());
}

/// Drains the process, and starts another after it.
async fn restart(world: &World, dice: &mut Dice) {
    let Some(process) = world.take() else { return };
    world.note("SERVER", || "drains".to_owned());
    world.count(Happening::Drain);
    process.simulation.host().drain().await;
    sleep(Duration::from_millis(dice.below(50))).await;
    // A client that has not read everything by then never will.
    process.wild.cut();
    process.simulation.bus().cut();
    world.start(world.next(&process));
    world.note("SERVER", || "starts again".to_owned());
}

/// Kills the process, restores an older backup of the log, and starts another process. If
/// the log `forks`, somebody adds facts before anybody else reconnects: they take the place
/// of the lost ones.
async fn put_back(world: &World, dice: &mut Dice, forks: bool) {
    let Some(process) = world.take() else { return };
    process.wild.cut();
    process.simulation.crash().await;
    let ledger = process.simulation.log().inner();
    world.lose_what_came_after(ledger, || ledger.put_back(dice));
    let kept = ledger.facts().len();
    world.note("SERVER", || format!("crashes, and its log is put back to {kept} facts"));
    world.count(Happening::Restored);
    let next = world.next(&process);
    if forks {
        let added = go_on_otherwise(&next, world, dice).await;
        world.note("SERVER", || format!("{added} facts were added meanwhile"));
    }
    world.start(next);
    world.note("SERVER", || "starts again".to_owned());
}

/// Lets somebody who was never there before make a few changes.
async fn go_on_otherwise(simulation: &Simulation<Ledger>, world: &World, dice: &mut Dice) -> u64 {
    let (before, history) = (simulation.log().inner().facts().len() as u64, world.history());
    let opening = Opening { protocol: Protocol::V2, ..Opening::default() };
    let mut ghost = simulation.open(&world.room, opening);
    let join = format!(
        r#"{{"type":"join","id":"g{history}","participantId":"{GHOST}","participantName":"{GHOST}","data":{{}}}}"#
    );
    // Failures and refusals do not matter here.
    let _ = ghost.send(join).await;
    for number in 1..=dice.below(40) {
        let percent = number % 2;
        let tip =
            format!(r#"{{"type":"set_tip","id":"g{history}-{number}","data":{{"percent":{percent}}}}}"#);
        let _ = ghost.send(tip).await;
    }
    ghost.settle().await;
    ghost.disconnect();
    let added = (simulation.log().inner().facts().len() as u64).saturating_sub(before);
    if added > 0 {
        world.count(Happening::Forked);
    }
    added
}

fn clock_jump(world: &World, dice: &mut Dice) {
    let Some(process) = world.process() else { return };
    let (now, jump) = (process.simulation.clock().now().get(), dice.below(JUMP));
    let then = if dice.below(2) == 0 { now.saturating_add(jump) } else { now.saturating_sub(jump) };
    world.set_clock(&process, UnixMillis::new(now), UnixMillis::new(then));
    world.note("SERVER", || format!("its clock jumps from {now} to {then}"));
    world.count(Happening::ClockJump);
}
