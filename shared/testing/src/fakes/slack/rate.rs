//! One message per second and hook or channel, after a short burst.

use std::collections::BTreeMap;
use std::time::Instant;

/// Token buckets by hook path or channel.
#[derive(Debug)]
pub(super) struct Buckets {
    burst: f64,
    levels: BTreeMap<String, (f64, Instant)>,
}

impl Buckets {
    pub(super) fn new(burst: u32) -> Self {
        Self { burst: f64::from(burst.max(1)), levels: BTreeMap::new() }
    }

    /// Takes one token, or says after how many whole seconds there is one.
    pub(super) fn take(&mut self, key: &str) -> Result<(), u64> {
        self.take_at(key, Instant::now())
    }

    pub(super) fn take_at(&mut self, key: &str, now: Instant) -> Result<(), u64> {
        let (level, since) = self.levels.get(key).copied().unwrap_or((self.burst, now));
        let level = (level + now.saturating_duration_since(since).as_secs_f64()).min(self.burst);
        let enough = level >= 1.0;
        self.levels.insert(key.to_owned(), (if enough { level - 1.0 } else { level }, now));
        if enough { Ok(()) } else { Err(((1.0 - level).ceil() as u64).max(1)) }
    }
}
