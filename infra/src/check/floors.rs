//! The floors of the shared crate: a module uses what stands below it, and nothing above. The table is the one place that says which
//! module stands where; the picture in `shared/src/lib.rs` is written from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Context as _;
use regex::Regex;

use super::sources::{files, only_tests, without_tests};
use super::{Finding, pattern};

/// Modules that stand side by side.
struct Floor {
    modules: &'static [&'static str],
    /// What stands here, for the picture.
    what: &'static str,
}

/// From the roof to the ground.
const FLOORS: &[Floor] = &[
    Floor { modules: &["webhook"], what: "the entry point of webhooks" },
    Floor {
        modules: &["http", "queue", "schedule"],
        what: "the other three: a function's `main` is one call into one of them",
    },
    Floor { modules: &["views"], what: "JSON shown to people" },
    Floor { modules: &["flows"], what: "what several functions do the same way; knows neither HTTP nor SQS" },
    Floor { modules: &["app"], what: "what a function has at hand" },
    Floor { modules: &["aws", "integrations"], what: "queues and schedules; partner clients" },
    Floor { modules: &["store"], what: "all SQL and its row mapping; knows no vendor" },
    Floor { modules: &["messages"], what: "JSON put on queues, and the queues" },
    Floor { modules: &["contract", "passwords", "secrets", "telemetry", "tokens"], what: "tools of everything above" },
    Floor { modules: &["config"], what: "typed configuration" },
    Floor { modules: &["environment", "failure"], what: "variables; the one failure type" },
    Floor { modules: &["domain"], what: "types and rules; pure" },
];

const LIB: &str = "shared/src/lib.rs";
const BEGIN: &str = "//! <!-- floors: written by `cargo dev generate` from infra/src/check/floors.rs -->\n";
const END: &str = "//! <!-- end of floors -->\n";

static PATH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(crate|(?:super::)*super)::(?:\{([^;]*)\}|([A-Za-z_][A-Za-z0-9_]*))"));
static FIRST: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|,)\s*([A-Za-z_][A-Za-z0-9_]*)"));
static DECLARED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^(?:pub )?mod ([a-z_]+);"));
static AT_THE_ROOT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^pub use ([a-z_]+)::([^;]+);"));

/// Checks every arrow of the shared crate, and its picture.
///
/// # Errors
/// When the crate cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let lib = read(root)?;
    let mut findings = declared(&lib);
    if picture(&lib).is_none_or(|current| current != lib) {
        findings.push(Finding::new(LIB, "shows other floors than there are: run `cargo dev generate`"));
    }
    let names = root_names(&lib);
    let mut beside = Arrows::new();
    for file in files(&root.join("shared/src"))? {
        let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let is_code = place.ends_with(".rs") && place != LIB && !place.contains("/tests/") && !only_tests(&file);
        if is_code {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {place}"))?;
            findings.extend(upward(&place, &text, &names, &mut beside));
        }
    }
    findings.extend(circle(&beside));
    Ok(findings)
}

/// `lib.rs` as it should be, with its place.
///
/// # Errors
/// When it cannot be read or has lost the lines between which the picture stands.
pub fn generated(root: &Path) -> anyhow::Result<(std::path::PathBuf, String)> {
    let text =
        picture(&read(root)?).with_context(|| format!("{LIB} has no place for its floors: `{}`", BEGIN.trim()))?;
    Ok((Path::new(LIB).to_owned(), text))
}

fn read(root: &Path) -> anyhow::Result<String> {
    fs::read_to_string(root.join(LIB)).with_context(|| format!("cannot read {LIB}"))
}

/// The text with the picture of today in it.
fn picture(lib: &str) -> Option<String> {
    let (before, rest) = lib.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let mut text = format!("{before}{BEGIN}//! ```text\n");
    for floor in FLOORS {
        // Writing to a string does not fail.
        let _ = writeln!(text, "//! {:<52}{}", floor.modules.join("  "), floor.what);
    }
    Some(format!("{text}//! ```\n{END}{after}"))
}

/// 0 is the ground.
fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().rev().position(|floor| floor.modules.contains(&module))
}

/// Every module of the crate has a floor, and nothing else has.
fn declared(lib: &str) -> Vec<Finding> {
    let declared: BTreeSet<&str> =
        DECLARED.captures_iter(lib).filter_map(|found| found.get(1)).map(|name| name.as_str()).collect();
    let placed: BTreeSet<&str> = FLOORS.iter().flat_map(|floor| floor.modules).copied().collect();
    let homeless = declared.difference(&placed).map(|module| {
        Finding::new(LIB, format!("the module {module} has no floor: give it one in infra/src/check/floors.rs"))
    });
    let gone = placed.difference(&declared).map(|module| {
        Finding::new(
            LIB,
            format!("there is no module {module} (any more): take its floor out of infra/src/check/floors.rs"),
        )
    });
    homeless.chain(gone).collect()
}

/// What the crate's root offers under a name of its own, and where it comes from: `crate::Failure` is an arrow to `failure`.
fn root_names(lib: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for found in AT_THE_ROOT.captures_iter(lib) {
        let last = found[2].rsplit("::").next().unwrap_or_default();
        for name in last.trim_matches(['{', '}']).split(',') {
            names.insert(name.trim().to_owned(), found[1].to_owned());
        }
    }
    names
}

/// From one module to another on the same floor, with a file that does it.
type Arrows = BTreeMap<(String, String), String>;

