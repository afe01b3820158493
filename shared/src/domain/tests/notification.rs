//! Recipients and content of mails: INV7, ORG2, U4.

use jiff::Timestamp;

use crate::{domain::*, fixtures::*};

/// Bob's invitation, and the event of its first sending.
fn sent(org: &Organization) -> (Invitation, Event) {
    let ann = standing("ann", org, RoleId::ADMIN);
    let open = invited(&ann, "bob", RoleId::USER).unwrap();
    let target = open.target(open.version);
    let event = Event::new(&context(&ann.person), org, EventAction::InvitationCreated, target);
    (open, event)
}

fn mail(event: &Event, org: &Organization, open: Option<Invitation>) -> Option<OutgoingMail> {
    let offer = MailedOffer { role: "User".to_owned(), by: Author::Platform };
    invitation_mail(event, org, open, offer, in_days(1))
}

#[test]
fn invitation_mail_names_the_invitation_the_role_and_the_inviter_but_no_operator() {
    let org = standard();
    let (open, event) = sent(&org);
    let ann = MailPerson::new(Some("Ann"), email("ann"));
    for by in [Author::Person(ann), Author::Erased, Author::Platform] {
        let offer = MailedOffer { role: "User".to_owned(), by: by.clone() };
        let mail = invitation_mail(&event, &org, Some(open.clone()), offer, in_days(1));
        let notification = Notification::Invited {
            sending: Sending { invitation: open.id, number: 1 },
            role: "User".to_owned(),
            until: in_days(7),
            access_end: None,
            by,
        };
        let expected = OutgoingMail::new(&org, email("bob"), notification);
        assert_eq!(mail, Some(expected));
    }
}

#[test]
fn ended_or_resent_invitation_causes_no_mail() {
    let org = standard();
    let (open, event) = sent(&org);
    assert_eq!(mail(&event, &org, None), None, "revoked or accepted");
    let offer = MailedOffer { role: String::new(), by: Author::Erased };
    let expired = invitation_mail(&event, &org, Some(open.clone()), offer, in_days(7));
    assert_eq!(expired, None, "it cannot be accepted");
    let ann = standing("ann", &org, RoleId::ADMIN);
    let resent = resend(&ann, &open, &Budgets::default(), in_days(1)).unwrap();
    assert_eq!(mail(&event, &org, Some(resent.clone())), None, "sent again");
    let again = Event {
        action: EventAction::InvitationResent,
        new: serde_json::json!({ "send_count": 2 }),
        ..event.clone()
    };
    let sending = mail(&again, &org, Some(resent)).and_then(|mail| mail.sending());
    assert_eq!(sending, Some(Sending { invitation: open.id, number: 2 }));
    let later = InvitationId::of(in_days(1), org.id(), &open.email);
    let another = Invitation { id: later, ..open };
    assert_eq!(mail(&event, &org, Some(another)), None, "another invitation");
}

/// SA7: mails can wait for days, until the organization that sends bad ones is suspended.
#[test]
fn invitation_of_a_member_causes_no_mail_while_the_organization_is_suspended() {
    let org = standard();
    let (open, event) = sent(&org);
    let suspension = Suspension { reason: "spam".to_owned(), since: now() };
    let suspended = Organization { closure: Some(Closure::Suspended(suspension)), ..org };
    assert_eq!(mail(&event, &suspended, Some(open.clone())), None);
    let by_operator = Invitation { inviter: None, ..open };
    assert!(mail(&event, &suspended, Some(by_operator)).is_some());
}

#[test]
fn mail_has_the_language_of_the_invitation_then_of_the_organization_then_english() {
    let german = Organization { language: Language::German, ..standard() };
    for (org, own, expected) in [
        (standard(), None, Language::English),
        (german.clone(), None, Language::German),
        (german, Some(Language::English), Language::English),
    ] {
        let (open, event) = sent(&org);
        let open = Invitation { language: own, ..open };
        assert_eq!(mail(&event, &org, Some(open)).map(|mail| mail.language), Some(expected));
    }
}

/// Whether the invitee gets a mail before the end of an invitation, whose mail was delivered so.
fn reminds(
    invitation: &Invitation,
    delivery: Delivery,
    inviter: Option<RoleId>,
    now: Timestamp,
) -> bool {
    let known = DeliveryRecord { sending_number: invitation.send_count, delivery };
    let facts = ReminderFacts { delivery: Some(known), inviter_role: inviter };
    let offer = MailedOffer { role: String::new(), by: Author::Platform };
    reminder_mail(&standard(), invitation, facts, offer, now).is_some()
}

/// INV9
#[test]
fn invitee_is_reminded_two_days_before_the_end_if_they_can_accept() {
    let (open, _) = sent(&standard());
    let admin = Some(RoleId::ADMIN);
    for (day, expected) in [(4, false), (5, true), (6, true), (7, false)] {
        assert_eq!(reminds(&open, Delivery::Sent, admin, in_days(day)), expected, "{day}");
    }
    for delivery in [Delivery::Waiting, Delivery::Bounced, Delivery::Suppressed] {
        assert!(!reminds(&open, delivery, admin, in_days(6)), "{delivery:?}");
    }
    let to_admin = Invitation { role_id: RoleId::ADMIN, ..open.clone() };
    for (inviter, expected) in [(None, false), (Some(RoleId::USER), false), (admin, true)] {
        let reminds = reminds(&to_admin, Delivery::Sent, inviter, in_days(6));
        assert_eq!(reminds, expected, "{inviter:?}");
    }
    let by_operator = Invitation { inviter: None, ..open.clone() };
    assert!(reminds(&by_operator, Delivery::Sent, None, in_days(6)));
    let short = Invitation { expires_at: in_days(2), days: 2, ..open };
    assert!(!reminds(&short, Delivery::Sent, admin, in_days(1)), "its own mail says when it ends");
}

/// U4
#[test]
fn only_user_managers_get_a_mail_about_a_join_request_up_to_a_limit() {
    let full = (RoleObject::UserManagement, Level::FullAccess);
    let view = (RoleObject::UserManagement, Level::ViewOnly);
    let (org, manager) = with_role(partner(), 1, &[full]);
    let (org, reader) = with_role(org, 2, &[view]);
    assert_eq!(roles_deciding_join_requests(&org), [RoleId::SUPER_ADMIN, RoleId::ADMIN, manager]);
    let people = [("ann", RoleId::ADMIN), ("cy", RoleId::USER), ("eve", reader), ("mia", manager)];
    let members = people.map(|(name, role)| member(name, &org, role));
    let recipients = |org: &Organization, members| -> Vec<Email> {
        let mails = join_request_mails(org, members, &MailPerson::new(None, email("bob")));
        mails.into_iter().map(|mail| mail.to).collect()
    };
    assert_eq!(recipients(&org, members.to_vec()), [email("ann"), email("mia")]);
    let without_roles = standard();
    let ann = recipients(&without_roles, members.to_vec());
    assert_eq!(ann, [email("ann")], "a deleted role gives no level");
    let names: Vec<_> = (0..100).map(|n| format!("a{n}")).collect();
    let many = names.iter().map(|name| member(name, &org, RoleId::ADMIN)).collect();
    let first = names.iter().take(MAX_NOTIFIED_MANAGERS).map(|name| email(name));
    assert_eq!(recipients(&org, many), first.collect::<Vec<_>>());
}
