//! No endpoint shows or touches what belongs to another tenant.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::app::{Endpoint, Response, TestApp};
use testkit::keys::{Token, epoch_seconds, signature};
use testkit::{Method, Tenant};
use tokio_postgres::Client;
use uuid::Uuid;

/// Something only the first tenant knows.
const SECRETS: [&str; 2] = ["Geheimnis", "secret.person"];

/// What a tenant has that a body may name.
pub struct Own {
    pub pipeline: Uuid,
    stage: Uuid,
    /// One without a deal.
    pub lead: Uuid,
}

impl Own {
    /// Looks them up; a lead is made.
    pub async fn of(app: &TestApp, db: &Client, tenant: &Tenant) -> Self {
        let email = format!("{}@own.example", Uuid::now_v7().simple());
        let answer = app.post("/api/v1/leads", &json!({"email": email})).bearer(&tenant.token("admin")).send().await;
        let lead: Value = answer.expect(201).json();
        let statement = "SELECT p.id, s.id FROM pipelines p JOIN stages s ON s.pipeline_id = p.id
            WHERE p.tenant_id = $1 AND p.slug = 'discovery' ORDER BY s.position LIMIT 1";
        let row = db.query_one(statement, &[&tenant.id.parse::<Uuid>().unwrap()]).await.unwrap();
        let lead = lead["id"].as_str().unwrap().parse().unwrap();
        Self { pipeline: row.get(0), stage: row.get(1), lead }
    }

    /// A body that is right for a record of one's own: what refuses it is the record, and nothing else.
    pub fn body(&self, endpoint: &Endpoint) -> Value {
        match endpoint.function.as_str() {
            "deals-move" => json!({"stage_id": self.stage}),
            "deals-close" => json!({"outcome": "lost", "reason": "no budget"}),
            "deals-set-lead" => json!({"lead_id": self.lead}),
            "deals-update" | "team-update" => json!({"name": "Fremd"}),
            "tasks-update" => json!({"title": "Fremd"}),
            "leads-route" => json!({"pipeline_id": self.pipeline}),
            "leads-update" => json!({"first_name": "Fremd"}),
            "leads-bulk-update" => json!({"ids": [self.lead], "change": {"add_tags": ["fremd"]}}),
            "deals-bulk-update" | "tasks-bulk-update" => json!({"ids": [self.lead], "change": {"owner_id": null}}),
            _ if endpoint.contract["input"]["required"].as_array().is_none_or(Vec::is_empty) => json!({}),
            other => panic!("{other} takes a body about a record: say here what a right one is"),
        }
    }
}

/// Makes the first tenant's records: a routed lead with its deal and task, a rule, and something in the inbox.
pub async fn fill(app: &TestApp) {
    app.slack().set_burst(100);
    let event = |event_type: &str| {
        json!({"event_type": event_type, "source": "portal", "lead_identifier": {"email": "secret.person@biolab.example"},
               "lead": {"last_name": "Geheimnis"}, "metadata": {"interest": "clinic"}})
    };
    let mut events = ["demo_requested", "form_submitted", "meeting_booked"].map(event).to_vec();
    let nobody = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"lead_id": Uuid::now_v7()},
                        "metadata": {"note": "Geheimnis"}});
    events.push(nobody);
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.drain().await;
    app.post("/api/v1/scoring/rules", &rule()).bearer(&app.token("admin")).send().await.expect(201);
    // More than are deleted in one go.
    for n in 0..4 {
        let view = json!({"list": "leads", "name": format!("Geheimnis {n}"), "shared": true});
        app.post("/api/v1/saved-views", &view).bearer(&app.token("admin")).send().await.expect(201);
    }
    app.drain().await;
}

/// A scoring rule.
pub fn rule() -> Value {
    json!({"slug": "geheim", "name": "Geheimnis", "rule_type": "event", "category": "behavior", "points": 1,
           "conditions": {"field": "event_type", "op": "eq", "value": "content_downloaded"}})
}

