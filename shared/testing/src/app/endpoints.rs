//! Endpoints with what their functions say of themselves, for tests that hold for every endpoint there is.

use http::Method;
use serde_json::Value;

use super::TestApp;
use crate::{contracts, workspace};

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
    /// When the functions are not built, or one of them does not describe itself.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let described =
            described().unwrap_or_else(|error| panic!("the functions do not describe themselves: {error:#}"));
        let routed = self.pools.values().filter(|pool| !pool.def.routes.is_empty());
        routed
            .flat_map(|pool| {
                let function = &pool.def.name;
                let contract = described.functions.get(function);
                let contract = contract.unwrap_or_else(|| panic!("{function} does not describe itself"));
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

/// By the development build, also when release binaries are tested: those do not describe themselves.
fn described() -> anyhow::Result<contracts::Contracts> {
    contracts::of(&workspace::all_functions()?, &workspace::root()?)
}
