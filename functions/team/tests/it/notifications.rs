use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, crowd, plan, pointers, refuses_strangers, uses};
use crate::{member, token_of};

const LIST: &str = "/api/v1/notifications";
const READ: &str = "/api/v1/notifications/read";

async fn told(app: &TestApp, token: &str) -> Vec<Value> {
    let list: Value = app.get(LIST).bearer(token).send().await.expect(200).json();
    list["data"].as_array().unwrap().clone()
}

/// Sam and Sophie with their tokens, and the board.
async fn two(app: &TestApp) -> (Value, String, Value, String, Board) {
    app.allow_leftovers();
    let (sam, sophie) = (member(app, "sam").await, member(app, "sophie").await);
    let tokens = (token_of(app, &sam), token_of(app, &sophie));
    (sam, tokens.0, sophie, tokens.1, Board::of(app, app.tenant(), "discovery").await)
}

#[tokio::test]
async fn whoever_is_given_something_is_told_once() {
    let app = TestApp::new().await;
    let (sam, by_sam, sophie, by_sophie, board) = two(&app).await;
    let lead = board.lead(&app).await;
    let deal = board.deal_of(&app, lead, "Großer Auftrag", NEW, 1.0).await;
    let change = async |path: String, body: Value| app.patch(&path, &body).bearer(&by_sam).send().await.expect(200);
    change(format!("/api/v1/leads/{lead}"), json!({"owner_id": sophie["id"]})).await;
    change(format!("/api/v1/deals/{deal}"), json!({"owner_id": sophie["id"]})).await;
    let task = json!({"title": "Anrufen", "deal_id": deal, "owner_id": sophie["id"]});
    let task: Value = app.post("/api/v1/tasks", &task).bearer(&by_sam).send().await.expect(201).json();
    // What changes nothing, what one takes oneself, and what has no owner tell nobody.
    change(format!("/api/v1/leads/{lead}"), json!({"tags": ["vip"], "owner_id": sophie["id"]})).await;
    change(format!("/api/v1/deals/{deal}"), json!({"name": "Noch größer"})).await;
    for owner in [sam["id"].clone(), json!(null)] {
        let body = json!({"title": "Selbst", "owner_id": owner});
        app.post("/api/v1/tasks", &body).bearer(&by_sam).send().await.expect(201);
    }

    let list = told(&app, &by_sophie).await;
    let seen: Vec<_> = list.iter().map(|one| (one["record_type"].as_str().unwrap(), &one["record_id"])).collect();
    assert_eq!(seen, [("task", &task["id"]), ("deal", &json!(deal)), ("lead", &json!(lead))], "newest first");
    for one in &list {
        assert_eq!(
            (&one["kind"], &one["actor_name"], &one["lead_id"]),
            (&json!("assigned"), &json!("sam"), &json!(lead))
        );
        assert_eq!(one["read_at"], json!(null));
    }
    assert_eq!((&list[0]["record_name"], &list[1]["record_name"]), (&json!("Anrufen"), &json!("Noch größer")));
    assert_eq!(told(&app, &by_sam).await, [json!(null); 0]);
    // Back and forth is told each time.
    change(format!("/api/v1/leads/{lead}"), json!({"owner_id": null})).await;
    change(format!("/api/v1/leads/{lead}"), json!({"owner_id": sophie["id"]})).await;
    assert_eq!(told(&app, &by_sophie).await.len(), 4);
}