/// Every id that an endpoint of this release may be asked for, of all records of a tenant.
pub async fn ids(db: &Client, tenant: &Tenant) -> Vec<String> {
    let mut ids = Vec::new();
    for table in [
        "leads",
        "deals",
        "pipelines",
        "tasks",
        "stages",
        "team_members",
        "inbox",
        "scoring_rules",
        "routing_decisions",
        "saved_views",
        "notifications",
    ] {
        let statement = format!("SELECT id::text FROM {table} WHERE tenant_id::text = $1 ORDER BY id LIMIT 3");
        let rows = db.query(&statement, &[&tenant.id]).await.unwrap();
        assert!(!rows.is_empty(), "the tenant has no {table}");
        ids.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    ids
}

/// Every row of a tenant, a hash per table.
pub async fn fingerprint(db: &Client, tenant: &Tenant) -> BTreeMap<String, String> {
    let tables = "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')";
    let mut prints = BTreeMap::new();
    for table in db.query(tables, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)) {
        let statement = format!(
            "SELECT count(*) || ' ' || md5(COALESCE(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t WHERE tenant_id::text = $1"
        );
        let print = db.query_one(&statement, &[&tenant.id]).await.unwrap().get(0);
        prints.insert(table, print);
    }
    assert!(prints.len() > 25, "{prints:?}");
    prints
}

#[track_caller]
fn shows_nothing(answer: &Response, ids: &[String], what: &str) {
    let text = String::from_utf8_lossy(&answer.body);
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{what} shows a stranger: {text}");
    let shown: Vec<&String> = ids.iter().filter(|id| text.contains(*id) && !what.contains(*id)).collect();
    assert!(shown.is_empty(), "{what} shows the foreign ids {shown:?}");
}

/// The names of query parameters that take an id, and of the one that searches.
fn probes(endpoint: &Endpoint) -> (Vec<String>, bool) {
    let query = &endpoint.contract["query"];
    let properties = || query["properties"].as_object().into_iter().flatten();
    let names_id = |schema: &Value| {
        let text = schema.to_string();
        text.contains("\"uuid\"") || text.contains("Id\"")
    };
    let ids = properties().filter(|(_, schema)| names_id(schema)).map(|(name, _)| name.clone()).collect();
    (ids, properties().any(|(name, _)| name == "q"))
}

/// A body that is right but for one field that names a record of somebody else is refused, whatever the record.
async fn refuses_foreign_ids(send: &impl AsyncFn(Value) -> Response, right: &Value, fields: &[&str], ids: &[String]) {
    for (field, id) in fields.iter().flat_map(|field| ids.iter().map(move |id| (field, id))) {
        let mut body = right.clone();
        body[*field] = json!(id);
        let answer = send(body).await;
        assert_eq!(answer.status, 400, "a foreign {field}: {}", String::from_utf8_lossy(&answer.body));
        shows_nothing(&answer, ids, &format!("{field} {id}"));
    }
}

/// An administrator's token with this member in it.
fn as_member(tenant: &Tenant, id: &str) -> String {
    Token::new(&tenant.id).role("admin").claim("sub", json!(id)).sign()
}

/// The id of somebody in a tenant's team.
async fn member(app: &TestApp, tenant: &Tenant) -> String {
    let team: Value = app.get("/api/v1/team").bearer(&tenant.token("admin")).send().await.expect(200).json();
    team["data"][0]["id"].as_str().unwrap().to_owned()
}

