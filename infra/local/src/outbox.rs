//! The consumers of the table's stream in this process: the event bus, and behind it a queue from which mail is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aws_lambda_events::dynamodb::Event;
use mail::{
    Brand, ComposedMail, EventKey, INVITATION_TAG, MAILED_ACTIONS, MailContent, MailService,
    Message, Messages, Portal, SendFailure, SendFuture, Transport,
};
use publish::{BatchFailures, BusEntry, EventBus, PutFuture};
use serde::Deserialize;
use serde_json::json;
use shared::{
    domain::{EventId, OrgId, RequestContext},
    store::{MAIL_CLAIM, Store},
};

use crate::{
    fake_aws::{FakeAws, LocalEvent, now},
    mailbox::Mail,
};

/// The sender of mails.
const FROM: &str = "no-reply@rolecall.example";
/// How often a message is tried before it is dropped.
const MAX_ATTEMPTS: u32 = 10;
/// The time after which a message is tried again.
const PAUSE: Duration = Duration::from_secs(15);
// A process that was killed can leave a claim. It must end before its mail is dropped.
const TRIED_FOR: Duration = PAUSE.saturating_mul(MAX_ATTEMPTS - 1);
const _: () = assert!(TRIED_FOR.as_secs() > MAIL_CLAIM.as_secs().unsigned_abs());
/// The mailbox simulator of SES: mail to these addresses comes back in these ways.
const SIMULATOR: [(&str, &str); 2] = [
    ("bounce@simulator.amazonses.com", "General"),
    ("suppressionlist@simulator.amazonses.com", "OnAccountSuppressionList"),
];

/// The bus and the queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    bus: Bus,
    pub(crate) mail: MailService,
    queue: Queue,
    /// How often each waiting message was tried.
    attempts: HashMap<String, u32>,
}

/// Messages that wait, and the time from which each can be taken.
#[derive(Clone, Debug, Default)]
struct Queue(Arc<Mutex<Vec<(Instant, Message)>>>);

/// The event bus, with the rule that puts events with mail on the queue.
#[derive(Debug)]
struct Bus {
    services: FakeAws,
    queue: Queue,
}

/// SES, which delivers into the mailbox and reports what the simulator does.
#[derive(Debug)]
struct LocalSes {
    services: FakeAws,
    queue: Queue,
}

impl Outbox {
    /// An outbox over `store`. Links in mails lead to the console at `url`.
    pub(crate) fn new(services: &FakeAws, store: Store, url: &str, brand: Brand) -> Self {
        let queue = Queue::default();
        let transport = LocalSes { services: services.clone(), queue: queue.clone() };
        let portal = Portal::of_local_server(url);
        Self {
            bus: Bus { services: services.clone(), queue: queue.clone() },
            mail: MailService { store, transport: Arc::new(transport), portal, brand },
            queue,
            attempts: HashMap::new(),
        }
    }

    /// Publishes a batch of the stream.
    pub(crate) async fn publish(&self, batch: Event) -> BatchFailures {
        publish::handle(batch, &self.bus).await
    }

    /// Handles the messages that can be taken from the queue. Returns whether none is left.
    pub(crate) async fn send_mail(&mut self) -> bool {
        loop {
            let batch = Messages { messages: self.queue.take() };
            if batch.messages.is_empty() {
                return self.queue.messages().is_empty();
            }
            let context = RequestContext::without_actor(now(), "local mail", 0);
            let failures = Box::pin(mail::handle(&self.mail, &batch, &context, || false)).await;
            let failed: Vec<_> =
                failures.batch_item_failures.into_iter().map(|it| it.item_identifier).collect();
            let waits = |message: &Message| failed.contains(&message.message_id);
            let waiting = batch.messages.into_iter().filter(waits);
            let waiting: Vec<_> = waiting.filter(|message| self.may_retry(message)).collect();
            self.queue.put_from(Instant::now() + PAUSE, waiting);
        }
    }

    fn may_retry(&mut self, message: &Message) -> bool {
        let attempts = self.attempts.entry(message.message_id.clone()).or_default();
        *attempts += 1;
        if *attempts >= MAX_ATTEMPTS {
            eprintln!("dropped after {MAX_ATTEMPTS} failures: {}", message.body);
        }
        *attempts < MAX_ATTEMPTS
    }
}

impl Queue {
    fn put(&self, messages: impl IntoIterator<Item = Message>) {
        self.put_from(Instant::now(), messages);
    }

    fn put_from(&self, time: Instant, messages: impl IntoIterator<Item = Message>) {
        self.messages().extend(messages.into_iter().map(|message| (time, message)));
    }

    fn take(&self) -> Vec<Message> {
        let now = Instant::now();
        let ready = self.messages().extract_if(.., |(time, _)| *time <= now).collect::<Vec<_>>();
        ready.into_iter().map(|(_, message)| message).collect()
    }

    fn messages(&self) -> MutexGuard<'_, Vec<(Instant, Message)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventBus for Bus {
    fn put<'a>(&'a self, entries: &'a [BusEntry]) -> PutFuture<'a> {
        let event = |entry: &'a BusEntry| LocalEvent {
            source: "rolecall",
            detail_type: &entry.detail_type,
            detail: &entry.detail,
        };
        let events: Vec<_> = entries.iter().map(event).collect();
        let written = self.services.append(&events);
        if let Err(error) = &written {
            eprintln!("events cannot be written: {error}");
        } else {
            self.queue.put(entries.iter().filter_map(message));
        }
        Box::pin(std::future::ready(vec![written.is_ok(); entries.len()]))
    }
}

/// The message for an event that causes mail.
fn message(entry: &BusEntry) -> Option<Message> {
    #[derive(Deserialize)]
    struct Detail {
        organization_id: OrgId,
        id: EventId,
    }
    if !MAILED_ACTIONS.contains(&entry.detail_type.as_str()) {
        return None;
    }
    let Detail { organization_id, id } = serde_json::from_str(&entry.detail).ok()?;
    let body = json!(EventKey { organization_id, event_id: id });
    Some(Message::new(id.to_string(), body.to_string()))
}

impl Transport for LocalSes {
    fn send<'a>(&'a self, mail: &'a ComposedMail) -> SendFuture<'a> {
        let MailContent { subject, text, html } = mail.content.clone();
        let (from, to) = (FROM.to_owned(), mail.to.as_str().to_owned());
        let delivered =
            self.services.mailbox.deliver(Mail { at: now(), from, to, subject, text, html });
        if delivered.is_ok() {
            self.queue.put(report(mail));
        }
        let delivered = delivered.map_err(|error| SendFailure::unreachable(&error.to_string()));
        Box::pin(std::future::ready(delivered))
    }
}

/// The report of SES about a mail to its simulator.
fn report(mail: &ComposedMail) -> Option<Message> {
    let (_, sub_type) = SIMULATOR.iter().find(|(address, _)| *address == mail.to.as_str())?;
    let invitation = mail.tags.iter().find(|(name, _)| *name == INVITATION_TAG)?;
    let tags: HashMap<_, _> = mail.tags.iter().map(|(name, value)| (*name, [value])).collect();
    let body = json!({
        "source": "aws.ses",
        "detail-type": "Email Bounced",
        "detail": {
            "eventType": "Bounce",
            "bounce": { "bounceType": "Permanent", "bounceSubType": sub_type },
            "mail": { "tags": tags },
        },
    });
    Some(Message::new(format!("report about {}", invitation.1), body.to_string()))
}
