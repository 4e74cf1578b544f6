//! An integration that is down, and one that works again.

use jiff::Timestamp;

use super::promise;
use crate::app::App;
use crate::domain::ids::{TaskId, TenantId};
use crate::failure::Failure;
use crate::integrations::partner::Partner;
use crate::store::effects_work::Freed;
use crate::store::partners::{self, Alert, Connection};
use crate::store::{Tx, tenants};
use crate::telemetry::metrics::INTEGRATION_DOWN;

/// Messages sent as soon as an integration works again; the relay sends the rest, the oldest first.
const AT_ONCE: i64 = 500;

/// The partner does not take the key: from now on its effects wait. Whoever finds out first tells one person, by a task. False when
/// the connection was changed since it was called with; nothing is down then.
pub(super) async fn down(
    app: &App,
    tx: &Tx,
    partner: &dyn Partner,
    called_with: &Connection,
    problem: &str,
    now: Timestamp,
) -> Result<bool, Failure> {
    let name = partner.name();
    if !partners::take_down(tx, name, called_with, problem, now).await? {
        return Ok(partners::find(tx, name).await?.is_some_and(|connection| connection.down));
    }
    tracing::error!(partner = name, problem, "an integration is down; its effects wait");
    INTEGRATION_DOWN.add(1.0);
    let title = partner.title();
    let (heading, text) = match tenants::get(tx).await?.language.as_str() {
        "en" => (
            format!("Reconnect {title}"),
            format!(
                "{title} does not take our access any more ({problem}). Nothing is lost: everything for {title} waits until it is \
                 connected again."
            ),
        ),
        _ => (
            format!("{title} neu verbinden"),
            format!(
                "{title} nimmt unseren Zugang nicht mehr an ({problem}). Nichts geht verloren: Alles für {title} wartet, bis die \
                 Verbindung wieder steht."
            ),
        ),
    };
    let cause = format!("integration:{name}:down:{}", now.as_microsecond());
    let alert = Alert { id: TaskId(app.new_id()), title: &heading, description: &text, cause };
    partners::alert(tx, &alert, now).await?;
    Ok(true)
}

/// A test of the connection succeeded: what was held back goes on, in the order it was written, and the task about it is done.
/// False when the tenant has no such connection.
///
/// # Errors
/// When the database does not answer.
pub async fn works_again(app: &App, tenant: TenantId, name: &str) -> Result<bool, Failure> {
    let tx = app.begin(tenant).await?;
    match write(&tx, name, app.now()).await {
        Ok(known) => app.commit(&tx).await.map(|()| known),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}

async fn write(tx: &Tx, name: &str, now: Timestamp) -> Result<bool, Failure> {
    if !partners::bring_up(tx, name, now).await? {
        return Ok(false);
    }
    partners::finish_alerts(tx, name, now).await?;
    let held = partners::let_go(tx, name, AT_ONCE, now).await?;
    let freed: Vec<_> = held.into_iter().map(|(id, moment)| Freed { id, partner: name.to_owned(), moment }).collect();
    promise(tx, &freed, now).await?;
    Ok(true)
}
