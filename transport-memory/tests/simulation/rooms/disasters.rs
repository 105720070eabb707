//! What goes wrong with the server as a whole.

use std::sync::Arc;
use std::time::Duration;

use order_core::UnixMillis;
use order_host::Clock as _;
use tokio::time::sleep;
use transport_memory::Dice;

use super::outcome::Happening;
use super::world::World;

/// How far a clock jumps at the most: a day.
const JUMP: u64 = 24 * 60 * 60 * 1_000;

/// Brings one disaster after the other, until it is aborted between two of them.
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
        match dice.below(5) {
            0 | 1 => crash(&world, &mut dice).await,
            2 => restart(&world, &mut dice).await,
            _ => clock_jump(&world, &mut dice),
        }
    }
}

/// The process dies, and another starts after a while.
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

/// The process is asked to stop, and another starts after it.
async fn restart(world: &World, dice: &mut Dice) {
    let Some(process) = world.take() else { return };
    world.note("SERVER", || "drains".to_owned());
    world.count(Happening::Drain);
    process.simulation.host().drain().await;
    sleep(Duration::from_millis(dice.below(50))).await;
    // Who has not read everything by then never will.
    process.wild.cut();
    process.simulation.bus().cut();
    world.start(world.next(&process));
    world.note("SERVER", || "starts again".to_owned());
}

fn clock_jump(world: &World, dice: &mut Dice) {
    let Some(process) = world.process() else { return };
    let (now, jump) = (process.simulation.clock().now().get(), dice.below(JUMP));
    let then = if dice.below(2) == 0 { now.saturating_add(jump) } else { now.saturating_sub(jump) };
    world.set_clock(&process, UnixMillis::new(now), UnixMillis::new(then));
    world.note("SERVER", || format!("its clock jumps from {now} to {then}"));
    world.count(Happening::ClockJump);
}