/// What an endpoint that makes or changes records without an id in its path does when a stranger names the first tenant's.
async fn write(app: &TestApp, endpoint: &Endpoint, stranger: &Tenant, own: &Own, ids: &[String]) {
    let token = stranger.token("admin");
    let send = async |body: Value| app.post(&endpoint.path, &body).bearer(&token).send().await;
    let about =
        |id: &String| json!({"event_type": "demo_requested", "source": "portal", "lead_identifier": {"lead_id": id}});
    match endpoint.function.as_str() {
        "events-ingest" => {
            let events: Vec<Value> = ids.iter().map(about).collect();
            send(json!(events)).await.expect(202);
        }
        "inbox-replay" => {
            shows_nothing(&send(json!({"ids": ids})).await.expect(404), ids, &endpoint.path);
        }
        "leads-create" => {
            let answer = send(json!({"email": "secret.person@biolab.example"})).await.expect(201);
            assert!(!String::from_utf8_lossy(&answer.body).contains("Geheimnis"));
            for (field, id) in
                ["organization_id", "owner_id"].into_iter().flat_map(|field| ids.iter().map(move |id| (field, id)))
            {
                let answer = send(json!({"email": format!("{id}@x.example"), field: id})).await;
                assert_eq!(answer.status, 400, "a lead with a foreign {field}");
            }
        }
        "scoring-rules-create" => {
            let mut body = rule();
            body["name"] = json!("Fremd");
            shows_nothing(&send(body).await.expect(201), ids, &endpoint.path);
        }
        "deals-create" => {
            let right = json!({"name": "Fremd", "lead_id": own.lead, "pipeline_id": own.pipeline});
            refuses_foreign_ids(&send, &right, &["lead_id", "company_id", "pipeline_id", "stage_id", "owner_id"], ids)
                .await;
        }
        "tasks-create" => {
            refuses_foreign_ids(&send, &json!({"title": "Fremd"}), &["owner_id", "lead_id", "deal_id"], ids).await;
        }
        "team-create" => {
            let right = json!({"email": "f@x.example", "name": "Fremd", "role": "sales"});
            for id in ids {
                let mut body = right.clone();
                body["pipeline_ids"] = json!([id]);
                let answer = send(body).await;
                assert_eq!(answer.status, 400, "a member who serves a foreign pipeline");
                shows_nothing(&answer, ids, &format!("{} {id}", endpoint.path));
            }
        }
        "saved-views-create" => {
            let body = json!({"list": "leads", "name": "Fremd", "shared": true});
            shows_nothing(&send(body).await.expect(201), ids, &endpoint.path);
        }
        "notifications-read" => {
            // Also with the first tenant's members in the stranger's token: whom a notification concerns is read there.
            for id in ids {
                let token = as_member(stranger, id);
                for body in [json!({ "ids": ids }), json!({"all": true})] {
                    let answer = app.post(&endpoint.path, &body).bearer(&token).send().await.expect(200);
                    assert_eq!(answer.json::<Value>(), json!({"read": 0, "unread": 0}), "{id} {body}");
                }
                let list = app.get("/api/v1/notifications").bearer(&token).send().await.expect(200);
                assert_eq!(list.json::<Value>()["data"], json!([]), "{id}");
            }
            let token = as_member(stranger, &member(app, stranger).await);
            let answer = app.post(&endpoint.path, &json!({ "ids": ids })).bearer(&token).send().await.expect(200);
            assert_eq!(answer.json::<Value>()["read"], 0);
        }
        "preferences-update" => {
            // Whose they are is in the token.
            for id in ids {
                let token = as_member(stranger, id);
                let answer = app.patch(&endpoint.path, &json!({"theme": "dark"})).bearer(&token).send().await;
                shows_nothing(&answer.expect(404), ids, &format!("{} {id}", endpoint.path));
                app.get(&endpoint.path).bearer(&token).send().await.expect(404).problem();
            }
            let token = as_member(stranger, &member(app, stranger).await);
            app.patch(&endpoint.path, &json!({"theme": "dark"})).bearer(&token).send().await.expect(200);
        }
        "settings-update" => {
            let goal = |id: &String| json!({"goals": [{"member_id": id, "won_minor_per_month": 1}]});
            for id in ids {
                let answer = app.patch(&endpoint.path, &goal(id)).bearer(&token).send().await.expect(400);
                assert_eq!(answer.problem()["errors"][0]["pointer"], "/goals/0/member_id", "{id}");
                shows_nothing(&answer, ids, &format!("{} {id}", endpoint.path));
            }
            let own = goal(&member(app, stranger).await);
            app.patch(&endpoint.path, &own).bearer(&token).send().await.expect(200);
        }
        "leads-bulk-update" | "deals-bulk-update" | "tasks-bulk-update" => {
            let answer = send(json!({"ids": ids, "change": {"owner_id": null}})).await.expect(200);
            let answer: Value = answer.json();
            assert_eq!((&answer["changed"], &answer["unchanged"]), (&json!([]), &json!(0)), "{}", endpoint.path);
            assert!(answer["skipped"].as_array().unwrap().iter().all(|one| one["code"] == "not_found"), "{answer}");
        }
        "bulk-undo" => {
            shows_nothing(&send(json!({"token": "made-up"})).await.expect(404), ids, &endpoint.path);
        }
        other => panic!("{other} writes without an id in its path: say here what it does with another tenant's ids"),
    }
}

/// A webhook of the stranger that names the first tenant's leads.
async fn webhook(app: &TestApp, stranger: &Tenant, ids: &[String]) {
    for id in ids {
        let at = epoch_seconds().to_string();
        let body = json!({"event_type": "demo_requested", "source": "partner", "lead_identifier": {"lead_id": id}})
            .to_string();
        app.request(Method::POST, "/api/v1/events/webhook")
            .header("x-source", "partner")
            .header("x-webhook-token", &stranger.webhook_token("partner"))
            .header("x-timestamp", &at)
            .header("x-signature", &signature(&stranger.webhook_secret("partner"), &at, body.as_bytes()))
            .body(body)
            .send()
            .await
            .expect(202);
    }
}

