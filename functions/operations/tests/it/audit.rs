//! Every write leaves its lines in the audit log, and so does what it changes beside the record it is about. Each endpoint that writes
//! is called once; whatever record is another afterwards must have a line of its own. A new endpoint needs a line in [`prepared`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::app::{Endpoint, TestApp};
use testkit::keys::Token;
use testkit::sales::{Board, LOST, NEW, QUALIFIED, member, organization};
use testkit::{Method, Tenant};
use uuid::Uuid;

/// Tables of records, what the audit log calls them, and columns that are no facts about the record: the machine's notes for itself, and
/// what renumbering a board moves.
const RECORDS: [(&str, &str, &[&str]); 12] = [
    ("leads", "lead", &[]),
    ("deals", "deal", &["position"]),
    ("tasks", "task", &["scheduled_at", "reminded_at"]),
    ("team_members", "member", &["last_assigned_at"]),
    ("organizations", "organization", &[]),
    ("pipelines", "pipeline", &[]),
    ("stages", "stage", &[]),
    ("scoring_rules", "scoring_rule", &[]),
    ("intent_rules", "intent_rule", &[]),
    ("saved_views", "saved_view", &[]),
    ("member_preferences", "preferences", &[]),
    // Which rules are published, the versions themselves say.
    ("tenants", "tenant", &["rule_set_version"]),
];

/// Tables with a version that are none: each publication of the rules is a row nobody changes, and the engine's settings have no
/// endpoint yet.
const NO_RECORDS: [&str; 2] = ["rule_set_versions", "engine_settings"];

/// What takes events and webhooks in writes no record; signing in is noted as what happened to a session (see the tests of `auth`); what
/// somebody has read is nobody's record.
const NO_WRITES: [&str; 11] = [
    "events-ingest",
    "events-webhook",
    "webhooks-lemlist",
    "webhooks-website",
    "auth-accept-invite",
    "auth-forgot",
    "auth-reset",
    "auth-login",
    "auth-refresh",
    "auth-logout",
    "notifications-read",
];

/// One and the same member in every call: who is none has no preferences to change, and only who changed many records undoes it.
async fn admin(app: &TestApp) -> String {
    let ada = member(app, app.tenant(), "ada").await;
    Token::new(&app.tenant().id).role("admin").claim("sub", json!(ada)).sign()
}

/// Every record by kind and id, as it is.
type Records = BTreeMap<(String, String), Value>;

async fn records(app: &TestApp) -> Records {
    let db = app.db().await;
    let mut found = Records::new();
    for (table, kind, notes) in RECORDS {
        let statement = format!("SELECT t.id::text, to_jsonb(t) - $1::text[] FROM {table} t");
        let rows = db.query(&statement, &[&notes]).await.unwrap();
        found.extend(rows.iter().map(|row| ((kind.to_owned(), row.get(0)), row.get(1))));
    }
    found
}

/// What the audit log says of the calls so far: kind and id, with before and after.
async fn lines(app: &TestApp) -> Vec<((String, String), Option<Value>, Option<Value>)> {
    let statement = "SELECT record_type, record_id, before, after FROM audit_log ORDER BY at, id";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2), row.get(3))).collect()
}

/// What there is to write about.
struct World {
    board: Board,
    other: Board,
    owner: Uuid,
    company: Uuid,
}

impl World {
    async fn new(app: &TestApp) -> Self {
        let tenant: &Tenant = app.tenant();
        Self {
            board: Board::of(app, tenant, "b2b-lab-enablement").await,
            other: Board::of(app, tenant, "discovery").await,
            owner: member(app, tenant, "sam").await,
            company: organization(app, tenant, "Beispiel GmbH").await,
        }
    }

    /// A lead with a deal in the stage and a task about both.
    async fn lead(&self, app: &TestApp, stage: usize) -> (Uuid, Uuid, Uuid) {
        let lead = self.board.lead(app).await;
        let deal = self.board.deal_of(app, lead, "Deal", stage, 1.0).await;
        (lead, deal, self.task(app, lead, deal, "decision:x").await)
    }

    /// A view of the whole team.
    async fn view(&self, app: &TestApp) -> Uuid {
        let body = json!({"list": "leads", "name": Uuid::now_v7(), "shared": true});
        let made = app.post("/api/v1/saved-views", &body).bearer(&app.token("admin")).send().await.expect(201);
        made.json::<Value>()["id"].as_str().unwrap().parse().unwrap()
    }

