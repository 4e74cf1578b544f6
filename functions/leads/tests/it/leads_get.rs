use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{anna, deal, get, member, path, tenant_id, uuid};

#[tokio::test]
async fn shows_every_field_clients_rely_on() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let response = get(&app, &path(&lead, "")).await.expect(200);
    assert_eq!(response.header("etag"), Some("\"1\""));
    let shown: Value = response.json();
    for field in [
        "id",
        "email",
        "phone",
        "linkedin_url",
        "first_name",
        "last_name",
        "company",
        "organization_id",
        "job_title",
        "country",
        "language",
        "tags",
        "status",
        "tier",
        "total_score",
        "scores",
        "primary_intent",
        "intent_confidence",
        "intents",
        "pipeline_id",
        "stage_id",
        "deal_id",
        "owner_id",
        "source",
        "campaign_id",
        "custom",
        "first_seen_at",
        "last_activity_at",
        "routed_at",
        "created_at",
        "updated_at",
        "version",
        "organization",
        "owner",
        "open_deal",
        "suspected_duplicates",
    ] {
        assert!(shown.get(field).is_some(), "{field} is missing");
    }
    assert_eq!(shown["scores"], json!({"demographic": 5, "engagement": 0, "behavior": 0}));
    assert_eq!(
        (&shown["organization"], &shown["owner"], &shown["open_deal"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn shows_what_stands_around_the_lead() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let owner = member(&app, app.tenant(), "sophie").await;
    let db = app.db().await;
    let statement = "WITH o AS (INSERT INTO organizations (id, tenant_id, name, domain) VALUES (gen_random_uuid(), $2, 'Beispiel GmbH', 'beispiel.de') RETURNING id)
        UPDATE leads SET organization_id = (SELECT id FROM o), owner_id = $3 WHERE id = $1";
    db.execute(statement, &[&uuid(&lead["id"]), &tenant_id(&app), &owner]).await.unwrap();
    let deal = deal(&app, &lead, "b2b", "open").await;
    let shown: Value = get(&app, &path(&lead, "")).await.expect(200).json();
    assert_eq!(
        (&shown["organization"]["name"], &shown["organization"]["domain"]),
        (&json!("Beispiel GmbH"), &json!("beispiel.de"))
    );
    assert_eq!((&shown["owner"]["id"], &shown["owner"]["name"]), (&json!(owner), &json!("sophie")));
    assert_eq!((&shown["open_deal"]["id"], &shown["deal_id"]), (&json!(deal), &json!(deal)));
    assert_eq!((&shown["status"], &shown["open_deal"]["pipeline_id"]), (&json!("routed"), &shown["pipeline_id"]));
    assert!(shown["open_deal"]["stage_name"].is_string());
    // A closed deal is history.
    db.execute("UPDATE deals SET status = 'won', closed_at = now()", &[]).await.unwrap();
    let shown: Value = get(&app, &path(&lead, "")).await.expect(200).json();
    assert_eq!(shown["open_deal"], Value::Null);
}

#[tokio::test]
async fn each_request_writes_one_line_of_figures_by_its_route() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    get(&app, &path(&lead, "")).await.expect(200);
    get(&app, "/api/v1/leads/0197f5a8-0000-7000-8000-000000000001").await.expect(404);
    let logs = app.logs("leads-get");
    let read = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines: Vec<Value> = read.filter(|line| line["_aws"].is_object()).collect();
    assert_eq!(lines.len(), 2, "{logs}");
    for (line, class) in lines.iter().zip(["Answers2xx", "Answers4xx"]) {
        assert_eq!((&line["function"], &line["route"]), (&"leads-get".into(), &"/api/v1/leads/{id}".into()));
        assert!(line["RequestDuration"].as_f64().is_some_and(|time| time > 0.0), "{line}");
        assert_eq!(line[class], 1.0, "{line}");
        let [directive] = line["_aws"]["CloudWatchMetrics"].as_array().unwrap().as_slice() else { panic!("{line}") };
        assert_eq!(directive["Namespace"], "Lotse");
        assert_eq!(directive["Dimensions"], json!([["area"], ["function", "route"]]));
        assert_eq!(directive["Metrics"].as_array().unwrap().len(), 2);
        assert!(!line.to_string().contains(&app.tenant().id), "no figure is kept by tenant");
    }
}

#[tokio::test]
async fn what_hangs_on_a_lead_comes_along_as_its_own_endpoint_shows_it() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let deal = deal(&app, &lead, "b2b", "open").await;
    let task = json!({"title": "Anrufen", "lead_id": lead["id"], "deal_id": deal});
    app.post("/api/v1/tasks", &task).bearer(&app.token("sales")).send().await.expect(201);
    let id = lead["id"].as_str().unwrap();
    let include = "decisions,breakdown,scores,intents,timeline,tasks,deals,tasks";
    let shown: Value = get(&app, &path(&lead, &format!("?include={include}"))).await.expect(200).json();
    for (part, alone) in [
        ("decisions", path(&lead, "/decisions")),
        ("breakdown", format!("/api/v1/scoring/leads/{id}/breakdown")),
        ("scores", path(&lead, "/scores")),
        ("intents", path(&lead, "/intents")),
        ("timeline", path(&lead, "/timeline")),
        ("tasks", format!("/api/v1/tasks?lead_id={id}")),
        ("deals", format!("/api/v1/deals?lead_id={id}")),
    ] {
        let mut alone: Value = get(&app, &alone).await.expect(200).json();
        let mut part = shown["included"][part].clone();
        // Each is computed at its own moment.
        for side in [&mut alone, &mut part] {
            side.as_object_mut().map(|members| members.remove("at"));
        }
        assert_eq!(part, alone);
    }
    assert_eq!(shown["included"]["tasks"]["pagination"]["total"], 1);
    let plain: Value = get(&app, &path(&lead, "")).await.expect(200).json();
    assert_eq!(plain.get("included"), None);
    let some: Value = get(&app, &path(&lead, "?include=tasks")).await.expect(200).json();
    assert_eq!(some["included"].as_object().unwrap().keys().collect::<Vec<_>>(), ["tasks"]);

    let refused = get(&app, &path(&lead, "?include=tasks,secrets")).await.expect(400);
    assert_eq!(crate::support::faults(&refused), [("?include".to_owned(), "unknown_value".to_owned())]);
    // A right to the lead is none to what hangs on it.
    let leads_only = app.token_with_scopes(&["leads:read"]);
    app.get(&path(&lead, "?include=timeline")).bearer(&leads_only).send().await.expect(200);
    for part in ["tasks", "deals", "breakdown"] {
        app.get(&path(&lead, &format!("?include={part}"))).bearer(&leads_only).send().await.expect(403);
    }
}
