//! Runs one function's executable as AWS Lambda would: as a child process that polls a Runtime API server.
//!
//! Each [`Function`] is one Lambda execution environment: it takes one invocation at a time, keeps its process between
//! them, and is gone for good once the process has ended or an invocation has timed out.
//!
//! Nothing ties the child to a dying parent process explicitly: the Runtime API's connections break with the parent,
//! and a function whose runtime API is gone ends by itself.

mod api;
mod logs;

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};

use crate::server::{self, Server};
use api::{Api, Invocation, Outcome};
use logs::Logs;

/// Lambda's limit for the payload of a synchronous invocation and of its answer, in bytes.
pub const PAYLOAD_LIMIT: usize = 6_291_556;

/// How long an invocation may take unless [`Function::set_timeout`] says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Why an invocation gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The function reported an error (or a panic) to the Runtime API; its process lives on.
    #[error("the function failed with {error_type}: {message}")]
    Function {
        /// The error's type as the function named it.
        error_type: String,
        /// The error's text.
        message: String,
    },
    /// The process ended before it answered.
    #[error("the function's process ended ({status}); its last output:\n{logs}")]
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// The last output of the process.
        logs: String,
    },
    /// The deadline passed; like Lambda, the kit has killed the process.
    #[error("the function did not answer within {timeout:?} and was killed; its last output:\n{logs}")]
    TimedOut {
        /// The time allowed.
        timeout: Duration,
        /// The last output of the process.
        logs: String,
    },
    /// The event, or the answer, breaks Lambda's contract.
    #[error("{0}")]
    Contract(String),
}

/// One execution environment: a child process and the Runtime API server it polls.
#[derive(Debug)]
pub struct Function {
    name: String,
    pid: u32,
    timeout_ms: AtomicU64,
    killed: AtomicBool,
    child: Arc<Mutex<Child>>,
    serial: tokio::sync::Mutex<()>,
    invocations: mpsc::UnboundedSender<Invocation>,
    ready: watch::Receiver<Option<Duration>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    logs: Arc<Logs>,
    _server: Server,
}

impl Function {
    /// Starts `binary` under the function's name, with exactly `env`, plus `PATH` and what Lambda itself sets (`env` wins over these).
    ///
    /// Returns as soon as the process is started; it may still be initialising. Needs a running tokio runtime. Fails if
    /// the binary is missing or cannot be executed.
    pub fn spawn(name: &str, binary: &Path, env: &[(String, String)]) -> anyhow::Result<Self> {
        Self::spawn_with(name, binary, &[], env)
    }

    /// The same with arguments: for a program that stands in for a function.
    pub fn spawn_with(name: &str, binary: &Path, args: &[String], env: &[(String, String)]) -> anyhow::Result<Self> {
        let (invocations, queue) = mpsc::unbounded_channel();
        let (ready_sender, ready) = watch::channel(None);
        let (exit_sender, exit) = watch::channel(None);
        let arn = format!("arn:aws:lambda:eu-central-1:000000000000:function:{name}");
        let api = Arc::new(Api::new(queue, ready_sender, arn));
        let handler = Arc::clone(&api);
        let server = Server::start(server::loopback(), move |parts, body| {
            let api = Arc::clone(&handler);
            async move { Some(api.handle(parts, body).await) }
        })?;

        let mut command = Command::new(binary);
        command
            .arg0(name)
            .args(args)
            .env_clear()
            .envs(lambda_env(name, &server.address().to_string()))
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        api.starting();
        let mut child = command.spawn().with_context(|| {
            format!("cannot start function {name} from {}: build it, as `cargo dev test` does", binary.display())
        })?;
        let pid = child.id().context("the function's process ended before it was seen")?;
        let logs = Arc::new(Logs::default());
        let readers =
            [child.stdout.take().map(|pipe| logs.follow(pipe)), child.stderr.take().map(|pipe| logs.follow(pipe))];
        let child = Arc::new(Mutex::new(child));

        let waiting = Arc::clone(&child);
        tokio::spawn(async move {
            // The lock is held only while polling, so that `kill` can take it at any moment.
            let status = std::future::poll_fn(|context| {
                let mut child = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = std::pin::pin!(child.wait());
                wait.poll(context)
            })
            .await;
            for reader in readers.into_iter().flatten() {
                // A grandchild may hold the pipe open; the last output is not worth waiting longer for.
                let _ = tokio::time::timeout(Duration::from_millis(500), reader).await;
            }
            if let Ok(status) = status {
                exit_sender.send_replace(Some(status));
            }
        });

        Ok(Self {
            name: name.to_owned(),
            pid,
            timeout_ms: AtomicU64::new(DEFAULT_TIMEOUT.as_millis() as u64),
            killed: AtomicBool::new(false),
            child,
            serial: tokio::sync::Mutex::new(()),
            invocations,
            ready,
            exit,
            logs,
            _server: server,
        })
    }

