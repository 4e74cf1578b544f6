//! Builds the web console with Node.js, for the `console` function to embed. Without Node, or with one that is too old, everything else
//! works, and that function shows a page that says so.
//!
//! What has not changed since the last build is not built again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::check::files;
use crate::local::digest;
use crate::process;
use crate::state::{State, write_private};
use crate::ui::{Step, note};
use crate::workspace::Workspace;

/// The oldest Node.js that builds it: what `engines` in its `package.json` says.
const NODE: (u32, u32) = (20, 19);

/// Brings `functions/console/web/dist` to what its source is.
///
/// # Errors
/// When Node is there and the console does not build: with what `npm` said.
pub fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let lack = lack_of_node();
    bring(workspace, lack.is_none(), || {
        let lack = lack.unwrap_or_default();
        note(&format!(
            "! {lack}, so the web console is not built; everything else works without. With Node.js {} or newer it is built next time",
            oldest()
        ));
        Ok(())
    })
}

/// The same for a release, which people work with: a page for developers, or a console of an older release, must not take its place.
///
/// # Errors
/// As [`build`], and when it would have to be built and Node is not there.
pub fn build_for_release(workspace: &Workspace) -> anyhow::Result<()> {
    let lack = lack_of_node();
    bring(workspace, lack.is_none(), || {
        anyhow::bail!(
            "{}, and the web console is not built from these sources: the release would be without it. Install Node.js {} or newer",
            lack.unwrap_or_default(),
            oldest()
        )
    })
}

/// Builds what is not built yet; `without_node` decides where that cannot be done.
fn bring(
    workspace: &Workspace,
    has_node: bool,
    without_node: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let web = workspace.root.join("functions/console/web");
    if !web.join("package.json").is_file() {
        return Ok(());
    }
    // Its types come from the API's document.
    let mut sources = vec![workspace.root.join("functions/health/openapi.json")];
    sources.extend(files(&web)?.into_iter().filter(|file| !is_hidden(&web, file)));
    let wanted = content(&sources)?;
    let remembered = workspace.dev().join("console-built");
    let is_built = web.join("dist/index.html").is_file();
    if is_built && fs::read_to_string(&remembered).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    if !has_node {
        return without_node();
    }
    let step = Step::start("web console built");
    install(workspace, &web)?;
    npm(workspace, &web, &["run", "build"])
        .context("the web console does not build; `npm run build` in functions/console/web shows it alone")?;
    // Building may write sources too: types from the API's document.
    write_private(&remembered, content(&sources)?.as_bytes())?;
    step.done("");
    Ok(())
}

/// Types, texts, build, size and unit tests. Without Node it says that nothing of it was run.
///
/// # Errors
/// When any of it fails; with how to run it alone.
pub fn test(workspace: &Workspace) -> anyhow::Result<()> {
    let web = workspace.root.join("functions/console/web");
    if let Some(lack) = lack_of_node() {
        note(&format!("! {lack}: the web console was NOT tested here. Install Node.js {} or newer", oldest()));
        return Ok(());
    }
    build(workspace)?;
    process::attached(Command::new("npm").current_dir(&web).args(["run", "--silent", "test"]))
        .context("`npm test` in functions/console/web runs just these")
}

/// The browser tests, against the local stack as it runs. Screenshots are kept in `functions/console/web/e2e/out`.
///
/// # Errors
/// When a test fails, or there is no Chromium and it cannot be installed.
pub fn browse(workspace: &Workspace, state: &State) -> anyhow::Result<()> {
    if let Some(lack) = lack_of_node() {
        note(&format!(
            "! {lack}: the web console was NOT tried in a browser here. Install Node.js {} or newer",
            oldest()
        ));
        return Ok(());
    }
    process::attached(&mut in_browser(workspace, state)?)
}

/// What the console of the running stack costs whoever waits for it: rows of a table.
///
/// # Errors
/// When there is no Node.js, or no Chromium and it cannot be installed, or a page does not come.
pub fn bars(workspace: &Workspace, state: &State) -> anyhow::Result<String> {
    if let Some(lack) = lack_of_node() {
        anyhow::bail!("{lack}: install Node.js {} or newer", oldest());
    }
    process::output(in_browser(workspace, state)?.arg("--bars"))
}

/// The program that opens Chromium, told where the stack is.
fn in_browser(workspace: &Workspace, state: &State) -> anyhow::Result<Command> {
    let web = workspace.root.join("functions/console/web");
    let chromium = chromium(workspace)?;
    install(workspace, &web)?;
    let status = workspace.dev().join("status.json");
    write_private(&status, serde_json::to_string(&state.access)?.as_bytes())?;
    let mut run = Command::new("node");
    run.current_dir(&web).args(["e2e/run.mjs", "--status"]).arg(&status).env("CHROMIUM", chromium);
    Ok(run)
}

