//! An integration that is down, and one that works again.

use jiff::Timestamp;

use super::promise;
use crate::app::App;
use crate::domain::ids::{TaskId, TenantId};
use crate::failure::Failure;
use crate::integrations::partner::Partner;
use crate::store::effects_work::Freed;
use crate::store::partners::{self, Alert, Integration};
use crate::store::{Tx, tenants};
use crate::telemetry::metrics::INTEGRATION_DOWN;

/// Messages sent as soon as an integration works again; the relay sends the rest, the oldest first.
const AT_ONCE: i64 = 500;

/// Why an integration is down.
#[derive(Debug, Clone, Copy)]
pub(super) enum Problem<'a> {
    /// The partner does not take the key, in its own words or by its code.
    Refused(&'a str),
    /// What is stored cannot be the partner's: a sentence, in English, for whoever looks into it.
    Unusable(&'a str),
}

/// The partner does not take the key: from now on its effects wait. Whoever finds out first tells one person, by a task. False when
/// the connection was changed since it was called with; nothing is down then.
pub(super) async fn down(
    app: &App,
    tx: &Tx,
    partner: &dyn Partner,
    called_with: &Integration,
    problem: Problem<'_>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let (name, title) = (partner.name(), partner.title());
    let noted = match problem {
        Problem::Refused(words) => format!("needs reconnect: {title} says {words}"),
        Problem::Unusable(sentence) => sentence.to_owned(),
    };
    if !partners::take_down(tx, name, called_with, &noted, now).await? {
        return Ok(partners::find(tx, name).await?.is_some_and(|connection| connection.down));
    }
    tracing::error!(partner = name, problem = noted, "an integration is down; its effects wait");
    INTEGRATION_DOWN.add(1.0);
    let (heading, text) = told(&tenants::get(tx).await?.language, title, problem);
    let cause = format!("integration:{name}:down:{}", now.as_microsecond());
    let alert = Alert { id: TaskId(app.new_id()), title: &heading, description: &text, cause };
    partners::alert(tx, &alert, now).await?;
    Ok(true)
}

/// What the person reads who is to connect it again.
fn told(language: &str, title: &str, problem: Problem<'_>) -> (String, String) {
    let (heading, cause, rest) = match language {
        "en" => (
            format!("Reconnect {title}"),
            match problem {
                Problem::Refused(words) => format!("{title} does not take our access any more. It says: “{words}”."),
                Problem::Unusable(_) => format!("What is stored for getting into {title} cannot be used."),
            },
            format!(
                "Nothing is lost: everything for {title} waits. Connect it again under Settings → Integrations, and it goes on."
            ),
        ),
        _ => (
            format!("{title} neu verbinden"),
            match problem {
                Problem::Refused(words) => format!("{title} nimmt unseren Zugang nicht mehr an und sagt: „{words}“."),
                Problem::Unusable(_) => {
                    format!("Mit den hinterlegten Zugangsdaten kommen wir nicht in {title} hinein.")
                }
            },
            format!(
                "Nichts geht verloren: Alles für {title} wartet. Bitte unter Einstellungen → Integrationen neu verbinden, dann geht \
                 es weiter."
            ),
        ),
    };
    (heading, format!("{cause} {rest}"))
}

/// A test of the connection succeeded: what was held back goes on, in the order it was written, and the task about it is done.
/// False when the tenant has no such connection.
///
/// # Errors
/// When the database does not answer.
pub async fn works_again(app: &App, tenant: TenantId, name: &str) -> Result<bool, Failure> {
    app.transact(tenant, async |tx| bring_up(&tx, name, app.now()).await).await
}

async fn bring_up(tx: &Tx, name: &str, now: Timestamp) -> Result<bool, Failure> {
    if !partners::bring_up(tx, name, now).await? {
        return Ok(false);
    }
    partners::finish_alerts(tx, name, now).await?;
    let held = partners::let_go(tx, name, AT_ONCE, now).await?;
    let freed: Vec<_> = held.into_iter().map(|(id, moment)| Freed { id, partner: name.to_owned(), moment }).collect();
    promise(tx, &freed, now).await?;
    Ok(true)
}
