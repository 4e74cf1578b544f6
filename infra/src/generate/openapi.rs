//! The OpenAPI 3.1 document, assembled from what every endpoint says of itself. There is no list to keep.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Map, Value, json};

use crate::contract::{Contract, Route};

/// Problems every endpoint may answer with; bodies are RFC 9457.
const PROBLEMS: &[(&str, &str)] = &[
    ("400", "The request is malformed or breaks a rule; `errors` has one entry per fault"),
    ("413", "The body is too large"),
    ("429", "Too many requests; `Retry-After` says when to come back"),
    ("503", "A dependency is down; `Retry-After` says when to come back"),
];

/// Problems of endpoints that want credentials.
const GUARDED: &[(&str, &str)] =
    &[("401", "Credentials are missing or not valid"), ("403", "The credentials lack the scope this needs")];

/// Problems of who signs in or goes on with a session.
const SIGNING_IN: &[(&str, &str)] = &[
    ("401", "Not signed in: the password is wrong, or the session is over"),
    ("403", "Sent by a page of another site, or not as JSON"),
    ("409", "It has to be said which tenant is meant"),
];

/// Problems of senders whose token or signature stands in the request.
const RECEIVING: &[(&str, &str)] =
    &[("401", "The token, the signature or the secret is not believed; `detail` says why")];

/// The document.
///
/// # Errors
/// When two functions claim the same method and path.
pub fn document(contracts: &BTreeMap<String, Contract>) -> anyhow::Result<Value> {
    let mut schemas = Schemas::default();
    schemas.all.insert("Problem".to_owned(), problem());
    let mut paths = Map::new();
    let mut tags = Vec::new();
    for (name, contract) in contracts {
        // HEAD is GET without the body: nobody has to be told twice. And the rest of a path, which files are served under, is nothing that
        // OpenAPI knows.
        let routes = contract.routes.iter().filter(|route| route.method != "HEAD" && !route.path.ends_with("+}"));
        for (number, route) in routes.enumerate() {
            let operation = operation(name, contract, route, number, &mut schemas);
            tags.push(operation["tags"][0].clone());
            let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
            let method = route.method.to_lowercase();
            if !path[&method].is_null() {
                bail!("{} {} is claimed by {name} and by {}", route.method, route.path, path[&method]["x-function"]);
            }
            path[method] = operation;
        }
    }
    tags.sort_by_key(Value::to_string);
    tags.dedup();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lotse",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "CRM, marketing automation and ERP sync. Errors are RFC 9457 problems; lists take `page`, `limit` and `sort`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags.into_iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas.all,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token (RS256)"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "`<source>:<key>`"},
            },
        },
    }))
}

fn operation(name: &str, contract: &Contract, route: &Route, number: usize, schemas: &mut Schemas) -> Value {
    let (summary, description) = documentation(&contract.doc);
    // One function may answer under a second path; ids are unique all the same.
    let id = if number == 0 { name.to_owned() } else { format!("{name}-{}", number + 1) };
    let mut operation = json!({
        "operationId": id,
        "tags": [tag(&route.path)],
        "summary": summary,
        "x-function": name,
        "parameters": parameters(contract, route),
        "responses": responses(name, contract, route, schemas),
    });
    if !description.is_empty() {
        operation["description"] = json!(description);
    }
    if let Some(input) = &contract.input {
        let schema = schemas.add(&pascal_case(name, "Input"), input);
        let kind = if route.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let mut content = json!({ "application/json": { "schema": schema } });
        content[kind] = json!({ "schema": schema });
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    if contract.public {
        operation["security"] = json!([]);
    } else {
        operation["security"] = json!([{ "bearer": [] }, { "apiKey": [] }]);
        if let Some(scope) = &contract.scope {
            operation["x-scope"] = json!(scope);
        }
    }
    operation
}

/// The first sentence, and the rest.
fn documentation(doc: &str) -> (String, String) {
    let (first, rest) = doc.split_once("\n\n").unwrap_or((doc, ""));
    let first = first.replace('\n', " ");
    match first.split_once(". ") {
        Some((summary, more)) => (format!("{summary}."), format!("{more}\n\n{rest}").trim().to_owned()),
        None => (first, rest.trim().to_owned()),
    }
}

/// The area: the path's first segment after `/api/v1`.
fn tag(path: &str) -> String {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty() && *segment != "api" && *segment != "v1");
    segments.next().unwrap_or("root").trim_end_matches(".json").to_owned()
}

