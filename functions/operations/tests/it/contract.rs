//! What every endpoint refuses, and how, by what its function says of itself: a new endpoint is held to it without a line here.

mod bodies;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::Method;
use testkit::app::{Endpoint, RequestBuilder, Response, TestApp, tenant_input};
use uuid::Uuid;

use crate::forget_messages;

/// Endpoints that read no query. A receiver takes what it is sent, and partners' systems add parameters of their own.
const READ_NO_QUERY: [&str; 1] = ["events-ingest"];

/// What whoever is signed in may ask, with any scope or none. Whoever makes this list longer opens a door.
const FOR_ANYONE: [&str; 1] = ["auth-me"];

/// Every endpoint that needs a token or a key.
fn closed(app: &TestApp) -> Vec<Endpoint> {
    let closed: Vec<Endpoint> = app.endpoints().into_iter().filter(|one| !one.is_public()).collect();
    assert!(closed.len() > 25, "the template has the routes: {}", closed.len());
    closed
}

/// A request to an endpoint about a record that does not exist.
fn request<'a>(app: &'a TestApp, endpoint: &Endpoint, query: &str) -> RequestBuilder<'a> {
    app.request(endpoint.method.clone(), &format!("{}{query}", endpoint.at(&Uuid::now_v7().to_string())))
}

fn takes_body(endpoint: &Endpoint) -> bool {
    [Method::POST, Method::PATCH, Method::PUT].contains(&endpoint.method)
}

/// Pointer and code of every fault; the status is 400.
#[track_caller]
fn faults(answer: &Response, what: &str) -> BTreeSet<(String, String)> {
    assert_eq!(answer.status, 400, "{what}: {}", String::from_utf8_lossy(&answer.body));
    let problem = answer.problem();
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{what} names no faults: {problem}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert!(errors.iter().all(|fault| fault["detail"].as_str().is_some_and(|detail| detail.ends_with('.'))), "{what}");
    errors.iter().map(|fault| (text(&fault["pointer"]), text(&fault["code"]))).collect()
}

#[tokio::test]
async fn every_endpoint_is_held_to_what_it_says() {
    let app = TestApp::new().await;
    hold!(
        app: the_scope_an_endpoint_names_is_the_one_it_needs,
        only_lists_take_the_parameters_of_lists,
        no_list_ignores_a_cursor,
        unknown_and_bad_query_parameters_are_refused_together,
        unknown_fields_and_bad_values_of_bodies_are_refused_together,
        all_missing_fields_are_named_at_once,
        texts_that_postgres_cannot_keep_are_refused,
        moments_that_postgres_does_not_know_are_refused,
        unusable_idempotency_keys_are_refused,
        refusals_say_what_is_left_of_the_minute,
        a_used_up_minute_is_refused_everywhere,
        bodies::a_list_is_no_object_and_its_items_are_no_fields,
        bodies::everything_that_is_required_is_named_at_once,
        bodies::bodies_mean_nothing_where_http_gives_them_no_meaning,
        bodies::a_parameter_counts_once,
        bodies::no_browser_guesses_what_an_answer_is,
    );
}

async fn the_scope_an_endpoint_names_is_the_one_it_needs(app: &TestApp) {
    let endpoints = closed(app);
    let scopes: BTreeSet<&str> = endpoints.iter().map(Endpoint::scope).collect();
    for endpoint in &endpoints {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let needed = endpoint.scope();
        if FOR_ANYONE.contains(&endpoint.function.as_str()) {
            assert_eq!(needed, "", "{what} needs a scope: take it off the list");
            let answer = request(app, endpoint, "").bearer(&app.token_with_scopes(&[])).send().await;
            assert_eq!(answer.status, 200, "{what}");
            continue;
        }
        assert!(!needed.is_empty(), "{what} says no scope");
        let others: Vec<&str> = scopes.iter().copied().filter(|scope| *scope != needed).collect();
        let refused = request(app, endpoint, "").bearer(&app.token_with_scopes(&others)).json(&json!({})).send().await;
        assert_eq!(refused.status, 403, "{what} with every other scope");
        assert!(refused.problem()["detail"].as_str().unwrap().contains(needed), "{what} names the scope");
        let passed = request(app, endpoint, "").bearer(&app.token_with_scopes(&[needed])).json(&json!({})).send().await;
        assert!(![401, 403].contains(&passed.status) && passed.status < 500, "{what} with {needed}: {}", passed.status);
    }
    forget_messages(app);
}

