//! Owners under concurrency: nobody is overfilled, nobody is routed twice, and the least loaded comes first.

use serde_json::{Value, json};
use shared::domain::routing::{DecisionRecord, redecide};
use testkit::TestApp;

use crate::world;

/// Leads that qualify at once, without routing them yet: their messages wait on the queue.
async fn ready_leads(app: &TestApp, count: usize) -> Vec<String> {
    world::send(app, &app.tenant().id.clone(), &world::ready(0..count), 50);
    app.deliver("events").await;
    let rows = app.db().await.query("SELECT id::text FROM leads ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn many_routers_at_once_overfill_nobody_and_route_once() {
    let app = TestApp::new().await;
    world::without_slack(&app).await;
    let db = app.db().await;
    db.execute("UPDATE team_members SET capacity = 3", &[]).await.unwrap();
    let room: i64 = db
        .query_one("SELECT sum(capacity)::bigint FROM team_members WHERE active AND role <> 'viewer' AND EXISTS (SELECT FROM team_member_pipelines p WHERE p.member_id = id)", &[])
        .await
        .unwrap()
        .get(0);
    let leads = ready_leads(&app, 20).await;
    assert!(room > 0 && room < 20, "some find an owner, some do not: {room}");
    app.sqs().clear("routing");
    // Every lead several times, in messages that overlap, to four routers.
    for start in 0..leads.len() {
        let some: Vec<&String> = leads.iter().cycle().skip(start).take(7).collect();
        let body = json!({"kind": "leads_changed", "tenant_id": app.tenant().id, "lead_ids": some});
        app.sqs().send("routing", &body.to_string()).unwrap();
    }
    app.set_batch_size("routing", 1);
    app.set_concurrency("routing", 4);
    app.drain().await;
    world::check_invariants(&app).await;
    let count = async |sql: &str| -> i64 { db.query_one(sql, &[]).await.unwrap().get(0) };
    assert_eq!(count("SELECT count(*) FROM deals").await, 20);
    assert_eq!(count("SELECT count(*) FROM deals WHERE owner_id IS NOT NULL").await, room);
    assert_eq!(count("SELECT count(*) FROM tasks WHERE kind = 'assign_owner'").await, 20 - room);
    // The share is even: nobody has two more than another.
    let spread = "SELECT COALESCE(max(n) - min(n), 0) FROM (SELECT count(*) n FROM deals WHERE owner_id IS NOT NULL GROUP BY owner_id) d";
    assert_eq!(count(spread).await, 0);
}

#[tokio::test]
async fn one_stubborn_lead_does_not_hold_up_the_others() {
    let app = TestApp::new().await;
    world::without_slack(&app).await;
    let leads = ready_leads(&app, 3).await;
    app.sqs().clear("routing");
    let db = app.db().await;
    db.batch_execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$",
    )
    .await
    .unwrap();
    let refuse = format!(
        "CREATE TRIGGER refuse BEFORE INSERT ON deals FOR EACH ROW WHEN (NEW.lead_id = '{}') EXECUTE FUNCTION refuse()",
        leads[1]
    );
    db.batch_execute(&refuse).await.unwrap();
    // One batch; together they fail, so each message has its own transaction then.
    for lead in &leads {
        let body = json!({"kind": "leads_changed", "tenant_id": app.tenant().id, "lead_ids": [lead]});
        app.sqs().send("routing", &body.to_string()).unwrap();
    }
    app.deliver("routing").await;
    let dealt = "SELECT array_agg(lead_id::text ORDER BY lead_id) FROM deals";
    let with_deals = async || -> Vec<String> { db.query_one(dealt, &[]).await.unwrap().get(0) };
    assert_eq!(with_deals().await, [leads[0].clone(), leads[2].clone()]);
    assert_eq!(
        app.sqs().depth("routing").visible + app.sqs().depth("routing").hidden,
        1,
        "the stubborn one comes again"
    );
    db.batch_execute("DROP TRIGGER refuse ON deals").await.unwrap();
    app.drain().await;
    assert_eq!(with_deals().await, leads);
    world::check_invariants(&app).await;
}

#[tokio::test]
async fn a_decision_tells_why_and_says_the_same_again() {
    let app = TestApp::new().await;
    ready_leads(&app, 1).await;
    app.drain().await;
    let record: Value = app
        .db()
        .await
        .query_one("SELECT record::text FROM routing_decisions", &[])
        .await
        .map(|row| serde_json::from_str(row.get(0)).unwrap())
        .unwrap();
    assert_eq!(record["outcome"], "routed");
    assert_eq!(record["intent"], "b2b");
    assert!(record["inputs"]["total_score"].as_i64().unwrap() >= 40);
    assert!(record["candidates"].as_array().unwrap().iter().any(|candidate| candidate["verdict"] == "chosen"));
    // Nothing but the record is needed to decide again.
    let recorded: DecisionRecord = serde_json::from_value(record.clone()).unwrap();
    assert_eq!(redecide(&recorded), recorded.outcome);
    assert_eq!(serde_json::to_value(&recorded).unwrap(), record, "the record loses nothing on the way");
    let mut other = recorded.clone();
    other.inputs.config.min_score = 1_000;
    assert_ne!(redecide(&other), recorded.outcome, "it is decided anew, not repeated");
    let messages = app.slack().messages();
    assert!(!messages.is_empty(), "Slack was told");
    let tasks: i64 = app
        .db()
        .await
        .query_one("SELECT count(*) FROM tasks WHERE kind = 'follow_up' AND due_at > now()", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(tasks, 1);
}
