//! SQL stands in `shared/src/store/*.sql`, every statement is used, and only by the Rust file of the same name; so is every part of
//! statements, in that file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::sources::{files, without_tests};
use super::{Finding, pattern};

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
            findings.extend(unused(place, text, &sources));
        } else if !(place.contains("/tests/") || place.ends_with("/tests.rs")) {
            findings.extend(inline(place, without_tests(text)));
        }
    }
    Ok(findings)
}

/// Statements as they begin in a string literal.
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#""\s*(?:SELECT\s+\S|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|CREATE\s+(?:TABLE|ROLE|DATABASE|INDEX)\s|ALTER\s+(?:TABLE|ROLE)\s)"#,
    )
});

/// SQL in a string literal.
fn inline(place: &str, text: &str) -> Option<Finding> {
    let comment = |line: &&str| !line.trim_start().starts_with("//");
    let code = text.lines().filter(comment).collect::<Vec<_>>().join("\n");
    let found = STATEMENT.find(&code)?.as_str().trim_start_matches('"').trim();
    Some(Finding::new(
        place,
        format!("has SQL (`{found} …`): move it to a `-- name:` section in shared/src/store/*.sql"),
    ))
}

/// `shared/src/store/leads/timeline.sql` and `shared/src/store/leads.rs` are of the area `leads`.
fn area(place: &str) -> Option<&str> {
    let first = place.strip_prefix("shared/src/store/")?.split('/').next()?;
    Some(first.trim_end_matches(".sql").trim_end_matches(".rs"))
}

fn unused(place: &str, text: &str, sources: &BTreeMap<String, String>) -> Vec<Finding> {
    let file = place.rsplit('/').next().unwrap_or_default();
    let includes = |text: &str| {
        let paths = text.split("include_str!(\"").skip(1).filter_map(|after| after.split('"').next());
        paths.map(|path| path.rsplit('/').next()).any(|name| name == Some(file))
    };
    let of_area = |user: &str| area(user).is_some_and(|user| Some(user) == area(place));
    let users = || sources.iter().filter(|(user, _)| user.ends_with(".rs") && !user.contains("/tests/"));
    let mut findings = Vec::new();
    for (user, _) in users().filter(|(user, text)| !of_area(user) && includes(text)) {
        let owner = area(place).unwrap_or_default();
        findings.push(Finding::new(
            user.as_str(),
            format!("uses {file}: only store/{owner}.rs may, call a function of it"),
        ));
    }
    for name in text.lines().filter_map(|line| line.strip_prefix("-- name: ")) {
        let name = format!("\"{}\"", name.trim());
        if !users().any(|(user, text)| of_area(user) && text.contains(&name)) {
            findings.push(Finding::new(place, format!("nobody uses the statement {name}: remove it")));
        }
    }
    for name in text.lines().filter_map(|line| line.strip_prefix("-- part: ")) {
        if !text.contains(&format!("{{{}}}", name.trim())) {
            findings.push(Finding::new(place, format!("no statement has the part {{{}}}: remove it", name.trim())));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_in_code_is_found_and_prose_is_not() {
        let found = |text: &str| inline("x.rs", text).is_some();
        assert!(found("query(\"SELECT 1\")") && found("let s = \"\n  INSERT INTO leads (id)\";"));
        assert!(
            !found("\"select a pipeline\"")
                && !found("// \"SELECT 1\" stands elsewhere")
                && !found("\"With kind regards\"")
        );
    }

    #[test]
    fn unused_statements_are_found() {
        let sources = BTreeMap::from([(
            "shared/src/store/leads.rs".to_owned(),
            "const SQL: &str = include_str!(\"leads.sql\"); section(SQL, \"find\")".to_owned(),
        )]);
        let findings =
            unused("shared/src/store/leads.sql", "-- name: find\nSELECT 1\n-- name: list\nSELECT 2\n", &sources);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].text.contains("\"list\""));
    }

    #[test]
    fn unused_parts_are_found() {
        let sources = BTreeMap::from([("shared/src/store/leads.rs".to_owned(), "section(SQL, \"find\")".to_owned())]);
        let text = "-- part: columns\nid\n\n-- part: filter\ntrue\n\n-- name: find\nSELECT {columns} FROM leads\n";
        let findings = unused("shared/src/store/leads.sql", text, &sources);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].text.contains("{filter}"));
    }

    #[test]
    fn a_folder_of_the_area_may_use_them() {
        let sources =
            BTreeMap::from([("shared/src/store/leads/list.rs".to_owned(), "section(super::SQL, \"find\")".to_owned())]);
        assert_eq!(unused("shared/src/store/leads.sql", "-- name: find\n", &sources), []);
        assert_eq!(area("shared/src/store/leads/timeline.sql"), Some("leads"));
    }

    #[test]
    fn another_file_may_not_use_the_statements() {
        let sources =
            BTreeMap::from([("shared/src/app.rs".to_owned(), "include_str!(\"leads.sql\") \"find\"".to_owned())]);
        let findings = unused("shared/src/store/leads.sql", "", &sources);
        assert!(findings[0].text.contains("only store/leads.rs may"), "{findings:?}");
    }
}
