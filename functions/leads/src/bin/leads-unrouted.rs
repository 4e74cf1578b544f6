//! Lists the global pool, the highest score first, with what each lead still lacks to be routed.
//!
//! What is missing is computed from what counts at this moment, so it is right even between two runs of the router. `format=csv` gives
//! the whole pool as a file; with the column `missing` it has at most 5,000 rows.

use std::process::ExitCode;

use shared::http::{self, Call, Listed, Page};
use shared::store::leads::Lead;
use shared::store::leads::history;
use shared::store::leads::list::{self, Filter, Found};
use shared::store::window::Window;
use shared::views::csv::{Export, Table};
use shared::views::cursor::Cursor;
use shared::views::leads_csv::{COLUMNS, MISSING, Row};
use shared::views::leads_filter::{Include, POOL_FIELDS, POOL_ORDERS, PoolFilter};
use shared::views::leads_unrouted::UnroutedLeadView;
use shared::views::room::Room;
use shared::{Failure, Scope};

/// Rows of a file that says what each lead lacks, and how many leads are looked at together for it.
const MOST_WITH_MISSING: usize = 5_000;
const TOGETHER: usize = 500;

pub fn main() -> ExitCode {
    http::filtered("/api/v1/leads/unrouted", Scope::LeadsRead, POOL_FIELDS, handle)
}

async fn handle(call: Call<(), PoolFilter>) -> Result<Listed<UnroutedLeadView>, Failure> {
    let view = call.viewpoint(&call.filters, call.query.zone.as_deref()).await?;
    let filter = call.query.check(&call.filters, &view)?;
    let window = call.paging.window(&POOL_ORDERS)?;
    if let Some(export) = call.query.export(&call.paging)? {
        return file(&call, &export, &filter, window).await;
    }
    let Found { leads, total, exact } = list::page(&call.tx, &filter, window).await?;
    let place = |lead: &Lead| Cursor { at: lead.created_at, id: lead.id.into() };
    let Page { data, pagination, aggregates } = Page::walked(leads, &call.paging, total, place).counted(exact);
    let data = views(&call, data, Include::room(call.query.include)).await?;
    Ok(Listed::Page(Page { data, pagination, aggregates }))
}

async fn views(
    call: &Call<(), PoolFilter>,
    leads: Vec<Lead>,
    mut custom: Option<Room>,
) -> Result<Vec<UnroutedLeadView>, Failure> {
    let tenant = call.app.rules().get(&call.tx).await?;
    let ids: Vec<_> = leads.iter().map(|lead| lead.id).collect();
    let states = history::list_states(&call.tx, &ids).await?;
    let views = leads.into_iter().filter_map(|lead| {
        let state = states.get(&lead.id)?;
        Some(UnroutedLeadView::at(call.now, &tenant, lead, state, custom.as_mut()))
    });
    Ok(views.collect())
}

async fn file(
    call: &Call<(), PoolFilter>,
    export: &Export<'_>,
    filter: &Filter,
    window: Window,
) -> Result<Listed<UnroutedLeadView>, Failure> {
    let mut table = Table::new(COLUMNS.iter().chain([&MISSING]), export.columns, call.shown(export).await?)?;
    if !table.has(MISSING.key) {
        let whole = window.whole(table.limit());
        list::each(&call.tx, filter, whole, |lead| table.add(&Row { lead, missing: None })).await?;
        return Ok(call.file(table, "leads"));
    }
    let mut table = table.at_most(MOST_WITH_MISSING);
    let mut leads = Vec::new();
    let keep = |lead| {
        leads.push(lead);
        Ok(())
    };
    list::each(&call.tx, filter, window.whole(table.limit()), keep).await?;
    while !leads.is_empty() {
        let rest = leads.split_off(leads.len().min(TOGETHER));
        let some = std::mem::replace(&mut leads, rest);
        let told = views(call, some.clone(), None).await?;
        for (lead, view) in some.into_iter().zip(told) {
            table.add(&Row { lead, missing: Some(view.explanation) })?;
        }
    }
    Ok(call.file(table, "leads"))
}
