//! Says how the installation is: database, queues, outbox, event partitions, partners. Needs no credentials and shows no tenant's
//! data.
//!
//! Always answers within three seconds: 503 when the database is down, else 200 with `ok` or `degraded`.

use std::process::ExitCode;

use shared::Failure;
use shared::http::{self, Json, PublicCall, RawReply, Reply};
use shared::views::health::{HealthView, PartStatus};

#[path = "../checks.rs"]
mod checks;

pub fn main() -> ExitCode {
    http::public("/health", handle)
}

async fn handle(call: PublicCall) -> Result<Report, Failure> {
    Ok(Report(checks::all(&call.app, call.now).await))
}

/// The same body whether well or not: what is wrong stands in it.
struct Report(HealthView);

impl Reply for Report {
    const STATUS: u16 = Json::<HealthView>::STATUS;

    fn schema() -> Option<serde_json::Value> {
        Json::<HealthView>::schema()
    }

    fn into_raw(self) -> Result<RawReply, Failure> {
        let down = self.0.status == PartStatus::Down;
        let mut reply = Json::new(self.0).into_raw()?;
        if down {
            reply.status = 503;
            reply.headers.push(("retry-after", "10".to_owned()));
        }
        Ok(reply)
    }
}