#[tokio::test]
async fn what_is_given_away_at_once_is_told_at_once() {
    let app = TestApp::new().await;
    let (_, by_sam, sophie, by_sophie, board) = two(&app).await;
    let lead = board.lead(&app).await;
    let body = json!({"pipeline_id": board.pipeline, "owner_id": sophie["id"]});
    app.post(&format!("/api/v1/leads/{lead}/route"), &body).bearer(&by_sam).send().await.expect(200);
    let list = told(&app, &by_sophie).await;
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!((&list[0]["record_type"], &list[0]["record_id"]), (&json!("lead"), &json!(lead)));
    assert_eq!((&list[0]["leads"], &list[0]["deals"]), (&json!(1), &json!(1)));

    let tenant = board.tenant;
    for _ in 0..3 {
        let more = board.lead(&app).await;
        let give = "UPDATE leads SET owner_id = $1 WHERE id = $2";
        app.db().await.execute(give, &[&sophie["id"].as_str().unwrap().parse::<Uuid>().unwrap(), &more]).await.unwrap();
    }
    // The machine gives lead by lead, and is nobody.
    let list = told(&app, &by_sophie).await;
    assert_eq!((list.len(), &list[0]["actor_id"]), (4, &json!(null)));
    let heir = member(&app, "sam").await;
    let path = format!("/api/v1/team/{}?hand_over_to={}", sophie["id"].as_str().unwrap(), heir["id"].as_str().unwrap());
    app.patch(&path, &json!({"active": false}))
        .bearer(&token_of(&app, &member(&app, "ada").await))
        .send()
        .await
        .expect(200);
    let list = told(&app, &by_sam).await;
    assert_eq!(list.len(), 1, "{tenant}: {list:?}");
    assert_eq!((&list[0]["leads"], &list[0]["deals"], &list[0]["actor_name"]), (&json!(4), &json!(1), &json!("ada")));
}

#[tokio::test]
async fn what_the_machine_routes_is_told_with_the_lead() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    let event = |kind: &str| json!({"event_type": kind, "source": "portal", "lead_identifier": {"email": "ready@gmx.de"}, "metadata": {"interest": "clinic"}});
    let events: Vec<Value> = ["demo_requested", "form_submitted", "meeting_booked"].map(event).to_vec();
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&app.tenant().api_key("portal")).send().await.expect(202);
    app.drain().await;
    let owner =
        "SELECT l.id, m.name FROM leads l JOIN team_members m ON m.id = l.owner_id WHERE l.email = 'ready@gmx.de'";
    let owner = app.db().await.query_one(owner, &[]).await.unwrap();
    let list = told(&app, &token_of(&app, &member(&app, owner.get(1)).await)).await;
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!((&list[0]["record_id"], &list[0]["actor_id"]), (&json!(owner.get::<_, Uuid>(0)), &json!(null)));
    assert_eq!((&list[0]["leads"], &list[0]["deals"], &list[0]["tasks"]), (&json!(1), &json!(1), &json!(1)));
}

