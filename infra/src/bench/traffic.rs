//! Realistic traffic: people of a few companies who visit pages, open mails and now and then ask for a demo. Made from a seed, so
//! that every run measures the same events.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use uuid::Uuid;

/// Events of one message, as `events-ingest` packs them.
const RECEIPTS: usize = 25;

/// The time the events lie in, in seconds: 60 days.
const SPAN: i64 = 60 * 24 * 3600;

/// Share of each kind of event in a thousand.
const MIX: [(&str, &str, u32); 14] = [
    ("page_visited", "website", 430),
    ("pricing_viewed", "website", 50),
    ("form_submitted", "website", 35),
    ("content_downloaded", "website", 60),
    ("demo_requested", "website", 15),
    ("webinar_registered", "website", 30),
    ("webinar_attended", "website", 20),
    ("email_opened", "email", 170),
    ("email_clicked", "email", 70),
    ("email_replied", "email", 15),
    ("linkedin_connected", "waalaxy", 40),
    ("linkedin_message_replied", "waalaxy", 25),
    ("conference_scan", "conference", 20),
    ("meeting_booked", "cituro", 20),
];

const PAGES: [&str; 9] = [
    "/",
    "/research/methods",
    "/panel/immune",
    "/publications",
    "/b2b",
    "/lab-enablement",
    "/pricing",
    "/blog/assays",
    "/co-creation",
];
const TITLES: [&str; 7] = [
    "Laborleiterin",
    "Scientist",
    "Head of Research",
    "Procurement",
    "Business Development Manager",
    "CEO",
    "Referent",
];
const FIRST: [&str; 8] = ["Anna", "Jürgen", "Mehmet", "Sofia", "Lukas", "Hannah", "Piotr", "Ines"];
const LAST: [&str; 8] = ["Müller", "Schmidt", "Yılmaz", "Weiß", "Nowak", "Schäfer", "Vogel", "Brandt"];
const DOMAINS: [&str; 6] =
    ["uni-mainz.de", "biolab.example", "gmx.de", "pharma.example", "klinikum.example", "gmail.com"];

/// Whom events are about. People are numbered.
#[derive(Debug, Clone, Copy)]
pub struct People {
    pub first: usize,
    pub count: usize,
    /// From one to the next: with 100, every hundredth.
    pub step: usize,
}

/// SQS events for `event-processor`, ready to be sent.
pub fn batches(tenant: &str, events: usize, people: People, per_batch: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut random = StdRng::seed_from_u64(seed);
    let now = jiff::Timestamp::now();
    let receipts: Vec<Value> = (0..events)
        .map(|n| {
            let lead = people.first + people.step * random.random_range(0..people.count);
            // Events arrive nearly in the order in which they happened; one in twenty is late, by up to three days.
            let late = if random.random_range(0..20) == 0 { 3 * 24 * 3600 } else { 600 };
            let behind = SPAN * i64::try_from(events - n).unwrap_or(0) / i64::try_from(events).unwrap_or(1);
            let ago = jiff::SignedDuration::from_secs(60 + behind + random.random_range(0..late));
            json!({"id": Uuid::now_v7(), "event": event(&mut random, seed, n, lead, now - ago)})
        })
        .collect();
    let records: Vec<Value> = receipts
        .chunks(RECEIPTS)
        .map(|receipts| {
            let body = json!({
                "kind": "events", "tenant_id": tenant, "source": null, "received_at": now, "receipts": receipts,
            });
            record(&body.to_string(), "events")
        })
        .collect();
    let per_batch = (per_batch / RECEIPTS).max(1);
    records.chunks(per_batch).map(|records| json!({"Records": records}).to_string().into_bytes()).collect()
}

/// One message as SQS delivers it.
pub fn record(body: &str, queue: &str) -> Value {
    json!({
        "messageId": Uuid::now_v7(), "receiptHandle": "bench", "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0", "SenderId": "bench", "ApproximateFirstReceiveTimestamp": "0"},
        "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:eu-central-1:000000000000:{queue}"), "awsRegion": "eu-central-1",
    })
}

/// The address of a person, the same in every event.
pub fn email(lead: usize) -> String {
    format!("person{lead}@{}", DOMAINS[lead % DOMAINS.len()])
}

fn event(random: &mut StdRng, seed: u64, n: usize, lead: usize, at: jiff::Timestamp) -> Value {
    let mut pick = random.random_range(0..1000);
    let (event_type, source) = MIX
        .iter()
        .find_map(|(event_type, source, share)| match pick < *share {
            true => Some((*event_type, *source)),
            false => {
                pick -= share;
                None
            }
        })
        .unwrap_or(("page_visited", "website"));
    let mut identifier = json!({"email": email(lead)});
    let mut metadata = json!({});
    match source {
        "website" => {
            identifier["anonymous_id"] = json!(format!("cookie-{lead}"));
            metadata["page_path"] = json!(PAGES.choose(random));
            metadata["referrer"] = json!("https://www.example.org/search");
            metadata["user_agent"] = json!("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36");
        }
        "email" => metadata["message_id"] = json!(format!("m-{n}")),
        "waalaxy" => identifier["waalaxy_id"] = json!(format!("w-{lead}")),
        _ => {}
    }
    if event_type == "content_downloaded" {
        let tag = ["whitepaper", "protocol", "brochure"].choose(random);
        metadata["tags"] = json!([tag]);
    }
    if event_type == "form_submitted" || event_type == "demo_requested" {
        let interest = ["academic research", "clinic diagnostics", "custom panel for pharma"].choose(random);
        metadata["interest"] = json!(interest);
    }
    let mut event = json!({
        "event_type": event_type, "source": source, "occurred_at": at, "external_id": format!("bench-{seed}-{n}"),
        "lead_identifier": identifier, "metadata": metadata,
    });
    if random.random_range(0..10) < 3 {
        let country = ["DE", "DE", "AT", "CH", "FR"][lead % 5];
        event["lead"] = json!({
            "first_name": FIRST[lead % FIRST.len()], "last_name": LAST[lead / 8 % LAST.len()],
            "company": format!("Firma {}", lead % 997), "job_title": TITLES[lead % TITLES.len()],
            "country": country, "language": "de",
        });
    }
    event
}
