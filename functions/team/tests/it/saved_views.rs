use serde_json::{Value, json};
use testkit::keys::Token;
use testkit::statements::statement;
use testkit::{Method, Response, TestApp};

use crate::support::{crowd, names, plan, pointers, refuses_strangers, uses};
use crate::{member, token_of};

const VIEWS: &str = "/api/v1/saved-views";

async fn add(app: &TestApp, token: &str, body: Value) -> Response {
    app.post(VIEWS, &body).bearer(token).send().await
}

fn at(view: &Value) -> String {
    format!("{VIEWS}/{}", view["id"].as_str().unwrap())
}

async fn list(app: &TestApp, token: &str, query: &str) -> Value {
    let answer: Value = app.get(&format!("{VIEWS}?{query}")).bearer(token).send().await.expect(200).json();
    answer["data"].clone()
}

async fn tokens(app: &TestApp) -> [String; 3] {
    let mut tokens = Vec::new();
    for name in ["sam", "sophie", "ada"] {
        tokens.push(token_of(app, &member(app, name).await));
    }
    tokens.try_into().unwrap()
}

#[tokio::test]
async fn one_keeps_views_for_oneself_and_for_the_team() {
    let app = TestApp::new().await;
    let [sam, sophie, ada] = tokens(&app).await;
    let columns = json!([{"field": "name", "width": 240}, {"field": "total_score"}]);
    let body = json!({"list": "leads", "name": " Meine ", "columns": columns, "filters": {"tier": ["hot"]}, "sort": "-total_score"});
    let answer = add(&app, &sam, body).await.expect(201);
    let mine: Value = answer.json();
    assert_eq!(answer.header("location"), Some(at(&mine).as_str()));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!((&mine["name"], &mine["columns"], &mine["layout"]), (&json!("Meine"), &columns, &json!("table")));
    assert_eq!(
        (&mine["shared"], &mine["may_change"], &mine["owner_name"]),
        (&json!(false), &json!(true), &json!("sam"))
    );
    let team = json!({"list": "leads", "name": "Alle heißen", "shared": true, "layout": "board"});
    let team: Value = add(&app, &sam, team).await.expect(201).json();
    add(&app, &sophie, json!({"list": "deals", "name": "Große", "is_default": true})).await.expect(201);

    assert_eq!(names(&list(&app, &sam, "list=leads").await), ["Alle heißen", "Meine"]);
    assert_eq!(names(&list(&app, &sophie, "").await), ["Alle heißen", "Große"]);
    assert_eq!(names(&list(&app, &sophie, "sort=-name&limit=1").await), ["Große"]);
    let seen = &list(&app, &sophie, "list=leads").await[0];
    assert_eq!((&seen["id"], &seen["may_change"]), (&team["id"], &json!(false)));
    assert_eq!(list(&app, &ada, "list=leads").await[0]["may_change"], true, "administrators change the team's views");
    assert_eq!(names(&list(&app, &app.token("viewer"), "").await), ["Alle heißen"]);
}

#[tokio::test]
async fn only_the_owner_and_administrators_change_and_delete() {
    let app = TestApp::new().await;
    let [sam, sophie, ada] = tokens(&app).await;
    let mine: Value = add(&app, &sam, json!({"list": "leads", "name": "Meine"})).await.expect(201).json();
    let team: Value =
        add(&app, &sam, json!({"list": "leads", "name": "Team", "shared": true})).await.expect(201).json();
    let change =
        async |view: &Value, token: &str, body: Value| app.patch(&at(view), &body).bearer(token).send().await.status;
    let delete =
        async |view: &Value, token: &str| app.request(Method::DELETE, &at(view)).bearer(token).send().await.status;
    for stranger in [&sophie, &ada] {
        assert_eq!(change(&mine, stranger, json!({"name": "x"})).await, 404);
        assert_eq!(delete(&mine, stranger).await, 404);
    }
    assert_eq!((change(&team, &sophie, json!({"name": "x"})).await, delete(&team, &sophie).await), (403, 403));
    assert_eq!(change(&team, &ada, json!({"shared": false})).await, 400, "only its owner makes it their own");
    assert_eq!(change(&team, &ada, json!({"name": "Umbenannt", "columns": null})).await, 200);
    assert_eq!(change(&team, &sam, json!({"shared": false})).await, 200);
    assert_eq!(names(&list(&app, &ada, "").await), [""; 0]);
    assert_eq!((delete(&team, &sam).await, delete(&mine, &sam).await), (204, 204));
    assert_eq!(delete(&mine, &sam).await, 404);
    let other = app.new_tenant("other").await;
    let theirs: Value = add(&app, &sam, json!({"list": "leads", "name": "T", "shared": true})).await.expect(201).json();
    assert_eq!(change(&theirs, &other.token("admin"), json!({"name": "x"})).await, 404);
}

