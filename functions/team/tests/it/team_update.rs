use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};

use crate::support::{Board, pointers, refuses_strangers};
use crate::{audited, login, member, path, token_of};

async fn change(app: &TestApp, target: &Value, body: Value, token: &str) -> Response {
    app.patch(&path(target), &body).bearer(token).send().await
}

#[tokio::test]
async fn absent_keeps_and_null_clears() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let sam = member(&app, "sam").await;
    let manager = app.token("manager");
    let body = json!({"name": "Sam Sander", "capacity": 3, "slack_user_id": "U0SAM", "zone": "Europe/Zurich", "language": "en",
                      "pipeline_ids": [board.pipeline], "lead_of_team": true, "role": "viewer", "email": "S.Sander@test.example"});
    let answer = change(&app, &sam, body.clone(), &manager).await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let changed: Value = answer.json();
    for (field, expected) in body.as_object().unwrap() {
        let expected = if field == "email" { &json!("s.sander@test.example") } else { expected };
        assert_eq!(&changed[field], expected, "{field}");
    }
    let cleared: Value = change(&app, &sam, json!({"zone": null, "language": null, "slack_user_id": null}), &manager)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&cleared["zone"], &cleared["language"], &cleared["slack_user_id"]),
        (&json!(null), &json!(null), &json!(null))
    );
    assert_eq!((&cleared["name"], &cleared["capacity"]), (&json!("Sam Sander"), &json!(3)));
    let same: Value = change(&app, &sam, json!({"capacity": 3}), &manager).await.expect(200).json();
    assert_eq!(same["version"], 3, "nothing changed");
    let audit = audited(&app).await;
    assert_eq!(audit.len(), 2);
    assert_eq!((audit[0].1.as_ref(), audit[0].2.as_ref()), (Some(&sam), Some(&changed)));
}

#[tokio::test]
async fn names_every_fault() {
    let app = TestApp::new().await;
    let sam = member(&app, "sam").await;
    let body = json!({"email": null, "name": "", "role": null, "capacity": 20_000, "zone": "x", "password": "short", "active": null});
    let mut found = pointers(&change(&app, &sam, body, &app.token("admin")).await.expect(400));
    found.sort_unstable();
    assert_eq!(found, ["/active", "/capacity", "/email", "/name", "/password", "/role", "/zone"]);
    let unknown = change(&app, &sam, json!({"load": 1, "language": "fr"}), &app.token("admin")).await.expect(400);
    let mut found = pointers(&unknown);
    found.sort_unstable();
    assert_eq!(found, ["/language", "/load"]);
    assert_eq!(member(&app, "sam").await, sam);
}

#[tokio::test]
async fn guards_against_lost_updates_and_doubled_addresses() {
    let app = TestApp::new().await;
    let sam = member(&app, "sam").await;
    let with = |version: &str, body: Value| {
        app.patch(&path(&sam), &body).bearer(&app.token("admin")).header("if-match", version).send()
    };
    with("\"1\"", json!({"capacity": 1})).await.expect(200);
    let stale = with("\"1\"", json!({"capacity": 2})).await.expect(412);
    assert_eq!(stale.problem()["current_version"], 2);
    with("x", json!({"capacity": 2})).await.expect(400);
    let taken = change(&app, &sam, json!({"email": "Mia@test.example"}), &app.token("admin")).await.expect(409);
    assert_eq!(taken.problem()["code"], "email_in_use");
    assert_eq!(member(&app, "sam").await["capacity"], 1);
}

