//! Pipelines and boards, tested as the deployed executables.

mod pipelines_deals;
mod pipelines_get;
mod pipelines_list;
#[path = "../../../deals/tests/it/support.rs"]
mod support;
