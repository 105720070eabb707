//! Tests of the messages in examples.

use order_core::ItemId;
use order_core::wire::v2;
use serde_json::Value;

use crate::markdown::Page;

/// The server understands each message on the page of commands, and none is missing there.
#[test]
fn every_example_of_a_command_is_understood() {
    let page = Page::read("docs/protocol/commands.md");
    let mut kinds = Vec::new();
    for block in page.blocks().iter().filter(|block| block.language == "json") {
        for line in &block.lines {
            let fresh = || ItemId::new("fresh").unwrap();
            assert!(v2::decode(line, fresh).is_ok(), "{line}: {:?}", v2::decode(line, fresh));
            let message: Value = serde_json::from_str(line).unwrap();
            kinds.push(message["type"].as_str().unwrap().to_owned());
        }
    }
    assert!(kinds.len() >= 26, "only {kinds:?}");
    for kind in &kinds {
        assert!(page.anchors().iter().any(|anchor| anchor.contains(kind.as_str())), "no heading for {kind}");
    }
}

/// Each line of each JSON block on the protocol's pages is valid.
#[test]
fn every_block_of_json_is_json() {
    for path in ["PROTOCOL.md", "docs/protocol/money.md", "docs/protocol/v2.md", "docs/protocol/limits.md"] {
        for block in Page::read(path).blocks().iter().filter(|block| block.language == "json") {
            for line in &block.lines {
                let read: Result<Value, _> = serde_json::from_str(line);
                assert!(read.is_ok(), "{path}: {line}");
            }
        }
    }
}
