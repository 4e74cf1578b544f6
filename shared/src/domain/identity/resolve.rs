//! From identifiers to leads, for one event and for a whole batch.

use std::collections::{HashMap, HashSet};

use super::super::events::Event;
use super::super::ids::{EventId, LeadId};
use super::{Identifier, IdentifierKind};

/// What is known about the identifiers at hand: which lead each belongs to, and which of those leads are known by more
/// than a cookie.
#[derive(Clone, Debug, Default)]
pub struct KnownIdentities {
    leads: HashMap<Identifier, LeadId>,
    strong: HashSet<LeadId>,
}

impl KnownIdentities {
    /// Notes that an identifier belongs to a lead. `strong` says whether that lead has **any** identifier stronger than
    /// `anonymous_id`, not only this one. For `lead_id` note each lead that exists under its own id.
    pub fn insert(&mut self, identifier: Identifier, lead: LeadId, strong: bool) {
        if strong || identifier.kind.is_strong() {
            self.strong.insert(lead);
        }
        self.leads.insert(identifier, lead);
    }

    /// Takes over what was found later; it replaces what was known of the same identifiers.
    pub fn extend(&mut self, later: Self) {
        self.leads.extend(later.leads);
        self.strong.extend(later.strong);
    }

    /// The lead an identifier belongs to.
    pub fn lead_of(&self, identifier: &Identifier) -> Option<LeadId> {
        self.leads.get(identifier).copied()
    }

    /// Whether a lead is known by more than a cookie.
    pub fn is_strong(&self, lead: LeadId) -> bool {
        self.strong.contains(&lead)
    }
}

/// What the identifiers of one event say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// The lead the event belongs to; none when nobody known is meant.
    pub lead: Option<LeadId>,
    /// The identifiers that belong to nobody yet: attach them to the lead, or to the new one.
    pub attach: Vec<Identifier>,
    /// Pairs of leads, the lower id first, that may be the same person.
    pub suspicions: Vec<(LeadId, LeadId)>,
}

/// Resolves the identifiers of one event against what is known.
///
/// The strongest identifier that belongs to a lead decides; every other lead that is named becomes a suspicion. A cookie
/// says "the same browser" only, and browsers are shared. So an `anonymous_id` that belongs to somebody with a strong
/// identifier counts only for events that carry nothing stronger: next to a strong identifier it neither decides, nor is
/// attached elsewhere, nor raises a suspicion. An `anonymous_id` that belongs to a visitor nobody has named yet makes that
/// visitor the person the event names; if that person is a lead already, the two become a suspicion.
///
/// A `lead_id` that does not exist says nothing.
pub fn resolve(identifiers: &[Identifier], known: &KnownIdentities) -> Resolution {
    let mut strongest_first: Vec<&Identifier> = identifiers.iter().collect();
    strongest_first.sort_unstable();
    strongest_first.dedup();
    let names_a_person = strongest_first.iter().any(|identifier| {
        identifier.kind.is_strong()
            && (identifier.kind != IdentifierKind::LeadId || known.lead_of(identifier).is_some())
    });
    let mut resolution = Resolution::default();
    for identifier in strongest_first {
        let Some(lead) = known.lead_of(identifier) else {
            if identifier.kind != IdentifierKind::LeadId {
                resolution.attach.push(identifier.clone());
            }
            continue;
        };
        if identifier.kind == IdentifierKind::AnonymousId
            && names_a_person
            && known.is_strong(lead)
            && resolution.lead != Some(lead)
        {
            continue;
        }
        match resolution.lead {
            None => resolution.lead = Some(lead),
            Some(chosen) if chosen != lead => {
                let pair = (chosen.min(lead), chosen.max(lead));
                if !resolution.suspicions.contains(&pair) {
                    resolution.suspicions.push(pair);
                }
            }
            Some(_) => {}
        }
    }
    resolution
}

/// Whose an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assignment {
    /// This lead's.
    Lead(LeadId),
    /// Nobody's: its only identifier is a `lead_id` that does not exist. Put it aside for a person.
    UnknownLead,
}

impl Assignment {
    /// The lead, if there is one.
    pub const fn lead(self) -> Option<LeadId> {
        match self {
            Self::Lead(lead) => Some(lead),
            Self::UnknownLead => None,
        }
    }
}

/// A row to be added to the identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewIdentifier {
    /// Whose it is.
    pub lead: LeadId,
    /// The identifier.
    pub identifier: Identifier,
}

/// Two leads that may be the same person. The pair has the lower id first, so that it is recorded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Suspicion {
    /// One lead.
    pub lead: LeadId,
    /// The other.
    pub other: LeadId,
    /// The first event that named both.
    pub event: EventId,
}

/// Whose the events of a batch are, and what must be stored to remember it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchIdentity {
    /// One per event, in the order given.
    pub assignments: Vec<Assignment>,
    /// Leads nobody knew before.
    pub new_leads: Vec<LeadId>,
    /// Identifiers nobody had before, of new and of known leads.
    pub new_identifiers: Vec<NewIdentifier>,
    /// Suspicions, each pair once.
    pub suspicions: Vec<Suspicion>,
}

/// Resolves a batch, whose events may name each other's people: one after the other in the order in which they occurred,
/// so that a batch ends like its events one by one, and several events of a new person make one lead.
///
/// `known` must cover every identifier of the batch that is stored.
pub fn resolve_batch(
    events: &[&Event],
    mut known: KnownIdentities,
    mut new_id: impl FnMut() -> LeadId,
) -> BatchIdentity {
    let mut in_order: Vec<usize> = (0..events.len()).collect();
    in_order.sort_unstable_by_key(|position| events[*position].order());
    let mut batch =
        BatchIdentity { assignments: vec![Assignment::UnknownLead; events.len()], ..BatchIdentity::default() };
    let mut suspected = HashSet::new();
    for position in in_order {
        let event = events[position];
        let Resolution { lead, attach, suspicions } = resolve(&event.identifiers, &known);
        let lead = match lead {
            Some(lead) => lead,
            None if attach.is_empty() => continue,
            None => {
                let lead = new_id();
                batch.new_leads.push(lead);
                lead
            }
        };
        batch.assignments[position] = Assignment::Lead(lead);
        for identifier in attach {
            let strong = known.is_strong(lead);
            known.insert(identifier.clone(), lead, strong);
            batch.new_identifiers.push(NewIdentifier { lead, identifier });
        }
        for (lead, other) in suspicions {
            if suspected.insert((lead, other)) {
                batch.suspicions.push(Suspicion { lead, other, event: event.id });
            }
        }
    }
    batch
}
