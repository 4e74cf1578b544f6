//! Runs other programs: to the end with their output kept, or as daemons that outlive us.
//!
//! A daemon is remembered by its process id together with its start time, so that a process that later got the same id
//! is never taken for it, and never killed.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// How long a daemon may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// Runs a program to its end and gives its standard output.
///
/// # Errors
/// When it cannot be started or fails; the message has the end of what it printed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let said = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
        bail!("{program} failed ({}):\n{}", output.status, last_lines(&said, 30));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program to its end, its output going to a log file.
///
/// # Errors
/// When it cannot be started or fails; the message has the end of the log and names the file.
pub fn logged(command: &mut Command, log: &Path) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let file = create_log(log)?;
    let status = command
        .stdin(Stdio::null())
        .stderr(file.try_clone().context("cannot share the log file")?)
        .stdout(file)
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        let said = fs::read_to_string(log).unwrap_or_default();
        bail!("{program} failed ({status}); the whole output is in {}:\n{}", log.display(), last_lines(&said, 40));
    }
    Ok(())
}

/// Runs a program with our own terminal.
///
/// # Errors
/// When it cannot be started or fails.
pub fn attached(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program} failed ({status})");
    }
    Ok(())
}

/// The last `count` lines of a text.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Empties or creates a log file and the folder above it.
fn create_log(log: &Path) -> anyhow::Result<File> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    options.open(log).with_context(|| format!("cannot write {}", log.display()))
}

/// A background process of the local stack.
#[derive(Debug, Clone)]
pub struct Daemon {
    name: String,
    record: PathBuf,
    log: PathBuf,
}

/// What identifies a running process for good.
#[derive(Serialize, Deserialize)]
struct Record {
    pid: i32,
    started: String,
    /// What it was started from; see [`Daemon::ensure`].
    #[serde(default)]
    stamp: String,
}

impl Daemon {
    /// The daemon `name`, whose pid file and log lie in the state folder.
    pub fn new(dev: &Path, name: &str) -> Self {
        let record = dev.join("pids").join(format!("{name}.json"));
        Self { name: name.to_owned(), record, log: dev.join("logs").join(format!("{name}.log")) }
    }

    /// Lets the program run as `stamp` describes: one that runs from another program file or with other arguments is
    /// replaced. Gives whether it was started now.
    ///
    /// # Errors
    /// As [`Daemon::start`] and [`Daemon::stop`].
    pub fn ensure(&self, command: &mut Command) -> anyhow::Result<bool> {
        let stamp = stamp(command);
        if self.record().is_some_and(|record| record.stamp == stamp) {
            return Ok(false);
        }
        self.stop()?;
        self.start(command)?;
        Ok(true)
    }

    /// Starts the program detached from our terminal and remembers it.
    ///
    /// # Errors
    /// When it cannot be started or its pid cannot be written down (then it is not left running).
    pub fn start(&self, command: &mut Command) -> anyhow::Result<()> {
        let stamp = stamp(command);
        let log = create_log(&self.log)?;
        let mut child = command
            .stdin(Stdio::null())
            .stderr(log.try_clone().context("cannot share the log file")?)
            .stdout(log)
            // Its own group: Ctrl-C in our terminal is not meant for it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        let written = self.remember(child.id(), stamp);
        if written.is_err() {
            // Unremembered it could never be stopped. It may be gone already.
            let _ = child.kill();
        }
        written
    }

    fn remember(&self, pid: u32, stamp: String) -> anyhow::Result<()> {
        let pid = i32::try_from(pid).context("the process id is out of range")?;
        let started =
            start_time(pid).with_context(|| format!("{} ended at once:\n{}", self.name, self.last_words()))?;
        if let Some(folder) = self.record.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let record = serde_json::to_string(&Record { pid, started, stamp })?;
        fs::write(&self.record, record).with_context(|| format!("cannot write {}", self.record.display()))
    }

    /// Whether the process we started still runs.
    pub fn running(&self) -> bool {
        self.pid().is_some()
    }

