use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, crowd, plan, pointers, refuses_strangers, uses};
use crate::{member, token_of};

const CHANGES: &str = "/api/v1/changes";

async fn ask(app: &TestApp, token: &str, query: &str) -> Value {
    app.get(&format!("{CHANGES}?{query}")).bearer(token).send().await.expect(200).json()
}

fn kinds(answer: &Value) -> Vec<(&str, &str)> {
    let text = |value: &'_ Value| value.as_str().unwrap().to_owned();
    let mut kinds: Vec<(&str, &str)> = answer["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["record_type"].as_str().unwrap(), one["action"].as_str().unwrap()))
        .collect();
    assert!(kinds.iter().all(|(kind, _)| *kind != text(&json!("preferences"))));
    kinds.sort_unstable();
    kinds
}

#[tokio::test]
async fn tells_what_others_have_changed() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let (sam, sophie) = (member(&app, "sam").await, member(&app, "sophie").await);
    let (by_sam, by_sophie) = (token_of(&app, &sam), token_of(&app, &sophie));
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let start = ask(&app, &by_sophie, "").await;
    assert_eq!((&start["changes"], &start["more"], &start["unread"]), (&json!([]), &json!(false), &json!(0)));
    let cursor = start["cursor"].as_str().unwrap().to_owned();
    let since = format!("since={cursor}");

    let lead: Value =
        app.post("/api/v1/leads", &json!({"email": "a@x.example"})).bearer(&by_sam).send().await.expect(201).json();
    let path = format!("/api/v1/leads/{}", lead["id"].as_str().unwrap());
    let changed: Value =
        app.patch(&path, &json!({"owner_id": sophie["id"]})).bearer(&by_sam).send().await.expect(200).json();
    app.patch("/api/v1/preferences", &json!({"theme": "dark"})).bearer(&by_sam).send().await.expect(200);
    let answer = ask(&app, &by_sophie, &since).await;
    assert_eq!(kinds(&answer), [("lead", "create"), ("lead", "update")], "what one has set for oneself is nobody's");
    let newest = &answer["changes"][0];
    assert_eq!((&newest["record_id"], &newest["version"]), (&lead["id"], &changed["version"]));
    assert_eq!(
        (&newest["member_id"], &newest["member_name"], &newest["actor_kind"]),
        (&sam["id"], &json!("sam"), &json!("person"))
    );
    assert_eq!(answer["unread"], 1, "and that it is hers now");

    // What is gone has no version; who may not read deals is not told of them.
    let deal = board.deal(&app, "Auftrag", NEW, 1.0).await;
    app.patch(&format!("/api/v1/deals/{deal}"), &json!({"name": "Großer"})).bearer(&by_sam).send().await.expect(200);
    app.request(Method::DELETE, &path).bearer(&by_sam).send().await.expect(204);
    let answer = ask(&app, &by_sophie, &since).await;
    assert_eq!((&answer["changes"][0]["action"], &answer["changes"][0]["version"]), (&json!("delete"), &json!(null)));
    assert!(kinds(&answer).contains(&("deal", "update")));
    let few = ask(&app, &app.token_with_scopes(&["team:read", "leads:read"]), &since).await;
    assert!(kinds(&few).iter().all(|(kind, _)| *kind == "lead"), "{few}");
    assert_eq!(ask(&app, &by_sophie, "since=2090-01-01T00:00:00Z").await["changes"], json!([]));
    let other = app.new_tenant("other").await;
    let theirs = ask(&app, &other.token("admin"), &since).await;
    assert!(kinds(&theirs).iter().all(|(kind, _)| ["tenant", "member"].contains(kind)), "what it began with: {theirs}");
}

#[tokio::test]
async fn tells_what_the_machine_has_done() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    let token = app.token("sales");
    let since = format!("since={}", ask(&app, &token, "").await["cursor"].as_str().unwrap());
    let event = |kind: &str| json!({"event_type": kind, "source": "portal", "lead_identifier": {"email": "ready@gmx.de"}, "metadata": {"interest": "clinic"}});
    let events: Vec<Value> = ["demo_requested", "form_submitted", "meeting_booked"].map(event).to_vec();
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&app.tenant().api_key("portal")).send().await.expect(202);
    app.drain().await;
    let answer = ask(&app, &token, &since).await;
    assert_eq!(kinds(&answer), [("deal", "create"), ("lead", "create"), ("lead", "route")]);
    for one in answer["changes"].as_array().unwrap() {
        assert_eq!((&one["actor_kind"], &one["member_id"]), (&json!("machine"), &json!(null)));
        assert!(one["version"].as_i64().unwrap() > 0, "{one}");
    }
}

