//! Who may own leads, deals and tasks: the same everywhere.

use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

/// A lead, a deal and a task of the first tenant, made through the API.
struct Records {
    lead: String,
    deal: String,
    task: String,
    pipeline: Uuid,
}

async fn records(app: &TestApp) -> Records {
    let db = app.db().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "SELECT id FROM pipelines WHERE tenant_id = $1 AND slug = 'discovery'";
    let pipeline: Uuid = db.query_one(statement, &[&tenant]).await.unwrap().get(0);
    let make = async |path: &str, body: Value| -> String {
        let made: Value = app.post(path, &body).bearer(&app.token("admin")).send().await.expect(201).json();
        made["id"].as_str().unwrap().to_owned()
    };
    let lead = make("/api/v1/leads", json!({"email": "a@x.example"})).await;
    let deal = make("/api/v1/deals", json!({"name": "d", "lead_id": lead, "pipeline_id": pipeline})).await;
    Records { lead, deal, task: make("/api/v1/tasks", json!({"title": "t"})).await, pipeline }
}

/// Every request that makes somebody an owner.
fn requests(records: &Records, owner: Uuid) -> [(Method, String, Value); 7] {
    let Records { lead, deal, task, pipeline } = records;
    [
        (Method::POST, "/api/v1/leads".to_owned(), json!({"email": format!("{owner}@x.example"), "owner_id": owner})),
        (Method::PATCH, format!("/api/v1/leads/{lead}"), json!({"owner_id": owner})),
        (
            Method::POST,
            "/api/v1/deals".to_owned(),
            json!({"name": "n", "lead_id": lead, "pipeline_id": pipeline, "owner_id": owner}),
        ),
        (Method::PATCH, format!("/api/v1/deals/{deal}"), json!({"owner_id": owner})),
        (Method::POST, "/api/v1/tasks".to_owned(), json!({"title": "n", "owner_id": owner})),
        (Method::PATCH, format!("/api/v1/tasks/{task}"), json!({"owner_id": owner})),
        (Method::POST, format!("/api/v1/leads/{lead}/route"), json!({"pipeline_id": pipeline, "owner_id": owner})),
    ]
}

async fn send(app: &TestApp, (method, path, body): &(Method, String, Value)) -> Response {
    app.request(method.clone(), path).bearer(&app.token("admin")).json(body).send().await
}

#[tokio::test]
async fn a_viewer_owns_nothing_and_neither_does_somebody_inactive_or_of_another_tenant() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let other = app.new_tenant("other").await;
    let db = app.db().await;
    let member = async |tenant: &str, name: &str| -> Uuid {
        let tenant: Uuid = tenant.parse().unwrap();
        let statement = "SELECT id FROM team_members WHERE tenant_id = $1 AND name = $2";
        db.query_one(statement, &[&tenant, &name]).await.unwrap().get(0)
    };
    let own = app.tenant().id.clone();
    let (viewer, away, sophie) = (member(&own, "sam").await, member(&own, "mia").await, member(&own, "sophie").await);
    let stranger = member(&other.id, "sam").await;
    let records = records(&app).await;
    let change = format!(
        "UPDATE team_members SET role = 'viewer' WHERE id = '{viewer}'; UPDATE team_members SET active = false WHERE id = '{away}'"
    );
    db.batch_execute(&change).await.unwrap();
    for owner in [viewer, away, stranger, Uuid::now_v7()] {
        for request in requests(&records, owner) {
            let refused = send(&app, &request).await;
            assert_eq!(refused.status, 400, "{request:?}");
            let problem = refused.problem();
            let fault = &problem["errors"][0];
            assert_eq!(
                (&fault["pointer"], &fault["code"]),
                (&json!("/owner_id"), &json!("unknown_value")),
                "{request:?}"
            );
            assert!(fault["detail"].as_str().unwrap().contains("viewers may not"), "{request:?}");
        }
    }
    for request in requests(&records, sophie) {
        let taken = send(&app, &request).await;
        assert!(taken.status < 300, "{request:?}: {}", taken.status);
    }
    // Who owns something already keeps it: only a new owner is looked at.
    db.batch_execute(&format!("UPDATE team_members SET role = 'viewer' WHERE id = '{sophie}'")).await.unwrap();
    for (path, body) in [
        (format!("/api/v1/leads/{}", records.lead), json!({"tags": ["vip"]})),
        (format!("/api/v1/deals/{}", records.deal), json!({"name": "other"})),
        (format!("/api/v1/tasks/{}", records.task), json!({"title": "other"})),
    ] {
        app.patch(&path, &body).bearer(&app.token("admin")).send().await.expect(200);
    }
}
