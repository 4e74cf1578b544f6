//! Every function in one program, which the tests and the local stack run: it is the function whose name it is started with. What is
//! deployed stays one program each. Linking one instead of hundreds is what keeps a development build short and small.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Where a function begins: a call into one of the entry points of the shared crate.
type Main = fn() -> ExitCode;

include!(concat!(env!("OUT_DIR"), "/functions.rs"));

fn main() -> ExitCode {
    let started_as = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&started_as).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match FUNCTIONS.binary_search_by_key(&name, |(known, _)| known) {
        Ok(found) => FUNCTIONS[found].1(),
        Err(_) if std::env::args().nth(1).is_some_and(|argument| argument == "--list") => list(),
        Err(_) => unknown(name),
    }
}

/// The functions' names, one a line.
fn list() -> ExitCode {
    let names: String = FUNCTIONS.iter().flat_map(|(name, _)| [name, "\n"]).collect();
    match std::io::stdout().write_all(names.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn unknown(name: &str) -> ExitCode {
    let text = format!(
        "there is no function {name}: this program is the function that it is started as (`exec -a leads-get all-functions`). \
         A function is a file functions/<area>/src/bin/<function>.rs"
    );
    // Nothing can be done about a closed stderr.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}
