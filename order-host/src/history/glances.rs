//! Glances at orders that are not in memory: for strangers, for those who want to come in, and for those who want a history.
//!
//! To answer, the order is read from the log, without the commands that it remembers. That costs as much as the order is large, so it
//! happens once however many ask at the same time, and a few orders at a time. What was found is remembered. Before it is told again, a
//! look at the end of the log shows whether it still holds.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use order_core::stored::encode_snapshot;
use order_core::text::Text;
use order_core::wire::{self, SharedText};
use order_core::{Order, ParticipantId};
use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::time::Instant;

use crate::host::aside::Aside;
use crate::host::rooms::Rooms;
use crate::host::tasks::Tasks;
use crate::log::{LogError, Snapshot};
use crate::room::load::{Loaded, Loader};
use crate::{Access, RoomKey};

/// The most bytes of cached answers. Overflow: the oldest are dropped, and read again on
/// request.
const REMEMBERED_BYTES: usize = 8 << 20;

/// With this many facts without a snapshot, saving one is worth the write.
const FACTS_WORTH_A_SNAPSHOT: u64 = 1_024;

/// The approximate size of a cached answer without its texts.
const BYTES_EACH: usize = 256;

/// What can be told of an order without having it in memory.
#[derive(Debug)]
pub(crate) struct Glance {
    /// The sequence number of the last fact that it takes into account.
    pub(crate) seq: u64,
    /// The order as a stranger sees it, as JSON text. `None`: nobody has joined it.
    pub(crate) view: Option<SharedText>,
    circle: Option<Text>,
    tenant: Option<Text>,
    /// The participants who may read its history.
    readers: Vec<ParticipantId>,
}

impl Glance {
    fn of(order: &Order) -> Self {
        let readers = order.people().iter().map(order_core::Participant::id);
        Self {
            seq: order.seq(),
            view: public_view(order),
            circle: order.circle_id().cloned(),
            tenant: order.tenant_id().cloned(),
            readers: readers.filter(|id| order.may_read_history(id)).cloned().collect(),
        }
    }

    pub(crate) fn admits(&self, access: &Access) -> bool {
        access.admits(self.seq, self.circle.as_ref(), self.tenant.as_ref())
    }

    /// Returns whether `asker` may read the history. `None` is the back end, which may.
    pub(crate) fn may_be_read_by(&self, asker: Option<&ParticipantId>) -> bool {
        self.seq > 0 && asker.is_none_or(|asker| self.readers.contains(asker))
    }

    fn bytes(&self) -> usize {
        let readers: usize = self.readers.iter().map(|id| id.as_str().len().saturating_add(BYTES_EACH)).sum();
        BYTES_EACH.saturating_add(readers).saturating_add(self.view.as_ref().map_or(0, |view| view.len()))
    }
}

/// Returns the order as a stranger sees it. `None`: nobody has joined it.
pub(crate) fn public_view(order: &Order) -> Option<SharedText> {
    (order.seq() > 0).then(|| wire::public_view(order))
}

/// A glance, and what it cost to get it.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    pub(crate) glance: Arc<Glance>,
    /// The work done for this request. Zero if the glance was cached or others had requested it
    /// before.
    pub(crate) work: Duration,
}

/// The result of a look, once it has ended.
type Sought = Arc<SetOnce<Result<Looked, LogError>>>;

/// Cached answers, and the looks in progress.
pub(crate) struct Glances {
    state: Mutex<State>,
    loader: Arc<Loader>,
    /// The rooms in memory, which save snapshots of their own.
    rooms: Arc<Rooms>,
    aside: Arc<Aside>,
    tasks: Tasks,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<RoomKey, Arc<Glance>>,
    oldest_first: VecDeque<RoomKey>,
    bytes: usize,
    /// One entry for each look that is in progress or waits for its turn.
    sought: HashMap<RoomKey, Sought>,
}

impl Glances {
    pub(crate) fn new(loader: Arc<Loader>, rooms: Arc<Rooms>, aside: Arc<Aside>, tasks: Tasks) -> Self {
        Self { state: Mutex::default(), loader, rooms, aside, tasks }
    }

