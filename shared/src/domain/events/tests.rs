//! Validation of events: what is accepted in which form, and every fault at once.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::fixtures::{cases, now, uuid};
use crate::domain::identity::{Identifier, IdentifierKind};
use crate::domain::ids::TenantId;
use crate::domain::profile::ProfileField;

fn arrival() -> Arrival<'static> {
    Arrival { id: EventId(uuid(42)), received_at: now(), source: Some("website"), default_country: Country::GERMANY }
}

fn minimal() -> Value {
    json!({"event_type": "page_visited", "source": "website", "lead_identifier": {"email": "ada@example.com"}})
}

fn with(field: &str, value: Value) -> Value {
    let mut raw = minimal();
    raw[field] = value;
    raw
}

fn accept(raw: &Value) -> Event {
    validate(raw, "", &arrival()).unwrap().event
}

/// The faults as `pointer code`.
fn faults(raw: &Value, prefix: &str) -> Vec<String> {
    let faults = validate(raw, prefix, &arrival()).unwrap_err();
    assert!(faults.iter().all(|fault| fault.detail.ends_with('.')), "{faults:?}");
    faults.into_iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
}

#[test]
fn the_least_event_is_completed() {
    let event = accept(&minimal());
    assert_eq!((event.id, event.occurred_at, event.received_at), (EventId(uuid(42)), now(), now()));
    assert_eq!(event.external_id, uuid(42).to_string(), "without a time nothing tells two events apart");
    assert_eq!(event.profile.fields[&ProfileField::Email], "ada@example.com");
    assert_eq!(event.metadata, Map::new());
}

#[test]
fn everything_is_brought_into_normal_form() {
    let event = accept(&json!({
        "event_type": "ad_lead_submitted", "source": "website", "occurred_at": "2026-06-15T13:59:00.1234567+02:00", "external_id": "x-1",
        "lead_identifier": {"anonymous_id": " c1 ", "external_id": 7, "phone": "030 1234567", "email": "ADA@Example.com", "lemlist_id": null},
        "lead": {"email": "other@example.com", "first_name": " Ada ", "company": "", "country": "de", "phone": "call me", "seats": 3,
                 "tags": ["a", 1], "job_title": null},
        "campaign": {"utm_source": "google", "utm_campaign": "Frühling", "medium": "cpc", "utm_term": null},
        "metadata": {"page_path": "/x", "deep": {"list": [null]}},
    }));
    let found: Vec<_> = event.identifiers.iter().map(|found| format!("{} {}", found.kind, found.value)).collect();
    assert_eq!(found, ["email ada@example.com", "phone +49301234567", "external_id website:7", "anonymous_id c1"]);
    assert_eq!(event.occurred_at.to_string(), "2026-06-15T11:59:00.123456Z");
    assert_eq!(event.metadata["unreadable_phone"], "call me");
    let fields: Vec<_> = event.profile.fields.iter().map(|(field, value)| format!("{field} {value}")).collect();
    assert_eq!(fields, ["first_name Ada", "country DE", "phone +49301234567", "email ada@example.com"]);
    assert_eq!(event.profile.custom, json!({"seats": 3, "tags": ["a", 1]}).as_object().unwrap().clone());
    let campaign = event.campaign.clone().unwrap();
    let parts = (campaign.name.as_deref(), campaign.source.as_deref(), campaign.medium.as_deref());
    assert_eq!(parts, (Some("Frühling"), Some("google"), Some("cpc")));
    let travelled: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
    assert_eq!(travelled, event);
    assert_eq!(accept(&with("campaign", json!(" Spring "))).campaign.unwrap().name.as_deref(), Some("Spring"));
    let odd =
        with("lead", json!({"phone": " call me ", "linkedin_url": "https://linkedin.com/in/Ada", "country": "xx"}));
    let Valid { event: odd, warnings } = validate(&odd, "/3", &arrival()).unwrap();
    assert_eq!(odd.profile.fields.get(&ProfileField::Phone), None, "everybody expects a number there");
    assert_eq!(odd.metadata["unreadable_phone"], "call me", "an odd number is no reason to lose the person");
    assert_eq!(odd.metadata["unreadable_country"], "xx");
    assert_eq!(odd.profile.fields[&ProfileField::LinkedinUrl], "in/ada");
    let warned: Vec<_> = warnings.iter().map(|warning| (warning.pointer.as_str(), warning.code)).collect();
    assert_eq!(warned, [("/3/lead/country", "unreadable"), ("/3/lead/phone", "unreadable")]);
}

