//! `cargo dev deploy`: builds for AWS, brings the database to the new release, then packages and deploys `template.yaml` with `sam`.
//!
//! The schema comes first: a migration only adds, or takes away what the release before no longer calls (`cargo dev check` sees to
//! it), so that release runs on the new schema, while the new one would not run on the old.
//!
//! Nothing happens on AWS before credentials have been checked and the plan has been confirmed.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;
use testkit::template::Template;

use crate::check::migrations;
use crate::tools::{self, Python};
use crate::ui::{Step, line};
use crate::workspace::Workspace;
use crate::{console, process, watch};

/// Processor of the functions on AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// Graviton: about a fifth cheaper per millisecond
    #[value(name = "arm64")]
    Arm,
    /// Intel and AMD
    #[value(name = "x86-64")]
    Intel,
}

impl Architecture {
    /// As AWS calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Arm => "arm64",
            Self::Intel => "x86_64",
        }
    }
}

/// What to deploy, and where.
#[derive(Debug, Args)]
pub struct Options {
    /// Stage: production keeps its database when the stack is deleted
    #[arg(long, default_value = "staging", value_parser = ["staging", "production"])]
    stage: String,
    /// Name of the CloudFormation stack
    #[arg(long, default_value = "lotse")]
    stack: String,
    /// AWS region
    #[arg(long, default_value = "eu-central-1")]
    region: String,
    /// Processor of the functions
    #[arg(long, value_enum, default_value = "arm64")]
    architecture: Architecture,
    /// Any parameter of template.yaml, as Name=value; may be repeated
    #[arg(long = "parameter", short = 'P', value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Do not ask before changing anything
    #[arg(long)]
    yes: bool,
}

/// Deploys to AWS.
///
/// # Errors
/// When a parameter is unknown or missing, credentials are not valid, the plan is declined, or a step fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let template = Template::read(workspace.root.join("template.yaml"))?;
    let parameters = parameters(options, &template)?;
    let (python, cache) = (Python::find()?, tools::cache()?);
    let step = Step::start("sam ready");
    let sam = tools::SAM.install(&cache, &python)?;
    step.done("");
    let account = account(&sam, &options.region)?;
    explain(options, &template, &parameters, &account);
    if !options.yes {
        confirm()?;
    }
    console::build_for_release(&workspace)?;
    build(&workspace, options)?;
    in_order(
        || migrate(&sam, options, &parameters, Some(&workspace.root.join("target/lambda/migrate/bootstrap"))),
        || deploy(&workspace, &sam, options, &parameters),
        || migrate(&sam, options, &parameters, None),
    )?;
    if options.stage == "production" {
        migrations::record(&workspace)?;
    }
    Ok(())
}

/// The schema, then the functions, and `migrate` once more as it is deployed now: the first deployment has none before, and the
/// functions' password may be new. What fails ends it, and the release before goes on.
fn in_order(
    ahead: impl FnOnce() -> anyhow::Result<bool>,
    deploy: impl FnOnce() -> anyhow::Result<()>,
    after: impl FnOnce() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let migrated = ahead()?;
    if !migrated {
        line("nothing is deployed there yet: the database is made and migrated with the functions");
    }
    deploy()?;
    if !after()? {
        bail!(
            "there is no function `migrate` after the deployment: its name in template.yaml must be ${{NamePrefix}}migrate"
        );
    }
    Ok(())
}

fn deploy(workspace: &Workspace, sam: &Path, options: &Options, parameters: &[String]) -> anyhow::Result<()> {
    line("deploying; a first deployment makes the database and takes about 15 minutes");
    let mut deploy = Command::new(sam.join("bin/python"));
    deploy.current_dir(&workspace.root).args(["-m", "samcli", "deploy", "--template-file", "template.yaml"]);
    deploy.args([
        "--stack-name",
        &options.stack,
        "--region",
        &options.region,
        "--resolve-s3",
        "--no-confirm-changeset",
    ]);
    deploy.args(["--no-fail-on-empty-changeset", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]);
    deploy.args(["CAPABILITY_AUTO_EXPAND", "--parameter-overrides"]).args(parameters).env("SAM_CLI_TELEMETRY", "0");
    process::attached(&mut deploy).context(
        "`sam deploy` failed; its messages are above, and CloudFormation has rolled back; the release before runs on",
    )
}

