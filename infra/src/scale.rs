//! `cargo dev scale`: a copy of the workspace with as many functions as there will be, to see what a run of CI and the local stack cost
//! then. Nothing of it is ever committed; it lies in `.dev/scale`.
//!
//! What is added are the endpoints of tasks, over and over, under other names: with their samples, tests and places in the template
//! they weigh what real ones do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::check::{files, pascal_case};
use crate::process;
use crate::ui::{Step, line, seconds};
use crate::workspace::Workspace;

/// What is repeated: the area, and those of its functions that answer requests.
const AREA: &str = "tasks";
const FUNCTIONS: [&str; 5] = ["tasks-list", "tasks-get", "tasks-create", "tasks-update", "tasks-complete"];

/// Makes the copy; with `run`, runs CI and the local stack in it and tells what they took.
///
/// # Errors
/// When the functions that are repeated are not there any more, or something fails in the copy.
pub fn run(functions: usize, run: bool) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let step = Step::start("copy made");
    let copy = workspace.dev().join("scale").join(format!("{functions}-more"));
    fill(&workspace.root, &copy)?;
    let areas = functions.div_ceil(FUNCTIONS.len());
    for area in 1..=areas {
        let left = functions - (area - 1) * FUNCTIONS.len();
        add(&copy, &format!("more{area:02}"), &FUNCTIONS[..left.min(FUNCTIONS.len())])?;
    }
    accept(&copy)?;
    let mut format = Command::new(crate::workspace::cargo());
    process::output(format.current_dir(&copy).args(["fmt", "--all"]))?;
    step.done(&format!("{} functions in {}", workspace.functions.len() + functions, copy.display()));
    timed("described and generated", cargo_dev(&copy, &["generate"]))?;
    if !run {
        line("next: `.ci/run` and `cargo dev up` there; or this command with --run, which tells what they took");
        return Ok(());
    }
    // From nothing: without what describing the functions has built.
    fs::remove_dir_all(copy.join("target")).context("cannot empty the copy's target folder")?;
    let mut ci = Command::new("bash");
    ci.arg(".ci/run").current_dir(&copy);
    let took = Took {
        ci: timed(".ci/run passed", ci)?.as_secs(),
        first_up: timed("first `cargo dev up`", cargo_dev(&copy, &["up"]))?.as_secs(),
        up_again: timed("`cargo dev up` again", cargo_dev(&copy, &["up"]))?.as_secs(),
        megabytes: size(&copy)? >> 20,
    };
    timed("`cargo dev down`", cargo_dev(&copy, &["down"]))?;
    tell(&workspace.dev().join("scale/took.json"), functions, &took)
}

/// What a copy took.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Took {
    /// Seconds of a run of CI, from nothing.
    ci: u64,
    /// Seconds until the local stack was up, after that run.
    first_up: u64,
    /// Seconds of doing it again.
    up_again: u64,
    /// Everything in the copy, built things included.
    megabytes: u64,
}

/// Prints the figures, and what each further function costs compared with the smallest copy that was measured before.
fn tell(memory: &Path, functions: usize, took: &Took) -> anyhow::Result<()> {
    let known = fs::read_to_string(memory).unwrap_or_default();
    let mut known: BTreeMap<usize, Took> = serde_json::from_str(&known).unwrap_or_default();
    known.insert(functions, took.clone());
    fs::write(memory, serde_json::to_string_pretty(&known)?).context("cannot write down what it took")?;
    line(&format!("| further functions | {functions} |\n|---|---|"));
    for (what, of) in [
        ("`.ci/run`", took.ci),
        ("first `cargo dev up` after it", took.first_up),
        ("`cargo dev up` again", took.up_again),
    ] {
        line(&format!("| {what} | {} |", seconds(Duration::from_secs(of))));
    }
    line(&format!("| disk | {:.1} GB |", took.megabytes as f64 / 1024.0));
    let Some((fewer, less)) = known.first_key_value().filter(|(fewer, _)| **fewer < functions) else {
        line("`cargo dev scale --functions 0 --run` before tells what each further function costs");
        return Ok(());
    };
    let each = |of: fn(&Took) -> u64| (of(took) as f64 - of(less) as f64) / (functions - fewer) as f64;
    line(&format!("| `.ci/run`, for each further function | {:.2} s |", each(|took| took.ci)));
    line(&format!("| disk, for each further function | {:.1} MB |", each(|took| took.megabytes)));
    Ok(())
}

