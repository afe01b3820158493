//! Invitations and their acceptance: INV1, INV2, INV4, INV5, INV7, INV8, INV9.

use jiff::SignedDuration;

use crate::{domain::*, fixtures::*};

fn draft(role_id: RoleId) -> InvitationDraft {
    InvitationDraft {
        email: email("bob"),
        role_id,
        days: DEFAULT_DAYS,
        access_expires_at: None,
        language: None,
    }
}

fn id_in(org: &Organization) -> InvitationId {
    InvitationId::of(now(), org.id(), &email("bob"))
}

/// Bob's invitation to `role` by a member who holds `by`.
fn bob_invited(org: &Organization, by: RoleId, role: RoleId) -> Invitation {
    invited(&standing("ann", org, by), "bob", role).unwrap()
}

#[test]
fn address_in_use_is_refused_unless_its_invitation_has_expired() {
    let org = standard();
    let open = bob_invited(&org, RoleId::ADMIN, RoleId::USER);
    let again = |actor: RoleId, slot: AddressSlot, at| {
        let id = InvitationId::of(at, org.id(), &email("bob"));
        let facts = AddressFacts { slot: Some(slot), ..AddressFacts::default() };
        invite(&standing("ann", &org, actor), draft(RoleId::ADMIN), facts, id, at)
    };
    let taken = || AddressSlot::Taken(person("bob").id);
    assert_eq!(again(RoleId::ADMIN, taken(), now()), Err(Refusal::AlreadyMember));
    let pending = || AddressSlot::Pending(Invitation { send_count: 5, ..open.clone() });
    let invited = again(RoleId::ADMIN, pending(), now());
    assert_eq!(invited, Err(Refusal::AlreadyInvited(open.id)));
    let new = again(RoleId::ADMIN, pending(), open.expires_at).unwrap();
    assert_eq!(new.replaces, pending().pending());
    assert_ne!(new.invitation.id, open.id);
    assert_eq!((new.invitation.role_id, new.invitation.send_count), (RoleId::ADMIN, 1));
    // A caller without permission does not learn about the use of the address.
    let refused = again(RoleId::USER, taken(), now());
    assert!(matches!(refused, Err(Refusal::MissingPermission { .. })), "{refused:?}");
}

#[test]
fn new_invitation_records_its_inviter_and_expires_exactly_after_the_requested_days() {
    let org = standard();
    let ann = standing("ann", &org, RoleId::ADMIN);
    for days in 1..=MAX_DAYS {
        let draft = InvitationDraft { days, ..draft(RoleId::USER) };
        let new = invite(&ann, draft, AddressFacts::default(), id_in(&org), now()).unwrap();
        let expected = Invitation {
            id: id_in(&org),
            path: org.path.clone(),
            email: email("bob"),
            role_id: RoleId::USER,
            inviter: Some(Inviter { member_id: member_id("ann"), role_id: RoleId::ADMIN }),
            created_by: None,
            language: None,
            days,
            access_expires_at: None,
            expires_at: in_days(days.into()),
            created_at: now(),
            sent_at: now(),
            send_count: 1,
            sent_that_day: 1,
            version: Version::first(now(), None),
        };
        let open = expected.clone();
        assert_eq!(new, NewInvitation { invitation: expected, replaces: None });
        assert!(!open.expired(open.expires_at - SignedDuration::from_millis(1)));
        assert!(open.expired(open.expires_at));
    }
    assert_eq!((DEFAULT_DAYS, MAX_DAYS), (7, 30));
}

