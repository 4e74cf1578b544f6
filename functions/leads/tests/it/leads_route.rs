use serde_json::{Value, json};
use testkit::app::{Response, TestApp, tenant_input};
use testkit::keys::Token;
use uuid::Uuid;

use crate::support::{anna, create_in, deal, faults, member, path, pipeline, uuid};

async fn route(app: &TestApp, lead: &Value, body: Value) -> Response {
    app.post(&path(lead, "/route"), &body).bearer(&app.token("sales")).send().await
}

async fn count(app: &TestApp, from: &str) -> i64 {
    app.db().await.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_person_decides() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let (b2b, sam) = (pipeline(&app, "b2b").await, member(&app, app.tenant(), "sam").await);
    let caller = member(&app, app.tenant(), "mia").await;
    let token = Token::new(&app.tenant().id).role("manager").claim("sub", json!(caller)).sign();
    let body = json!({"pipeline_id": b2b, "owner_id": sam, "reason": " Telefonat am Montag "});
    let decided: Value = app.post(&path(&lead, "/route"), &body).bearer(&token).send().await.expect(200).json();

    for (field, expected) in [
        ("outcome", json!("manual")),
        ("lead_id", lead["id"].clone()),
        ("pipeline_id", json!(b2b)),
        ("owner_id", json!(sam)),
        ("manual", json!({"decided_by": caller, "pipeline_id": b2b, "owner_id": sam, "reason": "Telefonat am Montag"})),
    ] {
        assert_eq!(decided[field], expected, "{field}");
    }
    let shown: Value = crate::support::get(&app, &path(&lead, "")).await.expect(200).json();
    assert_eq!((&shown["deal_id"], &shown["owner_id"]), (&decided["deal_id"], &json!(sam)));
    let statement = "SELECT d.id, d.pipeline_id, d.owner_id, s.position, d.status, d.origin FROM deals d JOIN stages s ON s.id = d.stage_id";
    let deal = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!(deal.get::<_, Uuid>(0), uuid(&decided["deal_id"]));
    assert_eq!((deal.get::<_, Uuid>(1), deal.get::<_, Uuid>(2), deal.get::<_, i32>(3)), (b2b, sam, 1));
    assert_eq!((deal.get::<_, &str>(4), deal.get::<_, &str>(5)), ("open", "person"));
    let statement = "SELECT kind, owner_id, deal_id, due_at > now() FROM tasks";
    let task = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!((task.get::<_, &str>(0), task.get::<_, Uuid>(1)), ("follow_up", sam));
    assert_eq!((task.get::<_, Uuid>(2), task.get::<_, bool>(3)), (uuid(&decided["deal_id"]), true));
    let statement =
        "SELECT actor_kind, actor, record_id, after FROM audit_log WHERE action = 'route' AND record_type = 'lead'";
    let audit = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!((audit.get::<_, &str>(0), audit.get::<_, &str>(1)), ("person", caller.to_string().as_str()));
    assert_eq!(audit.get::<_, &str>(2), lead["id"].as_str().unwrap());
    assert_eq!(audit.get::<_, Value>(3)["pipeline_id"], json!(b2b));
}

#[tokio::test]
async fn a_deal_goes_along_to_another_pipeline() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let (b2b, research) = (pipeline(&app, "b2b").await, pipeline(&app, "research").await);
    let first: Value = route(&app, &lead, json!({"pipeline_id": b2b})).await.expect(200).json();
    let second: Value = route(&app, &lead, json!({"pipeline_id": research})).await.expect(200).json();
    assert_eq!((&second["deal_id"], &second["pipeline_id"]), (&first["deal_id"], &json!(research)));
    assert_eq!((count(&app, "deals").await, count(&app, "routing_decisions").await), (1, 2));
    let statement = "SELECT pipeline_id, (SELECT pipeline_id FROM leads) FROM deals";
    let row = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!((row.get::<_, Uuid>(0), row.get::<_, Uuid>(1)), (research, research));
}

#[tokio::test]
async fn the_same_pipeline_again_changes_the_owner_and_not_the_stage() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let (b2b, sam) = (pipeline(&app, "b2b").await, member(&app, app.tenant(), "sam").await);
    let first: Value = route(&app, &lead, json!({"pipeline_id": b2b})).await.expect(200).json();
    let deal = uuid(&first["deal_id"]);
    let statement = "SELECT s.id FROM stages s WHERE s.pipeline_id = $1 AND s.position = 2";
    let second: Uuid = app.db().await.query_one(statement, &[&b2b]).await.unwrap().get(0);
    let to = json!({"stage_id": second});
    app.post(&format!("/api/v1/deals/{deal}/move"), &to).bearer(&app.token("sales")).send().await.expect(200);
    let moves = count(&app, "stage_history").await;

    let again: Value = route(&app, &lead, json!({"pipeline_id": b2b, "owner_id": sam})).await.expect(200).json();
    assert_eq!(again["deal_id"], first["deal_id"]);
    let statement =
        "SELECT d.stage_id, d.owner_id, l.stage_id, l.owner_id FROM deals d JOIN leads l ON l.id = d.lead_id";
    let row = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!([0, 1, 2, 3].map(|n| row.get::<_, Uuid>(n)), [second, sam, second, sam]);
    assert_eq!(count(&app, "stage_history").await, moves);
}

