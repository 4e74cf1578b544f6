//! Leads changed by people: made, edited, deleted, with the identifiers that make them findable for events.

use futures_util::future::try_join;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;

use super::super::Tx;
use super::super::event_path::{LoadedLead, PROFILE_COLUMNS};
use super::super::sql::{Param, Written, params, section};
use super::super::team;
use super::SQL;
use super::lock;
use super::row::Lead;
use crate::domain::identity::Identifier;
use crate::domain::ids::{DealId, LeadId, MemberId, OrganizationId, TenantId};
use crate::domain::profile::{Profile, Provenances};
use crate::domain::search;
use crate::failure::{Failure, Fault};

/// What people set on a lead besides its profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handling {
    pub tags: Vec<String>,
    pub organization: Option<OrganizationId>,
    pub owner: Option<MemberId>,
}

/// A profile, column by column.
struct Columns<'a> {
    fields: [Option<&'a str>; 11],
    custom: Value,
    provenance: Written<Provenances<'a>>,
    search_text: String,
    search_codes: Vec<i32>,
}

impl<'a> Columns<'a> {
    fn of(profile: &'a Profile, tenant: TenantId) -> Self {
        let search_text = search::text_of_profile(profile);
        Self {
            fields: PROFILE_COLUMNS.map(|field| profile.get(field)),
            custom: Value::Object(profile.custom()),
            provenance: Written(profile.provenances()),
            search_codes: search::codes(&search_text, tenant),
            search_text,
        }
    }

    fn params(&self) -> Vec<Param<'_>> {
        let mut list: Vec<Param<'_>> = Vec::with_capacity(20);
        for field in &self.fields {
            list.extend_from_slice(params![*field]);
        }
        list.extend_from_slice(params![self.custom, self.provenance, self.search_text, self.search_codes]);
        list
    }
}

/// Adds a lead.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(
    tx: &Tx,
    id: LeadId,
    profile: &Profile,
    handling: &Handling,
    now: Timestamp,
) -> Result<(), Failure> {
    let tenant = tx.tenant();
    let columns = Columns::of(profile, tenant);
    let mut list: Vec<Param<'_>> = params![id, tenant].to_vec();
    list.extend(columns.params());
    list.extend_from_slice(params![handling.tags, handling.organization, handling.owner, now]);
    tx.execute(const { section(SQL, "insert") }, &list).await?;
    Ok(())
}

/// Replaces everything people may change; the version counts up by one.
///
/// # Errors
/// When the database does not answer.
pub async fn update(
    tx: &Tx,
    id: LeadId,
    profile: &Profile,
    handling: &Handling,
    now: Timestamp,
) -> Result<(), Failure> {
    let columns = Columns::of(profile, tx.tenant());
    let mut list: Vec<Param<'_>> = params![id].to_vec();
    list.extend(columns.params());
    list.extend_from_slice(params![handling.tags, handling.organization, handling.owner, now]);
    tx.execute(const { section(SQL, "update") }, &list).await?;
    Ok(())
}

/// Locks a lead until the end of this transaction, so that processors and routers wait, and reads it once: as people see it, and as
/// the engine does, which can go on with it.
///
/// # Errors
/// `NotFound` when the tenant has no such lead.
pub async fn lock(tx: &Tx, id: LeadId) -> Result<(Lead, LoadedLead), Failure> {
    // Sent together and run one after the other, so that both are read after the wait.
    let (mut locked, lead) = try_join(lock::lock(tx, &[id]), super::get(tx, id)).await?;
    Ok((lead, locked.pop().ok_or_else(|| Failure::not_found("lead"))?))
}

fn kinds_and_values(identifiers: &[Identifier]) -> (Vec<&'static str>, Vec<&str>) {
    identifiers.iter().map(|identifier| (identifier.kind.as_str(), identifier.value.as_str())).unzip()
}

/// Attaches the identifiers that belong to nobody yet.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_identifiers(tx: &Tx, lead: LeadId, identifiers: &[Identifier]) -> Result<(), Failure> {
    if identifiers.is_empty() {
        return Ok(());
    }
    let (kinds, values) = kinds_and_values(identifiers);
    tx.execute(const { section(SQL, "insert_identifiers") }, params![tx.tenant(), lead, kinds, values]).await?;
    Ok(())
}

/// Takes identifiers away from a lead: events that carry them no longer belong to it, but to another lead that shows them, if there is
/// one.
///
/// # Errors
/// When the database does not answer.
pub async fn delete_identifiers(
    tx: &Tx,
    lead: LeadId,
    identifiers: &[Identifier],
    now: Timestamp,
) -> Result<(), Failure> {
    if identifiers.is_empty() {
        return Ok(());
    }
    let (kinds, values) = kinds_and_values(identifiers);
    pass_on(tx, lead, Some((&kinds, &values)), now).await?;
    tx.execute(const { section(SQL, "delete_identifiers") }, params![lead, kinds, values]).await?;
    Ok(())
}

