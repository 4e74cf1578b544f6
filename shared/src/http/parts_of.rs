//! The lists that hang on a lead or a deal: each is an endpoint of its own, and a part of the record's page when that asks for it with
//! `include`.

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::call::Call;
use crate::domain::access::Scope;
use crate::domain::ids::{DealId, LeadId};
use crate::failure::Failure;
use crate::store::choice::Choice;
use crate::store::deals::history as stays;
use crate::store::leads::{self, Lead, history, timeline};
use crate::store::window::Window;
use crate::store::{deals, scoring_rules, tasks};
use crate::views::cursor::Cursor;
use crate::views::deals::{DealStayView, DealView};
use crate::views::decisions::DecisionView;
use crate::views::leads::LeadView;
use crate::views::leads_history::{LeadIntentView, LeadScoreView};
use crate::views::leads_unrouted::present;
use crate::views::paging::{Orders, Page, Paging};
use crate::views::record::Record;
use crate::views::room::Room;
use crate::views::scoring::BreakdownView;
use crate::views::tasks::TaskView;
use crate::views::timeline::TimelineEntryView;
use crate::views::{deals_filter, tasks_filter};

const DECIDED: &str = "-decided_at";

/// The orders of decisions.
pub const DECISION_ORDERS: Orders = Orders::by_page(&[DECIDED]);
/// The orders of points.
pub const SCORE_ORDERS: Orders = Orders::by_page(&["-awarded_at"]);
/// The orders of intent signals.
pub const INTENT_ORDERS: Orders = Orders::by_page(&["-detected_at"]);
/// The orders of a timeline.
pub const TIMELINE_ORDERS: Orders = Orders::walked(&["-at"]);
/// The orders of a deal's stages.
pub const STAY_ORDERS: Orders = Orders::by_page(&["-entered_at"]);

/// What a lead's page may have besides the lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadPart {
    Decisions,
    Breakdown,
    Scores,
    Intents,
    Timeline,
    Tasks,
    Deals,
}

/// What a deal's page may have besides the deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DealPart {
    History,
    Tasks,
    Lead,
}

/// The parts that are asked for, each with what one has to be allowed.
trait Part: Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self, Scope)];
}

impl Part for LeadPart {
    const ALL: &'static [(&'static str, Self, Scope)] = &[
        ("decisions", Self::Decisions, Scope::LeadsRead),
        ("breakdown", Self::Breakdown, Scope::ScoringRead),
        ("scores", Self::Scores, Scope::LeadsRead),
        ("intents", Self::Intents, Scope::LeadsRead),
        ("timeline", Self::Timeline, Scope::LeadsRead),
        ("tasks", Self::Tasks, Scope::TasksRead),
        ("deals", Self::Deals, Scope::DealsRead),
    ];
}

impl Part for DealPart {
    const ALL: &'static [(&'static str, Self, Scope)] = &[
        ("history", Self::History, Scope::DealsRead),
        ("tasks", Self::Tasks, Scope::TasksRead),
        ("lead", Self::Lead, Scope::LeadsRead),
    ];
}

/// A record with what was asked for beside it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{R}WithParts")]
pub struct WithParts<R, P> {
    #[serde(flatten)]
    pub record: R,
    /// What `include` asked for; absent without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<P>,
}

impl<R: Record, P> Record for WithParts<R, P> {
    const NAME: &'static str = R::NAME;
    const PATH: &'static str = R::PATH;
    fn id(&self) -> Uuid {
        self.record.id()
    }
    fn version(&self) -> i64 {
        self.record.version()
    }
}

/// What was asked for beside a lead: each as its own endpoint shows its first page.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct LeadPartsView {
    /// As `GET /leads/{id}/decisions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Page<DecisionView>>,
    /// As `GET /scoring/leads/{leadId}/breakdown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<BreakdownView>,
    /// As `GET /leads/{id}/scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Page<LeadScoreView>>,
    /// As `GET /leads/{id}/intents`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intents: Option<Page<LeadIntentView>>,
    /// As `GET /leads/{id}/timeline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Page<TimelineEntryView>>,
    /// As `GET /tasks?lead_id=…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Page<TaskView>>,
    /// As `GET /deals?lead_id=…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deals: Option<Page<DealView>>,
}

