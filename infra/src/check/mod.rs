//! `cargo dev check`: what the compiler cannot see. Code, template, samples and generated files must agree, and house rules
//! hold. All findings are listed at once; each says what to do.

mod budget;
pub mod floors;
mod fresh;
mod linked;
mod metrics;
pub mod migrations;
mod queues;
mod rights;
mod samples;
mod sources;
mod sql;
mod template;

use anyhow::bail;
use regex::Regex;
use testkit::template::Template;

use crate::contract;
use crate::generate::api;
use crate::local;
use crate::ui::{Step, line};
use crate::workspace::Workspace;

pub use sources::files;

/// Something that is not as it must be: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    place: String,
    text: String,
}

impl Finding {
    /// A finding at a file, function or resource; the text says what is wrong and what to do.
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

/// Builds, then checks.
///
/// # Errors
/// When there are findings, after all have been printed; or when building or reading fails.
pub fn run() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    local::build(&workspace, local::Binaries::Linked)?;
    let step = Step::start("checked");
    let findings = findings(&workspace)?;
    if findings.is_empty() {
        step.done("code, template, samples and generated files agree");
        return Ok(());
    }
    for finding in &findings {
        line(&format!("{}: {}", finding.place, finding.text));
    }
    bail!("{} findings", findings.len())
}

fn findings(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let template = Template::read(workspace.root.join("template.yaml"))?;
    let (contracts, failures) = contract::all(workspace)?;
    let mut findings: Vec<Finding> = failures
        .into_iter()
        .map(|failure| Finding::new("functions", format!("{failure}; its main must be one of shared's entry points")))
        .collect();
    findings.extend(template::check(&template, &contracts, &workspace.functions)?);
    let size = budget::Size::of(&template, &api::text(&template)?)?;
    line(&size.summary());
    findings.extend(size.findings());
    findings.extend(samples::check(&workspace.root, &workspace.functions, &contracts));
    findings.extend(fresh::check(&workspace.root, &template, &contracts)?);
    findings.extend(linked::check(&workspace.root)?);
    findings.extend(queues::check(&workspace.root, &template)?);
    findings.extend(metrics::check(&workspace.root, &template)?);
    findings.extend(rights::check(&template)?);
    findings.extend(sources::check(&workspace.root)?);
    findings.extend(floors::check(&workspace.root)?);
    findings.extend(sql::check(&workspace.root)?);
    findings.extend(migrations::check(&workspace.root)?);
    findings.sort();
    findings.dedup();
    Ok(findings)
}

/// A regular expression that is a constant of this program.
#[expect(clippy::expect_used, reason = "a constant pattern is right or wrong on every run, and the tests use each")]
pub fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

/// `leads-get` → `LeadsGet`.
pub fn pascal_case(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::pascal_case;

    #[test]
    fn logical_ids_are_pascal_case() {
        assert_eq!(pascal_case("scoring-rules-create"), "ScoringRulesCreate");
        assert_eq!(pascal_case("health"), "Health");
    }
}
