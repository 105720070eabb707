//! The server that is measured, as it is now.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// Builds the server as this test is built, and says where it is: cargo tells a test only of programs of its own package.
///
/// In a run of the whole workspace it is there already. With an example, cargo takes the dev-dependencies into account as it
/// does for tests, and has nothing to build again.
pub(crate) fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile_dir = test.parent().and_then(|deps| deps.parent()).unwrap();
    let profile = match profile_dir.file_name().and_then(OsStr::to_str).unwrap() {
        "debug" => "dev",
        other => other,
    };
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    build.args(["build", "--quiet", "--workspace", "--bin", "stonepot", "--example", "waiter"]);
    build.args(["--profile", profile, "--target-dir"]).arg(profile_dir.parent().unwrap());
    assert!(build.status().unwrap().success(), "the server does not build");
    profile_dir.join("stonepot")
}
