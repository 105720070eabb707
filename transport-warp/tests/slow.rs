//! Connections that are slow on purpose: none is kept past the header timeout, whatever
//! trickles in.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

#[path = "support/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use server::{LONG, ROOM, Server, ask, request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use transport_warp::{AcceptSettings, RouteSettings};

/// How long a request's head may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(2);

/// Extra time for a busy machine.
const SLACK: Duration = Duration::from_secs(60);

async fn server() -> Server {
    let accept = AcceptSettings { header_timeout: HEADER_TIMEOUT, ..AcceptSettings::default() };
    Server::with(RouteSettings::default(), accept).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trickle_of_bytes_holds_a_connection_past_the_header_timeout() {
    let running = server().await;
    let post = format!("POST {ROOM} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
    let chunked = format!("POST {ROOM} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    let kept = request("GET", "/healthz", "");
    let slow: [(&str, &[u8], &[u8]); 8] = [
        ("nothing at all", b"", b""),
        ("one byte", b"G", b""),
        ("a first line a byte at a time", b"GET /", b"a"),
        ("headers without end", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-a: b\r\n"),
        ("one header without end", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"y"),
        ("a body a byte at a time", post.as_bytes(), b"z"),
        ("chunks without end", chunked.as_bytes(), b"1\r\nz\r\n"),
        ("a connection that is kept and then trickles", kept.as_bytes(), b"G"),
    ];
    let slow = slow.map(|(what, first, more)| {
        let (addr, first, more) = (running.addr, first.to_vec(), more.to_vec());
        tokio::spawn(async move {
            let began = Instant::now();
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(&first).await.unwrap();
            let mut buffer = [0; 4096];
            loop {
                let is_over = match timeout(Duration::from_millis(200), stream.read(&mut buffer)).await {
                    Ok(read) => !read.is_ok_and(|length| length > 0),
                    Err(_) => stream.write_all(&more).await.is_err(),
                };
                if is_over {
                    break;
                }
                assert!(
                    began.elapsed() < HEADER_TIMEOUT * 2 + SLACK,
                    "{what}: held for {:?}",
                    began.elapsed()
                );
            }
            (what, began.elapsed())
        })
    });
    // Other clients are served meanwhile.
    for _ in 0..10 {
        assert_eq!(ask(running.addr, &request("GET", "/healthz", "")).await.status, 200);
        sleep(Duration::from_millis(100)).await;
    }
    for task in slow {
        let (what, held) = timeout(LONG * 2, task).await.unwrap().unwrap();
        println!("{what}: {held:?}");
    }
}

/// Runs slowhttptest: <https://github.com/shekyan/slowhttptest>.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn slowhttptest_holds_no_connection_past_the_header_timeout() {
    if Command::new("slowhttptest").arg("-h").output().is_err() {
        assert!(std::env::var_os("STONEPOT_REQUIRE_CLIENTS").is_none(), "slowhttptest is not installed");
        eprintln!(
            "SKIPPED: slowhttptest is not installed (`apt-get install slowhttptest`); the test beside this one does the same by hand"
        );
        return;
    }
    let running = server().await;
    let place = tempfile::tempdir().unwrap();
    let address = format!("http://{}/", running.addr);
    let held = || connections(running.addr).into_iter().filter(|(_, is_held)| *is_held).count();
    let mut known = BTreeSet::new();
    // Slow headers, slow bodies, ranges, and slow reading.
    for (mode, more) in [
        ("-H", vec!["-i", "1"]),
        ("-B", vec!["-i", "1", "-s", "100000"]),
        ("-R", vec!["-a", "1", "-b", "100"]),
        ("-X", vec!["-w", "10", "-y", "20", "-n", "1", "-k", "3"]),
    ] {
        let mut attack = Command::new("slowhttptest")
            .args([mode, "-c", "60", "-r", "60", "-l", "240", "-p", "3", "-u", &address])
            .args(more)
            .current_dir(place.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let (before, mut most) = (known.len(), 0);
        while began.elapsed() < HEADER_TIMEOUT + SLACK {
            most = held().max(most);
            // Connections that are answered at once may close between two looks, but the kernel still
            // lists them.
            known.extend(connections(running.addr).into_iter().map(|(from, _)| from));
            sleep(Duration::from_millis(5)).await;
            // By then all have connected, and the attack itself lasts much longer.
            if began.elapsed() > HEADER_TIMEOUT + HEADER_TIMEOUT && known.len() > before && held() == 0 {
                break;
            }
        }
        let left = held();
        let came = known.len() - before;
        println!("{mode}: {came} came, up to {most} at once; {left} after {:?}", began.elapsed());
        drop(attack.kill());
        attack.wait().unwrap();
        assert!(came > 0, "{mode}: nobody came");
        assert_eq!(left, 0, "{mode}: {left} connections are held");
    }
}

/// The remote ends of connections to this address, and whether the server still has them
/// open (`proc_pid_net(5)`).
#[cfg(target_os = "linux")]
fn connections(addr: std::net::SocketAddr) -> Vec<(String, bool)> {
    const ESTABLISHED: &str = "01";
    const CLOSE_WAIT: &str = "08";
    const LISTEN: &str = "0A";
    let own = format!(":{:04X}", addr.port());
    let all = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let fields = all.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let here = fields.filter(|fields| fields[1].ends_with(&own) && fields[3] != LISTEN);
    here.map(|fields| (fields[2].to_owned(), [ESTABLISHED, CLOSE_WAIT].contains(&fields[3]))).collect()
}
