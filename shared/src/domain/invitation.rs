//! Invitations: an address's place in an organization until somebody accepts it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    AddressDigest, Email, InvitationId, Level, Member, OrgId, OrgPath, Organization, Person,
    Refusal, RoleId, RoleObject, Source, Standing, UserId, levels_in, may_grant,
};

/// How many days an invitation stays open, unless its request says otherwise (INV5).
pub const DEFAULT_DAYS: u32 = 7;
/// The most that a request may say (INV5).
pub const MAX_DAYS: u32 = 30;

/// Into how many parts an organization's headcount is split, so that people who come and go at once
/// do not wait for one counter.
pub const HEADCOUNT_PARTS: u8 = 4;

/// What a client wants to offer, and to whom.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The address.
    pub email: Email,
    /// The role.
    pub role_id: RoleId,
    /// For how many days, 1 to 30.
    pub days: u32,
}

/// An offer of a role in an organization, pending until somebody accepts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id; the link to it carries nothing else (INV4).
    pub id: InvitationId,
    /// The organization.
    pub path: OrgPath,
    /// Whom it is for.
    pub email: Email,
    /// The role on offer.
    pub role_id: RoleId,
    /// Who stands behind it: whoever invited, or resent it last (INV9). None for an operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backer: Option<Backer>,
    /// Who made it.
    pub invited_by: UserId,
    /// How long it stays open after each sending.
    pub days: u32,
    /// When it lapses.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub expires_at: Timestamp,
    /// When it was made.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// When it was last sent.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub sent_at: Timestamp,
    /// How often it was sent.
    pub send_count: u32,
    /// Which part of the organization's headcount counts it (INV12).
    #[serde(default)]
    pub part: u8,
}

/// The member who stands behind an invitation, and the role they held then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backer {
    /// Who.
    pub user_id: UserId,
    /// As what. Only a guess by the time it is accepted: the write verifies it.
    pub role_id: RoleId,
}

impl Invitation {
    /// Has it lapsed by now (INV5)?
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// An offer by the platform, which needs no backer: the first Admin's (INV8, OP1).
    #[must_use]
    pub fn of_first_admin(
        id: InvitationId,
        org: &Organization,
        email: Email,
        operator: &Person,
        now: Timestamp,
    ) -> Self {
        let offer = Offer { email, role_id: RoleId::ADMIN, days: DEFAULT_DAYS };
        Self::new(id, org, offer, operator, None, now)
    }

    fn new(
        id: InvitationId,
        org: &Organization,
        offer: Offer,
        by: &Person,
        backer: Option<Backer>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            path: org.path.clone(),
            email: offer.email,
            role_id: offer.role_id,
            backer,
            invited_by: by.id.clone(),
            days: offer.days,
            expires_at: lapse(now, offer.days),
            created_at: now,
            sent_at: now,
            send_count: 1,
            part: id.digest().part(HEADCOUNT_PARTS),
        }
    }
}

/// What an organization knows of an address: at most one of these (INV2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a request has one of these, not thousands")]
pub enum Place {
    /// Invited.
    Pending(Invitation),
    /// A member's: the address cannot be invited again.
    Taken(UserId),
}

impl Place {
    /// The invitation, if that is what it is.
    #[must_use]
    pub fn pending(self) -> Option<Invitation> {
        match self {
            Self::Pending(invitation) => Some(invitation),
            Self::Taken(_) => None,
        }
    }
}

/// Invites an address, or says why not.
///
/// 1. The actor has `user_management` full (INV1).
/// 2. The actor may yield the role (ROLE7, ROLE9, SA3).
/// 3. The address has no place here yet; an expired invitation does not count (INV2).
pub fn invite(
    actor: &Standing,
    offer: Offer,
    place: Option<&Place>,
    id: InvitationId,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    actor.require_grant(offer.role_id)?;
    match place {
        Some(Place::Taken(_)) => return Err(Refusal::AlreadyMember),
        Some(Place::Pending(open)) if !open.expired(now) => {
            return Err(Refusal::AlreadyInvited(open.id));
        }
        _ => {}
    }
    let new = Invitation::new(id, &actor.org, offer, &actor.person, Some(backed_by(actor)?), now);
    // It takes over the count too: where the organization is full, that is the only room (INV12).
    let part = match place {
        Some(Place::Pending(expired)) => expired.part,
        _ => new.part,
    };
    Ok(Invitation { part, ..new })
}

