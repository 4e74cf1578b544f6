//! Leads as clients see them: each endpoint's contract, tested on its own executable, and the plans of the lists.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails, with the place as the message")]

mod contract;
mod leads_bulk_update;
mod leads_create;
mod leads_csv;
mod leads_decisions;
mod leads_delete;
mod leads_events;
mod leads_get;
mod leads_intents;
mod leads_list;
mod leads_route;
mod leads_scores;
mod leads_search;
mod leads_stats;
mod leads_timeline;
mod leads_unrouted;
mod leads_update;
mod leads_worst;
mod plans;
mod support;
mod time_limits;
