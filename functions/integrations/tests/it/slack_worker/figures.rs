//! What an operator sees of it: each effect is counted as what it has become, once, by partner.

use std::collections::BTreeMap;

use serde_json::Value;
use testkit::app::TestApp;
use testkit::fakes::slack::SlackFault;

use super::{bot, queue, send, status};

/// The lines of figures so far.
fn lines(app: &TestApp) -> Vec<Value> {
    let logs = app.logs("slack-worker");
    let read = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    read.filter(|line| line["_aws"].is_object()).collect()
}

/// What was counted by then, without what is zero.
fn counted(app: &TestApp) -> BTreeMap<&'static str, f64> {
    let names = ["EffectsDone", "EffectsFailed", "EffectsUnknown", "EffectsWaiting", "EffectsHeld", "IntegrationDown"];
    let sum = |name: &str| lines(app).iter().filter_map(|line| line[name].as_f64()).sum::<f64>();
    names.into_iter().map(|name| (name, sum(name))).filter(|(_, sum)| *sum > 0.0).collect()
}

#[tokio::test]
async fn every_effect_is_counted_as_what_it_has_become() {
    let app = TestApp::new().await;
    // A bot may post once a second into each channel: none of these waits for another.
    let (mut expected, tenant) = (BTreeMap::new(), bot(&app).await);
    for (fault, becomes) in [
        (None, &["EffectsDone"][..]),
        (Some(SlackFault::ApiError("service_unavailable".to_owned())), &["EffectsWaiting", "EffectsDone"]),
        (Some(SlackFault::ApiError("channel_not_found".to_owned())), &["EffectsFailed"]),
        (Some(SlackFault::Broken { kept: true }), &["EffectsUnknown"]),
        (Some(SlackFault::ApiError("invalid_auth".to_owned())), &["EffectsHeld", "IntegrationDown"]),
    ] {
        if let Some(fault) = &fault {
            app.slack().fail_next(fault.clone());
        }
        let id = send(&app, &tenant, &format!("#{}", becomes[0].to_lowercase()), "once").await;
        app.drain().await;
        // What is there already is no news.
        if status(&app, id).await != "pending" {
            queue(&app, &tenant, id);
            app.drain().await;
        }
        for name in becomes {
            *expected.entry(*name).or_insert(0.0) += 1.0;
        }
        assert_eq!(counted(&app), expected, "{fault:?}");
    }

    let lines = lines(&app);
    let done = lines.iter().find(|line| line["EffectsDone"] == 1.0).unwrap();
    assert_eq!((&done["function"], &done["partner"]), (&"slack-worker".into(), &"slack".into()));
    assert!(done["EffectDuration"].is_number() && done["MessagesDone"].is_number(), "one line has all: {done}");
}
