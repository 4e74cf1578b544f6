//! When a message that failed for the moment comes again.

use std::time::Duration;

use uuid::Uuid;

use super::RawMessage;
use crate::app::App;
use crate::failure::Failure;

/// The first retry waits this long, each further one twice as long.
const FIRST: u64 = 2;

/// No retry waits longer, in seconds.
const LONGEST: u64 = 900;

/// Seconds until the next try: what the failure asks for, at least, and else 2, 4, 8 … up to 15 minutes, with a quarter of jitter so
/// that what failed together does not come together. `random` is any new id.
pub fn delay(failure: &Failure, attempt: u32, random: Uuid) -> i32 {
    let asked = match failure {
        Failure::TooMany { retry_after, .. } => *retry_after,
        _ => Duration::ZERO,
    };
    let growing = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(12)).min(LONGEST);
    let base = growing.max(asked.as_secs());
    let jitter = base / 4 * u64::from(random.as_bytes()[15]) / 255;
    i32::try_from((base + jitter).min(43_200)).unwrap_or(i32::MAX)
}

/// Tells the queue about the delays.
pub async fn later(app: &App, again: &[(&RawMessage, i32)]) {
    let Some((first, _)) = again.first() else { return };
    // A batch is of one queue; a test event may have no address at all.
    if first.queue_url.is_empty() {
        return;
    }
    let receipts: Vec<(&str, i32)> = again.iter().map(|(message, delay)| (message.receipt.as_str(), *delay)).collect();
    app.sender().come_back(&first.queue_url, &receipts).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_are_bounded() {
        let failure = Failure::unavailable("away");
        let delays: Vec<i32> = (1..=12).map(|attempt| delay(&failure, attempt, Uuid::nil())).collect();
        assert_eq!(delays, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert!(delay(&failure, 5, Uuid::max()) <= 40);
    }

    #[test]
    fn what_was_asked_for_is_kept() {
        let failure = Failure::TooMany { retry_after: Duration::from_secs(120), limit: None };
        assert!(delay(&failure, 1, Uuid::nil()) >= 120);
    }
}
