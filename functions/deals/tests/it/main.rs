//! Deals, tested as the deployed executables.

mod deals_get;
mod deals_list;
mod deals_move;
mod deals_move_leads;
mod support;
