//! Invitations and their acceptance: INV1, INV2, INV4, INV5, INV7, INV8, INV9.

use jiff::SignedDuration;

use crate::{
    domain::*,
    fixtures::{
        email, empty_below, in_days, member, now, operator, operator_in, partner, person, standard,
        standing, stated, super_admin, tree, with_role,
    },
};

fn draft(role_id: RoleId) -> InvitationDraft {
    InvitationDraft { email: email("bob"), role_id, days: DEFAULT_DAYS }
}

fn id_in(org: &Organization) -> InvitationId {
    InvitationId::of(now(), org.id(), &email("bob"))
}

/// Bob's invitation to `role` by a member who holds `by`.
fn invited(org: &Organization, by: RoleId, role: RoleId) -> Result<Invitation, Refusal> {
    invite(&standing("ann", org, by), draft(role), None, id_in(org), now())
}

#[test]
fn invite_resend_and_revoke_require_full_user_management() {
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
    let invited = invite(&operator_in(&org), draft(RoleId::USER), None, id_in(&org), now());
    assert_eq!(invited, Err(Refusal::OperatorReadOnly));
}

#[test]
fn user_manager_can_invite_users_but_no_higher_role() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(partner(), 1, &[users]);
    assert!(invited(&org, manager, RoleId::USER).is_ok());
    assert!(invited(&org, manager, RoleId::BuiltIn(BuiltIn::PartnerUser)).is_ok());
    assert!(matches!(
        invited(&org, manager, RoleId::ADMIN),
        Err(Refusal::ExceedsOwnPermissions(..))
    ));
}

#[test]
fn super_admin_and_missing_roles_cannot_be_offered() {
    let org = standard();
    let (_, missing) = with_role(standard(), 1, &[]);
    let sue = RoleId::SUPER_ADMIN;
    assert_eq!(invited(&org, sue, sue), Err(Refusal::SuperAdminNotAssignable));
    assert_eq!(invited(&org, sue, missing), Err(Refusal::NoSuchRole));
}

#[test]
fn address_in_use_is_refused_and_the_pending_invitation_is_named() {
    let org = standard();
    let ann = standing("ann", &org, RoleId::ADMIN);
    let again = |slot| invite(&ann, draft(RoleId::USER), Some(&slot), id_in(&org), now());
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let id = open.id;
    assert_eq!(again(AddressSlot::Pending(open)), Err(Refusal::AlreadyInvited(id)));
    assert_eq!(again(AddressSlot::Taken(person("bob").id)), Err(Refusal::AlreadyMember));
}

#[test]
fn permission_is_checked_before_the_use_of_the_address() {
    let org = standard();
    let slot = AddressSlot::Taken(person("bob").id);
    let viewer = standing("ann", &org, RoleId::USER);
    let invited = invite(&viewer, draft(RoleId::USER), Some(&slot), id_in(&org), now());
    assert!(matches!(invited, Err(Refusal::MissingPermission { .. })));
}

#[test]
fn expired_invitation_is_replaced() {
    let org = standard();
    let old = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let (ann, later) = (standing("ann", &org, RoleId::ADMIN), old.expires_at);
    let id = InvitationId::of(later, org.id(), &old.email);
    let slot = AddressSlot::Pending(Invitation { send_count: 5, ..old.clone() });
    let new = invite(&ann, draft(RoleId::ADMIN), Some(&slot), id, later).unwrap();
    assert_ne!(new.id, old.id);
    assert_eq!((new.role_id, new.send_count), (RoleId::ADMIN, 1));
}

#[test]
fn invitation_expires_exactly_after_the_requested_days() {
    let org = standard();
    let ann = standing("ann", &org, RoleId::ADMIN);
    for days in 1..=MAX_DAYS {
        let draft = InvitationDraft { days, ..draft(RoleId::USER) };
        let open = invite(&ann, draft, None, id_in(&org), now()).unwrap();
        assert_eq!(open.expires_at, in_days(days.into()));
        let millisecond = SignedDuration::from_millis(1);
        assert!(!open.expired(open.expires_at - millisecond));
        assert!(open.expired(open.expires_at));
    }
    assert_eq!((DEFAULT_DAYS, MAX_DAYS), (7, 30));
}

