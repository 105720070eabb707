//! A campaign: many lives of the program, with many power cuts in each.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::Outcome;
use crate::disk::{Disk, Files};
use crate::life::Mode;
use crate::promises::{Counts, Promises};
use crate::record::{self, Event};
use crate::recorder::Recorder;
use crate::verdict::{Found, Judge, lay_out};

/// After this many lives a new folder is used, so that the orders, and the time of each
/// check, stay small.
const LIVES_OF_A_FOLDER: u64 = 4;

/// The most cases that wait to be judged. Overflow: the producer waits.
const WAITING: usize = 8;

/// What the campaign does.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The least number of power cuts.
    pub(crate) cuts: u64,
    pub(crate) cuts_of_a_life: u64,
    pub(crate) threads: usize,
    /// The modes of the lives, in turn.
    pub(crate) modes: &'static [Mode],
    pub(crate) disk_lies: bool,
}

impl Plan {
    pub(crate) fn new(seed: u64, cuts: u64) -> Self {
        Self {
            seed,
            cuts,
            cuts_of_a_life: 250,
            threads: thread::available_parallelism().map_or(1, usize::from),
            modes: &[Mode::Plain, Mode::Failing, Mode::Plain, Mode::Large, Mode::Plain, Mode::Outage],
            disk_lies: false,
        }
    }
}

/// The result of a campaign without a broken promise.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) cuts: u64,
    /// Cuts at which something was not synced yet.
    pub(crate) at_risk: u64,
    pub(crate) lives: u64,
    /// Events of all lives: writes, syncs, names, marks.
    pub(crate) events: u64,
    pub(crate) counts: Counts,
    pub(crate) found: Found,
    pub(crate) took: Duration,
}

/// A broken promise, and how to reproduce it.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) how: String,
    /// How many events had happened.
    pub(crate) position: usize,
    /// The seed of the power cut. `None`: there was no power cut.
    pub(crate) luck: Option<u64>,
    /// The record of everything that led to it.
    pub(crate) record: PathBuf,
}

/// The files after a power cut, to be checked against the promises.
struct Case {
    files: Files,
    promises: Promises,
    position: usize,
    luck: u64,
}

#[derive(Default)]
struct Verdicts {
    found: Found,
    cuts: u64,
    /// The first broken promise, with its position and the seed of the power cut.
    broken: Option<(String, usize, u64)>,
}

/// Runs lives and cuts the power as planned. Stops at the first broken promise.
///
/// # Errors
/// When the check itself cannot run.
pub(crate) fn run(plan: &Plan) -> Outcome<Result<Report, Broken>> {
    let began = Instant::now();
    let place = scratch()?;
    let recorder = Recorder::new(place.path())?;
    let mut report = Report::default();
    let mut dice = StdRng::seed_from_u64(plan.seed);
    let mut last = None;
    while report.cuts < plan.cuts && last.is_none() {
        lay_out(&recorder.folder(), &Files::new())?;
        let mut folder = Folder::new(plan);
        let (cases, judges) = judges(plan.threads, place.path())?;
        for _ in 0..LIVES_OF_A_FOLDER {
            let mode = plan.modes[usize::try_from(report.lives)? % plan.modes.len()];
            let broken = folder.live(&recorder, mode, plan, &mut dice, &cases, &mut report)?;
            report.lives += 1;
            last = broken.map(|(how, position)| (how, position, None));
            let is_enough = report.cuts + folder.cuts >= plan.cuts;
            if last.is_some() || is_enough || verdicts(&judges.1).broken.is_some() {
                break;
            }
        }
        drop(cases);
        for judge in judges.0 {
            judge.join().map_err(|_| "a judge panicked")??;
        }
        report.events += folder.events.len() as u64;
        let verdicts = verdicts(&judges.1);
        report.cuts += verdicts.cuts;
        report.found.promised += verdicts.found.promised;
        report.found.unpromised += verdicts.found.unpromised;
        report.counts.add(folder.promises.counts);
        if let Some((how, position, luck)) = verdicts.broken.clone() {
            last = Some((how, position, Some(luck)));
        }
        if let Some((how, position, luck)) = last.take() {
            let record = std::env::temp_dir().join(format!("stonepot-power-{}.record", plan.seed));
            fs::write(&record, record::write(&folder.events))?;
            return Ok(Err(Broken { how, position, luck, record }));
        }
    }
    report.took = began.elapsed();
    Ok(Ok(report))
}

/// Replays a record up to a power cut, and checks the result.
///
/// # Errors
/// When a promise is broken, or the check cannot run.
pub(crate) fn replay(path: &Path, position: usize, luck: Option<u64>) -> Outcome<Found> {
    let events = record::read(&fs::read(path)?, 0)?;
    let (mut disk, mut promises) = (Disk::default(), Promises::default());
    for (index, event) in events.iter().take(position).enumerate() {
        disk.take(index, event);
        promises.take(index, event)?;
    }
    let Some(luck) = luck else { return Ok(Found::default()) };
    let place = scratch()?;
    Judge::new(place.path().join("judge"))?.check(&disk.after_a_cut(luck), &promises, luck)
}

