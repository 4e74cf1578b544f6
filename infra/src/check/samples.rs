//! Every function has a sample event, and a sample request goes where the function answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Finding;
use crate::contract::{Contract, Kind};

/// Compares `events/<area>/<function>.json` with the functions.
pub fn check(root: &Path, built: &BTreeMap<String, String>, contracts: &BTreeMap<String, Contract>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, area) in built {
        let place = format!("events/{area}/{name}.json");
        match fs::read_to_string(root.join(&place)) {
            Ok(text) => {
                let problem = contracts.get(name).and_then(|contract| problem(&text, contract));
                findings.extend(problem.map(|text| Finding::new(place, text)));
            }
            Err(_) => findings.push(Finding::new(place, "add a sample event for this function")),
        }
    }
    for area in fs::read_dir(root.join("events")).into_iter().flatten().flatten() {
        for sample in fs::read_dir(area.path()).into_iter().flatten().flatten() {
            let (area, file) = (area.file_name(), sample.file_name());
            let (area, file) = (area.to_string_lossy(), file.to_string_lossy());
            let known = file.strip_suffix(".json").is_some_and(|name| built.get(name).is_some_and(|of| *of == area));
            if !known {
                findings.push(Finding::new(
                    format!("events/{area}/{file}"),
                    "belongs to no function of that area: remove it",
                ));
            }
        }
    }
    findings
}

fn problem(text: &str, contract: &Contract) -> Option<String> {
    let event: Value = match serde_json::from_str(text) {
        Ok(event) => event,
        Err(error) => return Some(format!("is no JSON: {error}")),
    };
    match contract.kind {
        Kind::Http => {
            let method = event["requestContext"]["http"]["method"].as_str().unwrap_or_default();
            let path = event["rawPath"].as_str().unwrap_or_default();
            let fits = contract.routes.iter().any(|route| route.method == method && fits(&route.path, path));
            (!fits)
                .then(|| format!("`{method} {path}` is not a request its function answers: correct method and rawPath"))
        }
        Kind::Queue => {
            let records = event["Records"].as_array();
            let all = records
                .is_some_and(|records| !records.is_empty() && records.iter().all(|record| record["body"].is_string()));
            (!all).then(|| "must be an SQS event: Records with a body each".to_owned())
        }
        Kind::Schedule | Kind::Direct => (!event.is_object()).then(|| "must be a JSON object".to_owned()),
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        if part.starts_with('{') && part.ends_with("+}") {
            return segments.next().is_some();
        }
        let Some(segment) = segments.next() else { return false };
        if !(part == segment || (part.starts_with('{') && !segment.is_empty())) {
            return false;
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contract(kind: &str) -> Contract {
        let routes = json!([{"method": "GET", "path": "/leads/{id}"}]);
        serde_json::from_value(json!({"function": "x", "kind": kind, "routes": routes})).unwrap()
    }

    #[test]
    fn a_request_must_reach_its_function() {
        let sample = |method: &str, path: &str| {
            json!({"rawPath": path, "requestContext": {"http": {"method": method}}}).to_string()
        };
        assert_eq!(problem(&sample("GET", "/leads/7"), &contract("http")), None);
        assert!(problem(&sample("POST", "/leads/7"), &contract("http")).is_some());
        assert!(problem(&sample("GET", "/leads/7/x"), &contract("http")).is_some());
        assert!(problem("{", &contract("http")).is_some_and(|text| text.contains("no JSON")));
    }

    #[test]
    fn a_queue_sample_has_records() {
        assert_eq!(problem(r#"{"Records": [{"body": "{}"}]}"#, &contract("queue")), None);
        assert!(problem("{}", &contract("queue")).is_some());
    }

    #[test]
    fn the_rest_of_a_path_may_be_long() {
        assert!(fits("/console/{proxy+}", "/console/a/b"));
        assert!(!fits("/console/{proxy+}", "/other/a"));
    }
}
