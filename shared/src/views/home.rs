//! The first page of a day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::tasks::TaskView;
use crate::domain::ids::{DealId, LeadId, MemberId, PipelineId, StageId};
use crate::store::home::{FirstSteps, HotLead, IdleDeal, Money, Person};
use crate::store::settings::Goal;

/// Everything that the first page of a day shows. What the caller may not read is null.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HomeView {
    /// The day it is where the caller is.
    pub today: Date,
    /// IANA name of the zone in which days begin here: the member's, else the tenant's.
    pub zone: String,
    /// The caller's open tasks that are overdue or due today, the most urgent first, 20 at most.
    pub tasks: Option<Vec<TaskView>>,
    /// The caller's open deals about which nothing is to be done, the most valuable first, 10 at most.
    pub deals_without_next_step: Option<Vec<IdleDealView>>,
    /// Who became hot since yesterday began and still is: the caller's and nobody's; of managers everybody's. The latest first.
    pub hot_leads: Option<HotLeadsView>,
    /// How the caller stands; null for who is no member of the team.
    pub me: Option<PersonView>,
    /// What everybody's deals are worth together.
    pub team: Option<TeamFiguresView>,
    /// How everybody stands, for who leads a team; null for others.
    pub people: Option<Vec<PersonView>>,
    /// What a new tenant does first; null once all of it is done.
    pub first_steps: Option<Vec<FirstStepView>>,
}

/// A deal about which nothing is to be done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IdleDealView {
    pub id: DealId,
    pub name: String,
    pub lead_id: Option<LeadId>,
    pub lead_name: Option<String>,
    pub pipeline_id: PipelineId,
    pub stage_id: StageId,
    pub stage_name: Option<String>,
    pub in_stage_since: Timestamp,
    /// In minor units of `currency`.
    pub value_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    pub expected_close_on: Option<Date>,
    pub version: i64,
}

impl From<IdleDeal> for IdleDealView {
    fn from(deal: IdleDeal) -> Self {
        Self {
            id: deal.id,
            name: deal.name,
            lead_id: deal.lead,
            lead_name: deal.lead_name,
            pipeline_id: deal.pipeline,
            stage_id: deal.stage,
            stage_name: deal.stage_name,
            in_stage_since: deal.in_stage_since,
            value_minor: deal.value_minor,
            currency: deal.currency,
            expected_close_on: deal.expected_close_on,
            version: deal.version,
        }
    }
}

/// Leads that became hot, 10 at most.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HotLeadsView {
    pub total: i64,
    pub data: Vec<HotLeadView>,
}

/// A lead that became hot.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HotLeadView {
    pub id: LeadId,
    /// The name, else the company, else the e-mail address.
    pub name: Option<String>,
    pub company: Option<String>,
    pub owner_id: Option<MemberId>,
    pub owner_name: Option<String>,
    /// `hot` or `very_hot`.
    pub tier: String,
    pub total_score: i32,
    pub hot_at: Timestamp,
}

impl From<HotLead> for HotLeadView {
    fn from(lead: HotLead) -> Self {
        Self {
            id: lead.id,
            name: lead.name,
            company: lead.company,
            owner_id: lead.owner,
            owner_name: lead.owner_name,
            tier: lead.tier,
            total_score: lead.total_score,
            hot_at: lead.hot_at,
        }
    }
}

/// What deals of one currency are worth, in its minor units.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct MoneyView {
    /// ISO 4217 code.
    pub currency: String,
    /// Deals won this month.
    pub won: i64,
    pub won_minor: i64,
    /// Open deals.
    pub open: i64,
    pub open_minor: i64,
    /// Each with the probability of its stage.
    pub weighted_minor: i64,
}

