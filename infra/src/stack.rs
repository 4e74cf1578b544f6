//! The local stack's servers: two Postgres clusters, the AWS stand-in, the mail catcher, the partners' stand-ins and the
//! gateway. All loopback, all outliving the command that starts them.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::keys;
use crate::ministack::Ministack;
use crate::ports::Ports;
use crate::postgres::Cluster;
use crate::process::{self, Daemon};
use crate::state::{Access, Secrets, State, write_private};
use crate::tools::{self, Python, Tool};
use crate::ui::Step;
use crate::workspace::Workspace;

/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Folders of the installed tools the servers need.
pub struct Tools {
    /// PostgreSQL.
    pub postgres: PathBuf,
    /// The AWS stand-in.
    pub ministack: PathBuf,
    /// `sam` and cfn-lint.
    pub sam: PathBuf,
    /// The mail catcher's SMTP.
    pub mail: PathBuf,
}

impl Tools {
    /// Installs what is missing, side by side.
    ///
    /// # Errors
    /// When Python is too old or an installation fails, saying what to do.
    pub fn install() -> anyhow::Result<Self> {
        let python = Python::find()?;
        let cache = tools::cache()?;
        let wanted = [&tools::POSTGRES, &tools::MINISTACK, &tools::SAM, &tools::MAIL];
        let missing: Vec<&str> =
            wanted.iter().filter(|tool| !tool.installed(&cache, &python)).map(|tool| tool.name).collect();
        let step = (!missing.is_empty()).then(|| Step::start(&format!("tools installed into {}", cache.display())));
        let install = |tool: &Tool| tool.install(&cache, &python);
        let folders = std::thread::scope(|scope| {
            let running: Vec<_> = wanted.iter().map(|tool| scope.spawn(|| install(tool))).collect();
            let done = running.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("an installation ended unexpectedly")))
            });
            done.collect::<anyhow::Result<Vec<_>>>()
        })?;
        if let Some(step) = step {
            step.done(&missing.join(", "));
        }
        let [postgres, ministack, sam, mail] = <[PathBuf; 4]>::try_from(folders).ok().context("a tool is missing")?;
        Ok(Self { postgres, ministack, sam, mail })
    }

    /// What is installed already; nothing is downloaded.
    ///
    /// # Errors
    /// When there is no Python or no cache folder.
    pub fn expected() -> anyhow::Result<Self> {
        let (python, cache) = (Python::find()?, tools::cache()?);
        let folder = |tool: &Tool| tool.folder(&cache, &python);
        Ok(Self {
            postgres: folder(&tools::POSTGRES),
            ministack: folder(&tools::MINISTACK),
            sam: folder(&tools::SAM),
            mail: folder(&tools::MAIL),
        })
    }
}

/// The servers of one workspace.
pub struct Stack {
    dev: PathBuf,
    /// Where they listen.
    pub ports: Ports,
    /// The database of the local stack.
    pub postgres: Cluster,
    /// The database server for tests.
    pub test_postgres: Cluster,
    /// The AWS stand-in.
    pub aws: Ministack,
}

/// The stack's plain daemons, in the order they are stopped.
const DAEMONS: &[&str] = &["gateway", "aws", "stand-ins", "mail"];

impl Stack {
    /// The stack as the state describes it; what the state lacks (ports, secrets, keys) is made and saved.
    ///
    /// # Errors
    /// When the state cannot be written, or Postgres is not installed.
    pub fn prepare(workspace: &Workspace, state: &mut State, tools: &Tools) -> anyhow::Result<Self> {
        let dev = workspace.dev();
        let remembered = state.ports.clone();
        let clusters_run = |name: &str| {
            // The pid file of a cluster tells whether its port is held by ourselves.
            let (Some(ports), Some(secrets)) = (&remembered, &state.secrets) else {
                return false;
            };
            let cluster = match name {
                "postgres" => Cluster::development(&dev, &tools.postgres, ports.postgres, &secrets.superuser),
                _ => Cluster::test(&dev, &tools.postgres, ports.test_postgres, &secrets.superuser),
            };
            cluster.is_ok_and(|cluster| cluster.running())
        };
        let ours = |name: &str| match name {
            "postgres" | "test-postgres" => clusters_run(name),
            daemon => Daemon::new(&dev, daemon).running(),
        };
        let ports = Ports::choose(remembered.as_ref(), ours);
        let fresh = state.secrets.is_none();
        let secrets = state.secrets.get_or_insert_with(keys::random_secrets);
        if secrets.console_password.is_empty() {
            secrets.console_password = keys::console_password();
        }
        let secrets = secrets.clone();
        let stack = Self::new(&dev, &ports, &secrets, tools)?;
        if fresh {
            // Clusters made with passwords that nobody knows any more.
            stack.postgres.destroy()?;
            stack.test_postgres.destroy()?;
        }
        keys::public_key(&dev)?;
        state.access = stack.access(state, &secrets);
        state.ports = Some(ports);
        state.save(&dev)?;
        Ok(stack)
    }

