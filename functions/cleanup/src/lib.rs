//! The scheduled clean-up. It ends expired invitations (INV10) and memberships whose access has
//! ended (END1), with one event each. It continues role deletions that were too long for one
//! request (ROLE6). It ends what belongs to deleted organizations (SA7).
//!
//! It reads only due items and handles each in transactions of its own. It may stop at any point;
//! the next run continues with the items that are still due.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{CustomRoleId, Invitation, Member, OrgId, Refusal, RequestContext},
    metrics::Metric,
    store::{
        Deadline, DeletionProgress, DueItem, DueItems, Error, FetchedItems, Key,
        ReassignmentProgress, Store,
    },
};

/// The number of items that one read returns from each shard of the index.
const BATCH: u16 = 100;
/// The number of items that are handled concurrently.
const AT_ONCE: usize = 8;

/// The result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CleanupSummary {
    /// Invitations that were ended.
    pub expired: u32,
    /// Memberships that were ended, because their access had.
    pub members_expired: u32,
    /// Roles whose users all have another role now, and which were deleted.
    pub roles_deleted: u32,
    /// Deleted organizations that have nothing left but their history.
    pub organizations_ended: u32,
    /// Due items that another request changed meanwhile.
    pub skipped: u32,
    /// Due items that failed. The next run tries them again.
    pub failed: u32,
    /// Whether more items are due: time ran out, a role deletion is unfinished, or an index lags.
    pub more: bool,
}

/// The result for one due item.
enum DueItemResult {
    Expired,
    MemberExpired,
    RoleDeleted,
    OrganizationEnded,
    Unfinished,
    Skipped,
    Failed,
}

/// Handles the items that are due at `now`, until none is due or `out_of_time` returns true. Events
/// have the time that `clock` shows when their transaction begins, so that a poller of a history
/// finds them.
///
/// # Errors
///
/// [`Error::Unavailable`] if the table cannot be read.
pub async fn run(
    store: &Store,
    now: Timestamp,
    clock: impl Fn() -> Timestamp,
    request_id: &str,
    out_of_time: impl Fn() -> bool,
) -> Result<CleanupSummary, Error> {
    let mut summary = CleanupSummary::default();
    let mut is_first = true;
    loop {
        if out_of_time() {
            return Ok(CleanupSummary { more: true, ..summary });
        }
        let DueItems { items, more, oldest } = store.due(now, BATCH).await?;
        if std::mem::take(&mut is_first) {
            measure_backlog(items.len(), oldest, now);
        }
        // The organization has the retention of events (ORG5) and its pending first Admin (INV8).
        let orgs: BTreeSet<_> = items.iter().filter_map(organization_of).collect();
        let found = store.get(orgs.into_iter().map(Key::organization)).await?;
        let time = || now.max(clock());
        let round = Round { store, found: &found, time, request_id, out_of_time: &out_of_time };
        let outcomes = stream::iter(items).map(|item| round.item(item));
        let outcomes: Vec<_> = outcomes.buffer_unordered(AT_ONCE).collect().await;
        let before = summary;
        for outcome in &outcomes {
            summary.count(outcome);
        }
        let unfinished =
            outcomes.iter().any(|outcome| matches!(outcome, DueItemResult::Unfinished));
        let progress = before.handled() != summary.handled();
        // Without progress, the same items would be read again: they failed, are unfinished, or the
        // index lags.
        if !more || !progress {
            return Ok(CleanupSummary { more: more || unfinished, ..summary });
        }
    }
}

/// Adds the backlog as the run found it. Its age grows if runs do not keep up, or if an item fails
/// each time. The first read returns at most [`BATCH`] items of each shard.
fn measure_backlog(items: usize, oldest: Option<Timestamp>, now: Timestamp) {
    Metric::DueItems.add(f64::from(u32::try_from(items).unwrap_or(u32::MAX)));
    Metric::DueAge.add(oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64()));
}

/// One round of the clean-up.
struct Round<'a, T, E> {
    store: &'a Store,
    found: &'a FetchedItems,
    /// The present time, at which all items are due.
    time: T,
    request_id: &'a str,
    out_of_time: &'a E,
}

