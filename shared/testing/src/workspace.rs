//! Where things are: the workspace's root and the executables cargo built beside the running test.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, bail};

use crate::template::Template;

/// The folder with `template.yaml`: above the package under test, which cargo names at run time.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let template = Template::find(&package)?;
    Ok(template.parent().map(Path::to_path_buf).unwrap_or_default())
}

/// The executable of a function, from the target directory of the running test.
///
/// # Errors
/// Says how to build it when it is not there.
pub(crate) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("cannot tell where this test runs from")?;
    // target/debug/deps/it-0123 → target/debug/<name>
    let folders = test.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    match folders.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!(
            "the function {name} is not built (looked beside {}): run `cargo build --workspace --bins` or `cargo dev test`",
            test.display()
        ),
    }
}

/// Differs between two builds of a function: time of change and length of its executable.
pub(crate) fn stamp(name: &str) -> anyhow::Result<String> {
    let file = std::fs::metadata(binary(name)?)?;
    let modified = file.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{name}:{}:{}", modified.as_nanos(), file.len()))
}
