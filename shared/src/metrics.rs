//! Metrics for CloudWatch, as members of log lines in the [embedded metric format][emf].
//!
//! Code that runs for a request or a scheduled run adds to its metrics, and the one log line at its
//! end carries them. CloudWatch Logs extracts them from the line; the function calls no further
//! service.
//!
//! Each metric and each value of a dimension costs money, and operators read both. So no metric has
//! a dimension except [`Metric::Refusals`], whose dimension is the problem: a closed list. An
//! address, a `sub` or the id of an organization is never a dimension.
//!
//! [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use crate::domain::EventAction;

/// The dimension of [`Metric::Refusals`], which is also a member of the log line.
const PROBLEM: &str = "problem";

tokio::task_local! {
    static CURRENT: Arc<Mutex<Vec<(Metric, f64)>>>;
}

/// A metric in the namespace of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Requests that a function answered.
    Requests,
    /// Requests that a function answered with a 5xx status.
    Failures,
    /// Requests that were refused with a 4xx status, by problem.
    Refusals,
    /// The time during which a request waited for DynamoDB.
    DatabaseTime,
    /// Read capacity units.
    ReadUnits,
    /// Write capacity units of the table and of its indexes.
    WriteUnits,
    /// Transactions that DynamoDB cancelled because of a conflict. They are retried.
    Conflicts,
    /// Calls that DynamoDB throttled, after the retries of the SDK.
    Throttles,
    /// Invitations that the invited person has looked at.
    InvitationsOpened,
    /// Events that were recorded. The stream of the table delivers each of them to `publish`.
    EventsRecorded,
    /// Recorded events of this action. Only those of invitations are metrics.
    Events(EventAction),
    /// Items that were due when a clean-up began; those of its first read.
    DueItems,
    /// The age of the oldest item that was due when a clean-up began.
    DueAge,
    /// Due items that a clean-up could not handle. The next run tries them again.
    CleanupFailures,
    /// Mails that SES accepted.
    MailsSent,
    /// Mails that were not sent and wait.
    MailsWaiting,
    /// Mails that wait because the SES account or its configuration does not allow mail.
    MailsBlocked,
    /// The age of the oldest mail of a batch that waits.
    MailAge,
    /// Mails that SES rejected for good, and reports of SES that a mail came back.
    MailsBounced,
    /// Reports of SES that a person marked a mail as spam.
    MailsComplained,
    /// Mails that ended without a confirmation of SES. They may have been sent.
    MailsUnconfirmed,
}

impl Metric {
    /// All metrics. Of the events, only those of invitations are metrics.
    pub fn all() -> impl Iterator<Item = Self> {
        let fixed = [
            Self::Requests,
            Self::Failures,
            Self::Refusals,
            Self::DatabaseTime,
            Self::ReadUnits,
            Self::WriteUnits,
            Self::Conflicts,
            Self::Throttles,
            Self::InvitationsOpened,
            Self::EventsRecorded,
            Self::DueItems,
            Self::DueAge,
            Self::CleanupFailures,
            Self::MailsSent,
            Self::MailsWaiting,
            Self::MailsBlocked,
            Self::MailAge,
            Self::MailsBounced,
            Self::MailsComplained,
            Self::MailsUnconfirmed,
        ];
        fixed
            .into_iter()
            .chain(EventAction::ALL.iter().filter_map(|&action| Self::for_events(action)))
    }

    /// The metric of the recorded events of an action, if it has one.
    pub fn for_events(action: EventAction) -> Option<Self> {
        action.key().starts_with("invitation.").then_some(Self::Events(action))
    }

    /// The name of the metric and of its member in a log line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Failures => "failures",
            Self::Refusals => "refusals",
            Self::DatabaseTime => "database_ms",
            Self::ReadUnits => "read_units",
            Self::WriteUnits => "write_units",
            Self::Conflicts => "conflicts",
            Self::Throttles => "throttles",
            Self::InvitationsOpened => "invitation.opened",
            Self::EventsRecorded => "events_recorded",
            Self::Events(action) => action.key(),
            Self::DueItems => "due_items",
            Self::DueAge => "due_age_seconds",
            Self::CleanupFailures => "cleanup_failures",
            Self::MailsSent => "mails_sent",
            Self::MailsWaiting => "mails_waiting",
            Self::MailsBlocked => "mails_blocked",
            Self::MailAge => "mail_age_seconds",
            Self::MailsBounced => "mails_bounced",
            Self::MailsComplained => "mails_complained",
            Self::MailsUnconfirmed => "mails_unconfirmed",
        }
    }

    /// The CloudWatch unit.
    pub fn unit(self) -> &'static str {
        match self {
            Self::DatabaseTime => "Milliseconds",
            Self::DueAge | Self::MailAge => "Seconds",
            _ => "Count",
        }
    }

    /// Adds to this metric of the request or run that this task works for. Elsewhere it does
    /// nothing.
    pub fn add(self, value: f64) {
        let _ = CURRENT.try_with(|current| {
            let mut metrics = current.lock().unwrap_or_else(PoisonError::into_inner);
            match metrics.iter_mut().find(|(metric, _)| *metric == self) {
                Some((_, sum)) => *sum += value,
                None => metrics.push((self, value)),
            }
        });
    }
}