/// What was asked for beside a deal.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct DealPartsView {
    /// As `GET /deals/{id}/history` shows its first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Page<DealStayView>>,
    /// As `GET /tasks?deal_id=…` shows its first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Page<TaskView>>,
    /// As in a list of leads; null for a deal without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LeadView>")]
    pub lead: Option<Option<LeadView>>,
}

impl<B, Q> Call<B, Q> {
    /// The parts named with commas between.
    fn parts<P: Part>(&self, include: Option<&str>) -> Result<Vec<P>, Failure> {
        let mut parts = Vec::new();
        for name in include.iter().flat_map(|names| names.split(',')) {
            let found = P::ALL.iter().find(|(known, ..)| *known == name.trim());
            let Some((_, part, scope)) = found else {
                let names: Vec<&str> = P::ALL.iter().map(|(name, ..)| *name).collect();
                let detail = format!("Name some of {}, with commas between.", names.join(", "));
                return Err(Failure::invalid("?include", "unknown_value", detail));
            };
            self.caller.need(*scope)?;
            if !parts.contains(part) {
                parts.push(*part);
            }
        }
        Ok(parts)
    }

    /// What is asked for beside a lead.
    ///
    /// # Errors
    /// `Invalid` for a part that does not exist, `Forbidden` for one the caller may not read.
    pub fn lead_parts(&self, include: Option<&str>) -> Result<Vec<LeadPart>, Failure> {
        self.parts(include)
    }

    /// What is asked for beside a deal.
    ///
    /// # Errors
    /// As [`Self::lead_parts`].
    pub fn deal_parts(&self, include: Option<&str>) -> Result<Vec<DealPart>, Failure> {
        self.parts(include)
    }

