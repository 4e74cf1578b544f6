//! What a person sees while something runs: one line per step, with the seconds once a step takes more than two.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A step is shown from this time on; what is quicker needs no progress.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a step that goes on is reported where lines cannot be overwritten (a log file, CI).
const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// Prints a line to standard output. A closed pipe is no failure of the command.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a line to standard error, for progress and warnings: standard output stays clean for what was asked for.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A running step. Ends with [`Step::done`]; dropped without, it failed, and the error itself is shown by `main`.
pub struct Step {
    name: String,
    started: Instant,
    ended: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl Step {
    /// Starts a step; `name` says what is being done ("building the functions").
    pub fn start(name: &str) -> Self {
        let started = Instant::now();
        let ended = Arc::new(AtomicBool::new(false));
        let ticker = {
            let (name, ended) = (name.to_owned(), Arc::clone(&ended));
            std::thread::spawn(move || tick(&name, started, &ended))
        };
        Self { name: name.to_owned(), started, ended, ticker: Some(ticker) }
    }

    /// Ends the step well and prints its line, with the seconds it took.
    pub fn done(mut self, outcome: &str) {
        self.stop();
        let outcome = if outcome.is_empty() { String::new() } else { format!(": {outcome}") };
        note(&format!("✓ {}{outcome} ({})", self.name, seconds(self.started.elapsed())));
    }

    fn stop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            // The ticker only prints; there is nothing to learn from how it ended.
            let _ = ticker.join();
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.ticker.is_some() {
            self.stop();
            note(&format!("✗ {} ({})", self.name, seconds(self.started.elapsed())));
        }
    }
}

fn tick(name: &str, started: Instant, ended: &AtomicBool) {
    let terminal = std::io::stderr().is_terminal();
    let interval = if terminal { Duration::from_millis(500) } else { LOG_INTERVAL };
    let mut shown = false;
    let mut next = PATIENCE;
    loop {
        std::thread::park_timeout(next.saturating_sub(started.elapsed()).max(Duration::from_millis(1)));
        if ended.load(Ordering::Relaxed) {
            if shown && terminal {
                let _ = write!(std::io::stderr(), "\r\x1b[2K");
            }
            return;
        }
        if started.elapsed() < next {
            continue;
        }
        next = started.elapsed() + interval;
        let text = format!("… {name} ({})", seconds(started.elapsed()));
        if terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[2K{text}");
        } else {
            note(&text);
        }
        shown = true;
    }
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 20 s`.
pub fn seconds(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        10..100 => format!("{} s", elapsed.as_secs()),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(42)), "42 s");
        assert_eq!(seconds(Duration::from_secs(200)), "3 min 20 s");
    }
}
