use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, member, organization, pointers, refuses_strangers};

fn path(deal: Uuid) -> String {
    format!("/api/v1/deals/{deal}")
}

async fn patch(app: &TestApp, deal: Uuid, body: &Value) -> Response {
    app.patch(&path(deal), body).bearer(&app.token("sales")).send().await
}

#[tokio::test]
async fn absent_keeps_and_null_clears() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "Labor", NEW, 1.0).await;
    let (sam, company) = (member(&app, app.tenant(), "sam").await, organization(&app, app.tenant(), "Nord AG").await);

    let body = json!({
        "name": "Labor Nord", "owner_id": sam, "company_id": company, "value_minor": 2_000, "currency": "CHF",
        "expected_close_on": "2026-12-18", "source": "portal", "campaign": "Herbst",
    });
    let answer = patch(&app, deal, &body).await.expect(200);
    let changed: Value = answer.json();
    for (field, expected) in body.as_object().unwrap() {
        assert_eq!(changed[field], *expected, "{field}");
    }
    assert_eq!((answer.header("etag"), &changed["owner_name"]), (Some("\"2\""), &json!("sam")));

    let crm = format!("/api/v1/crm/deals/{deal}");
    let clear =
        json!({"owner_id": null, "company_id": null, "expected_close_on": null, "source": null, "campaign": null});
    let cleared: Value = app.patch(&crm, &clear).bearer(&app.token("sales")).send().await.expect(200).json();
    for field in clear.as_object().unwrap().keys() {
        assert_eq!(cleared[field], json!(null), "{field}");
    }
    assert_eq!(
        (&cleared["name"], &cleared["value_minor"], &cleared["version"]),
        (&json!("Labor Nord"), &json!(2_000), &json!(3))
    );

    let same: Value = patch(&app, deal, &json!({"name": " Labor Nord ", "owner_id": null})).await.expect(200).json();
    assert_eq!(same, cleared, "what is so already changes nothing");
    let audit =
        "SELECT count(*), count(*) FILTER (WHERE before ->> 'name' = 'Labor' AND after ->> 'name' = 'Labor Nord')
        FROM audit_log WHERE action = 'update' AND record_id = $1";
    let row = app.db().await.query_one(audit, &[&deal.to_string()]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 1));
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "x", NEW, 1.0).await;
    let foreign = (organization(&app, &stranger, "Fremd AG").await, member(&app, &stranger, "sam").await);
    for (body, expected) in [
        (json!({"stage_id": board.stages[1]}), vec!["/stage_id"]),
        (json!({"status": "won", "lead_id": null}), vec!["/lead_id", "/status"]),
        (json!({"name": null, "value_minor": null, "currency": null}), vec!["/currency", "/name", "/value_minor"]),
        (
            json!({"name": "", "value_minor": 9_007_199_254_740_992_i64, "currency": "eur"}),
            vec!["/currency", "/name", "/value_minor"],
        ),
        (json!({"value_minor": 1.5}), vec!["/value_minor"]),
        (
            json!({"contact_id": Uuid::now_v7(), "expected_close_on": "9999-01-01"}),
            vec!["/contact_id", "/expected_close_on"],
        ),
        (json!({"company_id": foreign.0, "owner_id": foreign.1}), vec!["/company_id", "/owner_id"]),
    ] {
        let mut found = pointers(&patch(&app, deal, &body).await.expect(400));
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    let body = json!({"name": "y"});
    let stale = app.patch(&path(deal), &body).bearer(&app.token("sales")).header("if-match", "\"7\"").send().await;
    assert_eq!(stale.expect(412).problem()["current_version"], 1);
    patch(&app, Uuid::now_v7(), &body).await.expect(404).problem();
    app.patch(&path(deal), &body).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.patch(&path(deal), &body).bearer(&app.token("viewer")).send().await.expect(403).problem();
    refuses_strangers(&app, Method::PATCH, &path(deal), Some(&body), "deals:write").await;
    let row = app.db().await.query_one("SELECT name, version FROM deals WHERE id = $1", &[&deal]).await.unwrap();
    assert_eq!((row.get(0), row.get::<_, i64>(1)), ("x", 1));
}

#[tokio::test]
async fn a_deal_stays_somebodys() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let company = organization(&app, app.tenant(), "Nord AG").await;
    let body = json!({"name": "x", "company_id": company, "pipeline_id": board.pipeline});
    let deal: Value = app.post("/api/v1/deals", &body).bearer(&app.token("sales")).send().await.expect(201).json();
    let deal: Uuid = deal["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(patch(&app, deal, &json!({"company_id": null})).await.expect(409).problem()["code"], "nobody");
    // An owner who has left may stay named; a change of something else is no reason to look for another.
    let sam = member(&app, app.tenant(), "sam").await;
    patch(&app, deal, &json!({"owner_id": sam})).await.expect(200);
    app.db().await.execute("UPDATE team_members SET active = false WHERE id = $1", &[&sam]).await.unwrap();
    patch(&app, deal, &json!({"name": "y"})).await.expect(200);
    patch(&app, deal, &json!({"owner_id": null})).await.expect(200);
    assert_eq!(pointers(&patch(&app, deal, &json!({"owner_id": sam})).await.expect(400)), ["/owner_id"]);
}
