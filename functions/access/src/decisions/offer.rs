//! What a pending invitation offers for an action.

use jiff::Timestamp;
use shared::domain::{Action, Invitation, Member, Organization, inviter_authorized, levels_in};

/// What a pending invitation offers for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// Accepting it grants the action.
    Open,
    /// The organization is suspended (SA7).
    Suspended,
    /// The access that it offers has ended (END1).
    AccessEnded,
    Expired,
    /// Its inviter may no longer grant the role (INV9).
    InviterNotAuthorized,
    /// The role that it offers does not grant the action.
    RoleTooLow,
}

impl Offer {
    /// What `invitation`, which `sender` sent last, offers for `action`.
    pub(super) fn of(
        invitation: &Invitation,
        sender: Option<&Member>,
        action: Action,
        org: &Organization,
        now: Timestamp,
    ) -> Self {
        let levels = levels_in(org, invitation.role_id);
        let grants = |needed| levels.is_some_and(|it| it.level_on(action.role_object) >= needed);
        if org.suspension().is_some() {
            Self::Suspended
        } else if invitation.access_expires_at.is_some_and(|end| end <= now) {
            Self::AccessEnded
        } else if invitation.expired(now) {
            Self::Expired
        } else if !inviter_authorized(org, invitation, sender, now) {
            Self::InviterNotAuthorized
        } else if action.level.is_some_and(grants) {
            Self::Open
        } else {
            Self::RoleTooLow
        }
    }

    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Open => "The person is invited, but has not accepted the invitation.",
            Self::Suspended => {
                "The person is invited, but cannot accept while the organization is suspended."
            }
            Self::AccessEnded => {
                "The person is invited, but the access that is offered has ended. Change its end."
            }
            Self::Expired => "The person is invited, but the invitation has expired. Resend it.",
            Self::InviterNotAuthorized => {
                "The person is invited, but the member who sent the invitation may no longer give its role. Resend it."
            }
            Self::RoleTooLow => {
                "The person is invited, but the role that is offered does not grant this."
            }
        }
    }
}