async fn only_lists_take_the_parameters_of_lists(app: &TestApp) {
    let token = app.token("admin");
    for endpoint in closed(app).into_iter().filter(|one| !READ_NO_QUERY.contains(&one.function.as_str())) {
        if !endpoint.contract["output"]["properties"]["pagination"].is_null() {
            continue;
        }
        let what = format!("{} {}", endpoint.method, endpoint.path);
        for parameter in ["page=2", "sort=name", "cursor=x", "limit=5"] {
            let name = parameter.split('=').next().unwrap();
            if !endpoint.contract["query"]["properties"][name].is_null() {
                continue;
            }
            let answer = request(app, &endpoint, &format!("?{parameter}")).bearer(&token).send().await;
            let pointers: Vec<String> = faults(&answer, &what).into_iter().map(|(pointer, _)| pointer).collect();
            assert!(pointers.contains(&format!("?{name}")), "{what} ignores {parameter}");
        }
    }
}

async fn no_list_ignores_a_cursor(app: &TestApp) {
    let token = app.token("admin");
    for endpoint in closed(app) {
        let is_list = !endpoint.contract["output"]["properties"]["pagination"].is_null();
        if is_list && !endpoint.path.contains('{') {
            let answer = request(app, &endpoint, "?cursor=nonsense").bearer(&token).send().await;
            let what = format!("{} {}", endpoint.method, endpoint.path);
            assert_eq!(faults(&answer, &what).first().map(|(pointer, _)| pointer.as_str()), Some("?cursor"), "{what}");
        }
    }
}

async fn unknown_and_bad_query_parameters_are_refused_together(app: &TestApp) {
    let token = app.token("admin");
    for endpoint in closed(app) {
        if READ_NO_QUERY.contains(&endpoint.function.as_str()) {
            continue;
        }
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let mut query = "?colour=red&limit=0&page=x".to_owned();
        let mut expected: BTreeSet<String> = ["?colour", "?limit", "?page"].map(str::to_owned).into();
        let schema = &endpoint.contract["query"];
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if !takes_any_text(property, schema) && !["page", "limit", "sort", "cursor"].contains(&name.as_str()) {
                query.push_str(&format!("&{name}=~"));
                expected.insert(format!("?{name}"));
            }
        }
        let answer = request(app, &endpoint, &query).bearer(&token).send().await;
        let found: BTreeSet<String> = faults(&answer, &what).into_iter().map(|(pointer, _)| pointer).collect();
        // An endpoint that needs a body misses it as well.
        let missing: Vec<&String> = expected.difference(&found).collect();
        assert!(missing.is_empty(), "{what}{query} does not complain about {missing:?}");
    }
}

async fn unknown_fields_and_bad_values_of_bodies_are_refused_together(app: &TestApp) {
    let token = app.token("admin");
    for endpoint in closed(app).into_iter().filter(takes_body) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let send = async |body: &Value| request(app, &endpoint, "").bearer(&token).json(body).send().await;

        let unknown = send(&json!({"colour": "red"})).await;
        let found = faults(&unknown, &what);
        let root = &endpoint.contract["input"];
        if root.is_null() {
            continue;
        }
        assert!(found.contains(&("/colour".to_owned(), "unknown_field".to_owned())), "{what}: {found:?}");
        let broken = request(app, &endpoint, "").bearer(&token).body("{\"a\":").send().await;
        assert!(faults(&broken, &what).contains(&(String::new(), "malformed".to_owned())), "{what}");
        for body in [json!("text"), json!(7), json!(true)] {
            faults(&send(&body).await, &format!("{what} with {body}"));
        }
        let object = object(root, root).unwrap_or_else(|| panic!("{what} does not say which fields its body has"));
        for (name, property) in object["properties"].as_object().into_iter().flatten() {
            let Some(wrong) = wrong(property, root) else { continue };
            let answer = send(&json!({ name: wrong })).await;
            let found = faults(&answer, &format!("{what} with {name} = {wrong}"));
            let place = format!("/{name}");
            let named = found.iter().any(|(pointer, _)| *pointer == place || pointer.starts_with(&format!("{place}/")));
            assert!(named, "{what} with {name} = {wrong}: {found:?}");
        }
    }
}

