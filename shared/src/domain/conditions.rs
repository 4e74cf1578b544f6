//! The condition language: one small JSON language for scoring, intent, automation and campaigns.
//!
//! `{"all":[…]}`, `{"any":[…]}`, `{"not":…}` and leaves `{"field":"metadata.page_path","op":"starts_with","value":"/pricing"}`.
//! A condition is parsed once, on write, where every fault is reported with its JSON pointer, and evaluated many times,
//! where nothing can fail and nothing is allocated.
//!
//! Strings compare without regard to case, in `matches` too. A field that is absent (or `null`) satisfies only `not`, `ne`
//! and `not_in`. Values of different kinds are never equal: `"5"` is not `5`.

mod field;
mod parse;
mod pattern;
mod test;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::events::Event;
use super::faults::Fault;
use super::profile::Profile;

use pattern::Origin;

pub use field::{Fact, FieldPath};
pub use pattern::expressions;

/// How deep conditions may nest.
pub const MAX_DEPTH: usize = 10;
/// How many parts (groups and leaves) a condition may have.
pub const MAX_NODES: usize = 200;
/// How many values `in` and `not_in` may list.
pub const MAX_LIST: usize = 500;
/// How long a text or regular expression in a condition may be, in characters.
pub const MAX_TEXT: usize = 256;
/// How many regular expressions a condition may have when it is written.
pub const MAX_REGEXES: usize = 10;

/// Where a condition is used: which fields it may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Scoring and intent: the event, the lead's profile and its organization.
    Lead,
    /// Automation: the deal as well.
    Deal,
}

/// What a condition is evaluated against. Whatever is not there counts as absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The event at hand.
    pub event: Option<&'a Event>,
    /// The lead's profile.
    pub lead: Option<&'a Profile>,
    /// The fields of the lead's organization.
    pub organization: Option<&'a Map<String, Value>>,
    /// The fields of the deal at hand.
    pub deal: Option<&'a Map<String, Value>>,
}

/// A condition, ready to be evaluated.
#[derive(Debug)]
pub struct Condition {
    root: Node,
    uses: Uses,
}

/// Which event types can satisfy a condition at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventTypes {
    /// The type alone rules nothing out.
    Any,
    /// Only events of these types.
    Only(BTreeSet<String>),
}

#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf { field: FieldPath, test: test::Test },
}

/// Which parts of the facts a condition reads.
#[derive(Debug, Default)]
struct Uses {
    /// Its regular expressions, and the most memory they take, in bytes.
    regexes: usize,
    regex_bytes: usize,
    event: bool,
    organization: bool,
    deal: bool,
    lead: BTreeSet<FieldPath>,
}

impl Condition {
    /// Parses and compiles a condition that somebody writes.
    ///
    /// # Errors
    /// Every fault, with its JSON pointer from the condition's root.
    pub fn parse(source: &Value, context: Context) -> Result<Self, Vec<Fault>> {
        Self::of(source, context, Origin::Written)
    }

    /// Parses and compiles a condition that was taken once: its regular expressions may be more and larger than what is taken now.
    ///
    /// # Errors
    /// As [`Self::parse`]; the code `too_complex` says that an expression is too large even so.
    pub fn parse_stored(source: &Value, context: Context) -> Result<Self, Vec<Fault>> {
        Self::of(source, context, Origin::Stored)
    }

    fn of(source: &Value, context: Context, origin: Origin) -> Result<Self, Vec<Fault>> {
        let root = parse::parse(source, context, origin)?;
        let mut uses = Uses::default();
        root.collect_uses(&mut uses);
        Ok(Self { root, uses })
    }

    /// How many regular expressions it has.
    pub const fn regexes(&self) -> usize {
        self.uses.regexes
    }

    /// The most memory its regular expressions take, in bytes.
    pub const fn regex_bytes(&self) -> usize {
        self.uses.regex_bytes
    }

    /// Whether the condition is satisfied.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.root.holds(facts)
    }

    /// Whether it reads any field of the event. If not, it can be evaluated for a lead without one.
    pub const fn uses_event(&self) -> bool {
        self.uses.event
    }

    /// Whether it reads any field of the lead.
    pub fn uses_lead(&self) -> bool {
        !self.uses.lead.is_empty()
    }

    /// Whether it reads any field of the organization.
    pub const fn uses_organization(&self) -> bool {
        self.uses.organization
    }

    /// Whether it reads any field of the deal.
    pub const fn uses_deal(&self) -> bool {
        self.uses.deal
    }

    /// The fields of the lead it reads.
    pub const fn lead_fields(&self) -> &BTreeSet<FieldPath> {
        &self.uses.lead
    }

    /// Which event types can satisfy it.
    pub fn event_types(&self) -> EventTypes {
        self.root.event_types()
    }
}

impl Node {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(facts)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(facts)),
            Self::Not(node) => !node.holds(facts),
            Self::Leaf { field, test } => test.holds(field.read(facts)),
        }
    }

    fn collect_uses(&self, uses: &mut Uses) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.collect_uses(uses)),
            Self::Not(node) => node.collect_uses(uses),
            Self::Leaf { field, test } => {
                if let test::Test::Matches(pattern) = test {
                    uses.regexes += 1;
                    uses.regex_bytes += pattern.bytes();
                }
                match field.root() {
                    field::Root::Event => uses.event = true,
                    field::Root::Lead => {
                        uses.lead.insert(field.clone());
                    }
                    field::Root::Organization => uses.organization = true,
                    field::Root::Deal => uses.deal = true,
                }
            }
        }
    }

    fn event_types(&self) -> EventTypes {
        match self {
            Self::All(nodes) => {
                let narrow = |found: EventTypes, node: &Self| match (found, node.event_types()) {
                    (EventTypes::Any, other) | (other, EventTypes::Any) => other,
                    (EventTypes::Only(a), EventTypes::Only(b)) => {
                        EventTypes::Only(a.intersection(&b).cloned().collect())
                    }
                };
                nodes.iter().fold(EventTypes::Any, narrow)
            }
            Self::Any(nodes) => {
                let widen = |found: EventTypes, node: &Self| match (found, node.event_types()) {
                    (EventTypes::Only(mut a), EventTypes::Only(b)) => {
                        a.extend(b);
                        EventTypes::Only(a)
                    }
                    _ => EventTypes::Any,
                };
                nodes.iter().fold(EventTypes::Only(BTreeSet::new()), widen)
            }
            // What is excluded says nothing about what is left.
            Self::Not(_) => EventTypes::Any,
            Self::Leaf { field, test } if field.is_event_type() => test.admitted_texts(),
            Self::Leaf { .. } => EventTypes::Any,
        }
    }
}
