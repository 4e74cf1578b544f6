use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, LOST, NEW, QUALIFIED, WON, crowd, names, plan, refuses_strangers, uses};
use crate::{member, token_of};

const HOME: &str = "/api/v1/home";

async fn home(app: &TestApp, token: &str) -> Value {
    app.get(HOME).bearer(token).send().await.expect(200).json()
}

fn id(member: &Value) -> Uuid {
    member["id"].as_str().unwrap().parse().unwrap()
}

/// Sam's day: three tasks, two deals of which one has a next step, one won and one hot lead; Sophie's deal; a hot lead of nobody.
async fn a_day(app: &TestApp) -> (Value, Value, Board) {
    let (sam, sophie) = (member(app, "sam").await, member(app, "sophie").await);
    let board = Board::of(app, app.tenant(), "discovery").await;
    let db = app.db().await;
    let mut deals = Vec::new();
    for (name, stage) in [("Idle", NEW), ("Busy", QUALIFIED), ("Won", WON), ("Lost", LOST), ("Hers", NEW)] {
        let owner = if name == "Hers" { id(&sophie) } else { id(&sam) };
        let deal = board.deal(app, name, stage, 1.0).await;
        db.execute("UPDATE deals SET owner_id = $2, value_minor = 100000 WHERE id = $1", &[&deal, &owner])
            .await
            .unwrap();
        deals.push(deal);
    }
    db.execute("UPDATE deals SET status = 'won', closed_at = now() WHERE id = $1", &[&deals[2]]).await.unwrap();
    db.execute("UPDATE deals SET status = 'lost', closed_at = now() WHERE id = $1", &[&deals[3]]).await.unwrap();
    db.execute("UPDATE deals SET currency = 'CHF' WHERE id = $1", &[&deals[1]]).await.unwrap();
    let task = "INSERT INTO tasks (id, tenant_id, title, kind, due_at, owner_id, deal_id, created_at, updated_at)
        VALUES (gen_random_uuid(), $1, $2, 'call', now() + $3::text::interval, $4, $5, now(), now())";
    for (title, due, deal) in [("Late", "-1 hour", Some(deals[1])), ("Older", "-2 days", None), ("Far", "3 days", None)]
    {
        db.execute(task, &[&board.tenant, &title, &due, &id(&sam), &deal]).await.unwrap();
    }
    for (owner, ago, tier) in [
        (Some(id(&sam)), "1 hour", "hot"),
        (None, "1 hour", "very_hot"),
        (Some(id(&sophie)), "1 hour", "hot"),
        (None, "3 days", "hot"),
        (None, "1 hour", "warm"),
    ] {
        let lead = board.lead(app).await;
        db.execute("UPDATE leads SET owner_id = $2 WHERE id = $1", &[&lead, &owner]).await.unwrap();
        let standing = "INSERT INTO lead_standings (lead_id, tenant_id, total_score, demographic, tier, evaluated_at) VALUES ($1, $2, 50, 50, $3, now())";
        db.execute(standing, &[&lead, &board.tenant, &tier]).await.unwrap();
        let alert = "INSERT INTO tier_alerts (tenant_id, lead_id, tier, alerted_at) VALUES ($1, $2, 'hot', now() - $3::text::interval)";
        db.execute(alert, &[&board.tenant, &lead, &ago]).await.unwrap();
    }
    (sam, sophie, board)
}

