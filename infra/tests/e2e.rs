//! One journey on the deployed template: gateway → events queue → event-processor → routing queue → lead-router → Slack.
//!
//! `cargo dev test` brings the stack up and runs these; a plain run of the tests leaves them out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![expect(clippy::disallowed_methods, reason = "a client of the deployed stack has a clock and makes up names")]

#[allow(dead_code, reason = "shared with the tool itself, which uses all of it")]
#[path = "../src/http.rs"]
mod http;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Where the stack is, as `cargo dev up` left it.
struct Stack {
    state: Value,
}

impl Stack {
    fn running() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(".dev/state.json");
        let text =
            std::fs::read_to_string(&path).expect("the local stack is not up: run `cargo dev test`, which starts it");
        Self { state: serde_json::from_str(&text).unwrap() }
    }

    fn text(&self, key: &str) -> &str {
        self.state[key].as_str().unwrap_or_else(|| panic!(".dev/state.json has no {key}: run `cargo dev up`"))
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> http::Answer {
        let url = format!("{}{path}", self.text("api_url"));
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        http::send(method, &url, &all, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let bearer = format!("Bearer {}", self.text("token"));
        self.call("GET", path, &[("authorization", &bearer)], None).await.ok(path).unwrap().json().unwrap()
    }
    /// Loses the deal, so that its owner has room for the next run's; gives the deal as it is then.
    async fn lose(&self, deal: &Value) -> Value {
        let pipeline = self.get(&format!("/api/v1/pipelines/{}", deal["pipeline_id"].as_str().unwrap())).await;
        let lost = pipeline["stages"].as_array().unwrap().iter().find(|stage| stage["is_lost"] == true).unwrap();
        let body = json!({"stage_id": lost["id"], "lost_reason": "end of the end-to-end run"});
        let path = format!("/api/v1/deals/{}/move", deal["id"].as_str().unwrap());
        let bearer = format!("Bearer {}", self.text("token"));
        let answer = self.call("POST", &path, &[("authorization", &bearer)], Some(&body)).await;
        answer.ok(&path).unwrap().json().unwrap()
    }
}

/// Asks until there is an answer; the queues need a moment.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} did not happen within 90 s: see `cargo dev logs`");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn events(email: &str, name: &str) -> Value {
    let now = jiff::Timestamp::now();
    let at = |hours: i64| now.checked_sub(jiff::Span::new().hours(hours)).unwrap().to_string();
    let event = |kind: &str, hours: i64, metadata: Value| {
        json!({"event_type": kind, "source": "portal", "occurred_at": at(hours), "lead_identifier": {"email": email},
            "lead": {"first_name": "Erika", "last_name": name, "country": "DE", "job_title": "Geschäftsführerin"},
            "metadata": metadata})
    };
    json!([
        event("page_visited", 30, json!({"page_path": "/b2b/diagnostics"})),
        event("pricing_viewed", 29, json!({"page_path": "/pricing"})),
        event("demo_requested", 2, json!({"page_path": "/b2b/demo", "interest": "lab diagnostics"})),
    ])
}

#[ignore = "needs the deployed stack: `cargo dev test --only end-to-end`"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_becomes_a_routed_deal_with_owner_task_and_slack_message() {
    let stack = Stack::running();
    let name = format!("Muster{}", uuid::Uuid::new_v4().simple());
    let email = format!("{}@example.com", name.to_lowercase());

    let key = stack.text("api_key").to_owned();
    let body = events(&email, &name);
    let answer = stack.call("POST", "/api/v1/events/ingest", &[("x-api-key", &key)], Some(&body)).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json().unwrap()["accepted"], 3, "{}", answer.text());

    let lead = eventually("the lead's routing", || async {
        let found = stack.get(&format!("/api/v1/leads?q={name}")).await;
        let lead = found["data"].as_array()?.iter().find(|lead| lead["email"] == email.as_str())?.clone();
        lead["deal_id"].is_string().then_some(lead)
    })
    .await;
    assert_eq!(lead["status"], "routed", "{lead}");
    assert_eq!(lead["primary_intent"], "b2b", "{lead}");
    assert!(lead["owner_id"].is_string(), "nobody got the lead: {lead}");

    let deal = stack.get(&format!("/api/v1/deals/{}", lead["deal_id"].as_str().unwrap())).await;
    assert_eq!((&deal["lead_id"], &deal["owner_id"]), (&lead["id"], &lead["owner_id"]), "{deal}");

    let tasks = stack.get("/api/v1/tasks?limit=100&sort=-created_at").await;
    let of_deal = |task: &&Value| task["deal_id"] == deal["id"] && task["owner_id"] == lead["owner_id"];
    assert!(tasks["data"].as_array().unwrap().iter().any(|task| of_deal(&task)), "no follow-up task: {tasks}");

    let messages = format!("{}/messages.json", stack.text("slack_url"));
    eventually("the Slack message", || async {
        let shown = http::send("GET", &messages, &[], "").await.unwrap();
        String::from_utf8_lossy(&shown.body).contains(&name).then_some(())
    })
    .await;

    let closed = stack.lose(&deal).await;
    assert_eq!(closed["status"], "lost", "{closed}");
}

