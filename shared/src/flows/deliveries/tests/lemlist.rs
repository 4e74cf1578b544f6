//! lemlist's activities.

use super::*;

fn activity(changes: Value) -> String {
    let mut body = json!({
        "_id": "act_1", "type": "emailsReplied", "teamId": "tea_1", "createdAt": "2026-11-20T14:56:39.172Z",
        "campaignId": "cam_1", "campaignName": "Labore Herbst", "sequenceStep": 2, "leadId": "lea_1",
        "leadEmail": "Erika@Beispiel-Labor.de", "leadFirstName": "Erika", "leadLastName": "Mustermann", "subject": "Hallo",
        "isFirst": true, "secret": "s",
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
            value => body[name] = value.clone(),
        }
    }
    body.to_string()
}

fn translated(body: &str) -> Result<Vec<Value>, Unknown> {
    understood(translate(&delivery(Via::Lemlist, "lemlist", &[], body)))
}

#[test]
fn a_reply() {
    let events = translated(&activity(json!({}))).unwrap();
    assert_eq!(
        events,
        [json!({
            "event_type": "email_replied",
            "source": "lemlist",
            "external_id": "act_1",
            "occurred_at": "2026-11-20T14:56:39.172Z",
            "lead_identifier": {"email": "Erika@Beispiel-Labor.de", "lemlist_id": "lea_1"},
            "lead": {"first_name": "Erika", "last_name": "Mustermann"},
            "campaign": "Labore Herbst",
            "metadata": {
                "activity": "emailsReplied", "team_id": "tea_1", "campaign_id": "cam_1", "sequence_step": 2,
                "subject": "Hallo", "is_first": true,
            },
        })]
    );
}

/// Every documented type of the reference, and what it becomes: a type of ours, `lemlist_…`, or nothing.
#[test]
fn every_documented_type_is_known() {
    let ours = [
        ("emailsSent", "email_sent"),
        ("emailsOpened", "email_opened"),
        ("emailsClicked", "email_clicked"),
        ("emailsReplied", "email_replied"),
        ("emailsBounced", "email_bounced"),
        ("emailsUnsubscribed", "email_unsubscribed"),
        ("linkedinSent", "linkedin_message_sent"),
        ("linkedinReplied", "linkedin_message_replied"),
        ("linkedinInviteAccepted", "linkedin_connected"),
        ("warmed", "lemlist_warmed"),
        ("linkedinLikeLastPostNoPost", "lemlist_linkedin_like_last_post_no_post"),
        ("linkedinWithdrawInvitationFailed", "lemlist_linkedin_withdraw_invitation_failed"),
    ];
    for (theirs, expected) in ours {
        assert_eq!(translated(&activity(json!({"type": theirs}))).unwrap()[0]["event_type"], expected);
    }
    let kept = "contacted hooked attracted interested notInterested emailsFailed emailsInterested emailsNotInterested \
        linkedinOpened linkedinInterested linkedinNotInterested linkedinSendFailed linkedinVisitDone linkedinVisitFailed \
        linkedinFollowDone linkedinFollowFailed linkedinFollowSkipped linkedinInviteDone linkedinInviteFailed linkedinEndorseDone \
        linkedinEndorseFailed linkedinEndorseSkipped linkedinVoiceNoteDone linkedinVoiceNoteFailed linkedinLikeLastPostDone \
        linkedinLikeLastPostFailed linkedinWithdrawInvitationDone whatsappMessageSent whatsappMessageDelivered \
        whatsappMessageOpened whatsappReplied whatsappMessageFailed smsSent smsDelivered smsReplied smsFailed aircallCreated \
        aircallEnded aircallDone aircallInterested aircallNotInterested callRecordingDone callTranscriptDone apiDone apiInterested \
        apiNotInterested apiFailed manualInterested manualNotInterested annotated enrichmentDone enrichmentError \
        inboxLabelUpdated signalRegistered skipped emailsSendFailed opportunitiesDone";
    let receipt = domain::Arrival {
        id: EventId(Uuid::from_u128(1)),
        received_at: now(),
        source: Some("lemlist"),
        default_country: Country::default(),
    };
    for kind in kept.split_whitespace() {
        let events = translated(&activity(json!({"type": kind}))).unwrap();
        let event = domain::validate(&events[0], "", &receipt).unwrap().event;
        assert!(event.event_type.starts_with("lemlist_"), "{kind}");
    }
    for kind in
        "paused resumed stopped campaignComplete customDomainErrors connectionIssue sendLimitReached lemwarmPaused \
        deliverabilityAlertTriggered"
            .split_whitespace()
    {
        assert_eq!(
            translated(&activity(json!({"type": kind, "leadId": null, "leadEmail": null}))).unwrap(),
            [] as [Value; 0]
        );
    }
}