#[test]
fn new_invitation_records_its_inviter() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let ann = Inviter { user_id: person("ann").id, role_id: RoleId::ADMIN };
    assert_eq!(open.inviter, Some(ann));
    assert_eq!((open.invited_by, open.send_count), (person("ann").id, 1));
    assert_eq!((open.id, open.path), (id_in(&org), org.path.clone()));
}

#[test]
fn invitation_id_contains_the_digest_of_address_and_organization() {
    let (root, bob) = (tree(), email("bob"));
    let below = empty_below(&root);
    let id = InvitationId::of(now(), root.id(), &bob);
    assert_eq!(id.digest(), AddressDigest::of(root.id(), &bob));
    assert_ne!(id.digest(), AddressDigest::of(below.id(), &bob));
    assert_eq!(InvitationId::of(in_days(9), root.id(), &bob).digest(), id.digest());
}

#[test]
fn resend_renews_the_expiry_and_changes_the_inviter_even_after_expiry() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    for later in [in_days(3), in_days(300)] {
        let sent = resend(&super_admin(&org), &open, later).unwrap();
        let sue = Inviter { user_id: person("sue").id, role_id: RoleId::SUPER_ADMIN };
        let expected = Invitation {
            inviter: Some(sue),
            expires_at: later + SignedDuration::from_hours(24 * 7),
            sent_at: later,
            send_count: 2,
            version: open.version.next(later),
            ..open.clone()
        };
        assert_eq!(sent, expected);
    }
    let often = Invitation { send_count: u32::MAX, ..open };
    assert_eq!(resend(&super_admin(&org), &often, now()).unwrap().send_count, u32::MAX);
}

/// The deletion of a role reassigns its invitations, so this request has read outdated data.
#[test]
fn resend_to_a_deleted_role_is_refused_as_a_concurrent_change() {
    let (with, role) = with_role(standard(), 1, &[]);
    let open = invited(&with, RoleId::SUPER_ADMIN, role).unwrap();
    let without = standard();
    let sent = resend(&super_admin(&without), &open, now());
    assert_eq!(sent, Err(Refusal::ChangedConcurrently));
}

#[test]
fn resend_requires_permission_to_grant_the_role() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let open = invited(&org, RoleId::SUPER_ADMIN, RoleId::ADMIN).unwrap();
    let resent = resend(&standing("max", &org, manager), &open, now());
    assert!(matches!(resent, Err(Refusal::ExceedsOwnPermissions(..))));
}

#[test]
fn own_invitation_needs_the_invited_address_and_the_id() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let pending = || Some(AddressSlot::Pending(open.clone()));
    let none = Err(Refusal::NoSuchInvitation);
    assert_eq!(own_invitation(&person("bob"), open.id, pending()), Ok(open.clone()));
    assert_eq!(own_invitation(&person("eve"), open.id, pending()), none);
    let unverified = Person { email: None, ..person("bob") };
    assert_eq!(own_invitation(&unverified, open.id, pending()), none);
    let other = InvitationId::of(in_days(1), org.id(), &open.email);
    assert_eq!(own_invitation(&person("bob"), other, pending()), none);
    assert_eq!(
        own_invitation(&person("bob"), open.id, Some(AddressSlot::Taken(person("bob").id))),
        none
    );
    assert_eq!(own_invitation(&person("bob"), open.id, None), none);
}

#[test]
fn accept_creates_a_member_with_the_offered_role() {
    let (org, role) = with_role(standard(), 1, &[]);
    let open = invited(&org, RoleId::ADMIN, role).unwrap();
    let made = accept(&person("bob"), &org, &open, Some(RoleId::ADMIN), None, now()).unwrap();
    assert_eq!(made, member("bob", &org, role));
}

#[test]
fn expired_invitation_cannot_be_accepted() {
    let org = standard();
    let open = invited(&org, RoleId::ADMIN, RoleId::USER).unwrap();
    let accepted = |at| accept(&person("bob"), &org, &open, Some(RoleId::ADMIN), None, at);
    assert!(accepted(in_days(7) - SignedDuration::from_millis(1)).is_ok());
    assert_eq!(accepted(in_days(7)), Err(Refusal::InvitationExpired(in_days(7))));
}

