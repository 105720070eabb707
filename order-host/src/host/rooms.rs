//! The rooms in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::RoomKey;
use crate::room::input::Input;

/// The rooms in memory, and the way into each.
#[derive(Default)]
pub(crate) struct Rooms(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    rooms: HashMap<RoomKey, mpsc::Sender<Input>>,
    draining: bool,
}

impl Rooms {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().rooms.len()
    }

    /// The way into a room, which `start` sets going if it is not in memory; nothing while the host drains.
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

    /// The way into a room that is in memory.
    pub(crate) fn loaded(&self, key: &RoomKey) -> Option<mpsc::Sender<Input>> {
        self.lock().rooms.get(key).cloned()
    }

    /// Takes a room off the list if nobody can send to it any more and nothing is left to read. Ways into a
    /// room are handed out under the same lock, so none can come up in between.
    pub(crate) fn unload_if_idle(&self, key: &RoomKey, inputs: &mpsc::Receiver<Input>) -> bool {
        let mut registry = self.lock();
        let idle = inputs.is_empty() && inputs.sender_strong_count() == 1;
        if idle {
            registry.rooms.remove(key);
        }
        idle
    }

    /// Takes a room that has closed its door off the list, unless another has taken its place.
    pub(crate) fn forget(&self, key: &RoomKey) {
        let mut registry = self.lock();
        if registry.rooms.get(key).is_some_and(mpsc::Sender::is_closed) {
            registry.rooms.remove(key);
        }
    }

    /// From now on nobody enters a room; answers with the ways into those there are.
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
