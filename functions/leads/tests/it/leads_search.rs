//! Finding leads by words: by every spelling, in any number, and without hiding any.

use serde_json::{Value, json};
use shared::domain::ids::TenantId;
use shared::domain::search;
use testkit::app::TestApp;

use crate::support::{create, get, ids, tenant_id};

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn found(app: &TestApp, q: &str) -> Value {
    get(app, &format!("/api/v1/leads?q={}", encoded(q))).await.expect(200).json()
}

#[tokio::test]
async fn every_name_is_found_by_its_own_spelling() {
    let app = TestApp::new().await;
    for (name, company, typed) in [
        ("Ștefănescu", "", &["Ștefănescu", "ștefănescu", "ȘTEFĂNESCU", "stefanescu"][..]),
        ("Иванов", "", &["Иванов", "иванов", "ИВАНОВ"]),
        ("Backes", "GROẞBÄCKEREI", &["GROẞBÄCKEREI", "großbäckerei", "grossbackerei", "grossbaeckerei"]),
        ("Demir", "İSTANBUL Optik", &["İSTANBUL", "istanbul", "ISTANBUL optik"]),
        ("ΣΩΚΡΆΤΗΣ", "", &["ΣΩΚΡΆΤΗΣ", "Σωκράτης", "σωκρατης"]),
        ("Żółć", "Łukasz", &["łukasz żółć", "ŁUKASZ", "zolc"]),
        ("Köhler", "", &["Köhler", "KÖHLER", "kohler", "koehler", "kö"]),
        ("Koehlers", "", &["Köhlers", "koehlers"]),
        ("Li", "Wu AG", &["Li", "wu", "AG", "li ag"]),
    ] {
        let mut new = json!({"last_name": name});
        if !company.is_empty() {
            new["company"] = company.into();
        }
        let lead = create(&app, &new).await;
        for q in typed {
            let shown = found(&app, q).await;
            assert!(ids(&shown).iter().any(|id| *id == lead["id"]), "{q} does not find {name} {company}");
        }
    }
    assert_eq!(found(&app, "kahler").await["pagination"]["total"], 0);
    // Within a word, two letters are no beginning.
    assert_eq!(found(&app, "öh").await["pagination"]["total"], 0);
}

/// Functions work out in Rust what is searched; migrations, triggers and statements by hand do it in SQL.
#[tokio::test]
async fn sql_and_rust_agree_on_what_is_searched() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let tenant = TenantId(tenant_id(&app));
    let alphabets: String =
        ('\u{20}'..'\u{530}').chain('\u{1e00}'..'\u{2070}').filter(|letter| !letter.is_control()).collect();
    for [first, last, email, company] in [
        ["Anna", "Schmidt", "anna@beispiel.de", "Labor Nord GmbH"],
        ["Jürgen", "ÖZDEMIR-Weiß", "j.oe@uni-köln.de", "Ärztehaus & Söhne GmbH&Co.KG"],
        ["Žofia", "Łuczak", "", "ŠKODA Koehler Bauer"],
        ["李", "小龙", "a@b.c", "東京 🚀🚀🚀 ｶﾞ"],
        ["O’Brien", "Sør\u{ad}en\u{a0}Kjær", "", "GROẞBÄCKEREI İSTANBUL ıΣΑΣ"],
        ["", "", "", ""],
        [&alphabets, "", "", ""],
    ] {
        let text = "SELECT lotse.search_text(concat_ws(' ', $1::text, $2::text, $3::text), $4)";
        let stored: String = db.query_one(text, &[&first, &last, &company, &email]).await.unwrap().get(0);
        assert_eq!(stored, search::text(&[first, last, company], email));
        let codes = "SELECT lotse.search_codes($1, $2)";
        let stored: Vec<i32> = db.query_one(codes, &[&stored, &tenant.0]).await.unwrap().get(0);
        assert_eq!(stored, search::codes(&search::text(&[first, last, company], email), tenant));
    }
}

/// The release before writes `search`, and asks `find_leads`; statements by hand write neither.
#[tokio::test]
async fn what_the_release_before_writes_is_found_and_it_finds_what_this_one_writes() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let tenant = tenant_id(&app);
    let lead = create(&app, &json!({"last_name": "Köhler"})).await;
    db.execute(
        "INSERT INTO leads (id, tenant_id, last_name, created_at, updated_at, search)
         VALUES (gen_random_uuid(), $1, 'Иванов', now(), now(), lotse.trigram_codes(' иванов  '))",
        &[&tenant],
    )
    .await
    .unwrap();
    assert_eq!(found(&app, "ИВАНОВ").await["pagination"]["total"], 1);
    let edit =
        "UPDATE leads SET last_name = 'Ștefan', search = lotse.trigram_codes(' ștefan  ') WHERE last_name = 'Иванов'";
    db.execute(edit, &[]).await.unwrap();
    assert_eq!(found(&app, "иванов").await["pagination"]["total"], 0);
    assert_eq!(found(&app, "stefan").await["pagination"]["total"], 1);

    let before = app.database().app_client().await.unwrap();
    before.batch_execute("BEGIN").await.unwrap();
    before.query_one("SELECT lotse.enter_tenant($1)", &[&tenant]).await.unwrap();
    let ask = "SELECT lotse.find_leads(ARRAY['köhler'], 10000)";
    let rows = before.query(ask, &[]).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.get::<_, uuid::Uuid>(0).to_string()).collect::<Vec<_>>(),
        [lead["id"].as_str().unwrap()]
    );
}