fn parameters(contract: &Contract, route: &Route) -> Vec<Value> {
    let segments = route.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = segments
        .map(|name| {
            let is_id = name == "id" || name.ends_with("Id");
            let schema = if is_id { json!({"type": "string", "format": "uuid"}) } else { json!({"type": "string"}) };
            json!({"name": name.trim_end_matches('+'), "in": "path", "required": true, "schema": schema})
        })
        .collect();
    if is_list(contract) {
        parameters.extend(paging());
    }
    if route.method == "POST" && !contract.public {
        parameters.push(header(
            "Idempotency-Key",
            "Repeating the request with the same key within 24 hours gives the same answer",
        ));
    }
    if changes_a_record(contract, route) {
        parameters.push(header(
            "If-Match",
            "The record's ETag as it was read; answers 412 when somebody changed it meanwhile",
        ));
    }
    let Some(query) = &contract.query else {
        return parameters;
    };
    let required =
        |name: &str| query["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name));
    for (name, schema) in query["properties"].as_object().into_iter().flatten() {
        let mut schema = inlined(schema, &query["$defs"]);
        let description = schema.as_object_mut().and_then(|fields| fields.remove("description"));
        let mut parameter = json!({"name": name, "in": "query", "required": required(name), "schema": schema});
        if let Some(description) = description {
            parameter["description"] = description;
        }
        parameters.push(parameter);
    }
    parameters.extend(contract.filters.iter().cloned());
    parameters
}

/// Whether a version can be stale: of a record that the path names, or of the caller's own, which is changed where it is shown and so has
/// its version in the answer. Receivers have a path with a token in it, and no record.
fn changes_a_record(contract: &Contract, route: &Route) -> bool {
    let versioned = || contract.output.as_ref().is_some_and(|output| !output["properties"]["version"].is_null());
    !contract.public && route.method != "GET" && (route.path.contains('{') || route.method == "PATCH" && versioned())
}

/// Lists are known by their envelope.
fn is_list(contract: &Contract) -> bool {
    contract.output.as_ref().is_some_and(|output| !output["properties"]["pagination"].is_null())
}

/// What the plumbing of every list reads.
fn paging() -> [Value; 4] {
    let number = |name: &str, default: u32, most: u32| {
        let schema = json!({"type": "integer", "minimum": 1, "maximum": most, "default": default});
        json!({"name": name, "in": "query", "required": false, "schema": schema})
    };
    let text = |name: &str, description: &str| json!({"name": name, "in": "query", "required": false, "schema": {"type": "string"}, "description": description});
    [
        number("page", 1, 10_000),
        number("limit", 25, 100),
        text(
            "sort",
            "A field of the list; with `-` in front descending. A wrong one is answered with the possible ones",
        ),
        text("cursor", "`pagination.next_cursor` of the part before: walks the whole list"),
    ]
}

fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": false, "schema": {"type": "string"}, "description": description})
}

/// A query's schema with its definitions put in place: parameters are small and named nowhere else.
fn inlined(schema: &Value, definitions: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            if let Some(name) =
                fields.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"))
            {
                return inlined(&definitions[name], definitions);
            }
            as_enum(fields.iter().map(|(name, field)| (name.clone(), inlined(field, definitions))).collect())
        }
        Value::Array(items) => items.iter().map(|item| inlined(item, definitions)).collect(),
        other => other.clone(),
    }
}

fn responses(name: &str, contract: &Contract, route: &Route, schemas: &mut Schemas) -> Value {
    let status = contract.status.unwrap_or(200).to_string();
    let mut good = json!({ "description": "Done" });
    if let Some(output) = &contract.output {
        let schema = schemas.add(&pascal_case(name, "Output"), output);
        good["content"] = json!({ "application/json": { "schema": schema } });
        if let Some(media) = &contract.other_media {
            good["content"][media] = json!({ "schema": { "type": "string" } });
        }
    }
    let mut responses = json!({ status: good });
    let reads = route.method == "GET";
    let guarded = match contract.public {
        false => GUARDED,
        true if reads => &[],
        true if tag(&route.path) == "auth" => SIGNING_IN,
        true => RECEIVING,
    };
    // What has no id in its path says so where not everybody has one.
    let named = route.path.contains('{') && (reads || !contract.public) || contract.doc.contains("(404)");
    let missing = named.then_some(("404", "There is no such record, or it belongs to another tenant"));
    let conflict = (!reads && !contract.public).then_some(("409", "The change conflicts with what is there"));
    let stale = changes_a_record(contract, route).then_some(("412", "The record has changed since it was read"));
    for (status, description) in PROBLEMS.iter().chain(guarded).copied().chain(missing).chain(conflict).chain(stale) {
        let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
        responses[status] = json!({ "description": description, "content": content });
    }
    responses
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "description": "Stable name of this kind of problem"},
            "title": {"type": "string", "description": "The kind in words"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What happened here and what to do"},
            "instance": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {"type": "array", "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to the faulty value"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            }},
        },
    })
}

/// Named schemas. Definitions that several functions share under one name are kept once.
#[derive(Default)]
struct Schemas {
    all: BTreeMap<String, Value>,
}

