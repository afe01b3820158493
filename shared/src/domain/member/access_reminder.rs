//! The mails before access ends (END1). The member gets one. The person who granted it and the
//! keeper of a service (MACH1) get one that names all members whose access concerns them and ends
//! soon.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Concern, MAX_NAMED_IN_DIGEST, MailPerson, Member, Notification, Organization, OutgoingMail,
};

/// How long before the end of access the member, the person who granted it and the keeper of a
/// service get a mail (END1). An end that is set nearer than that has its mail at once.
pub const ACCESS_REMINDED_BEFORE: SignedDuration = SignedDuration::from_hours(72);

/// The access of a member that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingAccess {
    /// The member.
    pub member: Member,
    /// The name of their role.
    pub role: String,
    /// The time at which the access ends.
    pub until: Timestamp,
}

impl EndingAccess {
    /// The access of `member`, whose role has the name `role`. `None` if it does not end within
    /// [`ACCESS_REMINDED_BEFORE`] after `now`.
    pub fn soon(member: Member, role: String, now: Timestamp) -> Option<Self> {
        let until = member.access_expires_at?;
        let due = until.saturating_sub(ACCESS_REMINDED_BEFORE).ok()?;
        (due <= now).then_some(Self { member, role, until })
    }

    /// The mail to the member. `None` for a service, which has no address.
    pub fn mail(&self, org: &Organization) -> Option<OutgoingMail> {
        let expiring = Notification::AccessExpiring { role: self.role.clone(), until: self.until };
        OutgoingMail::to_member(org, &self.member, expiring)
    }
}

/// The mail to `recipient` about the access of others that concerns them and ends soon, the nearest
/// end first. `None` if there is none, and for a service.
pub fn concerned_mail(
    org: &Organization,
    recipient: &Member,
    ending: &[(EndingAccess, Concern)],
) -> Option<OutgoingMail> {
    let concern = ending.iter().map(|(_, concern)| *concern).reduce(Concern::and)?;
    let ending = ending.iter().map(|(access, _)| access);
    let mut ending: Vec<_> = ending.collect();
    ending.sort_by_key(|one| (one.until, &one.member.email, one.member.id()));
    let notification = match &*ending {
        [] => return None,
        [EndingAccess { member, role, until }] => Notification::GrantedAccessExpiring {
            member: MailPerson::member(member),
            role: role.clone(),
            until: *until,
            concern,
        },
        [first, ..] => Notification::GrantedAccessesExpiring {
            members: (ending.iter().take(MAX_NAMED_IN_DIGEST))
                .map(|one| MailPerson::member(&one.member))
                .collect(),
            more: ending.len() > MAX_NAMED_IN_DIGEST,
            until: first.until,
            concern,
        },
    };
    OutgoingMail::to_member(org, recipient, notification)
}