    /// The stack of a state that has been up before; `None` if it never was.
    ///
    /// # Errors
    /// When Postgres' programs cannot be found.
    pub fn known(workspace: &Workspace, state: &State, tools: &Tools) -> anyhow::Result<Option<Self>> {
        match (&state.ports, &state.secrets) {
            (Some(ports), Some(secrets)) => Ok(Some(Self::new(&workspace.dev(), ports, secrets, tools)?)),
            _ => Ok(None),
        }
    }

    fn new(dev: &Path, ports: &Ports, secrets: &Secrets, tools: &Tools) -> anyhow::Result<Self> {
        Ok(Self {
            dev: dev.to_owned(),
            ports: ports.clone(),
            postgres: Cluster::development(dev, &tools.postgres, ports.postgres, &secrets.superuser)?,
            test_postgres: Cluster::test(dev, &tools.postgres, ports.test_postgres, &secrets.superuser)?,
            aws: Ministack::new(dev, ports.aws),
        })
    }

    fn access(&self, state: &State, secrets: &Secrets) -> Access {
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        let portal = secrets.source_keys.get("portal").cloned().unwrap_or_default();
        Access {
            api_url: local(self.ports.gateway),
            docs_url: format!("{}/docs", local(self.ports.gateway)),
            console_url: format!("{}/console", local(self.ports.gateway)),
            console_email: crate::seed::administrator(),
            console_password: secrets.console_password.clone(),
            api_key: format!("portal:{portal}"),
            token: state.access.token.clone(),
            database_url: self.postgres.url("lotse"),
            mail_url: local(self.ports.mail_page),
            slack_url: local(self.ports.stand_ins),
            test_database_url: self.test_postgres.url("postgres"),
        }
    }

    /// Starts what does not run.
    ///
    /// # Errors
    /// With the end of the log of what does not start; everything started by this call is stopped again.
    pub async fn start(&self, tools: &Tools) -> anyhow::Result<()> {
        let running = self.running();
        let outcome = self.start_all(tools).await;
        if outcome.is_err() {
            for (name, _) in running.iter().filter(|(_, ran)| !ran) {
                // The first failure is the one to show.
                let _ = self.stop_one(name);
            }
        }
        outcome
    }

    async fn start_all(&self, tools: &Tools) -> anyhow::Result<()> {
        let step = Step::start("Postgres runs");
        self.postgres.start()?;
        self.test_postgres.start()?;
        step.done(&format!("port {}", self.ports.postgres));

        let step = Step::start("AWS stand-in runs");
        self.aws.start(&tools.ministack).await?;
        step.done(&format!("port {}", self.ports.aws));

        let script = self.dev.join("servers/mail.py");
        write_private(&script, include_bytes!("servers/mail.py"))?;
        let mut mail = Command::new(tools.mail.join("bin/python"));
        mail.arg(&script)
            .args([self.ports.smtp.to_string(), self.ports.mail_page.to_string()])
            .arg(self.dev.join("mails"));
        self.ensure("mail", &mut mail, self.ports.mail_page)?;

        let own = process::own_program(&self.dev.join("servers/dev"))?;
        let mut stand_ins = Command::new(&own);
        stand_ins.args(["stand-ins", "--port", &self.ports.stand_ins.to_string()]);
        self.ensure("stand-ins", &mut stand_ins, self.ports.stand_ins)?;

        let mut gateway = Command::new(&own);
        gateway.arg("gateway").arg("--dev").arg(&self.dev);
        gateway.args(["--port", &self.ports.gateway.to_string(), "--aws", &self.ports.aws.to_string()]);
        self.ensure("gateway", &mut gateway, self.ports.gateway)
    }

    fn ensure(&self, name: &str, command: &mut Command, port: u16) -> anyhow::Result<()> {
        let daemon = Daemon::new(&self.dev, name);
        daemon.ensure(command)?;
        daemon.wait_until(START_LIMIT, || TcpStream::connect(("127.0.0.1", port)).is_ok())
    }

    /// Every server with whether it runs.
    pub fn running(&self) -> Vec<(&'static str, bool)> {
        let daemons = DAEMONS.iter().map(|&name| (name, Daemon::new(&self.dev, name).running()));
        let clusters = [("postgres", self.postgres.running()), ("test-postgres", self.test_postgres.running())];
        daemons.chain(clusters).collect()
    }

    fn stop_one(&self, name: &str) -> anyhow::Result<()> {
        match name {
            "postgres" => self.postgres.stop(),
            "test-postgres" => self.test_postgres.stop(),
            daemon => Daemon::new(&self.dev, daemon).stop(),
        }
    }

    /// Stops everything; gives what ran.
    ///
    /// # Errors
    /// When something does not end; the rest is stopped all the same.
    pub fn stop(&self) -> anyhow::Result<Vec<&'static str>> {
        let mut stopped = Vec::new();
        let mut failure = None;
        for (name, ran) in self.running() {
            match self.stop_one(name) {
                Ok(()) if ran => stopped.push(name),
                Ok(()) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(stopped), Err)
    }
}
