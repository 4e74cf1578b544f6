//! Lists scoring rules in the order of their making, inactive ones too.
//!
//! Filters by `is_active`, `rule_type` and `category`.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::scoring::{Category, RuleType};
use shared::http::{self, Call, Json, Page};
use shared::store::scoring_rules::{self, Filter};
use shared::views::paging::Orders;
use shared::views::scoring::ScoringRuleView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/scoring/rules", Scope::ScoringRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    is_active: Option<bool>,
    rule_type: Option<RuleType>,
    category: Option<Category>,
}

const ORDERS: Orders = Orders::by_page(&["created_at"]);

async fn handle(call: Call<(), Query>) -> Result<Json<Page<ScoringRuleView>>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let query = &call.query;
    let filter = Filter { active: query.is_active, rule_type: query.rule_type, category: query.category };
    let (rules, total) = scoring_rules::list(&call.tx, filter, window).await?;
    Ok(Json::new(Page::new(rules, &call.paging, total).map(ScoringRuleView::from)))
}
