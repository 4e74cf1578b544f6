//! The console's delivery, tested as the deployed executable. What is embedded depends on whether the console was built before; these
//! tests hold for either.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]

mod console;
