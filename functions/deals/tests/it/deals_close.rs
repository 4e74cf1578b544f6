use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, LOST, NEW, QUALIFIED, WON, names, pointers, refuses_strangers, waits};

fn path(deal: Uuid) -> String {
    format!("/api/v1/deals/{deal}/close")
}

async fn close(app: &TestApp, deal: Uuid, body: &Value) -> Response {
    app.post(&path(deal), body).bearer(&app.token("sales")).send().await
}

async fn lead(app: &TestApp, deal: Uuid) -> (Option<String>, Option<Uuid>) {
    let statement = "SELECT l.lifecycle, l.stage_id FROM leads l JOIN deals d ON d.lead_id = l.id WHERE d.id = $1";
    let row = app.db().await.query_one(statement, &[&deal]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn won_with_a_reason_and_lost_with_one() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    board.deal(&app, "earlier", WON, 1.0).await;
    let (good, bad) = (board.deal(&app, "good", NEW, 1.0).await, board.deal(&app, "bad", QUALIFIED, 2.0).await);

    let won = close(&app, good, &json!({"outcome": "won", "reason": "Empfehlung"})).await.expect(200);
    let etag = won.header("etag").map(str::to_owned);
    let won: Value = won.json();
    assert_eq!(
        (&won["status"], &won["probability"], &won["stage_id"]),
        (&json!("won"), &json!(100), &json!(board.stages[WON]))
    );
    assert_eq!((&won["lost_reason"], etag.as_deref()), (&json!(null), Some("\"2\"")));
    assert!(won["closed_at"].is_string());
    assert_eq!(lead(&app, good).await, (Some("customer".to_owned()), Some(board.stages[WON])));
    let shown = format!("/api/v1/pipelines/{}/deals", board.pipeline);
    let shown: Value = app.get(&shown).bearer(&app.token("sales")).send().await.expect(200).json();
    assert_eq!(names(&shown["columns"][WON]["deals"]), ["good", "earlier"], "on top of its new stage");

    let crm = format!("/api/v1/crm/deals/{bad}/close");
    let body = json!({"outcome": "lost", "reason": " zu teuer "});
    let lost: Value = app.post(&crm, &body).bearer(&app.token("sales")).send().await.expect(200).json();
    assert_eq!(
        (&lost["status"], &lost["lost_reason"], &lost["probability"]),
        (&json!("lost"), &json!("zu teuer"), &json!(0))
    );
    assert_eq!(lead(&app, bad).await, (Some("lost".to_owned()), Some(board.stages[LOST])));

    let db = app.db().await;
    let history = "SELECT from_stage_id, to_stage_id, reason FROM stage_history WHERE deal_id = $1";
    let row = db.query_one(history, &[&good]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), (board.stages[NEW], board.stages[WON], "Empfehlung"));
    let audit = "SELECT before ->> 'status', after ->> 'status', after ->> 'reason' FROM audit_log
        WHERE action = 'close' AND record_id = $1";
    let row = db.query_one(audit, &[&good.to_string()]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), ("open", "won", "Empfehlung"));
}

#[tokio::test]
async fn a_closed_deal_is_opened_again_by_moving_it() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    close(&app, deal, &json!({"outcome": "lost", "reason": "kein Budget"})).await.expect(200);
    for body in [json!({"outcome": "won"}), json!({"outcome": "lost", "reason": "doch nicht"})] {
        let refused = close(&app, deal, &body).await.expect(409);
        assert_eq!(refused.problem()["code"], "closed", "{body}");
    }
    let back = json!({"stage_id": board.stages[QUALIFIED]});
    let path = format!("/api/v1/deals/{deal}/move");
    let open: Value = app.post(&path, &back).bearer(&app.token("sales")).send().await.expect(200).json();
    assert_eq!((&open["status"], &open["lost_reason"]), (&json!("open"), &json!(null)));
    assert_eq!(close(&app, deal, &json!({"outcome": "won"})).await.expect(200).json::<Value>()["status"], "won");
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let won = json!({"outcome": "won"});
    for (body, expected) in [
        (json!({}), "/outcome"),
        (json!({"outcome": "open"}), "/outcome"),
        (json!({"outcome": "lost"}), "/reason"),
        (json!({"outcome": "lost", "reason": " "}), "/reason"),
        (json!({"outcome": "won", "reason": "x".repeat(501)}), "/reason"),
        (json!({"outcome": "won", "stage_id": board.stages[WON]}), "/stage_id"),
    ] {
        assert_eq!(pointers(&close(&app, deal, &body).await.expect(400)), [expected], "{body}");
    }
    let stale = app.post(&path(deal), &won).bearer(&app.token("sales")).header("if-match", "\"9\"").send().await;
    assert_eq!(stale.expect(412).problem()["current_version"], 1);
    close(&app, Uuid::now_v7(), &won).await.expect(404).problem();
    app.post(&path(deal), &won).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.post(&path(deal), &won).bearer(&app.token("viewer")).send().await.expect(403).problem();
    refuses_strangers(&app, Method::POST, &path(deal), Some(&won), "deals:write").await;
    app.db().await.execute("DELETE FROM stages WHERE id = $1", &[&board.stages[WON]]).await.unwrap();
    assert_eq!(close(&app, deal, &won).await.expect(409).problem()["code"], "no_closing_stage");
    let row = app.db().await.query_one("SELECT status, version FROM deals WHERE id = $1", &[&deal]).await.unwrap();
    assert_eq!((row.get(0), row.get::<_, i64>(1)), ("open", 1));
}

#[tokio::test]
async fn a_repeated_request_closes_once() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let token = app.token("sales");
    let send =
        || app.post(&path(deal), &json!({"outcome": "won"})).bearer(&token).header("idempotency-key", "k").send();
    let first: Value = send().await.expect(200).json();
    assert_eq!(send().await.expect(200).json::<Value>(), first);
    let rows =
        app.db().await.query_one("SELECT count(*) FROM stage_history WHERE deal_id = $1", &[&deal]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_deal_that_goes_to_another_pipeline_at_this_moment_stays_open() {
    let app = TestApp::new().await;
    let (board, other) =
        (Board::of(&app, app.tenant(), "discovery").await, Board::of(&app, app.tenant(), "research-lab").await);
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let db = app.db().await;
    let moving = format!(
        "BEGIN; UPDATE deals SET pipeline_id = '{}', stage_id = '{}' WHERE id = '{deal}'",
        other.pipeline, other.stages[NEW]
    );
    db.batch_execute(&moving).await.unwrap();
    let commit = async {
        waits(&app).await;
        db.batch_execute("COMMIT").await.unwrap();
    };
    let body = json!({"outcome": "won"});
    let (answer, ()) = tokio::join!(close(&app, deal, &body), commit);
    assert_eq!(answer.expect(409).problem()["code"], "moved");
    let row = db.query_one("SELECT status FROM deals WHERE id = $1", &[&deal]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "open");
    close(&app, deal, &body).await.expect(200);
}
