//! The faulty log works correctly until it is told to fail, and then fails as planned.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use order_host::log::{AppendError, MemoryLog, RoomLog as _, Snapshot, conformance};
use order_host::{RoomKey, Settings};
use transport_memory::{AppendFault, Bus, FaultyLog, LogFaults};

fn log(faults: LogFaults) -> FaultyLog<MemoryLog> {
    FaultyLog::new(MemoryLog::new(), 1, faults)
}

fn room() -> RoomKey {
    RoomKey::new("main", "table-7").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_faults_it_keeps_every_promise_of_the_log_within() {
    conformance::suite(|| async { log(LogFaults::default()) }).await;
}

#[tokio::test(start_paused = true)]
async fn every_planned_failure_stores_just_what_it_says() {
    let log = log(LogFaults::default());
    for (fault, stored) in
        [(AppendFault::Failed, 0), (AppendFault::UnknownNotStored, 0), (AppendFault::UnknownStored, 1)]
    {
        log.fail_next_append(fault);
        let answer = log.append(&room(), 0, vec![b"fact".to_vec().into()]).await;
        assert_eq!(matches!(answer, Err(AppendError::Failed(_))), fault == AppendFault::Failed, "{answer:?}");
        assert_eq!(
            matches!(answer, Err(AppendError::Unknown(_))),
            fault != AppendFault::Failed,
            "{answer:?}"
        );
        assert_eq!(log.read(&room(), 0, 10).await.unwrap().len(), stored);
    }
    assert_eq!(
        log.append(&room(), 1, vec![b"next".to_vec().into()]).await,
        Ok(2),
        "one failure was planned at a time"
    );
}

#[tokio::test(start_paused = true)]
async fn certain_failures_fail_every_time_and_calm_ends_them() {
    let log = log(LogFaults { failing_append: 1_000, failing_read: 1_000, ..LogFaults::default() });
    let snapshot = Snapshot { seq: 1, state: Vec::new() };
    for _ in 0..20 {
        assert!(log.append(&room(), 0, vec![b"fact".to_vec().into()]).await.is_err());
        assert!(log.read(&room(), 0, 10).await.is_err());
        assert!(log.save_snapshot(&room(), snapshot.clone()).await.is_err());
        assert!(log.load_snapshot(&room()).await.is_err());
    }
    log.set_faults(LogFaults::default());
    let last = log.read(&room(), 0, 10).await.unwrap().len() as u64;
    assert!(log.append(&room(), last, vec![b"fact".to_vec().into()]).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_bus_over_a_host_of_ones_own_needs_no_simulation() {
    let host = order_host::Host::new(std::sync::Arc::new(log(LogFaults::default())), Settings::default());
    let mut client = Bus::over(host.clone()).connect(room());
    client.join("asha", "Asha").await.unwrap();
    assert_eq!(host.loaded_rooms(), 1);
}

#[test]
fn outside_of_a_runtime_a_client_is_closed_and_nothing_panics() {
    let client = Bus::new().connect(room());
    assert_eq!(client.state(), None);
    client.disconnect();
}
