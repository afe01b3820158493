//! The mails that an event causes: their recipients and content. The `mail` function composes and
//! sends them.

use jiff::Timestamp;

use super::{
    Email, Event, EventAction, Invitation, Level, Member, Name, OrgId, Organization, RoleId,
    RoleObject, Sending, levels_in,
};

/// The highest number of user managers that get a mail about a join request, including the Super
/// Admin.
pub const MAX_NOTIFIED_MANAGERS: usize = 20;

/// The content of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The recipient is invited. The id locates the invitation and is not a secret (INV4).
    Invited {
        /// The sending of the invitation.
        sending: Sending,
        /// The name of the offered role.
        role: String,
        /// The time at which the invitation expires.
        until: Timestamp,
        /// The inviter's address. `None` for an operator.
        by: Option<Email>,
    },
    /// The recipient's join request has arrived (ORG2).
    RequestReceived,
    /// A person asks to join, and the recipient can decide (ORG2).
    RequestToDecide {
        /// The address of the requester.
        from: Email,
    },
    /// Several people ask to join, and the recipient can decide (ORG2, INV14).
    RequestsToDecide {
        /// The addresses of the requesters.
        from: Vec<Email>,
        /// Whether more people ask than these.
        more: bool,
    },
    /// The recipient's join request was approved.
    RequestApproved,
    /// The recipient's join request was declined.
    RequestDeclined,
    /// The recipient has transferred the Super Admin role (SA2).
    SuperAdminTransferred {
        /// The address of the new Super Admin.
        to: Email,
    },
    /// The recipient has become the Super Admin (SA2).
    SuperAdminReceived {
        /// The address of the former Super Admin, if known.
        from: Option<Email>,
    },
}

/// A mail to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    /// The address of the recipient.
    pub to: Email,
    /// The organization that the mail is about.
    pub org: OrgId,
    /// The name of that organization.
    pub organization: Name,
    /// The content of the mail.
    pub notification: Notification,
}

impl OutgoingMail {
    /// A mail about `org`.
    pub fn new(org: &Organization, to: Email, notification: Notification) -> Self {
        Self { to, org: org.id(), organization: org.name.clone(), notification }
    }

    /// The sending of an invitation that the mail is; `None` for all other mails.
    pub fn sending(&self) -> Option<Sending> {
        match self.notification {
            Notification::Invited { sending, .. } => Some(sending),
            _ => None,
        }
    }
}

/// The mail to an invitee for a sending `event`. `role` is the name of the offered role, `by` the
/// address of the member who sent it; `None` for an operator.
///
/// `None` if the invitation is no longer pending or has expired at `now`, and if it was sent again
/// later: that sending has a mail of its own (INV7).
pub fn invitation_mail(
    event: &Event,
    org: &Organization,
    pending: Option<Invitation>,
    role: String,
    by: Option<Email>,
    now: Timestamp,
) -> Option<OutgoingMail> {
    let number = sending_number(event)?;
    let is_open = |invitation: &Invitation| {
        invitation.id.to_string() == event.target.id
            && invitation.send_count == number
            && !invitation.expired(now)
    };
    let invitation = pending.filter(is_open)?;
    let (sending, until) = (invitation.sending(), invitation.expires_at);
    let invited = Notification::Invited { sending, role, until, by };
    Some(OutgoingMail::new(org, invitation.email, invited))
}

/// The number of the sending that an event records. Creating an invitation is its first.
fn sending_number(event: &Event) -> Option<u32> {
    match event.action {
        EventAction::InvitationCreated => Some(1),
        EventAction::InvitationResent => u32::try_from(event.new.get("send_count")?.as_u64()?).ok(),
        _ => None,
    }
}

/// The mails to the members who can decide about a join request of `from`: the first
/// [`MAX_NOTIFIED_MANAGERS`] of them, in the order of `members`.
pub fn join_request_mails(
    org: &Organization,
    members: Vec<Member>,
    from: &Email,
) -> Vec<OutgoingMail> {
    join_digest_mails(org, members, std::slice::from_ref(from), false)
}

/// The mails to the same members about the join requests of all of `from`. `more` says that further
/// people ask.
pub fn join_digest_mails(
    org: &Organization,
    members: Vec<Member>,
    from: &[Email],
    more: bool,
) -> Vec<OutgoingMail> {
    let notification = match from {
        [only] if !more => Notification::RequestToDecide { from: only.clone() },
        all => Notification::RequestsToDecide { from: all.to_vec(), more },
    };
    let managers = members.into_iter().filter(|member| decides_join_requests(org, member.role_id));
    let mail = |member: Member| OutgoingMail::new(org, member.email, notification.clone());
    managers.take(MAX_NOTIFIED_MANAGERS).map(mail).collect()
}

/// The roles of `org` whose holders decide about join requests: those with full access to
/// `user_management` (U4).
pub fn roles_deciding_join_requests(org: &Organization) -> Vec<RoleId> {
    let custom = org.roles.keys().copied().map(RoleId::Custom);
    let roles = [RoleId::SUPER_ADMIN, RoleId::ADMIN].into_iter().chain(custom);
    roles.filter(|&role| decides_join_requests(org, role)).collect()
}

/// Whether the holders of `role` decide about requests to join `org`.
pub fn decides_join_requests(org: &Organization, role: RoleId) -> bool {
    let effective = |levels| org.conditions(None).effective(levels);
    let level = levels_in(org, role).map(|levels| effective(levels).of(RoleObject::UserManagement));
    level == Some(Level::FullAccess)
}
