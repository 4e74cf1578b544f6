use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::keys::epoch_seconds;
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, member, pointers, refuses_strangers, waits};

/// Minutes from now, on the second.
fn minutes(minutes: i64) -> Timestamp {
    let now = Timestamp::from_second(i64::try_from(epoch_seconds()).unwrap()).unwrap();
    now + SignedDuration::from_mins(minutes)
}

async fn create(app: &TestApp, body: Value) -> String {
    let made: Value = app.post("/api/v1/tasks", &body).bearer(&app.token("sales")).send().await.expect(201).json();
    format!("/api/v1/tasks/{}", made["id"].as_str().unwrap())
}

async fn patch(app: &TestApp, path: &str, body: Value) -> Response {
    app.patch(path, &body).bearer(&app.token("sales")).send().await
}

async fn patched(app: &TestApp, path: &str, body: Value) -> Value {
    patch(app, path, body).await.expect(200).json()
}

#[tokio::test]
async fn absent_keeps_and_null_clears() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let (sam, lead) = (member(&app, app.tenant(), "sam").await, board.lead(&app).await);
    let path = create(&app, json!({"title": "Anrufen"})).await;
    let body = json!({
        "title": "Besuchen", "description": "Halle 3", "kind": "meeting", "priority": "low", "due_at": "2027-01-11T08:00:00Z",
        "owner_id": sam, "lead_id": lead, "deal_id": deal,
    });
    let answer = patch(&app, &path, body.clone()).await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let changed: Value = answer.json();
    for (field, expected) in body.as_object().unwrap() {
        assert_eq!(changed[field], *expected, "{field}");
    }
    let clear = json!({"description": null, "due_at": null, "owner_id": null, "lead_id": null, "deal_id": null});
    let cleared = patched(&app, &path, clear.clone()).await;
    for field in clear.as_object().unwrap().keys() {
        assert_eq!(cleared[field], json!(null), "{field}");
    }
    assert_eq!((&cleared["title"], &cleared["version"]), (&json!("Besuchen"), &json!(3)));
    assert_eq!(patched(&app, &path, json!({"title": "Besuchen", "due_at": null})).await, cleared, "no change");
    let audit =
        "SELECT count(*), count(*) FILTER (WHERE before ->> 'title' = 'Anrufen' AND after ->> 'title' = 'Besuchen')
        FROM audit_log WHERE action = 'update' AND record_type = 'task'";
    let row = app.db().await.query_one(audit, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 1));
}

#[tokio::test]
async fn done_cancelled_and_open_again() {
    let app = TestApp::new().await;
    let path = create(&app, json!({"title": "x"})).await;
    let done = patched(&app, &path, json!({"status": "done"})).await;
    assert!(done["completed_at"].is_string() && done["completed_by"].is_string(), "{done}");
    let renamed = patched(&app, &path, json!({"title": "y"})).await;
    assert_eq!((&renamed["completed_at"], &renamed["completed_by"]), (&done["completed_at"], &done["completed_by"]));
    for status in ["cancelled", "open", "cancelled"] {
        let task = patched(&app, &path, json!({"status": status})).await;
        assert_eq!(
            (&task["status"], &task["completed_at"], &task["completed_by"]),
            (&json!(status), &json!(null), &json!(null))
        );
    }
}

#[tokio::test]
async fn another_due_time_is_another_reminder() {
    let app = TestApp::new().await;
    let path = create(&app, json!({"title": "Erika anrufen", "due_at": minutes(30)})).await;
    assert_eq!(app.fire_schedules(minutes(31)), 1);
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 1);
    let reminded: Value = app.get(&path).bearer(&app.token("sales")).send().await.expect(200).json();
    assert!(reminded["reminded_at"].is_string());

    let moved = patched(&app, &path, json!({"due_at": minutes(120)})).await;
    assert_eq!(moved["reminded_at"], json!(null), "nobody was reminded of the new time");
    let again = patched(&app, &path, json!({"due_at": minutes(60)})).await;
    assert_eq!(app.sqs().schedules().len(), 2, "the earlier one is stale, and harmless");
    assert_eq!(app.fire_schedules(minutes(61)), 1);
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 2);
    assert_eq!(app.fire_schedules(minutes(121)), 1);
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 2, "a stale wake-up reminds nobody");
    assert_eq!(again["version"], json!(3));
}

