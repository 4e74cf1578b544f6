//! A Postgres database for each test: a copy of a template database that the real `migrate` function has made.
//!
//! The server is the one named by `LOTSE_TEST_DATABASE_URL` (a superuser's URL; `cargo dev test` sets it), else the one
//! `cargo dev up` keeps. Template databases are named after the migrations and the `migrate` executable, so that a
//! change of either makes a new one, once, whichever test comes first.

mod template;

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio_postgres::{Client, NoTls};
use url::Url;
use uuid::Uuid;

use crate::keys::epoch_seconds;
use crate::workspace;

/// Name of the role the functions log in as, and its password in tests.
pub const APP_ROLE: (&str, &str) = ("lotse_app", "lotse");

/// Databases of tests begin with this, followed by the second of their making in hexadecimal digits.
const PREFIX: &str = "lotse_test_";

/// Seconds after which a database nobody dropped is swept away.
const LEFTOVER_AGE: u64 = 3600;

/// A database of its own; dropping it drops the database.
#[derive(Debug)]
pub struct TestDatabase {
    server: Url,
    name: String,
}

impl TestDatabase {
    /// A fresh copy of the migrated template.
    ///
    /// # Errors
    /// Says what to start when there is no Postgres for tests, or what to build when `migrate` is missing.
    pub async fn new() -> anyhow::Result<Self> {
        let server = server()?;
        let client = connect(&server).await?;
        let template = template::migrated(&server, &client).await?;
        Self::copy_of(&server, &client, &template).await
    }

    /// A fresh copy of a database that `make` has filled, and the note `make` left. The filled one is kept for later
    /// tests, as long as `key` and the migrations stay the same.
    pub(crate) async fn filled<T>(
        key: &str,
        make: impl AsyncFnOnce(Self) -> anyhow::Result<(T, String)>,
    ) -> anyhow::Result<(Self, String)> {
        let server = server()?;
        let client = connect(&server).await?;
        let (template, note) = template::filled(&client, key, make).await?;
        Ok((Self::copy_of(&server, &client, &template).await?, note))
    }

    async fn copy_of(server: &Url, client: &Client, template: &str) -> anyhow::Result<Self> {
        let name = format!("{PREFIX}{:08x}_{}", epoch_seconds(), &Uuid::new_v4().simple().to_string()[..12]);
        // 40 ms for our 9 MB; copying the files instead takes 50 and forces a checkpoint on everybody.
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG");
        client.batch_execute(&create).await.with_context(|| format!("cannot copy {template}"))?;
        Ok(Self { server: server.clone(), name })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Host and port of the server.
    pub fn address(&self) -> (String, u16) {
        (self.server.host_str().unwrap_or("127.0.0.1").to_owned(), self.server.port().unwrap_or(5432))
    }

    /// The superuser's URL of this database.
    pub fn admin_url(&self) -> String {
        at(&self.server, &self.name).into()
    }

    /// The URL the functions use: role `lotse_app`, which row-level security binds.
    pub fn app_url(&self) -> String {
        let (host, port) = self.address();
        self.app_url_via(&host, port)
    }

    /// Like [`TestDatabase::app_url`], through another address such as a proxy's.
    pub fn app_url_via(&self, host: &str, port: u16) -> String {
        let (role, password) = APP_ROLE;
        format!("postgres://{role}:{password}@{host}:{port}/{}", self.name)
    }

    /// A superuser's connection, for looking at what functions have written, past row-level security.
    ///
    /// # Errors
    /// When the server does not take the connection.
    pub async fn client(&self) -> anyhow::Result<Client> {
        connect(&at(&self.server, &self.name)).await
    }

    /// A connection as the functions' role.
    ///
    /// # Errors
    /// When the server does not take the connection.
    pub async fn app_client(&self) -> anyhow::Result<Client> {
        connect(&Url::parse(&self.app_url())?).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // A runtime of its own: the test's may be ending, and blocking inside it would never return.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let drop_it =
                    async { connect(&server).await?.batch_execute(&drop_statement(&name)).await.map_err(Into::into) };
                tokio::time::timeout(Duration::from_secs(10), drop_it).await?
            })
        });
        let outcome: Result<anyhow::Result<()>, _> = dropping.join();
        if let Ok(Err(error)) = outcome {
            // The sweep of a later test removes it.
            eprintln!("a test database was left behind: {error:#}");
        }
    }
}

fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

/// The superuser's URL of the Postgres for tests.
fn server() -> anyhow::Result<Url> {
    let url = match std::env::var("LOTSE_TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => url,
        _ => from_state()?.context(
            "there is no Postgres for tests: run `cargo dev test`, or `cargo dev up` once and then `cargo test`; \
             or set LOTSE_TEST_DATABASE_URL to a superuser's URL",
        )?,
    };
    let url = Url::parse(&url).context("the URL of the Postgres for tests is no URL")?;
    anyhow::ensure!(url.host_str().is_some(), "the URL of the Postgres for tests must name a host, not a socket");
    Ok(url)
}

/// What `cargo dev up` has written down, if it runs here.
fn from_state() -> anyhow::Result<Option<String>> {
    let path = workspace::root()?.join(".dev/state.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(None);
    };
    let state: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    Ok(state["test_database_url"].as_str().map(str::to_owned))
}

/// The same server, another database.
fn at(server: &Url, database: &str) -> Url {
    let mut url = server.clone();
    url.set_path(database);
    url
}

async fn connect(url: &Url) -> anyhow::Result<Client> {
    let shown = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(5432));
    let connecting = tokio_postgres::connect(url.as_str(), NoTls);
    let connected = tokio::time::timeout(Duration::from_secs(30), connecting).await;
    let (client, connection) =
        connected.with_context(|| format!("the Postgres for tests at {shown} did not answer in 30 s"))?.with_context(
            || format!("cannot reach the Postgres for tests at {shown}: is it running? `cargo dev up` starts one"),
        )?;
    // Ends with the client; its error shows in the client's next call.
    tokio::spawn(connection);
    Ok(client)
}
