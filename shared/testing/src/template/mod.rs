//! Reads `template.yaml`: which functions there are, what reaches them, and the environment each is given.
//!
//! The same file that is deployed decides what a test may call, so that a missing route, variable or queue mapping
//! fails a test and not a deployment.

mod resolve;
mod rights;
#[cfg(test)]
mod tests;
pub mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::Method;
use serde_json::{Map, Value};

use resolve::Resolver;
pub use resolve::Values;
pub use rights::Rights;

/// What a route may take; `ANY` stands for all of them.
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A SAM template.
#[derive(Debug, Clone)]
pub struct Template {
    root: Value,
}

/// One `AWS::Serverless::Function`, with the template's `Globals` merged in.
#[derive(Debug, Clone)]
pub struct FunctionDef {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// Its binary: the last folder of `CodeUri`.
    pub name: String,
    /// Variables as written, intrinsic functions and all; see [`Template::resolve_env`].
    pub environment: BTreeMap<String, Value>,
    /// HTTP routes of its `Metadata: Routes:`: method and path template (`/deals/{id}`). The method `ANY` takes every method.
    pub routes: Vec<(Method, String)>,
    /// Queues it consumes.
    pub queues: Vec<QueueMapping>,
    /// Times at which it is called.
    pub schedules: Vec<ScheduleDef>,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// Memory in MB.
    pub memory: u32,
}

/// A queue's event source mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMapping {
    /// The queue's key under `Resources`.
    pub queue_logical_id: String,
    /// Most messages per invocation.
    pub batch_size: usize,
    /// How long messages are gathered, in seconds.
    pub window_seconds: u64,
    /// Whether the function answers with the messages that failed.
    pub report_batch_item_failures: bool,
    /// Most invocations at the same time.
    pub max_concurrency: Option<usize>,
    /// The consumer's timeout.
    pub function_timeout: Duration,
}

/// A schedule that calls a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleDef {
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// IANA zone of the expression; UTC if absent.
    pub timezone: Option<String>,
    /// The event the function gets; `{}` if absent.
    pub input: Option<Value>,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDef {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// Its name, resolved with the values handed in.
    pub name: String,
    /// How long a received message is hidden.
    pub visibility_timeout: Duration,
    /// How long it keeps a message, counted from its sending even after it has moved.
    pub retention: Duration,
    /// Logical id of its dead-letter queue.
    pub redrive_target: Option<String>,
    /// How often a message is received before it goes there.
    pub max_receive_count: Option<u32>,
}

