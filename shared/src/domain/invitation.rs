//! Invitations: offers of a role to an e-mail address.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Budget, Budgets, Email, InvitationId, Language, Level, Member, MemberId, OrgPath, Organization,
    Refusal, RoleId, RoleObject, Standing, Target, TargetKind, UserId, Version,
    budget::{Day, seconds_until},
    check_access_end,
};

/// The default time to live of an invitation, in days (INV5).
pub const DEFAULT_DAYS: u32 = 7;
/// The longest time to live of an invitation, in days (INV5).
pub const MAX_DAYS: u32 = 30;

/// The values of a new invitation.
#[derive(Clone, Debug)]
pub struct InvitationDraft {
    /// The address to invite.
    pub email: Email,
    /// The role to offer.
    pub role_id: RoleId,
    /// The time to live in days, from 1 to [`MAX_DAYS`].
    pub days: u32,
    /// The time at which the offered access ends (END1).
    pub access_expires_at: Option<Timestamp>,
    /// The language of its mails. `None` for that of the organization.
    pub language: Option<Language>,
}

/// An offer of a role in an organization to an e-mail address. It is pending until the address
/// holder accepts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The id. It is the only content of the link in the mail, and not a secret (INV4).
    pub id: InvitationId,
    /// The organization.
    pub path: OrgPath,
    /// The invited address.
    pub email: Email,
    /// The offered role.
    pub role_id: RoleId,
    /// The member who sent the invitation last. `None` if an operator sent it (INV9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inviter: Option<Inviter>,
    /// The member who created the invitation, if another member sent it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<MemberId>,
    /// The time to live after each sending, in days.
    pub days: u32,
    /// The language of its mails. `None` for that of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The time at which the offered access ends. `None` for access without an end (END1).
    #[serde(
        default,
        with = "jiff::fmt::serde::timestamp::millisecond::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub access_expires_at: Option<Timestamp>,
    /// The time of expiry. It is never later than the end of the offered access.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub expires_at: Timestamp,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// The time of the last sending.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub sent_at: Timestamp,
    /// The number of sendings.
    pub send_count: u32,
    /// The number of sendings in the day (UTC) of the last one (INV14).
    #[serde(default)]
    pub sent_that_day: u32,
    /// The version of the invitation.
    pub version: Version,
}

/// The member whose permission an invitation depends on (INV9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inviter {
    /// The member.
    pub member_id: MemberId,
    /// The role of the member at the time of sending. It can have changed since, so the acceptance
    /// checks the present role.
    pub role_id: RoleId,
}

impl Inviter {
    /// A member who invites.
    pub fn of(member: &Member) -> Self {
        Self { member_id: member.id(), role_id: member.role_id }
    }
}

impl Invitation {
    /// Whether the invitation has expired at `now` (INV5).
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// Checks that the access that the invitation offers has not ended at `now` (END1).
    ///
    /// # Errors
    /// [`Refusal::OfferedAccessExpired`] if it has ended.
    pub fn check_offered_access(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.access_expires_at {
            Some(end) if end <= now => Err(Refusal::OfferedAccessExpired(end)),
            _ => Ok(()),
        }
    }

    /// An operator's invitation of the first Admin. It depends on no inviter (INV8, OP1).
    pub fn of_first_admin(org: &Organization, first: FirstAdmin, now: Timestamp) -> Self {
        let FirstAdmin { id, email, language } = first;
        let draft = InvitationDraft {
            email,
            role_id: RoleId::ADMIN,
            days: DEFAULT_DAYS,
            access_expires_at: None,
            language,
        };
        Self::new(id, org, draft, None, now)
    }

    /// The member who created the invitation. `None` if an operator did.
    pub fn invited_by(&self) -> Option<MemberId> {
        self.created_by.or(self.inviter.as_ref().map(|inviter| inviter.member_id))
    }

    /// The member who sent or changed the invitation last, and whose permission it depends on (INV9, INV13).
    /// `None` if an operator did.
    pub fn sent_by(&self) -> Option<MemberId> {
        self.inviter.as_ref().map(|inviter| inviter.member_id)
    }

