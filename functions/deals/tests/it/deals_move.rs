use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, LOST, NEW, QUALIFIED, WON, names, pointers, refuses_strangers};

fn path(deal: Uuid) -> String {
    format!("/api/v1/deals/{deal}/move")
}

async fn moved(app: &TestApp, deal: Uuid, body: Value) -> Response {
    app.post(&path(deal), &body).bearer(&app.token("sales")).send().await
}

/// The names of a stage's deals in their order.
async fn column(app: &TestApp, board: &Board, stage: usize) -> Vec<String> {
    let path = format!("/api/v1/pipelines/{}/deals", board.pipeline);
    let shown: Value = app.get(&path).bearer(&app.token("sales")).send().await.expect(200).json();
    names(&shown["columns"][stage]["deals"]).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn puts_a_deal_in_its_place() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let stage = board.stages[QUALIFIED];
    let a = board.deal(&app, "a", QUALIFIED, 1.0).await;
    let b = board.deal(&app, "b", QUALIFIED, 2.0).await;
    let c = board.deal(&app, "c", QUALIFIED, 3.0).await;
    let x = board.deal(&app, "x", NEW, 1.0).await;

    let answer = moved(&app, x, json!({"stage_id": stage})).await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(answer.json::<Value>()["probability"], 25);
    assert_eq!(column(&app, &board, QUALIFIED).await, ["x", "a", "b", "c"], "without a place it is on top");
    for (body, expected) in [
        (json!({"stage_id": stage, "before_deal_id": c}), ["a", "b", "x", "c"]),
        (json!({"stage_id": stage, "after_deal_id": a}), ["a", "x", "b", "c"]),
        (json!({"stage_id": stage, "after_deal_id": c}), ["a", "b", "c", "x"]),
        (json!({"stage_id": stage, "before_deal_id": a}), ["x", "a", "b", "c"]),
        (json!({"stage_id": stage, "index": 2}), ["a", "b", "x", "c"]),
        (json!({"stage_id": stage, "index": 0}), ["x", "a", "b", "c"]),
        (json!({"stage_id": stage, "index": 99}), ["a", "b", "c", "x"]),
    ] {
        moved(&app, x, body.clone()).await.expect(200);
        assert_eq!(column(&app, &board, QUALIFIED).await, expected, "{body}");
    }
    let before: Value = moved(&app, b, json!({"stage_id": stage})).await.expect(200).json();
    assert_eq!(before["version"], 1, "a deal that stays in its place is not edited");
    let db = app.db().await;
    let rows = db.query_one("SELECT count(*) FROM stage_history WHERE deal_id = $1", &[&x]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 1, "only the change of stage is history");
}

#[tokio::test]
async fn makes_room_where_there_is_none() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let stage = board.stages[QUALIFIED];
    let a = board.deal(&app, "a", QUALIFIED, -1_795_187_301_067.0).await;
    board.deal(&app, "b", QUALIFIED, -1_795_187_301_067.0).await;
    let mut expected = vec!["a".to_owned(), "b".to_owned()];
    for n in 0..20 {
        let name = format!("n{n}");
        let deal = board.deal(&app, &name, NEW, f64::from(n)).await;
        moved(&app, deal, json!({"stage_id": stage, "after_deal_id": a})).await.expect(200);
        expected.insert(1, name);
    }
    assert_eq!(column(&app, &board, QUALIFIED).await, expected);
    let db = app.db().await;
    let statement = "SELECT count(*), count(DISTINCT position), max(version) FILTER (WHERE name IN ('a', 'b')) FROM deals WHERE stage_id = $1";
    let row = db.query_one(statement, &[&stage]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (22, 22));
    assert_eq!(row.get::<_, i64>(2), 1, "being renumbered is no edit");
}

#[tokio::test]
async fn notes_who_moved_what() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    moved(&app, deal, json!({"stage_id": board.stages[QUALIFIED]})).await.expect(200);

    let db = app.db().await;
    let statement = "SELECT from_stage_id, to_stage_id, moved_by FROM stage_history WHERE deal_id = $1";
    let history = db.query_one(statement, &[&deal]).await.unwrap();
    assert_eq!(history.get::<_, Option<Uuid>>(0), Some(board.stages[NEW]));
    assert_eq!(history.get::<_, Uuid>(1), board.stages[QUALIFIED]);
    let statement = "SELECT action, before ->> 'stage_id', after ->> 'stage_id', actor, actor_kind FROM audit_log
        WHERE record_type = 'deal' AND record_id = $1::text";
    let audit = db.query_one(statement, &[&deal.to_string()]).await.unwrap();
    assert_eq!(audit.get::<_, &str>(0), "move");
    assert_eq!(audit.get::<_, &str>(1), board.stages[NEW].to_string());
    assert_eq!(audit.get::<_, &str>(2), board.stages[QUALIFIED].to_string());
    assert_eq!(audit.get::<_, &str>(3), history.get::<_, &str>(2));
    assert_eq!(audit.get::<_, &str>(4), "person");
}

#[tokio::test]
async fn refuses_a_stale_version() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let token = app.token("sales");
    let request = |etag: &str, stage: usize| {
        app.post(&path(deal), &json!({"stage_id": board.stages[stage]})).bearer(&token).header("if-match", etag)
    };
    request("\"1\"", QUALIFIED).send().await.expect(200);
    let stale = request("\"1\"", WON).send().await.expect(412);
    assert_eq!(stale.problem()["current_version"], 2);
    assert_eq!(column(&app, &board, QUALIFIED).await, ["x"]);
    assert_eq!(pointers(&request("x", WON).send().await.expect(400)), ["If-Match"]);
}

