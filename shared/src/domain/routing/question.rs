//! The question that a conflict puts to a person: when it stands, and when it is put again.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::super::ids::TaskId;

/// For so long a question that was closed without a decision is left alone while its winner stays the same.
const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The task that asks a person to choose the pipeline of a lead in conflict.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Question {
    /// The task.
    pub task: TaskId,
    /// The intent that was ahead when it was asked; none where a release before this one asked.
    pub winner: Option<String>,
    /// When the task was done or cancelled; none while it is open.
    pub closed_at: Option<Timestamp>,
}

impl Question {
    /// Whether somebody still has to answer.
    pub const fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// Whether a lead whose conflict `winner` is ahead in counts as asked about at `now`. A closed question stands for a while, so that
    /// whoever ticked it off is not asked the same the next minute; another winner makes it another question.
    pub fn stands(&self, winner: &str, now: Timestamp) -> bool {
        let Some(closed_at) = self.closed_at else { return true };
        let same = self.winner.as_deref().is_none_or(|before| before == winner);
        same && now.duration_since(closed_at) < PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{now, uuid};

    #[test]
    fn a_question_stands_while_it_is_open_and_a_week_longer_while_it_is_the_same() {
        let asked = |winner: Option<&str>, closed_days_ago: Option<i64>| Question {
            task: TaskId(uuid(1)),
            winner: winner.map(str::to_owned),
            closed_at: closed_days_ago.map(|days| now() - SignedDuration::from_hours(24 * days)),
        };
        for (question, stands) in [
            (asked(Some("b2b"), None), true),
            (asked(Some("research"), None), true),
            (asked(Some("b2b"), Some(0)), true),
            (asked(Some("b2b"), Some(6)), true),
            (asked(Some("b2b"), Some(7)), false),
            (asked(Some("research"), Some(0)), false),
            // A release before did not write down who was ahead.
            (asked(None, Some(6)), true),
            (asked(None, Some(7)), false),
        ] {
            assert_eq!(question.stands("b2b", now()), stands, "{question:?}");
        }
    }
}