fn timed(what: &str, mut command: Command) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    // Nothing of this workspace's own build decides how the copy's goes.
    process::attached(command.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_MANIFEST_DIR"))
        .with_context(|| format!("not in the copy: {what}"))?;
    crate::ui::note(&format!("✓ {what} ({})", seconds(begun.elapsed())));
    Ok(begun.elapsed())
}

fn cargo_dev(copy: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(crate::workspace::cargo());
    command.current_dir(copy).arg("dev").args(arguments);
    command
}

/// Copies what git knows or would know; what was built there stays.
fn fill(root: &Path, copy: &Path) -> anyhow::Result<()> {
    let mut list = Command::new("git");
    list.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let names = process::output(&mut list)?;
    for folder in ["functions", "events"] {
        // Of an earlier copy, with other functions.
        let old = copy.join(folder);
        if old.exists() {
            fs::remove_dir_all(&old).with_context(|| format!("cannot empty {}", old.display()))?;
        }
    }
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let from = root.join(name);
        if from.is_file() {
            write_copy(&copy.join(name), |to| fs::copy(&from, to).map(drop))?;
        }
    }
    Ok(())
}

fn write_copy(to: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) -> anyhow::Result<()> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    write(to).with_context(|| format!("cannot write {}", to.display()))
}

/// One more area with these functions.
fn add(copy: &Path, area: &str, functions: &[&str]) -> anyhow::Result<()> {
    let renamed = |text: &str| renamed(text, area);
    let place = |path: &str| copy.join("functions").join(path);
    let read = |path: PathBuf| fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
    let mut bins = String::new();
    for function in functions {
        let (name, module) = (renamed(function), function.replace('-', "_"));
        bins.push_str(&format!("  {{ name = \"{name}\", path = \"src/bin/{name}.rs\", test = false }},\n"));
        for (from, to) in [
            (place(&format!("{AREA}/src/bin/{function}.rs")), place(&format!("{area}/src/bin/{name}.rs"))),
            (place(&format!("{AREA}/tests/it/{module}.rs")), place(&format!("{area}/tests/it/{module}.rs"))),
            (copy.join(format!("events/{AREA}/{function}.json")), copy.join(format!("events/{area}/{name}.json"))),
        ] {
            let text = renamed(&read(from)?);
            write_copy(&to, |to| fs::write(to, text))?;
        }
    }
    let manifest = read(place(&format!("{AREA}/Cargo.toml")))?;
    let (_, rest) = manifest.split_once("\n]\n").context("the area's manifest does not open with its functions")?;
    let rest = rest.replace(&format!("name = \"{AREA}\""), &format!("name = \"{area}\""));
    let manifest = format!("# More functions, to see what they cost.\nbin = [\n{bins}]\n{rest}");
    write_copy(&place(&format!("{area}/Cargo.toml")), |to| fs::write(to, manifest))?;
    let module = |function: &&str| format!("mod {};", function.replace('-', "_"));
    let kept: Vec<String> = functions.iter().map(module).collect();
    let main = read(place(&format!("{AREA}/tests/it/main.rs")))?;
    // Modules of other functions stay behind; what they share comes along by its path.
    let own =
        |line: &&str| !line.starts_with("mod ") || *line == "mod support;" || kept.iter().any(|kept| kept == line);
    let main: Vec<&str> = main.lines().filter(own).collect();
    write_copy(&place(&format!("{area}/tests/it/main.rs")), |to| fs::write(to, main.join("\n") + "\n"))?;
    edit(&place("all/Cargo.toml"), |list| {
        list.replacen(
            "test = [\n",
            &format!("test = [\n  {{ name = \"{area}\", path = \"../{area}/tests/it/main.rs\" }},\n"),
            1,
        )
    })?;
    let blocks =
        functions.iter().map(|function| block(&read(copy.join("template.yaml"))?, function).map(|text| renamed(&text)));
    let blocks = blocks.collect::<anyhow::Result<String>>()?;
    edit(&copy.join("template.yaml"), |template| {
        template.replacen(
            &format!("  {}:\n", pascal_case(FUNCTIONS[0])),
            &format!("{blocks}  {}:\n", pascal_case(FUNCTIONS[0])),
            1,
        )
    })
}

