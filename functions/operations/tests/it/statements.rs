//! Every statement of the store, prepared on a freshly migrated Postgres: what types its parameters and columns have stands in
//! `shared/src/store/statements.golden`, so that a migration or an edit that changes one shows, and the functions' role may run it.
//!
//! Postgres cannot tell the types of some parameters by itself (`unnest($1, $2)`). For those the golden file is where they are
//! stated: write `name ($1's type, $2's type)` there once; rewriting the file keeps it.

use std::collections::BTreeSet;
use std::path::Path;

use testkit::{TestApp, statements};
use tokio_postgres::Client;
use tokio_postgres::types::{Kind, Type};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/src/store/statements.golden");

const HEADER: &str = "\
# What goes into every statement of the store and what comes out: name (types of $1, $2, ...) -> columns.
# Rewritten by `LOTSE_BLESS=1 cargo test -p operations statements`; read the difference before you commit it.
";

/// Migrations run as the owner, before the functions' role may do anything.
fn is_owners(name: &str) -> bool {
    name.starts_with("migrations.")
}

/// As it is written in SQL.
fn written(ty: &Type) -> String {
    match ty.kind() {
        Kind::Array(of) => format!("{}[]", of.name()),
        _ => ty.name().to_owned(),
    }
}

async fn types(client: &Client, names: &str) -> Vec<Type> {
    let names: Vec<&str> = names.split(", ").filter(|name| !name.is_empty()).collect();
    let rows = client.query("SELECT to_regtype(n)::oid FROM unnest($1::text[]) n", &[&names]).await.unwrap();
    let oids = rows.iter().map(|row| row.get::<_, Option<u32>>(0).and_then(Type::from_oid));
    oids.zip(names).map(|(ty, name)| ty.unwrap_or_else(|| panic!("Postgres has no type {name}"))).collect()
}

/// `(uuid, text[]) -> id uuid`, with the types that Postgres finds out by itself, else with those that were stated.
async fn shape(client: &Client, sql: &str, stated: Option<&str>) -> Result<(String, String), tokio_postgres::Error> {
    let prepared = match (client.prepare(sql).await, stated) {
        (Err(_), Some(stated)) => client.prepare_typed(sql, &types(client, stated).await).await?,
        (outcome, _) => outcome?,
    };
    let parameters: Vec<String> = prepared.params().iter().map(written).collect();
    let columns = prepared.columns().iter();
    let columns: Vec<String> = columns.map(|column| format!("{} {}", column.name(), written(column.type_()))).collect();
    Ok((parameters.join(", "), columns.join(", ")))
}

/// Lets Postgres check the role's rights without running anything.
async fn may_run(client: &Client, sql: &str, parameters: &str) -> Result<(), tokio_postgres::Error> {
    let types = if parameters.is_empty() { String::new() } else { format!("({parameters})") };
    let nulls: Vec<&str> = parameters.split(", ").filter(|name| !name.is_empty()).map(|_| "NULL").collect();
    let nulls = if nulls.is_empty() { String::new() } else { format!("({})", nulls.join(", ")) };
    client.batch_execute(&format!("PREPARE this {types} AS {sql}")).await?;
    let explained = client.batch_execute(&format!("EXPLAIN EXECUTE this {nulls}")).await;
    client.batch_execute("DEALLOCATE this").await?;
    explained
}

/// What stands between the first brackets of the line of a statement.
fn stated<'a>(golden: &'a str, name: &str) -> Option<&'a str> {
    let line = golden.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" ("))?;
    line.split(')').next()
}

fn said(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned())
}

#[tokio::test]
async fn statements_have_the_types_that_were_agreed_on() {
    let app = TestApp::bare().await;
    let owner = app.db().await;
    let functions = app.database().app_client().await.unwrap();
    let agreed = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    let mut found = HEADER.to_owned();
    let mut faults = Vec::new();
    for (name, sql) in statements::all(Path::new(ROOT)).unwrap() {
        let client = if is_owners(&name) { &owner } else { &functions };
        let (parameters, columns) = match shape(client, &sql, stated(&agreed, &name)).await {
            Ok(shape) => shape,
            Err(error) => {
                faults.push(format!("{name} cannot be prepared: {}", said(&error)));
                continue;
            }
        };
        if !is_owners(&name)
            && let Err(error) = may_run(client, &sql, &parameters).await
        {
            faults.push(format!("{name} cannot be run by the functions' role: {}", said(&error)));
        }
        let arrow = if columns.is_empty() { "" } else { " -> " };
        found.push_str(&format!("{name} ({parameters}){arrow}{columns}\n"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    if std::env::var_os("LOTSE_BLESS").is_some() {
        std::fs::write(GOLDEN, &found).unwrap();
        return;
    }
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let (agreed, found) = (lines(&agreed), lines(&found));
    let gone = agreed.difference(&found).map(|line| format!("- {line}"));
    let new = found.difference(&agreed).map(|line| format!("+ {line}"));
    let difference: Vec<String> = gone.chain(new).collect();
    assert!(
        difference.is_empty(),
        "statements.golden says otherwise. If the change is meant, run `LOTSE_BLESS=1 cargo test -p operations statements`.\n{}",
        difference.join("\n")
    );
}

#[tokio::test]
async fn a_change_of_type_and_a_missing_right_are_noticed() {
    let app = TestApp::bare().await;
    let (owner, functions) = (app.db().await, app.database().app_client().await.unwrap());
    let sql =
        "SELECT id, total_score FROM lead_standings JOIN leads ON id = lead_id WHERE id = $1 AND total_score > $2";
    let found = async || shape(&functions, sql, None).await.unwrap();
    assert_eq!(found().await, ("uuid, int4".to_owned(), "id uuid, total_score int4".to_owned()));
    may_run(&functions, sql, "uuid, int4").await.unwrap();
    owner.batch_execute("ALTER TABLE lead_standings ALTER total_score TYPE bigint").await.unwrap();
    assert_eq!(found().await, ("uuid, int8".to_owned(), "id uuid, total_score int8".to_owned()));
    owner.batch_execute("REVOKE SELECT ON leads FROM lotse_app").await.unwrap();
    let refused = may_run(&functions, sql, "uuid, int8").await.unwrap_err();
    assert_eq!(said(&refused), "permission denied for table leads");
    // Postgres does not know these by itself.
    let sql = "SELECT u.a FROM unnest($1, $2) AS u (a, b)";
    functions.prepare(sql).await.unwrap_err();
    let known = stated("# x\nleads.one (uuid[], text[]) -> a uuid\n", "leads.one");
    let (parameters, columns) = shape(&functions, sql, known).await.unwrap();
    assert_eq!((parameters.as_str(), columns.as_str()), ("uuid[], text[]", "a uuid"));
}
