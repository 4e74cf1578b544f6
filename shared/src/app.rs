//! What a function has at hand: database, queues, scheduler, configuration, clock. Each part is made on first use, so that a
//! function pays at start-up only for what it needs, and is kept for the life of the environment.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::aws::queues::Sender;
use crate::aws::schedules::WakeUps;
use crate::config::{self, DatabaseConfig, SchedulerConfig, SecretsConfig};
use crate::domain::access::Shown;
use crate::domain::ids::TenantId;
use crate::environment::ConfigError;
use crate::failure::Failure;
use crate::secrets::Sealer;
use crate::store::rules::RuleCache;
use crate::store::{Database, Promise, Tx};
use crate::tokens::{Signer, signer_from_env};

/// The parts of one environment. A handle: clones share everything.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    database: Database,
    sender: Sender,
    rules: RuleCache,
    sealer: OnceLock<Sealer>,
    signer: OnceLock<Signer>,
    http: OnceLock<reqwest::Client>,
    console_url: Option<String>,
    /// How long messages are handed over after a commit.
    hand_over: OnceLock<Duration>,
}

/// The longest an endpoint's statement may take: its function has ten seconds.
const REQUEST_STATEMENT: Duration = Duration::from_secs(8);

/// How long somebody who waits for the answer waits for the hand-over: what was not handed over by then the relay does a minute later.
const REQUEST_HAND_OVER: Duration = Duration::from_millis(1_500);

/// How long a consumer or a job hands over at a time.
const HAND_OVER: Duration = Duration::from_secs(10);

impl App {
    /// Reads the database's configuration; opens nothing.
    ///
    /// # Errors
    /// When a variable that every function needs is missing; the error names it.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self::with_database(DatabaseConfig::from_env()?))
    }

    /// For `migrate`, which works as the owner.
    pub fn with_database(database: DatabaseConfig) -> Self {
        Self(Arc::new(Parts {
            database: Database::new(database),
            sender: Sender::default(),
            rules: RuleCache::default(),
            sealer: OnceLock::new(),
            signer: OnceLock::new(),
            http: OnceLock::new(),
            console_url: config::console_url(),
            hand_over: OnceLock::new(),
        }))
    }

    /// From now on somebody waits for what this environment does: its statements and its hand-overs have less time.
    pub fn somebody_waits(&self) {
        self.0.database.limit_statements(REQUEST_STATEMENT);
        let _first = self.0.hand_over.set(REQUEST_HAND_OVER);
    }

    /// The moment now. The one clock: everything below takes time as an argument.
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// A new id, ordered by time.
    pub fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// The database of this environment.
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// Begins a transaction of the machine in a tenant.
    ///
    /// # Errors
    /// When the database does not answer or the tenant is not active.
    pub async fn begin(&self, tenant: TenantId) -> Result<Tx, Failure> {
        self.0.database.begin(tenant, Shown::default()).await
    }

    /// Does work of the machine in a transaction of its own in a tenant: committed, with its messages handed over, when it succeeds,
    /// and undone when it fails.
    ///
    /// # Errors
    /// As [`Self::begin`], the work and [`Self::commit`].
    pub async fn transact<T>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(Tx) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let tx = self.begin(tenant).await?;
        self.end(&tx, work(tx.clone()).await).await
    }

    /// The same in no tenant, for housekeeping that works across tenants through narrow functions.
    ///
    /// # Errors
    /// As [`Self::transact`].
    pub async fn transact_across<T>(&self, work: impl AsyncFnOnce(Tx) -> Result<T, Failure>) -> Result<T, Failure> {
        let tx = self.database().begin_without_tenant().await?;
        self.end(&tx, work(tx.clone()).await).await
    }

    /// The end of a transaction that was begun otherwise: what succeeded is committed and handed over, what failed is undone.
    ///
    /// # Errors
    /// The failure of the work, or of the commit.
    pub async fn end<T>(&self, tx: &Tx, outcome: Result<T, Failure>) -> Result<T, Failure> {
        match outcome {
            Ok(value) => self.commit(tx).await.map(|()| value),
            Err(failure) => {
                tx.rollback().await;
                Err(failure)
            }
        }
    }

    /// Commits, then hands promised messages to their queues. What cannot be handed over now stays in the outbox for the relay.
    ///
    /// # Errors
    /// When the commit fails; a failing hand-over is not an error.
    pub async fn commit(&self, tx: &Tx) -> Result<(), Failure> {
        let promises = tx.commit().await?;
        self.hand_over(&promises).await;
        Ok(())
    }

    /// Sends messages and deletes their outbox rows. A crash in between sends twice, which every consumer allows for.
    pub async fn hand_over(&self, promises: &[Promise]) {
        if promises.is_empty() {
            return;
        }
        let limit = self.0.hand_over.get().copied().unwrap_or(HAND_OVER);
        let sent = self.0.sender.send_all(promises, limit).await;
        if sent.len() < promises.len() {
            tracing::warn!(messages = promises.len() - sent.len(), "not handed over in time; the relay does it");
        }
        if sent.is_empty() {
            return;
        }
        if let Err(failure) = crate::store::outbox::delete(self.database(), &sent).await {
            tracing::warn!(reason = %failure, "handed over, but the outbox rows stay; the relay will send them again");
        }
    }

    /// The queues.
    pub fn sender(&self) -> &Sender {
        &self.0.sender
    }

    /// Compiled rules, kept per tenant and refreshed by version.
    pub fn rules(&self) -> &RuleCache {
        &self.0.rules
    }

    /// Seals and opens tenants' secrets.
    ///
    /// # Errors
    /// When `SECRETS_KEY` was not given to this function.
    pub fn sealer(&self) -> Result<&Sealer, Failure> {
        if let Some(sealer) = self.0.sealer.get() {
            return Ok(sealer);
        }
        let made = Sealer::new(&SecretsConfig::from_env().map_err(Failure::internal)?.key)?;
        Ok(self.0.sealer.get_or_init(|| made))
    }

    /// Signs access tokens.
    ///
    /// # Errors
    /// `NotFound` where an identity provider signs people in.
    pub fn signer(&self) -> Result<&Signer, Failure> {
        if let Some(signer) = self.0.signer.get() {
            return Ok(signer);
        }
        let made = signer_from_env()?;
        Ok(self.0.signer.get_or_init(|| made))
    }

    /// The client for partners' APIs: with time-outs, without redirects.
    ///
    /// # Errors
    /// When TLS cannot be set up on this system.
    pub fn http(&self) -> Result<&reqwest::Client, Failure> {
        if let Some(client) = self.0.http.get() {
            return Ok(client);
        }
        let made = crate::integrations::client()?;
        Ok(self.0.http.get_or_init(|| made))
    }

    /// The console's address, when it has one.
    pub fn console_url(&self) -> Option<&str> {
        self.0.console_url.as_deref()
    }

    /// A link into the console, when it has an address.
    pub fn console_link(&self, path: &str) -> Option<String> {
        self.0.console_url.as_ref().map(|base| format!("{base}{path}"))
    }

    /// One-time schedules.
    ///
    /// # Errors
    /// When the scheduler's variables were not given to this function.
    pub fn wake_ups(&self) -> Result<WakeUps, Failure> {
        Ok(WakeUps::new(config::aws(), SchedulerConfig::from_env().map_err(Failure::internal)?))
    }
}

/// The one clock. To the microsecond, as Postgres keeps it: what is shown at once equals what is read back later.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