    /// Reads parts of a lead's page. Each costs what its own endpoint costs, however much it holds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read_lead_parts(&self, lead: &Lead, parts: &[LeadPart]) -> Result<Option<LeadPartsView>, Failure> {
        if parts.is_empty() {
            return Ok(None);
        }
        let (id, first) = (lead.id, Paging::default());
        let mut view = LeadPartsView::default();
        for part in parts {
            match part {
                LeadPart::Decisions => view.decisions = Some(self.decisions_of(lead, &first).await?),
                LeadPart::Breakdown => view.breakdown = Some(self.breakdown_of(id).await?),
                LeadPart::Scores => view.scores = Some(self.scores_of(id, &first).await?),
                LeadPart::Intents => view.intents = Some(self.intents_of(id, &first).await?),
                LeadPart::Timeline => view.timeline = Some(self.timeline_of(id, None, &first).await?),
                LeadPart::Tasks => {
                    let filter = tasks::Filter { lead: Choice::asked(Some(id)), ..tasks::Filter::default() };
                    view.tasks = Some(self.tasks_of(&filter, &first).await?);
                }
                LeadPart::Deals => {
                    let filter = deals::Filter { lead: Choice::asked(Some(id)), ..deals::Filter::default() };
                    view.deals = Some(self.deals_of(&filter, &first).await?);
                }
            }
        }
        Ok(Some(view))
    }

    /// Reads parts of a deal's page.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read_deal_parts(
        &self,
        id: DealId,
        lead: Option<LeadId>,
        parts: &[DealPart],
    ) -> Result<Option<DealPartsView>, Failure> {
        if parts.is_empty() {
            return Ok(None);
        }
        let first = Paging::default();
        let mut view = DealPartsView::default();
        for part in parts {
            match part {
                DealPart::History => view.history = Some(self.stays_of(id, &first).await?),
                DealPart::Tasks => {
                    let filter = tasks::Filter { deal: Choice::asked(Some(id)), ..tasks::Filter::default() };
                    view.tasks = Some(self.tasks_of(&filter, &first).await?);
                }
                DealPart::Lead => {
                    let lead = match lead {
                        Some(lead) => leads::list_by_id(&self.tx, &[lead]).await?.pop(),
                        None => None,
                    };
                    view.lead = Some(lead.map(|lead| LeadView::listed(lead, None)));
                }
            }
        }
        Ok(Some(view))
    }

    /// The routing decisions about a lead, the newest first; one in the pool begins with where it stands now, unless the newest decision
    /// says the same.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn decisions_of(&self, lead: &Lead, paging: &Paging) -> Result<Page<DecisionView>, Failure> {
        let (id, window) = (lead.id, paging.window(&DECISION_ORDERS)?);
        let mut now = None;
        if !lead.flags().routed {
            let tenant = self.app.rules().get(&self.tx).await?;
            let state = history::list_states(&self.tx, &[id]).await?.remove(&id).unwrap_or_default();
            let record = present(self.now, &tenant, lead, &state);
            let newest = history::list_decisions(&self.tx, id, Window::first(DECIDED, 1)).await?;
            if newest.first().is_none_or(|newest| newest.record.is_superseded_by(&record)) {
                now = Some(DecisionView::new(None, id, None, &record));
            }
        }
        // The present counts as the first row of the list: the others move down by one.
        let shift = i64::from(now.is_some());
        let total = history::count_decisions(&self.tx, id).await? + shift;
        let mut data: Vec<DecisionView> = now.into_iter().filter(|_| window.offset == 0).collect();
        let limit = window.limit - i64::from(!data.is_empty());
        let others = Window { limit, offset: (window.offset - shift).max(0), ..window };
        let decisions = history::list_decisions(&self.tx, id, others).await?;
        data.extend(decisions.iter().map(DecisionView::from));
        Ok(Page::new(data, paging, total))
    }

    /// What a lead's score is made of now.
    ///
    /// # Errors
    /// `NotFound` when this tenant has no such lead.
    pub async fn breakdown_of(&self, id: LeadId) -> Result<BreakdownView, Failure> {
        let awards = scoring_rules::list_awards(&self.tx, id, self.now).await?;
        let tenant = self.app.rules().get(&self.tx).await?;
        Ok(BreakdownView::of(id, awards, tenant.rules.tiers(), self.now))
    }

    /// The points of a lead.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn scores_of(&self, id: LeadId, paging: &Paging) -> Result<Page<LeadScoreView>, Failure> {
        let scores = history::list_scores(&self.tx, id, paging.window(&SCORE_ORDERS)?).await?;
        let total = history::count_scores(&self.tx, id).await?;
        Ok(Page::new(scores.into_iter().map(|score| LeadScoreView::at(self.now, score)).collect(), paging, total))
    }

    /// The intent signals of a lead.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn intents_of(&self, id: LeadId, paging: &Paging) -> Result<Page<LeadIntentView>, Failure> {
        let signals = history::list_intents(&self.tx, id, paging.window(&INTENT_ORDERS)?).await?;
        let total = history::count_intents(&self.tx, id).await?;
        Ok(Page::new(signals.into_iter().map(|signal| LeadIntentView::at(self.now, signal)).collect(), paging, total))
    }

    /// What happened to a lead, of these kinds or of all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn timeline_of(
        &self,
        id: LeadId,
        kinds: Option<&[&str]>,
        paging: &Paging,
    ) -> Result<Page<TimelineEntryView>, Failure> {
        let entries = timeline::list(&self.tx, id, kinds, paging.window(&TIMELINE_ORDERS)?).await?;
        let total = timeline::count(&self.tx, id, kinds).await?;
        let Page { data, pagination, aggregates } =
            Page::walked(entries, paging, total, |entry| Cursor { at: entry.at, id: entry.id });
        let mut room = Room::default();
        let data = data.into_iter().map(|entry| TimelineEntryView::of(entry, &mut room)).collect::<Result<_, _>>()?;
        Ok(Page { data, pagination, aggregates })
    }

    /// The stages a deal stood in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn stays_of(&self, id: DealId, paging: &Paging) -> Result<Page<DealStayView>, Failure> {
        let stays = stays::list_history(&self.tx, id, paging.window(&STAY_ORDERS)?).await?;
        let total = stays::count_history(&self.tx, id).await?;
        Ok(Page::new(stays.into_iter().map(|stay| DealStayView::at(self.now, stay)).collect(), paging, total))
    }

    async fn tasks_of(&self, filter: &tasks::Filter, paging: &Paging) -> Result<Page<TaskView>, Failure> {
        let found = tasks::list(&self.tx, filter, paging.window(&tasks_filter::ORDERS)?).await?;
        let total = tasks::count(&self.tx, filter).await?;
        Ok(Page::new(found, paging, total).map(TaskView::from))
    }

    async fn deals_of(&self, filter: &deals::Filter, paging: &Paging) -> Result<Page<DealView>, Failure> {
        let found = deals::list(&self.tx, filter, paging.window(&deals_filter::ORDERS)?).await?;
        let total = deals::count(&self.tx, filter).await?;
        let place = |deal: &deals::Deal| Cursor { at: deal.created_at, id: deal.id.into() };
        Ok(Page::walked(found, paging, total, place).map(DealView::from))
    }
}
