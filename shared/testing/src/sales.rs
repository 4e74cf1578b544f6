//! What the tests of boards, deals, tasks and scoring share: records put straight into the database, refusals that every endpoint
//! owes a stranger, and the plans of statements.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]

use serde_json::Value;
use uuid::Uuid;

use crate::keys::Token;
use crate::{Method, Response, Tenant, TestApp};

/// A tenant's pipeline with its stages in order.
pub struct Board {
    pub tenant: Uuid,
    pub pipeline: Uuid,
    pub stages: Vec<Uuid>,
}

/// Positions of the default stages.
pub const NEW: usize = 0;
pub const QUALIFIED: usize = 1;
pub const WON: usize = 5;
pub const LOST: usize = 6;

impl Board {
    /// The default pipeline of that slug.
    pub async fn of(app: &TestApp, tenant: &Tenant, slug: &str) -> Self {
        let tenant: Uuid = tenant.id.parse().unwrap();
        let db = app.db().await;
        let row = db.query_one("SELECT id FROM pipelines WHERE tenant_id = $1 AND slug = $2", &[&tenant, &slug]).await;
        let pipeline: Uuid = row.unwrap().get(0);
        let stages = db.query("SELECT id FROM stages WHERE pipeline_id = $1 ORDER BY position", &[&pipeline]).await;
        Self { tenant, pipeline, stages: stages.unwrap().iter().map(|row| row.get(0)).collect() }
    }

    /// A lead that was routed into the first stage, without its deal.
    pub async fn lead(&self, app: &TestApp) -> Uuid {
        let id = Uuid::now_v7();
        let statement = "INSERT INTO leads (id, tenant_id, email, lifecycle, pipeline_id, stage_id, routed_at, created_at, updated_at)
            VALUES ($1, $2, $3, 'routed', $4, $5, now(), now(), now())";
        let email = format!("{id}@x.example");
        let db = app.db().await;
        db.execute(statement, &[&id, &self.tenant, &email, &self.pipeline, &self.stages[NEW]]).await.unwrap();
        id
    }

    /// An open deal in a stage, for a lead of its own.
    pub async fn deal(&self, app: &TestApp, name: &str, stage: usize, position: f64) -> Uuid {
        let lead = self.lead(app).await;
        self.deal_of(app, lead, name, stage, position).await
    }

    /// A deal of a lead; it is the lead's deal when that has none yet.
    pub async fn deal_of(&self, app: &TestApp, lead: Uuid, name: &str, stage: usize, position: f64) -> Uuid {
        let id = Uuid::now_v7();
        let statement =
            "INSERT INTO deals (id, tenant_id, name, lead_id, pipeline_id, stage_id, position, value_minor, created_at,
                updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 100000, clock_timestamp(), clock_timestamp())";
        let db = app.db().await;
        db.execute(statement, &[&id, &self.tenant, &name, &lead, &self.pipeline, &self.stages[stage], &position])
            .await
            .unwrap();
        db.execute("UPDATE leads SET deal_id = $1 WHERE id = $2 AND deal_id IS NULL", &[&id, &lead]).await.unwrap();
        id
    }
}

/// The id of the first member of a tenant's team with that name.
pub async fn member(app: &TestApp, tenant: &Tenant, name: &str) -> Uuid {
    let tenant: Uuid = tenant.id.parse().unwrap();
    let statement = "SELECT id FROM team_members WHERE tenant_id = $1 AND name = $2";
    app.db().await.query_one(statement, &[&tenant, &name]).await.unwrap().get(0)
}

/// An organisation of a tenant.
pub async fn organization(app: &TestApp, tenant: &Tenant, name: &str) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), tenant.id.parse().unwrap());
    let statement = "INSERT INTO organizations (id, tenant_id, name) VALUES ($1, $2, $3)";
    app.db().await.execute(statement, &[&id, &tenant, &name]).await.unwrap();
    id
}

/// The names of `data`, in order.
pub fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// The pointers of a problem's errors, in order.
pub fn pointers(response: &Response) -> Vec<String> {
    let problem = response.problem();
    problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap().to_owned()).collect()
}

/// Without credentials, with bad ones, and without the scope nobody gets in.
pub async fn refuses_strangers(app: &TestApp, method: Method, path: &str, body: Option<&Value>, scope: &str) {
    let request = || {
        let request = app.request(method.clone(), path);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    };
    request().send().await.expect(401).problem();
    request().bearer("nonsense").send().await.expect(401).problem();
    let expired = Token::new(&app.tenant().id).role("admin").expired(std::time::Duration::from_secs(120)).sign();
    request().bearer(&expired).send().await.expect(401).problem();
    let other_scope = if scope == "team:read" { "team:write" } else { "team:read" };
    let refused = request().bearer(&app.token_with_scopes(&[other_scope])).send().await.expect(403);
    let detail = refused.problem()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(scope), "{detail}");
}

