//! What every endpoint makes of bodies and parameters that are not what its schema says.

use super::*;

/// What a schema says of an object with fields of its own: a struct of ours, not an open map.
fn structure<'a>(schema: &'a Value, root: &'a Value) -> Option<&'a Value> {
    object(schema, root).filter(|object| object["properties"].is_object())
}

/// The required fields of an object.
fn required(object: &Value) -> Vec<&str> {
    object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

pub async fn a_list_is_no_object_and_its_items_are_no_fields(app: &TestApp) {
    let token = app.token("admin");
    let mut nested = 0;
    for endpoint in reading(app).into_iter().filter(takes_body) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let send = async |body: &Value| {
            let answer = request(app, &endpoint, "").bearer(&token).json(body).send().await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!text.contains("struct ") && !text.contains("elements in"), "{what} names a type of ours: {text}");
            faults(&answer, &format!("{what} with {body}"))
        };
        let root = &endpoint.contract["input"];
        let fields = structure(root, root).map(|object| object["properties"].as_object().unwrap());
        let count = fields.map_or(0, serde_json::Map::len);
        for body in [json!([]), json!(["neu@x.example"]), json!([null]), json!(vec![Value::Null; count])] {
            assert_eq!(send(&body).await, BTreeSet::from([(String::new(), "type".to_owned())]), "{what} with {body}");
        }
        for (name, property) in fields.into_iter().flatten() {
            if structure(property, root).is_some() {
                let found = send(&json!({ name: ["a", null] })).await;
                assert!(found.contains(&(format!("/{name}"), "type".to_owned())), "{what}, {name}: {found:?}");
                nested += 1;
            }
            if structure(&resolved(property, root)["items"], root).is_some() {
                let found = send(&json!({ name: [["a", null]] })).await;
                assert!(found.contains(&(format!("/{name}/0"), "type".to_owned())), "{what}, {name}: {found:?}");
                nested += 1;
            }
        }
    }
    assert!(nested < 1000, "{nested}");
}

pub async fn everything_that_is_required_is_named_at_once(app: &TestApp) {
    let token = app.token("admin");
    let mut several = 0;
    for endpoint in reading(app).into_iter().filter(takes_body) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let root = &endpoint.contract["input"];
        let Some(object) = structure(root, root).filter(|object| !required(object).is_empty()) else { continue };
        let missing: BTreeSet<(String, String)> =
            required(object).into_iter().map(|name| (format!("/{name}"), "required".to_owned())).collect();
        several += usize::from(missing.len() > 1);
        // A faulty field besides does not end the search, and neither does an unknown one.
        let answer = request(app, &endpoint, "").bearer(&token).json(&json!({"colour": {"a": 1}})).send().await;
        let found = faults(&answer, &what);
        let unnamed: Vec<_> = missing.difference(&found).collect();
        assert!(unnamed.is_empty(), "{what} does not say that {unnamed:?}: {found:?}");
        for name in required(object) {
            let Some(wrong) = wrong(&object["properties"][name], root) else { continue };
            let answer = request(app, &endpoint, "").bearer(&token).json(&json!({ name: wrong })).send().await;
            let found = faults(&answer, &what);
            let place = format!("/{name}");
            let unnamed: Vec<_> = missing.difference(&found).filter(|(pointer, _)| *pointer != place).collect();
            assert!(unnamed.is_empty(), "{what} with {name} = {wrong} does not say that {unnamed:?}: {found:?}");
        }
    }
    assert!(several > 3, "{several}");
}

pub async fn bodies_mean_nothing_where_http_gives_them_no_meaning(app: &TestApp) {
    let token = app.token("admin");
    for endpoint in closed(app).into_iter().filter(|one| [Method::GET, Method::DELETE].contains(&one.method)) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let without = request(app, &endpoint, "").bearer(&token).send().await.status;
        for body in ["no json", "[1]", r#"{"colour":"red"}"#] {
            let with = request(app, &endpoint, "").bearer(&token).body(body).send().await;
            assert_eq!(with.status, without, "{what} with {body}");
        }
    }
}

pub async fn a_parameter_counts_once(app: &TestApp) {
    let token = app.token("admin");
    for endpoint in closed(app).into_iter().filter(|one| !READ_NO_QUERY.contains(&one.function.as_str())) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let own =
            endpoint.contract["query"]["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let names: BTreeSet<&str> = own.chain(["limit", "colour"]).collect();
        let query: Vec<String> = names.iter().map(|name| format!("{name}=1&{name}=2")).collect();
        let answer = request(app, &endpoint, &format!("?{}", query.join("&"))).bearer(&token).send().await;
        let found = faults(&answer, &what);
        for name in names {
            assert!(found.contains(&(format!("?{name}"), "repeated".to_owned())), "{what}, {name}: {found:?}");
        }
    }
}

pub async fn no_browser_guesses_what_an_answer_is(app: &TestApp) {
    for endpoint in app.endpoints() {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let answer = request(app, &endpoint, "").send().await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    }
    let answer = app.get("/api/v1/leads").bearer(&app.token("admin")).send().await.expect(200);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    forget_messages(app);
}