/// Why the console cannot be built here; nothing when it can.
fn lack_of_node() -> Option<String> {
    let of = |program: &str| process::output(Command::new(program).arg("--version")).ok();
    match (of("node"), of("npm")) {
        (Some(version), Some(_)) => too_old(version.trim()),
        (Some(_), None) => Some("npm is not installed beside Node.js".to_owned()),
        (None, _) => Some("Node.js is not installed".to_owned()),
    }
}

/// What is wrong with a version such as `v20.19.0`. One that cannot be read is given a try.
fn too_old(version: &str) -> Option<String> {
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    let (major, minor) = (numbers.next()?, numbers.next().unwrap_or(0));
    ((major, minor) < NODE).then(|| format!("Node.js {version} is too old"))
}

fn oldest() -> String {
    format!("{}.{}", NODE.0, NODE.1)
}

/// Chromium from `$CHROMIUM` or the path; as root on Debian it is installed where it is missing.
fn chromium(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(given) = std::env::var_os("CHROMIUM").filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(given));
    }
    let installed = || {
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.exists())
    };
    if let Some(found) = installed() {
        return Ok(found);
    }
    let help =
        "the browser tests need Chromium: install it (Debian: apt install chromium) or set CHROMIUM to its program";
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/apt-get").exists() {
        anyhow::bail!(help);
    }
    let step = Step::start("Chromium installed");
    for arguments in [["update", "-q"].as_slice(), &["install", "-q", "-y", "--no-install-recommends", "chromium"]] {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        process::logged(&mut apt, &workspace.logs().join("chromium.log")).context(help)?;
    }
    step.done("");
    installed().context(help)
}

/// Installs the packages of the lock file, unless they are there.
fn install(workspace: &Workspace, web: &Path) -> anyhow::Result<()> {
    let lock = content(&[web.join("package-lock.json")])?;
    let remembered = web.join("node_modules/.lotse-lock");
    if fs::read_to_string(&remembered).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    npm(workspace, web, &["ci", "--no-audit", "--no-fund"]).context("the console's packages cannot be installed")?;
    write_private(&remembered, lock.as_bytes())
}

fn npm(workspace: &Workspace, web: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut npm = Command::new("npm");
    npm.current_dir(web).args(arguments).env("NO_UPDATE_NOTIFIER", "1");
    process::logged(&mut npm, &workspace.logs().join("console.log"))
}

fn is_hidden(web: &Path, file: &Path) -> bool {
    let inside = file.strip_prefix(web).unwrap_or(file);
    inside.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
}

/// A digest of files with their names.
fn content(files: &[PathBuf]) -> anyhow::Result<String> {
    let mut parts = Vec::new();
    for file in files {
        parts.push(file.as_os_str().as_encoded_bytes().to_vec());
        parts.push(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    Ok(digest(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_changes_with_names_and_content() {
        let folder = std::env::temp_dir().join(format!("lotse-console-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (one, other) = (folder.join("a.ts"), folder.join("b.ts"));
        fs::write(&one, "x").unwrap();
        fs::write(&other, "x").unwrap();
        let first = content(std::slice::from_ref(&one)).unwrap();
        assert_ne!(first, content(std::slice::from_ref(&other)).unwrap());
        fs::write(&one, "y").unwrap();
        assert_ne!(first, content(std::slice::from_ref(&one)).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn without_node_a_release_needs_a_console_of_these_sources() {
        let root = std::env::temp_dir().join(format!("lotse-release-{}", std::process::id()));
        let web = root.join("functions/console/web");
        let write = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let workspace = Workspace { root: root.clone(), target: root.join("target"), functions: Default::default() };
        let refused = || bring(&workspace, false, || anyhow::bail!("no Node")).is_err();
        assert!(!refused(), "no console, nothing to build");
        for file in ["functions/health/openapi.json", "functions/console/web/package.json"] {
            write(&root.join(file), "{}");
        }
        assert!(refused(), "never built");
        write(&web.join("dist/index.html"), "<html>");
        assert!(refused(), "built from nobody knows what");
        let mut sources = vec![root.join("functions/health/openapi.json")];
        sources.extend(files(&web).unwrap().into_iter().filter(|file| !is_hidden(&web, file)));
        write(&workspace.dev().join("console-built"), &content(&sources).unwrap());
        assert!(!refused(), "built from these sources");
        write(&web.join("src/new.ts"), "x");
        assert!(refused(), "the sources have changed since");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn an_old_node_is_none() {
        for version in ["v18.19.1", "v20.18.3", "v8"] {
            assert!(too_old(version).is_some_and(|why| why.contains(version)), "{version}");
        }
        for version in ["v20.19.0", "v22.1.0", "v100", "unknown"] {
            assert_eq!(too_old(version), None, "{version}");
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let package = fs::read_to_string(root.join("functions/console/web/package.json")).unwrap();
        assert!(package.contains(&format!("\"node\": \">={}\"", oldest())), "the console says the same");
    }

    #[test]
    fn hidden_folders_are_no_source() {
        let web = Path::new("/a/.b/web");
        assert!(is_hidden(web, Path::new("/a/.b/web/.vite/x")) && !is_hidden(web, Path::new("/a/.b/web/src/x.ts")));
    }
}
