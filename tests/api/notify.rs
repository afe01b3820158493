//! Mail and the event bus: each event is delivered at least once, and repeated only where unavoidable.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ::notify::{Outbox, handle};
use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    fake_aws::{CallFault, FakeAws, PORTAL, batch, stream},
    fault_layer::Fault,
    helpers::{DEE, each, user_manager},
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, identity, mask},
};

const MIA: Identity = identity("mia", "mia@example.com");

/// An app whose stream goes to `notify` and from there to fake services.
struct Delivery {
    app: TestApp,
    aws: FakeAws,
    outbox: Outbox,
    /// The number of processed records.
    processed: AtomicUsize,
}

impl Delivery {
    async fn new() -> Self {
        Self::over(TestApp::new().await)
    }

    /// ADA's organization Acme.
    async fn with_acme() -> (Self, String) {
        let (app, acme) = TestApp::with_acme().await;
        (Self::over(app), acme)
    }

    /// Acme, with the approved domain example.com.
    async fn with_approved_domain() -> (Self, String) {
        let (app, acme) = TestApp::with_approved_domain().await;
        (Self::over(app), acme)
    }

    fn over(app: TestApp) -> Self {
        let aws = FakeAws::default();
        let outbox = aws.outbox(&app.store);
        Self { app, aws, outbox, processed: AtomicUsize::new(0) }
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

    /// Delivers everything so far, and discards what was received.
    async fn deliver_and_discard(&self) {
        assert_eq!(self.deliver().await, 0);
        self.aws.mails();
        self.aws.events();
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
    let body = "/Content/Simple/Body";
    mask(&format!(
        "from {}\nto {}\n{}\n\n{}",
        part("/FromEmailAddress"),
        part("/Destination/ToAddresses/0"),
        part("/Content/Simple/Subject/Data"),
        part(&format!("{body}/Text/Data")),
    ))
}

fn html(mail: &Value) -> &str {
    mail["Content"]["Simple"]["Body"]["Html"]["Data"].as_str().unwrap()
}

#[tokio::test]
async fn invitation_is_mailed_and_every_event_is_on_the_bus() {
    let (delivery, acme) = Delivery::with_acme().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    assert_eq!(delivery.deliver().await, 0);
    let mails = delivery.aws.mails();
    assert_eq!(mails.len(), 1);
    assert_snapshot!(shown(&mails[0]), @"
    from no-reply@rolecall.example
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

    let events = delivery.aws.events();
    let mut entry = events[1].clone();
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    entry["Detail"] = detail;
    assert_eq!(each(&events, "DetailType"), ["organization.created", "invitation.created"]);
    assert_snapshot!(mask(&serde_json::to_string_pretty(&entry).unwrap()), @r#"
    {
      "Detail": {
        "action": "invitation.created",
        "actor": {
          "email": "ada@example.com",
          "operator": false,
          "user_id": "ada"
        },
        "at": "2026-11-21T12:00:01Z",
        "id": "evt_…",
        "new": {
          "email": "bob@example.com",
          "expires_at": "2026-11-28T12:00:01Z",
          "expires_in_days": 7,
          "role_id": "admin"
        },
        "old": null,
        "organization_id": "org_…",
        "request_id": "r1",
        "target": {
          "id": "inv_…",
          "type": "invitation",
          "version": 1795262401000
        },
        "version": "1"
      },
      "DetailType": "invitation.created",
      "EventBusName": "rolecall",
      "Source": "rolecall",
      "Time": 1795262401
    }
    "#);

    delivery.app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.event_types(), ["invitation.accepted"]);
    assert_eq!(delivery.aws.mails(), [Value::Null; 0]);
    check(&delivery.app).await;
}

#[tokio::test]
async fn bus_event_equals_the_event_of_the_history() {
    let (delivery, acme) = Delivery::with_acme().await;
    delivery.app.create_role(ADA, &acme, "Desk", user_manager()).await;
    delivery.deliver().await;
    let history = delivery.app.history(&acme).await;
    for (entry, event) in delivery.aws.events().iter().zip(history) {
        let mut detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail.as_object_mut().unwrap().remove("version"), Some(json!("1")));
        assert_eq!(detail, event);
        assert_eq!(entry["Source"], "rolecall");
        assert_eq!(entry["EventBusName"], "rolecall");
    }
}

/// INV7
#[tokio::test]
async fn resent_invitation_is_mailed_again() {
    let (delivery, acme) = Delivery::with_acme().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.deliver_and_discard().await;
    delivery.app.wait(DAY);
    delivery.app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!(delivery.deliver().await, 0);
    let mails = delivery.aws.mails();
    assert_eq!(mails.len(), 1);
    assert!(shown(&mails[0]).contains("valid until 29 November 2026"), "{}", shown(&mails[0]));
}

/// A revoked, accepted or already resent invitation needs no mail.
#[tokio::test]
async fn obsolete_mail_is_not_sent() {
    let (delivery, acme) = Delivery::with_acme().await;
    let revoked = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.app.delete(ADA, &revoked).await.expect(204);
    delivery.app.add_member(ADA, &acme, CY, "user").await;
    let resent = delivery.app.create_invitation(ADA, &acme, EVE.email, "user").await;
    delivery.app.post(ADA, &format!("{resent}/resend"), json!({})).await.expect(200);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.addressees(), [EVE.email], "send one mail");
    assert_eq!(delivery.aws.event_types().len(), 7, "the bus gets every event");
}

/// SA2
#[tokio::test]
async fn transfer_is_mailed_to_both() {
    let (delivery, acme) = Delivery::with_acme().await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.deliver_and_discard().await;
    delivery.app.transfer(ADA, &acme, BOB).await.expect(200);
    assert_eq!(delivery.deliver().await, 0);
    let mails = delivery.aws.mails();
    assert_eq!(mails.len(), 2);
    assert_snapshot!(shown(&mails[0]), @"
    from no-reply@rolecall.example
    to ada@example.com
    You handed over Acme

    bob@example.com is now the Super Admin of Acme, and you are an Admin.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If this was not you, please ask bob@example.com to transfer the role back, and contact the administrator of your account.
    ");
    assert_snapshot!(shown(&mails[1]), @"
    from no-reply@rolecall.example
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
    let delivery = Delivery::new().await;
    let body = json!({ "name": "Globex", "first_admin_email": BOB.email });
    delivery.app.post(OPERATOR, "/v1/operator/organizations", body).await.expect(201);
    assert_eq!(delivery.deliver().await, 0);
    let mails = delivery.aws.mails();
    let text = shown(&mails[0]);
    assert!(text.contains("The platform team has invited you to join Globex as Admin."), "{text}");
    assert!(!mails[0].to_string().contains(OPERATOR.email));
}

/// ORG2, U4
#[tokio::test]
async fn join_request_is_mailed_to_applicant_and_user_managers() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    let manager = delivery.app.create_role(ADA, &acme, "Manager", user_manager()).await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.app.add_member(ADA, &acme, CY, "user").await;
    delivery.app.add_member(ADA, &acme, MIA, &manager).await;
    delivery.deliver_and_discard().await;
    let comment = json!({ "comment": "Let me in!" });
    delivery.app.post(EVE, &format!("{acme}/join-requests"), comment).await.expect(201);
    assert_eq!(delivery.deliver().await, 0);
    let mails = delivery.aws.mails();
    let to: Vec<_> = mails.iter().map(|mail| &mail["Destination"]["ToAddresses"][0]).collect();
    assert_eq!(to, [EVE.email, ADA.email, BOB.email, MIA.email]);
    assert_snapshot!(shown(&mails[0]), @"
    from no-reply@rolecall.example
    to eve@example.com
    Your request to join Acme

    We have received your request to join Acme. One of its user managers will review it, and we will send you the decision by mail.

    If you did not send this request, someone else has signed in with eve@example.com. Please contact the administrator of your account.
    ");
    assert_snapshot!(shown(&mails[1]), @"
    from no-reply@rolecall.example
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
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.mails(), [Value::Null; 0]);
}

/// ORG2
#[tokio::test]
async fn decision_on_a_join_request_is_mailed_to_the_applicant() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    let (eves, dees) = (
        delivery.app.create_join_request(EVE, &acme).await,
        delivery.app.create_join_request(DEE, &acme).await,
    );
    delivery.deliver_and_discard().await;
    delivery.app.approve(ADA, &eves, json!({})).await.expect(200);
    delivery.app.decline(ADA, &dees).await.expect(204);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.event_types().len(), 3, "joined, approved, declined");
    let mails = delivery.aws.mails();
    assert_snapshot!(shown(&mails[0]), @"
    from no-reply@rolecall.example
    to eve@example.com
    Welcome to Acme

    Your request to join Acme was approved. You are now a member.

    Open Acme:
    https://portal.example.com/organizations/org_…
    ");
    assert_snapshot!(shown(&mails[1]), @"
    from no-reply@rolecall.example
    to dee@example.com
    Your request to join Acme

    Your request to join Acme was declined. You can still join if one of its user managers invites you.
    ");
}

#[tokio::test]
async fn retry_sends_only_missing_mails() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.deliver_and_discard().await;
    delivery.app.create_join_request(EVE, &acme).await;
    let slow = || Some(CallFault::Rejected("TooManyRequestsException", "slow down".to_owned()));
    delivery.aws.plan(move |call| call.mails(BOB.email).then(slow).flatten());
    assert_eq!(delivery.deliver().await, 1);
    assert_eq!(delivery.aws.addressees(), [EVE.email, ADA.email]);
    assert_eq!(
        delivery.aws.event_types(),
        ["join_request.created"],
        "the bus does not wait for a mail"
    );
    assert_eq!(delivery.deliver().await, 1);
    delivery.aws.clear_faults();
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.addressees(), [BOB.email]);
    delivery.processed.store(0, Relaxed);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.addressees(), [""; 0]);
}

