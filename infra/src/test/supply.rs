//! What comes from elsewhere: licences, sources, versions and known vulnerabilities of the dependencies.

use std::process::Command;

use crate::process;
use crate::tools;
use crate::ui::note;
use crate::workspace::Workspace;

/// Runs cargo-deny. Where the advisory database cannot be fetched, it says that nobody looked for vulnerabilities.
///
/// # Errors
/// When cargo-deny cannot be had, or finds something.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let program = tools::program(&tools::CARGO_DENY, "cargo-deny")?;
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
