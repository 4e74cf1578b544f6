//! A small template with every construct the real one may use.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{FunctionDef, QueueMapping, Template, Values, yaml};

const SMALL: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: String, Default: local }
  NamePrefix: { Type: String, Default: "" }
  DatabaseUrl: { Type: String }
Mappings:
  Limits:
    eu-central-1: { most: 8 }
Conditions:
  Local: !Equals [!Ref Stage, local]
  Cloud: !Not [!Condition Local]
  Both: !And [{ Condition: Local }, !Or [!Condition Cloud, !Equals ["a", "a"]]]
Globals:
  Function:
    Runtime: provided.al2023
    Timeout: 10
    MemorySize: 256
    Environment:
      Variables:
        STAGE: !Ref Stage
        LOG_LEVEL: info
Resources:
  EventsIngest:
    Type: AWS::Serverless::Function
    Metadata:
      Routes:
        - POST /api/v1/events/ingest
        - ANY /old/{proxy+}
    Properties:
      CodeUri: target/lambda/events-ingest/
      FunctionName: !Sub "${NamePrefix}events-ingest"
      Environment:
        Variables:
          LOG_LEVEL: debug
          DATABASE_URL: !If [Local, !Ref DatabaseUrl, !Sub "postgres://lotse_app@${Database.Outputs.Endpoint}:5432"]
          QUEUE_EVENTS_URL: !Ref EventsQueue
          QUEUE_EVENTS_ARN: !GetAtt EventsQueue.Arn
          ROLE: !GetAtt SchedulerRole.Arn
          JOINED: !Join ["-", [a, !Ref Stage, !Select [1, !Split [",", "x,y"]]]]
          SUBBED: !Sub ["${A}/${AWS::Region}/${!Literal}", { A: !Ref Stage }]
          MOST: !FindInMap [Limits, !Ref "AWS::Region", most]
          ABSENT: !If [Cloud, here, !Ref AWS::NoValue]
          COUNT: 5
          FLAG: true
  EventProcessor:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/event-processor
      Timeout: 60
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt EventsQueue.Arn
            BatchSize: 100
            MaximumBatchingWindowInSeconds: 1
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: { MaximumConcurrency: 8 }
        Nightly:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: cron(5 2 * * ? *)
            ScheduleExpressionTimezone: Europe/Berlin
            Input: '{"kind":"nightly"}'
  CloudOnly:
    Type: AWS::Serverless::Function
    Condition: Cloud
    Properties: { CodeUri: target/lambda/cloud-only/ }
  SchedulerRole:
    Type: AWS::IAM::Role
  EventsQueue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${NamePrefix}events"
      VisibilityTimeout: 361
      RedrivePolicy: { deadLetterTargetArn: !GetAtt EventsDlq.Arn, maxReceiveCount: 10 }
  EventsDlq:
    Type: AWS::SQS::Queue
    Properties: { QueueName: !Sub "${NamePrefix}events-dlq", MessageRetentionPeriod: 1209600 }
"#;

fn template() -> Template {
    Template::parse(SMALL).unwrap()
}

fn function(name: &str) -> FunctionDef {
    template().functions().unwrap().into_iter().find(|function| function.name == name).unwrap()
}

fn values() -> Values {
    let mut values = Values::default().parameter("DatabaseUrl", "postgres://here/lotse");
    values.set_queue("EventsQueue", "http://queue/events", "arn:aws:sqs:eu-central-1:1:events");
    values
}

fn env(values: &Values) -> BTreeMap<String, String> {
    template().resolve_env(&function("events-ingest"), values).unwrap()
}

