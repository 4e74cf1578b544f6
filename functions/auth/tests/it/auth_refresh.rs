use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{ME, REFRESH, Session, audited, believed, member_id, refresh, run, sign_in};

/// Lets the grace of used tokens pass.
async fn later(app: &TestApp) {
    run(app, "UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds'").await;
}

#[tokio::test]
async fn each_refresh_gives_a_new_pair() {
    let app = TestApp::new().await;
    let first = sign_in(&app, "sam").await;
    let second = Session::of(&refresh(&app, &first.cookie).await.expect(200));
    assert!(first.access != second.access && first.cookie != second.cookie);
    assert!(believed(&app, &second.access).await && believed(&app, &first.access).await);
    later(&app).await;
    let third = Session::of(&refresh(&app, &second.cookie).await.expect(200));
    assert!(believed(&app, &third.access).await);
}

#[tokio::test]
async fn a_new_token_comes_with_who_it_is() {
    let app = TestApp::new().await;
    run(&app, "UPDATE team_members SET language = 'en' WHERE name = 'sam'").await;
    let signed_in = crate::support::try_login(&app, &app.tenant().email("sam"), &app.tenant().password("sam")).await;
    let session = Session::of(&signed_in);
    let ask = async |token: &str| app.get(ME).bearer(token).send().await.expect(200).json::<Value>();
    let first = signed_in.json::<Value>();
    assert_eq!(first["me"], ask(&session.access).await);
    assert_eq!(
        (&first["me"]["member"]["name"], &first["me"]["preferences"]["language"]),
        (&json!("sam"), &json!("en"))
    );
    // As it is now: another role, another theme.
    let dark = json!({"theme": "dark"});
    app.patch("/api/v1/preferences", &dark).bearer(&session.access).send().await.expect(200);
    run(&app, "UPDATE team_members SET role = 'viewer' WHERE name = 'sam'").await;
    let answer = refresh(&app, &session.cookie).await.expect(200);
    let me = &answer.json::<Value>()["me"];
    assert_eq!((&me["member"]["role"], &me["preferences"]["theme"]), (&json!("viewer"), &json!("dark")));
    assert!(!me["scopes"].as_array().unwrap().contains(&json!("leads:write")), "{me}");
    assert_eq!(*me, ask(&Session::of(&answer).access).await);
}

/// The token was used up already when that was read: the new one has to reach the browser all the same.
#[tokio::test]
async fn a_new_token_comes_also_when_nobody_can_say_who_it_is() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "sam").await;
    run(&app, "REVOKE SELECT ON member_preferences FROM lotse_app").await;
    let answer = refresh(&app, &session.cookie).await.expect(200);
    assert_eq!(answer.json::<Value>()["me"], json!(null));
    assert_ne!(Session::of(&answer).cookie, session.cookie);
}

#[tokio::test]
async fn a_used_token_ends_its_whole_session() {
    let app = TestApp::new().await;
    let other = sign_in(&app, "sam").await;
    let first = sign_in(&app, "sam").await;
    let second = Session::of(&refresh(&app, &first.cookie).await.expect(200));
    later(&app).await;
    let refused = refresh(&app, &first.cookie).await.expect(401);
    assert!(refused.cookies.is_empty());
    // The thief and the owner are out alike, at once; the member's other session is not.
    refresh(&app, &second.cookie).await.expect(401);
    assert!(!believed(&app, &first.access).await && !believed(&app, &second.access).await);
    assert!(believed(&app, &other.access).await);
    refresh(&app, &other.cookie).await.expect(200);
    let sam = member_id(&app, "sam").await.to_string();
    let last = audited(&app).await.pop().unwrap();
    assert_eq!(last, ("end_stolen".to_owned(), sam));
    let named = "SELECT count(DISTINCT record_id) FROM audit_log WHERE record_type = 'session' AND at >= (
                   SELECT max(at) FROM audit_log WHERE action = 'sign_in')";
    let named: i64 = app.db().await.query_one(named, &[]).await.unwrap().get(0);
    assert_eq!(named, 1, "it is the session that began last");
}

