//! Invitations from offer to membership: INV1, INV2, INV4, INV5, INV7, INV8, INV9.

use jiff::SignedDuration;

use crate::{
    domain::*,
    fixtures::{
        email, empty_below, in_days, member, now, operator, operator_in, partner, person, standard,
        standing, stated, super_admin, tree, with_role,
    },
};

fn offer(role_id: RoleId) -> Offer {
    Offer { email: email("bob"), role_id, days: DEFAULT_DAYS }
}

fn id_in(org: &Organization) -> InvitationId {
    InvitationId::of(now(), org.id(), &email("bob"))
}

/// Bob, invited by somebody who holds `by`.
fn invited(org: &Organization, by: RoleId, role: RoleId) -> Result<Invitation, Refusal> {
    invite(&standing("ann", org, by), offer(role), None, id_in(org), now())
}

#[test]
fn inviting_needs_user_management_in_full() {
    let org = partner();
    for role in BuiltIn::ALL {
        let full = stated(role)["user_management"] == 2;
        let open = invited(&org, RoleId::BuiltIn(role), RoleId::USER);
        assert_eq!(open.is_ok(), full, "{role}");
        let pending = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
        let actor = standing("ann", &org, RoleId::BuiltIn(role));
        assert_eq!(resend(&actor, &pending, now()).is_ok(), full, "{role}");
        assert_eq!(revoke(&actor).is_ok(), full, "{role}");
    }
    let offered = invite(&operator_in(&org), offer(RoleId::USER), None, id_in(&org), now());
    assert_eq!(offered, Err(Refusal::OperatorsOnlyRead));
}

#[test]
fn a_pure_user_manager_invites_users_and_nobody_above() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(partner(), 1, &[users]);
    assert!(invited(&org, manager, RoleId::USER).is_ok());
    assert!(invited(&org, manager, RoleId::BuiltIn(BuiltIn::PartnerUser)).is_ok());
    assert!(matches!(invited(&org, manager, RoleId::ADMIN), Err(Refusal::Escalates(..))));
}

#[test]
fn nobody_is_invited_to_be_super_admin_or_to_a_role_that_is_not_there() {
    let org = standard();
    let (_, missing) = with_role(standard(), 1, &[]);
    let sue = RoleId::SUPER_ADMIN;
    assert_eq!(invited(&org, sue, sue), Err(Refusal::SuperAdminIsTransferred));
    assert_eq!(invited(&org, sue, missing), Err(Refusal::NoSuchRole));
}

#[test]
fn an_address_with_a_place_is_refused_and_the_invitation_named() {
    let org = standard();
    let ann = standing("ann", &org, RoleId::ADMIN);
    let again = |place| invite(&ann, offer(RoleId::USER), Some(&place), id_in(&org), now());
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let id = open.id;
    assert_eq!(again(Place::Pending(open)), Err(Refusal::AlreadyInvited(id)));
    assert_eq!(again(Place::Taken(person("bob").id)), Err(Refusal::AlreadyMember));
    assert!(Refusal::AlreadyInvited(id).to_string().contains(&format!("{id}/resend")));
}

#[test]
fn who_may_not_invite_does_not_learn_whose_address_has_a_place() {
    let org = standard();
    let place = Place::Taken(person("bob").id);
    let viewer = standing("ann", &org, RoleId::USER);
    let offered = invite(&viewer, offer(RoleId::USER), Some(&place), id_in(&org), now());
    assert!(matches!(offered, Err(Refusal::Lacks { .. })));
}

#[test]
fn an_expired_invitation_is_replaced() {
    let org = standard();
    let old = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let (ann, later) = (standing("ann", &org, RoleId::ADMIN), old.expires_at);
    let id = InvitationId::of(later, org.id(), &old.email);
    let place = Place::Pending(Invitation { send_count: 5, ..old.clone() });
    let new = invite(&ann, offer(RoleId::ADMIN), Some(&place), id, later).unwrap();
    assert_ne!(new.id, old.id);
    assert_eq!((new.role_id, new.send_count), (RoleId::ADMIN, 1));
}

#[test]
fn whoever_replaces_an_expired_invitation_is_counted_where_it_was() {
    let org = standard();
    let ann = standing("ann", &org, RoleId::ADMIN);
    let old = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let old = Invitation { part: (old.part + 1) % HEADCOUNT_PARTS, ..old };
    let later = old.expires_at;
    let id = InvitationId::of(later, org.id(), &old.email);
    let place = Place::Pending(old.clone());
    let new = invite(&ann, offer(RoleId::USER), Some(&place), id, later).unwrap();
    assert_eq!(new.part, old.part, "so that a full organization may still replace");
}

