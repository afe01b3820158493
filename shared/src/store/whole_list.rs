//! A short list of users, read to its end at once: for an order that no index has (SUB6).

use std::collections::HashSet;

use futures_util::future::try_join_all;

use super::{
    Error, ListedUser, Position, Store, UserFilter,
    item::Item,
    range::{Found, MAX_FILTER_UNITS, Range},
    users::MAX_STEPS,
};

/// The most users that ranges without a filter read. If they have 1 KB, [`MAX_FILTER_UNITS`]
/// suffice.
const MAX_READ: usize = 800;

impl Store {
    /// All users that a filter shows, in no order. `None` for more than `most`, and if filters
    /// would read more than those of a page do.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn all_users(
        &self,
        filter: &UserFilter,
        most: usize,
    ) -> Result<Option<Vec<ListedUser>>, Error> {
        let mut list = WholeList { most, items: Vec::new(), units: MAX_FILTER_UNITS };
        let mut next = Some(Position::new(""));
        for _ in 0..MAX_STEPS {
            let Some(position) = next else { break };
            let step = self.part_step(filter, &position).await?;
            list.units -= step.units;
            let after = Some(position.key).filter(|key| !key.is_empty());
            let ranges = step.ranges.into_iter().map(|range| (range, after.clone())).collect();
            if !list.read(self, ranges).await? {
                return Ok(None);
            }
            next = step.next;
        }
        if next.is_some() {
            return Ok(None);
        }
        let users = list.items.into_iter().map(ListedUser::of).collect::<Result<Vec<_>, _>>()?;
        // A user whose role changes meanwhile can be in two ranges.
        let mut seen = HashSet::new();
        Ok(Some(users.into_iter().filter(|user| seen.insert(user.key())).collect()))
    }
}

/// What was read of a list so far.
struct WholeList {
    most: usize,
    items: Vec<Item>,
    /// The read units that are left for filters.
    units: f64,
}

impl WholeList {
    /// Reads ranges to their ends, each after a key. Returns whether the list is still short.
    async fn read(
        &mut self,
        store: &Store,
        mut open: Vec<(Range, Option<String>)>,
    ) -> Result<bool, Error> {
        while !open.is_empty() && self.is_short() {
            let share = MAX_READ.saturating_sub(self.items.len()) / open.len();
            let wanted = share.clamp(1, self.most + 1 - self.items.len());
            let units = self.units / f64::from(u32::try_from(open.len()).unwrap_or(u32::MAX));
            let reads = open
                .iter()
                .map(|(range, after)| store.read(range, after.as_deref(), wanted, units));
            let found = try_join_all(reads).await?;
            let continued = |((range, _), found)| Some((range, Some(self.take(found, wanted)?)));
            open = open.into_iter().zip(found).filter_map(continued).collect();
        }
        Ok(self.is_short())
    }

    fn is_short(&self) -> bool {
        self.items.len() <= self.most && self.units >= 1.0
    }

    /// Adds the items, and returns the key after which the range continues.
    fn take(&mut self, found: Found, wanted: usize) -> Option<String> {
        let Found { items, stopped_at, units } = found;
        self.units -= units;
        let is_full = items.len() >= wanted;
        let last = items.last().filter(|_| is_full).map(|(key, _)| key.clone());
        self.items.extend(items.into_iter().map(|(_, item)| item));
        stopped_at.or(last)
    }
}
