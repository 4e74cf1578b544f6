//! The strict partner, as an integration would be written: in Slack's place, because its queue is there.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use shared::integrations::partner::{Access, Budget, Call, CallOutcome, FaultDomain, Link, Partner, Sight};

pub struct StrictPartner;

impl Partner for StrictPartner {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn title(&self) -> &'static str {
        "Strict"
    }

    fn base_url_variable(&self) -> &'static str {
        "SLACK_BASE_URL"
    }

    fn connect(&self, access: Access<'_>) -> Result<Box<dyn Link>, String> {
        let secret: Value = serde_json::from_str(access.secret).map_err(|_| "no credentials".to_owned())?;
        let number = |name: &str| access.settings[name].as_f64().unwrap_or(1.0);
        let budget = Budget { key: "strict".to_owned(), per_second: number("per_second"), burst: number("burst") };
        Ok(Box::new(Account {
            http: access.http.clone(),
            base_url: access.base_url.ok_or("the strict partner is only a stand-in")?,
            key: secret["api_key"].as_str().unwrap_or_default().to_owned(),
            budget,
        }))
    }
}

struct Account {
    http: reqwest::Client,
    base_url: String,
    key: String,
    budget: Budget,
}

impl Account {
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, Option<u64>, Value), CallOutcome> {
        let request = request.bearer_auth(&self.key).header("connection", "close").timeout(Duration::from_secs(5));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Err(CallOutcome::not_now("unreachable")),
            Err(_) => return Err(CallOutcome::Unknown("no answer".to_owned())),
        };
        let status = answer.status().as_u16();
        let pause = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = answer.text().await.map_err(|_| CallOutcome::Unknown("half an answer".to_owned()))?;
        Ok((status, pause, serde_json::from_str(&body).unwrap_or_default()))
    }

    async fn write(&self, call: &Call) -> CallOutcome {
        let mut body = call.payload.clone();
        body["reference"] = json!(call.id);
        let request = if call.kind == "slack.update_object" {
            let Some(made) = &call.needed else {
                return CallOutcome::refused("nothing_to_change", FaultDomain::Content);
            };
            body["version"] = made["version"].clone();
            self.http.put(format!("{}/objects/{}", self.base_url, made["id"]))
        } else {
            self.http.post(format!("{}/objects", self.base_url))
        };
        match self.send(request.body(body.to_string())).await {
            Ok((200 | 201, _, body)) => CallOutcome::Done(body),
            Ok((429, pause, _)) => CallOutcome::Limited(Duration::from_secs(pause.unwrap_or(1))),
            Ok((423, pause, _)) => {
                CallOutcome::NotNow { code: "busy".to_owned(), at_least: pause.map(Duration::from_secs) }
            }
            Ok((500.., ..)) => CallOutcome::Unknown("a broken gateway".to_owned()),
            Ok((status, _, body)) => CallOutcome::Refused {
                code: body["error"].as_str().unwrap_or("unnamed").to_owned(),
                words: body["message"].as_str().map(str::to_owned),
                fault: if status == 401 { FaultDomain::Connection } else { FaultDomain::Content },
            },
            Err(outcome) => outcome,
        }
    }

    async fn find(&self, call: &Call) -> Sight {
        let request = self.http.get(format!("{}/objects?reference={}", self.base_url, call.id));
        match self.send(request).await {
            Ok((200, _, body)) => match body["objects"].as_array().and_then(|objects| objects.first()) {
                Some(object) => Sight::Found(object.clone()),
                None => Sight::Absent,
            },
            Ok((429, pause, _)) => Sight::Unanswered(CallOutcome::Limited(Duration::from_secs(pause.unwrap_or(1)))),
            Ok((401, ..)) => Sight::Unanswered(CallOutcome::refused("invalid_key", FaultDomain::Connection)),
            Ok((status, ..)) => Sight::Unanswered(CallOutcome::not_now(format!("http_{status}"))),
            Err(outcome) => Sight::Unanswered(outcome),
        }
    }
}

impl Link for Account {
    fn budgets(&self, _call: &Call) -> Vec<Budget> {
        vec![self.budget.clone()]
    }

    fn pause_key(&self) -> String {
        self.budget.key.clone()
    }

    fn can_look_up(&self, _call: &Call) -> bool {
        true
    }

    fn perform<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, CallOutcome> {
        Box::pin(self.write(call))
    }

    fn look_up<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Sight> {
        Box::pin(self.find(call))
    }
}
