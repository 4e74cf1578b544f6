use serde_json::json;

use super::super::credentials::{Credentials, Unusable};

fn webhook(url: &str) -> Result<String, Unusable> {
    match Credentials::parse(&json!({"webhook_url": url}).to_string())? {
        Credentials::Webhook { origin, path } => Ok(format!("{origin}{path}")),
        Credentials::Bot(_) => panic!("a webhook became a bot"),
    }
}

#[test]
fn slacks_own_hooks_are_taken() {
    for url in ["https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack-gov.com/services/T0/B0/x"] {
        assert_eq!(webhook(url).unwrap(), url);
    }
    assert_eq!(
        webhook("HTTPS://HOOKS.SLACK.COM:443/services/T0/B0/x").unwrap(),
        "https://hooks.slack.com/services/T0/B0/x"
    );
}

#[test]
fn no_other_address_is_ever_called() {
    for url in [
        "http://hooks.slack.com/services/T0/B0/x",
        "https://hooks.slack.com.evil.example/services/T0/B0/x",
        "https://evil.example/services/T0/B0/x",
        "https://evil.example#@hooks.slack.com/services/T0/B0/x",
        "https://hooks.slack.com@evil.example/services/T0/B0/x",
        "https://user@hooks.slack.com/services/T0/B0/x",
        "https://user:secret@hooks.slack.com/services/T0/B0/x",
        "https://hooks.slack.com:8443/services/T0/B0/x",
        "https://hooks.slack.com/services/",
        "https://hooks.slack.com/services/../admin",
        "https://hooks.slack.com/services/%2e%2e/admin",
        "https://hooks.slack.com/commands/T0/B0/x",
        "https://hooks.slack.com/services/T0/B0/x?next=1",
        "https://hooks.slack.com/services/T0/B0/x#a",
        "https://127.0.0.1/services/T0/B0/x",
        "https://[::1]/services/T0/B0/x",
        "https://slack.com/services/T0/B0/x",
        "file:///services/T0/B0/x",
        "",
    ] {
        assert_eq!(webhook(url).err(), Some(Unusable::ForeignWebhook), "{url}");
    }
}

#[test]
fn a_bot_token_is_preferred_and_must_look_like_one() {
    let parse = |secret: serde_json::Value| Credentials::parse(&secret.to_string());
    let both = parse(json!({"webhook_url": "https://hooks.slack.com/services/T0/B0/x", "bot_token": "xoxb-1-a"}));
    assert!(matches!(both, Ok(Credentials::Bot(token)) if token == "xoxb-1-a"));
    for token in ["xoxp-1-a", "", "xoxb-1\r\nHost: evil.example", "xoxb-ä"] {
        assert_eq!(parse(json!({"bot_token": token})).err(), Some(Unusable::BadToken), "{token}");
    }
    assert_eq!(parse(json!({"api_key": "x"})).err(), Some(Unusable::Missing));
    assert_eq!(Credentials::parse("not json").err(), Some(Unusable::Unreadable));
}

#[test]
fn a_webhook_has_one_budget_and_a_bot_one_per_channel() {
    let webhook = Credentials::parse(r#"{"webhook_url":"https://hooks.slack.com/services/T0/B0/x"}"#).unwrap();
    let bot = Credentials::parse(r#"{"bot_token":"xoxb-1"}"#).unwrap();
    let keys = |credentials: &Credentials, channel: &str| {
        credentials.budgets(channel).into_iter().map(|budget| budget.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&webhook, "#a"), keys(&webhook, "#b"));
    assert_ne!(keys(&bot, "#a"), keys(&bot, "#b"));
    for credentials in [&webhook, &bot] {
        assert!(
            keys(credentials, "#a").iter().any(|key| key == credentials.pause_key()),
            "a pause holds everybody back"
        );
    }
}
