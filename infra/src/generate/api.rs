//! `infra/api.json`: the API's routes as API Gateway imports them, put into template.yaml by its `AWS::Include`.
//!
//! SAM could make this from `HttpApi` events, but gives every route a permission of its own, and a stack of 300 functions has no
//! room for those. Here every integration names one role instead, and all routes of a function share one integration, of which an
//! API takes 300.
//!
//! Confirmed by AWS' documentation: integrations under `components`, shared by `$ref` (HTTP APIs only); `credentials` with the ARN
//! of a role in place of permissions; an included body that SAM sees only after CloudFormation has put it in. The rest is what SAM
//! itself writes for the same routes, empty `responses` and `parameters` of a path included, and imports without a warning.
//! Assumed, since no account was at hand when it was written: that the two together import without a warning as well. A
//! deployment would say so at once and roll back, because the template sets `FailOnWarnings`.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Value, json};
use testkit::template::Template;

/// Its place in the workspace.
pub const PATH: &str = "infra/api.json";

/// Where routes find their integration.
const INTEGRATIONS: &str = "#/components/x-amazon-apigateway-integrations/";

/// The file's content: one line a route and one a function, so that two branches with new functions merge or are generated again.
///
/// # Errors
/// When two functions declare the same route, or one that a condition may leave out has any.
pub fn text(template: &Template) -> anyhow::Result<String> {
    let mut paths: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut integrations: BTreeMap<String, Value> = BTreeMap::new();
    for (logical_id, resource) in template.resources() {
        if !resource["Metadata"]["Routes"].is_null() && !resource["Condition"].is_null() {
            bail!("{logical_id} in template.yaml has routes and a condition: the API has every route in every stage");
        }
    }
    for function in template.functions()? {
        for (method, path) in &function.routes {
            let method = match method.as_str() {
                "ANY" => "x-amazon-apigateway-any-method".to_owned(),
                method => method.to_ascii_lowercase(),
            };
            let operations = paths.entry(path.clone()).or_default();
            if let Some(other) = operations.insert(method.clone(), operation(&function.logical_id, path)) {
                bail!(
                    "template.yaml gives {method} {path} to {} and to {}",
                    other["x-amazon-apigateway-integration"]["$ref"]
                        .as_str()
                        .unwrap_or_default()
                        .replace(INTEGRATIONS, ""),
                    function.logical_id
                );
            }
            integrations.insert(function.logical_id.clone(), integration(&function.logical_id));
        }
    }
    let paths: Vec<String> = paths
        .iter()
        .map(|(path, operations)| format!("    {}: {{\n{}\n    }}", json!(path), rows(operations, 6)))
        .collect();
    Ok(format!(
        "{{\n  \"openapi\": \"3.0.1\",\n  \"info\": {{\"title\": {{\"Fn::Sub\": \"${{NamePrefix}}lotse\"}}, \"version\": \"1.0\"}},\n  \
         \"paths\": {{\n{}\n  }},\n  \"components\": {{\n    \"x-amazon-apigateway-integrations\": {{\n{}\n    }}\n  }}\n}}\n",
        paths.join(",\n"),
        rows(&integrations, 6)
    ))
}

/// One entry a line.
fn rows(entries: &BTreeMap<String, Value>, indent: usize) -> String {
    let rows: Vec<String> =
        entries.iter().map(|(key, value)| format!("{:indent$}{}: {value}", "", json!(key))).collect();
    rows.join(",\n")
}

fn operation(logical_id: &str, path: &str) -> Value {
    let mut operation = json!({
        "x-amazon-apigateway-integration": {"$ref": format!("{INTEGRATIONS}{logical_id}")},
        "responses": {},
    });
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> = names.map(|name| json!({"name": name, "in": "path", "required": true})).collect();
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    operation
}

fn integration(logical_id: &str) -> Value {
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{logical_id}.Arn}}/invocations"
    );
    json!({
        "type": "aws_proxy",
        "httpMethod": "POST",
        "payloadFormatVersion": "2.0",
        "uri": {"Fn::Sub": uri},
        "credentials": {"Fn::GetAtt": ["ApiRole", "Arn"]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(functions: &str) -> anyhow::Result<Value> {
        let template = Template::parse(&format!("Resources:\n{functions}"))?;
        Ok(serde_json::from_str(&text(&template)?)?)
    }

    fn function(logical_id: &str, routes: &[&str], more: &str) -> String {
        let routes: String = routes.iter().map(|route| format!("        - {route}\n")).collect();
        format!(
            "  {logical_id}:\n    Type: AWS::Serverless::Function\n{more}    Metadata:\n      Routes:\n{routes}    \
             Properties: {{ CodeUri: target/lambda/x/ }}\n"
        )
    }

    #[test]
    fn routes_of_one_function_share_its_integration() {
        let body = body(&function("LeadsGet", &["GET /leads/{id}", "GET /crm/{id}/{part+}", "ANY /old"], "")).unwrap();
        let shared = json!({"$ref": "#/components/x-amazon-apigateway-integrations/LeadsGet"});
        for (path, method) in
            [("/leads/{id}", "get"), ("/crm/{id}/{part+}", "get"), ("/old", "x-amazon-apigateway-any-method")]
        {
            assert_eq!(body["paths"][path][method]["x-amazon-apigateway-integration"], shared, "{path}");
        }
        let integrations = body["components"]["x-amazon-apigateway-integrations"].as_object().unwrap();
        assert_eq!(integrations.len(), 1);
        assert_eq!(integrations["LeadsGet"]["credentials"], json!({"Fn::GetAtt": ["ApiRole", "Arn"]}));
        assert_eq!(integrations["LeadsGet"]["payloadFormatVersion"], "2.0");
    }

    #[test]
    fn names_in_a_path_are_its_parameters() {
        let body = body(&function("A", &["GET /crm/{id}/{part+}", "GET /crm"], "")).unwrap();
        let names =
            json!([{"name": "id", "in": "path", "required": true}, {"name": "part+", "in": "path", "required": true}]);
        assert_eq!(body["paths"]["/crm/{id}/{part+}"]["get"]["parameters"], names);
        assert!(body["paths"]["/crm"]["get"].get("parameters").is_none());
    }

    #[test]
    fn what_cannot_be_imported_is_refused() {
        let twice = function("A", &["GET /leads"], "") + &function("B", &["GET /leads"], "");
        assert!(body(&twice).unwrap_err().to_string().contains("to A and to B"));
        let sometimes = function("A", &["GET /leads"], "    Condition: InCloud\n");
        assert!(body(&sometimes).unwrap_err().to_string().contains("a condition"));
    }
}
