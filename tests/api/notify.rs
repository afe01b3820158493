//! Mail and events out: whatever happened is told, at least once, and to nobody twice without need.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ::notify::{Outbox, handle};
use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    fake_aws::{Fate, Outside, PORTAL, batch, stream},
    fault_layer::{Fault, Layer},
    helpers::{DEE, each, id, user_manager},
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, mask, who},
};

const MIA: Identity = who("mia", "mia@example.com");

/// A world whose stream leads outside.
struct Desk {
    world: TestApp,
    outside: Outside,
    outbox: Outbox,
    /// How many records are done with.
    done: AtomicUsize,
}

impl Desk {
    async fn new() -> Self {
        Self::over(TestApp::new().await)
    }

    fn over(world: TestApp) -> Self {
        let outside = Outside::default();
        let outbox = outside.outbox(&world.store);
        Self { world, outside, outbox, done: AtomicUsize::new(0) }
    }

    /// Hands on what is new, as Lambda does: all of it again from where it failed. Answers what was
    /// left.
    async fn deliver(&self) -> usize {
        let records = stream(&self.world).await;
        let new = &records[self.done.load(Relaxed)..];
        let from = failed(&handle(batch(new), &self.outbox, || false).await);
        let done = from.map_or(records.len(), |from| from.parse().unwrap());
        self.done.store(done, Relaxed);
        records.len() - done
    }

    /// Everything so far is told, and forgotten.
    async fn caught_up(&self) {
        assert_eq!(self.deliver().await, 0);
        self.outside.mails();
        self.outside.events();
    }
}

fn failed(unfinished: &::notify::BatchFailures) -> Option<String> {
    assert!(unfinished.batch_item_failures.len() <= 1);
    let failure = unfinished.batch_item_failures.first()?;
    Some(failure.item_identifier.clone().unwrap())
}

/// A mail as its reader sees it.
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

/// What happens, and how it goes on: an invitation is mailed, read and accepted.
#[tokio::test]
async fn an_invitee_is_told_by_mail_and_the_bus_is_told_everything() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    let path = desk.world.invited(ADA, &acme, BOB.email, "admin").await;
    assert_eq!(desk.deliver().await, 0);
    let mails = desk.outside.mails();
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

    let events = desk.outside.events();
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

    desk.world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.told(), ["invitation.accepted"]);
    assert_eq!(desk.outside.mails(), [Value::Null; 0]);
    check(&desk.world).await;
}

/// The event on the bus is the event of the API, and says its version.
#[tokio::test]
async fn the_bus_gets_the_event_that_the_history_shows() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    desk.world.role(ADA, &acme, "Desk", user_manager()).await;
    desk.deliver().await;
    let history = desk.world.history(&acme).await;
    for (entry, event) in desk.outside.events().iter().zip(history) {
        let mut detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail.as_object_mut().unwrap().remove("version"), Some(json!("1")));
        assert_eq!(detail, event);
        assert_eq!(entry["Source"], "rolecall");
        assert_eq!(entry["EventBusName"], "rolecall");
    }
}

/// INV7
#[tokio::test]
async fn a_resent_invitation_is_mailed_again() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    let path = desk.world.invited(ADA, &acme, BOB.email, "user").await;
    desk.caught_up().await;
    desk.world.wait(DAY);
    desk.world.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!(desk.deliver().await, 0);
    let mails = desk.outside.mails();
    assert_eq!(mails.len(), 1);
    assert!(shown(&mails[0]).contains("valid until 29 November 2026"), "{}", shown(&mails[0]));
}

#[tokio::test]
async fn what_is_moot_by_then_is_not_mailed() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    let revoked = desk.world.invited(ADA, &acme, BOB.email, "user").await;
    desk.world.delete(ADA, &revoked).await.expect(204);
    desk.world.bring(ADA, &acme, CY, "user").await;
    let resent = desk.world.invited(ADA, &acme, EVE.email, "user").await;
    desk.world.post(ADA, &format!("{resent}/resend"), json!({})).await.expect(200);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.addressees(), [EVE.email], "and she once");
    assert_eq!(desk.outside.told().len(), 7, "the bus hears of all of it");
}

