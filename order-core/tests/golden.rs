//! Every serialized form, byte for byte as it was released. `BLESS=1 cargo test -p order-core --test golden`
//! writes the files anew; a change in one of them is a change for whoever reads that form, and needs a line in
//! the changelog that says who must migrate.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod table;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use order_core::stored::{decode_fact, decode_order, encode_fact, encode_order};
use order_core::wire;
use order_core::{Code, Decision, ParticipantId, Presence, Rejection, UnixMillis};
use table::{FINALIZE, LEAVE, Table, add_message, quantity_message, remove_message, split_message};

#[test]
fn every_message_to_clients_is_written_as_it_was_released() {
    let mut golden = Golden::folder("wire");
    let mut party = Party::sit_down();
    golden.check("participant_joined", &party.shown("asha"));
    golden.check("sync", party.sync().text());
    golden.check("sync_for_asha", &party.sync().text_for(&id("asha")));
    golden.check("rejoined", wire::joined(&party.table.order, &party.presence, &id("asha"), NOW).text());

    party.presence.disconnect(&id("ben"));
    let offline = wire::presence_changed(&party.table.order, &party.presence, &id("ben"), NOW);
    golden.check("presence_offline", offline.text());
    party.presence.connect(&id("ben"));
    let online = wire::presence_changed(&party.table.order, &party.presence, &id("ben"), NOW);
    golden.check("presence_online", online.text());

    for (name, who, message) in story() {
        party.table.accept(who, &message);
        golden.check(name, &party.shown("asha"));
    }
    golden.check("public_view", &wire::public_view(&party.table.order));
    let empty = wire::sync(&Table::empty().order, &Presence::new(), NOW);
    golden.check("sync_before_anybody_joined", empty.text());
    golden.finish();
}