/// Arrows of a file to floors above its own; those to the same floor are noted in `beside`.
fn upward(place: &str, text: &str, names: &BTreeMap<String, String>, beside: &mut Arrows) -> Vec<Finding> {
    let mut path: Vec<&str> = place
        .trim_start_matches("shared/src/")
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| *part != "mod")
        .collect();
    let depth = path.len();
    let own = path.remove(0);
    let Some(stands) = floor(own) else { return Vec::new() };
    let mut targets = BTreeSet::new();
    for found in PATH.captures_iter(&code(text)) {
        // As many steps up as the module is deep lead to the crate's root.
        if &found[1] != "crate" && found[1].split("::").count() != depth {
            continue;
        }
        match (found.get(2), found.get(3)) {
            (Some(group), _) => targets.extend(firsts(group.as_str())),
            (_, Some(name)) => _ = targets.insert(name.as_str().to_owned()),
            (None, None) => {}
        }
    }
    let mut findings = Vec::new();
    for target in targets {
        let module = names.get(&target).map_or(target.as_str(), String::as_str);
        match floor(module) {
            Some(other) if other > stands => findings.push(Finding::new(
                place,
                format!("uses {module}, which stands above {own}: move what both need below them, or hand it over as an argument"),
            )),
            Some(other) if other == stands && module != own => {
                beside.entry((own.to_owned(), module.to_owned())).or_insert_with(|| place.to_owned());
            }
            _ => {}
        }
    }
    findings
}

/// The text without comments and the tests at its end.
fn code(text: &str) -> String {
    let line = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    without_tests(text).lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The first segment of each path in a group: `a::{b, c}, d` names `a` and `d`.
fn firsts(group: &str) -> Vec<String> {
    let mut depth = 0;
    let outer: String = group
        .chars()
        .filter(|letter| {
            depth += i32::from(*letter == '{');
            let shown = depth == 0;
            depth -= i32::from(*letter == '}');
            shown
        })
        .collect();
    FIRST.captures_iter(&outer).map(|found| found[1].to_owned()).collect()
}

/// Neighbours may use each other in one direction only.
fn circle(beside: &Arrows) -> Option<Finding> {
    for ((from, to), place) in beside {
        let mut seen = BTreeSet::new();
        let mut open = vec![to.clone()];
        while let Some(module) = open.pop() {
            if module == *from {
                return Some(Finding::new(
                    place,
                    format!("closes a circle: {from} uses {to}, which leads back to {from}"),
                ));
            }
            if seen.insert(module.clone()) {
                open.extend(beside.keys().filter(|(from, _)| *from == module).map(|(_, to)| to.clone()));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: &str, text: &str, expected: &[&str]) {
        let names = root_names("pub use app::App;\npub use failure::{Failure, Fault};\n");
        let findings = upward(place, text, &names, &mut Arrows::new());
        let found: Vec<&str> = findings.iter().filter_map(|one| one.text.split([' ', ',']).nth(1)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn this_workspace_stands() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let findings = super::check(root).unwrap();
        assert!(findings.is_empty(), "{findings:#?}");
    }

    #[test]
    fn an_arrow_points_down() {
        check(
            "shared/src/store/audit.rs",
            "use crate::domain::ids;\nuse crate::failure::Failure;\nuse super::Tx;",
            &[],
        );
        check("shared/src/store/audit.rs", "use crate::http::Call;", &["http"]);
        check("shared/src/flows/intake.rs", "let x = crate::queue::RawMessage::new();", &["queue"]);
        check("shared/src/store/a/b.rs", "use super::super::super::flows::deals;\nuse super::super::sql;", &["flows"]);
        check("shared/src/app.rs", "use super::http;\nuse super::store;", &["http"]);
        check("shared/src/store/x.rs", "use crate::{app::{self, App}, domain::http, failure};", &["app"]);
        // Under the names of the crate's root.
        check("shared/src/store/x.rs", "use crate::{App, Failure};", &["app"]);
        // What is no code.
        check(
            "shared/src/store/x.rs",
            "/// See [`crate::http::Call`].\n#[cfg(test)]\nmod tests {\n use crate::http;\n}",
            &[],
        );
    }

    #[test]
    fn neighbours_use_each_other_in_one_direction() {
        let mut beside = Arrows::new();
        let mut see = |place: &str, text: &str| {
            upward(place, text, &BTreeMap::new(), &mut beside);
            circle(&beside).is_some()
        };
        assert!(!see("shared/src/schedule/mod.rs", "use crate::http::schema;"));
        assert!(!see("shared/src/queue/mod.rs", "use crate::schedule;"));
        assert!(see("shared/src/http/mod.rs", "use crate::queue;"));
    }

    #[test]
    fn every_module_has_a_floor() {
        let all: String =
            FLOORS.iter().flat_map(|floor| floor.modules).map(|name| format!("pub mod {name};\n")).collect();
        assert!(declared(&all).is_empty());
        assert!(declared(&format!("{all}mod attic;\n"))[0].text.contains("attic has no floor"));
        assert!(declared(&all.replace("pub mod aws;\n", ""))[0].text.contains("no module aws"));
    }

    #[test]
    fn the_picture_is_drawn_between_its_lines() {
        let lib = format!("//! Above.\n{BEGIN}//! old\n{END}pub mod app;\n");
        let drawn = picture(&lib).unwrap();
        assert!(drawn.starts_with("//! Above.\n") && drawn.ends_with("pub mod app;\n") && !drawn.contains("old"));
        assert!(drawn.contains("//! http  queue  schedule  "), "{drawn}");
        assert_eq!(picture(&drawn).unwrap(), drawn);
        assert!(picture("//! Nothing.\n").is_none());
    }
}
