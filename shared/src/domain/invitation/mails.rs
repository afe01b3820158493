//! The mails to an invitee: about each sending, before the end, and after a revocation.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Author, Delivery, DeliveryRecord, Event, EventAction, Invitation, MailPerson, Notification,
    Organization, OutgoingMail, PersonLabel, RoleId, inviter_may_grant,
};

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
/// - A member sent it, and the organization is suspended (SA7): its mails can have waited until
///   then.
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
    pub inviter_role: Option<RoleId>,
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
        invitation.inviter.is_none() || inviter_may_grant(org, role_id, facts.inviter_role).is_ok();
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
/// `None` if the invitee never got the invitation, was invited again or is a member now, was
/// erased, or if the invitation had expired before.
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
