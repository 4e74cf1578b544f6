//! The members of a tenant's team.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;

use super::Tx;
use super::sql::{params, section, statements};
use super::window::Window;
use crate::domain::ids::{MemberId, PipelineId};
use crate::domain::search::Words;
use crate::failure::{Failure, Fault};

pub mod work;

const SQL: &str = statements!(include_str!("team.sql"));

/// What people decide of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberProfile {
    /// In normal form; unique in the tenant.
    pub email: String,
    pub name: String,
    /// `admin`, `manager`, `sales`, `viewer`.
    pub role: String,
    /// Open deals this member takes.
    pub capacity: i32,
    pub slack_user_id: Option<String>,
    /// None: the tenant's.
    pub zone: Option<String>,
    /// None: the tenant's.
    pub language: Option<String>,
    pub lead_of_team: bool,
    pub active: bool,
    /// The pipelines whose deals this member gets.
    #[serde(rename = "pipeline_ids")]
    pub pipelines: BTreeSet<PipelineId>,
}

/// A member of the team.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: MemberId,
    pub profile: MemberProfile,
    /// Open deals this member has.
    pub load: i64,
    pub last_assigned_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

fn member(row: &Row) -> Member {
    Member {
        id: row.get("id"),
        profile: MemberProfile {
            email: row.get("email"),
            name: row.get("name"),
            role: row.get("role"),
            capacity: row.get("capacity"),
            slack_user_id: row.get("slack_user_id"),
            zone: row.get("zone"),
            language: row.get("language"),
            lead_of_team: row.get("lead_of_team"),
            active: row.get("active"),
            pipelines: row.get::<_, Vec<PipelineId>>("pipelines").into_iter().collect(),
        },
        load: row.get("load"),
        last_assigned_at: row.get("last_assigned_at"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
    }
}

/// Which members a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub role: Option<&'static str>,
    pub active: Option<bool>,
    /// Words that name or e-mail address must contain, all of them.
    pub words: Option<Words>,
}

/// A part of the members that pass the filter, by `name`, `email` or `created_at`.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, filter: &Filter, window: Window) -> Result<Vec<Member>, Failure> {
    let patterns = filter.words.as_ref().map(Words::patterns);
    let rows = tx
        .query(
            const { section(SQL, "list") },
            params![filter.role, filter.active, patterns, window.order, window.limit, window.offset],
        )
        .await?;
    Ok(rows.iter().map(member).collect())
}

/// How many members pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let patterns = filter.words.as_ref().map(Words::patterns);
    let row = tx.find(const { section(SQL, "count") }, params![filter.role, filter.active, patterns]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// The members with these addresses, in normal form.
///
/// # Errors
/// When the database does not answer.
pub async fn list_by_email(tx: &Tx, emails: &[String]) -> Result<Vec<Member>, Failure> {
    let rows = tx.query(const { section(SQL, "list_by_email") }, params![emails]).await?;
    Ok(rows.iter().map(member).collect())
}

/// One member, if this tenant has them.
///
/// # Errors
/// When the database does not answer.
pub async fn find(tx: &Tx, id: MemberId) -> Result<Option<Member>, Failure> {
    Ok(tx.find(const { section(SQL, "find") }, params![id]).await?.as_ref().map(member))
}

/// One member.
///
/// # Errors
/// `NotFound` when this tenant has no such member.
pub async fn get(tx: &Tx, id: MemberId) -> Result<Member, Failure> {
    find(tx, id).await?.ok_or_else(|| Failure::not_found("member"))
}

/// One member, locked until the end of the transaction.
///
/// # Errors
/// `NotFound` when this tenant has no such member.
pub async fn lock(tx: &Tx, id: MemberId) -> Result<Member, Failure> {
    if tx.find(const { section(SQL, "lock") }, params![id]).await?.is_none() {
        return Err(Failure::not_found("member"));
    }
    get(tx, id).await
}

/// Locks a member and the active administrators until the end of the transaction, and answers with these; to be called before any member
/// is locked.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_access(tx: &Tx, member: MemberId) -> Result<Vec<MemberId>, Failure> {
    let rows = tx.query(const { section(SQL, "lock_access") }, params![member]).await?;
    Ok(rows.iter().filter(|row| row.get("admin")).map(|row| row.get("id")).collect())
}

/// What is wrong with somebody who may not own what they are to own: nobody of the team, inactive, or a viewer.
pub fn not_an_owner() -> Fault {
    let detail =
        "There is no active member of the team with this id who may own this; viewers may not. Choose somebody else.";
    Fault::new("/owner_id", "unknown_value", detail)
}

/// Adds a member.
///
/// # Errors
/// `Conflict` when the address is in use, `Invalid` when a pipeline is not there.
pub async fn insert(tx: &Tx, id: MemberId, new: &MemberProfile, now: Timestamp) -> Result<(), Failure> {
    check_pipelines(tx, new.pipelines.iter()).await?;
    tx.execute(
        const { section(SQL, "insert") },
        params![
            id,
            tx.tenant(),
            new.email,
            new.name,
            new.role,
            new.capacity,
            new.slack_user_id,
            new.zone,
            new.language,
            new.lead_of_team,
            new.active,
            now
        ],
    )
    .await
    .map_err(named)?;
    put_pipelines(tx, id, new).await
}

/// Writes what a locked member has become. Only pipelines that are new to them must be there: one that was archived since stays theirs.
///
/// # Errors
/// As [`insert`].
pub async fn update(tx: &Tx, before: &Member, new: &MemberProfile, now: Timestamp) -> Result<(), Failure> {
    let id = before.id;
    check_pipelines(tx, new.pipelines.difference(&before.profile.pipelines)).await?;
    tx.execute(
        const { section(SQL, "update") },
        params![
            id,
            new.email,
            new.name,
            new.role,
            new.capacity,
            new.slack_user_id,
            new.zone,
            new.language,
            new.lead_of_team,
            new.active,
            now
        ],
    )
    .await
    .map_err(named)?;
    put_pipelines(tx, id, new).await
}

/// The constraint that a member's address may break.
fn named(error: tokio_postgres::Error) -> Failure {
    match error.as_db_error().and_then(|db| db.constraint()) {
        Some("team_members_email_key") => Failure::conflict(
            "email_in_use",
            "Somebody in the team has this e-mail address already. Change that member, or use another address.",
        ),
        _ => error.into(),
    }
}

async fn check_pipelines(tx: &Tx, wanted: impl Iterator<Item = &PipelineId>) -> Result<(), Failure> {
    let wanted: Vec<PipelineId> = wanted.copied().collect();
    let unknown = tx.find(const { section(SQL, "unknown_pipelines") }, params![wanted]).await?;
    match unknown.map(|row| row.get::<_, PipelineId>(0)) {
        None => Ok(()),
        Some(id) => Err(Failure::invalid(
            "/pipeline_ids",
            "unknown_value",
            format!("There is no pipeline {id}, or it is archived."),
        )),
    }
}

async fn put_pipelines(tx: &Tx, id: MemberId, profile: &MemberProfile) -> Result<(), Failure> {
    let wanted: Vec<PipelineId> = profile.pipelines.iter().copied().collect();
    tx.execute(const { section(SQL, "delete_pipelines") }, params![id, wanted]).await?;
    tx.execute(const { section(SQL, "insert_pipelines") }, params![tx.tenant(), id, wanted]).await?;
    Ok(())
}