    /// The invitation with another inviter.
    pub(super) fn with_inviter(&self, inviter: Inviter) -> Self {
        let created_by = self.invited_by().filter(|creator| *creator != inviter.member_id);
        Self { inviter: Some(inviter), created_by, ..self.clone() }
    }

    /// The invitation as the target of an event.
    pub fn target(&self, version: Version) -> Target {
        Target::new(TargetKind::Invitation, &self.id, version)
    }

    fn new(
        id: InvitationId,
        org: &Organization,
        draft: InvitationDraft,
        inviter: Option<Inviter>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            path: org.path.clone(),
            email: draft.email,
            role_id: draft.role_id,
            inviter,
            created_by: None,
            days: draft.days,
            language: draft.language,
            access_expires_at: draft.access_expires_at,
            expires_at: expiry(now, draft.days, draft.access_expires_at),
            created_at: now,
            sent_at: now,
            send_count: 1,
            sent_that_day: 1,
            version: Version::first(now, None),
        }
    }
}

/// The use of an address in an organization: a pending invitation or a member (INV2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a request has one value, so its size does not matter"
)]
pub enum AddressSlot {
    /// The address has a pending invitation, which can have expired.
    Pending(Invitation),
    /// The address belongs to this member.
    Taken(UserId),
}

impl AddressSlot {
    /// The invitation, if there is one.
    pub fn pending(self) -> Option<Invitation> {
        match self {
            Self::Pending(invitation) => Some(invitation),
            Self::Taken(_) => None,
        }
    }
}

/// Checks that an address is free, or has only an expired invitation (INV2).
///
/// # Errors
///
/// [`Refusal::AlreadyMember`] or [`Refusal::AlreadyInvited`].
pub(super) fn check_free(slot: Option<&AddressSlot>, now: Timestamp) -> Result<(), Refusal> {
    match slot {
        Some(AddressSlot::Taken(_)) => Err(Refusal::AlreadyMember),
        Some(AddressSlot::Pending(pending)) if !pending.expired(now) => {
            Err(Refusal::AlreadyInvited(pending.id))
        }
        _ => Ok(()),
    }
}

/// How long an address that declined an invitation cannot be invited by the same organization, in
/// days (INV14).
pub const DECLINED_INVITATION_DAYS: i64 = 30;

/// What is known of an address in an organization that wants to invite it.
#[derive(Clone, Debug, Default)]
pub struct AddressFacts {
    /// The present use of the address.
    pub slot: Option<AddressSlot>,
    /// The time until which it cannot be invited, if its person declined an invitation.
    pub declined_until: Option<Timestamp>,
    /// Whether its pending invitation cannot be accepted, because the inviter may no longer grant the
    /// role (INV9).
    pub pending_is_void: bool,
}

/// The time until which an address that declines `now` cannot be invited.
pub fn declined_until(now: Timestamp) -> Timestamp {
    let days = SignedDuration::from_hours(24 * DECLINED_INVITATION_DAYS);
    now.saturating_add(days).unwrap_or(Timestamp::MAX)
}

/// Checks that an address which declined an invitation can be invited again (INV14).
///
/// # Errors
///
/// [`Refusal::InvitationDeclined`] before `until`.
pub fn check_not_declined(until: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now < until {
        return Err(Refusal::InvitationDeclined(seconds_until(until, now)));
    }
    Ok(())
}

/// A new invitation, and the one that holds its address, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The invitation that it replaces: an expired one (INV2), or one whose inviter may no longer grant the
    /// role (INV9).
    pub replaces: Option<Invitation>,
}

