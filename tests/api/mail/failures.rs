//! Mail that cannot be sent: it waits, or it ends. No mail is lost, and none is sent twice.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ::mail::{Message, Messages};
use serde_json::json;

use super::{Delivery, MIA};
use crate::{
    fake_aws::{CallFault, SENDER},
    fault_layer::Fault,
    helpers::id,
    invariants::check,
    test_app::{ADA, BOB, CY, EVE},
};

/// The errors of SES after which no mail is sent until the deployer acts.
fn account_errors() -> Vec<(&'static str, String)> {
    let unverified = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: ";
    vec![
        ("MessageRejected", format!("{unverified}{SENDER}")),
        ("MailFromDomainNotVerifiedException", "Mail-From domain is not verified".to_owned()),
        ("SendingPausedException", "Sending paused for this account.".to_owned()),
        ("AccountSuspendedException", "Account is suspended".to_owned()),
        ("LimitExceededException", "Daily message quota exceeded.".to_owned()),
        ("TooManyRequestsException", "Daily message quota exceeded.".to_owned()),
        ("NotFoundException", "Configuration set <rolecall> does not exist.".to_owned()),
        ("AccessDeniedException", "not authorized to perform: ses:SendEmail".to_owned()),
    ]
}

/// The errors of SES that pass.
fn passing_errors() -> Vec<(&'static str, String)> {
    vec![
        ("TooManyRequestsException", "Maximum sending rate exceeded.".to_owned()),
        ("InternalServiceErrorException", String::new()),
    ]
}

#[tokio::test]
async fn mail_waits_while_the_account_or_the_service_cannot_send() {
    for (code, message) in account_errors().into_iter().chain(passing_errors()) {
        let (delivery, acme) = Delivery::new().await;
        let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
        delivery.invite(&acme, &[CY]).await;
        let tries = std::sync::Arc::new(AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&tries);
        let fault = CallFault::Rejected(code, message.clone());
        delivery.aws.plan(move |call| {
            let is_mail = call.name == "SendEmail";
            counted.fetch_add(usize::from(is_mail), Relaxed);
            is_mail.then(|| fault.clone())
        });
        assert_eq!(delivery.publish().await, 0, "the bus does not wait for mail");
        assert_eq!(delivery.aws.event_types().len(), 3, "{code}");
        assert_eq!(delivery.send_mail().await, 2, "{code} {message}");
        assert_eq!(tries.load(Relaxed), 1, "one try shows that all mails would fail: {code}");
        let shown = delivery.app.get(ADA, &path).await.expect(200);
        assert_eq!(shown.body["delivery"], "waiting", "{code}");
        delivery.aws.plan(|call| (call.name == "SendEmail").then_some(CallFault::Lost));
        assert_eq!(delivery.send_mail().await, 2, "{code}");
        delivery.aws.clear_faults();
        assert_eq!(delivery.run().await, (0, "bob cy".to_owned()), "{code}");
        let shown = delivery.app.get(ADA, &path).await.expect(200);
        assert_eq!(shown.body["delivery"], "sent", "{code}");
    }
}

/// A mail that SES got twice without an answer ends, so that a slow SES does not send it with each try.
#[tokio::test]
async fn mail_without_an_answer_is_sent_at_most_twice() {
    let throttled = || CallFault::Rejected("TooManyRequestsException", String::new());
    for (second, received) in
        [(CallFault::Unanswered, "bob bob"), (throttled(), "bob"), (CallFault::Lost, "bob")]
    {
        let (delivery, acme) = Delivery::new().await;
        let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
        delivery.invite(&acme, &[CY]).await;
        let faults = std::sync::Mutex::new(vec![second.clone(), CallFault::Unanswered]);
        delivery.aws.plan(move |call| {
            call.mails(BOB.email).then(|| faults.lock().unwrap().pop().unwrap_or(CallFault::Lost))
        });
        assert_eq!(delivery.run().await, (2, received.to_owned()), "others wait: {second:?}");
        assert_eq!(delivery.run().await, (0, "cy".to_owned()), "{second:?}");
        assert_eq!(delivery.run_again().await, (0, String::new()), "{second:?}");
        let shown = delivery.app.get(ADA, &path).await.expect(200);
        assert_eq!(shown.body["delivery"], "waiting", "it is not confirmed: {second:?}");
        check(&delivery.app).await;
    }
}

