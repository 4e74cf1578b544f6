use serde_json::{Value, json};
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{pointers, refuses_strangers};

fn path(lead: impl std::fmt::Display) -> String {
    format!("/api/v1/routing/evaluate/{lead}")
}

/// A lead that did these things, which the router has not been told of.
async fn lead(app: &TestApp, happened: &[&str], interest: &str) -> Uuid {
    let email = format!("{}@gmx.de", Uuid::now_v7());
    let event = |event_type: &&str| json!({"event_type": event_type, "source": "portal", "lead_identifier": {"email": email}, "metadata": {"interest": interest}});
    let events: Vec<Value> = happened.iter().map(event).collect();
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.deliver("events").await;
    app.sqs().clear("routing");
    // Only the alert of a hot lead is left. What comes later at the same place waits for it.
    app.drain().await;
    app.db().await.query_one("SELECT id FROM leads WHERE email = $1", &[&email]).await.unwrap().get(0)
}

const READY: [&str; 3] = ["demo_requested", "form_submitted", "meeting_booked"];

async fn evaluate(app: &TestApp, lead: Uuid) -> Value {
    app.request(Method::POST, &path(lead)).bearer(&app.token("manager")).send().await.expect(200).json()
}

async fn count(app: &TestApp, from: &str) -> i64 {
    app.db().await.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_lead_that_is_ready_is_routed_once() {
    let app = TestApp::new().await;
    let id = lead(&app, &READY, "clinic").await;

    let first = evaluate(&app, id).await;

    assert_eq!((&first["outcome"], &first["lead_id"]), (&json!("routed"), &json!(id)));
    assert!(first["id"].is_string() && first["deal_id"].is_string() && first["owner_id"].is_string(), "{first}");
    assert_eq!((&first["missing"], &first["manual"]), (&json!(null), &json!(null)));
    assert!(first["explanation"]["de"].is_string() && first["explanation"]["en"].is_string());
    let statement = "SELECT l.lifecycle, l.deal_id::text, l.owner_id::text, p.slug, d.origin
        FROM leads l JOIN deals d ON d.id = l.deal_id JOIN pipelines p ON p.id = l.pipeline_id AND p.id = d.pipeline_id";
    let row = app.db().await.query_one(statement, &[]).await.unwrap();
    let shown: Vec<&str> = (0..5).map(|n| row.get(n)).collect();
    let (deal, owner) = (first["deal_id"].as_str().unwrap(), first["owner_id"].as_str().unwrap());
    assert_eq!(shown, ["routed", deal, owner, "b2b-lab-enablement", "routing"]);
    assert_eq!(count(&app, "tasks WHERE kind = 'follow_up' AND status = 'open'").await, 1);
    let statement = "SELECT actor_kind, record_id, after ->> 'outcome', after ->> 'decision_id' FROM audit_log WHERE action = 'evaluate'";
    let audit = app.db().await.query_one(statement, &[]).await.unwrap();
    let noted: Vec<&str> = (0..4).map(|n| audit.get(n)).collect();
    assert_eq!(noted, ["person", &id.to_string(), "routed", first["id"].as_str().unwrap()]);

    let second = evaluate(&app, id).await;

    assert_eq!((&second["outcome"], &second["id"]), (&json!("pending"), &json!(null)));
    assert_eq!(second["missing"]["blocked"], "already_routed");
    assert_eq!(count(&app, "deals").await, 1);
    assert_eq!(count(&app, "routing_decisions").await, 1);
    assert_eq!(count(&app, "audit_log WHERE action = 'evaluate'").await, 1, "what changes nothing is not noted");
    // The team is told, once.
    app.drain().await;
    assert_eq!(count(&app, "effects WHERE cause LIKE 'decision:%' AND status = 'done'").await, 1);
}

#[tokio::test]
async fn a_lead_that_is_not_ready_learns_what_is_missing() {
    let app = TestApp::new().await;
    let id = lead(&app, &["webinar_attended"], "").await;
    let answer = evaluate(&app, id).await;
    assert_eq!(
        (&answer["outcome"], &answer["id"], &answer["deal_id"]),
        (&json!("pending"), &json!(null), &json!(null))
    );
    assert_eq!((&answer["missing"]["score"], &answer["inputs"]["total_score"]), (&json!(25), &json!(15)));
    assert!(answer["missing"]["confidence"].is_object(), "{answer}");
    let rows = "routing_decisions";
    assert_eq!((count(&app, rows).await, count(&app, "audit_log WHERE action = 'evaluate'").await), (0, 0));
    let lifecycle = app.db().await.query_one("SELECT lifecycle FROM leads", &[]).await.unwrap();
    assert_eq!(lifecycle.get::<_, Option<&str>>(0), None);
}

#[tokio::test]
async fn a_lead_that_must_not_be_contacted_is_left_alone() {
    let app = TestApp::new().await;
    let id = lead(&app, &READY, "clinic").await;
    app.db().await.execute("UPDATE leads SET suppressed = true", &[]).await.unwrap();
    let answer = evaluate(&app, id).await;
    assert_eq!((&answer["outcome"], &answer["missing"]["blocked"]), (&json!("pending"), &json!("suppressed")));
    assert_eq!(count(&app, "deals").await, 0);
}

#[tokio::test]
async fn what_has_expired_since_the_last_event_does_not_count() {
    let app = TestApp::new().await;
    let id = lead(&app, &READY, "clinic").await;
    let past = "UPDATE score_history SET expires_at = now() - interval '1 hour' WHERE points >= 15";
    assert!(app.db().await.execute(past, &[]).await.unwrap() >= 3);
    app.db().await.execute("UPDATE lead_standings SET next_expiry_at = now() - interval '1 hour'", &[]).await.unwrap();
    let answer = evaluate(&app, id).await;
    assert_eq!((&answer["outcome"], &answer["inputs"]["total_score"]), (&json!("pending"), &json!(0)));
    assert_eq!(count(&app, "lead_standings WHERE total_score = 0").await, 1, "the standing follows");
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer() {
    let app = TestApp::new().await;
    let (id, other) = (lead(&app, &READY, "clinic").await, lead(&app, &READY, "clinic").await);
    let token = app.token("manager");
    let send = |id| app.request(Method::POST, &path(id)).bearer(&token).header("idempotency-key", "once").send();
    let first = send(id).await.expect(200);
    let again = send(id).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json::<Value>(), first.json::<Value>());
    assert_eq!(first.json::<Value>()["outcome"], "routed");
    assert_eq!(send(other).await.expect(409).problem()["code"], "idempotency_key_reused");
    assert_eq!(count(&app, "deals").await, 1);
    app.drain().await;
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let id = lead(&app, &READY, "clinic").await;
    let token = app.token("manager");
    refuses_strangers(&app, Method::POST, &path(id), None, "routing:write").await;
    app.request(Method::POST, &path(id)).bearer(&app.token("sales")).send().await.expect(403).problem();
    for unknown in [Uuid::now_v7().to_string(), "7".to_owned()] {
        app.request(Method::POST, &path(unknown)).bearer(&token).send().await.expect(404).problem();
    }
    let stranger = app.new_tenant("stranger").await;
    app.request(Method::POST, &path(id)).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    let query = app.request(Method::POST, &format!("{}?deep=1", path(id))).bearer(&token).send().await.expect(400);
    assert_eq!(pointers(&query), ["?deep"]);
    for body in [json!({"force": true}), json!([1]), json!("now")] {
        app.post(&path(id), &body).bearer(&token).send().await.expect(400).problem();
    }
    assert_eq!(
        (count(&app, "deals").await, count(&app, "routing_decisions").await),
        (0, 0),
        "nothing of this routed it"
    );
}
