//! What functions say of themselves when started with `--describe`.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Deserialize;
use serde_json::Value;

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
    /// Parameters that filter a list by its fields, as the API's description has them.
    #[serde(default)]
    pub filters: Vec<Value>,
    /// JSON Schema of the answer.
    pub output: Option<Value>,
    /// The media type that a good answer may have instead of JSON.
    pub other_media: Option<String>,
    /// Status of a good answer.
    pub status: Option<u16>,
    /// Needs no credentials.
    #[serde(default)]
    pub public: bool,
}

/// Every function's description by its name; what went wrong stands in the second part, one message a function.
///
/// # Errors
/// When no functions exist at all, or they are not built.
pub fn all(workspace: &Workspace) -> anyhow::Result<(BTreeMap<String, Contract>, Vec<String>)> {
    if workspace.functions.is_empty() {
        bail!("there are no functions under functions/");
    }
    let mut described = testkit::contracts::of(&workspace.functions_program(), &workspace.root)?;
    let (mut contracts, mut failures) = (BTreeMap::new(), Vec::new());
    for name in workspace.functions.keys() {
        let contract = match described.functions.remove(name) {
            Some(contract) => {
                serde_json::from_value(contract).map_err(|error| format!("not in the expected form: {error}"))
            }
            None => {
                Err(described.failures.remove(name).unwrap_or_else(|| "it is not part of functions/all".to_owned()))
            }
        };
        match contract {
            Ok(contract) => drop(contracts.insert(name.clone(), contract)),
            Err(problem) => failures.push(format!("{name} does not describe itself: {problem}")),
        }
    }
    Ok((contracts, failures))
}
