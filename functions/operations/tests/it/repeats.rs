//! Writing twice: every POST gives the same `Idempotency-Key` the same answer, every PATCH guards against lost updates.

use serde_json::{Value, json};
use testkit::Method;
use testkit::app::{Endpoint, Response, TestApp};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::tenants::{Own, fill, fingerprint, ids, rule};

/// A body that an endpoint accepts from the first tenant, once.
async fn right_body(app: &TestApp, db: &Client, own: &Own, endpoint: &Endpoint, token: &str) -> Value {
    let tenant = app.tenant();
    match endpoint.function.as_str() {
        "deals-close" => {
            // Closed once, a deal is closed: each of its routes needs one.
            let deal = json!({"name": endpoint.path, "lead_id": own.lead, "pipeline_id": own.pipeline});
            app.post("/api/v1/deals", &deal).bearer(&app.token("admin")).send().await.expect(201);
            own.body(endpoint)
        }
        "bulk-undo" => {
            let change = json!({"ids": [own.lead], "change": {"add_tags": ["undone"]}});
            let done = app.post("/api/v1/leads/bulk-update", &change).bearer(token).send().await.expect(200);
            json!({"token": done.json::<Value>()["undo"]["token"]})
        }
        "events-ingest" => {
            json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "again@x.example"}})
        }
        "inbox-replay" => {
            let statement = "SELECT id FROM inbox WHERE tenant_id::text = $1 AND status = 'open' LIMIT 1";
            json!({"ids": [db.query_one(statement, &[&tenant.id]).await.unwrap().get::<_, Uuid>(0)]})
        }
        "leads-create" => json!({"email": "new@x.example"}),
        // Both routes of a function: the second one must not find what the first has made.
        "deals-create" => json!({"name": endpoint.path, "lead_id": own.lead, "pipeline_id": own.pipeline}),
        "tasks-create" => json!({"title": "Anrufen"}),
        "team-create" => json!({"email": "new@team.example", "name": "Neu", "role": "sales"}),
        "notifications-read" => json!({"all": true}),
        "saved-views-create" => json!({"list": "leads", "name": "Noch eine", "shared": true}),
        "scoring-rules-create" => {
            let mut body = rule();
            body["slug"] = json!("another");
            body
        }
        _ => own.body(endpoint),
    }
}

/// Asks about one record after the other until the endpoint finds what it is about.
async fn found(ids: &[String], what: &str, send: impl AsyncFn(&str) -> Response) -> (String, Response) {
    for id in ids {
        let answer = send(id).await;
        if (200..300).contains(&answer.status) {
            return (id.clone(), answer);
        }
    }
    panic!("{what} accepts nothing about the tenant's own records: is the body in this test still right?");
}

#[tokio::test]
async fn every_post_gives_the_same_answer_to_the_same_key() {
    let app = TestApp::new().await;
    fill(&app).await;
    let db = app.db().await;
    let own = Own::of(&app, &db, app.tenant()).await;
    let token = app.token("admin");
    let posts = app.endpoints().into_iter().filter(|one| one.method == Method::POST && !one.is_public());
    for endpoint in posts {
        let what = format!("POST {}", endpoint.path);
        let body = right_body(&app, &db, &own, &endpoint, &token).await;
        let send = async |id: &str, body: &Value| {
            let request = app.post(&endpoint.at(id), body).bearer(&token);
            request.header("idempotency-key", &endpoint.path).send().await
        };
        // Asked for anew: routing by hand ends tasks and makes others.
        let ids = ids(&db, app.tenant()).await;
        let (id, first) = found(&ids, &what, async |id| send(id, &body).await).await;
        assert_eq!(first.header("idempotency-replayed"), None, "{what}");
        let before = fingerprint(&db, app.tenant()).await;
        let sent = app.sqs().sent();

        let again = send(&id, &body).await;

        assert_eq!((again.status, &again.body), (first.status, &first.body), "{what}");
        for header in ["content-type", "location", "etag"] {
            assert_eq!(again.header(header), first.header(header), "{what}: {header}");
        }
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{what}");
        let reused = send(&id, &json!({"colour": "red"})).await;
        assert_eq!(reused.status, 409, "{what} with another body");
        assert_eq!(reused.problem()["code"], "idempotency_key_reused");
        assert_eq!(fingerprint(&db, app.tenant()).await, before, "{what} has changed something again");
        assert_eq!(app.sqs().sent(), sent, "{what} has sent something again");
    }
    app.drain().await;
}

#[tokio::test]
async fn every_patch_guards_against_lost_updates() {
    let app = TestApp::new().await;
    fill(&app).await;
    let db = app.db().await;
    let (ids, own) = (ids(&db, app.tenant()).await, Own::of(&app, &db, app.tenant()).await);
    let token = app.token("admin");
    // A path with two ids is the second route of a function that is tried by its first.
    let patches =
        app.endpoints().into_iter().filter(|one| one.method == Method::PATCH && one.path.matches('{').count() == 1);
    let patches: Vec<Endpoint> = patches.collect();
    assert!(patches.len() > 5, "{}", patches.len());
    for endpoint in patches {
        let what = format!("PATCH {}", endpoint.path);
        let body = own.body(&endpoint);
        let send = async |id: &str, version: &str| {
            app.patch(&endpoint.at(id), &body).bearer(&token).header("if-match", version).send().await
        };
        let (id, changed) = found(&ids, &what, async |id| send(id, "*").await).await;
        let current = changed.header("etag").unwrap_or_else(|| panic!("{what} answers without an ETag")).to_owned();
        let before = fingerprint(&db, app.tenant()).await;
        assert_eq!(send(&id, "\"0\"").await.expect(412).problem()["status"], 412, "{what}");
        send(&id, "yesterday's").await.expect(400).problem();
        assert_eq!(fingerprint(&db, app.tenant()).await, before, "{what}");
        send(&id, &current).await.expect(200);
    }
    app.drain().await;
}
