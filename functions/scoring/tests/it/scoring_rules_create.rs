use serde_json::{Value, json};
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{pointers, refuses_strangers};

const PATH: &str = "/api/v1/scoring/rules";

fn rule(slug: &str) -> Value {
    json!({
        "slug": slug,
        "name": "Whitepaper",
        "rule_type": "event",
        "category": "behavior",
        "conditions": {"all": [{"field": "event_type", "op": "eq", "value": "content_downloaded"}]},
        "points": 12,
        "max_per_day": 1,
    })
}

/// Bodies that were promised to the queue `events` and are on it or still in the outbox.
async fn promised(app: &TestApp) -> Vec<Value> {
    let queue = app.sqs().queue_names().into_iter().find(|name| name.ends_with("events")).unwrap();
    let mut bodies: Vec<String> = app.sqs().messages(&queue).into_iter().map(|message| message.body).collect();
    let rows = app.db().await.query("SELECT body FROM outbox WHERE queue = 'events'", &[]).await.unwrap();
    bodies.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

#[tokio::test]
async fn adds_publishes_and_has_leads_evaluated_again() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let before = app.tenant().created["rule_set_version"].as_i64().unwrap();

    let answer = app.post(PATH, &rule("whitepaper")).bearer(&app.token("admin")).send().await.expect(201);

    let made: Value = answer.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), Some(&*format!("{PATH}/{id}")));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    for (field, expected) in [
        ("slug", json!("whitepaper")),
        ("description", json!("")),
        ("points", json!(12)),
        ("max_per_day", json!(1)),
        ("max_per_lead", json!(null)),
        ("expires_after_days", json!(90)),
        ("is_active", json!(true)),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    let listed: Value =
        app.get("/api/v1/scoring/rules?limit=100").bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().last(), Some(&made));
    let db = app.db().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "SELECT t.rule_set_version,
           (SELECT count(*) FROM jsonb_array_elements(v.snapshot -> 'scoring_rules') r WHERE r ->> 'slug' = 'whitepaper')
      FROM tenants t JOIN rule_set_versions v ON v.tenant_id = t.id AND v.version = t.rule_set_version WHERE t.id = $1";
    let published = db.query_one(statement, &[&tenant]).await.unwrap();
    assert_eq!((i64::from(published.get::<_, i32>(0)), published.get::<_, i64>(1)), (before + 1, 1));
    assert_eq!(
        promised(&app).await,
        [json!({"kind": "recalculate", "tenant_id": tenant, "rule_set_version": before + 1, "after": null})]
    );
    let statement =
        "SELECT action, after ->> 'slug' FROM audit_log WHERE record_type = 'scoring_rule' AND record_id = $1";
    let audit = db.query_one(statement, &[&id]).await.unwrap();
    assert_eq!((audit.get::<_, &str>(0), audit.get::<_, &str>(1)), ("create", "whitepaper"));
}

#[tokio::test]
async fn profile_rules_never_expire() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let mut body = rule("austrian");
    body["rule_type"] = json!("profile");
    body["conditions"] = json!({"field": "lead.country", "op": "eq", "value": "AT"});
    body["expires_after_days"] = json!(30);
    let made: Value = app.post(PATH, &body).bearer(&app.token("admin")).send().await.expect(201).json();
    assert_eq!(made["expires_after_days"], json!(null));
}

#[tokio::test]
async fn names_every_fault_at_once() {
    let app = TestApp::new().await;
    let body = json!({
        "slug": "White Paper",
        "rule_type": "person",
        "category": "behavior",
        "points": 0,
        "max_per_day": 0,
        "colour": "red",
        "conditions": {"all": [
            {"field": "event_type", "op": "equals", "value": "x"},
            {"any": [{"field": "metadata.path", "op": "matches", "value": "("}]},
        ]},
    });
    let refused = app.post(PATH, &body).bearer(&app.token("admin")).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "/colour",
            "/conditions/all/0/op",
            "/conditions/all/1/any/0/value",
            "/max_per_day",
            "/name",
            "/points",
            "/rule_type",
            "/slug",
        ]
    );
    for body in [json!(null), json!([]), json!("x")] {
        app.post(PATH, &body).bearer(&app.token("admin")).send().await.expect(400).problem();
    }
    let broken = app.request(Method::POST, PATH).body("{").bearer(&app.token("admin")).send().await.expect(400);
    assert_eq!(pointers(&broken), [""]);
    assert_eq!(promised(&app).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_slug_is_taken_once_per_tenant() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let taken = app.post(PATH, &rule("page-visited")).bearer(&app.token("admin")).send().await.expect(409);
    let problem = taken.problem();
    assert_eq!((&problem["code"], problem["matches"].as_array().unwrap().len()), (&json!("slug_taken"), 1));
    let db = app.db().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let version = "SELECT rule_set_version FROM tenants WHERE id = $1";
    let unchanged = db.query_one(version, &[&tenant]).await.unwrap();
    assert_eq!(i64::from(unchanged.get::<_, i32>(0)), app.tenant().created["rule_set_version"].as_i64().unwrap());

    let stranger = app.new_tenant("other").await;
    app.post(PATH, &rule("whitepaper")).bearer(&stranger.token("admin")).send().await.expect(201);
    app.post(PATH, &rule("whitepaper")).bearer(&app.token("admin")).send().await.expect(201);
    let again = app.post(PATH, &rule("whitepaper")).bearer(&app.token("admin")).send().await.expect(409);
    again.problem();
}

