//! `cargo dev test`: everything CI runs, step by step, stopping at the first failure.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::stack::{Stack, Tools};
use crate::state::State;
use crate::ui::{line, note, seconds};
use crate::workspace::{Workspace, cargo};
use crate::{check, console, process, tools, up};

/// The licence, advisory and source check; the advisories themselves are fetched when it runs.
const CARGO_DENY: &str = "0.20.2";

/// One thing that CI runs.
struct Step {
    /// As in `cargo dev test --only <name>`.
    name: &'static str,
    /// What it is for, in a few words.
    about: &'static str,
}

/// In this order: the quick ones first.
const STEPS: &[Step] = &[
    Step { name: "format", about: "cargo fmt --check" },
    Step { name: "clippy", about: "lints of the whole workspace, warnings are errors" },
    Step { name: "check", about: "code, template, samples and generated files agree" },
    Step { name: "template", about: "sam validate --lint and cfn-lint" },
    Step { name: "deny", about: "licences, sources, duplicate versions and security advisories" },
    Step { name: "console", about: "the web console's types, texts, build, size and unit tests" },
    Step { name: "tests", about: "unit, property and integration tests against real Postgres and the real binaries" },
    Step { name: "end-to-end", about: "the deployed template, from the gateway to Slack" },
    Step { name: "browser", about: "the console in Chromium, against the deployed stack" },
];

/// Runs all steps, or only one.
///
/// # Errors
/// At the first failure, with how to run just that step; or when there is no such step.
pub async fn run(only: Option<&str>) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    if let Some(only) = only
        && !STEPS.iter().any(|step| step.name == only)
    {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step {only}; there are: {}", names.join(", "));
    }
    let started = Instant::now();
    for step in STEPS.iter().filter(|step| only.is_none_or(|only| step.name == only)) {
        let begun = Instant::now();
        note(&format!("\n── {}: {}", step.name, step.about));
        let outcome = match step.name {
            "format" => format(&workspace),
            "clippy" => clippy(&workspace),
            "check" => check::run(),
            "template" => template(&workspace),
            "deny" => deny(&workspace),
            "console" => console::test(&workspace),
            "tests" => tests(&workspace),
            "end-to-end" => end_to_end(&workspace).await,
            _ => browser(&workspace).await,
        };
        outcome
            .with_context(|| format!("the step {0} failed; run just it with `cargo dev test --only {0}`", step.name))?;
        note(&format!("── {} passed ({})", step.name, seconds(begun.elapsed())));
    }
    line(&format!("all steps passed in {}", seconds(started.elapsed())));
    Ok(())
}

fn cargo_command(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(&workspace.root).args(arguments);
    command
}

fn format(workspace: &Workspace) -> anyhow::Result<()> {
    process::attached(&mut cargo_command(workspace, &["fmt", "--all", "--check"])).context("run `cargo fmt --all`")
}

fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    let lint = ["clippy", "--workspace", "--all-targets", "--features", "dev/e2e", "--", "-D", "warnings"];
    process::attached(&mut cargo_command(workspace, &lint))
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

fn deny(workspace: &Workspace) -> anyhow::Result<()> {
    let program = cargo_deny()?;
    let run = |checks: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(&workspace.root).args(["--workspace", "--all-features", "check"]).args(checks);
        command
    };
    process::attached(&mut run(&["bans", "licenses", "sources"]))?;
    let fetched = process::output(Command::new(&program).current_dir(&workspace.root).args(["fetch", "db"]));
    if let Err(error) = fetched {
        note(&format!(
            "! the advisory database cannot be fetched, so known vulnerabilities were NOT looked for here. It needs access to \
             the database's Git host. cargo-deny said: {}",
            process::last_lines(&format!("{error:#}"), 3)
        ));
        return Ok(());
    }
    process::attached(&mut run(&["advisories"]))
}

/// cargo-deny of the pinned version: the one on the path if it is that, else from the cache, compiled on first use.
fn cargo_deny() -> anyhow::Result<PathBuf> {
    let version = |program: &Path| process::output(Command::new(program).arg("--version")).unwrap_or_default();
    let installed = Path::new("cargo-deny");
    if version(installed).trim().ends_with(CARGO_DENY) {
        return Ok(installed.to_owned());
    }
    let cache = tools::cache()?;
    let folder = cache.join(format!("cargo-deny-{CARGO_DENY}"));
    let program = folder.join("bin/cargo-deny");
    if program.exists() {
        return Ok(program);
    }
    let step = crate::ui::Step::start("cargo-deny compiled (once per machine)");
    let partial = cache.join(format!(".cargo-deny-{}", uuid::Uuid::new_v4().simple()));
    let mut install = Command::new(cargo());
    install.args(["install", "--locked", "--quiet", "cargo-deny", "--version", CARGO_DENY, "--root"]).arg(&partial);
    install.env("CARGO_TARGET_DIR", partial.join("target"));
    let made = process::output(&mut install).context("cargo-deny cannot be installed; it needs the crate registry");
    if made.is_ok() && !folder.exists() {
        // Objects of the compilation are of no further use.
        let _ = std::fs::remove_dir_all(partial.join("target"));
        std::fs::rename(&partial, &folder).with_context(|| format!("cannot rename to {}", folder.display()))?;
    }
    if partial.exists() {
        let _ = std::fs::remove_dir_all(&partial);
    }
    made?;
    step.done("");
    Ok(program)
}

fn tests(workspace: &Workspace) -> anyhow::Result<()> {
    let tools = Tools::install()?;
    let mut state = State::load(&workspace.dev())?;
    let stack = Stack::prepare(workspace, &mut state, &tools)?;
    stack.test_postgres.start()?;
    process::attached(&mut cargo_command(workspace, &["build", "--workspace", "--bins"]))?;
    let nextest = process::output(&mut cargo_command(workspace, &["nextest", "--version"])).is_ok();
    let arguments: &[&str] = if nextest { &["nextest", "run", "--workspace"] } else { &["test", "--workspace"] };
    let mut run = cargo_command(workspace, arguments);
    run.env("LOTSE_TEST_DATABASE_URL", stack.test_postgres.url("postgres"));
    process::attached(&mut run)
}

async fn end_to_end(workspace: &Workspace) -> anyhow::Result<()> {
    up::bring_up(workspace).await?;
    let mut run = cargo_command(workspace, &["test", "--package", "dev", "--features", "e2e", "--test", "e2e"]);
    process::attached(&mut run)
}

async fn browser(workspace: &Workspace) -> anyhow::Result<()> {
    up::bring_up(workspace).await?;
    // The pages show what the demo's people did.
    let mut state = State::load(&workspace.dev())?;
    up::demonstrate(workspace, &mut state).await?;
    console::browse(workspace, &state)
}