#[tokio::test]
async fn second_call_after_no_answer_confirms_a_mail() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery
        .aws
        .plan(|call| (call.mails(BOB.email) && call.nth == 1).then_some(CallFault::Unanswered));
    assert_eq!(delivery.run().await, (0, "bob bob".to_owned()));
    let shown = delivery.app.get(ADA, &path).await.expect(200);
    assert_eq!(shown.body["delivery"], "sent");
}

/// In the sandbox, SES sends to verified recipients.
#[tokio::test]
async fn sandbox_holds_up_only_recipients_who_are_not_verified() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY, EVE]).await;
    delivery.aws.plan(|call| {
        let unverified = "Email address is not verified. The following identities failed the check in region \
                          EU-CENTRAL-1: cy@example.com";
        let fault = || CallFault::Rejected("MessageRejected", unverified.to_owned());
        call.mails(CY.email).then(fault)
    });
    assert_eq!(delivery.run().await, (1, "bob eve".to_owned()));
    delivery.aws.clear_faults();
    assert_eq!(delivery.run().await, (0, "cy".to_owned()), "it is not lost");
}

/// A malformed address ends that mail alone, and the invitation shows it.
#[tokio::test]
async fn recipient_who_can_never_get_mail_ends_that_mail() {
    for (code, message, expected) in [
        ("BadRequestException", "Local address contains control or whitespace", "bounced"),
        ("BadRequestException", "Illegal address", "bounced"),
        ("MessageRejected", "Address blacklisted.", "suppressed"),
    ] {
        let (delivery, acme) = Delivery::new().await;
        let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
        delivery.invite(&acme, &[CY]).await;
        delivery.aws.plan(move |call| {
            let fault = || CallFault::Rejected(code, message.to_owned());
            call.mails(BOB.email).then(fault)
        });
        assert_eq!(delivery.run().await, (0, "cy".to_owned()), "{message}");
        let shown = delivery.app.get(ADA, &path).await.expect(200);
        assert_eq!(shown.body["delivery"], expected, "{message}");
        delivery.aws.clear_faults();
        assert_eq!(delivery.run_again().await, (0, String::new()), "do not try it again");
        check(&delivery.app).await;
    }
}

/// An unknown error can concern one mail or all of them.
#[tokio::test]
async fn unknown_error_makes_one_mail_wait_and_no_other() {
    for (code, message) in [
        ("BrandNewException", "something else"),
        ("BadRequestException", "1 validation error detected"),
        ("MessageRejected", "The message contains invalid content."),
    ] {
        let (delivery, acme) = Delivery::new().await;
        delivery.invite(&acme, &[BOB, CY]).await;
        delivery.aws.plan(move |call| {
            let fault = || CallFault::Rejected(code, message.to_owned());
            call.mails(BOB.email).then(fault)
        });
        assert_eq!(delivery.run().await, (1, "cy".to_owned()), "{code}");
        delivery.aws.clear_faults();
        assert_eq!(delivery.run().await, (0, "bob".to_owned()), "{code}");
    }
}

#[tokio::test]
async fn retry_sends_only_missing_mails() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    delivery.app.create_join_request(EVE, &acme).await;
    let slow = || CallFault::Rejected("BrandNewException", "wait".to_owned());
    delivery.aws.plan(move |call| call.mails(ADA.email).then(slow));
    assert_eq!(delivery.run().await, (1, "eve bob".to_owned()), "the others do not wait");
    assert_eq!(delivery.send_mail().await, 1);
    delivery.aws.clear_faults();
    assert_eq!(delivery.run().await, (0, "ada".to_owned()));
    assert_eq!(delivery.run_again().await, (0, String::new()), "do not repeat a mail");
    // Long after the event, a replay of the bus still meets the marks.
    delivery.app.wait(20 * crate::test_app::DAY);
    assert_eq!(delivery.run_again().await, (0, String::new()), "do not repeat a mail");
}

