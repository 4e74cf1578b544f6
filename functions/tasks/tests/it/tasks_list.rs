use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, crowd, plan, pointers, refuses_strangers, uses};

/// Titles of `GET /api/v1/tasks` with this query.
async fn titles(app: &TestApp, query: &str) -> Vec<String> {
    let path = format!("/api/v1/tasks?{query}");
    let list: Value = app.get(&path).bearer(&app.token("sales")).send().await.expect(200).json();
    let titles: Vec<String> =
        list["data"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(list["pagination"]["total"], titles.len(), "{query}");
    titles
}

/// Four tasks: tomorrow (sam's, of a deal), yesterday (high), someday (no date), done.
async fn four(app: &TestApp) -> (Uuid, Uuid, Uuid) {
    let board = Board::of(app, app.tenant(), "discovery").await;
    let deal = board.deal(app, "x", NEW, 1.0).await;
    let db = app.db().await;
    let row = db
        .query_one(
            "SELECT d.lead_id, m.id FROM deals d JOIN team_members m ON m.tenant_id = d.tenant_id AND m.name = 'sam' WHERE d.id = $1",
            &[&deal],
        )
        .await
        .unwrap();
    let (lead, sam): (Uuid, Uuid) = (row.get(0), row.get(1));
    let tenant = board.tenant;
    db.batch_execute(&format!(
        "INSERT INTO tasks (id, tenant_id, title, kind, due_at, owner_id, lead_id, deal_id, status, completed_at, created_at, updated_at)
         VALUES ('{}', '{tenant}', 'tomorrow', 'follow_up', now() + interval '1 day', '{sam}', '{lead}', '{deal}', 'open', NULL,
                 now() - interval '4 min', now()),
                ('{}', '{tenant}', 'yesterday', 'call', now() - interval '1 day', NULL, NULL, NULL, 'open', NULL,
                 now() - interval '3 min', now()),
                ('{}', '{tenant}', 'someday', 'todo', NULL, NULL, '{lead}', NULL, 'open', NULL, now() - interval '2 min', now()),
                ('{}', '{tenant}', 'done', 'todo', now(), NULL, NULL, NULL, 'done', now(), now() - interval '1 min', now())",
        Uuid::now_v7(),
        Uuid::now_v7(),
        Uuid::now_v7(),
        Uuid::now_v7()
    ))
    .await
    .unwrap();
    (sam, lead, deal)
}

#[tokio::test]
async fn filters_and_sorts() {
    let app = TestApp::new().await;
    let (sam, lead, deal) = four(&app).await;
    let now = app
        .db()
        .await
        .query_one("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')", &[])
        .await;
    let now: String = now.unwrap().get(0);
    for (query, expected) in [
        (String::new(), vec!["yesterday", "done", "tomorrow", "someday"]),
        ("sort=-due_at".to_owned(), vec!["tomorrow", "done", "yesterday", "someday"]),
        ("sort=created_at".to_owned(), vec!["tomorrow", "yesterday", "someday", "done"]),
        ("sort=-created_at".to_owned(), vec!["done", "someday", "yesterday", "tomorrow"]),
        ("status=open".to_owned(), vec!["yesterday", "tomorrow", "someday"]),
        (format!("status=open&due_before={now}"), vec!["yesterday"]),
        (format!("owner_id={sam}"), vec!["tomorrow"]),
        (format!("lead_id={lead}"), vec!["tomorrow", "someday"]),
        (format!("deal_id={deal}"), vec!["tomorrow"]),
        ("kind=todo".to_owned(), vec!["done", "someday"]),
        ("status=cancelled".to_owned(), vec![]),
    ] {
        assert_eq!(titles(&app, &query).await, expected, "{query}");
    }
    let path = format!("/api/v1/tasks?deal_id={deal}&limit=1");
    let one: Value = app.get(&path).bearer(&app.token("sales")).send().await.expect(200).json();
    let task = &one["data"][0];
    for (field, expected) in [
        ("kind", json!("follow_up")),
        ("priority", json!("normal")),
        ("status", json!("open")),
        ("owner_id", json!(sam)),
        ("lead_id", json!(lead)),
        ("completed_at", json!(null)),
        ("version", json!(1)),
    ] {
        assert_eq!(task[field], expected, "{field}");
    }
}

#[tokio::test]
async fn as_a_file() {
    let app = TestApp::new().await;
    four(&app).await;
    app.db()
        .await
        .execute("UPDATE tasks SET title = '@SUM(1)', due_at = '2026-11-25T23:30:00Z' WHERE title = 'yesterday'", &[])
        .await
        .unwrap();
    let path = "/api/v1/tasks?format=csv&language=de&zone=Europe/Berlin&status=open&sort=created_at&columns=title,kind,due_at,owner";
    let text = app.get(path).bearer(&app.token("sales")).send().await.expect(200).text();
    let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap().lines().collect();
    assert_eq!(lines[0], "Titel;Art;Fällig;Zuständig");
    assert!(lines[1].starts_with("tomorrow;Nachfassen;20") && lines[1].ends_with(";sam"), "{}", lines[1]);
    assert_eq!(lines[2..], ["'@SUM(1);Anruf;2026-11-26 00:30;", "someday;Zu tun;;"]);
    let refused =
        app.get("/api/v1/tasks?format=csv&columns=colour").bearer(&app.token("sales")).send().await.expect(400);
    assert_eq!(pointers(&refused), ["?columns"]);
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    four(&app).await;
    let path = "/api/v1/tasks?status=late&kind=dance&due_before=tomorrow&x=1";
    let refused = app.get(path).bearer(&app.token("sales")).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(found, ["?due_before", "?kind", "?status", "?x"]);
    refuses_strangers(&app, Method::GET, "/api/v1/tasks", None, "tasks:read").await;
    let stranger = app.new_tenant("other").await;
    let theirs: Value = app.get("/api/v1/tasks").bearer(&stranger.token("admin")).send().await.expect(200).json();
    assert_eq!(theirs["pagination"]["total"], 0);
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    let row = app
        .db()
        .await
        .query_one(
            "SELECT owner_id::text, lead_id::text, deal_id::text FROM tasks WHERE tenant_id = $1 LIMIT 1",
            &[&board.tenant],
        )
        .await
        .unwrap();
    let id = |n: usize| format!("'{{{}}}'", row.get::<_, &str>(n));
    let (owner, lead, deal) = (id(0), id(1), id(2));
    let open = (3, "'{open}'");
    // Filters by the number of their parameter.
    let cases: [(&[(usize, &str)], &str, &str); 9] = [
        (&[open], "'due_at'", "tasks_due_idx"),
        (&[open, (14, "now()")], "'due_at'", "tasks_due_idx"),
        (&[], "'due_at'", "tasks_due_idx"),
        (&[(5, "'{call}'")], "'-created_at'", "tasks_due_idx"),
        (&[(3, "'{open,done}'")], "'-created_at'", "tasks_due_idx"),
        (&[(1, &owner), open], "'due_at'", "tasks_"),
        (&[(1, "'{NULL}'"), open], "'due_at'", "tasks_"),
        (&[(9, &lead)], "'due_at'", "tasks_lead_idx"),
        (&[(11, &deal)], "'due_at'", "tasks_deal_idx"),
    ];
    for (filters, order, index) in cases {
        let mut values = vec!["NULL"; FILTERS];
        for (number, value) in filters {
            values[number - 1] = value;
        }
        values.extend([order, "25", "0"]);
        let list = plan(&app, board.tenant, &statement("tasks.list"), &values).await;
        uses(&list, index, &["tasks"]);
        // What is open and due comes out of the index in its order, however long the list.
        let walks = filters.first() == Some(&open);
        assert!(!walks || !list.contains("Sort"), "sorts the whole list:\n{list}");
        uses(&plan(&app, board.tenant, &statement("tasks.count"), &values[..FILTERS]).await, "tasks_", &["tasks"]);
    }
}

/// As many parameters has the filter.
const FILTERS: usize = 21;

#[tokio::test]
async fn filters_of_fields() {
    let app = TestApp::new().await;
    let sam = testkit::sales::member(&app, app.tenant(), "sam").await;
    let make = async |title: &str, owner: bool, due: Option<&str>| {
        let mut body = json!({"title": title, "kind": "call", "priority": if owner { "high" } else { "low" }});
        if owner {
            body["owner_id"] = json!(sam);
        }
        if let Some(hours) = due {
            let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours.parse().unwrap());
            body["due_at"] = json!(at);
        }
        app.post("/api/v1/tasks", &body).bearer(&app.token("sales")).send().await.expect(201);
    };
    make("mine", true, Some("100")).await;
    make("nobody's", false, Some("-100")).await;
    make("some day", false, None).await;
    let me = testkit::keys::Token::new(&app.tenant().id).role("sales").claim("sub", json!(sam)).sign();
    for (query, expected) in [
        ("filter[owner_id][in]=me", &["mine"][..]),
        ("filter[owner_id][in]=me,none", &["nobody's", "mine", "some day"]),
        ("filter[owner_id][empty]=true", &["nobody's", "some day"]),
        ("filter[due_at][next]=1w", &["mine"]),
        ("filter[due_at][before]=today", &["nobody's"]),
        ("filter[due_at][empty]=true", &["some day"]),
        ("filter[priority][not_in]=low", &["mine"]),
        ("filter[status][in]=done,cancelled", &[]),
    ] {
        let list: Value = app.get(&format!("/api/v1/tasks?{query}")).bearer(&me).send().await.expect(200).json();
        let titles: Vec<&str> =
            list["data"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap()).collect();
        assert_eq!(titles, expected, "{query}");
    }
}
