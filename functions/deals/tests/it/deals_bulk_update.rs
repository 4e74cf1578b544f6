use serde_json::{Value, json};
use testkit::keys::Token;
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, LOST, NEW, QUALIFIED, WON, member, pointers, refuses_strangers};

const PATH: &str = "/api/v1/deals/bulk-update";

async fn change(app: &TestApp, body: &Value) -> Response {
    app.post(PATH, body).bearer(&me(app)).send().await
}

fn me(app: &TestApp) -> String {
    Token::new(&app.tenant().id).role("sales").claim("sub", json!(Uuid::from_u128(1))).sign()
}

async fn undo(app: &TestApp, answer: &Value) -> Value {
    let body = json!({"token": answer["undo"]["token"]});
    app.post("/api/v1/bulk-undo", &body).bearer(&me(app)).send().await.expect(200).json()
}

/// Status, stage, position, reason, owner and expected day of deals, and the lifecycle and stage of their leads.
async fn picture(app: &TestApp, deals: &[Uuid]) -> Vec<Value> {
    let statement = "SELECT to_jsonb(d) - ARRAY['version', 'updated_at'] || jsonb_build_object('lifecycle', l.lifecycle, 'lead_stage', l.stage_id)
        FROM deals d LEFT JOIN leads l ON l.id = d.lead_id WHERE d.id = ANY ($1) ORDER BY d.id";
    let rows = app.db().await.query(statement, &[&deals]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["skipped"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn closes_deals_of_two_pipelines_and_opens_them_again() {
    let app = TestApp::new().await;
    let one = Board::of(&app, app.tenant(), "discovery").await;
    let other = Board::of(&app, app.tenant(), "b2b-lab-enablement").await;
    let there = one.deal(&app, "There", LOST, 5.0).await;
    let deals = [
        one.deal(&app, "A", NEW, 1.0).await,
        one.deal(&app, "B", NEW, 2.0).await,
        other.deal(&app, "C", NEW, 3.0).await,
        one.deal(&app, "D", WON, 4.0).await,
    ];
    let db = app.db().await;
    db.execute("UPDATE deals SET status = 'won', closed_at = now() WHERE id = $1", &[&deals[3]]).await.unwrap();
    let before = picture(&app, &deals).await;

    let body = json!({"ids": deals, "change": {"close": {"outcome": "lost", "reason": " no budget "}}});
    let answer: Value = change(&app, &body).await.expect(200).json();

    assert_eq!((answer["changed"].as_array().unwrap().len(), codes(&answer)), (3, vec!["closed"]));
    let after = picture(&app, &deals).await;
    for (n, board) in [(0, &one), (1, &one), (2, &other)] {
        let shown = ["status", "stage_id", "lost_reason", "lifecycle", "lead_stage"].map(|field| &after[n][field]);
        let stage = json!(board.stages[LOST]);
        assert_eq!(shown, [&json!("lost"), &stage, &json!("no budget"), &json!("lost"), &stage], "{n}");
        assert!(after[n]["closed_at"].is_string());
    }
    // On top of what was there, none in another's place.
    let board: Value =
        app.get(&format!("/api/v1/pipelines/{}/deals", one.pipeline)).bearer(&me(&app)).send().await.expect(200).json();
    let lost: Vec<&Value> =
        board["columns"][LOST]["deals"].as_array().unwrap().iter().map(|deal| &deal["id"]).collect();
    assert_eq!(lost, [&json!(deals[1]), &json!(deals[0]), &json!(there)]);
    let history = "SELECT count(*) FROM stage_history WHERE reason = 'no budget' AND to_stage_id = ANY ($1)";
    let stages = vec![one.stages[LOST], other.stages[LOST]];
    assert_eq!(db.query_one(history, &[&stages]).await.unwrap().get::<_, i64>(0), 3);

    let undone = undo(&app, &answer).await;
    assert_eq!((undone["changed"].as_array().unwrap().len(), codes(&undone)), (3, vec![]));
    assert_eq!(picture(&app, &deals).await, before);
    let noted = "SELECT record_type, count(*) FROM audit_log WHERE action = 'bulk_undo' GROUP BY 1 ORDER BY 1";
    let rows = db.query(noted, &[]).await.unwrap();
    let noted: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(noted, [("deal".to_owned(), 3), ("lead".to_owned(), 3)]);
}

#[tokio::test]
async fn moves_deals_to_a_stage_of_another_pipeline() {
    let app = TestApp::new().await;
    let one = Board::of(&app, app.tenant(), "discovery").await;
    let other = Board::of(&app, app.tenant(), "b2b-lab-enablement").await;
    let deals = [one.deal(&app, "A", NEW, 1.0).await, other.deal(&app, "B", QUALIFIED, 1.0).await];
    let body = json!({"ids": deals, "change": {"stage_id": other.stages[QUALIFIED]}});
    let answer: Value = change(&app, &body).await.expect(200).json();
    assert_eq!((answer["changed"].as_array().unwrap().len(), &answer["unchanged"]), (1, &json!(1)));
    let after = picture(&app, &deals).await;
    assert_eq!(after[0]["pipeline_id"], json!(other.pipeline));
    assert_eq!((&after[0]["lifecycle"], &after[0]["lead_stage"]), (&json!("routed"), &json!(other.stages[QUALIFIED])));
    assert!(after[0]["position"].as_f64() < after[1]["position"].as_f64());

    let refused = change(&app, &json!({"ids": deals, "change": {"stage_id": other.stages[LOST]}})).await.expect(400);
    assert_eq!(pointers(&refused), ["/change/lost_reason"]);
    let lost = json!({"ids": deals, "change": {"stage_id": other.stages[LOST], "lost_reason": "too dear"}});
    let answer: Value = change(&app, &lost).await.expect(200).json();
    assert_eq!(answer["changed"].as_array().unwrap().len(), 2);
    // One of them is taken up by hand, and stays so.
    let taken_up = json!({"stage_id": other.stages[NEW]});
    app.post(&format!("/api/v1/deals/{}/move", deals[1]), &taken_up).bearer(&me(&app)).send().await.expect(200);
    let undone = undo(&app, &answer).await;
    assert_eq!((undone["changed"].as_array().unwrap().len(), codes(&undone)), (1, vec!["changed"]));
    let after = picture(&app, &deals).await;
    assert_eq!(after[0]["stage_id"], json!(other.stages[QUALIFIED]));
    assert_eq!(after[1]["stage_id"], json!(other.stages[NEW]));
}

#[tokio::test]
async fn two_deals_of_one_lead_decide_together() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let lead = board.lead(&app).await;
    let deals = [
        board.deal_of(&app, lead, "A", NEW, 1.0).await,
        board.deal_of(&app, lead, "B", NEW, 2.0).await,
        board.deal_of(&app, lead, "C", NEW, 3.0).await,
    ];
    let close =
        |ids: &[Uuid], outcome: &str| json!({"ids": ids, "change": {"close": {"outcome": outcome, "reason": "x"}}});
    change(&app, &close(&deals[..2], "lost")).await.expect(200);
    assert_eq!(picture(&app, &deals).await[0]["lifecycle"], "routed", "one is open still");
    let won: Value = change(&app, &close(&deals[2..], "won")).await.expect(200).json();
    assert_eq!(picture(&app, &deals).await[0]["lifecycle"], "customer");
    undo(&app, &won).await;
    assert_eq!(picture(&app, &deals).await[0]["lifecycle"], "routed");
}

#[tokio::test]
async fn a_lead_goes_back_into_the_pool_with_its_deal() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deals = [board.deal(&app, "A", NEW, 1.0).await, board.deal(&app, "B", NEW, 2.0).await];
    let db = app.db().await;
    // Deals that people made: their leads stand in the pool.
    let pool =
        "UPDATE leads SET lifecycle = NULL, pipeline_id = NULL, stage_id = NULL, routed_at = NULL, deal_id = NULL";
    db.batch_execute(pool).await.unwrap();
    let before = picture(&app, &deals).await;
    let close = json!({"ids": deals, "change": {"close": {"outcome": "lost", "reason": "x"}}});
    let answer: Value = change(&app, &close).await.expect(200).json();
    assert_eq!(picture(&app, &deals).await[0]["lifecycle"], "lost");
    // Somebody edits one of the leads meanwhile: of that one, what its deals say.
    let edit = "UPDATE leads SET version = version + 1 WHERE id = (SELECT lead_id FROM deals WHERE id = $1)";
    db.execute(edit, &[&deals[1]]).await.unwrap();
    undo(&app, &answer).await;
    let after = picture(&app, &deals).await;
    assert_eq!((&before[0]["lifecycle"], &after[0]), (&Value::Null, &before[0]));
    assert_eq!(after[1]["lifecycle"], "routed");
}

#[tokio::test]
async fn taking_an_owner_back_moves_no_deal() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deals = [board.deal(&app, "A", NEW, 1.0).await];
    let sam = member(&app, app.tenant(), "sam").await;
    let answer: Value = change(&app, &json!({"ids": deals, "change": {"owner_id": sam}})).await.expect(200).json();
    // The stage is numbered anew.
    app.db().await.execute("UPDATE deals SET position = 1000 WHERE id = $1", &[&deals[0]]).await.unwrap();
    undo(&app, &answer).await;
    let after = picture(&app, &deals).await;
    assert_eq!((&after[0]["owner_id"], after[0]["position"].as_f64()), (&Value::Null, Some(1000.0)));
}