#[test]
fn every_refusal_is_written_as_it_was_released() {
    let mut golden = Golden::folder("wire");
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    let refused = wire::decode(r#"{"type":"fly","id":"c-1"}"#, || unreachable!()).unwrap_err();
    golden.check("error", &wire::error(&refused.rejection, refused.id.as_ref(), NOW));
    let price = table.refuse("asha", &add_message("i2", "0.001", "1"));
    golden.check("error_bad_price", &wire::error(&price, None, NOW));
    let amounts = table.refuse("asha", &split_message(r#"{"splitType":"custom","amounts":{"asha":9.5}}"#));
    golden.check("error_unallocated", &wire::error(&amounts, None, NOW));
    let bare = Rejection::new(Code::StorageUnavailable);
    golden.check("error_storage_unavailable", &wire::error(&bare, None, NOW));
}

#[test]
fn every_fact_is_stored_as_it_was_released() {
    let mut golden = Golden::folder("stored");
    let mut party = Party::sit_down();
    golden.check("joined_owner", &stored(&party.table, 0));
    golden.check("joined_member", &stored(&party.table, 1));
    for (name, who, message) in story() {
        party.table.accept(who, &message);
        let last = party.table.log.len() - 1;
        golden.check(name, &stored(&party.table, last));
    }
    for file in golden.checked.clone() {
        let text = fs::read_to_string(golden.path(&file)).unwrap();
        let fact = decode_fact(text.trim_end().as_bytes()).unwrap();
        assert_eq!(encode_fact(&fact).unwrap(), text.trim_end().as_bytes(), "{file}");
    }
    let mut kinds: BTreeSet<&str> = golden.checked.iter().map(String::as_str).collect();
    kinds.retain(|kind| !kind.starts_with("split_updated_"));
    assert_eq!(kinds.len(), 11, "a new kind of fact needs a golden file: {kinds:?}");

    let order = String::from_utf8(encode_order(&party.table.order).unwrap()).unwrap();
    golden.check("order", &order);
    assert_eq!(decode_order(order.as_bytes()).as_ref(), Ok(&party.table.order));
    golden.finish();
}

const NOW: UnixMillis = UnixMillis::new(1_800_000_009_999);

/// Two people, with everything about them that can be known.
struct Party {
    table: Table,
    presence: Presence,
}

impl Party {
    fn sit_down() -> Self {
        let mut table = Table::named("session_xyz");
        table.now = 1_800_000_000_000;
        table.accept(
            "asha",
            r#"{"type":"join","participantId":"asha","participantName":"Asha \"A\" <b>&","data":{"circleId":"circle_abc123","tenantId":"restaurant_id","phone":"+91 98765 43210","currency":"INR"}}"#,
        );
        table.accept("ben", r#"{"type":"join","participantId":"ben","participantName":"बेन","data":{}}"#);
        let mut presence = Presence::new();
        presence.connect(&id("asha"));
        presence.connect(&id("ben"));
        Self { table, presence }
    }

    fn sync(&self) -> wire::Frame {
        wire::sync(&self.table.order, &self.presence, NOW)
    }

    /// The message about the last fact, as `viewer` gets it.
    fn shown(&self, viewer: &str) -> String {
        let recorded = self.table.log.last().unwrap();
        wire::fact_message(&self.table.order, &self.presence, recorded).text_for(&id(viewer)).into_owned()
    }
}

/// What happens at the table, each step with the name of its golden file.
fn story() -> Vec<(&'static str, &'static str, String)> {
    let full = r#"{"type":"add_item","data":{"id":"item_1","dishName":"Chicken Biryani","dishType":"non-veg","quantity":2,"price":299,"customization":"Extra spicy"}}"#;
    let custom = |shares: &str| split_message(&format!(r#"{{"splitType":"custom",{shares}}}"#));
    vec![
        ("item_added", "asha", full.to_owned()),
        ("item_added_plain", "ben", add_message("item_2", "12.30", "1")),
        ("item_added_third", "ben", add_message("item_3", "0.05", "1")),
        ("quantity_updated", "ben", quantity_message("item_1", "3")),
        ("item_removed", "ben", remove_message("item_3")),
        ("split_updated_itemized", "asha", split_message(r#"{"splitType":"itemized"}"#)),
        ("split_updated_custom", "asha", split_message(r#"{"splitType":"custom"}"#)),
        ("split_updated_percentages", "asha", custom(r#""percentages":{"asha":66.666667,"ben":33.333333}"#)),
        ("split_updated_weights", "asha", custom(r#""weights":{"ben":0.5,"asha":2}"#)),
        ("split_updated_amounts", "asha", custom(r#""amounts":{"asha":900,"ben":9.3}"#)),
        ("split_updated_equal", "asha", split_message(r#"{"splitType":"equal"}"#)),
        ("participant_left_owner", "asha", LEAVE.to_owned()),
        ("participant_left_last", "ben", LEAVE.to_owned()),
        ("participant_back", "asha", r#"{"type":"join","participantId":"asha","data":{}}"#.to_owned()),
        ("order_finalized", "asha", FINALIZE.to_owned()),
    ]
}

fn stored(table: &Table, number: usize) -> String {
    String::from_utf8(encode_fact(&table.log[number]).unwrap()).unwrap()
}

/// A folder of files that each hold one text and a line break.
struct Golden {
    folder: PathBuf,
    checked: BTreeSet<String>,
}

impl Golden {
    fn folder(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name);
        Self { folder, checked: BTreeSet::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn check(&mut self, name: &str, text: &str) {
        let path = self.path(name);
        if env::var_os("BLESS").is_some() {
            fs::create_dir_all(&self.folder).unwrap();
            fs::write(&path, format!("{text}\n")).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(golden, format!("{text}\n"), "{} is no longer what is written", path.display());
        assert!(self.checked.insert(name.to_owned()), "{name} is checked twice");
    }

    /// No file lies there that nothing checks.
    fn finish(self) {
        let names = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let stray: Vec<_> = names
            .filter(|name| !name.starts_with("error"))
            .filter(|name| !self.checked.contains(name.trim_end_matches(".json")))
            .collect();
        assert!(stray.is_empty(), "{stray:?}");
    }
}

fn id(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}

/// The party's table is one that commands can make: nothing here is put together by hand.
#[test]
fn the_golden_story_is_replayed_to_the_same_order() {
    let mut party = Party::sit_down();
    for (_, who, message) in story() {
        assert!(matches!(party.table.accept(who, &message), Decision::Record(_)), "{message}");
    }
    assert_eq!(encode_order(&party.table.replayed()).unwrap(), party.table.bytes());
}
