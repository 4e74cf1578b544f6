use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, QUALIFIED, WON, organization, pointers, refuses_strangers, waits};

fn path(deal: Uuid) -> String {
    format!("/api/v1/deals/{deal}/lead")
}

async fn give(app: &TestApp, deal: Uuid, lead: Option<Uuid>) -> Response {
    app.patch(&path(deal), &json!({"lead_id": lead})).bearer(&app.token("sales")).send().await
}

/// Lifecycle, deal, stage, and whether it was ever routed.
async fn lead(app: &TestApp, id: Uuid) -> (Option<String>, Option<Uuid>, Option<Uuid>, bool) {
    let statement = "SELECT lifecycle, deal_id, stage_id, routed_at IS NOT NULL FROM leads WHERE id = $1";
    let row = app.db().await.query_one(statement, &[&id]).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

async fn lead_of(app: &TestApp, deal: Uuid) -> Uuid {
    app.db().await.query_one("SELECT lead_id FROM deals WHERE id = $1", &[&deal]).await.unwrap().get(0)
}

/// A lead in the pool that nobody has routed.
async fn pooled(app: &TestApp, board: &Board) -> Uuid {
    let id = board.lead(app).await;
    let statement =
        "UPDATE leads SET lifecycle = NULL, pipeline_id = NULL, stage_id = NULL, routed_at = NULL WHERE id = $1";
    app.db().await.execute(statement, &[&id]).await.unwrap();
    id
}

async fn routed(app: &TestApp, board: &Board, name: &str, stage: usize) -> Uuid {
    let deal = board.deal(app, name, stage, 1.0).await;
    app.db().await.execute("UPDATE deals SET origin = 'routing' WHERE id = $1", &[&deal]).await.unwrap();
    deal
}

#[tokio::test]
async fn a_routed_deal_takes_its_new_lead_along() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = routed(&app, &board, "x", QUALIFIED).await;
    let (old, new) = (lead_of(&app, deal).await, pooled(&app, &board).await);
    let db = app.db().await;
    let task = "INSERT INTO tasks (id, tenant_id, title, kind, lead_id, deal_id, status, completed_at, created_at, updated_at)
        SELECT gen_random_uuid(), tenant_id, s, 'call', lead_id, id, s, CASE WHEN s = 'done' THEN now() END, now(), now()
          FROM deals, unnest(ARRAY['open', 'done']) s WHERE id = $1";
    db.execute(task, &[&deal]).await.unwrap();

    let answer = give(&app, deal, Some(new)).await.expect(200);

    let given: Value = answer.json();
    assert_eq!(
        (answer.header("etag"), &given["lead_id"], &given["routed"]),
        (Some("\"2\""), &json!(new), &json!(true))
    );
    assert_eq!(lead(&app, new).await, (Some("routed".to_owned()), Some(deal), Some(board.stages[QUALIFIED]), true));
    assert_eq!(lead(&app, old).await, (None, None, None, true), "in the pool, and not the machine's any more");
    let rows = db.query("SELECT title, lead_id FROM tasks ORDER BY title", &[]).await.unwrap();
    let tasks: Vec<(&str, Uuid)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(tasks, [("done", old), ("open", new)], "what is still to be done goes with it");
    let audit =
        "SELECT before ->> 'lead_id', after ->> 'lead_id' FROM audit_log WHERE action = 'set_lead' AND record_id = $1";
    let row = db.query_one(audit, &[&deal.to_string()]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (old.to_string(), new.to_string()));
}