/// Invites an address. The new invitation replaces an expired one, and one whose inviter may no longer grant
/// the role.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (INV1).
/// - The refusals of [`Standing::require_grant`] for the role (ROLE7, ROLE9, SA3).
/// - The refusal of [`check_access_end`] for the end of the offered access.
/// - [`Refusal::AlreadyMember`] or [`Refusal::AlreadyInvited`] if the address is in use (INV2).
/// - [`Refusal::InvitationDeclined`] if its person declined an invitation a short time ago (INV14).
pub fn invite(
    actor: &Standing,
    draft: InvitationDraft,
    address: AddressFacts,
    id: InvitationId,
    now: Timestamp,
) -> Result<NewInvitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    actor.require_grant(draft.role_id)?;
    check_access_end(draft.access_expires_at, now)?;
    match &address.slot {
        Some(AddressSlot::Pending(_)) if address.pending_is_void => {}
        slot => check_free(slot.as_ref(), now)?,
    }
    address.declined_until.map_or(Ok(()), |until| check_not_declined(until, now))?;
    let invitation = Invitation::new(id, &actor.org, draft, Some(inviter_of(actor)?), now);
    Ok(NewInvitation { invitation, replaces: address.slot.and_then(AddressSlot::pending) })
}

/// The invitation of a first Admin by an operator.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// The id of the invitation.
    pub id: InvitationId,
    /// The address to invite.
    pub email: Email,
    /// The language of the mails. `None` for that of the organization.
    pub language: Option<Language>,
}

/// Invites an Admin for an operator (INV8, OP1, SA6): the first one of an organization without
/// Super Admin. If the Super Admin is the only person, the one to appoint.
///
/// `persons` is the number of members who are persons, and `slot` the present use of the address.
///
/// # Errors
/// - [`Refusal::SuperAdminExists`] if the organization has a Super Admin and other persons.
/// - [`Refusal::AlreadyMember`] if the address is the Super Admin's.
pub fn invite_first_admin(
    org: &Organization,
    persons: u64,
    slot: Option<&AddressSlot>,
    first: FirstAdmin,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    if org.super_admin_user_id.is_some() && persons > 1 {
        return Err(Refusal::SuperAdminExists);
    }
    if let Some(AddressSlot::Taken(_)) = slot {
        return Err(Refusal::AlreadyMember);
    }
    Ok(Invitation::of_first_admin(org, first, now))
}

/// Sends an invitation again. It keeps its id, gets a new time of expiry, and the actor becomes its
/// inviter (INV7).
///
/// An expired invitation, or one whose inviter may no longer grant the role, becomes valid again
/// (INV9).
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management`.
/// - The refusals of [`Standing::require_grant`] for the role.
/// - [`Refusal::ChangedConcurrently`] if the role no longer exists. Its deletion has changed the
///   invitation as well.
/// - [`Refusal::OfferedAccessExpired`] if the access that it offers has ended (END1).
/// - [`Refusal::BudgetSpent`] shortly after the last sending, or after too many in a day (INV14).
pub fn resend(
    actor: &Standing,
    invitation: &Invitation,
    budgets: &Budgets,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    actor.require_grant(invitation.role_id).map_err(|refusal| match refusal {
        Refusal::NoSuchRole => Refusal::ChangedConcurrently,
        other => other,
    })?;
    invitation.check_offered_access(now)?;
    Ok(Invitation {
        expires_at: expiry(now, invitation.days, invitation.access_expires_at),
        sent_at: now,
        send_count: invitation.send_count.saturating_add(1),
        sent_that_day: sendings_with(invitation, budgets, now)?,
        version: invitation.version.next(now),
        ..invitation.with_inviter(inviter_of(actor)?)
    })
}

/// The values of a pending invitation to change. Absent ones stay.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvitationUpdate {
    /// The role to offer instead.
    pub role_id: Option<RoleId>,
    /// The time to live in days since the last sending, from 1 to [`MAX_DAYS`].
    pub days: Option<u32>,
    /// The end of the offered access. `Some(None)` removes the present one (END1).
    pub access_expires_at: Option<Option<Timestamp>>,
    /// The language of its mails. `Some(None)` for that of the organization.
    pub language: Option<Option<Language>>,
}

/// Changes an invitation without sending it. The actor becomes its inviter (INV13). An update that
/// changes nothing returns an equal invitation.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management`.
/// - [`Refusal::ExceedsOwnPermissions`] if the actor could not grant the levels of the present role
///   (ROLE7). Every user manager may take MDF Admin away (ROLE9).
/// - The refusals of [`Standing::require_grant`] for the role to offer.
/// - [`Refusal::ChangedConcurrently`] if the present role no longer exists.
/// - The refusal of [`check_access_end`] for another end of the offered access.
pub fn update_invitation(
    actor: &Standing,
    invitation: &Invitation,
    update: InvitationUpdate,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    match actor.require_grant(invitation.role_id) {
        Err(refusal @ Refusal::ExceedsOwnPermissions(..)) => return Err(refusal),
        Err(Refusal::NoSuchRole) => return Err(Refusal::ChangedConcurrently),
        _ => {}
    }
    let role_id = update.role_id.unwrap_or(invitation.role_id);
    actor.require_grant(role_id)?;
    let days = update.days.unwrap_or(invitation.days);
    let end = update.access_expires_at.unwrap_or(invitation.access_expires_at);
    if end != invitation.access_expires_at {
        check_access_end(end, now)?;
    }
    let language = update.language.unwrap_or(invitation.language);
    let updated = Invitation {
        role_id,
        days,
        access_expires_at: end,
        language,
        // Not from now on, so that a repeated request changes nothing.
        expires_at: expiry(invitation.sent_at, days, end),
        ..invitation.clone()
    };
    if updated == *invitation {
        return Ok(updated);
    }
    let version = invitation.version.next(now);
    Ok(Invitation { version, ..updated.with_inviter(inviter_of(actor)?) })
}