#[tokio::test]
async fn no_endpoint_shows_or_touches_another_tenant() {
    let app = TestApp::new().await;
    fill(&app).await;
    let db = app.db().await;
    let ids = ids(&db, app.tenant()).await;
    let stranger = app.new_tenant("stranger").await;
    let (token, own) = (stranger.token("admin"), Own::of(&app, &db, &stranger).await);
    let before = fingerprint(&db, app.tenant()).await;
    let endpoints: Vec<Endpoint> = app.endpoints().into_iter().filter(|one| !one.is_public()).collect();

    // Reading comes before the stranger has anything that looks like the first tenant's.
    for endpoint in &endpoints {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        if endpoint.path.contains('{') {
            for id in &ids {
                let request = app.request(endpoint.method.clone(), &endpoint.at(id)).bearer(&token);
                let request = if endpoint.method == Method::GET { request } else { request.json(&own.body(endpoint)) };
                let answer = request.send().await;
                assert_eq!(answer.status, 404, "{what} with {id}: {}", String::from_utf8_lossy(&answer.body));
            }
        } else if endpoint.method == Method::GET {
            let (names, searches) = probes(endpoint);
            let is_list = !endpoint.contract["output"]["properties"]["pagination"].is_null();
            let mut queries = vec![String::new()];
            queries.extend(is_list.then(|| "?limit=100".to_owned()));
            queries.extend(names.iter().flat_map(|name| ids.iter().map(move |id| format!("?{name}={id}"))));
            queries.extend(searches.then(|| "?q=secret.person".to_owned()));
            for query in queries {
                let what = format!("{what}{query}");
                let answer = app.get(&format!("{}{query}", endpoint.path)).bearer(&token).send().await;
                assert!([200, 404].contains(&answer.status), "{what}: {answer:?}");
                shows_nothing(&answer, &ids, &what);
                if answer.status == 200 && (query.contains("q=") || query.contains('-')) {
                    assert_eq!(answer.json::<Value>()["data"], json!([]), "{what}");
                }
            }
        }
    }
    for endpoint in endpoints.iter().filter(|one| !one.path.contains('{') && one.method != Method::GET) {
        write(&app, endpoint, &stranger, &own, &ids).await;
    }
    webhook(&app, &stranger, &ids).await;
    app.drain().await;

    let after = fingerprint(&db, app.tenant()).await;
    let changed: Vec<&String> =
        before.iter().filter(|(table, print)| after[*table] != **print).map(|(table, _)| table).collect();
    assert!(changed.is_empty(), "the first tenant's {changed:?} have changed");
    let foreign = "SELECT count(*) FROM leads l JOIN events e ON e.lead_id = l.id WHERE e.tenant_id <> l.tenant_id";
    assert_eq!(db.query_one(foreign, &[]).await.unwrap().get::<_, i64>(0), 0);
    let aside = "SELECT count(DISTINCT id), count(*) FILTER (WHERE reason = 'unknown_lead') FROM inbox WHERE tenant_id::text = $1";
    let aside = db.query_one(aside, &[&stranger.id]).await.unwrap();
    assert_eq!(aside.get::<_, i64>(1), 2 * ids.len() as i64, "the stranger finds them in their own inbox");

    // Each of these paths finds something when the owner asks: those were the right ids. A path with two ids is the second route of a
    // function that is tried by its first.
    let (token, own) = (app.token("admin"), Own::of(&app, &db, app.tenant()).await);
    let mut with_id: Vec<&Endpoint> = endpoints.iter().filter(|one| one.path.matches('{').count() == 1).collect();
    with_id.sort_by_key(|one| one.method == Method::DELETE);
    for endpoint in with_id {
        let mut statuses = BTreeSet::new();
        // Asked for anew: routing by hand ends tasks and makes others.
        for id in &self::ids(&db, app.tenant()).await {
            let request = app.request(endpoint.method.clone(), &endpoint.at(id)).bearer(&token);
            let request = if endpoint.method == Method::GET { request } else { request.json(&own.body(endpoint)) };
            statuses.insert(request.send().await.status);
        }
        // A conflict has found it, too: a lead with a deal is not deleted.
        let found = statuses.iter().any(|status| (200..300).contains(status) || *status == 409);
        assert!(found, "{} {} finds none of the owner's records: {statuses:?}", endpoint.method, endpoint.path);
    }
    // Nor were those ids of nobody's notifications.
    let owner = "SELECT member_id::text FROM notifications WHERE tenant_id::text = $1 AND read_at IS NULL LIMIT 1";
    let owner = db.query_one(owner, &[&app.tenant().id]).await.unwrap().get::<_, String>(0);
    let read = app.post("/api/v1/notifications/read", &json!({"all": true})).bearer(&as_member(app.tenant(), &owner));
    assert!(read.send().await.expect(200).json::<Value>()["read"].as_u64() > Some(0));
    app.drain().await;
}
