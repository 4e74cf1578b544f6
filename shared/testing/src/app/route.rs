//! API Gateway's choice of a route: literal segments before `{name}`, `{name}` before `{proxy+}`.

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The path parameters (decoded) if `path` fits `template`, and how well it fits: greater is better.
pub(super) fn fit(template: &str, path: &str) -> Option<(Vec<u8>, Map<String, Value>)> {
    let mut parameters = Map::new();
    let mut fitness = Vec::new();
    let mut rest = path.strip_prefix('/')?.split('/');
    for pattern in template.strip_prefix('/')?.split('/') {
        let name = pattern.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        match name {
            Some(name) => {
                let (name, value, kind) = match name.strip_suffix('+') {
                    Some(name) => (name, rest.by_ref().collect::<Vec<_>>().join("/"), 1),
                    None => (name, rest.next()?.to_owned(), 2),
                };
                if value.is_empty() {
                    return None;
                }
                let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
                parameters.insert(name.to_owned(), Value::String(value));
                fitness.push(kind);
            }
            None if rest.next()? == pattern => fitness.push(3),
            None => return None,
        }
    }
    rest.next().is_none().then_some((fitness, parameters))
}

/// Whether a route's method takes a request's.
pub(super) fn takes(route: &Method, method: &Method) -> bool {
    route == method || route.as_str() == "ANY"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fit;

    #[test]
    fn fits_by_segments() {
        let check = |template: &str, path: &str, expected: Option<serde_json::Value>| {
            let parameters = fit(template, path).map(|(_, parameters)| json!(parameters));
            assert_eq!(parameters, expected, "{template} {path}");
        };
        check("/health", "/health", Some(json!({})));
        check("/health", "/health/", None);
        check("/health", "/healthy", None);
        check("/deals/{id}", "/deals/4%2F2", Some(json!({"id": "4/2"})));
        check("/deals/{id}", "/deals/", None);
        check("/deals/{id}", "/deals/1/move", None);
        check("/deals/{id}/move", "/deals/1/move", Some(json!({"id": "1"})));
        check("/old/{proxy+}", "/old/a/b", Some(json!({"proxy": "a/b"})));
        check("/old/{proxy+}", "/old", None);
    }

    #[test]
    fn literal_segments_win() {
        let fitness = |template: &str| fit(template, "/leads/stats").unwrap().0;
        assert!(fitness("/leads/stats") > fitness("/leads/{id}"));
        assert!(fitness("/leads/{id}") > fitness("/leads/{proxy+}"));
    }
}
