//! Generated people and their events, deliveries of them, and what is true in the database afterwards.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use shared::domain::ids::LeadId;
use shared::domain::intent::Signal;
use shared::domain::scoring::{Award, Category};
use shared::store::event_path::decode_counted;
use testkit::TestApp;
use tokio_postgres::Client;
use uuid::Uuid;

/// A batch consumer takes up to this many events in one message.
const RECEIPTS: usize = 50;

/// One event with its receipt, as `events-ingest` puts it on the queue.
#[derive(Clone)]
pub struct Sent {
    pub id: Uuid,
    pub event: Value,
}

/// Events of a number of people over 40 days, each at a moment of its own. Half of them match rules with caps, so that order would
/// show. Identifiers never contradict each other: the address is in every event.
pub fn log(seed: u64, people: usize, events: usize) -> Vec<Sent> {
    let mut random = StdRng::seed_from_u64(seed);
    let begin = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 40);
    let step = jiff::SignedDuration::from_secs(40 * 24 * 3600 / i64::try_from(events).unwrap());
    let types = [
        "page_visited",
        "page_visited",
        "pricing_viewed",
        "content_downloaded",
        "form_submitted",
        "demo_requested",
        "email_opened",
        "email_clicked",
        "linkedin_connected",
        "linkedin_message_replied",
        "webinar_attended",
        "conference_scan",
        "meeting_booked",
        "meeting_no_show",
        "email_unsubscribed",
        "something_unknown",
    ];
    // Most people want one thing, some two.
    let pages = [["/research/a", "/panel"], ["/b2b", "/blog"], ["/co-creation", "/"], ["/research/b", "/b2b/c"]];
    let titles = ["Laborleiter", "Scientist", "Head of Research", "Procurement", "CEO"];
    (0..events)
        .map(|n| {
            let person = random.random_range(0..people);
            let at = begin + step * i32::try_from(n).unwrap();
            let domain = ["uni-mainz.de", "gmx.de", "biolab.example"][person % 3];
            let mut event = json!({
                "event_type": types.choose(&mut random), "source": "portal", "occurred_at": at,
                "external_id": format!("{seed}-{n}"),
                "lead_identifier": {"email": format!("p{person}@{domain}"), "anonymous_id": format!("c{seed}-{person}")},
                "metadata": {"page_path": pages[person % 4].choose(&mut random)},
            });
            if random.random_bool(0.4) {
                let company = format!("Firma {}", random.random_range(0..9));
                event["lead"] = json!({
                    "first_name": format!("Vor{person}"), "company": company, "job_title": titles.choose(&mut random), "country": "DE",
                });
            }
            Sent { id: Uuid::now_v7(), event }
        })
        .collect()
}

/// Three events of each of some people, after which they are ready for a pipeline.
pub fn ready(people: std::ops::Range<usize>) -> Vec<Sent> {
    let types =
        [("demo_requested", "clinic diagnostics"), ("form_submitted", "clinic lab"), ("meeting_booked", "clinic")];
    let of_person = |n: usize| {
        types.map(|(event_type, interest)| Sent {
            id: Uuid::now_v7(),
            event: json!({"event_type": event_type, "source": "portal", "external_id": format!("{n}-{event_type}"),
                          "lead_identifier": {"email": format!("ready{n}@biolab.example")},
                          "metadata": {"interest": interest, "page_path": "/b2b"}}),
        })
    };
    people.flat_map(of_person).collect()
}

/// The same log in another order, every event one to five times.
pub fn shuffled(log: &[Sent], seed: u64) -> Vec<Sent> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut deliveries: Vec<Sent> =
        log.iter().flat_map(|sent| vec![sent.clone(); random.random_range(1..=5)]).collect();
    deliveries.shuffle(&mut random);
    deliveries
}

/// Puts events on the queue, `per_message` in one message.
pub fn send(app: &TestApp, tenant: &str, events: &[Sent], per_message: usize) {
    for receipts in events.chunks(per_message.min(RECEIPTS)) {
        let receipts: Vec<Value> = receipts.iter().map(|sent| json!({"id": sent.id, "event": sent.event})).collect();
        let body = json!({
            "kind": "events", "tenant_id": tenant, "source": "portal", "received_at": jiff::Timestamp::now(), "receipts": receipts,
        });
        app.sqs().send("events", &body.to_string()).unwrap();
    }
}