#[tokio::test]
async fn a_routed_deal_always_has_a_lead_and_a_lead_one_such_deal() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (deal, other) = (routed(&app, &board, "x", NEW).await, routed(&app, &board, "y", NEW).await);
    let company = organization(&app, app.tenant(), "Nord AG").await;
    let db = app.db().await;
    db.execute("UPDATE deals SET company_id = $2 WHERE id = $1", &[&deal, &company]).await.unwrap();
    assert_eq!(give(&app, deal, None).await.expect(409).problem()["code"], "lead_origin");
    let taken = lead_of(&app, other).await;
    assert_eq!(give(&app, deal, Some(taken)).await.expect(409).problem()["code"], "routed_already");
    let row = db.query_one("SELECT version FROM deals WHERE id = $1", &[&deal]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_deal_of_a_persons_leaves_the_pool_alone() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (deal, new) = (board.deal(&app, "x", NEW, 1.0).await, pooled(&app, &board).await);
    give(&app, deal, Some(new)).await.expect(200);
    assert_eq!(lead(&app, new).await, (None, None, None, false));
    let same: Value = give(&app, deal, Some(new)).await.expect(200).json();
    assert_eq!(same["version"], 2, "it is theirs already");

    let crm = format!("/api/v1/crm/deals/{deal}/lead");
    let nobody = json!({"lead_id": null});
    let refused = app.patch(&crm, &nobody).bearer(&app.token("sales")).send().await.expect(409);
    assert_eq!(refused.problem()["code"], "nobody");
    let company = organization(&app, app.tenant(), "Nord AG").await;
    let db = app.db().await;
    db.execute("UPDATE deals SET company_id = $2 WHERE id = $1", &[&deal, &company]).await.unwrap();
    let freed: Value = app.patch(&crm, &nobody).bearer(&app.token("sales")).send().await.expect(200).json();
    assert_eq!((&freed["lead_id"], &freed["lead_name"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn leads_stand_where_their_deals_are() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let main = board.deal(&app, "main", NEW, 1.0).await;
    let old = lead_of(&app, main).await;
    let second = board.deal_of(&app, old, "second", QUALIFIED, 2.0).await;
    let new = board.lead(&app).await;
    give(&app, main, Some(new)).await.expect(200);
    assert_eq!(lead(&app, old).await, (Some("routed".to_owned()), Some(second), Some(board.stages[QUALIFIED]), true));

    let won = board.deal(&app, "won", WON, 1.0).await;
    let db = app.db().await;
    db.execute("UPDATE deals SET status = 'won', closed_at = now() WHERE id = $1", &[&won]).await.unwrap();
    db.execute("UPDATE leads SET lifecycle = 'customer' WHERE deal_id = $1", &[&won]).await.unwrap();
    let customer = lead_of(&app, won).await;
    give(&app, won, Some(new)).await.expect(200);
    assert_eq!(lead(&app, new).await.0.as_deref(), Some("customer"));
    assert_eq!(lead(&app, customer).await.0, None);
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let theirs = Board::of(&app, &stranger, "discovery").await.lead(&app).await;
    for lead in [theirs, Uuid::now_v7()] {
        assert_eq!(pointers(&give(&app, deal, Some(lead)).await.expect(400)), ["/lead_id"]);
    }
    let new = board.lead(&app).await;
    let body = json!({"lead_id": new});
    let token = app.token("sales");
    for (body, expected) in
        [(json!({}), "/lead_id"), (json!({"lead_id": new, "x": 1}), "/x"), (json!({"lead_id": 7}), "/lead_id")]
    {
        let refused = app.patch(&path(deal), &body).bearer(&token).send().await.expect(400);
        assert_eq!(pointers(&refused), [expected], "{body}");
    }
    let stale = app.patch(&path(deal), &body).bearer(&token).header("if-match", "\"4\"").send().await.expect(412);
    assert_eq!(stale.problem()["current_version"], 1);
    give(&app, Uuid::now_v7(), Some(new)).await.expect(404).problem();
    app.patch(&path(deal), &body).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    refuses_strangers(&app, Method::PATCH, &path(deal), Some(&body), "deals:write").await;
    app.db().await.execute("UPDATE leads SET lifecycle = 'anonymized' WHERE id = $1", &[&new]).await.unwrap();
    assert_eq!(give(&app, deal, Some(new)).await.expect(409).problem()["code"], "anonymized");
}

#[tokio::test]
async fn a_deal_that_gets_another_lead_at_this_moment_is_read_again() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let (first, second) = (board.lead(&app).await, board.lead(&app).await);
    let db = app.db().await;
    db.batch_execute(&format!("BEGIN; UPDATE deals SET lead_id = '{first}' WHERE id = '{deal}'")).await.unwrap();
    let commit = async {
        waits(&app).await;
        db.batch_execute("COMMIT").await.unwrap();
    };
    let (answer, ()) = tokio::join!(give(&app, deal, Some(second)), commit);
    assert_eq!(answer.expect(409).problem()["code"], "lead_changed");
    assert_eq!(lead_of(&app, deal).await, first);
}
