//! Records shortened to what can be kept of them.

use serde_json::{Map, Value, json};

/// Both sides of a change within `most` bytes of JSON each. What is too large loses first what is equal on both sides of its objects
/// (that did not change), then its largest members, each replaced by how many bytes it had.
pub fn of_change(before: Option<Value>, after: Option<Value>, most: usize) -> (Option<Value>, Option<Value>) {
    let too_large = |side: &Option<Value>| side.as_ref().is_some_and(|value| bytes(value) > most);
    if !too_large(&before) && !too_large(&after) {
        return (before, after);
    }
    let (mut before, mut after) = (before, after);
    if let (Some(Value::Object(before)), Some(Value::Object(after))) = (&mut before, &mut after) {
        for (name, value) in before.iter_mut() {
            if let (Value::Object(old), Some(Value::Object(new))) = (value, after.get_mut(name)) {
                without_equal(old, new);
            }
        }
    }
    (before.map(|value| shortened(value, most)), after.map(|value| shortened(value, most)))
}

fn bytes(value: &Value) -> usize {
    value.to_string().len()
}

fn without_equal(old: &mut Map<String, Value>, new: &mut Map<String, Value>) {
    let equal: Vec<String> =
        old.iter().filter(|(name, value)| new.get(*name) == Some(value)).map(|(name, _)| name.clone()).collect();
    for name in equal {
        old.remove(&name);
        new.remove(&name);
    }
}

/// Replaces the largest members, also those of members, until the rest fits.
fn shortened(mut value: Value, most: usize) -> Value {
    let mut left = bytes(&value);
    if left <= most {
        return value;
    }
    let mut sizes = Vec::new();
    for (name, member) in value.as_object().into_iter().flatten() {
        match member {
            Value::Object(inner) => {
                sizes.extend(inner.iter().map(|(key, value)| (bytes(value), name.clone(), Some(key.clone()))));
            }
            other => sizes.push((bytes(other), name.clone(), None)),
        }
    }
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    for (size, name, key) in sizes {
        if left <= most {
            return value;
        }
        let member = match &key {
            Some(key) => value.get_mut(&name).and_then(|inner| inner.get_mut(key)),
            None => value.get_mut(&name),
        };
        let left_out = json!({ "left_out_bytes": size });
        left = (left + bytes(&left_out)).saturating_sub(size);
        if let Some(member) = member {
            *member = left_out;
        }
    }
    // Names alone are too many.
    if left <= most { value } else { json!({ "left_out_bytes": bytes(&value) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let (before, after) = (Some(json!({"a": 1})), Some(json!({"a": 2})));
        assert_eq!(of_change(before.clone(), after.clone(), 100), (before, after));
    }

    #[test]
    fn of_the_rest_what_changed_is_kept() {
        let long = "x".repeat(50);
        let side = |new: &str| Some(json!({"id": "1", "custom": {"a": long, "b": long, "c": new}}));
        let (before, after) = of_change(side("old"), side("new"), 100);
        assert_eq!(before, Some(json!({"id": "1", "custom": {"c": "old"}})));
        assert_eq!(after, Some(json!({"id": "1", "custom": {"c": "new"}})));
    }

    #[test]
    fn nothing_is_larger_than_it_may_be() {
        let large = json!({"id": "1", "name": "x".repeat(80), "custom": {"a": "y".repeat(200), "b": "z"}});
        let (before, after) = of_change(Some(large), None, 150);
        let expected = json!({"id": "1", "name": "x".repeat(80), "custom": {"a": {"left_out_bytes": 202}, "b": "z"}});
        assert_eq!((before, after), (Some(expected), None));
        let many: Map<String, Value> = (0..200).map(|n| (format!("field_{n}"), json!(n))).collect();
        let (before, _) = of_change(Some(json!({ "custom": many })), None, 150);
        assert!(bytes(&before.unwrap()) <= 150);
        let (before, _) = of_change(Some(json!("x".repeat(500))), None, 150);
        assert!(bytes(&before.unwrap()) <= 150);
    }
}
