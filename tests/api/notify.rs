//! Mail and the event bus: each event is delivered at least once, and repeated only where unavoidable.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ::notify::{Outbox, Summary, handle, send_digests};
use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::domain::RequestContext;

use crate::{
    fake_aws::{CallFault, FakeAws, PORTAL, batch, stream},
    fault_layer::{Fault, Layer},
    helpers::{DEE, each, id, nth_user, user_manager},
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, ample, identity, mask},
};

const HOUR: i64 = DAY / 24;
const MIA: Identity = identity("mia", "mia@example.com");

/// An app whose stream goes to `notify` and from there to fake services.
struct Delivery {
    app: TestApp,
    layer: Layer,
    aws: FakeAws,
    outbox: Outbox,
    /// The number of processed records.
    processed: AtomicUsize,
}

impl Delivery {
    /// ADA's organization Acme.
    async fn new() -> (Self, String) {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let acme = app.create_organization(ADA, "Acme").await;
        let aws = FakeAws::default();
        let outbox = aws.outbox(&app.store);
        (Self { app, layer, aws, outbox, processed: AtomicUsize::new(0) }, acme)
    }

    /// Acme, with the approved domain example.com and BOB as an Admin. All events are delivered.
    async fn with_approved_domain() -> (Self, String) {
        let (delivery, acme) = Self::new().await;
        delivery.app.approve_domain(ADA, &acme, "example.com").await.expect(200);
        delivery.app.add_member(ADA, &acme, BOB, "admin").await;
        delivery.deliver_all().await;
        delivery.aws.events();
        (delivery, acme)
    }

    /// Passes the new records on as Lambda does, and again from where it failed. Returns the number of
    /// records left.
    async fn deliver(&self) -> usize {
        let records = stream(&self.app).await;
        let new = &records[self.processed.load(Relaxed)..];
        let from = failed(&handle(batch(new), &self.outbox, || false).await);
        let done = from.map_or(records.len(), |from| from.parse().unwrap());
        self.processed.store(done, Relaxed);
        records.len() - done
    }

    /// Delivers; returns the number of records left, the addressees of the mails, and the number of events on
    /// the bus.
    async fn run(&self) -> (usize, String, usize) {
        let left = self.deliver().await;
        let addressees = self.aws.addressees().join(" ").replace("@example.com", "");
        (left, addressees, self.aws.event_types().len())
    }

    /// Delivers all records once more.
    async fn run_again(&self) -> (usize, String, usize) {
        self.processed.store(0, Relaxed);
        self.run().await
    }

    /// Runs the schedule of the digests; returns its result and the addressees.
    async fn digests(&self) -> (Summary, Vec<String>) {
        let now = jiff::Timestamp::from_millisecond(self.app.now()).unwrap();
        let summary = send_digests(&self.outbox, now, "digests", || false).await.unwrap();
        (summary, self.aws.addressees())
    }

    /// Invites users.
    async fn invite(&self, org: &str, users: &[Identity]) {
        for user in users {
            self.app.create_invitation(ADA, org, user.email, "user").await;
        }
    }

    /// Delivers everything so far; returns the new mails.
    async fn deliver_all(&self) -> Vec<Value> {
        assert_eq!(self.deliver().await, 0);
        self.aws.mails()
    }
}

fn failed(unfinished: &::notify::BatchFailures) -> Option<String> {
    assert!(unfinished.batch_item_failures.len() <= 1);
    let failure = unfinished.batch_item_failures.first()?;
    Some(failure.item_identifier.clone().unwrap())
}

/// A mail in the form that its reader sees.
fn shown(mail: &Value) -> String {
    let part = |pointer: &str| mail.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    mask(&format!(
        "to {}\n{}\n\n{}",
        part("/Destination/ToAddresses/0"),
        part("/Content/Simple/Subject/Data"),
        part("/Content/Simple/Body/Text/Data"),
    ))
}

fn html(mail: &Value) -> &str {
    mail["Content"]["Simple"]["Body"]["Html"]["Data"].as_str().unwrap()
}

