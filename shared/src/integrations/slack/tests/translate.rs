use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::translate::{
    Language, LeadFacts, Person, TaskFacts, due_text, hot_lead_alert, lead_routed, no_owner, routing_conflict, safe,
    target, task_due,
};
use crate::domain::intent::Confidence;
use crate::domain::scoring::Tier;

const LANGUAGES: [Language; 2] = [Language::German, Language::English];

fn erika() -> LeadFacts<'static> {
    LeadFacts {
        name: "Erika Beispiel",
        company: Some("Muster & Söhne GmbH"),
        score: 72,
        tier: Tier::Hot,
        intent: Some("research"),
        confidence: Some(Confidence::from_tenths(625)),
        url: Some("https://crm.example/leads/42"),
    }
}

#[test]
fn a_routed_lead_in_german() {
    let sam = Person { name: "Sam", slack_id: Some("U012AB3CD") };
    let message = lead_routed(Language::German, &erika(), "Forschung", Some(sam), "Der Lead hat 72 Punkte.");
    let expected = json!({
        "channel": "#lead-routing",
        "text": "Lead zugeordnet: Erika Beispiel – Muster &amp; Söhne GmbH → Forschung",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Lead zugeordnet"}},
            {"type": "section", "text": {
                "type": "mrkdwn", "text": "*<https://crm.example/leads/42|Erika Beispiel>* – Muster &amp; Söhne GmbH",
                "verbatim": true,
            }},
            {"type": "section", "fields": [
                {"type": "mrkdwn", "text": "*Pipeline*\nForschung", "verbatim": true},
                {"type": "mrkdwn", "text": "*Verantwortlich*\n<@U012AB3CD>", "verbatim": true},
                {"type": "mrkdwn", "text": "*Bewertung*\n72 Punkte · heiß", "verbatim": true},
                {"type": "mrkdwn", "text": "*Interesse*\nForschung (62,5\u{a0}%)", "verbatim": true},
            ]},
            {"type": "section", "text": {"type": "mrkdwn", "text": "Der Lead hat 72 Punkte.", "verbatim": true}},
        ],
    });
    assert_eq!(message, expected);
}

#[test]
fn english_tenants_read_english() {
    let text =
        hot_lead_alert(Language::English, &LeadFacts { tier: Tier::VeryHot, score: 1, ..erika() }, None).to_string();
    assert!(
        text.contains("Very hot lead") && text.contains("1 point · very hot") && text.contains("Research (62.5"),
        "{text}"
    );
    assert_eq!(Language::of("en"), Language::English);
    assert_eq!(Language::of("de"), Language::German);
}

#[test]
fn a_task_goes_to_its_owner_or_to_the_tasks_channel() {
    let at = |slack_id| {
        let owner = Some(Person { name: "Sam", slack_id });
        target(&task_due(
            Language::German,
            &TaskFacts { title: "Anrufen", due: "23.11.2026, 09:00 Uhr", owner, lead: None, url: None },
        ))
    };
    assert_eq!(at(Some("U012AB3CD")), "U012AB3CD");
    assert_eq!(at(None), "#tasks");
    assert_eq!(at(Some("#general")), "#tasks", "only a person's id is a place for reminders");
    assert_eq!(at(Some("U1> <!channel")), "#tasks");
}

#[test]
fn due_times_read_as_people_write_them() {
    let due = date(2026, 11, 3).at(9, 0, 0, 0).in_tz("Europe/Berlin").unwrap();
    assert_eq!(due_text(Language::German, &due), "03.11.2026, 09:00 Uhr");
    assert_eq!(due_text(Language::English, &due), "3 Nov 2026, 09:00");
}

#[test]
fn markup_in_names_has_no_power() {
    let evil = LeadFacts {
        name: "<!channel> & <@U012AB3CD>\n*<https://evil.example|click>",
        company: Some("a|b>c"),
        url: Some("https://crm.example/leads/4|2>3 4"),
        ..erika()
    };
    let message = routing_conflict(Language::German, &evil, "<!here>");
    let markup = message["blocks"][1]["text"]["text"].as_str().unwrap();
    assert_eq!(
        markup,
        "*<https://crm.example/leads/4%7C2%3E3%204|&lt;!channel&gt; &amp; &lt;@U012AB3CD&gt; \
         *&lt;https://evil.example|click&gt;>* – a|b&gt;c"
    );
    assert!(!message.to_string().contains("<!"), "{message}");
}

/// Every piece of markup of a message, and its notification.
fn texts(message: &Value) -> Vec<&Value> {
    let sections = message["blocks"].as_array().unwrap().iter().filter(|block| block["type"] == "section");
    sections.flat_map(|block| block["fields"].as_array().into_iter().flatten().chain(block.get("text"))).collect()
}

