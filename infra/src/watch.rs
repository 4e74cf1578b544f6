//! `cargo dev watch`: HTTP functions with reload at each save, on the local stack's database, queues and stand-ins.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, bail};
use testkit::template::{Template, Values};

use crate::local;
use crate::ministack::{ACCOUNT, REGION};
use crate::process;
use crate::stack::{Stack, Tools};
use crate::state::State;
use crate::tools::{self, Python};
use crate::ui::{Step, line};
use crate::workspace::{Workspace, cargo};

/// Runs until interrupted.
///
/// # Errors
/// When the local stack is not up, or the watcher cannot be installed or fails.
pub fn run(port: u16) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let state = State::load(&workspace.dev())?;
    let stack = Stack::known(&workspace, &state, &Tools::expected()?)?;
    let Some(stack) = stack.filter(|stack| stack.running().iter().all(|(_, running)| *running)) else {
        bail!("the local stack is not up: run `cargo dev up` first");
    };
    let folder = install()?;
    let environment = environment(&workspace, &state, &stack)?;
    line(&format!(
        "functions answer at http://127.0.0.1:{port} and reload when you save; consumers run in the local stack as deployed"
    ));
    let mut watch = Command::new(folder.join("bin/cargo-lambda"));
    watch.current_dir(&workspace.root).args(["lambda", "watch", "--global", "infra/watch.toml"]);
    watch.args(["--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()]);
    watch.envs(environment).env("PATH", path(&folder)?).env("CARGO", cargo());
    process::attached(&mut watch)
}

/// Installs cargo-lambda; it is large, so only what needs it brings it.
///
/// # Errors
/// As [`tools::Tool::install`].
pub fn install() -> anyhow::Result<std::path::PathBuf> {
    let (python, cache) = (Python::find()?, tools::cache()?);
    let missing = !tools::CARGO_LAMBDA.installed(&cache, &python);
    let step = missing.then(|| Step::start("cargo-lambda and zig installed"));
    let folder = tools::CARGO_LAMBDA.install(&cache, &python)?;
    if let Some(step) = step {
        step.done("");
    }
    Ok(folder)
}

/// `PATH` with the tool's own programs first: cargo-lambda looks for zig by way of the Python it finds there.
///
/// # Errors
/// When a folder on the path has a colon in its name.
pub fn path(folder: &std::path::Path) -> anyhow::Result<std::ffi::OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.join("bin")).chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).context("a folder on the PATH has a colon in its name")
}

/// What the template gives all HTTP functions together: one variable has one value everywhere.
fn environment(workspace: &Workspace, state: &State, stack: &Stack) -> anyhow::Result<BTreeMap<String, String>> {
    let template = Template::read(workspace.root.join("template.yaml"))?;
    let mut values = Values::default();
    for (name, value) in local::parameters(workspace, &template, state)? {
        values = values.parameter(&name, value);
    }
    for queue in template.queues(&values)? {
        let url = format!("http://localhost:{}/{ACCOUNT}/{}", stack.ports.aws, queue.name);
        values.set_queue(&queue.logical_id, &url, &format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", queue.name));
    }
    for (id, _) in template.resources().filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role") {
        values.set_attribute(id, "Arn", &format!("arn:aws:iam::{ACCOUNT}:role/{id}"));
    }
    let mut environment = BTreeMap::new();
    for function in template.functions_with(&values)?.iter().filter(|function| !function.routes.is_empty()) {
        environment.extend(template.resolve_env(function, &values)?);
    }
    environment.insert("AWS_ENDPOINT_URL".to_owned(), stack.aws.url());
    environment.insert("AWS_REGION".to_owned(), REGION.to_owned());
    environment.insert("AWS_ACCESS_KEY_ID".to_owned(), "local".to_owned());
    environment.insert("AWS_SECRET_ACCESS_KEY".to_owned(), "local".to_owned());
    Ok(environment)
}