#[tokio::test]
async fn invitation_is_mailed() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["FromEmailAddress"], "no-reply@rolecall.example");
    assert_snapshot!(shown(&mails[0]), @"
    to bob@example.com
    You are invited to Acme

    ada@example.com has invited you to join Acme as Admin.

    View the invitation:
    https://portal.example.com/organizations/org_…/invitations/inv_…

    Please sign in with bob@example.com to accept or decline. The invitation is valid until 28 November 2026, 12:00 UTC. Only you can accept it, and opening the link changes nothing.

    If you do not know Acme, you can ignore this mail.
    ");
    assert_snapshot!(mask(html(&mails[0])), @r#"
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>You are invited to Acme</title>
    </head>
    <body style="margin: 0 auto; max-width: 36em; padding: 1.5em; font: 16px/1.5 sans-serif; color: #222">
    <p>ada@example.com has invited you to join Acme as Admin.</p>
    <p><a href="https://portal.example.com/organizations/org_…/invitations/inv_…">View the invitation</a></p>
    <p>Please sign in with bob@example.com to accept or decline. The invitation is valid until 28 November 2026, 12:00 UTC. Only you can accept it, and opening the link changes nothing.</p>
    <p>If you do not know Acme, you can ignore this mail.</p>
    </body>
    </html>
    "#);
    assert!(mails[0].to_string().contains(&format!("{PORTAL}{}", path.replace("/v1", ""))));
    let headers = &mails[0]["Content"]["Simple"]["Headers"];
    assert_eq!(*headers, json!([{ "Name": "Auto-Submitted", "Value": "auto-generated" }]));
    delivery.app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "accepting needs no mail");
}

#[tokio::test]
async fn bus_gets_each_event_of_the_history() {
    let (delivery, acme) = Delivery::new().await;
    delivery.app.create_role(ADA, &acme, "Desk", user_manager()).await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.deliver_all().await;
    let history = delivery.app.history(&acme).await;
    let actions = each(&history, "action");
    assert_eq!(actions[1..], ["role.created", "invitation.created", "invitation.accepted"]);
    let entries = history.iter().map(|event| {
        let mut detail = event.clone();
        detail["version"] = json!("1");
        let time = event["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        json!({
            "Source": "rolecall",
            "EventBusName": "rolecall",
            "DetailType": event["action"],
            "Time": time.as_second(),
            "Detail": detail,
        })
    });
    let sent = delivery.aws.events().into_iter().map(|mut entry| {
        entry["Detail"] = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        entry
    });
    assert_eq!(sent.collect::<Vec<_>>(), entries.collect::<Vec<_>>());
    check(&delivery.app).await;
}

/// INV7
#[tokio::test]
async fn resent_invitation_is_mailed_again() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.deliver_all().await;
    delivery.app.wait(DAY);
    delivery.app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1);
    assert!(shown(&mails[0]).contains("valid until 29 November 2026"), "{}", shown(&mails[0]));
}

/// A revoked, accepted or already resent invitation needs no mail.
#[tokio::test]
async fn obsolete_mail_is_not_sent() {
    let (delivery, acme) = Delivery::new().await;
    let revoked = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.app.delete(ADA, &revoked).await.expect(204);
    delivery.app.add_member(ADA, &acme, CY, "user").await;
    let resent = delivery.app.create_invitation(ADA, &acme, EVE.email, "user").await;
    delivery.app.post(ADA, &format!("{resent}/resend"), json!({})).await.expect(200);
    assert_eq!(delivery.run().await, (0, "eve".to_owned(), 7));
}

