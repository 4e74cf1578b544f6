//! What goes over the wire, seen by a stand-in for Postgres that says just enough.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::*;

fn listen() -> (TcpListener, DatabaseConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://lotse_app:secret@{}/lotse", listener.local_addr().unwrap());
    (listener, DatabaseConfig { url, iam: false, tls: false })
}

/// Takes a connection up to the point where statements may come.
fn welcome(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut startup).unwrap();
    // Signed in; ready.
    stream.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").unwrap();
    stream
}

/// What comes until the other side closes, or is silent for a second: the client waits for answers before it closes.
fn everything(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..count]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn joined<T: Send + 'static>(thread: JoinHandle<T>) -> T {
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap()
}

#[tokio::test]
async fn without_tls_on_the_other_side_nothing_is_said() {
    let (listener, config) = listen();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "the request for TLS");
        stream.write_all(b"N").unwrap();
        everything(stream)
    });
    let database = Database::new(DatabaseConfig { tls: true, ..config });
    assert!(matches!(database.client().await, Err(Failure::Unavailable { .. })));
    assert_eq!(joined(server).await, "");
}

#[tokio::test]
async fn who_stops_waiting_for_begin_rolls_back() {
    let (listener, config) = listen();
    let server = thread::spawn(move || everything(welcome(&listener)));
    let database = Database::new(config);
    let waited =
        tokio::time::timeout(Duration::from_millis(300), database.begin(TenantId(Uuid::nil()), Shown::default())).await;
    assert!(waited.is_err(), "the stand-in never answers");
    drop(database);
    let said = joined(server).await;
    let begun = said.find("BEGIN").unwrap();
    assert!(said[begun..].contains("ROLLBACK"), "{said:?}");
}

#[tokio::test]
async fn a_connection_that_ended_unnoticed_is_replaced_once() {
    let (listener, config) = listen();
    let server = thread::spawn(move || {
        for answers in [false, true] {
            let mut stream = welcome(&listener);
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            if answers {
                // BEGIN is complete; a transaction is open.
                stream.write_all(b"C\0\0\0\x0aBEGIN\0Z\0\0\0\x05T").unwrap();
                everything(stream);
            }
        }
    });
    let database = Database::new(config);
    let tx = database.begin_without_tenant().await.unwrap();
    drop(tx);
    drop(database);
    joined(server).await;
}

#[tokio::test]
async fn a_connection_that_ends_twice_is_unavailable() {
    let (listener, config) = listen();
    let server = thread::spawn(move || {
        for _ in 0..2 {
            let mut stream = welcome(&listener);
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
        }
    });
    let database = Database::new(config);
    assert!(matches!(database.begin_without_tenant().await, Err(Failure::Unavailable { .. })));
    joined(server).await;
}

/// Takes a statement's first byte, and closes the connection or answers that nothing was found.
fn answer(listener: &TcpListener, found: bool) {
    let mut stream = welcome(listener);
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    if found {
        // Parsed, bound, no rows to describe, done, ready.
        stream.write_all(b"1\0\0\0\x042\0\0\0\x04n\0\0\0\x04C\0\0\0\x0dSELECT 0\0Z\0\0\0\x05I").unwrap();
        everything(stream);
    }
}

#[tokio::test]
async fn what_may_happen_twice_is_sent_again_once() {
    for (answers, passes) in [(vec![false, true], true), (vec![false, false], false)] {
        let (listener, config) = listen();
        let server = thread::spawn(move || answers.into_iter().for_each(|found| answer(&listener, found)));
        let database = Database::new(config);
        match database.query_again_if_lost("SELECT", params![]).await {
            Ok(rows) => assert!(passes && rows.is_empty()),
            Err(failure) => assert!(!passes && matches!(failure, Failure::Unavailable { .. }), "{failure:?}"),
        }
        drop(database);
        joined(server).await;
    }
}

#[tokio::test]
async fn what_may_not_is_not() {
    let (listener, config) = listen();
    let server = thread::spawn(move || answer(&listener, false));
    let database = Database::new(config);
    assert!(matches!(database.query("SELECT", params![]).await, Err(Failure::Unavailable { .. })));
    joined(server).await;
}

/// The server ends a transaction in which nothing was heard for too long, and the connection with it.
#[tokio::test]
async fn a_transaction_that_was_idle_for_too_long_can_be_repeated() {
    let (listener, config) = listen();
    let server = thread::spawn(move || {
        let mut stream = welcome(&listener);
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        let said = b"SFATAL\0VFATAL\0C25P03\0Mterminating connection due to idle-in-transaction timeout\0\0";
        stream.write_all(b"E").unwrap();
        stream.write_all(&u32::try_from(said.len() + 4).unwrap().to_be_bytes()).unwrap();
        stream.write_all(said).unwrap();
        everything(stream);
    });
    let database = Database::new(config);
    let failure = database.query("SELECT", params![]).await.unwrap_err();
    assert!(matches!(failure, Failure::Unavailable { .. }) && !failure.is_busy(), "{failure:?}");
    assert!(failure.to_string().contains("25P03"), "the log says what the server said: {failure}");
    drop(database);
    joined(server).await;
}