/// The fields that a body must have.
fn required(root: &Value) -> Vec<String> {
    let required = object(root, root).and_then(|object| object["required"].as_array());
    required.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

async fn all_missing_fields_are_named_at_once(app: &TestApp) {
    let token = app.token("admin");
    let mut several = 0;
    for endpoint in reading(app).into_iter().filter(takes_body) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let required = required(&endpoint.contract["input"]);
        several += usize::from(required.len() > 1);
        // Nothing at all, and each of them alone, of a type that is right nowhere: the others are missed all the same.
        let alone = required.iter().map(|name| (json!({ name: {"~": {"~": [7]}} }), Some(name)));
        for (body, sent) in std::iter::once((json!({}), None)).chain(alone) {
            let expected = required.iter().filter(|name| Some(*name) != sent);
            let expected: BTreeSet<_> = expected.map(|name| (format!("/{name}"), "required".to_owned())).collect();
            if expected.is_empty() {
                continue;
            }
            let answer = request(app, &endpoint, "").bearer(&token).json(&body).send().await;
            let found = faults(&answer, &format!("{what} with {body}"));
            assert!(expected.is_subset(&found), "{what} with {body} names {found:?}, not all of {expected:?}");
        }
    }
    assert!(several > 4, "{several} bodies with several fields that must be there");
}

/// Every endpoint that reads a JSON body or a query by the plumbing: also those of signing in, where strangers may send anything.
fn reading(app: &TestApp) -> Vec<Endpoint> {
    let signing_in = app.endpoints().into_iter().filter(|one| one.is_public() && one.path.starts_with("/api/v1/auth/"));
    let closed = closed(app).into_iter().filter(|one| !READ_NO_QUERY.contains(&one.function.as_str()));
    let all: Vec<Endpoint> = closed.chain(signing_in).collect();
    assert!(all.iter().any(|one| one.function == "auth-login"));
    all
}

async fn texts_that_postgres_cannot_keep_are_refused(app: &TestApp) {
    let token = app.token("admin");
    let mut tried = 0;
    for endpoint in reading(app) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let send = async |query: &str, body: Option<&Value>| {
            let request = request(app, &endpoint, query).bearer(&token);
            match body {
                Some(body) => request.json(body).send().await,
                None => request.send().await,
            }
        };
        let (query, root) = (&endpoint.contract["query"], &endpoint.contract["input"]);
        for (name, property) in query["properties"].as_object().into_iter().flatten() {
            if takes_any_text(property, query) {
                let answer = send(&format!("?{name}=a%00b"), None).await;
                let fault = (format!("?{name}"), "nul_character".to_owned());
                assert!(faults(&answer, &what).contains(&fault), "{what} with {name}");
                tried += 1;
            }
        }
        let fields = object(root, root).map(|object| &object["properties"]).and_then(Value::as_object);
        for (name, property) in fields.into_iter().flatten() {
            let texts = [("", json!("a\u{0}b")), ("/0", json!(["a\u{0}b"])), ("/a", json!({"a": "a\u{0}b"}))];
            for (below, text) in texts.into_iter().filter(|(_, text)| wrong_kind(text, property, root).is_none()) {
                let answer = send("", Some(&json!({ name: text }))).await;
                let fault = (format!("/{name}{below}"), "nul_character".to_owned());
                let found = faults(&answer, &what);
                assert!(found.contains(&fault), "{what} with {name} = {text}: {found:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried}");
}

async fn moments_that_postgres_does_not_know_are_refused(app: &TestApp) {
    let token = app.token("admin");
    // 24 bytes: microseconds before 1970, of the year -9999, and an id.
    let cursor = "-sIfSFZIiAAAAAAAAAAAAAAAAAAAAAAA";
    let early = "-005000-01-01T00:00:00Z";
    let mut tried = 0;
    for endpoint in reading(app) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let (query, root) = (&endpoint.contract["query"], &endpoint.contract["input"]);
        for (name, property) in query["properties"].as_object().into_iter().flatten() {
            if is_moment(property, query) {
                let answer = request(app, &endpoint, &format!("?{name}={early}")).bearer(&token).send().await;
                let fault = (format!("?{name}"), "range".to_owned());
                assert!(faults(&answer, &what).contains(&fault), "{what} with {name}");
                tried += 1;
            }
        }
        let body = object(root, root);
        for (name, property) in body.and_then(|object| object["properties"].as_object()).into_iter().flatten() {
            if is_moment(property, root) {
                let answer = request(app, &endpoint, "").bearer(&token).json(&json!({ name: early })).send().await;
                let others = required(root).into_iter().filter(|required| required != name);
                let missing: BTreeSet<_> = others.map(|name| (format!("/{name}"), "required".to_owned())).collect();
                if missing.is_empty() {
                    // A record that does not exist may be missed before.
                    assert!([400, 404].contains(&answer.status), "{what} with {name}: {}", answer.status);
                } else {
                    let found = faults(&answer, &what);
                    assert!(
                        missing.is_subset(&found),
                        "{what} with {name} does not miss all of {missing:?}: {found:?}"
                    );
                }
                tried += 1;
            }
        }
        if endpoint.method == Method::GET {
            let answer = request(app, &endpoint, &format!("?cursor={cursor}")).bearer(&token).send().await;
            assert!(answer.status < 500, "{what} with a cursor: {}", answer.status);
        }
    }
    assert!(tried > 10, "{tried}");
    for list in ["leads", "deals", "inbox"] {
        let answer = app.get(&format!("/api/v1/{list}?cursor={cursor}")).bearer(&token).send().await;
        assert!(faults(&answer, list).contains(&("?cursor".to_owned(), "format".to_owned())), "{list}");
    }
}

async fn unusable_idempotency_keys_are_refused(app: &TestApp) {
    let token = app.token("admin");
    let event = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "a@b.de"}});
    for endpoint in closed(app).into_iter().filter(|one| one.method == Method::POST) {
        let body = if endpoint.function == "events-ingest" { &event } else { &json!({}) };
        for (key, code) in [("x".repeat(201), "range"), (String::new(), "range"), ("bestätigt".to_owned(), "format")] {
            let answer = request(app, &endpoint, "").bearer(&token).header("idempotency-key", &key).json(body);
            let found = faults(&answer.send().await, &endpoint.path);
            assert!(found.contains(&("Idempotency-Key".to_owned(), code.to_owned())), "{}: {found:?}", endpoint.path);
        }
    }
}

