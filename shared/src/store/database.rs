//! One connection per environment (Lambda gives an environment one request at a time), opened on first use, reopened when it
//! was lost, and transactions that enter their tenant.

mod connection;

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::try_join;
use tokio::sync::Mutex;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls, Row};
use tracing::Instrument as _;
use uuid::Uuid;

use super::error::{described, of_commit};
use super::sql::{Param, params, section};
use super::tls;
use crate::config::DatabaseConfig;
use crate::domain::access::Shown;
use crate::domain::ids::TenantId;
use crate::failure::Failure;

use connection::Connection;
pub use connection::is_outdated;

const SQL: &str = include_str!("database.sql");

/// How long opening a connection may take. Aurora waking from zero needs longer; the caller is told to retry meanwhile.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The connection of this environment.
pub struct Database {
    config: DatabaseConfig,
    client: Mutex<Option<Arc<Connection>>>,
    keeps_statements: AtomicBool,
    /// In milliseconds; 0: as long as the role may.
    limit: AtomicI32,
    statements: AtomicU64,
}

impl Database {
    /// Nothing is opened before the first use.
    pub fn new(config: DatabaseConfig) -> Self {
        Self {
            config,
            client: Mutex::new(None),
            keeps_statements: AtomicBool::new(false),
            limit: AtomicI32::new(0),
            statements: AtomicU64::new(0),
        }
    }

    /// From the next connection on, Postgres keeps statements ready. For few environments that work much: see [`Connection`].
    pub fn keep_statements(&self) {
        self.keeps_statements.store(true, Ordering::Relaxed);
    }

    /// From the next transaction in a tenant on, none of its statements takes longer than this. For environments in which somebody
    /// waits for the answer; the role's own limit is for those in which nobody does.
    pub fn limit_statements(&self, most: Duration) {
        self.limit.store(i32::try_from(most.as_millis()).unwrap_or(i32::MAX), Ordering::Relaxed);
    }