#[tokio::test]
async fn two_publications_at_once_take_turns() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let before = i32::try_from(app.tenant().created["rule_set_version"].as_i64().unwrap()).unwrap();
    let (token, db) = (app.token("admin"), app.db().await);
    let send = |slug: &str| app.post(PATH, &rule(slug)).bearer(&token).send();
    // Both have written their rule before either may publish.
    let gate = app.db().await;
    gate.batch_execute("BEGIN; SELECT FROM tenants FOR NO KEY UPDATE").await.unwrap();
    let release = async {
        app.statements_wait_for(&gate, 2).await;
        gate.batch_execute("COMMIT").await.unwrap();
    };
    let (one, two, ()) = tokio::join!(send("one"), send("two"), release);
    one.expect(201);
    two.expect(201);

    let statement = "SELECT v.version, v.version = t.rule_set_version,
           (SELECT count(*) FROM jsonb_array_elements(v.snapshot -> 'scoring_rules') r WHERE r ->> 'slug' IN ('one', 'two'))
      FROM rule_set_versions v JOIN tenants t ON t.id = v.tenant_id ORDER BY v.version";
    let versions = db.query(statement, &[]).await.unwrap();
    let versions: Vec<(i32, bool, i64)> = versions.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(versions[versions.len() - 3..], [(before, false, 0), (before + 1, false, 1), (before + 2, true, 2)]);
    let mut recalculated: Vec<i64> =
        promised(&app).await.iter().map(|message| message["rule_set_version"].as_i64().unwrap()).collect();
    recalculated.sort_unstable();
    assert_eq!(recalculated, [i64::from(before) + 1, i64::from(before) + 2]);
}

/// A rule that asks this many regular expressions.
fn with_expressions(slug: &str, expressions: &[&str]) -> Value {
    let mut body = rule(slug);
    let leaves = expressions.iter().map(|text| json!({"field": "metadata.text", "op": "matches", "value": text}));
    body["conditions"] =
        json!({"all": [{"field": "event_type", "op": "eq", "value": "x"}, {"any": leaves.collect::<Vec<_>>()}]});
    body
}

#[tokio::test]
async fn rules_take_a_bounded_share_of_memory() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let create = async |body: &Value| app.post(PATH, body).bearer(&app.token("admin")).send().await;
    let refused = async |body: &Value| -> Vec<(String, String)> {
        let problem = create(body).await.expect(400).problem();
        let faults = problem["errors"].as_array().unwrap();
        let word = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
        faults.iter().map(|fault| (word(fault, "pointer"), word(fault, "code"))).collect()
    };
    let fault = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    let dear = r"aa\w{19}";
    assert_eq!(
        refused(&with_expressions("dear", &[dear])).await,
        fault("/conditions/all/1/any/0/value", "too_complex")
    );
    let eleven = with_expressions("eleven", &["a|b"; 11]);
    assert_eq!(refused(&eleven).await, fault("/conditions/all/1/any/10/value", "too_many"));
    // Six are in the rules every tenant starts with.
    for n in 0..4 {
        create(&with_expressions(&format!("ten-{n}"), &["a|b"; 10])).await.expect(201);
    }
    let five = with_expressions("five", &["a|b"; 5]);
    assert_eq!(refused(&five).await, fault("/conditions", "too_many_regexes"));
    create(&with_expressions("four", &["a|b"; 4])).await.expect(201);
    create(&rule("without")).await.expect(201);

    let fill = "INSERT INTO scoring_rules (id, tenant_id, slug, name, rule_type, category, conditions, points)
        SELECT gen_random_uuid(), $1, 'fill-' || n, 'x', 'profile', 'demographic', '{\"field\":\"lead.country\",\"op\":\"exists\"}', 1
          FROM generate_series(1, 500 - (SELECT count(*)::integer FROM scoring_rules) - (SELECT count(*)::integer FROM intent_rules)) n";
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    app.db().await.execute(fill, &[&tenant]).await.unwrap();
    assert_eq!(refused(&rule("one-more")).await, fault("", "too_many"));
}

