//! Where things are: the workspace, its state folder `.dev/`, built binaries, and the functions there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;
use testkit::ALL_FUNCTIONS;

use crate::process;

/// The checked-out project.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder of the virtual manifest.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// Every function: its name and the area (folder under `functions/`) it belongs to.
    pub functions: BTreeMap<String, String>,
}

impl Workspace {
    /// Asks cargo for the workspace around the current folder.
    ///
    /// # Errors
    /// When cargo cannot read the workspace, or when two functions have one name.
    pub fn find() -> anyhow::Result<Self> {
        let mut metadata = Command::new(cargo());
        metadata.args(["metadata", "--no-deps", "--format-version=1"]);
        let output =
            process::output(&mut metadata).context("cargo cannot read the workspace: run this inside Lotse")?;
        let metadata: Value = serde_json::from_str(&output).context("cargo metadata gave no JSON")?;
        let path =
            |key: &str| metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo gave no {key}"));
        let (root, target) = (path("workspace_root")?, path("target_directory")?);
        let functions = functions(&metadata, &root)?;
        Ok(Self { root, target, functions })
    }

    /// The state folder: data, logs, keys, pids.
    pub fn dev(&self) -> PathBuf {
        self.root.join(".dev")
    }

    /// Where daemons and functions log to.
    pub fn logs(&self) -> PathBuf {
        self.dev().join("logs")
    }

    /// The selection of packages that are deployed, for cargo: only they decide which features their dependencies have.
    pub fn deployed(&self) -> Vec<String> {
        let areas: BTreeSet<&String> = self.functions.values().collect();
        areas.into_iter().flat_map(|area| ["--package".to_owned(), area.clone()]).collect()
    }

    /// The development build of every function: one program that is the function whose name it is started with.
    pub fn functions_program(&self) -> PathBuf {
        self.target.join("debug").join(ALL_FUNCTIONS)
    }
}

/// The cargo that runs us, so that a pinned toolchain stays in force.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Binaries of packages under `functions/`; their area is the folder's name.
fn functions(metadata: &Value, root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut functions = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let Some(area) = area(manifest, root) else { continue };
        for target in package["targets"].as_array().into_iter().flatten() {
            let is_bin = target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"));
            // The program that holds them all is none of them.
            let Some(name) = target["name"].as_str().filter(|name| is_bin && *name != ALL_FUNCTIONS) else {
                continue;
            };
            if let Some(other) = functions.insert(name.to_owned(), area.clone()) {
                bail!("the function {name} exists in functions/{other} and functions/{area}: rename one of them");
            }
        }
    }
    Ok(functions)
}

fn area(manifest: &Path, root: &Path) -> Option<String> {
    let inside = manifest.strip_prefix(root.join("functions")).ok()?;
    Some(inside.parent()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(areas: &[(&str, &[&str])]) -> Value {
        let packages: Vec<Value> = areas
            .iter()
            .map(|(area, bins)| {
                let targets: Vec<Value> = bins.iter().map(|bin| json!({"name": bin, "kind": ["bin"]})).collect();
                json!({"manifest_path": format!("/w/functions/{area}/Cargo.toml"), "targets": targets})
            })
            .collect();
        json!({ "packages": packages })
    }

    #[test]
    fn functions_carry_their_area() {
        let found = functions(&metadata(&[("leads", &["leads-get"]), ("deals", &["deals-get"])]), Path::new("/w"));
        assert_eq!(found.unwrap()["leads-get"], "leads");
    }

    #[test]
    fn one_name_in_two_areas_is_refused() {
        let error = functions(&metadata(&[("leads", &["move"]), ("deals", &["move"])]), Path::new("/w")).unwrap_err();
        assert!(error.to_string().contains("functions/leads and functions/deals"), "{error}");
    }

    #[test]
    fn other_packages_have_no_functions() {
        let metadata = json!({"packages": [{"manifest_path": "/w/infra/Cargo.toml",
            "targets": [{"name": "dev", "kind": ["bin"]}]}]});
        assert!(functions(&metadata, Path::new("/w")).unwrap().is_empty());
    }
}