#[tokio::test]
async fn there_is_always_an_administrator() {
    let app = TestApp::new().await;
    let (ada, sam) = (member(&app, "ada").await, member(&app, "sam").await);
    let admin = app.token("admin");
    for body in [json!({"active": false}), json!({"role": "manager"}), json!({"role": "viewer", "active": false})] {
        let refused = change(&app, &ada, body, &admin).await.expect(409);
        assert_eq!(refused.problem()["code"], "last_admin");
    }
    change(&app, &ada, json!({"role": "admin", "active": true, "capacity": 4}), &admin).await.expect(200);
    change(&app, &sam, json!({"role": "admin"}), &admin).await.expect(200);
    // Both at once remove each other: one is left.
    let both = tokio::join!(
        change(&app, &ada, json!({"active": false}), &admin),
        change(&app, &sam, json!({"role": "sales"}), &admin)
    );
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn who_may_change_whom() {
    let app = TestApp::new().await;
    let (ada, mia, sam) = (member(&app, "ada").await, member(&app, "mia").await, member(&app, "sam").await);
    refuses_strangers(&app, Method::PATCH, &path(&sam), Some(&json!({"name": "x"})), "team:read").await;
    // Oneself: only what is personal.
    let own = token_of(&app, &sam);
    change(&app, &sam, json!({"name": "Sam", "zone": "Europe/Vienna", "language": "en"}), &own).await.expect(200);
    for body in
        [json!({"role": "admin"}), json!({"capacity": 1}), json!({"email": "x@test.example"}), json!({"active": false})]
    {
        change(&app, &sam, body, &own).await.expect(403).problem();
    }
    change(&app, &mia, json!({"name": "x"}), &own).await.expect(403);
    // A manager: everybody but administrators.
    let manager = token_of(&app, &mia);
    change(&app, &sam, json!({"role": "viewer"}), &manager).await.expect(200);
    for (target, body) in [
        (&sam, json!({"role": "admin"})),
        (&mia, json!({"role": "admin"})),
        (&ada, json!({"password": "mine from now on"})),
        (&ada, json!({"email": "x@test.example"})),
        (&ada, json!({"name": "x"})),
    ] {
        change(&app, target, body, &manager).await.expect(403).problem();
    }
    login(&app, "ada@test.example", &app.tenant().password("ada")).await.expect(200);
}

#[tokio::test]
async fn refuses_what_is_not_there() {
    let app = TestApp::new().await;
    let sam = member(&app, "sam").await;
    let other = app.new_tenant("other").await;
    change(&app, &sam, json!({"name": "Fremd"}), &other.token("admin")).await.expect(404).problem();
    let nobody = json!({"id": "0190a000-0000-7000-8000-000000000001"});
    change(&app, &nobody, json!({"name": "x"}), &app.token("admin")).await.expect(404).problem();
    assert_eq!(member(&app, "sam").await, sam);
}

#[tokio::test]
async fn a_pipeline_that_was_archived_stays_and_is_no_reason_to_refuse_something_else() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let sam = member(&app, "sam").await;
    let admin = app.token("admin");
    let before = sam["pipeline_ids"].as_array().unwrap();
    assert!(before.contains(&json!(board.pipeline)));
    let archive = format!("UPDATE pipelines SET archived_at = now() WHERE id = '{}'", board.pipeline);
    app.db().await.batch_execute(&archive).await.unwrap();
    let changed: Value = change(&app, &sam, json!({"capacity": 5}), &admin).await.expect(200).json();
    assert_eq!((&changed["capacity"], &changed["pipeline_ids"]), (&json!(5), &sam["pipeline_ids"]));
    // Sent as it is, it is nothing new; given up, it cannot be had again.
    change(&app, &sam, json!({"capacity": 6, "pipeline_ids": before}), &admin).await.expect(200);
    change(&app, &sam, json!({"pipeline_ids": []}), &admin).await.expect(200);
    let refused = change(&app, &sam, json!({"pipeline_ids": [board.pipeline]}), &admin).await.expect(400);
    assert_eq!(pointers(&refused), ["/pipeline_ids"]);
}

/// Gives a member an open deal, a closed one, an open task, a done one and a lead; the closed deal's id.
async fn busy(app: &TestApp, board: &Board, owner: &Value) -> uuid::Uuid {
    let id: uuid::Uuid = owner["id"].as_str().unwrap().parse().unwrap();
    let open = board.deal(app, "open", 0, 1.0).await;
    let closed = board.deal(app, "closed", 0, 2.0).await;
    let db = app.db().await;
    db.execute("UPDATE deals SET owner_id = $1, status = CASE WHEN id = $2 THEN 'won' ELSE 'open' END, closed_at = CASE WHEN id = $2 THEN now() END WHERE id IN ($2, $3)", &[&id, &closed, &open])
        .await
        .unwrap();
    db.execute("UPDATE leads SET owner_id = $1 WHERE id = (SELECT lead_id FROM deals WHERE id = $2)", &[&id, &open])
        .await
        .unwrap();
    let statement = "INSERT INTO tasks (id, tenant_id, title, kind, priority, due_at, owner_id, status, completed_at, created_at, updated_at)
        SELECT gen_random_uuid(), tenant_id, 'Anrufen', 'call', 'normal', now(), id, s, CASE WHEN s = 'done' THEN now() END, now(), now()
          FROM team_members, unnest(ARRAY['open', 'done']) s WHERE id = $1";
    db.execute(statement, &[&id]).await.unwrap();
    closed
}