/// The template's parameters to be set; each must exist there.
fn parameters(options: &Options, template: &Template) -> anyhow::Result<Vec<String>> {
    let known = &template.root()["Parameters"];
    let architecture = options.architecture.name();
    let mut parameters = vec![format!("Stage={}", options.stage), format!("Architecture={architecture}")];
    for parameter in &options.parameters {
        let Some((name, _)) = parameter.split_once('=') else {
            bail!("`{parameter}` is no parameter: write Name=value");
        };
        if known.get(name).is_none() || name == "Stage" || name == "Architecture" {
            let names: Vec<&str> = known.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            bail!("template.yaml has no parameter {name} to be set here; it has: {}", names.join(", "));
        }
        parameters.push(parameter.clone());
    }
    let set = |name: &str| parameters.iter().any(|parameter| parameter.starts_with(&format!("{name}=")));
    if !set("JwtPublicKey") && !set("JwtJwksUrl") {
        bail!(
            "say who signs the access tokens: -P JwtJwksUrl=https://… (an identity provider's key set) or \
             -P JwtPublicKey=\"$(cat public.pem)\", with -P JwtIssuer=… and -P JwtAudience=… as the tokens carry them"
        );
    }
    Ok(parameters)
}

/// The account the credentials belong to.
fn account(sam: &Path, region: &str) -> anyhow::Result<Value> {
    let script = "import boto3, json, sys; print(json.dumps({k: v for k, v in \
                  boto3.client('sts', region_name=sys.argv[1]).get_caller_identity().items() if k != 'ResponseMetadata'}))";
    let mut ask = Command::new(sam.join("bin/python"));
    ask.args(["-c", script, region]);
    let answer = process::output(&mut ask).context(
        "AWS does not accept your credentials: log in (`aws sso login`) or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY",
    )?;
    serde_json::from_str(answer.trim()).context("AWS' answer about the credentials was not understood")
}

fn explain(options: &Options, template: &Template, parameters: &[String], account: &Value) {
    let text = |field: &str| account[field].as_str().unwrap_or("unknown").to_owned();
    line(&format!("account {} as {}", text("Account"), text("Arn")));
    line(&format!(
        "stack {} in {}, {} resources in template.yaml",
        options.stack,
        options.region,
        template.resources().count()
    ));
    line("1. builds the console (Node.js) and every function in release mode (cargo-lambda, zig as linker)");
    line("2. uploads them to the bucket that sam keeps for this account and region");
    line(
        "3. gives the deployed `migrate` its new code and runs it, if there is one: the schema comes before the functions",
    );
    line("4. creates or updates the stack; what it replaces or deletes shows in the change set");
    line("5. runs `migrate` as it is deployed now");
    line("parameters:");
    for (name, definition) in template.root()["Parameters"].as_object().into_iter().flatten() {
        if name.starts_with("Local") {
            continue;
        }
        let given = parameters.iter().find_map(|parameter| parameter.strip_prefix(&format!("{name}=")));
        let shown = if definition["NoEcho"] == true {
            "(hidden)"
        } else {
            given.unwrap_or_default().lines().next().unwrap_or("")
        };
        let value = match given {
            Some(_) => shown.to_owned(),
            None => format!(
                "{} (default)",
                definition["Default"].as_str().map_or_else(|| definition["Default"].to_string(), str::to_owned)
            ),
        };
        line(&format!("   {name} = {value}\n      {}", definition["Description"].as_str().unwrap_or_default()));
    }
}

fn confirm() -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is here to ask: add --yes to deploy without being asked");
    }
    let _ = write!(std::io::stdout(), "Deploy? [y/N] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    if !answer.trim().eq_ignore_ascii_case("y") {
        bail!("nothing was deployed");
    }
    Ok(())
}

