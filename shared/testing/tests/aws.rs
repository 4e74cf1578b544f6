//! The stand-in for SQS and Scheduler, spoken to by the SDK the functions use.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_scheduler::error::ProvideErrorMetadata as _;
use aws_sdk_scheduler::types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use testkit::sqs::{BATCH_LIMIT, Depth, QueueSpec, SIZE_LIMIT, Sqs};
use testkit::template::{Template, Values};

fn standin() -> Sqs {
    let events = QueueSpec { redrive: Some(("events-dlq".to_owned(), 2)), ..QueueSpec::new("events") };
    Sqs::start(&[events, QueueSpec::new("events-dlq")], &["reminders".to_owned()]).unwrap()
}

fn sqs(standin: &Sqs) -> aws_sdk_sqs::Client {
    sqs_as(standin, "test")
}

fn sqs_as(standin: &Sqs, caller: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(caller, "test", None, None, "test"))
        .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
        .endpoint_url(standin.endpoint())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

fn scheduler(standin: &Sqs) -> aws_sdk_scheduler::Client {
    scheduler_as(standin, "test")
}

fn scheduler_as(standin: &Sqs, caller: &str) -> aws_sdk_scheduler::Client {
    let config = aws_sdk_scheduler::Config::builder()
        .behavior_version(aws_sdk_scheduler::config::BehaviorVersion::latest())
        .region(aws_sdk_scheduler::config::Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(caller, "test", None, None, "test"))
        .retry_config(aws_sdk_scheduler::config::retry::RetryConfig::disabled())
        .endpoint_url(standin.endpoint())
        .build();
    aws_sdk_scheduler::Client::from_conf(config)
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test]
async fn sends_receives_and_deletes() {
    let standin = standin();
    let client = sqs(&standin);
    let url = client.get_queue_url().queue_name("events").send().await.unwrap().queue_url.unwrap();
    assert_eq!(url, standin.queue_url("events"));
    let kind = MessageAttributeValue::builder().data_type("String").string_value("sync").build().unwrap();
    let sent =
        client.send_message().queue_url(&url).message_body("hällo").message_attributes("kind", kind).send().await;
    let sent = sent.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("38bbce5fb3d0aec801f9eab39182fa7a"));
    assert_eq!(sent.md5_of_message_attributes(), Some("459a5d15f88906949974d54cb37021bc"));

    let received = client.receive_message().queue_url(&url).send().await.unwrap().messages.unwrap();
    assert_eq!(received[0].body(), Some("hällo"));
    assert_eq!(received[0].md5_of_body(), sent.md5_of_message_body());
    assert_eq!(standin.depth("events"), Depth { visible: 0, hidden: 1 });
    let receipt = received[0].receipt_handle().unwrap();
    client.delete_message().queue_url(&url).receipt_handle(receipt).send().await.unwrap();
    assert_eq!(standin.depth("events"), Depth::default());
}

#[tokio::test]
async fn hides_delayed_messages_until_their_time() {
    let standin = standin();
    let client = sqs(&standin);
    let url = standin.queue_url("events");
    client.send_message().queue_url(&url).message_body("later").delay_seconds(60).send().await.unwrap();
    assert!(standin.receive("events", 10).is_empty());
    standin.advance(Duration::from_secs(59));
    assert!(standin.receive("events", 10).is_empty());
    standin.advance(Duration::from_secs(1));
    assert_eq!(standin.receive("events", 10).len(), 1);
}

#[tokio::test]
async fn hands_a_message_out_again_and_then_to_the_dead_letters() {
    let standin = standin();
    let client = sqs(&standin);
    standin.send("events", "poison").unwrap();
    let url = standin.queue_url("events");
    for expected in ["1", "2"] {
        let received = standin.receive("events", 10);
        assert_eq!(received[0].system_attributes()["ApproximateReceiveCount"], expected);
        assert!(standin.receive("events", 10).is_empty(), "it is hidden while it is worked on");
        let receipt = &received[0].receipt;
        let hide = client.change_message_visibility().queue_url(&url).receipt_handle(receipt).visibility_timeout(0);
        hide.send().await.unwrap();
    }
    assert!(standin.receive("events", 10).is_empty());
    let dead = standin.receive("events-dlq", 10);
    assert_eq!(dead[0].body, "poison");
    assert_eq!(dead[0].system_attributes()["DeadLetterQueueSourceArn"], standin.queue_arn("events"));
}

#[tokio::test]
async fn a_failed_message_is_visible_at_once_unless_its_consumer_chose_a_time() {
    let standin = standin();
    let client = sqs(&standin);
    let url = standin.queue_url("events");
    standin.send("events", "a").unwrap();
    let first = standin.receive("events", 1).remove(0);
    assert!(!standin.give_back("events", &first.receipt));
    assert_eq!(standin.depth("events").visible, 1);

    let second = standin.receive("events", 1).remove(0);
    let later =
        client.change_message_visibility().queue_url(&url).receipt_handle(&second.receipt).visibility_timeout(30);
    later.send().await.unwrap();
    assert!(!standin.give_back("events", &second.receipt));
    assert_eq!(standin.depth("events"), Depth { visible: 0, hidden: 1 });
    assert!(standin.next_visible().unwrap() > Duration::from_secs(29));
}

