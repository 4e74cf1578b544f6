//! Deals, tested as the deployed executables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]

mod deals_bulk_update;
mod deals_close;
mod deals_create;
mod deals_get;
mod deals_history;
mod deals_list;
mod deals_move;
mod deals_move_leads;
mod deals_set_lead;
mod deals_update;

use testkit::sales as support;