#[tokio::test]
async fn an_overdue_task_and_a_failed_effect_are_told_once() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    let (sam, by_sam, _, _, board) = two(&app).await;
    let (lead, task, effect) = (board.lead(&app).await, Uuid::now_v7(), Uuid::now_v7());
    let sam: Uuid = sam["id"].as_str().unwrap().parse().unwrap();
    let db = app.db().await;
    let overdue = "INSERT INTO tasks (id, tenant_id, title, kind, due_at, owner_id, lead_id, created_at, updated_at)
        VALUES ($1, $2, 'Angebot', 'call', now() - interval '1 hour', NULL, $3, now(), now())";
    db.execute(overdue, &[&task, &board.tenant, &lead]).await.unwrap();
    // By who sees to it themselves, so that nothing else is told.
    for (table, id) in [("tasks", task), ("leads", lead)] {
        let take = format!(
            "BEGIN; SELECT set_config('lotse.member', '{sam}', true); UPDATE {table} SET owner_id = '{sam}' WHERE id = '{id}'; COMMIT"
        );
        db.batch_execute(&take).await.unwrap();
    }
    for _ in 0..2 {
        app.run_job("task-reminders", json!({})).await;
    }
    let list = told(&app, &by_sam).await;
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!(
        (&list[0]["kind"], &list[0]["record_name"], &list[0]["lead_id"]),
        (&json!("overdue"), &json!("Angebot"), &json!(lead))
    );

    let new = "INSERT INTO effects (id, tenant_id, kind, cause, target, lead_id, payload, status, next_attempt_at, created_at)
        VALUES ($1, $2, 'slack_message', 'x', 'x', $3, '{}', 'sending', now(), now())";
    db.execute(new, &[&effect, &board.tenant, &lead]).await.unwrap();
    let turn = async |status: &str, error: Option<&str>, look: bool| {
        let set = "UPDATE effects SET status = $2, error = $3, look_at = CASE WHEN $4 THEN now() END WHERE id = $1";
        db.execute(set, &[&effect, &status, &error, &look]).await.unwrap();
        told(&app, &by_sam).await
    };
    assert_eq!(turn("unknown", Some("no answer"), true).await.len(), 1, "the partner is asked first");
    // Who cannot be asked: nothing but that is written.
    let cannot = "UPDATE effects SET look_at = NULL WHERE id = $1";
    assert_eq!(db.execute(cannot, &[&effect]).await.unwrap(), 1);
    assert_eq!(told(&app, &by_sam).await.len(), 2, "now it waits for a person");
    app.post(READ, &json!({"all": true})).bearer(&by_sam).send().await.expect(200);
    let again = turn("unknown", Some("no answer"), false).await;
    assert_ne!(again[0]["read_at"], json!(null), "it waits as before");
    turn("pending", None, false).await;
    let needing = turn("failed", Some("needs_failed"), false).await;
    assert_ne!(needing[0]["read_at"], json!(null), "that is told with what it needs");
    turn("pending", None, false).await;
    let list = turn("failed", Some("channel_not_found"), false).await;
    assert_eq!((list.len(), &list[0]["kind"], &list[0]["error"]), (2, &json!("failed"), &json!("channel_not_found")));
    app.post(READ, &json!({"all": true})).bearer(&by_sam).send().await.expect(200);
    turn("pending", None, false).await;
    let list = turn("unknown", Some("no answer"), false).await;
    assert_eq!(
        (list.len(), &list[0]["error"], &list[0]["read_at"]),
        (2, &json!("no answer"), &json!(null)),
        "unread again"
    );
}

#[tokio::test]
async fn what_was_read_is_read() {
    let app = TestApp::new().await;
    let (_, by_sam, sophie, by_sophie, _) = two(&app).await;
    for n in 0..4 {
        let body = json!({"title": format!("Aufgabe {n}"), "owner_id": sophie["id"]});
        app.post("/api/v1/tasks", &body).bearer(&by_sam).send().await.expect(201);
    }
    let list = told(&app, &by_sophie).await;
    let mark = async |token: &str, body: Value| -> Value {
        app.post(READ, &body).bearer(token).send().await.expect(200).json()
    };
    let ids = json!([list[0]["id"], list[1]["id"]]);
    assert_eq!(mark(&by_sam, json!({ "ids": ids })).await, json!({"read": 0, "unread": 0}), "somebody else's");
    assert_eq!(mark(&by_sophie, json!({ "ids": ids })).await, json!({"read": 2, "unread": 2}));
    assert_eq!(mark(&by_sophie, json!({ "ids": ids })).await, json!({"read": 0, "unread": 2}));
    let unread = async || -> Value {
        app.get(&format!("{LIST}?unread=true&limit=1")).bearer(&by_sophie).send().await.expect(200).json()
    };
    let page = unread().await;
    assert_eq!((&page["pagination"]["total"], &page["data"][0]["id"]), (&json!(2), &list[2]["id"]));
    let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
    let next = format!("{LIST}?unread=true&limit=1&cursor={cursor}");
    let next: Value = app.get(&next).bearer(&by_sophie).send().await.expect(200).json();
    assert_eq!(next["data"][0]["id"], list[3]["id"]);
    // What came after one looked stays unread.
    let until = json!({"all": true, "until": list[3]["created_at"]});
    assert_eq!(mark(&by_sophie, until).await, json!({"read": 1, "unread": 1}));
    assert_eq!(mark(&by_sophie, json!({"all": true})).await, json!({"read": 1, "unread": 0}));
    assert_eq!(unread().await["data"], json!([]));
    assert_eq!(told(&app, &by_sophie).await.len(), 4, "they are kept");
}