    async fn task(&self, app: &TestApp, lead: Uuid, deal: Uuid, cause: &str) -> Uuid {
        let id = Uuid::now_v7();
        let statement =
            "INSERT INTO tasks (id, tenant_id, title, kind, lead_id, deal_id, cause, created_at, updated_at)
            VALUES ($1, $2, 'T', 'call', $3, $4, $5 || $1::uuid::text, now(), now())";
        app.db().await.execute(statement, &[&id, &self.board.tenant, &lead, &deal, &cause]).await.unwrap();
        id
    }
}

/// Prepares a call of an endpoint that writes, with everything beside the record that it may change: the record's id and the body.
async fn prepared(app: &TestApp, world: &World, function: &str) -> (Uuid, Value) {
    let nobody = Uuid::nil();
    match function {
        "leads-create" => (nobody, json!({"email": "new@x.example"})),
        "leads-update" => (world.lead(app, NEW).await.0, json!({"first_name": "Anna"})),
        "leads-delete" => {
            let (lead, deal, _) = world.lead(app, LOST).await;
            let kept = world.board.deal_of(app, lead, "Kept", LOST, 2.0).await;
            let db = app.db().await;
            db.execute("UPDATE deals SET status = 'lost', closed_at = now() WHERE id = ANY ($1)", &[&vec![deal, kept]])
                .await
                .unwrap();
            db.execute("UPDATE deals SET company_id = $2 WHERE id = $1", &[&kept, &world.company]).await.unwrap();
            (lead, Value::Null)
        }
        "leads-route" => {
            let body = json!({"pipeline_id": world.other.pipeline, "owner_id": world.owner, "reason": "better there"});
            (world.lead(app, NEW).await.0, body)
        }
        "deals-create" => {
            let (lead, deal, _) = world.lead(app, LOST).await;
            // A lead whose only deal is lost is a routed one again.
            let db = app.db().await;
            db.execute("UPDATE deals SET status = 'lost', closed_at = now() WHERE id = $1", &[&deal]).await.unwrap();
            db.execute("UPDATE leads SET lifecycle = 'lost' WHERE id = $1", &[&lead]).await.unwrap();
            (nobody, json!({"name": "Next", "lead_id": lead, "pipeline_id": world.board.pipeline}))
        }
        "deals-move" => (world.lead(app, NEW).await.1, json!({"stage_id": world.board.stages[QUALIFIED]})),
        "deals-close" => (world.lead(app, NEW).await.1, json!({"outcome": "lost", "reason": "too dear"})),
        "deals-set-lead" => {
            let deal = world.lead(app, NEW).await.1;
            (deal, json!({"lead_id": world.board.lead(app).await}))
        }
        "deals-update" => (world.lead(app, NEW).await.1, json!({"name": "Another"})),
        "stages-update" => (world.board.stages[NEW], json!({"name": "Neu"})),
        "auth-invite" => {
            let body = json!({"email": "invited@x.example", "name": "Neu", "role": "sales"});
            let made = app.post("/api/v1/team", &body).bearer(&admin(app).await).send().await.expect(201);
            (nobody, json!({"member_id": made.json::<Value>()["id"]}))
        }
        "leads-bulk-update" => {
            let body = json!({"ids": [world.lead(app, NEW).await.0], "change": {"add_tags": ["new"]}});
            (nobody, body)
        }
        "deals-bulk-update" => {
            let (one, other) = (world.lead(app, NEW).await.1, world.lead(app, QUALIFIED).await.1);
            (nobody, json!({"ids": [one, other], "change": {"close": {"outcome": "lost", "reason": "too dear"}}}))
        }
        "tasks-bulk-update" => (nobody, json!({"ids": [world.lead(app, NEW).await.2], "change": {"status": "done"}})),
        "bulk-undo" => {
            let (one, other) = (world.lead(app, NEW).await.1, world.lead(app, NEW).await.1);
            let body = json!({"ids": [one, other], "change": {"close": {"outcome": "won"}}});
            let done = app.post("/api/v1/deals/bulk-update", &body).bearer(&admin(app).await).send().await;
            (nobody, json!({"token": done.expect(200).json::<Value>()["undo"]["token"]}))
        }
        "tasks-create" => (nobody, json!({"title": "Call", "lead_id": world.lead(app, NEW).await.0})),
        "tasks-update" => (world.lead(app, NEW).await.2, json!({"status": "cancelled"})),
        "tasks-complete" => (world.lead(app, NEW).await.2, json!({})),
        "team-create" => (nobody, json!({"email": "neu@x.example", "name": "Neu", "role": "sales"})),
        "team-update" => (world.owner, json!({"name": "Samuel"})),
        "scoring-rules-create" => {
            let condition = json!({"field": "event_type", "op": "eq", "value": "content_downloaded"});
            let rule = json!({"slug": "whitepaper", "name": "Whitepaper", "rule_type": "event", "category": "behavior",
                "conditions": {"all": [condition]}, "points": 12, "max_per_day": 1});
            (nobody, rule)
        }
        "saved-views-create" => (nobody, json!({"list": "leads", "name": "Mine"})),
        "saved-views-update" => (world.view(app).await, json!({"name": "Another"})),
        "saved-views-delete" => (world.view(app).await, Value::Null),
        "preferences-update" => (nobody, json!({"theme": "dark", "language": "en"})),
        "settings-update" => (nobody, json!({"name": "Renamed", "stuck_after_days": 30})),
        "scoring-recalculate" => (world.lead(app, NEW).await.0, Value::Null),
        "routing-evaluate" => {
            let events: Vec<Value> = ["demo_requested", "form_submitted", "meeting_booked"]
                .iter()
                .map(|kind| json!({"event_type": kind, "source": "portal", "lead_identifier": {"email": "ready@gmx.de"}, "metadata": {"interest": "clinic"}}))
                .collect();
            app.post("/api/v1/events/ingest", &json!(events))
                .api_key(&app.tenant().api_key("portal"))
                .send()
                .await
                .expect(202);
            app.deliver("events").await;
            app.sqs().clear("routing");
            let row = app.db().await.query_one("SELECT id FROM leads WHERE email = 'ready@gmx.de'", &[]).await.unwrap();
            // The machine's part comes before the picture of what was there.
            (row.get(0), Value::Null)
        }
        "inbox-replay" => {
            let id = Uuid::now_v7();
            let statement = "INSERT INTO inbox (id, tenant_id, kind, source, queue, reason, detail, body, received_at)
                VALUES ($1, $2, 'dead_letter', 'partner', 'routing', 'gave_up', 'why', '{}', now())";
            app.db().await.execute(statement, &[&id, &world.board.tenant]).await.unwrap();
            (nobody, json!({"ids": [id]}))
        }
        other => panic!("{other} writes: call it here, and see that it notes what it changes"),
    }
}