#[tokio::test]
async fn stop_between_a_mail_and_its_mark_repeats_only_that_mail() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    delivery.app.create_join_request(EVE, &acme).await;
    delivery.publish().await;
    let queue = delivery.aws.queue();
    delivery.aws.put_back(queue.clone());
    let mut writes = 0;
    delivery.layer.plan(move |call| {
        writes += usize::from(call.name == "TransactWriteItems");
        // The first one records that the managers get this mail. Then each mail is claimed and finished.
        (call.name == "TransactWriteItems" && writes == 5).then_some(Fault::StopBefore)
    });
    tokio::select! {
        _ = delivery.send_mail() => panic!("it must stop"),
        () = delivery.layer.stopped() => {}
    }
    delivery.layer.clear_faults();
    assert_eq!(delivery.addressees(), "eve ada");
    delivery.aws.put_back(queue);
    assert_eq!(delivery.run().await, (1, "bob".to_owned()), "the claim of the dead run holds");
    delivery.app.wait(90_000);
    assert_eq!(delivery.run().await, (0, "ada".to_owned()), "the claim ends");
}

/// The bus and the queue may each deliver twice, also at the same time.
#[tokio::test]
async fn two_messages_about_one_event_at_the_same_time_send_one_mail() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    delivery.publish().await;
    let [first] = delivery.aws.queue().try_into().unwrap();
    let second = Message::new("another", first.body.clone());
    let [first, second] = [first, second].map(|message| Messages { messages: vec![message] });
    let (one, other) =
        tokio::join!(delivery.handle(&first, || false), delivery.handle(&second, || false));
    assert_eq!(delivery.aws.addressees(), [BOB.email]);
    assert!(one.len() + other.len() <= 1, "at most the slower one waits: {one:?} {other:?}");
    assert_eq!(delivery.handle(&second, || false).await, [""; 0], "the mail is done");
    assert_eq!(delivery.aws.addressees(), [""; 0]);
}

#[tokio::test]
async fn mail_waits_while_the_table_is_unreachable() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY]).await;
    delivery.publish().await;
    delivery.layer.plan(|call| (call.name == "BatchGetItem").then_some(Fault::Throttle));
    assert_eq!(delivery.send_mail().await, 2);
    delivery.layer.clear_faults();
    assert_eq!(delivery.run().await, (0, "bob cy".to_owned()));
}

/// The mails of one event can take longer than the function runs.
#[tokio::test]
async fn run_without_time_begins_no_further_mail_and_no_further_message() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    delivery.app.create_join_request(EVE, &acme).await;
    delivery.invite(&acme, &[CY]).await;
    delivery.publish().await;
    let checks = AtomicUsize::new(0);
    let enough = || checks.fetch_add(1, Relaxed) >= 2;
    assert_eq!(delivery.send_mail_until(enough).await, 2);
    assert_eq!(delivery.addressees(), "eve");
    assert_eq!(delivery.run().await, (0, "ada bob cy".to_owned()));
}

/// A version that was rolled back cannot read what a later one wrote. The mail waits for the next deployment.
#[tokio::test]
async fn unreadable_message_waits_and_blocks_no_other() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[MIA]).await;
    delivery.publish().await;
    delivery.aws.put_back([Message::new("damaged", "{}"), Message::new("empty", "")]);
    let mut messages = delivery.aws.queue();
    messages.rotate_left(1);
    let failed = delivery.handle(&Messages { messages }, || false).await;
    assert_eq!(failed, ["damaged", "empty"]);
    assert_eq!(delivery.aws.addressees(), [MIA.email]);
}

/// The rule's dead-letter queue has the event in the form of the bus. Its content is not trusted: only a stored event
/// causes mail.
#[tokio::test]
async fn only_a_stored_event_causes_mail() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    delivery.publish().await;
    delivery.aws.queue();
    let event = delivery.app.history(&acme).await.pop().unwrap();
    let mut forged = event.clone();
    forged["id"] = json!("evt_01KAK5S9A1B3C5D7E9F0G2H4J6");
    forged["target"]["name"] = json!(EVE.email);
    let mut altered = event.clone();
    altered["target"]["name"] = json!(EVE.email);
    let bus = |nth: usize, detail| {
        let body =
            json!({ "source": "rolecall", "detail-type": event["action"], "detail": detail });
        Message::new(format!("{} {nth}", id(&acme)), body.to_string())
    };
    let messages = vec![bus(1, forged), bus(2, altered)];
    assert_eq!(delivery.handle(&Messages { messages }, || false).await, [""; 0]);
    assert_eq!(delivery.aws.addressees(), [BOB.email], "the mail is that of the stored event");
}
