//! What a function's role lets it do, as IAM decides it: nothing that no statement allows, and nothing that one denies.
//!
//! The stand-in for AWS asks here before it does anything for a function, so that a right the template does not give fails a test and
//! not a deployment.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::resolve::{Resolver, Values};
use super::{FunctionDef, Template};

/// What one role may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    allowed: Vec<Statement>,
    denied: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    actions: Vec<String>,
    /// ARNs; `*` and `?` stand for what they do in a file's name.
    resources: Vec<String>,
}

impl Statement {
    fn fits(&self, action: &str, resource: &str) -> bool {
        self.actions.iter().any(|pattern| fits(&pattern.to_lowercase(), &action.to_lowercase()))
            && self.resources.iter().any(|pattern| fits(pattern, resource))
    }
}

impl Rights {
    /// Whether an action such as `sqs:SendMessage` is allowed on the resource of this ARN.
    pub fn allow(&self, action: &str, resource: &str) -> bool {
        let fits = |statement: &Statement| statement.fits(action, resource);
        self.allowed.iter().any(fits) && !self.denied.iter().any(fits)
    }

    /// Statements that only hold under a condition allow, since what is asked of them here is what they are meant for, and deny
    /// nothing: their conditions are about callers that no test stands in for.
    fn add(&mut self, document: &Value, resolver: &Resolver<'_>) -> anyhow::Result<()> {
        for statement in document["Statement"].as_array().into_iter().flatten() {
            let read = Statement {
                actions: texts(&statement["Action"], resolver)?,
                resources: texts(&statement["Resource"], resolver)?,
            };
            match statement["Effect"].as_str() {
                Some("Allow") => self.allowed.push(read),
                Some("Deny") if statement["Condition"].is_null() => self.denied.push(read),
                Some("Deny") => {}
                _ => bail!("a statement's Effect must be Allow or Deny"),
            }
        }
        Ok(())
    }
}

impl Template {
    /// The rights of functions, by the functions' names: those of their roles.
    ///
    /// # Errors
    /// Names the function without a role of this template, or the policy that cannot be read.
    pub fn rights(&self, functions: &[FunctionDef], values: &Values) -> anyhow::Result<BTreeMap<String, Arc<Rights>>> {
        let mut by_role: BTreeMap<String, Arc<Rights>> = BTreeMap::new();
        let mut by_function = BTreeMap::new();
        for function in functions {
            let role = self.properties(&function.logical_id)["Role"]["Fn::GetAtt"][0].as_str().map(str::to_owned);
            let role = role.with_context(|| format!("{} needs a Role: !GetAtt <role>.Arn", function.logical_id))?;
            let rights = match by_role.get(&role) {
                Some(rights) => Arc::clone(rights),
                None => {
                    let rights = Arc::new(self.rights_of(&role, values)?);
                    by_role.insert(role, Arc::clone(&rights));
                    rights
                }
            };
            by_function.insert(function.name.clone(), rights);
        }
        Ok(by_function)
    }

    /// The rights of a role by its logical id.
    ///
    /// # Errors
    /// When there is no such role, or one of its policies cannot be read.
    pub fn rights_of(&self, role: &str, values: &Values) -> anyhow::Result<Rights> {
        let read = self.read_rights(role, &Resolver::new(self, values));
        read.with_context(|| format!("the role {role} in the template"))
    }

    fn read_rights(&self, role: &str, resolver: &Resolver<'_>) -> anyhow::Result<Rights> {
        let properties = &self.resource(role).context("there is no such resource")?["Properties"];
        let mut rights = Rights::default();
        for policy in properties["ManagedPolicyArns"].as_array().into_iter().flatten() {
            let id = policy["Ref"].as_str().with_context(|| format!("{policy} is no policy of this template"))?;
            let policy = self.resource(id).with_context(|| format!("there is no policy {id}"))?;
            rights
                .add(&policy["Properties"]["PolicyDocument"], resolver)
                .with_context(|| format!("the policy {id}"))?;
        }
        for policy in properties["Policies"].as_array().into_iter().flatten() {
            let name = policy["PolicyName"].as_str().unwrap_or_default();
            rights.add(&policy["PolicyDocument"], resolver).with_context(|| format!("the policy {name}"))?;
        }
        Ok(rights)
    }
}

