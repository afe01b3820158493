//! The counter item: its numbers and its limits.

use std::collections::HashMap;

use super::{Sent, only, refusal, sent, steps};
use crate::{
    domain::{
        BoundedList, BuiltIn, MAX_CRITICAL_ALERT_USERS, MAX_DOMAINS, MAX_JOIN_REQUESTS,
        Organization, Refusal, RoleId, UserCount,
    },
    fixtures::{custom_id, invited, org_id, partner, standard, super_admin, with_role},
    store::{
        FetchedItems, Key, OrganizationCounts,
        item::{Item, attribute, number},
        step::Step,
        user_counts::UserKind,
    },
};

const ADMIN: RoleId = RoleId::ADMIN;
const USER: RoleId = RoleId::USER;
const PARTNER_USER: RoleId = RoleId::BuiltIn(BuiltIn::PartnerUser);
const CAP: u64 = 10;

fn numbers(numbers: &[(&str, i64)]) -> Item {
    numbers.iter().map(|&(name, count)| (name.to_owned(), number(count))).collect()
}

/// The numbers of an organization whose counter item has these attributes.
fn counts(attributes: &[(&str, i64)]) -> OrganizationCounts {
    let org = standard();
    let items = HashMap::from([(Key::counts(org.id()), numbers(attributes))]);
    OrganizationCounts::of(&org, &FetchedItems::of(items).unwrap())
}

#[test]
fn counts_are_read_from_the_counter_item() {
    let users = |persons, pending| UserCount { persons, pending, services: 0 };
    let some = counts(&[
        ("active", 5),
        ("pending", 3),
        ("active_admin", 2),
        ("pending_user", 3),
        ("active_mdf_admin", 1),
        ("pending_mdf_admin", 2),
        ("active_partner_user", 4),
        ("pending_partner_user", 8),
    ]);
    assert_eq!(some.users(BuiltIn::Admin), users(2, 0));
    assert_eq!(some.users(BuiltIn::User), users(0, 3));
    assert_eq!(some.all(), users(6, 3), "with the Super Admin");
    assert_eq!(some.partner_roles(), users(5, 10));

    let org = standard();
    let vacant = Organization { super_admin_user_id: None, ..org.clone() };
    for (org, super_admins) in [(org, 1), (vacant, 0)] {
        let none = OrganizationCounts::of(&org, &FetchedItems::default());
        assert_eq!(none.all(), users(super_admins, 0));
        assert_eq!(none.users(BuiltIn::SuperAdmin), users(super_admins, 0));
    }
}

/// The Super Admin is not counted, and numbers that stay the same are not written.
#[test]
fn user_is_counted_in_all_and_by_role() {
    use UserKind::{Invitation, Person};
    let (org, id) = (org_id(1), custom_id(1));
    let (custom, counts) = (RoleId::Custom(id), || Key::counts(org));
    let acceptance = "ADD #active 1, #pending -1, #active_user 1, #pending_user -1";
    let cases: [(&[_], &[_]); 5] = [
        (&[(USER, Person, 1)], &[(counts(), "ADD #active 1, #active_user 1")]),
        (
            &[(USER, Person, -1), (ADMIN, Person, 1)],
            &[(counts(), "ADD #active_admin 1, #active_user -1")],
        ),
        (&[(USER, Invitation, -1), (USER, Person, 1)], &[(counts(), acceptance)]),
        (
            &[(custom, Invitation, -1)],
            &[(Key::role(org, id), "ADD #pending -1"), (counts(), "ADD #pending -1")],
        ),
        (&[(USER, Invitation, -1), (USER, Invitation, 1), (RoleId::SUPER_ADMIN, Person, 1)], &[]),
    ];
    for (users, expected) in cases {
        let steps = steps(|transaction| {
            users.iter().fold(transaction, |transaction, &(role, kind, by)| {
                transaction.count(org, role, kind, by)
            })
        });
        let updates: Vec<_> = steps.into_iter().map(sent).collect();
        let updates: Vec<_> =
            updates.iter().map(|it| (it.key.clone(), it.update.as_str())).collect();
        assert_eq!(updates, expected);
    }
}

/// A transaction that counts `more` new invitations to a role in, and `replaced` expired ones out.
fn invitations(role: RoleId, more: usize, replaced: i64) -> Vec<Step> {
    let org = partner();
    let invitation = invited(&super_admin(&org), "bob", role).unwrap();
    steps(|transaction| {
        let out = transaction.count(org.id(), role, UserKind::Invitation, -replaced);
        (0..more).fold(out, |transaction, _| transaction.count_pending(&invitation, CAP))
    })
}

