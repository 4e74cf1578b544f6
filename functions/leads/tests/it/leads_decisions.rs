use serde_json::{Value, json};
use testkit::app::TestApp;
use uuid::Uuid;

use crate::support::{award, create, deal, event, get, path, pipeline, signal, tenant_id, uuid};

/// Stores what the endpoint shows of the present as if the router had decided it with this outcome.
async fn decided(app: &TestApp, lead: &Value, outcome: &str, hours_ago: i32) -> Uuid {
    let shown: Value = get(app, &path(lead, "/decisions")).await.expect(200).json();
    let mut record =
        json!({"inputs": shown["data"][0]["inputs"], "candidates": [], "outcome": outcome, "intent": null});
    if outcome == "routed" {
        record["intent"] = json!("b2b");
        record["pipeline_id"] = json!(pipeline(app, "b2b").await);
    }
    let id = Uuid::now_v7();
    let statement = "INSERT INTO routing_decisions (id, tenant_id, lead_id, decided_at, outcome, decided_by, rule_set_version, record)
        VALUES ($1, $2, $3, now() - make_interval(hours => $4), $5, 'machine', 1, $6)";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&id, &tenant_id(app), &uuid(&lead["id"]), &hours_ago, &outcome, &record];
    app.db().await.execute(statement, &parameters).await.unwrap();
    id
}

#[tokio::test]
async fn a_lead_in_the_pool_begins_with_the_present() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"email": "ben@beispiel.de"})).await;
    let decisions: Value = get(&app, &path(&lead, "/decisions")).await.expect(200).json();
    assert_eq!(decisions["pagination"]["total"], 1);
    let row = &decisions["data"][0];
    assert_eq!((&row["id"], &row["outcome"], &row["lead_id"]), (&Value::Null, &json!("pending"), &lead["id"]));
    assert_eq!((&row["inputs"]["total_score"], &row["missing"]["score"]), (&json!(5), &json!(35)));
    assert_eq!((&row["rule_set_version"], &row["candidates"]), (&json!(1), &json!([])));
    assert!(row["explanation"]["de"].as_str().unwrap().starts_with("Noch nicht zugeordnet"), "{row}");
    assert!(row["explanation"]["en"].as_str().unwrap().starts_with("Not routed yet"), "{row}");
}

#[tokio::test]
async fn decisions_come_newest_first_and_page_behind_the_present() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"email": "ben@beispiel.de"})).await;
    let first = decided(&app, &lead, "routed", 9).await;
    let second = decided(&app, &lead, "conflict", 5).await;
    let shown = async |query: &str| -> (Vec<Value>, i64) {
        let list: Value = get(&app, &path(&lead, &format!("/decisions?{query}"))).await.expect(200).json();
        let ids = list["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
        (ids, list["pagination"]["total"].as_i64().unwrap())
    };
    assert_eq!(shown("").await, (vec![Value::Null, json!(second), json!(first)], 3));
    assert_eq!(shown("limit=1").await, (vec![Value::Null], 3));
    assert_eq!(shown("limit=1&page=2").await, (vec![json!(second)], 3));
    assert_eq!(shown("limit=2&page=2").await, (vec![json!(first)], 3));
    // Once it is in a pipeline, the last decision is where it stands.
    deal(&app, &lead, "b2b", "open").await;
    assert_eq!(shown("").await, (vec![json!(second), json!(first)], 2));
    get(&app, &path(&lead, "/decisions?cursor=x")).await.expect(400).problem();
}

#[tokio::test]
async fn a_conflict_is_not_said_twice() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"email": "ben@beispiel.de"})).await;
    for (n, slug) in ["demo-requested", "meeting-booked"].into_iter().enumerate() {
        let id = event(&app, &lead, "demo_requested", i32::try_from(n).unwrap()).await;
        award(&app, &lead, slug, Some(id), 0, Some(90), false).await;
        signal(&app, &lead, ["b2b-interest", "research-interest"][n], Some(id), false).await;
    }
    let list: Value = get(&app, &path(&lead, "/decisions")).await.expect(200).json();
    assert_eq!((&list["data"][0]["outcome"], &list["data"][0]["id"]), (&json!("conflict"), &Value::Null));
    let id = decided(&app, &lead, "conflict", 0).await;
    let list: Value = get(&app, &path(&lead, "/decisions")).await.expect(200).json();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["id"]), (1, &json!(id)));
}
