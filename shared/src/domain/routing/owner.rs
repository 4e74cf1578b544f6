//! Who gets a lead: the least loaded member who serves the pipeline, and why everybody else was passed over.

use std::cmp::Ordering;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::ids::MemberId;

/// A team member as the decision saw them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// The member.
    pub member_id: MemberId,
    /// Their name.
    pub name: String,
    /// Whether they work at the moment.
    pub active: bool,
    /// Whether they serve the pipeline.
    pub serves_pipeline: bool,
    /// Their open deals.
    pub load: u32,
    /// The most open deals they take.
    pub capacity: u32,
    /// When the machine last gave them a lead; none if never.
    pub last_assigned_at: Option<Timestamp>,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Owns the lead.
    Chosen,
    /// Does not work at the moment.
    Inactive,
    /// Does not serve the pipeline.
    OtherPipeline,
    /// Has as many open deals as they take.
    Full,
    /// Free, but somebody is less loaded.
    MoreLoaded,
    /// Free and equally loaded, but was given a lead more recently.
    AssignedMoreRecently,
    /// Equal in everything; the lower id decided.
    LaterId,
}

/// What decided between candidates of equal load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TieBreak {
    /// Who waited longest since the last assignment.
    LastAssignment,
    /// The lower id.
    Id,
}

/// A candidate with the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CandidateVerdict {
    /// The member as the decision saw them.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// What became of them.
    pub verdict: Verdict,
}

/// The owner, and why the others were passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerChoice {
    /// Who owns the lead; none when nobody was free.
    pub owner: Option<MemberId>,
    /// One verdict per candidate, in the order given.
    pub verdicts: Vec<CandidateVerdict>,
    /// What decided, when several were equally loaded.
    pub tie_break: Option<TieBreak>,
}

/// Chooses among active members who serve the pipeline and have room: the lowest share of capacity in use; then the
/// longest time since the last assignment (never comes first); then the lower id.
pub fn choose_owner(candidates: &[Candidate]) -> OwnerChoice {
    let free = || candidates.iter().filter(|candidate| passed_over(candidate).is_none());
    let Some(best) = free().min_by(|a, b| order(a, b)) else {
        let verdicts = candidates.iter().map(|candidate| CandidateVerdict {
            candidate: candidate.clone(),
            // Nobody is free, so everybody has a reason.
            verdict: passed_over(candidate).unwrap_or(Verdict::Full),
        });
        return OwnerChoice { owner: None, verdicts: verdicts.collect(), tie_break: None };
    };
    let verdict = |candidate: &Candidate| {
        if candidate.member_id == best.member_id {
            return Verdict::Chosen;
        }
        passed_over(candidate).unwrap_or_else(|| {
            if by_load(best, candidate).is_ne() {
                Verdict::MoreLoaded
            } else if best.last_assigned_at != candidate.last_assigned_at {
                Verdict::AssignedMoreRecently
            } else {
                Verdict::LaterId
            }
        })
    };
    let verdicts: Vec<_> = candidates
        .iter()
        .map(|candidate| CandidateVerdict { candidate: candidate.clone(), verdict: verdict(candidate) })
        .collect();
    let any = |wanted: Verdict| verdicts.iter().any(|candidate| candidate.verdict == wanted);
    let tie_break = if any(Verdict::LaterId) {
        Some(TieBreak::Id)
    } else if any(Verdict::AssignedMoreRecently) {
        Some(TieBreak::LastAssignment)
    } else {
        None
    };
    OwnerChoice { owner: Some(best.member_id), verdicts, tie_break }
}

/// Why a candidate cannot own the lead at all.
const fn passed_over(candidate: &Candidate) -> Option<Verdict> {
    if !candidate.active {
        Some(Verdict::Inactive)
    } else if !candidate.serves_pipeline {
        Some(Verdict::OtherPipeline)
    } else if candidate.load >= candidate.capacity {
        Some(Verdict::Full)
    } else {
        None
    }
}

fn order(a: &Candidate, b: &Candidate) -> Ordering {
    // `None` (never assigned) sorts before every time.
    by_load(a, b).then(a.last_assigned_at.cmp(&b.last_assigned_at)).then(a.member_id.cmp(&b.member_id))
}

/// Compares `load / capacity` exactly, by cross-multiplication.
fn by_load(a: &Candidate, b: &Candidate) -> Ordering {
    let share = |x: &Candidate, y: &Candidate| u64::from(x.load) * u64::from(y.capacity);
    share(a, b).cmp(&share(b, a))
}
