//! Join requests: a person asks to become a member, and a user manager decides (ORG2).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(super) mod mails;

use crate::domain::{
    AddressSlot, Email, JoinRequestId, Level, Member, OrgId, Organization, Person, Refusal, RoleId,
    RoleObject, Source, Standing, Target, TargetKind, UserId, Version,
    invitation::address_slot::check_free,
};

/// The highest number of open join requests in an organization.
pub const MAX_JOIN_REQUESTS: u64 = 200;
/// The longest comment of a join request, in characters.
pub const MAX_COMMENT: usize = 500;
/// How long a declined person cannot ask again, in days (ORG2).
pub const DECLINED_DAYS: i64 = 90;

/// The status of a join request. Approved and cancelled requests are not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// The request waits for a decision.
    Pending,
    /// The request was declined. It is stored for [`DECLINED_DAYS`], or until the person becomes a
    /// member or asks again.
    Declined,
}

/// The request of a person to become a member. There is at most one for each person and
/// organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The id.
    pub id: JoinRequestId,
    /// The organization.
    pub organization_id: OrgId,
    /// The person.
    pub user_id: UserId,
    /// The verified address of the person, in an approved domain.
    pub email: Email,
    /// The name of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The comment of the person.
    pub comment: String,
    /// The status.
    pub status: RequestStatus,
    /// The time of the request.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// The version of the request.
    pub version: Version,
}

impl JoinRequest {
    /// Whether the request waits for a decision.
    pub fn is_pending(&self) -> bool {
        self.status == RequestStatus::Pending
    }

    /// The request with the status [`Declined`](RequestStatus::Declined).
    pub fn declined(&self, now: Timestamp) -> Self {
        let version = self.version.next(now);
        Self { status: RequestStatus::Declined, version, ..self.clone() }
    }

    /// The time until which the person of a declined request cannot ask again (ORG2). `None` if the
    /// request is open.
    pub fn declined_until(&self) -> Option<Timestamp> {
        let days = SignedDuration::from_hours(24 * DECLINED_DAYS);
        // The decline is the last change of a declined request.
        let until = self.version.at().saturating_add(days).unwrap_or(Timestamp::MAX);
        (self.status == RequestStatus::Declined).then_some(until)
    }

    /// Whether the request is open, or keeps its person from asking again at `now`. The table drops
    /// other requests within days.
    pub fn is_in_effect(&self, now: Timestamp) -> bool {
        self.declined_until().is_none_or(|until| until > now)
    }

    /// Whether the person may ask again at `now` (ORG2). Their request was declined, and
    /// [`DECLINED_DAYS`] have passed, or an invitation was sent to them after the decline.
    ///
    /// `invited_at` is the time at which the last invitation was sent to them.
    pub fn may_ask_again(&self, invited_at: Option<Timestamp>, now: Timestamp) -> bool {
        let invited = invited_at.is_some_and(|at| at > self.version.at());
        self.declined_until().is_some_and(|until| invited || until <= now)
    }

    /// The request as the target of an event.
    pub fn target(&self, version: Version) -> Target {
        Target::new(TargetKind::JoinRequest, &self.id, version)
    }
}

/// The facts about an requester that a join request depends on.
#[derive(Clone, Debug, Default)]
pub struct RequesterFacts {
    /// Whether the domain of their verified address is approved.
    pub domain_approved: bool,
    /// Whether they are a member.
    pub is_member: bool,
    /// The use of their address in the organization.
    pub slot: Option<AddressSlot>,
    /// The time at which the last invitation was sent to their address. `None` if there was none in
    /// the last [`DECLINED_DAYS`].
    pub invited_at: Option<Timestamp>,
    /// Whether they declined an invitation, so that the organization cannot invite them (INV14). A
    /// join request ends that.
    pub declined_invitation: bool,
    /// Their earlier request.
    pub earlier_request: Option<JoinRequest>,
}

