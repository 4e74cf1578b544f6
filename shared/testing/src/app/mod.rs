//! The whole product for one test: a database of its own, stand-ins for AWS and Slack, and the functions' real
//! executables, wired as template.yaml says. Functions are started when something first reaches them.

mod delivery;
mod endpoints;
mod http;
mod pool;
mod route;
mod tenant;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ::http::Method;
use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio_postgres::Client;

pub use delivery::Delivered;
pub use endpoints::Endpoint;
pub use http::{RequestBuilder, Response};
pub use pool::Program;
pub use tenant::{Tenant, input as tenant_input};

use crate::database::{APP_ROLE, TestDatabase};
use crate::fakes::slack::{Options, Slack};
use crate::fakes::smtp::Smtp;
use crate::keys;
use crate::proxy::Proxy;
use crate::runtime::{Function, InvokeError};
use crate::sqs::{QueueSpec, Sqs};
use crate::template::{QueueDef, Template, Values};
use crate::workspace;
use delivery::Settings;
use pool::Pool;

/// Lines of each function's output shown when a test fails.
const SHOWN_LINES: usize = 40;

/// One product, one test. Dropping it fails the test when messages are left on a queue, or a function did what its role does not allow.
#[derive(Debug)]
pub struct TestApp {
    pools: BTreeMap<String, Arc<Pool>>,
    queues: Vec<QueueDef>,
    settings: Mutex<Settings>,
    tenant: Option<Tenant>,
    leftovers_allowed: AtomicBool,
    sqs: Arc<Sqs>,
    slack: Slack,
    smtp: Smtp,
    proxy: Proxy,
    database: TestDatabase,
}

impl TestApp {
    /// Everything, with the tenant `test` in it.
    ///
    /// The tenant is made by the real `tenant-create` once, and copied with the database afterwards.
    ///
    /// # Panics
    /// When something is missing or broken; the message says what and what to do.
    pub async fn new() -> Self {
        Self::with_tenant().await.unwrap_or_else(|error| panic!("cannot set up the test: {error:#}"))
    }

    /// Everything, without any tenant.
    ///
    /// # Panics
    /// As [`TestApp::new`].
    pub async fn bare() -> Self {
        let app = async { Self::on(TestDatabase::new().await?) };
        app.await.unwrap_or_else(|error| panic!("cannot set up the test: {error:#}"))
    }

    async fn with_tenant() -> anyhow::Result<Self> {
        let input = tenant_input("test");
        let key = format!("{} {input}", workspace::stamp("tenant-create")?);
        let fill = async |database| {
            let app = Self::on(database)?;
            let created = app.create_tenant(tenant_input("test")).await.created;
            app.kill("tenant-create");
            Ok((app, created.to_string()))
        };
        let (database, created) = TestDatabase::filled(&key, fill).await?;
        let mut app = Self::on(database)?;
        app.tenant = Some(Tenant::read(&input, serde_json::from_str(&created)?)?);
        Ok(app)
    }