#[tokio::test]
async fn a_sales_person_finds_their_own_day() {
    let app = TestApp::new().await;
    let (sam, ..) = a_day(&app).await;
    let goals =
        json!({"goals": [{"won_minor_per_month": 900_000}, {"member_id": sam["id"], "won_minor_per_month": 300_000}]});
    app.patch("/api/v1/settings", &goals).bearer(&app.token("admin")).send().await.expect(200);
    let day = home(&app, &token_of(&app, &sam)).await;
    let titles: Vec<&str> =
        day["tasks"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Older", "Late"]);
    assert_eq!(names(&day["deals_without_next_step"]), ["Idle"]);
    let idle = &day["deals_without_next_step"][0];
    assert!(idle["stage_name"].is_string() && idle["in_stage_since"].is_string(), "{idle}");
    assert_eq!((&day["hot_leads"]["total"], day["hot_leads"]["data"].as_array().unwrap().len()), (&json!(2), 2));
    let me = &day["me"];
    assert_eq!((&me["name"], &me["overdue"], &me["today"]), (&json!("sam"), &json!(2), &json!(0)));
    assert_eq!(
        (&me["without_next_step"], &me["hot_leads"], &me["goal_minor"]),
        (&json!(1), &json!(1), &json!(300_000))
    );
    let weighted = |of: &Value| of["weighted_minor"].as_i64().unwrap();
    let [chf, eur] = me["money"].as_array().unwrap().as_slice() else { panic!("two currencies: {me}") };
    assert_eq!((&chf["currency"], &chf["open_minor"], &chf["won"]), (&json!("CHF"), &json!(100_000), &json!(0)));
    assert_eq!(
        (&eur["currency"], &eur["open"], &eur["won"], &eur["won_minor"]),
        (&json!("EUR"), &json!(1), &json!(1), &json!(100_000))
    );
    assert!(weighted(chf) > 0 && weighted(chf) < 100_000, "with the probability of its stage: {chf}");
    let team = &day["team"];
    assert_eq!((&team["goal_minor"], &team["goal_currency"]), (&json!(900_000), &json!("EUR")));
    assert_eq!(team["money"][1]["open"], 2, "hers too");
    assert_eq!(
        (&day["people"], &day["zone"], &day["first_steps"]),
        (&json!(null), &json!("Europe/Berlin"), &json!(null))
    );
}

#[tokio::test]
async fn who_leads_a_team_finds_the_same_of_everybody() {
    let app = TestApp::new().await;
    let (_, _, board) = a_day(&app).await;
    let mia = member(&app, "mia").await;
    let day = home(&app, &token_of(&app, &mia)).await;
    assert_eq!(names(&day["people"]), ["ada", "mia", "sam", "sophie"]);
    let of = |name: usize| &day["people"][name];
    assert_eq!(
        (&of(2)["overdue"], &of(2)["without_next_step"], &of(2)["hot_leads"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(
        (&of(3)["overdue"], &of(3)["without_next_step"], &of(3)["hot_leads"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(&day["me"], of(1));
    assert_eq!((&day["tasks"], &day["hot_leads"]["total"]), (&json!([]), &json!(3)), "everybody's who became hot");
    // A task about the deal's lead is a next step, and one that is done is none.
    let db = app.db().await;
    let task = "INSERT INTO tasks (id, tenant_id, title, kind, lead_id, created_at, updated_at)
        SELECT gen_random_uuid(), tenant_id, 'Call', 'call', lead_id, now(), now() FROM deals WHERE name = 'Hers' RETURNING id";
    let task: Uuid = db.query_one(task, &[]).await.unwrap().get(0);
    let without = async || home(&app, &token_of(&app, &mia)).await["people"][3]["without_next_step"].clone();
    assert_eq!(without().await, 0);
    db.execute("UPDATE tasks SET status = 'done', completed_at = now() WHERE id = $1", &[&task]).await.unwrap();
    assert_eq!(without().await, 1);
    assert_eq!(board.stages.len(), 7);
}

#[tokio::test]
async fn the_day_and_the_month_begin_where_the_member_is() {
    let app = TestApp::new().await;
    let (sam, ..) = a_day(&app).await;
    let token = token_of(&app, &sam);
    // East and west of the date line it is never the same day.
    let mut days = Vec::new();
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let own = format!("/api/v1/team/{}", sam["id"].as_str().unwrap());
        app.patch(&own, &json!({ "zone": zone })).bearer(&token).send().await.expect(200);
        let day = home(&app, &token).await;
        assert_eq!(day["zone"], zone);
        days.push(day["today"].as_str().unwrap().to_owned());
    }
    assert_ne!(days[0], days[1]);
    // What was won before the month began is not of this month.
    let before = "UPDATE deals SET closed_at = date_trunc('month', now()) - interval '2 days' WHERE status = 'won'";
    app.db().await.execute(before, &[]).await.unwrap();
    assert_eq!(home(&app, &token).await["me"]["money"][1]["won"], 0);
}

#[tokio::test]
async fn a_new_tenant_is_shown_what_it_does_first() {
    let app = TestApp::new().await;
    let steps = async || -> Vec<(String, bool)> {
        let day = home(&app, &app.token("admin")).await;
        let steps = day["first_steps"].as_array().cloned().unwrap_or_default();
        steps.iter().map(|one| (one["step"].as_str().unwrap().to_owned(), one["done"] == true)).collect()
    };
    let expected =
        |lead, deal, team| [("lead", lead), ("deal", deal), ("team", team)].map(|(step, done)| (step.to_owned(), done));
    assert_eq!(steps().await, expected(false, false, true));
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let lead = board.lead(&app).await;
    app.db().await.batch_execute("UPDATE team_members SET active = name = 'ada'").await.unwrap();
    assert_eq!(steps().await, expected(true, false, false));
    board.deal_of(&app, lead, "Erster", NEW, 1.0).await;
    app.db().await.batch_execute("UPDATE team_members SET active = true").await.unwrap();
    assert_eq!(steps().await, []);
}

#[tokio::test]
async fn shows_only_what_the_caller_may_read() {
    let app = TestApp::new().await;
    a_day(&app).await;
    refuses_strangers(&app, Method::GET, HOME, None, "team:read").await;
    let nothing = home(&app, &app.token_with_scopes(&["team:read"])).await;
    for part in ["tasks", "deals_without_next_step", "hot_leads", "me", "team", "people"] {
        assert_eq!(nothing[part], json!(null), "{part}");
    }
    let stranger = app.new_tenant("other").await;
    let theirs = home(&app, &stranger.token("admin")).await;
    assert_eq!((&theirs["hot_leads"]["total"], &theirs["team"]["money"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    app.db()
        .await
        .batch_execute(
            "INSERT INTO lead_standings (lead_id, tenant_id, tier, evaluated_at)
             SELECT id, tenant_id, 'hot', now() FROM leads ON CONFLICT DO NOTHING;
             INSERT INTO tier_alerts (tenant_id, lead_id, tier, alerted_at)
             SELECT tenant_id, id, 'hot', created_at - random() * interval '90 days' FROM leads;
             UPDATE deals d SET owner_id = (SELECT m.id FROM team_members m WHERE m.tenant_id = d.tenant_id ORDER BY m.id
                                              OFFSET d.value_minor % 5 LIMIT 1);
             UPDATE deals SET status = 'won', closed_at = now() - random() * interval '300 days' WHERE position::bigint % 2 = 0;
             ANALYZE",
        )
        .await
        .unwrap();
    let who = "SELECT id::text FROM team_members WHERE tenant_id = $1 LIMIT 1";
    let who: String = app.db().await.query_one(who, &[&board.tenant]).await.unwrap().get(0);
    let (tenant, who) = (format!("'{}'", board.tenant), format!("'{who}'"));
    let tables = ["deals", "tasks", "leads", "tier_alerts", "lead_standings"];
    let of =
        async |name: &str, values: &[&str]| plan(&app, board.tenant, &statement(&format!("home.{name}")), values).await;
    for only in ["NULL", who.as_str()] {
        let people =
            of("list_people", &[&tenant, "now() - interval '1 day'", "now()", "now() + interval '1 day'", only]).await;
        for index in ["tasks_owner_idx", "deals_owner_open_idx", "tier_alerts_at_idx"] {
            uses(&people, index, &tables);
        }
    }
    let money = of("list_money", &[&tenant, "now() - interval '20 days'"]).await;
    uses(&money, "deals_won_idx", &tables);
    uses(&money, "deals_open_idx", &tables);
    uses(&of("list_deals_without_next_step", &[&who, "10"]).await, "deals_owner_open_idx", &tables);
    uses(&of("list_hot", &[&tenant, "now() - interval '1 day'", &who, "10"]).await, "tier_alerts_at_idx", &tables);
    uses(&of("first_steps", &[&tenant]).await, "leads_created_at_idx", &["leads", "deals", "team_members"]);
}