impl<T: Fn() -> Timestamp, E: Fn() -> bool> Round<'_, T, E> {
    fn context(&self) -> RequestContext {
        RequestContext::without_actor((self.time)(), self.request_id, rand::random())
    }

    async fn item(&self, item: DueItem) -> DueItemResult {
        use Refusal::{
            ChangedConcurrently, NoSuchInvitation, NoSuchMember, NoSuchOrganization, NoSuchRole,
        };
        let done = match item {
            DueItem::Invitation(invitation) => self.expire_invitation(&invitation).await,
            DueItem::Member(member) => self.end_access(&member).await,
            DueItem::Role { org, role } => self.reassign_users(org, role).await,
            DueItem::Organization(org) => self.end_organization(org).await,
        };
        match done {
            Ok(outcome) => outcome,
            Err(Error::Refused(
                ChangedConcurrently | NoSuchInvitation | NoSuchMember | NoSuchOrganization
                | NoSuchRole,
            )) => DueItemResult::Skipped,
            Err(cause) => {
                tracing::error!(%cause, "a due item failed");
                DueItemResult::Failed
            }
        }
    }

    async fn expire_invitation(&self, invitation: &Invitation) -> Result<DueItemResult, Error> {
        let org = self.found.organization(invitation.path.id()).cloned();
        let org = org.ok_or(Refusal::NoSuchInvitation)?;
        let context = self.context();
        let writes = self.store.transaction(&context).expire(&org, invitation)?;
        writes.commit(&()).await.map(|_| DueItemResult::Expired)
    }

    async fn end_access(&self, member: &Member) -> Result<DueItemResult, Error> {
        let org =
            self.found.organization(member.path.id()).cloned().ok_or(Refusal::NoSuchMember)?;
        self.store.end_access(&self.context(), &org, member).await?;
        Ok(DueItemResult::MemberExpired)
    }

    async fn reassign_users(&self, org: OrgId, role: CustomRoleId) -> Result<DueItemResult, Error> {
        loop {
            let context = self.context();
            let deadline = Deadline::begin();
            let stop = || deadline.has_passed() || (self.out_of_time)();
            return Ok(
                match self.store.continue_role_deletion(&context, org, role, stop).await? {
                    ReassignmentProgress::Done => DueItemResult::RoleDeleted,
                    ReassignmentProgress::AlreadyDeleted => DueItemResult::Skipped,
                    ReassignmentProgress::Unfinished { .. } if self.continues(deadline) => continue,
                    ReassignmentProgress::Unfinished { .. } => DueItemResult::Unfinished,
                },
            );
        }
    }

    async fn end_organization(&self, org: OrgId) -> Result<DueItemResult, Error> {
        loop {
            let context = self.context();
            let deadline = Deadline::begin();
            let stop = || deadline.has_passed() || (self.out_of_time)();
            return Ok(match self.store.end_organization(&context, org, stop).await? {
                DeletionProgress::Done => DueItemResult::OrganizationEnded,
                DeletionProgress::Unfinished if self.continues(deadline) => continue,
                DeletionProgress::Unfinished => DueItemResult::Unfinished,
            });
        }
    }

    /// Whether long work that stopped at `deadline` continues, with events of a later time.
    fn continues(&self, deadline: Deadline) -> bool {
        deadline.has_passed() && !(self.out_of_time)()
    }
}

impl CleanupSummary {
    /// The numbers of items that were ended.
    fn handled(&self) -> [u32; 4] {
        [self.expired, self.members_expired, self.roles_deleted, self.organizations_ended]
    }

    fn count(&mut self, outcome: &DueItemResult) {
        let counter = match outcome {
            DueItemResult::Expired => &mut self.expired,
            DueItemResult::MemberExpired => &mut self.members_expired,
            DueItemResult::RoleDeleted => &mut self.roles_deleted,
            DueItemResult::OrganizationEnded => &mut self.organizations_ended,
            DueItemResult::Skipped => &mut self.skipped,
            DueItemResult::Failed => {
                Metric::CleanupFailures.add(1.0);
                &mut self.failed
            }
            DueItemResult::Unfinished => return,
        };
        *counter += 1;
    }
}

/// The organization that must be read to end an item. A reassignment and the end of an organization
/// read their own.
fn organization_of(item: &DueItem) -> Option<OrgId> {
    match item {
        DueItem::Invitation(invitation) => Some(invitation.path.id()),
        DueItem::Member(member) => Some(member.path.id()),
        DueItem::Role { .. } | DueItem::Organization(_) => None,
    }
}

/// The time before Lambda's deadline at which a run ends.
pub const RESERVE: Duration = Duration::from_secs(10);
