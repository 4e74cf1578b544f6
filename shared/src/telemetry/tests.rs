use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::instrument::WithSubscriber as _;
use uuid::Uuid;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const TENANT: TenantId = TenantId(Uuid::from_u128(7));

/// The lines that work writes in an invocation, within the runtime's own span.
async fn logged(filter: &str, work: impl Future<Output = ()>) -> Vec<Value> {
    let log = Log::default();
    let writer = log.clone();
    let all = async {
        let outer = tracing::error_span!("Lambda runtime invoke", requestId = "r-1");
        invocation("r-1", Timestamp::UNIX_EPOCH, work).instrument(outer).await;
    };
    all.with_subscriber(subscriber(filter, move || writer.clone())).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_line_says_where_it_comes_from_at_every_level() {
    for filter in ["", "error", "this is=no(filter"] {
        let lines = logged(filter, async {
            tracing::error!("before");
            of_tenant(TENANT);
            tracing::error!("within");
            of_no_tenant();
            tracing::error!("after");
        });
        let lines = lines.await;
        let tenants: Vec<_> = lines.iter().map(|line| line["span"]["tenant"].as_str()).collect();
        assert_eq!(tenants, [None, Some(TENANT.to_string().as_str()), Some("")]);
        for line in &lines {
            assert_eq!(line["span"]["request_id"], "r-1");
            assert_eq!(line["span"]["function"], function_name());
            assert!(line["span"]["step"].is_null(), "it is in none");
        }
    }
}

#[tokio::test]
async fn what_fails_names_its_step_and_what_all_steps_around_it_are_about() {
    let lines = logged("info", async {
        let set = tracing::error_span!("set", events = 3);
        let work = async {
            // Where the tenant is found out does not matter: it is the invocation's.
            of_tenant(TENANT);
            let confirm = tracing::error_span!("confirm", leads = 2);
            let failed = step(confirm, async { Err::<(), _>(Failure::internal("no \"lock\"")) }).await;
            assert!(failed.is_err());
        };
        work.instrument(set).await;
        tracing::info!("behind it");
    });
    let lines = lines.await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    let (failed, span) = (&lines[0], &lines[0]["span"]);
    assert_eq!((&failed["level"], &failed["message"]), (&"WARN".into(), &"a step failed".into()));
    assert_eq!(failed["reason"], "no \"lock\"");
    assert_eq!(span["step"], "set/confirm");
    assert_eq!((&span["tenant"], &span["function"]), (&TENANT.to_string().into(), &function_name().into()));
    assert_eq!((&span["events"], &span["leads"], &span["request_id"]), (&3.into(), &2.into(), &"r-1".into()));
    assert_eq!(lines[1]["span"]["tenant"], TENANT.to_string());
    assert!(lines[1]["span"]["events"].is_null(), "the step is over");
}

#[tokio::test]
async fn what_is_refused_or_held_by_others_is_no_failed_step() {
    let lines = logged("info", async {
        for failure in [Failure::not_found("lead"), Failure::busy("locked")] {
            let failed = step(tracing::error_span!("lock"), async { Err::<(), _>(failure) }).await;
            assert!(failed.is_err());
        }
        let failed = step(tracing::error_span!("claim"), async { Err::<(), _>(Failure::unavailable("gone")) }).await;
        assert!(failed.is_err());
    });
    let lines = lines.await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["span"]["step"], "claim");
}
