//! Single values as people send them: their normal form, or a fault at the field.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::faults::Fault;

/// Trimmed text that is neither empty nor too long, and can be stored. Nothing when it is faulty.
pub fn text(pointer: &str, given: &str, longest: usize, faults: &mut Vec<Fault>) -> Option<String> {
    let trimmed = given.trim();
    let (code, detail) = if trimmed.is_empty() {
        ("empty", "Write something, or leave the field out.".to_owned())
    } else if trimmed.chars().count() > longest {
        ("too_long", format!("Write at most {longest} characters."))
    } else if trimmed.contains('\0') {
        ("nul_character", "Remove the NUL character (U+0000).".to_owned())
    } else {
        return Some(trimmed.to_owned());
    };
    faults.push(Fault::new(pointer, code, detail));
    None
}

/// A moment of this century: others are slips of the pen, and beyond what the database keeps.
pub fn moment(pointer: &str, given: Timestamp, faults: &mut Vec<Fault>) -> Option<Timestamp> {
    const FROM: i64 = 946_684_800;
    const TO: i64 = 4_102_444_800;
    if (FROM..TO).contains(&given.as_second()) {
        return Some(given);
    }
    faults.push(Fault::new(pointer, "range", "Send a moment of the years 2000 to 2099."));
    None
}

/// A day of this century.
pub fn day(pointer: &str, given: Date, faults: &mut Vec<Fault>) -> Option<Date> {
    if (2000..2100).contains(&given.year()) {
        return Some(given);
    }
    faults.push(Fault::new(pointer, "range", "Send a day of the years 2000 to 2099."));
    None
}

/// A field that every record has was sent as null.
pub fn not_null(pointer: &str, faults: &mut Vec<Fault>) {
    faults.push(Fault::new(pointer, "required", "This field cannot be cleared. Send a value, or leave it out."));
}

/// Contacts are not kept yet, so there is none to link with.
pub fn no_contacts(pointer: &str, faults: &mut Vec<Fault>) {
    faults.push(Fault::new(
        pointer,
        "unknown_value",
        "There is no such contact: Lotse does not keep contacts yet. Leave this out, and name a lead.",
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: Result<&str, &str>) {
        let mut faults = Vec::new();
        let found = text("/name", given, 3, &mut faults);
        assert_eq!(found.as_deref().ok_or_else(|| faults[0].code), expected);
    }

    #[test]
    fn texts() {
        check(" ab ", Ok("ab"));
        check("äöü", Ok("äöü"));
        check("  ", Err("empty"));
        check("abcd", Err("too_long"));
        check("a\0", Err("nul_character"));
    }

    #[test]
    fn moments_and_days_of_this_century() {
        let mut faults = Vec::new();
        assert!(moment("/due_at", "2000-01-01T00:00:00Z".parse().unwrap(), &mut faults).is_some());
        assert!(moment("/due_at", "2099-12-31T23:59:59Z".parse().unwrap(), &mut faults).is_some());
        assert!(day("/on", "2099-12-31".parse().unwrap(), &mut faults).is_some());
        assert_eq!(faults.len(), 0);
        assert!(moment("/due_at", "2100-01-01T00:00:00Z".parse().unwrap(), &mut faults).is_none());
        assert!(moment("/due_at", Timestamp::MIN, &mut faults).is_none());
        assert!(day("/on", Date::MIN, &mut faults).is_none());
        assert_eq!(faults.len(), 3);
    }
}
