//! Processes of the strict partner's worker. This test program is started again as a function: it is a real process that can be
//! killed, and no function that is deployed has to know the partner.

use serde_json::{Value, json};
use shared::domain::ids::{EffectId, TenantId};
use shared::flows::effects::{self, Verdict, connection};
use shared::messages::EffectDue;
use shared::store::effects::{NewEffect, Priority};
use shared::store::effects_work;
use shared::{App, Failure, queue, schedule};
use testkit::app::Program;
use testkit::fakes::strict::Strict;

use super::strict::StrictPartner;

/// The worker, for the queue `slack`.
pub fn worker(strict: &Strict) -> Program {
    program("acceptance::process::be_the_worker", strict)
}

/// Does what an endpoint would do: see [`drive`].
pub fn driver(strict: &Strict) -> Program {
    program("acceptance::process::be_the_driver", strict)
}

fn program(test: &str, strict: &Strict) -> Program {
    Program {
        path: std::env::current_exe().unwrap(),
        args: ["--exact", test, "--ignored", "--nocapture"].map(str::to_owned).to_vec(),
        env: vec![("SLACK_BASE_URL".to_owned(), strict.base_url())],
    }
}

#[test]
#[ignore = "no test, but the process of a worker: other tests start it"]
fn be_the_worker() {
    let _ended = queue::do_effects(&StrictPartner);
}

#[test]
#[ignore = "no test, but the process of an endpoint: other tests start it"]
fn be_the_driver() {
    let _ended = schedule::direct(drive);
}

/// What endpoints will ask of the flow, by `op`.
async fn drive(app: App, input: Value) -> Result<Value, Failure> {
    let tenant: TenantId = id(&input["tenant"]);
    match input["op"].as_str().unwrap_or_default() {
        "now" => {
            let due = EffectDue { tenant_id: tenant, effect_id: id(&input["effect"]), due_at: None };
            Ok(match effects::work_now(&app, &StrictPartner, &due).await? {
                Verdict::Done(answer) => json!({"verdict": "done", "answer": answer}),
                Verdict::Refused { code, words } => json!({"verdict": "refused", "code": code, "words": words}),
                Verdict::Accepted(effect) => json!({"verdict": "accepted", "effect": effect}),
            })
        }
        "works_again" => Ok(json!(connection::works_again(&app, tenant, "slack").await?)),
        op => {
            let tx = app.begin(tenant).await?;
            let now = app.now();
            let answer = match op {
                "ask" => match effects::ask(&tx, &StrictPartner, asked(&app, &input), now).await {
                    Ok(effect) => json!({"effect": effect}),
                    Err(failure) => json!({"code": failure.code(), "detail": failure.to_string()}),
                },
                "cancel" => json!(effects::cancel(&tx, &[id(&input["effect"])], now).await?),
                "budget" => {
                    let known = effects_work::budget(&tx, "strict", now).await?;
                    json!(known.map(|budget| (budget.used, budget.free_in.as_millis() as u64)))
                }
                other => panic!("there is no {other}"),
            };
            app.commit(&tx).await?;
            Ok(answer)
        }
    }
}

fn asked(app: &App, input: &Value) -> NewEffect {
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    let kind = if input["kind"] == "update" { "slack.update_object" } else { "slack.create_object" };
    let priority = match input["priority"].as_str() {
        Some("user") => Priority::User,
        Some("backfill") => Priority::Backfill,
        _ => Priority::Webhook,
    };
    let payload = json!({"content": text("cause"), "target": text("target")});
    NewEffect {
        priority,
        not_before: input["not_before"].as_str().map(|at| at.parse().unwrap()),
        needs: input.get("needs").filter(|needs| needs.is_string()).map(id),
        asked_by: "sam".to_owned(),
        ..NewEffect::new(EffectId(app.new_id()), kind, text("cause"), text("target"), payload)
    }
}

fn id<T: std::str::FromStr>(value: &Value) -> T {
    let text = value.as_str().unwrap_or_default();
    text.parse().unwrap_or_else(|_| panic!("{text} is no id"))
}
