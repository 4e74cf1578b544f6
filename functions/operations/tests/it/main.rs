//! What a deployment calls, and what holds for every endpoint and every table: who may see what.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]

mod access;
mod audit;
mod contract;
mod migrate;
mod ownership;
mod repeats;
mod row_security;
mod statements;
mod tenant_create;
mod tenants;
