//! CloudFormation's intrinsic functions, evaluated for given parameters and resource attributes.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use serde_json::{Map, Value};

use super::Template;

/// What a template is evaluated with. [`Template::values`] fills in the template's own defaults.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Parameter → value; the template's defaults are merged below these.
    pub parameters: BTreeMap<String, String>,
    /// Pseudo parameter (`AWS::Region` …) → value.
    pub pseudo: BTreeMap<String, String>,
    /// Logical id → what `!Ref` gives (for a queue: its URL).
    pub refs: BTreeMap<String, String>,
    /// (Logical id, attribute) → what `!GetAtt` gives (for a queue: `Arn`, `QueueName`).
    pub attributes: BTreeMap<(String, String), String>,
}

impl Values {
    /// Sets a parameter.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    /// Says where a queue is: what `!Ref` and `!GetAtt …Arn` of it give.
    pub fn set_queue(&mut self, logical_id: &str, url: &str, arn: &str) {
        self.refs.insert(logical_id.to_owned(), url.to_owned());
        self.attributes.insert((logical_id.to_owned(), "Arn".to_owned()), arn.to_owned());
    }

    /// Says what an attribute of a resource is.
    pub fn set_attribute(&mut self, logical_id: &str, attribute: &str, value: &str) {
        self.attributes.insert((logical_id.to_owned(), attribute.to_owned()), value.to_owned());
    }

    pub(super) fn pseudo_parameter(&self, name: &str) -> Option<String> {
        if let Some(value) = self.pseudo.get(name) {
            return Some(value.clone());
        }
        let value = match name {
            "AWS::Region" => "eu-central-1",
            "AWS::AccountId" => "000000000000",
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "lotse-local",
            "AWS::StackId" => "arn:aws:cloudformation:eu-central-1:000000000000:stack/lotse-local/0",
            _ => return None,
        };
        Some(value.to_owned())
    }
}

