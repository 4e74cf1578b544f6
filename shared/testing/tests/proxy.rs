//! The proxy, in front of a server that repeats what it is sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use testkit::proxy::Proxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn repeater() -> (String, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    ("127.0.0.1".to_owned(), port)
}

/// What comes back for `ping`; nothing once the connection is cut.
async fn ping(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = vec![0; 4];
    // Writing to a cut connection may still succeed; reading tells.
    let _ = stream.write_all(b"ping").await;
    let read =
        tokio::time::timeout(Duration::from_secs(2), stream.read(&mut answer)).await.expect("an answer or an end");
    answer.truncate(read.unwrap_or(0));
    answer
}

#[tokio::test]
async fn passes_everything_on_until_it_is_cut() {
    let proxy = Proxy::start(repeater().await).unwrap();
    let mut before = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut before).await, b"ping");

    proxy.down();
    assert_eq!(ping(&mut before).await, b"", "an open connection is cut");
    let mut during = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut during).await, b"", "a new one gets no answer");

    proxy.up();
    assert_eq!(ping(&mut before).await, b"", "a cut connection stays cut");
    let mut after = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut after).await, b"ping");
}

#[tokio::test]
async fn holds_what_it_is_sent_and_passes_it_on_later() {
    let proxy = Proxy::start(repeater().await).unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut stream).await, b"ping");

    proxy.hold();
    stream.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    let waited = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut answer)).await;
    assert!(waited.is_err(), "neither an answer nor an end");
    let taken = tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(proxy.address())).await;
    assert!(taken.unwrap().is_ok(), "a new connection is taken");

    proxy.up();
    assert_eq!(stream.read_exact(&mut answer).await.unwrap(), 4);
    assert_eq!(&answer, b"ping");
}
