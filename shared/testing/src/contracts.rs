//! What the functions say of themselves, asked once a build: the answers are kept beside the program, for tests and tools alike.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The descriptions of every function in a build.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Contracts {
    /// Of which build they are: the program's time of change and length.
    build: String,
    /// What each function prints with `--describe`.
    pub functions: BTreeMap<String, Value>,
    /// Functions that did not, with what was wrong.
    pub failures: BTreeMap<String, String>,
}

/// Functions asked at the same time; asking one is the start of a process.
const AT_ONCE: usize = 8;

/// The descriptions by the functions of `program`, which holds them all. Asked anew only when the program has changed since.
///
/// # Errors
/// When the program is not there or does not list its functions, or the descriptions cannot be kept beside it.
pub fn of(program: &Path, root: &Path) -> anyhow::Result<Contracts> {
    let file = program.with_extension("contracts.json");
    let build = stamp(program)?;
    let kept = || {
        let contracts: Contracts = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
        (contracts.build == build).then_some(contracts)
    };
    if let Some(contracts) = kept() {
        return Ok(contracts);
    }
    let lock = program.with_extension("contracts.lock");
    let lock = File::create(&lock).with_context(|| format!("cannot write {}", lock.display()))?;
    lock.lock().context("cannot wait for others who ask the functions")?;
    // Whoever held the lock may have asked.
    if let Some(contracts) = kept() {
        return Ok(contracts);
    }
    let contracts = Contracts { build, ..ask(program, root)? };
    let partial = program.with_extension("contracts.partial");
    fs::write(&partial, serde_json::to_vec(&contracts)?)
        .and_then(|()| fs::rename(&partial, &file))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(contracts)
}

/// Differs between two builds of a program: its time of change and its length.
///
/// # Errors
/// When it is not there.
pub(crate) fn stamp(program: &Path) -> anyhow::Result<String> {
    let file = fs::metadata(program).with_context(|| format!("{} is not built", program.display()))?;
    let modified = file.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}:{}", modified.as_nanos(), file.len()))
}

fn ask(program: &Path, root: &Path) -> anyhow::Result<Contracts> {
    let listed = Command::new(program).arg("--list").env_clear().output().context("cannot start the functions")?;
    let listed = String::from_utf8(listed.stdout).context("the list of functions is no text")?;
    let names: Vec<&str> = listed.lines().collect();
    anyhow::ensure!(!names.is_empty(), "{} lists no functions", program.display());
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Contracts::default()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let described = describe(program, root, name);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    match described {
                        Ok(contract) => drop(found.functions.insert((*name).to_owned(), contract)),
                        Err(error) => drop(found.failures.insert((*name).to_owned(), format!("{error:#}"))),
                    }
                }
            });
        }
    });
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn describe(program: &Path, root: &Path, name: &str) -> anyhow::Result<Value> {
    let mut command = Command::new(program);
    // Nothing of our environment decides what a function says of itself. Its source file is found from the root.
    let output = command.arg0(name).arg("--describe").env_clear().current_dir(root).output()?;
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    anyhow::ensure!(output.status.success(), "it failed with --describe ({}): {}", output.status, said());
    serde_json::from_slice(&output.stdout).context("what it prints with --describe is no JSON")
}