/// Gives what a lead gives up, or all that it is known by, to other leads that show it.
async fn pass_on(tx: &Tx, lead: LeadId, given_up: Option<(&[&str], &[&str])>, now: Timestamp) -> Result<(), Failure> {
    let (kinds, values) = given_up.unzip();
    let statement = const { section(SQL, "pass_on_identifiers") };
    tx.execute(statement, params![tx.tenant(), lead, kinds, values, now]).await?;
    Ok(())
}

/// Another lead that owns an identifier.
#[derive(Debug, Clone)]
pub struct Match {
    pub id: LeadId,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub created_at: Timestamp,
    /// What the two have in common: `email`, `phone`, `linkedin_url`.
    pub kinds: Vec<String>,
}

/// Other leads that these identifiers belong to. Ask after [`insert_identifiers`]: then nobody can come in between.
///
/// # Errors
/// When the database does not answer.
pub async fn list_matches(tx: &Tx, lead: LeadId, identifiers: &[Identifier]) -> Result<Vec<Match>, Failure> {
    if identifiers.is_empty() {
        return Ok(Vec::new());
    }
    let (kinds, values) = kinds_and_values(identifiers);
    let rows = tx.query(const { section(SQL, "list_matches") }, params![tx.tenant(), lead, kinds, values]).await?;
    let found = rows.iter().map(|row| Match {
        id: row.get("id"),
        email: row.get("email"),
        first_name: row.get("first_name"),
        last_name: row.get("last_name"),
        company: row.get("company"),
        created_at: row.get("created_at"),
        kinds: row.get("kinds"),
    });
    Ok(found.collect())
}

/// Notes that a lead may be the same person as others, each pair once.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_suspicions(tx: &Tx, lead: LeadId, others: &[LeadId], now: Timestamp) -> Result<(), Failure> {
    if others.is_empty() {
        return Ok(());
    }
    tx.execute(const { section(SQL, "insert_suspicions") }, params![tx.tenant(), lead, others, now]).await?;
    Ok(())
}

/// Passes when the organisation and the member a lead is to be linked with exist in this tenant. Foreign keys alone would also
/// accept another tenant's.
///
/// # Errors
/// `Invalid` naming what does not exist, with pointers into the body.
pub async fn check_links(
    tx: &Tx,
    organization: Option<OrganizationId>,
    owner: Option<MemberId>,
) -> Result<(), Failure> {
    if organization.is_none() && owner.is_none() {
        return Ok(());
    }
    let Some(row) = tx.find(const { section(SQL, "find_links") }, params![organization, owner]).await? else {
        return Ok(());
    };
    let mut faults = Vec::new();
    if !row.get::<_, bool>("organization") {
        faults.push(Fault::new("/organization_id", "unknown_value", "There is no such organisation."));
    }
    if !row.get::<_, bool>("owner") {
        faults.push(team::not_an_owner());
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::Invalid(faults)) }
}

/// The open deals of a lead, the oldest first, at most twenty.
///
/// # Errors
/// When the database does not answer.
pub async fn list_open_deals(tx: &Tx, lead: LeadId) -> Result<Vec<(DealId, String)>, Failure> {
    let rows = tx.query(const { section(SQL, "list_open_deals") }, params![lead]).await?;
    Ok(rows.iter().map(|row| (row.get("id"), row.get("name"))).collect())
}

/// A closed deal that nobody but its lead has.
#[derive(Debug, Clone)]
pub struct ClosedDeal {
    pub id: DealId,
    pub name: String,
    /// `won` or `lost`.
    pub status: String,
    pub value_minor: i64,
    pub currency: String,
}

/// The closed deals that would go with a lead, the oldest first, at most twenty.
///
/// # Errors
/// When the database does not answer.
pub async fn list_closed_deals(tx: &Tx, lead: LeadId) -> Result<Vec<ClosedDeal>, Failure> {
    let rows = tx.query(const { section(SQL, "list_closed_deals") }, params![lead]).await?;
    let deal = |row: &Row| ClosedDeal {
        id: row.get("id"),
        name: row.get("name"),
        status: row.get("status"),
        value_minor: row.get("value_minor"),
        currency: row.get("currency"),
    };
    Ok(rows.iter().map(deal).collect())
}

/// Deletes a lead with everything that belongs to it alone. What another lead is shown with as well becomes that one's.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(tx: &Tx, lead: LeadId, now: Timestamp) -> Result<(), Failure> {
    pass_on(tx, lead, None, now).await?;
    tx.execute(const { section(SQL, "delete") }, params![lead, now]).await?;
    Ok(())
}
