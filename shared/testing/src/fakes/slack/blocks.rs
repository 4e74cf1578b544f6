//! The limits of Block Kit and of a message's text.

use std::collections::BTreeSet;

use serde_json::Value;

/// Why a message is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Slack's error code.
    pub(super) code: &'static str,
    /// What exactly, for the developer.
    pub(super) detail: String,
}

type Verdict = Result<(), Problem>;

fn refuse(code: &'static str, detail: impl Into<String>) -> Verdict {
    Err(Problem { code, detail: detail.into() })
}

fn invalid(detail: impl Into<String>) -> Verdict {
    refuse("invalid_blocks", detail)
}

/// Checks a whole message.
pub(super) fn check(message: &Value) -> Verdict {
    if !message.is_object() {
        return refuse("invalid_payload", "a message is a JSON object");
    }
    let text = message["text"].as_str().unwrap_or_default();
    if text.trim().is_empty() {
        // Slack takes blocks alone; people with notifications or screen readers then get nothing.
        return refuse("no_text", "`text` is needed, also beside `blocks`");
    }
    if text.chars().count() > 40_000 {
        return refuse("msg_too_long", "`text` is cut off above 40000 characters");
    }
    if message["attachments"].as_array().is_some_and(|attachments| attachments.len() > 100) {
        return refuse("too_many_attachments", "at most 100 attachments");
    }
    let blocks = match message.get("blocks") {
        None => return Ok(()),
        Some(Value::Array(blocks)) => blocks,
        Some(_) => return refuse("invalid_blocks_format", "`blocks` is a list"),
    };
    if blocks.len() > 50 {
        return invalid(format!("{} blocks; Slack takes 50", blocks.len()));
    }
    let mut ids = BTreeSet::new();
    for block in blocks {
        if let Some(id) = block["block_id"].as_str()
            && (id.chars().count() > 255 || !ids.insert(id))
        {
            return invalid(format!("block_id {id} is too long or stands twice"));
        }
        check_block(block)?;
    }
    Ok(())
}

fn check_block(block: &Value) -> Verdict {
    match block["type"].as_str().unwrap_or_default() {
        "header" => {
            if block["text"]["type"] != "plain_text" {
                return invalid("a header's text is plain_text");
            }
            check_text(&block["text"], 150, "header")
        }
        "section" => {
            let fields = block["fields"].as_array();
            if block.get("text").is_none() && fields.is_none() {
                return invalid("a section needs text or fields");
            }
            if block.get("text").is_some() {
                check_text(&block["text"], 3000, "section")?;
            }
            check_list(fields.map(Vec::as_slice).unwrap_or_default(), 10, "fields", |field| {
                check_text(field, 2000, "field")
            })
        }
        "context" => {
            let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
            if elements.is_empty() {
                return invalid("a context needs elements");
            }
            check_list(elements, 10, "context elements", |element| match element["type"].as_str() {
                Some("image") => Ok(()),
                _ => check_text(element, 3000, "context element"),
            })
        }
        "actions" => {
            let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
            if elements.is_empty() {
                return invalid("actions need elements");
            }
            check_list(elements, 25, "actions", check_button)
        }
        "divider" => Ok(()),
        "image" => match (block["image_url"].as_str(), block["alt_text"].as_str()) {
            (Some(_), Some(_)) => Ok(()),
            _ => invalid("an image needs image_url and alt_text"),
        },
        other => invalid(format!("the block type `{other}` is not known")),
    }
}

fn check_button(element: &Value) -> Verdict {
    if element["type"] != "button" {
        return Ok(());
    }
    if element["text"]["type"] != "plain_text" {
        return invalid("a button's text is plain_text");
    }
    check_text(&element["text"], 75, "button")?;
    for (field, most) in [("url", 3000), ("action_id", 255), ("value", 2000)] {
        if element[field].as_str().is_some_and(|text| text.chars().count() > most) {
            return invalid(format!("a button's {field} has at most {most} characters"));
        }
    }
    Ok(())
}

fn check_list(items: &[Value], most: usize, what: &str, check: impl Fn(&Value) -> Verdict) -> Verdict {
    if items.len() > most {
        return invalid(format!("{} {what}; Slack takes {most}", items.len()));
    }
    items.iter().try_for_each(check)
}

fn check_text(text: &Value, most: usize, what: &str) -> Verdict {
    if !matches!(text["type"].as_str(), Some("plain_text" | "mrkdwn")) {
        return invalid(format!("the text of a {what} is plain_text or mrkdwn"));
    }
    match text["text"].as_str().map(|text| text.chars().count()) {
        None | Some(0) => invalid(format!("the text of a {what} is empty")),
        Some(length) if length > most => {
            invalid(format!("the text of a {what} has {length} characters; Slack takes {most}"))
        }
        Some(_) => Ok(()),
    }
}
