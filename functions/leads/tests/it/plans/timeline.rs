//! A lead's timeline costs what happened to this lead, on the same filled tables as the lists.

use jiff::Timestamp;
use shared::domain::ids::LeadId;
use shared::store::leads::timeline::{COUNT, LIST};
use shared::store::sql::{Param, type_of};
use testkit::app::TestApp;
use uuid::Uuid;

use super::{check, entered, plan};

pub async fn one_stream(app: &TestApp, lead: LeadId) {
    app.db()
        .await
        .batch_execute(
            "INSERT INTO stage_history (id, tenant_id, deal_id, to_stage_id, moved_at, moved_by)
             SELECT gen_random_uuid(), tenant_id, id, stage_id, created_at, 'machine' FROM deals;
             INSERT INTO tasks (id, tenant_id, title, kind, lead_id, created_at, updated_at)
             SELECT gen_random_uuid(), tenant_id, 'T', 'call', id, created_at, created_at FROM leads;
             INSERT INTO effects (id, tenant_id, kind, cause, target, lead_id, payload, status, next_attempt_at, created_at)
             SELECT gen_random_uuid(), tenant_id, 'slack_message', id::text, '#x', id, '{}', 'done', created_at, created_at FROM leads;
             INSERT INTO team_members (id, tenant_id, email, name, role)
             SELECT gen_random_uuid(), id, n || '@crowd.example', 'M', 'sales' FROM tenants, generate_series(1, 200) n",
        )
        .await
        .unwrap();
    app.db().await.batch_execute("VACUUM ANALYZE").await.unwrap();
    let client = entered(app, app.database().app_client().await.unwrap()).await;
    let (most, limit, offset) = (26_i64, 26_i64, 0_i64);
    // From now on backwards, as the second page of a lively lead.
    let now = Timestamp::from_second(i64::try_from(testkit::keys::epoch_seconds()).unwrap()).unwrap();
    let deep = (Some(now), Some(Uuid::max()));
    for (name, kinds, (at, id)) in [
        ("all", None, (None, None)),
        ("from the middle", None, deep),
        ("some", Some(vec!["deal", "event"]), (None, None)),
        ("points", Some(vec!["award", "withdrawal"]), deep),
    ] {
        let parameters: [Param<'_>; 7] = [
            (&lead, type_of(&lead)),
            (&at, type_of(&at)),
            (&id, type_of(&id)),
            (&kinds, type_of(&kinds)),
            (&most, type_of(&most)),
            (&limit, type_of(&limit)),
            (&offset, type_of(&offset)),
        ];
        let nodes = check(&format!("timeline, {name}"), &plan(&client, LIST, &parameters).await);
        // Who did it is found by id, entry by entry.
        assert!(!nodes.iter().any(|node| node.starts_with("Seq Scan team_members")), "{name}: {nodes:?}");
        // What was not asked for is not looked at.
        let asked = |kind: &str| kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind));
        for (kind, index) in
            [("task", "tasks_lead_idx"), ("effect", "effects_lead_idx"), ("deal", "stage_history_deal_idx")]
        {
            assert_eq!(nodes.iter().any(|node| node.ends_with(index)), asked(kind), "{name}: {index} in {nodes:?}");
        }
        check(
            &format!("count of {name}"),
            &plan(&client, COUNT, &[parameters[0].clone(), parameters[3].clone()]).await,
        );
    }
}