#[tokio::test]
async fn stop_between_a_mail_and_its_mark_repeats_only_that_mail() {
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    let delivery = Delivery::over(app);
    let acme = delivery.app.create_organization_with_domain(ADA, "Acme").await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.deliver_and_discard().await;
    delivery.app.create_join_request(EVE, &acme).await;
    let mut marks = 0;
    layer.plan(move |call| {
        marks += usize::from(call.name == "TransactWriteItems");
        (call.name == "TransactWriteItems" && marks == 2).then_some(Fault::StopBefore)
    });
    tokio::select! {
        _ = delivery.deliver() => panic!("delivery must stop"),
        () = layer.stopped() => {}
    }
    layer.clear_faults();
    assert_eq!(delivery.aws.addressees(), [EVE.email, ADA.email]);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.addressees(), [ADA.email, BOB.email]);
}

#[tokio::test]
async fn permanently_rejected_mail_is_dropped() {
    let (delivery, acme) = Delivery::with_acme().await;
    for invitee in [BOB, CY, EVE] {
        delivery.app.create_invitation(ADA, &acme, invitee.email, "user").await;
    }
    delivery.aws.plan(|call| {
        let refused = |code| Some(CallFault::Rejected(code, "no such mailbox".to_owned()));
        match call.body["Destination"]["ToAddresses"][0].as_str() {
            Some("bob@example.com") => refused("BadRequestException"),
            Some("cy@example.com") => refused("MessageRejected"),
            _ => None,
        }
    });
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.addressees(), [EVE.email]);
    delivery.aws.clear_faults();
    delivery.processed.store(0, Relaxed);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.addressees(), [""; 0], "do not retry a rejected mail");
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
        let (delivery, acme) = Delivery::with_acme().await;
        delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
        delivery.app.create_invitation(ADA, &acme, CY.email, "user").await;
        let refused = CallFault::Rejected(code, message.to_owned());
        delivery.aws.plan(move |call| (call.name == "SendEmail").then(|| refused.clone()));
        assert_eq!(delivery.deliver().await, 2, "{code}");
        delivery.aws.plan(|call| (call.name == "SendEmail").then_some(CallFault::Lost));
        assert_eq!(delivery.deliver().await, 2, "{code}");
        delivery.aws.clear_faults();
        assert_eq!(delivery.deliver().await, 0, "{code}");
        assert_eq!(delivery.aws.addressees(), [BOB.email, CY.email], "{code}");
        assert_eq!(delivery.aws.event_types().len(), 3, "{code}: send each event once");
    }
}

