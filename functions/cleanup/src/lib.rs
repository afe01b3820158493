//! The scheduled clean-up: expired invitations end, one event each (INV10).
//!
//! It reads only what is due, ends each in a transaction of its own, and can stop anywhere: what it
//! did is done, and what it did not is still due the next time.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{Act, Refusal},
    store::{Error, Key, Store},
};

/// How many are read at once from each part of the index.
const BATCH: u16 = 100;
/// How many are ended side by side.
const AT_ONCE: usize = 8;

/// What the schedule sends.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Tick {
    /// The time it is run for: what expired by then ends.
    pub time: Timestamp,
}

/// What it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Invitations ended.
    pub expired: u32,
    /// Those that somebody resent, accepted or ended while we looked.
    pub skipped: u32,
    /// Those that could not be ended now. They are due the next time.
    pub failed: u32,
    /// Is there more to do, because the time ran out?
    pub more: bool,
}

/// Ends what expired by `now`, until nothing is due, or `enough` says that time has run out.
pub async fn run(
    store: &Store,
    now: Timestamp,
    request_id: &str,
    enough: impl Fn() -> bool,
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    loop {
        if enough() {
            return Ok(Summary { more: true, ..summary });
        }
        let overdue = store.overdue(now, BATCH).await?;
        let more = overdue.more;
        // Whose they are tells how long the events are kept (ORG5), and who is waited for (INV8).
        let orgs: BTreeSet<_> = overdue.invitations.iter().map(|open| open.path.id()).collect();
        let found = store.look(orgs.into_iter().map(Key::organization)).await?;
        let found = &found;
        let ended = stream::iter(overdue.invitations).map(|invitation| async move {
            let org = found.organization(invitation.path.id())?;
            let org = org.ok_or(Refusal::NoSuchInvitation)?;
            store.expire(&act(now, request_id), &org, &invitation).await
        });
        let ended: Vec<_> = ended.buffer_unordered(AT_ONCE).collect().await;
        let mut progress = false;
        for done in ended {
            match done {
                Ok(()) => {
                    summary.expired += 1;
                    progress = true;
                }
                Err(Error::Refused(Refusal::NoSuchInvitation | Refusal::ChangedMeanwhile)) => {
                    summary.skipped += 1;
                }
                Err(cause) => {
                    tracing::error!(%cause, "an invitation could not be ended");
                    summary.failed += 1;
                }
            }
        }
        // What is still listed after a round without progress is the index lagging behind.
        if !more || !progress {
            return Ok(Summary { more, ..summary });
        }
    }
}

/// Nobody acts when the schedule does.
fn act(now: Timestamp, request_id: &str) -> Act {
    Act {
        by: None,
        as_operator: false,
        at: now,
        request_id: request_id.to_owned(),
        seed: rand::random(),
        once: None,
    }
}

/// How much time is kept for answering.
pub const RESERVE: Duration = Duration::from_secs(10);
