//! Recipients and content of mails: INV7, ORG2, U4.

use crate::{
    domain::*,
    fixtures::{context, email, in_days, member, now, partner, standard, standing, with_role},
};

/// Bob's invitation, and the event of its first sending.
fn invited(org: &Organization) -> (Invitation, Event) {
    let ann = standing("ann", org, RoleId::ADMIN);
    let offer = InvitationDraft { email: email("bob"), role_id: RoleId::USER, days: 7 };
    let id = InvitationId::of(now(), org.id(), &offer.email);
    let open = invite(&ann, offer, None, id, now()).unwrap();
    let target = open.target(open.version);
    let event = Event::new(&context(&ann.person), org, EventAction::InvitationCreated, target);
    (open, event)
}

fn mail(event: &Event, org: &Organization, open: Option<Invitation>) -> Option<OutgoingMail> {
    invitation_mail(event, org, open, "User".to_owned())
}

#[test]
fn invitation_mail_names_the_invitation_the_role_and_the_inviter() {
    let org = standard();
    let (open, event) = invited(&org);
    let sent = mail(&event, &org, Some(open.clone())).unwrap();
    let notification = Notification::Invited {
        invitation: open.id,
        role: "User".to_owned(),
        until: in_days(7),
        by: Some(email("ann")),
    };
    assert_eq!(sent, OutgoingMail::new(&org, email("bob"), notification));
}

#[test]
fn ended_or_resent_invitation_causes_no_mail() {
    let org = standard();
    let (open, event) = invited(&org);
    assert_eq!(mail(&event, &org, None), None, "revoked or accepted");
    let ann = standing("ann", &org, RoleId::ADMIN);
    let resent = resend(&ann, &open, in_days(1)).unwrap();
    assert_eq!(mail(&event, &org, Some(resent)), None, "sent again");
    let later = InvitationId::of(in_days(1), org.id(), &open.email);
    let another = Invitation { id: later, ..open };
    assert_eq!(mail(&event, &org, Some(another)), None, "another invitation");
}

#[test]
fn invitation_mail_hides_the_address_of_an_operator() {
    let org = standard();
    let (open, event) = invited(&org);
    let actor = Actor { operator: true, ..event.actor.clone() };
    let sent = mail(&Event { actor, ..event }, &org, Some(open)).unwrap();
    assert!(matches!(sent.notification, Notification::Invited { by: None, .. }));
}

/// U4
#[test]
fn only_user_managers_get_a_mail_about_a_join_request() {
    let full = (RoleObject::UserManagement, Level::FullAccess);
    let view = (RoleObject::UserManagement, Level::ViewOnly);
    let (org, manager) = with_role(partner(), 1, &[full]);
    let (org, reader) = with_role(org, 2, &[view]);
    assert_eq!(roles_deciding_join_requests(&org), [RoleId::SUPER_ADMIN, RoleId::ADMIN, manager]);
    let (gone, _) = with_role(standard(), 3, &[]);
    let people = [("ann", RoleId::ADMIN), ("cy", RoleId::USER), ("eve", reader), ("mia", manager)];
    let members = people.map(|(name, role)| member(name, &org, role));
    let recipients = |org: &Organization| -> Vec<Email> {
        let mails = join_request_mails(org, members.to_vec(), &email("bob"));
        mails.into_iter().map(|mail| mail.to).collect()
    };
    assert_eq!(recipients(&org), [email("ann"), email("mia")]);
    assert_eq!(recipients(&gone), [email("ann")], "a deleted role gives no level");
}

#[test]
fn mails_about_a_join_request_are_limited() {
    let org = standard();
    let many = (0..100).map(|n| member(&format!("a{n}"), &org, RoleId::ADMIN)).collect();
    let mails = join_request_mails(&org, many, &email("bob"));
    assert_eq!(mails.len(), MAX_NOTIFIED_MANAGERS);
    assert_eq!(mails.first().map(|mail| &mail.to), Some(&email("a0")));
}
