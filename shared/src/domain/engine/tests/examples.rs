//! Single cases of the sheet, told as stories.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::domain::engine::{LeadState, RuleSet, advance, needs_full_log, standing_at};
use crate::domain::events::Event;
use crate::domain::fixtures::{default_rule_set, event, hard_rule_set, map, now};
use crate::domain::intent::Confidence;
use crate::domain::profile::{ProfileField, Provenance};
use crate::domain::scoring::Tier;

fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn moved(rules: &RuleSet, state: &mut LeadState, events: &[&Event]) -> crate::domain::engine::LeadChange {
    let change = advance(rules, state, events, None, now());
    change.clone().apply_to(state);
    change
}

fn slugs(change: &[crate::domain::scoring::Award]) -> Vec<&'static str> {
    let rules = &default_rule_set().data().scoring_rules;
    change.iter().map(|award| rules.iter().find(|rule| rule.id == award.rule).unwrap().slug.as_str()).collect()
}

#[test]
fn a_demo_request_makes_a_warm_lead_and_two_pages_a_hot_one() {
    let rules = default_rule_set();
    let mut state = LeadState::default();
    let demo = event(1, "demo_requested", hours_ago(3));
    let change = moved(rules, &mut state, &[&demo]);
    assert_eq!(slugs(&change.awards_added), ["demo-requested"]);
    assert_eq!((change.standing.total, change.standing.tier, change.alert), (30, Tier::Warm, None));
    assert_eq!(change.standing.primary_intent.as_deref(), Some("b2b"));
    // 20 / (20 + 10)
    assert_eq!(change.standing.intent_confidence, Confidence::from_tenths(667));
    assert!(change.routing_due);

    let mut pricing = event(2, "page_visited", hours_ago(2));
    pricing.metadata = map(json!({"page_path": "/Pricing/enterprise"}));
    let form = event(3, "form_submitted", hours_ago(1));
    let change = moved(rules, &mut state, &[&pricing, &form]);
    assert_eq!((change.standing.total, change.standing.tier, change.alert), (54, Tier::Hot, Some(Tier::Hot)));
    assert_eq!(change.standing.last_activity_at, Some(hours_ago(1)));
}

#[test]
fn a_late_event_displaces_a_later_one_under_a_cap() {
    let rules = default_rule_set();
    let mut state = LeadState::default();
    let noon = event(1, "demo_requested", hours_ago(0));
    moved(rules, &mut state, &[&noon]);
    // The same UTC day, earlier, delivered later: one demo request a day counts, the first.
    let morning = event(2, "demo_requested", hours_ago(5));
    let change = moved(rules, &mut state, &[&morning]);
    assert_eq!(change.awards_added.iter().map(|award| award.event).collect::<Vec<_>>(), [Some(morning.id)]);
    assert_eq!(change.awards_withdrawn.iter().map(|award| award.event).collect::<Vec<_>>(), [Some(noon.id)]);
    assert_eq!(change.standing.total, 30);
    assert_eq!(change.alert, None);
}

#[test]
fn a_profile_rule_counts_once_while_it_holds() {
    let rules = default_rule_set();
    let mut state = LeadState::default();
    let mut first = event(1, "never_heard_of", hours_ago(48));
    first.profile.fields.insert(ProfileField::JobTitle, "GESCHÄFTSFÜHRERIN".to_owned());
    let second = event(2, "never_heard_of", hours_ago(24));
    let change = moved(rules, &mut state, &[&first, &second]);
    assert_eq!(slugs(&change.awards_added), ["decision-maker"]);
    assert_eq!(change.awards_added[0].awarded_at, hours_ago(48));
    assert_eq!(change.awards_added[0].expires_at, None);

    let mut edited = state.clone();
    edited.profile.set(ProfileField::JobTitle, Some("Student".to_owned()), Provenance::Person { at: now() });
    let change = moved(rules, &mut edited, &[]);
    assert_eq!(slugs(&change.awards_withdrawn), ["decision-maker"]);
    assert_eq!(change.standing.total, 0);
    // What a person typed is not undone by an event.
    let mut third = event(3, "never_heard_of", hours_ago(72));
    third.profile.fields.insert(ProfileField::JobTitle, "CEO".to_owned());
    assert_eq!(moved(rules, &mut edited, &[&third]).standing.total, 0);
}

#[test]
fn a_rule_satisfied_by_what_is_absent_holds_since_the_first_event() {
    let rules = hard_rule_set();
    let held_since = |state: &LeadState| {
        let rule = rules.data().scoring_rules.iter().find(|rule| rule.slug == "no-company").unwrap().id;
        state.awards.iter().find(|award| award.rule == rule).map(|award| award.awarded_at)
    };
    // A lead made by hand: every field the events could change is a person's.
    let mut state = LeadState::default();
    state.profile.set(ProfileField::Source, Some("import".to_owned()), Provenance::Person { at: now() });
    moved(rules, &mut state, &[]);
    assert_eq!(held_since(&state), Some(now()), "nothing older is known");
    let later = advance(rules, &state, &[], None, now() + SignedDuration::from_hours(1));
    assert!(later.awards_added.is_empty() && later.awards_withdrawn.is_empty(), "looking again changes nothing");
    for (number, hours) in [(1, 5), (2, 9)] {
        moved(rules, &mut state, &[&event(number, "never_heard_of", hours_ago(hours))]);
        assert_eq!(held_since(&state), Some(hours_ago(hours)));
    }
}

#[test]
fn an_award_stops_counting_at_its_expiry_to_the_microsecond() {
    let rules = default_rule_set();
    let mut state = LeadState::default();
    moved(rules, &mut state, &[&event(1, "demo_requested", hours_ago(0))]);
    let expiry = now() + SignedDuration::from_hours(90 * 24);
    assert_eq!(state.standing.next_expiry, Some(expiry));
    let at = |time| standing_at(rules, &state, time);
    assert_eq!(at(expiry - SignedDuration::from_micros(1)).total, 30);
    assert_eq!((at(expiry).total, at(expiry).primary_intent.clone(), at(expiry).next_expiry), (0, None, None));
}

#[test]
fn losses_never_push_the_total_below_zero_but_are_remembered() {
    let rules = default_rule_set();
    let mut state = LeadState::default();
    let change = moved(rules, &mut state, &[&event(1, "email_unsubscribed", hours_ago(1))]);
    assert_eq!((change.standing.sums.net(), change.standing.total), (-20, 0));
}

#[test]
fn the_log_is_asked_for_only_when_it_matters() {
    let (plain, mixed) = (default_rule_set(), hard_rule_set());
    let visit = event(1, "page_visited", hours_ago(9));
    let mut german = event(2, "page_visited", hours_ago(1));
    german.profile.fields.insert(ProfileField::Country, "DE".to_owned());

    let mut state = LeadState::default();
    assert!(!needs_full_log(mixed, &state, &[&visit]), "a new lead has no other events");
    moved(mixed, &mut state, &[&visit]);
    assert!(!needs_full_log(mixed, &state, &[&event(3, "page_visited", hours_ago(2))]), "nothing new about the person");
    assert!(needs_full_log(mixed, &state, &[&german]), "the country is read by an event rule");
    assert!(needs_full_log(mixed, &state, &[]), "a person may have edited the profile");
    assert!(needs_full_log(plain, &state, &[&visit]), "another rule-set version");

    let mut state = LeadState::default();
    moved(plain, &mut state, &[&visit]);
    assert!(!needs_full_log(plain, &state, &[&german]) && !needs_full_log(plain, &state, &[]));
}