#[ignore = "needs the deployed stack: `cargo dev test --only end-to-end`"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_twice_make_one_lead_and_one_deal() {
    let stack = Stack::running();
    let name = format!("Doppel{}", uuid::Uuid::new_v4().simple());
    let email = format!("{}@example.com", name.to_lowercase());
    let (key, body) = (stack.text("api_key").to_owned(), events(&email, &name));
    for _ in 0..3 {
        let answer = stack.call("POST", "/api/v1/events/ingest", &[("x-api-key", &key)], Some(&body)).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    let search = format!("/api/v1/leads?q={name}");
    let lead = eventually("the lead's routing", || async {
        let found = stack.get(&search).await;
        found["data"].as_array()?.iter().find(|lead| lead["deal_id"].is_string()).cloned()
    })
    .await;
    // Until the repeats have been processed too: the history must stay at three events.
    eventually("an empty events queue", || async {
        let health = stack.call("GET", "/health", &[], None).await.json().ok()?;
        let events = health["queues"].as_array()?.iter().find(|queue| queue["name"] == "events")?.clone();
        (events["waiting"] == 0 && events["in_flight"] == 0 && events["delayed"] == 0).then_some(())
    })
    .await;
    assert_eq!(stack.get(&search).await["pagination"]["total"], 1);
    let history = stack.get(&format!("/api/v1/leads/{}/events?limit=100", lead["id"].as_str().unwrap())).await;
    assert_eq!(history["data"].as_array().unwrap().len(), 3, "{history}");

    let deal = stack.get(&format!("/api/v1/deals/{}", lead["deal_id"].as_str().unwrap())).await;
    stack.lose(&deal).await;
}

/// Functions that answer from the database.
const LISTS: [&str; 8] = [
    "/api/v1/leads",
    "/api/v1/leads/stats",
    "/api/v1/deals",
    "/api/v1/tasks",
    "/api/v1/team",
    "/api/v1/pipelines",
    "/api/v1/scoring/rules",
    "/api/v1/scoring/stats",
];

#[ignore = "needs the deployed stack: `cargo dev test --only end-to-end`"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bursts_do_not_use_up_the_database() {
    let stack = Arc::new(Stack::running());
    for round in ["at first", "again"] {
        for path in LISTS {
            let mut burst = JoinSet::new();
            for _ in 0..24 {
                let stack = Arc::clone(&stack);
                burst.spawn(async move {
                    let bearer = format!("Bearer {}", stack.text("token"));
                    stack.call("GET", path, &[("authorization", &bearer)], None).await
                });
            }
            for answer in burst.join_all().await {
                assert_eq!(answer.status, 200, "{path} {round}: {}", answer.text());
            }
        }
    }
}

/// A header's value; empty when it is not there.
fn header<'a>(answer: &'a http::Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[ignore = "needs the deployed stack: `cargo dev test --only end-to-end`"]
#[tokio::test]
async fn the_console_comes_through_the_gateway() {
    let stack = Stack::running();
    let root = stack.call("GET", "/", &[], None).await;
    assert_eq!((root.status, header(&root, "location")), (302, "/console"));
    for path in ["/console", "/console/", "/console/leads?sort=-total_score"] {
        let page = stack.call("GET", path, &[], None).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        assert!(header(&page, "content-security-policy").contains("script-src 'self'"), "{path}");
        assert!(page.text().contains("<html"), "{path}: {}", page.text());
    }
    let head = stack.call("HEAD", "/console", &[], None).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let page = stack.call("GET", "/console", &[], None).await.text();
    for file in page.split("src=\"/console/").skip(1).filter_map(|rest| rest.split('"').next()) {
        let packed = stack.call("GET", &format!("/console/{file}"), &[("accept-encoding", "gzip, br")], None).await;
        assert_eq!((packed.status, header(&packed, "content-encoding")), (200, "br"), "{file}");
        assert!(std::str::from_utf8(&packed.body).is_err(), "{file} arrived as bytes, not as their base64");
    }
}

#[ignore = "needs the deployed stack: `cargo dev test --only end-to-end`"]
#[tokio::test]
async fn somebody_signs_in_and_out() {
    let stack = Stack::running();
    let origin = stack.text("api_url").to_owned();
    let login = json!({"email": stack.text("console_email"), "password": stack.text("console_password")});
    let session = stack.call("POST", "/api/v1/auth/login", &[("origin", &origin)], Some(&login)).await;
    assert_eq!(session.status, 200, "{}", session.text());
    let cookie = header(&session, "set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let refreshed = stack.call("POST", "/api/v1/auth/refresh", &[("cookie", cookie)], Some(&json!({}))).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let next = header(&refreshed, "set-cookie").split(';').next().unwrap().to_owned();
    assert_ne!(next, cookie);
    let bearer = format!("Bearer {}", refreshed.json().unwrap()["access_token"].as_str().unwrap());
    let me = stack.call("GET", "/api/v1/auth/me", &[("authorization", &bearer)], None).await.ok("me").unwrap();
    assert_eq!(me.json().unwrap()["member"]["role"], "admin");
    let out = stack.call("POST", "/api/v1/auth/logout", &[("cookie", &next)], Some(&json!({}))).await;
    assert_eq!(out.status, 204, "{}", out.text());
    assert_eq!(stack.call("GET", "/api/v1/auth/me", &[("authorization", &bearer)], None).await.status, 401);
}

#[ignore = "needs the deployed stack: `cargo dev test --only end-to-end`"]
#[tokio::test]
async fn nothing_is_shown_without_credentials() {
    let stack = Stack::running();
    let answer = stack.call("GET", "/api/v1/leads", &[], None).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
}
