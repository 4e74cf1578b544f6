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

#[tokio::test]
async fn a_list_comes_packed_for_who_takes_it() {
    let app = TestApp::new().await;
    three(&app).await;
    let ask =
        |accept: &'static str| app.get("/api/v1/leads").bearer(&app.token("viewer")).header("accept-encoding", accept);
    let (plain, packed) = (ask("br").send().await.expect(200), ask("gzip, deflate, br, zstd").send().await.expect(200));
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), (Some("gzip"), Some("accept-encoding")));
    assert!(packed.body.len() * 3 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
    let unpacked: Value = serde_json::from_reader(flate2::read::GzDecoder::new(&packed.body[..])).unwrap();
    assert_eq!(unpacked, plain.json::<Value>());
    // The same from a repetition that was kept as it was.
    let text = "x".repeat(400);
    let lead = json!({"email": "key@example.com", "custom": {"one": text, "two": text, "three": text}});
    let make = || app.post("/api/v1/leads", &lead).bearer(&app.token("sales")).header("idempotency-key", "k-1");
    let first = make().header("accept-encoding", "gzip").send().await.expect(201);
    let again = make().send().await.expect(201);
    assert_eq!((first.header("content-encoding"), again.header("content-encoding")), (Some("gzip"), None));
    assert_eq!((first.header("etag"), again.header("etag")), (Some("W/\"1\""), Some("\"1\"")));
    let (path, edit) = (again.header("location").unwrap().to_owned(), json!({"first_name": "Key"}));
    let weak = app.patch(&path, &edit).bearer(&app.token("sales")).header("if-match", "W/\"1\"").send().await;
    weak.expect(200);
}

#[tokio::test]
async fn filters_of_fields() {
    let app = TestApp::new().await;
    let [anna, ben, cleo] = three(&app).await;
    deal(&app, &anna, "b2b", "open").await;
    let (sam, pipeline) = (member(&app, app.tenant(), "sam").await, pipeline(&app, "b2b").await);
    let cases: [(String, &[&Value]); 27] = [
        ("filter[status][in]=new,engaged".to_owned(), &[&cleo, &ben]),
        ("filter[status][not_in]=new,engaged".to_owned(), &[&anna]),
        ("status=new&filter[status][in]=new,engaged".to_owned(), &[&cleo]),
        ("status=new&filter[status][in]=engaged".to_owned(), &[]),
        ("filter[tier][in]=hot,cold".to_owned(), &[&cleo, &anna]),
        ("filter[total_score][min]=4&filter[total_score][max]=50".to_owned(), &[&ben, &anna]),
        ("min_score=30&filter[total_score][min]=4".to_owned(), &[&anna]),
        ("filter[total_score][max]=99999999999".to_owned(), &[&cleo, &ben, &anna]),
        ("filter[intent][in]=b2b,none".to_owned(), &[&ben, &anna]),
        ("filter[intent][not_in]=b2b".to_owned(), &[&cleo, &ben]),
        (format!("filter[pipeline_id][in]={pipeline}"), &[&anna]),
        ("filter[pipeline_id][empty]=true".to_owned(), &[&cleo, &ben]),
        (format!("filter[owner_id][in]={sam},none"), &[&cleo, &ben, &anna]),
        ("filter[owner_id][in]=none".to_owned(), &[&cleo, &ben]),
        (format!("filter[owner_id][not_in]={sam}"), &[&cleo, &ben]),
        ("filter[owner_id][in]=me".to_owned(), &[]),
        ("filter[company][in]=100%25_S%C3%BCd+AG".to_owned(), &[&ben]),
        ("filter[company][empty]=true".to_owned(), &[&cleo]),
        ("filter[tags][in]=messe,none".to_owned(), &[&ben, &anna]),
        ("filter[tags][not_in]=messe".to_owned(), &[&cleo, &ben]),
        ("filter[tags][not_in]=messe,none".to_owned(), &[&cleo]),
        ("filter[last_activity_at][last]=4h".to_owned(), &[&ben]),
        ("filter[last_activity_at][before]=-4h".to_owned(), &[&anna]),
        ("filter[last_activity_at][empty]=true".to_owned(), &[&cleo]),
        ("filter[created_at][from]=today-1d&filter[created_at][before]=%2B1h".to_owned(), &[&cleo, &ben, &anna]),
        ("filter[email][empty]=false&filter[phone][empty]=true&filter[deal_id][empty]=true".to_owned(), &[&cleo, &ben]),
        ("filter[conflict][is]=true".to_owned(), &[]),
    ];
    for (query, expected) in cases {
        check(&list(&app, &query).await, expected, &query);
    }
    check(
        &get(&app, "/api/v1/leads/unrouted?filter[owner_id][in]=none&sort=-created_at").await.expect(200).json(),
        &[&cleo, &ben],
        "pool",
    );
    let told = get(&app, "/api/v1/leads/unrouted?filter[status][in]=new").await.expect(400);
    assert_eq!(faults(&told), [("?filter[status][in]".to_owned(), "unknown_field".to_owned())]);
    // What is no list of that kind knows no filters.
    let told = get(&app, "/api/v1/leads/stats?filter[status][in]=new").await.expect(400);
    assert_eq!(faults(&told)[0].0, "?filter[status][in]");
}

