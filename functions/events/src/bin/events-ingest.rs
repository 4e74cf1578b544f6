//! Takes one event, or up to 500 as an array, and answers with a receipt per event once all accepted ones are on the queue.
//!
//! Every event gets a verdict of its own; when none is accepted the answer is 400 with all faults. The database may be away:
//! events are taken then too, and the processor looks the key up. When the queue is away the answer is 503 with `Retry-After`,
//! so that the sender keeps them. A repeated `Idempotency-Key` gets the answer of the first request; while the database is away it
//! gets new receipts, and the events count once all the same.

use std::process::ExitCode;

use shared::http::ingest::Ingested;
use shared::http::ingest::judge::{Bounds, Submitted};
use shared::http::ingest::origin::Origin;
use shared::http::ingest::repeat::Repeat;
use shared::http::{self, PublicCall};
use shared::views::events::IngestBody;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::receive::<IngestBody, Ingested, _, _>("/api/v1/events/ingest", Some(Scope::EventsWrite), handle)
}

async fn handle(call: PublicCall) -> Result<Ingested, Failure> {
    let submitted = Submitted::read(&call.body);
    let national = submitted.as_ref().is_ok_and(Submitted::has_national_phone);
    // Who may not send is told so before anything about the body.
    let sender = Origin::of(&call, national).await?;
    let key = http::idempotency_key(&call.headers)?;
    let repeat = Repeat::of(&call, &sender, "events-ingest", key.as_deref()).await?;
    if let Repeat::Answered(reply) = repeat {
        return Ok(Ingested(reply));
    }
    let (source, country) = sender.bounds();
    let bounds = Bounds { source, country, idempotency_key: key.as_deref(), received_at: call.now };
    let judged = submitted?.judge(&bounds, || call.app.new_id())?;
    sender.send(&call.app, judged.accepted, call.now).await?;
    let answer = Ingested::new(judged.reply)?;
    repeat.save(&call.app, &answer.0).await;
    Ok(answer)
}
