//! Making a tenant from its description, or adding to one: its rules, pipelines, people, keys, webhook sources and partners. The audit
//! log keeps what was described, without secrets, and what became of each member.
//!
//! Every step may run again: rules and pipelines that exist stay as people made them, and so do passwords that members have. Keys and
//! secrets that are left out are made here; they stand in the answer of the run that made them, and nowhere else in readable form.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::deliveries::secret_context;
use crate::app::App;
use crate::domain::defaults::defaults;
use crate::domain::faults::Fault;
use crate::domain::ids::{ApiKeyId, MemberId, TenantId};
use crate::failure::Failure;
use crate::integrations::{self, slack};
use crate::messages::tenants::{NewTenant, NewTenantKey, NewTenantMember, NewTenantSource};
use crate::passwords;
use crate::secrets::{random_token, same, token_hash};
use crate::store::audit::{self, Actor, AuditEntry};
use crate::store::team::{self, MemberProfile};
use crate::store::tenants::WebhookSource;
use crate::store::{Tx, rules, sign_in, tenants};

/// How long the secret before counts beside a new one: a sender is changed within a week.
const ROTATION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What became of a description.
#[derive(Serialize)]
pub struct Made {
    pub tenant_id: TenantId,
    pub rule_set_version: i32,
    /// Keys and secrets that were made; they are not shown again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_keys: Vec<MadeKey>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhook_sources: Vec<MadeSource>,
}

/// A key that was made.
#[derive(Serialize)]
pub struct MadeKey {
    pub source: String,
    pub name: String,
    /// The value of `X-API-Key`.
    pub key: String,
}

