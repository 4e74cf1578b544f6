//! Deploys to the local stack: builds, packages each function as a small start script, and lets `sam deploy` apply the
//! template as it is. What has not changed is not touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use testkit::ALL_FUNCTIONS;
use testkit::template::{Template, Values};

use crate::keys;
use crate::ministack::{BUCKET, Ministack, REGION};
use crate::state::{State, write_private};
use crate::ui::Step;
use crate::workspace::{Workspace, cargo};
use crate::{process, zip};

/// Name of the local stack.
pub const STACK: &str = "lotse-local";

/// Which programs the functions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binaries {
    /// One for all, for development: linked in seconds.
    Linked,
    /// One each, as they are deployed.
    Release,
}

impl Binaries {
    /// The program to start under a function's name.
    fn program(self, workspace: &Workspace, function: &str) -> PathBuf {
        match self {
            Self::Linked => workspace.functions_program(),
            Self::Release => workspace.target.join("release").join(function),
        }
    }
}

/// Builds every function.
///
/// # Errors
/// With the compiler's messages.
pub fn build(workspace: &Workspace, binaries: Binaries) -> anyhow::Result<()> {
    let step = Step::start(match binaries {
        Binaries::Linked => "functions built",
        Binaries::Release => "functions built for release",
    });
    let mut build = Command::new(cargo());
    build.current_dir(&workspace.root).arg("build");
    match binaries {
        Binaries::Linked => build.args(["--package", ALL_FUNCTIONS]),
        Binaries::Release => build.args(["--release", "--bins"]).args(workspace.deployed()),
    };
    let log = workspace.logs().join("build.log");
    process::logged(&mut build, &log).context("the functions do not compile")?;
    step.done(&workspace.functions.len().to_string());
    Ok(())
}

