//! JSON shown to people. `Serialize` for the API lives here and not in `domain`: what is shown is a promise to somebody else.

pub mod cursor;
pub mod deals;
pub mod deals_input;
pub mod decisions;
pub mod events;
pub mod health;
pub mod inbox;
pub mod input;
pub mod leads;
pub mod leads_filter;
pub mod leads_history;
pub mod leads_input;
pub mod leads_unrouted;
pub mod paging;
pub mod patch;
pub mod pipelines;
pub mod room;
pub mod routing;
pub mod scoring;
pub mod scoring_history;
pub mod scoring_stats;
pub mod tasks;
pub mod tasks_input;
pub mod team;
pub mod team_input;
pub mod timeline;
