//! Scoring rules, breakdowns and decay, tested as the deployed executables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]

mod score_decay;
mod scoring_breakdown;
mod scoring_history;
mod scoring_recalculate;
mod scoring_rules_create;
mod scoring_rules_list;
mod scoring_stats;

use testkit::sales as support;
