//! Requests to join: asked from outside, decided inside (ORG2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Email, JoinRequestId, Level, Member, OrgId, Organization, Person, Place, Refusal, RoleId,
    RoleObject, Source, Standing, UserId,
};

/// How many may be open in an organization at a time.
pub const MAX_JOIN_REQUESTS: u64 = 200;
/// The longest comment, in characters.
pub const MAX_COMMENT: usize = 500;

/// What has become of a request. An approved one is a membership; a cancelled one is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// It waits for a decision.
    Pending,
    /// It was declined, and is remembered until its person accepts an invitation.
    Declined,
}

/// A person's wish to become a member: one for each organization and person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// Its id.
    pub id: JoinRequestId,
    /// Which organization.
    pub organization_id: OrgId,
    /// Who asks.
    pub user_id: UserId,
    /// By which address, verified, in an approved domain.
    pub email: Email,
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they say to it.
    pub comment: String,
    /// Is it still open?
    pub status: RequestStatus,
    /// When they asked.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

impl JoinRequest {
    /// Is it waiting for a decision?
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.status == RequestStatus::Pending
    }
}

/// What an organization knows of somebody who asks to join.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Is the domain of their verified address approved?
    pub approved: bool,
    /// Are they a member?
    pub member: bool,
    /// What their address has there.
    pub place: Option<Place>,
    /// What they asked before.
    pub request: Option<JoinRequest>,
}

/// Asks to join, or says why not.
///
/// 1. The person is no member, who may know that they are one.
/// 2. Their verified address is in an approved domain; to everybody else there is no such
///    organization (U5).
/// 3. The address has no place: an invitation is to be accepted. An expired one does not count.
/// 4. They have not asked before, unless they took it back; who was declined waits to be invited.
pub fn ask_to_join(
    person: &Person,
    org: &Organization,
    known: &Known,
    comment: String,
    now: Timestamp,
) -> Result<JoinRequest, Refusal> {
    if known.member {
        return Err(Refusal::YouAreMember);
    }
    let email = person.email.as_ref().filter(|_| known.approved);
    let email = email.ok_or(Refusal::NoSuchOrganization)?;
    match &known.place {
        Some(Place::Taken(_)) => return Err(Refusal::YouAreMember),
        Some(Place::Pending(open)) if !open.expired(now) => {
            return Err(Refusal::YouAreInvited(open.id));
        }
        _ => {}
    }
    if let Some(before) = &known.request {
        return Err(asked_before(before));
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
    })
}

/// Why whoever made this request may not make another.
#[must_use]
pub fn asked_before(request: &JoinRequest) -> Refusal {
    match request.status {
        RequestStatus::Pending => Refusal::AlreadyAsked(request.id),
        RequestStatus::Declined => Refusal::RequestDeclined,
    }
}

/// May the actor see the open requests? Whoever decides them, and operators, who see everything
/// (OP1).
pub fn sees_requests(actor: &Standing) -> Result<(), Refusal> {
    let level = if actor.member.is_none() { Level::ViewOnly } else { Level::FullAccess };
    actor.require(RoleObject::UserManagement, level)
}

/// May the actor decide requests? With `user_management` full (U4).
pub fn decides_requests(actor: &Standing) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)
}

/// Approves an open request, or says why not. Answers the new member. `approved` says whether the
/// request's domain still is, `place` what its address has here.
///
/// 1. The actor has `user_management` full.
/// 2. The actor may yield the role (ROLE7, ROLE9, SA3).
/// 3. The domain is still approved.
/// 4. The address has no place here yet; an expired invitation does not count (INV2).
pub fn approve_request(
    actor: &Standing,
    request: &JoinRequest,
    role: RoleId,
    (approved, place): (bool, Option<&Place>),
    now: Timestamp,
) -> Result<Member, Refusal> {
    decides_requests(actor)?;
    actor.require_grant(role)?;
    if !approved {
        return Err(Refusal::DomainNotApproved);
    }
    match place {
        Some(Place::Taken(_)) => return Err(Refusal::AlreadyMember),
        Some(Place::Pending(open)) if !open.expired(now) => {
            return Err(Refusal::AlreadyInvited(open.id));
        }
        _ => {}
    }
    let email = Some(request.email.clone());
    let name = request.name.clone();
    let person = Person { email, name, ..Person::asked_about(request.user_id.clone()) };
    Member::new(&person, &actor.org, role, Source::JoinRequest, now)
}
