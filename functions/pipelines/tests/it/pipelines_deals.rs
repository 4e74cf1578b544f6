use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};

use crate::support::{Board, NEW, QUALIFIED, WON, crowd, names, plan, pointers, refuses_strangers, uses};

async fn shown(app: &TestApp, board: &Board, query: &str) -> Value {
    let path = format!("/api/v1/pipelines/{}/deals{query}", board.pipeline);
    app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json()
}

#[tokio::test]
async fn sums_whole_stages_and_shows_their_first_deals() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    for (n, name) in ["c", "a", "b"].into_iter().enumerate() {
        let position = [3.0, 1.0, 2.0][n];
        board.deal(&app, name, QUALIFIED, position).await;
    }
    let won = board.deal(&app, "won", WON, 1.0).await;
    let swiss = board.deal(&app, "swiss", QUALIFIED, 4.0).await;
    let elsewhere = Board::of(&app, app.tenant(), "research-lab").await;
    elsewhere.deal(&app, "elsewhere", QUALIFIED, 0.0).await;
    let db = app.db().await;
    let change = "UPDATE deals SET currency = 'CHF', value_minor = 333 WHERE id = $1";
    db.execute(change, &[&swiss]).await.unwrap();
    db.execute("UPDATE deals SET status = 'won', closed_at = now(), value_minor = 7 WHERE id = $1", &[&won])
        .await
        .unwrap();

    let view = shown(&app, &board, "?limit=2").await;

    assert_eq!((&view["pipeline_id"], &view["currency"]), (&json!(board.pipeline), &json!("EUR")));
    let columns = view["columns"].as_array().unwrap();
    let stages: Vec<&Value> = columns.iter().map(|column| &column["stage"]["name"]).collect();
    assert_eq!(stages, ["New", "Qualified", "Meeting", "Proposal", "Negotiation", "Won", "Lost"]);
    let qualified = &columns[QUALIFIED];
    assert_eq!(names(&qualified["deals"]), ["a", "b"], "the first two of four");
    assert_eq!(
        (&qualified["count"], &qualified["value_minor"], &qualified["weighted_minor"]),
        (&json!(4), &json!(300_000), &json!(75_000))
    );
    assert_eq!(
        qualified["other_currencies"],
        json!([{"currency": "CHF", "count": 1, "value_minor": 333, "weighted_minor": 83}])
    );
    assert_eq!((&columns[WON]["value_minor"], &columns[WON]["weighted_minor"]), (&json!(7), &json!(7)));
    let empty = &columns[NEW];
    assert_eq!((&empty["count"], &empty["value_minor"], names(&empty["deals"]).len()), (&json!(0), &json!(0), 0));
    assert_eq!(names(&shown(&app, &board, "").await["columns"][QUALIFIED]["deals"]), ["a", "b", "c", "swiss"]);
    let crm = format!("/api/v1/crm/pipelines/{}/deals?limit=2", board.pipeline);
    assert_eq!(app.get(&crm).bearer(&app.token("viewer")).send().await.expect(200).json::<Value>(), view);
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let path = format!("/api/v1/pipelines/{}/deals", board.pipeline);
    app.get(&path).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.get("/api/v1/pipelines/x/deals").bearer(&app.token("admin")).send().await.expect(404).problem();
    let refused = app.get(&format!("{path}?limit=0&x=1")).bearer(&app.token("viewer")).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(found, ["?limit", "?x"]);
    refuses_strangers(&app, Method::GET, &path, None, "deals:read").await;
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    let pipeline = format!("'{}'", board.pipeline);
    let deals = plan(&app, board.tenant, &statement("deals.list_board"), &[&pipeline, "25"]).await;
    uses(&deals, "deals_board_idx", &["deals"]);
    let sums = plan(&app, board.tenant, &statement("pipelines.stage_sums"), &[&pipeline]).await;
    uses(&sums, "deals_board_idx", &["deals"]);
}
