//! The lists stay fast when there are many leads: their plans, as the functions' own role gets them, read no big table from end to
//! end, and the usual orders come straight out of an index.

use serde_json::Value;
use shared::domain::ids::{LeadId, MemberId, PipelineId, TenantId};
use shared::domain::search::Words;
use shared::store::choice::{Between, Choice};
use shared::store::leads::history;
use shared::store::leads::list::{Arguments, Filter, Order, TOTAL, search};
use shared::store::sql::{Param, type_of};
use shared::store::window::Window;
use testkit::app::TestApp;
use testkit::statements::statement;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{member, pipeline, tenant_id};

mod engine;
mod timeline;

/// 40,000 leads of twenty tenants, the first tenant among them, with three scores and two signals each, and a
/// quarter of them with events in every partition: reading an empty one from end to end would be no fault.
async fn fill(app: &TestApp) -> LeadId {
    let own = tenant_id(app);
    let db = app.db().await;
    let statements = [
        "INSERT INTO tenants (id, slug, name) SELECT gen_random_uuid(), 'tenant-' || n, 'Tenant' FROM generate_series(2, 20) n
          WHERE $1::uuid IS NOT NULL",
        // Nothing else needs to be spelled in another way: their texts are put together as they are.
        "INSERT INTO leads (id, tenant_id, email, first_name, last_name, company, source, created_at, updated_at, search_text, search_codes)
         SELECT gen_random_uuid(), t.id, 'person' || n || '@firma' || n % 700 || '.de', 'Vorname',
                'Name' || n * 7919 % 10007, 'Firma ' || n % 700, 'website', now() - n * interval '1 minute', now(), f.text,
                lotse.search_codes(f.text, t.id)
           FROM (SELECT id, row_number() OVER (ORDER BY id = $1 DESC) AS nth FROM tenants) t
           JOIN generate_series(1, 40000) n ON n % 20 = t.nth - 1,
                LATERAL (SELECT ' vorname name' || n * 7919 % 10007 || ' firma ' || n % 700 || ' person' || n || '@firma' || n % 700 || '.de') f (text)",
        "INSERT INTO lead_standings (lead_id, tenant_id, behavior, total_score, tier, last_activity_at, evaluated_at)
         SELECT l.id, l.tenant_id, n, n, 'warm', l.created_at, now()
           FROM leads l, LATERAL (SELECT abs(hashtext(l.id::text)) % 100) s (n) WHERE $1::uuid IS NOT NULL",
        "INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers)
         SELECT gen_random_uuid(), l.tenant_id, l.id, 'page_visited', 'website', l.created_at + m * interval '1 month', now(), 'x', '[]'
           FROM leads l, unnest(ARRAY[-6, -3, -2, -1, 0, 1, 2, 3]) m WHERE $1::uuid IS NOT NULL AND hashtext(l.id::text) % 4 = 0",
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, withdrawn_at)
         SELECT l.tenant_id, l.id, gen_random_uuid(), gen_random_uuid(), 1, 'behavior', 1, now(), CASE WHEN m = 2 THEN now() END
           FROM leads l, generate_series(0, 2) m WHERE $1::uuid IS NOT NULL",
        "INSERT INTO intent_signals (tenant_id, lead_id, rule_id, event_id, rule_version, intent, weight, signalled_at, withdrawn_at)
         SELECT l.tenant_id, l.id, gen_random_uuid(), gen_random_uuid(), 1, 'b2b', 1, now(), CASE WHEN m = 1 THEN now() END
           FROM leads l, generate_series(0, 1) m WHERE $1::uuid IS NOT NULL",
        "INSERT INTO tasks (id, tenant_id, title, kind, priority, due_at, lead_id, created_at, updated_at)
         SELECT gen_random_uuid(), l.tenant_id, 'Anrufen', 'call', 'normal', now(), l.id, now(), now()
           FROM leads l WHERE $1::uuid IS NOT NULL AND hashtext(l.id::text) % 4 = 0",
        "INSERT INTO routing_decisions (id, tenant_id, lead_id, decided_at, outcome, decided_by, rule_set_version, record)
         SELECT gen_random_uuid(), l.tenant_id, l.id, now(), 'manual', 'test', 1, '{}' FROM leads l WHERE $1::uuid IS NOT NULL",
    ];
    for statement in statements {
        db.execute(statement, &[&own]).await.unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
    }
    // Pending entries of the search index would make every search look dear.
    db.batch_execute("VACUUM ANALYZE").await.unwrap();
    LeadId(db.query_one("SELECT id FROM leads WHERE tenant_id = $1 LIMIT 1", &[&own]).await.unwrap().get(0))
}

/// A connection of the functions' role, inside the first tenant.
async fn entered(app: &TestApp, client: Client) -> Client {
    client.batch_execute("BEGIN").await.unwrap();
    client.query_one("SELECT lotse.enter_tenant($1)", &[&tenant_id(app)]).await.unwrap();
    client
}