#[test]
fn every_fault_is_reported_at_once() {
    let raw = json!({
        "event_type": "Page Visited", "source": "portal", "occurred_at": "yesterday", "external_id": "",
        "lead_identifier": {"email": "ada", "phone": 5, "fax": "1"},
        "lead": {"first_name": 5, "source": "x", "bad key": 1, "nested": {"a": 1}, "list": [[]]},
        "campaign": {"utm_budget": "1", "utm_source": 5}, "metadata": [], "colour": "red", "a/b": 1,
    });
    let mut found = faults(&raw, "/2");
    found.sort();
    assert_eq!(
        found,
        [
            "/2/a~1b unknown_field",
            "/2/campaign/utm_budget unknown_field",
            "/2/campaign/utm_source type",
            "/2/colour unknown_field",
            "/2/event_type bad_name",
            "/2/external_id empty",
            "/2/lead/bad key bad_name",
            "/2/lead/first_name type",
            "/2/lead/list/0 type",
            "/2/lead/nested type",
            "/2/lead/source not_allowed",
            "/2/lead_identifier/email bad_identifier",
            "/2/lead_identifier/fax unknown_field",
            "/2/lead_identifier/phone type",
            "/2/metadata type",
            "/2/occurred_at bad_time",
            "/2/source wrong_source",
        ]
    );
    assert_eq!(faults(&json!({}), ""), ["/event_type required", "/source required", "/lead_identifier required"]);
    assert_eq!(faults(&json!([]), "/0"), ["/0 type"]);
    assert_eq!(faults(&with("lead_identifier", json!({})), ""), ["/lead_identifier required"]);
    assert_eq!(faults(&with("lead_identifier", json!({"email": null})), ""), ["/lead_identifier required"]);
}

#[test]
fn limits_are_those_of_the_sheet() {
    let type_of = |length: usize| with("event_type", json!("a".repeat(length)));
    assert_eq!(accept(&type_of(64)).event_type.len(), 64);
    assert_eq!(faults(&type_of(65), ""), ["/event_type bad_name"]);
    assert_eq!(faults(&with("event_type", json!("_a")), ""), ["/event_type bad_name"]);

    accept(&with("external_id", json!("ä".repeat(200))));
    assert_eq!(faults(&with("external_id", json!("ä".repeat(201))), ""), ["/external_id too_long"]);

    let at = |time: &str| with("occurred_at", json!(time));
    accept(&at("2026-06-15T12:05:00Z"));
    assert_eq!(faults(&at("2026-06-15T12:05:00.000001Z"), ""), ["/occurred_at in_future"]);
    accept(&at("2024-06-15T12:00:00Z"));
    assert_eq!(faults(&at("2024-06-15T11:59:59Z"), ""), ["/occurred_at too_old"]);
    assert_eq!(faults(&at("2026-06-15"), ""), ["/occurred_at bad_time"]);
    assert_eq!(faults(&at("9999-12-31T23:59:59Z"), ""), ["/occurred_at in_future"]);
    assert_eq!(faults(&at("-005000-01-01T00:00:00Z"), ""), ["/occurred_at too_old"]);
    assert_eq!(faults(&at("2026-06-15T09:00:00+25:00"), ""), ["/occurred_at bad_time"]);
    assert_eq!(faults(&at("2026-06-15T12:00:00"), ""), ["/occurred_at bad_time"], "without a zone it is no moment");

    // {"x":"…"} has 8 bytes besides the text.
    accept(&with("metadata", json!({"x": "a".repeat(MAX_METADATA_BYTES - 8)})));
    assert_eq!(
        faults(&with("metadata", json!({"x": "a".repeat(MAX_METADATA_BYTES - 7)})), ""),
        ["/metadata too_large"]
    );
    assert_eq!(faults(&with("metadata", json!({"a": [{"b/c": "x\u{0}"}]})), ""), ["/metadata/a/0/b~1c nul_character"]);
    assert_eq!(faults(&with("lead", json!({"first_name": "x\u{0}"})), ""), ["/lead/first_name nul_character"]);
    let large: Map<String, Value> = (0..40).map(|number| (format!("key{number}"), json!("a".repeat(499)))).collect();
    assert_eq!(faults(&with("lead", json!(large)), ""), ["/lead too_large"]);
}

