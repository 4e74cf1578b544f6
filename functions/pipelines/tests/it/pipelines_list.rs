use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{names, pointers, refuses_strangers};

async fn listed(app: &TestApp, query: &str) -> Value {
    let path = format!("/api/v1/pipelines{query}");
    app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json()
}

#[tokio::test]
async fn lists_pipelines_with_stages_in_order() {
    let app = TestApp::new().await;
    let list = listed(&app, "").await;
    let slugs: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|pipeline| pipeline["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["research-lab", "b2b-lab-enablement", "panel-co-creation", "discovery"]);
    for pipeline in list["data"].as_array().unwrap() {
        assert_eq!(
            names(&pipeline["stages"]),
            ["New", "Qualified", "Meeting", "Proposal", "Negotiation", "Won", "Lost"],
            "{pipeline}"
        );
    }
    let first = &list["data"][0];
    assert_eq!((&first["intent"], &first["expected_value_minor"]), (&json!("research"), &json!(1_500_000)));
    let (won, lost) = (&first["stages"][5], &first["stages"][6]);
    assert_eq!((&won["is_won"], &won["is_lost"], &won["probability"]), (&json!(true), &json!(false), &json!(100)));
    assert_eq!((&lost["is_won"], &lost["is_lost"], &lost["probability"]), (&json!(false), &json!(true), &json!(0)));
    assert_eq!(list["pagination"], json!({"page": 1, "limit": 25, "total": 4, "total_pages": 1}));
    let crm = app.get("/api/v1/crm/pipelines").bearer(&app.token("viewer")).send().await.expect(200);
    assert_eq!(crm.json::<Value>(), list);
}

#[tokio::test]
async fn pages_and_leaves_archived_ones_out() {
    let app = TestApp::new().await;
    app.db().await.batch_execute("UPDATE pipelines SET archived_at = now() WHERE slug = 'discovery'").await.unwrap();
    assert_eq!(listed(&app, "").await["pagination"]["total"], 3);
    let all = listed(&app, "?archived=true&limit=3&page=2").await;
    assert_eq!((&all["data"][0]["slug"], &all["pagination"]["total"]), (&json!("discovery"), &json!(4)));
    assert!(all["data"][0]["archived_at"].is_string());
}

#[tokio::test]
async fn refuses_strangers_and_unknown_parameters() {
    let app = TestApp::new().await;
    let token = app.token("viewer");
    let refused = app.get("/api/v1/pipelines?archived=maybe&colour=red&page=0").bearer(&token).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(found, ["?archived", "?colour", "?page"]);
    // One order: the other way round is refused, too, and not shown as if it had not been asked for.
    app.get("/api/v1/pipelines?sort=position").bearer(&token).send().await.expect(200);
    let back = app.get("/api/v1/pipelines?sort=-position").bearer(&token).send().await.expect(400);
    assert_eq!(back.problem()["errors"][0]["pointer"], "?sort");
    let sort = app.get("/api/v1/pipelines?sort=name").bearer(&token).send().await.expect(400);
    assert_eq!(pointers(&sort), ["?sort"]);
    refuses_strangers(&app, Method::GET, "/api/v1/pipelines", None, "pipelines:read").await;

    let stranger = app.new_tenant("other").await;
    let theirs = app.get("/api/v1/pipelines").bearer(&stranger.token("admin")).send().await.expect(200).json::<Value>();
    let ours = listed(&app, "").await;
    let id = |list: &Value| list["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(theirs["pagination"]["total"], 4);
    assert_ne!(id(&theirs), id(&ours));
}
