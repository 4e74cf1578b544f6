//! What every partner's worker has to withstand ([`testkit::acceptance`]): Slack, which cannot be asked, and a strict partner that can.

pub mod process;
mod strict;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::acceptance::{OnSlack, OnStrict, Stage, thorough};
use testkit::app::{TestApp, tenant_input};
use testkit::fakes::strict::Strict;

const TOKEN: &str = "xoxb-1234-test";
const KEY: &str = "strict-key";

/// Trials a partner: ten thousand over both in full, or as many as `LOTSE_THOROUGH` says. Otherwise as many as it takes to strike at
/// each statement, before and after it, and to meet every trouble twice.
fn trials() -> usize {
    let said = std::env::var("LOTSE_THOROUGH").ok().and_then(|text| text.parse().ok());
    if thorough() { said.filter(|count| *count > 1).unwrap_or(5_000) } else { 60 }
}

fn connected(slack: Value) -> Value {
    let mut input = tenant_input("acceptance");
    input["integrations"] = json!({"slack": slack});
    input
}

async fn on_slack(app: &TestApp) -> Stage<'_, OnSlack<'_>> {
    Stage::new(app, OnSlack { slack: app.slack(), token: TOKEN }, connected(json!({"bot_token": TOKEN}))).await
}

/// The strict partner in Slack's place, with a budget of our own.
async fn on_strict<'a>(app: &'a TestApp, strict: &'a Strict, per_second: f64, burst: f64) -> Stage<'a, OnStrict<'a>> {
    app.replace("slack-worker", process::worker(strict));
    let input = connected(json!({"api_key": KEY, "per_second": per_second, "burst": burst}));
    Stage::new(app, OnStrict { strict, key: KEY }, input).await
}

#[tokio::test]
async fn slack_posts_at_most_once_whatever_dies() {
    let app = TestApp::bare().await;
    on_slack(&app).await.survives_deaths(trials()).await;
}

#[tokio::test]
async fn a_partner_that_can_be_asked_has_everything_once_whatever_dies() {
    let app = TestApp::bare().await;
    let strict = Strict::start(KEY).unwrap();
    on_strict(&app, &strict, 1000.0, 1000.0).await.survives_deaths(trials()).await;
}

#[tokio::test]
async fn slack_gets_everything_in_order_after_six_hours() {
    let app = TestApp::bare().await;
    on_slack(&app).await.outlasts_an_absence().await;
}

#[tokio::test]
async fn a_partner_that_can_be_asked_gets_everything_in_order_after_six_hours() {
    let app = TestApp::bare().await;
    let strict = Strict::start(KEY).unwrap();
    on_strict(&app, &strict, 1000.0, 1000.0).await.outlasts_an_absence().await;
}

#[tokio::test]
async fn slack_with_a_wrong_token_and_then_the_right_one_loses_nothing() {
    let app = TestApp::bare().await;
    on_slack(&app).await.outlasts_a_wrong_key().await;
}

#[tokio::test]
async fn a_wrong_key_and_then_the_right_one_loses_nothing() {
    let app = TestApp::bare().await;
    let strict = Strict::start(KEY).unwrap();
    on_strict(&app, &strict, 1000.0, 1000.0).await.outlasts_a_wrong_key().await;
}

/// The partner's bucket holds two and fills with two a second. Ours is slower by what a call may be late on its way.
#[tokio::test]
async fn a_crowd_of_workers_never_asks_too_much_and_people_are_answered() {
    let app = TestApp::bare().await;
    let strict = Strict::start(KEY).unwrap();
    strict.set_bucket(2.0, 2.0);
    let stage = on_strict(&app, &strict, 1.5, 1.0).await;
    let person = app.spawn_as("slack-worker", &process::driver(&strict));
    let (workers, seconds) = if thorough() { (50, 120) } else { (6, 8) };
    stage.keeps_pace(workers, Duration::from_secs(seconds), &person, || strict.limited()).await;
}