/// A key of a new tenant that may do everything, and one that may do nothing, each as often a minute as said.
async fn with_keys(app: &TestApp, tenant: &str, requests_per_minute: u32) -> [String; 2] {
    let scopes: BTreeSet<String> =
        closed(app).iter().map(|one| one.scope().to_owned()).filter(|scope| !scope.is_empty()).collect();
    let mut input = tenant_input(tenant);
    let [all, none] = ["all", "none"].map(|key| format!("{key}-{tenant}-0123456789abcdef-0123456789abcdef"));
    input["api_keys"] = json!([
        {"source": "portal", "name": "all", "key": all, "scopes": scopes, "requests_per_minute": requests_per_minute},
        {"source": "website", "name": "none", "key": none, "scopes": [], "requests_per_minute": requests_per_minute},
    ]);
    app.create_tenant(input).await;
    [format!("portal:{all}"), format!("website:{none}")]
}

#[track_caller]
fn figures(answer: &Response, what: &str) -> [u64; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| {
        let value = answer.header(name).unwrap_or_else(|| panic!("{what} ({}) has no {name}", answer.status));
        value.parse().unwrap()
    })
}

async fn refusals_say_what_is_left_of_the_minute(app: &TestApp) {
    let [all, none] = with_keys(app, "patient", 10_000).await;
    for endpoint in closed(app) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let cases = [(&none, 403, "?colour=red"), (&all, 400, "?colour=red")];
        for (key, status, query) in cases {
            if status == 403 && FOR_ANYONE.contains(&endpoint.function.as_str()) {
                continue;
            }
            // Not an object, and so wrong for every endpoint, also for those that read no query.
            let answer = request(app, &endpoint, query).api_key(key).json(&json!("text")).send().await;
            assert_eq!(answer.status, status, "{what}: {}", String::from_utf8_lossy(&answer.body));
            let [limit, remaining, reset] = figures(&answer, &what);
            assert_eq!(limit, 10_000);
            assert!(remaining < limit && (1..=60).contains(&reset), "{what}: {remaining} of {limit}, {reset} s");
        }
        if endpoint.path.contains('{') && endpoint.method == Method::GET {
            let answer = request(app, &endpoint, "").api_key(&all).send().await;
            assert_eq!(answer.status, 404, "{what}");
            figures(&answer, &what);
        }
    }
    let lead = json!({"email": "a@b.de"});
    let create = || app.post("/api/v1/leads", &lead).api_key(&all).send();
    let left = figures(&create().await.expect(201), "a new lead")[1];
    let taken = figures(&create().await.expect(409), "a lead that is there")[1];
    // The minute may turn in between.
    assert!(taken == left - 1 || taken > 9_990, "{left}, then {taken}");
    app.drain().await;
}