#[tokio::test]
async fn unreadable_record_does_not_block_others() {
    let (delivery, acme) = Delivery::with_acme().await;
    delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.app.create_invitation(ADA, &acme, CY.email, "user").await;
    let mut records = stream(&delivery.app).await;
    records[1]["dynamodb"]["NewImage"]["action"] = json!({ "S": "unheard.of" });
    for again in 0..3 {
        let answer = handle(batch(&records), &delivery.outbox, || false).await;
        assert_eq!(failed(&answer).as_deref(), Some("000000000000000000001"));
        let mails = if again == 0 { vec![CY.email] } else { vec![] };
        assert_eq!(delivery.aws.addressees(), mails);
        // Lambda would not send the records before it again.
        let event_types = if again == 0 { 2 } else { 1 };
        assert_eq!(delivery.aws.event_types().len(), event_types);
    }
}

#[tokio::test]
async fn bus_gets_events_in_order_in_batches_of_ten_without_repeats() {
    let (delivery, acme) = Delivery::with_acme().await;
    for nth in 0..24 {
        let name = json!({ "name": format!("Acme {nth}") });
        delivery.app.patch(ADA, &acme, name).await.expect(200);
    }
    let name = |entry: &Value| {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        detail["new"]["name"].as_str().unwrap().to_owned()
    };
    // Two of the second ten are rejected, so the third ten are not sent.
    delivery.aws.plan(|call| (call.nth == 1).then(|| CallFault::RejectedEntries(vec![3, 7])));
    assert_eq!(delivery.deliver().await, 12);
    let first: Vec<_> = delivery.aws.events().iter().map(name).collect();
    assert_eq!(first.len(), 18);
    assert_eq!(delivery.deliver().await, 0);
    let then: Vec<_> = delivery.aws.events().iter().map(name).collect();
    let rest = [12, 16, 19, 20, 21, 22, 23].map(|nth| format!("Acme {nth}"));
    assert_eq!(then, rest);

    let sorted = |names: &[String]| {
        let mut sorted = names.to_vec();
        sorted.sort_by_key(|name| {
            name.trim_start_matches("Acme").trim().parse::<i32>().unwrap_or(-1)
        });
        sorted == names
    };
    assert!(sorted(&first) && sorted(&then), "{first:?} {then:?}");
}

