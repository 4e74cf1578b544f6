//! Tenants are separated in the database: whatever a function forgets, its role sees one tenant at most.

use testkit::TestApp;

#[tokio::test]
async fn every_table_with_a_tenant_has_row_security() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let open = db
        .query(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT c.relrowsecurity
                AND (c.relname = 'tenants' OR EXISTS (
                  SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))",
            &[],
        )
        .await
        .unwrap();
    let open: Vec<String> = open.iter().map(|row| row.get(0)).collect();
    assert!(open.is_empty(), "tables without row security: {open:?}");
}

#[tokio::test]
async fn the_functions_role_cannot_step_around_it() {
    let app = TestApp::new().await;
    let role = app
        .db()
        .await
        .query_one("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit FROM pg_roles WHERE rolname = 'lotse_app'", &[])
        .await
        .unwrap();
    for column in 0..5 {
        assert!(!role.get::<_, bool>(column), "right number {column}");
    }
    let client = app.database().app_client().await.unwrap();
    for forbidden in [
        "SELECT password_hash FROM member_credentials",
        "UPDATE member_credentials SET password_hash = ''",
        "SELECT * FROM account_mails",
        "UPDATE account_mails SET used_at = NULL",
        "SELECT * FROM refresh_tokens",
        "SELECT * FROM session_families",
        "SELECT * FROM session_access_tokens",
        "SELECT * FROM sign_in_attempts",
        "DELETE FROM sign_in_attempts",
        "SELECT lotse.end_family(gen_random_uuid(), 'logout', now())",
        "SELECT lotse.note_session(gen_random_uuid(), gen_random_uuid(), 'x', 'sign_out', 'x', now(), 'x')",
        "SELECT lotse.start_session(gen_random_uuid(), gen_random_uuid(), '\\x00'::bytea, 'x', now(), now(), now(), now())",
        "SELECT * FROM stranger_deliveries",
        "DELETE FROM stranger_deliveries",
        "UPDATE stranger_counts SET deliveries = 0",
        "DELETE FROM webhook_minutes",
        "UPDATE tenants SET active = false",
        "UPDATE tenants SET slug = 'mine'",
        "SELECT lotse.take_attempt('\\x00', 1, 1, now())",
        "ALTER TABLE leads DISABLE ROW LEVEL SECURITY",
        "DROP POLICY leads_own ON leads",
        "SET ROLE postgres",
        "CREATE TABLE mine (x int)",
        "SELECT * FROM events_default",
        "DELETE FROM audit_log",
        "UPDATE rule_set_versions SET version = 1",
        "UPDATE tenants SET active = false",
        "UPDATE tenants SET slug = 'mine'",
        "SELECT lotse.make_event_month('2020-01-01')",
        "SELECT lotse.attach_event_month('events_2020_01', '2020-01-01')",
        "SELECT lotse.staged_months()",
        "DELETE FROM daily_runs",
        "INSERT INTO tenants (id, slug, name) VALUES (gen_random_uuid(), 'x', 'x')",
    ] {
        assert!(client.batch_execute(forbidden).await.is_err(), "allowed: {forbidden}");
    }
}

#[tokio::test]
async fn a_moment_in_the_future_opens_no_door() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let rows = format!(
        "INSERT INTO revoked_tokens (jti, tenant_id, expires_at) VALUES ('gone', '{0}', now() + interval '1 day');
         INSERT INTO sign_in_attempts (key, tokens, refilled_at) VALUES (sha256('x'), 0, now());
         INSERT INTO inbox (id, tenant_id, kind, source, reason, detail, body, received_at)
         VALUES (gen_random_uuid(), '{0}', 'quarantine', 'x', 'r', 'd', '', now());
         UPDATE webhook_sources SET previous_secret = 'x', previous_secret_until = now() + interval '1 day'",
        app.tenant().id
    );
    db.batch_execute(&rows).await.unwrap();
    let client = app.database().app_client().await.unwrap();
    for door in [
        "SELECT lotse.purge_expired(now() + interval '99 years')",
        "SELECT lotse.purge_sign_ins(now() + interval '99 years')",
        "SELECT lotse.purge_inbox(now() + interval '99 years', 1000)",
        "SELECT lotse.strangers_of_day(now() + interval '99 years')",
        "SELECT lotse.end_rotations(now() + interval '99 years')",
        "SELECT lotse.take_lease('score-decay', gen_random_uuid(), now(), now() + interval '99 years')",
    ] {
        client.batch_execute(door).await.unwrap();
    }
    let left = "SELECT (SELECT count(*) FROM revoked_tokens), (SELECT count(*) FROM sign_in_attempts), (SELECT count(*) FROM inbox),
                       (SELECT count(*) FROM webhook_sources WHERE previous_secret IS NULL),
                       (SELECT count(*) FROM job_leases WHERE until > now() + interval '61 minutes')";
    let left = db.query_one(left, &[]).await.unwrap();
    assert_eq!([0, 1, 2, 3, 4].map(|column| left.get::<_, i64>(column)), [1, 1, 1, 0, 0]);
    // Nor does a lease end before its time, or a tenant get another name, because somebody says so.
    let steal = "SELECT lotse.take_lease('score-decay', gen_random_uuid(), now() + interval '99 years', now() + interval '99 years')";
    assert!(!client.query_one(steal, &[]).await.unwrap().get::<_, bool>(0));
    let rename = "SELECT lotse.create_tenant(gen_random_uuid(), 'test', 'Mine', 'UTC', 'en', 'AT')::text";
    assert_eq!(client.query_one(rename, &[]).await.unwrap().get::<_, String>(0), app.tenant().id);
    let kept = db.query_one("SELECT name, zone FROM tenants WHERE slug = 'test'", &[]).await.unwrap();
    assert_eq!((kept.get(0), kept.get(1)), ("Test test", "Europe/Berlin"));
}