/// SA2
#[tokio::test]
async fn a_transfer_is_told_to_both() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    desk.world.bring(ADA, &acme, BOB, "admin").await;
    desk.caught_up().await;
    desk.world.transfer(ADA, &acme, BOB).await.expect(200);
    assert_eq!(desk.deliver().await, 0);
    let mails = desk.outside.mails();
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

/// OP1: an operator's address is not given away.
#[tokio::test]
async fn a_first_admin_is_invited_by_the_platform() {
    let desk = Desk::new().await;
    let wanted = json!({ "name": "Globex", "first_admin_email": BOB.email });
    desk.world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    assert_eq!(desk.deliver().await, 0);
    let mails = desk.outside.mails();
    let text = shown(&mails[0]);
    assert!(text.contains("The platform team has invited you to join Globex as Admin."), "{text}");
    assert!(!mails[0].to_string().contains(OPERATOR.email));
}

/// ORG2, U4
#[tokio::test]
async fn a_request_to_join_is_told_to_whoever_asks_and_to_those_who_decide() {
    let desk = Desk::new().await;
    let acme = desk.world.open(ADA, "Acme").await;
    let manager = desk.world.role(ADA, &acme, "Manager", user_manager()).await;
    desk.world.bring(ADA, &acme, BOB, "admin").await;
    desk.world.bring(ADA, &acme, CY, "user").await;
    desk.world.bring(ADA, &acme, MIA, &manager).await;
    desk.caught_up().await;
    let wish = json!({ "comment": "Let me in!" });
    desk.world.post(EVE, &format!("{acme}/join-requests"), wish).await.expect(201);
    assert_eq!(desk.deliver().await, 0);
    let mails = desk.outside.mails();
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
    // What a stranger writes is read in the portal, and not under our name.
    assert!(!mails.iter().any(|mail| mail.to_string().contains("Let me in!")));

    desk.world.delete(EVE, &format!("{acme}/join-requests/mine")).await.expect(204);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.mails(), [Value::Null; 0]);
}

/// ORG2
#[tokio::test]
async fn what_became_of_a_request_is_told_to_whoever_asked() {
    let desk = Desk::new().await;
    let acme = desk.world.open(ADA, "Acme").await;
    let (eves, dees) = (desk.world.asked(EVE, &acme).await, desk.world.asked(DEE, &acme).await);
    desk.caught_up().await;
    desk.world.approve(ADA, &eves, json!({})).await.expect(200);
    desk.world.decline(ADA, &dees).await.expect(204);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.told().len(), 3, "joined, approved, declined");
    let mails = desk.outside.mails();
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
async fn a_retry_sends_only_what_is_missing() {
    let desk = Desk::new().await;
    let acme = desk.world.open(ADA, "Acme").await;
    desk.world.bring(ADA, &acme, BOB, "admin").await;
    desk.caught_up().await;
    desk.world.asked(EVE, &acme).await;
    let slow = || Some(Fate::Refused("TooManyRequestsException", "slow down".to_owned()));
    desk.outside.plan(move |call| call.mails(BOB.email).then(slow).flatten());
    assert_eq!(desk.deliver().await, 1);
    assert_eq!(desk.outside.addressees(), [EVE.email, ADA.email]);
    assert_eq!(desk.outside.told(), ["join_request.created"], "the bus does not wait");
    assert_eq!(desk.deliver().await, 1);
    desk.outside.calm();
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.addressees(), [BOB.email]);
    desk.done.store(0, Relaxed);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.addressees(), [""; 0]);
}

/// The moment that cannot be closed: sent, and not yet marked.
#[tokio::test]
async fn dying_between_a_mail_and_its_mark_repeats_at_most_that_mail() {
    let below = TestApp::new().await;
    let (layer, client) = Layer::under(&below.client);
    let desk = Desk::over(TestApp::over(client, None, Limits::default()).await);
    let acme = desk.world.open(ADA, "Acme").await;
    desk.world.bring(ADA, &acme, BOB, "admin").await;
    desk.caught_up().await;
    desk.world.asked(EVE, &acme).await;
    let mut marks = 0;
    layer.plan(move |call| {
        marks += usize::from(call.name == "TransactWriteItems");
        (call.name == "TransactWriteItems" && marks == 2).then_some(Fault::StopBefore)
    });
    tokio::select! {
        _ = desk.deliver() => panic!("it was to stop"),
        () = layer.stopped() => {}
    }
    layer.calm();
    assert_eq!(desk.outside.addressees(), [EVE.email, ADA.email]);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.addressees(), [ADA.email, BOB.email]);
}

