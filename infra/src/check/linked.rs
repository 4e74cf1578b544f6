//! What keeps it one build: tests of every area are targets of `functions/all` (those that it does not name would never run, and
//! nobody would see it), and every selection of packages asks for the same features of each dependency.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::Finding;
use super::sources::files;

/// Compares the areas that have tests with the list in `functions/all/Cargo.toml`.
///
/// # Errors
/// When the folder of the functions or the list cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let functions = root.join("functions");
    let list = functions.join("all/Cargo.toml");
    let list = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut findings = Vec::new();
    for area in fs::read_dir(&functions).with_context(|| format!("cannot read {}", functions.display()))?.flatten() {
        let name = area.file_name().to_string_lossy().into_owned();
        if area.path().join("tests/it/main.rs").is_file() {
            findings.extend(unlisted(&name, &list));
        }
        if let Ok(manifest) = fs::read_to_string(area.path().join("Cargo.toml")) {
            findings.extend(doubled(&name, &manifest));
        }
    }
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"));
    findings.extend(asked_alone(&read("Cargo.toml")?, &read(UNION)?));
    for folder in ["functions", "shared", "infra"] {
        let manifests = files(&root.join(folder))?.into_iter().filter(|file| file.ends_with("Cargo.toml"));
        for manifest in manifests {
            let place = manifest.strip_prefix(root).unwrap_or(&manifest).display().to_string();
            findings.extend(own_features(&place, &read(&place)?));
        }
    }
    Ok(findings)
}

/// The package that asks for everything.
const UNION: &str = "infra/dependencies/Cargo.toml";

/// Dependencies that only some packages ask for: selected without them, cargo would build what they change once more.
fn asked_alone(root: &str, union: &str) -> Vec<Finding> {
    let section = root.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let foreign = section.lines().filter(|line| !line.contains("path = ")).filter_map(|line| line.split_once(" = "));
    let asked: BTreeSet<&str> = union.lines().filter_map(|line| line.strip_suffix(".workspace = true")).collect();
    let missing = foreign.map(|(name, _)| name.trim()).filter(|name| !name.starts_with('#') && !asked.contains(name));
    missing
        .map(|name| Finding::new(UNION, format!("add `{name}.workspace = true`, so that it is built only once")))
        .collect()
}

/// Features that a package adds for itself.
fn own_features(place: &str, manifest: &str) -> Vec<Finding> {
    let adding = manifest.lines().filter(|line| line.contains("workspace = true") && line.contains("features"));
    let names = adding.filter_map(|line| line.split([' ', '.', '=']).next());
    let text = |name| {
        format!("{name}: name its features in the root Cargo.toml, or it is built once for each choice of packages")
    };
    names.map(|name| Finding::new(place, text(name))).collect()
}

fn unlisted(area: &str, list: &str) -> Option<Finding> {
    let entry = format!("{{ name = \"{area}\", path = \"../{area}/tests/it/main.rs\" }}");
    let text = format!("does not name functions/{area}/tests, which therefore never run: add `{entry},`");
    (!list.contains(&entry)).then(|| Finding::new("functions/all/Cargo.toml", text))
}

/// Tests that Cargo finds by itself would be built a second time, with one program a function.
fn doubled(area: &str, manifest: &str) -> Option<Finding> {
    let place = format!("functions/{area}/Cargo.toml");
    (!manifest.contains("autotests = false"))
        .then(|| Finding::new(place, "add `autotests = false`: its tests belong to functions/all"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_would_never_run_are_found() {
        let list = "test = [\n  { name = \"leads\", path = \"../leads/tests/it/main.rs\" },\n]";
        assert_eq!(unlisted("leads", list), None);
        assert!(unlisted("lead", list).is_some() && unlisted("deals", list).is_some());
    }

    #[test]
    fn what_would_be_built_twice_is_found() {
        let root = "[workspace.dependencies]\nshared = { path = \"shared\" }\n# AWS\nhttp = \"1\"\nurl = \"2\"\n\n[workspace.lints]\nx = 1\n";
        let union = "[dependencies]\nhttp.workspace = true\n";
        assert_eq!(asked_alone(root, &format!("{union}url.workspace = true\n")), []);
        let missing = asked_alone(root, union);
        assert!(missing.len() == 1 && missing[0].text.contains("`url.workspace"), "{missing:?}");
        assert_eq!(own_features("x", "http.workspace = true\nhttp-body = { workspace = true }\n"), []);
        assert_eq!(own_features("x", "http = { workspace = true, features = [\"a\"] }\n").len(), 1);
    }

    #[test]
    fn tests_that_would_be_built_twice_are_found() {
        assert_eq!(doubled("leads", "[package]\nautotests = false\n"), None);
        assert!(doubled("leads", "[package]\n").is_some());
    }
}
