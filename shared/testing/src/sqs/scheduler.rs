//! EventBridge Scheduler's REST interface: keeps the schedules; tests decide when they fire.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;

/// The group of schedules that name none.
const DEFAULT_GROUP: &str = "default";

/// A schedule as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its group.
    pub group: String,
    /// Its name, unique in the group.
    pub name: String,
    /// `at(…)`, `rate(…)` or `cron(…)`.
    pub expression: String,
    /// When it fires, for `at(…)`.
    pub at: Option<Timestamp>,
    /// ARN of the queue it sends to.
    pub target_arn: String,
    /// The text it sends.
    pub input: String,
    /// Whether it removes itself after firing.
    pub delete_after: bool,
    /// The request it was made with.
    pub request: Value,
}

impl Schedule {
    /// The input with AWS's placeholders filled in.
    pub(super) fn message(&self, scheduled: Timestamp) -> String {
        let arn = arn(&self.group, &self.name);
        self.input
            .replace("<aws.scheduler.schedule-arn>", &arn)
            .replace("<aws.scheduler.scheduled-time>", &scheduled.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            .replace("<aws.scheduler.execution-id>", &Uuid::new_v4().simple().to_string()[..16])
            .replace("<aws.scheduler.attempt-number>", "1")
    }
}

/// An error by the Scheduler's name and status.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

fn refuse<T>(status: u16, code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status, code, message: message.into() })
}

/// What a caller needs to be allowed for one request: actions, each with the ARN it is done to.
pub(super) fn needed(method: &Method, name: &str, group: Option<&str>, body: &Value) -> Vec<(String, String)> {
    let verb = match *method {
        Method::POST => "Create",
        Method::PUT => "Update",
        Method::DELETE => "Delete",
        _ => "Get",
    };
    let group = group.or_else(|| body["GroupName"].as_str()).unwrap_or(DEFAULT_GROUP);
    let mut needed = vec![(format!("scheduler:{verb}Schedule"), arn(group, name))];
    // The schedule will do what this role may, so the caller must be trusted with it.
    if let Some(role) = body["Target"]["RoleArn"].as_str() {
        needed.push(("iam:PassRole".to_owned(), role.to_owned()));
    }
    needed
}

/// All schedules, by group and name.
#[derive(Debug, Default)]
pub(super) struct Schedules {
    kept: BTreeMap<(String, String), Schedule>,
    groups: BTreeSet<String>,
}

impl Schedules {
    pub(super) fn new(groups: &[String]) -> Self {
        let groups = groups.iter().cloned().chain([DEFAULT_GROUP.to_owned()]).collect();
        Self { kept: BTreeMap::new(), groups }
    }

    /// One request to `/schedules/{name}`.
    pub(super) fn call(
        &mut self,
        method: &Method,
        name: &str,
        group: Option<String>,
        body: &Value,
    ) -> Result<Value, Refusal> {
        let group =
            group.or_else(|| body["GroupName"].as_str().map(str::to_owned)).unwrap_or_else(|| DEFAULT_GROUP.to_owned());
        let key = (group.clone(), name.to_owned());
        match *method {
            Method::POST | Method::PUT => {
                let schedule = self.check(name, &group, body)?;
                if *method == Method::POST && self.kept.contains_key(&key) {
                    return refuse(409, "ConflictException", format!("Schedule {name} already exists."));
                }
                if *method == Method::PUT && !self.kept.contains_key(&key) {
                    return refuse(404, "ResourceNotFoundException", format!("Schedule {name} does not exist."));
                }
                self.kept.insert(key, schedule);
                Ok(json!({ "ScheduleArn": arn(&group, name) }))
            }
            Method::GET => match self.kept.get(&key) {
                Some(schedule) => {
                    let mut answer = schedule.request.clone();
                    answer["Name"] = json!(name);
                    answer["GroupName"] = json!(group);
                    answer["Arn"] = json!(arn(&group, name));
                    Ok(answer)
                }
                None => refuse(404, "ResourceNotFoundException", format!("Schedule {name} does not exist.")),
            },
            Method::DELETE => match self.kept.remove(&key) {
                Some(_) => Ok(json!({})),
                None => refuse(404, "ResourceNotFoundException", format!("Schedule {name} does not exist.")),
            },
            _ => refuse(400, "ValidationException", format!("the test kit's Scheduler has no {method}")),
        }
    }