#[tokio::test]
async fn nobody_is_reminded_of_what_is_done_until_it_is_taken_up_again() {
    let app = TestApp::new().await;
    let path = create(&app, json!({"title": "x", "due_at": minutes(30)})).await;
    patched(&app, &path, json!({"status": "done"})).await;
    assert_eq!(app.fire_schedules(minutes(31)), 1);
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 0);
    // The schedule is gone: being open again makes another one.
    patched(&app, &path, json!({"status": "open"})).await;
    assert_eq!(app.fire_schedules(minutes(31)), 1);
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 1);
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let theirs = Board::of(&app, &stranger, "discovery").await;
    let foreign =
        (theirs.deal(&app, "x", NEW, 1.0).await, member(&app, &stranger, "sam").await, theirs.lead(&app).await);
    let path = create(&app, json!({"title": "x"})).await;
    for (body, expected) in [
        (
            json!({"title": null, "kind": null, "priority": null, "status": null}),
            vec!["/kind", "/priority", "/status", "/title"],
        ),
        (json!({"title": "", "status": "late"}), vec!["/status"]),
        (
            json!({"title": "", "due_at": "1999-12-31T00:00:00Z", "kind": "decide_pipeline"}),
            vec!["/due_at", "/kind", "/title"],
        ),
        (json!({"completed_at": null, "version": 2}), vec!["/completed_at", "/version"]),
        (json!({"contact_id": foreign.2}), vec!["/contact_id"]),
        (
            json!({"deal_id": foreign.0, "owner_id": foreign.1, "lead_id": foreign.2}),
            vec!["/deal_id", "/lead_id", "/owner_id"],
        ),
    ] {
        let mut found = pointers(&patch(&app, &path, body.clone()).await.expect(400));
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    let body = json!({"title": "y"});
    let stale =
        app.patch(&path, &body).bearer(&app.token("sales")).header("if-match", "\"7\"").send().await.expect(412);
    assert_eq!(stale.problem()["current_version"], 1);
    patch(&app, &format!("/api/v1/tasks/{}", Uuid::now_v7()), body.clone()).await.expect(404).problem();
    app.patch(&path, &body).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.patch(&path, &body).bearer(&app.token("viewer")).send().await.expect(403).problem();
    refuses_strangers(&app, Method::PATCH, &path, Some(&body), "tasks:write").await;
}

#[tokio::test]
async fn a_task_about_a_deal_is_about_its_lead_too() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let of_deal = "SELECT lead_id FROM deals WHERE id = $1";
    let lead: Uuid = app.db().await.query_one(of_deal, &[&deal]).await.unwrap().get(0);
    let (another, body) = (board.lead(&app).await, json!({"deal_id": deal}));
    for (made, sent, expected) in [
        (json!({"title": "x"}), body.clone(), json!(lead)),
        (json!({"title": "x"}), json!({"deal_id": deal, "lead_id": null}), json!(null)),
        (json!({"title": "x", "lead_id": another}), body.clone(), json!(another)),
        (json!({"title": "x"}), json!({"deal_id": deal, "lead_id": another}), json!(another)),
    ] {
        let path = create(&app, made.clone()).await;
        assert_eq!(patched(&app, &path, sent.clone()).await["lead_id"], expected, "{made} {sent}");
    }
    // Only when the deal is new: who took the lead away meant it.
    let path = create(&app, json!({"title": "x", "deal_id": deal})).await;
    patched(&app, &path, json!({"lead_id": null})).await;
    assert_eq!(patched(&app, &path, json!({"title": "y", "deal_id": deal})).await["lead_id"], json!(null));
}

#[tokio::test]
async fn a_lead_or_deal_that_is_deleted_at_this_moment_is_not_there() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (lead, other) = (board.lead(&app).await, board.lead(&app).await);
    let task = create(&app, json!({"title": "x"})).await;
    let token = app.token("sales");
    for id in [lead, other] {
        let db = app.db().await;
        db.batch_execute(&format!("BEGIN; DELETE FROM leads WHERE id = '{id}'")).await.unwrap();
        let commit = async {
            waits(&app).await;
            db.batch_execute("COMMIT").await.unwrap();
        };
        let body = json!({"title": "x", "lead_id": id});
        let send = async {
            match id == lead {
                true => app.post("/api/v1/tasks", &body).bearer(&token).send().await,
                false => app.patch(&task, &body).bearer(&token).send().await,
            }
        };
        let (answer, ()) = tokio::join!(send, commit);
        assert_eq!(pointers(&answer.expect(400)), ["/lead_id"]);
    }
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let db = app.db().await;
    let gone = format!(
        "BEGIN; UPDATE leads SET deal_id = NULL WHERE deal_id = '{deal}'; DELETE FROM deals WHERE id = '{deal}'"
    );
    db.batch_execute(&gone).await.unwrap();
    let commit = async {
        waits(&app).await;
        db.batch_execute("COMMIT").await.unwrap();
    };
    // Its lead is named, so that the deal alone is looked for.
    let body = json!({"title": "x", "deal_id": deal, "lead_id": board.lead(&app).await});
    let (answer, ()) = tokio::join!(app.post("/api/v1/tasks", &body).bearer(&token).send(), commit);
    assert_eq!(pointers(&answer.expect(400)), ["/deal_id"]);
}