/// One text or a list of them.
fn texts(expression: &Value, resolver: &Resolver<'_>) -> anyhow::Result<Vec<String>> {
    let one = std::slice::from_ref(expression);
    let items = expression.as_array().map_or(one, Vec::as_slice);
    let texts = items.iter().map(|item| resolver.text(item)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(texts.into_iter().flatten().collect())
}

/// Whether a text fits a pattern, in which `*` stands for any letters and `?` for one.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => same_length(pattern, text),
        Some((start, rest)) => {
            let Some((head, tail)) = text.split_at_checked(start.len()) else { return false };
            let mut ends = (0..=tail.len()).filter_map(|n| tail.get(n..));
            same_length(start, head) && ends.any(|tail| fits(rest, tail))
        }
    }
}

fn same_length(pattern: &str, text: &str) -> bool {
    pattern.len() == text.len() && pattern.bytes().zip(text.bytes()).all(|(p, t)| p == b'?' || p == t)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: &str = r#"
Resources:
  EventsQueue: { Type: "AWS::SQS::Queue", Properties: { QueueName: events } }
  RunPolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
          - { Effect: Allow, Action: "logs:*", Resource: !Sub "arn:${AWS::Partition}:logs:*:log-group:/lotse/*" }
          - { Effect: Deny, Action: "ec2:*", Resource: "*", Condition: { ArnLike: { a: b } } }
          - { Effect: Allow, Action: "ec2:DescribeSubnets", Resource: "*" }
          - { Effect: Deny, Action: ["sqs:Delete*"], Resource: "*" }
  WriteRole:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Ref RunPolicy]
      Policies:
        - PolicyName: write
          PolicyDocument:
            Statement:
              - { Effect: Allow, Action: ["sqs:SendMessage", "sqs:DeleteQueue"], Resource: [!GetAtt EventsQueue.Arn] }
  Writer: { Type: "AWS::Serverless::Function", Properties: { CodeUri: x/writer/, Role: !GetAtt WriteRole.Arn } }
"#;

    fn rights(text: &str) -> anyhow::Result<BTreeMap<String, Arc<Rights>>> {
        let template = Template::parse(text)?;
        template.rights(&template.functions()?, &Values::default())
    }

    #[test]
    fn a_role_allows_what_a_statement_allows_and_none_denies() {
        let rights = Arc::clone(&rights(ROLES).unwrap()["writer"]);
        let queue = |name: &str| format!("arn:aws:sqs:eu-central-1:000000000000:{name}");
        for (action, resource, expected) in [
            ("sqs:SendMessage", queue("events"), true),
            ("SQS:sendmessage", queue("events"), true),
            ("sqs:SendMessage", queue("events2"), false),
            ("sqs:ReceiveMessage", queue("events"), false),
            ("sqs:DeleteQueue", queue("events"), false),
            ("logs:PutLogEvents", "arn:aws:logs:eu-central-1:1:log-group:/lotse/a".to_owned(), true),
            ("logs:PutLogEvents", "arn:aws:logs:eu-central-1:1:log-group:/other/a".to_owned(), false),
            ("ec2:DescribeSubnets", "anything".to_owned(), true),
        ] {
            assert_eq!(rights.allow(action, &resource), expected, "{action} on {resource}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (old, new, needle) in [
            ("Role: !GetAtt WriteRole.Arn", "MemorySize: 256", "Writer needs a Role"),
            ("!Ref RunPolicy", "\"arn:aws:iam::aws:policy/AdministratorAccess\"", "no policy of this template"),
            ("[!GetAtt EventsQueue.Arn]", "!GetAtt SlackQueue.Arn", "the policy write"),
        ] {
            let error = rights(&ROLES.replacen(old, new, 1)).unwrap_err();
            assert!(format!("{error:#}").contains(needle), "{error:#}");
        }
    }

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("a*b*c", "a-b-b-c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("ä*", "äx", true),
            ("ab*", "ä", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