#[tokio::test]
async fn refuses_impossible_places() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let foreign = Board::of(&app, &stranger, "discovery").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (x, y) = (board.deal(&app, "x", NEW, 1.0).await, board.deal(&app, "y", NEW, 2.0).await);
    let (new, won) = (board.stages[NEW], board.stages[WON]);
    let long = "x".repeat(501);
    for (body, expected) in [
        (json!({}), vec!["/stage_id"]),
        (json!({"stage_id": "x", "colour": 1}), vec!["/colour", "/stage_id"]),
        (json!({"stage_id": foreign.stages[NEW]}), vec!["/stage_id"]),
        (json!({"stage_id": new, "before_deal_id": x}), vec!["/before_deal_id"]),
        (json!({"stage_id": won, "after_deal_id": y}), vec!["/after_deal_id"]),
        (json!({"stage_id": new, "index": -1}), vec!["/index"]),
        (json!({"stage_id": new, "before_deal_id": y, "index": 1}), vec!["/index"]),
        (json!({"stage_id": won, "lost_reason": "price"}), vec!["/lost_reason"]),
        // As closing it does.
        (json!({"stage_id": board.stages[LOST]}), vec!["/lost_reason"]),
        (json!({"stage_id": board.stages[LOST], "lost_reason": "  "}), vec!["/lost_reason"]),
        (
            json!({"stage_id": Uuid::nil(), "after_deal_id": y, "before_deal_id": x, "lost_reason": long}),
            vec!["/after_deal_id", "/before_deal_id", "/lost_reason", "/stage_id"],
        ),
    ] {
        let mut found = pointers(&moved(&app, x, body.clone()).await.expect(400));
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    let body = json!({"stage_id": new});
    moved(&app, Uuid::now_v7(), body.clone()).await.expect(404).problem();
    let theirs = foreign.deal(&app, "theirs", NEW, 1.0).await;
    moved(&app, theirs, json!({"stage_id": new})).await.expect(404).problem();
    refuses_strangers(&app, Method::POST, &path(x), Some(&body), "deals:write").await;
    app.post(&path(x), &body).bearer(&app.token("viewer")).send().await.expect(403).problem();
}

#[tokio::test]
async fn a_repeated_request_moves_once() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let token = app.token("sales");
    let crm = format!("/api/v1/crm/deals/{deal}/move");
    let request = |stage: usize| {
        app.post(&crm, &json!({"stage_id": board.stages[stage]})).bearer(&token).header("idempotency-key", "k-1")
    };
    let first: Value = request(QUALIFIED).send().await.expect(200).json();
    let again: Value = request(QUALIFIED).send().await.expect(200).json();
    assert_eq!(first, again);
    assert_eq!(again["version"], 2);
    request(WON).send().await.expect(409).problem();
}

#[tokio::test]
async fn many_at_once_keep_an_order() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let anchor = board.deal(&app, "anchor", QUALIFIED, 5.0).await;
    board.deal(&app, "last", QUALIFIED, 5.02).await;
    let mut deals = Vec::new();
    for n in 0..12 {
        deals.push(board.deal(&app, &format!("d{n}"), NEW, f64::from(n)).await);
    }
    let functions: Vec<_> = (0..4).map(|_| app.spawn("deals-move")).collect();
    let token = app.token("sales");
    let work = functions.iter().enumerate().map(|(worker, function)| {
        let mine: Vec<Uuid> = deals.iter().skip(worker * 3).take(3).copied().collect();
        let (token, stage) = (&token, board.stages[QUALIFIED]);
        async move {
            for deal in mine {
                let body = json!({"stage_id": stage, "after_deal_id": anchor}).to_string();
                let event = json!({
                    "version": "2.0", "routeKey": "$default", "rawPath": path(deal), "rawQueryString": "",
                    "headers": {"authorization": format!("Bearer {token}"), "content-type": "application/json"},
                    "requestContext": {"http": {"method": "POST", "path": path(deal), "protocol": "HTTP/1.1",
                        "sourceIp": "203.0.113.7", "userAgent": "test"}, "accountId": "0", "apiId": "t", "domainName": "t",
                        "domainPrefix": "t", "requestId": "r", "routeKey": "$default", "stage": "$default",
                        "time": "20/Nov/2026:15:08:21 +0000", "timeEpoch": 1_795_187_301_067_i64},
                    "body": body, "isBase64Encoded": false,
                });
                let answer = function.invoke(&event).await.unwrap();
                assert_eq!(answer["statusCode"], 200, "{answer}");
            }
        }
    });
    futures_util::future::join_all(work).await;
    let db = app.db().await;
    let statement =
        "SELECT count(*), count(DISTINCT position), min(position) FILTER (WHERE name = 'anchor') = min(position),
        max(position) FILTER (WHERE name = 'last') = max(position) FROM deals WHERE stage_id = $1";
    let row = db.query_one(statement, &[&board.stages[QUALIFIED]]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (14, 14));
    assert!(row.get::<_, bool>(2) && row.get::<_, bool>(3), "anchor first, last last");
}