#[test]
fn what_cannot_be_read_beside_a_good_identifier_does_not_cost_the_person() {
    let said = json!({"email": "ada@example.com", "phone": "keine", "linkedin_url": "\u{feff} ", "waalaxy_id": "", "lead_id": 7});
    let Valid { event, warnings } = validate(&with("lead_identifier", said), "", &arrival()).unwrap();
    assert_eq!(event.identifiers.len(), 1);
    assert_eq!(Value::Object(event.metadata), json!({"unreadable_phone": "keine", "unreadable_lead_id": "7"}));
    let warned: Vec<_> = warnings.iter().map(|warning| warning.pointer.as_str()).collect();
    assert_eq!(warned, ["/lead_identifier/lead_id", "/lead_identifier/phone"]);
    assert!(warnings.iter().all(|warning| warning.detail.contains("`unreadable_") && warning.detail.ends_with('.')));
    // Without a good one nobody is left.
    assert_eq!(
        faults(&with("lead_identifier", json!({"phone": "keine", "email": " "})), ""),
        ["/lead_identifier/phone bad_identifier"]
    );
    assert_eq!(faults(&with("lead_identifier", json!({"phone": "", "email": " "})), ""), ["/lead_identifier required"]);
    let both = json!({"event_type": "page_visited", "source": "website", "lead": {"phone": "siehe Mail"},
                      "lead_identifier": {"email": "ada@example.com", "phone": "keine"}});
    let metadata = accept(&both).metadata;
    assert_eq!(Value::Object(metadata), json!({"unreadable_phone": "keine", "unreadable_lead_phone": "siehe Mail"}));
}

#[test]
fn whoever_is_told_of_is_found_by_it() {
    let told = json!({"event_type": "page_visited", "source": "website", "occurred_at": "2026-06-01T00:00:00Z",
                      "lead_identifier": {"anonymous_id": "c-1"},
                      "lead": {"email": "Ada@example.com", "linkedin_url": "linkedin.com/in/Ada", "phone": "030 1234567"}});
    let event = accept(&told);
    let found: Vec<_> = event.identifiers.iter().map(|found| format!("{} {}", found.kind, found.value)).collect();
    assert_eq!(
        found,
        ["email ada@example.com", "linkedin_url in/ada", "anonymous_id c-1"],
        "a number may be a company's"
    );
    let mut bare = told.clone();
    bare["lead"] = json!({});
    assert_eq!(
        accept(&bare).external_id,
        event.external_id,
        "one that is sent again counts once, whatever is read of it"
    );
    let both = with("lead", json!({"email": "other@example.com"}));
    assert_eq!(accept(&both).identifiers.len(), 1, "the address by which the source knows a person counts");
}

#[test]
fn countries_are_codes_or_put_aside() {
    let country = |text: &str| {
        let event = accept(&with("lead", json!({"country": text})));
        (event.profile.fields.get(&ProfileField::Country).cloned(), event.metadata.get("unreadable_country").cloned())
    };
    for text in ["Deutschland", "DEU", "germany", "D", "de"] {
        assert_eq!(country(text), (Some("DE".to_owned()), None), "{text}");
    }
    assert_eq!(country("Bayern"), (None, Some(json!("Bayern"))));
}

