//! The mails that an event causes: their recipients and content. The `mail` function composes and
//! sends them.

use jiff::{SignedDuration, Timestamp};

use super::{
    Delivery, DeliveryRecord, Email, Event, EventAction, Invitation, JoinRequest, Language, Level,
    Member, Name, OrgId, Organization, PersonLabel, RoleId, RoleObject, Sending, fold,
    inviter_may_grant, levels_in, text::plain,
};

/// The highest number of user managers that get a mail about a join request, including the Super
/// Admin.
pub const MAX_NOTIFIED_MANAGERS: usize = 20;
/// The longest name of a person in a mail, in characters. Longer ones are cut.
pub const MAX_MAILED_NAME: usize = 60;

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
        /// The time at which the offered access ends (END1).
        access_end: Option<Timestamp>,
        /// The inviter.
        by: Author,
    },
    /// The recipient's invitation expires soon.
    InvitationExpiring {
        /// The last sending of the invitation.
        sending: Sending,
        /// The name of the offered role.
        role: String,
        /// The time at which the invitation expires.
        until: Timestamp,
        /// The time at which the offered access ends (END1).
        access_end: Option<Timestamp>,
        /// The inviter.
        by: Author,
    },
    /// The recipient's invitation was revoked.
    InvitationRevoked {
        /// The person who revoked it.
        by: Author,
    },
    /// A person has accepted an invitation of the recipient.
    InvitationAccepted {
        /// The new member.
        by: MailPerson,
        /// The name of their role.
        role: String,
        /// The time at which their access ends (END1).
        access_end: Option<Timestamp>,
    },
    /// Several people have accepted invitations of the recipient (INV14).
    InvitationsAccepted {
        /// The new members.
        by: Vec<MailPerson>,
        /// Whether more people have accepted than these.
        more: bool,
    },
    /// The recipient's join request has arrived (ORG2).
    RequestReceived,
    /// A person asks to join, and the recipient can decide (ORG2).
    RequestToDecide {
        /// The requester.
        from: MailPerson,
    },
    /// Several people ask to join, and the recipient can decide (ORG2, INV14).
    RequestsToDecide {
        /// The requesters.
        from: Vec<MailPerson>,
        /// Whether more people ask than these.
        more: bool,
    },
    /// The recipient's join request was approved.
    RequestApproved {
        /// The name of their role.
        role: String,
        /// The person who approved it.
        by: Author,
    },
    /// The recipient's join request was declined.
    RequestDeclined {
        /// The person who declined it.
        by: Author,
    },
    /// The organization that the recipient asked to join was deleted (SA7).
    RequestVoid,
    /// The recipient has another role.
    RoleChanged {
        /// The name of the new role.
        role: String,
        /// The time at which their access ends (END1).
        access_end: Option<Timestamp>,
        /// The person who changed it.
        by: Author,
    },
    /// The access of the recipient ends soon (END1).
    AccessExpiring {
        /// The name of their role.
        role: String,
        /// The time at which the access ends.
        until: Timestamp,
    },
    /// The access of a member that the recipient granted, or of a service that they keep, ends soon (END1).
    GrantedAccessExpiring {
        /// The member.
        member: MailPerson,
        /// The name of their role.
        role: String,
        /// The time at which the access ends.
        until: Timestamp,
        /// Why it concerns the recipient.
        concern: Concern,
    },
    /// The access of several members that the recipient granted, or of services that they keep, ends soon (END1).
    GrantedAccessesExpiring {
        /// The members.
        members: Vec<MailPerson>,
        /// Whether the access of more members ends than of these.
        more: bool,
        /// The time at which the first access ends.
        until: Timestamp,
        /// Why it concerns the recipient.
        concern: Concern,
    },
    /// The recipient was removed from the organization.
    Removed {
        /// The person who removed them.
        by: Author,
    },
    /// An operator has ended all access of the recipient (OP2).
    Offboarded {
        /// The names of the organizations.
        organizations: Vec<Name>,
        /// Whether there are more organizations than these.
        more: bool,
        /// The number of memberships, invitations and requests to join that ended.
        ended: usize,
    },
    /// The recipient's address was added to those that receive critical alerts (ORG4).
    AlertAddressAdded {
        /// The person who added it.
        by: Author,
    },
    /// The recipient has transferred the Super Admin role (SA2).
    SuperAdminTransferred {
        /// The new Super Admin.
        to: MailPerson,
    },
    /// The recipient has become the Super Admin (SA2).
    SuperAdminReceived {
        /// The former Super Admin, if known.
        from: Option<MailPerson>,
    },
    /// An operator has made the recipient the Super Admin (SA6).
    SuperAdminAssigned,
    /// An operator has appointed another Super Admin, and made the recipient an Admin (SA6).
    SuperAdminReplaced {
        /// The new Super Admin.
        new: MailPerson,
    },
    /// An operator has appointed another Super Admin of the organization in which the recipient is an
    /// Admin (SA6).
    SuperAdminAppointed {
        /// The new Super Admin.
        new: MailPerson,
    },
    /// An operator has given the membership of the recipient to another account (OP2).
    AccountReplaced,
    /// An operator has given the membership of another person to another account (OP2). The recipient
    /// administers the organization.
    MemberReconnected {
        /// The member.
        member: MailPerson,
    },
    /// An operator has reset the security settings of the organization (ORG3).
    SecurityReset,
    /// Services of the organization have no keeper any more (MACH1).
    ServicesWithoutKeeper {
        /// The former keeper.
        keeper: Author,
        /// The services.
        services: Vec<MailPerson>,
        /// Whether there are more services than these.
        more: bool,
    },
    /// The organization of the recipient was deleted (SA7).
    MembershipEnded {
        /// The Super Admin or the platform, who deleted it.
        by: Author,
    },
    /// The organization that invited the recipient was deleted (SA7).
    InvitationVoid,
    /// An operator has suspended the organization (SA7).
    OrganizationSuspended {
        /// Why.
        reason: String,
    },
    /// An operator has ended the suspension of the organization (SA7).
    OrganizationResumed,
}

