//! Whose an event is.

use proptest::prelude::*;

use super::super::{Assignment, Country, Identifier, IdentifierKind, KnownIdentities, resolve, resolve_batch};
use crate::domain::events::Event;
use crate::domain::fixtures::{cases, event, lead_ids, log, now, uuid};
use crate::domain::ids::LeadId;
use IdentifierKind::{AnonymousId, Email, Phone};

const fn lead(number: u128) -> LeadId {
    LeadId(uuid::Uuid::from_u128(number))
}

fn id(kind: IdentifierKind, value: &str) -> Identifier {
    Identifier { kind, value: value.to_owned() }
}

/// What is known, as (identifier, lead); a lead is strong when any of its identifiers here is.
fn known(rows: &[(IdentifierKind, &str, u128)]) -> KnownIdentities {
    let mut known = KnownIdentities::default();
    for (kind, value, number) in rows {
        known.insert(id(*kind, value), lead(*number), false);
    }
    known
}

/// Resolves `event` against `rows`: the lead, what is attached, who is suspected.
fn check(
    rows: &[(IdentifierKind, &str, u128)],
    event: &[(IdentifierKind, &str)],
    expected: (Option<u128>, &[&str], &[(u128, u128)]),
) {
    let identifiers: Vec<_> = event.iter().map(|(kind, value)| id(*kind, value)).collect();
    let got = resolve(&identifiers, &known(rows));
    let attached: Vec<_> = got.attach.iter().map(|identifier| identifier.value.as_str()).collect();
    let suspicions: Vec<_> = expected.2.iter().map(|(a, b)| (lead(*a), lead(*b))).collect();
    assert_eq!(
        (got.lead, attached.as_slice(), got.suspicions),
        (expected.0.map(lead), expected.1, suspicions),
        "{event:?}"
    );
}

#[test]
fn the_strongest_identifier_decides() {
    let rows = [(Email, "a", 1), (Phone, "+1", 2), (IdentifierKind::LeadId, "l3", 3)];
    check(&rows, &[(Email, "new")], (None, &["new"], &[]));
    check(&rows, &[(Email, "a"), (Phone, "new")], (Some(1), &["new"], &[]));
    check(&rows, &[(Email, "new"), (Phone, "+1")], (Some(2), &["new"], &[]));
    check(&rows, &[(Phone, "+1"), (Email, "a")], (Some(1), &[], &[(1, 2)]));
    check(&rows, &[(Phone, "+1"), (Email, "a"), (IdentifierKind::LeadId, "l3")], (Some(3), &[], &[(1, 3), (2, 3)]));
    check(&rows, &[(IdentifierKind::LeadId, "unknown"), (Email, "a")], (Some(1), &[], &[]));
    check(&rows, &[(IdentifierKind::LeadId, "unknown")], (None, &[], &[]));
}

#[test]
fn a_cookie_never_joins_two_named_people() {
    let named = [(Email, "a", 1), (AnonymousId, "c", 1), (Email, "b", 2)];
    // On a shared browser: the cookie stays with whom it was first seen.
    check(&named, &[(Email, "b"), (AnonymousId, "c")], (Some(2), &[], &[]));
    check(&named, &[(Email, "new"), (AnonymousId, "c")], (None, &["new"], &[]));
    // Alone it says the little it says.
    check(&named, &[(AnonymousId, "c")], (Some(1), &[], &[]));
    check(&named, &[(IdentifierKind::LeadId, "unknown"), (AnonymousId, "c")], (Some(1), &[], &[]));
    check(&named, &[(Email, "a"), (AnonymousId, "c")], (Some(1), &[], &[]));
    check(&named, &[(Email, "a"), (AnonymousId, "c2")], (Some(1), &["c2"], &[]));
}

#[test]
fn a_visitor_gets_a_name() {
    let visitor = [(AnonymousId, "c", 1), (Email, "b", 2)];
    check(&visitor, &[(Email, "new"), (AnonymousId, "c")], (Some(1), &["new"], &[]));
    // Somebody known already: the visitor was probably the same person, which is for a person to say.
    check(&visitor, &[(Email, "b"), (AnonymousId, "c")], (Some(2), &[], &[(1, 2)]));
}