fn build(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let folder = watch::install()?;
    let mut build = Command::new(folder.join("bin/cargo-lambda"));
    build.current_dir(&workspace.root).args(["lambda", "build", "--release"]).args(workspace.deployed());
    build.env("PATH", watch::path(&folder)?);
    build.arg(if options.architecture == Architecture::Arm { "--arm64" } else { "--x86-64" });
    line("building in release mode; the first time this takes about ten minutes");
    process::attached(&mut build).context("the functions do not build for AWS")
}

/// Runs the installation's `migrate`, before that with this code if it is given. False when there is no such function.
fn migrate(sam: &Path, options: &Options, parameters: &[String], code: Option<&Path>) -> anyhow::Result<bool> {
    let prefix = parameters.iter().find_map(|parameter| parameter.strip_prefix("NamePrefix=")).unwrap_or_default();
    let step = Step::start("database migrated");
    let mut invoke = Command::new(sam.join("bin/python"));
    invoke.args(["-c", include_str!("deploy/migrate.py"), &options.region, &format!("{prefix}migrate")]);
    if let Some(code) = code {
        invoke.arg(options.architecture.name()).arg(code);
    }
    let answer = process::output(&mut invoke).context(
        "the database could not be migrated; the release before runs on. See the log of `migrate`, then run `cargo dev deploy` again",
    )?;
    step.done(if answer.trim().is_empty() { "nothing to migrate yet" } else { answer.trim() });
    Ok(!answer.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn with(given: &[&str]) -> anyhow::Result<Vec<String>> {
        let template =
            "Parameters: { Stage: {}, Architecture: {}, JwtJwksUrl: {}, AlarmEmail: {} }\nResources: { A: {} }";
        let options = Options {
            stage: "staging".to_owned(),
            stack: "lotse".to_owned(),
            region: "eu-central-1".to_owned(),
            architecture: Architecture::Intel,
            parameters: given.iter().map(|&text| text.to_owned()).collect(),
            yes: true,
        };
        parameters(&options, &Template::parse(template)?)
    }

    #[test]
    fn stage_and_processor_come_first() {
        let parameters = with(&["JwtJwksUrl=https://id.example/keys"]).unwrap();
        assert_eq!(parameters, ["Stage=staging", "Architecture=x86_64", "JwtJwksUrl=https://id.example/keys"]);
    }

    #[test]
    fn what_cannot_work_is_refused_before_anything_happens() {
        assert!(with(&[]).unwrap_err().to_string().contains("who signs"));
        assert!(with(&["JwtJwksUrl=x", "AlarmMail=y"]).unwrap_err().to_string().contains("AlarmEmail"));
        assert!(with(&["JwtJwksUrl"]).unwrap_err().to_string().contains("Name=value"));
    }

    /// What was done, when the steps before the deployment and the deployment itself end so.
    fn order(ahead: anyhow::Result<bool>, deployed: anyhow::Result<()>) -> (Vec<&'static str>, bool) {
        let done = RefCell::new(Vec::new());
        let note = |what| done.borrow_mut().push(what);
        let outcome = in_order(
            || {
                note("migrate");
                ahead
            },
            || {
                note("deploy");
                deployed
            },
            || {
                note("migrate");
                Ok(true)
            },
        );
        (done.into_inner(), outcome.is_ok())
    }

    #[test]
    fn the_schema_comes_before_the_functions() {
        assert_eq!(order(Ok(true), Ok(())), (vec!["migrate", "deploy", "migrate"], true));
    }

    #[test]
    fn the_first_deployment_makes_the_function_that_migrates() {
        assert_eq!(order(Ok(false), Ok(())), (vec!["migrate", "deploy", "migrate"], true));
        let without = in_order(|| Ok(false), || Ok(()), || Ok(false));
        assert!(without.unwrap_err().to_string().contains("no function `migrate`"));
    }

    #[test]
    fn nothing_is_deployed_on_a_database_that_did_not_migrate() {
        assert_eq!(order(Err(anyhow::anyhow!("no")), Ok(())), (vec!["migrate"], false));
        assert_eq!(order(Ok(true), Err(anyhow::anyhow!("no"))), (vec!["migrate", "deploy"], false));
    }
}