/// The state of one folder over several lives.
struct Folder {
    disk: Disk,
    promises: Promises,
    events: Vec<Event>,
    cuts: u64,
}

impl Folder {
    fn new(plan: &Plan) -> Self {
        let disk = Disk::default().that_lies(plan.disk_lies);
        Self { disk, promises: Promises::default(), events: Vec::new(), cuts: 0 }
    }

    /// Records a life, and cuts the power at random moments of it. Returns a promise that is
    /// broken without a power cut, with its position.
    fn live(
        &mut self,
        recorder: &Recorder,
        mode: Mode,
        plan: &Plan,
        dice: &mut StdRng,
        cases: &SyncSender<Case>,
        report: &mut Report,
    ) -> Outcome<Option<(String, usize)>> {
        let began = self.events.len();
        self.events.extend(recorder.record(mode, dice.random(), began)?);
        let happened = self.events.len() - began;
        let mut moments: Vec<usize> =
            (0..plan.cuts_of_a_life).map(|_| began + dice.random_range(0..=happened)).collect();
        moments.sort_unstable();
        let mut moments = moments.into_iter().peekable();
        for position in began..=self.events.len() {
            while moments.next_if_eq(&position).is_some() {
                self.cut(position, dice.random(), cases, report);
            }
            if let Some(event) = self.events.get(position) {
                self.disk.take(position, event);
                if let Err(how) = self.promises.take(position, event) {
                    return Ok(Some((how, position + 1)));
                }
            }
        }
        if self.disk.seen() != recorder.left()? {
            return Err("the recorder has missed something: the files are others than it says".into());
        }
        self.go_on(recorder, dice, cases, report)?;
        Ok(None)
    }

    fn cut(&mut self, position: usize, luck: u64, cases: &SyncSender<Case>, report: &mut Report) {
        self.cuts += 1;
        report.at_risk += u64::from(self.disk.is_at_risk());
        let case =
            Case { files: self.disk.after_a_cut(luck), promises: self.promises.clone(), position, luck };
        // The judges are gone only if one has failed, which is reported elsewhere.
        drop(cases.send(case));
    }

    /// Continues after a killed process or a power failure, at random.
    fn go_on(
        &mut self,
        recorder: &Recorder,
        dice: &mut StdRng,
        cases: &SyncSender<Case>,
        report: &mut Report,
    ) -> Outcome<()> {
        let event = if dice.random_bool(0.5) {
            Event::Ended
        } else {
            let luck = dice.random();
            self.cut(self.events.len(), luck, cases, report);
            Event::PowerFailed { luck }
        };
        self.disk.take(self.events.len(), &event);
        if event != Event::Ended {
            lay_out(&recorder.folder(), &self.disk.seen())?;
        }
        self.events.push(event);
        Ok(())
    }
}

type Judges = (Vec<thread::JoinHandle<Outcome<()>>>, Arc<Mutex<Verdicts>>);

/// Starts the threads that judge cases until there are no more, or until one finds a broken
/// promise.
fn judges(threads: usize, place: &Path) -> Outcome<(SyncSender<Case>, Judges)> {
    let (sender, cases) = sync_channel::<Case>(WAITING);
    let cases = Arc::new(Mutex::new(cases));
    let verdicts = Arc::new(Mutex::new(Verdicts::default()));
    let mut judges = Vec::new();
    for number in 0..threads {
        let judge = Judge::new(place.join(format!("judge-{number}")))?;
        let (cases, all) = (Arc::clone(&cases), Arc::clone(&verdicts));
        judges.push(thread::spawn(move || judge_all(&judge, &cases, &all)));
    }
    Ok((sender, (judges, verdicts)))
}

fn judge_all(judge: &Judge, cases: &Mutex<Receiver<Case>>, all: &Mutex<Verdicts>) -> Outcome<()> {
    loop {
        let next = cases.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Case { files, promises, position, luck }) = next else { return Ok(()) };
        if verdicts(all).broken.is_some() {
            continue;
        }
        let judged = judge.check(&files, &promises, luck);
        let mut all = verdicts(all);
        all.cuts += 1;
        match judged {
            Ok(found) => {
                all.found.promised += found.promised;
                all.found.unpromised += found.unpromised;
            }
            Err(error) => all.broken = Some((error.to_string(), position, luck)),
        }
    }
}

fn verdicts(all: &Mutex<Verdicts>) -> std::sync::MutexGuard<'_, Verdicts> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates a working folder, in memory if possible: the disk under test is the simulated
/// one.
fn scratch() -> Outcome<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    Ok(place?)
}