#[test]
fn an_invitation_stays_open_for_exactly_the_days_asked_for() {
    let org = standard();
    let ann = standing("ann", &org, RoleId::ADMIN);
    for days in 1..=MAX_DAYS {
        let offer = Offer { days, ..offer(RoleId::USER) };
        let open = invite(&ann, offer, None, id_in(&org), now()).unwrap();
        assert_eq!(open.expires_at, in_days(days.into()));
        let moment = SignedDuration::from_millis(1);
        assert!(!open.expired(open.expires_at - moment));
        assert!(open.expired(open.expires_at));
    }
    assert_eq!((DEFAULT_DAYS, MAX_DAYS), (7, 30));
}

#[test]
fn whoever_invites_stands_behind_it() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let ann = Backer { user_id: person("ann").id, role_id: RoleId::ADMIN };
    assert_eq!(open.backer, Some(ann));
    assert_eq!((open.invited_by, open.send_count), (person("ann").id, 1));
    assert_eq!((open.id, open.path), (id_in(&org), org.path.clone()));
}

#[test]
fn the_id_alone_locates_the_address_and_tells_organizations_apart() {
    let (root, bob) = (tree(), email("bob"));
    let below = empty_below(&root);
    let id = InvitationId::of(now(), root.id(), &bob);
    assert_eq!(id.digest(), AddressDigest::of(root.id(), &bob));
    assert_ne!(id.digest(), AddressDigest::of(below.id(), &bob));
    assert_eq!(InvitationId::of(in_days(9), root.id(), &bob).digest(), id.digest());
}

#[test]
fn resending_restarts_the_clock_even_after_it_ran_out_and_changes_the_backer() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    for later in [in_days(3), in_days(300)] {
        let sent = resend(&super_admin(&org), &open, later).unwrap();
        let sue = Backer { user_id: person("sue").id, role_id: RoleId::SUPER_ADMIN };
        let expected = Invitation {
            backer: Some(sue),
            expires_at: later + SignedDuration::from_hours(24 * 7),
            sent_at: later,
            send_count: 2,
            ..open.clone()
        };
        assert_eq!(sent, expected);
    }
    let often = Invitation { send_count: u32::MAX, ..open };
    assert_eq!(resend(&super_admin(&org), &often, now()).unwrap().send_count, u32::MAX);
}

/// Its invitations go with a role: whoever still sees one has read it before.
#[test]
fn an_invitation_to_a_role_that_is_gone_has_changed_meanwhile() {
    let (with, role) = with_role(standard(), 1, &[]);
    let open = invited(&with, RoleId::SUPER_ADMIN, role).unwrap();
    let without = standard();
    let sent = resend(&super_admin(&without), &open, now());
    assert_eq!(sent, Err(Refusal::ChangedMeanwhile));
}

#[test]
fn only_who_may_grant_the_role_resends_it() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let open = invited(&org, RoleId::SUPER_ADMIN, RoleId::ADMIN).unwrap();
    let resent = resend(&standing("max", &org, manager), &open, now());
    assert!(matches!(resent, Err(Refusal::Escalates(..))));
}

#[test]
fn an_invitation_is_found_by_ones_own_address_and_its_id_or_not_at_all() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let pending = || Some(Place::Pending(open.clone()));
    let none = Err(Refusal::NoSuchInvitation);
    assert_eq!(mine(&person("bob"), open.id, pending()), Ok(open.clone()));
    assert_eq!(mine(&person("eve"), open.id, pending()), none);
    let unverified = Person { email: None, ..person("bob") };
    assert_eq!(mine(&unverified, open.id, pending()), none);
    let other = InvitationId::of(in_days(1), org.id(), &open.email);
    assert_eq!(mine(&person("bob"), other, pending()), none);
    assert_eq!(mine(&person("bob"), open.id, Some(Place::Taken(person("bob").id))), none);
    assert_eq!(mine(&person("bob"), open.id, None), none);
}

