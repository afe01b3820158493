//! Who is told what by mail: INV7, ORG2, U4.

use crate::{
    domain::*,
    fixtures::{act, email, in_days, member, now, partner, standard, standing, with_role},
};

/// Bob's invitation, and the event of its first sending.
fn invited(org: &Organization) -> (Invitation, Event) {
    let ann = standing("ann", org, RoleId::ADMIN);
    let offer = Offer { email: email("bob"), role_id: RoleId::USER, days: 7 };
    let id = InvitationId::of(now(), org.id(), &offer.email);
    let open = invite(&ann, offer, None, id, now()).unwrap();
    let target = ("invitation", id.to_string());
    let event = Event::new(&act(&ann.person), org, EventAction::InvitationCreated, target);
    (open, event)
}

fn letter(event: &Event, org: &Organization, open: Option<Invitation>) -> Option<Letter> {
    about_invitation(event, org, open, "User".to_owned())
}

#[test]
fn an_invitee_is_told_where_the_invitation_is_and_by_whom_it_was_sent() {
    let org = standard();
    let (open, event) = invited(&org);
    let told = letter(&event, &org, Some(open.clone())).unwrap();
    let notice = Notice::Invited {
        invitation: open.id,
        role: "User".to_owned(),
        until: in_days(7),
        by: Some(email("ann")),
    };
    assert_eq!(told, Letter::new(&org, email("bob"), notice));
}

#[test]
fn what_is_moot_is_not_told() {
    let org = standard();
    let (open, event) = invited(&org);
    assert_eq!(letter(&event, &org, None), None, "revoked or accepted");
    let ann = standing("ann", &org, RoleId::ADMIN);
    let resent = resend(&ann, &open, in_days(1)).unwrap();
    assert_eq!(letter(&event, &org, Some(resent)), None, "sent again");
    let later = InvitationId::of(in_days(1), org.id(), &open.email);
    let another = Invitation { id: later, ..open };
    assert_eq!(letter(&event, &org, Some(another)), None, "another invitation");
}

#[test]
fn an_operators_address_is_not_given_away() {
    let org = standard();
    let (open, event) = invited(&org);
    let actor = Actor { operator: true, ..event.actor.clone() };
    let told = letter(&Event { actor, ..event }, &org, Some(open)).unwrap();
    assert!(matches!(told.notice, Notice::Invited { by: None, .. }));
}

/// U4
#[test]
fn whoever_manages_users_in_full_decides_and_nobody_else() {
    let full = (RoleObject::UserManagement, Level::FullAccess);
    let view = (RoleObject::UserManagement, Level::ViewOnly);
    let (org, manager) = with_role(partner(), 1, &[full]);
    let (org, reader) = with_role(org, 2, &[view]);
    assert_eq!(deciding_roles(&org), [RoleId::SUPER_ADMIN, RoleId::ADMIN, manager]);
    let (gone, _) = with_role(standard(), 3, &[]);
    let people = [("ann", RoleId::ADMIN), ("cy", RoleId::USER), ("eve", reader), ("mia", manager)];
    let members = people.map(|(name, role)| member(name, &org, role));
    let told = |org: &Organization| -> Vec<Email> {
        let letters = decide(org, members.to_vec(), &email("bob"));
        letters.into_iter().map(|letter| letter.to).collect()
    };
    assert_eq!(told(&org), [email("ann"), email("mia")]);
    assert_eq!(told(&gone), [email("ann")], "a role that is not there gives nothing");
}

#[test]
fn only_so_many_are_told() {
    let org = standard();
    let many = (0..100).map(|n| member(&format!("a{n}"), &org, RoleId::ADMIN)).collect();
    let letters = decide(&org, many, &email("bob"));
    assert_eq!(letters.len(), MAX_MANAGERS);
    assert_eq!(letters.first().map(|letter| &letter.to), Some(&email("a0")));
}
