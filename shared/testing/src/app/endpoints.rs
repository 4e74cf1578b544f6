//! Endpoints with what their functions say of themselves, for tests that hold for every endpoint there is.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::Context as _;
use http::Method;
use serde_json::Value;

use super::TestApp;
use crate::workspace;

/// One route of one function.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The function's name.
    pub function: String,
    /// As template.yaml has it.
    pub method: Method,
    /// The path with `{names}`.
    pub path: String,
    /// What the function prints with `--describe`.
    pub contract: Value,
}

impl Endpoint {
    /// Whether it needs neither token nor API key.
    pub fn is_public(&self) -> bool {
        self.contract["public"] == true
    }

    /// The scope its callers need; empty for a public one.
    pub fn scope(&self) -> &str {
        self.contract["scope"].as_str().unwrap_or_default()
    }

    /// The path with an id in the place of every `{name}`.
    pub fn at(&self, id: &str) -> String {
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}

impl TestApp {
    /// Every route of template.yaml.
    ///
    /// # Panics
    /// When a function is not built or does not describe itself.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let routed = self.pools.values().filter(|pool| !pool.def.routes.is_empty());
        routed
            .flat_map(|pool| {
                let function = &pool.def.name;
                let contract =
                    describe(function).unwrap_or_else(|error| panic!("{function} does not describe itself: {error:#}"));
                pool.def.routes.iter().map(move |(method, path)| Endpoint {
                    function: function.clone(),
                    method: method.clone(),
                    path: path.clone(),
                    contract: contract.clone(),
                })
            })
            .collect()
    }
}

fn describe(function: &str) -> anyhow::Result<Value> {
    let mut command = Command::new(workspace::binary(function)?);
    // Its source file, whose opening lines are its documentation, is found from the root.
    let output = command.arg0(function).arg("--describe").env_clear().current_dir(workspace::root()?).output()?;
    serde_json::from_slice(&output.stdout).context("what it prints with --describe is no JSON")
}
