use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, LOST, NEW, QUALIFIED, WON, member, organization, pointers, refuses_strangers};

async fn create(app: &TestApp, body: &Value) -> Response {
    app.post("/api/v1/deals", body).bearer(&app.token("sales")).send().await
}

#[tokio::test]
async fn opens_a_deal_in_the_first_stage_with_what_the_pipeline_expects() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "research-lab").await;
    board.deal(&app, "older", NEW, 5.0).await;
    let lead = board.lead(&app).await;
    let name = "UPDATE leads SET first_name = 'Anna', last_name = 'Schmidt', company = 'Labor Nord' WHERE id = $1";
    app.db().await.execute(name, &[&lead]).await.unwrap();

    let answer = create(&app, &json!({"name": "  Ausbau  ", "lead_id": lead, "pipeline_id": board.pipeline})).await;

    let answer = answer.expect(201);
    let deal: Value = answer.json();
    let path = format!("/api/v1/deals/{}", deal["id"].as_str().unwrap());
    assert_eq!((answer.header("location"), answer.header("etag")), (Some(path.as_str()), Some("\"1\"")));
    for (field, expected) in [
        ("name", json!("Ausbau")),
        ("lead_id", json!(lead)),
        ("lead_name", json!("Anna Schmidt")),
        ("lead_company", json!("Labor Nord")),
        ("pipeline_id", json!(board.pipeline)),
        ("stage_id", json!(board.stages[NEW])),
        ("value_minor", json!(1_500_000)),
        ("currency", json!("EUR")),
        ("probability", json!(10)),
        ("status", json!("open")),
        ("owner_id", json!(null)),
        ("routed", json!(false)),
    ] {
        assert_eq!(deal[field], expected, "{field}");
    }
    let shown: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!(shown, deal);
    let board_path = format!("/api/v1/pipelines/{}/deals", board.pipeline);
    let shown: Value = app.get(&board_path).bearer(&app.token("viewer")).send().await.expect(200).json();
    let top = &shown["columns"][NEW]["deals"][0];
    assert_eq!((&top["id"], &top["lead_name"]), (&deal["id"], &json!("Anna Schmidt")), "on top of its stage");
    let history = format!("{path}/history");
    let history: Value = app.get(&history).bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!(history["pagination"]["total"], 1);
    let audit = "SELECT action, before, after ->> 'name' FROM audit_log WHERE record_type = 'deal'";
    let row = app.db().await.query_one(audit, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get::<_, Option<Value>>(1), row.get(2)), ("create", None, "Ausbau"));
}

#[tokio::test]
async fn takes_everything_that_can_be_said() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (sam, company) = (member(&app, app.tenant(), "sam").await, organization(&app, app.tenant(), "Nord AG").await);
    let body = json!({
        "name": "Ausbau", "company_id": company, "pipeline_id": board.pipeline, "stage_id": board.stages[QUALIFIED],
        "owner_id": sam, "value_minor": 0, "currency": "CHF", "expected_close_on": "2026-12-18", "source": "conference",
        "campaign": "Herbst",
    });
    let crm = app.post("/api/v1/crm/deals", &body).bearer(&app.token("sales")).send().await.expect(201);
    let deal: Value = crm.json();
    for (field, expected) in body.as_object().unwrap() {
        assert_eq!(deal[field], *expected, "{field}");
    }
    assert_eq!(
        (&deal["owner_name"], &deal["lead_id"], &deal["probability"]),
        (&json!("sam"), &json!(null), &json!(25))
    );
}

#[tokio::test]
async fn a_person_stays_in_the_pool_and_a_lost_one_gets_another_chance() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (pooled, lost) = (board.lead(&app).await, board.lead(&app).await);
    let db = app.db().await;
    let pool = "UPDATE leads SET lifecycle = NULL, pipeline_id = NULL, stage_id = NULL WHERE id = $1";
    db.execute(pool, &[&pooled]).await.unwrap();
    db.execute("UPDATE leads SET lifecycle = 'lost' WHERE id = $1", &[&lost]).await.unwrap();
    for lead in [pooled, lost] {
        create(&app, &json!({"name": "x", "lead_id": lead, "pipeline_id": board.pipeline})).await.expect(201);
    }
    let lifecycle = async |lead: Uuid| -> Option<String> {
        db.query_one("SELECT lifecycle FROM leads WHERE id = $1", &[&lead]).await.unwrap().get(0)
    };
    assert_eq!(lifecycle(pooled).await, None);
    assert_eq!(lifecycle(lost).await.as_deref(), Some("routed"));
}

