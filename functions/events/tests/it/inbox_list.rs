//! GET /api/v1/inbox

use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Tenant, TestApp};
use uuid::Uuid;

const PATH: &str = "/api/v1/inbox";

/// A row of a tenant, received `hours` ago.
async fn keep(app: &TestApp, tenant: &Tenant, kind: &str, source: &str, reason: &str, body: &str, hours: i32) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), tenant.id.parse().unwrap());
    let headers = json!({"via": "generic", "token_hash": "ab", "checked": false,
        "headers": {"x-signature": "5ecret", "content-type": "text/plain"}});
    let statement = "INSERT INTO inbox (id, tenant_id, kind, source, reason, detail, body, headers, received_at)
        VALUES ($1, $2, $3, $4, $5, 'why', $6, $7, date_trunc('hour', now()) - $8 * interval '1 hour')";
    app.db()
        .await
        .execute(statement, &[&id, &tenant, &kind, &source, &reason, &body, &headers, &f64::from(hours)])
        .await
        .unwrap();
    id
}

async fn list(app: &TestApp, query: &str) -> Value {
    app.get(&format!("{PATH}?{query}")).bearer(&app.token("admin")).send().await.expect(200).json()
}

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn shows_what_was_put_aside() {
    let app = TestApp::new().await;
    let body = r#"{"secret":"5ecret","event_type":"x"}"#;
    let id = keep(&app, app.tenant(), "quarantine", "partner", "bad_signature", body, 1).await;
    let rows = list(&app, "").await;
    let row = &rows["data"][0];
    assert_eq!(row["id"], id.to_string());
    assert_eq!(row["body"], r#"{"secret":"[removed]","event_type":"x"}"#);
    assert_eq!(row["body_bytes"], body.len());
    assert_eq!(row["headers"], json!({"content-type": "text/plain"}));
    assert_eq!((&row["kind"], &row["status"], &row["queue"]), (&json!("quarantine"), &json!("open"), &Value::Null));
    assert_eq!((&row["reason"], &row["detail"], &row["replays"]), (&json!("bad_signature"), &json!("why"), &json!(0)));
    assert!(!rows.to_string().contains("5ecret"));
    assert_eq!(rows["pagination"], json!({"page": 1, "limit": 25, "total": 1, "total_pages": 1}));
    // A key with the scope may read too.
    app.get(PATH).api_key(&app.tenant().api_key("portal")).send().await.expect(200);
}

#[tokio::test]
async fn filters_sorts_and_walks() {
    let app = TestApp::new().await;
    let tenant = app.tenant();
    let mut all = Vec::new();
    for n in 0..5 {
        let (kind, source) = if n % 2 == 0 { ("quarantine", "partner") } else { ("dead_letter", "events") };
        all.push(keep(&app, tenant, kind, source, &format!("reason_{n}"), "{}", n).await.to_string());
    }
    app.db().await.execute("UPDATE inbox SET status = 'replayed' WHERE reason = 'reason_4'", &[]).await.unwrap();
    let pick = |indices: &[usize]| -> Vec<String> { indices.iter().map(|n| all[*n].clone()).collect() };
    assert_eq!(ids(&list(&app, "").await), pick(&[0, 1, 2, 3, 4]));
    assert_eq!(ids(&list(&app, "sort=received_at").await), pick(&[4, 3, 2, 1, 0]));
    assert_eq!(ids(&list(&app, "kind=dead_letter").await), pick(&[1, 3]));
    assert_eq!(ids(&list(&app, "source=partner").await), pick(&[0, 2, 4]));
    assert_eq!(ids(&list(&app, "status=replayed").await), pick(&[4]));
    assert_eq!(ids(&list(&app, "reason=reason_2").await), pick(&[2]));
    assert_eq!(ids(&list(&app, &format!("id={}", all[3])).await), pick(&[3]));
    let rows = list(&app, "").await;
    let (newest, oldest) =
        (rows["data"][1]["received_at"].as_str().unwrap(), rows["data"][3]["received_at"].as_str().unwrap());
    assert_eq!(ids(&list(&app, &format!("received_from={oldest}&received_to={newest}")).await), pick(&[2, 3]));
    // By pages, and by cursor.
    let second = list(&app, "limit=2&page=2").await;
    assert_eq!((ids(&second), &second["pagination"]["total_pages"]), (pick(&[2, 3]), &json!(3)));
    let mut walked = Vec::new();
    let mut cursor = String::new();
    loop {
        let part = list(&app, &format!("limit=2{cursor}")).await;
        walked.extend(ids(&part));
        match part["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, all);
}

#[tokio::test]
async fn a_page_of_large_bodies_stays_an_answer() {
    let app = TestApp::new().await;
    let large = "é".repeat(150_000);
    for n in 0..30 {
        keep(&app, app.tenant(), "quarantine", "partner", "r", &large, n).await;
    }
    let page = list(&app, "limit=100").await;
    let shown = page["data"][0]["body"].as_str().unwrap().chars().count();
    assert_eq!((shown, &page["data"][0]["body_bytes"]), (20_000, &json!(300_000)));
    let alone = list(&app, &format!("id={}", ids(&page)[0])).await;
    assert_eq!(alone["data"][0]["body"], large);
}

#[tokio::test]
async fn who_may_not_look() {
    let app = TestApp::new().await;
    let id = keep(&app, app.tenant(), "quarantine", "partner", "r", "{}", 1).await;
    app.get(PATH).send().await.expect(401).problem();
    app.get(PATH).bearer(&app.token("sales")).send().await.expect(403).problem();
    app.get(PATH).api_key(&app.tenant().api_key("website")).send().await.expect(403).problem();
    let other = app.new_tenant("other").await;
    let seen: Value = app.get(&format!("{PATH}?id={id}")).bearer(&other.token("admin")).send().await.expect(200).json();
    assert_eq!((&seen["data"], &seen["pagination"]["total"]), (&json!([]), &json!(0)));
    // What belongs to nobody is shown to nobody.
    app.db().await.execute("UPDATE inbox SET tenant_id = NULL", &[]).await.unwrap();
    assert_eq!(list(&app, "").await["data"], json!([]));
}

#[tokio::test]
async fn bad_queries_name_the_parameter() {
    let app = TestApp::new().await;
    for (query, parameter) in [
        ("kind=spam", "?kind"),
        ("status=lost", "?status"),
        ("colour=red", "?colour"),
        ("received_from=yesterday", "?received_from"),
        ("id=7", "?id"),
        ("limit=101", "?limit"),
        ("sort=source", "?sort"),
        ("cursor=7", "?cursor"),
    ] {
        let answer = app.get(&format!("{PATH}?{query}")).bearer(&app.token("admin")).send().await.expect(400);
        assert_eq!(answer.problem()["errors"][0]["pointer"], parameter);
    }
}

#[tokio::test]
async fn lists_and_choices_use_indexes() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let fill = "INSERT INTO inbox (id, tenant_id, kind, source, reason, detail, body, received_at, status)
        SELECT gen_random_uuid(), CASE WHEN n % 3 = 0 THEN t.id ELSE ('00000000-0000-0000-0000-00000000000' || n % 3)::uuid END, 'quarantine', 'source_' || n % 7, 'r', 'd', '{}',
               now() - n * interval '1 minute', CASE WHEN n % 10 = 0 THEN 'open' ELSE 'replayed' END
          FROM generate_series(1, 20000) n, tenants t";
    db.execute(fill, &[]).await.unwrap();
    db.batch_execute("ANALYZE inbox; GRANT lotse_app TO CURRENT_USER").await.unwrap();
    let none = [
        "NULL::text",
        "NULL::text",
        "NULL::text",
        "NULL::text",
        "NULL::timestamptz",
        "NULL::timestamptz",
        "NULL::uuid",
    ];
    let part = ["NULL::timestamptz", "NULL::uuid", "25", "0", "80000"];
    let walk = ["now() - interval '1 day'", "'00000000-0000-0000-0000-000000000001'", "25", "0", "80000"];
    let range = ["'source_3'", "now() - interval '30 days'", "now()"];
    for (name, arguments, expected) in [
        ("list_newest", [none.as_slice(), &part].concat(), "inbox_tenant_idx"),
        ("list_oldest", [none.as_slice(), &part].concat(), "inbox_tenant_idx"),
        ("list_newest", [none.as_slice(), &walk].concat(), "inbox_tenant_idx"),
        ("claim_range", [range.as_slice(), &["1000", "1000000"]].concat(), "inbox_open_idx"),
        ("count_open_range", range.to_vec(), "inbox_open_idx"),
    ] {
        let mut sql = statement(&format!("inbox.{name}"));
        for (n, argument) in arguments.iter().enumerate().rev() {
            sql = sql.replace(&format!("${}", n + 1), &format!("({argument})"));
        }
        let enter = format!("BEGIN; SET LOCAL ROLE lotse_app; SELECT lotse.enter_tenant('{}')", app.tenant().id);
        db.batch_execute(&enter).await.unwrap();
        let plan: Value = db.query_one(&format!("EXPLAIN (FORMAT JSON) {sql}"), &[]).await.unwrap().get(0);
        db.batch_execute("ROLLBACK").await.unwrap();
        let plan = plan.to_string();
        assert!(plan.contains(expected) && !plan.contains("Seq Scan"), "{name}: {plan}");
    }
}