/// INV12
#[test]
fn new_invitations_need_room_below_the_cap() {
    for (more, replaced, below) in [(1, 0, 10), (2, 0, 9), (10, 0, 1), (2, 1, 10)] {
        let step = only(invitations(USER, more, replaced));
        let at = |pending| refusal((step.on_failed)(Some(numbers(&[("pending", pending)]))));
        assert_eq!(at(below), Refusal::PendingInvitationLimit(CAP));
        assert_eq!(at(below - 1), Refusal::ChangedConcurrently);
        let expected = format!("(attribute_not_exists(#pending) OR #pending < {below})");
        assert_eq!(sent(step).condition, expected, "{more} - {replaced}");
    }
    let too_many = only(invitations(USER, 11, 0));
    assert_eq!(refusal((too_many.on_failed)(None)), Refusal::PendingInvitationLimit(CAP));
    assert_eq!(sent(too_many).condition, "(#pending < 0)", "even without a counter item");
    assert_eq!(invitations(USER, 1, 1).len(), 0, "a replacement needs no room");
    assert_eq!(sent(only(invitations(USER, 0, 1))).condition, "");
}

#[test]
fn list_accepts_entries_up_to_its_limit() {
    let lists = [
        (BoundedList::ApprovedDomains, "approved_domains", MAX_DOMAINS),
        (BoundedList::CriticalAlertUsers, "critical_alert_users", MAX_CRITICAL_ALERT_USERS),
        (BoundedList::JoinRequests, "join_requests", MAX_JOIN_REQUESTS),
    ];
    let org = org_id(1);
    for (list, name, limit) in lists {
        let counted = |by| only(steps(|transaction| transaction.count_entry(org, list, by)));
        let added = counted(1);
        let at = |entries: u64| {
            let item = Item::from([(name.to_owned(), number(entries))]);
            refusal((added.on_failed)(Some(item)))
        };
        assert_eq!(at(limit), list.refusal());
        assert_eq!(at(limit - 1), Refusal::ChangedConcurrently);
        let expected = Sent {
            key: Key::counts(org),
            update: format!("ADD #{name} 1"),
            condition: format!("(attribute_not_exists(#{name}) OR #{name} < {limit})"),
        };
        assert_eq!(sent(added), expected);
        assert_eq!(sent(counted(-1)).condition, "", "removal has no limit");
    }
}

/// PAR1: the mark `standard` is on the counter item of an organization that was a partner.
#[test]
fn partner_roles_gain_no_users_in_an_organization_that_stopped_being_a_partner() {
    let org = org_id(1);
    let marked = || Some(Item::from([("standard".to_owned(), attribute(&true).unwrap())]));
    for role in [BuiltIn::MdfAdmin, BuiltIn::PartnerUser].map(RoleId::BuiltIn) {
        for kind in [UserKind::Person, UserKind::Invitation] {
            let count = |by| only(steps(|transaction| transaction.count(org, role, kind, by)));
            let gained = count(1);
            assert_eq!(refusal((gained.on_failed)(marked())), Refusal::NoSuchRole);
            assert_eq!(sent(gained).condition, "(attribute_not_exists(#standard))");
            assert_eq!(sent(count(-1)).condition, "");
        }
    }
    let user = only(steps(|transaction| transaction.count(org, USER, UserKind::Person, 1)));
    assert_eq!(sent(user).condition, "");
}

#[test]
fn missing_role_is_reported_before_the_cap() {
    let step = only(invitations(PARTNER_USER, 1, 0));
    let mut full = numbers(&[("pending", 10)]);
    assert_eq!(refusal((step.on_failed)(Some(full.clone()))), Refusal::PendingInvitationLimit(CAP));
    full.insert("standard".to_owned(), attribute(&true).unwrap());
    assert_eq!(refusal((step.on_failed)(Some(full))), Refusal::NoSuchRole);
}

/// ROLE6
#[test]
fn custom_role_gains_users_only_if_it_exists_and_is_not_being_deleted() {
    let (org, role) = with_role(standard(), 1, &[]);
    let key = Key::role(org.id(), role.custom().unwrap());
    let condition = |kind, by| {
        let steps = steps(|transaction| transaction.count(org.id(), role, kind, by));
        let role = steps.into_iter().find(|step| step.key == key).unwrap();
        sent(role).condition
    };
    for kind in [UserKind::Person, UserKind::Invitation] {
        let gains = "(attribute_exists(#pk) AND attribute_not_exists(#reassignment))";
        assert_eq!(condition(kind, 1), gains);
        assert_eq!(condition(kind, -1), "(attribute_exists(#pk))");
    }
}
