//! The figures of one invocation, as one line in CloudWatch's embedded metric format: CloudWatch makes metrics of it without a call.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::metrics::{By, Metric, Unit};
use super::{area, function_name};

const NAMESPACE: &str = "Lotse";

/// As many values of one metric as CloudWatch reads from one line; further ones of a batch are not kept.
const MOST_VALUES: usize = 100;

/// What an invocation has counted and measured so far.
#[derive(Debug, Default)]
pub(super) struct Figures {
    route: Option<&'static str>,
    partner: Option<&'static str>,
    /// In the order they came; a few at most.
    noted: Vec<(&'static Metric, Vec<f64>)>,
}

impl Figures {
    pub fn of_route(&mut self, route: &'static str) {
        self.route = Some(route);
    }

    pub fn of_partner(&mut self, partner: &'static str) {
        self.partner = Some(partner);
    }

    pub fn add(&mut self, metric: &'static Metric, value: f64) {
        match self.noted.iter_mut().find(|(known, _)| known.name == metric.name) {
            None => self.noted.push((metric, vec![value])),
            Some((_, values)) if metric.unit == Unit::Milliseconds => {
                if values.len() < MOST_VALUES {
                    values.push(value);
                }
            }
            Some((_, values)) => {
                if let Some(sum) = values.first_mut() {
                    *sum += value;
                }
            }
        }
    }

    /// Writes the line, when there is something in it.
    pub fn write(&self, now: Timestamp) {
        if let Some(line) = self.line(&function_name(), &area(), now) {
            // A full or closed log must not fail the work it reports on.
            let _unwritten = writeln!(std::io::stdout(), "{line}");
        }
    }

    fn line(&self, function: &str, area: &str, now: Timestamp) -> Option<Value> {
        let dimensions = [
            (By::Function, json!([["function"]])),
            (By::Route, json!([["area"], ["function", "route"]])),
            (By::Partner, json!([["function", "partner"]])),
        ];
        let directive = |(by, dimensions): (By, Value)| {
            let named: Vec<Value> = self.noted.iter().filter(|(metric, _)| metric.by == by).map(definition).collect();
            let directive = json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": named});
            (!named.is_empty()).then_some((by, directive))
        };
        let (kinds, directives): (Vec<By>, Vec<Value>) = dimensions.into_iter().filter_map(directive).unzip();
        if directives.is_empty() {
            return None;
        }
        let mut line = json!({
            "_aws": {"Timestamp": now.as_millisecond(), "CloudWatchMetrics": directives},
            "function": function,
        });
        if kinds.contains(&By::Route) {
            line["area"] = area.into();
            line["route"] = self.route.unwrap_or("none").into();
        }
        if kinds.contains(&By::Partner) {
            line["partner"] = self.partner.unwrap_or("none").into();
        }
        for (metric, values) in &self.noted {
            line[metric.name] = match values.as_slice() {
                [one] => (*one).into(),
                several => several.into(),
            };
        }
        Some(line)
    }
}

fn definition((metric, _): &(&'static Metric, Vec<f64>)) -> Value {
    let unit = match metric.unit {
        Unit::Count => "Count",
        Unit::Bytes => "Bytes",
        Unit::Milliseconds => "Milliseconds",
    };
    json!({"Name": metric.name, "Unit": unit})
}

#[cfg(test)]
mod tests {
    use super::super::metrics::*;
    use super::*;

    #[track_caller]
    fn check(figures: &Figures, expected: &str) {
        let now = Timestamp::from_millisecond(1_795_000_000_123).unwrap();
        let line = figures.line("staging-leads-get", "staging-leads", now).unwrap();
        assert_eq!(line.to_string(), expected);
    }

    #[test]
    fn a_request_counts_for_its_area_and_its_route() {
        let mut figures = Figures::default();
        figures.of_route("/api/v1/leads/{id}");
        figures.add(&REQUEST_DURATION, 12.5);
        figures.add(Metric::of_status(404), 1.0);
        check(
            &figures,
            concat!(
                r#"{"Answers4xx":1.0,"RequestDuration":12.5,"_aws":{"CloudWatchMetrics":[{"#,
                r#""Dimensions":[["area"],["function","route"]],"#,
                r#""Metrics":[{"Name":"RequestDuration","Unit":"Milliseconds"},{"Name":"Answers4xx","Unit":"Count"}],"#,
                r#""Namespace":"Lotse"}],"Timestamp":1795000000123},"#,
                r#""area":"staging-leads","function":"staging-leads-get","route":"/api/v1/leads/{id}"}"#,
            ),
        );
    }

    #[test]
    fn a_batch_is_one_line_with_each_figure_by_what_it_is_kept_by() {
        let mut figures = Figures::default();
        figures.of_partner("slack");
        for (metric, value) in [
            (&EFFECTS_DONE, 1.0),
            (&EFFECT_DURATION, 80.0),
            (&EFFECTS_DONE, 1.0),
            (&EFFECT_DURATION, 95.0),
            (&MESSAGES_DONE, 2.0),
        ] {
            figures.add(metric, value);
        }
        check(
            &figures,
            concat!(
                r#"{"EffectDuration":[80.0,95.0],"EffectsDone":2.0,"MessagesDone":2.0,"_aws":{"CloudWatchMetrics":["#,
                r#"{"Dimensions":[["function"]],"Metrics":[{"Name":"MessagesDone","Unit":"Count"}],"Namespace":"Lotse"},"#,
                r#"{"Dimensions":[["function","partner"]],"#,
                r#""Metrics":[{"Name":"EffectsDone","Unit":"Count"},{"Name":"EffectDuration","Unit":"Milliseconds"}],"#,
                r#""Namespace":"Lotse"}],"Timestamp":1795000000123},"function":"staging-leads-get","partner":"slack"}"#,
            ),
        );
    }

    #[test]
    fn of_many_durations_as_many_are_kept_as_one_line_may_hold() {
        let mut figures = Figures::default();
        (0..250).for_each(|n| figures.add(&BATCH_DURATION, f64::from(n)));
        let line = figures.line("f", "a", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(line["BatchDuration"].as_array().unwrap().len(), MOST_VALUES);
    }

    #[test]
    fn an_invocation_that_counts_nothing_writes_nothing() {
        assert!(Figures::default().line("f", "a", Timestamp::UNIX_EPOCH).is_none());
    }

    #[test]
    fn every_status_has_its_class() {
        for (status, metric) in [(200, "Answers2xx"), (303, "Answers3xx"), (404, "Answers4xx"), (503, "Answers5xx")] {
            assert_eq!(Metric::of_status(status).name, metric, "{status}");
        }
    }
}