    /// Statements sent since the start, for metrics and benchmarks.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// The open connection; a lost one is replaced.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn client(&self) -> Result<Arc<Connection>, Failure> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref().filter(|client| !client.is_over()) {
            return Ok(Arc::clone(client));
        }
        // Boxed: the compiler follows futures within futures only so far, and every function has this one at the bottom of its own.
        let client = tokio::time::timeout(CONNECT_TIMEOUT, self.open().boxed())
            .await
            .map_err(|_| Failure::unavailable("the database did not accept a connection within 5 s"))??;
        let client = Arc::new(Connection::new(client, self.keeps_statements.load(Ordering::Relaxed)));
        *slot = Some(Arc::clone(&client));
        Ok(client)
    }

    async fn open(&self) -> Result<Client, Failure> {
        let target = super::address::Address::parse(&self.config.url)?;
        let mut config = target.config;
        if self.config.iam {
            config.password(super::iam::token(&target.host, target.port, &target.user).await?);
        }
        let unreachable = |error: tokio_postgres::Error| Failure::unavailable(described(&error));
        // The connection outlives the request that opened it.
        let span = tracing::error_span!(parent: None, "connection", function = crate::telemetry::function_name());
        if self.config.tls {
            // The client's default goes on in plain text, password first, when somebody on the way says "no TLS here".
            config.ssl_mode(SslMode::Require);
            let (client, connection) = config.connect(tls::connector()?).await.map_err(unreachable)?;
            tokio::spawn(drive(connection).instrument(span));
            Ok(client)
        } else {
            let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
            tokio::spawn(drive(connection).instrument(span));
            Ok(client)
        }
    }

    /// One statement outside of any tenant: only the narrow functions of schema `lotse` work there.
    ///
    /// # Errors
    /// As the statement fails.
    pub async fn query(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        let client = self.client().await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        Ok(client.rows(sql, params).await?)
    }

    /// The same for what a request begins with, on a connection that may have ended unnoticed since its last use: one that turns out
    /// closed is replaced once. The statement may have been carried out before: only for those that may happen twice.
    ///
    /// # Errors
    /// As the statement fails.
    pub async fn query_again_if_lost(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        let client = self.client().await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        match client.rows(sql, params).await {
            Err(error) if is_closed(&error) => {
                self.discard_this(&client).await;
                self.query(sql, params).await
            }
            outcome => Ok(outcome?),
        }
    }

    /// Forgets the open connection: the next use opens another. For one that answers nothing although it is not closed.
    pub async fn discard(&self) {
        self.client.lock().await.take();
    }

    async fn discard_this(&self, lost: &Arc<Connection>) {
        let mut slot = self.client.lock().await;
        if slot.as_ref().is_some_and(|client| Arc::ptr_eq(client, lost)) {
            slot.take();
        }
    }

    /// Begins a transaction and enters the tenant, in one round trip.
    ///
    /// # Errors
    /// `Unauthenticated` when the tenant is not active, or what is shown was revoked or is an inactive member's.
    pub async fn begin(&self, tenant: TenantId, shown: Shown<'_>) -> Result<Tx, Failure> {
        let Shown { jti, member, emails } = shown;
        let (tx, rows) = match self.limit.load(Ordering::Relaxed) {
            0 => {
                let enter = const { section(SQL, "enter_tenant") };
                self.begin_with(tenant, Some((enter, params![tenant, jti, member, emails]))).await?
            }
            limit => {
                let enter = const { section(SQL, "enter_tenant_for") };
                self.begin_with(tenant, Some((enter, params![tenant, jti, member, emails, limit]))).await?
            }
        };
        self.statements.fetch_add(1, Ordering::Relaxed);
        match rows.first().and_then(|row| row.get::<_, Option<i32>>(0)) {
            Some(version) => {
                let _first = tx.0.rule_set_version.set(version);
                let _first = tx.0.tenant_version.set(rows.first().and_then(|row| row.get(1)).unwrap_or_default());
                Ok(tx)
            }
            None => {
                tx.rollback().await;
                Err(Failure::Unauthenticated("This token is no longer valid. Sign in again.".to_owned()))
            }
        }
    }

    /// Begins a transaction without a tenant, for housekeeping that works across tenants through narrow functions.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_without_tenant(&self) -> Result<Tx, Failure> {
        Ok(self.begin_with(TenantId(Uuid::nil()), None).await?.0)
    }

    /// The handle stands before anything is sent: a caller that gives up while waiting drops it, and that rolls back. A kept
    /// connection may have ended unnoticed since its last use, so one that turns out closed is replaced once.
    async fn begin_with(
        &self,
        tenant: TenantId,
        enter: Option<(&'static str, &[Param<'_>])>,
    ) -> Result<(Tx, Vec<Row>), Failure> {
        let mut retried = false;
        loop {
            let tx = Tx::over(self.client().await?, tenant);
            let begin = tx.0.client.batch_execute("BEGIN");
            let begun = match enter {
                Some((sql, params)) => try_join(begin, tx.query(sql, params)).await.map(|(_, rows)| rows),
                None => begin.await.map(|()| Vec::new()),
            };
            match begun {
                Ok(rows) => return Ok((tx, rows)),
                Err(error) if is_closed(&error) => {
                    tx.0.finished.store(true, Ordering::Relaxed);
                    self.discard_this(&tx.0.client).await;
                    if retried {
                        return Err(error.into());
                    }
                    retried = true;
                }
                Err(error) => {
                    tx.rollback().await;
                    return Err(error.into());
                }
            }
        }
    }
}

/// The connection is gone, or the server says that it ends it.
fn is_closed(error: &tokio_postgres::Error) -> bool {
    const ENDED: [SqlState; 4] = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::IDLE_SESSION_TIMEOUT,
        SqlState::CONNECTION_FAILURE,
    ];
    error.is_closed() || error.code().is_some_and(|code| ENDED.contains(code))
}

async fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    if let Err(error) = connection.await {
        tracing::warn!(reason = described(&error), "lost the database connection; the next use opens a new one");
    }
}

/// A message that this transaction promised to a queue.
#[derive(Debug, Clone)]
pub struct Promise {
    pub id: Uuid,
    pub queue: &'static str,
    pub body: String,
}

/// An open transaction in one tenant. A handle: clones are the same transaction.
#[derive(Clone)]
pub struct Tx(Arc<Open>);

struct Open {
    client: Arc<Connection>,
    tenant: TenantId,
    /// Known once the tenant is entered.
    rule_set_version: OnceLock<i32>,
    /// The same.
    tenant_version: OnceLock<i64>,
    outbox: SyncMutex<Vec<Promise>>,
    /// Committed or rolled back, or about to be.
    finished: AtomicBool,
    /// A statement failed: Postgres ignores everything until the end or the savepoint, and would take COMMIT for ROLLBACK.
    aborted: AtomicBool,
    statements: AtomicU64,
}

impl Tx {
    fn over(client: Arc<Connection>, tenant: TenantId) -> Self {
        Self(Arc::new(Open {
            client,
            tenant,
            rule_set_version: OnceLock::new(),
            tenant_version: OnceLock::new(),
            outbox: SyncMutex::new(Vec::new()),
            finished: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            statements: AtomicU64::new(0),
        }))
    }

