use serde_json::{Value, json};
use testkit::app::{Response, TestApp};
use testkit::keys::Token;
use testkit::sales::refuses_strangers;
use testkit::{Method, Tenant};
use uuid::Uuid;

use crate::support::{create, faults, get, member, path, tenant_id, uuid};

const PATH: &str = "/api/v1/leads/bulk-update";
const UNDO: &str = "/api/v1/bulk-undo";

/// Somebody of the first tenant, the same in every call.
fn person(tenant: &Tenant, number: u128) -> String {
    Token::new(&tenant.id).role("sales").claim("sub", json!(Uuid::from_u128(number))).sign()
}

async fn change(app: &TestApp, body: &Value) -> Response {
    app.post(PATH, body).bearer(&person(app.tenant(), 1)).send().await
}

async fn undo(app: &TestApp, answer: &Value, number: u128) -> Response {
    let token = json!({"token": answer["undo"]["token"]});
    app.post(UNDO, &token).bearer(&person(app.tenant(), number)).send().await
}

async fn leads(app: &TestApp, names: &[&str]) -> Vec<Value> {
    let mut made = Vec::new();
    for name in names {
        made.push(create(app, &json!({"email": format!("{name}@example.com"), "tags": ["old"]})).await);
    }
    made
}

async fn now(app: &TestApp, lead: &Value) -> Value {
    get(app, &path(lead, "")).await.expect(200).json()
}

fn ids(leads: &[Value]) -> Vec<&Value> {
    leads.iter().map(|lead| &lead["id"]).collect()
}

#[tokio::test]
async fn gives_leads_to_somebody_and_takes_it_back() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a", "b", "c"]).await;
    let sam = member(&app, app.tenant(), "sam").await;
    app.patch(&path(&made[2], ""), &json!({"owner_id": sam})).bearer(&app.token("sales")).send().await.expect(200);
    let stranger = Uuid::now_v7();
    let mut sent = ids(&made).into_iter().cloned().collect::<Vec<_>>();
    sent.extend([json!(stranger), made[0]["id"].clone()]);

    let answer: Value = change(&app, &json!({"ids": sent, "change": {"owner_id": sam}})).await.expect(200).json();

    let changed: Vec<&Value> = answer["changed"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(changed, [&made[0]["id"], &made[1]["id"]]);
    assert_eq!((&answer["unchanged"], answer["changed"][0]["version"].as_i64()), (&json!(1), Some(2)));
    assert_eq!(answer["skipped"][0]["id"], json!(stranger));
    assert_eq!((answer["skipped"].as_array().unwrap().len(), &answer["skipped"][0]["code"]), (1, &json!("not_found")));
    assert_eq!(now(&app, &made[0]).await["owner"]["id"], json!(sam));

    // Somebody changes one of them; that one stays as it is.
    app.patch(&path(&made[1], ""), &json!({"first_name": "Ben"})).bearer(&app.token("sales")).send().await.expect(200);
    undo(&app, &answer, 2).await.expect(404);
    let undone: Value = undo(&app, &answer, 1).await.expect(200).json();
    assert_eq!((undone["changed"].as_array().unwrap().len(), &undone["undo"]), (1, &Value::Null));
    assert_eq!((&undone["skipped"][0]["id"], &undone["skipped"][0]["code"]), (&made[1]["id"], &json!("changed")));
    let (first, second) = (now(&app, &made[0]).await, now(&app, &made[1]).await);
    assert_eq!((&first["owner_id"], &first["version"]), (&Value::Null, &json!(3)));
    assert_eq!(second["owner_id"], json!(sam));
    // Once.
    undo(&app, &answer, 1).await.expect(404);

    let statement =
        "SELECT action, count(*) FROM audit_log WHERE action LIKE 'bulk%' AND before IS NOT NULL AND after IS NOT NULL
        GROUP BY action ORDER BY action";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    let noted: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(noted, [("bulk_undo".to_owned(), 1), ("bulk_update".to_owned(), 2)]);
}

#[tokio::test]
async fn nobody_gets_records_back_who_may_own_none() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a"]).await;
    let sam = member(&app, app.tenant(), "sam").await;
    let give = |owner: Value| json!({"ids": ids(&made), "change": {"owner_id": owner}});
    change(&app, &give(json!(sam))).await.expect(200);
    let answer: Value = change(&app, &give(Value::Null)).await.expect(200).json();
    app.db().await.execute("UPDATE team_members SET active = false WHERE id = $1", &[&sam]).await.unwrap();
    let undone: Value = undo(&app, &answer, 1).await.expect(200).json();
    assert_eq!((&undone["changed"], &undone["skipped"][0]["code"]), (&json!([]), &json!("owner_gone")));
    assert_eq!(now(&app, &made[0]).await["owner_id"], Value::Null);
}

