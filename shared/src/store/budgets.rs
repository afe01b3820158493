//! Budgets: a counter item for each holder and day, so that every use is counted exactly (INV14).

use super::{
    FetchedItems, Key,
    expression::Expression,
    item::number,
    transaction::{Change, Transaction, refuse},
};
use crate::domain::DayBudget;

/// How long a counter stays after its day, in seconds.
const KEPT_SECONDS: i64 = 86_400;

impl FetchedItems {
    /// How much of a budget is used, according to its counter item.
    pub fn used(&self, budget: &DayBudget) -> u64 {
        let item = self.item(&Key::budget(budget));
        let used = item.and_then(|item| item.get("used")?.as_n().ok()?.parse().ok());
        used.unwrap_or_default()
    }
}

impl Transaction<'_> {
    /// Uses a budget `times` times. The condition on the counter refuses what does not fit, so it
    /// need not be read before.
    pub fn spend(self, budget: &DayBudget, times: u32) -> Self {
        if times == 0 {
            return self;
        }
        let below = i64::from(budget.limit) + 1 - i64::from(times);
        let fits = if below > 0 {
            "attribute_not_exists(#used) OR #used < :below"
        } else {
            "#used < :below"
        };
        let ends = budget.ends_at.as_second() + KEPT_SECONDS;
        let until = Expression::new("#ttl = :ttl", [("ttl", number(ends))]);
        self.update(
            Key::budget(budget),
            vec![Change::Set(until), Change::add("used", times.into())],
            Expression::new(fits, [("below", number(below))]),
            refuse(budget.refusal()),
        )
    }
}
