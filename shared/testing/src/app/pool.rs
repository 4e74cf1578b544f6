//! The execution environments of one function: made when needed, kept while idle, one invocation each at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;

use crate::runtime::{Function, InvokeError};
use crate::template::FunctionDef;
use crate::workspace;

/// All environments of a function, as Lambda would keep them.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) def: FunctionDef,
    env: Vec<(String, String)>,
    program: OnceLock<Program>,
    environments: Mutex<Environments>,
}

/// A program that stands in for a function, in the function's environment and with more variables.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
}

/// Environments whose process has ended and whose output is kept.
const KEPT_DEAD: usize = 64;

#[derive(Debug, Default)]
struct Environments {
    idle: Vec<Arc<Function>>,
    /// Every one ever made, for killing and for showing what they wrote.
    all: Vec<Arc<Function>>,
}

impl Environments {
    /// A test that kills thousands keeps the output of the last ones only: each holds a port.
    fn forget_the_dead(&mut self) {
        let mut dead = self.all.iter().filter(|function| !function.is_alive()).count();
        self.all.retain(|function| {
            let forgotten = !function.is_alive() && dead > KEPT_DEAD;
            dead -= usize::from(forgotten);
            !forgotten
        });
    }
}

impl Pool {
    pub(super) fn new(def: FunctionDef, env: Vec<(String, String)>) -> Self {
        Self { def, env, program: OnceLock::new(), environments: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Environments> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn binary(&self) -> anyhow::Result<PathBuf> {
        workspace::binary(&self.def.name)
    }

    /// Starts an environment that the pool does not use itself.
    pub(super) fn spawn(&self) -> anyhow::Result<Function> {
        if let Some(program) = self.program.get() {
            return self.spawn_as(program);
        }
        let function = Function::spawn(&self.def.name, &self.binary()?, &self.env)?;
        function.set_timeout(self.def.timeout);
        Ok(function)
    }

    /// Starts a program in the function's environment.
    pub(super) fn spawn_as(&self, program: &Program) -> anyhow::Result<Function> {
        let env: Vec<_> = self.env.iter().chain(&program.env).cloned().collect();
        let function = Function::spawn_with(&self.def.name, &program.path, &program.args, &env)?;
        function.set_timeout(self.def.timeout);
        Ok(function)
    }

    /// From now on a program stands in for the function. False when there is one already.
    pub(super) fn replace(&self, program: Program) -> bool {
        self.program.set(program).is_ok()
    }

    fn acquire(&self) -> anyhow::Result<Arc<Function>> {
        let mut environments = self.lock();
        while let Some(idle) = environments.idle.pop() {
            if idle.is_alive() {
                return Ok(idle);
            }
        }
        let function = Arc::new(self.spawn()?);
        environments.forget_the_dead();
        environments.all.push(Arc::clone(&function));
        Ok(function)
    }

    /// Runs one invocation in an idle environment, or in a new one when all are busy or gone.
    pub(super) async fn invoke(&self, event: &Value) -> Result<Value, InvokeError> {
        let function = self.acquire().map_err(|error| InvokeError::Contract(format!("{error:#}")))?;
        let outcome = function.invoke(event).await;
        if function.is_alive() {
            self.lock().idle.push(function);
        }
        outcome
    }

    /// Kills every environment, also the busy ones.
    pub(super) fn kill(&self) {
        for function in &self.lock().all {
            function.kill();
        }
    }

    /// What the environments wrote, the oldest first.
    pub(super) fn logs(&self) -> String {
        self.lock().all.iter().map(|function| function.logs()).collect()
    }
}
