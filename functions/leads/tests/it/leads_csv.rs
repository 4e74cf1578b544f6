//! Lists of leads as files: whole, in the caller's language, and nothing in them that a spreadsheet would calculate.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::app::{Response, TestApp};

use crate::support::{create, deal, faults, get, member, standing, tenant_id};

async fn file(app: &TestApp, query: &str) -> Response {
    get(app, &format!("/api/v1/leads?format=csv&{query}")).await.expect(200)
}

fn lines(response: &Response) -> Vec<String> {
    let text = response.text();
    let text = text.strip_prefix('\u{feff}').unwrap_or_else(|| panic!("no mark at the beginning of {text}"));
    text.strip_suffix("\r\n").unwrap().split("\r\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn a_file_says_what_the_list_says() {
    let app = TestApp::new().await;
    let owner = member(&app, app.tenant(), "sam").await;
    let anna = json!({
        "email": "anna@beispiel.de", "first_name": "Anna", "last_name": "Köhler", "company": "=HYPERLINK(\"https://evil.example\")",
        "phone": "+49 30 12345678", "tags": ["vip", "messe"], "owner_id": owner, "source": "website",
    });
    let anna = create(&app, &anna).await;
    standing(&app, &anna, 50, "hot", Some("research"), None).await;
    deal(&app, &anna, "b2b", "open").await;
    create(&app, &json!({"last_name": "Ben; der Zweite", "source": "portal"})).await;

    let german = "language=de&zone=Europe/Berlin&sort=created_at&columns=name,phone,company,tags,status,tier,total_score,primary_intent,owner,pipeline";
    let answer = file(&app, german).await;
    assert_eq!(answer.header("content-type").unwrap(), "text/csv; charset=utf-8; header=present");
    let name = answer.header("content-disposition").unwrap();
    assert!(name.starts_with("attachment; filename=\"leads-20") && name.ends_with(".csv\""), "{name}");
    assert_eq!(
        lines(&answer),
        [
            "Name;Telefon;Firma;Schlagwörter;Status;Temperatur;Punkte;Absicht;Zuständig;Pipeline",
            "Anna Köhler;+493012345678;\"'=HYPERLINK(\"\"https://evil.example\"\")\";\"vip, messe\";Zugeordnet;Heiß;50;Forschung;sam;B2B Lab Enablement",
            "\"Ben; der Zweite\";;;;Neu;Kalt;0;;;",
        ]
    );
    // Filters and order are the list's, the search included.
    let found = lines(&file(&app, "language=en&columns=last_name,status&q=kohler").await);
    assert_eq!(found, ["Last name,Status", "Köhler,Routed"]);
    assert_eq!(
        lines(&file(&app, "language=en&columns=last_name&q=zweite+der").await),
        ["Last name", "\"Ben; der Zweite\""]
    );
    // Without a word about the language, the browser's; without columns, all.
    let path = "/api/v1/leads?format=csv&source=portal";
    let asked = app.get(path).bearer(&app.token("sales")).header("accept-language", "fr, de-AT;q=0.9, en;q=0.8");
    let all = lines(&asked.send().await.expect(200));
    assert!(all[0].starts_with("Kennung;Name;Vorname;") && all[0].ends_with(";Angelegt;Geändert"), "{}", all[0]);
    assert_eq!(all.len(), 2);
    // The pool, with what each lacks.
    let pool = get(&app, "/api/v1/leads/unrouted?format=csv&language=de&columns=last_name,missing").await.expect(200);
    let pool = lines(&pool);
    assert_eq!((pool[0].as_str(), pool.len()), ("Nachname;Was noch fehlt", 2));
    assert!(pool[1].starts_with("\"Ben; der Zweite\";") && pool[1].contains("Punkte"), "{}", pool[1]);
    let every = lines(&get(&app, "/api/v1/leads/unrouted?format=csv").await.expect(200));
    assert!(every[0].contains(",Still missing"), "{}", every[0]);
}

/// 250 leads whose scores change all the time: page by page some would be there twice, and others not at all.
#[tokio::test]
async fn a_file_has_every_lead_once_whatever_changes_meanwhile() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let tenant = tenant_id(&app);
    db.execute(
        "WITH made AS (INSERT INTO leads (id, tenant_id, last_name, created_at, updated_at)
                       SELECT gen_random_uuid(), $1, 'Lead' || n, now(), now() FROM generate_series(1, 250) n RETURNING id, tenant_id)
         INSERT INTO lead_standings (lead_id, tenant_id, behavior, total_score, evaluated_at) SELECT id, tenant_id, 1, 1, now() FROM made",
        &[&tenant],
    )
    .await
    .unwrap();
    let other = app.db().await;
    let shuffle = tokio::spawn(async move {
        loop {
            let bump = "UPDATE lead_standings s SET behavior = r.n, total_score = r.n FROM (SELECT lead_id, (random() * 90)::int AS n FROM lead_standings) r
                         WHERE s.lead_id = r.lead_id";
            other.execute(bump, &[]).await.unwrap();
        }
    });
    for _ in 0..5 {
        let rows = lines(&file(&app, "language=en&columns=id,total_score&sort=-total_score&limit=25").await);
        let ids: BTreeSet<&str> = rows[1..].iter().map(|row| row.split(',').next().unwrap()).collect();
        assert_eq!((rows.len() - 1, ids.len()), (250, 250));
        let scores: Vec<i32> = rows[1..].iter().map(|row| row.split(',').nth(1).unwrap().parse().unwrap()).collect();
        assert!(scores.is_sorted_by(|one, next| one >= next), "{scores:?}");
    }
    shuffle.abort();
}

#[tokio::test]
async fn what_makes_no_file_is_named() {
    let app = TestApp::new().await;
    for (query, pointer, code) in [
        ("format=xlsx", "?format", "unknown_value"),
        ("format=csv&columns=name,salary", "?columns", "unknown_value"),
        ("format=csv&columns=", "?columns", "unknown_value"),
        ("format=csv&columns=missing", "?columns", "unknown_value"),
        ("format=csv&zone=Atlantis/Poseidonis", "?zone", "unknown_value"),
        ("format=csv&language=fr", "?language", "unknown_value"),
        ("format=csv&cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "?cursor", "not_allowed"),
        ("columns=name", "?columns", "not_allowed"),
        ("zone=Europe/Berlin", "?zone", "not_allowed"),
        ("format=json&language=de", "?language", "not_allowed"),
    ] {
        let refused = get(&app, &format!("/api/v1/leads?{query}")).await.expect(400);
        assert_eq!(faults(&refused), [(pointer.to_owned(), code.to_owned())], "{query}");
    }
    app.get("/api/v1/leads?format=csv").send().await.expect(401);
}

/// A file is never cut: what is too long for one is refused with what to do.
#[tokio::test]
async fn too_many_rows_are_refused() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let fill = "INSERT INTO leads (id, tenant_id, last_name, search_text, search_codes, created_at, updated_at)
                SELECT gen_random_uuid(), $1, 'Lead', ' lead', '{}', now(), now() FROM generate_series(1, $2::int)";
    db.execute(fill, &[&tenant_id(&app), &5001]).await.unwrap();
    let path = "/api/v1/leads/unrouted?format=csv&language=en&sort=-created_at&columns=last_name,missing";
    let refused = get(&app, path).await.expect(400);
    assert_eq!(faults(&refused), [("?format".to_owned(), "too_long".to_owned())]);
    assert!(refused.problem()["errors"][0]["detail"].as_str().unwrap().contains("5000 rows"));
    assert_eq!(lines(&file(&app, "language=en&columns=last_name").await).len(), 5002);
}
