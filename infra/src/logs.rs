//! `cargo dev logs`: what functions and servers wrote, and what they write now.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::process::last_lines;
use crate::ui::line;
use crate::workspace::Workspace;

/// Lines shown of what is there already.
const SHOWN: usize = 50;

/// Shows the log of one function or server, or of all functions; with `follow`, until interrupted.
///
/// # Errors
/// When there is no such log, naming those that there are.
pub fn show(name: Option<&str>, follow: bool) -> anyhow::Result<()> {
    let logs = all(&Workspace::find()?.logs());
    let chosen: BTreeMap<String, PathBuf> = match name {
        Some(name) => {
            let Some(path) = logs.get(name) else {
                let names: Vec<&str> = logs.keys().map(String::as_str).collect();
                bail!("nothing has been logged by {name}; there are logs of: {}", names.join(", "));
            };
            BTreeMap::from([(name.to_owned(), path.clone())])
        }
        None => logs
            .into_iter()
            .filter(|(_, path)| path.parent().is_some_and(|folder| folder.ends_with("functions")))
            .collect(),
    };
    let prefixed = chosen.len() > 1;
    let mut positions = BTreeMap::new();
    for (name, path) in &chosen {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        positions.insert(name.clone(), text.len() as u64);
        let shown = if prefixed { SHOWN / 10 } else { SHOWN };
        print(name, &last_lines(&String::from_utf8_lossy(&text), shown), prefixed);
    }
    if !follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(Duration::from_millis(200));
        for (name, path) in &chosen {
            let position = positions.entry(name.clone()).or_default();
            let text = since(path, position)?;
            print(name, text.trim_end_matches('\n'), prefixed);
        }
    }
}

fn print(name: &str, text: &str, prefixed: bool) {
    for text in text.lines() {
        line(&if prefixed { format!("{name:<18} {text}") } else { text.to_owned() });
    }
}

/// Whole lines written after `position`, which moves on; a log that was begun anew is read from its start.
fn since(path: &Path, position: &mut u64) -> anyhow::Result<String> {
    let failed = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    if file.metadata().with_context(failed)?.len() < *position {
        *position = 0;
    }
    file.seek(SeekFrom::Start(*position)).with_context(failed)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).with_context(failed)?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    *position += whole as u64;
    Ok(String::from_utf8_lossy(&bytes[..whole]).into_owned())
}

fn all(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries =
        [folder.to_owned(), folder.join("functions")].into_iter().filter_map(|folder| fs::read_dir(folder).ok());
    let files = entries.flatten().flatten().map(|entry| entry.path());
    let logs = files.filter(|path| path.extension().is_some_and(|kind| kind == "log"));
    logs.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_new_lines_are_read() {
        let path = std::env::temp_dir().join(format!("lotse-log-{}", std::process::id()));
        fs::write(&path, "one\ntwo\nthr").unwrap();
        let mut position = 4;
        assert_eq!(since(&path, &mut position).unwrap(), "two\n");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert_eq!(since(&path, &mut position).unwrap(), "three\n");
        fs::write(&path, "new\n").unwrap();
        assert_eq!(since(&path, &mut position).unwrap(), "new\n");
        fs::remove_file(path).unwrap();
    }
}