/// The number of sendings of an invitation in the day of `now`, with the one `now` (INV14).
fn sendings_with(
    invitation: &Invitation,
    budgets: &Budgets,
    now: Timestamp,
) -> Result<u32, Refusal> {
    let limit = budgets.sending_interval_seconds;
    let interval = SignedDuration::from_secs(limit.into());
    let next = invitation.sent_at.saturating_add(interval).unwrap_or(Timestamp::MAX);
    // Without an interval, a request that arrives late comes before the last sending.
    if limit > 0 && now < next {
        let retry_after_seconds = seconds_until(next, now);
        return Err(Refusal::BudgetSpent {
            budget: Budget::SendingInterval,
            limit,
            retry_after_seconds,
        });
    }
    let day = |at| Day::of(at, Timestamp::UNIX_EPOCH);
    let (last, today) = (day(invitation.sent_at), day(now));
    let before = if last.number == today.number { invitation.sent_that_day } else { 0 };
    let limit = budgets.sendings_per_invitation;
    if before >= limit {
        let retry_after_seconds = seconds_until(today.ends_at, now);
        let budget = Budget::SendingsPerInvitation;
        return Err(Refusal::BudgetSpent { budget, limit, retry_after_seconds });
    }
    Ok(before.saturating_add(1))
}

/// Checks that the actor may revoke an invitation (INV7).
///
/// # Errors
/// - [`Refusal::OperatorInvitationsOnly`] if the actor is an operator without a membership: they have a route of
///   their own.
/// - The refusals of [`Standing::require`] without full access to `user_management`.
pub fn revoke(actor: &Standing) -> Result<(), Refusal> {
    let required = actor.require(RoleObject::UserManagement, Level::FullAccess);
    required.map_err(|refusal| match refusal {
        Refusal::OperatorReadOnly => Refusal::OperatorInvitationsOnly,
        other => other,
    })
}

/// Checks that an operator may revoke an invitation: an operator sent it last (OP1).
///
/// # Errors
/// [`Refusal::OperatorInvitationsOnly`] if a member sent it.
pub fn revoke_as_operator(invitation: &Invitation) -> Result<(), Refusal> {
    invitation.sent_by().map_or(Ok(()), |_| Err(Refusal::OperatorInvitationsOnly))
}

/// The actor as the inviter of an invitation.
pub(super) fn inviter_of(actor: &Standing) -> Result<Inviter, Refusal> {
    let member = actor.membership()?;
    Ok(Inviter::of(member))
}

/// The time of expiry: `days` after `sent_at`, or the end of the offered access if that is earlier.
fn expiry(sent_at: Timestamp, days: u32, access_end: Option<Timestamp>) -> Timestamp {
    let time_to_live = SignedDuration::from_hours(24 * i64::from(days));
    let expiry = sent_at.saturating_add(time_to_live).unwrap_or(Timestamp::MAX);
    access_end.map_or(expiry, |end| expiry.min(end))
}