impl Template {
    /// Reads a template file.
    ///
    /// # Errors
    /// When the file cannot be read, is no YAML, or has no `Resources`.
    pub fn read(path: impl AsRef<Path>) -> anyhow::Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Reads a template from text.
    ///
    /// # Errors
    /// When it is no YAML or has no `Resources`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let root = yaml::parse(text)?;
        if !root["Resources"].is_object() {
            bail!("the template has no Resources");
        }
        Ok(Self { root })
    }

    /// Finds `template.yaml` in `start` or the folders above it.
    ///
    /// # Errors
    /// When there is none up to the root of the file system.
    pub fn find(start: &Path) -> anyhow::Result<PathBuf> {
        let found = start.ancestors().map(|folder| folder.join("template.yaml")).find(|path| path.is_file());
        found.with_context(|| format!("there is no template.yaml in {} or above it", start.display()))
    }

    /// The whole template as JSON, short tags in their long form.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// Every resource: logical id and definition, in the order of the ids.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.root["Resources"].as_object().into_iter().flatten().map(|(id, resource)| (id.as_str(), resource))
    }

    /// One resource by its logical id.
    pub fn resource(&self, logical_id: &str) -> Option<&Value> {
        self.root["Resources"].get(logical_id)
    }

    /// Every function that exists with the default parameters.
    ///
    /// # Errors
    /// Names the function and what is wrong or missing in it.
    pub fn functions(&self) -> anyhow::Result<Vec<FunctionDef>> {
        self.functions_with(&Values::default())
    }

    /// Every function that exists with these values: those behind a condition that does not hold are left out.
    ///
    /// # Errors
    /// Names the function and what is wrong or missing in it.
    pub fn functions_with(&self, values: &Values) -> anyhow::Result<Vec<FunctionDef>> {
        let resolver = Resolver::new(self, values);
        let mut functions = Vec::new();
        for (logical_id, resource) in self.of_type("AWS::Serverless::Function", &resolver)? {
            let function = self.function(logical_id, resource, &resolver);
            functions.push(function.with_context(|| format!("the function {logical_id} in the template"))?);
        }
        Ok(functions)
    }

    /// Every queue, its name resolved with these values.
    ///
    /// # Errors
    /// Names the queue and what is wrong in it.
    pub fn queues(&self, values: &Values) -> anyhow::Result<Vec<QueueDef>> {
        let resolver = Resolver::new(self, values);
        let mut queues = Vec::new();
        for (logical_id, resource) in self.of_type("AWS::SQS::Queue", &resolver)? {
            let queue = queue(logical_id, &resource["Properties"], &resolver);
            queues.push(queue.with_context(|| format!("the queue {logical_id} in the template"))?);
        }
        Ok(queues)
    }

    /// The variables a function is given, exactly as the template gives them.
    ///
    /// # Errors
    /// Names the function, the variable and the expression that could not be evaluated.
    pub fn resolve_env(&self, function: &FunctionDef, values: &Values) -> anyhow::Result<BTreeMap<String, String>> {
        let resolver = Resolver::new(self, values);
        let mut env = BTreeMap::new();
        for (name, expression) in &function.environment {
            let value = resolver.text(expression);
            if let Some(value) = value.with_context(|| format!("the variable {name} of {}", function.logical_id))? {
                env.insert(name.clone(), value);
            }
        }
        Ok(env)
    }

    /// Evaluates any expression of the template to text; `None` is `AWS::NoValue`.
    ///
    /// # Errors
    /// Says which expression could not be evaluated and why.
    pub fn resolve(&self, expression: &Value, values: &Values) -> anyhow::Result<Option<String>> {
        Resolver::new(self, values).text(expression)
    }

    /// Whether a named condition holds.
    ///
    /// # Errors
    /// When there is no such condition or it cannot be evaluated.
    pub fn condition(&self, name: &str, values: &Values) -> anyhow::Result<bool> {
        Resolver::new(self, values).condition(name)
    }

    fn of_type(&self, kind: &str, resolver: &Resolver<'_>) -> anyhow::Result<Vec<(&str, &Value)>> {
        let mut found = Vec::new();
        for (logical_id, resource) in self.resources().filter(|(_, resource)| resource["Type"] == kind) {
            let exists = match resource["Condition"].as_str() {
                Some(condition) => resolver.condition(condition)?,
                None => true,
            };
            if exists {
                found.push((logical_id, resource));
            }
        }
        Ok(found)
    }

    /// A function's properties with the template's `Globals` merged in, as SAM writes them.
    pub fn properties(&self, logical_id: &str) -> Value {
        let mut properties = self.root["Globals"]["Function"].clone();
        merge(&mut properties, &self.root["Resources"][logical_id]["Properties"]);
        properties
    }

    fn function(&self, logical_id: &str, resource: &Value, resolver: &Resolver<'_>) -> anyhow::Result<FunctionDef> {
        let properties = self.properties(logical_id);
        let code = resolver.text(&properties["CodeUri"])?.context("CodeUri is missing")?;
        let name = code.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let environment = match &properties["Environment"]["Variables"] {
            Value::Object(variables) => variables.clone().into_iter().collect(),
            _ => BTreeMap::new(),
        };
        let timeout = Duration::from_secs(number(&properties["Timeout"], resolver)?.unwrap_or(3));
        let memory = number(&properties["MemorySize"], resolver)?.unwrap_or(128) as u32;
        let routes = routes(&resource["Metadata"]["Routes"])?;
        let (mut queues, mut schedules) = (Vec::new(), Vec::new());
        for (event_name, event) in properties["Events"].as_object().into_iter().flatten() {
            let source = &event["Properties"];
            match event["Type"].as_str().unwrap_or_default() {
                // SAM would make a permission of each, and a stack has no room for those.
                "HttpApi" => {
                    bail!("event {event_name}: write the route under Metadata: Routes:, as `- GET /leads/{{id}}`")
                }
                "SQS" => {
                    let mapping = mapping(source, timeout, resolver);
                    queues.push(mapping.with_context(|| format!("event {event_name}"))?);
                }
                "ScheduleV2" | "Schedule" => {
                    schedules.push(schedule(source, resolver).with_context(|| format!("event {event_name}"))?);
                }
                kind => bail!("event {event_name} is of type {kind}, which the test kit does not know"),
            }
        }
        let logical_id = logical_id.to_owned();
        Ok(FunctionDef { logical_id, name, environment, routes, queues, schedules, timeout, memory })
    }
}

