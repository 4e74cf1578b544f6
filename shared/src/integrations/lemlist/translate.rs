//! lemlist's activities. One real action may come as two activities (`emailsReplied` and the aggregate `warmed`): only the first
//! becomes one of our event types, the others are kept under their own names and score nothing by default.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::integrations::Unknown;

/// What the activity is to us.
enum Meaning {
    /// One of our event types.
    Event(&'static str),
    /// About a person, without a type of ours: stored as `lemlist_<its name>`.
    Kept,
    /// About lemlist itself (a paused campaign, a full mailbox): nothing that a person did.
    Workspace,
}

fn meaning(kind: &str) -> Option<Meaning> {
    Some(match kind {
        "emailsSent" => Meaning::Event("email_sent"),
        "emailsOpened" => Meaning::Event("email_opened"),
        "emailsClicked" => Meaning::Event("email_clicked"),
        "emailsReplied" => Meaning::Event("email_replied"),
        "emailsBounced" => Meaning::Event("email_bounced"),
        "emailsUnsubscribed" => Meaning::Event("email_unsubscribed"),
        "linkedinInviteAccepted" => Meaning::Event("linkedin_connected"),
        "linkedinSent" => Meaning::Event("linkedin_message_sent"),
        "linkedinReplied" => Meaning::Event("linkedin_message_replied"),
        "contacted"
        | "hooked"
        | "attracted"
        | "warmed"
        | "interested"
        | "notInterested"
        | "skipped"
        | "annotated"
        | "opportunitiesDone"
        | "emailsFailed"
        | "emailsSendFailed"
        | "emailsInterested"
        | "emailsNotInterested"
        | "manualInterested"
        | "manualNotInterested"
        | "enrichmentDone"
        | "enrichmentError"
        | "inboxLabelUpdated"
        | "signalRegistered" => Meaning::Kept,
        "paused"
        | "resumed"
        | "stopped"
        | "campaignComplete"
        | "customDomainErrors"
        | "connectionIssue"
        | "sendLimitReached"
        | "lemwarmPaused"
        | "deliverabilityAlertTriggered" => Meaning::Workspace,
        family
            if family.len() <= 50
                && family.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && ["linkedin", "whatsapp", "sms", "aircall", "call", "api"].iter().any(|channel| {
                    family.strip_prefix(channel).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
                }) =>
        {
            Meaning::Kept
        }
        _ => return None,
    })
}

/// The event of an activity; none for one about the workspace.
///
/// # Errors
/// When the body is no activity, its type is not known, or it says nothing about who did it.
pub fn translate(source: &str, body: &str) -> Result<Vec<Value>, Unknown> {
    let parsed: Value = serde_json::from_str(body)
        .map_err(|error| Unknown::new("malformed", format!("The body is not JSON: {error}.")))?;
    let Value::Object(activity) = parsed else {
        return Err(Unknown::new("unknown_shape", "The body is not one activity object."));
    };
    let text = |name: &str| activity.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let (Some(id), Some(kind)) = (text("_id"), text("type")) else {
        return Err(Unknown::new("unknown_shape", "An activity has `_id` and `type`; this body lacks one of them."));
    };
    let event_type = match meaning(kind) {
        Some(Meaning::Event(event_type)) => event_type.to_owned(),
        Some(Meaning::Kept) => format!("lemlist_{}", snake_case(kind)),
        Some(Meaning::Workspace) => return Ok(Vec::new()),
        None => {
            return Err(Unknown::new(
                "unknown_type",
                format!("Activities of the type `{}` are not known.", short(kind)),
            ));
        }
    };

    // What cannot be read beside something that can is put aside where every event is validated.
    let identifier: Map<String, Value> = [
        ("email", text("leadEmail").or(text("email"))),
        ("linkedin_url", ["leadLinkedinUrl", "linkedinUrl"].into_iter().find_map(text)),
        ("lemlist_id", text("leadId")),
    ]
    .into_iter()
    .filter_map(|(ours, theirs)| Some((ours.to_owned(), Value::from(theirs?))))
    .collect();
    if identifier.is_empty() {
        return Err(Unknown::new(
            "no_identifier",
            "The activity names neither an e-mail address, a LinkedIn profile nor a lead.",
        ));
    }

    let profile: Map<String, Value> = [
        ("leadFirstName", "first_name"),
        ("leadLastName", "last_name"),
        ("leadCompanyName", "company"),
        ("leadJobTitle", "job_title"),
        ("leadPhone", "phone"),
    ]
    .into_iter()
    .filter_map(|(theirs, ours)| Some((ours.to_owned(), Value::from(text(theirs)?))))
    .collect();

    let mut event = json!({
        "event_type": event_type,
        "source": source,
        "external_id": id,
        "lead_identifier": identifier,
        "lead": profile,
        "metadata": metadata(&activity),
    });
    if let Some(created_at) = activity.get("createdAt").filter(|value| !value.is_null()) {
        match moment(created_at) {
            Some(at) => event["occurred_at"] = at,
            None => event["metadata"]["created_at"] = created_at.clone(),
        }
    }
    if let Some(campaign) = text("campaignName") {
        event["campaign"] = campaign.into();
    }
    Ok(vec![event])
}

/// When it happened: as text, which validation reads, or in milliseconds since 1970.
fn moment(created_at: &Value) -> Option<Value> {
    match created_at {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().into()),
        Value::Number(number) => {
            let at = Timestamp::from_millisecond(number.as_i64()?).ok()?;
            Some(at.to_string().into())
        }
        _ => None,
    }
}

/// Everything that has no place of its own, under names in our spelling. What a future release of theirs adds is kept too.
fn metadata(activity: &Map<String, Value>) -> Map<String, Value> {
    let placed = [
        "_id",
        "createdAt",
        "secret",
        "campaignName",
        "leadEmail",
        "leadId",
        "leadFirstName",
        "leadLastName",
        "leadCompanyName",
        "leadJobTitle",
        "leadPhone",
        "leadLinkedinUrl",
        "linkedinUrl",
    ];
    activity
        .iter()
        .filter(|(name, value)| {
            // What is no text has found no place.
            let is_text = value.is_string() || value.is_null();
            let is_taken =
                matches!(name.as_str(), "secret" | "createdAt") || is_text && placed.contains(&name.as_str());
            !is_taken
        })
        .map(|(name, value)| {
            let name = if name == "type" { "activity".to_owned() } else { snake_case(name) };
            (name, value.clone())
        })
        .collect()
}

fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            if !out.is_empty() {
                out.push('_');
            }
            out.push(character.to_ascii_lowercase());
        } else {
            out.push(character);
        }
    }
    out
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
