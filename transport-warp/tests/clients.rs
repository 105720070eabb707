//! The server against clients written by others: npm's `partysocket` and `ws`, a client
//! that behaves like the old browser client, and the page in a real browser. The scripts
//! are in `clients/`.
//!
//! Without Node.js and npm these tests print that they are skipped;
//! `STONEPOT_REQUIRE_CLIENTS=1` turns that into a failure.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
/// The exit code of a script that lacks something it needs.
const SKIPPED: i32 = 77;

#[test]
fn partysocket_clients_survive_a_killed_server() {
    run("partysocket.mjs");
}

#[test]
fn ws_clients_get_the_documented_protocol_frame_by_frame() {
    run("ws.mjs");
}

#[test]
fn phones_that_speak_v2_come_back_with_everything_they_queued() {
    run("v2.mjs");
}

#[test]
fn an_old_browser_client_loses_and_doubles_nothing() {
    run("old-browser.mjs");
}

#[test]
fn clients_that_sign_in_come_back_to_the_address_that_they_were_given() {
    run("signed-in.mjs");
}

#[test]
fn two_browser_tabs_share_an_order_on_the_page() {
    run("page.mjs");
}

fn run(script: &str) {
    let folder = match prepared() {
        Ok(folder) => folder,
        Err(why) => return skip(script, why),
    };
    let mut node = Command::new("node");
    node.arg(script).current_dir(folder).env("STONEPOT_BIN", env!("CARGO_BIN_EXE_stonepot"));
    // The script ends after 600 s at the latest, and its server with it.
    let output = bounded(&mut node, Duration::from_secs(660)).expect("node runs");
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    match output.status.code() {
        Some(0) => println!("{said}"),
        Some(SKIPPED) => {
            let why = said.lines().find_map(|line| line.strip_prefix("SKIPPED: "));
            skip(script, why.unwrap_or("it does not say why"));
        }
        _ => panic!("{script} failed with {}:\n{said}", output.status),
    }
}

fn skip(script: &str, why: &str) {
    assert!(std::env::var_os("STONEPOT_REQUIRE_CLIENTS").is_none(), "{script} must run, but: {why}");
    // Straight to standard error: a passing test's output is captured.
    writeln!(io::stderr(), "\nSKIPPED: {script}: {why}\n").expect("stderr is open");
}

/// Returns a copy of the scripts with their packages installed, made once; or why there is
/// none.
fn prepared() -> Result<&'static Path, &'static str> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOLDER.get_or_init(prepare).as_deref().map_err(String::as_str)
}

fn prepare() -> Result<PathBuf, String> {
    let version = said_by("node", "--version")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < 18) {
        return Err(format!("Node.js 18 or later is needed, and this is {version}"));
    }
    said_by("npm", "--version")?;

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    fs::create_dir_all(&folder).expect("the folder for tests can be made");
    let installed = folder.join("installed-lock.json");
    let lock = fs::read(Path::new(SOURCE).join("package-lock.json")).expect("the lock file is there");
    for entry in fs::read_dir(SOURCE).expect("the scripts are there") {
        let entry = entry.expect("the folder can be read");
        if entry.file_type().expect("it has a type").is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).expect("a script can be copied");
        }
    }
    if fs::read(&installed).is_ok_and(|kept| kept == lock) {
        return Ok(folder);
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    let output = bounded(&mut npm, Duration::from_secs(300)).map_err(|error| format!("npm ci: {error}"))?;
    if !output.status.success() {
        return Err(format!("npm ci failed with {}:\n{}", output.status, text(&output.stderr)));
    }
    fs::write(&installed, lock).expect("the folder for tests can be written");
    Ok(folder)
}

fn said_by(program: &str, argument: &str) -> Result<String, String> {
    let output = Command::new(program)
        .arg(argument)
        .output()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    Ok(text(&output.stdout).trim().to_owned())
}

/// Runs `command` to its end, or kills it after `limit`.
fn bounded(command: &mut Command, limit: Duration) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > end {
            child.kill()?;
            break child.wait()?;
        }
        thread::sleep(Duration::from_millis(50));
    };
    let all = |reader: thread::JoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
    Ok(Output { status, stdout: all(stdout), stderr: all(stderr) })
}

/// Reads a pipe on its own thread, so that a full pipe never blocks the child.
fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth printing.
            drop(pipe.read_to_end(&mut bytes));
        }
        bytes
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
