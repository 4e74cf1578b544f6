//! House rules about source files: sizes, what the domain may use, where versions stand, no paths of one machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Context as _;
use regex::Regex;

use super::{Finding, pattern};

/// An endpoint is judged at a glance.
const ENDPOINT_LINES: usize = 100;

/// Consumers and jobs may be a little longer.
const FUNCTION_LINES: usize = 120;

/// Everything else is split by idea before this.
const FILE_LINES: usize = 500;

/// What the domain may use: no I/O, no clock, no randomness.
const DOMAIN: &[&str] = &[
    "std",
    "uuid",
    "jiff",
    "thiserror",
    "serde",
    "serde_json",
    "regex",
    "regex_automata",
    "schemars",
    "serde_path_to_error",
    "sha2",
    "idna",
    "unicode_normalization",
    "url",
    "super",
    "self",
];

static USE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use (?:::)?([A-Za-z_][A-Za-z0-9_]*)(::[A-Za-z_][A-Za-z0-9_]*)?")
});
static MODULE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?mod ([a-z_]+)\s*[;{]"));

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
            findings.extend(machine(&place, &text));
            match kind {
                "rs" => {
                    findings.extend(size(&place, &text));
                    findings.extend(opening(&place, &text));
                    if !only_tests(&file) {
                        findings.extend(domain(&place, &text));
                    }
                }
                "toml" if file.ends_with("Cargo.toml") => findings.extend(manifest(&place, &text)),
                _ => {}
            }
        }
    }
    for name in ["template.yaml", "README.md", "Cargo.toml", ".ci/run"] {
        if let Ok(text) = fs::read_to_string(root.join(name)) {
            findings.extend(machine(name, &text));
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
        true if !text.contains("schedule::direct") => FUNCTION_LINES,
        // Those that a deployment invokes come with long input, and nobody waits for them.
        _ => FILE_LINES,
    };
    let where_to = if is_function {
        "move rules to shared/src/domain and statements to shared/src/store"
    } else {
        "split it by idea"
    };
    (lines > most).then(|| Finding::new(place, format!("has {lines} lines of at most {most}: {where_to}")))
}

fn opening(place: &str, text: &str) -> Option<Finding> {
    // A test module is part of the file it tests.
    let says = text.starts_with("//!") || place.contains("/tests/") || place.ends_with("/tests.rs");
    (!says).then(|| Finding::new(place, "must open with `//!` saying what it does and what it refuses"))
}

/// Whether the file is a module that its parent declares for tests only.
pub fn only_tests(file: &Path) -> bool {
    let (Some(folder), Some(stem)) = (file.parent(), file.file_stem().and_then(|stem| stem.to_str())) else {
        return false;
    };
    let parents = [folder.join("mod.rs"), folder.with_extension("rs"), folder.join("lib.rs")];
    let declares = |text: String| {
        let after = text.split("#[cfg(test)]").skip(1).filter_map(|after| after.split_once(';'));
        after
            .map(|(declaration, _)| declaration.trim())
            .any(|declaration| declaration.ends_with(&format!("mod {stem}")))
    };
    parents.iter().filter_map(|parent| fs::read_to_string(parent).ok()).any(declares)
}

fn domain(place: &str, text: &str) -> Vec<Finding> {
    let is_test = place.ends_with("tests.rs") || place.contains("/tests/");
    if !place.starts_with("shared/src/domain/") || is_test {
        return Vec::new();
    }
    let text = without_tests(text);
    let own: Vec<&str> =
        MODULE.captures_iter(text).filter_map(|found| found.get(1)).map(|name| name.as_str()).collect();
    let mut findings = Vec::new();
    for found in USE.captures_iter(text) {
        let (name, next) = (&found[1], found.get(2).map_or("", |next| next.as_str()));
        // A type's name begins with a capital: its variants are brought in, not a crate.
        let is_type = name.starts_with(|first: char| first.is_ascii_uppercase());
        let inside = (name == "crate" && next == "::domain") || own.contains(&name) || is_type;
        if !inside && !DOMAIN.contains(&name) {
            let text = format!("uses {name}{next}: the domain does no I/O and takes time and ids as arguments");
            findings.push(Finding::new(place, text));
        }
    }
    for forbidden in
        ["Timestamp::now(", "Zoned::now(", "SystemTime::now(", "Instant::now(", "Uuid::new_v4(", "Uuid::now_v7("]
    {
        if text.contains(forbidden) {
            findings.push(Finding::new(place, format!("calls {forbidden}…): take it as an argument")));
        }
    }
    findings
}

/// The text up to an inline test module, which by convention ends a file.
pub fn without_tests(text: &str) -> &str {
    let inline = text.find("#[cfg(test)]\nmod tests {");
    inline.map_or(text, |start| &text[..start])
}

fn manifest(place: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(section) = line.trim_end().strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = section.ends_with("dependencies");
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
    findings
}

/// A path of somebody's machine means nothing on another.
fn machine(place: &str, text: &str) -> Option<Finding> {
    // Put together here, so that this file does not find itself.
    let homes = [["/ho", "me/"], ["/Use", "rs/"], ["/wor", "k/"]].map(|parts| parts.concat());
    let path =
        homes.iter().find_map(|home| text.match_indices(home.as_str()).find_map(|(at, _)| machine_path(text, at)))?;
    Some(Finding::new(place, format!("names {path}, a path of one machine: make it relative")))
}

/// The path that begins here, if it is one from the root of a file system and not the middle of an address.
fn machine_path(text: &str, at: usize) -> Option<&str> {
    let before = text[..at].chars().next_back();
    let begins = before.is_none_or(|before| before.is_whitespace() || "\"'=`(".contains(before));
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "/_.-".contains(letter);
    let path = text[at..].split(|letter| !inside(letter)).next()?;
    (begins && !path.ends_with('/')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(findings: impl IntoIterator<Item = Finding>) -> String {
        findings.into_iter().map(|finding| finding.text + "\n").collect()
    }

    #[test]
    fn the_domain_may_not_reach_outside() {
        let check = |line: &str| texts(domain("shared/src/domain/leads.rs", line));
        assert_eq!(
            check("use std::fmt;\nuse crate::domain::ids;\nuse super::x;\npub mod tiers;\nuse tiers::Tier;\n"),
            ""
        );
        assert!(check("use tokio::time;").contains("uses tokio::time"));
        assert!(check("use crate::store::leads;").contains("uses crate::store"));
        assert!(check("let now = Timestamp::now();").contains("take it as an argument"));
        assert_eq!(check("#[cfg(test)]\nmod tests {\n    use proptest::prelude::*;\n}"), "");
    }

    #[test]
    fn versions_stand_in_the_root() {
        let check = |line: &str| {
            texts(manifest("x/Cargo.toml", &format!("[dependencies]\n{line}\n\n[lints]\nworkspace = true\n")))
        };
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
        assert!(machine("a.md", &["see /ho", "me/anna/lotse"].concat()).is_some());
        assert!(machine("a.md", "see https://example.com/home/page").is_none());
    }
}
