use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::client::post;
use super::super::credentials::Credentials;
use crate::integrations::partner::{CallOutcome, FaultDomain};

fn webhook() -> Credentials {
    Credentials::parse(r#"{"webhook_url":"https://hooks.slack.com/services/T0/B0/secret"}"#).unwrap()
}

fn bot() -> Credentials {
    Credentials::parse(r#"{"bot_token":"xoxb-1-secret"}"#).unwrap()
}

fn payload() -> Value {
    json!({"channel": "#a", "text": "hello"})
}

/// Answers one connection with exactly these bytes and closes it; gives back what it was sent.
async fn answering(bytes: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 16 * 1024];
        let mut length = 0;
        while !String::from_utf8_lossy(&request[..length]).contains("hello") {
            length += connection.read(&mut request[length..]).await.unwrap();
        }
        connection.write_all(bytes.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (address, served)
}

async fn outcome(credentials: &Credentials, bytes: &'static str) -> (CallOutcome, String) {
    let (address, served) = answering(bytes).await;
    let http = crate::integrations::client().unwrap();
    let outcome = post(&http, Some(&format!("http://{address}")), credentials, &payload()).await;
    (outcome, served.await.unwrap())
}

#[tokio::test]
async fn nobody_there_means_not_posted() {
    // A port that was just free and is closed again.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let http = crate::integrations::client().unwrap();
    let outcome = post(&http, Some(&format!("http://{address}")), &webhook(), &payload()).await;
    assert_eq!(outcome, CallOutcome::not_now("unreachable"));
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_it_open() {
    let (outcome, _) = outcome(&webhook(), "").await;
    assert!(matches!(outcome, CallOutcome::Unknown(_)), "{outcome:?}");
}

#[tokio::test]
async fn success_that_breaks_off_is_not_known() {
    let (outcome, _) = outcome(&webhook(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no").await;
    assert!(matches!(outcome, CallOutcome::Unknown(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_error_that_breaks_off_is_still_an_error() {
    let (outcome, _) = outcome(&webhook(), "HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\nno_").await;
    assert_eq!(outcome, CallOutcome::refused("http_404", FaultDomain::Connection));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (outcome, _) = outcome(&webhook(), moved).await;
    assert_eq!(outcome, CallOutcome::refused("http_302", FaultDomain::Connection));
}

#[tokio::test]
async fn a_webhook_gets_the_message_on_its_path_and_no_connection_is_kept() {
    let (outcome, request) = outcome(&webhook(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(outcome, CallOutcome::Done(json!({"via": "webhook"})));
    assert!(request.starts_with("POST /services/T0/B0/secret HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("connection: close") && request.contains(r#""text":"hello""#), "{request}");
}

#[tokio::test]
async fn a_bot_signs_in_with_its_token() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.2\"}";
    let (outcome, request) = outcome(&bot(), answer).await;
    assert_eq!(outcome, CallOutcome::Done(json!({"via": "api", "channel": "C1", "ts": "1.2"})));
    assert!(request.starts_with("POST /api/chat.postMessage HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer xoxb-1-secret\r\n"), "{request}");
}
