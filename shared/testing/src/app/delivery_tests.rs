//! What a partial batch response means, and how deliveries are split and repeated.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;

use super::{Settings, batches, failures, record};
use crate::sqs::{Message, QueueSpec, Sqs};

async fn messages(bodies: &[&str]) -> Vec<Message> {
    let sqs = Sqs::start(&[QueueSpec::new("q")], &[]).unwrap();
    for body in bodies {
        sqs.send("q", body).unwrap();
    }
    sqs.receive("q", usize::MAX)
}

#[tokio::test]
async fn a_partial_batch_response_means_what_lambda_takes_it_for() {
    let batch = messages(&["a", "b"]).await;
    let (a, b) = (batch[0].id.as_str(), batch[1].id.as_str());
    let failed = |answer: serde_json::Value| failures(&answer, &batch);
    for succeeded in [json!(null), json!({}), json!({"batchItemFailures": null}), json!({"batchItemFailures": []})] {
        assert_eq!(failed(succeeded.clone()), Ok(BTreeSet::new()), "{succeeded}");
    }
    assert_eq!(failed(json!({"batchItemFailures": [{"itemIdentifier": b}]})), Ok([b.to_owned()].into()));
    for whole in [
        json!("ok"),
        json!([]),
        json!({"failures": []}),
        json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
        json!({"batchItemFailures": [{"itemIdentifier": null}]}),
        json!({"batchItemFailures": [{"id": a}]}),
        json!({"batchItemFailures": [{"itemIdentifier": a}, {"itemIdentifier": "unknown"}]}),
    ] {
        assert!(failed(whole.clone()).is_err(), "{whole} fails the whole batch");
    }
}

#[tokio::test]
async fn batches_respect_number_and_payload() {
    let sizes = |batches: std::collections::VecDeque<Vec<Message>>| batches.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes(batches(messages(&["x"; 25]).await, 10)), [10, 10, 5]);
    let large = "x".repeat(1_000_000);
    assert_eq!(sizes(batches(messages(&[large.as_str(); 8]).await, 100)), [6, 2]);
    let quotes = "\"".repeat(1_000_000);
    assert_eq!(
        sizes(batches(messages(&[quotes.as_str(); 4]).await, 100)),
        [3, 1],
        "a quote takes two bytes in an event"
    );
}

#[tokio::test]
async fn redelivery_repeats_each_message_and_loses_none() {
    let batch = messages(&["x"; 200]).await;
    let mut settings = Settings { redelivery: Some((StdRng::seed_from_u64(7), 5)), ..Settings::default() };
    let rounds = settings.rounds(batch.clone());
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for message in rounds.iter().flatten() {
        *copies.entry(&message.id).or_default() += 1;
    }
    assert_eq!(copies.len(), 200);
    assert_eq!(copies.values().copied().collect::<BTreeSet<_>>(), (1..=5).collect());
    let first: BTreeSet<&str> = rounds[0].iter().map(|message| message.id.as_str()).collect();
    assert_eq!(first.len(), 200, "the first round has every message");
    assert!(rounds[0].len() > 200, "and some of them twice");
    let order = |round: &[Message]| round.iter().map(|message| message.id.clone()).collect::<Vec<_>>();
    assert_ne!(order(&rounds[0]), order(&batch), "shuffled");
    assert_eq!(order(&Settings::default().rounds(batch.clone())[0]), order(&batch), "untouched by default");
}

#[tokio::test]
async fn a_record_has_the_shape_lambda_gives_it() {
    let message = messages(&["{}"]).await.remove(0);
    let record = record(&message, "arn:aws:sqs:eu-central-1:000000000000:q");
    assert_eq!(record["body"], "{}");
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["md5OfBody"], "99914b932bd37a50b983c5e7c90ae93b");
}
