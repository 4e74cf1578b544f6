use serde_json::{Value, json};
use testkit::app::TestApp;
use uuid::Uuid;

use crate::support::{anna, award, deal, event, faults, get, ids, member, path, tenant_id, uuid};

/// One of everything, an hour apart; the ids of the events, the older first.
async fn story(app: &TestApp, lead: &Value) -> [Uuid; 2] {
    let events = [event(app, lead, "page_visited", 40).await, event(app, lead, "demo_requested", 30).await];
    let db = app.db().await;
    let points =
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, expires_at,
                withdrawn_at, withdrawn_reason)
         SELECT r.tenant_id, $2, r.id, e.id, r.version, r.category, r.points, e.occurred_at + interval '1 millisecond', NULL, w, CASE WHEN w IS NOT NULL THEN 'recounted' END
           FROM scoring_rules r
           JOIN events e ON e.lead_id = $2 AND e.event_type = 'demo_requested'
           CROSS JOIN (VALUES (NULL::timestamptz), (now() - interval '29 hours')) v (w)
          WHERE r.tenant_id = $1 AND r.slug = 'demo-requested'";
    db.execute(points, &[&tenant_id(app), &uuid(&lead["id"])]).await.unwrap();
    let deal = deal(app, lead, "b2b", "open").await;
    let sam = member(app, app.tenant(), "sam").await;
    let moves = "INSERT INTO stage_history (id, tenant_id, deal_id, from_stage_id, to_stage_id, moved_at, moved_by, reason)
        SELECT gen_random_uuid(), d.tenant_id, d.id, f.id, t.id, now() - make_interval(hours => x.hours), x.by, x.reason
          FROM deals d
          CROSS JOIN (VALUES (0, 1, 20, 'machine', NULL), (1, 3, 18, $2, NULL), (3, 7, 16, $2, 'Budget'), (7, 2, 15, $2, NULL))
                     x (source, target, hours, by, reason)
          LEFT JOIN stages f ON f.pipeline_id = d.pipeline_id AND f.position = x.source
          JOIN stages t ON t.pipeline_id = d.pipeline_id AND t.position = x.target
         WHERE d.id = $1";
    db.execute(moves, &[&deal, &sam.to_string()]).await.unwrap();
    let tasks = "INSERT INTO tasks (id, tenant_id, title, kind, lead_id, deal_id, owner_id, status, completed_at, completed_by, cause,
                created_at, updated_at)
        SELECT gen_random_uuid(), tenant_id, 'Nachfassen', 'follow_up', lead_id, id, $2, 'done', now() - interval '10 hours', $3,
               'decision:x', now() - interval '14 hours', now() FROM deals WHERE id = $1";
    db.execute(tasks, &[&deal, &sam, &sam.to_string()]).await.unwrap();
    let effects = "INSERT INTO effects (id, tenant_id, kind, cause, target, lead_id, payload, status, attempts, error, next_attempt_at,
                created_at, finished_at)
        VALUES (gen_random_uuid(), $1, 'slack_message', 'decision:x', '#sales', $2, '{}', 'failed', 2, 'channel_not_found', now(),
                now() - interval '8 hours', now())";
    db.execute(effects, &[&tenant_id(app), &uuid(&lead["id"])]).await.unwrap();
    events
}

