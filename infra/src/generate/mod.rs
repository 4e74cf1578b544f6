//! `cargo dev generate`: writes what is derived from the functions' own descriptions, and the picture of the shared crate's floors.

mod endpoints;
mod openapi;
mod watch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::check::floors;
use crate::contract::{self, Contract};
use crate::local;
use crate::ui::line;
use crate::workspace::Workspace;

/// Writes the generated files that have changed.
///
/// # Errors
/// When the functions do not build or describe themselves, or a file cannot be written.
pub fn run() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    // Before the build, which it would make old.
    let (lib, text) = floors::generated(&workspace.root)?;
    write(&workspace.root, &lib, &text)?;
    local::build(&workspace)?;
    let (contracts, failures) = contract::all(&workspace)?;
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    for (path, content) in files(&contracts)? {
        write(&workspace.root, &path, &content)?;
    }
    Ok(())
}

fn write(root: &Path, path: &Path, content: &str) -> anyhow::Result<()> {
    let file = root.join(path);
    let current = fs::read_to_string(&file).unwrap_or_default();
    if current != content {
        fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
    }
    line(&format!("{} {}", if current == content { "unchanged" } else { "written  " }, path.display()));
    Ok(())
}

/// The generated files as they should be, by their place in the workspace.
///
/// # Errors
/// When two functions claim the same route.
pub fn files(contracts: &BTreeMap<String, Contract>) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut document = serde_json::to_string_pretty(&openapi::document(contracts)?)?;
    document.push('\n');
    Ok(vec![
        (Path::new("infra/endpoints.txt").to_owned(), endpoints::text(contracts)),
        (Path::new("infra/watch.toml").to_owned(), watch::text(contracts)),
        (Path::new("functions/health/openapi.json").to_owned(), document),
    ])
}
