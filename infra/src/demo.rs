//! The demo: some forty people from Germany and around it do what leads do, through the gateway; then the API is asked what became
//! of them, and the team goes on with some of them: moves deals, closes two, does tasks or leaves them undone.

mod deeds;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use deeds::Deed;
pub use deeds::act;

use crate::http::{self, Answer};
use crate::state::{Access, Secrets};

/// The people, what they do, and what the team does about them afterwards.
const PEOPLE: &str = include_str!("demo/people.json");

/// How long the queues may take for the events.
const PATIENCE: Duration = Duration::from_secs(90);

/// Nothing has changed for this long: then everything has been processed.
const SETTLED: Duration = Duration::from_secs(3);

/// So many people are told about one by one; the others in numbers.
const TOLD: usize = 5;

#[derive(Deserialize)]
struct Demo {
    people: Vec<Person>,
}

/// Somebody whose events the demo sends.
#[derive(Deserialize)]
pub struct Person {
    /// For the printed result.
    pub name: String,
    /// Identifies the lead.
    pub email: String,
    /// What they do, in a few words.
    pub story: String,
    steps: Vec<Step>,
    /// What the team does afterwards.
    #[serde(default)]
    then: Vec<Deed>,
}

#[derive(Deserialize)]
struct Step {
    source: String,
    days_ago: i64,
    event: Value,
}

/// What became of a person: the lead as the API shows it, and the names behind its ids.
pub struct Outcome {
    /// As in `demo/people.json`.
    pub person: Person,
    /// The lead, if there is one by now.
    pub lead: Option<Value>,
    /// The pipeline's name, for a routed lead.
    pub pipeline: Option<String>,
    /// Where the deal was made and who got it, from the last decision.
    pub owner: Option<String>,
}

/// Sends the demo's events through the gateway, exactly once in effect however often it is called: those of one source in one request,
/// a partner's webhooks one by one.
///
/// # Errors
/// When an event is refused, with the API's answer.
pub async fn send(access: &Access, secrets: &Secrets, now: Timestamp) -> anyhow::Result<usize> {
    let mut sent = 0;
    let mut batches: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for person in people()? {
        for (number, step) in person.steps.iter().enumerate() {
            let at = moment(now, step.days_ago, person.steps.len() - number)?;
            match step.source.as_str() {
                "lemlist" => {
                    let answer = lemlist(access, secrets, step, at, &format!("act_demo{sent:04}")).await?;
                    answer.ok(&format!("the event {} of {}", number + 1, person.name))?;
                }
                source => batches.entry(source.to_owned()).or_default().push(event(&person, step, at, number)),
            }
            sent += 1;
        }
    }
    for (source, events) in batches {
        let key = secrets.source_keys.get(&source).with_context(|| format!("the demo has no key for {source}"))?;
        let (url, key) = (format!("{}/api/v1/events/ingest", access.api_url), format!("{source}:{key}"));
        let answer = http::send_json("POST", &url, &[("x-api-key", &key)], &json!(events)).await?;
        let verdict = answer.ok(&format!("the events of {source}"))?.json()?;
        anyhow::ensure!(verdict["rejected"] == 0, "some of the demo's events were refused: {verdict}");
    }
    Ok(sent)
}

/// So many days ago; a person's events of one day a few minutes after each other.
fn moment(now: Timestamp, days_ago: i64, before_the_end: usize) -> anyhow::Result<Timestamp> {
    let minutes = 5 + 7 * i64::try_from(before_the_end)?;
    now.checked_sub(Span::new().hours(24 * days_ago).minutes(minutes)).context("the demo's days are out of range")
}

fn people() -> anyhow::Result<Vec<Person>> {
    let demo: Demo = serde_json::from_str(PEOPLE).context("demo/people.json does not have the expected form")?;
    Ok(demo.people)
}

fn event(person: &Person, step: &Step, at: Timestamp, number: usize) -> Value {
    let mut event = step.event.clone();
    event["source"] = json!(step.source);
    event["occurred_at"] = json!(at.to_string());
    event["external_id"] = json!(format!("demo-{}-{number}", person.email));
    event["lead_identifier"] = json!({ "email": person.email });
    event
}

async fn lemlist(access: &Access, secrets: &Secrets, step: &Step, at: Timestamp, id: &str) -> anyhow::Result<Answer> {
    let mut activity = step.event.clone();
    activity["_id"] = json!(id);
    activity["createdAt"] = json!(at.to_string());
    activity["secret"] = json!(secrets.lemlist_secret);
    http::send_json(
        "POST",
        &format!("{}/api/v1/webhooks/lemlist/{}", access.api_url, secrets.lemlist_token),
        &[],
        &activity,
    )
    .await
}

