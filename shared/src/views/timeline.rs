//! The timeline of a lead: one stream of entries of several kinds, each with a body of its own.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::decisions::ExplanationView;
use super::room::Room;
use crate::domain::ids::{DealId, EventId, MemberId, PipelineId, RuleId, StageId, TaskId};
use crate::domain::routing::{DecisionRecord, Missing, OutcomeKind, explain};
use crate::domain::scoring::Category;
use crate::failure::Failure;
use crate::store::leads::timeline::Entry;

/// The kinds of entries, as `kinds` names them.
pub const KINDS: [&str; 7] = ["event", "award", "withdrawal", "decision", "task", "deal", "effect"];

/// The kinds in a list with commas; nothing when all are meant.
///
/// # Errors
/// `Invalid` when one is none of [`KINDS`].
pub fn kinds(list: Option<&str>) -> Result<Option<Vec<&'static str>>, Failure> {
    let Some(list) = list else { return Ok(None) };
    let known = |name: &str| KINDS.into_iter().find(|kind| *kind == name.trim());
    let kinds: Option<Vec<&'static str>> = list.split(',').map(known).collect();
    kinds.map(Some).ok_or_else(|| {
        Failure::invalid("?kinds", "unknown_value", format!("Name some of {}, with commas between.", KINDS.join(", ")))
    })
}

/// Something that happened to a lead.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TimelineEntryView {
    /// The same however often it is read.
    pub id: Uuid,
    pub at: Timestamp,
    #[serde(flatten)]
    pub what: TimelineBody,
}

/// What happened.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum TimelineBody {
    /// The person did something.
    Event(TimelineEvent),
    /// Points were given.
    Award(TimelinePoints),
    /// Points were taken back.
    Withdrawal(TimelinePoints),
    /// The lead was routed, or a person was asked to.
    Decision(Box<TimelineDecision>),
    /// A task was made or done.
    Task(TimelineTask),
    /// A deal was opened, moved or closed.
    Deal(TimelineDeal),
    /// Something was done outside.
    Effect(TimelineEffect),
}

/// What the person did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEvent {
    pub event_type: String,
    pub source: String,
    pub received_at: Timestamp,
    /// UTM parameters, without `utm_`.
    pub campaign: Option<Value>,
    /// Null when the answer has no room for it: ask for fewer entries at once.
    pub metadata: Option<Map<String, Value>>,
}

/// Points that were given or taken back.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimelinePoints {
    pub rule_id: RuleId,
    /// Null like `rule_name`: the rule is gone.
    pub rule_slug: Option<String>,
    pub rule_name: Option<String>,
    /// Null for a profile rule.
    pub event_id: Option<EventId>,
    pub category: Category,
    /// What was added; with the opposite sign where it was taken back.
    pub points: i32,
    pub awarded_at: Timestamp,
    /// Null: never.
    pub expires_at: Option<Timestamp>,
    /// Null: they still count, or did until they expired.
    pub withdrawn_at: Option<Timestamp>,
    /// Why they were taken back.
    pub reason: Option<String>,
}

/// What was decided about the lead.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TimelineDecision {
    pub outcome: OutcomeKind,
    pub pipeline_id: Option<PipelineId>,
    pub pipeline_name: Option<String>,
    pub owner_id: Option<MemberId>,
    pub owner_name: Option<String>,
    pub deal_id: Option<DealId>,
    /// `machine`, the `sub` of a token or the id of an API key.
    pub decided_by: String,
    /// What had to change for the machine to route the lead.
    pub missing: Option<Missing>,
    pub explanation: ExplanationView,
}

#[derive(Deserialize)]
struct StoredDecision {
    deal_id: Option<DealId>,
    decided_by: String,
    record: DecisionRecord,
    pipeline_name: Option<String>,
    owner_name: Option<String>,
}

impl From<StoredDecision> for TimelineDecision {
    fn from(stored: StoredDecision) -> Self {
        let explanation = explain(&stored.record);
        let outcome = stored.record.outcome;
        Self {
            outcome: outcome.kind,
            pipeline_id: outcome.pipeline_id,
            pipeline_name: stored.pipeline_name,
            owner_id: outcome.owner_id,
            owner_name: stored.owner_name,
            deal_id: stored.deal_id,
            decided_by: stored.decided_by,
            missing: outcome.missing,
            explanation: ExplanationView { de: explanation.de, en: explanation.en },
        }
    }
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskAction {
    Created,
    Completed,
}

/// A task as it is now, told when it was made and when it was done.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimelineTask {
    pub action: TaskAction,
    pub task_id: TaskId,
    pub title: String,
    /// `follow_up`, `call`, …
    pub task_kind: String,
    pub priority: String,
    /// How it stands now: `open`, `done`, `cancelled`.
    pub status: String,
    pub due_at: Option<Timestamp>,
    pub owner_id: Option<MemberId>,
    pub owner_name: Option<String>,
    pub deal_id: Option<DealId>,
    /// Who did it: `machine`, the `sub` of a token or the id of an API key; null for tasks that people made.
    pub by: Option<String>,
    /// The member's name, when it was one.
    pub by_name: Option<String>,
}

/// What became of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DealAction {
    Opened,
    Moved,
    Won,
    Lost,
    Reopened,
}

/// A deal's way from one stage to another.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimelineDeal {
    pub action: DealAction,
    pub deal_id: DealId,
    pub deal_name: String,
    /// Null when it was opened.
    pub from_stage_id: Option<StageId>,
    pub from_stage_name: Option<String>,
    pub to_stage_id: StageId,
    /// Null like the next two: the stage was deleted.
    pub to_stage_name: Option<String>,
    pub pipeline_id: Option<PipelineId>,
    pub pipeline_name: Option<String>,
    /// Who did it: `machine`, the `sub` of a token or the id of an API key.
    pub by: String,
    /// The member's name, when it was one.
    pub by_name: Option<String>,
    /// Why, when a person said so.
    pub reason: Option<String>,
}

/// Something done, or to be done, at a partner.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEffect {
    /// What: `slack.post_message`, …
    pub effect: String,
    /// Where: a channel, a record.
    pub target: String,
    /// What for: `decision:<id>`, `task-due:<id>:<moment>`, …
    pub cause: String,
    /// `pending`, `sending`, `done`, `failed`, `unknown`.
    pub status: String,
    pub attempts: i32,
    /// Why it failed or is not known.
    pub error: Option<String>,
    pub finished_at: Option<Timestamp>,
}

impl TimelineEntryView {
    /// An entry with the body of its kind.
    ///
    /// # Errors
    /// `Internal` when the store and this file disagree about a body.
    pub fn of(entry: Entry, room: &mut Room) -> Result<Self, Failure> {
        let mut body = entry.body;
        if let Some(metadata) = body.get_mut("metadata") {
            room.take_value(metadata);
        }
        let what = match entry.kind.as_str() {
            "event" => serde_json::from_value(body).map(TimelineBody::Event),
            "award" => serde_json::from_value(body).map(TimelineBody::Award),
            "withdrawal" => serde_json::from_value(body).map(TimelineBody::Withdrawal),
            "decision" => serde_json::from_value::<StoredDecision>(body)
                .map(|stored| TimelineBody::Decision(Box::new(stored.into()))),
            "task" => serde_json::from_value(body).map(TimelineBody::Task),
            "deal" => serde_json::from_value(body).map(TimelineBody::Deal),
            _ => serde_json::from_value(body).map(TimelineBody::Effect),
        };
        Ok(Self { id: entry.id, at: entry.at, what: what.map_err(Failure::internal)? })
    }
}
