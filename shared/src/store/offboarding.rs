//! The end of what people have in many organizations, and the offboarding of a person (OP2).
//! Memberships, invitations, open requests and critical alerts end. The person's name and address
//! stay for the history.

use serde::Serialize;

use super::{
    Deadline, Error, KnownAddress, KnownIn, PersonalData, Store, transaction::Transaction,
};
use crate::domain::{CriticalAlertUser, EventAction, JoinRequest, Member, RequestContext, RoleId};

/// The most actions of one transaction that ends what a person has. `DynamoDB` accepts 100.
const MAX_ACTIONS: usize = 98;
/// The actions for a membership, a request and their events, at most.
const ACTIONS_OF_PERSON: usize = 8;
/// The actions for an address and its events, at most.
const ACTIONS_OF_ADDRESS: usize = 7;

/// The progress of a request that ends what a person has in many organizations.
#[derive(Clone, Copy, Debug)]
pub struct EndingProgress {
    /// The end of the time of the request.
    pub deadline: Deadline,
    /// The number of organizations that are done.
    pub organizations: usize,
    /// What ended there.
    pub ended: EndedAccess,
    /// The number of transactions.
    transactions: u128,
}

impl EndingProgress {
    /// The progress of a request that begins now.
    pub fn begin() -> Self {
        let ended = EndedAccess::default();
        Self { deadline: Deadline::begin(), organizations: 0, ended, transactions: 0 }
    }
}

/// How much ended, or can end, of what gives a person access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndedAccess {
    /// The number of memberships, without those as Super Admin.
    pub memberships: usize,
    /// The number of pending invitations.
    pub invitations: usize,
    /// The number of open join requests.
    pub join_requests: usize,
    /// The number of organizations whose critical alerts an address received, one for each address.
    pub critical_alert_users: usize,
}

impl EndedAccess {
    fn add(&mut self, other: Self) {
        self.memberships += other.memberships;
        self.invitations += other.invitations;
        self.join_requests += other.join_requests;
        self.critical_alert_users += other.critical_alert_users;
    }
}

impl KnownIn {
    /// The membership that an operator can end. The Super Admin's never ends without a successor
    /// (SA3).
    fn removable_member(&self) -> Option<&Member> {
        self.member.as_ref().filter(|member| member.role_id != RoleId::SUPER_ADMIN)
    }

    /// The critical alert users with an address of the person. An address that a membership holds
    /// which stays is left out: the person's as Super Admin, or another person's.
    fn removable_alerts(&self) -> impl Iterator<Item = &CriticalAlertUser> {
        let own = self.removable_member().and_then(|member| member.email.as_ref());
        let ends = move |known: &&KnownAddress| !known.is_taken || Some(&known.email) == own;
        self.addresses.iter().filter(ends).filter_map(|known| known.alert.as_ref())
    }

    /// What the person has here that an operator can end.
    fn access(&self) -> EndedAccess {
        let invited = self.addresses.iter().filter(|address| address.invitation.is_some());
        let asks = self.request.as_ref().is_some_and(JoinRequest::is_pending);
        EndedAccess {
            memberships: usize::from(self.removable_member().is_some()),
            invitations: invited.count(),
            join_requests: usize::from(asks),
            critical_alert_users: self.removable_alerts().count(),
        }
    }
}

impl Store {
    /// Ends the memberships, invitations, open requests and critical alerts of a person, until the
    /// deadline of `progress`. Returns whether none is left.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`](crate::domain::Refusal::ChangedConcurrently) or a similar
    /// refusal if an item has changed since it was read.
    pub async fn offboard(
        &self,
        context: &RequestContext,
        data: &PersonalData,
        progress: &mut EndingProgress,
    ) -> Result<bool, Error> {
        let all = data.organizations.iter();
        // The clean-up ends what belongs to a deleted organization.
        let left = all.filter(|known| !known.org.is_deleted());
        let left: Vec<_> = left.filter(|known| known.access() != EndedAccess::default()).collect();
        self.end_everywhere(context, &left, progress, |mut writes, known| {
            writes.offboarding = true;
            writes.offboard_from(known)
        })
        .await
    }

    /// Ends what a person has in some organizations, as many in one transaction as fit, until the
    /// deadline of `progress`. Returns whether none is left.
    pub(super) async fn end_everywhere<'a>(
        &'a self,
        context: &'a RequestContext,
        organizations: &[&KnownIn],
        progress: &mut EndingProgress,
        end: impl Fn(Transaction<'a>, &KnownIn) -> Result<Transaction<'a>, Error>,
    ) -> Result<bool, Error> {
        let mut left = organizations;
        while !left.is_empty() {
            if progress.deadline.has_passed() {
                return Ok(false);
            }
            let (now, later) = left.split_at(fitting(left));
            let mut writes = self.transaction(context);
            // Every event of the request has a number of its own.
            writes.next_event = progress.transactions << 16;
            for known in now {
                writes = end(writes, known)?;
            }
            progress.transactions += 1;
            writes.commit(&()).await?;
            progress.organizations += now.len();
            for known in now {
                progress.ended.add(known.access());
            }
            left = later;
        }
        Ok(true)
    }
}

impl Transaction<'_> {
    /// Ends what a person has in an organization, and records it.
    fn offboard_from(mut self, known: &KnownIn) -> Result<Self, Error> {
        let org = &known.org;
        for invitation in known.addresses.iter().filter_map(|known| known.invitation.as_ref()) {
            self = self.revoke_as_operator(org, invitation)?;
        }
        if let Some(request) = known.request.as_ref().filter(|request| request.is_pending()) {
            self = self.drop_request(org, request)?;
        }
        let member = known.removable_member();
        let own = member.and_then(|member| member.email.as_ref());
        let (of_member, others): (Vec<_>, Vec<_>) =
            known.removable_alerts().partition(|alert| Some(&alert.value) == own);
        for alert in others {
            self = self.end_entry(org, alert)?;
        }
        let Some(member) = member else { return Ok(self) };
        self.remove(org, member, EventAction::MemberRemoved, of_member.first().copied())
    }
}

/// How many of these organizations fit into one transaction, at least 1.
fn fitting(left: &[&KnownIn]) -> usize {
    let mut actions = 0;
    let fits = |known: &&&KnownIn| {
        actions += ACTIONS_OF_PERSON + ACTIONS_OF_ADDRESS * known.addresses.len();
        actions <= MAX_ACTIONS
    };
    left.iter().take_while(fits).count().max(1)
}
