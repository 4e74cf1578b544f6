use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};

use crate::member;
use crate::support::{Board, NEW, WON, names, plan, pointers, refuses_strangers, uses};

async fn list(app: &TestApp, query: &str) -> Value {
    app.get(&format!("/api/v1/team?{query}")).bearer(&app.token("viewer")).send().await.expect(200).json()
}

#[tokio::test]
async fn filters_sorts_and_pages() {
    let app = TestApp::new().await;
    app.db().await.batch_execute("UPDATE team_members SET active = false WHERE name = 'sophie'").await.unwrap();
    for (query, expected) in [
        ("", vec!["ada", "mia", "sam", "sophie"]),
        ("sort=-name", vec!["sophie", "sam", "mia", "ada"]),
        ("sort=-email", vec!["sophie", "sam", "mia", "ada"]),
        ("sort=created_at&role=admin", vec!["ada"]),
        ("role=sales", vec!["sam", "sophie"]),
        ("role=sales&active=true", vec!["sam"]),
        ("active=false", vec!["sophie"]),
        ("q=SAM%40test", vec!["sam"]),
        ("q=%25", vec![]),
        ("q=s%C3%B6ph", vec!["sophie"]),
        ("q=sam+test", vec!["sam"]),
        ("q=", vec!["ada", "mia", "sam", "sophie"]),
        ("limit=2&page=2", vec!["sam", "sophie"]),
    ] {
        let list = list(&app, query).await;
        assert_eq!(names(&list["data"]), expected, "{query}");
    }
    let page = list(&app, "limit=3&page=2").await;
    assert_eq!(page["pagination"], json!({"page": 2, "limit": 3, "total": 4, "total_pages": 2}));
}

#[tokio::test]
async fn shows_load_and_pipelines_and_nothing_secret() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (one, two) = (board.deal(&app, "one", NEW, 1.0).await, board.deal(&app, "two", NEW, 2.0).await);
    let done = board.deal(&app, "done", WON, 1.0).await;
    let db = app.db().await;
    let owned = "UPDATE deals SET owner_id = (SELECT id FROM team_members WHERE name = 'sam') WHERE id = ANY ($1)";
    db.execute(owned, &[&vec![one, two, done]]).await.unwrap();
    let closed = "UPDATE deals SET status = 'won', closed_at = now() WHERE id = $1";
    db.execute(closed, &[&done]).await.unwrap();
    let sam = member(&app, "sam").await;
    assert_eq!((&sam["load"], &sam["capacity"]), (&json!(2), &json!(10)), "a deal that is won is no load");
    assert_eq!(sam["pipeline_ids"].as_array().unwrap().len(), 4);
    assert_eq!((&sam["active"], &sam["language"], &sam["version"]), (&json!(true), &json!(null), &json!(1)));
    assert!(!sam.to_string().contains("password") && !sam.to_string().contains("argon2"), "{sam}");
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    let answer =
        app.get("/api/v1/team?role=boss&active=maybe&x=1").bearer(&app.token("sales")).send().await.expect(400);
    let mut found = pointers(&answer);
    found.sort_unstable();
    assert_eq!(found, ["?active", "?role", "?x"]);
    app.get("/api/v1/team?sort=load").bearer(&app.token("sales")).send().await.expect(400);
    refuses_strangers(&app, Method::GET, "/api/v1/team", None, "team:read").await;
    let other = app.new_tenant("other").await;
    let theirs: Value = app.get("/api/v1/team").bearer(&other.token("viewer")).send().await.expect(200).json();
    assert!(
        theirs["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|member| member["email"].as_str().unwrap().ends_with("@other.example"))
    );
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    app.db()
        .await
        .batch_execute(
            "INSERT INTO tenants (id, slug, name) SELECT gen_random_uuid(), 'crowd-' || n, 'Crowd' FROM generate_series(1, 60) n;
             INSERT INTO team_members (id, tenant_id, email, name, role)
             SELECT gen_random_uuid(), t.id, n || '@x.example', 'Member ' || n, 'sales' FROM tenants t, generate_series(1, 200) n;
             INSERT INTO team_member_pipelines (tenant_id, member_id, pipeline_id)
             SELECT m.tenant_id, m.id, p.id FROM team_members m JOIN pipelines p ON p.tenant_id = m.tenant_id
             ON CONFLICT DO NOTHING;
             INSERT INTO leads (id, tenant_id, created_at, updated_at)
             SELECT gen_random_uuid(), m.tenant_id, now(), now() FROM team_members m JOIN pipelines p ON p.tenant_id = m.tenant_id;
             INSERT INTO deals (id, tenant_id, name, lead_id, pipeline_id, stage_id, position, owner_id, created_at, updated_at)
             SELECT gen_random_uuid(), m.tenant_id, 'd', (SELECT id FROM leads LIMIT 1), s.pipeline_id, s.id, 1, m.id, now(), now()
               FROM team_members m JOIN stages s ON s.tenant_id = m.tenant_id;
             ANALYZE",
        )
        .await
        .unwrap();
    let tenant = app.tenant().id.parse().unwrap();
    let tables = ["team_members", "deals", "team_member_pipelines"];
    for filters in [["NULL", "NULL", "NULL"], ["'sales'", "true", "NULL"], ["NULL", "NULL", "'{%member%}'"]] {
        let values: Vec<&str> = filters.into_iter().chain(["'name'", "25", "0"]).collect();
        let list = plan(&app, tenant, &statement("team.list"), &values).await;
        uses(&list, "team_members_", &tables);
        uses(&list, "deals_owner_open_idx", &tables);
        uses(&list, "team_member_pipelines_member_idx", &tables);
        uses(&plan(&app, tenant, &statement("team.count"), &filters).await, "team_members_", &tables);
    }
    let id = format!("'{}'", uuid::Uuid::now_v7());
    uses(&plan(&app, tenant, &statement("team.find"), &[&id]).await, "team_members_", &tables);
    // Before any tenant is known, an address finds its accounts by an index as well.
    let db = app.db().await;
    let rows = db
        .query("EXPLAIN SELECT id FROM team_members m WHERE m.email = '7@x.example' AND m.active", &[])
        .await
        .unwrap();
    let text: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    uses(&text.join("\n"), "team_members_sign_in_idx", &tables);
}
