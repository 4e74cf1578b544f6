//! Lists the functions there are, from the files `functions/<area>/src/bin/<function>.rs`, as modules of one program. So a new function
//! belongs to it without being written down anywhere.

#![expect(clippy::disallowed_methods, reason = "Cargo speaks to a build script through its environment")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let areas = here.parent().ok_or("this package lies in no folder")?;
    // A new area is a new package, which the lock file names; a new function shows in its area's folder.
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    let mut functions = BTreeMap::new();
    for area in std::fs::read_dir(areas)? {
        let sources = area?.path().join("src/bin");
        if sources.is_dir() {
            println!("cargo::rerun-if-changed={}", sources.display());
            collect(&sources, &mut functions)?;
        }
    }
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("functions.rs"), source(&functions)?)?;
    Ok(())
}

fn collect(folder: &Path, functions: &mut BTreeMap<String, PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(name) = stem.filter(|_| path.extension().is_some_and(|kind| kind == "rs"))
            && let Some(other) = functions.insert(name.to_owned(), path.clone())
        {
            return Err(format!("two functions are called {name}: {} and {}", other.display(), path.display()).into());
        }
    }
    Ok(())
}

/// One module a function, and the table that leads from its name to its `main`.
fn source(functions: &BTreeMap<String, PathBuf>) -> Result<String, std::fmt::Error> {
    let module = |name: &str| name.replace('-', "_");
    let mut source = String::new();
    for (name, path) in functions {
        writeln!(source, "#[path = {path:?}]\nmod {};", module(name))?;
    }
    writeln!(source, "\n/// Every function by its name, in order.")?;
    writeln!(source, "const FUNCTIONS: &[(&str, Main)] = &[")?;
    for name in functions.keys() {
        writeln!(source, "    ({name:?}, {}::main),", module(name))?;
    }
    writeln!(source, "];")?;
    Ok(source)
}