    /// Returns the glance of an order that is not in memory.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn at(self: &Arc<Self>, room: &RoomKey) -> Result<Looked, LogError> {
        self.loader.damaged.refuse(room)?;
        let known = self.lock().known.get(room).cloned();
        if let Some(known) = known
            && self.is_the_last(room, &known).await?
        {
            return Ok(Looked { glance: known, work: Duration::ZERO });
        }
        let (is_own, found) = self.look(room).await;
        if is_own {
            return found;
        }
        // Another request began the look, perhaps before a fact that was stored when this one came.
        // A new look includes it.
        if let Ok(looked) = &found
            && self.is_the_last(room, &looked.glance).await?
        {
            return found;
        }
        self.look(room).await.1
    }

    /// Waits for the look in progress, or begins one. Returns whether it began one, and the
    /// result.
    async fn look(self: &Arc<Self>, room: &RoomKey) -> (bool, Result<Looked, LogError>) {
        let mut begun = None;
        let sought = self
            .lock()
            .sought
            .entry(room.clone())
            .or_insert_with(|| begun.insert(Sought::default()).clone())
            .clone();
        let is_own = begun.take().is_some();
        if is_own {
            let look = Look { glances: self.clone(), room: room.clone(), sought: sought.clone() };
            // A separate task ends even if the requester goes away, and may step aside for long
            // work.
            if Handle::try_current().is_ok() {
                drop(self.tasks.spawn(look.run()));
            } else {
                look.run().await;
            }
        }
        let mut found = sought.wait().await.clone();
        if let Ok(looked) = &mut found
            && !is_own
        {
            looked.work = Duration::ZERO;
        }
        (is_own, found)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether nothing was added to an order since `glance`.
    async fn is_the_last(&self, room: &RoomKey, glance: &Glance) -> Result<bool, LogError> {
        Ok(self.loader.log().read(room, glance.seq, 1).await?.is_empty())
    }

    /// Saves a snapshot of an order that was replayed from its first fact, so that the next
    /// load is short.
    async fn remember_for_later(&self, room: &RoomKey, loaded: &Loaded) {
        let Loaded { order, snapshot_seq: 0, .. } = loaded else { return };
        if order.seq() < FACTS_WORTH_A_SNAPSHOT {
            return;
        }
        let Ok(state) = encode_snapshot(order, &loaded.position()) else { return };
        // A snapshot that a room has saved meanwhile is newer; a room in memory will save another.
        let log = self.loader.log();
        let is_newer = match log.load_snapshot(room).await {
            Ok(stored) => stored.is_none_or(|stored| stored.seq < order.seq()),
            Err(_) => false,
        };
        if !is_newer || self.rooms.loaded(room).is_some() {
            return;
        }
        if let Err(error) = log.save_snapshot(room, Snapshot { seq: order.seq(), state }).await {
            tracing::debug!(room = %room.fingerprint(), %error, "the snapshot was not saved");
        }
    }
}

/// A look at an order. Those who wait for it are answered even if it is dropped.
struct Look {
    glances: Arc<Glances>,
    room: RoomKey,
    sought: Sought,
}

impl Look {
    async fn run(self) {
        let _turn = self.glances.loader.turn().await;
        if self.is_given_up() {
            return;
        }
        let begun = Instant::now();
        let found = self.find().await;
        self.end(found.map(|glance| Looked { glance, work: begun.elapsed() }));
    }

    async fn find(&self) -> Result<Arc<Glance>, LogError> {
        let loaded = self.glances.loader.look(&self.room).await?;
        self.glances.remember_for_later(&self.room, &loaded).await;
        let order = &loaded.order;
        Ok(Arc::new(self.glances.aside.run(order.bill_size(), || Glance::of(order))))
    }

    /// Removes the look if nobody waits for it any more.
    fn is_given_up(&self) -> bool {
        let mut state = self.glances.lock();
        // The map holds one reference, and `self` another.
        let is_wanted = Arc::strong_count(&self.sought) > 2;
        if !is_wanted {
            state.no_longer_sought(&self.room, &self.sought);
        }
        !is_wanted
    }

    /// Removes the look, and answers those who wait.
    fn end(&self, found: Result<Looked, LogError>) {
        let mut state = self.glances.lock();
        if state.no_longer_sought(&self.room, &self.sought)
            && let Ok(looked) = &found
        {
            state.remember(&self.room, &looked.glance);
        }
        drop(state);
        // Has no effect if the result is set already.
        let _ = self.sought.set(found);
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.end(Err(LogError("reading the order was interrupted".to_owned())));
    }
}

