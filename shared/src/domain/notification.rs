//! The content of each mail that an event causes, and its recipient. The `mail` function composes
//! and sends them.

use jiff::Timestamp;

use super::{Author, Email, Language, MailPerson, Member, Name, OrgId, Organization, Sending};

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
    /// The access of a member that the recipient granted, or of a service that they keep, ends soon
    /// (END1).
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
    /// The access of several members that the recipient granted, or of services that they keep,
    /// ends soon (END1).
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
        /// The number of memberships, invitations and join requests that ended.
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
    /// An operator has appointed another Super Admin of the organization in which the recipient is
    /// an Admin (SA6).
    SuperAdminAppointed {
        /// The new Super Admin.
        new: MailPerson,
    },
    /// An operator has given the membership of the recipient to another account (OP2).
    AccountReplaced,
    /// An operator has given the membership of another person to another account (OP2). The
    /// recipient administers the organization.
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

    /// A mail to a member, in the language of the invitation that they accepted. `None` for a
    /// service, which has no address.
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
