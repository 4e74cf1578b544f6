//! What AWS does for a function beside starting it: queues, their depth, one-time schedules.

pub mod depth;
pub mod queues;
pub mod schedules;
