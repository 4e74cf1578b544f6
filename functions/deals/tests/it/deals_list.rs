use serde_json::Value;
use testkit::statements::statement;
use testkit::{Method, TestApp};

use crate::support::{Board, LOST, NEW, QUALIFIED, crowd, names, plan, pointers, refuses_strangers, uses};

async fn listed(app: &TestApp, query: &str) -> Value {
    let path = format!("/api/v1/deals?{query}");
    app.get(&path).bearer(&app.token("sales")).send().await.expect(200).json()
}

/// Three deals, made in this order: Alpha (10, due first), Beta 50% (30, no date), Gamma (20, due last).
async fn three(app: &TestApp) -> (Board, [uuid::Uuid; 3]) {
    let board = Board::of(app, app.tenant(), "discovery").await;
    let alpha = board.deal(app, "Alpha", NEW, 3.0).await;
    let beta = board.deal(app, "Beta 50%", QUALIFIED, 2.0).await;
    let gamma = board.deal(app, "Gamma", LOST, 1.0).await;
    let db = app.db().await;
    db.batch_execute(&format!(
        "UPDATE deals SET value_minor = 10, expected_close_on = '2026-12-01', created_at = '2026-01-01' WHERE id = '{alpha}';
         UPDATE deals SET value_minor = 30, created_at = '2026-02-01' WHERE id = '{beta}';
         UPDATE deals SET value_minor = 20, expected_close_on = '2027-01-01', created_at = '2026-03-01', status = 'lost',
                closed_at = now() WHERE id = '{gamma}';
         UPDATE deals SET owner_id = (SELECT id FROM team_members WHERE tenant_id = deals.tenant_id AND name = 'sam')
          WHERE id = '{beta}'"
    ))
    .await
    .unwrap();
    (board, [alpha, beta, gamma])
}

#[tokio::test]
async fn filters() {
    let app = TestApp::new().await;
    let (board, [alpha, beta, gamma]) = three(&app).await;
    let db = app.db().await;
    let row = db.query_one("SELECT owner_id, lead_id FROM deals WHERE id = $1", &[&beta]).await.unwrap();
    let (owner, lead): (uuid::Uuid, uuid::Uuid) = (row.get(0), row.get(1));
    let other = Board::of(&app, app.tenant(), "research-lab").await;

    for (query, expected) in [
        (String::new(), vec!["Gamma", "Beta 50%", "Alpha"]),
        (format!("pipeline_id={}", board.pipeline), vec!["Gamma", "Beta 50%", "Alpha"]),
        (format!("pipeline_id={}", other.pipeline), vec![]),
        (format!("stage_id={}", board.stages[QUALIFIED]), vec!["Beta 50%"]),
        (format!("owner_id={owner}"), vec!["Beta 50%"]),
        (format!("lead_id={lead}"), vec!["Beta 50%"]),
        ("status=lost".to_owned(), vec!["Gamma"]),
        ("status=open&q=ALPH".to_owned(), vec!["Alpha"]),
        ("q=50%25".to_owned(), vec!["Beta 50%"]),
        ("q=_".to_owned(), vec![]),
        ("q=%20".to_owned(), vec!["Gamma", "Beta 50%", "Alpha"]),
        ("q=50%25+BET".to_owned(), vec!["Beta 50%"]),
        ("q=g".to_owned(), vec!["Gamma"]),
        ("created_from=2026-02-01T00:00:00Z".to_owned(), vec!["Gamma", "Beta 50%"]),
        ("created_to=2026-02-01T00:00:00Z".to_owned(), vec!["Alpha"]),
    ] {
        let list = listed(&app, &query).await;
        assert_eq!(names(&list["data"]), expected, "{query}");
        assert_eq!(list["pagination"]["total"], expected.len(), "{query}");
    }
    let all = listed(&app, "").await;
    let ids: Vec<String> =
        all["data"].as_array().unwrap().iter().map(|deal| deal["id"].as_str().unwrap().into()).collect();
    assert_eq!(ids, [gamma.to_string(), beta.to_string(), alpha.to_string()]);
    let crm = app.get("/api/v1/crm/deals").bearer(&app.token("sales")).send().await.expect(200);
    assert_eq!(crm.json::<Value>(), all);
}

