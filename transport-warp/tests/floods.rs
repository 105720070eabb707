//! Somebody who floods a server, and the others who order meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

mod process;
mod server;

use std::time::Instant;

use process::{Running, stonepot};
use serde_json::{Value, json};
use server::{Peer, ROOM, Read, frame};
use tokio::net::TcpStream;

const BURST: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_sent_away_with_1008_while_the_others_order_on() {
    let data = tempfile::tempdir().unwrap();
    let mut command = stonepot(data.path());
    command.args(["--message-rate", "10", "--message-burst", &BURST.to_string()]);
    let running = Running::start(command);
    let open = async || Peer::open(TcpStream::connect(running.addr).await.unwrap(), ROOM, &[]).await;
    let mut asha = open().await;
    asha.join("asha").await;

    // Each comes back as often as it is sent away.
    let floods = (0..8).map(|number| {
        let addr = running.addr;
        tokio::spawn(async move {
            for _ in 0..5 {
                let mut flood = Peer::open(TcpStream::connect(addr).await.unwrap(), ROOM, &[]).await;
                let message = json!({"type": format!("nonsense-{number}"), "data": {}}).to_string();
                let many = frame(0x81, message.as_bytes()).repeat(BURST * 3);
                flood.send_anyway(&many).await;
                let (mut refused, mut limited) = (0, 0);
                loop {
                    match flood.read().await {
                        Read::Text(text) => {
                            let answer: Value = serde_json::from_str(&text).unwrap();
                            match answer["data"]["code"].as_str().unwrap() {
                                "unknown_type" => refused += 1,
                                "rate_limited" => limited += 1,
                                other => panic!("{other}"),
                            }
                        }
                        Read::Close(code, reason) => {
                            assert_eq!(code, Some(1008), "{reason}");
                            break;
                        }
                        other => panic!("{other:?}"),
                    }
                }
                assert!(refused >= BURST, "{refused}");
                assert!((BURST + 1..BURST * 2).contains(&limited), "{limited}");
            }
        })
    });
    let floods: Vec<_> = floods.collect();
    let mut slowest = std::time::Duration::ZERO;
    for number in 0..BURST - 10 {
        let sent = Instant::now();
        asha.add(&format!("Dal {number}"), 1).await;
        asha.hear("item_added").await;
        slowest = slowest.max(sent.elapsed());
    }
    for flood in floods {
        flood.await.unwrap();
    }
    println!("while eight flooded, the slowest of {} dishes took {slowest:?}", BURST - 10);
    asha.add("the last", 1).await;
    assert_eq!(
        asha.hear("item_added").await["data"]["orderState"]["items"].as_array().unwrap().len(),
        BURST - 9
    );
}
