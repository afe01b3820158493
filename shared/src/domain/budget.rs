//! Budgets: limits of the mail that people can cause to strangers, and of the organizations that
//! they can create (INV14). Most budgets count uses in a day; [`Budget::SendingInterval`] is the
//! shortest time between two.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{Email, OrgId, Organization, Refusal, UserId};

/// What a budget limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// The time between two sendings of an invitation.
    SendingInterval,
    /// The sendings of an invitation in a day.
    SendingsPerInvitation,
    /// The invitations of an address in a day, by all organizations.
    InvitationsPerAddress,
    /// The invitations of an organization in a day.
    InvitationsPerOrganization,
    /// The organizations that a person creates in a day.
    OrganizationsPerPerson,
    /// The requests of a person to join an organization in a day.
    JoinRequestsPerPerson,
}

impl Budget {
    /// The name of the budget in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::SendingInterval => "sending_interval",
            Self::SendingsPerInvitation => "sendings_per_invitation",
            Self::InvitationsPerAddress => "invitations_per_address",
            Self::InvitationsPerOrganization => "invitations_per_organization",
            Self::OrganizationsPerPerson => "organizations_per_person",
            Self::JoinRequestsPerPerson => "join_requests_per_person",
        }
    }

    /// What a person can do when the budget, of this size, is used up.
    pub(super) fn explanation(self, limit: u32) -> String {
        match self {
            Self::SendingInterval => format!(
                "This invitation was sent less than {limit} seconds ago. Wait before you send it again."
            ),
            Self::SendingsPerInvitation => format!(
                "An invitation can be sent {limit} times a day. Send it again tomorrow, or tell the person to look for the mail."
            ),
            Self::InvitationsPerAddress => format!(
                "An address can be invited, or added to the critical alert users, {limit} times a day, by all organizations together. Use this address again tomorrow."
            ),
            Self::InvitationsPerOrganization => format!(
                "This organization can invite {limit} people a day at present, critical alert users among them. Invite or add the others tomorrow."
            ),
            Self::OrganizationsPerPerson => format!(
                "You can create {limit} organizations a day. Create the next one tomorrow, or ask a platform operator."
            ),
            Self::JoinRequestsPerPerson => format!(
                "You can ask to join this organization {limit} times a day. Ask again tomorrow."
            ),
        }
    }
}

/// The sizes of the budgets in a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// The shortest time between two sendings of an invitation, in seconds.
    pub sending_interval_seconds: u32,
    /// The most sendings of an invitation in a day, with the first one.
    pub sendings_per_invitation: u32,
    /// The most invitations of an address in a day, by all organizations.
    pub invitations_per_address: u32,
    /// The most invitations of an organization that a person creates in the day after its creation.
    pub invitations_on_first_day: u32,
    /// The most invitations of an organization in each later day.
    pub invitations_per_day: u32,
    /// The most organizations that a person creates in a day.
    pub organizations_per_person: u32,
    /// The most requests of a person to join an organization in a day.
    pub join_requests_per_person: u32,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            sending_interval_seconds: 60,
            sendings_per_invitation: 5,
            invitations_per_address: 5,
            invitations_on_first_day: 200,
            invitations_per_day: 2_000,
            organizations_per_person: 5,
            join_requests_per_person: 3,
        }
    }
}

impl Budgets {
    /// The budget of `address` over all organizations, in the present day (UTC).
    pub fn of_address(&self, address: &Email, now: Timestamp) -> DayBudget {
        let holder = hash(address.as_str());
        let limit = self.invitations_per_address;
        DayBudget::new(Budget::InvitationsPerAddress, holder, limit, Timestamp::UNIX_EPOCH, now)
    }

    /// The budget of invitations of `org`.
    pub fn of_organization(&self, org: &Organization, now: Timestamp) -> DayBudget {
        let later = self.of_organization_later(org.id(), now);
        let is_bounded = !org.by_operator && later.day == 0;
        DayBudget {
            limit: if is_bounded { self.invitations_on_first_day } else { later.limit },
            ..later
        }
    }

    /// The budget of invitations of `org`, as after its first day. The days begin at the time of
    /// its creation.
    pub fn of_organization_later(&self, org: OrgId, now: Timestamp) -> DayBudget {
        let (budget, since) = (Budget::InvitationsPerOrganization, org.created_at());
        DayBudget::new(budget, org.bare(), self.invitations_per_day, since, now)
    }

    /// The budget of new organizations of `creator`, in the present day (UTC).
    pub fn of_creator(&self, creator: &UserId, now: Timestamp) -> DayBudget {
        let holder = hash(creator.as_str());
        let limit = self.organizations_per_person;
        DayBudget::new(Budget::OrganizationsPerPerson, holder, limit, Timestamp::UNIX_EPOCH, now)
    }

    /// The budget of the requests of `requester` to join `org`, in the present day (UTC).
    pub fn of_requester(&self, org: OrgId, requester: &UserId, now: Timestamp) -> DayBudget {
        let holder = format!("{}#{}", org.bare(), hash(requester.as_str()));
        let limit = self.join_requests_per_person;
        DayBudget::new(Budget::JoinRequestsPerPerson, holder, limit, Timestamp::UNIX_EPOCH, now)
    }
}