#[tokio::test]
async fn an_erased_person_is_not_routed() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    app.db().await.execute("UPDATE leads SET lifecycle = 'anonymized'", &[]).await.unwrap();
    let refused = route(&app, &lead, json!({"pipeline_id": pipeline(&app, "b2b").await})).await.expect(409);
    assert_eq!(refused.problem()["code"], "anonymized");
    let row = app.db().await.query_one("SELECT lifecycle, (SELECT count(*) FROM deals) FROM leads", &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("anonymized", 0));
}

#[tokio::test]
async fn a_lead_whose_deal_is_closed_gets_a_new_one() {
    for (status, lifecycle, stays) in [("won", "customer", "customer"), ("lost", "lost", "routed")] {
        let app = TestApp::new().await;
        let lead = anna(&app).await;
        let closed = deal(&app, &lead, "b2b", status).await;
        let db = app.db().await;
        db.execute("UPDATE leads SET lifecycle = $1", &[&lifecycle]).await.unwrap();
        let before: String = db.query_one("SELECT d::text FROM deals d", &[]).await.unwrap().get(0);
        let (research, sam) = (pipeline(&app, "research").await, member(&app, app.tenant(), "sam").await);

        let body = json!({"pipeline_id": research, "owner_id": sam, "reason": "Neue Anfrage"});
        let decided: Value = route(&app, &lead, body).await.expect(200).json();

        let new = uuid(&decided["deal_id"]);
        assert_ne!(new, closed, "{status}");
        let statement = "SELECT d::text FROM deals d WHERE id = $1";
        let after: String = db.query_one(statement, &[&closed]).await.unwrap().get(0);
        assert_eq!(after, before, "a deal that was {status} is history");
        let statement = "SELECT d.pipeline_id, d.owner_id, d.status, d.origin, s.position, d.lead_id
              FROM deals d JOIN stages s ON s.id = d.stage_id WHERE d.id = $1";
        let row = db.query_one(statement, &[&new]).await.unwrap();
        assert_eq!(
            (row.get::<_, Uuid>(0), row.get::<_, Uuid>(1), row.get::<_, Uuid>(5)),
            (research, sam, uuid(&lead["id"]))
        );
        assert_eq!((row.get::<_, &str>(2), row.get::<_, &str>(3), row.get::<_, i32>(4)), ("open", "person", 1));
        let shown: Value = crate::support::get(&app, &path(&lead, "")).await.expect(200).json();
        assert_eq!((&shown["deal_id"], &shown["pipeline_id"]), (&decided["deal_id"], &json!(research)));
        assert_eq!(shown["status"], stays, "after a deal that was {status}");
        assert_eq!(count(&app, &format!("stage_history WHERE deal_id = '{new}'")).await, 1);
        assert_eq!(count(&app, &format!("tasks WHERE deal_id = '{new}' AND status = 'open'")).await, 1);

        // Back to the pool, the new one ends; the closed one stays as it was.
        route(&app, &lead, json!({"pipeline_id": null, "reason": "Doch nicht"})).await.expect(200);
        let after: String = db.query_one("SELECT d::text FROM deals d WHERE id = $1", &[&closed]).await.unwrap().get(0);
        assert_eq!((after, count(&app, "deals WHERE status = 'open'").await), (before, 0));
    }
}

#[tokio::test]
async fn a_closed_deal_stays_closed_when_its_lead_goes_back_to_the_pool() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    deal(&app, &lead, "b2b", "won").await;
    let db = app.db().await;
    db.execute("UPDATE leads SET lifecycle = 'customer'", &[]).await.unwrap();
    let statement = "SELECT d::text FROM deals d";
    let before: String = db.query_one(statement, &[]).await.unwrap().get(0);
    route(&app, &lead, json!({"pipeline_id": null, "reason": "Umzug"})).await.expect(200);
    assert_eq!(db.query_one(statement, &[]).await.unwrap().get::<_, String>(0), before);
    let shown: Value = crate::support::get(&app, &path(&lead, "")).await.expect(200).json();
    assert_eq!((&shown["status"], &shown["deal_id"]), (&json!("customer"), &json!(null)));
}