    /// Remembers when Postgres refused a statement.
    fn noticed(&self, error: tokio_postgres::Error) -> tokio_postgres::Error {
        if error.as_db_error().is_some() {
            self.0.aborted.store(true, Ordering::Relaxed);
        }
        error
    }

    /// Whose data this transaction sees.
    pub fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// The tenant's published rule-set version when the transaction began.
    pub fn rule_set_version(&self) -> i32 {
        self.0.rule_set_version.get().copied().unwrap_or_default()
    }

    /// The version of the tenant's own facts, its name and zone among them, when the transaction began.
    pub fn tenant_version(&self) -> i64 {
        self.0.tenant_version.get().copied().unwrap_or_default()
    }

    /// Statements of this transaction, tenant entry included, begin and commit not.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// All rows of a statement.
    ///
    /// # Errors
    /// As the statement fails.
    pub async fn query(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.0.statements.fetch_add(1, Ordering::Relaxed);
        self.0.client.rows(sql, params).await.map_err(|error| self.noticed(error))
    }

    /// Makes something of every row of a statement as it arrives: thousands of rows are never in memory at once.
    ///
    /// # Errors
    /// As the statement fails, and the first failure of `make`, which does not keep the other rows from being received.
    pub async fn query_map<T>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        mut make: impl FnMut(&Row) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        self.0.statements.fetch_add(1, Ordering::Relaxed);
        let (mut made, mut failed) = (Vec::new(), None);
        let take = |row: Row| match make(&row) {
            Ok(one) if failed.is_none() => made.push(one),
            Ok(_) => {}
            Err(failure) => failed = failed.take().or(Some(failure)),
        };
        self.0.client.each(sql, params, take).await.map_err(|error| self.noticed(error))?;
        failed.map_or(Ok(made), Err)
    }

    /// At most one row.
    ///
    /// # Errors
    /// As the statement fails.
    pub async fn find(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Option<Row>, tokio_postgres::Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Rows that the statement inserted, changed or deleted.
    ///
    /// # Errors
    /// As the statement fails.
    pub async fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, tokio_postgres::Error> {
        self.0.statements.fetch_add(1, Ordering::Relaxed);
        self.0.client.affected(sql, params).await.map_err(|error| self.noticed(error))
    }

    /// Remembers messages whose outbox rows stand in this transaction, to be handed over right after the commit.
    pub fn promise(&self, messages: Vec<Promise>) {
        if let Ok(mut outbox) = self.0.outbox.lock() {
            outbox.extend(messages);
        }
    }

    /// Commits and answers with the messages to hand over now.
    ///
    /// # Errors
    /// When the commit fails: nothing happened then, unless the connection was lost on the way (`Unsure`), where nobody can tell and a
    /// repetition has to be harmless. Also when a statement failed before and its error was passed over.
    pub async fn commit(&self) -> Result<Vec<Promise>, Failure> {
        if self.0.aborted.load(Ordering::Relaxed) {
            self.rollback().await;
            return Err(Failure::internal("a statement of this transaction failed, so that it cannot be committed"));
        }
        // From here on COMMIT decides: a caller who stops waiting must not send ROLLBACK after it.
        self.0.finished.store(true, Ordering::Relaxed);
        if self.0.client.is_closed() {
            return Err(Failure::unavailable("the connection was lost before COMMIT, so that nothing was changed"));
        }
        self.0.client.batch_execute("COMMIT").await.map_err(of_commit)?;
        Ok(self.0.outbox.lock().map(|mut outbox| std::mem::take(&mut *outbox)).unwrap_or_default())
    }

    /// Undoes everything.
    pub async fn rollback(&self) {
        self.0.finished.store(true, Ordering::Relaxed);
        if let Err(error) = self.0.client.batch_execute("ROLLBACK").await {
            tracing::debug!(reason = described(&error), "rollback on a lost connection");
        }
    }

    /// Marks a point to return to with [`Self::return_to_savepoint`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn savepoint(&self) -> Result<(), Failure> {
        Ok(self.0.client.batch_execute("SAVEPOINT here").await.map_err(|error| self.noticed(error))?)
    }

    /// Undoes what came after [`Self::savepoint`]; the transaction goes on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn return_to_savepoint(&self) -> Result<(), Failure> {
        self.0.client.batch_execute("ROLLBACK TO SAVEPOINT here").await?;
        self.0.aborted.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Open {
    /// A handler that panicked, or whose caller stopped waiting, must not leave its locks behind. The first poll puts ROLLBACK into
    /// the connection's queue, ahead of whatever is sent next; its answer is of no interest.
    fn drop(&mut self) {
        if !self.finished.load(Ordering::Relaxed) && !self.client.is_closed() {
            let _sent = self.client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

#[cfg(test)]
mod tests;
