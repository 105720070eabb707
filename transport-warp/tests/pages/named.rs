//! Checks the files and tests that pages name.

use std::collections::BTreeSet;
use std::path::Path;

use crate::markdown::{Page, code_and_rest, pages, root};

/// The first folder of paths that pages name.
const FOLDERS: [&str; 8] =
    ["order-core", "order-host", "transport-memory", "transport-warp", "tools", "fuzz", "scripts", "docs"];

#[test]
fn every_file_that_a_page_names_is_there() {
    let (mut named, mut missing) = (0, Vec::new());
    for page in pages() {
        // The changelog may name files that no longer exist.
        if page.path == Path::new("CHANGELOG.md") {
            continue;
        }
        for line in page.prose() {
            let (code, _) = code_and_rest(line);
            for path in code.into_iter().filter(|code| is_path(code)) {
                named += 1;
                if !root().join(path).exists() {
                    missing.push(format!("{}: {path}", page.path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named > 100, "only {named} files");
}

/// Whether a text in backticks is the path of a file or folder of the repository.
fn is_path(code: &str) -> bool {
    let begins =
        FOLDERS.iter().any(|folder| code.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
    begins && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
}

/// `docs/promises.md` names, for each promise, the test files that show it.
#[test]
fn every_promise_names_a_test_file() {
    let page = Page::read("docs/promises.md");
    let (mut promises, mut wrong) = (0, Vec::new());
    for row in page.text.lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, promise, shown_by, _] = cells[..] else { continue };
        if promise == "promise" || promise.starts_with("---") {
            continue;
        }
        promises += 1;
        let (code, _) = code_and_rest(shown_by);
        if !code.iter().any(|code| is_path(code)) {
            wrong.push(promise.to_owned());
        }
    }
    assert!(wrong.is_empty(), "no test file is named for {wrong:#?}");
    assert!(promises > 15, "only {promises} promises");
}

/// SECURITY.md names the test of each threat, or says that the threat is not prevented.
#[test]
fn every_threat_has_a_test_that_is_there() {
    let sources = sources(root());
    let lines: Vec<_> = sources.lines().map(str::trim).collect();
    let tests: BTreeSet<_> = (3..lines.len()).filter_map(|number| test_at(&lines, number)).collect();
    let page = Page::read("SECURITY.md");
    let (mut threats, mut wrong) = (0, Vec::new());
    for row in page.text.lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, threat, does, shown_by, _] = cells[..] else { continue };
        if does.is_empty() || does.starts_with("---") || threat == "threat" {
            continue;
        }
        threats += 1;
        let (paths, names): (Vec<_>, Vec<_>) =
            shown_by.split('`').skip(1).step_by(2).partition(|quoted| quoted.contains('/'));
        let names: Vec<_> = names.iter().map(|name| name.rsplit("::").next().unwrap()).collect();
        wrong.extend(
            paths.iter().filter(|path| !root().join(path).exists()).map(|path| format!("no file {path}")),
        );
        wrong.extend(
            names.iter().filter(|name| !tests.contains(**name)).map(|name| format!("no test {name}")),
        );
        if names.is_empty() && !does.contains("**not prevented**") {
            wrong.push(format!("no test is named against {threat}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(threats > 50, "only {threats} threats");
}

/// The name of the test whose function begins on a line.
fn test_at<'line>(lines: &[&'line str], number: usize) -> Option<&'line str> {
    let (_, signature) = lines[number].split_once("fn ")?;
    let (name, _) = signature.split_once('(')?;
    let is_test = |line: &&str| *line == "#[test]" || line.starts_with("#[tokio::test");
    lines[number - 3..number].iter().any(is_test).then_some(name)
}

/// All Rust files of the workspace, concatenated.
fn sources(root: &Path) -> String {
    let mut folders: Vec<_> = ["order-core", "order-host", "transport-memory", "transport-warp", "tools"]
        .map(|name| root.join(name))
        .into();
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    all
}