/// How somebody stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonView {
    pub member_id: MemberId,
    pub name: String,
    /// Open tasks whose moment has passed.
    pub overdue: i64,
    /// Open tasks due until the day ends.
    pub today: i64,
    /// Open deals about which nothing is to be done.
    pub without_next_step: i64,
    /// Leads of theirs that became hot since yesterday began.
    pub hot_leads: i64,
    /// By currency; null when the caller may not read deals.
    pub money: Option<Vec<MoneyView>>,
    /// What they are to win in a month, in minor units of the tenant's currency.
    pub goal_minor: Option<i64>,
}

/// What everybody's deals are worth together.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TeamFiguresView {
    /// By currency.
    pub money: Vec<MoneyView>,
    /// What everybody is to win together in a month, in minor units of `goal_currency`.
    pub goal_minor: Option<i64>,
    /// The tenant's.
    pub goal_currency: String,
}

/// What a new tenant does first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FirstStep {
    /// Has a first lead.
    Lead,
    /// Has a first deal.
    Deal,
    /// Has somebody else who works here too.
    Team,
}

/// Something that a new tenant does first, and whether it is done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FirstStepView {
    pub step: FirstStep,
    pub done: bool,
}

/// The steps while one of them is left.
pub fn first_steps(steps: FirstSteps) -> Option<Vec<FirstStepView>> {
    let FirstSteps { leads, deals, team } = steps;
    let step = |step, done| FirstStepView { step, done };
    let steps = || vec![step(FirstStep::Lead, leads), step(FirstStep::Deal, deals), step(FirstStep::Team, team)];
    (!(leads && deals && team)).then(steps)
}

/// Sums by currency of those that pass.
pub fn sums(money: &[Money], pass: impl Fn(&Money) -> bool) -> Vec<MoneyView> {
    let mut sums: BTreeMap<&str, MoneyView> = BTreeMap::new();
    for one in money.iter().filter(|one| pass(one)) {
        let sum = sums.entry(&one.currency).or_default();
        sum.currency.clone_from(&one.currency);
        sum.won += one.won;
        sum.won_minor += one.won_minor;
        sum.open += one.open;
        sum.open_minor += one.open_minor;
        sum.weighted_minor += one.weighted_minor;
    }
    sums.into_values().collect()
}

impl PersonView {
    /// Somebody with their deals' worth and goal.
    pub fn of(person: Person, money: Option<&[Money]>, goals: &[Goal]) -> Self {
        Self {
            member_id: person.id,
            name: person.name,
            overdue: person.overdue,
            today: person.today,
            without_next_step: person.without_next_step,
            hot_leads: person.hot_leads,
            money: money.map(|money| sums(money, |one| one.owner == Some(person.id))),
            goal_minor: goal(goals, Some(person.id)),
        }
    }
}

/// What somebody, or everybody together, is to win in a month.
pub fn goal(goals: &[Goal], member: Option<MemberId>) -> Option<i64> {
    goals.iter().find(|goal| goal.member_id == member).map(|goal| goal.won_minor_per_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_shown_until_all_are_done() {
        let steps = |leads, deals, team| first_steps(FirstSteps { leads, deals, team });
        assert!(steps(true, true, true).is_none());
        let left: Vec<_> = steps(true, false, true).unwrap().iter().map(|one| (one.step, one.done)).collect();
        assert_eq!(left, [(FirstStep::Lead, true), (FirstStep::Deal, false), (FirstStep::Team, true)]);
    }

    #[test]
    fn currencies_are_never_added_up() {
        let money = |currency: &str, won_minor| Money {
            owner: None,
            currency: currency.to_owned(),
            won: 1,
            won_minor,
            open: 0,
            open_minor: 0,
            weighted_minor: 0,
        };
        let sums = sums(&[money("EUR", 1), money("CHF", 2), money("EUR", 4)], |one| one.won_minor < 9);
        let found: Vec<_> = sums.iter().map(|sum| (sum.currency.as_str(), sum.won, sum.won_minor)).collect();
        assert_eq!(found, [("CHF", 1, 2), ("EUR", 2, 5)]);
    }
}
