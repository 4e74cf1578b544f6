//! What the demo's team does about its people, through the API with the administrator's token.

use anyhow::Context as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, get};
use crate::http;
use crate::state::Access;

/// Something done about a person, or their deal.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Have the router look at the lead once more.
    Evaluate,
    /// Move the deal to a stage of its pipeline.
    Move {
        /// The stage's name.
        stage: String,
    },
    /// Close the deal.
    Close {
        /// `won` or `lost`.
        outcome: String,
        /// Why.
        reason: String,
    },
    /// Say what the deal is worth, and when it should close.
    Expect {
        /// In cents.
        value_minor: i64,
        /// Days from now.
        in_days: Option<i64>,
    },
    /// Complete the lead's open tasks.
    FinishTasks,
    /// Note something to do.
    AddTask {
        /// What.
        title: String,
        /// `call`, `email`, …
        kind: String,
        /// Days from now; below zero: overdue.
        in_days: i64,
        /// `low`, `normal`, `high`.
        priority: String,
        /// It was done already.
        done: bool,
    },
}

/// Does everything that is still to be done: the first `progress` deeds are. Those about people or deals that are not there are passed over.
/// Answers with how many deeds there are.
///
/// # Errors
/// When the API refuses one, with its answer; `progress` says how far it came.
pub async fn act(access: &Access, outcomes: &[Outcome], now: Timestamp, progress: &mut usize) -> anyhow::Result<usize> {
    let pipelines = get(access, "/api/v1/pipelines").await?;
    let mut nth = 0;
    for outcome in outcomes {
        let mut lead = outcome.lead.clone();
        for deed in &outcome.person.then {
            nth += 1;
            let Some(known) = lead.as_ref().filter(|_| nth > *progress) else { continue };
            Team { access, pipelines: &pipelines, now }
                .does(deed, known)
                .await
                .with_context(|| format!("the demo stopped at {}", outcome.person.name))?;
            *progress = nth;
            if matches!(deed, Deed::Evaluate) {
                lead = Some(get(access, &path("leads", known)).await?);
            }
        }
    }
    *progress = nth;
    Ok(nth)
}

fn path(resource: &str, record: &Value) -> String {
    format!("/api/v1/{resource}/{}", record["id"].as_str().unwrap_or_default())
}

struct Team<'a> {
    access: &'a Access,
    pipelines: &'a Value,
    now: Timestamp,
}

impl Team<'_> {
    async fn does(&self, deed: &Deed, lead: &Value) -> anyhow::Result<()> {
        let deal = lead["deal_id"].as_str().map(|id| format!("/api/v1/deals/{id}"));
        match deed {
            Deed::Evaluate => {
                let id = lead["id"].as_str().unwrap_or_default();
                self.send("POST", &format!("/api/v1/routing/evaluate/{id}"), &Value::Null).await?;
            }
            Deed::Move { stage } => {
                if let (Some(deal), Some(stage)) = (deal, self.stage(lead, stage)) {
                    self.send("POST", &format!("{deal}/move"), &json!({ "stage_id": stage })).await?;
                }
            }
            Deed::Close { outcome, reason } => {
                if let Some(deal) = deal {
                    let body = json!({"outcome": outcome, "reason": reason});
                    self.send("POST", &format!("{deal}/close"), &body).await?;
                }
            }
            Deed::Expect { value_minor, in_days } => {
                if let Some(deal) = deal {
                    let day = in_days.map(|days| self.in_days(days).to_zoned(TimeZone::UTC).date());
                    let body = json!({"value_minor": value_minor, "expected_close_on": day});
                    self.send("PATCH", &deal, &body).await?;
                }
            }
            Deed::FinishTasks => {
                let id = lead["id"].as_str().unwrap_or_default();
                let open = get(self.access, &format!("/api/v1/tasks?status=open&lead_id={id}")).await?;
                for task in open["data"].as_array().into_iter().flatten() {
                    self.send("POST", &format!("{}/complete", path("tasks", task)), &Value::Null).await?;
                }
            }
            Deed::AddTask { title, kind, in_days, priority, done } => {
                let body = json!({
                    "title": title, "kind": kind, "priority": priority, "due_at": self.in_days(*in_days),
                    "owner_id": lead["owner_id"], "lead_id": lead["id"], "deal_id": lead["deal_id"],
                });
                let task = self.send("POST", "/api/v1/tasks", &body).await?;
                if *done {
                    self.send("POST", &format!("{}/complete", path("tasks", &task)), &Value::Null).await?;
                }
            }
        }
        Ok(())
    }

    /// Two hours later on that day, on the hour: people do not set tasks to the microsecond.
    fn in_days(&self, days: i64) -> Timestamp {
        let moment = self.now + SignedDuration::from_hours(24 * days + 2);
        Timestamp::from_second(moment.as_second() / 3600 * 3600).unwrap_or(moment)
    }

    /// The stage of that name in the lead's pipeline.
    fn stage(&self, lead: &Value, name: &str) -> Option<Value> {
        let pipelines = self.pipelines["data"].as_array()?;
        let pipeline = pipelines.iter().find(|pipeline| pipeline["id"] == lead["pipeline_id"])?;
        let stage = pipeline["stages"].as_array()?.iter().find(|stage| stage["name"] == name)?;
        Some(stage["id"].clone())
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let bearer = format!("Bearer {}", self.access.token);
        let url = format!("{}{path}", self.access.api_url);
        let headers = [("authorization", bearer.as_str())];
        let answer = match body {
            Value::Null => http::send(method, &url, &headers, "").await?,
            body => http::send_json(method, &url, &headers, body).await?,
        };
        answer.ok(&format!("{method} {path}"))?.json()
    }
}