#[tokio::test]
async fn sorts_short_lists_by_what_no_index_has() {
    let app = TestApp::new().await;
    let [anna, ben, cleo] = three(&app).await;
    let oda = create(&app, &json!({"email": "oda@example.com", "first_name": "Ödön", "company": "Äther AG"})).await;
    for (sort, expected) in [
        ("name", [&anna, &ben, &cleo, &oda]),
        ("-name", [&oda, &cleo, &ben, &anna]),
        // 100 … before Äther before Labor; nothing at the end, either way.
        ("company", [&ben, &oda, &anna, &cleo]),
        ("-company", [&anna, &oda, &ben, &cleo]),
        ("owner", [&anna, &oda, &cleo, &ben]),
        ("-updated_at", [&oda, &cleo, &ben, &anna]),
    ] {
        check(&list(&app, &format!("sort={sort}")).await, &expected, sort);
    }
    check(&list(&app, "sort=status&q=example").await, &[&oda, &ben], "with words");
    let refused = get(&app, "/api/v1/leads?sort=name&cursor=AAAA").await.expect(400);
    assert_eq!(faults(&refused)[0].0, "?cursor");
    let file = get(&app, "/api/v1/leads?sort=-name&format=csv&columns=first_name&language=en").await.expect(200).text();
    assert_eq!(file.lines().skip(1).collect::<Vec<_>>(), ["Ödön", "Cleo", "Ben", "Anna"]);

    // A list that is too long for it says what to do.
    let many = "INSERT INTO leads (id, tenant_id, first_name, created_at, updated_at) SELECT gen_random_uuid(), $1, 'X', now(), now() FROM generate_series(1, 10000)";
    app.db().await.execute(many, &[&tenant_id(&app)]).await.unwrap();
    let refused = get(&app, "/api/v1/leads?sort=name").await.expect(400);
    assert_eq!(faults(&refused), [("?sort".to_owned(), "too_many".to_owned())]);
    check(&list(&app, "sort=name&filter[email][empty]=false").await, &[&anna, &ben, &cleo, &oda], "narrowed");
}

#[tokio::test]
async fn figures_over_the_whole_list() {
    let app = TestApp::new().await;
    three(&app).await;
    let all = list(&app, "limit=1&aggregate=sum(total_score),avg(total_score),min(total_score),max(total_score)").await;
    let values: Vec<&Value> = all["aggregates"].as_array().unwrap().iter().map(|figure| &figure["value"]).collect();
    assert_eq!(values, [&json!(78), &json!(26.0), &json!(3), &json!(50)]);
    let some = list(&app, "aggregate=avg(total_score)&filter[tier][in]=hot,warm&q=an").await;
    assert_eq!(some["aggregates"], json!([{"function": "avg", "field": "total_score", "value": 50.0}]));
    let none = list(&app, "aggregate=avg(total_score),sum(total_score)&tier=very_hot").await;
    assert_eq!([&none["aggregates"][0]["value"], &none["aggregates"][1]["value"]], [&Value::Null, &json!(0)]);
    assert_eq!(list(&app, "").await.get("aggregates"), None);
    let refused = get(&app, "/api/v1/leads?aggregate=sum(email)").await.expect(400);
    assert_eq!(faults(&refused), [("?aggregate".to_owned(), "unknown_value".to_owned())]);
}