#[test]
fn accepting_makes_a_member_in_the_role_offered() {
    let (org, role) = with_role(standard(), 1, &[]);
    let open = invited(&org, RoleId::ADMIN, role).unwrap();
    let made = accept(&person("bob"), &org, &open, Some(RoleId::ADMIN), now()).unwrap();
    assert_eq!(made, member("bob", &org, role));
}

#[test]
fn an_expired_invitation_is_refused_by_the_clock_of_the_request() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let accepted = |at| accept(&person("bob"), &org, &open, Some(RoleId::ADMIN), at);
    assert!(accepted(in_days(7) - SignedDuration::from_millis(1)).is_ok());
    assert_eq!(accepted(in_days(7)), Err(Refusal::InvitationExpired(in_days(7))));
}

#[test]
fn an_invitation_falls_with_its_backers_power_to_grant_it() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let open = invited(&org, RoleId::ADMIN, RoleId::ADMIN).unwrap();
    let accepted = |backer| accept(&person("bob"), &org, &open, backer, now());
    assert_eq!(accepted(None), Err(Refusal::BackerGone), "no member any more");
    assert_eq!(accepted(Some(RoleId::USER)), Err(Refusal::BackerGone), "lowered");
    assert_eq!(accepted(Some(manager)), Err(Refusal::BackerGone), "holds less than an Admin");
    let (_, gone) = with_role(standard(), 9, &[]);
    assert_eq!(accepted(Some(gone)), Err(Refusal::BackerGone), "holds a role that is gone");
    assert!(accepted(Some(RoleId::SUPER_ADMIN)).is_ok(), "raised");
}

#[test]
fn outside_the_programme_an_mdf_admins_invitation_is_refused_by_name() {
    let mut org = partner();
    let mdf = RoleId::BuiltIn(BuiltIn::MdfAdmin);
    let open = invited(&org, RoleId::SUPER_ADMIN, mdf).unwrap();
    let accepted = |org: &Organization, backer| {
        accept(&person("bob"), org, &open, Some(backer), now()).map(|member| member.role_id)
    };
    assert_eq!(accepted(&org, RoleId::SUPER_ADMIN), Ok(mdf));
    assert_eq!(accepted(&org, RoleId::ADMIN), Err(Refusal::BackerGone), "transferred since");
    org.settings.mdf_program = false;
    assert_eq!(accepted(&org, RoleId::SUPER_ADMIN), Err(Refusal::OutsideMdfProgram));
}

#[test]
fn the_first_admin_to_accept_becomes_super_admin_and_the_next_an_admin() {
    let empty = Organization { super_admin_user_id: None, ..standard() };
    let first = Invitation::of_first_admin(id_in(&empty), &empty, email("bob"), &operator(), now());
    assert_eq!((first.backer.as_ref(), first.role_id), (None, RoleId::ADMIN));
    let one = accept(&person("bob"), &empty, &first, None, now()).unwrap();
    assert_eq!(one.role_id, RoleId::SUPER_ADMIN);

    let org = standard();
    let next = accept(&person("bob"), &org, &first, None, now()).unwrap();
    assert_eq!(next.role_id, RoleId::ADMIN);
}

#[test]
fn an_operator_invites_the_first_admin_and_nobody_after() {
    let empty = Organization { super_admin_user_id: None, ..standard() };
    let invited =
        |org: &Organization| invite_first_admin(&operator(), org, email("bob"), id_in(org), now());
    let first = Invitation::of_first_admin(id_in(&empty), &empty, email("bob"), &operator(), now());
    assert_eq!(invited(&empty), Ok(first));
    assert_eq!(invited(&standard()), Err(Refusal::MembersInvite));
}

#[test]
fn an_id_is_for_one_address_in_one_organization() {
    let (org, id) = (standard().id(), id_in(&standard()));
    assert!(is_for(&person("bob"), org, id));
    assert!(!is_for(&person("eve"), org, id));
    assert!(!is_for(&person("bob"), empty_below(&tree()).id(), id));
    assert!(!is_for(&Person { email: None, ..person("bob") }, org, id));
}

#[test]
fn an_operators_invitation_needs_no_backer_until_a_member_resends_it() {
    let org = standard();
    let first = Invitation::of_first_admin(id_in(&org), &org, email("bob"), &operator(), now());
    assert!(accept(&person("bob"), &org, &first, None, now()).is_ok());
    let sent = resend(&super_admin(&org), &first, now()).unwrap();
    assert_eq!(accept(&person("bob"), &org, &sent, None, now()), Err(Refusal::BackerGone));
}