#[tokio::test]
async fn a_person_may_exceed_a_capacity() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let sam = member(&app, app.tenant(), "sam").await;
    app.db().await.execute("UPDATE team_members SET capacity = 0", &[]).await.unwrap();
    let body = json!({"pipeline_id": pipeline(&app, "b2b").await, "owner_id": sam});
    let decided: Value = route(&app, &lead, body).await.expect(200).json();
    assert_eq!(decided["owner_id"], json!(sam));
}

#[tokio::test]
async fn back_in_the_pool_the_machine_leaves_it_alone() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let b2b = pipeline(&app, "b2b").await;
    route(&app, &lead, json!({"pipeline_id": b2b})).await.expect(200);
    let back: Value =
        route(&app, &lead, json!({"pipeline_id": null, "reason": "Kein Bedarf"})).await.expect(200).json();
    assert_eq!(
        (&back["outcome"], &back["pipeline_id"], &back["deal_id"]),
        (&json!("manual"), &json!(null), &json!(null))
    );
    assert_eq!(back["manual"]["reason"], "Kein Bedarf");
    let statement =
        "SELECT pipeline_id, deal_id, owner_id, (SELECT status || ':' || lost_reason FROM deals) FROM leads";
    let row = app.db().await.query_one(statement, &[]).await.unwrap();
    assert!((0..3).all(|n| row.get::<_, Option<Uuid>>(n).is_none()), "{row:?}");
    assert_eq!(row.get::<_, &str>(3), "lost:Kein Bedarf");
    // As closing it would have done: it stands in the lost stage, and its history says how it came there.
    let statement = "SELECT s.lost, h.reason FROM deals d JOIN stages s ON s.id = d.stage_id
        JOIN stage_history h ON h.deal_id = d.id AND h.to_stage_id = d.stage_id";
    let row = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, &str>(1)), (true, "Kein Bedarf"));

    // Everything that makes a lead ready happens now.
    app.slack().set_burst(100);
    let events: Vec<Value> = ["demo_requested", "form_submitted", "meeting_booked"]
        .map(|event_type| {
            json!({"event_type": event_type, "source": "portal", "lead_identifier": {"email": "anna@beispiel.de"},
                   "metadata": {"interest": "clinic"}})
        })
        .to_vec();
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.drain().await;
    let machine = app.post(&format!("/api/v1/routing/evaluate/{}", lead["id"].as_str().unwrap()), &json!({}));
    let machine: Value = machine.bearer(&app.token("admin")).send().await.expect(200).json();
    assert_eq!((&machine["outcome"], &machine["missing"]["blocked"]), (&json!("pending"), &json!("returned")));
    let told = machine["explanation"]["de"].as_str().unwrap();
    assert!(told.contains("zurückgelegt") && !told.contains("einer Pipeline zugeordnet"), "{told}");
    let pool: Value = crate::support::get(&app, "/api/v1/leads/unrouted").await.expect(200).json();
    assert_eq!(pool["data"][0]["missing"]["blocked"], "returned", "the pool says the same as the router");
    assert_eq!((count(&app, "deals").await, count(&app, "leads WHERE pipeline_id IS NOT NULL").await), (1, 0));

    // A person may take it out again.
    let again: Value = route(&app, &lead, json!({"pipeline_id": b2b})).await.expect(200).json();
    assert!(again["deal_id"].is_string());
    assert_eq!(count(&app, "deals WHERE status = 'open'").await, 1);
}

