//! What the tests of several modules share: a rule set, events, and strategies that generate both.

use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::defaults::defaults;
use super::engine::{RuleSet, RuleSetData};
use super::events::{Campaign, Event};
use super::identity::{Identifier, IdentifierKind};
use super::ids::{EventId, LeadId, PipelineId, RuleId};
use super::intent::IntentRuleDraft;
use super::profile::{CarriedProfile, ProfileField};
use super::scoring::ScoringRuleDraft;

/// The clock of the tests.
pub fn now() -> Timestamp {
    "2026-06-15T12:00:00Z".parse().unwrap()
}

/// How property tests run: so many cases, the same ones every time unless `PROPTEST_RNG_SEED` says otherwise. Under
/// `cargo dev test --thorough`, which sets `LOTSE_THOROUGH`, twenty times as many, and other ones every time.
pub fn cases(cases: u32) -> ProptestConfig {
    let thorough = std::env::var_os("LOTSE_THOROUGH").is_some();
    let cases = if thorough { cases.saturating_mul(20) } else { cases };
    let mut config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random && !thorough {
        config.rng_seed = RngSeed::Fixed(0x10_75E);
    }
    config
}

/// An id that reads as its number.
pub fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The rules a new tenant starts with.
pub fn default_rules() -> RuleSetData {
    let mut next = 0;
    let rule_id = || {
        next += 1;
        RuleId(uuid(next))
    };
    defaults().rule_set(rule_id, |slug| Some(pipeline(slug)))
}

/// The pipeline of a slug.
pub fn pipeline(slug: &str) -> PipelineId {
    let position = defaults().pipelines.iter().position(|draft| draft.slug == slug).unwrap();
    PipelineId(uuid(9000 + position as u128))
}

/// The default rules, compiled.
pub fn default_rule_set() -> &'static RuleSet {
    static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::compile(default_rules()).unwrap());
    &RULES
}

/// The default rules and some that are harder: event rules that read the profile, short lives, tight caps, no caps, and
/// rules satisfied by what is absent.
pub fn hard_rules() -> RuleSetData {
    let mut data = default_rules();
    let scoring = [
        json!({"slug": "german-visits", "name": "Visits from Germany", "rule_type": "event", "category": "engagement",
               "conditions": {"all": [{"field": "event_type", "op": "eq", "value": "page_visited"},
                                      {"field": "lead.country", "op": "eq", "value": "de"}]},
               "points": 2, "max_per_day": 1, "max_per_lead": 2, "expires_after_days": 10}),
        json!({"slug": "unnamed", "name": "Nameless activity", "rule_type": "event", "category": "behavior",
               "conditions": {"all": [{"field": "source", "op": "in", "value": ["website", "portal"]},
                                      {"not": {"field": "lead.job_title", "op": "exists"}}]},
               "points": -3, "max_per_day": 2, "expires_after_days": null}),
        json!({"slug": "no-company", "name": "Company unknown", "rule_type": "profile", "category": "demographic",
               "conditions": {"not": {"field": "lead.company", "op": "exists"}}, "points": -2}),
        json!({"slug": "german-boss", "name": "Decides, in Germany", "rule_type": "profile", "category": "demographic",
               "conditions": {"all": [{"field": "lead.country", "op": "eq", "value": "DE"},
                                      {"field": "lead.job_title", "op": "matches", "value": "führer|leiter|head"}]},
               "points": 6}),
        json!({"slug": "campaign", "name": "Came from a campaign", "rule_type": "event", "category": "behavior",
               "conditions": {"any": [{"field": "campaign.utm_source", "op": "eq", "value": "Google"},
                                      {"field": "metadata.visits", "op": "gte", "value": 3}]},
               "points": 4, "max_per_lead": 3, "expires_after_days": 5}),
    ];
    for draft in scoring {
        let id = RuleId(uuid(500 + data.scoring_rules.len() as u128));
        data.scoring_rules.push(ScoringRuleDraft::validate(&draft).unwrap().into_rule(id, 3));
    }
    let intents = [
        json!({"slug": "german-research", "intent": "research", "weight": 7, "max_per_lead": 2, "expires_after_days": 20,
               "conditions": {"all": [{"field": "lead.country", "op": "in", "value": ["DE", "AT"]},
                                      {"field": "event_type", "op": "ne", "value": "email_opened"}]}}),
    ];
    for draft in intents {
        let id = RuleId(uuid(700 + data.intent_rules.len() as u128));
        data.intent_rules.push(IntentRuleDraft::validate(&draft, &data.intents).unwrap().into_rule(id, 2));
    }
    data.version = 7;
    data
}

/// The hard rules, compiled.
pub fn hard_rule_set() -> &'static RuleSet {
    static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::compile(hard_rules()).unwrap());
    &RULES
}

/// An event of a person known by an e-mail address, with nothing else to it.
pub fn event(number: u128, event_type: &str, occurred_at: Timestamp) -> Event {
    let email = Identifier { kind: IdentifierKind::Email, value: "ada@example.com".to_owned() };
    Event {
        id: EventId(uuid(number)),
        event_type: event_type.to_owned(),
        source: "website".to_owned(),
        occurred_at,
        received_at: now(),
        external_id: format!("external-{number}"),
        identifiers: vec![email],
        profile: CarriedProfile::default(),
        campaign: None,
        metadata: Map::new(),
    }
}

