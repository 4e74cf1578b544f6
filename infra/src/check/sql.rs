//! SQL stands in `shared/src/store/*.sql`, every statement is used, and only by the Rust file of the same name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use regex::Regex;

use super::Finding;
use super::sources::{files, without_tests};

/// Checks statements and their users.
///
/// # Errors
/// When a folder cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut sources = BTreeMap::new();
    for folder in ["functions", "shared/src"] {
        for file in files(&root.join(folder))? {
            let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            if place.ends_with(".rs") || place.ends_with(".sql") {
                sources.insert(place, fs::read_to_string(&file).unwrap_or_default());
            }
        }
    }
    let mut findings = Vec::new();
    for (place, text) in &sources {
        if place.ends_with(".sql") {
            findings.extend(unused(place, text, &sources)?);
        } else if !(place.contains("/tests/") || place.ends_with("/tests.rs")) {
            findings.extend(inline(place, without_tests(text))?);
        }
    }
    Ok(findings)
}

/// SQL in a string literal.
fn inline(place: &str, text: &str) -> anyhow::Result<Option<Finding>> {
    let statement = Regex::new(
        r#""\s*(?:SELECT\s+\S|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|CREATE\s+(?:TABLE|ROLE|DATABASE|INDEX)\s|ALTER\s+(?:TABLE|ROLE)\s)"#,
    )?;
    let code = Regex::new(r"(?m)^\s*//.*$")?.replace_all(text, "");
    let found = statement.find(&code).map(|found| found.as_str().trim_start_matches('"').trim().to_owned());
    Ok(found.map(|sql| Finding::new(place, format!("has SQL (`{sql} …`): move it to a `-- name:` section in shared/src/store/*.sql"))))
}

fn unused(place: &str, text: &str, sources: &BTreeMap<String, String>) -> anyhow::Result<Vec<Finding>> {
    let file = place.rsplit('/').next().unwrap_or_default();
    let stem = file.trim_end_matches(".sql");
    let included = format!("include_str!(\"{file}\")");
    // A Rust file of that name, or one beside it that carries on its work (`leads.sql` ← `leads.rs`, `leads_search.rs`).
    let users: Vec<(&String, &String)> =
        sources.iter().filter(|(user, text)| user.ends_with(".rs") && text.contains(&included)).collect();
    let mut findings = Vec::new();
    for (user, _) in &users {
        let name = user.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        let related = name == stem || name.starts_with(&format!("{stem}_")) || user.contains(&format!("/{stem}/"));
        if !related {
            findings.push(Finding::new(user.as_str(), format!("uses {file}: only {stem}.rs may, call a function of it")));
        }
    }
    for found in Regex::new(r"(?m)^-- name: (\S+)")?.captures_iter(text) {
        let name = format!("\"{}\"", &found[1]);
        if !users.iter().any(|(_, text)| text.contains(&name)) {
            findings.push(Finding::new(place, format!("nobody uses the statement {name}: remove it")));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_in_code_is_found_and_prose_is_not() {
        let found = |text: &str| inline("x.rs", text).unwrap().is_some();
        assert!(found("query(\"SELECT 1\")") && found("let s = \"\n  INSERT INTO leads (id)\";"));
        assert!(!found("\"select a pipeline\"") && !found("// \"SELECT 1\" stands elsewhere") && !found("\"With kind regards\""));
    }

    #[test]
    fn unused_statements_are_found() {
        let sources = BTreeMap::from([(
            "shared/src/store/leads.rs".to_owned(),
            "const SQL: &str = include_str!(\"leads.sql\"); section(SQL, \"find\")".to_owned(),
        )]);
        let findings = unused("shared/src/store/leads.sql", "-- name: find\nSELECT 1\n-- name: list\nSELECT 2\n", &sources).unwrap();
        assert_eq!(findings.len(), 1);
        assert!(findings[0].text.contains("\"list\""));
    }

    #[test]
    fn another_file_may_not_use_the_statements() {
        let sources = BTreeMap::from([("shared/src/app.rs".to_owned(), "include_str!(\"leads.sql\") \"find\"".to_owned())]);
        let findings = unused("shared/src/store/leads.sql", "-- name: find\n", &sources).unwrap();
        assert!(findings[0].text.contains("only leads.rs may"), "{findings:?}");
    }
}