/// A person or a service as a mail names them. A person has an address, and perhaps a name that
/// they or an administrator chose; a service has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailPerson {
    /// The name, if it is one that a mail can show.
    pub name: Option<Name>,
    /// The verified address. `None` for a service.
    pub email: Option<Email>,
}

/// Why the end of another member's access concerns a person (END1, MACH1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// They granted the access.
    Granted,
    /// They keep the service.
    Kept,
    /// Both, or one of the two for each of several members.
    GrantedOrKept,
}

impl Concern {
    /// This concern and another one.
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::GrantedOrKept }
    }
}

impl MailPerson {
    /// A person with this name and address. A name that could be taken for an address, or that a mail
    /// program would turn into a link, is left out.
    pub fn new(name: Option<&str>, email: Email) -> Self {
        let name = name.and_then(mailed);
        Self { name: name.filter(|name| !looks_like_address(name.as_str())), email: Some(email) }
    }

    /// A service, whose name a user manager chose.
    fn service(name: &str) -> Self {
        Self { name: mailed(name), email: None }
    }

    /// A member, with the display name that a user manager gave them, if there is one.
    pub fn member(member: &Member) -> Self {
        let name = member.display_name.as_ref().map(Name::as_str).or(member.name.as_deref());
        match &member.email {
            Some(email) => Self::new(name, email.clone()),
            None => Self::service(name.unwrap_or_default()),
        }
    }

    /// The person who asks to join.
    pub fn requester(request: &JoinRequest) -> Self {
        Self::new(request.name.as_deref(), request.email.clone())
    }

    /// A person or service that an organization knows. `None` if they were erased (ERA1).
    pub fn of_label(person: PersonLabel) -> Option<Self> {
        match person {
            PersonLabel::Known { name, email } => Some(Self::new(name.as_deref(), email)),
            PersonLabel::Service { name } => Some(Self::service(&name)),
            PersonLabel::Erased => None,
        }
    }
}