    fn check(&self, name: &str, group: &str, body: &Value) -> Result<Schedule, Refusal> {
        let invalid = |message: String| refuse(400, "ValidationException", message);
        for (what, text) in [("Name", name), ("GroupName", group)] {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
                return invalid(format!("{what} `{text}` is not 1 to 64 of 0-9 a-z A-Z - _ ."));
            }
        }
        if !self.groups.contains(group) {
            return refuse(404, "ResourceNotFoundException", format!("Schedule group {group} does not exist."));
        }
        let Some(expression) = body["ScheduleExpression"].as_str() else {
            return invalid("ScheduleExpression is missing".to_owned());
        };
        let window = body["FlexibleTimeWindow"]["Mode"].as_str();
        if !matches!(window, Some("OFF" | "FLEXIBLE")) {
            return invalid("FlexibleTimeWindow.Mode must be OFF or FLEXIBLE".to_owned());
        }
        let target = &body["Target"];
        let (Some(target_arn), Some(_)) = (target["Arn"].as_str(), target["RoleArn"].as_str()) else {
            return invalid("Target needs Arn and RoleArn".to_owned());
        };
        let input = target["Input"].as_str().unwrap_or_default();
        if input.len() > 262_144 {
            return invalid("Target.Input is above 256 KB".to_owned());
        }
        let zone = body["ScheduleExpressionTimezone"].as_str().unwrap_or("UTC");
        Ok(Schedule {
            group: group.to_owned(),
            name: name.to_owned(),
            expression: expression.to_owned(),
            at: time(expression, zone)?,
            target_arn: target_arn.to_owned(),
            input: input.to_owned(),
            delete_after: body["ActionAfterCompletion"] == "DELETE",
            request: body.clone(),
        })
    }

    pub(super) fn all(&self) -> Vec<Schedule> {
        self.kept.values().cloned().collect()
    }

    /// The one-time schedules due at `now`, in the order they fire.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Schedule> {
        let mut due: Vec<_> =
            self.kept.values().filter(|schedule| schedule.at.is_some_and(|at| at <= now)).cloned().collect();
        due.sort_by_key(|schedule| schedule.at);
        due
    }

    /// Notes that a schedule fired: it goes if it is to delete itself, and a one-time one never fires again.
    pub(super) fn fired(&mut self, schedule: &Schedule) {
        let key = (schedule.group.clone(), schedule.name.clone());
        if schedule.delete_after {
            self.kept.remove(&key);
        } else if let Some(kept) = self.kept.get_mut(&key) {
            kept.at = None;
        }
    }
}

/// The moment of an `at(…)`; checks the form of the other kinds.
fn time(expression: &str, zone: &str) -> Result<Option<Timestamp>, Refusal> {
    let invalid = || refuse(400, "ValidationException", format!("Invalid Schedule Expression {expression} ({zone})."));
    let Some((kind, inner)) = expression.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return invalid();
    };
    match kind {
        // Exactly to the second, without zone and fraction.
        "at" if inner.len() == 19 => {
            let moment = inner.parse::<DateTime>().and_then(|local| local.in_tz(zone));
            moment.map_or_else(|_| invalid(), |moment| Ok(Some(moment.timestamp())))
        }
        "rate" if inner.split_once(' ').is_some_and(|(n, _)| n.parse::<u32>().is_ok()) => Ok(None),
        "cron" if inner.split_whitespace().count() == 6 => Ok(None),
        _ => invalid(),
    }
}

fn arn(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:eu-central-1:000000000000:schedule/{group}/{name}")
}
