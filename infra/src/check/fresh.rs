//! Generated files are as `cargo dev generate` would write them now.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use testkit::template::Template;

use super::Finding;
use crate::contract::Contract;
use crate::generate;

/// Compares the files in the workspace with what would be generated.
///
/// # Errors
/// When nothing can be generated at all.
pub fn check(root: &Path, template: &Template, contracts: &BTreeMap<String, Contract>) -> anyhow::Result<Vec<Finding>> {
    let stale =
        |path: &Path, content: &str| fs::read_to_string(root.join(path)).map_or(true, |current| current != *content);
    let files = generate::of_template(template)?.into_iter().chain(generate::of_contracts(contracts)?);
    Ok(files
        .filter(|(path, content)| stale(path, content))
        .map(|(path, _)| Finding::new(path.display().to_string(), "is out of date: run `cargo dev generate`"))
        .collect())
}