#[tokio::test]
async fn everybody_has_their_own_default_of_a_list() {
    let app = TestApp::new().await;
    let [sam, sophie, _] = tokens(&app).await;
    let view = async |name: &str| -> Value {
        add(&app, &sam, json!({"list": "leads", "name": name, "shared": true})).await.expect(201).json()
    };
    let (one, two) = (view("A").await, view("B").await);
    let choose = async |view: &Value, token: &str, is: bool| -> Value {
        app.patch(&at(view), &json!({ "is_default": is })).bearer(token).send().await.expect(200).json()
    };
    let defaults = async |token: &str| -> Vec<bool> {
        let list = list(&app, token, "list=leads").await;
        list.as_array().unwrap().iter().map(|view| view["is_default"] == true).collect()
    };
    let chosen = choose(&one, &sophie, true).await;
    assert_eq!((&chosen["is_default"], &chosen["version"]), (&json!(true), &json!(1)), "the view itself is as it was");
    choose(&two, &sam, true).await;
    assert_eq!((defaults(&sophie).await, defaults(&sam).await), (vec![true, false], vec![false, true]));
    choose(&two, &sophie, true).await;
    assert_eq!(defaults(&sophie).await, [false, true]);
    choose(&two, &sophie, false).await;
    assert_eq!((defaults(&sophie).await, defaults(&sam).await), (vec![false, false], vec![false, true]));
    app.request(Method::DELETE, &at(&two)).bearer(&sam).send().await.expect(204);
    assert_eq!(defaults(&sam).await, [false]);
    let refused = app.patch(&at(&one), &json!({"is_default": true})).bearer(&app.token("admin")).send().await;
    assert_eq!(pointers(&refused.expect(400)), ["/is_default"], "who is no member has none");
}

#[tokio::test]
async fn who_only_reads_puts_nothing_before_the_team() {
    let app = TestApp::new().await;
    let sam = member(&app, "sam").await;
    let reader = Token::new(&app.tenant().id).role("viewer").claim("sub", sam["id"].clone()).sign();
    let body = json!({"list": "leads", "name": "Meine", "shared": true});
    add(&app, &reader, body).await.expect(403).problem();
    let mine: Value = add(&app, &reader, json!({"list": "leads", "name": "Meine"})).await.expect(201).json();
    let share = |token: &str| app.patch(&at(&mine), &json!({"shared": true})).bearer(token).send();
    share(&reader).await.expect(403).problem();
    share(&token_of(&app, &sam)).await.expect(200);
    let back = app.patch(&at(&mine), &json!({"shared": false})).bearer(&reader).send().await.expect(200);
    assert_eq!(back.json::<Value>()["shared"], json!(false), "one takes one's own back");
}