/// The text under the names of another area. A record's own address stays as it is: it is the same record, whoever makes it.
fn renamed(text: &str, area: &str) -> String {
    let (path, other_path) = (format!("/api/v1/{AREA}"), format!("/api/v1/{area}"));
    let address = format!("\"{path}/{{}}\", task[\"id\"]");
    let mut text = text.replace(&path, &other_path).replace(&address.replace(&path, &other_path), &address);
    for function in FUNCTIONS {
        let other = function.replacen(AREA, area, 1);
        text = text.replace(function, &other).replace(&pascal_case(function), &pascal_case(&other));
    }
    text
}

/// A function's part of the template, with the empty line after it.
fn block(template: &str, function: &str) -> anyhow::Result<String> {
    let head = format!("  {}:\n", pascal_case(function));
    let start = template.find(&head).with_context(|| format!("template.yaml has no {}", head.trim()))?;
    let rest = &template[start + head.len()..];
    let next = rest.lines().take_while(|line| line.is_empty() || line.starts_with("   "));
    let length: usize = next.map(|line| line.len() + 1).sum();
    Ok(head + &rest[..length.min(rest.len())])
}

/// The tests that ask each function by its name what a right body is.
fn accept(copy: &Path) -> anyhow::Result<()> {
    for test in files(&copy.join("functions/operations/tests"))? {
        if test.extension().is_some_and(|kind| kind == "rs") {
            edit(&test, |text| {
                FUNCTIONS.iter().fold(text.to_owned(), |text, function| {
                    let ending = function.trim_start_matches(AREA);
                    let all = format!(
                        "one if one == \"{function}\" || one.starts_with(\"more\") && one.ends_with(\"{ending}\") =>"
                    );
                    text.replace(&format!("\"{function}\" =>"), &all)
                })
            })?;
        }
    }
    Ok(())
}

fn edit(path: &Path, change: impl FnOnce(&str) -> String) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    fs::write(path, change(&text)).with_context(|| format!("cannot write {}", path.display()))
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let printed = process::output(Command::new("du").args(["-s", "-k"]).arg(folder))?;
    match printed.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()) {
        Some(kilobytes) => Ok(kilobytes << 10),
        None => bail!("du said {printed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_records_own_address_stays() {
        let text = r#"get("/api/v1/tasks"); format!("/api/v1/tasks/{}", task["id"]); "tasks-get""#;
        assert_eq!(
            renamed(text, "more01"),
            r#"get("/api/v1/more01"); format!("/api/v1/tasks/{}", task["id"]); "more01-get""#
        );
    }

    #[test]
    fn a_function_has_the_same_parts_under_another_name() {
        let template = "Resources:\n  TasksGet:\n    Type: X\n    Uri: target/lambda/tasks-get/\n    Route: GET /api/v1/tasks/{id}\n\n  Next:\n    Type: Y\n";
        let found = block(template, "tasks-get").unwrap();
        assert!(found.ends_with("{id}\n\n"), "{found:?}");
        let other = renamed(&found, "more07");
        let expected =
            "  More07Get:\n    Type: X\n    Uri: target/lambda/more07-get/\n    Route: GET /api/v1/more07/{id}\n\n";
        assert_eq!(other, expected);
        assert!(block(template, "tasks-gone").is_err());
    }
}
