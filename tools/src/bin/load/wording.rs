//! The text of the participants' messages, and the ids in them.

use std::fmt;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::step::{Step, number};

/// A participant's id.
pub(crate) fn guest(room: u32, person: u32) -> String {
    format!("guest-{room}-{person}")
}

/// The participant of `room` that has this id.
pub(crate) fn person(id: &[u8], room: u32) -> Option<u32> {
    let rest = id.strip_prefix(b"guest-")?;
    let dash = rest.iter().position(|byte| *byte == b'-')?;
    let (of_room, person) = rest.split_at_checked(dash)?;
    (number::<u32>(of_room)? == room).then_some(())?;
    number(person.strip_prefix(b"-")?)
}

/// Asks for the full state in `stonepot.v2`.
pub(crate) const GET_STATE: &[u8] = br#"{"type":"get_state"}"#;

/// The message that joins. `id` is the command's, if the protocol needs one.
pub(crate) fn join(room: u32, person: u32, id: Option<u64>) -> Vec<u8> {
    let mut text = Vec::new();
    put_envelope(&mut text, "join", room, person, id);
    put(
        &mut text,
        format_args!(
            r#"{{"circleId":"circle_load","tenantId":"load","phone":"98{:08}"}}}}"#,
            u64::from(room) * 1_000 + u64::from(person)
        ),
    );
    text
}

/// Appends the message of a `step`. `id` is the command's, if the protocol needs one.
pub(crate) fn put_step(text: &mut Vec<u8>, room: u32, person: u32, step: Step, id: Option<u64>) {
    match step {
        Step::Add(dish) => {
            let paise = dish.price_paise();
            put_envelope(text, "add_item", room, person, id);
            put(
                text,
                format_args!(
                    r#"{{"id":"{dish}","dishName":"Chicken Biryani {dish}","dishType":"non-veg","quantity":1,"price":{}.{:02},"customization":"Extra spicy"}}}}"#,
                    paise / 100,
                    paise % 100
                ),
            );
        }
        Step::Remove(dish) => {
            put_envelope(text, "remove_item", room, person, id);
            put(text, format_args!(r#"{{"itemId":"{dish}"}}}}"#));
        }
        Step::Update(dish, quantity) => {
            put_envelope(text, "update_quantity", room, person, id);
            put(text, format_args!(r#"{{"itemId":"{dish}","quantity":{quantity}}}}}"#));
        }
    }
}

fn put_envelope(text: &mut Vec<u8>, kind: &str, room: u32, person: u32, id: Option<u64>) {
    if let Some(id) = id {
        // Only a join names the sender.
        let who = if kind == "join" {
            format!(r#""participantId":"guest-{room}-{person}","participantName":"Guest {person}","#)
        } else {
            String::new()
        };
        return put(text, format_args!(r#"{{"type":"{kind}","id":"{kind}-{id}",{who}"data":"#));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    put(
        text,
        format_args!(
            r#"{{"type":"{kind}","participantId":"guest-{room}-{person}","participantName":"Guest {person}","timestamp":{now},"data":"#
        ),
    );
}

fn put(text: &mut Vec<u8>, words: fmt::Arguments<'_>) {
    // Writing to a vector cannot fail.
    let _ = text.write_fmt(words);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Dish;

    #[test]
    fn guest_ids_read_back_as_who_they_name() {
        assert_eq!(person(guest(7, 3).as_bytes(), 7), Some(3));
        assert_eq!(person(guest(7, 3).as_bytes(), 8), None);
        assert_eq!(person(b"tenant_9876543210", 7), None);
    }

    #[test]
    fn commands_are_json_with_the_fields_of_the_protocol() {
        for step in
            [Step::Add(Dish::First(3)), Step::Remove(Dish::First(3)), Step::Update(Dish::First(3), 12)]
        {
            let mut text = Vec::new();
            put_step(&mut text, 1, 2, step, None);
            let message: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(message["participantId"], "guest-1-2");
            assert!(message["data"].is_object() && message["timestamp"].is_u64(), "{message}");
            text.clear();
            put_step(&mut text, 1, 2, step, Some(7));
            let message: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert!(message["data"].is_object() && message["id"].is_string(), "{message}");
        }
        let join: serde_json::Value = serde_json::from_slice(&join(1, 2, None)).unwrap();
        assert_eq!(join["data"]["phone"], "9800001002");
    }
}
