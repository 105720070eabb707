//! Runs the Autobahn cases, with `kosoku` from the Python package index, against the echo,
//! which is the server's own socket code.
//!
//! The test installs the tool into the target directory. Where that is impossible (no
//! Python, no network), it prints so and passes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const KOSOKU: &str = "kosoku==0.1.0";

/// Cases of compression (12 and 13), an extension that this server does not offer.
const EXCLUDED: [&str; 4] = ["-x", "12.*", "-x", "13.*"];

/// The time limit. A run takes some ten seconds.
const LONGEST: Duration = Duration::from_secs(300);

/// The number of cases without 12 and 13. A run with fewer is incomplete.
const CASES: usize = 301;

#[test]
fn the_autobahn_cases_find_no_fault() {
    let kosoku = match install_kosoku() {
        Ok(kosoku) => kosoku,
        Err(reason) => return skip(&reason),
    };
    let (_echo, address) = start_echo();
    let reports = scratch("autobahn-reports");
    drop(std::fs::remove_dir_all(&reports));

    let mut run = Command::new(kosoku);
    run.args(EXCLUDED).arg("-o").arg(&reports).arg(&address);
    let output = finish_in(LONGEST, run);

    let index = std::fs::read(reports.join("index.json"))
        .unwrap_or_else(|error| panic!("no report ({error}): {output}"));
    let index: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(&index).unwrap();
    let cases: Vec<_> = index.values().flatten().collect();
    let passed = |verdict: &serde_json::Value| {
        ["OK", "NON-STRICT", "INFORMATIONAL"].contains(&verdict.as_str().unwrap_or_default())
    };
    let failed: Vec<_> = cases
        .iter()
        .filter(|(_, case)| !passed(&case["behavior"]) || !passed(&case["behaviorClose"]))
        .map(|(name, case)| format!("{name}: {} / {}", case["behavior"], case["behaviorClose"]))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}; reports are in {}", reports.display());
    assert!(cases.len() >= CASES, "{} cases ran, {CASES} were expected: {output}", cases.len());
}

/// Returns the installed tool, possibly from an earlier run.
fn install_kosoku() -> Result<PathBuf, String> {
    let venv = scratch("kosoku-venv");
    let program = venv.join("bin/kosoku");
    if program.exists() {
        return Ok(program);
    }
    run("python3", ["-m", "venv", &venv.to_string_lossy()])?;
    run(venv.join("bin/pip"), ["install", "--quiet", "--disable-pip-version-check", KOSOKU])?;
    if program.exists() { Ok(program) } else { Err(format!("{KOSOKU} has no program `kosoku`")) }
}

fn run<const N: usize>(program: impl AsRef<OsStr>, arguments: [&str; N]) -> Result<(), String> {
    let name = program.as_ref().to_string_lossy().into_owned();
    let output =
        Command::new(program).args(arguments).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// Prints directly to standard error: a passing test's output is captured.
fn skip(reason: &str) {
    let line = format!("\nSKIPPED the Autobahn cases: they need python3, its venv and PyPI. {reason}\n\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A process that ends with the test, however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The echo on a free port.
fn start_echo() -> (Running, String) {
    let mut echo = Command::new(env!("CARGO_BIN_EXE_echo"))
        .args(["--addr", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(echo.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("echo listens on ").unwrap().to_owned();
    (Running(echo), address)
}

/// Returns the output of a command. Fails when it takes too long.
fn finish_in(longest: Duration, mut command: Command) -> String {
    let log = scratch("autobahn.log");
    let file = std::fs::File::create(&log).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let mut running = Running(command.spawn().unwrap());
    let started = Instant::now();
    while running.0.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < longest, "not done after {longest:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::read_to_string(log).unwrap()
}
