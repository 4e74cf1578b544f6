//! One round of decisions: pure choices in memory, then one statement per table.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Decided, DueTask};
use crate::app::App;
use crate::domain::ids::{DealId, DecisionId, EffectId, LeadId, MemberId, PipelineId, TaskId};
use crate::domain::routing::{Assessment, DecisionInputs, DecisionRecord, Question, assess, decide, follow_up_due};
use crate::failure::Failure;
use crate::flows::texts;
use crate::integrations::slack;
use crate::messages::queues;
use crate::store::Tx;
use crate::store::effects::{self, NewEffect};
use crate::store::event_path::LoadedLead;
use crate::store::routing::{self as store, Asked, Decision, LockedMember, NewTask, Placement, Target};
use crate::store::rules::TenantRules;

/// Who decided, in the records.
const MACHINE: &str = "machine";

/// The decisions of one transaction.
pub struct Round<'a> {
    app: &'a App,
    tenant: &'a TenantRules,
    members: Vec<LockedMember>,
    targets: HashMap<PipelineId, Target>,
    zone: TimeZone,
    now: Timestamp,
    placements: Vec<Placement>,
    tasks: Vec<NewTask>,
    cancelled: Vec<TaskId>,
    asked: Vec<Asked>,
    answered: Vec<LeadId>,
    assignments: HashMap<MemberId, Timestamp>,
    effects: Vec<NewEffect>,
}

impl<'a> Round<'a> {
    pub fn new(
        app: &'a App,
        tenant: &'a TenantRules,
        members: Vec<LockedMember>,
        targets: Vec<Target>,
        zone: TimeZone,
        now: Timestamp,
    ) -> Self {
        Self {
            app,
            tenant,
            members,
            targets: targets.into_iter().map(|target| (target.id, target)).collect(),
            zone,
            now,
            placements: Vec::new(),
            tasks: Vec::new(),
            cancelled: Vec::new(),
            asked: Vec::new(),
            answered: Vec::new(),
            assignments: HashMap::new(),
            effects: Vec::new(),
        }
    }

    /// Decides about one lead and notes what that means. Loads grow with each lead of the round.
    pub fn decide(&mut self, lead: &LoadedLead, inputs: DecisionInputs) -> Decided {
        let assessment = assess(&inputs);
        let candidates = match assessment.pipeline() {
            Some(pipeline) => self.members.iter().map(|member| member.candidate(pipeline)).collect(),
            None => Vec::new(),
        };
        let record = Arc::new(decide(inputs, &candidates));
        let undecided = Decided { lead: lead.id, record: Arc::clone(&record), decision: None };
        let id = DecisionId(self.app.new_id());
        let target = assessment.pipeline().and_then(|pipeline| self.targets.get(&pipeline)).cloned();
        let deal = match (target, question(&assessment)) {
            (Some(target), _) => Some(self.place(lead, id, target, &record)),
            (None, Some(winner)) if asks(lead, winner, self.now) => {
                self.ask_person(lead, id, &record, winner);
                None
            }
            // The person who is to choose has been asked already.
            (None, Some(_)) => return undecided,
            (None, None) => {
                self.withdraw(lead);
                return undecided;
            }
        };
        let row = Decision { id, lead: lead.id, deal, record: Arc::clone(&record) };
        Decided { lead: lead.id, record, decision: Some(row) }
    }

    fn place(&mut self, lead: &LoadedLead, id: DecisionId, target: Target, record: &DecisionRecord) -> DealId {
        let deal = DealId(self.app.new_id());
        let owner = record.outcome.owner_id;
        // The moments of one round differ by a microsecond, so that "longest since last assignment" has an order.
        let moment = self.now + SignedDuration::from_micros(i64::try_from(self.placements.len()).unwrap_or(0));
        for member in self.members.iter_mut().filter(|member| Some(member.id) == owner) {
            member.load += 1;
            member.last_assigned_at = Some(moment);
            self.assignments.insert(member.id, moment);
        }
        let language = &self.tenant.tenant.language;
        let name = lead.state.profile.display_name();
        let why = texts::explanation(language, record);
        let member = self.members.iter().find(|member| Some(member.id) == owner);
        let mut payload = texts::routed(self.app, &self.tenant.tenant, lead, record, &target, member, &why);
        if let (Some(_), Some(channel)) = (member, &target.slack_channel) {
            payload["channel"] = channel.as_str().into();
        }
        self.tell(lead.id, id, payload);
        self.tasks.push(NewTask {
            id: TaskId(self.app.new_id()),
            title: match owner {
                Some(_) => texts::follow_up_title(language, &name),
                None => texts::assign_owner_title(language, &name),
            },
            description: Some(why),
            kind: if owner.is_some() { "follow_up" } else { "assign_owner" },
            priority: if owner.is_some() { "normal" } else { "high" },
            due_at: follow_up_due(self.now, record.inputs.config.follow_up_working_days, &self.zone),
            owner: owner.or_else(|| self.team_lead()),
            lead: lead.id,
            deal: Some(deal),
            cause: format!("decision:{id}"),
        });
        self.cancelled.extend(lead.question.as_ref().map(|question| question.task));
        self.placements.push(Placement {
            lead: lead.id,
            deal,
            deal_name: format!("{name} – {}", target.name),
            history: self.app.new_id(),
            target,
            owner,
        });
        deal
    }

