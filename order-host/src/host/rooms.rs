//! The rooms in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::RoomKey;
use crate::room::input::Input;

/// The rooms in memory, and the sender to each.
#[derive(Default)]
pub(crate) struct Rooms(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    rooms: HashMap<RoomKey, mpsc::Sender<Input>>,
    draining: bool,
}

impl Rooms {
    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().rooms.len()
    }

    /// Returns the sender to a room, which is started with `start` if it is not in memory.
    /// `None`: the host drains.
    pub(crate) fn enter(
        &self,
        key: &RoomKey,
        start: impl FnOnce() -> mpsc::Sender<Input>,
    ) -> Option<mpsc::Sender<Input>> {
        let mut registry = self.lock();
        if registry.draining {
            return None;
        }
        if let Some(inputs) = registry.rooms.get(key).filter(|inputs| !inputs.is_closed()) {
            return Some(inputs.clone());
        }
        let inputs = start();
        registry.rooms.insert(key.clone(), inputs.clone());
        Some(inputs)
    }

    /// Returns the sender to a room that is in memory.
    pub(crate) fn loaded(&self, key: &RoomKey) -> Option<mpsc::Sender<Input>> {
        self.lock().rooms.get(key).cloned()
    }

    /// Removes a room if no sender to it is left and its queue is empty. Senders are handed out
    /// under the same lock, so none can appear in between.
    pub(crate) fn unload_if_idle(&self, key: &RoomKey, inputs: &mpsc::Receiver<Input>) -> bool {
        let mut registry = self.lock();
        let idle = inputs.is_empty() && inputs.sender_strong_count() == 1;
        if idle {
            registry.rooms.remove(key);
        }
        idle
    }

    /// Removes a room that has closed its queue, unless another has taken its place.
    pub(crate) fn forget(&self, key: &RoomKey) {
        let mut registry = self.lock();
        if registry.rooms.get(key).is_some_and(mpsc::Sender::is_closed) {
            registry.rooms.remove(key);
        }
    }

    /// Refuses new rooms from now on. Returns the senders to the existing ones.
    pub(crate) fn start_draining(&self) -> Vec<mpsc::Sender<Input>> {
        let mut registry = self.lock();
        registry.draining = true;
        registry.rooms.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
