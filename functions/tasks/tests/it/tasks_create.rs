use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::keys::epoch_seconds;
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, member, pointers, refuses_strangers};

async fn create(app: &TestApp, body: &Value) -> Response {
    app.post("/api/v1/tasks", body).bearer(&app.token("sales")).send().await
}

/// Minutes from now, on the second.
fn minutes(minutes: i64) -> Timestamp {
    let now = Timestamp::from_second(i64::try_from(epoch_seconds()).unwrap()).unwrap();
    now + SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn takes_everything_that_can_be_said() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let (sam, lead) = (member(&app, app.tenant(), "sam").await, board.lead(&app).await);
    let body = json!({
        "title": "Angebot nachfassen", "description": "Preise 2027", "kind": "call", "priority": "high",
        "due_at": "2027-01-11T08:00:00Z", "owner_id": sam, "lead_id": lead, "deal_id": deal,
    });
    let answer = create(&app, &body).await.expect(201);
    let task: Value = answer.json();
    for (field, expected) in body.as_object().unwrap() {
        assert_eq!(task[field], *expected, "{field}");
    }
    assert_eq!((&task["status"], &task["version"], &task["completed_at"]), (&json!("open"), &json!(1), &json!(null)));
    let path = format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
    assert_eq!((answer.header("location"), answer.header("etag")), (Some(path.as_str()), Some("\"1\"")));
    assert!(app.sqs().schedules().is_empty(), "too far away to be scheduled now");
    let audit = "SELECT action, before, after ->> 'title' FROM audit_log WHERE record_type = 'task'";
    let row = app.db().await.query_one(audit, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get::<_, Option<Value>>(1), row.get(2)), ("create", None, "Angebot nachfassen"));
}

#[tokio::test]
async fn what_is_not_said_has_a_usual_value() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let task: Value = create(&app, &json!({"title": " Anrufen ", "deal_id": deal})).await.expect(201).json();
    let lead: Uuid =
        app.db().await.query_one("SELECT lead_id FROM deals WHERE id = $1", &[&deal]).await.unwrap().get(0);
    for (field, expected) in [
        ("title", json!("Anrufen")),
        ("kind", json!("todo")),
        ("priority", json!("normal")),
        ("due_at", json!(null)),
        ("owner_id", json!(null)),
        ("lead_id", json!(lead)),
    ] {
        assert_eq!(task[field], expected, "{field}");
    }
}

#[tokio::test]
async fn reminds_when_it_falls_due() {
    let app = TestApp::new().await;
    let due_at = minutes(90);
    let task: Value = create(&app, &json!({"title": "Erika anrufen", "due_at": due_at})).await.expect(201).json();
    let schedules = app.sqs().schedules();
    let names: Vec<(&str, Option<Timestamp>)> = schedules.iter().map(|one| (one.name.as_str(), one.at)).collect();
    let id = task["id"].as_str().unwrap();
    assert_eq!(names, [(format!("task-{id}-{}", due_at.as_second()).as_str(), Some(due_at))]);
    let scheduled = "SELECT count(*) FROM tasks WHERE scheduled_at IS NOT NULL";
    assert_eq!(app.db().await.query_one(scheduled, &[]).await.unwrap().get::<_, i64>(0), 1);

    assert_eq!(app.fire_schedules(minutes(91)), 1);
    app.drain().await;
    let messages = app.slack().messages();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].text.contains("Erika anrufen"), "{}", messages[0].text);
}

#[tokio::test]
async fn a_scheduler_that_is_away_keeps_nobody_from_working() {
    let app = TestApp::new().await;
    app.sqs().down(true);
    let task: Value = create(&app, &json!({"title": "x", "due_at": minutes(30)})).await.expect(201).json();
    app.sqs().down(false);
    let scheduled = "SELECT scheduled_at IS NULL FROM tasks WHERE id::text = $1";
    let row = app.db().await.query_one(scheduled, &[&task["id"].as_str().unwrap()]).await.unwrap();
    assert!(row.get::<_, bool>(0), "the sweep will schedule it");
    let swept = app.run_job("task-reminders", json!({})).await;
    assert_eq!(swept, json!({"scheduled": 1, "reminded": 0, "failed": 0}));
}

#[tokio::test]
async fn names_every_fault_at_once() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let theirs = Board::of(&app, &stranger, "discovery").await;
    let deal = theirs.deal(&app, "x", NEW, 1.0).await;
    let (lead, owner) = (theirs.lead(&app).await, member(&app, &stranger, "sam").await);
    for (body, expected) in [
        (json!({}), vec!["/title"]),
        (json!({"title": "x", "status": "done", "colour": 1}), vec!["/colour", "/status"]),
        (
            json!({"title": " ", "description": "", "kind": "assign_owner", "due_at": "1999-12-31T23:59:59Z",
                   "contact_id": lead}),
            vec!["/contact_id", "/description", "/due_at", "/kind", "/title"],
        ),
        (json!({"title": "x", "kind": "dance", "priority": 1}), vec!["/kind", "/priority"]),
        (json!({"title": "x", "due_at": "tomorrow"}), vec!["/due_at"]),
        (json!({"title": "x", "due_at": "-005000-01-01T00:00:00Z"}), vec!["/due_at"]),
        (json!({"title": "x".repeat(201), "description": "x".repeat(5001)}), vec!["/description", "/title"]),
        (
            json!({"title": "x", "owner_id": owner, "lead_id": lead, "deal_id": deal}),
            vec!["/deal_id", "/lead_id", "/owner_id"],
        ),
    ] {
        let mut found = pointers(&create(&app, &body).await.expect(400));
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    let body = json!({"title": "x"});
    app.post("/api/v1/tasks", &body).bearer(&app.token("viewer")).send().await.expect(403).problem();
    refuses_strangers(&app, Method::POST, "/api/v1/tasks", Some(&body), "tasks:write").await;
    let count = app.db().await.query_one("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn an_idempotency_key_makes_one() {
    let app = TestApp::new().await;
    let token = app.token("sales");
    let send = |title: &str| {
        app.post("/api/v1/tasks", &json!({"title": title})).bearer(&token).header("idempotency-key", "k").send()
    };
    let first: Value = send("x").await.expect(201).json();
    assert_eq!(send("x").await.expect(201).json::<Value>(), first);
    send("y").await.expect(409).problem();
    let count = app.db().await.query_one("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 1);
}