/// Of whoever makes a deal: a person, the router, the release before.
#[tokio::test]
async fn a_deal_is_found_by_every_spelling_of_its_name() {
    let app = TestApp::new().await;
    let (_, [alpha, ..]) = three(&app).await;
    let path = format!("/api/v1/deals/{alpha}");
    for (name, typed) in [
        ("Müller AG Rollout", &["MÜLLER", "müller", "mueller", "muller", "rollout%20m%C3%BCller", "AG"][..]),
        ("GROẞBÄCKEREI Σωκράτης", &["groß", "GROSS", "ΣΩΚΡΆΤΗΣ"]),
    ] {
        let edit = serde_json::json!({"name": name});
        app.patch(&path, &edit).bearer(&app.token("sales")).send().await.expect(200);
        for q in typed {
            assert_eq!(names(&listed(&app, &format!("q={q}")).await["data"]), [name], "{q}");
        }
    }
    let db = app.db().await;
    db.execute("UPDATE deals SET name = 'Öl & Gas' WHERE id = $1", &[&alpha]).await.unwrap();
    assert_eq!(names(&listed(&app, "q=oel").await["data"]), ["Öl & Gas"]);
    db.execute("UPDATE deals SET search_text = NULL", &[]).await.unwrap();
    app.invoke("migrate", serde_json::json!({})).await.unwrap();
    assert_eq!(names(&listed(&app, "q=ol").await["data"]), ["Öl & Gas"]);
}

#[tokio::test]
async fn as_a_file() {
    let app = TestApp::new().await;
    let (_, [alpha, ..]) = three(&app).await;
    let db = app.db().await;
    db.execute("UPDATE deals SET value_minor = 123456, name = ' =1+1' WHERE id = $1", &[&alpha]).await.unwrap();
    db.execute("UPDATE deals SET value_minor = 500, currency = 'JPY' WHERE name = 'Gamma'", &[]).await.unwrap();
    let file = async |query: &str| {
        let path = format!("/api/v1/deals?format=csv&{query}");
        app.get(&path).bearer(&app.token("sales")).send().await.expect(200).text()
    };
    assert_eq!(
        file("language=de&columns=name,value,currency,status,expected_close_on,owner&sort=value_minor").await,
        "\u{feff}Name;Wert;Währung;Status;Erwarteter Abschluss;Zuständig\r\nBeta 50%;0,30;EUR;Offen;;sam\r\n\
         Gamma;500;JPY;Verloren;2027-01-01;\r\n' =1+1;1234,56;EUR;Offen;2026-12-01;\r\n"
    );
    assert_eq!(file("language=en&columns=name,value&q=beta").await, "\u{feff}Name,Value\r\nBeta 50%,0.30\r\n");
}