    /// The conflict that a person was asked about has ended: there is nothing to answer any more.
    fn withdraw(&mut self, lead: &LoadedLead) {
        if let Some(question) = lead.question.as_ref().filter(|question| question.is_open()) {
            self.cancelled.push(question.task);
            self.answered.push(lead.id);
        }
    }

    fn ask_person(&mut self, lead: &LoadedLead, id: DecisionId, record: &DecisionRecord, winner: &str) {
        let language = &self.tenant.tenant.language;
        let task = TaskId(self.app.new_id());
        let why = texts::explanation(language, record);
        let payload = texts::conflict(self.app, &self.tenant.tenant, lead, record, &why);
        self.tell(lead.id, id, payload);
        self.tasks.push(NewTask {
            id: task,
            title: texts::decide_pipeline_title(language, &lead.state.profile.display_name()),
            description: Some(why),
            kind: "decide_pipeline",
            priority: "high",
            due_at: follow_up_due(self.now, record.inputs.config.follow_up_working_days, &self.zone),
            owner: self.team_lead(),
            lead: lead.id,
            deal: None,
            cause: format!("decision:{id}"),
        });
        self.asked.push(Asked { lead: lead.id, task, winner: winner.to_owned() });
    }

    fn team_lead(&self) -> Option<MemberId> {
        self.members.iter().find(|member| member.active && member.lead_of_team).map(|member| member.id)
    }

    fn tell(&mut self, lead: LeadId, decision: DecisionId, payload: serde_json::Value) {
        let (id, cause, target) =
            (EffectId(self.app.new_id()), format!("decision:{decision}"), slack::target(&payload));
        self.effects.push(NewEffect { lead: Some(lead), ..NewEffect::new(id, slack::KIND, cause, target, payload) });
    }

    /// Writes the round. Answers with the tasks that were made.
    pub async fn write(self, tx: &Tx, decided: &[Decided]) -> Result<Vec<DueTask>, Failure> {
        let rows: Vec<Decision> = decided.iter().filter_map(|one| one.decision.clone()).collect();
        let assignments: Vec<(MemberId, Timestamp)> = self.assignments.into_iter().collect();
        // Sent together and run one after the other: what refers to a deal comes behind it.
        tokio::try_join!(
            biased;
            store::place(tx, &self.placements, queues::ROUTING, MACHINE, self.now),
            store::insert_tasks(tx, &self.tasks, self.now),
            store::cancel_tasks(tx, &self.cancelled, self.now),
            store::mark_conflicts(tx, &self.asked, self.now),
            store::forget_questions(tx, &self.answered, self.now),
            store::insert_decisions(tx, &rows, MACHINE, self.now),
            store::note_assignments(tx, &assignments),
            effects::insert(tx, slack::NAME, &self.effects, self.now),
        )?;
        let due = |task: &NewTask| (task.id, tx.tenant(), task.due_at);
        Ok(self.tasks.iter().map(due).collect())
    }
}

/// What a person is to be asked about: the intent that is ahead in a conflict, or whose pipeline has no stage to begin in. None where the
/// lead simply waits.
fn question(assessment: &Assessment) -> Option<&str> {
    match assessment {
        Assessment::Routed { intent: ahead, .. } | Assessment::Conflict { first: ahead, .. } => Some(ahead),
        Assessment::Discovery { .. } => Some("discovery"),
        Assessment::Pending { .. } => None,
    }
}

/// Whether a person is to be asked now.
pub fn asks(lead: &LoadedLead, winner: &str, now: Timestamp) -> bool {
    !lead.question.as_ref().is_some_and(|question: &Question| question.stands(winner, now))
}