    fn on(database: TestDatabase) -> anyhow::Result<Self> {
        let template = template()?;
        let proxy = Proxy::start(database.address())?;
        let slack = Slack::local(Options::default())?;
        let smtp = Smtp::start()?;
        let mut values = Values::default()
            .parameter("Stage", "local")
            .parameter("LocalDatabaseUrl", database.app_url_via("127.0.0.1", proxy.address().port()))
            .parameter("LocalMigrationDatabaseUrl", database.admin_url())
            .parameter("AppDatabasePassword", APP_ROLE.1)
            .parameter("JwtPublicKey", keys::PUBLIC_KEY)
            .parameter("LocalJwtPrivateKey", keys::PRIVATE_KEY)
            .parameter("JwtIssuer", keys::ISSUER)
            .parameter("JwtAudience", keys::AUDIENCE)
            .parameter("LocalSmtpUrl", smtp.url())
            .parameter("MailFrom", "Lotse <lotse@testkit.example>")
            .parameter("SlackBaseUrl", slack.base_url());
        for name in values.parameters.keys() {
            let known = template.root()["Parameters"].get(name).is_some();
            anyhow::ensure!(known, "template.yaml has no parameter {name}, which the test kit sets");
        }
        let queues = template.queues(&values)?;
        let sqs = Arc::new(Sqs::start(&queue_specs(&queues), &schedule_groups(template, &values)?)?);
        for queue in &queues {
            values.set_queue(&queue.logical_id, &sqs.queue_url(&queue.name), &sqs.queue_arn(&queue.name));
            values.set_attribute(&queue.logical_id, "QueueName", &queue.name);
        }
        let mut pools = BTreeMap::new();
        let functions = template.functions_with(&values)?;
        sqs.bind(template.rights(&functions, &values)?);
        for def in functions {
            let mut env: Vec<_> = template.resolve_env(&def, &values)?.into_iter().collect();
            env.push(("AWS_ENDPOINT_URL".to_owned(), sqs.endpoint()));
            env.push(("AWS_LAMBDA_FUNCTION_MEMORY_SIZE".to_owned(), def.memory.to_string()));
            // By this the stand-in for AWS knows whose rights count.
            env.push(("AWS_ACCESS_KEY_ID".to_owned(), def.name.clone()));
            pools.insert(def.name.clone(), Arc::new(Pool::new(def, env)));
        }
        Ok(Self {
            pools,
            queues,
            settings: Mutex::default(),
            tenant: None,
            leftovers_allowed: AtomicBool::new(false),
            sqs,
            slack,
            smtp,
            proxy,
            database,
        })
    }

    /// The stand-in for SQS and Scheduler.
    pub fn sqs(&self) -> &Sqs {
        &self.sqs
    }

    /// The mail relay.
    pub fn smtp(&self) -> &Smtp {
        &self.smtp
    }

    /// The stand-in for Slack.
    pub fn slack(&self) -> &Slack {
        &self.slack
    }

    /// The test's database.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// A superuser's connection to the test's database, for assertions; it does not go through the proxy.
    ///
    /// # Panics
    /// When Postgres does not take it.
    pub async fn db(&self) -> Client {
        self.database.client().await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Waits until a statement of the functions waits for a lock. False when none did within ten seconds.
    ///
    /// # Panics
    /// When Postgres does not answer.
    pub async fn somebody_waits_for_a_lock(&self) -> bool {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let db = self.db().await;
        for _ in 0..200 {
            let count = db.query_one(waiting, &[]).await.map(|row| row.get::<_, i64>(0));
            if count.unwrap_or_else(|error| panic!("cannot ask who waits: {error}")) > 0 {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        false
    }

    /// Waits until so many statements wait for what a connection holds locked, directly or behind others that do: whatever else is at
    /// work in the database meanwhile does not count.
    ///
    /// # Panics
    /// When Postgres does not answer, or they do not wait within half a minute.
    pub async fn statements_wait_for(&self, holder: &Client, count: i64) {
        const WAITING: &str = "
            WITH RECURSIVE behind AS (
              SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))
              UNION
              SELECT a.pid FROM pg_stat_activity a JOIN behind b ON b.pid = ANY (pg_blocking_pids(a.pid)))
            SELECT count(*) FROM behind";
        let failed = |error| panic!("cannot ask who waits: {error}");
        let holder: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).await.unwrap_or_else(failed).get(0);
        let db = self.db().await;
        for _ in 0..600 {
            let waiting: i64 = db.query_one(WAITING, &[&holder]).await.unwrap_or_else(failed).get(0);
            if waiting >= count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("after half a minute, {count} statements still do not wait for what this connection holds");
    }

    /// Publishes new rules, in which a scoring rule is worth other points, without the walk through all leads that usually follows.
    ///
    /// # Panics
    /// When Postgres does not answer.
    pub async fn publish_points(&self, slug: &str, points: i32) {
        const PUBLISH: &str = "
            WITH published AS (UPDATE tenants SET rule_set_version = rule_set_version + 1 RETURNING id, rule_set_version AS version)
            INSERT INTO rule_set_versions (tenant_id, version, snapshot, published_at, published_by)
            SELECT p.id, p.version, jsonb_set(jsonb_set(v.snapshot, '{version}', to_jsonb(p.version)), '{scoring_rules}', (
                     SELECT jsonb_agg(CASE r ->> 'slug' WHEN $1 THEN jsonb_set(r, '{points}', to_jsonb($2::int)) ELSE r END)
                       FROM jsonb_array_elements(v.snapshot -> 'scoring_rules') r)), now(), 'test'
              FROM published p JOIN rule_set_versions v ON v.tenant_id = p.id AND v.version = p.version - 1";
        let published = self.db().await.execute(PUBLISH, &[&slug, &points]).await;
        assert!(published.as_ref().is_ok_and(|rows| *rows > 0), "cannot publish: {published:?}");
    }

    /// The proxy between functions and Postgres.
    pub fn database_proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Cuts the functions off from Postgres.
    pub fn database_down(&self) {
        self.proxy.down();
    }

    /// Lets the functions reach Postgres again.
    pub fn database_up(&self) {
        self.proxy.up();
    }

    /// The tenant that [`TestApp::new`] made.
    ///
    /// # Panics
    /// When the app was made by [`TestApp::bare`].
    pub fn tenant(&self) -> &Tenant {
        let Some(tenant) = &self.tenant else { panic!("TestApp::bare has no tenant: use TestApp::new or new_tenant") };
        tenant
    }

    /// An access token of the first tenant for a person with this role.
    pub fn token(&self, role: &str) -> String {
        self.tenant().token(role)
    }

    /// An access token of the first tenant with exactly these scopes.
    pub fn token_with_scopes(&self, scopes: &[&str]) -> String {
        self.tenant().token_with_scopes(scopes)
    }

    /// A request to the API; `path` may carry a query.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, method, path)
    }