#[tokio::test]
async fn every_fault_of_a_body() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let (b2b, sam) = (pipeline(&app, "b2b").await, member(&app, app.tenant(), "sam").await);
    let away = member(&app, app.tenant(), "sophie").await;
    app.db().await.execute("UPDATE team_members SET active = false WHERE id = $1", &[&away]).await.unwrap();
    let stranger = app.new_tenant("stranger").await;
    let theirs = member(&app, &stranger, "sam").await;
    let statement = "SELECT id FROM pipelines WHERE tenant_id = $1 LIMIT 1";
    let foreign: Uuid =
        app.db().await.query_one(statement, &[&stranger.id.parse::<Uuid>().unwrap()]).await.unwrap().get(0);
    let nobody = Uuid::now_v7();
    let long = "x".repeat(1001);
    let cases: Vec<(Value, &[(&str, &str)])> = vec![
        (json!({"pipeline_id": b2b, "colour": "red"}), &[("/colour", "unknown_field")]),
        (json!({}), &[("/pipeline_id", "required")]),
        (json!({"pipeline_id": nobody}), &[("/pipeline_id", "unknown_value")]),
        (json!({"pipeline_id": foreign}), &[("/pipeline_id", "unknown_value")]),
        (json!({"pipeline_id": b2b, "owner_id": nobody}), &[("/owner_id", "unknown_value")]),
        (json!({"pipeline_id": b2b, "owner_id": theirs}), &[("/owner_id", "unknown_value")]),
        (json!({"pipeline_id": b2b, "owner_id": away}), &[("/owner_id", "unknown_value")]),
        (json!({"pipeline_id": b2b, "reason": "  "}), &[("/reason", "empty")]),
        (json!({"pipeline_id": b2b, "reason": long}), &[("/reason", "too_long")]),
        (json!({"pipeline_id": null}), &[("/reason", "required")]),
        (json!({"pipeline_id": null, "owner_id": sam}), &[("/owner_id", "not_allowed"), ("/reason", "required")]),
    ];
    for (body, expected) in cases {
        let refused = route(&app, &lead, body.clone()).await.expect(400);
        let mut found = faults(&refused);
        found.sort_unstable();
        let expected: Vec<_> = expected.iter().map(|(p, c)| ((*p).to_owned(), (*c).to_owned())).collect();
        assert_eq!(found, expected, "{body}");
    }
    for body in
        [json!({"pipeline_id": "b2b"}), json!({"pipeline_id": 7}), json!({"pipeline_id": b2b, "owner_id": "sam"})]
    {
        let refused = route(&app, &lead, body.clone()).await.expect(400);
        assert_eq!(faults(&refused).len(), 1, "{body}");
    }
    assert_eq!((count(&app, "deals").await, count(&app, "routing_decisions").await), (0, 0));
}

#[tokio::test]
async fn refuses_strangers_and_unknown_leads() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let body = json!({"pipeline_id": pipeline(&app, "b2b").await});
    let path = path(&lead, "/route");
    app.post(&path, &body).send().await.expect(401).problem();
    app.post(&path, &body).bearer(&app.token("viewer")).send().await.expect(403).problem();
    app.post(&path, &body).bearer(&app.token_with_scopes(&["leads:read"])).send().await.expect(403).problem();
    let token = app.token("sales");
    for unknown in [Uuid::now_v7().to_string(), "7".to_owned()] {
        app.post(&format!("/api/v1/leads/{unknown}/route"), &body).bearer(&token).send().await.expect(404).problem();
    }
    let stranger = app.new_tenant("stranger").await;
    app.post(&path, &body).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    assert_eq!(count(&app, "deals").await, 0);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let (b2b, research) = (pipeline(&app, "b2b").await, pipeline(&app, "research").await);
    let token = app.token("sales");
    let send = |pipeline: Uuid| {
        let request = app.post(&path(&lead, "/route"), &json!({"pipeline_id": pipeline}));
        request.bearer(&token).header("idempotency-key", "once").send()
    };
    let first = send(b2b).await.expect(200);
    let again = send(b2b).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json::<Value>(), first.json::<Value>());
    assert_eq!(send(research).await.expect(409).problem()["code"], "idempotency_key_reused");
    assert_eq!((count(&app, "routing_decisions").await, count(&app, "tasks").await), (1, 1));
    assert_eq!(count(&app, "audit_log WHERE action = 'route'").await, 1);
}

#[tokio::test]
async fn a_machine_with_a_key_is_no_member() {
    let app = TestApp::new().await;
    let mut input = tenant_input("keyed");
    input["api_keys"][0]["scopes"] = json!(["events:write", "leads:read", "leads:write"]);
    let tenant = app.create_tenant(input).await;
    let lead = create_in(&app, &tenant, &json!({"email": "anna@beispiel.de"})).await;
    let statement = "SELECT id FROM pipelines WHERE tenant_id = $1 AND intent = 'b2b'";
    let b2b: Uuid = app.db().await.query_one(statement, &[&tenant.id.parse::<Uuid>().unwrap()]).await.unwrap().get(0);
    let request = app.post(&path(&lead, "/route"), &json!({"pipeline_id": b2b}));
    let decided: Value = request.api_key(&tenant.api_key("portal")).send().await.expect(200).json();
    assert_eq!((&decided["outcome"], &decided["manual"]["decided_by"]), (&json!("manual"), &json!(null)));
    let statement = "SELECT a.actor_kind, a.actor = k.id::text, d.decided_by = k.id::text
        FROM audit_log a, api_keys k, routing_decisions d WHERE a.action = 'route' AND k.tenant_id = a.tenant_id AND k.source = 'portal'";
    let audit = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!((audit.get::<_, &str>(0), audit.get::<_, bool>(1), audit.get::<_, bool>(2)), ("api_key", true, true));
}
