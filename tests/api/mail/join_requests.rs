//! The mails about requests to join, and their digests (ORG2, INV14).

use ::mail::MailSummary;
use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::domain::{DigestRecipient, RequestContext};

use super::{Delivery, HOUR, MIA, shown};
use crate::{
    fake_aws::CallFault,
    helpers::{DEE, id, nth_user, user_manager},
    invariants::check,
    test_app::{ADA, BOB, CY, EVE},
};

/// ORG2, U4
#[tokio::test]
async fn join_request_is_mailed_to_requester_and_user_managers() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    delivery.app.add_member(ADA, &acme, CY, "user").await;
    delivery.app.add_member_with(ADA, &acme, MIA, user_manager()).await;
    delivery.deliver_all().await;
    let comment = json!({ "comment": "Let me in!" });
    delivery.app.post(EVE, &format!("{acme}/join-requests"), comment).await.expect(201);
    let mails = delivery.deliver_all().await;
    let to: Vec<_> = mails.iter().map(|mail| &mail["Destination"]["ToAddresses"][0]).collect();
    assert_eq!(to, [EVE.email, ADA.email, BOB.email, MIA.email]);
    assert_snapshot!(shown(&mails[0]), @"
    to eve@example.com
    Your request to join Acme

    We have received your request to join Acme. One of its user managers will review it, and we will send you the decision by mail.

    If you did not send this request, someone else has signed in with eve@example.com. Please contact the administrator of your account.

    Rolecall sent this mail to eve@example.com.
    ");
    assert_snapshot!(shown(&mails[1]), @"
    to ada@example.com
    eve@example.com asks to join Acme

    eve@example.com would like to join Acme. You can approve the request and choose a role, or decline it.

    Review the requests:
    https://portal.example.com/organizations/org_…/join-requests

    You receive this mail because you manage the users of Acme.

    Rolecall sent this mail to ada@example.com.
    ");
    // The comment of a stranger is not part of the mail.
    assert!(!mails.iter().any(|mail| mail.to_string().contains("Let me in!")));

    delivery.app.delete(EVE, &format!("{acme}/join-requests/mine")).await.expect(204);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "cancelling needs no mail");
}

/// INV14
#[tokio::test]
async fn managers_get_one_mail_an_hour_and_the_rest_in_a_digest() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    let nothing = MailSummary::default();
    delivery.app.create_join_request(EVE, &acme).await;
    assert_eq!(delivery.run().await.1, "eve ada bob");
    // Later requests in the hour get only the receipt, however often they are cancelled.
    let mine = format!("{acme}/join-requests/mine");
    for _ in 0..3 {
        delivery.app.create_join_request(CY, &acme).await;
        delivery.app.delete(CY, &mine).await.expect(204);
    }
    delivery.app.create_join_request(DEE, &acme).await;
    delivery.app.create_join_request(MIA, &acme).await;
    assert_eq!(delivery.run().await.1, "cy cy cy dee mia");
    assert_eq!(delivery.digests().await, (nothing, vec![]), "the hour is not over");

    delivery.app.wait(HOUR);
    // A stop between two mails repeats no mail.
    let slow = || Some(CallFault::Rejected("TooManyRequestsException", "slow down".to_owned()));
    delivery.aws.plan(move |call| call.mails(BOB.email).then(slow).flatten());
    let (summary, addressees) = delivery.digests().await;
    assert_eq!(
        (summary, &*addressees),
        (MailSummary { failed: 1, ..nothing }, &[ADA.email.to_owned()][..])
    );
    delivery.aws.clear_faults();
    assert_eq!(delivery.send_due().await, MailSummary { sent: 1, ..nothing });
    let mails = delivery.aws.mails();
    assert_snapshot!(shown(&mails[0]), @"
    to bob@example.com
    2 people ask to join Acme

    2 people would like to join Acme: dee@example.com, mia@example.com. You can approve each request and choose a role, or decline it.

    Review the requests:
    https://portal.example.com/organizations/org_…/join-requests

    You receive this mail because you manage the users of Acme. It is sent at most once an hour.

    Rolecall sent this mail to bob@example.com.
    ");
    assert_eq!(delivery.digests().await, (nothing, vec![]), "it is done");

    // The digest was a mail: the next hour begins with it.
    delivery.app.create_join_request(CY, &acme).await;
    assert_eq!(delivery.run().await.1, "cy");
    delivery.app.delete(CY, &mine).await.expect(204);
    delivery.app.wait(HOUR);
    assert_eq!(
        delivery.digests().await,
        (MailSummary { empty: 1, ..nothing }, vec![]),
        "none is open"
    );
    delivery.app.create_join_request(CY, &acme).await;
    assert_eq!(delivery.run().await.1, "cy ada bob");
    check(&delivery.app).await;
}

