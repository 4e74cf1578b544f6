//! Caps, tiers, drafts of rules, and since when a score is high enough.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::fixtures::{cases, now, uuid};

fn at(day: i64, hour: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * day + hour)
}

#[test]
fn caps_count_the_first_of_a_day_and_of_those_the_first_of_all() {
    let check = |per_day, per_lead, expected: &[usize]| {
        // Noon to midnight is the first day, by UTC.
        let matches = [at(0, 0), at(0, 1), at(0, 11), at(0, 12), at(1, 0), at(1, 1), at(5, 0)];
        assert_eq!(select_counted(matches, Caps { per_day, per_lead }), expected, "{per_day:?} {per_lead:?}");
    };
    check(None, None, &[0, 1, 2, 3, 4, 5, 6]);
    check(Some(1), None, &[0, 3, 6]);
    check(Some(2), None, &[0, 1, 3, 4, 6]);
    check(Some(2), Some(3), &[0, 1, 3]);
    check(None, Some(2), &[0, 1]);
    check(Some(0), None, &[]);
}

fn award(points: i32, awarded_at: Timestamp, days: Option<u32>) -> Award {
    Award {
        rule: RuleId(uuid(1)),
        rule_version: 1,
        event: None,
        category: Category::Behavior,
        points,
        awarded_at,
        expires_at: expiry(awarded_at, days),
    }
}

#[test]
fn reached_since_is_the_last_time_the_score_became_high_enough() {
    let check = |awards: &[Award], min, expected| assert_eq!(reached_since(awards, min, now()), expected, "{awards:?}");
    check(&[], 40, None);
    check(&[award(39, at(-5, 0), None)], 40, None);
    check(&[award(40, at(-5, 0), None)], 40, Some(at(-5, 0)));
    check(&[award(15, at(-3, 0), None), award(30, at(-5, 0), None)], 40, Some(at(-3, 0)));
    // Lost and regained.
    let regained = [award(50, at(-9, 0), None), award(-20, at(-6, 0), None), award(20, at(-2, 0), None)];
    check(&regained, 40, Some(at(-2, 0)));
    // Half of it expired in between; what else came kept it up.
    check(&[award(40, at(-95, 0), Some(90)), award(40, at(-20, 0), None)], 40, Some(at(-95, 0)));
    // It was expired for a while.
    check(&[award(40, at(-95, 0), Some(90)), award(40, at(-2, 0), None)], 40, Some(at(-2, 0)));
    // One thing replaces another at the same moment.
    check(&[award(40, at(-95, 0), Some(90)), award(40, at(-5, 0), None)], 40, Some(at(-95, 0)));
    check(&[award(40, at(-95, 0), Some(90))], 40, None);
    // A sender's clock ran ahead.
    check(&[award(40, at(0, 1), None)], 40, Some(now()));
    check(&[award(5, at(-3, 0), None)], 0, Some(at(-3, 0)));
    check(&[], 0, Some(now()));
}

#[test]
fn tiers_start_at_their_thresholds() {
    let tiers = TierThresholds::default();
    let check = |total, tier| assert_eq!(tiers.tier(total), tier, "{total}");
    check(0, Tier::Cold);
    check(19, Tier::Cold);
    check(20, Tier::Warm);
    check(39, Tier::Warm);
    check(40, Tier::Hot);
    check(79, Tier::Hot);
    check(80, Tier::VeryHot);
    assert_eq!(serde_json::to_value(tiers).unwrap()[2], json!({"name": "hot", "min_score": 40}));
}

#[test]
fn alerts_are_for_crossings_upward_into_hot_or_above() {
    let all = [Tier::Cold, Tier::Warm, Tier::Hot, Tier::VeryHot];
    for before in all {
        for after in all {
            let expected = (after > before && after >= Tier::Hot).then_some(after);
            assert_eq!(before.alert_on_reaching(after), expected);
        }
    }
    assert_eq!(Tier::Cold.alert_on_reaching(Tier::VeryHot), Some(Tier::VeryHot));
    assert_eq!(Tier::Hot.alert_on_reaching(Tier::Hot), None);
}

#[test]
fn tiers_must_divide_the_scores() {
    let check = |starts: serde_json::Value, fits: bool| {
        assert_eq!(serde_json::from_value::<TierThresholds>(starts.clone()).is_ok(), fits, "{starts}");
    };
    let tiers = |cold, warm, hot, very_hot| {
        json!([{"name": "cold", "min_score": cold}, {"name": "warm", "min_score": warm},
               {"name": "hot", "min_score": hot}, {"name": "very_hot", "min_score": very_hot}])
    };
    check(tiers(0, 10, 20, 30), true);
    check(tiers(1, 10, 20, 30), false);
    check(tiers(0, 0, 20, 30), false);
    check(tiers(0, 20, 20, 30), false);
    check(tiers(0, 10, 40, 30), false);
    check(json!([{"name": "cold", "min_score": 0}]), false);
    check(
        json!([{"name": "cold", "min_score": 0}, {"name": "warm", "min_score": 5}, {"name": "hot", "min_score": 9},
                 {"name": "very_hot", "min_score": 10}, {"name": "hot", "min_score": 8}]),
        false,
    );
}

