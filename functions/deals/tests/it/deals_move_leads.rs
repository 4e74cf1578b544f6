//! What a move does to the deal's standing and to its lead.

use serde_json::{Value, json};
use testkit::TestApp;
use uuid::Uuid;

use crate::support::{Board, LOST, NEW, QUALIFIED, WON};

async fn moved(app: &TestApp, deal: Uuid, body: Value) -> Value {
    let path = format!("/api/v1/deals/{deal}/move");
    app.post(&path, &body).bearer(&app.token("sales")).send().await.expect(200).json()
}

/// Lifecycle, pipeline, stage and version of a deal's lead.
async fn lead(app: &TestApp, deal: Uuid) -> (Option<String>, Option<Uuid>, Option<Uuid>, i64) {
    let statement = "SELECT l.lifecycle, l.pipeline_id, l.stage_id, l.version FROM leads l JOIN deals d ON d.lead_id = l.id WHERE d.id = $1";
    let row = app.db().await.query_one(statement, &[&deal]).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

#[tokio::test]
async fn won_lost_and_open_again() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let stage = |n: usize| board.stages[n];
    let stands = |lifecycle: &str, n: usize, version| {
        (Some(lifecycle.to_owned()), Some(board.pipeline), Some(stage(n)), version)
    };

    let won = moved(&app, deal, json!({"stage_id": stage(WON)})).await;
    assert_eq!((&won["status"], &won["probability"]), (&json!("won"), &json!(100)));
    assert!(won["closed_at"].is_string());
    assert_eq!(lead(&app, deal).await, stands("customer", WON, 2));

    let lost = moved(&app, deal, json!({"stage_id": stage(LOST), "lost_reason": " too expensive "})).await;
    assert_eq!((&lost["status"], &lost["lost_reason"]), (&json!("lost"), &json!("too expensive")));
    assert_ne!(lost["closed_at"], won["closed_at"]);
    assert_eq!(lead(&app, deal).await, stands("lost", LOST, 3));

    let reason = moved(&app, deal, json!({"stage_id": stage(LOST), "lost_reason": "no answer"})).await;
    assert_eq!((&reason["lost_reason"], &reason["closed_at"]), (&json!("no answer"), &lost["closed_at"]));
    let same = moved(&app, deal, json!({"stage_id": stage(LOST)})).await;
    assert_eq!((&same["lost_reason"], &same["version"]), (&json!("no answer"), &json!(4)));

    let open = moved(&app, deal, json!({"stage_id": stage(QUALIFIED)})).await;
    assert_eq!(
        (&open["status"], &open["lost_reason"], &open["closed_at"]),
        (&json!("open"), &json!(null), &json!(null))
    );
    assert_eq!(lead(&app, deal).await, stands("routed", QUALIFIED, 4));
}

#[tokio::test]
async fn another_pipeline_takes_deal_and_lead() {
    let app = TestApp::new().await;
    let from = Board::of(&app, app.tenant(), "discovery").await;
    let to = Board::of(&app, app.tenant(), "research-lab").await;
    let deal = from.deal(&app, "x", NEW, 1.0).await;
    let answer = moved(&app, deal, json!({"stage_id": to.stages[QUALIFIED]})).await;
    assert_eq!((&answer["pipeline_id"], &answer["stage_id"]), (&json!(to.pipeline), &json!(to.stages[QUALIFIED])));
    let (lifecycle, pipeline, stage, _) = lead(&app, deal).await;
    assert_eq!(
        (lifecycle.as_deref(), pipeline, stage),
        (Some("routed"), Some(to.pipeline), Some(to.stages[QUALIFIED]))
    );
}

#[tokio::test]
async fn a_lead_follows_from_all_its_deals() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let main = board.deal(&app, "main", NEW, 1.0).await;
    let row = app.db().await.query_one("SELECT lead_id FROM deals WHERE id = $1", &[&main]).await.unwrap();
    let second = board.deal_of(&app, row.get(0), "second", NEW, 2.0).await;
    let lifecycle = async || lead(&app, main).await.0;

    moved(&app, second, json!({"stage_id": board.stages[LOST], "lost_reason": "Preis"})).await;
    assert_eq!(lifecycle().await.as_deref(), Some("routed"), "the other deal is open");
    assert_eq!(lead(&app, main).await.2, Some(board.stages[NEW]), "the lead stands where its own deal stands");
    moved(&app, main, json!({"stage_id": board.stages[WON]})).await;
    assert_eq!(lifecycle().await.as_deref(), Some("customer"));
    moved(&app, second, json!({"stage_id": board.stages[QUALIFIED]})).await;
    assert_eq!(lifecycle().await.as_deref(), Some("customer"), "a customer with a new chance stays one");
    moved(&app, main, json!({"stage_id": board.stages[LOST], "lost_reason": "Preis"})).await;
    assert_eq!(lifecycle().await.as_deref(), Some("routed"));
    moved(&app, second, json!({"stage_id": board.stages[LOST], "lost_reason": "Preis"})).await;
    assert_eq!(lifecycle().await.as_deref(), Some("lost"));
}

#[tokio::test]
async fn leaves_erased_leads_and_the_pool_alone() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (erased, pooled) = (board.deal(&app, "erased", NEW, 1.0).await, board.deal(&app, "pooled", NEW, 2.0).await);
    let db = app.db().await;
    let erase = "UPDATE leads SET lifecycle = 'anonymized' WHERE deal_id = $1";
    db.execute(erase, &[&erased]).await.unwrap();
    let pool =
        "UPDATE leads SET lifecycle = NULL, pipeline_id = NULL, stage_id = NULL, deal_id = NULL WHERE deal_id = $1";
    db.execute(pool, &[&pooled]).await.unwrap();

    moved(&app, erased, json!({"stage_id": board.stages[WON]})).await;
    assert_eq!(lead(&app, erased).await.0.as_deref(), Some("anonymized"));
    moved(&app, pooled, json!({"stage_id": board.stages[QUALIFIED]})).await;
    assert_eq!(
        lead(&app, pooled).await,
        (None, None, None, 1),
        "a person's open deal does not take a lead out of the pool"
    );
    moved(&app, pooled, json!({"stage_id": board.stages[WON]})).await;
    assert_eq!(lead(&app, pooled).await.0.as_deref(), Some("customer"));
}