/// Rows from before the fold was stored: `migrate` folds them in steps, as often as it runs.
#[tokio::test]
async fn migrating_folds_what_stood_there_before() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let lead = create(&app, &json!({"last_name": "Ștefănescu"})).await;
    let unfold = "UPDATE leads SET search_text = NULL, search_codes = NULL";
    db.execute(unfold, &[]).await.unwrap();
    assert_eq!(found(&app, "stefanescu").await["pagination"]["total"], 0);
    app.invoke("migrate", json!({})).await.unwrap();
    assert_eq!(ids(&found(&app, "stefanescu").await), [lead["id"].as_str().unwrap()]);
    let folded: (String, Vec<i32>) = {
        let row = db.query_one("SELECT search_text, search_codes FROM leads", &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    let text = search::text(&["", "Ștefănescu", ""], "");
    assert_eq!(folded, (text.clone(), search::codes(&text, TenantId(tenant_id(&app)))));
}

/// 12,000 leads of one name, one of them old and marked, and 30 of another among them.
async fn many(app: &TestApp) {
    let db = app.db().await;
    let statements = [
        "INSERT INTO leads (id, tenant_id, last_name, company, tags, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'Masse' || n, CASE WHEN n % 400 = 0 THEN 'Selten AG' ELSE 'Firma GmbH' END,
                CASE WHEN n = 11999 THEN ARRAY['altbestand'] ELSE '{}' END, now() - n * interval '1 minute', now()
           FROM generate_series(1, 12000) n",
        "INSERT INTO lead_standings (lead_id, tenant_id, behavior, total_score, evaluated_at)
         SELECT l.id, l.tenant_id, n, n, now() FROM leads l, LATERAL (SELECT abs(hashtext(l.id::text)) % 100) s (n) WHERE l.tenant_id = $1",
    ];
    for statement in statements {
        db.execute(statement, &[&tenant_id(app)]).await.unwrap();
    }
    db.batch_execute("VACUUM ANALYZE leads, lead_standings").await.unwrap();
}

#[tokio::test]
async fn a_search_among_many_hides_nothing_and_says_where_it_stopped_counting() {
    let app = TestApp::new().await;
    many(&app).await;
    let list = async |query: &str| get(&app, &format!("/api/v1/leads?{query}")).await.expect(200).json::<Value>();

    // Common: a full page, and a total that says that it goes on.
    let common = list("q=gmbh&limit=100").await;
    assert_eq!(ids(&common).len(), 100);
    assert_eq!(common["pagination"]["total_is_exact"], false);
    assert_eq!(common["pagination"]["total"], 5001);
    for sort in ["created_at", "-created_at", "total_score", "-total_score", "last_activity_at", "-last_activity_at"] {
        let sorted = list(&format!("q=gmbh+firma&sort={sort}&limit=3")).await;
        let all = list(&format!("sort={sort}&limit=100")).await;
        let with_word = all["data"].as_array().unwrap().iter().filter(|lead| lead["company"] == "Firma GmbH");
        let expected: Vec<&str> = with_word.take(3).map(|lead| lead["id"].as_str().unwrap()).collect();
        assert_eq!(ids(&sorted), expected, "{sort}");
    }
    // A page far behind, where the walk no longer reaches, and the last one.
    let deep = list("q=gmbh&limit=100&page=119").await;
    assert_eq!(ids(&deep).len(), 100);
    assert_eq!(ids(&list("q=gmbh&limit=100&page=120").await).len(), 70);

    // Rare: all of them, counted, whatever the order.
    let rare = list("q=selten&limit=100&sort=-total_score").await;
    assert_eq!((ids(&rare).len(), &rare["pagination"]["total"]), (30, &json!(30)));
    assert_eq!(rare["pagination"].get("total_is_exact"), None);
    let scores: Vec<i64> =
        rare["data"].as_array().unwrap().iter().map(|lead| lead["total_score"].as_i64().unwrap()).collect();
    assert!(scores.is_sorted_by(|one, next| one >= next), "{scores:?}");
    let second = list("q=selten&limit=20&page=2").await;
    assert_eq!((ids(&second).len(), &second["pagination"]["total"]), (10, &json!(30)));

    // The other filters come first, not the bound: the one marked lead is the oldest but one.
    let marked = list("q=gmbh&tag=altbestand").await;
    assert_eq!((ids(&marked).len(), &marked["pagination"]["total"]), (1, &json!(1)));
    assert_eq!(list("q=masse11999&tag=altbestand").await["pagination"]["total"], 1);
    assert_eq!(list("q=selten&tag=altbestand").await["pagination"]["total"], 0);
    // Nowhere, and nowhere together.
    assert_eq!(list("q=zzqx").await["pagination"]["total"], 0);
    assert_eq!(list("q=selten+gmbh").await["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_search_is_walked_by_cursor_and_meets_every_lead_once() {
    let app = TestApp::new().await;
    many(&app).await;
    for (q, expected) in [("selten", 30), ("masse11", 1111)] {
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let part: Value = get(&app, &format!("/api/v1/leads?q={q}&limit=100{cursor}")).await.expect(200).json();
            walked.extend(ids(&part));
            match part["pagination"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let mut once = walked.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!((walked.len(), once.len()), (expected, expected), "{q}");
    }
}