    /// A GET request.
    pub fn get(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::GET, path)
    }

    /// A POST request with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder<'_> {
        self.request(Method::POST, path).json(body)
    }

    /// A PATCH request with a JSON body.
    pub fn patch(&self, path: &str, body: &Value) -> RequestBuilder<'_> {
        self.request(Method::PATCH, path).json(body)
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::DELETE, path)
    }

    /// Invokes a function directly, as a deployment or a person with the AWS CLI does.
    ///
    /// # Errors
    /// See [`InvokeError`].
    ///
    /// # Panics
    /// When the template has no such function.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.pool(function).invoke(&event).await
    }

    /// Runs a job as its schedule does.
    ///
    /// # Panics
    /// When the template gives the function no schedule, or the job fails.
    pub async fn run_job(&self, function: &str, input: Value) -> Value {
        let pool = self.pool(function);
        assert!(!pool.def.schedules.is_empty(), "template.yaml gives {function} no schedule");
        match pool.invoke(&input).await {
            Ok(answer) => answer,
            Err(error) => panic!("the job {function} failed: {error}\n{}", pool.logs()),
        }
    }

    /// Fires every one-time schedule due at `now` and says how many that were; deliver their queue next.
    ///
    /// # Panics
    /// When one targets a queue that the template does not have.
    pub fn fire_schedules(&self, now: Timestamp) -> usize {
        self.sqs.fire_due(now).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Starts one more environment of a function, for tests that kill it or run several at once.
    ///
    /// # Panics
    /// When the template has no such function or it cannot be started.
    pub fn spawn(&self, function: &str) -> Function {
        self.pool(function).spawn().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// From now on a program stands in for a function: what its queue delivers goes there.
    ///
    /// # Panics
    /// When the template has no such function, or it is replaced already.
    pub fn replace(&self, function: &str, program: Program) {
        assert!(self.pool(function).replace(program), "{function} is replaced already");
    }

    /// Starts a program in a function's environment, to be invoked by the test.
    ///
    /// # Panics
    /// When the template has no such function or the program cannot be started.
    pub fn spawn_as(&self, function: &str, program: &Program) -> Function {
        self.pool(function).spawn_as(program).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Kills every environment of a function that deliveries and requests use; the next one gets a fresh one.
    ///
    /// # Panics
    /// When the template has no such function.
    pub fn kill(&self, function: &str) {
        self.pool(function).kill();
    }

    /// What a function wrote to its log so far.
    ///
    /// # Panics
    /// When the template has no such function.
    pub fn logs(&self, function: &str) -> String {
        self.pool(function).logs()
    }

    /// Lets the test end with messages on queues.
    pub fn allow_leftovers(&self) {
        self.leftovers_allowed.store(true, Ordering::Relaxed);
    }

    /// Queues that hold messages, with how many.
    pub fn leftovers(&self) -> Vec<String> {
        let names = self.sqs.queue_names().into_iter();
        let depths = names.map(|name| (self.sqs.messages(&name).len(), name)).filter(|(count, _)| *count > 0);
        depths.map(|(count, name)| format!("{name}: {count}")).collect()
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self, function: &str) -> &Arc<Pool> {
        let Some(pool) = self.pools.get(function) else { panic!("template.yaml has no function {function}") };
        pool
    }

    /// The function a request goes to, with the path parameters.
    fn route(&self, method: &Method, path: &str) -> (Arc<Pool>, Map<String, Value>) {
        let routes = self.pools.values().flat_map(|pool| pool.def.routes.iter().map(move |route| (pool, route)));
        let fitting =
            routes.filter(|(_, (taken, _))| route::takes(taken, method)).filter_map(|(pool, (_, template))| {
                let (fitness, parameters) = route::fit(template, path)?;
                Some((fitness, pool, parameters))
            });
        let Some((_, pool, parameters)) = fitting.max_by(|a, b| a.0.cmp(&b.0)) else {
            panic!(
                "template.yaml has no route {method} {path}: add it under Metadata: Routes: of the function that answers it"
            );
        };
        (Arc::clone(pool), parameters)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for pool in self.pools.values() {
                let logs = pool.logs();
                let lines: Vec<_> = logs.lines().collect();
                if !lines.is_empty() {
                    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
                    eprintln!("--- last output of {}\n{}", pool.def.name, shown.join("\n"));
                }
            }
            return;
        }
        let denied = self.sqs.denied();
        assert!(
            denied.is_empty(),
            "functions did what their roles do not allow, and would fail at it on AWS ({}): give the right to their role in template.yaml",
            denied.join("; ")
        );
        let leftovers = self.leftovers();
        let allowed = self.leftovers_allowed.load(Ordering::Relaxed);
        assert!(
            allowed || leftovers.is_empty(),
            "messages were left undelivered ({}): deliver or drain them, or call allow_leftovers",
            leftovers.join(", ")
        );
    }
}

/// The template, read once per process.
fn template() -> anyhow::Result<&'static Template> {
    static TEMPLATE: OnceLock<Result<Template, String>> = OnceLock::new();
    let read = || Template::read(workspace::root()?.join("template.yaml"));
    let template = TEMPLATE.get_or_init(|| read().map_err(|error| format!("{error:#}")));
    template.as_ref().map_err(|problem| anyhow::anyhow!("{problem}"))
}

fn queue_specs(queues: &[QueueDef]) -> Vec<QueueSpec> {
    let name =
        |logical_id: &String| queues.iter().find(|queue| queue.logical_id == *logical_id).map(|q| q.name.clone());
    let specs = queues.iter().map(|queue| QueueSpec {
        name: queue.name.clone(),
        visibility_timeout: queue.visibility_timeout,
        redrive: queue.redrive_target.as_ref().and_then(name).zip(queue.max_receive_count),
    });
    specs.collect()
}

fn schedule_groups(template: &Template, values: &Values) -> anyhow::Result<Vec<String>> {
    let groups = template.resources().filter(|(_, resource)| resource["Type"] == "AWS::Scheduler::ScheduleGroup");
    let names = groups.map(|(id, resource)| {
        let name = resource["Properties"].get("Name").map_or(Ok(None), |name| template.resolve(name, values));
        Ok(name.with_context(|| format!("the schedule group {id}"))?.unwrap_or_else(|| id.to_owned()))
    });
    names.collect()
}