fn named(number: u128, identifiers: &[(IdentifierKind, &str)], minutes: i64) -> Event {
    let mut event = event(number, "page_visited", now() + jiff::SignedDuration::from_mins(minutes));
    event.identifiers = identifiers.iter().map(|(kind, value)| id(*kind, value)).collect();
    event
}

#[test]
fn several_events_of_a_new_person_make_one_lead() {
    let events = [
        named(1, &[(Email, "a"), (Phone, "+1")], 2),
        named(2, &[(AnonymousId, "c")], 0),
        named(3, &[(Email, "a"), (AnonymousId, "c")], 1),
        named(4, &[(IdentifierKind::LeadId, "unknown")], 3),
    ];
    let batch = resolve_batch(&events.iter().collect::<Vec<_>>(), KnownIdentities::default(), lead_ids());
    let [new] = batch.new_leads[..] else { panic!("{batch:?}") };
    let lead = Assignment::Lead(new);
    assert_eq!(batch.assignments, [lead, lead, lead, Assignment::UnknownLead]);
    let attached: Vec<_> = batch.new_identifiers.iter().map(|new| new.identifier.value.as_str()).collect();
    assert_eq!(attached, ["c", "a", "+1"]);
    assert_eq!(batch.suspicions, []);
}

#[test]
fn a_suspicion_is_reported_once_a_batch_with_its_first_event() {
    let events = [named(1, &[(Email, "a"), (Phone, "+1")], 2), named(2, &[(Email, "a"), (Phone, "+1")], 1)];
    let known = known(&[(Email, "a", 2), (Phone, "+1", 1)]);
    let batch = resolve_batch(&events.iter().collect::<Vec<_>>(), known, lead_ids());
    let [suspicion] = batch.suspicions[..] else { panic!("{batch:?}") };
    assert_eq!((suspicion.lead, suspicion.other, suspicion.event), (lead(1), lead(2), events[1].id));
    assert_eq!(batch.assignments, [Assignment::Lead(lead(2)); 2]);
    assert_eq!((batch.new_leads, batch.new_identifiers), (vec![], vec![]));
}

#[test]
fn phone_numbers_of_one_person_meet_whatever_their_spelling() {
    let parse = |raw| Identifier::parse(Phone, raw, "website", Country::GERMANY).unwrap();
    assert_eq!(parse("030 1234567"), parse("+49 (0)30 1234567"));
}

proptest! {
    #![proptest_config(cases(100))]

    /// A batch ends like its events one by one in order of time, and every identifier gets at most one lead.
    #[test]
    fn a_batch_is_its_events_in_order(mut events in log(30), shared in prop::collection::vec(0..4_u8, 30)) {
        // Cookies and phones that people share, so that identifiers do contradict each other.
        for (event, shared) in events.iter_mut().zip(shared) {
            match shared {
                0 => event.identifiers.push(id(AnonymousId, "shared")),
                1 => event.identifiers = vec![id(AnonymousId, "shared")],
                2 => event.identifiers.push(id(Phone, "shared")),
                _ => {}
            }
        }
        let refs: Vec<&Event> = events.iter().collect();
        let whole = resolve_batch(&refs, KnownIdentities::default(), lead_ids());

        let mut in_order = refs.clone();
        in_order.sort_by_key(|event| event.order());
        let (mut known, mut new_id) = (KnownIdentities::default(), lead_ids());
        let mut rows = std::collections::HashMap::new();
        for event in in_order {
            let one = resolve_batch(&[event], known.clone(), &mut new_id);
            let position = refs.iter().position(|other| other.id == event.id).unwrap();
            prop_assert_eq!(one.assignments[0], whole.assignments[position]);
            for new in one.new_identifiers {
                let strong = known.is_strong(new.lead);
                known.insert(new.identifier.clone(), new.lead, strong);
                prop_assert_eq!(rows.insert(new.identifier, new.lead), None);
            }
        }
        let all: std::collections::HashMap<_, _> =
            whole.new_identifiers.iter().map(|new| (new.identifier.clone(), new.lead)).collect();
        prop_assert_eq!(all.len(), whole.new_identifiers.len());
        prop_assert_eq!(all, rows);
        prop_assert_eq!(uuid(0x1001), whole.new_leads[0].0);
    }
}
