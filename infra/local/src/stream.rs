//! The way from the table's stream to notify, as Lambda goes it: in order, in batches, again from where
//! a batch failed, and past what fails too often.

use std::{convert::Infallible, fs, io, path::Path, path::PathBuf, time::Duration};

use aws_lambda_events::dynamodb::{Event, EventRecord};
use lambda_http::Error;
use notify::{Outbox, handle};

use crate::{TABLE, engine::Engine};

/// How often the stream is looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// How many records are handed on at once.
const BATCH: usize = 100;
/// How often the same place is tried before it is given up.
const TRIES: u32 = 10;

/// Whoever reads the stream, and how far.
#[derive(Debug)]
pub(crate) struct Stream {
    outbox: Outbox,
    /// The last record that is done with.
    position: Option<String>,
    /// Where that is kept.
    file: Option<PathBuf>,
    /// How often the record after it failed.
    failures: u32,
}

impl Stream {
    /// Goes on where it stopped the last time.
    pub(crate) fn open(outbox: Outbox, directory: Option<&Path>) -> Result<Self, Error> {
        let file = directory.map(|directory| directory.join("stream.position"));
        let position = match file.as_deref().map(fs::read_to_string) {
            None => None,
            Some(Ok(position)) => Some(position.trim().to_owned()).filter(|it| !it.is_empty()),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Some(Err(error)) => return Err(error.into()),
        };
        Ok(Self { outbox, position, file, failures: 0 })
    }

    /// Hands on whatever comes, for as long as it is polled.
    pub(crate) async fn follow(&mut self, engine: &Engine) -> Infallible {
        loop {
            self.drain(engine).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Hands on what is there, up to what fails.
    pub(crate) async fn drain(&mut self, engine: &Engine) {
        loop {
            match self.batch(engine).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return eprintln!("the stream cannot be read: {error}"),
            }
        }
    }

    /// Hands on one look at the stream. Is there more to do at once?
    async fn batch(&mut self, engine: &Engine) -> Result<bool, Error> {
        let records = engine.records(TABLE, self.position.clone()).await?.records;
        for batch in records.chunks(BATCH) {
            let mut event = Event::default();
            event.records.extend_from_slice(batch);
            let unfinished = handle(event, &self.outbox, || false).await;
            let failed = unfinished.batch_item_failures.first();
            let failed = failed.and_then(|failure| failure.item_identifier.as_deref());
            let done = batch.iter().take_while(|record| sequence(record) != failed).count();
            if let Some(last) = done.checked_sub(1).and_then(|last| batch.get(last)) {
                self.advance(last)?;
            }
            if let Some(record) = batch.get(done) {
                self.failures += 1;
                if self.failures < TRIES {
                    return Ok(false);
                }
                eprintln!("given up, it failed {TRIES} times: {:?}", record.change.keys);
                self.advance(record)?;
                return Ok(true);
            }
        }
        Ok(!records.is_empty())
    }

    /// Is done with a record. The place is written beside and renamed, so that half of it is never
    /// found.
    fn advance(&mut self, record: &EventRecord) -> io::Result<()> {
        self.position.clone_from(&record.change.sequence_number);
        self.failures = 0;
        let (Some(file), Some(position)) = (&self.file, &self.position) else { return Ok(()) };
        let draft = file.with_extension("position.new");
        fs::write(&draft, position)?;
        fs::rename(draft, file)
    }
}

fn sequence(record: &EventRecord) -> Option<&str> {
    record.change.sequence_number.as_deref()
}