#[tokio::test]
async fn a_filter_means_what_the_list_shows() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a", "b", "c"]).await;
    let body = |expected: i64| json!({"filter": "?filter[tags][in]=old&q=example&sort=-total_score&page=1", "expected": expected, "change": {"add_tags": ["new", "old"]}});
    let refused = change(&app, &body(2)).await.expect(409);
    let problem = refused.problem();
    assert_eq!(
        (&problem["code"], &problem["matches"]),
        (&json!("count_changed"), &json!([{"expected": 2, "found": 3}]))
    );
    let answer: Value = change(&app, &body(3)).await.expect(200).json();
    assert_eq!(answer["changed"].as_array().unwrap().len(), 3);
    assert_eq!(now(&app, &made[0]).await["tags"], json!(["old", "new"]));
    let body = json!({"ids": ids(&made), "change": {"remove_tags": ["old"]}});
    change(&app, &body).await.expect(200);
    assert_eq!(now(&app, &made[0]).await["tags"], json!(["new"]));
    // Again it changes nothing, and there is nothing to take back.
    let again: Value = change(&app, &body).await.expect(200).json();
    assert_eq!((&again["unchanged"], &again["changed"], &again["undo"]), (&json!(3), &json!([]), &Value::Null));
}

#[tokio::test]
async fn days_of_a_filter_begin_where_the_list_said() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a"]).await;
    let db = app.db().await;
    let late = "UPDATE leads SET created_at = '2026-01-30T23:30:00Z' WHERE id = $1";
    db.execute(late, &[&uuid(&made[0]["id"])]).await.unwrap();
    for (zone, expected) in [("UTC", 0), ("Europe/Berlin", 1)] {
        let filter = format!("filter[created_at][from]=2026-01-31&filter[created_at][before]=2026-02-01&zone={zone}");
        let body = json!({"filter": filter, "expected": expected, "change": {"add_tags": ["new"]}});
        let answer: Value = change(&app, &body).await.expect(200).json();
        assert_eq!(answer["changed"].as_array().unwrap().len(), expected, "{zone}");
    }
}

#[tokio::test]
async fn what_changes_after_it_was_found_is_left_alone() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a", "b"]).await;
    let (db, watch) = (app.db().await, app.db().await);
    db.batch_execute("BEGIN").await.unwrap();
    let changed = "UPDATE leads SET tags = '{}', version = version + 1 WHERE id = $1";
    db.execute(changed, &[&uuid(&made[0]["id"])]).await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let finish = async {
        while watch.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        db.batch_execute("COMMIT").await.unwrap();
    };
    let body = json!({"filter": "filter[tags][in]=old", "expected": 2, "change": {"add_tags": ["new"]}});
    let (answer, ()) = tokio::join!(change(&app, &body), finish);
    let answer: Value = answer.expect(200).json();
    assert_eq!((&answer["skipped"][0]["id"], &answer["skipped"][0]["code"]), (&made[0]["id"], &json!("changed")));
    assert_eq!((answer["changed"].as_array().unwrap().len(), &answer["changed"][0]["id"]), (1, &made[1]["id"]));
}

#[tokio::test]
async fn what_was_changed_since_or_erased_is_left_alone() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a", "b", "c"]).await;
    app.patch(&path(&made[0], ""), &json!({"first_name": "Ada"})).bearer(&app.token("sales")).send().await.expect(200);
    let db = app.db().await;
    db.execute("UPDATE leads SET lifecycle = 'anonymized' WHERE id = $1", &[&uuid(&made[1]["id"])]).await.unwrap();
    let versions = json!({made[0]["id"].as_str().unwrap(): 1, made[2]["id"].as_str().unwrap(): 1});
    let body = json!({"ids": ids(&made), "versions": versions, "change": {"add_tags": ["new"]}});
    let answer: Value = change(&app, &body).await.expect(200).json();
    let skipped: Vec<(&Value, &Value)> =
        answer["skipped"].as_array().unwrap().iter().map(|one| (&one["id"], &one["code"])).collect();
    assert_eq!(skipped, [(&made[0]["id"], &json!("changed")), (&made[1]["id"], &json!("anonymized"))]);
    assert_eq!(answer["changed"][0]["id"], made[2]["id"]);
}