/// Waits until every person is a lead and nothing moves any more; gives what became of them.
///
/// # Errors
/// When the API cannot be asked.
pub async fn outcomes(access: &Access) -> anyhow::Result<Vec<Outcome>> {
    let deadline = Instant::now() + PATIENCE;
    let (mut seen, mut since) = (String::new(), Instant::now());
    loop {
        let leads = get(access, "/api/v1/leads?limit=100&sort=-created_at").await?;
        let of = |person: &Person| {
            leads["data"].as_array()?.iter().find(|lead| lead["email"] == person.email.as_str()).cloned()
        };
        let found: Vec<_> = people()?.into_iter().map(|person| (of(&person), person)).collect();
        let now = found.iter().map(|(lead, _)| standing(lead.as_ref())).collect::<String>();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        let complete = found.iter().all(|(lead, _)| lead.is_some());
        if (complete && since.elapsed() > SETTLED) || Instant::now() > deadline {
            return describe(access, found).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// What changes while a lead is being processed.
fn standing(lead: Option<&Value>) -> String {
    let field = |name: &str| lead.map(|lead| lead[name].to_string()).unwrap_or_default();
    [field("total_score"), field("primary_intent"), field("status"), field("deal_id"), ";".to_owned()].join(" ")
}

async fn describe(access: &Access, found: Vec<(Option<Value>, Person)>) -> anyhow::Result<Vec<Outcome>> {
    let pipelines = get(access, "/api/v1/pipelines").await?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (lead, person) in found {
        let (mut pipeline, mut owner) = (None, None);
        if let Some(lead) = &lead {
            let named = pipelines["data"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|pipeline| pipeline["id"] == lead["pipeline_id"]);
            pipeline = named.and_then(|pipeline| pipeline["name"].as_str()).map(str::to_owned);
            if lead["owner_id"].is_string() && outcomes.len() < TOLD {
                owner = Some(owner_name(access, lead).await?);
            }
        }
        outcomes.push(Outcome { person, lead, pipeline, owner });
    }
    Ok(outcomes)
}

/// The owner's name stands in the decision that chose them; the id will do where it does not.
async fn owner_name(access: &Access, lead: &Value) -> anyhow::Result<String> {
    let owner = &lead["owner_id"];
    let path = format!("/api/v1/leads/{}/decisions", lead["id"].as_str().unwrap_or_default());
    let decisions = get(access, &path).await?;
    let decisions = decisions["data"].as_array().into_iter().flatten();
    let mut candidates = decisions.flat_map(|decision| decision["candidates"].as_array().into_iter().flatten());
    let chosen = candidates.find(|candidate| candidate["member_id"] == *owner && candidate["name"].is_string());
    let name = chosen.map_or(owner, |candidate| &candidate["name"]);
    Ok(name.as_str().unwrap_or_default().to_owned())
}

async fn get(access: &Access, path: &str) -> anyhow::Result<Value> {
    let bearer = format!("Bearer {}", access.token);
    let url = format!("{}{path}", access.api_url);
    http::send("GET", &url, &[("authorization", &bearer)], "").await?.ok(&format!("GET {path}"))?.json()
}

/// Lines for the terminal.
pub fn lines(outcomes: &[Outcome]) -> Vec<String> {
    let mut lines = Vec::new();
    for outcome in outcomes.iter().take(TOLD) {
        lines.push(format!("  {}: {}", outcome.person.name, outcome.person.story));
        let Some(lead) = &outcome.lead else {
            lines.push("    not processed yet: `cargo dev logs event-processor` says why".to_owned());
            continue;
        };
        let text = |name: &str| lead[name].as_str().unwrap_or("none").to_owned();
        let confidence = lead["intent_confidence"].as_f64().unwrap_or_default();
        let standing = format!(
            "score {} ({}), intent {} ({confidence} %)",
            lead["total_score"],
            text("tier"),
            text("primary_intent")
        );
        let place = match (&outcome.pipeline, &outcome.owner) {
            (Some(pipeline), Some(owner)) => format!("→ {pipeline}, {owner}"),
            (Some(pipeline), None) => format!("→ {pipeline}, nobody free"),
            (None, _) => "stays in the pool".to_owned(),
        };
        lines.push(format!("    {standing} {place}"));
    }
    let others = outcomes.get(TOLD..).unwrap_or_default();
    if !others.is_empty() {
        let routed = others.iter().filter(|other| other.pipeline.is_some()).count();
        let known = others.iter().filter(|other| other.lead.is_some()).count();
        lines.push(format!("  and {} others: {routed} in pipelines, {} in the pool", others.len(), known - routed));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_event_names_its_lead_once() {
        let people = people().unwrap();
        assert!((35..=100).contains(&people.len()), "one page of leads shows all of them");
        let at = Timestamp::UNIX_EPOCH;
        for person in &people {
            for (number, step) in person.steps.iter().enumerate() {
                let event = event(person, step, at, number);
                assert_eq!(event["lead_identifier"]["email"], person.email.as_str());
                assert_eq!(event["source"], step.source.as_str());
            }
        }
    }

    #[test]
    fn everybody_is_there_once_and_nothing_is_older_than_two_months() {
        let people = people().unwrap();
        let emails: std::collections::BTreeSet<&str> = people.iter().map(|person| person.email.as_str()).collect();
        assert_eq!(emails.len(), people.len());
        let steps: Vec<&Step> = people.iter().flat_map(|person| &person.steps).collect();
        assert!(steps.iter().all(|step| (0..=60).contains(&step.days_ago)));
        for person in &people {
            assert!(person.steps.is_sorted_by(|a, b| a.days_ago >= b.days_ago), "{}", person.name);
        }
    }

    #[test]
    fn an_unrouted_lead_is_shown_in_the_pool() {
        let person = people().unwrap().remove(0);
        let lead = json!({"total_score": 6, "tier": "cold", "primary_intent": null, "intent_confidence": 0.0});
        let shown = lines(&[Outcome { person, lead: Some(lead), pipeline: None, owner: None }]);
        assert!(shown[1].contains("score 6 (cold), intent none") && shown[1].contains("pool"), "{}", shown[1]);
    }
}
