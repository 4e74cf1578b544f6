//! Going through a batch whose parts may fail each for itself: as long as there is time, and as long as what all of them need answers.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Nothing new is begun when less than this is left: one part takes a few seconds at worst.
const RESERVE: Duration = Duration::from_secs(5);

/// When an invocation is ended by force.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// At this moment.
    pub fn at(end: Instant) -> Self {
        Self(end)
    }

    /// Whether it is too late to begin something.
    pub fn is_near(self) -> bool {
        Instant::now() + RESERVE > self.0
    }

    /// What is left until `before` the end.
    pub fn left(self, before: Duration) -> Duration {
        self.0.saturating_duration_since(Instant::now()).saturating_sub(before)
    }
}

/// Stands before each part of a batch. Once something that all parts need did not answer, none of them is tried any more: each would
/// wait as long for the same, and be the reason why the others are not even put off in good time.
pub struct Gate {
    deadline: Deadline,
    away: Option<Failure>,
}

impl Gate {
    /// Open until shortly before the deadline.
    pub fn new(deadline: Deadline) -> Self {
        Self { deadline, away: None }
    }

    /// # Errors
    /// Why the next part is left for later without being tried.
    pub fn pass(&self) -> Result<(), Failure> {
        if let Some(failure) = self.away.as_ref().and_then(Failure::shared) {
            return Err(failure);
        }
        match self.deadline.is_near() {
            true => Err(Failure::busy("no time left in this invocation; it comes again")),
            false => Ok(()),
        }
    }

    /// Closes after an outcome that says that something is away.
    pub fn note<T>(&mut self, outcome: &Result<T, Failure>) {
        if let Err(failure) = outcome
            && failure.is_away()
            && self.away.is_none()
        {
            self.away = failure.shared();
        }
    }

    /// Does the next part, unless it is left for later.
    ///
    /// # Errors
    /// As the part fails, or why it was not tried.
    pub async fn through<T>(&mut self, part: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.pass()?;
        let outcome = part.await;
        self.note(&outcome);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_a_minute() -> Deadline {
        Deadline::at(Instant::now() + Duration::from_secs(60))
    }

    #[tokio::test]
    async fn nothing_is_tried_after_something_was_away() {
        let mut gate = Gate::new(in_a_minute());
        assert_eq!(gate.through(async { Ok(1) }).await.unwrap(), 1);
        for failure in [Failure::busy("locked"), Failure::internal("broken"), Failure::not_found("lead")] {
            assert!(gate.through(async { Err::<(), _>(failure) }).await.is_err());
            assert!(gate.pass().is_ok(), "others may succeed");
        }
        let asked = Duration::from_secs(70);
        let away = Failure::Unavailable { retry_after: asked, cause: "gone".into() };
        assert!(gate.through(async { Err::<(), _>(away) }).await.is_err());
        let untried = gate.through(async { panic!("it is tried") }).await;
        let Err::<(), _>(Failure::Unavailable { retry_after, .. }) = untried else { panic!("{untried:?}") };
        assert_eq!(retry_after, asked, "the others are put off for as long");
    }

    #[test]
    fn nothing_is_begun_shortly_before_the_end() {
        assert!(Gate::new(in_a_minute()).pass().is_ok());
        let near = Deadline::at(Instant::now() + Duration::from_secs(4));
        let late = Gate::new(near).pass().unwrap_err();
        assert!(late.is_busy() && late.is_temporary());
        assert!(near.left(Duration::from_secs(10)).is_zero());
    }
}
