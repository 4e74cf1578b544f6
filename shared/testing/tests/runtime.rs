//! The harness against a real child process (`testkit-echo`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use testkit::runtime::{Function, InvokeError, PAYLOAD_LIMIT};

/// The echo function, built by cargo beside this test.
fn echo() -> Function {
    spawn(&[("GIVEN".to_owned(), "yes".to_owned())])
}

fn spawn(env: &[(String, String)]) -> Function {
    Function::spawn("echo", Path::new(env!("CARGO_BIN_EXE_testkit-echo")), env).unwrap()
}

#[tokio::test]
async fn answers_with_the_event_and_only_the_given_environment() {
    let function = echo();
    let answer = function.invoke(&json!({"a": [1, "ü"]})).await.unwrap();
    assert_eq!(answer["event"], json!({"a": [1, "ü"]}));
    assert_eq!(answer["given"], "yes");
    assert_eq!(answer["inherited"], "", "the environment of the test must not leak into a function");
    assert_eq!(answer["region"], "eu-central-1");
    assert_eq!(answer["pid"], function.pid());
    assert!(answer["trace_id"].as_str().unwrap().starts_with("Root=1-"));
}

#[tokio::test]
async fn given_variables_win_over_lambda_s_own() {
    let function = spawn(&[("AWS_REGION".to_owned(), "eu-west-1".to_owned())]);
    assert_eq!(function.invoke(&json!({})).await.unwrap()["region"], "eu-west-1");
}

#[tokio::test]
async fn keeps_its_process_and_numbers_invocations() {
    let function = echo();
    let first = function.invoke(&json!({})).await.unwrap();
    let second = function.invoke(&json!({})).await.unwrap();
    assert_eq!(first["pid"], second["pid"]);
    assert_ne!(first["request_id"], second["request_id"]);
}

#[tokio::test]
async fn invocations_of_one_environment_take_turns() {
    let function = echo();
    let started = Instant::now();
    let slow = json!({"sleep_ms": 100});
    let (first, second) = tokio::join!(function.invoke(&slow), function.invoke(&slow));
    assert!(first.is_ok() && second.is_ok());
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn tells_the_deadline() {
    let function = echo();
    function.set_timeout(Duration::from_secs(5));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64;
    let deadline = function.invoke(&json!({})).await.unwrap()["deadline_ms"].as_u64().unwrap();
    assert!((4_000..=5_500).contains(&(deadline - now)), "{} ms", deadline - now);
}

#[tokio::test]
async fn an_error_of_the_function_leaves_its_process_running() {
    let function = echo();
    match function.invoke(&json!({"fail": "no"})).await {
        Err(InvokeError::Function { error_type, message }) => assert_eq!((&*error_type, &*message), ("Asked", "no")),
        other => panic!("{other:?}"),
    }
    assert!(function.is_alive());
    assert!(function.invoke(&json!({})).await.is_ok());
}

#[tokio::test]
async fn an_exit_is_reported_with_status_and_output() {
    let function = echo();
    match function.invoke(&json!({"print": "last words", "exit": 3})).await {
        Err(InvokeError::Exited { status, logs }) => {
            assert_eq!(status.code(), Some(3));
            assert!(logs.contains("last words"), "{logs}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(function.invoke(&json!({})).await, Err(InvokeError::Exited { .. })), "it stays gone");
}

#[tokio::test]
async fn a_kill_ends_a_running_invocation_at_once() {
    let function = echo();
    function.first_ready().await.unwrap();
    let started = Instant::now();
    let event = json!({"sleep_ms": 10_000});
    let (outcome, ()) = tokio::join!(function.invoke(&event), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        function.kill();
    });
    assert!(matches!(outcome, Err(InvokeError::Exited { .. })), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_timeout_kills_the_process() {
    let function = echo();
    function.set_timeout(Duration::from_millis(100));
    let outcome = function.invoke(&json!({"sleep_ms": 10_000})).await;
    assert!(matches!(outcome, Err(InvokeError::TimedOut { .. })), "{outcome:?}");
    assert!(function.exited().await.is_some());
}

#[tokio::test]
async fn dropping_it_ends_the_process() {
    let function = echo();
    function.first_ready().await.unwrap();
    let stat = PathBuf::from(format!("/proc/{}/stat", function.pid()));
    assert!(stat.exists());
    drop(function);
    let gone = async {
        // A zombie counts as gone: the runtime reaps it later.
        while std::fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), gone).await.expect("the process is gone");
}

#[tokio::test]
async fn too_large_events_are_refused_as_by_lambda() {
    let function = echo();
    let outcome = function.invoke_raw(vec![b' '; PAYLOAD_LIMIT + 1].into()).await;
    assert!(matches!(outcome, Err(InvokeError::Contract(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_missing_binary_is_named() {
    let error = Function::spawn("absent", "/nonexistent/absent".as_ref(), &[]).unwrap_err();
    assert!(format!("{error:#}").contains("/nonexistent/absent"), "{error:#}");
}

#[tokio::test]
async fn the_harness_adds_little_to_an_invocation() {
    let function = echo();
    let rounds = 200_u32;
    function.invoke(&json!({})).await.unwrap();
    let started = Instant::now();
    for _ in 0..rounds {
        function.invoke_raw(bytes::Bytes::from_static(b"{}")).await.unwrap();
    }
    let each = started.elapsed() / rounds;
    eprintln!("one invocation of echo takes {each:?}");
    // A delayed acknowledgement alone would be 40 ms; without one it is well below a millisecond even in debug.
    assert!(each < Duration::from_millis(20), "{each:?}");
}
