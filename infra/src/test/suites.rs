//! The Rust suites: built once, run by nextest, with what each of them cost.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context as _, bail};
use regex::Regex;
use serde_json::Value;
use testkit::ALL_FUNCTIONS;

use crate::check::pattern;
use crate::local;
use crate::stack::{Stack, Tools};
use crate::state::State;
use crate::ui::note;
use crate::workspace::{Workspace, cargo};
use crate::{process, tools};

/// What an ordinary test of an endpoint may take of one core, in seconds: at two thousand of them this is what a run consists of.
const TEST_BUDGET: f64 = 0.7;

/// Tests that are not ordinary, by the part of their name that says so: they hold for every endpoint there is, kill functions by the
/// hundred, fill a database until its plans mean something, or wait out an outage.
const HEAVY: &[&str] = &[
    "acceptance",
    "access",
    "contract",
    "doubt",
    "kills",
    "laws",
    "leads_worst",
    "outages",
    "plans",
    "reads_through_indexes",
    "repeats",
    "tenants",
    "time_limits",
];

/// What of the suites is run once more against the release binaries: what every endpoint refuses, and whom.
const RELEASED: &str = "test(/^(access|contract)::/)";

/// Builds and runs every suite. `thorough` has the laws tried with many more cases, other ones on every run.
///
/// # Errors
/// When a test fails, or when building something afterwards compiles a crate again.
pub fn all(workspace: &Workspace, thorough: bool) -> anyhow::Result<()> {
    let runner = Runner::new(workspace)?;
    process::attached(&mut runner.run(&["--workspace", "--no-run"]))?;
    compiled_once(workspace)?;
    let mut run = runner.run(&["--workspace"]);
    if thorough {
        run.env("LOTSE_THOROUGH", "1");
    }
    let outcome = process::attached(&mut run);
    show_costs(workspace, runner.threads)?;
    outcome
}

/// Builds what is deployed, and runs the contracts of all endpoints against it: release builds leave things out that development
/// builds have, and what customers get must be what was tested.
///
/// # Errors
/// When it does not compile, or a test fails.
pub fn released(workspace: &Workspace) -> anyhow::Result<()> {
    local::build(workspace, local::Binaries::Release)?;
    let runner = Runner::new(workspace)?;
    let mut run = runner.run(&["--package", ALL_FUNCTIONS, "--test", "operations", "--filterset", RELEASED]);
    process::attached(run.env("LOTSE_TEST_BIN_DIR", workspace.target.join("release")))
}

/// Runs the end-to-end tests against the local stack as it is deployed.
///
/// # Errors
/// When a test fails.
pub fn end_to_end(workspace: &Workspace) -> anyhow::Result<()> {
    let runner = Runner::new(workspace)?;
    process::attached(&mut runner.run(&["--package", "dev", "--test", "e2e", "--run-ignored", "only"]))
}

/// nextest, and the Postgres for tests.
struct Runner<'a> {
    workspace: &'a Workspace,
    program: PathBuf,
    database: String,
    threads: usize,
}

impl<'a> Runner<'a> {
    fn new(workspace: &'a Workspace) -> anyhow::Result<Self> {
        let program = tools::program(&tools::NEXTEST, "cargo-nextest")?;
        let tools = Tools::install()?;
        let mut state = State::load(&workspace.dev())?;
        let stack = Stack::prepare(workspace, &mut state, &tools)?;
        stack.test_postgres.start()?;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self { workspace, program, database: stack.test_postgres.url("postgres"), threads: 2 * cores })
    }

    fn run(&self, arguments: &[&str]) -> Command {
        let mut run = Command::new(&self.program);
        run.current_dir(&self.workspace.root).args(["nextest", "run"]).args(arguments);
        if !arguments.contains(&"--no-run") {
            run.args(["--test-threads", &self.threads.to_string()]);
        }
        run.env("CARGO", cargo()).env("LOTSE_TEST_DATABASE_URL", &self.database);
        run
    }
}

/// Once the tests are built, the tool and the local stack's program are. If something is compiled again, then because this selection
/// of packages asks for other features of a crate than all together do: everything above that crate is built twice from then on.
fn compiled_once(workspace: &Workspace) -> anyhow::Result<()> {
    for package in [ALL_FUNCTIONS, "dev"] {
        let mut build = Command::new(cargo());
        build.current_dir(&workspace.root).args(["build", "--quiet", "--package", package]);
        let again = compiled(&process::output(build.args(["--message-format", "json"]))?);
        if let Some(first) = again.first() {
            bail!(
                "the tests were built, and building {package} compiled again: {}. Some dependency is asked for other features here: \
                 every dependency must stand in infra/dependencies/Cargo.toml, and features in the root Cargo.toml only. \
                 `cargo tree --edges features --invert {first}` shows who asks for what",
                again.join(", ")
            );
        }
    }
    Ok(())
}

