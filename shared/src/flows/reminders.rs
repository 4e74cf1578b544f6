//! Reminders of due tasks: one-time schedules that wake the reminder worker at the minute, and the reminder itself.
//!
//! A schedule is a convenience, the hourly sweep is what can be relied on: it schedules what is due soon and reminds of what is
//! overdue. Both end in [`remind`], which reads the task again, so that a stale wake-up, or two of them, do no harm.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tracing::error_span;

use crate::app::App;
use crate::domain::ids::{EffectId, TaskId, TenantId};
use crate::failure::Failure;
use crate::integrations::slack::{self, Language, Person, TaskFacts};
use crate::messages::TaskDue;
use crate::store::effects::{self, NewEffect};
use crate::store::jobs::{self, DueTask};
use crate::store::reminders::{self, RemindedTask};
use crate::store::{Tx, tenants};
use crate::telemetry::step;

/// Schedules are made at most this long before a task is due: two sweeps may fail until then. For later ones the sweep makes them in
/// time, for all tenants together, and none is made for what was done or moved by then.
const HORIZON: SignedDuration = SignedDuration::from_hours(3);

/// How far the sweep looks ahead: the next one comes within the hour, the rest is for one that starts late.
const AHEAD: SignedDuration = SignedDuration::from_mins(75);

/// Tasks the sweep looks at in one go.
const CHUNK: i32 = 5000;

/// Schedules made in one go, one call each; tasks beyond are reminded of by the next sweep.
const MOST_SCHEDULES: usize = 2000;

/// How long a sweep reminds of overdue tasks: well below its function's time limit; the next one goes on.
const ENOUGH: Duration = Duration::from_secs(200);

/// Somebody waits for the answer, and the task is locked: the scheduler gets this long.
const SHORT: Duration = Duration::from_millis(1_500);

/// A due time that differs by less was only stored with less precision.
const SAME_DUE: SignedDuration = SignedDuration::from_secs(1);

/// Makes one-time schedules for tasks due within hours, after the transaction that made or moved the tasks. What cannot be
/// scheduled is logged and left to the sweep. Answers with how many schedules there are now.
pub async fn schedule_due(app: &App, tasks: &[(TaskId, TenantId, Timestamp)]) -> usize {
    let now = app.now();
    let soon: Vec<_> = tasks.iter().filter(|(_, _, due_at)| is_soon(*due_at, now)).copied().collect();
    if soon.is_empty() {
        return 0;
    }
    let mut scheduled: BTreeMap<TenantId, Vec<TaskId>> = BTreeMap::new();
    for (task, tenant) in make(app, &soon).await {
        scheduled.entry(tenant).or_default().push(task);
    }
    for (tenant, ids) in &scheduled {
        if let Err(failure) = note_scheduled(app, *tenant, ids, now).await {
            // The sweep makes them again, which is a harmless conflict.
            tracing::warn!(reason = %failure, "scheduled, but not noted");
        }
    }
    scheduled.values().map(Vec::len).sum()
}

/// Makes the one-time schedule of a task within the transaction that makes the task or moves its due time. Should that transaction fail,
/// the schedule finds nothing to remind of. What cannot be scheduled in good time is logged and left to the sweep.
///
/// # Errors
/// When the database does not answer.
pub async fn schedule_within(
    app: &App,
    tx: &Tx,
    task: TaskId,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), Failure> {
    if !is_soon(due_at, now) {
        return Ok(());
    }
    match tokio::time::timeout(SHORT, make(app, &[(task, tx.tenant(), due_at)])).await {
        Ok(made) if !made.is_empty() => reminders::mark_scheduled(tx, &[task], now).await,
        Ok(_) => Ok(()),
        Err(_) => {
            tracing::warn!(task_id = %task, "the scheduler is slow; the sweep reminds of it");
            Ok(())
        }
    }
}

/// Whether a schedule for this moment is made now.
fn is_soon(due_at: Timestamp, now: Timestamp) -> bool {
    due_at > now && due_at.duration_since(now) <= HORIZON
}

/// Makes one schedule per task, and answers with those that exist now.
async fn make(app: &App, tasks: &[(TaskId, TenantId, Timestamp)]) -> Vec<(TaskId, TenantId)> {
    let wake_ups = match app.wake_ups() {
        Ok(wake_ups) => wake_ups,
        Err(failure) => {
            tracing::warn!(reason = %failure, tasks = tasks.len(), "no scheduler; reminders are left to the sweep");
            return Vec::new();
        }
    };
    let mut scheduled = Vec::with_capacity(tasks.len());
    for &(task_id, tenant_id, due_at) in tasks {
        let message = TaskDue { tenant_id, task_id, due_at };
        let made = match serde_json::to_string(&message) {
            Ok(body) => wake_ups.at(&schedule_name(task_id, due_at), due_at, &body).await,
            Err(error) => Err(Failure::internal(error)),
        };
        match made {
            Ok(()) => scheduled.push((task_id, tenant_id)),
            // Each further one would wait as long for the same.
            Err(failure) if failure.is_away() => {
                let left = tasks.len() - scheduled.len();
                tracing::warn!(reason = %failure, tasks = left, "not scheduled; the sweep reminds of them");
                break;
            }
            Err(failure) => tracing::warn!(%task_id, reason = %failure, "not scheduled; the sweep reminds of it"),
        }
    }
    scheduled
}

