//! Passes the records of the table's stream to the outbox, as a Lambda event source mapping does: in order and in batches.
//!
//! After a failure it retries from the failed record. It skips a record after [`MAX_ATTEMPTS`].

use std::{fs, io, path::Path, path::PathBuf, time::Duration};

use aws_lambda_events::dynamodb::{Event, EventRecord};
use lambda_http::Error;
use mail::MailService;
use tokio::sync::oneshot::Receiver;

use crate::{TABLE, data::replace, engine::Engine, outbox::Outbox};

/// The time between two reads of the stream.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The number of records in a batch.
const BATCH_SIZE: usize = 100;
/// How often a record is tried before it is skipped.
const MAX_ATTEMPTS: u32 = 10;

/// A reader of the stream and its position.
#[derive(Debug)]
pub(crate) struct Stream {
    outbox: Outbox,
    /// The sequence number of the last record that was handled or skipped.
    position: Option<String>,
    /// The file that stores the position.
    file: Option<PathBuf>,
    /// The position in the file.
    saved: Option<String>,
    /// How often the record after the position failed.
    failures: u32,
}

impl Stream {
    /// Continues from the position stored in `directory`, or starts at the beginning of the stream.
    ///
    /// # Errors
    ///
    /// The position cannot be read.
    pub(crate) fn open(outbox: Outbox, directory: Option<&Path>) -> Result<Self, Error> {
        let file = directory.map(|directory| directory.join("stream.position"));
        let position = match file.as_deref().map(fs::read_to_string) {
            None => None,
            Some(Ok(position)) if position.trim().is_empty() => {
                let problem = "stream.position in the data directory is empty, so events would be published \
                               twice: move the directory away or remove it, then start again";
                return Err(problem.into());
            }
            Some(Ok(position)) => Some(position.trim().to_owned()),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Some(Err(error)) => return Err(error.into()),
        };
        Ok(Self { outbox, saved: position.clone(), position, file, failures: 0 })
    }

    /// What sends mail.
    pub(crate) fn mail(&self) -> MailService {
        self.outbox.mail.clone()
    }

    /// Passes on records as they arrive, until `stopped` completes. Dropping the future instead could lose mail that was
    /// taken from the queue and not sent yet.
    pub(crate) async fn follow(&mut self, engine: &Engine, mut stopped: Receiver<()>) {
        loop {
            self.drain(engine).await;
            tokio::select! {
                _ = &mut stopped => return,
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// Passes on all records of the stream, up to the first one that fails, and sends the mail that waits.
    pub(crate) async fn drain(&mut self, engine: &Engine) {
        loop {
            let more = self.read_page(engine).await.unwrap_or_else(|error| {
                eprintln!("the stream cannot be read: {error}");
                false
            });
            // While mail waits, the file has an earlier position: a process that starts again repeats its events.
            if self.outbox.send_mail().await
                && let Err(error) = self.save()
            {
                eprintln!("the position in the stream cannot be stored: {error}");
            }
            if !more {
                return;
            }
        }
    }

    /// Passes on one page of the stream. Returns whether to read the next page at once.
    async fn read_page(&mut self, engine: &Engine) -> Result<bool, Error> {
        let records = engine.records(TABLE, self.position.clone()).await?.records;
        for batch in records.chunks(BATCH_SIZE) {
            let mut event = Event::default();
            event.records.extend_from_slice(batch);
            let response = self.outbox.publish(event).await;
            let failure = response.batch_item_failures.first();
            let failed = failure.and_then(|failure| failure.item_identifier.as_deref());
            let done = batch.iter().take_while(|record| sequence_number(record) != failed).count();
            if let Some(last) = done.checked_sub(1).and_then(|last| batch.get(last)) {
                self.advance(last);
            }
            if let Some(record) = batch.get(done) {
                self.failures += 1;
                if self.failures < MAX_ATTEMPTS {
                    return Ok(false);
                }
                eprintln!("skipped after {MAX_ATTEMPTS} failures: {:?}", record.change.keys);
                self.advance(record);
                return Ok(true);
            }
        }
        Ok(!records.is_empty())
    }

    /// Moves the position past `record`.
    fn advance(&mut self, record: &EventRecord) {
        self.position.clone_from(&record.change.sequence_number);
        self.failures = 0;
    }

    /// Stores the position, if it has moved.
    fn save(&mut self) -> io::Result<()> {
        let (Some(file), Some(position)) = (&self.file, &self.position) else { return Ok(()) };
        if self.saved.as_ref() != Some(position) {
            replace(file, position.as_bytes())?;
            self.saved = Some(position.clone());
        }
        Ok(())
    }
}

fn sequence_number(record: &EventRecord) -> Option<&str> {
    record.change.sequence_number.as_deref()
}