/// Crates that were not up to date, in the order in which they were compiled.
fn compiled(messages: &str) -> Vec<String> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let stale = messages.filter(|message| message["reason"] == "compiler-artifact" && message["fresh"] == false);
    stale.filter_map(|message| message["target"]["name"].as_str().map(str::to_owned)).collect()
}

static TEST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"<testcase name="([^"]+)" classname="([^"]+)"[^>]* time="([0-9.]+)""#));

/// Tests of one program.
#[derive(Debug, Default, PartialEq)]
struct Cost {
    tests: usize,
    seconds: f64,
    slowest: (f64, String),
}

impl Cost {
    fn add(&mut self, seconds: f64, test: &str) {
        self.tests += 1;
        self.seconds += seconds;
        if seconds > self.slowest.0 {
            self.slowest = (seconds, test.to_owned());
        }
    }
}

/// What each suite cost, and what the ordinary tests of endpoints did, from nextest's report.
fn costs(report: &str) -> (BTreeMap<String, Cost>, Cost) {
    let (mut suites, mut ordinary) = (BTreeMap::<String, Cost>::new(), Cost::default());
    for test in TEST.captures_iter(report) {
        let (name, suite, seconds) = (&test[1], &test[2], test[3].parse().unwrap_or(0.0));
        suites.entry(suite.to_owned()).or_default().add(seconds, name);
        if suite.starts_with(ALL_FUNCTIONS) && !name.split("::").any(|part| HEAVY.contains(&part)) {
            ordinary.add(seconds, name);
        }
    }
    (suites, ordinary)
}

fn show_costs(workspace: &Workspace, threads: usize) -> anyhow::Result<()> {
    let path = workspace.target.join("nextest/default/junit.xml");
    let report = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (suites, ordinary) = costs(&report);
    let mut suites: Vec<_> = suites.into_iter().collect();
    suites.sort_by(|(_, a), (_, b)| b.seconds.total_cmp(&a.seconds));
    for (name, Cost { tests, seconds, slowest: (most, slowest) }) in suites {
        note(&format!("  {name:28} {tests:5} tests {seconds:7.1} s, the slowest {slowest} {most:.1} s"));
    }
    // Two run at a time for each core: a test takes twice as long as alone.
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let each = ordinary.seconds * cores as f64 / (threads * ordinary.tests.max(1)) as f64;
    let mark = if each > TEST_BUDGET { "! " } else { "  " };
    note(&format!("{mark}an ordinary test of an endpoint costs {each:.2} s of a core, of at most {TEST_BUDGET} s"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compiled_again_is_named() {
        let message = |name: &str, fresh: bool| {
            serde_json::json!({"reason": "compiler-artifact", "fresh": fresh, "target": {"name": name}}).to_string()
        };
        let messages = [message("serde", true), message("hyper", false), "{\"reason\":\"build-finished\"}".to_owned()];
        assert_eq!(compiled(&messages.join("\n")), ["hyper"]);
        assert_eq!(compiled(&message("serde", true)), Vec::<String>::new());
    }

    #[test]
    fn costs_are_told_by_suite_and_without_the_heavy_ones() {
        let test = |suite: &str, name: &str, time: &str| {
            format!(
                "<testcase name=\"{name}\" classname=\"{suite}\" timestamp=\"2026-01-01T00:00:00.000+00:00\" time=\"{time}\">"
            )
        };
        let report = [
            test("all-functions::leads", "leads_list::filters", "1.500"),
            test("all-functions::leads", "leads_get::shows", "0.500"),
            test("all-functions::operations", "contract::all", "60.000"),
            test("all-functions::leads", "leads_list::reads_through_indexes", "20.000"),
            test("shared", "domain::engine", "9.000"),
        ];
        let (suites, ordinary) = costs(&report.join("\n"));
        assert_eq!(suites["all-functions::leads"].slowest, (20.0, "leads_list::reads_through_indexes".to_owned()));
        assert_eq!((suites.len(), suites["shared"].tests), (3, 1));
        assert_eq!((ordinary.tests, ordinary.seconds.to_bits()), (2, 2.0_f64.to_bits()));
    }
}