impl State {
    /// Removes a look, unless another has taken its place. Returns whether it was there.
    fn no_longer_sought(&mut self, room: &RoomKey, sought: &Sought) -> bool {
        let is_there = self.sought.get(room).is_some_and(|current| Arc::ptr_eq(current, sought));
        if is_there {
            self.sought.remove(room);
        }
        is_there
    }

    fn remember(&mut self, room: &RoomKey, glance: &Arc<Glance>) {
        self.forget(room);
        if glance.bytes() > REMEMBERED_BYTES {
            return;
        }
        self.bytes = self.bytes.saturating_add(glance.bytes());
        self.known.insert(room.clone(), glance.clone());
        self.oldest_first.push_back(room.clone());
        while self.bytes > REMEMBERED_BYTES
            && let Some(oldest) = self.oldest_first.front().cloned()
        {
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, room: &RoomKey) {
        if let Some(glance) = self.known.remove(room) {
            self.bytes = self.bytes.saturating_sub(glance.bytes());
            self.oldest_first.retain(|other| other != room);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use order_core::{Currency, Policy};

    use super::*;
    use crate::log::MemoryLog;

    fn room(number: usize) -> RoomKey {
        RoomKey::new("main", &number.to_string()).unwrap()
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_is_forgotten_first() {
        let mut state = State::default();
        let glance = |bytes: usize| {
            let view = Some("x".repeat(bytes).into());
            Arc::new(Glance { seq: 1, view, circle: None, tenant: None, readers: Vec::new() })
        };
        for number in 0..100 {
            state.remember(&room(number), &glance(1 << 20));
            assert!(state.bytes <= REMEMBERED_BYTES);
            assert_eq!(state.known.len(), state.oldest_first.len());
        }
        assert!(!state.known.contains_key(&room(0)) && state.known.contains_key(&room(99)));
        state.remember(&room(99), &glance(10));
        assert_eq!(state.oldest_first.iter().filter(|known| **known == room(99)).count(), 1);
        state.remember(&room(200), &glance(REMEMBERED_BYTES + 1));
        assert!(!state.known.contains_key(&room(200)), "too large to be remembered");
        for number in 0..300 {
            state.forget(&room(number));
        }
        assert_eq!((state.bytes, state.known.len()), (0, 0));
    }

    fn glances() -> Arc<Glances> {
        let loader = Loader::new(Arc::new(MemoryLog::new()), Currency::default(), Policy::default());
        let glances = Glances::new(Arc::new(loader), Arc::default(), Arc::default(), Tasks::default());
        Arc::new(glances)
    }

    #[tokio::test]
    async fn nothing_is_kept_of_questions_that_are_given_up() {
        let glances = glances();
        for number in 0..100 {
            let table = room(number);
            let mut question = Box::pin(glances.at(&table));
            assert!(question.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(glances.lock().sought.len() <= 100);
        glances.tasks.end().await;
        assert!(glances.lock().sought.is_empty());
        assert!(glances.at(&room(1)).await.is_ok());
    }

    #[tokio::test]
    async fn a_look_that_is_cut_short_is_told_to_those_who_wait_for_it_and_they_look_again() {
        let glances = glances();
        let (table, sought) = (room(1), Sought::default());
        glances.lock().sought.insert(table.clone(), sought.clone());
        let cut_short = Look { glances: glances.clone(), room: table.clone(), sought };
        let (found, ()) = tokio::join!(glances.at(&table), async { drop(cut_short) });
        assert_eq!(found.unwrap().glance.seq, 0);
        assert!(glances.lock().sought.is_empty());
    }

    #[tokio::test]
    async fn who_joins_a_look_in_progress_is_told_of_nothing_older_than_their_question() {
        let glances = glances();
        let (table, sought) = (room(1), Sought::default());
        glances.lock().sought.insert(table.clone(), sought.clone());
        let look = Look { glances: glances.clone(), room: table.clone(), sought };
        // The look has read to the end of the log. Then a fact is stored, and somebody asks.
        let glance = Arc::new(Glance { seq: 0, view: None, circle: None, tenant: None, readers: Vec::new() });
        glances.loader.log().append(&table, 0, vec![b"not a fact".to_vec().into()]).await.unwrap();
        let (found, ()) = tokio::join!(glances.at(&table), async {
            look.end(Ok(Looked { glance, work: Duration::ZERO }));
        });
        assert!(found.unwrap_err().0.contains("fact 1"), "the log was read again");
    }
}