#[tokio::test]
async fn a_mail_that_will_never_be_taken_holds_nobody_up() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    for invitee in [BOB, CY, EVE] {
        desk.world.invited(ADA, &acme, invitee.email, "user").await;
    }
    desk.outside.plan(|call| {
        let refused = |code| Some(Fate::Refused(code, "no such mailbox".to_owned()));
        match call.body["Destination"]["ToAddresses"][0].as_str() {
            Some("bob@example.com") => refused("BadRequestException"),
            Some("cy@example.com") => refused("MessageRejected"),
            _ => None,
        }
    });
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.addressees(), [EVE.email]);
    desk.outside.calm();
    desk.done.store(0, Relaxed);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.addressees(), [""; 0], "and it is not tried again");
}

/// What the account lacks is not the mail's fault: it waits until somebody repairs it.
#[tokio::test]
async fn mail_waits_while_the_sender_may_not_send() {
    for (code, message) in [
        ("MessageRejected", "Email address is not verified: no-reply@rolecall.example"),
        ("MailFromDomainNotVerifiedException", ""),
        ("SendingPausedException", ""),
        ("AccountSuspendedException", ""),
        ("LimitExceededException", ""),
        ("AccessDeniedException", ""),
    ] {
        let desk = Desk::new().await;
        let acme = desk.world.found(ADA, "Acme").await;
        desk.world.invited(ADA, &acme, BOB.email, "user").await;
        desk.world.invited(ADA, &acme, CY.email, "user").await;
        let refused = Fate::Refused(code, message.to_owned());
        desk.outside.plan(move |call| (call.name == "SendEmail").then(|| refused.clone()));
        assert_eq!(desk.deliver().await, 2, "{code}");
        desk.outside.plan(|call| (call.name == "SendEmail").then_some(Fate::Lost));
        assert_eq!(desk.deliver().await, 2, "{code}");
        desk.outside.calm();
        assert_eq!(desk.deliver().await, 0, "{code}");
        assert_eq!(desk.outside.addressees(), [BOB.email, CY.email], "{code}");
        assert_eq!(desk.outside.told().len(), 3, "{code}: the bus was told once");
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nobody_else_waiting() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    desk.world.invited(ADA, &acme, BOB.email, "user").await;
    desk.world.invited(ADA, &acme, CY.email, "user").await;
    let mut records = stream(&desk.world).await;
    records[1]["dynamodb"]["NewImage"]["action"] = json!({ "S": "unheard.of" });
    for again in 0..3 {
        let answer = handle(batch(&records), &desk.outbox, || false).await;
        assert_eq!(failed(&answer).as_deref(), Some("000000000000000000001"));
        let mails = if again == 0 { vec![CY.email] } else { vec![] };
        assert_eq!(desk.outside.addressees(), mails);
        // What comes before it is done with, and would not come again.
        let told = if again == 0 { 2 } else { 1 };
        assert_eq!(desk.outside.told().len(), told);
    }
}

#[tokio::test]
async fn the_bus_is_told_in_order_ten_at_a_time_and_only_what_is_missing() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    for nth in 0..24 {
        let name = json!({ "name": format!("Acme {nth}") });
        desk.world.patch(ADA, &acme, name).await.expect(200);
    }
    let name = |entry: &Value| {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        detail["new"]["name"].as_str().unwrap().to_owned()
    };
    // Of the second ten two are refused; the third are not even tried.
    desk.outside.plan(|call| (call.nth == 1).then(|| Fate::Without(vec![3, 7])));
    assert_eq!(desk.deliver().await, 12);
    let first: Vec<_> = desk.outside.events().iter().map(name).collect();
    assert_eq!(first.len(), 18);
    assert_eq!(desk.deliver().await, 0);
    let then: Vec<_> = desk.outside.events().iter().map(name).collect();
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
async fn nothing_is_lost_while_bus_or_table_cannot_be_reached() {
    let below = TestApp::new().await;
    let (layer, client) = Layer::under(&below.client);
    let desk = Desk::over(TestApp::over(client, None, Limits::default()).await);
    let acme = desk.world.found(ADA, "Acme").await;
    desk.world.invited(ADA, &acme, BOB.email, "user").await;
    desk.outside.plan(|call| (call.name == "PutEvents").then_some(Fate::Lost));
    assert_eq!(desk.deliver().await, 2);
    assert_eq!(desk.outside.addressees(), [BOB.email], "the mail does not wait for the bus");
    desk.outside.calm();
    layer.plan(|call| (call.name == "BatchGetItem").then_some(Fault::Throttle));
    desk.deliver().await;
    layer.calm();
    while desk.deliver().await > 0 {}
    assert_eq!(desk.outside.addressees(), [""; 0]);
    let mut told = desk.outside.told();
    told.dedup();
    assert_eq!(told, ["organization.created", "invitation.created"]);
}

#[tokio::test]
async fn without_time_it_says_where_to_go_on() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    for invitee in [BOB, CY, EVE] {
        desk.world.invited(ADA, &acme, invitee.email, "user").await;
    }
    let records = stream(&desk.world).await;
    let asked = AtomicUsize::new(0);
    let enough = || asked.fetch_add(1, Relaxed) >= 2;
    let answer = handle(batch(&records), &desk.outbox, enough).await;
    assert_eq!(failed(&answer).as_deref(), Some("000000000000000000002"));
    assert_eq!(desk.outside.addressees(), [BOB.email]);
    desk.done.store(2, Relaxed);
    assert_eq!(desk.deliver().await, 0);
    assert_eq!(desk.outside.addressees(), [CY.email, EVE.email]);
    assert_eq!(desk.outside.told().len(), 4, "and the bus is told nothing twice");
}

