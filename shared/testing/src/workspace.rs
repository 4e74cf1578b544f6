//! Where things are: the workspace's root and the executables cargo built beside the running test.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::contracts;
use crate::template::Template;

/// The folder with `template.yaml`: above the package under test, which cargo names at run time.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let template = Template::find(&package)?;
    Ok(template.parent().map(Path::to_path_buf).unwrap_or_default())
}

/// The program with every function in it, beside the running test. It is the function whose name it is started with.
pub const ALL_FUNCTIONS: &str = "all-functions";

/// Names a folder with one executable a function, as they are deployed, to be tested in place of the development build.
const BIN_DIR: &str = "LOTSE_TEST_BIN_DIR";

/// The executable to start under a function's name: the program with every function in it, from the target directory of the running
/// test, or the function's own from the folder that `LOTSE_TEST_BIN_DIR` names.
///
/// # Errors
/// Says how to build it when it is not there.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os(BIN_DIR) {
        let path = PathBuf::from(folder).join(name);
        anyhow::ensure!(path.is_file(), "{BIN_DIR} is set, but {} is not there", path.display());
        return Ok(path);
    }
    all_functions()
}

/// The program with every function in it, from the target directory of the running test.
pub(crate) fn all_functions() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("cannot tell where this test runs from")?;
    // target/debug/deps/leads-0123 → target/debug/all-functions
    let folders = test.ancestors().skip(1).take(2).map(|folder| folder.join(ALL_FUNCTIONS));
    match folders.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!(
            "the functions are not built (looked for {ALL_FUNCTIONS} beside {}): run `cargo build --package {ALL_FUNCTIONS}` or \
             `cargo dev test`",
            test.display()
        ),
    }
}

/// Differs between two builds of a function.
pub(crate) fn stamp(name: &str) -> anyhow::Result<String> {
    Ok(format!("{name}:{}", contracts::stamp(&binary(name)?)?))
}