/// How many open deals, open tasks and leads each owner has.
async fn work(app: &TestApp) -> Vec<(Option<String>, i64, i64, i64)> {
    let statement = "SELECT o.name, count(*) FILTER (WHERE w.kind = 'deal'), count(*) FILTER (WHERE w.kind = 'task'), count(*) FILTER (WHERE w.kind = 'lead')
        FROM (SELECT owner_id, 'deal' AS kind FROM deals WHERE status = 'open' UNION ALL SELECT owner_id, 'task' FROM tasks WHERE status = 'open'
              UNION ALL SELECT owner_id, 'lead' FROM leads WHERE id IN (SELECT lead_id FROM deals WHERE name = 'open')) w
        LEFT JOIN team_members o ON o.id = w.owner_id GROUP BY o.name ORDER BY o.name";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

#[tokio::test]
async fn whoever_may_own_nothing_any_more_hands_over_first() {
    for (leaving, named) in [(json!({"active": false}), true), (json!({"role": "viewer"}), false)] {
        let app = TestApp::new().await;
        let board = Board::of(&app, app.tenant(), "discovery").await;
        let (sam, mia) = (member(&app, "sam").await, member(&app, "mia").await);
        let closed = busy(&app, &board, &sam).await;
        let admin = app.token("admin");
        let refused = change(&app, &sam, leaving.clone(), &admin).await.expect(409);
        let problem = refused.problem();
        assert_eq!(
            (&problem["code"], &problem["matches"]),
            (&json!("open_work"), &json!({"deals": 1, "tasks": 1, "leads": 1}))
        );
        assert_eq!(member(&app, "sam").await["version"], sam["version"], "nothing has changed");

        let to = if named { mia["id"].as_str().unwrap() } else { "nobody" };
        let path = format!("{}?hand_over_to={to}", path(&sam));
        let changed: Value = app.patch(&path, &leaving).bearer(&admin).send().await.expect(200).json();
        assert_eq!(changed["load"], 0);
        let heir = named.then(|| "mia".to_owned());
        assert_eq!(work(&app).await, [(heir, 1, 1, 1)]);
        let db = app.db().await;
        let row = db.query_one("SELECT owner_id::text FROM deals WHERE id = $1", &[&closed]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), sam["id"], "what was done stays theirs");
        let statement =
            "SELECT record_type FROM audit_log WHERE action = 'hand_over' AND before->>'owner_id' = $1 ORDER BY 1";
        let rows = db.query(statement, &[&sam["id"].as_str().unwrap()]).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), ["deal", "lead", "task"]);
    }
}

#[tokio::test]
async fn work_goes_only_to_somebody_who_may_own_it() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (sam, mia) = (member(&app, "sam").await, member(&app, "mia").await);
    busy(&app, &board, &sam).await;
    let stranger = app.new_tenant("other").await;
    let theirs: uuid::Uuid = {
        let statement = "SELECT id FROM team_members WHERE tenant_id = $1 AND name = 'mia'";
        app.db().await.query_one(statement, &[&stranger.id.parse::<uuid::Uuid>().unwrap()]).await.unwrap().get(0)
    };
    app.db()
        .await
        .execute("UPDATE team_members SET active = false WHERE id::text = $1", &[&mia["id"].as_str().unwrap()])
        .await
        .unwrap();
    let vera = app.db().await.query_one("SELECT id::text FROM team_members WHERE role = 'viewer' LIMIT 1", &[]).await;
    let mut refused = vec![
        sam["id"].as_str().unwrap().to_owned(),
        mia["id"].as_str().unwrap().to_owned(),
        theirs.to_string(),
        "x".to_owned(),
    ];
    refused.extend(vera.ok().map(|row| row.get(0)));
    for to in refused {
        let path = format!("{}?hand_over_to={to}", path(&sam));
        let answer = app.patch(&path, &json!({"active": false})).bearer(&app.token("admin")).send().await.expect(400);
        assert_eq!(pointers(&answer), ["?hand_over_to"], "{to}");
    }
    assert_eq!(work(&app).await, [(Some("sam".to_owned()), 1, 1, 1)]);
    // Whoever has nothing to hand over just goes.
    let idle = member(&app, "sophie").await;
    change(&app, &idle, json!({"active": false}), &app.token("admin")).await.expect(200);
}

/// The router locks members in the order of their ids. Whoever waits for one that comes first must not hold one that comes later by then:
/// the two would wait for each other.
#[tokio::test]
async fn members_are_locked_in_the_order_in_which_the_router_locks_them() {
    let app = TestApp::new().await;
    let db = app.db().await;
    // Before every administrator.
    let first = "00000000-0000-7000-8000-000000000001";
    let insert = "INSERT INTO team_members (id, tenant_id, email, name, role)
        SELECT $1::text::uuid, tenant_id, 'first@test.example', 'first', 'sales' FROM team_members WHERE name = 'sam'";
    db.execute(insert, &[&first]).await.unwrap();
    let holder = app.db().await;
    holder
        .batch_execute(&format!("BEGIN; SELECT FROM team_members WHERE id = '{first}' FOR NO KEY UPDATE"))
        .await
        .unwrap();
    let (path, admin) = (format!("/api/v1/team/{first}"), app.token("admin"));
    let changing = async {
        app.patch(&path, &json!({"role": "manager"})).bearer(&admin).send().await.expect(200);
    };
    let looking = async {
        app.statements_wait_for(&holder, 1).await;
        let later = "SELECT FROM team_members WHERE role = 'admin' FOR NO KEY UPDATE NOWAIT";
        let free = db.query(later, &[]).await;
        holder.batch_execute("COMMIT").await.unwrap();
        assert!(!free.unwrap().is_empty(), "administrators are free while somebody waits for a member before them");
    };
    tokio::join!(changing, looking);
}
