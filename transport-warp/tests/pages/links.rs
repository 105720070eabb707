//! Links between the pages.

use std::path::{Component, Path, PathBuf};

use crate::markdown::{Page, code_and_rest, pages, root};

#[test]
fn no_page_has_a_broken_link() {
    let pages = pages();
    let (mut links, mut broken) = (0, Vec::new());
    for page in &pages {
        for line in page.prose() {
            let (_, line) = code_and_rest(line);
            for target in line.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
                let target = target.0;
                if target.starts_with("http://") || target.starts_with("https://") {
                    continue;
                }
                links += 1;
                if !leads_somewhere(&pages, page, target) {
                    broken.push(format!("{}: {target}", page.path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(links > 100, "only {links} links");
}

/// Whether a link leads to an existing file and, if it names one, to an existing heading.
fn leads_somewhere(pages: &[Page], from: &Page, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = match path {
        "" => from.path.clone(),
        path => plain(&from.path.parent().unwrap().join(path)),
    };
    match anchor {
        None => root().join(path).exists(),
        Some(anchor) => {
            pages.iter().any(|page| page.path == path && page.anchors().iter().any(|has| has == anchor))
        }
    }
}

/// Resolves `..` in a path.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leads out of the repository", path.display()),
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn a_broken_link_is_found() {
    let page = Page::read("PROTOCOL.md");
    let pages = pages();
    for target in ["README.md", "#addresses", "docs/protocol/v2.md#folding", "order-core"] {
        assert!(leads_somewhere(&pages, &page, target), "{target}");
    }
    for target in
        ["READYOU.md", "#adresses", "docs/protocol/v2.md#folded", "docs/v2.md", "order-core/src/lib.rs#L1"]
    {
        assert!(!leads_somewhere(&pages, &page, target), "{target}");
    }
}