/// Until a statement of the functions waits for a lock.
pub async fn waits(app: &TestApp) {
    assert!(app.somebody_waits_for_a_lock().await, "nobody waits for a lock");
}

/// The plan of a statement as the functions' role gets it in a tenant. Values stand in the text: functions send theirs with
/// unnamed statements, which Postgres plans with the values known.
pub async fn plan(app: &TestApp, tenant: Uuid, sql: &str, values: &[&str]) -> String {
    let mut statement = sql.to_owned();
    for (n, value) in values.iter().enumerate().rev() {
        statement = statement.replace(&format!("${}", n + 1), value);
    }
    let db = app.database().app_client().await.unwrap();
    db.batch_execute("BEGIN").await.unwrap();
    db.execute("SELECT lotse.enter_tenant($1)", &[&tenant]).await.unwrap();
    let rows = db.query(&format!("EXPLAIN {statement}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

/// Whether the plan uses an index; it must not read a whole table of the given name.
#[track_caller]
pub fn uses(plan: &str, index: &str, never_scans: &[&str]) {
    assert!(plan.contains(index), "{index} is not used:\n{plan}");
    for table in never_scans {
        assert!(!plan.contains(&format!("Seq Scan on {table}")), "reads all of {table}:\n{plan}");
    }
}

/// Thirty more tenants with a pipeline of three stages each, 400 leads and 1,200 deals and tasks; answers with one of them.
pub async fn crowd(app: &TestApp) -> Board {
    let db = app.db().await;
    db.batch_execute(
        "INSERT INTO tenants (id, slug, name, rule_set_version)
         SELECT gen_random_uuid(), 'crowd-' || n, 'Crowd', 1 FROM generate_series(1, 30) n;
         INSERT INTO pipelines (id, tenant_id, slug, name, position)
         SELECT gen_random_uuid(), id, 'p', 'P', 1 FROM tenants WHERE slug LIKE 'crowd-%';
         INSERT INTO stages (id, tenant_id, pipeline_id, position, name, color, icon, probability)
         SELECT gen_random_uuid(), p.tenant_id, p.id, n, 'S', '#000000', 'x', 10
           FROM pipelines p, generate_series(1, 3) n WHERE p.slug = 'p';
         INSERT INTO team_members (id, tenant_id, email, name, role)
         SELECT gen_random_uuid(), t.id, n || '@x.example', 'M', 'sales' FROM tenants t, generate_series(1, 5) n
          WHERE t.slug LIKE 'crowd-%';
         INSERT INTO leads (id, tenant_id, created_at, updated_at)
         SELECT gen_random_uuid(), t.id, now() - n * interval '1 minute', now() FROM tenants t, generate_series(1, 400) n
          WHERE t.slug LIKE 'crowd-%';
         INSERT INTO deals (id, tenant_id, name, lead_id, pipeline_id, stage_id, position, owner_id, value_minor, created_at, updated_at)
         SELECT gen_random_uuid(), l.tenant_id, 'Deal ' || n, l.id, s.pipeline_id, s.id, n, m.id, n, l.created_at, now()
           FROM leads l
           JOIN stages s ON s.tenant_id = l.tenant_id
           CROSS JOIN LATERAL (SELECT extract(epoch FROM l.created_at)::bigint % 5 AS k) pick
           JOIN LATERAL (SELECT id FROM team_members m WHERE m.tenant_id = l.tenant_id ORDER BY id OFFSET pick.k LIMIT 1) m ON true
           CROSS JOIN LATERAL (SELECT extract(epoch FROM now() - l.created_at)::bigint AS n) age;
         INSERT INTO tasks (id, tenant_id, title, kind, due_at, owner_id, lead_id, deal_id, status, completed_at, created_at, updated_at)
         SELECT gen_random_uuid(), d.tenant_id, 'T', 'call', now() + d.position * interval '1 minute', d.owner_id, d.lead_id, d.id,
                CASE WHEN d.value_minor % 3 = 0 THEN 'done' ELSE 'open' END,
                CASE WHEN d.value_minor % 3 = 0 THEN now() END, now(), now()
           FROM deals d;
         ANALYZE",
    )
    .await
    .unwrap();
    let row =
        db.query_one("SELECT tenant_id, id FROM pipelines WHERE slug = 'p' ORDER BY id LIMIT 1", &[]).await.unwrap();
    let (tenant, pipeline): (Uuid, Uuid) = (row.get(0), row.get(1));
    let stages =
        db.query("SELECT id FROM stages WHERE pipeline_id = $1 ORDER BY position", &[&pipeline]).await.unwrap();
    Board { tenant, pipeline, stages: stages.iter().map(|row| row.get(0)).collect() }
}
