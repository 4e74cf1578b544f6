//! The AWS stand-in: its start, and the few calls we make to it ourselves.
//!
//! Known gaps that this module closes: it does not import the API description that SAM writes into an HTTP API, so the
//! routes are made one by one after a deployment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use testkit::template::FunctionDef;

use crate::http::{self, Answer};
use crate::process::Daemon;
use crate::state::write_private;

/// The region everything local pretends to be in.
pub const REGION: &str = "eu-central-1";

/// The account everything local belongs to.
pub const ACCOUNT: &str = "000000000000";

/// Where `sam deploy` puts its artifacts.
pub const BUCKET: &str = "lotse-artifacts";

/// What the template uses, and no more: every service costs start-up time and memory.
const SERVICES: &str =
    "sqs,lambda,apigateway,scheduler,cloudformation,s3,iam,sts,logs,events,secretsmanager,ssm,cloudwatch";

/// The stand-in on its port.
pub struct Ministack {
    daemon: Daemon,
    dev: PathBuf,
    port: u16,
}

impl Ministack {
    /// The stand-in of this workspace.
    pub fn new(dev: &Path, port: u16) -> Self {
        Self { daemon: Daemon::new(dev, "aws"), dev: dev.to_owned(), port }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The daemon, to stop it or to ask whether it runs.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// Starts it, empty, unless it runs.
    ///
    /// # Errors
    /// With the end of its log when it does not come up.
    pub async fn start(&self, tool: &Path) -> anyhow::Result<()> {
        if self.daemon.running() {
            return Ok(());
        }
        let launcher = self.dev.join("servers/aws.py");
        write_private(&launcher, include_bytes!("servers/aws.py"))?;
        let scratch = self.dev.join("aws");
        if scratch.exists() {
            // Its cache of unpacked functions; it starts empty every time.
            std::fs::remove_dir_all(&scratch).context("cannot empty the stand-in's folder")?;
        }
        std::fs::create_dir_all(&scratch).context("cannot create the stand-in's folder")?;
        let mut command = Command::new(tool.join("bin/python"));
        // Functions inherit this environment, so it is exactly what they may see.
        command.arg(&launcher).current_dir(&scratch).env_clear().envs(self.environment(&scratch));
        self.daemon.start(&mut command)?;
        let port = self.port;
        let ready = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        self.daemon.wait_until(Duration::from_secs(60), ready)?;
        // Unsigned: a signed request would have to say in its body where the bucket shall be.
        http::send("PUT", &format!("{}/{BUCKET}", self.url()), &[], "").await?.ok("making the bucket for artifacts")?;
        Ok(())
    }

    fn environment(&self, scratch: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("PATH", std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned())),
            ("HOME", scratch.display().to_string()),
            ("TMPDIR", scratch.display().to_string()),
            ("GATEWAY_PORT", self.port.to_string()),
            ("BIND_HOST", "127.0.0.1".to_owned()),
            // Otherwise it listens on every interface, on port 8883 too.
            ("IOT_MTLS_ENABLED", "0".to_owned()),
            // Functions call back to it.
            ("AWS_ENDPOINT_URL", self.url()),
            ("MINISTACK_HOST", "localhost".to_owned()),
            ("MINISTACK_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("SERVICES", SERVICES.to_owned()),
            // The first environment of a function stays; the others that a burst has made go after a minute.
            ("LAMBDA_WARM_TTL_SECONDS", "60".to_owned()),
            ("LOG_LEVEL", "WARNING".to_owned()),
        ]
    }

    /// Calls one of its services. The signature only tells it which service is meant.
    async fn call(&self, service: &str, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=local"
        );
        let headers = [("authorization", signed.as_str()), ("content-type", "application/json")];
        let body = body.map(Value::to_string).unwrap_or_default();
        http::send(method, &format!("{}{path}", self.url()), &headers, body).await
    }

    /// The id of the stack's API.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn api_id(&self, stack: &str) -> anyhow::Result<String> {
        let apis = self.call("apigateway", "GET", "/v2/apis", None).await?.ok("listing the APIs")?.json()?;
        let of_stack = |api: &&Value| api["tags"]["aws:cloudformation:stack-name"] == stack;
        let api = apis["items"].as_array().into_iter().flatten().find(of_stack);
        let id = api.and_then(|api| api["apiId"].as_str()).context("the deployed stack has no API")?;
        Ok(id.to_owned())
    }

    /// Gives the API the template's routes: those that exist are replaced.
    ///
    /// # Errors
    /// With the stand-in's answer.
    pub async fn make_routes(&self, api: &str, functions: &[FunctionDef]) -> anyhow::Result<usize> {
        for kind in ["routes", "integrations"] {
            let list = self.call("apigateway", "GET", &format!("/v2/apis/{api}/{kind}"), None).await?.json()?;
            let id = if kind == "routes" { "routeId" } else { "integrationId" };
            for item in list["items"].as_array().into_iter().flatten() {
                let path = format!("/v2/apis/{api}/{kind}/{}", item[id].as_str().unwrap_or_default());
                self.call("apigateway", "DELETE", &path, None).await?;
            }
        }
        let mut made = 0;
        for function in functions.iter().filter(|function| !function.routes.is_empty()) {
            let integration = json!({
                "integrationType": "AWS_PROXY",
                "integrationUri": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", function.name),
                "payloadFormatVersion": "2.0",
            });
            let path = format!("/v2/apis/{api}/integrations");
            let answer =
                self.call("apigateway", "POST", &path, Some(&integration)).await?.ok("making an integration")?;
            let answer = answer.json()?;
            let id = answer["integrationId"].as_str().context("the stand-in gave the integration no id")?;
            for (method, path) in &function.routes {
                let route = json!({"routeKey": format!("{method} {path}"), "target": format!("integrations/{id}")});
                let answer = self.call("apigateway", "POST", &format!("/v2/apis/{api}/routes"), Some(&route)).await?;
                answer.ok("making a route")?;
                made += 1;
            }
        }
        Ok(made)
    }

    /// Replaces a function's code, which also ends its warm processes.
    ///
    /// # Errors
    /// With the stand-in's answer, for instance when there is no such function.
    pub async fn update_code(&self, function: &str, zip: &str) -> anyhow::Result<()> {
        let path = format!("/2015-03-31/functions/{function}/code");
        let answer = self.call("lambda", "PUT", &path, Some(&json!({ "ZipFile": zip }))).await?;
        answer.ok(&format!("updating the function {function}"))?;
        Ok(())
    }
}