    /// Sends one event and waits for the answer; invocations of the same `Function` wait for each other.
    ///
    /// # Errors
    /// See [`InvokeError`]. After `Exited` and `TimedOut` the environment is gone: spawn another.
    pub async fn invoke(&self, event: &Value) -> Result<Value, InvokeError> {
        let answer = self.invoke_raw(Bytes::from(event.to_string())).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer)
            .map_err(|error| InvokeError::Contract(format!("function {} answered no JSON: {error}", self.name)))
    }

    /// Like [`Function::invoke`], with the event and the answer as bytes: nothing is parsed on the way.
    ///
    /// # Errors
    /// As [`Function::invoke`].
    pub async fn invoke_raw(&self, event: Bytes) -> Result<Bytes, InvokeError> {
        if event.len() > PAYLOAD_LIMIT {
            let size = event.len();
            return Err(InvokeError::Contract(format!("the event has {size} bytes; Lambda takes {PAYLOAD_LIMIT}")));
        }
        let _turn = self.serial.lock().await;
        let timeout = self.timeout();
        let (reply, answer) = oneshot::channel();
        let invocation = Invocation::new(event, timeout, reply);
        if self.invocations.send(invocation).is_err() {
            return Err(InvokeError::Contract(format!("the Runtime API of {} has stopped", self.name)));
        }
        tokio::select! {
            // The answer first: a process that answers and then ends has answered.
            biased;
            outcome = answer => match outcome {
                Ok(Outcome::Answered(body)) => Ok(body),
                Ok(Outcome::Failed { error_type, message }) => Err(InvokeError::Function { error_type, message }),
                Err(_) => Err(self.lost_reply().await),
            },
            status = self.exited() => Err(self.gone(status)),
            () = tokio::time::sleep(timeout) => {
                self.kill();
                Err(InvokeError::TimedOut { timeout, logs: self.logs() })
            }
        }
    }

    /// The reply channel was dropped: the process has just ended, or it polled again without answering.
    async fn lost_reply(&self) -> InvokeError {
        match tokio::time::timeout(Duration::from_secs(1), self.exited()).await {
            Ok(status) => self.gone(status),
            Err(_) => {
                InvokeError::Contract(format!("function {} asked for the next event instead of answering", self.name))
            }
        }
    }

    fn gone(&self, status: Option<ExitStatus>) -> InvokeError {
        match status {
            Some(status) => InvokeError::Exited { status, logs: self.logs() },
            None => InvokeError::Contract(format!("the end of function {} could not be observed", self.name)),
        }
    }

    /// Ends the process with SIGKILL, now, also in the middle of an invocation, which then gives `Exited`.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        self.killed.store(true, Ordering::Relaxed);
        // Fails only when the process has already ended, which is what was asked for.
        let _ = child.start_kill();
    }

    /// Whether it can take another invocation: its process has neither ended nor been killed.
    pub fn is_alive(&self) -> bool {
        self.exit.borrow().is_none() && !self.killed.load(Ordering::Relaxed)
    }

    /// Waits for the process to end and says how it did.
    pub async fn exited(&self) -> Option<ExitStatus> {
        known(&self.exit).await
    }

    /// Time from starting the process to its first request for an event: Lambda's initialisation phase.
    ///
    /// # Errors
    /// `Exited` when the process ends before, `TimedOut` after the function's timeout.
    pub async fn first_ready(&self) -> Result<Duration, InvokeError> {
        let timeout = self.timeout();
        tokio::select! {
            biased;
            elapsed = known(&self.ready) => {
                elapsed.ok_or_else(|| InvokeError::Contract(format!("the Runtime API of {} has stopped", self.name)))
            }
            status = self.exited() => Err(self.gone(status)),
            () = tokio::time::sleep(timeout) => Err(InvokeError::TimedOut { timeout, logs: self.logs() }),
        }
    }

    /// Sets how long later invocations may take: the deadline they are told, and when they are killed.
    pub fn set_timeout(&self, timeout: Duration) {
        self.timeout_ms.store(timeout.as_millis() as u64, Ordering::Relaxed);
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.load(Ordering::Relaxed))
    }

    /// The last output (stdout and stderr together) of the process, at most 256 KiB.
    pub fn logs(&self) -> String {
        self.logs.text()
    }

    /// The name it was started with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id, for measuring memory and CPU time.
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until the value is there; `None` when whoever would set it is gone.
async fn known<T: Copy>(value: &watch::Receiver<Option<T>>) -> Option<T> {
    value.clone().wait_for(Option::is_some).await.ok().and_then(|value| *value)
}

/// What Lambda itself puts into every environment of the managed runtime.
fn lambda_env(name: &str, api: &str) -> Vec<(&'static str, String)> {
    vec![
        ("PATH", std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned())),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_DEFAULT_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_SESSION_TOKEN", "test".to_owned()),
    ]
}

/// Milliseconds since 1970, as the deadline header wants them.
fn epoch_ms(after: Duration) -> u128 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (now + after).as_millis()
}

/// Marks the start of a process, for [`Function::first_ready`].
fn now() -> Instant {
    Instant::now()
}
