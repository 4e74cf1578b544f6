//! A migration takes nothing away that the release before still calls: the new schema comes first, and that release runs on it until
//! the new one is out.
//!
//! What it calls stands in `infra/released.txt`, which `cargo dev released` writes from the statements of `shared/src/store/*.sql`:
//! tables, their columns, functions with their number of arguments. It is read from the text of statements and migrations, so it
//! does not see what a function of the database calls inside itself, what `DO` blocks put together, or a function that keeps its
//! name and does something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context as _, bail};
use regex::Regex;

use super::sources::files;
use super::{Finding, pattern};
use crate::ui::line;
use crate::workspace::Workspace;

/// Its place in the workspace.
const RELEASED: &str = "infra/released.txt";

const HEAD: &str = "\
# What the last release calls in its database; a newer migration may not take it away. Written by `cargo dev released` when a
# release is out (`cargo dev deploy --stage production` does it), read by `cargo dev check`.
";

/// Tables with their columns, and the names of functions.
#[derive(Debug, Default)]
struct Schema {
    tables: BTreeMap<String, BTreeSet<String>>,
    functions: BTreeSet<String>,
}

/// Writes down what the release of this working tree calls.
///
/// # Errors
/// When statements or migrations cannot be read, or the file cannot be written.
pub fn record(workspace: &Workspace) -> anyhow::Result<()> {
    let path = workspace.root.join(RELEASED);
    fs::write(&path, text(&workspace.root)?).with_context(|| format!("cannot write {}", path.display()))?;
    line(&format!("written   {RELEASED}: commit it, newer migrations are held against it"));
    Ok(())
}

fn text(root: &Path) -> anyhow::Result<String> {
    let migrations = migrations(root)?;
    let schema = Schema::of(migrations.values().map(String::as_str));
    let mut calls = BTreeSet::new();
    for statement in testkit::statements::all(root)?.values() {
        calls.extend(schema.calls(statement));
    }
    let last = migrations.keys().next_back().copied().unwrap_or_default();
    let calls: String = calls.into_iter().map(|call| call + "\n").collect();
    Ok(format!("{HEAD}migrations {last}\n{calls}"))
}

/// Holds newer migrations against what the last release calls.
///
/// # Errors
/// When the migrations or the file of the last release cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let text = fs::read_to_string(root.join(RELEASED)).with_context(|| format!("cannot read {RELEASED}"))?;
    let (last, calls) = released(&text)?;
    let newer = migrations(root)?.into_iter().filter(|(version, _)| *version > last);
    let findings = newer.flat_map(|(version, text)| {
        let place = format!("shared/migrations/{version:04}");
        lost(&text, &calls).into_iter().map(move |text| Finding::new(place.clone(), text)).collect::<Vec<_>>()
    });
    Ok(findings.collect())
}

fn released(text: &str) -> anyhow::Result<(u32, BTreeSet<String>)> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let last = lines.next().and_then(|line| line.strip_prefix("migrations ")?.parse().ok());
    let Some(last) = last else {
        bail!("{RELEASED} must begin with `migrations <number>`: write it with `cargo dev released`")
    };
    Ok((last, lines.map(str::to_owned).collect()))
}

/// Every migration's text by its number.
fn migrations(root: &Path) -> anyhow::Result<BTreeMap<u32, String>> {
    let mut migrations = BTreeMap::new();
    for file in files(&root.join("shared/migrations"))? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(version) = name.split('_').next().and_then(|number| number.parse().ok()) {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            migrations.insert(version, text);
        }
    }
    Ok(migrations)
}

static TOKENS: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z_][A-Za-z0-9_]*|\$?[0-9]+|''|[(),.*]"));
static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"--[^\n]*"));
static TEXT: LazyLock<Regex> = LazyLock::new(|| pattern(r"'(?:[^']|'')*'"));
static BODY: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)\$\$.*?\$\$|\$body\$.*?\$body\$"));