#[tokio::test]
async fn the_token_is_good_for_ten_minutes() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a"]).await;
    let answer: Value =
        change(&app, &json!({"ids": ids(&made), "change": {"add_tags": ["x"]}})).await.expect(200).json();
    let db = app.db().await;
    let left = "SELECT extract(epoch FROM expires_at - created_at)::int8 FROM bulk_changes";
    assert_eq!(db.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 600);
    db.batch_execute("UPDATE bulk_changes SET expires_at = now() - interval '1 second'").await.unwrap();
    undo(&app, &answer, 1).await.expect(404);
    // The next change takes it along.
    change(&app, &json!({"ids": ids(&made), "change": {"add_tags": ["y"]}})).await.expect(200);
    assert_eq!(db.query_one("SELECT count(*) FROM bulk_changes", &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn five_hundred_leads_change_at_once_and_not_one_more() {
    let app = TestApp::new().await;
    let many = "INSERT INTO leads (id, tenant_id, created_at, updated_at) SELECT gen_random_uuid(), $1, now(), now() FROM generate_series(1, 500)";
    let db = app.db().await;
    db.execute(many, &[&tenant_id(&app)]).await.unwrap();
    let sam = member(&app, app.tenant(), "sam").await;
    let body = json!({"filter": "", "expected": 500, "change": {"owner_id": sam}});
    let answer: Value = change(&app, &body).await.expect(200).json();
    assert_eq!(answer["changed"].as_array().unwrap().len(), 500);
    let undone: Value = undo(&app, &answer, 1).await.expect(200).json();
    assert_eq!(undone["changed"].as_array().unwrap().len(), 500);
    db.execute(
        "INSERT INTO leads (id, tenant_id, created_at, updated_at) VALUES (gen_random_uuid(), $1, now(), now())",
        &[&tenant_id(&app)],
    )
    .await
    .unwrap();
    change(&app, &body).await.expect(409);
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    let made = leads(&app, &["a"]).await;
    let id = &made[0]["id"];
    for (body, expected) in [
        (json!({"change": {"owner_id": null}}), vec!["/ids"]),
        (json!({"ids": [id], "expected": 1, "change": {}}), vec!["/change", "/ids"]),
        (json!({"ids": [id], "change": {"owner_id": Uuid::nil()}}), vec!["/change/owner_id"]),
        (json!({"ids": [id], "change": {"add_tags": [""]}, "x": 1}), vec!["/x"]),
        (
            json!({"filter": "tier=warmish&filter[nobody][in]=x", "expected": 1, "change": {"add_tags": [""]}}),
            vec!["/change/add_tags/0", "/filter?filter[nobody][in]", "/filter?tier"],
        ),
        (
            json!({"filter": "filter[company][in]=a%00b", "expected": 1, "change": {"add_tags": ["x"]}}),
            vec!["/filter?filter[company][in]"],
        ),
        (json!({"filter": "zone=Nowhere", "expected": 1, "change": {"add_tags": ["x"]}}), vec!["/filter?zone"]),
        (json!({"filter": "q=a", "expected": 1, "change": {"add_tags": ["x"]}}), vec!["/filter?q"]),
    ] {
        let mut found: Vec<String> =
            faults(&change(&app, &body).await.expect(400)).into_iter().map(|(pointer, _)| pointer).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    let list = "/api/v1/leads?filter[company][in]=a%00b";
    let refused = app.get(list).bearer(&app.token("sales")).send().await.expect(400);
    assert_eq!(faults(&refused)[0].1, "nul_character");
    let body = json!({"ids": [id], "change": {"owner_id": null}});
    refuses_strangers(&app, Method::POST, PATH, Some(&body), "leads:write").await;
    refuses_strangers(&app, Method::POST, UNDO, Some(&json!({"token": "x"})), "leads:write").await;
    let other = app.new_tenant("other").await;
    let answer: Value = app.post(PATH, &body).bearer(&other.token("admin")).send().await.expect(200).json();
    assert_eq!(answer["skipped"][0]["code"], "not_found");
    // Another tenant has no such token either, not even the same person there.
    let done: Value = change(&app, &json!({"ids": [id], "change": {"add_tags": ["x"]}})).await.expect(200).json();
    let token = json!({"token": done["undo"]["token"]});
    app.post(UNDO, &token).bearer(&person(&other, 1)).send().await.expect(404);
}
