//! Forms and page trackers.

use super::*;

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn posted(headers: &[(&str, &str)], body: &str) -> Result<Vec<Value>, Unknown> {
    understood(translate(&delivery(Via::Website, "website", headers, body)))
}

#[track_caller]
fn one(headers: &[(&str, &str)], body: &str) -> Value {
    let events = posted(headers, body).unwrap();
    assert_eq!(events.len(), 1);
    let receipt = domain::Arrival {
        id: EventId(Uuid::from_u128(1)),
        received_at: now(),
        source: Some("website"),
        default_country: Country::default(),
    };
    domain::validate(&events[0], "", &receipt).unwrap();
    events.into_iter().next().unwrap()
}

#[test]
fn a_german_form() {
    let body = "Vorname=Erika&Nachname=Mustermann&E-Mail=Erika%40Beispiel.de&Firma=Labor+GmbH&Telefon=030+901820\
        &Nachricht=Wir+m%C3%B6chten+eine+Vorf%C3%BChrung.&Datenschutz=ja&Newsletter=&_gotcha=&utm_campaign=herbst&Gr%C3%B6%C3%9Fe=5";
    let event = one(&[FORM[0], ("referer", "https://labor.example/kontakt?x=1")], body);
    assert_eq!(
        event,
        json!({
            "event_type": "form_submitted",
            "source": "website",
            "lead_identifier": {"email": "erika@beispiel.de"},
            "lead": {
                "first_name": "Erika", "last_name": "Mustermann", "company": "Labor GmbH", "phone": "030 901820",
                "email": "Erika@Beispiel.de",
            },
            "campaign": {"utm_campaign": "herbst"},
            "metadata": {
                "message": "Wir möchten eine Vorführung.", "groesse": "5", "page_url": "https://labor.example/kontakt?x=1",
                "page_path": "/kontakt", "consent": {"datenschutz": "ja", "newsletter": ""},
            },
        })
    );
}

