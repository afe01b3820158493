//! How many an organization has of what it may have only so many of: counted in the transactions
//! that change it, one item a kind, so that no race makes one too many.

use super::{
    Key,
    expression::Expression,
    item::number,
    transaction::{Transaction, or},
};
use crate::domain::{MAX_CRITICAL_ALERT_USERS, MAX_DOMAINS, MAX_JOIN_REQUESTS, OrgId, Refusal};

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tally {
    /// Approved domains.
    Domains,
    /// Open requests to join.
    JoinRequests,
    /// Who receives critical alerts.
    CriticalAlertUsers,
}

impl Tally {
    fn name(self) -> &'static str {
        match self {
            Self::Domains => "approved_domains",
            Self::JoinRequests => "join_requests",
            Self::CriticalAlertUsers => "critical_alert_users",
        }
    }

    /// How many there may be, and what whoever wants one more is told.
    fn most(self) -> (u64, Refusal) {
        match self {
            Self::Domains => (MAX_DOMAINS, Refusal::TooManyDomains(MAX_DOMAINS)),
            Self::JoinRequests => {
                (MAX_JOIN_REQUESTS, Refusal::TooManyJoinRequests(MAX_JOIN_REQUESTS))
            }
            Self::CriticalAlertUsers => {
                let most = MAX_CRITICAL_ALERT_USERS;
                (most, Refusal::TooManyCriticalAlertUsers(most))
            }
        }
    }
}

impl Transaction<'_> {
    /// Counts one more, if there may be one more.
    pub(super) fn one_more(self, org: OrgId, what: Tally) -> Self {
        let (most, full) = what.most();
        let room = "attribute_not_exists(#count) OR #count < :most";
        let room = Expression::new(room, [("most", number(most))]);
        self.add(Key::tally(org, what.name()), by(1), room, or(full))
    }

    /// Counts one less.
    pub(super) fn one_less(self, org: OrgId, what: Tally) -> Self {
        // There is at least the one that goes: the same transaction insists on it.
        let lost = or(Refusal::ChangedMeanwhile);
        self.add(Key::tally(org, what.name()), by(-1), Expression::default(), lost)
    }
}

fn by(by: i64) -> Expression {
    Expression::new("#count :by", [("by", number(by))])
}