#[tokio::test]
async fn names_every_fault_at_once() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let theirs = Board::of(&app, &stranger, "discovery").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let lab = Board::of(&app, app.tenant(), "research-lab").await;
    let lead = board.lead(&app).await;
    let (pipeline, nobody) = (board.pipeline, Uuid::now_v7());
    let foreign_lead = theirs.lead(&app).await;
    let foreign_company = organization(&app, &stranger, "Fremd AG").await;
    let foreign_member = member(&app, &stranger, "sam").await;
    for (body, expected) in [
        (json!({}), vec!["/name", "/pipeline_id"]),
        (json!({"name": "x", "pipeline_id": pipeline}), vec!["/lead_id"]),
        (json!({"name": "x", "pipeline_id": pipeline, "lead_id": lead, "stage": 1}), vec!["/stage"]),
        (
            json!({"name": " ", "pipeline_id": theirs.pipeline, "lead_id": lead, "value_minor": -1, "currency": "euro",
                   "expected_close_on": "1026-01-01", "source": "", "contact_id": nobody}),
            vec!["/contact_id", "/currency", "/expected_close_on", "/name", "/pipeline_id", "/source", "/value_minor"],
        ),
        (
            json!({"name": "x", "pipeline_id": pipeline, "lead_id": lead, "expected_close_on": "soon"}),
            vec!["/expected_close_on"],
        ),
        (json!({"name": "x".repeat(201), "pipeline_id": pipeline, "lead_id": lead}), vec!["/name"]),
        (json!({"name": "x", "pipeline_id": pipeline, "lead_id": nobody}), vec!["/lead_id"]),
        (json!({"name": "x", "pipeline_id": pipeline, "lead_id": foreign_lead}), vec!["/lead_id"]),
        (
            json!({"name": "x", "pipeline_id": pipeline, "company_id": foreign_company, "owner_id": foreign_member}),
            vec!["/company_id", "/owner_id"],
        ),
        (
            json!({"name": "x", "pipeline_id": pipeline, "lead_id": lead, "stage_id": lab.stages[NEW]}),
            vec!["/stage_id"],
        ),
        (
            json!({"name": "x", "pipeline_id": pipeline, "lead_id": lead, "stage_id": board.stages[WON]}),
            vec!["/stage_id"],
        ),
        (
            json!({"name": "x", "pipeline_id": pipeline, "lead_id": lead, "stage_id": board.stages[LOST]}),
            vec!["/stage_id"],
        ),
    ] {
        let mut found = pointers(&create(&app, &body).await.expect(400));
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    let db = app.db().await;
    db.execute("UPDATE pipelines SET archived_at = now() WHERE id = $1", &[&lab.pipeline]).await.unwrap();
    let archived = create(&app, &json!({"name": "x", "pipeline_id": lab.pipeline, "lead_id": lead})).await.expect(400);
    assert_eq!(pointers(&archived), ["/pipeline_id"]);
    db.execute("UPDATE leads SET lifecycle = 'anonymized' WHERE id = $1", &[&lead]).await.unwrap();
    let erased = create(&app, &json!({"name": "x", "pipeline_id": pipeline, "lead_id": lead})).await.expect(409);
    assert_eq!(erased.problem()["code"], "anonymized");
    assert_eq!(db.query_one("SELECT count(*) FROM deals", &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn refuses_strangers_and_opens_one_per_key() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let lead = board.lead(&app).await;
    let body = json!({"name": "x", "lead_id": lead, "pipeline_id": board.pipeline});
    refuses_strangers(&app, Method::POST, "/api/v1/deals", Some(&body), "deals:write").await;
    app.post("/api/v1/deals", &body).bearer(&app.token("viewer")).send().await.expect(403).problem();
    let token = app.token("sales");
    let send = |body: &Value| app.post("/api/v1/deals", body).bearer(&token).header("idempotency-key", "k").send();
    let first: Value = send(&body).await.expect(201).json();
    assert_eq!(send(&body).await.expect(201).json::<Value>(), first);
    let other = send(&json!({"name": "y", "lead_id": lead, "pipeline_id": board.pipeline})).await.expect(409);
    assert_eq!(other.problem()["code"], "idempotency_key_reused");
    let count = app.db().await.query_one("SELECT count(*) FROM deals", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 1);
}
