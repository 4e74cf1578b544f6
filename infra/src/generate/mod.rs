//! `cargo dev generate`: writes what is derived from the functions' own descriptions, and the picture of the shared crate's floors.

pub mod api;
mod endpoints;
mod openapi;
mod watch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use testkit::template::Template;

use crate::check::floors;
use crate::contract::{self, Contract};
use crate::local;
use crate::ui::line;
use crate::workspace::Workspace;

/// Writes the generated files that have changed; with `api` only what comes from the template, which needs no build.
///
/// # Errors
/// When the functions do not build or describe themselves, or a file cannot be written.
pub fn run(api: bool) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let template = Template::read(workspace.root.join("template.yaml"))?;
    write(&workspace, of_template(&template)?)?;
    // Before the build, which it would make old.
    write(&workspace, vec![floors::generated(&workspace.root)?])?;
    if api {
        return Ok(());
    }
    local::build(&workspace, local::Binaries::Linked)?;
    let (contracts, failures) = contract::all(&workspace)?;
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    write(&workspace, of_contracts(&contracts)?)
}

fn write(workspace: &Workspace, files: Vec<(PathBuf, String)>) -> anyhow::Result<()> {
    for (path, content) in files {
        let file = workspace.root.join(&path);
        let current = fs::read_to_string(&file).unwrap_or_default();
        if current != content {
            fs::write(&file, &content).with_context(|| format!("cannot write {}", file.display()))?;
        }
        line(&format!("{} {}", if current == content { "unchanged" } else { "written  " }, path.display()));
    }
    Ok(())
}

/// What is generated from the template alone, by its place in the workspace.
///
/// # Errors
/// When two functions declare the same route.
pub fn of_template(template: &Template) -> anyhow::Result<Vec<(PathBuf, String)>> {
    Ok(vec![(Path::new(api::PATH).to_owned(), api::text(template)?)])
}

/// What is generated from the functions' descriptions, by its place in the workspace.
///
/// # Errors
/// When two functions claim the same route.
pub fn of_contracts(contracts: &BTreeMap<String, Contract>) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut document = serde_json::to_string_pretty(&openapi::document(contracts)?)?;
    document.push('\n');
    Ok(vec![
        (Path::new("infra/endpoints.txt").to_owned(), endpoints::text(contracts)),
        (Path::new("infra/watch.toml").to_owned(), watch::text(contracts)),
        (Path::new("functions/health/openapi.json").to_owned(), document),
    ])
}