impl Schemas {
    /// Adds a root schema with its definitions; gives a reference to it.
    fn add(&mut self, name: &str, schema: &Value) -> Value {
        let mut schema = schema.clone();
        let Some(fields) = schema.as_object_mut() else {
            return schema;
        };
        fields.remove("$schema");
        fields.remove("title");
        let definitions = fields.remove("$defs");
        let definitions: BTreeMap<&String, &Value> =
            definitions.iter().filter_map(Value::as_object).flatten().collect();
        let mut names: BTreeMap<String, String> = definitions.keys().map(|&old| (old.clone(), old.clone())).collect();
        // Another type of that name in an earlier function: this one carries its function's name, and so does every
        // definition that refers to it; hence until nothing changes.
        while let Some(old) = definitions.iter().find_map(|(&old, &definition)| {
            let clashes =
                names[old] == *old && self.all.get(old).is_some_and(|known| *known != renamed(definition, &names));
            clashes.then(|| old.clone())
        }) {
            names.insert(old.clone(), format!("{name}{old}"));
        }
        for (&old, &definition) in &definitions {
            self.all.insert(names[old].clone(), renamed(definition, &names));
        }
        self.all.insert(name.to_owned(), renamed(&schema, &names));
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }
}

/// The schema with references to `#/$defs/` led to the components.
fn renamed(schema: &Value, names: &BTreeMap<String, String>) -> Value {
    match schema {
        Value::Object(fields) => {
            let moved = fields.iter().map(|(key, value)| match (key.as_str(), value.as_str()) {
                ("$ref", Some(path)) => {
                    let name = path.trim_start_matches("#/$defs/");
                    let name = names.get(name).map_or(name, String::as_str);
                    (key.clone(), json!(format!("#/components/schemas/{name}")))
                }
                _ => (key.clone(), renamed(value, names)),
            });
            as_enum(moved.collect())
        }
        Value::Array(items) => items.iter().map(|item| renamed(item, names)).collect(),
        other => other.clone(),
    }
}

/// The words a text may be as `enum`, which every tool understands; schemars writes an alternative for each that has a description of
/// its own. The descriptions stand together then.
fn as_enum(mut schema: Map<String, Value>) -> Value {
    let Some(alternatives) = schema.get("oneOf").and_then(Value::as_array) else { return Value::Object(schema) };
    let mut words = Vec::new();
    let mut told = Vec::new();
    for alternative in alternatives {
        match (alternative["const"].as_str(), alternative["enum"].as_array()) {
            (Some(word), None) => {
                let description = alternative["description"].as_str().map(|description| description.replace('\n', " "));
                told.extend(description.map(|description| format!("- `{word}`: {description}")));
                words.push(json!(word));
            }
            (None, Some(several)) if alternative["type"] == "string" => words.extend(several.iter().cloned()),
            // Something else than a word.
            _ => return Value::Object(schema),
        }
    }
    schema.remove("oneOf");
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let told = told.join("\n");
    let parts: Vec<&str> = [description, &told].into_iter().filter(|part| !part.is_empty()).collect();
    let description = parts.join("\n\n");
    if !description.is_empty() {
        schema.insert("description".to_owned(), json!(description));
    }
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), json!(words));
    Value::Object(schema)
}

