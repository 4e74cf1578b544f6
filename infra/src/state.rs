//! What the local stack remembers between commands: `.dev/state.json`.
//!
//! The file holds passwords and keys of the local stack only, and is readable by its owner alone. The keys that
//! `status --json` prints stand in it under the same names, so that tests may read it directly.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::ports::Ports;

/// The remembered state. Every field may be missing: an older or a fresh file is no error.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Ports chosen for the stack's servers.
    pub ports: Option<Ports>,
    /// Secrets made at the first start.
    pub secrets: Option<Secrets>,
    /// Id of the API at the AWS stand-in; the gateway reads it.
    pub api_id: Option<String>,
    /// The demo tenant, once made.
    pub tenant_id: Option<String>,
    /// Digest of what the demo tenant was made from.
    pub seeded: Option<String>,
    /// Whether the demo events have been sent.
    pub demo_sent: bool,
    /// Whether the demo's team has done everything about its people.
    pub demo_acted: bool,
    /// How many of the team's deeds are done.
    pub demo_progress: usize,
    /// Digest of template and parameters as last deployed; empty when nothing is.
    pub deployed: Option<String>,
    /// Digest of each function's binary as last deployed.
    pub binaries: BTreeMap<String, String>,
    /// Digest of the migrations and the binary that last ran them.
    pub migrated: Option<String>,
    /// What the commands print, once the stack has been up.
    #[serde(flatten)]
    pub access: Access,
}

/// Where to call and what to call it with.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Base address of the API.
    pub api_url: String,
    /// The API's documentation.
    pub docs_url: String,
    /// The web console.
    pub console_url: String,
    /// The demo's administrator signs in there with this e-mail address.
    pub console_email: String,
    /// The password of everybody in the demo.
    pub console_password: String,
    /// `portal:<key>`: may ingest and read.
    pub api_key: String,
    /// An administrator's JWT.
    pub token: String,
    /// The database as superuser.
    pub database_url: String,
    /// Page with the mails that were sent.
    pub mail_url: String,
    /// Page with the messages that reached the Slack stand-in.
    pub slack_url: String,
    /// The Postgres for tests, as superuser.
    pub test_database_url: String,
}

/// Secrets of the local stack, made at random once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Password of the database superuser.
    pub superuser: String,
    /// Password of the role that owns the tables.
    pub owner: String,
    /// Password of the role functions log in as.
    pub app: String,
    /// Base64 of 32 bytes that seal the tenants' secrets.
    pub sealing_key: String,
    /// API keys of the demo tenant's sources, without the leading `<source>:`.
    pub source_keys: BTreeMap<String, String>,
    /// Token in the website's webhook address.
    pub website_token: String,
    /// Token in lemlist's webhook address.
    pub lemlist_token: String,
    /// Secret that lemlist puts into its webhooks.
    pub lemlist_secret: String,
    /// The demo's people sign in at the console with it. Empty in the state of an older version.
    #[serde(default)]
    pub console_password: String,
}

impl State {
    /// Reads the state of the workspace's `.dev`; an absent file is an empty state.
    ///
    /// # Errors
    /// When the file cannot be read or is no JSON.
    pub fn load(dev: &Path) -> anyhow::Result<Self> {
        let path = path(dev);
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged: delete it, or run `cargo dev reset`", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes the state, whole or not at all.
    ///
    /// # Errors
    /// When the folder or file cannot be written.
    pub fn save(&self, dev: &Path) -> anyhow::Result<()> {
        let path = path(dev);
        write_private(&path, serde_json::to_string_pretty(self)?.as_bytes())
    }
}

fn path(dev: &Path) -> PathBuf {
    dev.join("state.json")
}

/// Writes a file that only its owner may read, by way of a temporary one.
///
/// # Errors
/// When the folder or file cannot be written.
pub fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(&partial).with_context(failed)?;
    file.write_all(content).with_context(failed)?;
    fs::rename(&partial, path).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_status_prints_stands_at_the_top() {
        let mut state = State::default();
        state.access.test_database_url = "postgres://x".to_owned();
        let json = serde_json::to_value(&state).unwrap();
        assert_eq!(json["test_database_url"], "postgres://x");
        let read: State = serde_json::from_value(json).unwrap();
        assert_eq!(read.access, state.access);
    }

    #[test]
    fn an_empty_file_of_an_older_version_is_read() {
        let state: State = serde_json::from_str("{\"gone\": 1}").unwrap();
        assert!(state.ports.is_none() && !state.demo_sent);
    }
}