/// A name of at most [`MAX_MAILED_NAME`] characters, of which the last is `…` if it is cut.
fn mailed(name: &str) -> Option<Name> {
    let whole = Name::cleaned(name, usize::MAX)?;
    if whole.as_str().chars().count() <= MAX_MAILED_NAME {
        return Some(whole);
    }
    let cut: String = whole.as_str().chars().take(MAX_MAILED_NAME - 1).collect();
    Name::cleaned(&format!("{}…", cut.trim_end()), MAX_MAILED_NAME)
}

/// Whether a name contains a mark of addresses, or a dot before two letters, as in `example.com`.
fn looks_like_address(name: &str) -> bool {
    let folded: Vec<char> = plain(&fold(name)).chars().collect();
    let is_mark = |c: &char| matches!(c, '@' | '/' | '\\' | ':');
    folded.iter().any(is_mark)
        || folded.windows(4).any(|part| match part {
            [before, '.', first, second] => {
                before.is_alphanumeric() && first.is_alphabetic() && second.is_alphabetic()
            }
            _ => false,
        })
}

/// The person who caused a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A person in the organization.
    Person(MailPerson),
    /// A person that an operator has erased, or whose name is no longer stored (ERA1).
    Erased,
    /// An operator. Customers do not see the names of operators (ERA2).
    Platform,
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
    /// The language of the mail.
    pub language: Language,
    /// The content of the mail.
    pub notification: Notification,
}

impl OutgoingMail {
    /// A mail about `org`, in its language.
    pub fn new(org: &Organization, to: Email, notification: Notification) -> Self {
        let (id, organization) = (org.id(), org.name.clone());
        Self { to, org: id, organization, language: org.language, notification }
    }

    /// A mail to a member, in the language of the invitation that they accepted. `None` for a service, which has no
    /// address.
    pub fn to_member(
        org: &Organization,
        member: &Member,
        notification: Notification,
    ) -> Option<Self> {
        let mail = Self::new(org, member.email.clone()?, notification);
        Some(mail.in_language(member.language))
    }

    /// The mail in the language of an invitation, if it has one of its own.
    pub fn in_language(self, language: Option<Language>) -> Self {
        Self { language: language.unwrap_or(self.language), ..self }
    }

    /// The sending of an invitation that the mail is; `None` for all other mails.
    pub fn sending(&self) -> Option<Sending> {
        match self.notification {
            Notification::Invited { sending, .. } => Some(sending),
            _ => None,
        }
    }
}

/// What a mail about an invitation names.
#[derive(Clone, Debug)]
pub struct MailedOffer {
    /// The name of the offered role.
    pub role: String,
    /// Who sent the invitation.
    pub by: Author,
}

/// The mail to an invitee for a sending `event`.
///
/// `None` if one of these conditions holds:
/// - The invitation is no longer pending, or has expired at `now`.
/// - It was sent again later: that sending has a mail of its own (INV7).
/// - A member sent it, and the organization is suspended (SA7): its mails can have waited until then.
pub fn invitation_mail(
    event: &Event,
    org: &Organization,
    pending: Option<Invitation>,
    offer: MailedOffer,
    now: Timestamp,
) -> Option<OutgoingMail> {
    let number = sending_number(event)?;
    let is_open = |invitation: &Invitation| {
        invitation.id.to_string() == event.target.id
            && invitation.send_count == number
            && !invitation.expired(now)
            && (invitation.inviter.is_none() || org.suspension().is_none())
    };
    let invitation = pending.filter(is_open)?;
    let (sending, until) = (invitation.sending(), invitation.expires_at);
    let access_end = invitation.access_expires_at;
    let MailedOffer { role, by } = offer;
    let invited = Notification::Invited { sending, role, until, access_end, by };
    let mail = OutgoingMail::new(org, invitation.email, invited);
    Some(mail.in_language(invitation.language))
}

/// How long before the end of an invitation its invitee gets a mail.
pub const REMINDED_BEFORE: SignedDuration = SignedDuration::from_hours(48);

/// The facts that the mail before the end of an invitation depends on.
#[derive(Clone, Copy, Debug)]
pub struct ReminderFacts {
    /// The delivery of its last mail.
    pub delivery: Option<DeliveryRecord>,
    /// The present role of the inviter, if they are still a member.
    pub inviter: Option<RoleId>,
}

