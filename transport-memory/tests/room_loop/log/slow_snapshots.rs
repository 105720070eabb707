//! A snapshot is a cache, and no client waits for one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_host::log::{Layer, Layered, LogError, MemoryLog, RoomLog as _, Snapshot};
use order_host::{Host, RoomKey, Settings};
use tokio::time::{Instant, sleep};
use transport_memory::{AppendFault, Bus, Client, FaultyLog, LogFaults};

use crate::support::table::{add, room};

const SNAPSHOT_TAKES: Duration = Duration::from_secs(30);

/// A log that saves snapshots slowly.
struct SlowSnapshots(FaultyLog<MemoryLog>);

#[async_trait]
impl Layer for SlowSnapshots {
    type Below = FaultyLog<MemoryLog>;

    fn below(&self) -> &FaultyLog<MemoryLog> {
        &self.0
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        sleep(SNAPSHOT_TAKES).await;
        self.0.save_snapshot(room, snapshot).await
    }
}

fn slow_restaurant() -> (Arc<Layered<SlowSnapshots>>, Host) {
    let log = FaultyLog::new(MemoryLog::default(), 1, LogFaults::default());
    let log = Arc::new(Layered(SlowSnapshots(log)));
    (log.clone(), Host::new(log, Settings::default()))
}

async fn order(client: &mut Client, dishes: std::ops::Range<u32>) {
    for number in dishes {
        client.send(add(&format!("i{number}"), 10)).await.unwrap();
        client.recv_until("item_added").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_table_does_not_wait_for_its_snapshot() {
    let (log, host) = slow_restaurant();
    let mut asha = Bus::over(host).connect(room());
    asha.join("asha", "Asha").await.unwrap();
    let begun = Instant::now();
    order(&mut asha, 0..600).await;
    assert!(begun.elapsed() < SNAPSHOT_TAKES);
    sleep(SNAPSHOT_TAKES * 2).await;
    assert!(log.load_snapshot(&room()).await.unwrap().is_some(), "but it was taken");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_to_a_room_that_broke_down_finds_a_new_one_at_once() {
    let (log, host) = slow_restaurant();
    let bus = Bus::over(host);
    let mut asha = bus.connect(room());
    asha.join("asha", "Asha").await.unwrap();
    order(&mut asha, 0..3).await;
    // It cannot be found out whether the fact is stored, so the room ends.
    log.0.0.set_faults(LogFaults { failing_read: 1000, ..LogFaults::default() });
    log.0.0.fail_next_append(AppendFault::UnknownNotStored);
    asha.send(add("lost", 10)).await.unwrap();
    asha.settle().await;
    assert!(asha.recv().await.is_err(), "the room sent everybody away");

    log.0.0.set_faults(LogFaults::default());
    let begun = Instant::now();
    let mut again = bus.connect(room());
    again.join("asha", "Asha").await.unwrap();
    assert!(begun.elapsed() < SNAPSHOT_TAKES);
    assert!(again.state().unwrap().contains("i2") && !again.state().unwrap().contains("lost"));
}
