//! What a deployment calls, and what holds for every endpoint and every table: who may see what.

mod access;
mod migrate;
mod row_security;
mod tenant_create;