/// The mail to an invitee whose invitation ends soon.
///
/// `None` if one of these conditions holds:
/// - The invitation does not end within [`REMINDED_BEFORE`], or has ended at `now`.
/// - It lives no longer than that after its sending.
/// - Its mail was not sent or came back.
/// - It cannot be accepted: the inviter may no longer grant its role (INV9), or the organization is
///   suspended (SA7).
pub fn reminder_mail(
    org: &Organization,
    invitation: &Invitation,
    facts: ReminderFacts,
    offer: MailedOffer,
    now: Timestamp,
) -> Option<OutgoingMail> {
    let before = |at: Timestamp| at.saturating_sub(REMINDED_BEFORE).unwrap_or(Timestamp::MIN);
    let due = before(invitation.expires_at);
    let is_due = due <= now && due > invitation.sent_at && !invitation.expired(now);
    let was_sent = invitation.delivery(facts.delivery) == Delivery::Sent;
    let role_id = invitation.role_id;
    let can_accept =
        invitation.inviter.is_none() || inviter_may_grant(org, role_id, facts.inviter).is_ok();
    if !(is_due && was_sent && can_accept) || org.suspension().is_some() {
        return None;
    }
    let MailedOffer { role, by } = offer;
    let (sending, until) = (invitation.sending(), invitation.expires_at);
    let access_end = invitation.access_expires_at;
    let expiring = Notification::InvitationExpiring { sending, role, until, access_end, by };
    let mail = OutgoingMail::new(org, invitation.email.clone(), expiring);
    Some(mail.in_language(invitation.language))
}

/// The facts that the mail about a revoked invitation depends on.
#[derive(Clone, Debug)]
pub struct RevocationFacts {
    /// Whether the address has an invitation or is a member's now.
    pub address_is_used: bool,
    /// The known names of the address.
    pub called: Option<PersonLabel>,
    /// The delivery of the last mail of the invitation.
    pub delivery: Option<DeliveryRecord>,
}

/// The mail to an invitee whose invitation was revoked by `event`, or ended with its organization.
///
/// `by` is the person who revoked it.
///
/// `None` if the invitee never got the invitation, was invited again or is a member now, was erased, or
/// if the invitation had expired before.
pub fn revocation_mail(
    event: &Event,
    org: &Organization,
    facts: RevocationFacts,
    by: Author,
) -> Option<OutgoingMail> {
    let expires_at = event.old.get("expires_at")?.as_str()?.parse::<Timestamp>().ok()?;
    let was_sent = facts.delivery.is_some_and(|known| known.delivery == Delivery::Sent);
    if facts.address_is_used || !was_sent || expires_at <= event.at {
        return None;
    }
    let to = MailPerson::of_label(facts.called?)?.email?;
    let language = event.old.get("language").cloned();
    let language = language.and_then(|language| serde_json::from_value(language).ok());
    let ended = if org.is_deleted() {
        Notification::InvitationVoid
    } else {
        Notification::InvitationRevoked { by }
    };
    Some(OutgoingMail::new(org, to, ended).in_language(language))
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
    from: &MailPerson,
) -> Vec<OutgoingMail> {
    join_digest_mails(org, members, std::slice::from_ref(from), false)
}

/// The mails to the same members about the join requests of all of `from`. `more` says that further
/// people ask.
pub fn join_digest_mails(
    org: &Organization,
    members: Vec<Member>,
    from: &[MailPerson],
    more: bool,
) -> Vec<OutgoingMail> {
    let notification = match from {
        [only] if !more => Notification::RequestToDecide { from: only.clone() },
        all => Notification::RequestsToDecide { from: all.to_vec(), more },
    };
    let managers = members.into_iter().filter(|member| decides_join_requests(org, member.role_id));
    let mail = |member: Member| OutgoingMail::to_member(org, &member, notification.clone());
    managers.filter_map(mail).take(MAX_NOTIFIED_MANAGERS).collect()
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
    let level =
        levels_in(org, role).map(|levels| effective(levels).level_on(RoleObject::UserManagement));
    level == Some(Level::FullAccess)
}