async fn plan(client: &Client, sql: &str, parameters: &[Param<'_>]) -> Value {
    let rows = client.query_typed(&format!("EXPLAIN (FORMAT JSON) {sql}"), parameters).await;
    rows.unwrap_or_else(|error| panic!("{error:?}\n{sql}"))[0].get(0)
}

/// Every node of a plan as "type on relation using index".
fn nodes(plan: &Value, found: &mut Vec<String>) {
    match plan {
        Value::Array(items) => items.iter().for_each(|item| nodes(item, found)),
        Value::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
            if !text("Node Type").is_empty() {
                found.push(format!("{} {} {}", text("Node Type"), text("Relation Name"), text("Index Name")));
            }
            members.values().for_each(|member| nodes(member, found));
        }
        _ => {}
    }
}

const BIG: [&str; 11] = [
    "leads",
    "lead_standings",
    "events",
    "score_history",
    "intent_signals",
    "routing_decisions",
    "lead_identifiers",
    "deals",
    "stage_history",
    "tasks",
    "effects",
];

#[track_caller]
fn check(what: &str, plan: &Value) -> Vec<String> {
    let mut found = Vec::new();
    nodes(plan, &mut found);
    let reads_all = |node: &&String| {
        let table = node.strip_prefix("Seq Scan ").unwrap_or_default();
        BIG.iter().any(|big| table.starts_with(big))
    };
    let bad: Vec<_> = found.iter().filter(reads_all).collect();
    assert!(bad.is_empty(), "{what} reads {bad:?} from end to end:\n{plan:#}");
    found
}

fn window() -> Window {
    Window::first("-created_at", 26)
}

#[tokio::test]
async fn lists_use_indexes_and_keep_to_their_tenant() {
    let app = TestApp::new().await;
    let lead = fill(&app).await;
    lists_of_leads(&app).await;
    histories_of_a_lead(&app, lead).await;
    the_search_uses_the_codes(&app).await;
    the_search_walks_in_order(&app).await;
    the_search_keeps_to_its_tenant(&app).await;
    engine::statements_of_the_engine(&app).await;
    timeline::one_stream(&app, lead).await;
}

/// The orders of a list, and the index that each is walked by.
const ORDERS: [(Order, &str); 6] = [
    (Order::NewestFirst, "leads_created_at_idx"),
    (Order::OldestFirst, "leads_created_at_idx"),
    (Order::HighestScoreFirst, "lead_standings_score_idx"),
    (Order::LowestScoreFirst, "lead_standings_score_idx"),
    (Order::LatestActivityFirst, "lead_standings_activity_idx"),
    (Order::EarliestActivityFirst, "lead_standings_activity_idx"),
];

async fn lists_of_leads(app: &TestApp) {
    let client = entered(app, app.database().app_client().await.unwrap()).await;
    let later = jiff::Timestamp::UNIX_EPOCH;
    let since = Between { from: Some(later), ..Between::default() };
    let one = |text: &str| Choice::asked(Some(text.to_owned()));
    let filters: Vec<(&str, Filter)> = vec![
        ("all", Filter::default()),
        ("status", Filter { status: one("engaged"), ..Filter::default() }),
        ("tier", Filter { tier: one("hot"), min_score: Some(40), max_score: Some(90), ..Filter::default() }),
        ("intent", Filter { intent: one("b2b"), ..Filter::default() }),
        (
            "pipeline",
            Filter { pipeline: Choice::asked(Some(PipelineId(pipeline(app, "b2b").await))), ..Filter::default() },
        ),
        (
            "owner",
            Filter {
                owner: Choice::asked(Some(MemberId(member(app, app.tenant(), "sam").await))),
                ..Filter::default()
            },
        ),
        ("origin", Filter { source: one("portal"), campaign: one("x"), ..Filter::default() }),
        ("tag", Filter { tags: one("vip"), ..Filter::default() }),
        ("time", Filter { created: since, active: since, ..Filter::default() }),
        ("pool", Filter { unrouted: true, ..Filter::default() }),
        ("ids", Filter { ids: Some(vec![LeadId(Uuid::nil())]), ..Filter::default() }),
    ];
    // Few rows are sorted faster than walked; what matters is that many can be walked: no order needs a sort.
    client.batch_execute("SET LOCAL enable_sort = off").await.unwrap();
    let all = Filter::default();
    for (order, index) in ORDERS {
        let plan = plan(&client, order.statement(), &Arguments::new(&all, window()).of_part()).await;
        let nodes = check(&format!("{order:?}"), &plan);
        assert!(nodes.iter().any(|node| node.ends_with(index)), "{order:?} does not use {index}: {nodes:?}");
        assert!(!nodes.iter().any(|node| node.contains("Sort")), "{order:?} sorts: {nodes:?}");
    }
    client.batch_execute("SET LOCAL enable_sort = on").await.unwrap();
    for (name, filter) in &filters {
        let arguments = Arguments::new(filter, window());
        check(&format!("total of {name}"), &plan(&client, TOTAL, &arguments.of_total()).await);
        for (order, _) in ORDERS {
            let plan = plan(&client, order.statement(), &arguments.of_part()).await;
            check(&format!("{order:?} of {name}"), &plan);
        }
    }
    // From the middle of a walk, without reading what came before.
    let deep = Window { after: Some((later, Uuid::max())), ..window() };
    let arguments = Arguments::new(&all, deep);
    let walk = plan(&client, Order::NewestFirst.statement(), &arguments.of_part()).await;
    assert!(walk.to_string().contains("(ROW(created_at, id) <"), "the cursor is no index condition: {walk:#}");
    check("walk", &walk);
}