#[tokio::test]
async fn a_refresh_sent_again_after_a_lost_connection_is_answered_as_before() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "sam").await;
    let token = session.cookie.strip_prefix("lotse_refresh=").unwrap();
    let hash = |token: &str| format!("\\x{}", testkit::keys::sha256_hex(token.as_bytes()));
    let client = app.database().app_client().await.unwrap();
    // What the function sends when its connection ends after the database has carried it out: the same once more.
    let use_it = async |old: &str, new: &str, jti: &str| -> (String, bool) {
        let statement = format!(
            "SELECT outcome, refresh_until IS NOT NULL FROM lotse.refresh_session('{}', '{}', '{jti}', now(), now() + interval '7 days',
                    now() + interval '15 minutes', interval '10 seconds', gen_random_uuid(), 'request')",
            hash(old),
            hash(new)
        );
        let row = client.query_one(&statement, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    for _ in 0..2 {
        assert_eq!(use_it(token, "second", "jti-2").await, ("rotated".to_owned(), true));
    }
    // Another tab meanwhile, and that one again.
    for _ in 0..2 {
        assert_eq!(use_it(token, "other", "jti-3").await, ("again".to_owned(), false));
    }
    let rows: i64 = app.db().await.query_one("SELECT count(*) FROM refresh_tokens", &[]).await.unwrap().get(0);
    assert_eq!(rows, 2, "one successor");
    // The successor works, and is no excuse for its predecessor once it was used itself.
    assert_eq!(use_it("second", "third", "jti-4").await.0, "rotated");
    later(&app).await;
    assert_eq!(use_it(token, "second", "jti-5").await.0, "reuse");
}

#[tokio::test]
async fn a_late_tab_gets_no_cookie_also_when_the_session_went_on() {
    let app = TestApp::new().await;
    let first = sign_in(&app, "sam").await;
    let second = Session::of(&refresh(&app, &first.cookie).await.expect(200));
    let third = Session::of(&refresh(&app, &second.cookie).await.expect(200));
    let late = refresh(&app, &first.cookie).await.expect(200);
    assert!(late.cookies.is_empty());
    later(&app).await;
    let fourth = Session::of(&refresh(&app, &third.cookie).await.expect(200));
    refresh(&app, &second.cookie).await.expect(401);
    refresh(&app, &fourth.cookie).await.expect(401);
}

#[tokio::test]
async fn theft_is_noted_with_the_end_of_the_session_or_not_at_all() {
    let app = TestApp::new().await;
    let first = sign_in(&app, "sam").await;
    refresh(&app, &first.cookie).await.expect(200);
    later(&app).await;
    // While the log cannot be written the session goes on: what is tried again finds it as it was.
    run(&app, "ALTER TABLE audit_log ADD CONSTRAINT closed CHECK (action <> 'end_stolen') NOT VALID").await;
    refresh(&app, &first.cookie).await.expect(500);
    run(&app, "ALTER TABLE audit_log DROP CONSTRAINT closed").await;
    refresh(&app, &first.cookie).await.expect(401);
    assert_eq!(audited(&app).await.pop().unwrap().0, "end_stolen");
    // A tenant that was switched off has no sessions any more, stolen or not.
    let other = sign_in(&app, "mia").await;
    refresh(&app, &other.cookie).await.expect(200);
    later(&app).await;
    run(&app, "UPDATE tenants SET active = false").await;
    refresh(&app, &other.cookie).await.expect(401);
    assert_eq!(audited(&app).await.len(), 3);
}

#[tokio::test]
async fn two_tabs_at_once_stay_signed_in() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "sam").await;
    let asks = (0..4).map(|_| app.post(REFRESH, &json!({})).header("cookie", &session.cookie).send());
    let answers = futures(asks).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    // One new cookie; the others get an access token and nothing to go on with.
    assert_eq!(answers.iter().map(|answer| answer.cookies.len()).sum::<usize>(), 1);
    for answer in &answers {
        let body: Value = answer.json();
        assert!(believed(&app, body["access_token"].as_str().unwrap()).await);
    }
    let winner = answers.iter().find(|answer| !answer.cookies.is_empty()).unwrap();
    later(&app).await;
    refresh(&app, &Session::of(winner).cookie).await.expect(200);
}