fn pascal_case(name: &str, suffix: &str) -> String {
    crate::check::pascal_case(name) + suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contracts(json: Value) -> BTreeMap<String, Contract> {
        let contracts: Vec<Contract> = serde_json::from_value(json).unwrap();
        contracts.into_iter().map(|contract| (contract.function.clone(), contract)).collect()
    }

    fn lead(kind: &str) -> Value {
        json!({"function": format!("leads-{kind}"), "kind": "http", "scope": "leads:read", "status": 200,
            "doc": "Shows one lead. Refuses others.\n\nMore.",
            "routes": [{"method": "GET", "path": format!("/api/v1/leads/{{id}}/{kind}")}],
            "query": {"type": "object", "required": ["q"],
                "properties": {"q": {"$ref": "#/$defs/Text"}, "limit": {"type": "integer", "description": "At most"}},
                "$defs": {"Text": {"type": "string"}}},
            "output": {"$schema": "x", "title": "Y", "type": "object", "properties": {"at": {"$ref": "#/$defs/Moment"}},
                "$defs": {"Moment": {"type": "string", "title": kind}}}})
    }

    #[test]
    fn ones_own_record_has_a_version_too() {
        let change = |function: &str, method: &str, path: &str, properties: Value| {
            json!({"function": function, "kind": "http", "scope": "team:read", "status": 200, "doc": "Of members (404).",
                "routes": [{"method": method, "path": path}], "output": {"type": "object", "properties": properties}})
        };
        let contracts = contracts(json!([
            change("mine-update", "PATCH", "/api/v1/mine", json!({"version": {"type": "integer"}})),
            change("mine-get", "GET", "/api/v1/mine", json!({"version": {"type": "integer"}})),
            change("many-update", "PATCH", "/api/v1/many", json!({"changed": {"type": "integer"}})),
        ]));
        let guarded = |name: &str| {
            let (contract, mut schemas) = (&contracts[name], Schemas::default());
            let route = &contract.routes[0];
            let takes = parameters(contract, route).iter().any(|parameter| parameter["name"] == "If-Match");
            let answers = responses(name, contract, route, &mut schemas);
            assert!(!answers["404"].is_null(), "{name}");
            (takes, !answers["412"].is_null())
        };
        assert_eq!(guarded("mine-update"), (true, true));
        assert_eq!(guarded("mine-get"), (false, false));
        assert_eq!(guarded("many-update"), (false, false));
    }

    #[test]
    fn an_endpoint_becomes_an_operation() {
        let document = document(&contracts(json!([lead("get")]))).unwrap();
        let operation = &document["paths"]["/api/v1/leads/{id}/get"]["get"];
        assert_eq!(operation["summary"], "Shows one lead.");
        assert_eq!(operation["description"], "Refuses others.\n\nMore.");
        assert_eq!(operation["x-scope"], "leads:read");
        assert_eq!(operation["tags"], json!(["leads"]));
        let names: Vec<&Value> =
            operation["parameters"].as_array().unwrap().iter().map(|parameter| &parameter["name"]).collect();
        assert_eq!(names, ["id", "limit", "q"]);
        assert_eq!(operation["parameters"][2]["schema"], json!({"type": "string"}));
        assert_eq!(operation["parameters"][2]["required"], true);
        assert!(operation["responses"]["401"].is_object() && operation["responses"]["404"].is_object());
    }

    #[test]
    fn definitions_become_components_and_clashes_keep_apart() {
        let document = document(&contracts(json!([lead("get"), lead("list")]))).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["LeadsGetOutput"]["properties"]["at"]["$ref"], "#/components/schemas/Moment");
        assert_eq!(
            schemas["LeadsListOutput"]["properties"]["at"]["$ref"],
            "#/components/schemas/LeadsListOutputMoment"
        );
        assert!(schemas["LeadsGetOutput"].get("$defs").is_none());
    }

    #[test]
    fn words_are_an_enum() {
        let words = json!({"description": "How far.", "oneOf": [
            {"const": "new", "type": "string", "description": "In the\npool."}, {"type": "string", "enum": ["lost", "won"]}]});
        let told = json!({"description": "How far.\n\n- `new`: In the pool.", "type": "string", "enum": ["new", "lost", "won"]});
        assert_eq!(renamed(&words, &BTreeMap::new()), told);
        assert_eq!(inlined(&json!({"$ref": "#/$defs/Status"}), &json!({"Status": words})), told);
        let other = json!({"oneOf": [{"const": "new", "type": "string"}, {"type": "object", "properties": {}}]});
        assert_eq!(renamed(&other, &BTreeMap::new()), other);
    }

    #[test]
    fn receivers_refuse_and_have_no_versions() {
        let hook = json!([{"function": "webhooks-x", "kind": "http", "public": true, "doc": "Takes it.",
            "routes": [{"method": "POST", "path": "/api/v1/webhooks/x/{token}"}]},
            {"function": "auth-login", "kind": "http", "public": true, "doc": "Signs in.",
            "routes": [{"method": "POST", "path": "/api/v1/auth/login"}]}]);
        let document = document(&contracts(hook)).unwrap();
        let hook = &document["paths"]["/api/v1/webhooks/x/{token}"]["post"];
        let names: Vec<&Value> = hook["parameters"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["token"]);
        let answers =
            |operation: &Value| operation["responses"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(answers(hook), ["200", "400", "401", "413", "429", "503"]);
        let login = &document["paths"]["/api/v1/auth/login"]["post"];
        assert_eq!(answers(login), ["200", "400", "401", "403", "409", "413", "429", "503"]);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document(&contracts(json!([lead("get"), lead("list")]))).unwrap();
        let text = document.to_string();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }

    #[test]
    fn one_route_has_one_function() {
        let mut second = lead("get");
        second["function"] = json!("other");
        let error = document(&contracts(json!([lead("get"), second]))).unwrap_err().to_string();
        assert!(error.contains("claimed"), "{error}");
    }

    #[test]
    fn a_public_endpoint_needs_no_credentials() {
        let ready = json!([{"function": "ready", "kind": "http", "public": true, "doc": "Ready?",
            "routes": [{"method": "GET", "path": "/ready"}]}]);
        let document = document(&contracts(ready)).unwrap();
        let operation = &document["paths"]["/ready"]["get"];
        assert_eq!(operation["security"], json!([]));
        assert!(operation["responses"].get("401").is_none());
    }
}