async fn histories_of_a_lead(app: &TestApp, lead: LeadId) {
    let client = entered(app, app.database().app_client().await.unwrap()).await;
    let (limit, offset) = (26_i64, 0_i64);
    let (text, at, id) = (None::<String>, None::<jiff::Timestamp>, None::<Uuid>);
    let one: Param<'_> = (&lead, type_of(&lead));
    check("one lead", &plan(&client, &statement("leads.get"), std::slice::from_ref(&one)).await);
    let part = [one.clone(), (&limit, type_of(&limit)), (&offset, type_of(&offset))];
    for (name, sql) in
        [("scores", history::LIST_SCORES), ("intents", history::LIST_INTENTS), ("decisions", history::LIST_DECISIONS)]
    {
        check(name, &plan(&client, sql, &part).await);
    }
    let events = [
        one,
        (&text, type_of(&text)),
        (&text, type_of(&text)),
        (&at, type_of(&at)),
        (&id, type_of(&id)),
        part[1].clone(),
        part[2].clone(),
    ];
    check("events", &plan(&client, history::LIST_EVENTS, &events).await);
}

/// The search runs as the owner inside a function, where EXPLAIN does not look: its own statement is explained instead. One rare
/// word, or several common ones, go through the index.
async fn the_search_uses_the_codes(app: &TestApp) {
    let client = entered(app, app.db().await).await;
    let body: String =
        client.query_one("SELECT prosrc FROM pg_proc WHERE proname = 'search_leads'", &[]).await.unwrap().get(0);
    let statement = body.replace("p_codes", "$1").replace("p_patterns", "$2").replace("p_limit", "$3");
    for typed in ["person123", "person12 firma vorname", "na vorname1"] {
        let words = Words::of(typed);
        let (codes, patterns, limit) = (words.codes(TenantId(tenant_id(app))), words.patterns(), 10_001_i32);
        let parameters: [Param<'_>; 3] =
            [(&codes, type_of(&codes)), (&patterns, type_of(&patterns)), (&limit, type_of(&limit))];
        let nodes = check(typed, &plan(&client, &statement, &parameters).await);
        assert!(nodes.iter().any(|node| node.ends_with("leads_search_codes_idx")), "{typed}: {nodes:?}");
    }
}

/// A look at the first leads of a list walks the index of its order, and leads that were found are looked up.
async fn the_search_walks_in_order(app: &TestApp) {
    let client = entered(app, app.database().app_client().await.unwrap()).await;
    let (patterns, first, last) = (vec!["%firma%".to_owned()], 1_i32, 26_i32);
    for (order, index) in ORDERS {
        let look = async |filter: &Filter, steps: i64| {
            let arguments = Arguments::new(filter, Window { limit: steps, ..window() });
            let mut list = arguments.of_part();
            list.extend([
                (&patterns as _, type_of(&patterns)),
                (&first as _, type_of(&first)),
                (&last as _, type_of(&last)),
            ]);
            check(&format!("search {order:?}"), &plan(&client, search::statement(order), &list).await)
        };
        // Among two thousand leads sorting costs about as much as walking; among a million it does not.
        client.batch_execute("SET LOCAL enable_sort = off").await.unwrap();
        let nodes = look(&Filter::default(), 100).await;
        client.batch_execute("SET LOCAL enable_sort = on").await.unwrap();
        assert!(nodes.iter().any(|node| node.ends_with(index)), "{order:?} does not use {index}: {nodes:?}");
        let found = Filter { ids: Some(vec![LeadId(Uuid::nil()), LeadId(Uuid::max())]), ..Filter::default() };
        let nodes = look(&found, 100).await;
        assert!(nodes.iter().any(|node| node.ends_with("leads_pkey")), "{order:?}: {nodes:?}");
    }
}

async fn the_search_keeps_to_its_tenant(app: &TestApp) {
    let client = app.database().app_client().await.unwrap();
    let tenant = TenantId(tenant_id(app));
    let words = Words::of("firma");
    // Also for whoever has another tenant's codes.
    let count = "SELECT count(*) FROM lotse.search_leads($1, $2, NULL)";
    let codes = words.codes(tenant);
    // Outside of a tenant there is nothing.
    let found = client.query_one(count, &[&codes, &words.patterns()]).await.unwrap().get::<_, i64>(0);
    assert_eq!(found, 0);
    let client = entered(app, client).await;
    let found = client.query_one(count, &[&codes, &words.patterns()]).await.unwrap().get::<_, i64>(0);
    assert_eq!(found, 2000);
    let other = client.query_one(count, &[&words.codes(TenantId(Uuid::nil())), &words.patterns()]).await.unwrap();
    assert_eq!(other.get::<_, i64>(0), 0);
}
