//! Makes a tenant with its rules, pipelines, people, keys, webhook sources and partner settings; invoked by whoever deploys.
//!
//! Running it again with the same slug adds what is missing and updates people and keys; rules and pipelines that exist stay as
//! people made them, and so does a password that a member has. Secrets go in, and never come out again.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use shared::domain::defaults::defaults;
use shared::domain::identity::normalize_email;
use shared::domain::ids::{ApiKeyId, MemberId, TenantId};
use shared::integrations::slack;
use shared::messages::tenants::{NewTenant, NewTenantMember};
use shared::secrets::token_hash;
use shared::store::{rules, sign_in, tenants};
use shared::{App, Failure, domain, passwords, schedule};

pub fn main() -> ExitCode {
    schedule::direct(handle)
}

#[derive(Serialize)]
struct Output {
    tenant_id: TenantId,
    rule_set_version: i32,
}

async fn handle(app: App, input: NewTenant) -> Result<Output, Failure> {
    input.check()?;
    let now = app.now();
    let id = TenantId(input.id.unwrap_or_else(|| app.new_id()));
    let id = tenants::create(
        app.database(),
        id,
        &input.slug,
        &input.name,
        &input.zone,
        &input.language,
        &input.default_country,
    )
    .await?;
    let tx = app.begin(id).await?;
    let new = tenants::insert_defaults(&tx, defaults(), || app.new_id(), now).await?;
    let members = checked(input.members)?;
    let passwords = first_passwords(&members)?;
    let members: Vec<tenants::NewMember> = members.into_iter().map(|member| new_member(&app, member)).collect();
    tenants::upsert_members(&tx, &members, now).await?;
    sign_in::set_first_passwords(&tx, &passwords, now).await?;
    for key in input.api_keys {
        let key = tenants::NewApiKey {
            id: ApiKeyId(app.new_id()),
            hash: token_hash(&key.key),
            source: key.source,
            name: key.name,
            scopes: key.scopes,
            requests_per_minute: key.requests_per_minute,
        };
        tenants::upsert_api_key(&tx, &key, now).await?;
    }
    for source in input.webhook_sources {
        let context = shared::flows::deliveries::secret_context(id, &source.source);
        let sealed = source.secret.map(|secret| app.sealer()?.seal(&context, &secret)).transpose()?;
        let hash = token_hash(&source.token);
        tenants::upsert_webhook_source(&tx, app.new_id(), &source.source, &hash, sealed.as_deref(), now).await?;
    }
    for (name, settings) in input.integrations {
        let (settings, secret) = shared::integrations::split_secrets(settings);
        let context = shared::integrations::secret_context(id, &name);
        let sealed = secret.map(|secret| app.sealer()?.seal(&context, &json!(secret).to_string())).transpose()?;
        tenants::upsert_integration(&tx, &name, &settings, sealed.as_deref(), now).await?;
    }
    let version = match new {
        true => rules::publish(&tx, "tenant-create", now).await?,
        false => tx.rule_set_version(),
    };
    app.commit(&tx).await?;
    Ok(Output { tenant_id: id, rule_set_version: version })
}

/// E-mail addresses in normal form, as signing in looks for them, and passwords as the console would take them.
fn checked(mut members: Vec<NewTenantMember>) -> Result<Vec<NewTenantMember>, Failure> {
    for (position, member) in members.iter_mut().enumerate() {
        let bad = |field: &str, code: &'static str, detail: String| {
            Failure::invalid(format!("/members/{position}/{field}"), code, detail)
        };
        member.email =
            normalize_email(&member.email).map_err(|fault| bad("email", "bad_identifier", fault.to_string()))?;
        if member.slack_user_id.as_deref().is_some_and(|id| !slack::is_member_id(id)) {
            return Err(bad("slack_user_id", "bad_identifier", slack::NO_MEMBER_ID.to_owned()));
        }
        let fault = member.password.as_deref().and_then(|password| domain::passwords::fault(password, &member.email));
        if let Some((code, detail)) = fault {
            return Err(bad("password", code, detail));
        }
    }
    Ok(members)
}

fn first_passwords(members: &[NewTenantMember]) -> Result<Vec<(String, String)>, Failure> {
    let given = members.iter().filter_map(|member| Some((member, member.password.as_deref()?)));
    given.map(|(member, password)| Ok((member.email.clone(), passwords::hash(password)?))).collect()
}

fn new_member(app: &App, member: NewTenantMember) -> tenants::NewMember {
    tenants::NewMember {
        id: MemberId(app.new_id()),
        email: member.email,
        name: member.name,
        role: member.role,
        capacity: member.capacity,
        slack_user_id: member.slack_user_id,
        lead_of_team: member.lead_of_team,
        pipelines: member.pipelines,
    }
}
