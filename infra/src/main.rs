//! `cargo dev`: brings Lotse up on a laptop, checks it, generates what is derived, tests, measures and deploys.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]
#![expect(
    clippy::disallowed_methods,
    reason = "the tool is no function: it lives on the clock, environment and random keys"
)]

mod bench;
mod check;
mod console;
mod contract;
mod demo;
mod deploy;
mod gateway;
mod generate;
mod http;
mod keys;
mod local;
mod logs;
mod ministack;
mod ports;
mod postgres;
mod process;
mod scale;
mod seed;
mod stack;
mod state;
mod test;
mod tools;
mod ui;
mod up;
mod watch;
mod workspace;
mod zip;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Lotse's developer tool.
#[derive(Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What a bench is of.
#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Events to the end of their way, cold starts, archives
    Path,
    /// The console in Chromium
    Console,
}

#[derive(Subcommand)]
enum Command {
    /// Install, start, build, migrate, seed and deploy the local stack, and send the demo's events
    Up,
    /// Stop the local stack; data stay
    Down,
    /// Show what runs, and where to call it
    Status {
        /// Only addresses and keys, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the log of a function or server, or of all functions
    Logs {
        /// A function or server, such as event-processor or aws
        name: Option<String>,
        /// Go on showing what is written
        #[arg(short, long)]
        follow: bool,
    },
    /// Drop the local stack's data; tools stay
    Reset,
    /// Bring the local database to the current version
    Migrate,
    /// Serve the HTTP functions with reload, on the local stack's database and queues
    Watch {
        /// Where they answer
        #[arg(long, default_value_t = 9000)]
        port: u16,
    },
    /// Check that code, template, samples and generated files agree, and that house rules hold
    Check,
    /// Write infra/api.json, infra/endpoints.txt, infra/watch.toml and functions/health/openapi.json
    Generate {
        /// Only infra/api.json, which comes from template.yaml alone: builds nothing, for instance after a merge
        #[arg(long)]
        api: bool,
    },
    /// Write infra/released.txt: what this release calls in its database, for the migrations that come after it
    Released,
    /// Run everything that CI runs
    Test {
        /// Only this step: format, template, deny, console, clippy, check, tests, release, end-to-end or browser
        #[arg(long)]
        only: Option<String>,
        /// Laws with twenty times as many cases, new ones on every run
        #[arg(long)]
        thorough: bool,
    },
    /// Build for AWS and deploy there
    Deploy(deploy::Options),
    /// Measure throughput, memory and start-up
    Bench {
        /// What: the path of an event, or what the console costs whoever waits for it
        #[arg(value_enum, default_value_t = Bench::Path)]
        what: Bench,
        /// Events to process
        #[arg(long, default_value_t = 50_000)]
        events: usize,
        /// People the events are about
        #[arg(long, default_value_t = 10_000)]
        leads: usize,
        /// Event processors at work at once
        #[arg(long, default_value_t = 3)]
        processors: usize,
        /// Also with a million leads and five million stored events
        #[arg(long)]
        large: bool,
        /// Only the event path, with only its functions built: for working on it
        #[arg(long, conflicts_with = "save")]
        path_only: bool,
        /// Cold starts of each kind
        #[arg(long, default_value_t = 50)]
        starts: usize,
        /// Write the figures into infra/bench/RESULTS.md
        #[arg(long)]
        save: bool,
    },
    /// Make a copy with many more functions, to see what CI and the local stack cost then
    Scale {
        /// How many more: a template holds about 220, by its routes
        #[arg(long, default_value_t = 220)]
        functions: usize,
        /// Run CI and the local stack there, and tell what they took
        #[arg(long)]
        run: bool,
    },
    #[command(hide = true)]
    Gateway {
        #[arg(long)]
        dev: PathBuf,
        #[arg(long)]
        port: u16,
        #[arg(long)]
        aws: u16,
    },
    #[command(hide = true)]
    StandIns {
        #[arg(long)]
        port: u16,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui::note(&format!("error: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up => up::up().await,
        Command::Down => up::down(),
        Command::Status { json } => up::status(json),
        Command::Logs { name, follow } => logs::show(name.as_deref(), follow),
        Command::Reset => up::reset(),
        Command::Migrate => up::migrate().await,
        Command::Watch { port } => watch::run(port),
        Command::Check => check::run(),
        Command::Generate { api } => generate::run(api),
        Command::Test { only, thorough } => test::run(&test::Options { only, thorough }).await,
        Command::Released => check::migrations::record(&workspace::Workspace::find()?),
        Command::Deploy(options) => deploy::run(&options),
        Command::Bench { what: Bench::Console, save, .. } => bench::of_console(save).await,
        Command::Bench { what: Bench::Path, events, leads, processors, large, path_only, starts, save } => {
            bench::run(bench::Options { events, leads, processors, large, path_only, starts, save }).await
        }
        Command::Scale { functions, run } => scale::run(functions, run),
        Command::Gateway { dev, port, aws } => gateway::serve(&dev, port, aws).await,
        Command::StandIns { port } => testkit::fakes::serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn help_explains_every_command() {
        Arguments::command().debug_assert();
        let help = Arguments::try_parse_from(["dev", "help"]).err().unwrap();
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        let text = help.to_string();
        assert!(text.contains("Usage: cargo dev <COMMAND>"), "{text}");
        for command in Arguments::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            assert!(
                text.contains(&format!("\n  {} ", command.get_name())),
                "{} is not explained: {text}",
                command.get_name()
            );
            let one = Arguments::try_parse_from(["dev", "help", command.get_name()]).err().unwrap();
            assert_eq!(one.kind(), ErrorKind::DisplayHelp);
        }
    }

    #[test]
    fn documents_name_commands_that_exist() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut known: Vec<String> =
            Arguments::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        known.push("help".to_owned());
        let named = check::pattern("cargo dev ([a-z]+)");
        let mut found = 0;
        for document in ["README.md", "shared/README.md", "template.yaml", "infra/bench/RESULTS.md"] {
            let text = std::fs::read_to_string(root.join(document)).unwrap();
            for command in named.captures_iter(&text) {
                found += 1;
                assert!(known.iter().any(|known| *known == command[1]), "{document}: there is no `{}`", &command[0]);
            }
        }
        assert!(found > 20, "{found}");
    }
}
