//! Budgets: a counter item for each holder and day, so that every use is counted exactly (INV14).

use super::{
    FetchedItems, Key,
    counters::{BoundedCounter, number_in},
    expression::Expression,
    item::number,
    step::{Change, refuse},
    transaction::Transaction,
};
use crate::domain::{Budgets, DayBudget, Email, Organization};

/// The attribute with the number of uses.
const USED: &str = "used";

/// How long a counter stays after its day, in seconds.
const KEPT_SECONDS: i64 = 86_400;

impl FetchedItems {
    /// How much of a budget is used, according to its counter item.
    pub fn used(&self, budget: &DayBudget) -> u64 {
        number_in(self.item(&Key::budget(budget)), USED)
    }
}

impl Transaction<'_> {
    /// Uses a budget `times` times. The condition on the counter refuses what does not fit, so it
    /// need not be read before.
    pub fn spend(self, budget: &DayBudget, times: u32) -> Self {
        if times == 0 {
            return self;
        }
        let counter = BoundedCounter {
            attribute: USED.to_owned(),
            cap: budget.limit.into(),
            more: times.into(),
            refusal: budget.refusal(),
        };
        let ends = budget.ends_at.as_second() + KEPT_SECONDS;
        let until = Expression::new("#ttl = :ttl", [("ttl", number(ends))]);
        self.update(
            Key::budget(budget),
            vec![Change::Set(until), Change::add(USED, times.into())],
            counter.fits(),
            refuse(counter.refusal),
        )
    }

    /// Counts a mail of an organization to each of some addresses: in their budgets, and in its
    /// own.
    pub fn spend_on_mail<'e>(
        self,
        budgets: &Budgets,
        org: &Organization,
        addresses: impl IntoIterator<Item = &'e Email>,
    ) -> Self {
        let now = self.context.at;
        let mut writes = self;
        let mut mails = 0;
        for address in addresses {
            writes = writes.spend(&budgets.of_address(address, now), 1);
            mails += 1;
        }
        writes.spend(&budgets.of_organization(org, now), mails)
    }
}