fn draft() -> serde_json::Value {
    json!({"slug": "demo", "name": "Demo", "rule_type": "event", "category": "behavior", "points": 30,
           "conditions": {"field": "event_type", "op": "eq", "value": "demo_requested"}})
}

#[test]
fn a_draft_is_completed_with_the_sheets_defaults() {
    let rule = ScoringRuleDraft::validate(&draft()).unwrap();
    assert_eq!(
        (rule.expires_after_days, rule.max_per_day, rule.max_per_lead, rule.is_active),
        (Some(90), None, None, true)
    );
    let mut lasting = draft();
    lasting["expires_after_days"] = json!(null);
    assert_eq!(ScoringRuleDraft::validate(&lasting).unwrap().expires_after_days, None);
    let mut profile = draft();
    profile["rule_type"] = json!("profile");
    profile["conditions"] = json!({"field": "lead.country", "op": "eq", "value": "DE"});
    assert_eq!(ScoringRuleDraft::validate(&profile).unwrap().expires_after_days, None, "profile rules never expire");
}

#[test]
fn a_drafts_faults_are_reported_at_once() {
    let check = |change: serde_json::Value, expected: &[&str]| {
        let mut raw = draft();
        for (key, value) in change.as_object().unwrap() {
            raw[key] = value.clone();
        }
        let faults = ScoringRuleDraft::validate(&raw).unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
        assert_eq!(found, expected, "{change}");
    };
    check(
        json!({"slug": "Bad Slug", "name": "", "rule_type": "x", "category": 5, "points": 0, "max_per_day": 0,
               "max_per_lead": "1", "expires_after_days": -1, "is_active": "yes", "colour": 1, "description": 7,
               "conditions": {"all": [{"field": "x", "op": "eq", "value": 1}]}}),
        &[
            "/colour unknown_field",
            "/slug bad_slug",
            "/name empty",
            "/description type",
            "/rule_type unknown_value",
            "/category unknown_value",
            "/points not_allowed",
            "/max_per_day range",
            "/max_per_lead range",
            "/expires_after_days range",
            "/is_active type",
            "/conditions/all/0/field unknown_field",
        ],
    );
    check(json!({"points": 1001}), &["/points range"]);
    check(json!({"points": 1.5}), &["/points range"]);
    check(json!({"conditions": []}), &["/conditions type"]);
    check(json!({"rule_type": "profile"}), &["/conditions wrong_rule_type"]);
    check(json!({"conditions": {"field": "lead.country", "op": "exists"}}), &["/conditions wrong_rule_type"]);
    check(json!({"slug": null}), &["/slug required"]);
    assert_eq!(ScoringRuleDraft::validate(&json!(5)).unwrap_err()[0].pointer, "");
}

proptest! {
    #![proptest_config(cases(500))]

    /// The fact the event path rests on: what did not count so far need not be known.
    #[test]
    fn only_what_counted_must_be_remembered(
        old in prop::collection::btree_set(0..96_i64, 0..30),
        new in prop::collection::btree_set(0..96_i64, 0..12),
        per_day in prop::option::of(1..4_u32),
        per_lead in prop::option::of(1..8_u32),
    ) {
        let caps = Caps { per_day, per_lead };
        let times = |hours: &std::collections::BTreeSet<i64>| hours.iter().map(|hour| at(0, *hour)).collect::<Vec<_>>();
        let counted = |times: &[Timestamp]| -> Vec<Timestamp> {
            select_counted(times.iter().copied(), caps).into_iter().map(|position| times[position]).collect()
        };
        let before = counted(&times(&old));
        let all: Vec<_> = times(&old.union(&new).copied().collect());
        let after = counted(&all);
        prop_assert!(after.iter().all(|time| before.contains(time) || times(&new).contains(time)));

        let mut known: Vec<_> = before.into_iter().chain(times(&new)).collect();
        known.sort();
        known.dedup();
        prop_assert_eq!(counted(&known), after);
    }

    /// `reached_since` against looking at every moment at which something happens.
    #[test]
    fn reached_since_agrees_with_looking_at_every_moment(
        drafts in prop::collection::vec((-30..40_i32, 0..60_i64, prop::option::of(1..40_u32)), 0..10),
        min in 1..60_i32,
    ) {
        let awards: Vec<_> =
            drafts.iter().map(|(points, day, days)| award(*points, at(-day, 0), *days)).collect();
        let sum = |time: Timestamp| -> i32 {
            let counting = awards.iter().filter(|award| award.awarded_at <= time && !is_expired(award.expires_at, time));
            counting.map(|award| award.points).sum()
        };
        let mut moments: Vec<_> =
            awards.iter().flat_map(|award| [Some(award.awarded_at), award.expires_at]).flatten().filter(|at| *at <= now()).collect();
        moments.sort();
        let mut expected = None;
        for moment in moments.into_iter().rev() {
            if sum(moment) < min {
                break;
            }
            expected = Some(moment);
        }
        prop_assert_eq!(reached_since(&awards, min, now()), expected);
    }
}