#[test]
fn resend_renews_the_expiry_and_changes_the_inviter_even_after_expiry() {
    let org = standard();
    let open = bob_invited(&org, RoleId::ADMIN, RoleId::USER);
    for later in [in_days(3), in_days(300)] {
        let sent = resend(&super_admin(&org), &open, &Budgets::default(), later).unwrap();
        let sue = Inviter { member_id: member_id("sue"), role_id: RoleId::SUPER_ADMIN };
        let expected = Invitation {
            inviter: Some(sue),
            created_by: Some(member_id("ann")),
            expires_at: later + SignedDuration::from_hours(24 * 7),
            sent_at: later,
            send_count: 2,
            version: open.version.next(later),
            ..open.clone()
        };
        assert_eq!(sent, expected);
    }
    let often = Invitation { send_count: u32::MAX, ..open };
    let sent = resend(&super_admin(&org), &often, &Budgets::default(), in_days(1)).unwrap();
    assert_eq!(sent.send_count, u32::MAX);
}

/// INV14
#[test]
fn invitation_is_sent_once_a_minute_and_five_times_a_day() {
    let org = standard();
    let sue = super_admin(&org);
    let send = |invitation: &Invitation, at| resend(&sue, invitation, &Budgets::default(), at);
    let mut last = bob_invited(&org, RoleId::ADMIN, RoleId::USER);
    let minutes = |count| now() + SignedDuration::from_mins(count);
    let seconds = SignedDuration::from_secs(1);
    for sending in 2..=5 {
        let refused = send(&last, minutes(sending - 1) - seconds);
        assert_eq!(refused, Err(spent(Budget::SendingInterval, 60, 1)), "{sending}");
        last = send(&last, minutes(sending - 1)).unwrap();
    }
    let rest = 14 * 3_600 - 6 * 60; // From six minutes past ten until midnight.
    let refused = send(&last, minutes(6));
    assert_eq!(refused, Err(spent(Budget::SendingsPerInvitation, 5, rest)));
    let next = send(&last, now() + SignedDuration::from_hours(14)).unwrap();
    assert_eq!((next.send_count, next.sent_that_day), (6, 1));
}

/// INV14
#[test]
fn address_that_declined_is_not_invited_for_thirty_days() {
    let org = standard();
    let until = declined_until(now());
    assert_eq!(until, in_days(30));
    let facts = AddressFacts { declined_until: Some(until), ..AddressFacts::default() };
    let invited = |at| {
        let ann = standing("ann", &org, RoleId::ADMIN);
        invite(&ann, draft(RoleId::USER), facts.clone(), id_in(&org), at).map(drop)
    };
    assert_eq!(invited(in_days(29)), Err(Refusal::InvitationDeclined(86_400)));
    assert_eq!(invited(until), Ok(()));
}

fn spent(budget: Budget, limit: u32, retry_after_seconds: i64) -> Refusal {
    Refusal::BudgetSpent { budget, limit, retry_after_seconds }
}

#[test]
fn own_invitation_needs_the_invited_address_and_the_id() {
    let org = standard();
    let open = bob_invited(&org, RoleId::ADMIN, RoleId::USER);
    let pending = Some(AddressSlot::Pending(open.clone()));
    assert_eq!(own_invitation(&person("bob"), open.id, pending.clone()), Ok(open.clone()));
    let unverified = Person { email: None, ..person("bob") };
    let earlier = InvitationId::of(in_days(1), org.id(), &open.email);
    let taken = Some(AddressSlot::Taken(person("bob").id));
    for (case, person, id, slot) in [
        ("another address", person("eve"), open.id, pending.clone()),
        ("an unverified address", unverified, open.id, pending.clone()),
        ("another invitation", person("bob"), earlier, pending),
        ("a member", person("bob"), open.id, taken),
        ("an address that is free", person("bob"), open.id, None),
    ] {
        let refused = own_invitation(&person, id, slot);
        assert_eq!(refused, Err(person.not_invited()), "{case}");
    }
}