#[tokio::test]
async fn only_what_is_new_in_a_history_is_news() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    desk.world.invited(ADA, &acme, BOB.email, "user").await;
    let mut records = stream(&desk.world).await;
    records[0]["eventName"] = json!("REMOVE");
    records[0]["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    records[1]["dynamodb"]["Keys"]["pk"] = json!({ "S": "ORG#1" });
    let answer = handle(batch(&records), &desk.outbox, || false).await;
    assert_eq!(failed(&answer), None);
    assert_eq!((desk.outside.mails().len(), desk.outside.told().len()), (0, 0));
}

#[tokio::test]
async fn a_name_is_text_in_a_mail_and_never_markup_nor_a_header() {
    let desk = Desk::new().await;
    let name = r#"<img src=x onerror="alert(1)">&amp; [x] {link} 'Bcc: eve@example.com"#;
    let acme = desk.world.found(ADA, name).await;
    desk.world.invited(ADA, &acme, BOB.email, "user").await;
    assert_eq!(desk.deliver().await, 0);
    let mails = desk.outside.mails();
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

/// Pimcore CVE-2024-25625: nothing that a request says of the host is in the link.
#[tokio::test]
async fn a_forged_host_is_in_no_link() {
    let desk = Desk::new().await;
    let acme = desk.world.found(ADA, "Acme").await;
    let mut seen = Vec::new();
    for name in ["", "host", "x-forwarded-host", "forwarded", "origin", "referer", "x-original-url"]
    {
        let headers = [(name, "evil.example")];
        let headers = if name.is_empty() { &[][..] } else { &headers };
        let offer = json!({ "email": BOB.email, "role_id": "user" });
        let path = format!("{acme}/invitations");
        let made = desk.world.send_with(Some(ADA), "POST", &path, Some(offer), headers).await;
        let invitation = made.expect(201).id();
        assert_eq!(desk.deliver().await, 0);
        let mail = desk.outside.mails().remove(0);
        let link = format!("{PORTAL}/organizations/{}/invitations/{invitation}", id(&acme));
        assert!(shown(&mail).contains(&mask(&link)));
        assert!(html(&mail).contains(&format!("<a href=\"{link}\">")), "{name}");
        // The time aside, which passes.
        seen.push(mask(&mail.to_string()).replace(|c: char| c.is_ascii_digit(), "0"));
        desk.world.delete(ADA, &format!("{path}/{invitation}")).await.expect(204);
        desk.caught_up().await;
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "the mails differ: {seen:#?}");
}
