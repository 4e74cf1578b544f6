//! A function for the kit's own tests: answers each event with itself and what the Runtime API told it.
//!
//! Commands in the event: `{"fail": "message"}` reports an error, `{"exit": code}` ends the process, `{"sleep_ms": n}`
//! waits first, `{"print": "text"}` writes to stderr. Blocking and free of dependencies beyond JSON on purpose.

#![expect(clippy::disallowed_methods, reason = "it shows the variables it was given")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;

use serde_json::{Value, json};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

fn main() -> ExitCode {
    match serve() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("testkit-echo: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Never {}

fn serve() -> Result<Never, Box<dyn std::error::Error>> {
    let api = env("AWS_LAMBDA_RUNTIME_API");
    let mut connection = BufReader::new(TcpStream::connect(&api)?);
    connection.get_ref().set_nodelay(true)?;
    loop {
        let (headers, event) = call(&mut connection, "GET", NEXT, b"")?;
        let id = header(&headers, "lambda-runtime-aws-request-id");
        let event: Value = serde_json::from_slice(&event)?;
        if let Some(text) = event["print"].as_str() {
            eprintln!("{text}");
        }
        if let Some(wait) = event["sleep_ms"].as_u64() {
            std::thread::sleep(std::time::Duration::from_millis(wait));
        }
        if let Some(code) = event["exit"].as_i64() {
            std::process::exit(code as i32);
        }
        let base = format!("/2018-06-01/runtime/invocation/{id}");
        if let Some(message) = event["fail"].as_str() {
            let error = json!({ "errorType": "Asked", "errorMessage": message }).to_string();
            call(&mut connection, "POST", &format!("{base}/error"), error.as_bytes())?;
            continue;
        }
        let answer = json!({
            "event": event,
            "pid": std::process::id(),
            "request_id": id,
            "deadline_ms": header(&headers, "lambda-runtime-deadline-ms").parse::<u64>()?,
            "trace_id": header(&headers, "lambda-runtime-trace-id"),
            "name": env("AWS_LAMBDA_FUNCTION_NAME"),
            "given": env("GIVEN"),
            "inherited": env("CARGO_MANIFEST_DIR"),
            "region": env("AWS_REGION"),
        });
        call(&mut connection, "POST", &format!("{base}/response"), answer.to_string().as_bytes())?;
    }
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

type Reply = (Vec<(String, String)>, Vec<u8>);

fn call(
    connection: &mut BufReader<TcpStream>,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<Reply, Box<dyn std::error::Error>> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: runtime\r\ncontent-length: {}\r\n\r\n", body.len());
    request.push_str(std::str::from_utf8(body)?);
    connection.get_mut().write_all(request.as_bytes())?;
    let mut headers = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if connection.read_line(&mut line)? == 0 {
            return Err("the Runtime API is gone".into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; header(&headers, "content-length").parse()?];
    connection.read_exact(&mut body)?;
    Ok((headers, body))
}

fn header(headers: &[(String, String)], name: &str) -> String {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}
