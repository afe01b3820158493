//! What becomes of the mail of an invitation, as SES reports it and the API shows it.

use serde_json::{Value, json};

use super::Delivery;
use crate::{
    helpers::{each, id},
    invariants::check,
    test_app::{ADA, BOB, CY, DAY},
};

/// A report of SES in the form of the default event bus, about a sending of an invitation.
fn report(invitation: &str, sending: &str, kind: &str, details: Value) -> Value {
    let mut detail = json!({
        "eventType": kind,
        "mail": {
            "timestamp": "2026-11-21T12:00:00.000Z",
            "messageId": "0107018f6d1b5c6e-000000",
            "destination": [BOB.email],
            "tags": {
                "ses:configuration-set": ["rolecall"],
                "organization": ["org_01KAK5QX3T7Y9ZB2C4D6E8F0GH"],
                "invitation": [id(invitation)],
                "sending": [sending],
            },
        },
    });
    detail[kind.to_lowercase()] = details;
    json!({ "version": "0", "source": "aws.ses", "detail-type": "Email Bounced", "detail": detail })
}

fn bounce(
    invitation: &str,
    sending: &str,
    kind: &str,
    sub_kind: &str,
    action: Option<&str>,
) -> Value {
    let recipient = match action {
        Some(action) => json!({ "emailAddress": BOB.email, "action": action, "status": "5.1.1" }),
        None => json!({ "emailAddress": BOB.email }),
    };
    let details = json!({
        "bounceType": kind,
        "bounceSubType": sub_kind,
        "bouncedRecipients": [recipient],
        "timestamp": "2026-11-21T12:00:01.000Z",
        "feedbackId": "0107018f6d1b5f00",
    });
    report(invitation, sending, "Bounce", details)
}

fn hard_bounce(invitation: &str, sending: &str) -> Value {
    bounce(invitation, sending, "Permanent", "General", Some("failed"))
}

