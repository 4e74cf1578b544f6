//! Requests as API Gateway (HTTP API, payload 2.0) hands them to functions, and the answers as it gives them back.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use super::TestApp;
use crate::runtime::{InvokeError, PAYLOAD_LIMIT};

/// Where requests come from, unless a test says otherwise.
const SOURCE_IP: &str = "203.0.113.7";

/// A request on its way; [`RequestBuilder::send`] sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<'app> {
    app: &'app TestApp,
    method: Method,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Option<Bytes>,
    source_ip: String,
}

impl<'app> RequestBuilder<'app> {
    pub(super) fn new(app: &'app TestApp, method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = [
            ("accept", "*/*"),
            ("host", "testkit.execute-api.eu-central-1.amazonaws.com"),
            ("user-agent", "testkit"),
            ("x-amzn-trace-id", "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c"),
            ("x-forwarded-for", SOURCE_IP),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        Self {
            app,
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: None,
            source_ip: SOURCE_IP.to_owned(),
        }
    }

    /// Lets it come from another network address.
    pub fn source_ip(mut self, address: &str) -> Self {
        self.headers.insert("x-forwarded-for".to_owned(), address.to_owned());
        self.source_ip = address.to_owned();
        self
    }

    /// Adds an access token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds an API key: `<source>:<key>`.
    pub fn api_key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    /// Adds a header; a second one of the same name is joined with a comma, as the gateway does it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = name.to_ascii_lowercase();
        match self.headers.get_mut(&name) {
            Some(present) if name != "accept" && name != "user-agent" => *present = format!("{present},{value}"),
            _ => drop(self.headers.insert(name, value.to_owned())),
        }
        self
    }

    /// Adds query parameters.
    pub fn query(mut self, parameters: &[(&str, &str)]) -> Self {
        let mut query = form_urlencoded::Serializer::new(std::mem::take(&mut self.query));
        query.extend_pairs(parameters);
        self.query = query.finish();
        self
    }

    /// Sets a JSON body.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_else(|error| panic!("the body is no JSON: {error}"));
        let typed = self.headers.contains_key("content-type");
        let request = self.body(body);
        if typed { request } else { request.header("content-type", "application/json") }
    }

    /// Sets a form as the body.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body(body).header("content-type", "application/x-www-form-urlencoded")
    }

    /// Sets the body as it is, without a content type.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it to the function that template.yaml names for this method and path.
    ///
    /// # Panics
    /// When template.yaml has no such route or the function cannot be started.
    pub async fn send(self) -> Response {
        let app = self.app;
        let (pool, parameters) = app.route(&self.method, &self.path);
        let event = self.event(parameters);
        if event.to_string().len() > PAYLOAD_LIMIT {
            return Response::gateway(413, "Request Entity Too Large", None);
        }
        match pool.invoke(&event).await {
            Ok(answer) => Response::read(&answer),
            Err(error @ InvokeError::TimedOut { .. }) => Response::gateway(503, "Service Unavailable", Some(error)),
            Err(InvokeError::Contract(problem)) => panic!("{problem}"),
            Err(error) => Response::gateway(500, "Internal Server Error", Some(error)),
        }
    }

    fn event(mut self, parameters: Map<String, Value>) -> Value {
        if let Some(body) = &self.body {
            self.headers.insert("content-length".to_owned(), body.len().to_string());
        }
        let cookies: Vec<String> = match self.headers.remove("cookie") {
            Some(cookies) => cookies.split(';').map(|cookie| cookie.trim().to_owned()).collect(),
            None => Vec::new(),
        };
        let mut query: BTreeMap<String, String> = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(self.query.as_bytes()) {
            let joined = query.get(key.as_ref()).map(|present| format!("{present},{value}"));
            query.insert(key.into_owned(), joined.unwrap_or_else(|| value.into_owned()));
        }
        let now = Timestamp::now();
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.headers,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "testkit",
                "domainName": "testkit.execute-api.eu-central-1.amazonaws.com",
                "domainPrefix": "testkit",
                "http": {
                    "method": self.method.as_str(),
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.source_ip,
                    "userAgent": self.headers["user-agent"],
                },
                "requestId": Uuid::new_v4(),
                "routeKey": "$default",
                "stage": "$default",
                "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
                "timeEpoch": now.as_millisecond(),
            },
            "isBase64Encoded": false,
        });
        // What is empty is absent.
        if !cookies.is_empty() {
            event["cookies"] = json!(cookies);
        }
        if !query.is_empty() {
            event["queryStringParameters"] = json!(query);
        }
        if !parameters.is_empty() {
            event["pathParameters"] = json!(parameters);
        }
        if let Some(body) = &self.body {
            match std::str::from_utf8(body) {
                Ok(text) => event["body"] = json!(text),
                Err(_) => {
                    event["body"] = json!(STANDARD.encode(body));
                    event["isBase64Encoded"] = json!(true);
                }
            }
        }
        event
    }
}

/// An answer as the caller of the API sees it.
#[derive(Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers with lower-case names.
    pub headers: BTreeMap<String, String>,
    /// `Set-Cookie` headers.
    pub cookies: Vec<String>,
    /// The body, decoded.
    pub body: Bytes,
    /// Why the gateway answered instead of the function.
    pub fault: Option<InvokeError>,
}

impl Response {
    fn gateway(status: u16, message: &str, fault: Option<InvokeError>) -> Self {
        let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        let body = json!({ "message": message }).to_string().into();
        Self { status, headers, cookies: Vec::new(), body, fault }
    }

    fn read(answer: &Value) -> Self {
        let Some(status) = answer["statusCode"].as_u64() else {
            // The gateway takes an answer without status as the body itself.
            let mut inferred = Self::gateway(200, "", None);
            inferred.body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned).into();
            return inferred;
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let headers = answer["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect();
        let body = answer["body"].as_str().unwrap_or_default();
        let body = if answer["isBase64Encoded"] == true {
            STANDARD.decode(body).unwrap_or_else(|error| panic!("the function's body is no base64: {error}")).into()
        } else {
            Bytes::copy_from_slice(body.as_bytes())
        };
        let cookies = answer["cookies"].as_array().into_iter().flatten().map(text).collect();
        Self { status: u16::try_from(status).unwrap_or(500), headers, cookies, body, fault: None }
    }

    /// Passes the answer on if it has this status.
    ///
    /// # Panics
    /// With the whole answer if it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "unexpected answer: {}", self.shown());
        self
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// With the whole answer if it is not of this shape.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in the answer: {}", self.shown()))
    }

    /// The body as text.
    ///
    /// # Panics
    /// With the whole answer if it is none.
    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap_or_else(|error| panic!("{error} in the answer: {}", self.shown()))
    }

    /// The body as an RFC 9457 problem.
    ///
    /// # Panics
    /// With the whole answer if it is no complete problem or names another status.
    #[track_caller]
    pub fn problem(&self) -> Value {
        let kind = self.headers.get("content-type").map(String::as_str).unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "no problem: {}", self.shown());
        let problem: Value = self.json();
        for member in ["type", "title", "detail", "instance"] {
            assert!(problem[member].is_string(), "`{member}` is missing: {}", self.shown());
        }
        assert_eq!(problem["status"], self.status, "{}", self.shown());
        problem
    }

    /// A header by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    fn shown(&self) -> String {
        let fault = self.fault.as_ref().map(|fault| format!("\n{fault}")).unwrap_or_default();
        format!("{} {:?}\n{}{fault}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}
