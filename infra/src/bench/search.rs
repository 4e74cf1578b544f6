//! What a search among a million leads takes, from the request to the answer of the real function.

use std::time::Instant;

use anyhow::ensure;

use super::stage::Stage;
use super::start::request;
use super::usage::percentile;

/// What is typed, with what it stands for: `fill.sql` gives every lead the same first words, every second one a GmbH, the others an AG.
const SEARCHES: [(&str, &str); 7] = [
    ("a rare word", "777123"),
    ("one common word", "gmbh"),
    ("eight common words", "anna+m%C3%BCller+firma+person1+gmbh+a+m+f"),
    ("two letters", "ag"),
    ("two common words that never stand together", "gmbh+ag"),
    ("a name and a common word", "m%C3%BCller+firma+99"),
    ("a word that nobody has", "zzqx"),
];

const ORDERS: [&str; 3] = ["-created_at", "-total_score", "last_activity_at"];

/// As often is each asked; the first time counts as well.
const TIMES: usize = 5;

/// The slowest of all searches.
pub struct Slowest {
    pub what: String,
    /// Milliseconds: half of the answers took no longer.
    pub median: f64,
    pub searches: usize,
}

/// Asks for every search in several orders.
///
/// # Errors
/// When the function does not answer with 200.
pub async fn slowest(stage: &Stage) -> anyhow::Result<Slowest> {
    let function = stage.function("leads-list")?;
    let mut slowest = Slowest { what: String::new(), median: 0.0, searches: SEARCHES.len() * ORDERS.len() };
    for (what, q) in SEARCHES {
        for order in ORDERS {
            let query = format!("q={q}&sort={order}");
            let mut taken = Vec::with_capacity(TIMES);
            for _ in 0..TIMES {
                let began = Instant::now();
                let answer = function.invoke(&request("/api/v1/leads", &query, &stage.token)).await?;
                taken.push(began.elapsed().as_secs_f64() * 1e3);
                ensure!(answer["statusCode"] == 200, "the search for {what} answered {answer}");
            }
            let median = percentile(&mut taken, 0.5);
            if median > slowest.median {
                slowest.what = format!("{what}, `sort={order}`");
                slowest.median = median;
            }
        }
    }
    Ok(slowest)
}