#[test]
fn an_id_that_has_lost_digits_makes_nobody() {
    // `raw::parse` has not seen it: two of these would be one visitor.
    let rounded = with("lead_identifier", json!({"anonymous_id": 1234567890.17}));
    assert_eq!(faults(&rounded, ""), ["/lead_identifier/anonymous_id type"]);
    assert_eq!(accept(&with("lead_identifier", json!({"anonymous_id": 17}))).identifiers[0].value, "17");
}

#[test]
fn at_most_twenty_faults_of_an_event_are_named() {
    let mut raw = minimal();
    for number in 0..60 {
        raw[format!("field_{number}{}", "x".repeat(1000))] = json!(1);
        raw["campaign"][format!("utm_{number}")] = json!(1);
        raw["lead"][format!("bad key {number}")] = json!(1);
    }
    let faults = validate(&raw, "", &arrival()).unwrap_err();
    assert_eq!(faults.len(), MAX_FAULTS);
    assert!(faults.iter().all(|fault| fault.pointer.len() + fault.detail.len() < 500));
    let long = validate(&with("metadata", json!({"~".repeat(60_000): "\u{0}"})), "/7", &arrival()).unwrap_err();
    assert_eq!((long[0].pointer.len(), long[0].code), (502, "nul_character"));
}

#[test]
fn a_caller_without_a_source_of_its_own_may_name_any() {
    let open = Arrival { source: None, ..arrival() };
    assert_eq!(validate(&with("source", json!("moco")), "", &open).unwrap().event.source, "moco");
    assert!(validate(&with("source", json!("Moco!")), "", &open).is_err());
}

#[test]
fn the_derived_id_tells_events_apart_and_spellings_not() {
    let at = |raw: &Value| {
        let mut raw = raw.clone();
        raw["occurred_at"] = json!("2026-06-01T00:00:00Z");
        accept(&raw).external_id
    };
    let one = at(&with("metadata", json!({"a": 1, "b": {"c": 2, "d": [3]}})));
    assert_eq!(one.len(), 64);
    let mut same = with("metadata", json!({"b": {"d": [3], "c": 2}, "a": 1}));
    same["lead_identifier"] = json!({"email": " ADA@example.com"});
    same["lead"] = json!({"first_name": "Ada"});
    assert_eq!(at(&same), one);
    for other in [
        with("metadata", json!({"a": 1, "b": {"c": 2, "d": [4]}})),
        with("event_type", json!("page_visited2")),
        with("lead_identifier", json!({"email": "bob@example.com"})),
        minimal(),
    ] {
        assert_ne!(at(&other), one);
    }
    let mut given = same.clone();
    given["external_id"] = json!("mine");
    assert_eq!(at(&given), "mine");
}

