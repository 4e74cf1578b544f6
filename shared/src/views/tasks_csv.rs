//! The columns of a file of tasks.

use super::csv::{Column, column};
use crate::store::tasks::Task;

type Words<const N: usize> = [(&'static str, &'static str, &'static str); N];

const STATUS: Words<3> =
    [("open", "Offen", "Open"), ("done", "Erledigt", "Done"), ("cancelled", "Entfallen", "Cancelled")];

const PRIORITY: Words<3> = [("low", "Niedrig", "Low"), ("normal", "Normal", "Normal"), ("high", "Hoch", "High")];

const KIND: Words<7> = [
    ("follow_up", "Nachfassen", "Follow up"),
    ("decide_pipeline", "Pipeline entscheiden", "Decide the pipeline"),
    ("assign_owner", "Zuständige finden", "Find an owner"),
    ("call", "Anruf", "Call"),
    ("email", "E-Mail", "E-mail"),
    ("meeting", "Termin", "Meeting"),
    ("todo", "Zu tun", "To do"),
];

/// What is known of a task.
pub static COLUMNS: [Column<Task>; 13] = [
    column("id", "Kennung", "Id", |task, _| task.id.to_string().into()),
    column("title", "Titel", "Title", |task, _| task.title.as_str().into()),
    column("description", "Beschreibung", "Description", |task, _| (&task.description).into()),
    column("kind", "Art", "Kind", |task, shown| shown.word(&KIND, &task.kind)),
    column("priority", "Wichtigkeit", "Priority", |task, shown| shown.word(&PRIORITY, &task.priority)),
    column("status", "Status", "Status", |task, shown| shown.word(&STATUS, &task.status)),
    column("due_at", "Fällig", "Due", |task, shown| shown.moment(task.due_at)),
    column("owner", "Zuständig", "Owner", |task, _| (&task.owner_name).into()),
    column("lead", "Lead", "Lead", |task, _| (&task.lead_name).into()),
    column("deal", "Deal", "Deal", |task, _| (&task.deal_name).into()),
    column("completed_at", "Erledigt am", "Completed", |task, shown| shown.moment(task.completed_at)),
    column("created_at", "Angelegt", "Created", |task, shown| shown.moment(Some(task.created_at))),
    column("updated_at", "Geändert", "Updated", |task, shown| shown.moment(Some(task.updated_at))),
];
