//! Figures over a whole list, beside the part of it that is shown: `aggregate=sum(value_minor),avg(value_minor)`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Number;

use crate::failure::Failure;
use crate::store::deals::Values;
use crate::store::leads::list::Scores;

/// What is worked out of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    Sum,
    Avg,
    Min,
    Max,
}

const FUNCTIONS: [(&str, Function); 4] =
    [("sum", Function::Sum), ("avg", Function::Avg), ("min", Function::Min), ("max", Function::Max)];

/// A figure over all records that pass the filter.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AggregateView {
    pub function: Function,
    pub field: &'static str,
    /// ISO 4217 code, of money: each currency has a figure of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Null: of no records.
    pub value: Option<Number>,
}

/// What a group of records comes to.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub sum: i64,
    pub average: Option<f64>,
    pub least: Option<i64>,
    pub most: Option<i64>,
}

impl From<Scores> for Figures {
    fn from(scores: Scores) -> Self {
        Self {
            sum: scores.sum,
            average: scores.average,
            least: scores.least.map(i64::from),
            most: scores.most.map(i64::from),
        }
    }
}

impl From<&Values> for Figures {
    fn from(values: &Values) -> Self {
        Self { sum: values.sum, average: Some(values.average), least: Some(values.least), most: Some(values.most) }
    }
}

impl Figures {
    /// A figure of a field.
    pub fn show(&self, (function, field): Asked, currency: Option<&str>) -> AggregateView {
        let value = match function {
            Function::Sum => Some(self.sum.into()),
            // Two decimals are more than a footer shows.
            Function::Avg => self.average.and_then(|average| Number::from_f64((average * 100.0).round() / 100.0)),
            Function::Min => self.least.map(Number::from),
            Function::Max => self.most.map(Number::from),
        };
        AggregateView { function, field, currency: currency.map(str::to_owned), value }
    }
}

/// A figure that was asked for: what of which field.
pub type Asked = (Function, &'static str);

/// The figures that are asked for, of the fields that a list has.
///
/// # Errors
/// `Invalid` for what is no such figure.
pub fn asked(text: Option<&str>, fields: &'static [&'static str]) -> Result<Vec<Asked>, Failure> {
    let one = |text: &str| {
        let (function, field) = text.trim().strip_suffix(')')?.split_once('(')?;
        let (_, function) = FUNCTIONS.into_iter().find(|(name, _)| *name == function)?;
        Some((function, fields.iter().copied().find(|known| *known == field)?))
    };
    let Some(text) = text else { return Ok(Vec::new()) };
    let asked: Option<Vec<Asked>> = text.split(',').map(one).collect();
    match asked {
        Some(asked) if asked.len() <= FUNCTIONS.len() * fields.len() => Ok(asked),
        _ => {
            let detail = format!(
                "Ask for each figure once, with commas between: sum, avg, min or max of {}, for example `sum({})`.",
                fields.join(", "),
                fields.first().copied().unwrap_or_default()
            );
            Err(Failure::invalid("?aggregate", "unknown_value", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_named_as_functions_of_fields() {
        let asked = |text| asked(Some(text), &["total_score"]).ok();
        let field = "total_score";
        assert_eq!(
            asked("sum(total_score), avg(total_score)"),
            Some(vec![(Function::Sum, field), (Function::Avg, field)])
        );
        for wrong in ["", "sum", "sum(x)", "median(total_score)", "sum(total_score),", "sum total_score)"] {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
        assert_eq!(asked(&["sum(total_score)"; 5].join(",")), None);
    }

    #[test]
    fn an_average_has_two_decimals() {
        let figures = Figures { sum: 10, average: Some(3.333_333), least: Some(3), most: None };
        let shown = |function| figures.show((function, "x"), None).value.map(|value| value.to_string());
        assert_eq!(
            [Function::Sum, Function::Avg, Function::Max].map(shown),
            [Some("10".into()), Some("3.33".into()), None]
        );
    }
}
