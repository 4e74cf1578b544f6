//! Pipelines and boards, tested as the deployed executables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]

mod pipelines_deals;
mod pipelines_get;
mod pipelines_list;
mod stages_update;

use testkit::sales as support;