/// What was made of a webhook source.
#[derive(Serialize)]
pub struct MadeSource {
    pub source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Makes a tenant or adds to the one of that slug. Publishes its rules when they are new, or its name, zone or language has changed:
/// functions that are warm learn of it by the version.
///
/// # Errors
/// `Invalid` with every fault of the description, `Conflict` for a token that is in use.
pub async fn create(app: &App, mut input: NewTenant, now: Timestamp) -> Result<Made, Failure> {
    let mut faults = input.check().err().unwrap_or_default();
    faults.extend(check_slack_ids(&mut input.members));
    if !faults.is_empty() {
        return Err(Failure::Invalid(faults));
    }
    let id = TenantId(input.id.unwrap_or_else(|| app.new_id()));
    let zone = input.zone.as_deref().unwrap_or("Europe/Berlin");
    let language = input.language.as_deref().unwrap_or("de");
    let country = &input.default_country;
    let id = tenants::create(app.database(), id, &input.slug, &input.name, zone, language, country).await?;
    let tx = app.begin(id).await?;
    match fill(app, &tx, input, now).await {
        Ok(made) => app.commit(&tx).await.map(|()| made),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}

/// Who does this, as histories name them.
const NAME: &str = "tenant-create";

/// As the team's endpoints: messages call a person by it, and anything else would call nobody, or everybody.
fn check_slack_ids(members: &mut [NewTenantMember]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (n, member) in members.iter_mut().enumerate() {
        let Some(id) = &mut member.slack_user_id else { continue };
        *id = id.trim().to_owned();
        if !slack::is_member_id(id) {
            faults.push(Fault::new(format!("/members/{n}/slack_user_id"), "bad_identifier", slack::NO_MEMBER_ID));
        }
    }
    faults
}

async fn fill(app: &App, tx: &Tx, input: NewTenant, now: Timestamp) -> Result<Made, Failure> {
    // One that has no rules was made just now.
    let before = (tx.rule_set_version() > 0).then_some(tenants::get(tx).await?);
    let emails: Vec<String> = input.members.iter().map(|member| member.email.clone()).collect();
    let team = profiles(tx, &emails).await?;
    let described = described(&input);
    tenants::rename(tx, &input.name, input.zone.as_deref(), input.language.as_deref()).await?;
    let new = tenants::insert_defaults(tx, defaults(), || app.new_id(), now).await?;
    put_members(app, tx, input.members, now).await?;
    let api_keys = put_keys(app, tx, input.api_keys, now).await?;
    let mut webhook_sources = Vec::new();
    for source in input.webhook_sources {
        webhook_sources.extend(put_source(app, tx, source, now).await?);
    }
    for (name, settings) in input.integrations {
        let (settings, secret) = integrations::split_secrets(settings);
        let context = integrations::secret_context(tx.tenant(), &name);
        let sealed = secret.map(|secret| app.sealer()?.seal(&context, &json!(secret).to_string())).transpose()?;
        tenants::upsert_integration(tx, &name, &settings, sealed.as_deref(), now).await?;
    }
    let rule_set_version = match new {
        true => rules::publish(tx, None, NAME, now).await?,
        false => tx.rule_set_version(),
    };
    let mut entries = vec![AuditEntry {
        action: if before.is_some() { "update" } else { "create" },
        record: "tenant",
        id: tx.tenant().0,
        before: before.map(|before| json!(before)),
        after: Some(also(json!(tenants::get(tx).await?), described)),
    }];
    entries.extend(changes(team, profiles(tx, &emails).await?));
    audit::insert(tx, entries, &Actor { kind: "machine", subject: NAME.to_owned() }, None, now).await?;
    Ok(Made { tenant_id: tx.tenant(), rule_set_version, api_keys, webhook_sources })
}

/// Members by their ids.
async fn profiles(tx: &Tx, emails: &[String]) -> Result<BTreeMap<MemberId, MemberProfile>, Failure> {
    Ok(team::list_by_email(tx, emails).await?.into_iter().map(|member| (member.id, member.profile)).collect())
}

/// A line for each member who is new, or another than before.
fn changes(
    mut before: BTreeMap<MemberId, MemberProfile>,
    after: BTreeMap<MemberId, MemberProfile>,
) -> Vec<AuditEntry<'static>> {
    let change = |(id, after): (MemberId, MemberProfile)| {
        let before = before.remove(&id);
        let action = if before.is_some() { "update" } else { "create" };
        let changed = before.as_ref() != Some(&after);
        let before = before.map(|before| json!(before));
        changed.then(|| AuditEntry { action, record: "member", id: id.0, before, after: Some(json!(after)) })
    };
    after.into_iter().filter_map(change).collect()
}

/// What the tenant was given beside its people, without anything that is secret.
fn described(input: &NewTenant) -> Value {
    let key = |key: &NewTenantKey| {
        json!({
            "source": key.source, "name": key.name, "scopes": key.scopes, "requests_per_minute": key.requests_per_minute,
        })
    };
    json!({
        "api_keys": input.api_keys.iter().map(key).collect::<Vec<_>>(),
        "webhook_sources": input.webhook_sources.iter().map(|source| source.source.as_str()).collect::<Vec<_>>(),
        "integrations": input.integrations.keys().collect::<Vec<_>>(),
    })
}

/// The members of both.
fn also(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

async fn put_members(app: &App, tx: &Tx, members: Vec<NewTenantMember>, now: Timestamp) -> Result<(), Failure> {
    let given = members.iter().filter_map(|member| Some((member, member.password.as_deref()?)));
    let passwords: Vec<(String, String)> = given
        .map(|(member, password)| Ok((member.email.clone(), passwords::hash(password)?)))
        .collect::<Result<_, Failure>>()?;
    let members: Vec<tenants::NewMember> = members
        .into_iter()
        .map(|member| tenants::NewMember {
            id: MemberId(app.new_id()),
            email: member.email,
            name: member.name,
            role: member.role,
            capacity: member.capacity,
            slack_user_id: member.slack_user_id,
            lead_of_team: member.lead_of_team,
            pipelines: member.pipelines,
        })
        .collect();
    tenants::upsert_members(tx, &members, now).await?;
    sign_in::set_first_passwords(tx, &passwords, now).await
}

/// Adds keys. One that is left out is made, unless there is one of that source and name.
async fn put_keys(app: &App, tx: &Tx, keys: Vec<NewTenantKey>, now: Timestamp) -> Result<Vec<MadeKey>, Failure> {
    let mut known = tenants::list_key_names(tx).await?;
    let mut made = Vec::new();
    for new in keys {
        let is_known = !known.insert((new.source.clone(), new.name.clone()));
        let key = match new.key {
            Some(key) => key,
            None if is_known => continue,
            None => {
                let key = random_token()?;
                let (source, name) = (new.source.clone(), new.name.clone());
                made.push(MadeKey { key: format!("{source}:{key}"), source, name });
                key
            }
        };
        let key = tenants::NewApiKey {
            id: ApiKeyId(app.new_id()),
            hash: token_hash(&key),
            source: new.source,
            name: new.name,
            scopes: new.scopes,
            requests_per_minute: new.requests_per_minute,
        };
        tenants::upsert_api_key(tx, &key, now).await?;
    }
    Ok(made)
}

/// Adds a source, or changes what is said of it. The same secret again changes nothing, a rotation that is under way neither.
async fn put_source(app: &App, tx: &Tx, new: NewTenantSource, now: Timestamp) -> Result<Option<MadeSource>, Failure> {
    let known = tenants::lock_webhook_source(tx, &new.source).await?;
    let mut made = MadeSource { source: new.source.clone(), token: None, secret: None };
    let (mut token, mut secret) = (new.token, new.secret);
    if known.is_none() {
        for (given, shown) in [(&mut token, &mut made.token), (&mut secret, &mut made.secret)] {
            if given.is_none() {
                *shown = Some(random_token()?);
                given.clone_from(shown);
            }
        }
    }
    let mut source =
        known.unwrap_or(WebhookSource { token_hash: [0; 32], secret: None, previous: None, previous_until: None });
    if let Some(token) = token {
        source.token_hash = token_hash(&token);
    }
    if let Some(secret) = secret {
        rotate(app, &secret_context(tx.tenant(), &new.source), &mut source, &secret, now)?;
    }
    if new.end_rotation {
        (source.previous, source.previous_until) = (None, None);
    }
    tenants::upsert_webhook_source(tx, app.new_id(), &new.source, &source, now).await?;
    Ok((made.token.is_some() || made.secret.is_some()).then_some(made))
}

/// Sealed bytes of one secret always differ, so the secrets themselves are compared.
fn rotate(app: &App, context: &str, source: &mut WebhookSource, new: &str, now: Timestamp) -> Result<(), Failure> {
    let sealer = app.sealer()?;
    let current = source.secret.as_deref().and_then(|sealed| match sealer.open(context, sealed) {
        Ok(secret) => Some(secret),
        Err(failure) => {
            tracing::warn!(reason = %failure, "the secret before cannot be kept beside the new one");
            None
        }
    });
    if current.as_deref().is_some_and(|current| same(current.as_bytes(), new.as_bytes())) {
        return Ok(());
    }
    let before = source.secret.replace(sealer.seal(context, new)?);
    source.previous = before.filter(|_| current.is_some());
    source.previous_until = match source.previous {
        Some(_) => Some(now.checked_add(ROTATION).map_err(Failure::internal)?),
        None => None,
    };
    Ok(())
}
