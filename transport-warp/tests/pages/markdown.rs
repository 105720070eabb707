//! The small part of Markdown that these tests read.

use std::path::{Path, PathBuf};

/// A page of the repository.
pub(crate) struct Page {
    /// Relative to the root of the repository.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block.
pub(crate) struct Block<'page> {
    /// The info string of the opening fence.
    pub(crate) language: &'page str,
    /// The number of its first line in the page, from 0.
    pub(crate) first_line: usize,
    pub(crate) lines: Vec<&'page str>,
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every page of the repository.
pub(crate) fn pages() -> Vec<Page> {
    let (mut folders, mut pages) = (vec![root().to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !matches!(name, "target" | "node_modules" | "data" | ".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = std::fs::read_to_string(&path).unwrap();
                pages.push(Page { path: path.strip_prefix(root()).unwrap().to_owned(), text });
            }
        }
    }
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    pages
}

impl Page {
    /// Reads one page, by its path from the root of the repository.
    pub(crate) fn read(path: &str) -> Self {
        Self { path: path.into(), text: std::fs::read_to_string(root().join(path)).unwrap() }
    }

    /// The fenced blocks.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut open: Option<Block<'_>> = None;
        for (number, line) in self.text.lines().enumerate() {
            match (line.trim_start().strip_prefix("```"), &mut open) {
                (Some(language), None) => {
                    open = Some(Block {
                        language: language.trim(),
                        first_line: number.saturating_add(1),
                        lines: Vec::new(),
                    });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => block.lines.push(line),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a fence is not closed", self.path.display());
        blocks
    }

    /// The lines outside fenced blocks.
    pub(crate) fn prose(&self) -> Vec<&str> {
        let mut inside = false;
        let mut prose = Vec::new();
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push(line);
            }
        }
        prose
    }

    /// The valid anchors: the headings by GitHub's rule, and ids that are set explicitly.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for line in self.prose() {
            let heading = line.trim_start_matches('#');
            if heading.len() < line.len()
                && let Some(heading) = heading.strip_prefix(' ')
            {
                let slug = slug(heading);
                let again = (1..).map(|number| format!("{slug}-{number}"));
                let free = std::iter::once(slug.clone()).chain(again).find(|slug| !anchors.contains(slug));
                anchors.extend(free);
            }
            let ids = line.split("<a id=\"").skip(1).filter_map(|rest| rest.split_once('"'));
            anchors.extend(ids.map(|(id, _)| id.to_owned()));
        }
        anchors
    }
}

/// The anchor of a heading on GitHub: lower case, only letters, digits, `-` and `_`, with
/// hyphens for spaces.
fn slug(heading: &str) -> String {
    without_targets(heading)
        .trim()
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            other if other.is_alphanumeric() => Some(other),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// The text without the targets of its links.
fn without_targets(text: &str) -> String {
    let mut parts = text.split("](");
    let mut left = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        left.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    left
}

/// The parts of a line in backticks, and the line without them.
pub(crate) fn code_and_rest(line: &str) -> (Vec<&str>, String) {
    let parts: Vec<_> = line.split('`').collect();
    let code = parts.iter().skip(1).step_by(2).copied().collect();
    (code, parts.iter().step_by(2).copied().collect::<Vec<_>>().join("code"))
}

#[test]
fn a_heading_has_the_anchor_that_github_gives_it() {
    for (heading, anchor) in [
        ("Who may do what", "who-may-do-what"),
        ("stonepot.v2", "stonepotv2"),
        ("`lock_order` and `unlock_order`", "lock_order-and-unlock_order"),
        ("A [linked](elsewhere.md#x) one: two, three", "a-linked-one-two-three"),
        ("Größe — 50 %", "größe--50-"),
    ] {
        assert_eq!(slug(heading), anchor);
    }
    let page =
        Page { path: "x.md".into(), text: "# A\n## B\n```\n# no\n```\n## B\n<a id=\"c\"></a>\n".into() };
    assert_eq!(page.anchors(), ["a", "b", "b-1", "c"]);
}