impl Delivery {
    async fn shows(&self, path: &str) -> String {
        let shown = self.app.get(ADA, path).await.expect(200);
        shown.body["delivery"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn invitation_shows_what_became_of_its_mail() {
    let (delivery, acme) = Delivery::new().await;
    let body = json!({ "email": BOB.email, "role_id": "user" });
    let created = delivery.app.post(ADA, &format!("{acme}/invitations"), body).await.expect(201);
    assert_eq!(created.body["delivery"], "waiting");
    let path = format!("{acme}/invitations/{}", created.id());
    assert_eq!(delivery.shows(&path).await, "waiting");
    delivery.deliver_all().await;
    assert_eq!(delivery.shows(&path).await, "sent");
    delivery.report(&hard_bounce(&path, "1")).await;
    assert_eq!(delivery.shows(&path).await, "bounced");

    delivery.invite(&acme, &[CY]).await;
    let list = delivery.app.get(ADA, &format!("{acme}/invitations")).await.expect(200);
    assert_eq!(each(list.items(), "email"), [BOB.email, CY.email]);
    assert_eq!(each(list.items(), "delivery"), ["bounced", "waiting"]);
    check(&delivery.app).await;
}

/// The expected delivery, and the report about an invitation.
type Case = (&'static str, Box<dyn Fn(&str) -> Value>);

#[tokio::test]
async fn each_report_of_ses_has_its_meaning() {
    let complaint = |path: &str, sub_type: Value| {
        let details = json!({
            "complainedRecipients": [{ "emailAddress": BOB.email }],
            "complaintFeedbackType": "abuse",
            "complaintSubType": sub_type,
        });
        report(path, "1", "Complaint", details)
    };
    let cases: Vec<Case> = vec![
        ("bounced", Box::new(|path| bounce(path, "1", "Permanent", "General", Some("failed")))),
        ("bounced", Box::new(|path| bounce(path, "1", "Permanent", "NoEmail", Some("failed")))),
        ("bounced", Box::new(|path| bounce(path, "1", "Undetermined", "Undetermined", None))),
        ("bounced", Box::new(|path| bounce(path, "1", "Transient", "MailboxFull", Some("failed")))),
        ("bounced", Box::new(|path| bounce(path, "1", "Transient", "General", Some("failed")))),
        // An out-of-office note.
        // RFC 3464 gives the action in any case.
        ("bounced", Box::new(|path| bounce(path, "1", "Transient", "General", Some("Failed")))),
        ("sent", Box::new(|path| bounce(path, "1", "Transient", "General", None))),
        ("suppressed", Box::new(|path| bounce(path, "1", "Permanent", "Suppressed", None))),
        (
            "suppressed",
            Box::new(|path| bounce(path, "1", "Permanent", "OnAccountSuppressionList", None)),
        ),
        (
            "bounced",
            Box::new(|path| report(path, "1", "Reject", json!({ "reason": "Bad content" }))),
        ),
        // Who complains got the mail.
        ("sent", Box::new(move |path| complaint(path, Value::Null))),
        ("suppressed", Box::new(move |path| complaint(path, json!("OnAccountSuppressionList")))),
        (
            "sent",
            Box::new(|path| report(path, "1", "Delivery", json!({ "recipients": [BOB.email] }))),
        ),
        ("sent", Box::new(|path| report(path, "1", "BrandNew", json!({})))),
    ];
    for (nth, (expected, report)) in cases.into_iter().enumerate() {
        let (delivery, acme) = Delivery::new().await;
        let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
        delivery.deliver_all().await;
        delivery.report(&report(&path)).await;
        assert_eq!(delivery.shows(&path).await, expected, "case {nth}");
    }
}

/// EventBridge repeats reports and keeps no order.
#[tokio::test]
async fn failure_stays_whatever_arrives_later() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    // The report overtakes the record that the mail was sent.
    delivery.report(&hard_bounce(&path, "1")).await;
    delivery.deliver_all().await;
    assert_eq!(delivery.shows(&path).await, "bounced");
    for _ in 0..2 {
        delivery.report(&hard_bounce(&path, "1")).await;
        delivery.report(&bounce(&path, "1", "Permanent", "Suppressed", None)).await;
        assert_eq!(delivery.shows(&path).await, "bounced", "the first failure stays");
    }
}

#[tokio::test]
async fn late_report_about_a_former_sending_does_not_mark_the_new_one() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.deliver_all().await;
    delivery.report(&hard_bounce(&path, "1")).await;
    delivery.app.wait(DAY);
    let resent = delivery.app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!(resent.body["delivery"], "waiting");
    assert_eq!(delivery.shows(&path).await, "waiting", "a new sending begins anew");
    delivery.report(&hard_bounce(&path, "1")).await;
    assert_eq!(delivery.shows(&path).await, "waiting", "before the new mail is sent");
    delivery.deliver_all().await;
    delivery.report(&hard_bounce(&path, "1")).await;
    assert_eq!(delivery.shows(&path).await, "sent", "after the new mail was sent");
    delivery.report(&hard_bounce(&path, "2")).await;
    assert_eq!(delivery.shows(&path).await, "bounced");
    check(&delivery.app).await;
}

/// A mail that bounces is no change that a person made.
#[tokio::test]
async fn delivery_changes_neither_version_nor_history() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let before = delivery.app.get(ADA, &path).await.expect(200);
    let events = delivery.app.actions(&acme).await;
    delivery.deliver_all().await;
    delivery.report(&hard_bounce(&path, "1")).await;
    let tag = before.headers["etag"].to_str().unwrap().to_owned();
    let again = delivery.app.get(ADA, &path).await.expect(200);
    assert_eq!(again.headers["etag"], tag.as_str());
    assert_eq!(delivery.app.actions(&acme).await, events);
    let if_match = [("if-match", tag.as_str())];
    delivery.app.send_with(Some(ADA), "DELETE", &path, None, &if_match).await.expect(204);
    check(&delivery.app).await;
}

/// The tags name the sending, so that a report finds it. Other mails have no delivery to show.
#[tokio::test]
async fn mail_carries_its_sending_in_tags() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    let mails = delivery.deliver_all().await;
    let tag = |name: &str, value: &str| json!({ "Name": name, "Value": value });
    let expected =
        [tag("organization", id(&acme)), tag("invitation", id(&path)), tag("sending", "1")];
    assert_eq!(mails[0]["EmailTags"], json!(expected));
    assert_eq!(mails[0]["ConfigurationSetName"], "rolecall");
    delivery.app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    delivery.app.transfer(ADA, &acme, BOB).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails[0]["EmailTags"], json!([tag("organization", id(&acme))]));
    let mut other = hard_bounce(&path, "1");
    other["detail"]["mail"]["tags"] = json!({ "organization": [id(&acme)] });
    delivery.report(&other).await;
    check(&delivery.app).await;
}

/// A member that is `null` is like one that is absent: the report would otherwise be tried ten times and given up.
#[tokio::test]
async fn report_with_members_that_are_null_is_read() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.deliver_all().await;
    let mut without_tags = hard_bounce(&path, "1");
    without_tags["detail"]["mail"]["tags"] = Value::Null;
    delivery.report(&without_tags).await;
    assert_eq!(delivery.shows(&path).await, "sent");
    let mut bounce = hard_bounce(&path, "1");
    bounce["detail"]["bounce"]["bounceSubType"] = Value::Null;
    bounce["detail"]["bounce"]["bouncedRecipients"] = Value::Null;
    delivery.report(&bounce).await;
    assert_eq!(delivery.shows(&path).await, "bounced");
}

/// A late report about an ended invitation does not change the delivery of a new invitation.
#[tokio::test]
async fn report_about_an_ended_invitation_is_harmless() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.deliver_all().await;
    delivery.app.delete(ADA, &path).await.expect(204);
    delivery.report(&hard_bounce(&path, "1")).await;
    delivery.app.wait(1);
    let next = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    assert_eq!(delivery.shows(&next).await, "waiting", "a new invitation has mails of its own");
    check(&delivery.app).await;
}