/// An object literal as a map.
pub fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

/// Hands out lead ids one after the other.
pub fn lead_ids() -> impl FnMut() -> LeadId {
    let mut next = 0x1000;
    move || {
        next += 1;
        LeadId(uuid(next))
    }
}

const TYPES: [&str; 10] = [
    "page_visited",
    "page_visited",
    "pricing_viewed",
    "form_submitted",
    "demo_requested",
    "content_downloaded",
    "email_opened",
    "email_unsubscribed",
    "meeting_no_show",
    "never_heard_of",
];
const PAGES: [&str; 6] = ["/research/a", "/PRICING", "/b2b", "/co-creation/x", "/panel", "/"];
const TITLES: [&str; 5] = ["Geschäftsführer", "LABORLEITER", "Research Scientist", "Head of R&D", "Student"];
const INTERESTS: [&str; 4] = ["University grant", "clinic diagnostics", "pharma partnership", "other"];

/// One of several, or nothing.
fn some_of(values: &'static [&'static str], share: f64) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(share, prop::sample::select(values))
}

/// What an event says, apart from its id, time and person.
pub fn content() -> impl Strategy<Value = Event> {
    let metadata = (
        some_of(&PAGES, 0.6),
        some_of(&INTERESTS, 0.3),
        prop::option::of(any::<bool>()),
        prop::option::of(0..6_i32),
        any::<bool>(),
    );
    let profile = (
        some_of(&TITLES, 0.2),
        some_of(&["DE", "AT", "FR"], 0.2),
        some_of(&["ACME", "Labor GmbH"], 0.2),
        some_of(&["gold", "silver"], 0.1),
    );
    let source = prop::sample::select(vec!["website", "portal", "email"]);
    let campaign = some_of(&["google", "bing"], 0.2);
    (prop::sample::select(TYPES.to_vec()), source, metadata, profile, campaign).prop_map(
        |(
            event_type,
            source,
            (page, interest, machine, visits, tagged),
            (title, country, company, level),
            campaign,
        )| {
            let mut event = event(0, event_type, now());
            event.source = source.to_owned();
            let mut put = |key: &str, value: Option<Value>| {
                if let Some(value) = value {
                    event.metadata.insert(key.to_owned(), value);
                }
            };
            put("page_path", page.map(Value::from));
            put("interest", interest.map(Value::from));
            put("machine", machine.map(Value::from));
            put("visits", visits.map(Value::from));
            put("tags", tagged.then(|| json!(["Whitepaper", 3])));
            let fields =
                [(ProfileField::JobTitle, title), (ProfileField::Country, country), (ProfileField::Company, company)];
            for (field, value) in fields {
                if let Some(value) = value {
                    event.profile.fields.insert(field, value.to_owned());
                }
            }
            if let Some(level) = level {
                event.profile.custom.insert("level".to_owned(), level.into());
            }
            event.campaign = campaign.map(|source| Campaign { source: Some(source.to_owned()), ..Campaign::default() });
            event
        },
    )
}

/// A log of up to `max` events of up to three people, at distinct times within the last 200 days and often on the same
/// days. The order of receipt (the ids) has nothing to do with the order of time. Every event names its person by e-mail
/// and sometimes by more, so that no order of delivery makes them two.
pub fn log(max: usize) -> impl Strategy<Value = Vec<Event>> {
    let person = (0..3_u32, prop::collection::vec(any::<bool>(), 3));
    prop::collection::vec((content(), 0..200_i64, 0..40_i64, person), 1..=max).prop_flat_map(|drafts| {
        let ids: Vec<u128> = (1..=drafts.len() as u128).collect();
        (Just(drafts), Just(ids).prop_shuffle()).prop_map(|(drafts, ids)| {
            let dated = drafts.into_iter().zip(ids).enumerate();
            dated
                .map(|(position, ((event, day, hour, person), id))| placed(event, position, id, (day, hour), person))
                .collect()
        })
    })
}

/// Gives an event its time, id and person.
fn placed(
    mut event: Event,
    position: usize,
    id: u128,
    (day, hour): (i64, i64),
    (who, with): (u32, Vec<bool>),
) -> Event {
    // The position in microseconds keeps times distinct; days are drawn from few values, so that caps matter.
    let micros = (day / 8 * 8 * 24 + hour / 2) * 3_600_000_000 + position as i64;
    event.id = EventId(uuid(id));
    event.external_id = format!("external-{id}");
    event.occurred_at = Timestamp::from_microsecond(now().as_microsecond() - micros).unwrap();
    let kinds = [IdentifierKind::Phone, IdentifierKind::LinkedinUrl, IdentifierKind::AnonymousId];
    let domain = ["gmail.com", "uni-jena.de", "labor.example"][who as usize];
    let email = format!("person{who}@{domain}");
    event.identifiers = vec![Identifier { kind: IdentifierKind::Email, value: email.clone() }];
    event.profile.fields.insert(ProfileField::Email, email);
    for (kind, _) in kinds.into_iter().zip(with).filter(|(_, with)| *with) {
        event.identifiers.push(Identifier { kind, value: format!("{kind}-{who}") });
    }
    event
}
