//! Who wins over whom in a profile.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::fixtures::{cases, event, log, now};

fn saying(number: u128, hours_ago: i64, field: ProfileField, value: &str) -> Event {
    let mut event = event(number, "form_submitted", now() - SignedDuration::from_hours(hours_ago));
    event.profile.fields.insert(field, value.to_owned());
    event
}

#[test]
fn the_earliest_event_wins_whatever_the_order() {
    let (early, late) = (saying(2, 5, ProfileField::Company, "first"), saying(1, 1, ProfileField::Company, "second"));
    for order in [[&early, &late], [&late, &early]] {
        let mut profile = Profile::default();
        for event in order {
            profile.merge_event(event);
        }
        assert_eq!(profile.get(ProfileField::Company), Some("first"));
        assert_eq!(profile.known_since(ProfileField::Company), Some(early.occurred_at));
        assert_eq!(profile.get(ProfileField::Source), Some("website"));
        assert!(!profile.merge_event(&late) && !profile.merge_event(&early), "nothing is new the second time");
    }
}

#[test]
fn at_one_moment_the_first_receipt_wins() {
    let (first, second) = (saying(1, 3, ProfileField::Company, "first"), saying(2, 3, ProfileField::Company, "second"));
    let mut profile = Profile::default();
    assert!(profile.merge_event(&second) && profile.merge_event(&first));
    assert_eq!(profile.get(ProfileField::Company), Some("first"));
}

#[test]
fn persons_and_partners_win_over_events() {
    let event = saying(1, 9, ProfileField::Company, "from an event");
    let partner = Provenance::Partner { name: "moco".to_owned(), at: now() };
    for provenance in [Provenance::Person { at: now() }, partner] {
        let mut profile = Profile::default();
        profile.merge_event(&event);
        profile.set(ProfileField::Company, Some("owned".to_owned()), provenance.clone());
        assert!(!profile.merge_event(&event));
        assert_eq!(profile.get(ProfileField::Company), Some("owned"));
        // Cleared is a value too: events do not fill it again.
        profile.set(ProfileField::Company, None, provenance);
        profile.merge_event(&event);
        assert_eq!((profile.get(ProfileField::Company), profile.known_since(ProfileField::Company)), (None, None));
    }
}

#[test]
fn provenance_reads_well_in_the_database() {
    let mut profile = Profile::default();
    profile.merge_event(&saying(1, 12, ProfileField::Company, "x"));
    profile.set_custom("level", Some(json!("gold")), Provenance::Person { at: now() });
    let kept = serde_json::to_value(profile.provenances()).unwrap();
    let by_event = json!({"by": "event", "at": "2026-06-15T00:00:00Z", "id": "00000000-0000-0000-0000-000000000001"});
    let person = json!({"by": "person", "at": "2026-06-15T12:00:00Z"});
    assert_eq!(kept, json!({"company": by_event, "source": by_event, "custom.level": person}));
}

#[test]
fn a_value_of_unknown_provenance_is_never_overwritten() {
    let company = [(ProfileField::Company, "kept".to_owned())];
    let mut profile = Profile::assemble(company, Map::new(), StoredProvenances::default());
    profile.merge_event(&saying(1, 9, ProfileField::Company, "new"));
    assert_eq!(profile.get(ProfileField::Company), Some("kept"));
}

proptest! {
    #![proptest_config(cases(60))]

    /// Taken apart into columns and put together again it is the same, and so it is as JSON.
    #[test]
    fn a_profile_survives_storing(events in log(20), cleared in any::<bool>()) {
        let mut profile = Profile::default();
        for event in &events {
            profile.merge_event(event);
        }
        if cleared {
            profile.set(ProfileField::Country, None, Provenance::Person { at: now() });
            profile.set_custom("level", None, Provenance::Person { at: now() });
        }
        let fields = ProfileField::ALL.into_iter().filter_map(|field| Some((field, profile.get(field)?.to_owned())));
        let provenance: Value = serde_json::to_value(profile.provenances()).unwrap();
        let stored = Profile::assemble(fields, profile.custom(), serde_json::from_value(provenance).unwrap());
        prop_assert_eq!(&stored, &profile);
        let json = serde_json::to_string(&profile).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Profile>(&json).unwrap(), &profile);
    }

    /// `would_change` foretells `merge_event`, and what persons own is what remains without the log.
    #[test]
    fn changes_are_foretold(events in log(20)) {
        let mut profile = Profile::default();
        for event in &events {
            let (before, foretold) = (profile.clone(), profile.would_change(event));
            prop_assert_eq!(profile.merge_event(event), foretold);
            prop_assert_eq!(profile != before, foretold);
        }
        prop_assert_eq!(profile.owned(), Profile::default());
    }
}

/// An event that names custom fields.
fn naming(number: u128, minutes_ago: i64, keys: impl IntoIterator<Item = usize>) -> Event {
    let mut event = event(number, "page_visited", now() - SignedDuration::from_mins(minutes_ago));
    event.profile.custom = keys.into_iter().map(|key| (format!("field_{key:04}"), json!(number.to_string()))).collect();
    event
}

#[test]
fn a_lead_keeps_the_custom_fields_that_are_known_longest() {
    let mut profile = Profile::default();
    for number in 0..30 {
        let first = usize::try_from(number).unwrap() * 35;
        profile.merge_event(&naming(number + 1, 100 - i64::try_from(number).unwrap(), first..first + 35));
    }
    assert_eq!(profile.custom().len(), custom::MAX_FIELDS);
    assert!(profile.get_custom("field_0099").is_some() && profile.get_custom("field_0100").is_none());
    let late = naming(99, 1, 5000..5001);
    assert!(!profile.would_change(&late) && !profile.merge_event(&late), "what finds no room changes nothing");
    // An earlier one takes the place of the latest.
    assert!(profile.merge_event(&naming(98, 500, [6000])));
    assert!(profile.get_custom("field_6000").is_some() && profile.get_custom("field_0099").is_none());
    // What a person sets stays, and no event drives it out.
    profile.set_custom("typed", Some(json!(1)), Provenance::Person { at: now() });
    profile.merge_event(&naming(97, 900, 7000..7200));
    assert!(profile.get_custom("typed").is_some());
    assert_eq!(profile.custom().len(), custom::MAX_FIELDS);
    assert!(!profile.has_too_many_custom());
}

proptest! {
    #![proptest_config(cases(60))]

    /// Which fields a lead keeps does not depend on the order of events, nor on how often they come.
    #[test]
    fn crowded_profiles_are_the_same_in_any_order(
        spans in prop::collection::vec((0_usize..160, 1_usize..70, 0_i64..40), 1..8),
        order in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
    ) {
        let events: Vec<Event> = spans.iter().enumerate()
            .map(|(n, (from, count, ago))| naming(n as u128 + 1, *ago, *from..from + count))
            .collect();
        let mut forward = Profile::default();
        for event in &events {
            forward.merge_event(event);
        }
        let mut shuffled: Vec<&Event> = events.iter().rev().collect();
        let middle = order.index(shuffled.len());
        shuffled.rotate_left(middle);
        shuffled.push(&events[again.index(events.len())]);
        let mut other = Profile::default();
        for event in shuffled {
            other.merge_event(event);
        }
        prop_assert_eq!(forward, other);
    }
}
