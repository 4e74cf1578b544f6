//! The store's statements as the functions send them: with their parts put in.

#[path = "../../src/store/sql/parts.rs"]
pub mod parts;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::workspace::root;

/// Where they stand, below the workspace's root.
pub const FOLDER: &str = "shared/src/store";

/// Every statement of the working tree by `<file>.<name>`: `deals.list`, `leads/timeline.count`.
///
/// # Errors
/// When a file cannot be read, or two statements have one name.
pub fn all(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    add(&root.join(FOLDER), "", &mut found)?;
    Ok(found)
}

/// The statement of a name, with plans in mind.
///
/// # Panics
/// When there is none.
pub fn statement(name: &str) -> String {
    let all = root().and_then(|root| all(&root));
    let found = all.and_then(|mut all| all.remove(name).with_context(|| format!("there is no statement {name}")));
    found.unwrap_or_else(|error| panic!("{error:#}"))
}

fn add(folder: &Path, before: &str, found: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            add(&path, &format!("{before}{name}/"), found)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let text = parts::fill(&text);
            let mut sections = text.split("-- name: ");
            sections.next();
            for (called, sql) in sections.filter_map(|section| section.split_once('\n')) {
                let called = format!("{before}{name}.{}", called.trim());
                let twice = found.insert(called.clone(), sql.to_owned()).is_some();
                ensure!(!twice, "two statements are called {called}");
            }
        }
    }
    Ok(())
}
