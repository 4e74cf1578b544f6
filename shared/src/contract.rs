//! What a function says of itself. Started with `--describe`, a development build prints this as JSON and ends; from these,
//! `cargo dev` checks `template.yaml` and assembles the OpenAPI document. There is no central list to keep.

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

/// How a function is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Http,
    Queue,
    Schedule,
    Direct,
}

/// One method and path.
#[derive(Serialize)]
pub struct Route {
    pub method: String,
    pub path: String,
}

/// The whole description.
#[derive(Serialize)]
pub struct Contract {
    pub kind: Kind,
    pub routes: Vec<Route>,
    pub scope: Option<&'static str>,
    pub queue: Option<&'static str>,
    /// Needs no credentials.
    pub public: bool,
    pub input: Option<Value>,
    pub query: Option<Value>,
    /// Of a list: the parameters that filter it by fields, as the API's description has them.
    pub filters: Vec<Value>,
    pub output: Option<Value>,
    /// The media type that a good answer may have instead of JSON.
    pub other_media: Option<&'static str>,
    pub status: Option<u16>,
}

impl Contract {
    /// A function that is neither an endpoint nor a consumer.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            routes: Vec::new(),
            scope: None,
            queue: None,
            public: false,
            input: None,
            query: None,
            filters: Vec::new(),
            output: None,
            other_media: None,
            status: None,
        }
    }

    /// Prints the description; `source` is the function's own file, whose opening lines are its documentation.
    pub fn print(self, source: &str) -> ExitCode {
        let Ok(mut json) = serde_json::to_value(&self) else { return ExitCode::FAILURE };
        let stem = std::path::Path::new(source).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        json["function"] = stem.unwrap_or_default().into();
        json["doc"] = documentation(source).into();
        match writeln!(std::io::stdout(), "{json}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }
    }
}

/// Whether this process was started to describe itself. Release builds never are; inlined, so that they do not carry the schemas either.
#[inline]
pub fn asked() -> bool {
    cfg!(debug_assertions) && std::env::args().nth(1).is_some_and(|argument| argument == "--describe")
}

/// The `//!` lines that open a file. `source` is relative to the workspace, where development builds run.
fn documentation(source: &str) -> String {
    let text = std::fs::read_to_string(source).unwrap_or_default();
    let lines: Vec<&str> = text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .map(|line| line.trim_start_matches("//!").trim())
        .collect();
    lines.join("\n").trim().to_owned()
}
