//! The worker and the sweeps stay fast when the ledger is long: their plans read it from an index.

use jiff::Timestamp;
use serde_json::Value;
use shared::store::effects_work::{AHEAD, WAITING_BEFORE};
use shared::store::sql::{Param, type_of};
use testkit::app::TestApp;
use tokio_postgres::Client;
use uuid::Uuid;

/// 60,000 effects that are done, and a few hundred of every other kind.
const FILL: &str = "
    INSERT INTO effects (id, tenant_id, kind, cause, target, payload, status, next_attempt_at, look_at, created_at)
    SELECT gen_random_uuid(), t.id, 'slack_message', n::text, '#t' || n % 50, '{}', s.status,
           CASE WHEN n % 3 = 0 AND s.status IN ('waiting', 'pending') THEN 'infinity' ELSE now() + n * interval '1 second' END,
           CASE s.status WHEN 'unknown' THEN now() + n * interval '1 second' END, now() - n * interval '1 second'
      FROM tenants t, generate_series(1, 61500) n,
           LATERAL (SELECT CASE WHEN n <= 60000 THEN 'done'
                                ELSE (ARRAY['waiting', 'pending', 'sending', 'unknown', 'failed'])[1 + n % 5] END AS status) s;
    UPDATE effects e SET needs = d.id FROM (SELECT id FROM effects WHERE status = 'done' LIMIT 1) d
     WHERE e.status = 'waiting' AND e.next_attempt_at = 'infinity';";

async fn plan(client: &Client, sql: &str, parameters: &[Param<'_>]) -> Value {
    let rows = client.query_typed(&format!("EXPLAIN (FORMAT JSON) {sql}"), parameters).await;
    rows.unwrap_or_else(|error| panic!("{error:?}\n{sql}"))[0].get(0)
}

/// Relations that are read from end to end, and indexes that are used.
fn read(plan: &Value, whole: &mut Vec<String>, indexes: &mut Vec<String>) {
    match plan {
        Value::Array(items) => items.iter().for_each(|item| read(item, whole, indexes)),
        Value::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            if text("Node Type") == "Seq Scan" {
                whole.push(text("Relation Name"));
            }
            if !text("Index Name").is_empty() {
                indexes.push(text("Index Name"));
            }
            members.values().for_each(|member| read(member, whole, indexes));
        }
        _ => {}
    }
}

#[track_caller]
fn check(what: &str, plan: &Value, index: &str) {
    let (mut whole, mut indexes) = (Vec::new(), Vec::new());
    read(plan, &mut whole, &mut indexes);
    assert!(!whole.iter().any(|name| name == "effects"), "{what} reads the ledger from end to end:\n{plan:#}");
    assert!(indexes.iter().any(|name| name == index), "{what} does not use {index}: {indexes:?}");
}

/// The statement inside a function, with its parameters as `$1`, `$2`, …
async fn body(client: &Client, function: &str) -> String {
    let statement = "SELECT prosrc, proargnames FROM pg_proc WHERE proname = $1";
    let row = client.query_one(statement, &[&function]).await.unwrap();
    let (mut body, names): (String, Vec<String>) = (row.get(0), row.get(1));
    for (n, name) in names.iter().filter(|name| name.starts_with("p_")).enumerate() {
        body = body.replace(name, &format!("${}", n + 1));
    }
    body
}

#[tokio::test]
async fn nobody_reads_the_ledger_from_end_to_end() {
    let app = TestApp::new().await;
    let owner = app.db().await;
    owner.batch_execute(FILL).await.unwrap();
    owner.batch_execute("VACUUM ANALYZE effects").await.unwrap();
    let statement = "SELECT id FROM effects WHERE status = 'pending' ORDER BY created_at LIMIT 1";
    let id: Uuid = owner.query_one(statement, &[]).await.unwrap().get(0);
    let tenant: Uuid = app.tenant().id.parse().unwrap();

    let client = app.database().app_client().await.unwrap();
    client.batch_execute("BEGIN").await.unwrap();
    client.query_one("SELECT lotse.enter_tenant($1)", &[&tenant]).await.unwrap();
    let (now, partner, target) = (Timestamp::UNIX_EPOCH, "slack".to_owned(), Some("#t1".to_owned()));
    let ahead: [Param<'_>; 2] = [(&id, type_of(&id)), (&now, type_of(&now))];
    check("what stands before an effect", &plan(&client, AHEAD, &ahead).await, "effects_target_idx");
    let before: [Param<'_>; 4] =
        [(&partner, type_of(&partner)), (&target, type_of(&target)), (&now, type_of(&now)), (&id, type_of(&id))];
    check("what waits for the same budget", &plan(&client, WAITING_BEFORE, &before).await, "effects_target_idx");

    let limit = 500_i32;
    let moment: [Param<'_>; 2] = [(&now, type_of(&now)), (&limit, type_of(&limit))];
    for (function, index) in [("ready_effects", "effects_waiting_idx"), ("doubtful_effects", "effects_look_idx")] {
        check(function, &plan(&owner, &body(&owner, function).await, &moment).await, index);
    }
    let lost: [Param<'_>; 3] = [moment[0].clone(), moment[0].clone(), moment[1].clone()];
    check("lost_effects", &plan(&owner, &body(&owner, "lost_effects").await, &lost).await, "effects_open_idx");
    for (function, index) in [("settled_needs", "effects_waiting_idx"), ("held_integrations", "effects_open_idx")] {
        check(function, &plan(&owner, &body(&owner, function).await, &moment[1..]).await, index);
    }
}