    /// The record of the process, if that process still runs.
    fn record(&self) -> Option<Record> {
        let record: Record = serde_json::from_str(&fs::read_to_string(&self.record).ok()?).ok()?;
        start_time(record.pid).is_some_and(|started| started == record.started).then_some(record)
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.record()?.pid)
    }

    /// Stops the process, gently first, and forgets it. Nothing happens when it does not run.
    ///
    /// # Errors
    /// When it is still there after having been killed.
    pub fn stop(&self) -> anyhow::Result<()> {
        let Some(pid) = self.pid() else {
            // A stale record is only in the way.
            let _ = fs::remove_file(&self.record);
            return Ok(());
        };
        for (signal, grace) in [(Signal::TERM, GRACE), (Signal::KILL, Duration::from_secs(5))] {
            // The whole group: a daemon's own children end with it. A process gone meanwhile is what we want.
            let _ = rustix::process::kill_process_group(pid, signal);
            let deadline = Instant::now() + grace;
            while Instant::now() < deadline {
                if self.pid().is_none() {
                    let _ = fs::remove_file(&self.record);
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        bail!("{} (process {}) does not end: end it by hand", self.name, pid.as_raw_nonzero())
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        last_lines(&fs::read_to_string(&self.log).unwrap_or_default(), 20)
    }

    /// Waits until `ready` says yes.
    ///
    /// # Errors
    /// When the daemon ends before, or is not ready in time; with the end of its log.
    pub fn wait_until(&self, limit: Duration, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        while !ready() {
            if !self.running() {
                bail!("{} ended right after its start:\n{}", self.name, self.last_words());
            }
            if Instant::now() > deadline {
                bail!("{} is not ready after {} s:\n{}", self.name, limit.as_secs(), self.last_words());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// This very program at a place of its own, for daemons that outlive the command. Cargo puts another file where it runs from as
/// soon as it builds `dev` with other features, as it does for the tests, and the old path then leads nowhere.
///
/// # Errors
/// When the program cannot be read or `place` cannot be written.
pub fn own_program(place: &Path) -> anyhow::Result<PathBuf> {
    // Linux still opens a running program whose path was replaced; elsewhere the path is all there is.
    let linux = Path::new("/proc/self/exe");
    let own = if linux.exists() {
        linux.to_owned()
    } else {
        std::env::current_exe().context("cannot tell where `dev` itself is")?
    };
    copy_program(&own, place)?;
    Ok(place.to_owned())
}

/// Copies a program with its moment of change, unless that is there already: a daemon that runs from the copy is then the same.
fn copy_program(own: &Path, place: &Path) -> anyhow::Result<()> {
    let of = |path: &Path| fs::metadata(path).and_then(|file| Ok((file.len(), file.modified()?)));
    let current = of(own).context("cannot read `dev` itself")?;
    if of(place).is_ok_and(|there| there == current) {
        return Ok(());
    }
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    // Renamed into its place: the file of a running program cannot be written to.
    let partial = place.with_extension("partial");
    fs::copy(own, &partial).with_context(|| format!("cannot copy `dev` to {}", partial.display()))?;
    let copied = File::options().write(true).open(&partial).and_then(|file| file.set_modified(current.1));
    copied.with_context(|| format!("cannot date {}", partial.display()))?;
    fs::rename(&partial, place).with_context(|| format!("cannot put `dev` at {}", place.display()))
}

/// What decides how a program behaves: its file as it is now, and its arguments.
fn stamp(command: &Command) -> String {
    let changed = fs::metadata(command.get_program()).and_then(|file| file.modified()).ok();
    format!("{changed:?} {command:?}")
}

/// When a living process was started, in whatever form the system has; `None` if there is none, or only its remains.
fn start_time(pid: i32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command's name may hold spaces and parentheses; the fields after it do not.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        return if fields.first()? == &"Z" { None } else { fields.get(19).map(|&started| started.to_owned()) };
    }
    let mut ps = Command::new("ps");
    let started = output(ps.args(["-o", "lstart=", "-p", &pid.to_string()])).ok()?;
    Some(started.trim().to_owned()).filter(|started| !started.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_found_again_and_stopped() {
        let dev = std::env::temp_dir().join(format!("lotse-daemon-{}", std::process::id()));
        let daemon = Daemon::new(&dev, "sleeper");
        daemon.start(Command::new("sleep").arg("60")).unwrap();
        assert!(Daemon::new(&dev, "sleeper").running());
        daemon.stop().unwrap();
        assert!(!daemon.running());
        fs::remove_dir_all(dev).unwrap();
    }

    #[test]
    fn another_process_with_the_same_id_is_left_alone() {
        let dev = std::env::temp_dir().join(format!("lotse-stranger-{}", std::process::id()));
        let daemon = Daemon::new(&dev, "stranger");
        fs::create_dir_all(dev.join("pids")).unwrap();
        let record = Record {
            pid: i32::try_from(std::process::id()).unwrap(),
            started: "long ago".to_owned(),
            stamp: String::new(),
        };
        fs::write(&daemon.record, serde_json::to_string(&record).unwrap()).unwrap();
        assert!(!daemon.running());
        daemon.stop().unwrap();
        fs::remove_dir_all(dev).unwrap();
    }

    #[test]
    fn a_program_that_was_replaced_still_starts_daemons() {
        let folder = tempfile::tempdir().unwrap();
        let (own, place) = (folder.path().join("own"), folder.path().join("servers/dev"));
        fs::copy("/bin/sleep", &own).unwrap();
        copy_program(&own, &place).unwrap();
        let first = stamp(&Command::new(&place));
        copy_program(&own, &place).unwrap();
        assert_eq!(stamp(&Command::new(&place)), first, "a daemon of the same program would be restarted");
        let daemon = Daemon::new(folder.path(), "copy");
        daemon.start(Command::new(&place).arg("60")).unwrap();
        // Another build, while the daemon runs from the copy.
        fs::write(&own, fs::read("/bin/true").unwrap()).unwrap();
        copy_program(&own, &place).unwrap();
        assert_ne!(stamp(&Command::new(&place)), first, "a daemon of an old program would go on");
        daemon.stop().unwrap();
    }

    #[test]
    fn a_failing_program_shows_its_last_words() {
        let error = output(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("why"), "{error}");
    }
}