/// The template's parameters for this laptop. Those the template does not have are left out.
///
/// # Errors
/// When the state lacks ports or secrets (the stack has never been up), or the keys cannot be read.
pub fn parameters(
    workspace: &Workspace,
    template: &Template,
    state: &State,
) -> anyhow::Result<BTreeMap<String, String>> {
    let missing = "the local stack has not been set up: run `cargo dev up`";
    let ports = state.ports.as_ref().context(missing)?;
    let secrets = state.secrets.as_ref().context(missing)?;
    let database =
        |role: &str, password: &str| format!("postgres://{role}:{password}@127.0.0.1:{}/lotse", ports.postgres);
    let wanted = [
        ("Stage", "local".to_owned()),
        ("Architecture", if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }.to_owned()),
        ("LocalDatabaseUrl", database("lotse_app", &secrets.app)),
        ("LocalMigrationDatabaseUrl", database("lotse_owner", &secrets.owner)),
        ("LocalSecretsKey", secrets.sealing_key.clone()),
        ("AppDatabasePassword", secrets.app.clone()),
        ("JwtPublicKey", keys::public_key(&workspace.dev())?),
        ("LocalJwtPrivateKey", keys::private_key(&workspace.dev())?),
        ("JwtIssuer", keys::ISSUER.to_owned()),
        ("JwtAudience", keys::AUDIENCE.to_owned()),
        ("SlackBaseUrl", format!("http://127.0.0.1:{}", ports.stand_ins)),
        ("LocalSmtpUrl", format!("smtp://127.0.0.1:{}", ports.smtp)),
        ("MailFrom", "Lotse <lotse@localhost.example>".to_owned()),
        ("ConsoleUrl", state.access.console_url.clone()),
    ];
    let known = &template.root()["Parameters"];
    Ok(wanted
        .into_iter()
        .filter(|(name, _)| known.get(name).is_some())
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// The variables the template gives a function here.
///
/// # Errors
/// When the template lacks the function or a variable cannot be evaluated.
pub fn environment(workspace: &Workspace, state: &State, function: &str) -> anyhow::Result<Vec<(String, String)>> {
    let template = Template::read(workspace.root.join("template.yaml"))?;
    let mut values = Values::default();
    for (name, value) in parameters(workspace, &template, state)? {
        values = values.parameter(&name, value);
    }
    let found = template.functions_with(&values)?.into_iter().find(|found| found.name == function);
    let found =
        found.with_context(|| format!("template.yaml has no function with CodeUri target/lambda/{function}/"))?;
    Ok(template.resolve_env(&found, &values)?.into_iter().collect())
}

/// Brings the deployed stack to what is built; gives a line saying what was done.
///
/// # Errors
/// When packaging or deploying fails; the state then says that nothing is deployed.
pub async fn deploy(
    workspace: &Workspace,
    state: &mut State,
    aws: &Ministack,
    sam: &Path,
    built: Binaries,
) -> anyhow::Result<String> {
    let path = workspace.root.join("template.yaml");
    let template = Template::read(&path)?;
    let functions = template.functions()?;
    let parameters = parameters(workspace, &template, state)?;
    let names: BTreeSet<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    let mut binaries = BTreeMap::new();
    for name in &names {
        binaries.insert((*name).to_owned(), package(workspace, name, built)?);
    }
    let digest = digest(&[&fs::read(&path)?, serde_json::to_string(&parameters)?.as_bytes()]);

    if state.deployed.as_ref() == Some(&digest) && state.api_id.is_some() {
        let changed: Vec<&String> = binaries
            .iter()
            .filter(|(name, digest)| state.binaries.get(*name) != Some(digest))
            .map(|(name, _)| name)
            .collect();
        for name in &changed {
            let script = fs::read(bootstrap(workspace, name)).context("cannot read the start script just written")?;
            let zip = zip::executable("bootstrap", &script);
            aws.update_code(name, &base64::engine::general_purpose::STANDARD.encode(zip)).await?;
        }
        let outcome = match changed.as_slice() {
            [] => "nothing has changed".to_owned(),
            [one] => format!("{one} updated"),
            many => format!("{} functions updated", many.len()),
        };
        state.binaries = binaries;
        return Ok(outcome);
    }

    state.deployed = None;
    state.save(&workspace.dev())?;
    let values = workspace.dev().join("parameters.yaml");
    write_private(&values, json!(parameters).to_string().as_bytes())?;
    run_sam(workspace, aws, sam, &values)?;
    let api = aws.api_id(STACK).await?;
    let routes = aws.make_routes(&api, &functions).await?;
    state.api_id = Some(api);
    state.deployed = Some(digest);
    state.binaries = binaries;
    Ok(format!("{} functions, {routes} routes", names.len()))
}

fn run_sam(workspace: &Workspace, aws: &Ministack, sam: &Path, values: &Path) -> anyhow::Result<()> {
    let mut deploy = Command::new(sam.join("bin/python"));
    deploy.current_dir(&workspace.root).args(["-m", "samcli", "deploy", "--template-file", "template.yaml"]);
    deploy.args(["--stack-name", STACK, "--s3-bucket", BUCKET, "--region", REGION, "--no-confirm-changeset"]);
    deploy.args(["--no-fail-on-empty-changeset", "--no-progressbar", "--capabilities"]);
    deploy.args(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND", "--parameter-overrides"]);
    deploy.arg(format!("file://{}", values.display()));
    // Never the developer's own credentials, whatever profile is set.
    deploy.env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN").env("AWS_CONFIG_FILE", "/dev/null");
    deploy.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env("AWS_EC2_METADATA_DISABLED", "true");
    deploy.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local").env("AWS_DEFAULT_REGION", REGION);
    deploy.env("AWS_ENDPOINT_URL", aws.url()).env("SAM_CLI_TELEMETRY", "0").env("SAM_CLI_POLL_DELAY", "0.5");
    process::logged(&mut deploy, &workspace.logs().join("deploy.log")).context("`sam deploy` to the local stack failed")
}

/// Puts a function's current binary where its start script finds it; gives the script's digest of the binary.
fn package(workspace: &Workspace, name: &str, built: Binaries) -> anyhow::Result<String> {
    if !workspace.functions.contains_key(name) {
        bail!(
            "template.yaml names {name}, but there is no such function: add functions/<area>/src/bin/{name}.rs, or remove it"
        )
    }
    let binary = built.program(workspace, name);
    let built = fs::metadata(&binary).with_context(|| format!("{} is not built", binary.display()))?;
    let stamp = digest(&[format!("{} {} {}", built.len(), built.mtime(), built.mtime_nsec()).as_bytes()]);
    let place = workspace.dev().join("bin").join(name);
    let log = workspace.logs().join("functions").join(format!("{name}.log"));
    let script = format!(
        "#!/bin/sh\n# Build {stamp}. Written by `cargo dev up` for the local stack; `cargo dev deploy` replaces it.\n\
         cd '{}'\nexec '{}' >>'{}' 2>&1\n",
        workspace.root.display(),
        place.display(),
        log.display()
    );
    let bootstrap = bootstrap(workspace, name);
    if place.exists() && fs::read_to_string(&bootstrap).is_ok_and(|current| current == script) {
        return Ok(stamp);
    }
    for path in [&place, &bootstrap, &log] {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    // A name of its own: while cargo links the next build, running functions keep this one.
    let partial = place.with_extension("partial");
    let _ = fs::remove_file(&partial);
    fs::hard_link(&binary, &partial)
        .or_else(|_| fs::copy(&binary, &partial).map(|_| ()))
        .with_context(|| format!("cannot copy {name} to {}", partial.display()))?;
    fs::rename(&partial, &place).with_context(|| format!("cannot put {name} in its place"))?;
    // A real build by cargo-lambda may be hard-linked elsewhere: replace the file, do not write into it.
    let _ = fs::remove_file(&bootstrap);
    fs::write(&bootstrap, script).with_context(|| format!("cannot write {}", bootstrap.display()))?;
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))
        .context("cannot make the start script executable")?;
    Ok(stamp)
}

fn bootstrap(workspace: &Workspace, name: &str) -> std::path::PathBuf {
    workspace.target.join("lambda").join(name).join("bootstrap")
}

/// A short digest of several parts.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn a_digest_keeps_parts_apart() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_eq!(digest(&[b"ab"]).len(), 24);
    }
}