#[test]
fn canonical_json_sorts_keys_at_every_level_and_nothing_else() {
    let value = json!({"b": 1, "a": [{"d": null, "c": "x\"y"}, 2.5], "A": {}});
    assert_eq!(canonical_json(&value), r#"{"A":{},"a":[{"c":"x\"y","d":null},2.5],"b":1}"#);
}

#[test]
fn the_dedupe_key_separates_tenants_sources_and_ids() {
    let tenant = TenantId(uuid(1));
    let key = dedupe_key(tenant, "website", "x");
    assert_eq!(key, dedupe_key(tenant, "website", "x"));
    for other in [
        dedupe_key(TenantId(uuid(2)), "website", "x"),
        dedupe_key(tenant, "portal", "x"),
        dedupe_key(tenant, "website", "y"),
        dedupe_key(tenant, "websit", "ex"),
    ] {
        assert_ne!(key, other);
    }
}

/// The schema type and the validator know the same fields, and what the type writes the validator reads.
#[test]
fn the_schema_describes_what_is_accepted() {
    let text = || Some("x1".to_owned());
    let input = EventInput {
        event_type: "page_visited".to_owned(),
        source: "website".to_owned(),
        occurred_at: Some(now()),
        external_id: text(),
        lead_identifier: IdentifierInput {
            lead_id: Some(uuid(1).to_string()),
            email: Some("ada@example.com".to_owned()),
            phone: Some("+49301234567".to_owned()),
            linkedin_url: Some("in/ada".to_owned()),
            waalaxy_id: text(),
            lemlist_id: text(),
            wodify_id: text(),
            external_id: text(),
            anonymous_id: text(),
        },
        lead: json!({"first_name": "Ada"}).as_object().unwrap().clone(),
        campaign: Some(CampaignInput::Name("Spring".to_owned())),
        metadata: json!({"a": 1}).as_object().unwrap().clone(),
    };
    let raw = serde_json::to_value(&input).unwrap();
    assert_eq!(raw.as_object().unwrap().len(), 8);
    let event = accept(&raw);
    let kinds: Vec<_> = event.identifiers.iter().map(|identifier| identifier.kind).collect();
    assert_eq!(kinds, IdentifierKind::ALL);
    let schema = serde_json::to_value(schemars::schema_for!(EventInput)).unwrap();
    assert_eq!(schema["properties"].as_object().unwrap().len(), 8);
    assert_eq!(schema["additionalProperties"], json!(false));
}

#[test]
fn known_types_are_well_formed() {
    for known in KNOWN_EVENT_TYPES {
        assert_eq!(parse_event_type(known), Ok(known));
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z@.+0-9: TZ-]{0,24}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        let key = prop_oneof!["[a-z_]{1,8}", Just("email".to_owned()), Just("phone".to_owned()), any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(cases(500))]

    /// Whatever stands in whichever field, it is accepted or refused with pointers, and never panics.
    #[test]
    fn anything_is_accepted_or_refused(field in prop::sample::select(vec![
        "event_type", "source", "occurred_at", "external_id", "lead_identifier", "lead", "campaign", "metadata", "other",
    ]), value in anything()) {
        match validate(&with(field, value.clone()), "/7", &arrival()) {
            Ok(Valid { event, warnings }) => {
                prop_assert!(warnings.iter().all(|warning| warning.pointer.starts_with("/7/")));
                prop_assert!(!event.identifiers.is_empty() && event.identifiers.is_sorted());
                let text = serde_json::to_string(&event).unwrap();
                prop_assert!(!text.contains("\\u0000"), "the database's JSON cannot hold it: {text}");
                prop_assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
            }
            Err(faults) => {
                let within = format!("/7/{field}");
                prop_assert!(!faults.is_empty() && faults.iter().all(|fault| fault.pointer.starts_with(&within)));
            }
        }
        let _ = validate(&value, "", &arrival());
    }

    /// Any time that is read is kept to the microsecond, rounded down.
    #[test]
    fn times_are_cut_to_microseconds(nanoseconds in 0..86_400_000_000_000_i64) {
        let time = Timestamp::from_nanosecond(i128::from(now().as_microsecond()) * 1000 - i128::from(nanoseconds)).unwrap();
        let event = accept(&with("occurred_at", json!(time.to_string())));
        prop_assert_eq!(i128::from(event.occurred_at.as_microsecond()), time.as_nanosecond().div_euclid(1000));
        prop_assert_eq!(event.occurred_at.as_nanosecond() % 1000, 0);
    }

    #[test]
    fn canonical_json_is_the_same_json(value in anything()) {
        prop_assert_eq!(serde_json::from_str::<Value>(&canonical_json(&value)).unwrap(), value);
    }

    #[test]
    fn identifiers_in_any_order_give_the_same_id(numbers in prop::collection::vec(0..9_u8, 1..5).prop_shuffle()) {
        let identifiers: Vec<_> = numbers
            .iter()
            .map(|number| Identifier { kind: IdentifierKind::Email, value: number.to_string() })
            .collect();
        let mut sorted = identifiers.clone();
        sorted.sort();
        let id = |identifiers: &[Identifier]| derived_external_id("s", "t", identifiers, now(), &Map::new());
        prop_assert_eq!(id(&identifiers), id(&sorted));
    }
}