#[test]
fn what_strangers_type_makes_no_links_and_calls_nobody() {
    let evil = LeadFacts {
        name: "https://evil.example @here #general",
        company: Some("Kolleg*innen http://evil.example GmbH"),
        ..erika()
    };
    let task = TaskFacts { title: "@everyone", due: "heute", owner: None, lead: Some("#general"), url: None };
    let sam = Person { name: "@channel", slack_id: None };
    for message in [
        hot_lead_alert(Language::German, &evil, Some(sam)),
        lead_routed(Language::German, &evil, "#b2b", Some(sam), "http://evil.example"),
        routing_conflict(Language::German, &evil, "@here"),
        no_owner(Language::German, &evil, "#b2b", "@here"),
        task_due(Language::German, &task),
    ] {
        for text in texts(&message) {
            assert!(text["type"] == "plain_text" || text["verbatim"] == true, "Slack would find links in {text}");
        }
    }
}

#[test]
fn nothing_turns_the_direction_of_a_message() {
    let evil = "Erika\u{202E}gpj.exe\u{202C} \u{2066}x\u{2069}\u{200F}\u{61C}";
    let lead = LeadFacts { name: evil, company: Some(evil), ..erika() };
    let task = TaskFacts { title: evil, due: evil, owner: None, lead: Some(evil), url: None };
    for message in [lead_routed(Language::German, &lead, evil, None, evil), task_due(Language::German, &task)] {
        let text = message.to_string();
        assert!(text.contains("Erikagpj.exe x"), "{text}");
        let turns = |c: char| {
            "\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}\u{200E}\u{200F}\u{61C}"
                .contains(c)
        };
        assert!(!text.contains(turns), "{text}");
    }
}

#[test]
fn nameless_leads_still_have_a_text() {
    for name in ["", "  ", "\u{0}\n"] {
        let message = hot_lead_alert(Language::German, &LeadFacts { name, company: Some(" "), ..erika() }, None);
        assert!(message["text"].as_str().unwrap().contains("Unbekannt"), "{message}");
    }
}

#[test]
fn text_is_cut_between_characters_and_never_inside_an_entity() {
    assert_eq!(safe("abcdef", 6), "abcdef");
    assert_eq!(safe("abcdefg", 6), "abcde…");
    assert_eq!(safe("<<<", 12), "&lt;&lt;&lt;");
    assert_eq!(safe("<<<", 11), "&lt;&lt;…");
    assert_eq!(safe("😀😀😀", 5), "😀😀…");
    assert_eq!(safe("a \n\t b", 10), "a b");
}

/// Slack's limits, as the reference sheet has them.
fn check(message: &Value) {
    let units = |text: &Value| text.as_str().unwrap().encode_utf16().count();
    let text = units(&message["text"]);
    assert!((1..=4000).contains(&text), "the text has {text}");
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    for block in blocks {
        let limit = if block["type"] == "header" { 150 } else { 3000 };
        if let Some(text) = block.get("text") {
            let length = units(&text["text"]);
            assert!((1..=limit).contains(&length), "{length} in {block}");
        }
        let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(fields.len() <= 10);
        for field in fields {
            let length = units(&field["text"]);
            assert!((1..=2000).contains(&length), "{length} in {field}");
        }
    }
}

proptest! {
    #[test]
    fn every_message_keeps_slacks_limits(
        name in "\\PC{0,400}", company in proptest::option::of("[<&>a😀\\n]{0,4000}"), words in "[<&>a ]{0,5000}",
        url in proptest::option::of("https://[a-z|>&/]{0,1500}"), score in any::<i32>(), slack_id in proptest::option::of("\\PC{0,40}"),
    ) {
        let lead = LeadFacts {
            name: &name, company: company.as_deref(), score, url: url.as_deref(), intent: Some(&words), ..erika()
        };
        let person = Person { name: &name, slack_id: slack_id.as_deref() };
        for language in LANGUAGES {
            check(&hot_lead_alert(language, &lead, Some(person)));
            check(&lead_routed(language, &lead, &words, Some(person), &words));
            check(&routing_conflict(language, &lead, &words));
            check(&no_owner(language, &lead, &words, &words));
            let task = TaskFacts { title: &words, due: &words, owner: Some(person), lead: Some(&name), url: url.as_deref() };
            check(&task_due(language, &task));
        }
    }

    #[test]
    fn safe_text_is_never_longer_than_asked(text in "[<&>a😀 \\n]{0,60}", limit in 1usize..80) {
        let cut = safe(&text, limit);
        prop_assert!(cut.encode_utf16().count() <= limit);
        let unescaped = cut.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "");
        prop_assert!(!unescaped.contains(['<', '>', '&']), "{cut}");
    }
}
