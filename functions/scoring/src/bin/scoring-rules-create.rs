//! Adds a scoring rule, publishes the rules with it, and has every lead evaluated again.
//!
//! Refuses conditions that do not parse, naming the place of each fault, a slug that is taken, and more rules or regular expressions
//! than a tenant may have.

use std::process::ExitCode;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;
use shared::domain::ids::RuleId;
use shared::domain::scoring::ScoringRuleDraft;
use shared::http::{self, Call, Created};
use shared::messages::events::{Inbound, Recalculate};
use shared::messages::queues;
use shared::store::{outbox, rules, scoring_rules};
use shared::views::scoring::ScoringRuleView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/scoring/rules", Scope::ScoringWrite, handle)
}

/// The rule as it came: the domain reads it itself, so that faults of its shape and of its meaning are named together.
#[derive(Deserialize)]
#[serde(transparent)]
struct RuleBody(Value);

impl JsonSchema for RuleBody {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        ScoringRuleDraft::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ScoringRuleDraft::json_schema(generator)
    }
}

async fn handle(call: Call<RuleBody>) -> Result<Created<ScoringRuleView>, Failure> {
    let draft = ScoringRuleDraft::validate(&call.body.0).map_err(Failure::Invalid)?;
    let rule = draft.into_rule(RuleId(call.app.new_id()), 1);
    let stored = scoring_rules::insert(&call.tx, rule, call.now).await?;
    let published = rules::publish(&call.tx, Some(stored.rule.id), &call.caller.subject, call.now).await?;
    let recalculate =
        Inbound::Recalculate(Recalculate { tenant_id: call.tx.tenant(), rule_set_version: published, after: None });
    outbox::put(&call.tx, queues::EVENTS, &[recalculate], call.now).await?;
    let view = ScoringRuleView::from(stored);
    call.note_new(&view).await?;
    Ok(Created::of(view))
}