/// Runs `work` and returns the metrics that it added.
pub async fn collected<T>(work: impl Future<Output = T>) -> (T, Metrics) {
    let current = Arc::new(Mutex::default());
    let done = CURRENT.scope(Arc::clone(&current), work).await;
    let mut values = current.lock().unwrap_or_else(PoisonError::into_inner);
    (done, Metrics { values: std::mem::take(&mut *values), published: None })
}

/// The CloudWatch namespace of this deployment (`METRICS_NAMESPACE`). Without it, log lines have
/// the metrics, but CloudWatch does not extract them.
#[derive(Clone, Debug, Default)]
pub struct Namespace(Option<Arc<str>>);

impl Namespace {
    /// The namespace with this name.
    pub fn new(name: Option<String>) -> Self {
        Self(name.map(Arc::from))
    }

    /// Reads the environment.
    pub fn from_environment() -> Self {
        Self::new(crate::lambda::setting("METRICS_NAMESPACE"))
    }
}

/// The metrics of a request or run. Serializes as members of its log line: `_aws`, which tells
/// CloudWatch about them, and one member for each metric.
#[derive(Debug, Default)]
pub struct Metrics {
    values: Vec<(Metric, f64)>,
    published: Option<(Arc<str>, Timestamp)>,
}

impl Metrics {
    /// Sets a metric. Does nothing if it is zero.
    pub fn with(mut self, metric: Metric, value: f64) -> Self {
        if value > 0.0 {
            self.values.push((metric, value));
        }
        self
    }

    /// Makes CloudWatch extract the metrics, if there is a namespace and the time is known.
    pub fn publish(mut self, namespace: &Namespace, at: Option<Timestamp>) -> Self {
        self.published = namespace.0.clone().zip(at);
        self
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some((namespace, at)) = &self.published
            && !self.values.is_empty()
        {
            map.serialize_entry("_aws", &EmfMetadata { namespace, at: *at, values: &self.values })?;
        }
        for (metric, value) in &self.values {
            map.serialize_entry(metric.name(), &Number(*value))?;
        }
        map.end()
    }
}

/// A value without needless decimals.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and far below the bound")]
        if self.0.fract() == 0.0 {
            return serializer.serialize_i64(self.0 as i64);
        }
        serializer.serialize_f64(self.0)
    }
}

/// The member `_aws`.
struct EmfMetadata<'a> {
    namespace: &'a str,
    at: Timestamp,
    values: &'a [(Metric, f64)],
}

impl Serialize for EmfMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_refusal = |metric: &Metric| *metric == Metric::Refusals;
        let metrics = self.values.iter().map(|(metric, _)| *metric);
        let (refusals, others): (Vec<_>, Vec<_>) = metrics.partition(is_refusal);
        let directive = |dimensions: &'static [&'static str], metrics: Vec<Metric>| Directive {
            namespace: self.namespace,
            dimensions: [dimensions],
            metrics: metrics.into_iter().map(Definition).collect(),
        };
        let directives = [directive(&[], others), directive(&[PROBLEM], refusals)];
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("Timestamp", &self.at.as_millisecond())?;
        map.serialize_entry("CloudWatchMetrics", &NonEmpty(&directives))?;
        map.end()
    }
}

/// The directives that define a metric.
struct NonEmpty<'a>(&'a [Directive<'a>]);

impl Serialize for NonEmpty<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for directive in self.0.iter().filter(|directive| !directive.metrics.is_empty()) {
            seq.serialize_element(directive)?;
        }
        seq.end()
    }
}

/// Metrics with the same dimensions.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [&'static [&'static str]; 1],
    metrics: Vec<Definition>,
}

/// The name and the unit of a metric.
struct Definition(Metric);

impl Serialize for Definition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("Name", self.0.name())?;
        map.serialize_entry("Unit", self.0.unit())?;
        map.end()
    }
}
