use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{create, deal, faults, get, ids, member, pipeline, standing, tenant_id};

async fn list(app: &TestApp, query: &str) -> Value {
    get(app, &format!("/api/v1/leads?{query}")).await.expect(200).json()
}

/// Three leads, the first made first.
async fn three(app: &TestApp) -> [Value; 3] {
    let owner = member(app, app.tenant(), "sam").await;
    let anna = json!({
        "email": "anna@beispiel.de", "first_name": "Anna", "last_name": "Schmidt", "company": "Labor Nord GmbH", "source": "website",
        "campaign": "fruehling", "tags": ["vip", "messe"], "owner_id": owner,
    });
    let ben = json!({"email": "ben@example.com", "first_name": "Ben", "last_name": "Ärzte", "company": "100%_Süd AG", "source": "conference"});
    let cleo = json!({"email": "cleo@uni-beispiel.de", "first_name": "Cleo", "last_name": "Annaberg", "tags": ["vip"]});
    let leads = [create(app, &anna).await, create(app, &ben).await, create(app, &cleo).await];
    standing(app, &leads[0], 50, "hot", Some("b2b"), Some(5)).await;
    standing(app, &leads[1], 25, "warm", None, Some(1)).await;
    standing(app, &leads[2], 3, "cold", Some("research"), None).await;
    leads
}

#[track_caller]
fn check(shown: &Value, expected: &[&Value], what: &str) {
    let expected: Vec<&str> = expected.iter().map(|lead| lead["id"].as_str().unwrap()).collect();
    assert_eq!(ids(shown), expected, "{what}");
    assert_eq!(shown["pagination"]["total"], expected.len(), "{what}");
}

#[tokio::test]
async fn finds_a_lead_by_its_new_name_only() {
    let app = TestApp::new().await;
    let [anna, ..] = three(&app).await;
    check(&list(&app, "q=schmidt").await, &[&anna], "by the old name");
    let path = format!("/api/v1/leads/{}", anna["id"].as_str().unwrap());
    let edit = json!({"last_name": "Öztürk"});
    app.patch(&path, &edit).bearer(&app.token("sales")).send().await.expect(200);
    check(&list(&app, "q=schmidt").await, &[], "by the old name, afterwards");
    check(&list(&app, "q=%C3%B6zt").await, &[&anna], "by the new name");
}

#[tokio::test]
async fn filters() {
    let app = TestApp::new().await;
    let [anna, ben, cleo] = three(&app).await;
    deal(&app, &anna, "b2b", "open").await;
    let owner = member(&app, app.tenant(), "sam").await;
    let pipeline = pipeline(&app, "b2b").await;
    let cases: [(String, &[&Value]); 29] = [
        (String::new(), &[&cleo, &ben, &anna]),
        ("status=routed".to_owned(), &[&anna]),
        ("status=engaged".to_owned(), &[&ben]),
        ("status=new".to_owned(), &[&cleo]),
        ("status=qualified".to_owned(), &[]),
        ("tier=hot".to_owned(), &[&anna]),
        ("min_score=25".to_owned(), &[&ben, &anna]),
        ("max_score=25".to_owned(), &[&cleo, &ben]),
        ("min_score=4&max_score=49".to_owned(), &[&ben]),
        ("intent=research".to_owned(), &[&cleo]),
        (format!("pipeline_id={pipeline}"), &[&anna]),
        (format!("owner_id={owner}"), &[&anna]),
        ("source=conference".to_owned(), &[&ben]),
        ("campaign=fruehling".to_owned(), &[&anna]),
        ("tag=vip".to_owned(), &[&cleo, &anna]),
        ("tag=vip&intent=b2b".to_owned(), &[&anna]),
        (format!("created_from={}", ben["created_at"].as_str().unwrap()), &[&cleo, &ben]),
        (format!("created_to={}", ben["created_at"].as_str().unwrap()), &[&anna]),
        ("active_from=2000-01-01T00:00:00Z".to_owned(), &[&ben, &anna]),
        ("active_to=2000-01-01T00:00:00Z".to_owned(), &[]),
        ("q=anna".to_owned(), &[&cleo, &anna]),
        ("q=nord%20SCHM".to_owned(), &[&anna]),
        ("q=be+example.com".to_owned(), &[&ben]),
        ("q=100%25_s".to_owned(), &[&ben]),
        ("q=%C3%A4rzte".to_owned(), &[&ben]),
        ("q=%C3%84RZ+s%C3%9CD".to_owned(), &[&ben]),
        ("q=%25%25%25".to_owned(), &[]),
        (format!("ids={},{}", cleo["id"].as_str().unwrap(), anna["id"].as_str().unwrap()), &[&cleo, &anna]),
        (format!("tier=hot&ids={},{}", tenant_id(&app), anna["id"].as_str().unwrap()), &[&anna]),
    ];
    for (query, expected) in cases {
        check(&list(&app, &query).await, expected, &query);
    }
}