/// The budget of one holder in the present day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayBudget {
    /// What it limits.
    pub budget: Budget,
    /// The hash or id of the address, organization or person.
    pub holder: String,
    /// The number of the day.
    pub day: i64,
    /// The most uses in the day.
    pub limit: u32,
    /// The end of the day.
    pub ends_at: Timestamp,
    /// The time until then, in whole seconds.
    retry_after_seconds: i64,
}

impl DayBudget {
    /// The budget in the day of `now`, counted from `since`.
    fn new(budget: Budget, holder: String, limit: u32, since: Timestamp, now: Timestamp) -> Self {
        let Day { number: day, ends_at } = Day::of(now, since);
        let retry_after_seconds = seconds_until(ends_at, now);
        Self { budget, holder, day, limit, ends_at, retry_after_seconds }
    }

    /// The refusal of a use beyond the limit.
    pub fn refusal(&self) -> Refusal {
        let Self { budget, limit, retry_after_seconds, .. } = *self;
        Refusal::BudgetSpent { budget, limit, retry_after_seconds }
    }

    /// The uses that are left after `used`.
    pub fn left(self, used: u64) -> BudgetLeft {
        BudgetLeft { left: u64::from(self.limit).saturating_sub(used), budget: self }
    }
}

/// How much of a budget is left, while the items of a batch are checked.
#[derive(Clone, Debug)]
pub struct BudgetLeft {
    budget: DayBudget,
    left: u64,
}

impl BudgetLeft {
    /// Checks that one more use fits.
    ///
    /// # Errors
    /// [`Refusal::BudgetSpent`].
    pub fn check(&self) -> Result<(), Refusal> {
        if self.left == 0 { Err(self.budget.refusal()) } else { Ok(()) }
    }

    /// Counts one use.
    pub fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

/// A day of 24 hours.
pub(super) struct Day {
    /// Its number, from 0.
    pub(super) number: i64,
    /// Its end.
    pub(super) ends_at: Timestamp,
}

impl Day {
    /// The day of `now`, counted from `since`. From the epoch on, these are the days of UTC.
    pub(super) fn of(now: Timestamp, since: Timestamp) -> Self {
        let day = SignedDuration::from_hours(24);
        let number = now.duration_since(since).as_secs().div_euclid(day.as_secs());
        let begins_at = SignedDuration::from_secs(number.saturating_mul(day.as_secs()));
        let ends_at = since.saturating_add(begins_at.saturating_add(day));
        Self { number, ends_at: ends_at.unwrap_or(Timestamp::MAX) }
    }
}

/// The whole seconds from `now` until `then`, at least one.
pub(super) fn seconds_until(then: Timestamp, now: Timestamp) -> i64 {
    let rest = then.duration_since(now);
    (rest.as_secs() + i64::from(rest.subsec_nanos() > 0)).max(1)
}

/// A 128-bit hash of an address or a person, in hexadecimal digits.
fn hash(holder: &str) -> String {
    let bytes = Sha256::digest(holder);
    let number = bytes.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    format!("{number:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Kind,
        fixtures::{name, org_id, person},
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn day_of_an_address_is_the_utc_day() {
        let address = Email::parse("ada@example.com").unwrap();
        let of = |now| Budgets::default().of_address(&address, at(now));
        let evening = of("2026-11-21T23:59:58.500Z");
        assert_eq!(evening, DayBudget { retry_after_seconds: 2, ..of("2026-11-21T00:00:00Z") });
        assert_eq!(evening.ends_at, at("2026-11-22T00:00:00Z"));
        assert_eq!(of("2026-11-22T00:00:00Z").day, evening.day + 1);
    }

    #[test]
    fn first_day_of_an_organization_begins_with_its_creation() {
        let created = at("2026-11-21T12:00:00Z");
        let id = OrgId::new(created, 1);
        let created_by =
            |creator| Organization::create(id, name("Acme"), Kind::Standard, creator, created);
        let ada = person("ada");
        let org = created_by(Some(&ada));
        let of = |now| Budgets::default().of_organization(&org, at(now));
        assert_eq!((of("2026-11-21T12:00:00Z").day, of("2026-11-21T12:00:00Z").limit), (0, 200));
        assert_eq!((of("2026-11-22T11:59:59Z").day, of("2026-11-22T11:59:59Z").limit), (0, 200));
        assert_eq!((of("2026-11-22T12:00:00Z").day, of("2026-11-22T12:00:00Z").limit), (1, 2_000));
        // An operator knows whose organization they create.
        assert_eq!(Budgets::default().of_organization(&created_by(None), created).limit, 2_000);
    }

    #[test]
    fn budgets_of_different_holders_are_apart() {
        let (budgets, now) = (Budgets::default(), at("2026-11-21T12:00:00Z"));
        let holder = |name: &str| budgets.of_requester(org_id(1), &UserId::new(name), now).holder;
        assert_ne!(holder("ada"), holder("bob"));
        let elsewhere = budgets.of_requester(org_id(2), &UserId::new("ada"), now).holder;
        assert_ne!(holder("ada"), elsewhere);
    }

    #[test]
    fn batch_uses_what_is_left() {
        let address = Email::parse("ada@example.com").unwrap();
        let budget = Budgets::default().of_address(&address, at("2026-11-21T12:00:00Z"));
        let mut left = budget.clone().left(4);
        assert_eq!(left.check(), Ok(()));
        left.take();
        assert_eq!(left.check(), Err(budget.refusal()));
        assert_eq!(budget.clone().left(9).check(), Err(budget.refusal()));
    }
}