#[tokio::test]
async fn every_write_and_what_it_changes_beside_is_noted() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let world = World::new(&app).await;
    let mut seen = BTreeSet::new();
    for endpoint in app.endpoints().into_iter().filter(|one| one.method != Method::GET && one.method != Method::HEAD) {
        let function = endpoint.function.as_str();
        if NO_WRITES.contains(&function) || !seen.insert(function.to_owned()) {
            continue;
        }
        let (id, body) = prepared(&app, &world, function).await;
        let query = if function == "leads-delete" { "?with_deals=true" } else { "" };
        notes_everything(&app, &endpoint, id, query, &body).await;
    }
    assert!(seen.len() > 15, "{seen:?}");
}

/// Calls an endpoint, and sees that every record that is another afterwards has its line. Answers with how many are.
async fn notes_everything(app: &TestApp, endpoint: &Endpoint, id: Uuid, query: &str, body: &Value) -> usize {
    let function = endpoint.function.as_str();
    let (before, lines_before) = (records(app).await, lines(app).await.len());

    let path = format!("{}{query}", endpoint.at(&id.to_string()));
    let request = app.request(endpoint.method.clone(), &path).bearer(&admin(app).await);
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = request.send().await;

    assert!(answer.status < 300, "{function}: {}", String::from_utf8_lossy(&answer.body));
    let (after, lines) = (records(app).await, lines(app).await);
    let written = &lines[lines_before..];
    assert!(!written.is_empty(), "{function} wrote nothing into the audit log");
    let all: BTreeSet<&(String, String)> = before.keys().chain(after.keys()).collect();
    let changed: Vec<_> = all.into_iter().filter(|record| before.get(*record) != after.get(*record)).collect();
    for record in &changed {
        let (was, is) = (before.get(*record), after.get(*record));
        let line = written.iter().find(|(noted, ..)| noted == *record);
        let Some((_, noted_before, noted_after)) = line else {
            panic!("{function} changed {record:?} without a line: {was:?} became {is:?}");
        };
        assert_eq!(noted_before.is_some(), was.is_some(), "{function}: what {record:?} was");
        assert_eq!(noted_after.is_some(), is.is_some(), "{function}: what {record:?} is");
    }
    changed.len()
}