/// INV14: older open requests do not hide new ones.
#[tokio::test]
async fn digest_names_new_requests_beside_many_old_ones() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    for n in 0..25 {
        delivery.app.create_join_request(nth_user(n), &acme).await;
    }
    delivery.deliver_all().await;
    delivery.app.wait(HOUR);
    assert_eq!(delivery.digests().await.0.sent, 1);
    delivery.app.create_join_request(EVE, &acme).await;
    delivery.deliver_all().await;
    delivery.app.wait(HOUR);
    assert_eq!(delivery.send_due().await, MailSummary { sent: 1, ..MailSummary::default() });
    let mails = delivery.aws.mails();
    assert!(shown(&mails[0]).contains("eve@example.com asks to join Acme"), "{}", shown(&mails[0]));
    check(&delivery.app).await;
}

/// One try shows that all mails would fail. Nothing is lost.
#[tokio::test]
async fn digests_wait_while_the_mail_service_cannot_send() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    let zeta = delivery.app.create_organization(CY, "Zeta").await;
    delivery.app.approve_domain(CY, &zeta, "example.com").await.expect(200);
    for org in [&acme, &zeta] {
        delivery.app.create_join_request(EVE, org).await;
        delivery.deliver_all().await;
        delivery.app.create_join_request(MIA, org).await;
        delivery.deliver_all().await;
    }
    delivery.app.wait(HOUR);
    let fault = CallFault::Rejected("InternalServiceErrorException", String::new());
    delivery.aws.plan(move |call| (call.name == "SendEmail").then(|| fault.clone()));
    assert_eq!(delivery.send_due().await, MailSummary { failed: 1, ..MailSummary::default() });
    delivery.aws.clear_faults();
    assert_eq!(delivery.send_due().await, MailSummary { sent: 2, ..MailSummary::default() });
}

/// INV14: a request that arrives while a digest is sent waits for the next one.
#[tokio::test]
async fn request_during_a_digest_gets_the_next_one() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    for who in [EVE, CY] {
        delivery.app.create_join_request(who, &acme).await;
    }
    delivery.deliver_all().await;
    delivery.app.wait(HOUR);
    let org = id(&acme).parse().unwrap();
    let recipient = DigestRecipient::Managers(org);
    let before = delivery.app.store.digest_state(recipient).await.unwrap().unwrap();
    // The digest has read the requests. Now another one arrives and waits for the next digest.
    delivery.app.create_join_request(DEE, &acme).await;
    delivery.deliver_all().await;
    let now = jiff::Timestamp::from_millisecond(delivery.app.now()).unwrap();
    let context = RequestContext::without_actor(now, "digests", 0);
    delivery.app.store.finish_digest(&context, recipient, &before, true).await.unwrap();
    assert_eq!(delivery.digests().await.1, [""; 0], "the hour begins again");
    delivery.app.wait(HOUR);
    let (summary, addressees) = delivery.digests().await;
    assert_eq!((summary.sent, addressees.len()), (1, 2));
}

/// ORG2
#[tokio::test]
async fn decision_on_a_join_request_is_mailed_to_the_requester() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    let (eves, dees) = (
        delivery.app.create_join_request(EVE, &acme).await,
        delivery.app.create_join_request(DEE, &acme).await,
    );
    delivery.deliver_all().await;
    delivery.app.approve(ADA, &eves, json!({})).await.expect(200);
    delivery.app.decline(ADA, &dees).await.expect(204);
    let mails = delivery.deliver_all().await;
    assert_snapshot!(shown(&mails[0]), @"
    to eve@example.com
    Welcome to Acme

    ada@example.com approved your request to join Acme. You are now a member as User.

    Open Acme:
    https://portal.example.com/organizations/org_…

    Rolecall sent this mail to eve@example.com.
    ");
    assert_snapshot!(shown(&mails[1]), @"
    to dee@example.com
    Your request to join Acme was declined

    ada@example.com declined your request to join Acme. You can still join if one of its user managers invites you.

    Rolecall sent this mail to dee@example.com.
    ");
}

/// SA7: the receipt promised the decision by mail.
#[tokio::test]
async fn requester_gets_mail_if_their_request_ends_without_a_decision() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    for who in [EVE, CY] {
        delivery.app.create_join_request(who, &acme).await;
    }
    delivery.deliver_all().await;
    delivery.app.delete(CY, &format!("{acme}/join-requests/mine")).await.expect(204);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "who cancels knows it");
    delivery.app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    delivery.app.clean_up().await;
    let mails = delivery.deliver_all().await;
    let eves = mails.iter().map(shown).find(|text| text.contains("to eve@"));
    assert_snapshot!(eves.unwrap(), @"
    to eve@example.com
    Your request to join Acme has ended

    Acme was deleted, so your request to join it has ended. You do not need to do anything.

    Rolecall sent this mail to eve@example.com.
    ");
}
