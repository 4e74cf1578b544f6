//! `cargo dev bench`: measures the real release functions against a local Postgres with default durability, and writes the
//! numbers down.
//!
//! Nothing here decides whether a number is good enough: tests never measure time, and this never fails because of it.

mod machine;
mod path;
mod search;
mod stage;
mod start;
mod traffic;
mod usage;
mod wire;

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::Context as _;

use crate::local::Binaries;
use crate::state::State;
use crate::workspace::{Workspace, cargo};
use crate::{console, process, ui, up};
use machine::Machine;
use path::{Load, Measured};
use stage::Stage;
use traffic::People;

/// What to measure.
pub struct Options {
    pub events: usize,
    pub leads: usize,
    pub processors: usize,
    /// Also with a million leads and five million stored events.
    pub large: bool,
    /// Only the event path.
    pub path_only: bool,
    /// Cold starts of each kind.
    pub starts: usize,
    /// Write the table into infra/bench/RESULTS.md.
    pub save: bool,
}

/// Events of one invocation of the processor, as its queue mapping allows.
const BATCH: usize = 500;

/// The leads that `fill.sql` makes, and the number of the first.
const MILLION: usize = 1_000_000;
const FILLED: usize = 10_000_000;

/// Measures and prints.
///
/// # Errors
/// When something that is measured does not work.
pub async fn run(options: Options) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        return in_release();
    }
    let stage = Stage::set(options.path_only).await?;
    let mut table = String::from("| figure | measured | target |\n|---|---|---|\n");
    let machine = tokio::task::spawn_blocking(Machine::measure).await?;
    for (what, [alone, all]) in [("of arithmetic", machine.arithmetic), ("through 32 MiB of memory", machine.memory)] {
        let processors = machine.processors;
        writeln!(
            table,
            "| this machine: a step {what}, alone / on {processors} at once | {alone:.2} / {all:.2} ns | |"
        )?;
    }
    // Managed Postgres has them; here somebody must set some aside: `sysctl vm.nr_hugepages=700`.
    writeln!(table, "| memory of Postgres in huge pages | {} | |", stage.sql("SHOW huge_pages_status")?)?;

    let some = People { first: 5_000_000, count: 1_000, step: 1 };
    let warm = Load { events: 5_000, people: some, processors: options.processors, batch: BATCH, seed: 1 };
    path::run(&stage, &warm).await?;
    // As autovacuum does within a minute; a database that has worked for longer than that has statistics.
    stage.sql("ANALYZE")?;
    recycle_wal(&stage)?;
    let people = People { first: 0, count: options.leads, step: 1 };
    let load = Load { events: options.events, people, seed: 2, ..warm };
    ui::note(&format!("{} events over {} leads …", options.events, options.leads));
    let small = path::run(&stage, &load).await?;
    rows(&mut table, &small, "")?;
    // Once more, about the same people: they are known by now.
    stage.sql("CHECKPOINT")?;
    let known = path::run(&stage, &Load { seed: 3, ..load }).await?;
    row(&mut table, &known, ", people known before")?;
    let bytes = bytes_per_event(&stage).await?;
    writeln!(table, "| bytes sent to Postgres per event | {bytes:.0} | |")?;

    if options.large {
        ui::note("a million leads and five million events; this takes some minutes …");
        fill(&stage).await?;
        let new = People { first: 20_000_000, ..people };
        let large = path::run(&stage, &Load { people: new, seed: 4, ..load }).await?;
        rows(&mut table, &large, " (1 M leads, 5 M events stored)")?;
        slower(&mut table, "", &small, &large)?;
        stage.sql("CHECKPOINT")?;
        let among = People { first: FILLED, step: MILLION / options.leads.max(1), ..people };
        let large = path::run(&stage, &Load { people: among, seed: 5, ..load }).await?;
        row(&mut table, &large, ", people known before, anywhere among the million")?;
        slower(&mut table, ", people known before", &known, &large)?;
        // The hardest: hardly anybody twice, and nearly every page touched for the first time since the checkpoint.
        stage.sql("CHECKPOINT")?;
        let everybody = People { first: FILLED, count: MILLION, step: 1 };
        let large = path::run(&stage, &Load { people: everybody, seed: 6, ..load }).await?;
        row(&mut table, &large, ", spread over the whole million")?;
        if !options.path_only {
            let search::Slowest { what, median, searches } = search::slowest(&stage).await?;
            writeln!(
                table,
                "| slowest of {searches} searches among 1 M leads ({what}), half of its answers within | {median:.0} ms | ≤ 200 ms |"
            )?;
        }
    }
    if options.path_only {
        ui::line(&table);
        return Ok(());
    }
    for (name, path) in [("openapi", "/openapi.json"), ("pipelines-list", "/api/v1/pipelines")] {
        let starts = start::starts(&stage, name, path, options.starts).await?;
        let what = if name == "openapi" { "without database" } else { "with database" };
        let target = if name == "openapi" { "" } else { "≤ 30 ms" };
        writeln!(
            table,
            "| cold start to the first answer, {what} ({}), p50 / p95 of {} | {:.1} / {:.1} ms | {target} |",
            starts.name, options.starts, starts.p50, starts.p95
        )?;
    }
    sizes(&stage, &mut table)?;
    ui::line(&table);
    if options.save {
        save("measured", &table)?;
    }
    Ok(())
}