async fn a_used_up_minute_is_refused_everywhere(app: &TestApp) {
    let [all, _] = with_keys(app, "hasty", 1).await;
    for endpoint in closed(app) {
        let what = format!("{} {}", endpoint.method, endpoint.path);
        let mut last = None;
        // The minute may turn in between, once.
        for _ in 0..3 {
            let answer = request(app, &endpoint, "").api_key(&all).json(&json!("text")).send().await;
            let status = answer.status;
            last = Some(answer);
            if status == 429 {
                break;
            }
        }
        let refused = last.unwrap().expect(429);
        refused.problem();
        let [limit, remaining, reset] = figures(&refused, &what);
        assert_eq!((limit, remaining), (1, 0), "{what}");
        assert_eq!(refused.header("retry-after"), Some(reset.to_string().as_str()), "{what}");
    }
}

/// What a schema refers to.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap_or(&Value::Null),
        None => schema,
    }
}

fn alternatives<'a>(schema: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    let listed = ["anyOf", "oneOf", "allOf"].into_iter().flat_map(|name| schema[name].as_array().into_iter().flatten());
    listed.map(|schema| resolved(schema, root)).collect()
}

/// The schema of a body's object, also when the body may be an array of them instead.
fn object<'a>(schema: &'a Value, root: &'a Value) -> Option<&'a Value> {
    let schema = resolved(schema, root);
    if schema["type"] == "object" {
        return Some(schema);
    }
    alternatives(schema, root).into_iter().find_map(|schema| object(schema, root))
}

/// The JSON types that a schema allows; none stands for all of them.
fn kinds(schema: &Value, root: &Value) -> Option<BTreeSet<String>> {
    let schema = resolved(schema, root);
    let one = |value: &Value| match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => "null",
    };
    match (&schema["type"], &schema["enum"], &schema["const"]) {
        (Value::String(kind), _, _) => return Some(BTreeSet::from([kind.clone()])),
        (Value::Array(list), _, _) => {
            return Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        }
        (_, Value::Array(values), _) => return Some(values.iter().map(|value| one(value).to_owned()).collect()),
        (_, _, value) if !value.is_null() => return Some(BTreeSet::from([one(value).to_owned()])),
        _ => {}
    }
    let alternatives = alternatives(schema, root);
    if alternatives.is_empty() {
        return None;
    }
    let all: Option<Vec<BTreeSet<String>>> = alternatives.into_iter().map(|schema| kinds(schema, root)).collect();
    Some(all?.into_iter().flatten().collect())
}

/// A value of a type that a schema does not allow, if there is one.
fn wrong(schema: &Value, root: &Value) -> Option<Value> {
    let kinds = kinds(schema, root)?;
    let candidates =
        [("boolean", json!(true)), ("array", json!([[]])), ("object", json!({"a": {}})), ("string", json!("~"))];
    candidates.into_iter().find(|(kind, _)| !kinds.contains(*kind)).map(|(_, value)| value)
}

/// Whether a schema does not take this value's type; the fault that this is hides others.
fn wrong_kind(value: &Value, schema: &Value, root: &Value) -> Option<&'static str> {
    let kind = match value {
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        _ => "string",
    };
    kinds(schema, root).is_some_and(|kinds| !kinds.contains(kind)).then_some(kind)
}

/// Whether a field or query parameter is a moment or a day.
fn is_moment(schema: &Value, root: &Value) -> bool {
    let schema = resolved(schema, root);
    let named = schema["format"].as_str().is_some_and(|format| ["date-time", "date"].contains(&format));
    named || alternatives(schema, root).into_iter().any(|schema| is_moment(schema, root))
}

/// Whether a query parameter takes every text.
fn takes_any_text(schema: &Value, root: &Value) -> bool {
    let schema = resolved(schema, root);
    let alternatives = alternatives(schema, root);
    if !alternatives.is_empty() {
        return alternatives.into_iter().any(|schema| takes_any_text(schema, root));
    }
    let bounded = ["format", "enum", "const", "pattern"].iter().any(|name| !schema[*name].is_null());
    !bounded && kinds(schema, root).is_none_or(|kinds| kinds.contains("string"))
}
