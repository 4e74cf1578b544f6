//! One connection per environment (Lambda gives an environment one request at a time), opened on first use, reopened when it
//! was lost, and transactions that enter their tenant.

use std::sync::Arc;
use std::sync::Mutex as SyncMutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::try_join;
use futures_util::{StreamExt as _, pin_mut};
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls, Row};
use uuid::Uuid;

use super::sql::{Param, params, section};
use super::tls;
use crate::config::DatabaseConfig;
use crate::domain::ids::TenantId;
use crate::failure::Failure;

const SQL: &str = include_str!("database.sql");

/// How long opening a connection may take. Aurora waking from zero needs longer; the caller is told to retry meanwhile.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The connection of this environment.
pub struct Database {
    config: DatabaseConfig,
    client: Mutex<Option<Arc<Client>>>,
    statements: AtomicU64,
}

impl Database {
    /// Nothing is opened before the first use.
    pub fn new(config: DatabaseConfig) -> Self {
        Self { config, client: Mutex::new(None), statements: AtomicU64::new(0) }
    }

    /// Statements sent since the start, for metrics and benchmarks.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// The open connection; a lost one is replaced.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn client(&self) -> Result<Arc<Client>, Failure> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(
            tokio::time::timeout(CONNECT_TIMEOUT, self.open())
                .await
                .map_err(|_| Failure::unavailable("the database did not accept a connection within 5 s"))??,
        );
        *slot = Some(Arc::clone(&client));
        Ok(client)
    }

    async fn open(&self) -> Result<Client, Failure> {
        let target = super::address::Address::parse(&self.config.url)?;
        let mut config = target.config;
        if self.config.iam {
            config.password(super::iam::token(&target.host, target.port, &target.user).await?);
        }
        let unreachable = |error: tokio_postgres::Error| Failure::unavailable(error);
        if self.config.tls {
            let (client, connection) = config.connect(tls::connector()?).await.map_err(unreachable)?;
            tokio::spawn(drive(connection));
            Ok(client)
        } else {
            let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
            tokio::spawn(drive(connection));
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
        Ok(client.query_typed(sql, params).await?)
    }

    /// Begins a transaction and enters the tenant, in one round trip.
    ///
    /// # Errors
    /// `Unauthenticated` when the tenant is not active or the token `jti` was revoked.
    pub async fn begin(&self, tenant: TenantId, jti: Option<&str>) -> Result<Tx, Failure> {
        let client = self.client().await?;
        let enter = section(SQL, "enter_tenant");
        let jti = jti.map(str::to_owned);
        let entered = {
            let begin = client.batch_execute("BEGIN");
            let params: &[Param<'_>] = params![tenant, jti];
            let enter = client.query_typed(enter, params);
            try_join(begin, enter).await
        };
        self.statements.fetch_add(1, Ordering::Relaxed);
        let tx = Tx(Arc::new(Open {
            client,
            tenant,
            rule_set_version: entered
                .as_ref()
                .ok()
                .and_then(|(_, rows)| rows.first())
                .and_then(|row| row.get::<_, Option<i32>>(0))
                .unwrap_or_default(),
            outbox: SyncMutex::new(Vec::new()),
            finished: AtomicBool::new(false),
            statements: AtomicU64::new(1),
        }));
        let rows = match entered {
            Ok((_, rows)) => rows,
            Err(error) => {
                tx.rollback().await;
                return Err(error.into());
            }
        };
        if rows.first().and_then(|row| row.get::<_, Option<i32>>(0)).is_none() {
            tx.rollback().await;
            return Err(Failure::Unauthenticated("This token is no longer valid. Sign in again.".to_owned()));
        }
        Ok(tx)
    }

    /// Begins a transaction without a tenant, for housekeeping that works across tenants through narrow functions.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_without_tenant(&self) -> Result<Tx, Failure> {
        let client = self.client().await?;
        client.batch_execute("BEGIN").await?;
        Ok(Tx(Arc::new(Open {
            client,
            tenant: TenantId(Uuid::nil()),
            rule_set_version: 0,
            outbox: SyncMutex::new(Vec::new()),
            finished: AtomicBool::new(false),
            statements: AtomicU64::new(0),
        })))
    }
}

async fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    if let Err(error) = connection.await {
        tracing::warn!(reason = %error, "lost the database connection; the next use opens a new one");
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
    client: Arc<Client>,
    tenant: TenantId,
    rule_set_version: i32,
    outbox: SyncMutex<Vec<Promise>>,
    finished: AtomicBool,
    statements: AtomicU64,
}

impl Tx {
    /// Whose data this transaction sees.
    pub fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// The tenant's published rule-set version when the transaction began.
    pub fn rule_set_version(&self) -> i32 {
        self.0.rule_set_version
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
        self.0.client.query_typed(sql, params).await
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
        let typed: Vec<_> = params.iter().map(|(value, ty)| (*value, ty.clone())).collect();
        let stream = self.0.client.query_typed_raw(sql, typed).await?;
        pin_mut!(stream);
        while let Some(row) = stream.next().await {
            row?;
        }
        Ok(stream.rows_affected().unwrap_or(0))
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
    /// When the commit fails; nothing happened then.
    pub async fn commit(&self) -> Result<Vec<Promise>, Failure> {
        self.0.client.batch_execute("COMMIT").await?;
        self.0.finished.store(true, Ordering::Relaxed);
        Ok(self.0.outbox.lock().map(|mut outbox| std::mem::take(&mut *outbox)).unwrap_or_default())
    }

    /// Undoes everything.
    pub async fn rollback(&self) {
        self.0.finished.store(true, Ordering::Relaxed);
        if let Err(error) = self.0.client.batch_execute("ROLLBACK").await {
            tracing::debug!(reason = %error, "rollback on a lost connection");
        }
    }

    /// Marks a point to return to with [`Self::return_to_savepoint`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn savepoint(&self) -> Result<(), Failure> {
        Ok(self.0.client.batch_execute("SAVEPOINT here").await?)
    }

    /// Undoes what came after [`Self::savepoint`]; the transaction goes on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn return_to_savepoint(&self) -> Result<(), Failure> {
        Ok(self.0.client.batch_execute("ROLLBACK TO SAVEPOINT here").await?)
    }
}

impl Drop for Open {
    /// A handler that panicked must not leave its locks behind.
    fn drop(&mut self) {
        if !self.finished.load(Ordering::Relaxed) && !self.client.is_closed() {
            let client = Arc::clone(&self.client);
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { client.batch_execute("ROLLBACK").await });
            }
        }
    }
}
