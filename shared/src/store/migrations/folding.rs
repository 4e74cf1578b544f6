//! What leads and deals are found by, for rows that stood before it was stored (migration `0016_search`).
//!
//! A thousand at a time, each in a transaction of its own: whoever writes to a lead meanwhile waits for as long as that takes, and a
//! run that was ended goes on where it was. A row that the release before writes meanwhile is folded by a trigger.

use uuid::Uuid;

use super::super::Database;
use super::super::sql::{params, section};
use super::SQL;
use crate::domain::ids::TenantId;
use crate::domain::search;
use crate::failure::Failure;

/// Rows of one step.
const STEP: usize = 1000;

/// Folds every lead and deal that is not. Answers with how many there were.
///
/// # Errors
/// When the database does not answer; what was folded stays so.
pub async fn run(db: &Database) -> Result<u64, Failure> {
    Ok(leads(db).await? + deals(db).await?)
}

async fn leads(db: &Database) -> Result<u64, Failure> {
    let (mut after, mut folded) = (Uuid::nil(), 0);
    loop {
        let rows = db.query(const { section(SQL, "list_unfolded_leads") }, params![after, STEP as i64]).await?;
        let Some(last) = rows.last() else { return Ok(folded) };
        after = last.get("id");
        let mut ids: Vec<Uuid> = Vec::with_capacity(rows.len());
        let (mut texts, mut first, mut end, mut codes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let field = |name| row.get::<_, Option<&str>>(name).unwrap_or_default();
            let names = [field("first_name"), field("last_name"), field("company")];
            let text = search::text(&names, field("email"));
            ids.push(row.get("id"));
            first.push(place(&codes) + 1);
            codes.extend(search::codes(&text, TenantId(row.get("tenant_id"))));
            end.push(place(&codes));
            texts.push(text);
        }
        db.query(const { section(SQL, "fold_leads") }, params![ids, texts, first, end, codes]).await?;
        folded += rows.len() as u64;
    }
}

/// Arrays of Postgres count from one.
fn place(codes: &[i32]) -> i32 {
    i32::try_from(codes.len()).unwrap_or(i32::MAX)
}

async fn deals(db: &Database) -> Result<u64, Failure> {
    let (mut after, mut folded) = (Uuid::nil(), 0);
    loop {
        let rows = db.query(const { section(SQL, "list_unfolded_deals") }, params![after, STEP as i64]).await?;
        let Some(last) = rows.last() else { return Ok(folded) };
        after = last.get("id");
        let ids: Vec<Uuid> = rows.iter().map(|row| row.get("id")).collect();
        let texts: Vec<String> = rows.iter().map(|row| search::text(&[row.get("name")], "")).collect();
        db.query(const { section(SQL, "fold_deals") }, params![ids, texts]).await?;
        folded += rows.len() as u64;
    }
}