fn kinds(shown: &Value) -> Vec<&str> {
    shown["data"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

async fn timeline(app: &TestApp, lead: &Value, query: &str) -> Value {
    get(app, &path(lead, &format!("/timeline{query}"))).await.expect(200).json()
}

#[tokio::test]
async fn everything_in_one_stream_newest_first() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let none = timeline(&app, &lead, "?kinds=event,deal,task,decision,effect").await;
    assert_eq!((&none["data"], &none["pagination"]["total"]), (&json!([]), &json!(0)));
    let events = story(&app, &lead).await;

    let shown = timeline(&app, &lead, "?limit=100&kinds=event,award,withdrawal,task,deal,effect").await;

    // Two more awards than in the story: what a person's profile earns. They are as old as the lead, and that is minutes.
    let own: Vec<&Value> = shown["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["body"]["rule_slug"] != "business-email")
        .collect();
    let told: Vec<(&str, &str)> = own
        .iter()
        .map(|entry| {
            let body = &entry["body"];
            let what = ["action", "event_type", "rule_slug", "effect"].into_iter().find_map(|name| body[name].as_str());
            (entry["kind"].as_str().unwrap(), what.unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("effect", "slack.post_message"),
            ("task", "completed"),
            ("task", "created"),
            ("deal", "reopened"),
            ("deal", "lost"),
            ("deal", "moved"),
            ("deal", "opened"),
            ("withdrawal", "demo-requested"),
            ("award", "demo-requested"),
            ("award", "demo-requested"),
            ("event", "demo_requested"),
            ("event", "page_visited"),
        ]
    );
    assert_eq!(shown["pagination"]["total"], shown["data"].as_array().unwrap().len());
    let of = |kind: &str| own.iter().find(|entry| entry["kind"] == kind).unwrap();
    let (effect, task, moved) = (&of("effect")["body"], &of("task")["body"], &own[4]["body"]);
    assert_eq!(
        (&effect["status"], &effect["error"], &effect["target"]),
        (&json!("failed"), &json!("channel_not_found"), &json!("#sales"))
    );
    assert_eq!(
        (&task["title"], &task["status"], &task["by_name"]),
        (&json!("Nachfassen"), &json!("done"), &json!("sam"))
    );
    assert_eq!(
        (&moved["reason"], &moved["from_stage_name"], &moved["to_stage_name"]),
        (&json!("Budget"), &json!("Meeting"), &json!("Lost"))
    );
    assert_eq!((&moved["by_name"], &moved["pipeline_name"]), (&json!("sam"), &json!("B2B Lab Enablement")));
    assert_eq!((&own[6]["body"]["by"], &own[6]["body"]["from_stage_id"]), (&json!("machine"), &json!(null)));
    assert_eq!(
        (&of("withdrawal")["body"]["points"], &of("withdrawal")["body"]["reason"]),
        (&json!(-30), &json!("recounted"))
    );
    let seen = own.last().unwrap();
    assert_eq!((&seen["id"], &seen["body"]["metadata"]), (&json!(events[0]), &json!({"page_path": "/pricing"})));
}

#[tokio::test]
async fn ids_are_stable_also_when_an_award_is_withdrawn() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    story(&app, &lead).await;
    let before = timeline(&app, &lead, "?limit=100").await;
    let known = ids(&before);
    let unique: std::collections::BTreeSet<&String> = known.iter().collect();
    assert_eq!(unique.len(), known.len(), "no two are the same");
    assert_eq!(ids(&timeline(&app, &lead, "?limit=100").await), known);
    let withdraw =
        "UPDATE score_history SET withdrawn_at = now(), withdrawn_reason = 'recounted' WHERE withdrawn_at IS NULL";
    let withdrawn = app.db().await.execute(withdraw, &[]).await.unwrap();
    let after = ids(&timeline(&app, &lead, "?limit=100").await);
    assert!(known.iter().all(|id| after.contains(id)));
    assert_eq!(after.len(), known.len() + usize::try_from(withdrawn).unwrap());
}

#[tokio::test]
async fn walks_pages_and_narrows_down() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    story(&app, &lead).await;
    // Some at the very same moment.
    for _ in 0..4 {
        event(&app, &lead, "email_opened", 5).await;
    }
    app.db().await.execute("UPDATE events SET occurred_at = date_trunc('day', now()) - interval '9 days' WHERE event_type = 'email_opened'", &[]).await.unwrap();
    let all = ids(&timeline(&app, &lead, "?limit=100").await);
    let mut walked = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let part = timeline(&app, &lead, &query).await;
        assert_eq!(part["pagination"]["total"], all.len());
        walked.extend(ids(&part));
        let Some(cursor) = part["pagination"]["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=3&cursor={cursor}");
        assert!(walked.len() <= all.len(), "{walked:?}");
    }
    assert_eq!(walked, all);
    let second = timeline(&app, &lead, "?limit=3&page=2").await;
    assert_eq!(ids(&second), all[3..6]);

    let some = timeline(&app, &lead, "?kinds=deal,task").await;
    assert_eq!(kinds(&some), ["task", "task", "deal", "deal", "deal", "deal"]);
    assert_eq!(some["pagination"]["total"], 6);
    let withdrawn = timeline(&app, &lead, "?kinds=withdrawal").await;
    assert_eq!((kinds(&withdrawn), &withdrawn["pagination"]["total"]), (vec!["withdrawal"], &json!(1)));
    for (query, pointer) in
        [("?kinds=deal,mails", "?kinds"), ("?kinds=", "?kinds"), ("?cursor=abc", "?cursor"), ("?sort=kind", "?sort")]
    {
        let refused = get(&app, &path(&lead, &format!("/timeline{query}"))).await.expect(400);
        assert_eq!(faults(&refused)[0].0, pointer, "{query}");
    }
}

#[tokio::test]
async fn decisions_are_told_in_sentences() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let sam = member(&app, app.tenant(), "sam").await;
    let pipeline = crate::support::pipeline(&app, "research").await;
    let body = json!({"pipeline_id": pipeline, "owner_id": sam, "reason": "kennt uns von der Messe"});
    app.post(&path(&lead, "/route"), &body).bearer(&app.token("sales")).send().await.expect(200);

    let shown = timeline(&app, &lead, "?kinds=decision,task,deal").await;

    assert_eq!(shown["pagination"]["total"], 3);
    let decision = shown["data"].as_array().unwrap().iter().find(|entry| entry["kind"] == "decision").unwrap();
    let told = &decision["body"];
    assert_eq!(
        (&told["outcome"], &told["pipeline_name"], &told["owner_name"]),
        (&json!("manual"), &json!("Research Lab"), &json!("sam"))
    );
    assert_eq!((&told["pipeline_id"], &told["owner_id"]), (&json!(pipeline), &json!(sam)));
    assert!(told["explanation"]["de"].as_str().unwrap().contains("Messe"), "{told}");
    assert!(told["deal_id"].is_string() && told["decided_by"].is_string());
    let decisions: Value = get(&app, &path(&lead, "/decisions")).await.expect(200).json();
    assert_eq!(decisions["data"][0]["id"], decision["id"]);
    // An award of a rule that is gone is still told.
    award(&app, &lead, "demo-requested", None, 1, Some(9), false).await;
    app.db().await.execute("DELETE FROM scoring_rules WHERE slug = 'demo-requested'", &[]).await.unwrap();
    let points = timeline(&app, &lead, "?kinds=award").await;
    let gone = points["data"].as_array().unwrap().iter().find(|entry| entry["body"]["points"] == 30).unwrap();
    assert_eq!(gone["body"]["rule_slug"], json!(null));
}