#[test]
fn invitation_is_accepted_before_its_expiry_if_its_inviter_may_still_grant_the_role() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(partner(), 1, &[users]);
    let (_, deleted) = with_role(standard(), 9, &[]);
    let mut outside = org.clone();
    outside.settings.mdf_program = false;
    let (super_admin, admin) = (RoleId::SUPER_ADMIN, RoleId::ADMIN);
    let mdf = RoleId::BuiltIn(BuiltIn::MdfAdmin);
    let last = in_days(7) - SignedDuration::from_millis(1);
    let unauthorized = Err(Refusal::InviterNotAuthorized);
    let expired = Err(Refusal::InvitationExpired(in_days(7)));
    let cases = [
        ("in the last millisecond", &org, admin, Some(admin), last, Ok(admin)),
        ("expired", &org, admin, Some(admin), in_days(7), expired),
        ("the inviter has a higher role", &org, admin, Some(super_admin), now(), Ok(admin)),
        (
            "the inviter has a lower role",
            &org,
            admin,
            Some(RoleId::USER),
            now(),
            unauthorized.clone(),
        ),
        ("the inviter has a custom role", &org, admin, Some(manager), now(), unauthorized.clone()),
        ("the inviter has a deleted role", &org, admin, Some(deleted), now(), unauthorized.clone()),
        ("the inviter is no member", &org, admin, None, now(), unauthorized.clone()),
        ("in the programme", &org, mdf, Some(super_admin), now(), Ok(mdf)),
        ("the inviter has transferred the role", &org, mdf, Some(admin), now(), unauthorized),
        (
            "outside the programme",
            &outside,
            mdf,
            Some(super_admin),
            now(),
            Err(Refusal::MdfProgramRequired),
        ),
    ];
    for (case, present, role, inviter, at, expected) in cases {
        let open = bob_invited(&org, super_admin, role);
        let inviter = inviter.map(|role_id| Inviter { member_id: member_id("sue"), role_id });
        let accepted =
            accept(&person("bob"), present, acceptance_facts(&open, inviter.as_ref()), at);
        assert_eq!(accepted.map(|member| member.role_id), expected, "{case}");
    }
}

#[test]
fn operator_can_invite_the_first_admin_who_becomes_super_admin() {
    let (empty, org) = (Organization { super_admin_user_id: None, ..standard() }, standard());
    let invited = |org: &Organization, persons, slot: Option<&AddressSlot>| {
        let first = FirstAdmin { id: id_in(org), email: email("bob"), language: None };
        invite_first_admin(org, persons, slot, first, now())
    };
    assert_eq!(invited(&org, 2, None), Err(Refusal::SuperAdminExists));
    let taken = AddressSlot::Taken(UserId::new("sue"));
    assert_eq!(invited(&org, 1, Some(&taken)), Err(Refusal::AlreadyMember));
    assert!(invited(&org, 1, None).is_ok(), "the Super Admin is the only person");
    let first = invited(&empty, 0, None).unwrap();
    assert_eq!((first.inviter.as_ref(), first.role_id), (None, RoleId::ADMIN));
    let accepted = |org, invitation| {
        accept(&person("bob"), org, acceptance_facts(invitation, None), now())
            .map(|member| member.role_id)
    };
    assert_eq!(accepted(&empty, &first), Ok(RoleId::SUPER_ADMIN));
    assert_eq!(accepted(&org, &first), Ok(RoleId::ADMIN), "another Admin was first");
    // The invitation depends on an inviter only after a member has sent it again.
    let sent = resend(&super_admin(&org), &first, &Budgets::default(), in_days(1)).unwrap();
    assert_eq!(accepted(&org, &sent), Err(Refusal::InviterNotAuthorized));
}

#[test]
fn invitation_id_belongs_to_one_address_in_one_organization() {
    let (org, below, id) = (standard().id(), empty_below(&tree()).id(), id_in(&standard()));
    assert_eq!(id.address_hash(), AddressHash::of(org, &email("bob")));
    assert_eq!(InvitationId::of(in_days(9), org, &email("bob")).address_hash(), id.address_hash());
    assert!(was_issued_to(&person("bob"), org, id));
    assert!(!was_issued_to(&person("eve"), org, id));
    assert!(!was_issued_to(&person("bob"), below, id));
    assert!(!was_issued_to(&Person { email: None, ..person("bob") }, org, id));
}