#[tokio::test]
async fn cards_name_their_lead_and_owner() {
    let app = TestApp::new().await;
    let (board, [alpha, beta, gamma]) = three(&app).await;
    let name = "UPDATE leads l SET first_name = v.first, last_name = v.last, company = v.company, email = v.email
        FROM (VALUES ($1::uuid, 'Anna', 'Schmidt', 'Labor Nord', 'a@x.example'), ($2::uuid, NULL, NULL, 'Nord AG', 'b@x.example'),
                     ($3::uuid, ' ', NULL, NULL, 'c@x.example')) v (deal, first, last, company, email), deals d
        WHERE d.id = v.deal AND l.id = d.lead_id";
    assert_eq!(app.db().await.execute(name, &[&alpha, &beta, &gamma]).await.unwrap(), 3);
    let told = |deal: &Value| [&deal["lead_name"], &deal["lead_company"], &deal["owner_name"]].map(Value::to_string);
    let expected = [
        ["\"c@x.example\"", "null", "null"],
        ["\"Nord AG\"", "\"Nord AG\"", "\"sam\""],
        ["\"Anna Schmidt\"", "\"Labor Nord\"", "null"],
    ];
    let list = listed(&app, "").await;
    let shown: Vec<_> = list["data"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(shown, expected);
    let path = format!("/api/v1/pipelines/{}/deals", board.pipeline);
    let board: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();
    let on_board: Vec<_> = [LOST, QUALIFIED, NEW].map(|n| told(&board["columns"][n]["deals"][0])).into();
    assert_eq!(on_board, expected);
}

#[tokio::test]
async fn sorts_and_pages() {
    let app = TestApp::new().await;
    three(&app).await;
    for (query, expected) in [
        ("sort=created_at", ["Alpha", "Beta 50%", "Gamma"]),
        ("sort=-created_at", ["Gamma", "Beta 50%", "Alpha"]),
        ("sort=value_minor", ["Alpha", "Gamma", "Beta 50%"]),
        ("sort=-value_minor", ["Beta 50%", "Gamma", "Alpha"]),
        ("sort=expected_close_on", ["Alpha", "Gamma", "Beta 50%"]),
        ("sort=-expected_close_on", ["Gamma", "Alpha", "Beta 50%"]),
    ] {
        assert_eq!(names(&listed(&app, query).await["data"]), expected, "{query}");
    }
    let second = listed(&app, "limit=2&page=2").await;
    assert_eq!(names(&second["data"]), ["Alpha"]);
    assert_eq!(second["pagination"], serde_json::json!({"page": 2, "limit": 2, "total": 3, "total_pages": 2}));
}

#[tokio::test]
async fn a_cursor_walks_everything_once() {
    let app = TestApp::new().await;
    three(&app).await;
    // Equal moments: the id decides.
    app.db().await.batch_execute("UPDATE deals SET created_at = '2026-05-05'").await.unwrap();
    let mut seen: Vec<String> = Vec::new();
    let mut query = "limit=1".to_owned();
    loop {
        let part = listed(&app, &query).await;
        seen.extend(names(&part["data"]).into_iter().map(str::to_owned));
        match part["pagination"]["next_cursor"].as_str() {
            Some(cursor) => query = format!("limit=1&cursor={cursor}"),
            None => break,
        }
        assert!(seen.len() < 5, "{seen:?}");
    }
    seen.sort_unstable();
    assert_eq!(seen, ["Alpha", "Beta 50%", "Gamma"]);
    let token = app.token("sales");
    let sorted = app.get("/api/v1/deals?sort=value_minor&cursor=AAAA").bearer(&token).send().await.expect(400);
    assert_eq!(pointers(&sorted), ["?cursor"]);
    let foreign = app.get("/api/v1/deals?cursor=AAAA").bearer(&token).send().await.expect(400);
    assert_eq!(pointers(&foreign), ["?cursor"]);
}

#[tokio::test]
async fn refuses_what_it_does_not_know() {
    let app = TestApp::new().await;
    let path = "/api/v1/deals?status=closed&owner_id=me&colour=red&limit=1000";
    let refused = app.get(path).bearer(&app.token("sales")).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(found, ["?colour", "?limit", "?owner_id", "?status"]);
    let sort = app.get("/api/v1/deals?sort=name").bearer(&app.token("sales")).send().await.expect(400);
    assert_eq!(pointers(&sort), ["?sort"]);
    let long = format!("/api/v1/deals?q={}", "x".repeat(201));
    assert_eq!(pointers(&app.get(&long).bearer(&app.token("sales")).send().await.expect(400)), ["?q"]);
    refuses_strangers(&app, Method::GET, "/api/v1/deals", None, "deals:read").await;
}

#[tokio::test]
async fn shows_nothing_of_other_tenants() {
    let app = TestApp::new().await;
    three(&app).await;
    let stranger = app.new_tenant("other").await;
    let list: Value = app.get("/api/v1/deals").bearer(&stranger.token("admin")).send().await.expect(200).json();
    assert_eq!((names(&list["data"]).len(), &list["pagination"]["total"]), (0, &Value::from(0)));
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    let (pipeline, stage) = (format!("'{{{}}}'", board.pipeline), format!("'{{{}}}'", board.stages[0]));
    let db = app.db().await;
    let some = "SELECT lead_id::text, owner_id::text FROM deals WHERE stage_id = $1 LIMIT 1";
    let row = db.query_one(some, &[&board.stages[0]]).await.unwrap();
    let list = |n: usize| format!("'{{{}}}'", row.get::<_, &str>(n));
    let (lead, owner) = (list(0), list(1));
    let two = format!("'{{{},{}}}'", row.get::<_, &str>(1), uuid::Uuid::nil());
    let null = ["NULL"; 2];
    let order = "'-created_at'";
    // Filters by the number of their parameter.
    type Filters<'a> = &'a [(usize, &'a str)];
    let cases: [(Filters<'_>, &str, [&str; 2], &str); 10] = [
        (&[], order, null, "deals_created_at_idx"),
        (&[], "'created_at'", null, "deals_created_at_idx"),
        (&[], "'-value_minor'", null, "deals_created_at_idx"),
        (&[(FILTERS, "'{%42%}'")], order, null, "deals_created_at_idx"),
        (&[], order, ["'2026-01-01'", "'0192f1c2-0000-7000-8000-000000000000'"], "deals_created_at_idx"),
        (&[(1, &pipeline), (3, &stage)], "'value_minor'", null, "deals_board_idx"),
        (&[(7, &lead)], order, null, "deals_lead_idx"),
        (&[(5, &owner), (11, "'{open}'")], "'-value_minor'", null, "deals_owner_open_idx"),
        (&[(5, &two), (11, "'{open}'")], "'-value_minor'", null, "deals_owner_open_idx"),
        // Nobody's deals and those without a next step are met on the way.
        (&[(5, "'{NULL}'"), (34, "true")], order, null, "deals_created_at_idx"),
    ];
    for (filters, order, after, index) in cases {
        let mut values = vec!["NULL"; FILTERS];
        for (number, value) in filters {
            values[number - 1] = value;
        }
        values.extend([order, "25", "0", after[0], after[1]]);
        let plan = plan(&app, board.tenant, &statement("deals.list"), &values).await;
        uses(&plan, index, &["deals"]);
        // The default order comes out of the index: a page costs the same in a list of any length.
        let walks = order == "'-created_at'" && filters.iter().all(|(number, _)| *number > 12);
        assert!(!walks || !plan.contains("Sort"), "sorts the whole list:\n{plan}");
        for of in ["deals.count", "deals.aggregate"] {
            let count = crate::support::plan(&app, board.tenant, &statement(of), &values[..FILTERS]).await;
            uses(&count, "deals_", &["deals"]);
        }
    }
}

/// As many parameters has the filter.
const FILTERS: usize = 36;

#[tokio::test]
async fn filters_of_fields_and_sums() {
    let app = TestApp::new().await;
    let (_, [alpha, beta, gamma]) = three(&app).await;
    let db = app.db().await;
    let sam = testkit::sales::member(&app, app.tenant(), "sam").await;
    let set = "UPDATE deals d SET value_minor = v.value, currency = v.currency, expected_close_on = current_date + v.days, owner_id = v.owner
        FROM (VALUES ($1::uuid, 1000::int8, 'EUR', 3, $4::uuid), ($2, 500, 'EUR', NULL, NULL), ($3, 70, 'CHF', -3, NULL)) v (id, value, currency, days, owner)
        WHERE d.id = v.id";
    db.execute(set, &[&alpha, &beta, &gamma, &sam]).await.unwrap();
    let task = "INSERT INTO tasks (id, tenant_id, title, kind, deal_id, status, completed_at, created_at, updated_at)
        SELECT gen_random_uuid(), tenant_id, 'T', 'call', id, CASE WHEN id = $1 THEN 'open' ELSE 'done' END, CASE WHEN id <> $1 THEN now() END, now(), now() FROM deals";
    db.execute(task, &[&alpha]).await.unwrap();
    let list = listed(&app, "sort=-value_minor").await;
    let [alpha, beta, gamma] = names(&list["data"])[..] else { panic!("three deals: {list}") };
    let cases: [(String, &[&str]); 12] = [
        (format!("filter[owner_id][in]={sam},none"), &[alpha, beta, gamma]),
        (format!("filter[owner_id][not_in]={sam}"), &[beta, gamma]),
        ("filter[owner_id][empty]=false".to_owned(), &[alpha]),
        (format!("owner_id={sam}&filter[owner_id][empty]=true"), &[]),
        ("filter[currency][in]=EUR".to_owned(), &[alpha, beta]),
        ("filter[value_minor][min]=70&filter[value_minor][max]=500".to_owned(), &[beta, gamma]),
        ("filter[expected_close_on][next]=7d".to_owned(), &[alpha]),
        ("filter[expected_close_on][last]=7d".to_owned(), &[gamma]),
        ("filter[expected_close_on][empty]=true".to_owned(), &[beta]),
        ("filter[expected_close_on][before]=today".to_owned(), &[gamma]),
        ("filter[task][empty]=true".to_owned(), &[beta, gamma]),
        ("filter[task][empty]=false".to_owned(), &[alpha]),
    ];
    for (query, expected) in cases {
        let list = listed(&app, &format!("sort=-value_minor&{query}")).await;
        assert_eq!(names(&list["data"]), expected, "{query}");
        assert_eq!(list["pagination"]["total"], expected.len(), "{query}");
    }
    let list = listed(&app, "aggregate=sum(value_minor),avg(value_minor)&limit=1").await;
    let figure = |function: &str, currency: &str, value: Value| serde_json::json!({"function": function, "field": "value_minor", "currency": currency, "value": value});
    let expected = [
        ("sum", "CHF", 70.into()),
        ("avg", "CHF", 70.0.into()),
        ("sum", "EUR", 1500.into()),
        ("avg", "EUR", 750.0.into()),
    ];
    let expected: Vec<Value> =
        expected.into_iter().map(|(function, currency, value)| figure(function, currency, value)).collect();
    assert_eq!(list["aggregates"], Value::from(expected));
    assert_eq!(listed(&app, "aggregate=sum(value_minor)&q=nothing").await["aggregates"], serde_json::json!([]));
    let path =
        "/api/v1/deals?filter[stage]=x&filter[owner_id][in]=sam&filter[created_at][last]=soon&filter[routed][is]=1";
    let refused = app.get(path).bearer(&app.token("sales")).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    let expected = ["?filter[created_at][last]", "?filter[owner_id][in]", "?filter[routed][is]", "?filter[stage]"];
    assert_eq!(found, expected);
    let refused = app.get("/api/v1/deals?aggregate=sum(name)").bearer(&app.token("sales")).send().await.expect(400);
    assert_eq!(pointers(&refused), ["?aggregate"]);
}
