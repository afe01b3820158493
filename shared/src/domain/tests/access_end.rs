//! Access that ends: END1.

use jiff::{SignedDuration, Timestamp};

use crate::{domain::*, fixtures::*};

fn ending(member: Member, end: Timestamp) -> Member {
    Member { access_expires_at: Some(end), ..member }
}

fn set_end(actor: &Standing, target: &Member, end: Option<Timestamp>) -> Result<Member, Refusal> {
    let update = MemberUpdate { access_expires_at: Some(end), ..MemberUpdate::default() };
    update_member(actor, target, update, now())
}

#[test]
fn access_ends_at_its_end_and_not_before() {
    let org = standard();
    let bob = ending(member("bob", &org, RoleId::ADMIN), in_days(1));
    let just_before = in_days(1) - SignedDuration::from_millis(1);
    let standing = |at| {
        let person = Person { at, ..person("bob") };
        Standing::of(person, Some(org.clone()), Some(bob.clone()), None)
    };
    assert!(standing(just_before).is_ok());
    assert_eq!(standing(in_days(1)), Err(Refusal::AccessExpired(in_days(1))));
    let security = Standing::for_security_settings(
        Person { at: in_days(1), ..person("bob") },
        Some(org.clone()),
        Some(bob.clone()),
    );
    assert_eq!(security, Err(Refusal::AccessExpired(in_days(1))));
}

#[test]
fn operator_whose_own_access_has_ended_reads_as_operator() {
    let org = standard();
    let ended = ending(member("operator", &org, RoleId::ADMIN), now());
    let standing = Standing::of(operator(), Some(org), Some(ended), None).unwrap();
    assert_eq!((standing.role(), standing.membership()), (None, Err(Refusal::OperatorReadOnly)));
}

#[test]
fn end_of_access_is_in_the_future_and_at_most_ten_years_ahead() {
    let org = standard();
    let (sue, bob) = (super_admin(&org), member("bob", &org, RoleId::USER));
    let millisecond = SignedDuration::from_millis(1);
    for end in [now() + millisecond, in_days(MAX_ACCESS_DAYS)] {
        let changed = set_end(&sue, &bob, Some(end)).unwrap();
        let expected = Member {
            access_expires_at: Some(end),
            access_granted_by: Some(member_id("sue")),
            version: bob.version.next(now()),
            ..bob.clone()
        };
        assert_eq!(changed, expected);
        // A repeat changes nothing; `None` removes the end.
        assert_eq!(set_end(&sue, &changed, Some(end)).unwrap(), changed);
        let without = set_end(&sue, &changed, None).unwrap();
        assert_eq!((without.access_expires_at, without.access_granted_by), (None, None));
    }
    for end in [now() - millisecond, now(), in_days(MAX_ACCESS_DAYS) + millisecond] {
        assert_eq!(set_end(&sue, &bob, Some(end)), Err(Refusal::AccessEndOutOfRange), "{end}");
    }
}

/// ROLE7, ROLE12, SA4
#[test]
fn end_of_access_is_set_by_those_who_may_grant_the_role_to_others() {
    let manager = [(RoleObject::UserManagement, Level::FullAccess)];
    let (org, managers) = with_role(standard(), 1, &manager);
    let set = |role: RoleId, target: RoleId| {
        let actor = standing("ann", &org, role);
        let target = ending(member("bob", &org, target), in_days(1));
        // Shortening, extending and removing need the same.
        let results = [Some(now() + SignedDuration::from_mins(1)), Some(in_days(9)), None]
            .map(|end| set_end(&actor, &target, end).map(drop));
        assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
        results.into_iter().next().unwrap()
    };
    assert_eq!(set(managers, RoleId::USER), Ok(()));
    assert_eq!(set(managers, managers), Ok(()));
    assert_eq!(set(managers, RoleId::ADMIN), Err(Refusal::SuperAdminRequired));
    assert_eq!(set(RoleId::ADMIN, RoleId::ADMIN), Err(Refusal::SuperAdminRequired));
    assert_eq!(set(RoleId::SUPER_ADMIN, RoleId::ADMIN), Ok(()));
    assert!(matches!(set(RoleId::USER, RoleId::USER), Err(Refusal::MissingPermission { .. })));
    let ann = member("ann", &org, RoleId::ADMIN);
    let own = set_end(&standing("ann", &org, RoleId::ADMIN), &ann, Some(in_days(1)));
    assert_eq!(own, Err(Refusal::CannotChangeOwnRole));
    let high = [(RoleObject::RoleManagement, Level::FullAccess)];
    let (org, high) = with_role(org, 2, &high);
    let refused =
        set_end(&standing("ann", &org, managers), &member("bob", &org, high), Some(in_days(1)));
    assert!(matches!(refused, Err(Refusal::ExceedsOwnPermissions(..))), "{refused:?}");
}

#[test]
fn access_of_the_super_admin_never_ends() {
    let org = standard();
    let sue = super_admin(&org);
    let own = member("sue", &org, RoleId::SUPER_ADMIN);
    assert_eq!(set_end(&sue, &own, Some(in_days(1))), Err(Refusal::SuperAdminAccessEnd));
    assert_eq!(set_end(&sue, &own, None).unwrap(), own);
    // A transfer removes the end.
    let ann = ending(member("ann", &org, RoleId::ADMIN), in_days(1));
    let ann = Member { access_granted_by: Some(member_id("sue")), ..ann };
    let transferred = transfer(&sue, Some(ann), now()).unwrap().successor;
    assert_eq!((transferred.access_expires_at, transferred.access_granted_by), (None, None));
}