#[tokio::test]
async fn enforces_the_limits_of_sqs() {
    let standin = standin();
    let client = sqs(&standin);
    let url = standin.queue_url("events");
    let most = "x".repeat(SIZE_LIMIT);
    client.send_message().queue_url(&url).message_body(&most).send().await.unwrap();
    let too_large = client.send_message().queue_url(&url).message_body(most + "x").send().await.unwrap_err();
    assert_eq!(too_large.code(), Some("InvalidParameterValue"));

    let half = "x".repeat(SIZE_LIMIT / 2 + 1);
    let entries = vec![entry("a", &half), entry("b", &half)];
    let too_long = client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.unwrap_err();
    assert!(too_long.as_service_error().unwrap().is_batch_request_too_long(), "{too_long:?}");

    let entries = (0..=BATCH_LIMIT).map(|n| entry(&n.to_string(), "x")).collect();
    let too_many = client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.unwrap_err();
    assert!(too_many.as_service_error().unwrap().is_too_many_entries_in_batch_request(), "{too_many:?}");

    let entries = vec![entry("a", "x"), entry("a", "y")];
    let doubled = client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.unwrap_err();
    assert!(doubled.as_service_error().unwrap().is_batch_entry_ids_not_distinct(), "{doubled:?}");

    let odd = client.send_message().queue_url(&url).message_body("a\u{0}b").send().await.unwrap_err();
    assert!(odd.as_service_error().unwrap().is_invalid_message_contents(), "{odd:?}");
    let late = client.send_message().queue_url(&url).message_body("x").delay_seconds(901).send().await.unwrap_err();
    assert_eq!(late.code(), Some("InvalidParameterValue"));
    let nowhere =
        client.send_message().queue_url(standin.queue_url("none")).message_body("x").send().await.unwrap_err();
    assert!(nowhere.as_service_error().unwrap().is_queue_does_not_exist(), "{nowhere:?}");
    assert_eq!(standin.messages("events").len(), 1, "nothing refused may have arrived");
}

#[tokio::test]
async fn refuses_single_entries_when_asked_to() {
    let standin = standin();
    let client = sqs(&standin);
    standin.fail_entries(1);
    let entries = vec![entry("a", "x"), entry("b", "y")];
    let sent = client.send_message_batch().queue_url(standin.queue_url("events")).set_entries(Some(entries));
    let sent = sent.send().await.unwrap();
    assert_eq!(sent.failed()[0].id(), "a");
    assert!(!sent.failed()[0].sender_fault());
    assert_eq!(sent.successful()[0].id(), "b");
    assert_eq!(standin.messages("events").len(), 1);
}

#[tokio::test]
async fn is_down_when_told_to_be() {
    let standin = standin();
    let client = sqs(&standin);
    let url = standin.queue_url("events");
    let send = || client.send_message().queue_url(&url).message_body("x").send();
    standin.down(true);
    assert_eq!(send().await.unwrap_err().raw_response().unwrap().status().as_u16(), 503);
    standin.down(false);
    standin.unreachable(true);
    assert!(send().await.unwrap_err().raw_response().is_none());
    standin.unreachable(false);
    send().await.unwrap();
}

#[tokio::test]
async fn reports_how_full_a_queue_is() {
    let standin = standin();
    let client = sqs(&standin);
    standin.send("events", "a").unwrap();
    standin.send("events", "b").unwrap();
    standin.receive("events", 1);
    let attributes = client.get_queue_attributes().queue_url(standin.queue_url("events"));
    let attributes = attributes.attribute_names(QueueAttributeName::All).send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessages], "1");
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "1");
}