async fn note_scheduled(app: &App, tenant: TenantId, ids: &[TaskId], now: Timestamp) -> Result<(), Failure> {
    let span = error_span!("note_scheduled", tasks = ids.len(), of_tenant = %tenant);
    step(span, app.transact(tenant, async |tx| reminders::mark_scheduled(&tx, ids, now).await)).await
}

/// The same task with the same due time always has the same name, and so at most one schedule.
fn schedule_name(task: TaskId, due_at: Timestamp) -> String {
    format!("task-{task}-{}", due_at.as_second())
}

/// What a sweep did.
#[derive(Debug, Default, Serialize)]
pub struct Swept {
    /// Tasks with a one-time schedule that had none.
    pub scheduled: usize,
    /// Overdue tasks whose people were reminded now.
    pub reminded: usize,
    /// Overdue tasks that could not be reminded of; the next sweep tries again.
    pub failed: usize,
}

/// Schedules what is due before the next sweep, and reminds of what was due before `moment`.
///
/// # Errors
/// When the database does not answer. One task that fails is counted, and does not keep the others waiting.
pub async fn sweep(app: &App, moment: Timestamp) -> Result<Swept, Failure> {
    let started = Instant::now();
    let mut swept = Swept::default();
    loop {
        let tasks = due_until(app, moment + AHEAD).await?;
        let full = tasks.len() == usize::try_from(CHUNK).unwrap_or(usize::MAX);
        let (overdue, soon): (Vec<_>, Vec<_>) = tasks.into_iter().partition(|task| task.due_at <= moment);
        let before = swept.reminded;
        for task in overdue {
            if started.elapsed() > ENOUGH {
                tracing::warn!("more overdue tasks than one sweep reminds of; the next one goes on");
                return Ok(swept);
            }
            match remind(app, &TaskDue { tenant_id: task.tenant, task_id: task.id, due_at: task.due_at }).await {
                Ok(reminded) => swept.reminded += usize::from(reminded),
                Err(failure) => {
                    tracing::warn!(task_id = %task.id, reason = %failure, "could not remind; the next sweep tries again");
                    swept.failed += 1;
                }
            }
        }
        let unscheduled: Vec<_> = soon
            .iter()
            .filter(|task| !task.scheduled)
            .take(MOST_SCHEDULES)
            .map(|task| (task.id, task.tenant, task.due_at))
            .collect();
        swept.scheduled += schedule_due(app, &unscheduled).await;
        // A full chunk may hide more, which show once those in front are dealt with.
        if !full || swept.reminded == before {
            return Ok(swept);
        }
    }
}

async fn due_until(app: &App, until: Timestamp) -> Result<Vec<DueTask>, Failure> {
    let due = app.transact_across(async |tx| jobs::due_tasks(&tx, until, CHUNK).await);
    step(error_span!("due_tasks"), due).await
}

/// Reminds of a task unless it is done, gone, due later by now, or its people were reminded already. Answers whether it did.
///
/// # Errors
/// When the database does not answer.
pub async fn remind(app: &App, due: &TaskDue) -> Result<bool, Failure> {
    let span = error_span!("remind", task_id = %due.task_id, of_tenant = %due.tenant_id);
    step(span, app.transact(due.tenant_id, async |tx| write(app, &tx, due).await)).await
}

async fn write(app: &App, tx: &Tx, due: &TaskDue) -> Result<bool, Failure> {
    let Some(task) = reminders::lock(tx, due.task_id).await? else {
        return Ok(false);
    };
    let Some(due_at) = task.due_at else { return Ok(false) };
    if !task.open || task.reminded_at.is_some() || due_at.duration_since(due.due_at) >= SAME_DUE {
        return Ok(false);
    }
    let now = app.now();
    reminders::mark_reminded(tx, due.task_id, now).await?;
    let payload = message(app, tx, &task, due.task_id, due_at).await?;
    let cause = format!("task-due:{}:{}", due.task_id, due_at.as_second());
    let (id, target) = (EffectId(app.new_id()), slack::target(&payload));
    let effect = NewEffect { lead: task.lead, ..NewEffect::new(id, slack::KIND, cause, target, payload) };
    effects::insert(tx, slack::NAME, &[effect], now).await?;
    Ok(true)
}

/// What Slack shows, in the tenant's language and zone.
async fn message(
    app: &App,
    tx: &Tx,
    task: &RemindedTask,
    id: TaskId,
    due_at: Timestamp,
) -> Result<serde_json::Value, Failure> {
    let tenant = tenants::get(tx).await?;
    let language = Language::of(&tenant.language);
    let zone = TimeZone::get(&tenant.zone).unwrap_or(TimeZone::UTC);
    let due = slack::due_text(language, &due_at.to_zoned(zone));
    let url = match task.lead {
        Some(lead) => app.console_link(&format!("/leads/{lead}")),
        None => app.console_link(&format!("/tasks/{id}")),
    };
    let owner = task.owner_name.as_deref().map(|name| Person { name, slack_id: task.owner_slack_id.as_deref() });
    Ok(slack::task_due(
        language,
        &TaskFacts { title: &task.title, due: &due, owner, lead: task.lead_name.as_deref(), url: url.as_deref() },
    ))
}
