//! What the event path, the router and the daily decay read, on the same filled tables as the lists: a set of events costs its own
//! leads, not everybody's.

use jiff::Timestamp;
use shared::domain::ids::LeadId;
use shared::store::sql::{Param, type_of};
use testkit::app::TestApp;
use testkit::statements::statement;
use uuid::Uuid;

use super::{check, entered, plan};
use crate::support::tenant_id;

/// Two identifiers of every lead, an expiry for every second one, five owners and many deals.
async fn fill(app: &TestApp) {
    let own = tenant_id(app);
    let db = app.db().await;
    let statements = [
        "INSERT INTO lead_identifiers (tenant_id, kind, value, lead_id)
         SELECT tenant_id, kind, value, id FROM leads, LATERAL (VALUES ('email', email), ('anonymous_id', 'cookie-' || id)) i (kind, value)
          WHERE $1::uuid IS NOT NULL ON CONFLICT DO NOTHING",
        "UPDATE lead_standings SET next_expiry_at = now() + hashtext(lead_id::text) % 90 * interval '1 day', first_seen_at = now() - interval '1 day'
          WHERE $1::uuid IS NOT NULL AND total_score % 2 = 0",
        "INSERT INTO deals (id, tenant_id, name, lead_id, pipeline_id, stage_id, position, owner_id, status, closed_at, created_at, updated_at)
         SELECT gen_random_uuid(), l.tenant_id, 'Deal', l.id, p.id, s.id, n, m.id, CASE WHEN n % 10 = 0 THEN 'open' ELSE 'won' END,
                CASE WHEN n % 10 = 0 THEN NULL ELSE now() END, now(), now()
           FROM leads l JOIN generate_series(1, 20) n ON true
           JOIN pipelines p ON p.tenant_id = l.tenant_id AND p.slug = 'discovery' JOIN stages s ON s.pipeline_id = p.id AND s.position = 1
           JOIN team_members m ON m.tenant_id = l.tenant_id AND m.name = 'sam' WHERE l.tenant_id = $1",
    ];
    for statement in statements {
        db.execute(statement, &[&own]).await.unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
    }
    db.batch_execute("VACUUM ANALYZE").await.unwrap();
}

pub async fn statements_of_the_engine(app: &TestApp) {
    fill(app).await;
    let tenant = tenant_id(app);
    let rows = "SELECT id, email FROM leads WHERE tenant_id = $1 AND email IS NOT NULL ORDER BY id LIMIT 500";
    let rows = app.db().await.query(rows, &[&tenant]).await.unwrap();
    let leads: Vec<LeadId> = rows.iter().map(|row| LeadId(row.get(0))).collect();
    let emails: Vec<String> = rows.iter().map(|row| row.get(1)).collect();
    let client = entered(app, app.database().app_client().await.unwrap()).await;
    let now: Timestamp = {
        let row = client.query_one("SELECT floor(extract(epoch FROM now()))::bigint", &[]).await.unwrap();
        Timestamp::from_second(row.get(0)).unwrap()
    };
    let limit = 500_i64;

    // One event, and a set as large as they get: half of its identifiers are addresses, half are cookies.
    for people in [1, 500] {
        let leads: Vec<LeadId> = leads[..people].to_vec();
        let kinds = vec!["email", "anonymous_id"];
        let people_count = i32::try_from(people).unwrap();
        let (firsts, lasts) = (vec![1, people_count + 1], vec![people_count, 2 * people_count]);
        let cookies = leads.iter().map(|lead| format!("cookie-{}", lead.0));
        let values: Vec<String> = emails[..people].iter().cloned().chain(cookies).collect();
        let ids: Vec<Uuid> = leads.iter().map(|lead| lead.0).collect();
        let parameters: [Param<'_>; 6] = [
            (&tenant, type_of(&tenant)),
            (&kinds, type_of(&kinds)),
            (&firsts, type_of(&firsts)),
            (&lasts, type_of(&lasts)),
            (&values, type_of(&values)),
            (&ids, type_of(&ids)),
        ];
        check(
            &format!("find_identities of {people}"),
            &plan(&client, &statement("event_path.find_identities"), &parameters).await,
        );
        let of_leads: [Param<'_>; 1] = [(&leads, type_of(&leads))];
        for (name, sql) in [
            ("lock_leads", &statement("event_path.lock_leads")),
            ("list_leads", &statement("event_path.list_leads")),
            ("list_awards", &statement("event_path.list_awards")),
            ("list_signals", &statement("event_path.list_signals")),
            ("list_events", &statement("event_path.list_events")),
        ] {
            check(&format!("{name} of {people}"), &plan(&client, sql, &of_leads).await);
        }
    }

    let expiring: [Param<'_>; 2] = [(&now, type_of(&now)), (&limit, type_of(&limit))];
    let nodes = check("list_expiring", &plan(&client, &statement("event_path.list_expiring"), &expiring).await);
    assert!(nodes.iter().any(|node| node.ends_with("lead_standings_expiry_idx")), "{nodes:?}");

    let (score, nil) = (40_i32, LeadId(Uuid::nil()));
    let discovery: [Param<'_>; 5] = [
        (&tenant, type_of(&tenant)),
        (&score, type_of(&score)),
        (&now, type_of(&now)),
        (&nil, type_of(&nil)),
        (&limit, type_of(&limit)),
    ];
    check("list_discovery_due", &plan(&client, &statement("routing.list_discovery_due"), &discovery).await);

    let nodes = check("list_members", &plan(&client, &statement("routing.list_members"), &[]).await);
    assert!(nodes.iter().any(|node| node.ends_with("deals_owner_open_idx")), "{nodes:?}");
}
