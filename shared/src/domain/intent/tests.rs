//! Confidence, primary intent, conflict, drafts of rules.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::fixtures::cases;

fn picture(weights: &[u64]) -> IntentPicture {
    let names = ["research", "b2b", "co_creation"];
    let weights = names.iter().zip(weights).map(|(name, weight)| ((*name).to_owned(), *weight));
    IntentPicture::from_weights(weights, IntentSettings::default())
}

fn check(weights: &[u64], tenths: &[u16], primary: Option<&str>, conflict: bool) {
    let picture = picture(weights);
    let got: Vec<_> = picture.intents.iter().map(|known| known.confidence.tenths()).collect();
    assert_eq!(got, tenths, "{weights:?}");
    assert_eq!(picture.primary().map(|known| known.intent.as_str()), primary, "{weights:?}");
    assert_eq!(picture.conflict, conflict, "{weights:?}");
}

#[test]
fn confidence_follows_the_formula() {
    check(&[0, 0, 0], &[0, 0, 0], None, false);
    check(&[10, 0, 0], &[500, 0, 0], Some("research"), false);
    check(&[0, 15, 0], &[0, 600, 0], Some("b2b"), false);
    check(&[0, 20, 0], &[0, 667, 0], Some("b2b"), false);
    check(&[10, 10, 10], &[250, 250, 250], Some("research"), false);
    check(&[0, 20, 20], &[0, 400, 400], Some("b2b"), true);
    // 45.5 and 30.3 are 15.2 apart; 43.1 and 31.0 are 12.1.
    check(&[30, 20, 6], &[455, 303, 91], Some("research"), false);
    check(&[25, 18, 5], &[431, 310, 86], Some("research"), true);
    // Exactly 15 apart is within 15: 45 and 30.
    check(&[45, 30, 15], &[450, 300, 150], Some("research"), true);
    check(&[45, 29, 16], &[450, 290, 160], Some("research"), false);
}

#[test]
fn confidence_is_a_number_with_one_decimal() {
    assert_eq!(serde_json::to_string(&Confidence::from_tenths(667)).unwrap(), "66.7");
    assert_eq!(serde_json::from_str::<Confidence>("60").unwrap(), Confidence::percent(60));
    assert_eq!(serde_json::from_str::<Confidence>("62.54").unwrap(), Confidence::from_tenths(625));
    assert!(serde_json::from_str::<Confidence>("100.1").is_err() && serde_json::from_str::<Confidence>("-1").is_err());
    assert_eq!(Confidence::from_tenths(5).to_string(), "0.5");
    // Half rounds up: 1/16 is 6.25 %.
    assert_eq!(Confidence::of(1, 6, 10), Confidence::from_tenths(63));
    assert_eq!(Confidence::of(0, 0, 0), Confidence::ZERO);
    assert_eq!(Confidence::of(5, 5, 0), Confidence::FULL);
    assert_eq!(Confidence::of(u64::MAX, u64::MAX, u32::MAX), Confidence::FULL);
}

#[test]
fn drafts_are_checked() {
    let intents = ["research".to_owned(), "b2b".to_owned()];
    let good =
        json!({"slug": "x", "intent": "b2b", "weight": 100, "conditions": {"field": "event_type", "op": "exists"}});
    let rule = IntentRuleDraft::validate(&good, &intents).unwrap();
    assert_eq!((rule.expires_after_days, rule.max_per_lead, rule.is_active), (Some(90), None, true));
    let bad = json!({"slug": "", "intent": "x", "weight": 101, "conditions": {"any": [{}]}, "extra": 1});
    let faults = IntentRuleDraft::validate(&bad, &intents).unwrap_err();
    let found: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
    assert_eq!(
        found,
        [
            "/extra unknown_field",
            "/slug empty",
            "/intent unknown_intent",
            "/weight range",
            "/conditions/any/0 ambiguous",
        ]
    );
}

proptest! {
    #![proptest_config(cases(500))]

    /// Rounding stays within a twentieth of a per cent of the exact share, and everything together within the whole.
    #[test]
    fn confidences_are_shares(weights in prop::collection::vec(0..5000_u64, 3)) {
        let picture = picture(&weights);
        let all = weights.iter().sum::<u64>() + 10;
        for (known, weight) in picture.intents.iter().zip(&weights) {
            let exact = 1000.0 * *weight as f64 / all as f64;
            prop_assert!((exact - f64::from(known.confidence.tenths())).abs() <= 0.500_001);
        }
        let highest = picture.intents.iter().map(|known| known.weight).max().unwrap();
        prop_assert_eq!(picture.primary().map_or(0, |known| known.weight), highest);
        let first = weights.iter().position(|weight| *weight == highest);
        prop_assert!(highest == 0 || picture.primary == first, "ties go to the earlier intent");
    }
}
