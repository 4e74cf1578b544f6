//! Leads to test with.

use serde_json::{Value, json};
use testkit::app::{Response, Tenant, TestApp};
use uuid::Uuid;

/// Makes a lead of the first tenant through the API.
#[track_caller]
pub fn create<'a>(app: &'a TestApp, body: &Value) -> impl Future<Output = Value> + 'a {
    create_in(app, app.tenant(), body)
}

/// Makes a lead of a tenant through the API.
pub fn create_in<'a>(app: &'a TestApp, tenant: &Tenant, body: &Value) -> impl Future<Output = Value> + 'a {
    // The router is not under test here: what it is told may stay on its queue.
    app.allow_leftovers();
    let request = app.post("/api/v1/leads", body).bearer(&tenant.token("sales"));
    async move { request.send().await.expect(201).json() }
}

/// The lead everybody talks about.
pub async fn anna(app: &TestApp) -> Value {
    create(
        app,
        &json!({"email": "anna@beispiel.de", "first_name": "Anna", "last_name": "Schmidt", "company": "Beispiel GmbH"}),
    )
    .await
}

/// `path` with the id of a lead in it.
pub fn path(lead: &Value, rest: &str) -> String {
    format!("/api/v1/leads/{}{rest}", lead["id"].as_str().unwrap())
}

/// Reads as a viewer of the first tenant.
pub async fn get(app: &TestApp, path: &str) -> Response {
    app.get(path).bearer(&app.token("viewer")).send().await
}

/// The ids of a list, in its order.
pub fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Pointer and code of every fault of a problem.
#[track_caller]
pub fn faults(response: &Response) -> Vec<(String, String)> {
    let problem = response.problem();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors in {problem}"));
    errors.iter().map(|fault| (text(&fault["pointer"]), text(&fault["code"]))).collect()
}

/// An id as the database takes it.
pub fn uuid(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

/// The id of the first tenant.
pub fn tenant_id(app: &TestApp) -> Uuid {
    app.tenant().id.parse().unwrap()
}

/// The first member of the team whose name it is.
pub async fn member(app: &TestApp, tenant: &Tenant, name: &str) -> Uuid {
    let tenant: Uuid = tenant.id.parse().unwrap();
    let statement = "SELECT id FROM team_members WHERE tenant_id = $1 AND name = $2";
    app.db().await.query_one(statement, &[&tenant, &name]).await.unwrap().get(0)
}

/// The pipeline of an intent.
pub async fn pipeline(app: &TestApp, intent: &str) -> Uuid {
    let statement = "SELECT id FROM pipelines WHERE tenant_id = $1 AND intent = $2";
    app.db().await.query_one(statement, &[&tenant_id(app), &intent]).await.unwrap().get(0)
}

/// Stores an event of a lead as the event path does, `hours_ago`.
pub async fn event(app: &TestApp, lead: &Value, event_type: &str, hours_ago: i32) -> Uuid {
    let id = Uuid::now_v7();
    let statement = "INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers, metadata)
        VALUES ($1, $2, $3, $4, 'website', now() - make_interval(hours => $5), now(), $1::uuid::text, '[]', '{\"page_path\":\"/pricing\"}')";
    app.db()
        .await
        .execute(statement, &[&id, &tenant_id(app), &uuid(&lead["id"]), &event_type, &hours_ago])
        .await
        .unwrap();
    id
}

/// Puts a row into the score history: awarded `days_ago`, expiring in `days_left` (negative: it has), withdrawn or not.
pub async fn award(
    app: &TestApp,
    lead: &Value,
    slug: &str,
    event: Option<Uuid>,
    days_ago: i32,
    days_left: Option<i32>,
    withdrawn: bool,
) {
    let statement =
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at,
                                                expires_at, withdrawn_at, withdrawn_reason)
        SELECT r.tenant_id, $2, r.id, $4, r.version, r.category, r.points, now() - make_interval(days => $5),
               now() + make_interval(days => $6), CASE WHEN $7 THEN now() END, CASE WHEN $7 THEN 'recounted' END
          FROM scoring_rules r WHERE r.tenant_id = $1 AND r.slug = $3";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&tenant_id(app), &uuid(&lead["id"]), &slug, &event, &days_ago, &days_left, &withdrawn];
    assert_eq!(app.db().await.execute(statement, &parameters).await.unwrap(), 1, "no rule {slug}");
}

/// Puts an intent signal of a rule.
pub async fn signal(app: &TestApp, lead: &Value, slug: &str, event: Option<Uuid>, withdrawn: bool) {
    let statement =
        "INSERT INTO intent_signals (tenant_id, lead_id, rule_id, event_id, rule_version, intent, weight, signalled_at,
                                                 expires_at, withdrawn_at, withdrawn_reason)
        SELECT r.tenant_id, $2, r.id, $4, r.version, r.intent, r.weight, now(), now() + interval '90 days',
               CASE WHEN $5 THEN now() END, CASE WHEN $5 THEN 'recounted' END
          FROM intent_rules r WHERE r.tenant_id = $1 AND r.slug = $3";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&tenant_id(app), &uuid(&lead["id"]), &slug, &event, &withdrawn];
    assert_eq!(app.db().await.execute(statement, &parameters).await.unwrap(), 1, "no rule {slug}");
}

/// Sets what the engine would have derived.
pub async fn standing(
    app: &TestApp,
    lead: &Value,
    score: i32,
    tier: &str,
    intent: Option<&str>,
    active_hours_ago: Option<i32>,
) {
    let statement =
        "UPDATE lead_standings SET demographic = 0, engagement = 0, behavior = $2, total_score = $2, tier = $3,
               primary_intent = $4, intent_confidence = CASE WHEN $4::text IS NULL THEN 0 ELSE 615 END,
               last_activity_at = now() - make_interval(hours => $5)
         WHERE lead_id = $1";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&uuid(&lead["id"]), &score, &tier, &intent, &active_hours_ago];
    assert_eq!(app.db().await.execute(statement, &parameters).await.unwrap(), 1);
}

/// Puts a lead into the pipeline of an intent, with a deal of this status.
pub async fn deal(app: &TestApp, lead: &Value, intent: &str, status: &str) -> Uuid {
    let id = Uuid::now_v7();
    let db = app.db().await;
    let statement = "INSERT INTO deals (id, tenant_id, name, lead_id, pipeline_id, stage_id, position, status, closed_at, origin, created_at, updated_at)
        SELECT $1, p.tenant_id, 'Deal', $3, p.id, s.id, 1, $5, CASE WHEN $5 <> 'open' THEN now() END, 'routing', now(), now()
          FROM pipelines p JOIN stages s ON s.pipeline_id = p.id AND s.position = 1
         WHERE p.tenant_id = $2 AND p.intent = $4";
    db.execute(statement, &[&id, &tenant_id(app), &uuid(&lead["id"]), &intent, &status]).await.unwrap();
    let statement = "UPDATE leads l SET pipeline_id = d.pipeline_id, stage_id = d.stage_id, deal_id = d.id, lifecycle = 'routed', routed_at = now()
          FROM deals d WHERE d.id = $1 AND l.id = d.lead_id";
    assert_eq!(db.execute(statement, &[&id]).await.unwrap(), 1);
    id
}
