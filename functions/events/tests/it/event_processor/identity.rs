//! Whose events are.

use serde_json::{Value, json};
use testkit::app::TestApp;
use uuid::Uuid;

use super::{days_ago, happens};

fn event(identifier: &Value) -> Value {
    json!({"event_type": "webinar_attended", "source": "portal", "external_id": Uuid::now_v7(), "lead_identifier": identifier})
}

/// The lead that an identifier belongs to, and how many events it has.
async fn lead_of(app: &TestApp, kind: &str, value: &str) -> (Uuid, i64) {
    let statement = "SELECT i.lead_id, (SELECT count(*) FROM events e WHERE e.lead_id = i.lead_id)
        FROM lead_identifiers i WHERE i.kind = $1 AND i.value = $2";
    let row = app.db().await.query_one(statement, &[&kind, &value]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn count(app: &TestApp, table: &str) -> i64 {
    app.db().await.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_strongest_identifier_decides_and_the_other_lead_is_suspected() {
    let app = TestApp::new().await;
    happens(&app, &[event(&json!({"phone": "+4915112345678"}))]).await;
    happens(&app, &[event(&json!({"email": "eva@gmx.de"}))]).await;
    let both = event(&json!({"phone": "+4915112345678", "email": "eva@gmx.de"}));
    happens(&app, std::slice::from_ref(&both)).await;
    // Once more, by another event: the pair is known.
    happens(&app, &[event(&both["lead_identifier"])]).await;

    let (by_phone, by_email) =
        (lead_of(&app, "phone", "+4915112345678").await, lead_of(&app, "email", "eva@gmx.de").await);
    assert_eq!((by_phone.1, by_email.1), (1, 3));
    assert_eq!(count(&app, "leads").await, 2);
    let statement = "SELECT lead_id, other_lead_id, status, event_id FROM duplicate_suspicions";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    let pair: (Uuid, Uuid) = (rows[0].get(0), rows[0].get(1));
    assert_eq!(pair, (by_phone.0.min(by_email.0), by_phone.0.max(by_email.0)));
    assert_eq!(rows[0].get::<_, &str>(2), "open");
    let first = "SELECT id FROM events WHERE external_id = $1";
    let first: Uuid = app.db().await.query_one(first, &[&both["external_id"].as_str().unwrap()]).await.unwrap().get(0);
    assert_eq!(rows[0].get::<_, Uuid>(3), first);
}

#[tokio::test]
async fn a_shared_browser_does_not_make_two_people_one() {
    let app = TestApp::new().await;
    happens(&app, &[event(&json!({"email": "eva@gmx.de", "anonymous_id": "cookie-1"}))]).await;
    happens(&app, &[event(&json!({"email": "max@gmx.de", "anonymous_id": "cookie-1"}))]).await;
    happens(&app, &[event(&json!({"email": "max@gmx.de", "anonymous_id": "cookie-1"}))]).await;

    let (eva, max) = (lead_of(&app, "email", "eva@gmx.de").await, lead_of(&app, "email", "max@gmx.de").await);
    assert_ne!(eva.0, max.0);
    assert_eq!((eva.1, max.1), (1, 2));
    assert_eq!(lead_of(&app, "anonymous_id", "cookie-1").await, eva, "the browser stays whose it was first");
    assert_eq!((count(&app, "leads").await, count(&app, "duplicate_suspicions").await), (2, 0));
}

#[tokio::test]
async fn a_visitor_who_gives_a_name_is_one_person_with_it() {
    let app = TestApp::new().await;
    happens(&app, &[event(&json!({"anonymous_id": "cookie-2"}))]).await;
    happens(&app, &[event(&json!({"anonymous_id": "cookie-2", "email": "eva@gmx.de"}))]).await;
    let (cookie, email) = (lead_of(&app, "anonymous_id", "cookie-2").await, lead_of(&app, "email", "eva@gmx.de").await);
    assert_eq!((cookie, count(&app, "leads").await), (email, 1));
    assert_eq!(email.1, 2);
}

#[tokio::test]
async fn a_lead_that_does_not_exist_is_put_aside_with_the_reason() {
    let app = TestApp::new().await;
    let unknown = Uuid::now_v7();
    let (lost, kept) = (event(&json!({"lead_id": unknown})), event(&json!({"email": "eva@gmx.de"})));
    happens(&app, &[lost.clone(), kept]).await;

    let row = app.db().await.query_one("SELECT status, source, reason, detail, body FROM inbox", &[]).await.unwrap();
    assert_eq!(
        (row.get::<_, &str>(0), row.get::<_, &str>(1), row.get::<_, &str>(2)),
        ("open", "portal", "unknown_lead")
    );
    assert!(row.get::<_, &str>(3).contains("lead_id"), "{}", row.get::<_, &str>(3));
    let body: Value = serde_json::from_str(row.get(4)).unwrap();
    assert_eq!(body["receipts"][0]["event"]["external_id"], lost["external_id"]);
    assert_eq!((count(&app, "events").await, count(&app, "leads").await), (1, 1), "the others of the set go on");

    // Its key is free again: sent with another identifier it counts.
    let mut corrected = lost;
    corrected["lead_identifier"] = json!({"email": "eva@gmx.de"});
    happens(&app, &[corrected]).await;
    assert_eq!((count(&app, "events").await, count(&app, "leads").await), (2, 1));
}

/// Written for the visitor before the locks, taken back when the phone number turns out to be Eva's by then.
#[tokio::test]
async fn an_event_that_becomes_somebody_elses_meanwhile_counts_there_alone() {
    const PHONE: &str = "+4915112345678";
    let app = TestApp::new().await;
    happens(&app, &[event(&json!({"anonymous_id": "cookie-3"}))]).await;
    happens(&app, &[event(&json!({"email": "eva@gmx.de"}))]).await;
    let (visitor, _) = lead_of(&app, "anonymous_id", "cookie-3").await;
    let (eva, _) = lead_of(&app, "email", "eva@gmx.de").await;

    let other = app.db().await;
    let attach = "INSERT INTO lead_identifiers (tenant_id, kind, value, lead_id) SELECT tenant_id, 'phone', $2, id FROM leads WHERE id = $1";
    other.batch_execute("BEGIN").await.unwrap();
    assert_eq!(other.execute(attach, &[&eva, &PHONE]).await.unwrap(), 1);
    // On another day than what came before, whose rule counts once a day.
    let mut call = event(&json!({"anonymous_id": "cookie-3", "phone": PHONE}));
    call["occurred_at"] = json!(days_ago(2));
    let overtake = async {
        assert!(app.somebody_waits_for_a_lock().await, "the processor does not want the phone number");
        other.batch_execute("COMMIT").await.unwrap();
    };
    tokio::join!(happens(&app, std::slice::from_ref(&call)), overtake);

    let id = "SELECT id, lead_id FROM events WHERE external_id = $1";
    let rows = app.db().await.query(id, &[&call["external_id"].as_str().unwrap()]).await.unwrap();
    assert_eq!(rows.len(), 1);
    let (call, lead): (Uuid, Uuid) = (rows[0].get(0), rows[0].get(1));
    assert_eq!(lead, eva);
    assert_ne!(eva, visitor);
    let worth = "SELECT lead_id, count(*) FROM score_history WHERE event_id = $1 GROUP BY lead_id";
    let worth = app.db().await.query(worth, &[&call]).await.unwrap();
    assert_eq!(worth.len(), 1, "it is worth something, once");
    assert_eq!((worth[0].get::<_, Uuid>(0), worth[0].get::<_, i64>(1)), (eva, 1));
    let sums = "SELECT s.lead_id FROM lead_standings s
                 WHERE s.engagement + s.behavior <> (SELECT sum(h.points) FROM score_history h
                   WHERE h.lead_id = s.lead_id AND h.category <> 'demographic' AND h.withdrawn_at IS NULL)";
    assert!(app.db().await.query(sums, &[]).await.unwrap().is_empty());
}

/// Both were taken for the browser's visitor; who comes second sees under the lock that the visitor is somebody by now.
#[tokio::test]
async fn two_people_who_name_themselves_in_one_browser_at_once_stay_two() {
    let app = TestApp::new().await;
    happens(&app, &[event(&json!({"anonymous_id": "cookie-4"}))]).await;
    let (visitor, _) = lead_of(&app, "anonymous_id", "cookie-4").await;

    let other = app.db().await;
    other.batch_execute("BEGIN; SELECT FROM leads FOR UPDATE").await.unwrap();
    let eva = "INSERT INTO lead_identifiers (tenant_id, kind, value, lead_id) SELECT tenant_id, 'email', 'eva@gmx.de', id FROM leads WHERE id = $1";
    assert_eq!(other.execute(eva, &[&visitor]).await.unwrap(), 1);
    let overtake = async {
        assert!(app.somebody_waits_for_a_lock().await, "the processor does not want the visitor");
        other.batch_execute("COMMIT").await.unwrap();
    };
    let max = event(&json!({"anonymous_id": "cookie-4", "email": "max@gmx.de"}));
    tokio::join!(happens(&app, std::slice::from_ref(&max)), overtake);

    let (eva, max) = (lead_of(&app, "email", "eva@gmx.de").await, lead_of(&app, "email", "max@gmx.de").await);
    assert_eq!(eva, (visitor, 1), "the visitor is Eva, with what the visitor did");
    assert_ne!(max.0, visitor);
    assert_eq!((max.1, count(&app, "inbox").await), (1, 0));
    // With a name of their own already, nothing of this costs anything: the cookie decides no more.
    happens(&app, &[event(&json!({"anonymous_id": "cookie-4", "email": "max@gmx.de"}))]).await;
    assert_eq!(lead_of(&app, "email", "max@gmx.de").await, (max.0, 2));
}

#[tokio::test]
async fn an_event_is_not_put_aside_because_the_lead_it_also_names_is_deleted_meanwhile() {
    let app = TestApp::new().await;
    happens(&app, &[event(&json!({"phone": "+4915112345678"}))]).await;
    happens(&app, &[event(&json!({"email": "eva@gmx.de"}))]).await;
    let (by_phone, _) = lead_of(&app, "phone", "+4915112345678").await;

    let other = app.db().await;
    other.batch_execute("BEGIN").await.unwrap();
    for from in ["lead_identifiers WHERE lead_id", "lead_standings WHERE lead_id", "leads WHERE id"] {
        assert_eq!(other.execute(&format!("DELETE FROM {from} = $1"), &[&by_phone]).await.unwrap(), 1, "{from}");
    }
    let overtake = async {
        assert!(app.somebody_waits_for_a_lock().await, "the processor does not want to note the suspicion");
        other.batch_execute("COMMIT").await.unwrap();
    };
    let both = event(&json!({"phone": "+4915112345678", "email": "eva@gmx.de"}));
    tokio::join!(happens(&app, std::slice::from_ref(&both)), overtake);

    let (eva, events) = lead_of(&app, "email", "eva@gmx.de").await;
    assert_eq!((events, count(&app, "inbox").await), (2, 0));
    assert_eq!(lead_of(&app, "phone", "+4915112345678").await, (eva, 2), "the number is free, and hers now");
    assert_eq!(count(&app, "duplicate_suspicions").await, 0);
}