/// Lays `over` on `base` as SAM merges `Globals`: mappings deeply, lists one after the other, the rest replaced.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) if !is_intrinsic(base) && !is_intrinsic(over) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(base), Value::Array(over)) => base.extend(over.iter().cloned()),
        (base, over) => *base = over.clone(),
    }
}

fn is_intrinsic(fields: &Map<String, Value>) -> bool {
    fields.len() == 1 && fields.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

/// `Metadata: Routes:`: lines such as `GET /leads/{id}`.
fn routes(declared: &Value) -> anyhow::Result<Vec<(Method, String)>> {
    let lines = match declared {
        Value::Null => return Ok(Vec::new()),
        Value::Array(lines) => lines,
        other => bail!("Metadata: Routes: must be a list of lines such as `GET /leads/{{id}}`, this is {other}"),
    };
    lines.iter().map(|line| route(line.as_str().unwrap_or_default())).collect()
}

fn route(line: &str) -> anyhow::Result<(Method, String)> {
    let wrong = || format!("the route `{line}` must read like `GET /leads/{{id}}`");
    let (method, path) = line.split_once(' ').with_context(wrong)?;
    let method =
        Method::from_bytes(method.as_bytes()).ok().filter(|_| METHODS.contains(&method)).with_context(wrong)?;
    if !path.starts_with('/') || path.contains(' ') {
        bail!(wrong());
    }
    Ok((method, path.to_owned()))
}

fn mapping(source: &Value, function_timeout: Duration, resolver: &Resolver<'_>) -> anyhow::Result<QueueMapping> {
    let queue = &source["Queue"]["Fn::GetAtt"];
    let queue_logical_id = queue[0].as_str().context("Queue must be `!GetAtt <queue>.Arn`")?.to_owned();
    let reports = source["FunctionResponseTypes"].as_array();
    Ok(QueueMapping {
        queue_logical_id,
        batch_size: number(&source["BatchSize"], resolver)?.unwrap_or(10) as usize,
        window_seconds: number(&source["MaximumBatchingWindowInSeconds"], resolver)?.unwrap_or(0),
        report_batch_item_failures: reports.is_some_and(|types| types.iter().any(|t| t == "ReportBatchItemFailures")),
        max_concurrency: number(&source["ScalingConfig"]["MaximumConcurrency"], resolver)?.map(|most| most as usize),
        function_timeout,
    })
}

fn schedule(source: &Value, resolver: &Resolver<'_>) -> anyhow::Result<ScheduleDef> {
    let expression = source.get("ScheduleExpression").or_else(|| source.get("Schedule"));
    let expression = resolver.text(expression.context("ScheduleExpression is missing")?)?;
    let timezone = match source.get("ScheduleExpressionTimezone") {
        Some(timezone) => resolver.text(timezone)?,
        None => None,
    };
    let input = match source.get("Input") {
        Some(input) => resolver.text(input)?,
        None => None,
    };
    Ok(ScheduleDef {
        expression: expression.context("ScheduleExpression is missing")?,
        timezone,
        input: input.map(|input| serde_json::from_str(&input)).transpose().context("Input is no JSON")?,
    })
}

fn queue(logical_id: &str, properties: &Value, resolver: &Resolver<'_>) -> anyhow::Result<QueueDef> {
    let name = match properties.get("QueueName") {
        Some(name) => resolver.text(name)?,
        None => None,
    };
    let redrive = &properties["RedrivePolicy"];
    Ok(QueueDef {
        logical_id: logical_id.to_owned(),
        name: name.unwrap_or_else(|| logical_id.to_owned()),
        visibility_timeout: Duration::from_secs(number(&properties["VisibilityTimeout"], resolver)?.unwrap_or(30)),
        // Four days, unless the template says otherwise.
        retention: Duration::from_secs(number(&properties["MessageRetentionPeriod"], resolver)?.unwrap_or(345_600)),
        redrive_target: redrive["deadLetterTargetArn"]["Fn::GetAtt"][0].as_str().map(str::to_owned),
        max_receive_count: number(&redrive["maxReceiveCount"], resolver)?.map(|count| count as u32),
    })
}

/// A whole number, written or computed; `None` where the template says nothing.
fn number(expression: &Value, resolver: &Resolver<'_>) -> anyhow::Result<Option<u64>> {
    if expression.is_null() {
        return Ok(None);
    }
    let Some(text) = resolver.text(expression)? else {
        return Ok(None);
    };
    Ok(Some(text.parse().with_context(|| format!("`{text}` is no whole number"))?))
}
