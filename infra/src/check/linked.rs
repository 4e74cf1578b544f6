//! Tests of every area run: those that `functions/all` does not name would never be built, and nobody would see it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::Finding;

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
    Ok(findings)
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
    fn tests_that_would_be_built_twice_are_found() {
        assert_eq!(doubled("leads", "[package]\nautotests = false\n"), None);
        assert!(doubled("leads", "[package]\n").is_some());
    }
}
