//! One run: a room, its participants, and its faults.

use std::sync::Arc;
use std::time::Duration;

use order_core::{ParticipantId, Presence};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::time::sleep;
use transport_memory::Dice;

use super::disasters::strike;
use super::ledger::Ledger;
use super::oracle;
use super::outcome::{Happening, Outcome};
use super::phone::Phone;
use super::plan::{Plan, Wanted};
use super::world::World;

/// Runs the room with this number of this seed.
pub(crate) fn live_through(seed: u64, number: u64, wanted: Wanted) -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run(seed, number, wanted))
}

async fn run(seed: u64, number: u64, wanted: Wanted) -> Outcome {
    let mut dice = Dice::stream(seed, number);
    let plan = Plan::new(&mut dice);
    let world = Arc::new(World::new(dice.roll(), &plan, wanted));
    world.note("PLAN", || format!("{plan:?}"));
    let phones = storm(&world, &plan, &mut dice).await;
    world.calm();
    world.note("SERVER", || "all is calm from now on".to_owned());
    // Lets delayed messages arrive and appends finish.
    sleep(Duration::from_secs(1)).await;
    let mut phones = each(phones, Phone::come_to_rest).await;
    for phone in &mut phones {
        phone.settle().await;
    }
    // The room has read its clock by now, which stands still from here on.
    sleep(Duration::from_secs(61)).await;
    for phone in &mut phones {
        phone.settle().await;
    }
    judge(&world, phones).await
}

/// Lets all participants order, under all faults.
async fn storm(world: &Arc<World>, plan: &Plan, dice: &mut Dice) -> Vec<Phone> {
    let over = Arc::new(Notify::new());
    let disasters = plan
        .disasters
        .map(|between| tokio::spawn(strike(world.clone(), Dice::new(dice.roll()), between, over.clone())));
    let characters = plan.characters.iter().enumerate();
    let phones = characters
        .map(|(number, character)| Phone::new(world.clone(), number, *character, Dice::new(dice.roll())))
        .collect();
    let phones = each(phones, Phone::live_through_the_storm).await;
    if let Some(disasters) = disasters {
        // Not during one, so that a server runs in the end.
        over.notify_one();
        disasters.await.unwrap();
    }
    phones
}

async fn each<F>(phones: Vec<Phone>, does: impl Fn(Phone) -> F) -> Vec<Phone>
where
    F: Future<Output = Phone> + Send + 'static,
{
    let tasks: Vec<_> = phones.into_iter().map(|phone| tokio::spawn(does(phone))).collect();
    let mut phones = Vec::with_capacity(tasks.len());
    for task in tasks {
        phones.push(task.await.unwrap());
    }
    phones
}

/// Checks everything against the log.
async fn judge(world: &World, mut phones: Vec<Phone>) -> Outcome {
    let process = world.process();
    let ledger = process.as_ref().map(|process| process.simulation.log().inner());
    let log = ledger.map(Ledger::facts).unwrap_or_default();
    let nothing = Ledger::new(None);
    let order = match world.evidence(|evidence| oracle::check(world, ledger.unwrap_or(&nothing), evidence)) {
        Ok(replayed) => {
            world.evidence(|evidence| {
                evidence.happenings.count(Happening::ByTheClock, replayed.by_the_clock);
                evidence.happenings.count(Happening::RefusalHeld, replayed.refusals_held);
            });
            Some((replayed.order, replayed.cursor))
        }
        Err(violation) => {
            world.accuse(violation.oracle, || violation.what);
            None
        }
    };
    if let Some((order, cursor)) = order.filter(|_| world.evidence(|evidence| evidence.violation.is_none())) {
        // A participant who may not join sees nothing, even if they were removed only after their
        // last step.
        let removed = |who: &str| order.removed().any(|person| person.id().as_str() == who);
        phones.retain(|phone| !phone.barred && !removed(phone.listener.person));
        let mut online = Presence::new();
        for phone in &phones {
            oracle::agrees(world, &order, phone);
            online.connect(&ParticipantId::new(phone.listener.person).unwrap());
        }
        for phone in &mut phones {
            if let Some(told) = phone.look_at_the_order().await {
                oracle::is_told_all(world, &order, &online, phone.listener.person, &cursor, &told);
            }
        }
    }
    let transcript = world.transcript();
    world.evidence(|evidence| {
        let loads = ledger.map_or(0, |ledger| ledger.loads().len() as u64);
        evidence.happenings.count(Happening::Load, loads);
        evidence.happenings.count(Happening::Fact, log.len() as u64);
        Outcome {
            commands: log.len() as u64 + evidence.other_answers,
            happenings: evidence.happenings,
            violation: evidence.violation.take(),
            transcript,
            log,
        }
    })
}
