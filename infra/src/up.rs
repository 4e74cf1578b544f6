//! `cargo dev up`, `down`, `status`, `reset` and `migrate`: the life of the local stack.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use crate::local::Binaries;
use crate::stack::{Stack, Tools};
use crate::state::State;
use crate::tools::Python;
use crate::ui::{Step, line, note};
use crate::workspace::Workspace;
use crate::{console, demo, keys, local, seed};

/// Space that building and running everything takes, in bytes.
const NEEDED_SPACE: u64 = 8 << 30;

/// Brings everything up, sends the demo's events and prints what became of them.
///
/// # Errors
/// Says what happened and what to do; servers that this call started are stopped again if they are at fault.
pub async fn up() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    bring_up(&workspace, Binaries::Linked).await?;
    let mut state = State::load(&workspace.dev())?;
    demonstrate(&workspace, &mut state).await?;
    show(&state);
    Ok(())
}

/// Everything of `up` but the demo: installs, starts, builds, migrates, seeds, deploys.
///
/// # Errors
/// As [`up`].
pub async fn bring_up(workspace: &Workspace, binaries: Binaries) -> anyhow::Result<()> {
    let _lock = lock(&workspace.dev())?;
    enough_space(&workspace.root)?;
    // Before ten minutes of compiling.
    Python::find()?;
    // Before the functions: one of them embeds it.
    console::build(workspace)?;
    let (tools, built) = std::thread::scope(|scope| {
        let tools = scope.spawn(Tools::install);
        let built = build(workspace, binaries);
        (tools.join(), built)
    });
    let tools = tools.unwrap_or_else(|_| bail!("the installation of the tools ended unexpectedly"))?;
    built?;
    let mut state = State::load(&workspace.dev())?;
    let stack = Stack::prepare(workspace, &mut state, &tools)?;
    if !stack.aws.daemon().running() {
        // It will be empty; written down before its start, so that an interruption does not leave a wrong memory.
        state.deployed = None;
        state.api_id = None;
        state.save(&workspace.dev())?;
    }
    stack.start(&tools).await?;
    let outcome = fill(workspace, &mut state, &stack, &tools, binaries).await;
    // Also after a failure: what was done is done, and the next start goes on from there.
    state.save(&workspace.dev())?;
    outcome
}

/// The database is migrated and filled by the linked program in any case: it is built in seconds.
fn build(workspace: &Workspace, binaries: Binaries) -> anyhow::Result<()> {
    local::build(workspace, Binaries::Linked)?;
    if binaries == Binaries::Release { local::build(workspace, binaries) } else { Ok(()) }
}

async fn fill(
    workspace: &Workspace,
    state: &mut State,
    stack: &Stack,
    tools: &Tools,
    binaries: Binaries,
) -> anyhow::Result<()> {
    let step = Step::start("database ready");
    let secrets = state.secrets.clone().context("the local stack has no secrets")?;
    seed::make_database(&stack.postgres, &secrets)?;
    let migrated = seed::migrate(workspace, state, false).await?;
    seed::close_idle_connections(&stack.postgres)?;
    let seeded = seed::tenant(workspace, state).await?;
    if seeded || state.access.token.is_empty() {
        let tenant = state.tenant_id.as_deref().context("there is no demo tenant")?;
        state.access.token = keys::administrator(&workspace.dev(), tenant)?;
    }
    step.done(match (migrated, seeded) {
        (false, false) => "as it was",
        (true, false) => "migrated",
        _ => "migrated, demo tenant made",
    });
    let step = Step::start("template.yaml deployed");
    let outcome = match local::deploy(workspace, state, &stack.aws, &tools.sam, binaries).await {
        Ok(outcome) => outcome,
        Err(first) => {
            note(&format!("! {first:#}\n  trying once more on an empty stand-in"));
            stack.aws.daemon().stop()?;
            stack.start(tools).await?;
            state.deployed = None;
            local::deploy(workspace, state, &stack.aws, &tools.sam, binaries).await?
        }
    };
    // The gateway learns the API's id from the saved state.
    state.save(&workspace.dev())?;
    step.done(&outcome);
    Ok(())
}

/// Sends the demo's events, once, and shows what became of them.
///
/// # Errors
/// When the stack does not take or process them.
pub async fn demonstrate(workspace: &Workspace, state: &mut State) -> anyhow::Result<()> {
    if !state.demo_sent {
        let step = Step::start("demo events sent through the gateway");
        let secrets = state.secrets.clone().context("the local stack has no secrets")?;
        let sent = demo::send(&state.access, &secrets, Timestamp::now()).await?;
        step.done(&sent.to_string());
        state.demo_sent = true;
        state.save(&workspace.dev())?;
    }
    if state.demo_acted {
        return Ok(());
    }
    let step = Step::start("demo events processed");
    let outcomes = demo::outcomes(&state.access).await?;
    step.done("");
    let step = Step::start("demo deals moved and tasks done");
    let acted = demo::act(&state.access, &outcomes, Timestamp::now(), &mut state.demo_progress).await;
    state.demo_acted = acted.is_ok();
    // Also after a failure: the next `up` goes on from there.
    state.save(&workspace.dev())?;
    step.done(&acted?.to_string());
    line("\nWhat became of the demo's people:");
    for text in demo::lines(&outcomes) {
        line(&text);
    }
    Ok(())
}