#[tokio::test]
async fn guards_names_and_numbers() {
    let app = TestApp::new().await;
    let [sam, sophie, _] = tokens(&app).await;
    let mine: Value = add(&app, &sam, json!({"list": "leads", "name": "Meine"})).await.expect(201).json();
    let twice = add(&app, &sam, json!({"list": "leads", "name": "MEINE"})).await.expect(409);
    assert_eq!(twice.problem()["code"], "name_in_use");
    add(&app, &sam, json!({"list": "deals", "name": "Meine"})).await.expect(201);
    add(&app, &sophie, json!({"list": "leads", "name": "Meine"})).await.expect(201);
    let with =
        |version: &str, body: Value| app.patch(&at(&mine), &body).bearer(&sam).header("if-match", version).send();
    with("\"1\"", json!({"filters": {"q": "x"}})).await.expect(200);
    assert_eq!(with("\"1\"", json!({"name": "y"})).await.expect(412).problem()["current_version"], 2);
    let same: Value = with("\"2\"", json!({"filters": {"q": "x"}})).await.expect(200).json();
    assert_eq!(same["version"], 2, "nothing changed");
    let mut found =
        pointers(&with("*", json!({"name": null, "layout": null, "shared": null, "sort": ""})).await.expect(400));
    found.sort_unstable();
    assert_eq!(found, ["/layout", "/name", "/shared", "/sort"]);
    let full = "INSERT INTO saved_views (id, tenant_id, owner_id, list, name, shared, layout, columns, filters, created_at, updated_at)
        SELECT gen_random_uuid(), tenant_id, owner_id, list, 'View ' || n, false, 'table', '[]', '{}', now(), now()
          FROM saved_views, generate_series(1, 98) n WHERE id::text = $1";
    app.db().await.execute(full, &[&mine["id"].as_str().unwrap()]).await.unwrap();
    let many = add(&app, &sam, json!({"list": "leads", "name": "Noch eine"})).await.expect(409);
    assert_eq!(many.problem()["code"], "too_many");
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    let body = json!({"list": "leads", "name": "x", "shared": true});
    refuses_strangers(&app, Method::GET, VIEWS, None, "team:read").await;
    refuses_strangers(&app, Method::POST, VIEWS, Some(&body), "team:read").await;
    let team: Value = add(&app, &app.token("admin"), body).await.expect(201).json();
    assert_eq!((&team["owner_id"], &team["may_change"]), (&json!(null), &json!(true)), "nobody's in particular");
    refuses_strangers(&app, Method::PATCH, &at(&team), Some(&json!({"name": "y"})), "team:read").await;
    refuses_strangers(&app, Method::DELETE, &at(&team), None, "team:read").await;
    // Who is no member keeps nothing, unless they administer the team.
    for (token, shared) in [(app.token("admin"), false), (app.token("manager"), true), (app.token("sales"), true)] {
        let refused = add(&app, &token, json!({"list": "leads", "name": "z", "shared": shared})).await.expect(400);
        assert_eq!(pointers(&refused), ["/shared"]);
    }
    let refused = app.get(&format!("{VIEWS}?list=My+List")).bearer(&app.token("sales")).send().await.expect(400);
    assert_eq!(pointers(&refused), ["?list"]);
    app.patch(&format!("{VIEWS}/nonsense"), &json!({})).bearer(&app.token("admin")).send().await.expect(404);
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    app.db()
        .await
        .batch_execute(
            "INSERT INTO saved_views (id, tenant_id, owner_id, list, name, shared, layout, columns, filters, created_at, updated_at)
             SELECT gen_random_uuid(), m.tenant_id, m.id, 'leads', 'View ' || n, n % 3 = 0, 'table', '[]', '{}', now(), now()
               FROM team_members m, generate_series(1, 60) n;
             ANALYZE saved_views",
        )
        .await
        .unwrap();
    let (tenant, id) = (format!("'{}'", board.tenant), format!("'{}'", uuid::Uuid::now_v7()));
    for list in ["NULL", "'leads'"] {
        let values = [id.as_str(), &tenant, list, "'name'", "25", "0"];
        uses(
            &plan(&app, board.tenant, &statement("saved_views.list"), &values).await,
            "saved_views_",
            &["saved_views"],
        );
        let count = plan(&app, board.tenant, &statement("saved_views.count"), &values[..3]).await;
        uses(&count, "saved_views_", &["saved_views"]);
    }
    let own = plan(&app, board.tenant, &statement("saved_views.count_own"), &[&tenant, &id]).await;
    uses(&own, "saved_views_", &["saved_views"]);
    for name in ["saved_views.find", "saved_views.lock"] {
        let one = plan(&app, board.tenant, &statement(name), &[&id, &tenant, &id]).await;
        uses(&one, "saved_views_pkey", &["saved_views"]);
    }
}
