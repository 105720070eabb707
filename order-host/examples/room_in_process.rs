//! Drives a room without sockets: what a transport of your own does for each of its connections.
//!
//! `cargo run -p order-host --example room_in_process`

use std::error::Error;
use std::sync::Arc;

use order_host::log::MemoryLog;
use order_host::{Connection, Host, Outgoing, RoomKey, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // `SqliteLog::open_in(folder)` in place of this one keeps orders on the disk.
    let log = Arc::new(MemoryLog::new());
    let host = Host::new(log.clone(), Settings::default());
    let table = RoomKey::new("main", "table-7")?;

    // A connection a phone. Hand over what comes in, send what comes out, drop it when the phone is gone.
    let (asha, ben) = (host.connect(table.clone()), host.connect(table.clone()));
    asha.receive(r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{}}"#).await;
    hear(&asha, "sync").await?;
    ben.receive(r#"{"type":"join","participantId":"ben","participantName":"Ben","data":{}}"#).await;
    hear(&ben, "sync").await?;

    ben.receive(r#"{"type":"add_item","data":{"dishName":"Thali","price":99.99,"quantity":1}}"#).await;

    // Both hear of it, once it is stored.
    for phone in [&asha, &ben] {
        let text = hear(phone, "item_added").await?;
        println!("{text}");
        assert!(text.contains(r#""dishName":"Thali""#) && text.contains(r#""total":99.99"#), "{text}");
    }

    // Before the process ends: what was accepted is stored and shown, then connections are closed.
    host.drain().await;
    assert!(matches!(next_but_text(&asha).await, Outgoing::Close(_)));

    // Another host over the same log goes on where this one has ended.
    let later = Host::new(log, Settings::default());
    let asha = later.connect(table);
    asha.receive(r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{}}"#).await;
    assert!(hear(&asha, "sync").await?.contains(r#""dishName":"Thali""#));
    later.drain().await;
    Ok(())
}

/// The next message of this type; others are passed over.
async fn hear(phone: &Connection, kind: &str) -> Result<String, Box<dyn Error>> {
    let begins = format!(r#"{{"type":"{kind}""#);
    loop {
        match phone.next().await {
            Outgoing::Text(pieces) => {
                let text = String::from_utf8(pieces.into_bytes().to_vec())?;
                if text.starts_with(&begins) {
                    return Ok(text);
                }
            }
            other => return Err(format!("{other:?} came in place of {kind}").into()),
        }
    }
}

async fn next_but_text(phone: &Connection) -> Outgoing {
    loop {
        match phone.next().await {
            Outgoing::Text(_) => {}
            other => return other,
        }
    }
}

#[test]
fn it_holds() {
    main().unwrap();
}
