//! Failures as RFC 9457 problem documents. The only place that knows HTTP statuses of failures.

use serde_json::{Value, json};

use super::reply::RawReply;
use crate::failure::{Failure, Fault, PAUSE};

/// Where problem types are described: a stable name, not an address that must answer.
const TYPES: &str = "urn:lotse:problem:";

/// The most faults of an answer. Whoever made more learns no more from the others.
const MAX_FAULTS: usize = 200;

/// The longest pointer or sentence about a fault, in characters: names are as long as bodies, and a fault may stand at each of them.
const MAX_TEXT: usize = 500;

/// Renders a failure for the caller. Internal causes do not appear.
pub fn render(failure: &Failure, path: &str, request_id: &str) -> RawReply {
    let mut headers = vec![("content-type", "application/problem+json".to_owned())];
    let (status, kind, title, detail) = match failure {
        Failure::NotFound(detail) => (404, "not-found", "Not found", detail.clone()),
        Failure::Invalid(_) => (
            400,
            "invalid",
            "Invalid input",
            "The request breaks a rule. Every bad field is named in `errors`.".to_owned(),
        ),
        Failure::Conflict { detail, .. } => (409, "conflict", "Conflict", detail.clone()),
        Failure::Stale { current } => (
            412,
            "stale",
            "Changed meanwhile",
            format!(
                "Somebody changed this record; its version is {current} now. Read it again and repeat your change."
            ),
        ),
        Failure::Unauthenticated(detail) => {
            headers.push(("www-authenticate", "Bearer".to_owned()));
            (401, "unauthenticated", "Not signed in", detail.clone())
        }
        Failure::Forbidden(detail) => (403, "forbidden", "Not allowed", detail.clone()),
        Failure::TooLarge { limit } => {
            (413, "too-large", "Too large", format!("The body may have at most {limit} bytes. Send it in parts."))
        }
        Failure::TooMany { retry_after, limit } => {
            let seconds = retry_after.as_secs().max(1).to_string();
            headers.extend(limit.map(|limit| ("ratelimit-limit", limit.to_string())));
            headers.push(("ratelimit-remaining", "0".to_owned()));
            headers.push(("ratelimit-reset", seconds.clone()));
            headers.push(("retry-after", seconds));
            (
                429,
                "too-many-requests",
                "Too many requests",
                format!("Wait {} s and send it again.", retry_after.as_secs().max(1)),
            )
        }
        Failure::Unavailable { retry_after, .. } => {
            headers.push(("retry-after", retry_after.as_secs().max(1).to_string()));
            (
                503,
                "unavailable",
                "Not available right now",
                format!(
                    "Something this needs does not answer. Send the same request again in {} s.",
                    retry_after.as_secs().max(1)
                ),
            )
        }
        Failure::Unsure(_) => {
            headers.push(("retry-after", PAUSE.as_secs().to_string()));
            (
                503,
                "unavailable",
                "Perhaps done",
                "The connection was lost while your change was being written: it may have been made or not. Look before you send it \
                 again; with the same `Idempotency-Key` it can be sent again at once and is made only once."
                    .to_owned(),
            )
        }
        Failure::Internal(_) => (
            500,
            "internal",
            "A fault of ours",
            "Something went wrong on our side. Look whether it was done before you send it again, and tell support the request id."
                .to_owned(),
        ),
    };
    let mut document = json!({
        "type": format!("{TYPES}{kind}"),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": path,
        "request_id": request_id,
    });
    match failure {
        Failure::Invalid(faults) => {
            let shown = faults.iter().take(MAX_FAULTS).map(|fault| Fault {
                pointer: cut(&fault.pointer),
                code: fault.code,
                detail: cut(&fault.detail),
            });
            document["errors"] = json!(shown.collect::<Vec<_>>());
        }
        Failure::Conflict { code, matches, .. } => {
            document["code"] = Value::from(*code);
            if let Some(matches) = matches {
                document["matches"] = matches.clone();
            }
        }
        Failure::Stale { current } => document["current_version"] = Value::from(*current),
        Failure::NotFound(_)
        | Failure::Unauthenticated(_)
        | Failure::Forbidden(_)
        | Failure::TooLarge { .. }
        | Failure::TooMany { .. }
        | Failure::Unavailable { .. }
        | Failure::Unsure(_)
        | Failure::Internal(_) => {}
    }
    RawReply { status, headers, body: document.to_string().into_bytes() }
}

/// A text, or the beginning of a long one.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[track_caller]
    fn check(failure: Failure, status: u16, kind: &str) {
        let reply = render(&failure, "/api/v1/leads", "r-1");
        let document: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(reply.status, status);
        assert_eq!(document["type"], format!("urn:lotse:problem:{kind}"));
        assert_eq!(document["status"], status);
        assert_eq!(document["instance"], "/api/v1/leads");
        assert_eq!(document["request_id"], "r-1");
    }

    #[test]
    fn one_status_per_failure() {
        check(Failure::not_found("lead"), 404, "not-found");
        check(Failure::invalid("/a", "type", "No."), 400, "invalid");
        check(Failure::conflict("x", "No."), 409, "conflict");
        check(Failure::Stale { current: 3 }, 412, "stale");
        check(Failure::Unauthenticated("No.".into()), 401, "unauthenticated");
        check(Failure::Forbidden("No.".into()), 403, "forbidden");
        check(Failure::TooLarge { limit: 1 }, 413, "too-large");
        check(Failure::TooMany { retry_after: Duration::from_secs(9), limit: Some(60) }, 429, "too-many-requests");
        check(Failure::unavailable("gone"), 503, "unavailable");
        check(Failure::Unsure("gone".into()), 503, "unavailable");
        check(Failure::internal("secret cause"), 500, "internal");
    }

    #[test]
    fn faults_without_number_make_an_answer_that_can_be_carried() {
        let long = "\0~".repeat(100_000);
        let faults = (0..10_000).map(|_| Fault::new(&long, "unknown_field", "No.")).collect();
        let reply = render(&Failure::Invalid(faults), "/", "r");
        let document: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(document["errors"].as_array().unwrap().len(), MAX_FAULTS);
        assert!(reply.body.len() < 1_000_000 && document["errors"][0]["pointer"].as_str().unwrap().ends_with('…'));
    }

    #[test]
    fn too_many_says_the_limit_and_when() {
        let reply = render(&Failure::TooMany { retry_after: Duration::from_secs(9), limit: Some(60) }, "/", "r");
        for (name, value) in
            [("ratelimit-limit", "60"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "9"), ("retry-after", "9")]
        {
            assert!(reply.headers.contains(&(name, value.to_owned())), "{name}");
        }
    }

    /// Whether something was changed is not known here: a queue may have taken half of it, a commit may have gone through.
    #[test]
    fn no_failure_of_ours_claims_that_nothing_was_changed() {
        for failure in [Failure::unavailable("gone"), Failure::Unsure("gone".into()), Failure::internal("broken")] {
            let reply = render(&failure, "/", "r");
            let document: Value = serde_json::from_slice(&reply.body).unwrap();
            let detail = document["detail"].as_str().unwrap().to_lowercase();
            assert!(!detail.contains("nothing") && detail.contains("again"), "{detail}");
        }
        let reply = render(&Failure::Unsure("gone".into()), "/", "r");
        assert!(reply.headers.contains(&("retry-after", "5".to_owned())));
    }

    #[test]
    fn internal_causes_stay_inside() {
        let reply = render(&Failure::internal("password=hunter2"), "/", "r");
        assert!(!String::from_utf8_lossy(&reply.body).contains("hunter2"));
    }
}