/// No messages to Slack, whose limit of one a second would be all that these tests wait for.
pub async fn without_slack(app: &TestApp) {
    app.db().await.execute("UPDATE integrations SET active = false WHERE name = 'slack'", &[]).await.unwrap();
}

/// The night's job, as if its hour had come.
pub async fn nightly(app: &TestApp) {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let moment = shared::domain::routing::next_nightly(jiff::Timestamp::now(), &zone);
    app.run_job("score-decay", json!({"scheduled_for": moment})).await;
}

/// Everything the laws speak of, with people by address instead of by id.
pub async fn state(app: &TestApp) -> BTreeMap<String, Value> {
    const STATE: &str = "
        SELECT l.email, jsonb_build_object(
          'profile', jsonb_build_object('first', l.first_name, 'company', l.company, 'title', l.job_title, 'country', l.country,
                                        'source', l.source, 'custom', l.custom),
          'identifiers', (SELECT jsonb_agg(i.kind || ':' || i.value ORDER BY i.kind, i.value) FROM lead_identifiers i WHERE i.lead_id = l.id),
          'standing', to_jsonb(s) - 'lead_id' - 'tenant_id' - 'evaluated_at' - 'counted',
          'awards', (SELECT jsonb_agg(jsonb_build_array(r.slug, e.external_id, h.points, h.awarded_at, h.expires_at)
                                      ORDER BY r.slug, h.awarded_at, e.external_id)
                       FROM score_history h JOIN scoring_rules r ON r.id = h.rule_id
                       LEFT JOIN events e ON e.id = h.event_id AND e.lead_id = h.lead_id
                      WHERE h.lead_id = l.id AND h.withdrawn_at IS NULL),
          'signals', (SELECT jsonb_agg(jsonb_build_array(r.slug, e.external_id, g.weight, g.signalled_at, g.expires_at)
                                       ORDER BY r.slug, g.signalled_at, e.external_id)
                        FROM intent_signals g JOIN intent_rules r ON r.id = g.rule_id
                        LEFT JOIN events e ON e.id = g.event_id AND e.lead_id = g.lead_id
                       WHERE g.lead_id = l.id AND g.withdrawn_at IS NULL),
          'events', (SELECT jsonb_agg(e.external_id ORDER BY e.occurred_at) FROM events e WHERE e.lead_id = l.id)
        )::text
          FROM leads l JOIN lead_standings s ON s.lead_id = l.id";
    let rows = app.db().await.query(STATE, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), serde_json::from_str(row.get(1)).unwrap())).collect()
}