/// Measures what the console costs whoever waits for it: in Chromium, against the local stack with release functions and the demo's data.
///
/// # Errors
/// When the stack does not come up, or a page does not come.
pub async fn of_console(keep: bool) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    up::bring_up(&workspace, Binaries::Release).await?;
    let mut state = State::load(&workspace.dev())?;
    up::demonstrate(&workspace, &mut state).await?;
    let rows = console::bars(&workspace, &state)?;
    let table = format!("| figure | measured | target |\n|---|---|---|\n{rows}");
    ui::line(&table);
    if keep {
        save("console", &table)?;
    }
    Ok(())
}

/// A run beside the others, in one row.
fn row(table: &mut String, measured: &Measured, what: &str) -> anyhow::Result<()> {
    let (functions, postgres) = measured.cpu_per_1000();
    let (rate, memory, routed) = (measured.rate(), measured.memory, measured.routed);
    writeln!(
        table,
        "| the same{what} | {rate:.0} events a second; {functions:.3} + {postgres:.3} = {:.3} CPU seconds per 1,000; {memory:.1} MB; \
         {routed} leads decided about | |",
        functions + postgres
    )?;
    Ok(())
}

fn slower(table: &mut String, what: &str, small: &Measured, large: &Measured) -> anyhow::Result<()> {
    let times = small.rate() / large.rate();
    writeln!(table, "| slower with 1 M leads and 5 M events{what} by | {times:.2}× | ≤ 1.25× |")?;
    Ok(())
}

/// Runs the same command again from a release build: the harness shares the machine with what it measures.
fn in_release() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let mut again = Command::new(cargo());
    again.current_dir(&workspace.root).args(["run", "--quiet", "--release", "--package", "dev", "--"]);
    process::attached(again.args(std::env::args_os().skip(1)))
}

fn rows(table: &mut String, measured: &Measured, what: &str) -> anyhow::Result<()> {
    let (functions, postgres) = measured.cpu_per_1000();
    writeln!(table, "| events a second, end to end{what} | {:.0} | ≥ 9,000 |", measured.rate())?;
    writeln!(
        table,
        "| CPU seconds per 1,000 events{what}: functions + Postgres | {functions:.3} + {postgres:.3} = {:.3} | ≤ 0.2 |",
        functions + postgres
    )?;
    writeln!(table, "| resident memory of the largest function{what} | {:.1} MB | ≤ 20 MB |", measured.memory)?;
    writeln!(table, "| statements per batch of {BATCH}{what} | {:.1} | constant |", measured.statements_per_batch)?;
    writeln!(table, "| leads decided about{what} | {} | |", measured.routed)?;
    Ok(())
}

/// Leaves half a gigabyte of log files to be used again, as a database has that has worked for an hour. A new one fills each of its
/// files with zeros first, in the middle of somebody's commit.
fn recycle_wal(stage: &Stage) -> anyhow::Result<()> {
    stage.sql(
        "DO $$ BEGIN
           FOR n IN 1 .. 32 LOOP
             PERFORM pg_logical_emit_message(false, 'bench', 'one more file');
             PERFORM pg_switch_wal();
           END LOOP;
         END $$",
    )?;
    stage.sql("CHECKPOINT")?;
    Ok(())
}

/// One short run with a meter between the processor and Postgres.
async fn bytes_per_event(stage: &Stage) -> anyhow::Result<f64> {
    const EVENTS: usize = 5_000;
    let meter = wire::Meter::start(stage.port()).await?;
    let processor = stage.function_at("event-processor", meter.port())?;
    let before = meter.sent();
    for batch in traffic::batches(&stage.tenant, EVENTS, People { first: 6_000_000, count: 1_000, step: 1 }, BATCH, 4) {
        processor.invoke_raw(batch.into()).await?;
    }
    Ok((meter.sent() - before) as f64 / EVENTS as f64)
}

/// A million leads with five events and their awards each, made inside Postgres; what they are found by is folded by `migrate`, as
/// that of leads from before it was stored.
async fn fill(stage: &Stage) -> anyhow::Result<()> {
    stage.sql(&format!(include_str!("fill.sql"), tenant = stage.tenant))?;
    let migrate = stage.function("migrate")?;
    // As the template allows: a million leads are folded.
    migrate.set_timeout(std::time::Duration::from_secs(900));
    migrate.invoke(&serde_json::json!({})).await?;
    // As autovacuum leaves them.
    stage.sql("VACUUM ANALYZE")?;
    stage.sql("CHECKPOINT")?;
    Ok(())
}

fn sizes(stage: &Stage, table: &mut String) -> anyhow::Result<()> {
    let mut largest: (f64, String) = (0.0, String::new());
    let functions = stage.functions()?;
    for name in &functions {
        let size = start::archive_size(stage, name)?;
        if size > largest.0 {
            largest = (size, name.clone());
        }
    }
    writeln!(table, "| largest archive of {} ({}) | {:.2} MB | ≤ 6 MB |", functions.len(), largest.1, largest.0)?;
    Ok(())
}

/// Between the marks of that name.
fn save(mark: &str, table: &str) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let path = workspace.root.join("infra").join("bench").join("RESULTS.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (begin, end) = (format!("<!-- {mark} -->"), format!("<!-- /{mark} -->"));
    let (head, rest) = text.split_once(&begin).with_context(|| format!("RESULTS.md has lost its mark `{begin}`"))?;
    let (_, tail) = rest.split_once(&end).with_context(|| format!("RESULTS.md has lost its mark `{end}`"))?;
    let today = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
    fs::write(&path, format!("{head}{begin}\nMeasured on {today}.\n\n{table}{end}{tail}"))?;
    ui::note(&format!("written to {}", path.display()));
    Ok(())
}
