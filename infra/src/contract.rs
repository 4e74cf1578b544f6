//! What functions say of themselves when started with `--describe`.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// How a function is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By a request.
    Http,
    /// By messages of a queue.
    Queue,
    /// By the clock.
    Schedule,
    /// By a deployment or a person.
    Direct,
}

impl Kind {
    /// As in messages to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Queue => "queue",
            Self::Schedule => "schedule",
            Self::Direct => "direct",
        }
    }
}

/// One method and path pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Route {
    /// Path with `{names}`.
    pub path: String,
    /// HTTP method, upper case.
    pub method: String,
}

/// One function's description.
#[derive(Debug, Clone, Deserialize)]
pub struct Contract {
    /// The stem of the function's file.
    pub function: String,
    /// How it is started.
    pub kind: Kind,
    /// Where it answers.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// What its callers need.
    pub scope: Option<String>,
    /// The queue it consumes.
    pub queue: Option<String>,
    /// Its file's opening comment.
    #[serde(default)]
    pub doc: String,
    /// JSON Schema of the body.
    pub input: Option<Value>,
    /// JSON Schema of the query string.
    pub query: Option<Value>,
    /// JSON Schema of the answer.
    pub output: Option<Value>,
    /// Status of a good answer.
    pub status: Option<u16>,
    /// Needs no credentials.
    #[serde(default)]
    pub public: bool,
}

/// Every function's description by its name; what went wrong stands in the second part, one message a function.
///
/// # Errors
/// When no functions exist at all.
pub fn all(workspace: &Workspace) -> anyhow::Result<(BTreeMap<String, Contract>, Vec<String>)> {
    if workspace.functions.is_empty() {
        bail!("there are no functions under functions/");
    }
    let names: Vec<&String> = workspace.functions.keys().collect();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let description = describe(workspace, name);
                    results
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push(((*name).clone(), description));
                }
            });
        }
    });
    let (mut contracts, mut failures) = (BTreeMap::new(), Vec::new());
    for (name, description) in results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        match description {
            Ok(contract) => drop(contracts.insert(name, contract)),
            Err(error) => failures.push(format!("{name} does not describe itself: {error:#}")),
        }
    }
    failures.sort();
    Ok((contracts, failures))
}

fn describe(workspace: &Workspace, name: &str) -> anyhow::Result<Contract> {
    let mut command = Command::new(workspace.functions_program());
    // Nothing of our environment decides what a function says of itself. Its source file is found from the root.
    command.arg0(name).arg("--describe").env_clear().current_dir(&workspace.root);
    let printed = process::output(&mut command)?;
    serde_json::from_str(&printed).context("what it prints with --describe has not the expected form")
}
