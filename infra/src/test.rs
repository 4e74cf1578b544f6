//! `cargo dev test`: everything CI runs, step by step, stopping at the first failure.

mod suites;
mod supply;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::local::Binaries;
use crate::stack::Tools;
use crate::state::State;
use crate::ui::{line, note, seconds};
use crate::workspace::{Workspace, cargo};
use crate::{check, console, process, up};

/// What to run, and how thoroughly.
pub struct Options {
    /// Only this step.
    pub only: Option<String>,
    /// Laws with twenty times as many cases, new ones on every run.
    pub thorough: bool,
}

/// One thing that CI runs.
struct Step {
    /// As in `cargo dev test --only <name>`.
    name: &'static str,
    /// What it is for, in a few words.
    about: &'static str,
    /// Minutes it may take on a new machine with two cores, at three hundred functions. Above it there is a warning: a run as a whole
    /// must stay below an hour.
    budget: u64,
}

/// In this order: the quick ones first. The console stands before what embeds it, so that it is built and compiled in once.
const STEPS: &[Step] = &[
    Step { name: "format", about: "cargo fmt --check", budget: 1 },
    Step { name: "template", about: "sam validate --lint and cfn-lint", budget: 2 },
    Step { name: "deny", about: "licences, sources, duplicate versions and security advisories", budget: 1 },
    Step { name: "console", about: "the web console's types, texts, build, size and unit tests", budget: 3 },
    Step { name: "clippy", about: "lints of the whole workspace, warnings are errors", budget: 6 },
    Step { name: "check", about: "code, template, samples and generated files agree", budget: 6 },
    Step {
        name: "tests",
        about: "unit, property and integration tests against real Postgres and the real functions",
        budget: 22,
    },
    Step { name: "release", about: "what is deployed keeps the contracts and lets nobody in", budget: 11 },
    Step {
        name: "end-to-end",
        about: "the deployed template with the release binaries, from the gateway to Slack",
        budget: 5,
    },
    Step { name: "browser", about: "the console in Chromium, against the deployed stack", budget: 3 },
];

/// Runs all steps, or only one.
///
/// # Errors
/// At the first failure, with how to run just that step; or when there is no such step.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let only = options.only.as_deref();
    if let Some(only) = only
        && !STEPS.iter().any(|step| step.name == only)
    {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step {only}; there are: {}", names.join(", "));
    }
    let started = Instant::now();
    let mut taken = Vec::new();
    for step in STEPS.iter().filter(|step| only.is_none_or(|only| step.name == only)) {
        let begun = Instant::now();
        note(&format!("\n── {}: {}", step.name, step.about));
        let outcome = match step.name {
            "format" => format(&workspace),
            "template" => template(&workspace),
            "deny" => supply::check(&workspace),
            "console" => console::test(&workspace),
            "clippy" => clippy(&workspace),
            "check" => check::run(),
            "tests" => suites::all(&workspace, options.thorough),
            "release" => suites::released(&workspace),
            "end-to-end" => end_to_end(&workspace).await,
            _ => browser(&workspace).await,
        };
        outcome
            .with_context(|| format!("the step {0} failed; run just it with `cargo dev test --only {0}`", step.name))?;
        note(&format!("── {} passed ({})", step.name, seconds(begun.elapsed())));
        taken.push((step, begun.elapsed()));
    }
    show(&taken);
    line(&format!("all steps passed in {}", seconds(started.elapsed())));
    Ok(())
}

/// What each step took of what it may take.
fn show(taken: &[(&Step, Duration)]) {
    note("");
    for (step, time) in taken {
        let over = *time > Duration::from_secs(step.budget * 60);
        let mark = if over { "  ! above its budget" } else { "" };
        note(&format!("  {:12} {:>12} of {} min{mark}", step.name, seconds(*time), step.budget));
    }
}

fn cargo_command(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(&workspace.root).args(arguments);
    command
}

fn format(workspace: &Workspace) -> anyhow::Result<()> {
    process::attached(&mut cargo_command(workspace, &["fmt", "--all", "--check"])).context("run `cargo fmt --all`")
}

/// The functions are linted as modules of the one program that holds them all; their own programs would be the same code again.
fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    let targets = ["--lib", "--tests", "--bin", testkit::ALL_FUNCTIONS, "--bin", "dev", "--bin", "testkit-echo"];
    let mut lint = cargo_command(workspace, &["clippy", "--workspace"]);
    process::attached(lint.args(targets).args(["--", "-D", "warnings"]))
}

fn template(workspace: &Workspace) -> anyhow::Result<()> {
    let sam = Tools::install()?.sam;
    let python = || {
        let mut command = Command::new(sam.join("bin/python"));
        command.current_dir(&workspace.root).env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "eu-central-1");
        command
    };
    let mut validate = python();
    validate.args(["-m", "samcli", "validate", "--lint", "--template-file", "template.yaml"]);
    process::attached(&mut validate)?;
    let mut lint = python();
    lint.args([
        "-c",
        "import sys; from cfnlint.runner import main; sys.exit(main())",
        "template.yaml",
        "infra/stacks/*.yaml",
    ]);
    process::attached(&mut lint)
}

async fn end_to_end(workspace: &Workspace) -> anyhow::Result<()> {
    up::bring_up(workspace, Binaries::Release).await?;
    suites::end_to_end(workspace)
}

async fn browser(workspace: &Workspace) -> anyhow::Result<()> {
    up::bring_up(workspace, Binaries::Release).await?;
    // The pages show what the demo's people did.
    let mut state = State::load(&workspace.dev())?;
    up::demonstrate(workspace, &mut state).await?;
    console::browse(workspace, &state)
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    #[test]
    fn a_run_stays_below_an_hour() {
        assert!(STEPS.iter().map(|step| step.budget).sum::<u64>() <= 60);
    }
}
