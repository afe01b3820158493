//! Whom an event is told to by mail, and what. It neither writes mails nor sends them.

use jiff::Timestamp;

use super::{
    Email, Event, Invitation, InvitationId, Level, Member, Name, OrgId, Organization, RoleId,
    RoleObject, levels_in,
};

/// At most so many are told of a request to join; the Super Admin is one of them.
pub const MAX_MANAGERS: usize = 20;

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// They are invited. The id locates the invitation, and proves nothing (INV4).
    Invited {
        /// Which invitation.
        invitation: InvitationId,
        /// As what.
        role: String,
        /// Until when.
        until: Timestamp,
        /// By whom; none for the platform's operators.
        by: Option<Email>,
    },
    /// Their request to join has arrived (ORG2).
    RequestReceived,
    /// Somebody asks to join; they may decide (ORG2).
    RequestToDecide {
        /// Who asks.
        from: Email,
    },
    /// Their request was approved.
    RequestApproved,
    /// Their request was declined.
    RequestDeclined,
    /// They handed the Super Admin role on (SA2).
    HandedOver {
        /// To whom.
        to: Email,
    },
    /// They are the Super Admin now (SA2).
    TookOver {
        /// Whom they have it from, as far as their address is known.
        from: Option<Email>,
    },
}

/// A notice with its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whom it is for.
    pub to: Email,
    /// Which organization it is about.
    pub org: OrgId,
    /// What that is called.
    pub organization: Name,
    /// What it says.
    pub notice: Notice,
}

impl Letter {
    /// A letter about `org`.
    #[must_use]
    pub fn new(org: &Organization, to: Email, notice: Notice) -> Self {
        Self { to, org: org.id(), organization: org.name.clone(), notice }
    }
}

/// The letter to an invitee, unless it is moot by now. `role` is what the role on offer is called.
///
/// 1. The invitation is still open: neither accepted nor ended.
/// 2. `event` is its latest sending; a later one has a letter of its own (INV7).
#[must_use]
pub fn about_invitation(
    event: &Event,
    org: &Organization,
    open: Option<Invitation>,
    role: String,
) -> Option<Letter> {
    let sent =
        |open: &Invitation| open.id.to_string() == event.target.id && open.sent_at == event.at;
    let open = open.filter(sent)?;
    let by = event.actor.email.clone().filter(|_| !event.actor.operator);
    let invited = Notice::Invited { invitation: open.id, role, until: open.expires_at, by };
    Some(Letter::new(org, open.email, invited))
}

/// The letters to those who may decide about a request by `from`: the first `MAX_MANAGERS` of
/// `members`, in their order.
#[must_use]
pub fn decide(org: &Organization, members: Vec<Member>, from: &Email) -> Vec<Letter> {
    let managers = members.into_iter().filter(|member| may_decide(org, member.role_id));
    let letter = |member: Member| {
        Letter::new(org, member.email, Notice::RequestToDecide { from: from.clone() })
    };
    managers.take(MAX_MANAGERS).map(letter).collect()
}

/// The roles whose holders decide about requests to join `org`: those with `user_management` full
/// (U4).
#[must_use]
pub fn deciding_roles(org: &Organization) -> Vec<RoleId> {
    let custom = org.roles.keys().copied().map(RoleId::Custom);
    let roles = [RoleId::SUPER_ADMIN, RoleId::ADMIN].into_iter().chain(custom);
    roles.filter(|&role| may_decide(org, role)).collect()
}

/// Does `role` decide about requests to join `org`?
#[must_use]
pub fn may_decide(org: &Organization, role: RoleId) -> bool {
    let effective = |levels| org.conditions(None).effective(levels);
    let level = levels_in(org, role).map(|levels| effective(levels).of(RoleObject::UserManagement));
    level == Some(Level::FullAccess)
}