#[tokio::test]
async fn nothing_is_lost_while_bus_or_table_is_unreachable() {
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    let delivery = Delivery::over(app);
    let acme = delivery.app.create_organization(ADA, "Acme").await;
    delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.aws.plan(|call| (call.name == "PutEvents").then_some(CallFault::Lost));
    assert_eq!(delivery.deliver().await, 2);
    assert_eq!(delivery.aws.addressees(), [BOB.email], "the mail does not wait for the bus");
    delivery.aws.clear_faults();
    layer.plan(|call| (call.name == "BatchGetItem").then_some(Fault::Throttle));
    delivery.deliver().await;
    layer.clear_faults();
    while delivery.deliver().await > 0 {}
    assert_eq!(delivery.aws.addressees(), [""; 0]);
    let mut event_types = delivery.aws.event_types();
    event_types.dedup();
    assert_eq!(event_types, ["organization.created", "invitation.created"]);
}

#[tokio::test]
async fn delivery_without_time_reports_the_next_record() {
    let (delivery, acme) = Delivery::with_acme().await;
    for invitee in [BOB, CY, EVE] {
        delivery.app.create_invitation(ADA, &acme, invitee.email, "user").await;
    }
    let records = stream(&delivery.app).await;
    let checks = AtomicUsize::new(0);
    let enough = || checks.fetch_add(1, Relaxed) >= 2;
    let answer = handle(batch(&records), &delivery.outbox, enough).await;
    assert_eq!(failed(&answer).as_deref(), Some("000000000000000000002"));
    assert_eq!(delivery.aws.addressees(), [BOB.email]);
    delivery.processed.store(2, Relaxed);
    assert_eq!(delivery.deliver().await, 0);
    assert_eq!(delivery.aws.addressees(), [CY.email, EVE.email]);
    assert_eq!(delivery.aws.event_types().len(), 4, "send each event once");
}

#[tokio::test]
async fn only_inserted_events_are_delivered() {
    let (delivery, acme) = Delivery::with_acme().await;
    delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
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
    let delivery = Delivery::new().await;
    let name = r#"<img src=x onerror="alert(1)">&amp; [x] {link} 'Bcc: eve@example.com"#;
    let acme = delivery.app.create_organization(ADA, name).await;
    delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    assert_eq!(delivery.deliver().await, 0);
    let mails = delivery.aws.mails();
    let page = html(&mails[0]);
    assert!(!page.contains("<img") && !page.contains("\"alert"), "{page}");
    let escaped = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp; [x] {link} &#39;Bcc: eve@example.com";
    assert!(page.contains(&format!("to join {escaped} as User")), "{page}");
    assert_eq!(page.matches("href=").count(), 1, "{page}");
    let subject = &mails[0]["Content"]["Simple"]["Subject"];
    assert_eq!(
        *subject,
        json!({ "Data": format!("You are invited to {name}"), "Charset": "UTF-8" })
    );
    assert_eq!(mails[0]["Destination"], json!({ "ToAddresses": [BOB.email] }));
}