#[tokio::test]
async fn without_a_tenant_there_is_nothing_and_with_one_only_its_own() {
    let app = TestApp::new().await;
    let other = app.new_tenant("other").await;
    let client = app.database().app_client().await.unwrap();
    let tables = app
        .db()
        .await
        .query(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT c.relispartition AND has_table_privilege('lotse_app', c.oid, 'SELECT')
                AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')",
            &[],
        )
        .await
        .unwrap();
    assert!(tables.len() > 25, "{}", tables.len());
    let mut seen = 0;
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let count = format!("SELECT count(*) FROM {table}");
        let outside: i64 = client.query_one(&count, &[]).await.unwrap().get(0);
        assert_eq!(outside, 0, "{table} without a tenant");
        client.batch_execute(&format!("BEGIN; SELECT lotse.enter_tenant('{}')", other.id)).await.unwrap();
        let foreign = format!("SELECT count(*) FROM {table} WHERE tenant_id <> '{}'", other.id);
        let rows = client.query_one(&foreign, &[]).await.unwrap();
        assert_eq!(rows.get::<_, i64>(0), 0, "{table} of another tenant");
        seen += client.query_one(&count, &[]).await.unwrap().get::<_, i64>(0);
        client.batch_execute("COMMIT").await.unwrap();
    }
    assert!(seen > 30, "the tenant's own rows are there: {seen}");
    // What a tenant is asked of a password answers for its own members only.
    client.batch_execute(&format!("BEGIN; SELECT lotse.enter_tenant('{}')", other.id)).await.unwrap();
    let foreign = format!(
        "SELECT count(lotse.password_hash(id)), count(*) FILTER (WHERE lotse.set_password(id, '$argon2id$x', now()))
           FROM unnest(ARRAY(SELECT '{}'::uuid)) AS t (id)",
        ada(&app).await
    );
    let row = client.query_one(&foreign, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0), "a foreign member");
    client.batch_execute("ROLLBACK").await.unwrap();
    // Writing for somebody else is refused as well, and so is entering a tenant that does not exist.
    client.batch_execute(&format!("BEGIN; SELECT lotse.enter_tenant('{}')", other.id)).await.unwrap();
    let foreign = format!(
        "INSERT INTO organizations (id, tenant_id, name) VALUES (gen_random_uuid(), '{}', 'x')",
        app.tenant().id
    );
    let refused = client.batch_execute(&foreign).await.unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("row-level security"), "{refused}");
    client.batch_execute("ROLLBACK").await.unwrap();
    let nobody = client.query_one("SELECT lotse.enter_tenant(gen_random_uuid())", &[]).await.unwrap();
    assert_eq!(nobody.get::<_, Option<i32>>(0), None);
}

/// A member of the first tenant.
async fn ada(app: &TestApp) -> String {
    let statement = "SELECT id::text FROM team_members WHERE email = 'ada@test.example'";
    app.db().await.query_one(statement, &[]).await.unwrap().get(0)
}

/// A function of a later migration that nobody thought of is closed.
#[tokio::test]
async fn a_new_function_is_closed_until_it_is_granted() {
    let app = TestApp::bare().await;
    app.db()
        .await
        .batch_execute("CREATE FUNCTION lotse.forgotten() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        .await
        .unwrap();
    let client = app.database().app_client().await.unwrap();
    let refused = client.batch_execute("SELECT lotse.forgotten()").await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().message(), "permission denied for function forgotten");
}