#[test]
fn invitation_expires_at_the_latest_when_the_offered_access_ends() {
    let org = standard();
    let sue = super_admin(&org);
    let open = invited(&sue, "bob", RoleId::USER).unwrap();
    let update = |invitation: &Invitation, end| {
        let update =
            InvitationUpdate { access_expires_at: Some(end), ..InvitationUpdate::default() };
        update_invitation(&sue, invitation, update, now())
    };
    let short = update(&open, Some(in_days(2))).unwrap();
    assert_eq!((short.access_expires_at, short.expires_at), (Some(in_days(2)), in_days(2)));
    assert_eq!(update(&short, Some(in_days(2))).unwrap(), short);
    let long = update(&short, Some(in_days(99))).unwrap();
    assert_eq!((long.access_expires_at, long.expires_at), (Some(in_days(99)), in_days(7)));
    assert_eq!(update(&long, None).unwrap().access_expires_at, None);
    assert_eq!(update(&open, Some(now())), Err(Refusal::AccessEndOutOfRange));

    let accepted =
        |at| accept(&person("bob"), &org, acceptance_facts(&short, short.inviter.as_ref()), at);
    let bob = accepted(in_days(1)).unwrap();
    assert_eq!(bob.access_expires_at, Some(in_days(2)));
    assert_eq!(bob.access_granted_by, Some(member_id("sue")));
    assert_eq!(accepted(in_days(2)), Err(Refusal::OfferedAccessExpired(in_days(2))));
    // It can be sent again only with a later end.
    let resent = resend(&sue, &short, &Budgets::default(), in_days(3));
    assert_eq!(resent, Err(Refusal::OfferedAccessExpired(in_days(2))));
}

#[test]
fn first_super_admin_has_access_without_an_end() {
    let org = Organization { super_admin_user_id: None, ..standard() };
    let sue = super_admin(&standard());
    let invitation = invited(&sue, "bob", RoleId::ADMIN).unwrap();
    let invitation = Invitation { access_expires_at: Some(in_days(9)), ..invitation };
    let inviter = invitation.inviter.as_ref();
    let first =
        accept(&person("bob"), &org, acceptance_facts(&invitation, inviter), now()).unwrap();
    assert_eq!((first.role_id, first.access_expires_at), (RoleId::SUPER_ADMIN, None));
}

#[test]
fn decision_after_the_end_is_a_denial_of_its_own() {
    let action = Action::find("user_management.invite").unwrap();
    let standing = Standing::without_access(person("bob"), standard(), None);
    let path = AccessPath::Member;
    let at = PathMembership {
        path,
        resource_name: standing.org.name.clone(),
        standing,
        link: None,
        resource_suspended: false,
        access_expired: true,
    };
    assert_eq!(evaluate(&at, action), Err(DenyReason::AccessExpired));
    assert!(DenyReason::AccessExpired > DenyReason::Membership);
    let who = remediation(action, DenyReason::AccessExpired, Some(&at), at.from());
    assert!(matches!(who, Remediation::Holders { .. }), "{who:?}");
}

#[test]
fn reminder_is_due_three_days_before_the_end_and_when_a_nearer_end_is_set() {
    let org = standard();
    let due = |end: Timestamp, at: Timestamp| {
        let bob = ending(member("bob", &org, RoleId::USER), end);
        EndingAccess::soon(bob, "User".to_owned(), at).is_some()
    };
    assert!(due(in_days(3), now()));
    assert!(due(in_days(1), now()));
    assert!(!due(in_days(3), now() - SignedDuration::from_millis(1)));
    let endless = member("bob", &org, RoleId::USER);
    assert_eq!(EndingAccess::soon(endless, "User".to_owned(), now()), None);
}

#[test]
fn granter_gets_one_mail_that_names_all_members() {
    let org = standard();
    let sue = member("sue", &org, RoleId::SUPER_ADMIN);
    let granted = |number: usize| -> Vec<_> {
        let bob = ending(member("bob", &org, RoleId::USER), in_days(2));
        let last = ending(member("cy", &org, RoleId::USER), in_days(1));
        let members = std::iter::repeat_n(bob, number.saturating_sub(1)).chain([last]);
        let access = |member| EndingAccess::soon(member, "User".into(), now());
        members.filter_map(access).map(|access| (access, Concern::Granted)).collect()
    };
    let mail = |number| concerned_mail(&org, &sue, &granted(number)).unwrap();
    assert_eq!(mail(1).to.as_str(), "sue@example.com");
    assert!(matches!(mail(1).notification, Notification::GrantedAccessExpiring { .. }));
    for (number, named, expected) in [(2, 2, false), (21, 20, true)] {
        let Notification::GrantedAccessesExpiring { members, more, until, .. } =
            mail(number).notification
        else {
            panic!("{number}");
        };
        assert_eq!((members.len(), more, until), (named, expected, in_days(1)));
    }
    let mixed: Vec<_> = granted(2).into_iter().zip([Concern::Granted, Concern::Kept]).collect();
    let mixed: Vec<_> = mixed.into_iter().map(|((access, _), concern)| (access, concern)).collect();
    let mail = concerned_mail(&org, &sue, &mixed).unwrap();
    let Notification::GrantedAccessesExpiring { concern, .. } = mail.notification else { panic!() };
    assert_eq!(concern, Concern::GrantedOrKept);
    assert_eq!(concerned_mail(&org, &sue, &[]), None);
}
