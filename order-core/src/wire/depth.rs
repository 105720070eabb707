//! How deep a text is nested, without reading it.

/// Whether lists and objects are nested in `text` more than `levels` deep, the outermost being the first. It need not be JSON:
/// brackets in strings do not count, and no mistake is noticed. For whoever wants less than
/// [`MAX_DEPTH`](crate::wire::MAX_DEPTH), before reading.
pub fn is_deeper_than(text: &str, levels: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    text.bytes().any(|byte| {
        if escaped {
            escaped = false;
        } else if in_string {
            escaped = byte == b'\\';
            in_string = byte != b'"';
        } else {
            match byte {
                b'"' => in_string = true,
                b'[' | b'{' => depth = depth.saturating_add(1),
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        depth > levels
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

    use proptest::prelude::*;
    use serde_json::Value;

    use super::is_deeper_than;

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
            Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = r#"[\[\]{}"\\\\a]{0,6}"#;
        let leaf = prop_oneof![text.prop_map(Value::String), any::<i64>().prop_map(Value::from)];
        leaf.prop_recursive(6, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map(text, inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_depth_is_that_of_the_value_whatever_its_strings_hold(value in any_value()) {
            let (text, depth) = (value.to_string(), depth(&value));
            for levels in 0..8 {
                prop_assert_eq!(is_deeper_than(&text, levels), depth > levels, "{}", text);
            }
        }
    }

    #[test]
    fn what_is_no_json_is_measured_all_the_same() {
        assert!(is_deeper_than(&"[".repeat(1_000_000), 16));
        assert!(!is_deeper_than(&"]".repeat(1_000_000), 0));
        assert!(!is_deeper_than("\"[[[[", 0));
    }
}