#[tokio::test]
async fn a_deal_does_not_go_back_to_a_stage_of_another_kind() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deals = [board.deal(&app, "A", QUALIFIED, 1.0).await];
    let body = json!({"ids": deals, "change": {"stage_id": board.stages[NEW]}});
    let answer: Value = change(&app, &body).await.expect(200).json();
    let lost = "UPDATE stages SET lost = true, probability = 0 WHERE id = $1";
    app.db().await.execute(lost, &[&board.stages[QUALIFIED]]).await.unwrap();
    assert_eq!(codes(&undo(&app, &answer).await), ["stage_changed"]);
}

#[tokio::test]
async fn gives_deals_away_and_sets_a_day_by_filter() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deals = [board.deal(&app, "A", NEW, 1.0).await, board.deal(&app, "B", QUALIFIED, 2.0).await];
    let sam = member(&app, app.tenant(), "sam").await;
    let filter = format!("pipeline_id={}&filter[owner_id][in]=none&status=open", board.pipeline);
    let body = json!({"filter": filter, "expected": 2, "change": {"owner_id": sam}});
    let answer: Value = change(&app, &body).await.expect(200).json();
    assert_eq!(answer["changed"].as_array().unwrap().len(), 2);
    change(&app, &body).await.expect(409);
    let body = json!({"ids": deals, "change": {"expected_close_on": "2027-03-31"}});
    change(&app, &body).await.expect(200);
    let after = picture(&app, &deals).await;
    for deal in &after {
        assert_eq!((&deal["owner_id"], &deal["expected_close_on"]), (&json!(sam), &json!("2027-03-31")));
    }
    // The owner was changed before the day: taking it back now would take the day's version along.
    assert_eq!(codes(&undo(&app, &answer).await), ["changed", "changed"]);
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "A", NEW, 1.0).await;
    for (change_of, expected) in [
        (json!({}), "/change"),
        (json!({"stage_id": Uuid::nil()}), "/change/stage_id"),
        (json!({"owner_id": Uuid::nil()}), "/change/owner_id"),
        (json!({"close": {"outcome": "lost"}}), "/change/close/reason"),
        (json!({"expected_close_on": "1999-01-01"}), "/change/expected_close_on"),
        (json!({"stage_id": board.stages[WON], "lost_reason": "x"}), "/change/lost_reason"),
    ] {
        let refused = change(&app, &json!({"ids": [deal], "change": change_of})).await.expect(400);
        assert_eq!(pointers(&refused), [expected]);
    }
    let body = json!({"ids": [deal], "change": {"owner_id": null}});
    refuses_strangers(&app, Method::POST, PATH, Some(&body), "deals:write").await;
    let other = app.new_tenant("other").await;
    let answer: Value = app.post(PATH, &body).bearer(&other.token("admin")).send().await.expect(200).json();
    assert_eq!(codes(&answer), ["not_found"]);
}
