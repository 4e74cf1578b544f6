//! The search for every fault of a value: serde stops at its first.
//!
//! A member that is not known is left out; in the place of a value that is faulty or absent stands a made-up one of the wanted kind;
//! and the value is read again. What is required is learned from serde itself, so debug and release builds find the same, at any depth.

use std::collections::{BTreeMap, BTreeSet};

use super::MAX_FAULTS;
use super::complaint::{Complaint, UNKNOWN};
use super::reader::{Given, INVENTIONS, Place};
use crate::failure::Fault;

/// How often a value is read to find its faults: more than there are faults, because not every invention is of the right kind.
const MAX_ROUNDS: usize = 3 * MAX_FAULTS;

/// What is known to be faulty.
#[derive(Default)]
pub(super) struct Search {
    left_out: BTreeSet<String>,
    /// With how many inventions were tried in vain.
    made_up: BTreeMap<String, usize>,
}

impl Search {
    fn has_begun(&self) -> bool {
        !(self.left_out.is_empty() && self.made_up.is_empty())
    }

    /// Whether the member at a place is passed over.
    pub fn leaves_out(&self, place: &Place<'_>) -> bool {
        self.has_begun() && self.left_out.contains(&place.pointer())
    }

    /// What is read at a place.
    pub fn given<'de>(&self, sent: Given<'de>, place: &Place<'_>) -> Given<'de> {
        if !self.has_begun() {
            return sent;
        }
        self.made_up.get(&place.pointer()).map_or(sent, |tried| Given::MadeUp(*tried))
    }

    /// The names of the members of an object that are made up.
    pub fn made_up_within(&self, place: &Place<'_>) -> Vec<String> {
        if self.made_up.is_empty() {
            return Vec::new();
        }
        let prefix = format!("{}/", place.pointer());
        let below = self.made_up.range(prefix.clone()..).map(|(pointer, _)| pointer);
        let below = below.map_while(|pointer| pointer.strip_prefix(&prefix)).filter(|name| !name.contains('/'));
        below.map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
    }

    /// Whether a place is inside of something made up.
    fn is_within_invention(&self, pointer: &str) -> bool {
        let mut outer = pointer;
        while let Some((parent, _)) = outer.rsplit_once('/') {
            if self.made_up.contains_key(parent) {
                return true;
            }
            outer = parent;
        }
        false
    }

    /// Takes a complaint in; false when nothing can be done about it. Notes a fault when it is one of the caller's.
    fn take(&mut self, complaint: Complaint, faults: &mut Vec<Fault>) -> bool {
        let pointer = complaint.pointer.unwrap_or_default();
        if let Some(tried) = self.made_up.get_mut(&pointer) {
            *tried += 1;
            return *tried < INVENTIONS;
        }
        if !self.is_within_invention(&pointer) {
            // A text may hold what Postgres cannot keep and be wrong besides.
            if !faults.iter().any(|fault| fault.pointer == pointer) {
                faults.push(Fault::new(&pointer, complaint.code, complaint.detail));
            }
        }
        if pointer.is_empty() {
            return false;
        }
        if complaint.code == UNKNOWN {
            self.left_out.insert(pointer)
        } else {
            self.made_up.insert(pointer, 0).is_none()
        }
    }
}

/// Finds the faults behind the first. `again` reads the value with what is known so far.
pub(super) fn all(first: Complaint, again: &dyn Fn(&Search) -> Option<Complaint>, faults: &mut Vec<Fault>) {
    let mut search = Search::default();
    let mut next = Some(first);
    // Rounds are bounded, not only faults: each reads the whole value again.
    for _ in 0..MAX_ROUNDS {
        let Some(complaint) = next.take() else { return };
        if !search.take(complaint, faults) || faults.len() >= MAX_FAULTS {
            return;
        }
        next = again(&search);
    }
}
