//! The cost of a request: round trips to the table, and capacity units.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::{Capacity, ConsumedCapacity};

use crate::metrics::Metric;

/// Capacity is counted in tenths of a unit, as whole numbers.
const TENTHS: f64 = 10.0;

tokio::task_local! {
    static CURRENT: Arc<CostCounter>;
}

/// The consumption of a request so far.
#[derive(Debug, Default)]
struct CostCounter {
    in_progress: AtomicU32,
    /// When the first of the calls in progress began.
    first_call: Mutex<Option<Instant>>,
    round_trips: AtomicU32,
    read: AtomicU32,
    write: AtomicU32,
    write_indexes: AtomicU32,
}

/// The cost of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Sequential calls. Concurrent calls count once.
    pub round_trips: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units of the table.
    pub write_units: f64,
    /// Write capacity units of its indexes.
    pub index_write_units: f64,
}

/// Runs `work` and measures its cost.
pub async fn metered<T>(work: impl Future<Output = T>) -> (T, Cost) {
    let counter = Arc::new(CostCounter::default());
    let done = CURRENT.scope(Arc::clone(&counter), work).await;
    let units = |tenths: &AtomicU32| f64::from(tenths.load(Relaxed)) / TENTHS;
    let cost = Cost {
        round_trips: counter.round_trips.load(Relaxed),
        read_units: units(&counter.read),
        write_units: units(&counter.write),
        index_write_units: units(&counter.write_indexes),
    };
    (done, cost)
}

/// Counts for the request that runs in this task. Outside of a request it counts nothing.
pub(super) struct Meter;

impl Meter {
    /// Counts a call as a round trip, unless another call is in progress, and its time.
    pub(super) async fn call<T>(call: impl Future<Output = T>) -> T {
        let counter = CURRENT.try_with(Arc::clone).unwrap_or_default();
        if counter.in_progress.fetch_add(1, Relaxed) == 0 {
            counter.round_trips.fetch_add(1, Relaxed);
            *counter.first_call.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Instant::now());
        }
        let done = call.await;
        if counter.in_progress.fetch_sub(1, Relaxed) == 1 {
            let began = *counter.first_call.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = began.map(|began| began.elapsed()).unwrap_or_default();
            Metric::DatabaseTime.add(milliseconds(waited));
        }
        done
    }

    /// Counts the consumption of reads.
    pub(super) fn read<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for capacity in consumed {
            add(|counter| &counter.read, capacity.capacity_units());
        }
    }

    /// Counts the consumption of writes, in the table and in its indexes.
    pub(super) fn write<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for capacity in consumed {
            add(|counter| &counter.write, capacity.table().and_then(Capacity::capacity_units));
            let indexes =
                capacity.global_secondary_indexes().into_iter().flat_map(|map| map.values());
            for index in indexes {
                add(|counter| &counter.write_indexes, index.capacity_units());
            }
        }
    }
}

/// A time in milliseconds, to the microsecond.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    f64::from(u32::try_from(time.as_micros()).unwrap_or(u32::MAX)) / 1e3
}

fn add(number: impl FnOnce(&CostCounter) -> &AtomicU32, units: Option<f64>) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive")]
    let tenths = (units.unwrap_or_default() * TENTHS).round() as u32;
    let _ = CURRENT.try_with(|counter| number(counter).fetch_add(tenths, Relaxed));
}
