//! When a message that failed for the moment comes again.

use std::time::Duration;

use uuid::Uuid;

use super::RawMessage;
use crate::app::App;
use crate::failure::{Failure, PAUSE};

/// The first retry waits this long, each further one twice as long.
const FIRST: Duration = Duration::from_secs(2);

/// No retry waits longer by itself. `maxReceiveCount` in the template is chosen so that the waits of all receives last for half a day.
const LONGEST: Duration = Duration::from_secs(900);

/// No message can be put off for longer. SQS counts its half a day from the moment in which the message was received, and an invocation may
/// have worked for a quarter of an hour since: what reaches beyond is refused, and the message would come back at once.
const MOST: Duration = Duration::from_secs(43_200 - 900);

/// Until the next try: 2, 4, 8 … seconds up to 15 minutes, and at least what the failure asks for; up to a half is added, so that what
/// failed together does not come together. `random` is any new id.
pub fn delay(failure: &Failure, attempt: u32, random: Uuid) -> Duration {
    let asked = match failure {
        Failure::TooMany { retry_after, .. } | Failure::Unavailable { retry_after, .. } => *retry_after,
        Failure::Unsure(_) => PAUSE,
        Failure::Internal(_)
        | Failure::NotFound(_)
        | Failure::Invalid(_)
        | Failure::Conflict { .. }
        | Failure::Stale { .. }
        | Failure::Unauthenticated(_)
        | Failure::Forbidden(_)
        | Failure::TooLarge { .. } => Duration::ZERO,
    };
    let growing = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(12)).min(LONGEST);
    let base = growing.max(asked);
    let random = u16::from_be_bytes([random.as_bytes()[14], random.as_bytes()[15]]);
    (base + base / 2 * u32::from(random) / u32::from(u16::MAX)).min(MOST)
}

/// Tells the queue about the delays, which it takes in whole seconds.
pub async fn later(app: &App, again: &[(&RawMessage, Duration)]) {
    let Some((first, _)) = again.first() else { return };
    // A batch is of one queue; a test event may have no address at all.
    if first.queue_url.is_empty() {
        return;
    }
    let receipts: Vec<(&str, i32)> =
        again.iter().map(|(message, delay)| (message.receipt.as_str(), seconds(*delay))).collect();
    app.sender().come_back(&first.queue_url, &receipts).await;
}

fn seconds(delay: Duration) -> i32 {
    i32::try_from((delay.as_millis() + 500) / 1000).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of what `random` can do.
    fn bounds(failure: &Failure, attempt: u32) -> (i32, i32) {
        (seconds(delay(failure, attempt, Uuid::nil())), seconds(delay(failure, attempt, Uuid::max())))
    }

    #[test]
    fn delays_grow_and_are_bounded() {
        let failure = Failure::internal("broken");
        let delays: Vec<(i32, i32)> = (1..=12).map(|attempt| bounds(&failure, attempt)).collect();
        let shortest: Vec<i32> = delays.iter().map(|(shortest, _)| *shortest).collect();
        assert_eq!(shortest, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        for (shortest, longest) in delays {
            assert!(longest > shortest, "what failed together is spread from the first wait on");
            assert!(longest <= shortest + shortest / 2, "{longest}");
        }
        assert!(bounds(&failure, u32::MAX).1 <= 1350);
    }

    #[test]
    fn many_that_failed_together_come_one_by_one() {
        let failure = Failure::unavailable("away");
        let delays: std::collections::BTreeSet<Duration> =
            (0..1000_u128).map(|n| delay(&failure, 1, Uuid::from_u128(n * 65))).collect();
        assert!(delays.len() > 900, "{}", delays.len());
    }

    #[test]
    fn what_was_asked_for_is_kept() {
        let asked = Duration::from_secs(120);
        assert_eq!(bounds(&Failure::TooMany { retry_after: asked, limit: None }, 1), (120, 180));
        assert_eq!(bounds(&Failure::Unavailable { retry_after: asked, cause: "away".into() }, 1), (120, 180));
        // Less than what is waited anyway changes nothing.
        assert_eq!(bounds(&Failure::unavailable("away"), 5).0, 32);
        assert_eq!(bounds(&Failure::unavailable("away"), 1).0, 5);
        // No queue puts anything off for longer than half a day from the receive.
        let week = Failure::TooMany { retry_after: Duration::from_secs(604_800), limit: None };
        assert_eq!(bounds(&week, 1), (42_300, 42_300));
    }
}
