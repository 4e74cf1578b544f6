//! Embeds what Vite made in `web/dist`, compressed, into the `console` function; without it a page that says how to make it. So the
//! workspace builds without Node.

#![expect(clippy::disallowed_methods, reason = "Cargo speaks to a build script through its environment")]

#[path = "src/packing.rs"]
mod packing;

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    watch(&root);
    let built = root.join("web/dist");
    // A build that broke off leaves no page.
    let folder = if built.join("index.html").is_file() { built } else { root.join("unbuilt") };
    let source = packing::pack(&folder, &out)?;
    std::fs::write(out.join("embedded.rs"), source)?;
    Ok(())
}

/// Cargo looks into folders, but takes one that is missing for changed, always. So as long as there is nothing built, its parent is
/// looked at: the build makes a folder there.
fn watch(root: &Path) {
    let parents = [root.join("web/dist"), root.join("web"), root.to_owned()];
    let there = parents.iter().find(|folder| folder.is_dir());
    for path in ["build.rs", "src/packing.rs", "unbuilt"].map(|name| root.join(name)).iter().chain(there) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}
