//! House rules about source files: sizes, what the domain may use, where versions stand, no paths of one machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use regex::Regex;

use super::Finding;

/// An endpoint is judged at a glance.
const ENDPOINT_LINES: usize = 100;

/// Consumers and jobs may be a little longer.
const FUNCTION_LINES: usize = 120;

/// Everything else is split by idea before this.
const FILE_LINES: usize = 500;

/// What the domain may use: no I/O, no clock, no randomness.
const DOMAIN: &[&str] =
    &["std", "uuid", "jiff", "thiserror", "serde", "serde_json", "regex", "schemars", "sha2", "idna", "url", "super", "self"];

/// Checks every source file and manifest of the workspace.
///
/// # Errors
/// When a folder cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for folder in ["functions", "shared", "infra"] {
        for file in files(&root.join(folder))? {
            let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if !matches!(kind, "rs" | "toml" | "sql" | "yaml" | "md" | "json" | "txt" | "py") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&file) else { continue };
            findings.extend(machine(&place, &text)?);
            match kind {
                "rs" => {
                    findings.extend(size(&place, &text));
                    findings.extend(opening(&place, &text));
                    findings.extend(domain(&place, &text)?);
                }
                "toml" if file.ends_with("Cargo.toml") => findings.extend(manifest(&place, &text)?),
                _ => {}
            }
        }
    }
    for name in ["template.yaml", "README.md", "Cargo.toml", ".ci/run"] {
        if let Ok(text) = fs::read_to_string(root.join(name)) {
            findings.extend(machine(name, &text)?);
        }
    }
    Ok(findings)
}

/// Every file below a folder; folders of built things are left out.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
            let kind = entry.file_type().with_context(|| format!("cannot read {}", entry.path().display()))?;
            let name = entry.file_name();
            if kind.is_dir() && name != "node_modules" && name != "target" && name != "dist" {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn size(place: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    let is_function = place.starts_with("functions/") && place.contains("/src/bin/");
    let most = match is_function {
        true if text.contains("http::") => ENDPOINT_LINES,
        true => FUNCTION_LINES,
        false => FILE_LINES,
    };
    let where_to = if is_function { "move rules to shared/src/domain and statements to shared/src/store" } else { "split it by idea" };
    (lines > most).then(|| Finding::new(place, format!("has {lines} lines of at most {most}: {where_to}")))
}

fn opening(place: &str, text: &str) -> Option<Finding> {
    let says = text.starts_with("//!");
    (!says).then(|| Finding::new(place, "must open with `//!` saying what it does and what it refuses"))
}

fn domain(place: &str, text: &str) -> anyhow::Result<Vec<Finding>> {
    let is_test = place.ends_with("tests.rs") || place.contains("/tests/");
    if !place.starts_with("shared/src/domain/") || is_test {
        return Ok(Vec::new());
    }
    let text = without_tests(text);
    let uses = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use (?:::)?([A-Za-z_][A-Za-z0-9_]*)(::[A-Za-z_][A-Za-z0-9_]*)?")?;
    let modules = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?mod ([a-z_]+)\s*[;{]")?;
    let own: Vec<&str> = modules.captures_iter(text).filter_map(|found| found.get(1)).map(|name| name.as_str()).collect();
    let mut findings = Vec::new();
    for found in uses.captures_iter(text) {
        let (name, next) = (&found[1], found.get(2).map_or("", |next| next.as_str()));
        let inside = (name == "crate" && next == "::domain") || own.contains(&name);
        if !inside && !DOMAIN.contains(&name) {
            let text = format!("uses {name}{next}: the domain does no I/O and takes time and ids as arguments");
            findings.push(Finding::new(place, text));
        }
    }
    for forbidden in ["Timestamp::now(", "Zoned::now(", "SystemTime::now(", "Instant::now(", "Uuid::new_v4(", "Uuid::now_v7("] {
        if text.contains(forbidden) {
            findings.push(Finding::new(place, format!("calls {forbidden}…): take it as an argument")));
        }
    }
    Ok(findings)
}

/// The text up to an inline test module, which by convention ends a file.
pub fn without_tests(text: &str) -> &str {
    let inline = text.find("#[cfg(test)]\nmod tests {");
    inline.map_or(text, |start| &text[..start])
}

fn manifest(place: &str, text: &str) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let header = Regex::new(r"^\[(.+)\]\s*$")?;
    let mut inside = false;
    for line in text.lines() {
        if let Some(found) = header.captures(line) {
            inside = found[1].ends_with("dependencies");
            continue;
        }
        let line = line.trim();
        let is_dependency = inside && !line.is_empty() && !line.starts_with('#');
        if is_dependency && !(line.contains(".workspace = true") || line.contains("workspace = true")) {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            let text = format!("{name}: versions stand in the root Cargo.toml; write `{name}.workspace = true`");
            findings.push(Finding::new(place, text));
        }
    }
    Ok(findings)
}

/// A path of somebody's machine means nothing on another.
fn machine(place: &str, text: &str) -> anyhow::Result<Option<Finding>> {
    // Put together here, so that this file does not find itself.
    let paths = Regex::new(&["(?:^|[\\s\"'=`(])(/(?:home|Users|wor", "k)/[A-Za-z0-9_.-]+)"].concat())?;
    let found = paths.captures(text).map(|found| found[1].to_owned());
    Ok(found.map(|path| Finding::new(place, format!("names {path}, a path of one machine: make it relative"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(findings: impl IntoIterator<Item = Finding>) -> String {
        findings.into_iter().map(|finding| finding.text + "\n").collect()
    }

    #[test]
    fn the_domain_may_not_reach_outside() {
        let check = |line: &str| texts(domain("shared/src/domain/leads.rs", line).unwrap());
        assert_eq!(check("use std::fmt;\nuse crate::domain::ids;\nuse super::x;\npub mod tiers;\nuse tiers::Tier;\n"), "");
        assert!(check("use tokio::time;").contains("uses tokio::time"));
        assert!(check("use crate::store::leads;").contains("uses crate::store"));
        assert!(check("let now = Timestamp::now();").contains("take it as an argument"));
        assert_eq!(check("#[cfg(test)]\nmod tests {\n    use proptest::prelude::*;\n}"), "");
    }

    #[test]
    fn versions_stand_in_the_root() {
        let check = |line: &str| texts(manifest("x/Cargo.toml", &format!("[dependencies]\n{line}\n\n[lints]\nworkspace = true\n")).unwrap());
        assert_eq!(check("serde.workspace = true\nhyper = { workspace = true, features = [\"client\"] }"), "");
        assert!(check("serde = \"1\"").contains("serde.workspace = true"));
        assert!(check("serde = { version = \"1\" }").contains("root Cargo.toml"));
    }

    #[test]
    fn long_files_are_found() {
        let lines = |count: usize| "//! x\n".repeat(count);
        assert!(size("shared/src/a.rs", &lines(501)).is_some() && size("shared/src/a.rs", &lines(500)).is_none());
        let endpoint = "http::get\n".to_owned() + &lines(100);
        assert!(size("functions/leads/src/bin/leads-get.rs", &endpoint).is_some());
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        assert!(machine("a.md", &["see /ho", "me/anna/lotse"].concat()).unwrap().is_some());
        assert!(machine("a.md", "see https://example.com/home/page").unwrap().is_none());
    }
}
