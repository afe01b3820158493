//! The metrics that requests and runs leave in their log lines.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Once,
};

use ::mail::{EventKey, Messages, handle};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{Event, RequestContext},
    log,
    metrics::collected,
};

use crate::{
    fake_aws::{CallFault, FakeAws, newest},
    fault_layer::Fault,
    helpers::id,
    matrix::SERVICE,
    test_app::{ADA, BOB, DAY, Identity, TestApp, ample},
};

thread_local! {
    /// The lines of this test, as long as it captures them.
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.as_mut().map(|lines| lines.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log lines of a request or a run.
async fn lines(work: impl Future) -> Vec<Value> {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| log::start(|| Lines));
    LINES.set(Some(Vec::new()));
    work.await;
    let lines = String::from_utf8(LINES.take().unwrap()).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The last log line of a request.
async fn line(request: impl Future) -> Value {
    lines(request).await.pop().expect("a line")
}

async fn app() -> (TestApp, crate::fault_layer::Layer, String) {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    (app, layer, acme)
}

#[tokio::test]
async fn request_leaves_its_units_its_time_and_its_events() {
    let (app, _layer, acme) = app().await;
    let body = json!({ "email": BOB.email, "role_id": "user" });
    let line = line(app.post(ADA, &format!("{acme}/invitations"), body)).await;
    assert_eq!(line["requests"], 1);
    assert_eq!((&line["read_units"], &line["write_units"]), (&json!(3), &json!(18)));
    assert_eq!((&line["invitation.created"], &line["events_recorded"]), (&json!(1), &json!(1)));
    let (database, all) = (line["database_ms"].as_f64(), line["duration_ms"].as_f64());
    assert!(database > Some(0.0) && database < all, "{line}");
    for absent in ["failures", "refusals", "conflicts", "throttles"] {
        assert_eq!(line[absent], Value::Null, "{line}");
    }
}

#[tokio::test]
async fn events_of_invitations_are_counted_when_they_are_committed() {
    let (app, layer, acme) = app().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let opened = line(app.get(BOB, &format!("{path}/mine"))).await;
    assert_eq!((&opened["status"], &opened["invitation.opened"]), (&json!(200), &json!(1)));
    let accept_path = format!("{path}/accept");
    let accept = || app.send(Some(BOB), "POST", &accept_path, None);
    layer.plan(|call| (call.name == "TransactWriteItems").then_some(Fault::LostBefore));
    let failed = line(accept()).await;
    layer.clear_faults();
    assert_eq!((&failed["failures"], &failed["invitation.accepted"]), (&json!(1), &Value::Null));
    let accepted = line(accept()).await;
    assert_eq!((&accepted["status"], &accepted["invitation.accepted"]), (&json!(200), &json!(1)));
    let refused = line(app.get(BOB, &format!("{path}/mine"))).await;
    assert_eq!((&refused["refusals"], &refused["invitation.opened"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn conflicts_and_throttled_calls_are_counted() {
    let (app, layer, acme) = app().await;
    for (fault, metric) in [
        (Fault::Conflict, "conflicts"),
        (Fault::ThrottledItem, "throttles"),
        (Fault::Throttle, "throttles"),
    ] {
        let mut left = 2;
        let planned = fault.clone();
        layer.plan(move |call| {
            let hit = call.name == "TransactWriteItems" && left > 0;
            left -= i32::from(hit);
            hit.then(|| planned.clone())
        });
        let email = format!("{fault:?}@example.com").to_lowercase();
        let body = json!({ "email": email, "role_id": "user" });
        let line = line(app.post(ADA, &format!("{acme}/invitations"), body)).await;
        assert_eq!((&line["status"], &line[metric]), (&json!(201), &json!(2)), "{fault:?} {line}");
        let other = if metric == "conflicts" { "throttles" } else { "conflicts" };
        assert_eq!(line[other], Value::Null, "{fault:?}");
    }
    layer.once(0, Fault::Throttle);
    let read = line(app.get(ADA, &acme)).await;
    assert_eq!((&read["failures"], &read["throttles"]), (&json!(1), &json!(1)));
    layer.once(0, Fault::Partial);
    let parts = line(app.get(ADA, &acme)).await;
    assert_eq!((&parts["status"], &parts["throttles"]), (&json!(200), &json!(1)));
}

#[tokio::test]
async fn clean_up_measures_its_backlog() {
    let (app, layer, acme) = app().await;
    // Several, so that they are in different shards of the index.
    for nth in 0..12 {
        app.create_invitation(ADA, &acme, &format!("m{nth}@example.com"), "user").await;
        app.wait(60_000); // A request takes another second.
    }
    app.wait(7 * DAY);
    let run = async || {
        let now = Timestamp::from_millisecond(app.now()).unwrap();
        let (summary, metrics) =
            collected(::cleanup::run(&app.store, now, || now, "tick", || false)).await;
        summary.unwrap();
        serde_json::to_value(metrics).unwrap()
    };
    layer.plan(|call| (call.name == "TransactWriteItems").then_some(Fault::LostBefore));
    let failed = run().await;
    layer.clear_faults();
    let backlog = |metrics: &Value| {
        ["due_items", "due_age_seconds", "cleanup_failures", "invitation.expired"]
            .map(|name| metrics[name].as_f64())
    };
    assert_eq!(backlog(&failed), [Some(12.0), Some(732.0), Some(12.0), None]);
    app.wait(3_600_000);
    assert_eq!(backlog(&run().await), [Some(12.0), Some(4_332.0), None, Some(12.0)]);
    assert_eq!(backlog(&run().await), [Some(0.0), Some(0.0), None, None]);
}

/// An alarm compares them with the invocations of `publish`.
#[tokio::test]
async fn every_recorded_event_is_counted_once() {
    let (app, layer, acme) = app().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let accept = format!("{path}/accept");
    layer.plan(|call| (call.name == "TransactWriteItems").then_some(Fault::LostBefore));
    let failed = line(app.send(Some(BOB), "POST", &accept, None)).await;
    layer.clear_faults();
    assert_eq!((&failed["status"], &failed["events_recorded"]), (&json!(503), &Value::Null));
    let before = app.history(&acme).await.len();
    let accepted = line(app.send(Some(BOB), "POST", &accept, None)).await;
    let recorded = app.history(&acme).await.len() - before;
    assert_eq!(accepted["events_recorded"], recorded, "{accepted}");
    let read = line(app.get(ADA, &acme)).await;
    assert_eq!(read["events_recorded"], Value::Null);
}

#[tokio::test]
async fn mails_are_counted_by_their_fate() {
    let (app, _layer, acme) = app().await;
    let aws = FakeAws::default();
    let service = aws.mail_service(&app.store);
    for (nth, (fault, expected)) in [
        (None, vec!["mails_sent"]),
        (Some(("BadRequestException", "Illegal address")), vec!["mails_bounced"]),
        (Some(("InternalServiceErrorException", "")), vec!["mail_age_seconds", "mails_waiting"]),
        (
            Some(("SendingPausedException", "")),
            vec!["mail_age_seconds", "mails_blocked", "mails_waiting"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        app.create_invitation(ADA, &acme, &format!("m{nth}@example.com"), "user").await;
        let event: Event = serde_dynamo::from_item(newest(&app, &acme).await).unwrap();
        aws.plan(move |call| {
            let (code, message) = fault.filter(|_| call.name == "SendEmail")?;
            Some(CallFault::Rejected(code, message.to_owned()))
        });
        let body = json!(EventKey { organization_id: event.organization_id, event_id: event.id });
        let batch = batch(&[(&body, app.now())]);
        let context = in_a_minute(&app);
        let (_, metrics) = collected(handle(&service, &batch, &context, || false)).await;
        let metrics = serde_json::to_value(metrics).unwrap();
        let mails = metrics.as_object().unwrap().keys().filter(|name| name.starts_with("mail"));
        let mut mails: Vec<_> = mails.collect();
        mails.sort();
        assert_eq!(mails, expected);
    }
}

#[tokio::test]
async fn mail_without_an_answer_counts_as_unconfirmed() {
    let (app, _layer, acme) = app().await;
    let aws = FakeAws::default();
    app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let event: Event = serde_dynamo::from_item(newest(&app, &acme).await).unwrap();
    aws.plan(|_| Some(CallFault::Unanswered));
    let body = json!(EventKey { organization_id: event.organization_id, event_id: event.id });
    let (service, batch) = (aws.mail_service(&app.store), batch(&[(&body, app.now())]));
    let (_, metrics) = collected(handle(&service, &batch, &in_a_minute(&app), || false)).await;
    let metrics = serde_json::to_value(metrics).unwrap();
    assert_eq!(metrics["mails_unconfirmed"], 1);
    assert_eq!(metrics.get("mails_sent"), None);
}

/// The runbook finds the organization by the line, also for mails that are no invitation.
#[tokio::test]
async fn each_report_of_ses_leaves_a_line_and_is_counted() {
    let (app, _layer, acme) = app().await;
    let path = app.create_invitation(ADA, &acme, "gone@example.com", "user").await;
    let of_organization = json!({ "organization": [id(&acme)] });
    let of_invitation =
        json!({ "organization": [id(&acme)], "invitation": [id(&path)], "sending": ["1"] });
    let permanent = json!({ "bounceType": "Permanent", "bounceSubType": "General" });
    let automatic_reply = json!({ "bounceType": "Transient", "bounceSubType": "General" });
    let service = FakeAws::default().mail_service(&app.store);
    for (tags, kind, details, expected) in [
        (&of_invitation, "Bounce", &permanent, Some("mails_bounced")),
        (&of_organization, "Bounce", &permanent, Some("mails_bounced")),
        (&of_organization, "Reject", &json!({ "reason": "Bad content" }), Some("mails_bounced")),
        (&of_invitation, "Complaint", &json!({}), Some("mails_complained")),
        (&of_organization, "Complaint", &json!({}), Some("mails_complained")),
        (&of_organization, "Bounce", &automatic_reply, None),
        (&of_organization, "Delivery", &json!({}), None),
    ] {
        let mut report = json!({ "eventType": kind, "mail": { "tags": tags } });
        report[kind.to_lowercase()] = details.clone();
        let batch = batch(&[(&json!({ "detail": report }), app.now())]);
        let context = in_a_minute(&app);
        let mut metrics = Value::Null;
        let logged = lines(async {
            let (_, counted) = collected(handle(&service, &batch, &context, || false)).await;
            metrics = serde_json::to_value(counted).unwrap();
        })
        .await;
        let reports: Vec<_> =
            logged.iter().filter(|it| it["message"] == "SES reported a mail").collect();
        let counted: Vec<_> = ["mails_bounced", "mails_complained"]
            .into_iter()
            .filter(|it| metrics[it] == 1)
            .collect();
        assert_eq!(counted, Vec::from_iter(expected), "{kind} {details}");
        assert_eq!(reports.len(), counted.len(), "{logged:?}");
        for report in reports {
            assert_eq!(
                (&report["organization"], &report["report"]),
                (&json!(id(&acme)), &json!(kind))
            );
            assert_eq!(report["invitation"], tags["invitation"][0]);
        }
    }
}

/// The organization of a decision is in the body. Without it in the line, no query finds whose decisions throttle.
#[tokio::test]
async fn line_of_a_decision_names_the_organization() {
    let (app, _layer, acme) = app().await;
    let beta = app.create_organization(BOB, "Beta").await;
    let of = |org: &str| json!({ "type": "organization", "id": id(org) });
    let subject = json!({ "type": "user", "id": ADA.sub });
    let action = json!({ "name": "license_management.open_page" });
    let one = |org: &str| json!({ "subject": subject, "action": action, "resource": of(org) });
    let many = |orgs: [&str; 2]| {
        let resources = orgs.map(|org| json!({ "resource": of(org) }));
        json!({ "subject": subject, "action": action, "evaluations": resources })
    };
    let named = |org: &str| json!(id(org));
    for (path, body, expected) in [
        ("/access/v1/evaluation", one(&acme), named(&acme)),
        ("/access/v1/evaluations", many([&acme, &acme]), named(&acme)),
        ("/access/v1/evaluations", many([&acme, &beta]), Value::Null),
        ("/access/v1/search/action", one(&acme), named(&acme)),
        (
            "/access/v1/search/subject",
            json!({ "subject": { "type": "user" }, "action": action, "resource": of(&acme) }),
            named(&acme),
        ),
        ("/access/v1/evaluation", one("/ada@example.com"), Value::Null),
    ] {
        let line = line(app.post(SERVICE, path, body)).await;
        assert_eq!(line["org"], expected, "{path}: {line}");
    }
    let refused = line(app.post(BOB, "/access/v1/evaluation", one(&acme))).await;
    assert_eq!((&refused["status"], &refused["org"]), (&json!(403), &named(&acme)));
}

/// A scope in an object, such as Keycloak's `realm_access`, or with a comma is not read, and the answer does not know that.
#[tokio::test]
async fn refusal_for_want_of_a_scope_leaves_a_line_if_the_claim_has_none_that_is_read() {
    let (app, _layer, acme) = app().await;
    let message = "the claim of the scopes is absent or cannot be read";
    let hints = |lines: Vec<Value>| {
        let hints = lines.into_iter().filter(|it| it["message"] == message);
        hints.map(|it| it["claim"].clone()).collect::<Vec<_>>()
    };
    let decision = json!({
        "subject": { "type": "user", "id": ADA.sub },
        "action": { "name": "license_management.open_page" },
        "resource": { "type": "organization", "id": id(&acme) },
    });
    let operators = "/v1/operator/organizations";
    for (scope, expected) in [("", 1), ("operator,decisions", 1), ("openid", 0)] {
        let bob = Identity { scope, ..BOB };
        let logged = [
            lines(app.get(bob, operators)).await,
            lines(app.post(bob, "/access/v1/evaluation", decision.clone())).await,
        ];
        for lines in logged {
            assert_eq!(lines.last().unwrap()["status"], 403, "{scope}");
            assert_eq!(hints(lines), vec![json!("scope"); expected], "{scope}");
        }
    }
}

/// A batch that ends early leaves messages untried, and one of them may have waited for longest.
#[tokio::test]
async fn age_of_mail_is_that_of_the_oldest_message_that_waits() {
    let (app, _layer, acme) = app().await;
    app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let event: Event = serde_dynamo::from_item(newest(&app, &acme).await).unwrap();
    let aws = FakeAws::default();
    aws.plan(|call| {
        let paused = || CallFault::Rejected("SendingPausedException", String::new());
        (call.name == "SendEmail").then(paused)
    });
    let body = json!(EventKey { organization_id: event.organization_id, event_id: event.id });
    let (now, hour) = (app.now(), 3_600_000);
    let batch = batch(&[(&body, now), (&body, now - hour), (&body, now)]);
    let service = aws.mail_service(&app.store);
    let (_, metrics) = collected(handle(&service, &batch, &in_a_minute(&app), || false)).await;
    assert_eq!(serde_json::to_value(metrics).unwrap()["mail_age_seconds"], 3_660);
}

/// Messages of a queue, each with the time at which it was sent.
fn batch(messages: &[(&Value, i64)]) -> Messages {
    let records = messages.iter().map(|(body, sent_at)| {
        let attributes = json!({ "SentTimestamp": sent_at.to_string() });
        json!({ "messageId": "1", "body": body.to_string(), "attributes": attributes })
    });
    serde_json::from_value(json!({ "Records": records.collect::<Vec<_>>() })).unwrap()
}

fn in_a_minute(app: &TestApp) -> RequestContext {
    let at = Timestamp::from_millisecond(app.now() + 60_000).unwrap();
    RequestContext::without_actor(at, "test", 0)
}