/// Without comments, texts and the bodies of functions.
fn bare(sql: &str) -> String {
    let sql = COMMENT.replace_all(sql, "");
    let sql = BODY.replace_all(&sql, "''");
    TEXT.replace_all(&sql, "''").into_owned()
}

fn tokens(sql: &str) -> Vec<&str> {
    TOKENS.find_iter(sql).map(|token| token.as_str()).collect()
}

/// A name as people and Postgres write it: keywords are in capitals here.
fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
}

/// The parts of a list between its parentheses, which open right before `tokens`; and what follows the closing one.
fn parts<'a>(tokens: &'a [&'a str]) -> (Vec<&'a [&'a str]>, &'a [&'a str]) {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (place, token) in tokens.iter().enumerate() {
        match *token {
            "(" => depth += 1,
            ")" if depth == 0 => {
                if place > start || !parts.is_empty() {
                    parts.push(&tokens[start..place]);
                }
                return (parts, &tokens[place + 1..]);
            }
            ")" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&tokens[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    (parts, &[])
}

impl Schema {
    fn of<'a>(migrations: impl Iterator<Item = &'a str>) -> Self {
        let mut schema = Self::default();
        for text in migrations {
            let text = bare(text);
            for statement in text.split(';') {
                schema.take(&tokens(statement));
            }
        }
        schema
    }

    fn take(&mut self, tokens: &[&str]) {
        match tokens {
            ["CREATE", "TABLE", rest @ ..] => {
                let rest = rest.strip_prefix(&["IF", "NOT", "EXISTS"]).unwrap_or(rest);
                let [table, rest @ ..] = rest else { return };
                let columns = self.tables.entry((*table).to_owned()).or_default();
                if let ["(", rest @ ..] = rest {
                    let first = parts(rest).0.into_iter().filter_map(|part| part.first());
                    columns.extend(first.filter(|name| is_name(name)).map(|name| (*name).to_owned()));
                }
            }
            ["ALTER", "TABLE", rest @ ..] => {
                let Some((table, rest)) = altered_table(rest) else { return };
                let columns = self.tables.entry(table.to_owned()).or_default();
                for (place, _) in rest.windows(2).enumerate().filter(|(_, pair)| *pair == ["ADD", "COLUMN"]) {
                    let rest = &rest[place + 2..];
                    let name = rest.strip_prefix(&["IF", "NOT", "EXISTS"]).unwrap_or(rest).first();
                    columns.extend(name.map(|name| (*name).to_owned()));
                }
            }
            ["CREATE", "OR", "REPLACE", "FUNCTION", rest @ ..] | ["CREATE", "FUNCTION", rest @ ..] => {
                self.functions.insert(qualified(rest).0);
            }
            _ => {}
        }
    }

    /// What a statement calls, one line each.
    fn calls(&self, statement: &str) -> BTreeSet<String> {
        let text = bare(statement);
        let tokens = tokens(&text);
        let mut calls = BTreeSet::new();
        let mut aliases: BTreeMap<&str, &str> = BTreeMap::new();
        for (place, token) in tokens.iter().enumerate() {
            let before = place.checked_sub(1).and_then(|before| tokens.get(before)).copied().unwrap_or_default();
            let after = tokens.get(place + 1).copied().unwrap_or_default();
            let follows = before == "INTO" || !matches!(after, "." | "(");
            if self.tables.contains_key(*token) && before != "." && follows {
                calls.insert((*token).to_owned());
                aliases.insert(token, token);
                let alias = if after == "AS" { tokens.get(place + 2).copied().unwrap_or_default() } else { after };
                if is_name(alias) {
                    aliases.insert(alias, token);
                }
                if before == "INTO" {
                    calls.insert(format!("insert {token}"));
                }
            }
            let (function, rest) = qualified(&tokens[place..]);
            if self.functions.contains(&function) && before != "." && rest.first() == Some(&"(") {
                calls.insert(format!("{function}/{}", parts(&rest[1..]).0.len()));
            }
        }
        for (place, token) in tokens.iter().enumerate() {
            let of = match place.checked_sub(2).map(|start| &tokens[start..place]) {
                Some([table, "."]) => Some(*table),
                _ => None,
            };
            for (alias, table) in &aliases {
                let columns = &self.tables[*table];
                if of.is_some_and(|of| of != *alias) {
                    continue;
                }
                if columns.contains(*token) {
                    calls.insert(format!("{table}.{token}"));
                } else if *token == "*" && (of.is_some() || tokens.get(place.wrapping_sub(1)) == Some(&"SELECT")) {
                    calls.extend(columns.iter().map(|column| format!("{table}.{column}")));
                }
            }
        }
        calls
    }
}

/// The name that tokens begin with, with its schema, and what follows.
fn qualified<'a>(tokens: &'a [&'a str]) -> (String, &'a [&'a str]) {
    match tokens {
        [schema, ".", name, rest @ ..] => (format!("{schema}.{name}"), rest),
        [name, rest @ ..] => ((*name).to_owned(), rest),
        [] => (String::new(), &[]),
    }
}

/// What of this a migration takes away, in sentences.
fn lost(migration: &str, calls: &BTreeSet<String>) -> Vec<String> {
    let text = bare(migration);
    let mut lost = Vec::new();
    let mut refuse = |what: String, call: &str| {
        if calls.contains(call) {
            lost.push(format!(
                "{what}, which the last release calls (infra/released.txt): leave it here and put the new one beside it; take it \
                 away in a later release"
            ));
        }
    };
    for statement in text.split(';') {
        let tokens = tokens(statement);
        match tokens.as_slice() {
            ["DROP", "TABLE" | "VIEW", rest @ ..] => {
                let names = rest.strip_prefix(&["IF", "EXISTS"]).unwrap_or(rest);
                names.iter().filter(|name| is_name(name)).for_each(|name| refuse(format!("drops {name}"), name));
            }
            ["DROP", "FUNCTION" | "ROUTINE" | "PROCEDURE", rest @ ..] => {
                let mut rest = rest.strip_prefix(&["IF", "EXISTS"]).unwrap_or(rest);
                while rest.first().is_some_and(|first| is_name(first)) {
                    let (name, behind) = qualified(rest);
                    rest = match behind {
                        ["(", list @ ..] => {
                            let (arguments, behind) = parts(list);
                            let arguments = arguments.len();
                            refuse(format!("drops {name} with {arguments} arguments"), &format!("{name}/{arguments}"));
                            behind
                        }
                        _ => {
                            (0..20).for_each(|n| refuse(format!("drops {name}"), &format!("{name}/{n}")));
                            behind
                        }
                    };
                    rest = rest.strip_prefix(&[","]).unwrap_or(&[]);
                }
            }
            ["DROP", "SCHEMA", rest @ ..] => {
                let names = rest.strip_prefix(&["IF", "EXISTS"]).unwrap_or(rest);
                for schema in names.iter().filter(|name| is_name(name)) {
                    let within = format!("{schema}.");
                    let called = calls.iter().filter(|call| call.starts_with(&within) && call.contains('/'));
                    called.for_each(|call| refuse(format!("drops {schema} with {call}"), call));
                }
            }
            ["ALTER", "FUNCTION", rest @ ..] if rest.contains(&"RENAME") => {
                let name = qualified(rest).0;
                (0..20).for_each(|n| refuse(format!("renames {name}"), &format!("{name}/{n}")));
            }
            ["ALTER", "TABLE", rest @ ..] => {
                let Some((table, rest)) = altered_table(rest) else { continue };
                let whole = std::iter::once("(").chain(rest.iter().copied()).chain([")"]).collect::<Vec<_>>();
                for action in parts(&whole[1..]).0 {
                    altered(table, action, &mut refuse);
                }
            }
            _ => {}
        }
    }
    lost
}

/// The table of an `ALTER TABLE`, and what is done to it.
fn altered_table<'a>(tokens: &'a [&'a str]) -> Option<(&'a str, &'a [&'a str])> {
    let tokens = tokens.strip_prefix(&["IF", "EXISTS"]).unwrap_or(tokens);
    let tokens = tokens.strip_prefix(&["ONLY"]).unwrap_or(tokens);
    tokens.split_first().map(|(table, rest)| (*table, rest))
}

/// One action of an `ALTER TABLE`.
fn altered(table: &str, action: &[&str], refuse: &mut impl FnMut(String, &str)) {
    match action {
        ["RENAME", "TO", ..] => refuse(format!("renames {table}"), table),
        ["RENAME", "COLUMN", column, ..] | ["RENAME", column, "TO", ..] => {
            refuse(format!("renames {table}.{column}"), &format!("{table}.{column}"));
        }
        ["DROP", "COLUMN", "IF", "EXISTS", column, ..] | ["DROP", "COLUMN", column, ..] | ["DROP", column, ..]
            if is_name(column) =>
        {
            refuse(format!("drops {table}.{column}"), &format!("{table}.{column}"));
        }
        ["ALTER", "COLUMN", column, "TYPE", ..]
        | ["ALTER", "COLUMN", column, "SET", "DATA", "TYPE", ..]
        | ["ALTER", column, "TYPE", ..] => {
            refuse(format!("changes the type of {table}.{column}"), &format!("{table}.{column}"));
        }
        ["ADD", "COLUMN", rest @ ..] => {
            let column = rest.strip_prefix(&["IF", "NOT", "EXISTS"]).unwrap_or(rest);
            let needs_a_value = column.windows(2).any(|pair| pair == ["NOT", "NULL"])
                && !column.iter().any(|word| matches!(*word, "DEFAULT" | "GENERATED"));
            if let (true, Some(name)) = (needs_a_value, column.first()) {
                refuse(format!("adds {table}.{name} without a default to rows"), &format!("insert {table}"));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATIONS: &str = "
        CREATE TABLE leads (
          id uuid PRIMARY KEY, -- dropped? no: a comment
          email text, name text,
          CONSTRAINT leads_key UNIQUE (email, name)
        );
        CREATE TABLE tasks (id uuid, lead_id uuid REFERENCES leads (id), name text);
        ALTER TABLE leads ADD COLUMN score numeric(5, 2), ADD COLUMN IF NOT EXISTS tier text;
        CREATE FUNCTION lotse.take(a uuid, b text) RETURNS void LANGUAGE sql AS $$ SELECT 1; DROP TABLE tasks $$;
        CREATE OR REPLACE FUNCTION fold(text) RETURNS text LANGUAGE sql AS $$ SELECT 1 $$;";

    fn calls(statement: &str) -> BTreeSet<String> {
        Schema::of([MIGRATIONS].into_iter()).calls(statement)
    }

    fn lines(lines: &[&str]) -> BTreeSet<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    #[test]
    fn a_statement_calls_tables_columns_and_functions() {
        assert_eq!(calls("SELECT fold($1)"), lines(&["fold/1"]));
        assert_eq!(calls("SELECT lotse.take($1, 'x')"), lines(&["lotse.take/2"]));
        let read = calls("SELECT l.email, fold(l.tier), 'tasks' FROM leads l WHERE id = $1 -- and tasks");
        assert_eq!(read, lines(&["fold/1", "leads", "leads.email", "leads.id", "leads.tier"]));
        let written = calls("INSERT INTO tasks (id, name) VALUES ($1, lotse.take($2, COALESCE($3, '')))");
        assert_eq!(written, lines(&["insert tasks", "lotse.take/2", "tasks", "tasks.id", "tasks.name"]));
    }

    #[test]
    fn a_column_belongs_to_the_table_of_its_alias() {
        let joined = calls("SELECT t.name FROM leads AS l JOIN tasks t ON t.lead_id = l.id");
        assert_eq!(joined, lines(&["leads", "leads.id", "tasks", "tasks.lead_id", "tasks.name"]));
        let every = calls("SELECT t.* FROM leads l, tasks t");
        assert!(every.contains("tasks.name") && !every.contains("leads.name"), "{every:?}");
    }

    #[test]
    fn what_the_last_release_calls_may_not_go() {
        let calls = lines(&["insert leads", "leads", "leads.email", "lotse.take/2"]);
        for (migration, finding) in [
            ("DROP TABLE IF EXISTS other, leads CASCADE;", "drops leads"),
            ("ALTER TABLE leads RENAME TO people;", "renames leads"),
            ("ALTER TABLE leads ADD COLUMN x int, DROP COLUMN IF EXISTS email;", "drops leads.email"),
            ("ALTER TABLE IF EXISTS ONLY leads DROP email;", "drops leads.email"),
            ("ALTER TABLE leads RENAME COLUMN email TO mail;", "renames leads.email"),
            ("ALTER TABLE leads RENAME email TO mail;", "renames leads.email"),
            ("ALTER TABLE leads ALTER COLUMN email TYPE bytea;", "changes the type of leads.email"),
            ("ALTER TABLE leads ADD COLUMN x text NOT NULL;", "adds leads.x without a default"),
            ("DROP FUNCTION lotse.take(uuid, text);", "drops lotse.take with 2 arguments"),
            ("DROP FUNCTION IF EXISTS lotse.take;", "drops lotse.take,"),
            ("DROP FUNCTION lotse.give(uuid), lotse.take(uuid, numeric(5, 2));", "drops lotse.take with 2 arguments"),
            ("DROP ROUTINE IF EXISTS lotse.give, lotse.take CASCADE;", "drops lotse.take,"),
            ("DROP SCHEMA other, lotse CASCADE;", "drops lotse with lotse.take/2"),
            ("ALTER FUNCTION lotse.take(uuid, text) RENAME TO give;", "renames lotse.take"),
        ] {
            let found = lost(migration, &calls);
            assert_eq!(found.len(), 1, "{migration}: {found:?}");
            assert!(found[0].starts_with(finding), "{migration}: {found:?}");
        }
    }

    #[test]
    fn what_it_does_not_call_may_go_and_anything_may_come() {
        let calls = lines(&["insert leads", "leads", "leads.email", "lotse.take/2"]);
        for migration in [
            "DROP TABLE tasks;",
            "ALTER TABLE leads DROP COLUMN score, DROP CONSTRAINT leads_key, RENAME CONSTRAINT a TO b;",
            "ALTER TABLE leads ALTER COLUMN email SET NOT NULL, ALTER COLUMN email DROP DEFAULT;",
            "ALTER TABLE leads ADD COLUMN x text NOT NULL DEFAULT '', ADD COLUMN y int;",
            "ALTER TABLE tasks ADD COLUMN x text NOT NULL;",
            "DROP FUNCTION lotse.take(uuid);",
            "DROP INDEX leads_email_idx; DROP TRIGGER leads ON leads;",
            "-- DROP TABLE leads;\nCREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DROP TABLE leads; $$;",
        ] {
            assert_eq!(lost(migration, &calls), Vec::<String>::new(), "{migration}");
        }
    }

    #[test]
    fn this_workspace_keeps_what_is_called() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(super::check(root).unwrap(), []);
        let (_, calls) = released(&fs::read_to_string(root.join(RELEASED)).unwrap()).unwrap();
        let known = ["leads.id", "insert outbox", "lotse.enter_tenant/2", "lotse.delete_outbox/1"];
        assert!(calls.len() > 300 && known.iter().all(|call| calls.contains(*call)), "{} calls", calls.len());
        // The migration that once dropped what the release before called would be found today.
        let old = fs::read_to_string(root.join("shared/migrations/0010_sign_in_hardening.sql")).unwrap();
        let before = lines(&["lotse.take_sign_in/4", "lotse.end_session/2"]);
        assert_eq!(lost(&old, &before).len(), 2);
    }

    #[test]
    fn the_file_says_which_migration_was_the_last() {
        assert_eq!(released(&format!("{HEAD}migrations 12\nleads\n")).unwrap(), (12, lines(&["leads"])));
        assert!(released("leads\n").unwrap_err().to_string().contains("cargo dev released"));
    }
}