fn create(
    client: &aws_sdk_scheduler::Client,
    standin: &Sqs,
    name: &str,
    expression: &str,
) -> aws_sdk_scheduler::operation::create_schedule::builders::CreateScheduleFluentBuilder {
    let target = Target::builder()
        .arn(standin.queue_arn("events"))
        .role_arn("arn:aws:iam::000000000000:role/r")
        .input(r#"{"kind":"task_due","at":"<aws.scheduler.scheduled-time>"}"#)
        .build()
        .unwrap();
    client
        .create_schedule()
        .group_name("reminders")
        .name(name)
        .schedule_expression(expression)
        .schedule_expression_timezone("Europe/Berlin")
        .flexible_time_window(FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap())
        .action_after_completion(ActionAfterCompletion::Delete)
        .target(target)
}

#[tokio::test]
async fn schedules_fire_once_when_due_and_delete_themselves() {
    let standin = standin();
    let client = scheduler(&standin);
    create(&client, &standin, "task-1", "at(2026-12-01T09:00:00)").send().await.unwrap();
    let again = create(&client, &standin, "task-1", "at(2026-12-01T09:00:00)").send().await.unwrap_err();
    assert!(again.as_service_error().unwrap().is_conflict_exception(), "{again:?}");
    let kept = client.get_schedule().group_name("reminders").name("task-1").send().await.unwrap();
    assert_eq!(kept.schedule_expression(), Some("at(2026-12-01T09:00:00)"));

    assert_eq!(standin.fire_due("2026-12-01T07:59:59Z".parse().unwrap()).unwrap(), 0);
    assert_eq!(standin.fire_due("2026-12-01T08:00:00Z".parse().unwrap()).unwrap(), 1, "9 o'clock in Berlin");
    let sent = standin.messages("events");
    assert_eq!(sent[0].body, r#"{"kind":"task_due","at":"2026-12-01T08:00:00Z"}"#);
    assert!(standin.schedules().is_empty());
    let gone = client.delete_schedule().group_name("reminders").name("task-1").send().await.unwrap_err();
    assert!(gone.as_service_error().unwrap().is_resource_not_found_exception(), "{gone:?}");
}

#[tokio::test]
async fn refuses_schedules_aws_would_refuse() {
    let standin = standin();
    let client = scheduler(&standin);
    for (name, expression) in [
        ("with space", "at(2026-12-01T09:00:00)"),
        ("zoned", "at(2026-12-01T09:00:00Z)"),
        ("fraction", "at(2026-12-01T09:00:00.5)"),
        ("nonsense", "tomorrow"),
        (&"x".repeat(65), "at(2026-12-01T09:00:00)"),
    ] {
        let refused = create(&client, &standin, name, expression).send().await.unwrap_err();
        assert!(refused.as_service_error().unwrap().is_validation_exception(), "{name} {expression}: {refused:?}");
    }
    let elsewhere =
        create(&client, &standin, "a", "at(2026-12-01T09:00:00)").group_name("nowhere").send().await.unwrap_err();
    assert!(elsewhere.as_service_error().unwrap().is_resource_not_found_exception(), "{elsewhere:?}");
    assert!(standin.schedules().is_empty());
}

/// Of the three, the first may send to a queue, the second make schedules, the third nothing.
const ROLES: &str = r#"
Resources:
  EventsQueue: { Type: "AWS::SQS::Queue", Properties: { QueueName: events } }
  SendRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement: [{ Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt EventsQueue.Arn }]
  RemindRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement:
              - { Effect: Allow, Action: "scheduler:CreateSchedule", Resource: "arn:aws:scheduler:*:*:schedule/reminders/*" }
              - { Effect: Allow, Action: "iam:PassRole", Resource: "arn:aws:iam::000000000000:role/r" }
  BareRole: { Type: "AWS::IAM::Role" }
  Sender: { Type: "AWS::Serverless::Function", Properties: { CodeUri: x/sender/, Role: !GetAtt SendRole.Arn } }
  Reminder: { Type: "AWS::Serverless::Function", Properties: { CodeUri: x/reminder/, Role: !GetAtt RemindRole.Arn } }
  Bare: { Type: "AWS::Serverless::Function", Properties: { CodeUri: x/bare/, Role: !GetAtt BareRole.Arn } }
"#;

#[tokio::test]
async fn a_caller_may_do_what_its_role_allows_and_nothing_else() {
    let standin = standin();
    let template = Template::parse(ROLES).unwrap();
    standin.bind(template.rights(&template.functions().unwrap(), &Values::default()).unwrap());
    let url = standin.queue_url("events");

    let sender = sqs_as(&standin, "sender");
    sender.send_message().queue_url(&url).message_body("x").send().await.unwrap();
    let batch = || Some(vec![entry("a", "x")]);
    sender.send_message_batch().queue_url(&url).set_entries(batch()).send().await.unwrap();
    let received = sender.receive_message().queue_url(&url).send().await.unwrap_err();
    assert_eq!(received.code(), Some("AccessDenied"));
    let elsewhere = sender.send_message().queue_url(standin.queue_url("events-dlq")).message_body("x");
    assert_eq!(elsewhere.send().await.unwrap_err().code(), Some("AccessDenied"));
    for caller in ["bare", "stranger"] {
        let sent = sqs_as(&standin, caller).send_message_batch().queue_url(&url).set_entries(batch()).send().await;
        assert_eq!(sent.unwrap_err().code(), Some("AccessDenied"), "{caller}");
    }
    assert_eq!(standin.messages("events").len(), 2);

    let reminder = scheduler_as(&standin, "reminder");
    create(&reminder, &standin, "a", "at(2026-12-01T09:00:00)").send().await.unwrap();
    let deleted = reminder.delete_schedule().group_name("reminders").name("a").send().await.unwrap_err();
    assert_eq!(deleted.code(), Some("AccessDeniedException"));
    let call = create(&reminder, &standin, "b", "at(2026-12-01T09:00:00)");
    let mut target = call.get_target().clone().unwrap();
    target.role_arn = "arn:aws:iam::000000000000:role/more".to_owned();
    assert_eq!(call.target(target).send().await.unwrap_err().code(), Some("AccessDeniedException"));

    let denied = standin.denied();
    assert_eq!(denied.len(), 6, "{denied:?}");
    assert_eq!(denied[0], "sender may not sqs:ReceiveMessage on arn:aws:sqs:eu-central-1:000000000000:events");
    assert_eq!(denied[5], "reminder may not iam:PassRole on arn:aws:iam::000000000000:role/more");
}