#[test]
fn gives_a_function_its_variables_and_the_global_ones() {
    let expected = [
        ("COUNT", "5"),
        ("DATABASE_URL", "postgres://here/lotse"),
        ("FLAG", "true"),
        ("JOINED", "a-local-y"),
        ("LOG_LEVEL", "debug"),
        ("MOST", "8"),
        ("QUEUE_EVENTS_ARN", "arn:aws:sqs:eu-central-1:1:events"),
        ("QUEUE_EVENTS_URL", "http://queue/events"),
        ("ROLE", "arn:aws:iam::000000000000:role/SchedulerRole"),
        ("STAGE", "local"),
        ("SUBBED", "local/eu-central-1/${Literal}"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    assert_eq!(env(&values()), expected);
}

#[test]
fn evaluates_conditions_by_the_stage() {
    let mut cloud = values().parameter("Stage", "staging");
    cloud.set_attribute("Database", "Outputs.Endpoint", "proxy.internal");
    let env = env(&cloud);
    assert_eq!(env["DATABASE_URL"], "postgres://lotse_app@proxy.internal:5432");
    assert_eq!(env["ABSENT"], "here");
    assert!(template().condition("Both", &values()).unwrap());
    assert!(!template().condition("Both", &cloud).unwrap());
    let names = template().functions_with(&cloud).unwrap().into_iter().map(|function| function.name);
    assert_eq!(names.collect::<Vec<_>>(), ["cloud-only", "event-processor", "events-ingest"]);
}

#[test]
fn says_which_parameter_is_missing() {
    let error = template().resolve_env(&function("events-ingest"), &Values::default()).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("DATABASE_URL") && text.contains("EventsIngest"), "{text}");
    assert!(text.contains("the parameter DatabaseUrl has no default"), "{text}");
}

#[test]
fn knows_routes_queues_and_schedules() {
    let ingest = function("events-ingest");
    let any = Method::from_bytes(b"ANY").unwrap();
    let routes = vec![(Method::POST, "/api/v1/events/ingest".to_owned()), (any, "/old/{proxy+}".to_owned())];
    assert_eq!(ingest.routes, routes);
    assert_eq!((ingest.timeout, ingest.memory), (Duration::from_secs(10), 256));

    let processor = function("event-processor");
    let mapping = QueueMapping {
        queue_logical_id: "EventsQueue".to_owned(),
        batch_size: 100,
        window_seconds: 1,
        report_batch_item_failures: true,
        max_concurrency: Some(8),
        function_timeout: Duration::from_secs(60),
    };
    assert_eq!(processor.queues, [mapping]);
    assert_eq!(processor.schedules[0].expression, "cron(5 2 * * ? *)");
    assert_eq!(processor.schedules[0].timezone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(processor.schedules[0].input, Some(json!({"kind": "nightly"})));
}

#[test]
fn says_how_a_route_is_written() {
    let read = |metadata: &str| {
        let text = format!(
            "Resources: {{ Get: {{ Type: \"AWS::Serverless::Function\", Metadata: {metadata}, Properties: {{ CodeUri: x/get/ }} }} }}"
        );
        Template::parse(&text).unwrap().functions().map_err(|error| format!("{error:#}"))
    };
    assert_eq!(read("{ Routes: [GET /leads] }").unwrap()[0].routes, [(Method::GET, "/leads".to_owned())]);
    for wrong in ["GET", "get /leads", "GET leads", "GET  /leads", "FETCH /leads"] {
        let error = read(&format!("{{ Routes: [{wrong}] }}")).unwrap_err();
        assert!(error.contains("must read like `GET /leads/{id}`"), "{wrong}: {error}");
    }
    assert!(read("{ Routes: GET /leads }").unwrap_err().contains("a list"));
}

#[test]
fn refuses_an_event_of_which_sam_makes_a_permission() {
    let event = "{ Type: HttpApi, Properties: { Method: GET, Path: /leads } }";
    let text = format!(
        "Resources: {{ Get: {{ Type: \"AWS::Serverless::Function\", Properties: {{ CodeUri: x/get/, Events: {{ Route: {event} }} }} }} }}"
    );
    let error = Template::parse(&text).unwrap().functions().unwrap_err();
    assert!(format!("{error:#}").contains("under Metadata: Routes:"), "{error:#}");
}

#[test]
fn knows_where_dead_letters_go() {
    let queues = template().queues(&Values::default().parameter("NamePrefix", "test-")).unwrap();
    let names = queues.iter().map(|queue| (queue.logical_id.as_str(), queue.name.as_str()));
    assert_eq!(names.collect::<Vec<_>>(), [("EventsDlq", "test-events-dlq"), ("EventsQueue", "test-events")]);
    assert_eq!(queues[1].redrive_target.as_deref(), Some("EventsDlq"));
    assert_eq!(queues[1].max_receive_count, Some(10));
    assert_eq!(queues[1].visibility_timeout, Duration::from_secs(361));
    assert_eq!(queues[0].max_receive_count, None);
    assert_eq!(queues.iter().map(|queue| queue.retention.as_secs()).collect::<Vec<_>>(), [1_209_600, 345_600]);
}

#[test]
fn refuses_what_it_does_not_know_instead_of_guessing() {
    for (expression, needle) in [
        ("!ImportValue x", "Fn::ImportValue"),
        ("!GetAtt EventsQueue.Nothing", "EventsQueue.Nothing"),
        ("!Ref Nobody", "the template has no Nobody"),
        (r#""{{resolve:secretsmanager:key}}""#, "resolved by AWS only"),
    ] {
        let error = template().resolve(&yaml::parse(expression).unwrap(), &values()).unwrap_err();
        assert!(format!("{error:#}").contains(needle), "{error:#}");
    }
}

#[test]
fn reads_yaml_as_cloudformation_does() {
    let check = |text: &str, expected: serde_json::Value| assert_eq!(yaml::parse(text).unwrap(), expected, "{text}");
    check("a: 1\nb: 1.5\nc: true\nd: ~\ne: 2010-09-09\nf: 0123\ng: '5'", {
        json!({"a": 1, "b": 1.5, "c": true, "d": null, "e": "2010-09-09", "f": "0123", "g": "5"})
    });
    check("x: &one {a: 1}\ny: *one", json!({"x": {"a": 1}, "y": {"a": 1}}));
    check("!GetAtt A.B.C", json!({"Fn::GetAtt": ["A", "B.C"]}));
    check("!Sub |\n  one\n  two\n", json!({"Fn::Sub": "one\ntwo\n"}));
    check("!If [A, !Ref B, []]", json!({"Fn::If": ["A", {"Ref": "B"}, []]}));
    assert!(yaml::parse("a: 1\na: 2").is_err(), "a doubled key is a mistake");
    assert!(yaml::parse("a: [1").is_err());
}