#[tokio::test]
async fn rules_from_before_there_were_limits_work_on() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let db = app.db().await;
    let conditions = with_expressions("old", &[r"^zz\w{18}$"; 12])["conditions"].clone();
    let insert = "INSERT INTO scoring_rules (id, tenant_id, slug, name, rule_type, category, conditions, points)
        VALUES (gen_random_uuid(), $1, 'old', 'Old', 'event', 'behavior', $2, 7)";
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    db.execute(insert, &[&tenant, &conditions]).await.unwrap();
    // Published together with one that is new.
    app.post(PATH, &rule("whitepaper")).bearer(&app.token("admin")).send().await.expect(201);
    let event = json!({"event_type": "x", "source": "portal", "lead_identifier": {"email": "e@x.example"},
                       "metadata": {"text": "zzabcdefghijklmnopqr"}});
    app.post("/api/v1/events/ingest", &event).api_key(&app.tenant().api_key("portal")).send().await.expect(202);
    app.drain().await;
    let counted = "SELECT h.points FROM score_history h JOIN scoring_rules r ON r.id = h.rule_id WHERE r.slug = 'old'";
    assert_eq!(db.query_one(counted, &[]).await.unwrap().get::<_, i32>(0), 7);
}

#[tokio::test]
async fn only_who_may_write_rules() {
    let app = TestApp::new().await;
    refuses_strangers(&app, Method::POST, PATH, Some(&rule("x")), "scoring:write").await;
    app.post(PATH, &rule("x")).bearer(&app.token("sales")).send().await.expect(403).problem();
}

/// A lead, by an event that no rule counts yet.
async fn somebody_registers(app: &TestApp) {
    let event =
        json!({"event_type": "webinar_registered", "source": "portal", "lead_identifier": {"email": "e@x.example"}});
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &event).api_key(&key).send().await.expect(202);
    app.drain().await;
}

/// The rule that counts it.
async fn registrations_count(app: &TestApp) {
    let mut body = rule("webinar-registered");
    body["conditions"] = json!({"field": "event_type", "op": "eq", "value": "webinar_registered"});
    app.post(PATH, &body).bearer(&app.token("admin")).send().await.expect(201);
}

#[tokio::test]
async fn leads_get_the_new_rules_points() {
    let app = TestApp::new().await;
    somebody_registers(&app).await;
    let db = app.db().await;
    let lead: Uuid = db.query_one("SELECT id FROM leads", &[]).await.unwrap().get(0);
    let path = format!("/api/v1/scoring/leads/{lead}/breakdown");
    let score = async || {
        let shown: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();
        shown["scores"]["behavior"].as_i64().unwrap()
    };
    assert_eq!(score().await, 0);

    registrations_count(&app).await;
    app.drain().await;

    assert_eq!(score().await, 12);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let token = app.token("admin");
    let send = |body: Value| app.post(PATH, &body).bearer(&token).header("idempotency-key", "once").send();
    let first = send(rule("whitepaper")).await.expect(201);
    let again = send(rule("whitepaper")).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    for header in ["location", "etag"] {
        assert!(first.header(header).is_some());
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(again.json::<Value>(), first.json::<Value>());
    assert_eq!(promised(&app).await.len(), 1, "leads are evaluated again once");
    assert_eq!(send(rule("another")).await.expect(409).problem()["code"], "idempotency_key_reused");
}

/// Somebody who had begun with the old rules writes a lead after the walk has passed it: its last step waits for them.
#[tokio::test]
async fn leads_that_were_written_with_the_old_rules_meanwhile_get_the_new_points_too() {
    let app = TestApp::new().await;
    somebody_registers(&app).await;

    let other = app.db().await;
    let hold = "BEGIN; SELECT pg_advisory_xact_lock_shared(hashtextextended('rules:' || id::text, 0)) FROM tenants";
    other.batch_execute(hold).await.unwrap();
    registrations_count(&app).await;
    let write_late = async {
        assert!(app.somebody_waits_for_a_lock().await, "the walk ends without waiting for who has begun before it");
        let late = "DELETE FROM score_history; UPDATE lead_standings SET demographic = 0, behavior = 0, total_score = 0, counted = NULL, rule_set_version = 1; COMMIT";
        other.batch_execute(late).await.unwrap();
    };
    tokio::join!(app.drain(), write_late);

    let found = "SELECT s.behavior, s.rule_set_version = t.rule_set_version FROM lead_standings s JOIN tenants t ON t.id = s.tenant_id";
    let row = app.db().await.query_one(found, &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, bool>(1)), (12, true));
}