/// Whoever leaves gives away what is still to be done: each lead, deal and task that goes to another has a line of its own.
#[tokio::test]
async fn handing_over_notes_every_record_that_goes_to_another() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let (lead, deal, task) = world.lead(&app, NEW).await;
    let db = app.db().await;
    for (table, id) in [("leads", lead), ("deals", deal), ("tasks", task)] {
        let statement = format!("UPDATE {table} SET owner_id = $2 WHERE id = $1");
        db.execute(&statement, &[&id, &world.owner]).await.unwrap();
    }
    let heir = member(&app, app.tenant(), "sophie").await;
    let update = app.endpoints().into_iter().find(|endpoint| endpoint.function == "team-update").unwrap();

    let query = format!("?hand_over_to={heir}");
    let changed = notes_everything(&app, &update, world.owner, &query, &json!({"active": false})).await;

    assert_eq!(changed, 4, "the member, and a lead, a deal and a task of theirs");
}

/// `tenant-create` has no route; what a deployment tells it is noted all the same, and nothing that is secret with it.
#[tokio::test]
async fn making_and_describing_a_tenant_is_noted() {
    const KEY: &str = "0f9c1e5d7b3a48266f0e9d8c7b6a5f41";
    let app = TestApp::bare().await;
    let described = |name: &str, role: &str, key: Option<&str>| {
        let keys: Vec<Value> = key
            .iter()
            .map(|key| json!({"source": "portal", "name": "Portal", "key": key, "scopes": ["leads:read"]}))
            .collect();
        json!({"slug": "noted", "name": name, "api_keys": keys, "webhook_sources": [{"source": "website"}],
            "members": [{"email": "A@x.example", "name": "A", "role": role, "password": "correct horse battery"},
                        {"email": "b@x.example", "name": "B", "role": "sales", "pipelines": ["*"]}]})
    };
    app.invoke("tenant-create", described("Noted", "admin", Some(KEY))).await.unwrap();
    let first = lines(&app).await;
    let kinds: Vec<&str> = first.iter().map(|((kind, _), ..)| kind.as_str()).collect();
    assert_eq!(kinds, ["tenant", "member", "member"], "{first:?}");
    assert!(first.iter().all(|(_, before, after)| before.is_none() && after.is_some()), "{first:?}");
    let tenant = first[0].2.as_ref().unwrap();
    assert_eq!((&tenant["name"], &tenant["api_keys"][0]["name"]), (&json!("Noted"), &json!("Portal")));
    let all = format!("{first:?}");
    assert!(!all.contains(KEY) && !all.contains("battery") && !all.contains("token"), "{all}");

    app.invoke("tenant-create", described("Renamed", "manager", None)).await.unwrap();
    let again = &lines(&app).await[first.len()..];
    assert_eq!(again.len(), 2, "one of the members is who they were: {again:?}");
    let (tenant, member) = (&again[0], &again[1]);
    let of = |side: &Option<Value>, field: &str| side.as_ref().unwrap()[field].clone();
    assert_eq!((of(&tenant.1, "name"), of(&tenant.2, "name")), (json!("Noted"), json!("Renamed")));
    assert_eq!((of(&member.1, "role"), of(&member.2, "role")), (json!("admin"), json!("manager")));
    assert_eq!(member.0, first.iter().find(|line| line.2.as_ref().unwrap()["name"] == "A").unwrap().0);
}

#[tokio::test]
async fn every_table_with_a_version_is_looked_at() {
    let app = TestApp::new().await;
    let statement = "SELECT table_name::text FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'version' AND table_name <> 'schema_migrations'";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    let versioned: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let known: BTreeSet<String> =
        RECORDS.iter().map(|(table, ..)| *table).chain(NO_RECORDS).map(str::to_owned).collect();
    assert_eq!(versioned, known);
}
