//! The log: one JSON object a line.
//!
//! Lambda passes a line that is a JSON object to CloudWatch as it is. Most lines are events of
//! `tracing`. The line that ends a request or a run is built here, because its metrics are nested
//! objects, which an event of `tracing` cannot have.

use std::fmt::{self, Debug};

use jiff::Timestamp;
use serde::Serialize;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    lambda::setting,
    metrics::{Metrics, Namespace},
};

/// The target of events whose message is a whole line.
const LINE: &str = "line";

/// Starts the log: events from level `info` on, or as `RUST_LOG` sets it. Does nothing if the log
/// has been started before.
pub fn start(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let targets = setting("RUST_LOG").and_then(|targets| targets.parse::<Targets>().ok());
    let filter = targets.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(writer)
        .without_time() // CloudWatch adds the time.
        .map_event_format(Lines);
    // Fails only if the log has been started before.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

/// Logs `members`, a JSON object, as one line of level `info`.
pub(crate) fn line(members: &impl Serialize) {
    if tracing::enabled!(target: LINE, Level::INFO) {
        // INVARIANT: a struct with string keys always serializes.
        let text = serde_json::to_string(members).unwrap_or_default();
        tracing::info!(target: LINE, "{text}");
    }
}

/// Logs the line that ends a run that no request caused: its `message`, the members of its `result`
/// and its metrics.
pub fn run(
    message: &str,
    request_id: &str,
    at: Timestamp,
    result: &impl Serialize,
    metrics: Metrics,
) {
    #[derive(Serialize)]
    struct RunLine<'a, R: Serialize> {
        level: &'static str,
        message: &'a str,
        request_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        function: Option<String>,
        #[serde(flatten)]
        result: &'a R,
        #[serde(flatten)]
        metrics: Metrics,
    }
    let function = setting("AWS_LAMBDA_FUNCTION_NAME");
    let metrics = metrics.publish(&Namespace::from_environment(), Some(at));
    line(&RunLine { level: "INFO", message, request_id, function, result, metrics });
}

/// The format of the log: whole lines as they are, and other events in the format inside.
struct Lines<F>(F);

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() != LINE {
            return self.0.format_event(context, writer, event);
        }
        let mut message = LogMessage { writer: writer.by_ref(), result: Ok(()) };
        event.record(&mut message);
        message.result.and_then(|()| writeln!(writer))
    }
}

/// Writes the message of an event.
struct LogMessage<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Visit for LogMessage<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // The message is `fmt::Arguments`, whose `Debug` is its text.
            self.result = write!(self.writer, "{value:?}");
        }
    }
}
