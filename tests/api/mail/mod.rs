//! Mail: who gets it, what happens where it cannot be sent, and what becomes of it.

mod access_end;
mod failures;
mod invitations;
mod join_requests;
mod members;
mod offboarding;
mod reports;
mod services;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ::mail::{MailService, MailSummary, Message, Messages, handle, send_due};
use ::publish::EventBridge;
use jiff::Timestamp;
use serde_json::Value;
use shared::domain::RequestContext;

use crate::{
    fake_aws::{FakeAws, batch, stream},
    fault_layer::Layer,
    test_app::{ADA, BOB, DAY, Identity, TestApp, ample, identity, mask},
};

pub const HOUR: i64 = DAY / 24;
pub const MIA: Identity = identity("mia", "mia@example.com");

/// An app whose stream goes to `publish`, from there to a fake bus, and from the bus to `mail`.
pub struct Delivery {
    pub app: TestApp,
    pub layer: Layer,
    pub aws: FakeAws,
    pub bus: EventBridge,
    pub service: MailService,
    /// The number of processed records of the stream.
    pub processed: AtomicUsize,
}

impl Delivery {
    /// ADA's organization Acme.
    pub async fn new() -> (Self, String) {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let acme = app.create_organization(ADA, "Acme").await;
        let aws = FakeAws::default();
        let (bus, service) = (aws.bus(), aws.mail_service(&app.store));
        (Self { app, layer, aws, bus, service, processed: AtomicUsize::new(0) }, acme)
    }

    /// Acme with these members. All mails are sent.
    pub async fn with(members: &[(Identity, &str)]) -> (Self, String) {
        let (delivery, acme) = Self::new().await;
        for (user, role) in members {
            delivery.app.add_member(ADA, &acme, *user, role).await;
        }
        delivery.deliver_all().await;
        (delivery, acme)
    }

    /// Acme, with the approved domain example.com and BOB as an Admin. All mails are sent.
    pub async fn with_approved_domain() -> (Self, String) {
        let (delivery, acme) = Self::new().await;
        delivery.app.approve_domain(ADA, &acme, "example.com").await.expect(200);
        delivery.app.add_member(ADA, &acme, BOB, "admin").await;
        delivery.deliver_all().await;
        delivery.aws.events();
        (delivery, acme)
    }

    /// Passes the new records of the stream on as Lambda does, and again from where it failed. Returns the number
    /// of records left.
    pub async fn publish(&self) -> usize {
        let records = stream(&self.app).await;
        let new = &records[self.processed.load(Relaxed)..];
        let failures = ::publish::handle(batch(new), &self.bus).await.batch_item_failures;
        assert!(failures.len() <= 1);
        let from = failures.first().map(|failure| failure.item_identifier.clone().unwrap());
        let done = from.map_or(records.len(), |from| from.parse().unwrap());
        self.processed.store(done, Relaxed);
        records.len() - done
    }

    /// Passes the messages on the queue on as Lambda does. The failed ones stay. Returns their number.
    pub async fn send_mail(&self) -> usize {
        self.send_mail_until(|| false).await
    }

    /// The same, with a limit of time.
    pub async fn send_mail_until(&self, out_of_time: impl Fn() -> bool) -> usize {
        let batch = Messages { messages: self.aws.queue() };
        let failed = self.handle(&batch, out_of_time).await;
        let waiting = batch.messages.into_iter().filter(|it| failed.contains(&it.message_id));
        self.aws.put_back(waiting);
        failed.len()
    }

    /// Passes a batch to `mail`. Returns the ids of the failed messages.
    pub async fn handle(&self, batch: &Messages, out_of_time: impl Fn() -> bool) -> Vec<String> {
        let failures = handle(&self.service, batch, &self.context(), out_of_time).await;
        failures.batch_item_failures.into_iter().map(|it| it.item_identifier).collect()
    }

    /// Passes a report of SES to `mail`.
    pub async fn report(&self, report: &Value) {
        let messages = vec![Message::new("report", report.to_string())];
        assert_eq!(self.handle(&Messages { messages }, || false).await, [""; 0]);
    }

    /// Publishes and sends. Returns the number of waiting messages and the addressees of the mails.
    pub async fn run(&self) -> (usize, String) {
        assert_eq!(self.publish().await, 0, "the bus is there");
        let waiting = self.send_mail().await;
        (waiting, self.addressees())
    }

    /// Publishes all records once more, and sends.
    pub async fn run_again(&self) -> (usize, String) {
        self.processed.store(0, Relaxed);
        self.run().await
    }

    /// The addressees of the mails since the last call.
    pub fn addressees(&self) -> String {
        self.aws.addressees().join(" ").replace("@example.com", "")
    }

    /// Runs the schedule of the digests; returns its result and the addressees.
    pub async fn digests(&self) -> (MailSummary, Vec<String>) {
        (self.send_due().await, self.aws.addressees())
    }

    /// Runs the schedule.
    pub async fn send_due(&self) -> MailSummary {
        send_due(&self.service, &self.context(), || false).await.unwrap()
    }

    /// Invites users.
    pub async fn invite(&self, org: &str, users: &[Identity]) {
        for user in users {
            self.app.create_invitation(ADA, org, user.email, "user").await;
        }
    }

    /// Publishes and sends everything so far; returns the new mails.
    pub async fn deliver_all(&self) -> Vec<Value> {
        assert_eq!((self.publish().await, self.send_mail().await), (0, 0));
        self.aws.mails()
    }

    fn context(&self) -> RequestContext {
        let now = Timestamp::from_millisecond(self.app.now()).unwrap();
        RequestContext::without_actor(now, "mail", 0)
    }
}

/// The mails in the form that their readers see, in the order of their addressees.
pub fn texts(mails: &[Value]) -> Vec<String> {
    let mut texts: Vec<_> = mails.iter().map(shown).collect();
    texts.sort();
    texts
}

/// The addressees and subjects of mails.
pub fn subjects(mails: &[Value]) -> String {
    let heads = texts(mails).into_iter().map(|text| text.split("\n\n").next().unwrap().to_owned());
    heads.collect::<Vec<_>>().join("\n")
}

/// A mail in the form that its reader sees.
pub fn shown(mail: &Value) -> String {
    let part = |pointer: &str| mail.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    mask(&format!(
        "to {}\n{}\n\n{}",
        part("/Destination/ToAddresses/0"),
        part("/Content/Simple/Subject/Data"),
        part("/Content/Simple/Body/Text/Data"),
    ))
}

pub fn html(mail: &Value) -> &str {
    mail["Content"]["Simple"]["Body"]["Html"]["Data"].as_str().unwrap()
}