/// SA2
#[tokio::test]
async fn transfer_is_mailed_to_both() {
    let (delivery, acme) = Delivery::new().await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.deliver_all().await;
    delivery.app.transfer(ADA, &acme, BOB).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 2);
    assert_snapshot!(shown(&mails[0]), @"
    to ada@example.com
    You handed over Acme

    bob@example.com is now the Super Admin of Acme, and you are an Admin.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If this was not you, please ask bob@example.com to transfer the role back, and contact the administrator of your account.
    ");
    assert_snapshot!(shown(&mails[1]), @"
    to bob@example.com
    You are the Super Admin of Acme

    ada@example.com has transferred the Super Admin role of Acme to you.

    Open Acme:
    https://portal.example.com/organizations/org_…
    ");
}

/// OP1
#[tokio::test]
async fn first_admin_mail_hides_the_operator() {
    let (delivery, _) = Delivery::new().await;
    delivery.app.create_organization_for(BOB, "Globex").await;
    let mails = delivery.deliver_all().await;
    let text = shown(&mails[0]);
    assert!(text.contains("The platform team has invited you to join Globex as Admin."), "{text}");
    assert!(!mails[0].to_string().contains(OPERATOR.email));
}

/// ORG2, U4
#[tokio::test]
async fn join_request_is_mailed_to_applicant_and_user_managers() {
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
    ");
    assert_snapshot!(shown(&mails[1]), @"
    to ada@example.com
    eve@example.com asks to join Acme

    eve@example.com would like to join Acme. You can approve the request and choose a role, or decline it.

    Review the requests:
    https://portal.example.com/organizations/org_…/join-requests

    You receive this mail because you manage the users of Acme.
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
    let nothing = Summary::default();
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
        (Summary { failed: 1, ..nothing }, &[ADA.email.to_owned()][..])
    );
    delivery.aws.clear_faults();
    let mails = {
        let (now, sent) = (
            jiff::Timestamp::from_millisecond(delivery.app.now()).unwrap(),
            Summary { sent: 1, ..nothing },
        );
        assert_eq!(send_digests(&delivery.outbox, now, "digests", || false).await.unwrap(), sent);
        delivery.aws.mails()
    };
    assert_snapshot!(shown(&mails[0]), @"
    to bob@example.com
    2 people ask to join Acme

    2 people would like to join Acme: dee@example.com, mia@example.com. You can approve each request and choose a role, or decline it.

    Review the requests:
    https://portal.example.com/organizations/org_…/join-requests

    You receive this mail because you manage the users of Acme. It is sent at most once an hour.
    ");
    assert_eq!(delivery.digests().await, (nothing, vec![]), "it is done");

    // The digest was a mail: the next hour begins with it.
    delivery.app.create_join_request(CY, &acme).await;
    assert_eq!(delivery.run().await.1, "cy");
    delivery.app.delete(CY, &mine).await.expect(204);
    delivery.app.wait(HOUR);
    assert_eq!(delivery.digests().await, (Summary { empty: 1, ..nothing }, vec![]), "none is open");
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
    let (now, sent) = (delivery.app.now(), Summary { sent: 1, ..Summary::default() });
    let now = jiff::Timestamp::from_millisecond(now).unwrap();
    assert_eq!(send_digests(&delivery.outbox, now, "digests", || false).await.unwrap(), sent);
    let mails = delivery.aws.mails();
    assert!(shown(&mails[0]).contains("eve@example.com asks to join Acme"), "{}", shown(&mails[0]));
    check(&delivery.app).await;
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
    let before = delivery.app.store.manager_mail(org).await.unwrap().unwrap();
    // The digest has read the requests; now another one arrives and is told to wait.
    delivery.app.create_join_request(DEE, &acme).await;
    delivery.deliver_all().await;
    let now = jiff::Timestamp::from_millisecond(delivery.app.now()).unwrap();
    let context = RequestContext::without_actor(now, "digests", 0);
    delivery.app.store.finish_digest(&context, org, &before, true).await.unwrap();
    assert_eq!(delivery.digests().await.1, [""; 0], "the hour begins again");
    delivery.app.wait(HOUR);
    let (summary, addressees) = delivery.digests().await;
    assert_eq!((summary.sent, addressees.len()), (1, 2));
}

/// ORG2
#[tokio::test]
async fn decision_on_a_join_request_is_mailed_to_the_applicant() {
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

    Your request to join Acme was approved. You are now a member.

    Open Acme:
    https://portal.example.com/organizations/org_…
    ");
    assert_snapshot!(shown(&mails[1]), @"
    to dee@example.com
    Your request to join Acme

    Your request to join Acme was declined. You can still join if one of its user managers invites you.
    ");
}

#[tokio::test]
async fn retry_sends_only_missing_mails() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    delivery.app.create_join_request(EVE, &acme).await;
    let slow = || Some(CallFault::Rejected("TooManyRequestsException", "slow down".to_owned()));
    delivery.aws.plan(move |call| call.mails(BOB.email).then(slow).flatten());
    // The bus does not wait for a mail.
    assert_eq!(delivery.run().await, (1, "eve ada".to_owned(), 1));
    assert_eq!(delivery.deliver().await, 1);
    delivery.aws.clear_faults();
    assert_eq!(delivery.run().await.1, "bob");
    let (left, addressees, _) = delivery.run_again().await;
    assert_eq!((left, &*addressees), (0, ""), "do not repeat a mail");
}

#[tokio::test]
async fn stop_between_a_mail_and_its_mark_repeats_only_that_mail() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    delivery.app.create_join_request(EVE, &acme).await;
    let mut marks = 0;
    delivery.layer.plan(move |call| {
        marks += usize::from(call.name == "TransactWriteItems");
        // The first one records that the managers get this mail.
        (call.name == "TransactWriteItems" && marks == 3).then_some(Fault::StopBefore)
    });
    tokio::select! {
        _ = delivery.deliver() => panic!("delivery must stop"),
        () = delivery.layer.stopped() => {}
    }
    delivery.layer.clear_faults();
    assert_eq!(delivery.aws.addressees(), [EVE.email, ADA.email]);
    assert_eq!(delivery.run().await.1, "ada bob");
}

#[tokio::test]
async fn permanently_rejected_mail_is_dropped() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY, EVE]).await;
    delivery.aws.plan(|call| {
        let refused = |code| Some(CallFault::Rejected(code, "no such mailbox".to_owned()));
        match call.body["Destination"]["ToAddresses"][0].as_str() {
            Some("bob@example.com") => refused("BadRequestException"),
            Some("cy@example.com") => refused("MessageRejected"),
            _ => None,
        }
    });
    assert_eq!(delivery.run().await, (0, "eve".to_owned(), 4));
    delivery.aws.clear_faults();
    let (left, addressees, _) = delivery.run_again().await;
    assert_eq!((left, &*addressees), (0, ""), "do not retry a rejected mail");
}