/// Creates a join request.
///
/// # Errors
/// - [`Refusal::CallerAlreadyMember`] if the person, or a member with their address, is a member.
/// - [`Refusal::NoSuchOrganization`] unless their verified address is in an approved domain (U5).
/// - [`Refusal::EntrySuspended`] while the organization is suspended (SA7).
/// - [`Refusal::CallerAlreadyInvited`] if they have an invitation that has not expired.
/// - The refusal of [`refuse_repeat`] if they have an earlier request, unless they may ask again.
pub fn ask_to_join(
    person: &Person,
    org: &Organization,
    facts: &RequesterFacts,
    comment: String,
    now: Timestamp,
) -> Result<JoinRequest, Refusal> {
    if facts.is_member {
        return Err(Refusal::CallerAlreadyMember);
    }
    let email = person
        .email
        .as_ref()
        .filter(|_| facts.domain_approved)
        .ok_or(Refusal::NoSuchOrganization)?;
    org.check_entry()?;
    check_free(facts.slot.as_ref(), now).map_err(|refusal| match refusal {
        Refusal::AlreadyInvited(id) => Refusal::CallerAlreadyInvited(id),
        _ => Refusal::CallerAlreadyMember,
    })?;
    let earlier = facts.earlier_request.as_ref();
    if let Some(earlier) = earlier.filter(|it| !it.may_ask_again(facts.invited_at, now)) {
        return Err(refuse_repeat(earlier));
    }
    Ok(JoinRequest {
        id: JoinRequestId::of(now, org.id(), &person.id),
        organization_id: org.id(),
        user_id: person.id.clone(),
        email: email.clone(),
        name: person.name.clone(),
        comment,
        status: RequestStatus::Pending,
        created_at: now,
        version: Version::first(now, earlier.map(|earlier| earlier.version)),
    })
}

/// The refusal of another request from the person who made this one.
pub fn refuse_repeat(request: &JoinRequest) -> Refusal {
    match request.declined_until() {
        None => Refusal::JoinRequestPending(request.id),
        Some(until) => Refusal::JoinRequestDeclined(until),
    }
}

/// Checks that the actor may list the open join requests: a user manager or an operator (OP1).
///
/// # Errors
/// The refusals of [`Standing::require`] otherwise.
pub fn check_list_requests(actor: &Standing) -> Result<(), Refusal> {
    let level = if actor.member.is_none() { Level::ViewOnly } else { Level::FullAccess };
    actor.require(RoleObject::UserManagement, level)
}

/// Checks that the actor may approve and decline join requests (U4).
///
/// # Errors
/// The refusals of [`Standing::require`] without full access to `user_management`.
pub fn check_decide_requests(actor: &Standing) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)
}

/// The facts that an approval depends on, in addition to the request and the actor.
#[derive(Clone, Debug)]
pub struct ApprovalFacts {
    /// Whether the domain of the request is still approved.
    pub domain_approved: bool,
    /// The use of the request's address in the organization.
    pub slot: Option<AddressSlot>,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
}

/// Approves an open request. The requester becomes a member with the role `role`.
///
/// # Errors
/// - The refusals of [`check_decide_requests`].
/// - The refusals of [`Standing::require_grant`] for the role (ROLE7, ROLE9, SA3).
/// - [`Refusal::DomainNotApproved`] if the domain is no longer approved.
/// - [`Refusal::AlreadyMember`] or [`Refusal::AlreadyInvited`] if the address is in use (INV2).
pub fn approve_request(
    actor: &Standing,
    request: &JoinRequest,
    role: RoleId,
    facts: &ApprovalFacts,
    now: Timestamp,
) -> Result<Member, Refusal> {
    check_decide_requests(actor)?;
    actor.require_grant(role)?;
    if !facts.domain_approved {
        return Err(Refusal::DomainNotApproved);
    }
    check_free(facts.slot.as_ref(), now)?;
    let email = Some(request.email.clone());
    let name = request.name.clone();
    let person = Person { email, name, ..Person::subject(request.user_id.clone(), now) };
    let member = Member::new(&person, &actor.org, role, Source::JoinRequest, now)?;
    Ok(member.continuing(facts.tombstone))
}