#[tokio::test]
async fn counts_no_further_than_somebody_reads() {
    let app = TestApp::new().await;
    let (_, _, sophie, by_sophie, board) = two(&app).await;
    let many = "INSERT INTO notifications (tenant_id, member_id, kind, cause, record_type, record_id)
        SELECT $1, $2, 'assigned', n::text, 'lead', gen_random_uuid() FROM generate_series(1, $3::int4) n";
    let (db, sophie): (_, Uuid) = (app.db().await, sophie["id"].as_str().unwrap().parse().unwrap());
    let asked = async || -> (Value, Value) {
        let unread = app.get(&format!("{LIST}?unread=true")).bearer(&by_sophie).send().await.expect(200);
        let read = app.post(READ, &json!({"ids": []})).bearer(&by_sophie).send().await.expect(200);
        (unread.json::<Value>()["pagination"].clone(), read.json::<Value>()["unread"].clone())
    };
    db.execute(many, &[&board.tenant, &sophie, &1000]).await.unwrap();
    let (pagination, unread) = asked().await;
    assert_eq!((&pagination["total"], pagination.get("total_is_exact"), &unread), (&json!(1000), None, &json!(1000)));
    let one = "INSERT INTO notifications (tenant_id, member_id, kind, cause, record_type, record_id)
        VALUES ($1, $2, 'assigned', 'more', 'lead', gen_random_uuid())";
    db.execute(one, &[&board.tenant, &sophie]).await.unwrap();
    let (pagination, unread) = asked().await;
    assert_eq!(
        (&pagination["total"], &pagination["total_is_exact"], &unread),
        (&json!(1000), &json!(false), &json!(1000))
    );
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    refuses_strangers(&app, Method::GET, LIST, None, "team:read").await;
    refuses_strangers(&app, Method::POST, READ, Some(&json!({"all": true})), "team:read").await;
    let token = app.token("sales");
    for (body, expected) in [
        (json!({}), vec!["/ids"]),
        (json!({"ids": [], "all": true}), vec!["/ids"]),
        (json!({"ids": [], "until": "2026-11-28T08:00:00Z"}), vec!["/until"]),
        (json!({"all": true, "until": "1999-01-01T00:00:00Z"}), vec!["/until"]),
        (json!({"ids": vec![Uuid::nil(); 501]}), vec!["/ids"]),
        (json!({"ids": ["x"], "seen": true}), vec!["/ids/0", "/seen"]),
    ] {
        let mut found = pointers(&app.post(READ, &body).bearer(&token).send().await.expect(400));
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    assert_eq!(told(&app, &token).await.len(), 0, "who is no member has none");
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    let told = "SELECT count(*), max(member_id::text) FROM notifications WHERE tenant_id = $1";
    let told = app.db().await.query_one(told, &[&board.tenant]).await.unwrap();
    assert!(told.get::<_, i64>(0) > 300, "everything that is given is told");
    app.db()
        .await
        .batch_execute("UPDATE notifications SET read_at = now() WHERE id::text < 'f'; ANALYZE notifications")
        .await
        .unwrap();
    let who = format!("'{}'", told.get::<_, String>(1));
    for (name, index) in [("list", "notifications_member_idx"), ("list_unread", "notifications_unread_idx")] {
        let plan =
            plan(&app, board.tenant, &statement(&format!("notifications.{name}")), &[&who, "26", "0", "NULL", "NULL"])
                .await;
        uses(&plan, index, &["notifications"]);
    }
    for name in ["count", "count_unread"] {
        let plan = plan(&app, board.tenant, &statement(&format!("notifications.{name}")), &[&who]).await;
        uses(&plan, "notifications_", &["notifications"]);
    }
    let all = plan(&app, board.tenant, &statement("notifications.read_all"), &[&who, "now()", "now()"]).await;
    uses(&all, "notifications_", &["notifications"]);
}