#[tokio::test]
async fn sorts_both_ways() {
    let app = TestApp::new().await;
    let [anna, ben, cleo] = three(&app).await;
    let cases: [(&str, [&Value; 3]); 6] = [
        ("-created_at", [&cleo, &ben, &anna]),
        ("created_at", [&anna, &ben, &cleo]),
        ("-total_score", [&anna, &ben, &cleo]),
        ("total_score", [&cleo, &ben, &anna]),
        // Who never did anything comes after those who did.
        ("-last_activity_at", [&ben, &anna, &cleo]),
        ("last_activity_at", [&cleo, &anna, &ben]),
    ];
    for (sort, expected) in cases {
        check(&list(&app, &format!("sort={sort}")).await, &expected, sort);
    }
    let refused = get(&app, "/api/v1/leads?sort=email").await.expect(400);
    assert_eq!(faults(&refused), [("?sort".to_owned(), "unknown_value".to_owned())]);
}

#[tokio::test]
async fn pages_and_walks() {
    let app = TestApp::new().await;
    let leads = three(&app).await;
    let page = list(&app, "limit=2&page=2").await;
    assert_eq!(ids(&page), [leads[0]["id"].as_str().unwrap()]);
    assert_eq!(page["pagination"], json!({"page": 2, "limit": 2, "total": 3, "total_pages": 2}));

    for (sort, mut expected) in
        [("", ids(&list(&app, "").await)), ("&sort=created_at", ids(&list(&app, "sort=created_at").await))]
    {
        let mut walked = Vec::new();
        let mut part = list(&app, &format!("limit=1{sort}")).await;
        loop {
            walked.extend(ids(&part));
            let Some(cursor) = part["pagination"]["next_cursor"].as_str() else {
                break;
            };
            part = list(&app, &format!("limit=1{sort}&cursor={cursor}")).await;
        }
        assert_eq!(walked, expected, "{sort}");
        // A lead that comes in between shifts pages, but not a walk.
        expected.remove(0);
        let cursor =
            list(&app, &format!("limit=1{sort}")).await["pagination"]["next_cursor"].as_str().unwrap().to_owned();
        let new = create(&app, &json!({"last_name": format!("Neu{sort}")})).await;
        let mut rest = ids(&list(&app, &format!("cursor={cursor}{sort}")).await);
        rest.retain(|id| id != new["id"].as_str().unwrap());
        assert_eq!(rest, expected, "{sort}");
        app.delete(&crate::support::path(&new, "")).bearer(&app.token("sales")).send().await.expect(204);
    }
}

#[tokio::test]
async fn bad_values_are_named() {
    let app = TestApp::new().await;
    for (query, pointer, code) in [
        ("status=sold", "?status", "unknown_value"),
        ("tier=boiling", "?tier", "unknown_value"),
        ("min_score=much", "?min_score", "invalid"),
        ("owner_id=me", "?owner_id", "invalid"),
        ("created_from=yesterday", "?created_from", "invalid"),
        ("min_score=9&max_score=1", "?max_score", "range"),
        ("active_from=2026-02-01T00:00:00Z&active_to=2026-01-01T00:00:00Z", "?active_to", "range"),
        ("q=a", "?q", "too_short"),
        ("q=a+b+c", "?q", "too_short"),
        ("q=%C2%AD", "?q", "too_short"),
        ("q=ab+cd+ef+gh+ij+kl+mn+op+qr", "?q", "too_long"),
        ("q=", "?q", "too_short"),
        ("cursor=abc", "?cursor", "format"),
        ("cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&sort=total_score", "?cursor", "not_allowed"),
        ("page=0", "?page", "range"),
        ("ids=7", "?ids", "format"),
        ("ids=", "?ids", "format"),
        ("limit=101", "?limit", "range"),
    ] {
        let refused = get(&app, &format!("/api/v1/leads?{query}")).await.expect(400);
        assert_eq!(faults(&refused), [(pointer.to_owned(), code.to_owned())], "{query}");
    }
    let many = vec![uuid::Uuid::nil().to_string(); 101].join(",");
    let refused = get(&app, &format!("/api/v1/leads?ids={many}")).await.expect(400);
    assert_eq!(faults(&refused), [("?ids".to_owned(), "too_many".to_owned())]);
}
