//! What a request costs: round trips to the table, and capacity units.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use aws_sdk_dynamodb::types::{Capacity, ConsumedCapacity};

/// Capacity in tenths of a unit, so that it can be counted in whole numbers.
const TENTHS: f64 = 10.0;

tokio::task_local! {
    static CURRENT: Arc<CostCounter>;
}

/// What one request has consumed so far.
#[derive(Debug, Default)]
struct CostCounter {
    under_way: AtomicU32,
    round_trips: AtomicU32,
    read: AtomicU32,
    write: AtomicU32,
    write_indexes: AtomicU32,
}

/// What a request consumed: sequential round trips, and capacity units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Calls that had to wait for one another; calls side by side count once.
    pub round_trips: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units of the table.
    pub write_units: f64,
    /// Write capacity units of its indexes.
    pub index_write_units: f64,
}

/// Runs `work`, and tells what it consumed.
pub async fn metered<T>(work: impl Future<Output = T>) -> (T, Cost) {
    let tally = Arc::new(CostCounter::default());
    let done = CURRENT.scope(Arc::clone(&tally), work).await;
    let units = |tenths: &AtomicU32| f64::from(tenths.load(Relaxed)) / TENTHS;
    let cost = Cost {
        round_trips: tally.round_trips.load(Relaxed),
        read_units: units(&tally.read),
        write_units: units(&tally.write),
        index_write_units: units(&tally.write_indexes),
    };
    (done, cost)
}

/// Counts into whatever request is running; outside of one it counts nothing.
pub(super) struct Meter;

impl Meter {
    /// Counts a call as a round trip, unless another is under way beside it.
    pub(super) async fn call<T>(call: impl Future<Output = T>) -> T {
        let tally = CURRENT.try_with(Arc::clone).unwrap_or_default();
        if tally.under_way.fetch_add(1, Relaxed) == 0 {
            tally.round_trips.fetch_add(1, Relaxed);
        }
        let done = call.await;
        tally.under_way.fetch_sub(1, Relaxed);
        done
    }

    /// Counts what reads consumed.
    pub(super) fn read<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for capacity in consumed {
            add(|tally| &tally.read, capacity.capacity_units());
        }
    }

    /// Counts what writes consumed, in the table and in its indexes.
    pub(super) fn write<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for capacity in consumed {
            add(|tally| &tally.write, capacity.table().and_then(Capacity::capacity_units));
            let indexes =
                capacity.global_secondary_indexes().into_iter().flat_map(|map| map.values());
            for index in indexes {
                add(|tally| &tally.write_indexes, index.capacity_units());
            }
        }
    }
}

fn add(counter: impl FnOnce(&CostCounter) -> &AtomicU32, units: Option<f64>) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive")]
    let tenths = (units.unwrap_or_default() * TENTHS).round() as u32;
    // Outside of a request nothing is counted.
    let _ = CURRENT.try_with(|tally| counter(tally).fetch_add(tenths, Relaxed));
}