#[tokio::test]
async fn too_much_is_said_and_not_listed() {
    let app = TestApp::new().await;
    let many = "INSERT INTO audit_log (id, tenant_id, at, actor_kind, actor, action, record_type, record_id)
        SELECT gen_random_uuid(), $1, now(), 'api_key', 'x', 'update', 'lead', gen_random_uuid()::text FROM generate_series(1, 201)";
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    app.db().await.execute(many, &[&tenant]).await.unwrap();
    let answer = ask(&app, &app.token("sales"), "since=2026-01-01T00:00:00Z").await;
    assert_eq!((answer["changes"].as_array().unwrap().len(), &answer["more"]), (200, &json!(true)));
}

#[tokio::test]
async fn tells_who_else_looks_at_a_record() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (one, two) = (board.lead(&app).await, board.lead(&app).await);
    let (sam, sophie) = (member(&app, "sam").await, member(&app, "sophie").await);
    let (by_sam, by_sophie) = (token_of(&app, &sam), token_of(&app, &sophie));
    let on = async |token: &str, lead: Uuid| -> Vec<String> {
        let answer = ask(&app, token, &format!("on=lead:{lead}")).await;
        answer["present"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(on(&by_sam, one).await, [""; 0], "nobody is shown themselves");
    assert_eq!(on(&by_sophie, one).await, ["sam"]);
    assert_eq!(on(&by_sam, one).await, ["sophie"]);
    assert_eq!(on(&by_sam, two).await, [""; 0]);
    assert_eq!(on(&by_sophie, one).await, ["sam"], "in another tab");
    let deal = ask(&app, &by_sophie, &format!("on=deal:{one}")).await;
    assert_eq!(deal["present"], json!([]), "another kind of record");
    // Who is no member is not seen, and neither is somebody of another tenant.
    let stranger = app.new_tenant("other").await;
    assert_eq!(on(&app.token("admin"), two).await, ["sam"]);
    assert_eq!(on(&stranger.token("admin"), two).await, [""; 0]);
    let db = app.db().await;
    let count = "SELECT count(*) FROM presences";
    assert_eq!(db.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 3);
    // Half a minute later nobody is there any more, and nothing of it is kept.
    db.execute("UPDATE presences SET seen_at = seen_at - interval '31 seconds'", &[]).await.unwrap();
    assert_eq!(on(&by_sophie, one).await, [""; 0]);
    assert_eq!(on(&by_sam, two).await, [""; 0]);
    assert_eq!(db.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 2);
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    refuses_strangers(&app, Method::GET, CHANGES, None, "team:read").await;
    for query in
        ["on=lead", "on=lead:7", "on=session:0190a000-0000-7000-8000-000000000001", "since=yesterday", "page=2"]
    {
        let refused = app.get(&format!("{CHANGES}?{query}")).bearer(&app.token("sales")).send().await.expect(400);
        assert_eq!(pointers(&refused), [format!("?{}", query.split('=').next().unwrap())]);
    }
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    app.db()
        .await
        .batch_execute(
            "INSERT INTO audit_log (id, tenant_id, at, actor_kind, actor, action, record_type, record_id)
             SELECT gen_random_uuid(), l.tenant_id, l.created_at, 'person', gen_random_uuid()::text, 'update', 'lead', l.id::text
               FROM leads l, generate_series(1, 3);
             INSERT INTO routing_decisions (id, tenant_id, lead_id, decided_at, outcome, decided_by, rule_set_version, record)
             SELECT gen_random_uuid(), l.tenant_id, l.id, l.created_at, 'routed', 'machine', 1, '{}' FROM leads l;
             INSERT INTO presences (tenant_id, member_id, record_type, record_id, seen_at)
             SELECT l.tenant_id, m.id, 'lead', l.id, now() FROM team_members m JOIN leads l ON l.tenant_id = m.tenant_id;
             ANALYZE",
        )
        .await
        .unwrap();
    let (tenant, id) = (format!("'{}'", board.tenant), format!("'{}'", Uuid::now_v7()));
    let values = [tenant.as_str(), "now() - interval '20 seconds'", "'{lead,deal,task}'", "201"];
    let list = plan(&app, board.tenant, &statement("changes.list"), &values).await;
    for index in ["audit_log_at_idx", "routing_decisions_at_idx", "leads_created_at_idx"] {
        uses(&list, index, &["audit_log", "routing_decisions", "leads", "deals", "team_members"]);
    }
    let present = plan(&app, board.tenant, &statement("changes.list_present"), &[&id, "'lead'", "now()"]).await;
    uses(&present, "presences_record_idx", &["presences", "team_members"]);
    let forget = plan(&app, board.tenant, &statement("changes.forget_presence"), &[&id, "now()"]).await;
    uses(&forget, "presences_pkey", &["presences"]);
}