/// Invites the first Admin of an organization that still waits for one (INV8, OP1), in the place of
/// whoever was invited before, or says why not: from its first Super Admin on, its members invite.
pub fn invite_first_admin(
    operator: &Person,
    org: &Organization,
    email: Email,
    id: InvitationId,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    if org.super_admin_user_id.is_some() {
        return Err(Refusal::MembersInvite);
    }
    Ok(Invitation::of_first_admin(id, org, email, operator, now))
}

/// Sends an invitation again: the same id, a new clock, one more sending, the actor behind it
/// (INV7). Works on an expired one, and revives one whose backer is gone (INV9).
///
/// 1. The actor has `user_management` full.
/// 2. The actor may yield the role. Where it is gone, so is the invitation to it as it was read.
pub fn resend(
    actor: &Standing,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    actor.require_grant(invitation.role_id).map_err(|refusal| match refusal {
        Refusal::NoSuchRole => Refusal::ChangedMeanwhile,
        other => other,
    })?;
    Ok(Invitation {
        backer: Some(backed_by(actor)?),
        expires_at: lapse(now, invitation.days),
        sent_at: now,
        send_count: invitation.send_count.saturating_add(1),
        ..invitation.clone()
    })
}

/// May the actor revoke an invitation? With `user_management` full (INV7).
pub fn revoke(actor: &Standing) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)
}

/// Is this the id of an invitation that `org` made for this person's address, now or ever?
#[must_use]
pub fn is_for(person: &Person, org: OrgId, id: InvitationId) -> bool {
    let digest = |email| AddressDigest::of(org, email);
    person.email.as_ref().map(digest) == Some(id.digest())
}

/// Finds the invitee's own invitation: by the address in their own token, and the id in the link
/// (INV4). Anything else is no invitation at all.
pub fn mine(
    person: &Person,
    id: InvitationId,
    place: Option<Place>,
) -> Result<Invitation, Refusal> {
    let found = place.and_then(Place::pending).filter(|found| found.id == id);
    found
        .filter(|found| person.email.as_ref() == Some(&found.email))
        .ok_or(Refusal::NoSuchInvitation)
}

/// Accepts an invitation, or says why not (INV7, INV9). The member made is Super Admin where the
/// organization has none yet (INV8).
///
/// 1. It has not expired, by the request's clock (INV5).
/// 2. Its role exists, and its conditions hold.
/// 3. Its backer may still grant it; `backer` is the role they hold now, if they are a member.
pub fn accept(
    person: &Person,
    org: &Organization,
    invitation: &Invitation,
    backer: Option<RoleId>,
    now: Timestamp,
) -> Result<Member, Refusal> {
    if invitation.expired(now) {
        return Err(Refusal::InvitationExpired(invitation.expires_at));
    }
    if invitation.backer.is_some() {
        still_backed(org, invitation.role_id, backer)?;
    }
    let first = org.super_admin_user_id.is_none();
    let role = if first { RoleId::SUPER_ADMIN } else { invitation.role_id };
    Member::new(person, org, role, Source::Invitation, now)
}

/// Does the role that the backer holds now still allow them to grant `role` (INV9)?
pub fn still_backed(
    org: &Organization,
    role: RoleId,
    backer: Option<RoleId>,
) -> Result<(), Refusal> {
    let granter = backer.ok_or(Refusal::BackerGone)?;
    let levels = levels_in(org, granter).ok_or(Refusal::BackerGone)?;
    match may_grant(org, granter, levels, role) {
        Err(Refusal::OutsideMdfProgram) => Err(Refusal::OutsideMdfProgram),
        Err(_) => Err(Refusal::BackerGone),
        Ok(()) => Ok(()),
    }
}

pub(super) fn backed_by(actor: &Standing) -> Result<Backer, Refusal> {
    let member = actor.membership()?;
    Ok(Backer { user_id: member.user_id.clone(), role_id: member.role_id })
}

fn lapse(now: Timestamp, days: u32) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}