#[test]
fn a_page_says_what_a_page_can_know() {
    let visit = json!({"event_type": "page_visited", "lead_identifier": {"anonymous_id": "c-1"}});
    let won = json!({"event_type": "deal_won", "lead_identifier": {"email": "a@b.de"}});
    let named =
        json!({"event_type": "page_visited", "lead_identifier": {"lead_id": "0197f5a8-0000-7000-8000-000000000001"}});
    let body = format!(r#"[{visit},{won},{{"event_type":"page_visited","metadata":{{"n":1e400}}}},{named},7]"#);
    let pieces = translate(&delivery(Via::Website, "website", JSON, &body)).unwrap();
    assert_eq!(pieces[1].body, won.to_string());
    let reasons: Vec<_> = events(pieces).into_iter().map(|event| event.err()).collect();
    let expected = [None, Some("event_type_not_allowed"), Some("malformed"), Some("identifier_not_allowed"), None];
    assert_eq!(reasons, expected, "the good ones are taken");

    let event = one(
        JSON,
        &json!({
            "event_type": "page_visited", "lead_identifier": {"email": "a@b.de", "external_id": "7", "lead_id": "x"},
            "lead": {"company": "Labor", "colour": "red", "size": 5}, "metadata": {"page_path": "/"},
        })
        .to_string(),
    );
    assert_eq!(event["lead_identifier"], json!({"email": "a@b.de"}));
    assert_eq!(event["lead"], json!({"company": "Labor"}), "no fields of the tenant's own by a public token");
    let kept = json!({"page_path": "/", "ignored_external_id": "7", "ignored_lead_id": "x", "lead": {"colour": "red", "size": 5}});
    assert_eq!(event["metadata"], kept);
}

#[test]
fn a_page_speaks_of_one_visitor() {
    let visit = |who: Value| json!({"event_type": "page_visited", "lead_identifier": who});
    let body = json!([
        visit(json!({"anonymous_id": "c-1"})),
        visit(json!({"anonymous_id": "c-1", "email": "Ada@b.de"})),
        visit(json!({"email": "ada@b.de"})),
        visit(json!({"anonymous_id": "c-2"})),
        visit(json!({"email": "bob@b.de", "anonymous_id": "c-1"})),
        visit(json!({"phone": "030 901820", "email": null})),
        json!({"event_type": "page_visited", "lead_identifier": {"anonymous_id": "c-1"}, "lead": {"email": "bob@b.de"}}),
    ]);
    let pieces = translate(&delivery(Via::Website, "website", JSON, &body.to_string())).unwrap();
    let reasons: Vec<_> = events(pieces).into_iter().map(|event| event.err()).collect();
    assert_eq!(
        reasons,
        [None, None, None, Some("several_people"), Some("several_people"), None, Some("several_people")]
    );
}

#[test]
fn no_field_of_a_form_is_lost() {
    let body = "email=a%40b.de&interessen[]=Labor&interessen[]=Studie&einwilligung[]=newsletter&einwilligung[]=telefon\
        &nachricht=Erste+Frage&kommentar=Zweite+Angabe&telefon=030+901820&mobil=0170+1234567&name=Anna+Muster&ansprechpartner=Bernd+Chef";
    let event = one(FORM, body);
    let metadata = &event["metadata"];
    assert_eq!(metadata["interessen"], json!(["Labor", "Studie"]));
    assert_eq!(metadata["consent"], json!({"einwilligung": ["newsletter", "telefon"]}), "consents word for word");
    assert_eq!((&metadata["message"], &metadata["kommentar"]), (&json!("Erste Frage"), &json!("Zweite Angabe")));
    assert_eq!((&event["lead"]["phone"], &metadata["mobil"]), (&json!("030 901820"), &json!("0170 1234567")));
    assert_eq!((&event["lead"]["last_name"], &metadata["ansprechpartner"]), (&json!("Muster"), &json!("Bernd Chef")));

    let body = "email=a%40b.de&visitor_id=c-1&cookie_id=c-2&utm_source=google&utm_source=bing&entry_id=1&submission_id=2\
        &event_type=demo_requested&event_type=page_visited&%E2%9C%93=ja&%E2%99%A5=nein&Frage+1=a&frage_1=b";
    let event = one(FORM, body);
    let kept = json!({"cookie_id": "c-2", "utm_source": "bing", "submission_id": "2", "event_type": "page_visited",
                      "✓": "ja", "♥": "nein", "frage_1": ["a", "b"]});
    assert_eq!(event["metadata"], kept);
    assert_eq!((&event["event_type"], &event["external_id"]), (&json!("demo_requested"), &json!("1")));
    assert_eq!(
        (&event["lead_identifier"]["anonymous_id"], &event["campaign"]["utm_source"]),
        (&json!("c-1"), &json!("google"))
    );
}

#[test]
fn visitors_of_forms_are_told_apart_by_all_their_digits() {
    let visitor = |id: &str| {
        let form = format!(r#"{{"email":"a@b.de","client_id":{id}}}"#);
        one(JSON, &form)["lead_identifier"]["anonymous_id"].clone()
    };
    assert_eq!(visitor("1234567890.1699999998"), "1234567890.1699999998");
    assert_eq!(visitor("1234567890.1699999999"), "1234567890.1699999999");
}

#[test]
fn old_pages_write_windows_1252() {
    let event = one(FORM, "email=a%40b.de&nachricht=100+%80+%84Test%93+f%FCr+Sie");
    assert_eq!(event["metadata"]["message"], "100 € „Test“ für Sie");
}

#[test]
fn entries_are_counted_by_form() {
    let id = |form: &str| one(FORM, &format!("form_name={form}&entry_id=1&email=a%40b.de"))["external_id"].clone();
    assert_eq!((id("Kontakt"), id("Demo")), (json!("Kontakt/1"), json!("Demo/1")));
    assert_eq!(one(FORM, "entry_id=1&email=a%40b.de")["external_id"], "1");
    assert_eq!(one(FORM, "form_id=12&form_name=Kontakt&entry_id=1&email=a%40b.de")["external_id"], "12/Kontakt/1");
    assert_eq!(one(JSON, r#"{"form_id":12,"entry_id":1,"email":"a@b.de"}"#)["external_id"], "12/1");
}

#[test]
fn field_names_of_builders() {
    for (name, field) in [
        ("your-email", "email"),
        ("form_fields[email]", "email"),
        ("data[Contact][E-Mail]", "email"),
        ("E-Mail-Adresse*", "email"),
        ("fields[email][]", "email"),
        ("Firmenname", "company"),
        ("Ihre Position", "job_title"),
        ("Handy-Nummer", "handy_nummer"),
        ("Handynummer", "phone"),
        ("LinkedIn-Profil", "linkedin_url"),
        ("Land", "country"),
    ] {
        let value = match field {
            "email" => "a@b.de",
            "linkedin_url" => "https://linkedin.com/in/a",
            _ => "value",
        };
        let body = json!({name: value, "visitor_id": "c-1"}).to_string();
        let event = one(JSON, &body);
        let found = event["lead"].get(field).or(event["metadata"].get(field));
        assert_eq!(found, Some(&json!(value)), "{name}: {event}");
    }
}

#[test]
fn names_in_one_field() {
    for (name, first, last) in [
        ("Erika Mustermann", Some("Erika"), "Mustermann"),
        ("Frau Dr. Erika von Mustermann", Some("Erika"), "von Mustermann"),
        ("Mustermann, Erika", Some("Erika"), "Mustermann"),
        ("Mustermann", None, "Mustermann"),
        ("Herr", None, "Herr"),
        ("Prof. Dr. med. Max Muster", Some("Max"), "Muster"),
        ("Dr. Erika Mustermann, M.Sc.", Some("Erika"), "Mustermann"),
        ("Erika Mustermann, MBA", Some("Erika"), "Mustermann"),
        ("Müller, Hans, Dr.", Some("Hans"), "Müller"),
        ("Müller, Dr. Hans", Some("Hans"), "Müller"),
        ("Li, Ma", Some("Ma"), "Li"),
        ("Erika Mustermann (geb. Schmidt)", Some("Erika"), "Mustermann"),
        ("Anna Maria von der Heide", Some("Anna Maria"), "von der Heide"),
        ("Anna Schmidt von", Some("Anna"), "Schmidt von"),
        ("Nguyen Van An", Some("Nguyen"), "Van An"),
        ("von der Heide", None, "von der Heide"),
        (",", None, ","),
    ] {
        let event = one(JSON, &json!({"name": name, "email": "a@b.de"}).to_string());
        assert_eq!(event["lead"].get("first_name").and_then(Value::as_str), first, "{name}");
        assert_eq!(event["lead"]["last_name"], last, "{name}");
    }
}

#[test]
fn a_name_beside_fields_for_its_parts() {
    let lead = |body: Value| one(JSON, &body.to_string());
    for (name, last) in
        [("von der Heide", "von der Heide"), ("Frau Anna Schmidt", "Schmidt"), ("Schmidt, Anna", "Schmidt")]
    {
        let event = lead(json!({"vorname": "Anna", "name": name, "email": "a@b.de"}));
        assert_eq!(event["lead"]["first_name"], "Anna", "{name}");
        assert_eq!(event["lead"]["last_name"], last, "{name}");
    }
    let event = lead(json!({"vorname": "Anna", "nachname": "Schmidt", "name": "Labor Nord", "email": "a@b.de"}));
    assert_eq!((&event["lead"]["last_name"], &event["metadata"]["name"]), (&json!("Schmidt"), &json!("Labor Nord")));
}

#[test]
fn json_of_builders() {
    for body in [
        json!({"fields": {"email": {"id": "email", "value": "a@b.de"}, "firma": {"value": "Labor"}}}),
        json!({"fields": [{"name": "email", "value": "a@b.de"}, {"label": "Firma", "value": "Labor"}]}),
        json!({"data": {"email": "a@b.de", "company": "Labor"}}),
    ] {
        assert_eq!(one(JSON, &body.to_string())["lead"]["company"], "Labor", "{body}");
    }
}

#[test]
fn latin_1_of_old_pages() {
    let event = one(FORM, "email=a%40b.de&nachricht=Gr%FC%DFe&x=100%&y=%zz");
    assert_eq!(event["metadata"]["message"], "Grüße");
    assert_eq!((&event["metadata"]["x"], &event["metadata"]["y"]), (&json!("100%"), &json!("%zz")));
}

#[test]
fn a_filled_trap_is_spam() {
    for name in ["_gotcha", "honeypot", "bot-field", "wpforms[hp]"] {
        assert_eq!(
            posted(JSON, &json!({"email": "a@b.de", name: "x"}).to_string()).unwrap_err().reason,
            "spam",
            "{name}"
        );
    }
}

#[test]
fn a_person_may_let_a_filled_trap_pass() {
    let event = one(&[FORM[0], (RELEASED, "")], "email=a%40b.de&hp=www.firma.example");
    assert_eq!(event["lead_identifier"]["email"], "a@b.de");
    assert_eq!(event["metadata"]["hp"], "www.firma.example");
}

#[test]
fn who_it_was() {
    assert_eq!(posted(FORM, "nachricht=Hallo").unwrap_err().reason, "no_identifier");
    assert_eq!(posted(FORM, "").unwrap_err().reason, "no_identifier");
    assert_eq!(posted(FORM, "email=nonsense").unwrap_err().reason, "no_identifier");
    let event = one(FORM, "email=nonsense&telefon=0301234567");
    assert_eq!(event["lead_identifier"], json!({"phone": "0301234567"}));
    assert_eq!(event["metadata"]["unreadable_email"], "nonsense");
    let event = one(FORM, "telefon=abends+anrufen&visitor_id=c-1");
    assert_eq!(
        (&event["lead_identifier"], &event["lead"]["phone"]),
        (&json!({"anonymous_id": "c-1"}), &json!("abends anrufen"))
    );
}

#[test]
fn hidden_fields() {
    let event =
        one(FORM, "email=a%40b.de&event_type=demo_requested&submission_id=77&submitted_at=2026-11-20T15:00:00Z");
    assert_eq!(
        (&event["event_type"], &event["external_id"], &event["occurred_at"]),
        (&json!("demo_requested"), &json!("77"), &json!("2026-11-20T15:00:00Z"))
    );
    // What a public form may not say stays as it was written, and so does a moment that cannot be.
    let event = one(FORM, "email=a%40b.de&event_type=deal_won&timestamp=1.12.2026");
    assert_eq!(event["event_type"], "form_submitted");
    assert_eq!(event["metadata"]["event_type"], "deal_won");
    assert_eq!(event["metadata"]["timestamp"], "1.12.2026");
    let event = one(FORM, "email=a%40b.de&submitted_at=2036-01-01T00:00:00Z");
    assert!(event.get("occurred_at").is_none());
}

#[test]
fn page_trackers_speak_our_shape() {
    let visit = json!({"event_type": "page_visited", "lead_identifier": {"anonymous_id": "c-1"}, "metadata": {"page_path": "/"}});
    assert_eq!(posted(JSON, &json!([visit, visit]).to_string()).unwrap().len(), 2);
    assert_eq!(one(JSON, &visit.to_string())["source"], "website");
    let won = json!({"event_type": "deal_won", "lead_identifier": {"email": "a@b.de"}});
    assert_eq!(posted(JSON, &won.to_string()).unwrap_err().reason, "event_type_not_allowed");
}

#[test]
fn unknown_bodies() {
    assert_eq!(
        posted(&[("content-type", "multipart/form-data; boundary=x")], "--x").unwrap_err().reason,
        "unsupported_content_type"
    );
    assert_eq!(posted(JSON, "7").unwrap_err().reason, "unknown_shape");
    assert_eq!(posted(JSON, "{").unwrap_err().reason, "malformed");
    // Without a content type a form is still recognised.
    assert_eq!(one(&[], "email=a%40b.de")["lead_identifier"]["email"], "a@b.de");
}

proptest! {
    /// Whatever a form has in it: with a good address it becomes an event of that person, unless it is spam.
    #[test]
    fn odd_forms(fields in proptest::collection::vec(("\\PC{0,15}", "\\PC{0,40}"), 0..10)) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("email", "erika@beispiel.de");
        for (name, value) in &fields {
            form.append_pair(name, value);
        }
        match posted(FORM, &form.finish()) {
            Ok(events) => prop_assert_eq!(&events[0]["lead_identifier"]["email"], "erika@beispiel.de"),
            Err(unknown) => prop_assert_eq!(unknown.reason, "spam"),
        }
    }

    /// Our decoder agrees with the standard one on everything a browser sends.
    #[test]
    fn forms_decode_as_browsers_encode(fields in proptest::collection::vec(("\\PC{1,15}", "\\PC{0,40}"), 1..10)) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&fields);
        let expected: Vec<(String, Value)> = fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        prop_assert_eq!(super::super::website::form_pairs(&form.finish()), expected);
    }
}