/// All at once, on one thread.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (one, done) in waiting.iter_mut().filter(|(_, done)| done.is_none()) {
            match one.as_mut().poll(context) {
                std::task::Poll::Ready(value) => *done = Some(value),
                std::task::Poll::Pending => pending = true,
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test]
async fn a_change_of_role_shows_and_who_left_is_out() {
    let app = TestApp::new().await;
    let first = sign_in(&app, "sam").await;
    let scopes = async |access: &str| {
        let me: Value = app.get(ME).bearer(access).send().await.expect(200).json();
        me["scopes"].as_array().unwrap().clone()
    };
    assert!(scopes(&first.access).await.contains(&json!("leads:write")));
    let path = format!("/api/v1/team/{}", member_id(&app, "sam").await);
    app.patch(&path, &json!({"role": "viewer"})).bearer(&app.token("admin")).send().await.expect(200);
    assert!(!believed(&app, &first.access).await, "what it could do is over");
    let second = Session::of(&refresh(&app, &first.cookie).await.expect(200));
    assert!(!scopes(&second.access).await.contains(&json!("leads:write")));
    run(&app, "UPDATE team_members SET active = false WHERE name = 'sam'").await;
    refresh(&app, &second.cookie).await.expect(401);
    let mia = sign_in(&app, "mia").await;
    run(&app, "UPDATE tenants SET active = false").await;
    refresh(&app, &mia.cookie).await.expect(401);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_at_last_in_any_case() {
    let app = TestApp::new().await;
    let idle = sign_in(&app, "sam").await;
    run(&app, "UPDATE refresh_tokens SET expires_at = now() - interval '1 second'").await;
    refresh(&app, &idle.cookie).await.expect(401);

    let old = sign_in(&app, "sam").await;
    run(&app, "UPDATE session_families SET expires_at = now() + interval '1 day'").await;
    let answer = refresh(&app, &old.cookie).await.expect(200);
    let age = answer.cookies[0].split("Max-Age=").nth(1).unwrap().split(';').next().unwrap();
    let age: u64 = age.parse().unwrap();
    assert!((86_000..=86_400).contains(&age), "the cookie ends with its session: {age}");
    run(&app, "UPDATE session_families SET expires_at = now() - interval '1 second'").await;
    refresh(&app, &Session::of(&answer).cookie).await.expect(401);
    assert_eq!(audited(&app).await.len(), 2, "that is no theft");
}

#[tokio::test]
async fn acts_only_with_a_cookie_and_for_our_own_pages() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "sam").await;
    app.post(REFRESH, &json!({})).send().await.expect(401).problem();
    app.post(REFRESH, &json!({})).bearer(&session.access).send().await.expect(401);
    for cookie in ["lotse_refresh=", "lotse_refresh=nonsense", "other=x", "lotse_refresh=ä"] {
        refresh(&app, cookie).await.expect(401).problem();
    }
    let foreign =
        app.post(REFRESH, &json!({})).header("cookie", &session.cookie).header("origin", "https://evil.example");
    assert!(foreign.send().await.expect(403).cookies.is_empty());
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let form = app.request(Method::POST, REFRESH).header("cookie", &session.cookie).header("content-type", kind);
        form.body("").send().await.expect(400).problem();
    }
    app.post(REFRESH, &json!({"token": "x"})).header("cookie", &session.cookie).send().await.expect(400);
    // Nothing of this has used the token up.
    let ours = app.post(REFRESH, &json!({})).header("cookie", &format!("a=b; {}", session.cookie));
    Session::of(&ours.header("origin", "http://localhost:8080").send().await.expect(200));
}