/// Addresses of leads in a pipeline.
pub async fn routed(app: &TestApp) -> Vec<String> {
    let rows = app
        .db()
        .await
        .query("SELECT email FROM leads WHERE pipeline_id IS NOT NULL ORDER BY email", &[])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The laws that hold for every database at rest, whatever happened before: sums, caps, one deal, one effect per decision.
pub async fn check_invariants(app: &TestApp) {
    let checks = [
        ("a standing is not the sum of its unexpired awards", "
          SELECT count(*) FROM lead_standings s
           WHERE ARRAY[s.demographic, s.engagement, s.behavior]::bigint[] IS DISTINCT FROM (
             SELECT ARRAY[COALESCE(sum(points) FILTER (WHERE category = 'demographic'), 0),
                          COALESCE(sum(points) FILTER (WHERE category = 'engagement'), 0),
                          COALESCE(sum(points) FILTER (WHERE category = 'behavior'), 0)]::bigint[]
               FROM score_history h
              WHERE h.lead_id = s.lead_id AND h.withdrawn_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > s.evaluated_at))"),
        ("a total is not max(0, sum)",
         "SELECT count(*) FROM lead_standings WHERE total_score <> GREATEST(0, demographic + engagement + behavior)"),
        ("a lead holds more awards of a rule than its cap for life", "
          SELECT count(*) FROM (SELECT h.lead_id, h.rule_id FROM score_history h WHERE h.withdrawn_at IS NULL GROUP BY 1, 2
             HAVING count(*) > (SELECT COALESCE(max_per_lead, 1000000) FROM scoring_rules r WHERE r.id = h.rule_id)) over"),
        ("a lead holds more awards of a rule in a day than its cap", "
          SELECT count(*) FROM (SELECT h.lead_id, h.rule_id FROM score_history h WHERE h.withdrawn_at IS NULL AND h.event_id IS NOT NULL
             GROUP BY 1, 2, (h.awarded_at AT TIME ZONE 'UTC')::date
             HAVING count(*) > (SELECT COALESCE(max_per_day, 1000000) FROM scoring_rules r WHERE r.id = h.rule_id)) over"),
        ("a lead has two deals of the machine",
         "SELECT count(*) FROM (SELECT lead_id FROM deals WHERE origin = 'routing' GROUP BY 1 HAVING count(*) > 1) twice"),
        ("a routed lead has no deal, decision or task", "
          SELECT count(*) FROM leads l WHERE l.pipeline_id IS NOT NULL AND (
            NOT EXISTS (SELECT FROM deals d WHERE d.id = l.deal_id AND d.lead_id = l.id) OR
            NOT EXISTS (SELECT FROM routing_decisions r WHERE r.lead_id = l.id AND r.deal_id = l.deal_id) OR
            NOT EXISTS (SELECT FROM tasks t WHERE t.lead_id = l.id AND t.deal_id = l.deal_id))"),
        ("an owner has more open deals than capacity", "
          SELECT count(*) FROM team_members m
           WHERE (SELECT count(*) FROM deals d WHERE d.owner_id = m.id AND d.status = 'open') > m.capacity"),
        ("an event is stored twice", "
          SELECT count(*) FROM (SELECT source, external_id FROM events GROUP BY tenant_id, source, external_id HAVING count(*) > 1) twice"),
        ("a person is two leads",
         "SELECT count(*) FROM (SELECT email FROM leads WHERE email IS NOT NULL GROUP BY tenant_id, email HAVING count(*) > 1) twice"),
        ("a decision has two messages", "
          SELECT count(*) FROM (SELECT cause FROM effects WHERE cause LIKE 'decision:%' GROUP BY tenant_id, cause HAVING count(*) > 1) twice"),
        ("something committed was not handed over", "SELECT count(*) FROM outbox"),
    ];
    let db = app.db().await;
    for (broken, sql) in checks {
        let count: i64 = db.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(count, 0, "{broken}");
    }
    check_copies(&db).await;
}

/// What counts, copied beside a standing, is what the history says. Answers with how many standings have a copy.
pub async fn check_copies(db: &Client) -> usize {
    let mut history: BTreeMap<LeadId, Vec<String>> = BTreeMap::new();
    let awards = "SELECT lead_id, rule_id, rule_version, event_id, category, points, awarded_at, expires_at FROM score_history WHERE withdrawn_at IS NULL";
    for row in db.query(awards, &[]).await.unwrap() {
        let category = match row.get(4) {
            "demographic" => Category::Demographic,
            "engagement" => Category::Engagement,
            _ => Category::Behavior,
        };
        let award = Award {
            rule: row.get(1),
            rule_version: row.get(2),
            event: row.get(3),
            category,
            points: row.get(5),
            awarded_at: row.get(6),
            expires_at: row.get(7),
        };
        history.entry(row.get(0)).or_default().push(format!("{award:?}"));
    }
    let signals = "SELECT lead_id, rule_id, rule_version, event_id, intent, weight, signalled_at, expires_at FROM intent_signals WHERE withdrawn_at IS NULL";
    for row in db.query(signals, &[]).await.unwrap() {
        let signal = Signal {
            rule: row.get(1),
            rule_version: row.get(2),
            event: row.get(3),
            intent: row.get(4),
            weight: u32::try_from(row.get::<_, i32>(5)).unwrap(),
            detected_at: row.get(6),
            expires_at: row.get(7),
        };
        history.entry(row.get(0)).or_default().push(format!("{signal:?}"));
    }
    let copies = db.query("SELECT lead_id, counted FROM lead_standings WHERE counted IS NOT NULL", &[]).await.unwrap();
    for row in &copies {
        let lead: LeadId = row.get(0);
        let (awards, signals) = decode_counted(row.get(1)).unwrap();
        let mut copied: Vec<String> = awards.iter().map(|award| format!("{award:?}")).collect();
        copied.extend(signals.iter().map(|signal| format!("{signal:?}")));
        copied.sort();
        let mut expected = history.remove(&lead).unwrap_or_default();
        expected.sort();
        assert_eq!(copied, expected, "the copy of {lead}");
    }
    copies.len()
}

/// The first difference of two states, readable.
#[track_caller]
pub fn assert_same(what: &str, left: &BTreeMap<String, Value>, right: &BTreeMap<String, Value>) {
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "{what}: other people");
    for (email, one) in left {
        for (part, value) in one.as_object().unwrap() {
            assert_eq!(value, &right[email][part], "{what}: {part} of {email}");
        }
    }
}