#[test]
fn what_is_not_understood_is_said() {
    let reason = |changes: Value| translated(&activity(changes)).unwrap_err().reason;
    assert_eq!(reason(json!({"type": "emailsTeleported"})), "unknown_type");
    assert_eq!(reason(json!({"type": "linkedin"})), "unknown_type");
    assert_eq!(reason(json!({"type": "linkedinÜ"})), "unknown_type");
    assert_eq!(reason(json!({"type": 7})), "unknown_shape");
    assert_eq!(reason(json!({"_id": null})), "unknown_shape");
    assert_eq!(reason(json!({"leadId": null, "leadEmail": null})), "no_identifier");
    assert_eq!(translated("[]").unwrap_err().reason, "unknown_shape");
    assert_eq!(translated("<html>").unwrap_err().reason, "malformed");
}

#[test]
fn an_unreadable_address_does_not_cost_the_activity() {
    let odd = json!({
        "leadEmail": "Max <max@x.example>", "leadLinkedinUrl": "https://www.linkedin.com/sales/lead/ACwAAB", "createdAt": 1_795_000_000_000_i64,
    });
    let events = translated(&activity(odd)).unwrap();
    let receipt = domain::Arrival {
        id: EventId(Uuid::from_u128(1)),
        received_at: "2026-11-20T15:08:21Z".parse().unwrap(),
        source: Some("lemlist"),
        default_country: Country::default(),
    };
    let event = domain::validate(&events[0], "", &receipt).unwrap().event;
    let named: Vec<_> = event.identifiers.iter().map(|known| known.value.as_str()).collect();
    assert_eq!(named, ["lea_1"]);
    assert_eq!(event.metadata["unreadable_email"], "Max <max@x.example>");
    assert_eq!(event.metadata["unreadable_linkedin_url"], "https://www.linkedin.com/sales/lead/ACwAAB");
    assert_eq!(event.occurred_at.to_string(), "2026-11-18T11:06:40Z");
    let event = &translated(&activity(json!({"leadId": 7, "leadPhone": ["1", "2"]}))).unwrap()[0];
    assert_eq!((&event["metadata"]["lead_id"], &event["metadata"]["lead_phone"]), (&json!(7), &json!(["1", "2"])));
    let event = &translated(&activity(json!({"createdAt": [7]}))).unwrap()[0];
    assert_eq!((&event["occurred_at"], &event["metadata"]["created_at"]), (&Value::Null, &json!([7])));
}

proptest! {
    /// Whatever fields an activity has: it becomes a valid event or is put aside, and the secret is never in it.
    #[test]
    fn odd_activities(fields in proptest::collection::btree_map("[a-zA-Z_]{1,12}", "\\PC{0,30}", 0..8)) {
        let mut body: serde_json::Map<String, Value> = fields.into_iter().map(|(name, text)| (name, text.into())).collect();
        body.insert("secret".to_owned(), "hush-hush".into());
        if let Ok(events) = translated(&Value::from(body).to_string()) {
            prop_assert!(!json!(events).to_string().contains("hush-hush"));
        }
    }
}
