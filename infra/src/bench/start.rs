//! Cold starts: from the start of the process to the first answer, and what the archives weigh.

use std::process::Command;
use std::time::Instant;

use anyhow::ensure;
use serde_json::{Value, json};

use super::stage::Stage;
use super::usage::percentile;

/// Milliseconds from the start of the process to the first answer.
pub struct Starts {
    pub name: &'static str,
    pub p50: f64,
    pub p95: f64,
}

/// Starts a function again and again and asks it once.
///
/// # Errors
/// When it does not answer with 200.
pub async fn starts(stage: &Stage, name: &'static str, path: &str, count: usize) -> anyhow::Result<Starts> {
    let mut taken = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        let function = stage.function(name)?;
        let answer = function.invoke(&request(path, "", &stage.token)).await?;
        taken.push(began.elapsed().as_secs_f64() * 1e3);
        ensure!(answer["statusCode"] == 200, "{name} answered {answer}");
    }
    Ok(Starts { name, p50: percentile(&mut taken, 0.5), p95: percentile(&mut taken, 0.95) })
}

/// A GET as the gateway passes it on.
pub fn request(path: &str, query: &str, token: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"authorization": format!("Bearer {token}"), "host": "bench"},
        "requestContext": {
            "accountId": "1", "apiId": "bench", "domainName": "bench", "domainPrefix": "bench", "requestId": "bench",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
            "routeKey": "$default", "stage": "$default", "time": "22/Nov/2026:15:08:21 +0000", "timeEpoch": 0,
        },
        "isBase64Encoded": false,
    })
}

/// The compressed size of a function's archive in MB, as the deployment would upload it.
///
/// # Errors
/// When the binary is missing or Python, whose zip is used, is not there.
pub fn archive_size(stage: &Stage, name: &str) -> anyhow::Result<f64> {
    const MEASURE: &str = "import sys,zlib;c=zlib.compressobj(6,zlib.DEFLATED,-15);d=open(sys.argv[1],'rb').read();print(len(c.compress(d))+len(c.flush()))";
    let mut python = Command::new("python3");
    let printed = crate::process::output(python.args(["-c", MEASURE]).arg(stage.binary(name)))?;
    Ok(printed.trim().parse::<f64>()? / 1e6)
}
