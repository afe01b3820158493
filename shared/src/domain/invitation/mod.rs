//! Invitations: offers of a role to an e-mail address.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(super) mod accept;
pub(super) mod address_slot;
pub(super) mod batch;
pub(super) mod change;
pub(super) mod create;
pub(super) mod mails;

use crate::domain::{
    Email, InvitationId, Language, Member, MemberId, OrgPath, Organization, Refusal, RoleId,
    Target, TargetKind, Version,
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

    /// The member who sent or changed the invitation last, and whose permission it depends on
    /// (INV9, INV13). `None` if an operator did.
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

/// The time of expiry: `days` after `sent_at`, or the end of the offered access if that is earlier.
fn expiry(sent_at: Timestamp, days: u32, access_end: Option<Timestamp>) -> Timestamp {
    let time_to_live = SignedDuration::from_hours(24 * i64::from(days));
    let expiry = sent_at.saturating_add(time_to_live).unwrap_or(Timestamp::MAX);
    access_end.map_or(expiry, |end| expiry.min(end))
}
