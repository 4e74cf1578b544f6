use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, LOST, NEW, QUALIFIED, crowd, member, plan, pointers, refuses_strangers, uses};

fn path(deal: Uuid) -> String {
    format!("/api/v1/deals/{deal}/history")
}

async fn stays(app: &TestApp, deal: Uuid, query: &str) -> Value {
    app.get(&format!("{}{query}", path(deal))).bearer(&app.token("viewer")).send().await.expect(200).json()
}

async fn passage(app: &TestApp, deal: Uuid, from: Option<Uuid>, to: Uuid, hours_ago: i32, by: &str) {
    let statement = "INSERT INTO stage_history (id, tenant_id, deal_id, from_stage_id, to_stage_id, moved_at, moved_by)
        SELECT gen_random_uuid(), tenant_id, id, $2, $3, date_trunc('second', created_at) - make_interval(hours => $4), $5 FROM deals WHERE id = $1";
    app.db().await.execute(statement, &[&deal, &from, &to, &hours_ago, &by]).await.unwrap();
}

#[tokio::test]
async fn stages_with_durations_the_running_one_open_ended() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", QUALIFIED, 1.0).await;
    let (new, qualified, meeting) = (board.stages[NEW], board.stages[QUALIFIED], board.stages[2]);
    let sam = member(&app, app.tenant(), "sam").await.to_string();
    passage(&app, deal, None, new, 50, "machine").await;
    passage(&app, deal, Some(new), meeting, 30, &sam).await;
    passage(&app, deal, Some(meeting), qualified, 5, "someone").await;

    let shown = stays(&app, deal, "").await;

    assert_eq!(shown["pagination"]["total"], 3);
    let rows = shown["data"].as_array().unwrap();
    let stages: Vec<&Value> = rows.iter().map(|row| &row["stage_name"]).collect();
    assert_eq!(stages, ["Qualified", "Meeting", "New"]);
    assert_eq!((&rows[2]["duration_seconds"], &rows[1]["duration_seconds"]), (&json!(20 * 3600), &json!(25 * 3600)));
    assert_eq!((&rows[2]["left_at"], &rows[1]["left_at"]), (&rows[1]["entered_at"], &rows[0]["entered_at"]));
    let running = rows[0]["duration_seconds"].as_i64().unwrap();
    assert!((5 * 3600..5 * 3600 + 600).contains(&running), "{running}");
    assert_eq!(rows[0]["left_at"], json!(null));
    let movers: Vec<(&Value, &Value)> = rows.iter().map(|row| (&row["moved_by"], &row["moved_by_name"])).collect();
    assert_eq!(
        movers,
        [(&json!("someone"), &json!(null)), (&json!(sam), &json!("sam")), (&json!("machine"), &json!(null))]
    );
    assert_eq!((&rows[0]["pipeline_name"], &rows[0]["stage_id"]), (&json!("Discovery"), &json!(qualified)));
    let second = stays(&app, deal, "?limit=1&page=2").await;
    assert_eq!(second["data"], json!([rows[1]]));
    let crm = format!("/api/v1/crm/deals/{deal}/history?limit=1&page=2");
    assert_eq!(app.get(&crm).bearer(&app.token("viewer")).send().await.expect(200).json::<Value>(), second);
}

#[tokio::test]
async fn a_closed_deal_ends_where_it_stands() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let token = app.token("sales");
    let body = json!({"outcome": "lost", "reason": "kein Budget"});
    app.post(&format!("/api/v1/deals/{deal}/close"), &body).bearer(&token).send().await.expect(200);
    let shown = stays(&app, deal, "").await;
    // Its beginning was not noted: it is where the first move came from.
    assert_eq!(shown["pagination"]["total"], 2);
    let rows = shown["data"].as_array().unwrap();
    assert_eq!((&rows[0]["stage_id"], &rows[1]["stage_id"]), (&json!(board.stages[LOST]), &json!(board.stages[NEW])));
    assert_eq!((&rows[0]["left_at"], &rows[0]["duration_seconds"]), (&json!(null), &json!(null)));
    assert_eq!((&rows[0]["reason"], &rows[1]["moved_by"]), (&json!("kein Budget"), &json!(null)));

    // A deal that ended without leaving its stage.
    let put_back = board.deal(&app, "y", QUALIFIED, 1.0).await;
    let close = "UPDATE deals SET status = 'lost', closed_at = created_at + interval '1 hour' WHERE id = $1";
    app.db().await.execute(close, &[&put_back]).await.unwrap();
    let shown = stays(&app, put_back, "").await;
    assert_eq!((&shown["data"][0]["duration_seconds"], &shown["pagination"]["total"]), (&json!(3600), &json!(1)));
    assert!(shown["data"][0]["left_at"].is_string());
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let token = app.token("viewer");
    let refused = app.get(&format!("{}?colour=red&limit=0", path(deal))).bearer(&token).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(found, ["?colour", "?limit"]);
    for query in ["?sort=stage_id", "?cursor=abc"] {
        app.get(&format!("{}{query}", path(deal))).bearer(&token).send().await.expect(400).problem();
    }
    app.get(&path(Uuid::now_v7())).bearer(&token).send().await.expect(404).problem();
    app.get(&path(deal)).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    refuses_strangers(&app, Method::GET, &path(deal), None, "deals:read").await;
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    let db = app.db().await;
    db.batch_execute(
        "INSERT INTO stage_history (id, tenant_id, deal_id, to_stage_id, moved_at, moved_by)
         SELECT gen_random_uuid(), tenant_id, id, stage_id, created_at, 'machine' FROM deals, generate_series(1, 3);
         INSERT INTO team_members (id, tenant_id, email, name, role)
         SELECT gen_random_uuid(), id, n || '@crowd.example', 'M', 'sales' FROM tenants, generate_series(1, 200) n;
         ANALYZE stage_history, team_members",
    )
    .await
    .unwrap();
    let row = db.query_one("SELECT id::text FROM deals WHERE tenant_id = $1 LIMIT 1", &[&board.tenant]).await.unwrap();
    let deal = format!("'{}'", row.get::<_, &str>(0));
    let list = plan(&app, board.tenant, &statement("deals.list_history"), &[&deal, "25", "0"]).await;
    uses(&list, "stage_history_deal_idx", &["stage_history", "deals", "team_members"]);
    let count = plan(&app, board.tenant, &statement("deals.count_history"), &[&deal]).await;
    uses(&count, "stage_history_deal_idx", &["stage_history"]);
}