#[tokio::test]
async fn mail_waits_while_the_account_cannot_send() {
    for (code, message) in [
        ("MessageRejected", "Email address is not verified: no-reply@rolecall.example"),
        ("MailFromDomainNotVerifiedException", ""),
        ("SendingPausedException", ""),
        ("AccountSuspendedException", ""),
        ("LimitExceededException", ""),
        ("AccessDeniedException", ""),
    ] {
        let (delivery, acme) = Delivery::new().await;
        delivery.invite(&acme, &[BOB, CY]).await;
        let refused = CallFault::Rejected(code, message.to_owned());
        delivery.aws.plan(move |call| (call.name == "SendEmail").then(|| refused.clone()));
        assert_eq!(delivery.run().await, (2, String::new(), 3), "{code}");
        delivery.aws.plan(|call| (call.name == "SendEmail").then_some(CallFault::Lost));
        assert_eq!(delivery.run().await, (2, String::new(), 0), "{code}");
        delivery.aws.clear_faults();
        assert_eq!(delivery.run().await, (0, "bob cy".to_owned(), 0), "{code}");
    }
}

#[tokio::test]
async fn unreadable_record_does_not_block_others() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY]).await;
    let mut records = stream(&delivery.app).await;
    records[1]["dynamodb"]["NewImage"]["action"] = json!({ "S": "unheard.of" });
    // Lambda would not send the records before it again.
    for (mails, events) in [(vec![CY.email], 2), (vec![], 1), (vec![], 1)] {
        let answer = handle(batch(&records), &delivery.outbox, || false).await;
        assert_eq!(failed(&answer).as_deref(), Some("000000000000000000001"));
        assert_eq!(delivery.aws.addressees(), mails);
        assert_eq!(delivery.aws.event_types().len(), events);
    }
}