fn show(state: &State) {
    let access = &state.access;
    line(&format!("\n  console        {}", access.console_url));
    line(&format!("  sign in with   {} and {} (everybody in the demo)", access.console_email, access.console_password));
    line(&format!("  API            {}   (documentation: {})", access.api_url, access.docs_url));
    line(&format!("  API key        X-API-Key: {}", access.api_key));
    line(
        "  administrator  Authorization: Bearer $(cargo dev status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"token\"])')",
    );
    line(&format!("  Slack messages {}", access.slack_url));
    line(&format!("  mails          {}", access.mail_url));
    line(&format!("  database       {}", access.database_url));
    line("\nNext: cargo dev status · cargo dev logs -f · cargo dev watch · cargo dev down");
}

/// Stops the local stack; data stay.
///
/// # Errors
/// When a server does not end.
pub fn down() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let _lock = lock(&workspace.dev())?;
    let stopped = stop(&workspace)?;
    line(&if stopped.is_empty() {
        "nothing was running".to_owned()
    } else {
        format!("stopped: {}", stopped.join(", "))
    });
    Ok(())
}

fn stop(workspace: &Workspace) -> anyhow::Result<Vec<&'static str>> {
    let state = State::load(&workspace.dev())?;
    match Stack::known(workspace, &state, &Tools::expected()?)? {
        Some(stack) => stack.stop(),
        None => Ok(Vec::new()),
    }
}

/// Shows what runs and where, or only where as JSON.
///
/// # Errors
/// When the state cannot be read, or the stack has never been up.
pub fn status(json: bool) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let state = State::load(&workspace.dev())?;
    let Some(stack) =
        (if state.ports.is_some() { Stack::known(&workspace, &state, &Tools::expected()?)? } else { None })
    else {
        bail!("the local stack has never been up: run `cargo dev up`");
    };
    if json {
        line(&serde_json::to_string_pretty(&state.access)?);
        return Ok(());
    }
    let servers = stack.running();
    for (name, running) in &servers {
        line(&format!("  {} {name}", if *running { "✓ running" } else { "✗ stopped" }));
    }
    // What was deployed lives in the AWS stand-in's memory.
    let lives = stack.aws.daemon().running() && state.deployed.is_some();
    let deployed = if lives { format!("{} functions", state.binaries.len()) } else { "nothing".to_owned() };
    line(&format!("  deployed: {deployed}"));
    show(&state);
    Ok(())
}

/// Stops everything and deletes data, keys and deployed functions. Tools stay in their cache.
///
/// # Errors
/// When something cannot be stopped or deleted.
pub fn reset() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let dev = workspace.dev();
    let lock = lock(&dev)?;
    stop(&workspace)?;
    let state = State::load(&dev)?;
    if let Some(stack) = Stack::known(&workspace, &state, &Tools::expected()?)? {
        stack.postgres.destroy()?;
        stack.test_postgres.destroy()?;
    }
    drop(lock);
    fs::remove_dir_all(&dev).with_context(|| format!("cannot delete {}", dev.display()))?;
    line("data dropped; `cargo dev up` starts afresh");
    Ok(())
}

/// Runs the migrations on the running local database.
///
/// # Errors
/// With what the function `migrate` said, or when the stack has never been up.
pub async fn migrate() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let _lock = lock(&workspace.dev())?;
    let mut state = State::load(&workspace.dev())?;
    let tools = Tools::install()?;
    local::build(&workspace, Binaries::Linked)?;
    let stack = Stack::prepare(&workspace, &mut state, &tools)?;
    stack.postgres.start()?;
    let secrets = state.secrets.clone().context("the local stack has no secrets")?;
    seed::make_database(&stack.postgres, &secrets)?;
    let step = Step::start("database migrated");
    seed::migrate(&workspace, &mut state, true).await?;
    step.done("");
    state.save(&workspace.dev())
}

/// One command at a time changes the stack.
fn lock(dev: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(dev).with_context(|| format!("cannot create {}", dev.display()))?;
    let path = dev.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        note("… another `cargo dev` is at work here; waiting for it to end");
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

fn enough_space(root: &Path) -> anyhow::Result<()> {
    let disk = rustix::fs::statvfs(root).context("cannot tell how much space is left on the disk")?;
    let free = disk.f_bavail * disk.f_frsize;
    // What is built already needs no space again.
    let built: u64 = if root.join("target/debug").is_dir() { NEEDED_SPACE } else { 0 };
    if free + built < NEEDED_SPACE {
        bail!(
            "{} GB are free on this disk and building takes about 8 GB: make room, or set CARGO_TARGET_DIR to another disk",
            free >> 30
        );
    }
    Ok(())
}