#[test]
fn invitation_whose_inviter_cannot_grant_the_role_cannot_be_accepted() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let open = invited(&org, RoleId::ADMIN, RoleId::ADMIN).unwrap();
    let accepted = |inviter| accept(&person("bob"), &org, &open, inviter, None, now());
    assert_eq!(accepted(None), Err(Refusal::InviterNotAuthorized), "no longer a member");
    assert_eq!(
        accepted(Some(RoleId::USER)),
        Err(Refusal::InviterNotAuthorized),
        "a lower role now"
    );
    assert_eq!(
        accepted(Some(manager)),
        Err(Refusal::InviterNotAuthorized),
        "a custom role with less than Admin"
    );
    let (_, deleted) = with_role(standard(), 9, &[]);
    assert_eq!(accepted(Some(deleted)), Err(Refusal::InviterNotAuthorized), "a deleted role");
    assert!(accepted(Some(RoleId::SUPER_ADMIN)).is_ok(), "a higher role now");
}

#[test]
fn mdf_admin_invitation_cannot_be_accepted_outside_the_mdf_programme() {
    let mut org = partner();
    let mdf = RoleId::BuiltIn(BuiltIn::MdfAdmin);
    let open = invited(&org, RoleId::SUPER_ADMIN, mdf).unwrap();
    let accepted = |org: &Organization, inviter| {
        accept(&person("bob"), org, &open, Some(inviter), None, now()).map(|member| member.role_id)
    };
    assert_eq!(accepted(&org, RoleId::SUPER_ADMIN), Ok(mdf));
    assert_eq!(
        accepted(&org, RoleId::ADMIN),
        Err(Refusal::InviterNotAuthorized),
        "the inviter has transferred the Super Admin role"
    );
    org.settings.mdf_program = false;
    assert_eq!(accepted(&org, RoleId::SUPER_ADMIN), Err(Refusal::MdfProgramRequired));
}

#[test]
fn first_admin_becomes_super_admin_and_the_next_one_admin() {
    let empty = Organization { super_admin_user_id: None, ..standard() };
    let first = Invitation::of_first_admin(id_in(&empty), &empty, email("bob"), &operator(), now());
    assert_eq!((first.inviter.as_ref(), first.role_id), (None, RoleId::ADMIN));
    let one = accept(&person("bob"), &empty, &first, None, None, now()).unwrap();
    assert_eq!(one.role_id, RoleId::SUPER_ADMIN);

    let org = standard();
    let next = accept(&person("bob"), &org, &first, None, None, now()).unwrap();
    assert_eq!(next.role_id, RoleId::ADMIN);
}

#[test]
fn operator_can_invite_the_first_admin_only() {
    let empty = Organization { super_admin_user_id: None, ..standard() };
    let invited =
        |org: &Organization| invite_first_admin(&operator(), org, email("bob"), id_in(org), now());
    let first = Invitation::of_first_admin(id_in(&empty), &empty, email("bob"), &operator(), now());
    assert_eq!(invited(&empty), Ok(first));
    assert_eq!(invited(&standard()), Err(Refusal::SuperAdminExists));
}

#[test]
fn invitation_id_belongs_to_one_address_in_one_organization() {
    let (org, id) = (standard().id(), id_in(&standard()));
    assert!(was_issued_to(&person("bob"), org, id));
    assert!(!was_issued_to(&person("eve"), org, id));
    assert!(!was_issued_to(&person("bob"), empty_below(&tree()).id(), id));
    assert!(!was_issued_to(&Person { email: None, ..person("bob") }, org, id));
}

#[test]
fn operator_invitation_depends_on_an_inviter_only_after_a_member_resends_it() {
    let org = standard();
    let first = Invitation::of_first_admin(id_in(&org), &org, email("bob"), &operator(), now());
    assert!(accept(&person("bob"), &org, &first, None, None, now()).is_ok());
    let sent = resend(&super_admin(&org), &first, now()).unwrap();
    assert_eq!(
        accept(&person("bob"), &org, &sent, None, None, now()),
        Err(Refusal::InviterNotAuthorized)
    );
}