#[tokio::test]
async fn bus_gets_events_in_order_in_batches_of_ten_without_repeats() {
    let (delivery, acme) = Delivery::new().await;
    for nth in 1..25 {
        let name = json!({ "name": format!("Acme {nth}") });
        delivery.app.patch(ADA, &acme, name).await.expect(200);
    }
    // The number in the new name. The first event creates "Acme".
    let number = |entry: &Value| -> usize {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let name = detail["new"]["name"].as_str().unwrap();
        name.trim_start_matches("Acme").trim().parse().unwrap_or_default()
    };
    // Two of the second ten are rejected, so the third ten are not sent.
    delivery.aws.plan(|call| (call.nth == 1).then(|| CallFault::RejectedEntries(vec![3, 7])));
    assert_eq!(delivery.deliver().await, 12);
    let numbers = || delivery.aws.events().iter().map(number).collect::<Vec<_>>();
    let first: Vec<_> = (0..20).filter(|nth| ![13, 17].contains(nth)).collect();
    assert_eq!(numbers(), first);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(numbers(), [13, 17, 20, 21, 22, 23, 24]);
}

#[tokio::test]
async fn nothing_is_lost_while_bus_or_table_is_unreachable() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    delivery.aws.plan(|call| (call.name == "PutEvents").then_some(CallFault::Lost));
    assert_eq!(delivery.deliver().await, 2);
    assert_eq!(delivery.aws.addressees(), [BOB.email], "the mail does not wait for the bus");
    delivery.aws.clear_faults();
    delivery.layer.plan(|call| (call.name == "BatchGetItem").then_some(Fault::Throttle));
    delivery.deliver().await;
    delivery.layer.clear_faults();
    while delivery.deliver().await > 0 {}
    assert_eq!(delivery.aws.addressees(), [""; 0]);
    let mut event_types = delivery.aws.event_types();
    event_types.dedup();
    assert_eq!(event_types, ["organization.created", "invitation.created"]);
}

#[tokio::test]
async fn delivery_without_time_reports_the_next_record() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY, EVE]).await;
    let records = stream(&delivery.app).await;
    let checks = AtomicUsize::new(0);
    let enough = || checks.fetch_add(1, Relaxed) >= 2;
    let answer = handle(batch(&records), &delivery.outbox, enough).await;
    assert_eq!(failed(&answer).as_deref(), Some("000000000000000000002"));
    assert_eq!(delivery.aws.addressees(), [BOB.email]);
    assert_eq!(delivery.aws.event_types().len(), 4);
    delivery.processed.store(2, Relaxed);
    assert_eq!(delivery.run().await, (0, "cy eve".to_owned(), 0), "send each event once");
}

#[tokio::test]
async fn only_inserted_events_are_delivered() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    let mut records = stream(&delivery.app).await;
    records[0]["eventName"] = json!("REMOVE");
    records[0]["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    records[1]["dynamodb"]["Keys"]["pk"] = json!({ "S": "ORG#1" });
    let answer = handle(batch(&records), &delivery.outbox, || false).await;
    assert_eq!(failed(&answer), None);
    assert_eq!((delivery.aws.mails().len(), delivery.aws.event_types().len()), (0, 0));
}

#[tokio::test]
async fn name_in_a_mail_is_escaped() {
    let (delivery, _) = Delivery::new().await;
    let name = r#"<img src=x onerror="alert(1)">&amp; [x] {link} 'Bcc: eve@example.com"#;
    let acme = delivery.app.create_organization(ADA, name).await;
    delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let mails = delivery.deliver_all().await;
    let page = html(&mails[0]);
    assert!(!page.contains("<img") && !page.contains("\"alert"), "{page}");
    let escaped = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp; [x] {link} &#39;Bcc: eve@example.com";
    assert!(page.contains(&format!("to join {escaped} as User")), "{page}");
    assert_eq!(page.matches("href=").count(), 1, "{page}");
    // A subject has at most 40 characters of a name.
    let shown = r#"<img src=x onerror="alert(1)">&amp; [x]…"#;
    let subject = json!({ "Data": format!("You are invited to {shown}"), "Charset": "UTF-8" });
    assert_eq!(mails[0]["Content"]["Simple"]["Subject"], subject);
    assert_eq!(mails[0]["Destination"], json!({ "ToAddresses": [BOB.email] }));
}