/// Evaluates expressions of one template with one set of values.
pub(super) struct Resolver<'a> {
    template: &'a Template,
    values: &'a Values,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(template: &'a Template, values: &'a Values) -> Self {
        Self { template, values }
    }

    /// The value of an expression; `None` is `AWS::NoValue`.
    pub(super) fn value(&self, expression: &Value) -> anyhow::Result<Option<Value>> {
        match expression {
            Value::Object(fields) => match single(fields) {
                Some((name, argument)) if name == "Ref" || name == "Condition" || name.starts_with("Fn::") => self
                    .function(name, argument)
                    .with_context(|| format!("cannot evaluate {}", Value::Object(fields.clone()))),
                _ => {
                    let mut resolved = Map::new();
                    for (key, value) in fields {
                        if let Some(value) = self.value(value)? {
                            resolved.insert(key.clone(), value);
                        }
                    }
                    Ok(Some(Value::Object(resolved)))
                }
            },
            Value::Array(items) => {
                let items = items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
                Ok(Some(Value::Array(items.into_iter().flatten().collect())))
            }
            literal => Ok(Some(literal.clone())),
        }
    }

    /// The value as the text CloudFormation would put into an environment variable; `None` is `AWS::NoValue`.
    pub(super) fn text(&self, expression: &Value) -> anyhow::Result<Option<String>> {
        match self.value(expression)? {
            None => Ok(None),
            Some(value) => text(&value).map(Some),
        }
    }

    fn needed(&self, expression: &Value) -> anyhow::Result<String> {
        self.text(expression)?.context("AWS::NoValue has no place here")
    }

    /// The items of a list that may hold `AWS::NoValue` or be computed as a whole.
    fn list(&self, expression: &Value) -> anyhow::Result<Vec<String>> {
        match self.value(expression)? {
            Some(Value::Array(items)) => items.iter().map(text).collect(),
            other => bail!("a list is needed, this is {other:?}"),
        }
    }

    fn function(&self, name: &str, argument: &Value) -> anyhow::Result<Option<Value>> {
        let text = match name {
            "Ref" => match argument.as_str().context("a name is needed")? {
                "AWS::NoValue" => return Ok(None),
                name => self.reference(name)?,
            },
            "Fn::GetAtt" => {
                // Both parts may themselves be dotted: `Database.Outputs.Endpoint`.
                let parts = self.list(argument)?;
                let (resource, attribute) = parts.split_first().context("a resource is needed")?;
                self.attribute(resource, &attribute.join("."))?
            }
            "Fn::Sub" => self.substitute(argument)?,
            "Fn::Join" => match argument.as_array().map(Vec::as_slice) {
                Some([separator, items]) => self.list(items)?.join(&self.needed(separator)?),
                _ => bail!("two arguments are needed"),
            },
            "Fn::Select" => match argument.as_array().map(Vec::as_slice) {
                Some([index, items]) => {
                    let index: usize = self.needed(index)?.parse().context("the index is no number")?;
                    self.list(items)?.into_iter().nth(index).context("the list is too short")?
                }
                _ => bail!("two arguments are needed"),
            },
            "Fn::Split" => match argument.as_array().map(Vec::as_slice) {
                Some([separator, text]) => {
                    let (separator, text) = (self.needed(separator)?, self.needed(text)?);
                    return Ok(Some(Value::from(text.split(&separator).collect::<Vec<_>>())));
                }
                _ => bail!("two arguments are needed"),
            },
            "Fn::If" => match argument.as_array().map(Vec::as_slice) {
                Some([condition, yes, no]) => {
                    let condition = condition.as_str().context("a condition's name is needed")?;
                    return self.value(if self.condition(condition)? { yes } else { no });
                }
                _ => bail!("three arguments are needed"),
            },
            "Fn::FindInMap" => {
                let keys = self.list(argument)?;
                let pointer = keys.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                let pointer = format!("/Mappings{}", pointer.collect::<String>());
                let found = self.template.root().pointer(&pointer);
                return self.value(found.with_context(|| format!("the template has no {pointer}"))?);
            }
            "Fn::Base64" => base64::engine::general_purpose::STANDARD.encode(self.needed(argument)?),
            "Condition" | "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                let fields = Map::from_iter([(name.to_owned(), argument.clone())]);
                return Ok(Some(Value::Bool(self.test(&Value::Object(fields))?)));
            }
            other => bail!("{other} is not known to the test kit: add it to template/resolve.rs"),
        };
        Ok(Some(Value::String(text)))
    }

    fn reference(&self, name: &str) -> anyhow::Result<String> {
        if let Some(value) = self.values.parameters.get(name).or_else(|| self.values.refs.get(name)) {
            return Ok(value.clone());
        }
        if let Some(value) = self.values.pseudo_parameter(name) {
            return Ok(value);
        }
        if let Some(default) = self.template.root().pointer(&format!("/Parameters/{name}/Default")) {
            return text(default);
        }
        if self.template.root().pointer(&format!("/Parameters/{name}")).is_some() {
            bail!("the parameter {name} has no default and was given no value");
        }
        let resource = self.template.resource(name).ok_or_else(|| anyhow!("the template has no {name}"))?;
        Ok(self.physical_name(resource)?.unwrap_or_else(|| name.to_owned()))
    }

    /// The name a resource is given, if its template names it.
    fn physical_name(&self, resource: &Value) -> anyhow::Result<Option<String>> {
        let properties = &resource["Properties"];
        let name = ["FunctionName", "QueueName", "RoleName", "LogGroupName", "TopicName", "Name"]
            .into_iter()
            .find_map(|key| properties.get(key));
        name.map_or(Ok(None), |name| self.text(name))
    }

    /// An attribute that was given, or an ARN made up from the resource's type and name.
    fn attribute(&self, resource: &str, attribute: &str) -> anyhow::Result<String> {
        if let Some(value) = self.values.attributes.get(&(resource.to_owned(), attribute.to_owned())) {
            return Ok(value.clone());
        }
        let found = self.template.resource(resource).ok_or_else(|| anyhow!("the template has no {resource}"))?;
        if attribute != "Arn" {
            bail!("the value of {resource}.{attribute} is not known: give it with `Values::set_attribute`");
        }
        let name = self.physical_name(found)?.unwrap_or_else(|| resource.to_owned());
        let region = self.values.pseudo_parameter("AWS::Region").unwrap_or_default();
        let account = self.values.pseudo_parameter("AWS::AccountId").unwrap_or_default();
        let arn = match found["Type"].as_str().unwrap_or_default() {
            "AWS::IAM::Role" => format!("arn:aws:iam::{account}:role/{name}"),
            "AWS::SQS::Queue" => format!("arn:aws:sqs:{region}:{account}:{name}"),
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
                format!("arn:aws:lambda:{region}:{account}:function:{name}")
            }
            "AWS::Scheduler::ScheduleGroup" => format!("arn:aws:scheduler:{region}:{account}:schedule-group/{name}"),
            "AWS::Logs::LogGroup" => format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"),
            "AWS::SNS::Topic" => format!("arn:aws:sns:{region}:{account}:{name}"),
            kind => bail!("the ARN of {resource} ({kind}) is not known: give it with `Values::set_attribute`"),
        };
        Ok(arn)
    }

    fn substitute(&self, argument: &Value) -> anyhow::Result<String> {
        let none = Map::new();
        let (pattern, locals) = match argument {
            Value::String(pattern) => (pattern.as_str(), &none),
            Value::Array(both) => match both.as_slice() {
                [Value::String(pattern), Value::Object(locals)] => (pattern.as_str(), locals),
                _ => bail!("text and a mapping are needed"),
            },
            _ => bail!("text is needed"),
        };
        let mut result = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) = after.split_once('}').context("a `${` is not closed")?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if let Some(local) = locals.get(name) {
                result.push_str(&self.needed(local)?);
            } else if let Some((resource, attribute)) = name.split_once('.') {
                result.push_str(&self.attribute(resource, attribute)?);
            } else {
                result.push_str(&self.reference(name)?);
            }
        }
        Ok(result + rest)
    }

    /// A named condition of the template.
    pub(super) fn condition(&self, name: &str) -> anyhow::Result<bool> {
        let condition = &self.template.root()["Conditions"][name];
        if condition.is_null() {
            bail!("the template has no condition {name}");
        }
        self.test(condition).with_context(|| format!("cannot evaluate the condition {name}"))
    }

    fn test(&self, condition: &Value) -> anyhow::Result<bool> {
        let (name, argument) = condition.as_object().and_then(single).context("this is no condition")?;
        let parts = argument.as_array().map(Vec::as_slice);
        match (name, parts) {
            ("Condition", _) => self.condition(argument.as_str().context("a name is needed")?),
            ("Fn::Equals", Some([left, right])) => Ok(self.text(left)? == self.text(right)?),
            ("Fn::Not", Some([inner])) => Ok(!self.test(inner)?),
            ("Fn::And", Some(parts)) => parts.iter().try_fold(true, |all, part| Ok(all && self.test(part)?)),
            ("Fn::Or", Some(parts)) => parts.iter().try_fold(false, |any, part| Ok(any || self.test(part)?)),
            _ => bail!("{condition} is no condition the test kit knows"),
        }
    }
}

fn single(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut fields = fields.iter();
    match (fields.next(), fields.next()) {
        (Some((name, argument)), None) => Some((name, argument)),
        _ => None,
    }
}

/// A scalar as CloudFormation writes it.
fn text(value: &Value) -> anyhow::Result<String> {
    match value {
        Value::String(text) if text.contains("{{resolve:") => {
            bail!("`{text}` is resolved by AWS only: keep it behind a condition on the stage")
        }
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => bail!("text is needed, this is {other}"),
    }
}
