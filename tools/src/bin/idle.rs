//! Measures what an idle socket costs the server: opens thousands of them and reads the
//! server's resident memory.
//!
//! Linux only: the figure is `VmRSS` of `/proc`, the server's own memory. What the kernel
//! holds for a connection is not included. `tests/idle.rs` checks the bound.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser;

/// Memory counts as settled once it changes by no more than this in half a second.
const REST_KIB: f64 = 64.0;
/// How many half seconds to wait for that.
const RESTLESS: usize = 240;

const EXAMPLE: &str = "\
Example:
  cargo build --release && cargo tool idle -- --sockets 2000

Linux only. It takes half a minute.";

/// Opens many sockets, lets them idle, and prints what each costs the server in KiB of memory.
#[derive(Parser)]
#[command(name = "idle", version, after_help = EXAMPLE)]
struct Arguments {
    /// The server to start and measure.
    #[arg(long, value_name = "PATH", default_value = "target/release/stonepot")]
    server: PathBuf,
    /// How many sockets to open, each time.
    #[arg(long, value_name = "SOCKETS", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=10_000))]
    sockets: u32,
}

fn main() -> io::Result<()> {
    let Arguments { server, sockets } = Arguments::parse();
    let cost = measure(&server, sockets)?;
    println!("{sockets} idle sockets of {}:", server.display());
    println!("  connected, not joined     {:6.1} KiB each", cost.connected);
    println!("  joined, tables of four    {:6.1} KiB each, their orders included", cost.joined);
    println!("    the whole server then   {:6.1} MiB", cost.joined_in_all / 1024.0);
    println!("  after 64 KiB in one text  {:6.1} KiB each", cost.after_large);
    Ok(())
}

/// Resident memory for each socket, in KiB.
struct Cost {
    /// Sockets that have only completed the handshake.
    connected: f64,
    /// Sockets that have joined an order, four to each, including their share of the order's
    /// own memory.
    joined: f64,
    /// The whole server with those sockets.
    joined_in_all: f64,
    /// Sockets that once sent a message far larger than usual.
    after_large: f64,
}

/// Starts the server, measures it, and stops it.
fn measure(server: &Path, sockets: u32) -> io::Result<Cost> {
    let (connected, _) = cost(server, sockets, &|_, _| Ok(()))?;
    let (joined, joined_in_all) = cost(server, sockets, &|number, socket| join(number, socket))?;
    let (after_large, _) = cost(server, sockets, &|_, socket| say_much(socket))?;
    Ok(Cost { connected, joined, joined_in_all, after_large })
}

/// What to do on each socket before it idles.
type Begin = dyn Fn(u32, &mut TcpStream) -> io::Result<()>;

/// Returns the cost of each socket, and of the whole server.
fn cost(server: &Path, sockets: u32, begin: &Begin) -> io::Result<(f64, f64)> {
    let server = Server::start(server)?;
    let open = |numbers: std::ops::Range<u32>| {
        numbers
            .map(|number| {
                let mut socket = server.open(number / 4)?;
                begin(number, &mut socket)?;
                Ok(socket)
            })
            .collect::<io::Result<Vec<_>>>()
    };
    // Threads and buffers that are set up once must not count as a cost of the sockets.
    let _warm = open(0..400)?;
    let before = server.resident_kib()?;
    let _idle = open(400..400 + sockets)?;
    let after = server.resident_kib()?;
    Ok(((after - before) / f64::from(sockets), after))
}

fn join(number: u32, socket: &mut TcpStream) -> io::Result<()> {
    let message = format!(
        r#"{{"type":"join","participantId":"guest_{number}","participantName":"Guest {number}","data":{{"phone":"98765{number:05}"}}}}"#
    );
    write_text(socket, &message)?;
    read_frame(socket)?;
    read_frame(socket)
}

fn say_much(socket: &mut TcpStream) -> io::Result<()> {
    write_text(socket, &"x".repeat(64 * 1024))?;
    // The error that says it is not JSON.
    read_frame(socket)
}

/// Writes a client's frame, masked with zeros.
fn write_text(socket: &mut TcpStream, text: &str) -> io::Result<()> {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend((text.len() as u64).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    socket.write_all(&frame)
}

fn read_frame(socket: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 2];
    socket.read_exact(&mut head)?;
    let mut more = [0; 8];
    let extended = match head[1] {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let (_, length) = more.split_at_mut(8 - extended);
    socket.read_exact(length)?;
    let bytes = if extended == 0 { u64::from(head[1]) } else { u64::from_be_bytes(more) };
    io::copy(&mut Read::take(socket, bytes), &mut io::sink())?;
    Ok(())
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "--addr", "127.0.0.1:0", "--log", "memory", "--ping-interval", "1h"])
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("{}: {error}; build it first", program.display())))?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        for line in BufReader::new(stdout).lines() {
            if let Some((_, rest)) = line?.split_once("http://") {
                return Ok(Self { child, address: rest.trim_end_matches('/').to_owned() });
            }
        }
        Err(io::Error::other("the server did not start"))
    }

    /// Opens a socket; returns it after the handshake.
    fn open(&self, room: u32) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        write!(
            stream,
            "GET /parties/main/table-{room} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.extend(byte);
        }
        if answer.starts_with(b"HTTP/1.1 101") { Ok(stream) } else { Err(io::Error::other("no handshake")) }
    }

    /// The resident memory once it has settled: nearly the same twice in a row.
    fn resident_kib(&self) -> io::Result<f64> {
        let mut before = self.resident_kib_now()?;
        for _ in 0..RESTLESS {
            std::thread::sleep(Duration::from_millis(500));
            let now = self.resident_kib_now()?;
            if (now - before).abs() <= REST_KIB {
                return Ok(now);
            }
            before = now;
        }
        Err(io::Error::other("the server does not come to rest"))
    }

    fn resident_kib_now(&self) -> io::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let figure = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse().ok());
        figure.ok_or_else(|| io::Error::other("no VmRSS: is this Linux?"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
