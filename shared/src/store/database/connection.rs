//! An open connection, and the statements that Postgres keeps ready on it.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, pin_mut};
use postgres_types::{ToSql, Type};
use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Row, Statement};

use super::super::sql::Param;

/// An open connection.
///
/// A statement is sent whole each time, in one round trip, because RDS Proxy pins a connection that has named ones to its client.
/// The consumers of whole batches keep theirs all the same: they are few (the template limits them), each has a connection of its
/// own while it works, and reading and planning the same twenty statements again is a seventh of what a batch costs Postgres.
pub struct Connection {
    client: Client,
    kept: Option<Mutex<HashMap<&'static str, Statement>>>,
    outdated: AtomicBool,
}

impl Connection {
    pub fn new(client: Client, keeps_statements: bool) -> Self {
        let kept = keeps_statements.then(Mutex::default);
        Self { client, kept, outdated: AtomicBool::new(false) }
    }

    /// Whether another one is needed: it was lost, or a kept statement no longer fits the tables.
    pub fn is_over(&self) -> bool {
        self.client.is_closed() || self.outdated.load(Ordering::Relaxed)
    }

    /// All rows of a statement.
    pub async fn rows(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let outcome = match self.kept(sql, params).await? {
            Some(statement) => self.client.query(&statement, &values(params)).await,
            None => self.client.query_typed(sql, params).await,
        };
        outcome.inspect_err(|error| self.note(error))
    }

    /// The rows of a statement one by one, as they arrive.
    pub async fn each(&self, sql: &'static str, params: &[Param<'_>], mut take: impl FnMut(Row)) -> Result<(), Error> {
        let run = async {
            let rows = match self.kept(sql, params).await? {
                Some(statement) => self.client.query_raw(&statement, values(params)).await?,
                None => self.client.query_typed_raw(sql, typed(params)).await?,
            };
            pin_mut!(rows);
            while let Some(row) = rows.next().await {
                take(row?);
            }
            Ok(())
        };
        run.await.inspect_err(|error| self.note(error))
    }

    /// Rows that the statement inserted, changed or deleted.
    pub async fn affected(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Error> {
        let outcome = match self.kept(sql, params).await? {
            Some(statement) => self.client.execute(&statement, &values(params)).await,
            None => self.affected_anew(sql, params).await,
        };
        outcome.inspect_err(|error| self.note(error))
    }

    async fn affected_anew(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Error> {
        let stream = self.client.query_typed_raw(sql, typed(params)).await?;
        pin_mut!(stream);
        while let Some(row) = stream.next().await {
            row?;
        }
        Ok(stream.rows_affected().unwrap_or(0))
    }

    /// The statement as Postgres keeps it; prepared at its first use.
    ///
    /// Statements that are sent together run in the order in which they were begun (the reading after the locking): the lock is taken
    /// in turn, so one that is ready waits for one that is still being prepared, and whoever leaves here sends without a pause.
    async fn kept(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Option<Statement>, Error> {
        let Some(kept) = &self.kept else { return Ok(None) };
        let mut kept = kept.lock().await;
        if let Some(statement) = kept.get(sql) {
            return Ok(Some(statement.clone()));
        }
        let types: Vec<Type> = params.iter().map(|(_, ty)| ty.clone()).collect();
        let statement = self.client.prepare_typed(sql, &types).await?;
        kept.insert(sql, statement.clone());
        Ok(Some(statement))
    }

    fn note(&self, error: &Error) {
        if is_outdated(error) {
            self.outdated.store(true, Ordering::Relaxed);
        }
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

fn values<'a>(params: &[Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|(value, _)| *value).collect()
}

fn typed<'a>(params: &[Param<'a>]) -> Vec<Param<'a>> {
    params.iter().map(|(value, ty)| (*value, ty.clone())).collect()
}

/// A kept statement does not fit any more: a migration changed the tables meanwhile, or somebody on the way gave us another session.
/// On a new connection the same work succeeds.
pub fn is_outdated(error: &Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        *db.code() == SqlState::INVALID_SQL_STATEMENT_NAME
            || *db.code() == SqlState::FEATURE_NOT_SUPPORTED && db.message().contains("cached plan")
    })
}
