//! What is asked of orders that are not in memory: by strangers, at the door, and by those who want a history.
//!
//! To answer, the order is read from the log, without the commands that it remembers. That costs as much as the order is large, so it
//! happens once however many ask at the same time, and a few orders at a time. What was found is remembered. Before it is told again, a
//! look at the end of the log shows whether it still holds.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use order_core::stored::encode_snapshot;
use order_core::text::Text;
use order_core::wire::SharedText;
use order_core::{Order, ParticipantId};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::history::may_read;
use crate::log::{LogError, Snapshot};
use crate::room::{self, Loaded};
use crate::shared::Shared;
use crate::{Access, RoomKey};

/// So many bytes of answers are remembered. Overflow: the oldest are forgotten, and read again when somebody asks.
const REMEMBERED_BYTES: usize = 8 << 20;

/// After so many facts without a snapshot one is worth its write.
const FACTS_WORTH_A_SNAPSHOT: u64 = 1_024;

/// What an answer takes beside its texts, about.
const BYTES_EACH: usize = 256;

/// What is told of an order without having it in memory.
#[derive(Debug)]
pub(crate) struct Glance {
    /// The last fact that it takes into account.
    pub(crate) seq: u64,
    /// How a stranger sees the order, as JSON text; nothing when nobody has joined it.
    pub(crate) view: Option<SharedText>,
    circle: Option<Text>,
    tenant: Option<Text>,
    /// Those who may read its history.
    readers: Vec<ParticipantId>,
}

impl Glance {
    fn of(order: &Order) -> Self {
        let readers = order.people().iter().map(order_core::Participant::id);
        Self {
            seq: order.seq(),
            view: room::public_view(order),
            circle: order.circle_id().cloned(),
            tenant: order.tenant_id().cloned(),
            readers: readers.filter(|id| may_read(order, id)).cloned().collect(),
        }
    }

    pub(crate) fn admits(&self, access: &Access) -> bool {
        access.admits(self.seq, self.circle.as_ref(), self.tenant.as_ref())
    }

    /// Whether `asker` may read the history; without a name it is the back end, which may.
    pub(crate) fn may_be_read_by(&self, asker: Option<&ParticipantId>) -> bool {
        self.seq > 0 && asker.is_none_or(|asker| self.readers.contains(asker))
    }

    fn bytes(&self) -> usize {
        let readers: usize = self.readers.iter().map(|id| id.as_str().len().saturating_add(BYTES_EACH)).sum();
        BYTES_EACH.saturating_add(readers).saturating_add(self.view.as_ref().map_or(0, |view| view.len()))
    }
}

/// What is told of an order, and what it took to find out.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) glance: Arc<Glance>,
    /// The work that it made for this one who asks; none, where it was remembered or others had begun it.
    pub(crate) work: Duration,
}

/// Answers that are remembered, and those that are being looked for.
#[derive(Debug, Default)]
pub(crate) struct Glances(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: HashMap<RoomKey, Arc<Glance>>,
    oldest_first: VecDeque<RoomKey>,
    bytes: usize,
    /// As many as there are requests that wait.
    sought: HashMap<RoomKey, Arc<OnceCell<Arc<Glance>>>>,
}

impl Glances {
    /// What is told of an order that is not in memory.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn at(&self, shared: &Shared, room: &RoomKey) -> Result<Looked, LogError> {
        shared.damaged.refuse(room)?;
        let known = self.lock().known.get(room).cloned();
        if let Some(known) = known
            && shared.log.read(room, known.seq, 1).await?.is_empty()
        {
            return Ok(Looked { glance: known, work: Duration::ZERO });
        }
        let sought = self.lock().sought.entry(room.clone()).or_default().clone();
        let mut work = Duration::ZERO;
        let found = sought
            .get_or_try_init(|| async {
                let _turn = shared.load_turn().await;
                let begun = Instant::now();
                let loaded = room::look(shared, room).await?;
                remember_for_later(shared, room, &loaded).await;
                let order = &loaded.order;
                let glance = shared.aside.run(order.bill_size(), || Glance::of(order));
                work = begun.elapsed();
                Ok(Arc::new(glance))
            })
            .await
            .cloned();
        let mut state = self.lock();
        if state.sought.get(room).is_some_and(|current| Arc::ptr_eq(current, &sought)) {
            state.sought.remove(room);
            if let Ok(found) = &found {
                state.remember(room, found);
            }
        }
        found.map(|glance| Looked { glance, work })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Saves a snapshot of an order that had to be read from its first fact on, so that it need not be the next time.
async fn remember_for_later(shared: &Shared, room: &RoomKey, loaded: &Loaded) {
    let Loaded { order, snapshot_seq: 0, .. } = loaded else { return };
    if order.seq() < FACTS_WORTH_A_SNAPSHOT {
        return;
    }
    let Ok(state) = encode_snapshot(order, &loaded.position()) else { return };
    if let Err(error) = shared.log.save_snapshot(room, Snapshot { seq: order.seq(), state }).await {
        tracing::debug!(room = %room.fingerprint(), %error, "the snapshot was not saved");
    }
}

impl State {
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
    use super::*;

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
}
