//! What a measurement stands on: release binaries, a Postgres of its own with default durability, a tenant.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use testkit::runtime::Function;
use testkit::sqs::{QueueSpec, Sqs};

use crate::postgres::Cluster;
use crate::process;
use crate::tools::{self, Python};
use crate::ui::Step;
use crate::workspace::{Workspace, cargo};

/// Everything that runs while measuring. Dropped, it stops.
pub struct Stage {
    workspace: Workspace,
    cluster: Cluster,
    port: u16,
    pub sqs: Sqs,
    pub tenant: String,
    pub token: String,
}

/// What to build for the event path alone.
const PATH_ONLY: &[&str] =
    &["--bin", "event-processor", "--bin", "lead-router", "--bin", "migrate", "--bin", "tenant-create"];

const DATABASE: &str = "bench";
const PASSWORD: &str = "bench";

impl Stage {
    /// Builds (all functions, or only those of the event path), starts and seeds.
    ///
    /// # Errors
    /// With what failed.
    pub async fn set(path_only: bool) -> anyhow::Result<Self> {
        let workspace = Workspace::find()?;
        let step = Step::start("build the release binaries");
        let mut build = Command::new(cargo());
        build.current_dir(&workspace.root).args(["build", "--release"]);
        match path_only {
            true => build.args(PATH_ONLY),
            false => build.arg("--bins").args(workspace.deployed()),
        };
        process::logged(&mut build, &workspace.logs().join("bench-build.log"))?;
        step.done("");

        let step = Step::start("start Postgres with default durability");
        let python = Python::find()?;
        let tool = tools::POSTGRES.install(&tools::cache()?, &python)?;
        let port = free_port()?;
        let cluster = Cluster::bench(&workspace.dev(), &tool, port, PASSWORD)?;
        cluster.destroy()?;
        cluster.start()?;
        cluster.sql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        step.done("");

        let queues: Vec<QueueSpec> = ["events", "routing", "slack", "reminders"].map(QueueSpec::new).into();
        let sqs = Sqs::start(&queues, &["reminders".to_owned()])?;
        let mut stage = Self { workspace, cluster, port, sqs, tenant: String::new(), token: String::new() };
        let migrate = stage.function("migrate")?;
        migrate.invoke(&json!({})).await?;
        let create = stage.function("tenant-create")?;
        // Twenty people with room for everybody, so that every ready lead finds an owner.
        let members: Vec<Value> = (0..20)
            .map(|n| {
                json!({"email": format!("member{n}@bench.example"), "name": format!("Member {n}"), "role": "sales",
                            "capacity": 10_000, "pipelines": ["*"]})
            })
            .collect();
        let tenant = create
            .invoke(&json!({
                "slug": "bench", "name": "Bench", "members": members,
                "integrations": {"slack": {"webhook_url": "https://hooks.slack.com/services/T0/B0/bench"}},
            }))
            .await?;
        stage.tenant = tenant["tenant_id"].as_str().context("tenant-create gave no tenant_id")?.to_owned();
        stage.token = testkit::keys::Token::new(&stage.tenant).role("admin").sign();
        stage.sql("SELECT lotse.ensure_event_partitions((now() - interval '4 months')::date, 8)")?;
        Ok(stage)
    }

    /// Runs SQL as the owner.
    ///
    /// # Errors
    /// With what Postgres said.
    pub fn sql(&self, sql: &str) -> anyhow::Result<String> {
        self.cluster.sql(DATABASE, sql)
    }

    /// The release binary of a function.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.workspace.target.join("release").join(name)
    }

    /// All functions' names, from the release folder.
    pub fn functions(&self) -> anyhow::Result<Vec<String>> {
        let template = testkit::template::Template::read(self.workspace.root.join("template.yaml"))?;
        Ok(template.functions()?.iter().map(|function| function.name.clone()).collect())
    }

    /// Starts a function with what the template gives it in this place.
    ///
    /// # Errors
    /// When its binary is missing.
    pub fn function(&self, name: &str) -> anyhow::Result<Function> {
        self.function_at(name, self.port)
    }

    /// As [`Self::function`], with Postgres behind another port (a counting proxy).
    ///
    /// # Errors
    /// When its binary is missing.
    pub fn function_at(&self, name: &str, port: u16) -> anyhow::Result<Function> {
        let env = [
            ("STAGE", "local".to_owned()),
            ("LOG_LEVEL", "info".to_owned()),
            ("MALLOC_ARENA_MAX", "1".to_owned()),
            ("MALLOC_MMAP_THRESHOLD_", "131072".to_owned()),
            ("DATABASE_URL", format!("postgres://lotse_app:{PASSWORD}@127.0.0.1:{port}/{DATABASE}")),
            ("MIGRATION_DATABASE_URL", self.cluster.url(DATABASE)),
            ("APP_DATABASE_PASSWORD", PASSWORD.to_owned()),
            ("QUEUE_BASE_URL", self.sqs.queue_url("")),
            ("QUEUE_REMINDERS_ARN", self.sqs.queue_arn("reminders")),
            ("SCHEDULER_GROUP", "reminders".to_owned()),
            ("SCHEDULER_ROLE_ARN", "arn:aws:iam::000000000000:role/bench".to_owned()),
            ("AWS_ENDPOINT_URL", self.sqs.endpoint()),
            ("JWT_PUBLIC_KEY", testkit::keys::PUBLIC_KEY.to_owned()),
            ("JWT_ISSUER", testkit::keys::ISSUER.to_owned()),
            ("JWT_AUDIENCE", testkit::keys::AUDIENCE.to_owned()),
            ("SECRETS_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        ];
        let env: Vec<(String, String)> = env.map(|(name, value)| (name.to_owned(), value)).into();
        Function::spawn(name, &self.binary(name), &env)
    }

    /// The process of Postgres that is the parent of all others.
    ///
    /// # Errors
    /// When the server does not run.
    pub fn postmaster(&self) -> anyhow::Result<u32> {
        let pid = self.cluster.pid()?;
        if !std::path::Path::new(&format!("/proc/{pid}")).exists() {
            bail!("Postgres does not run");
        }
        Ok(pid)
    }

    /// Where Postgres listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// A port nobody listens on.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = self.cluster.destroy() {
            crate::ui::note(&format!("the benchmark's database stays: {error:#}"));
        }
    }
}
