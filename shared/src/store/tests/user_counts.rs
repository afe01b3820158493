//! The counter item: its numbers and its limits.

use std::collections::HashMap;

use super::{Sent, only, refusal, sent, steps};
use crate::{
    domain::{
        BoundedList, BuiltIn, InvitationDraft, InvitationId, MAX_CRITICAL_ALERT_USERS, MAX_DOMAINS,
        MAX_JOIN_REQUESTS, Refusal, RoleId, UserCount, invite,
    },
    fixtures::{custom_id, email, now, org_id, partner, standard, super_admin, with_role},
    store::{
        FetchedItems, Key, OrganizationCounts, Status,
        item::{Item, attribute, number},
        transaction::{Step, Transaction},
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

/// The updates of the counters, as key and `ADD` clause.
fn counted(add: impl FnOnce(Transaction<'_>) -> Transaction<'_>) -> Vec<(Key, String)> {
    let sent = steps(add).into_iter().map(sent);
    sent.map(|Sent { key, update, .. }| (key, update)).collect()
}

#[test]
fn counts_are_read_from_the_counter_item() {
    let counts = counts(&[("active", 5), ("pending", 3), ("active_admin", 2), ("pending_user", 3)]);
    assert_eq!(counts.users(BuiltIn::Admin), UserCount { active: 2, pending: 0 });
    assert_eq!(counts.users(BuiltIn::User), UserCount { active: 0, pending: 3 });
    assert_eq!(counts.all(), UserCount { active: 6, pending: 3 }, "with the Super Admin");
}

#[test]
fn missing_counter_item_counts_the_super_admin_only() {
    let org = standard();
    let counts = OrganizationCounts::of(&org, &FetchedItems::default());
    assert_eq!(counts.all(), UserCount { active: 1, pending: 0 });
    assert_eq!(counts.users(BuiltIn::SuperAdmin), UserCount { active: 1, pending: 0 });
    let vacant = crate::domain::Organization { super_admin_user_id: None, ..org };
    let counts = OrganizationCounts::of(&vacant, &FetchedItems::default());
    assert_eq!(counts.all(), UserCount::default());
    assert_eq!(counts.users(BuiltIn::SuperAdmin), UserCount::default());
}

#[test]
fn users_of_partner_roles_are_added_up() {
    let counts = counts(&[
        ("active_mdf_admin", 1),
        ("pending_mdf_admin", 2),
        ("active_partner_user", 4),
        ("pending_partner_user", 8),
        ("active_user", 16),
    ]);
    assert_eq!(counts.partner_roles(), UserCount { active: 5, pending: 10 });
}

#[test]
fn user_is_counted_in_all_and_by_built_in_role() {
    let org = org_id(1);
    let counted = counted(|transaction| transaction.count(org, USER, Status::Active, 1));
    assert_eq!(counted, [(Key::counts(org), "ADD #active 1, #active_user 1".to_owned())]);
}

#[test]
fn user_of_a_custom_role_is_counted_on_the_role() {
    let (org, id) = (org_id(1), custom_id(1));
    let role = RoleId::Custom(id);
    let counted = counted(|transaction| transaction.count(org, role, Status::Pending, -1));
    let add = || "ADD #pending -1".to_owned();
    assert_eq!(counted, [(Key::role(org, id), add()), (Key::counts(org), add())]);
}

#[test]
fn role_change_keeps_the_sum_and_acceptance_moves_one() {
    let org = org_id(1);
    let changed = counted(|transaction| {
        transaction.count(org, USER, Status::Active, -1).count(org, ADMIN, Status::Active, 1)
    });
    let sums = "ADD #active_admin 1, #active_user -1".to_owned();
    assert_eq!(changed, [(Key::counts(org), sums)]);
    let accepted = counted(|transaction| {
        transaction.count(org, USER, Status::Pending, -1).count(org, USER, Status::Active, 1)
    });
    let sums = "ADD #active 1, #pending -1, #active_user 1, #pending_user -1".to_owned();
    assert_eq!(accepted, [(Key::counts(org), sums)]);
}

#[test]
fn unchanged_numbers_and_the_super_admin_are_not_written() {
    let org = org_id(1);
    let nothing = counted(|transaction| {
        transaction
            .count(org, USER, Status::Pending, -1)
            .count(org, USER, Status::Pending, 1)
            .count(org, RoleId::SUPER_ADMIN, Status::Active, 1)
    });
    assert_eq!(nothing, []);
}

/// A transaction that counts `more` new invitations to a role in, and `replaced` expired ones out.
fn invited(role: RoleId, more: usize, replaced: i64) -> Vec<Step> {
    let (org, email) = (partner(), email("bob"));
    let id = InvitationId::of(now(), org.id(), &email);
    let draft = InvitationDraft { email, role_id: role, days: 7 };
    let invitation = invite(&super_admin(&org), draft, None, id, now()).unwrap();
    steps(|transaction| {
        let out = transaction.count(org.id(), role, Status::Pending, -replaced);
        (0..more).fold(out, |transaction, _| transaction.count_pending(&invitation, CAP))
    })
}

/// INV12
#[test]
fn new_invitations_need_room_below_the_cap() {
    for (more, below) in [(1, 10), (2, 9), (10, 1)] {
        let step = only(invited(USER, more, 0));
        let at = |pending| refusal((step.on_failed)(Some(numbers(&[("pending", pending)]))));
        assert_eq!(at(below), Refusal::PendingInvitationLimit(CAP));
        assert_eq!(at(below - 1), Refusal::ChangedConcurrently);
        let expected = format!("(attribute_not_exists(#pending) OR #pending < {below})");
        assert_eq!(sent(step).condition, expected);
    }
}

#[test]
fn more_invitations_than_the_cap_do_not_fit_into_an_empty_organization() {
    let step = only(invited(USER, 11, 0));
    assert_eq!(refusal((step.on_failed)(None)), Refusal::PendingInvitationLimit(CAP));
    assert_eq!(sent(step).condition, "(#pending < 0)");
}

#[test]
fn invitation_that_replaces_an_expired_one_needs_no_room() {
    assert_eq!(invited(USER, 1, 1).len(), 0);
    let step = only(invited(USER, 2, 1));
    assert_eq!(sent(step).condition, "(attribute_not_exists(#pending) OR #pending < 10)");
}

#[test]
fn cap_does_not_limit_invitations_that_end() {
    let org = org_id(1);
    let step = only(steps(|transaction| transaction.count(org, USER, Status::Pending, -1)));
    assert_eq!(sent(step).condition, "");
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

/// PAR1: the mark `standard` stands on the counter item of an organization that was a partner.
#[test]
fn partner_roles_gain_no_users_in_an_organization_that_stopped_being_a_partner() {
    let org = org_id(1);
    let marked = || Some(Item::from([("standard".to_owned(), attribute(&true).unwrap())]));
    for role in [BuiltIn::MdfAdmin, BuiltIn::PartnerUser].map(RoleId::BuiltIn) {
        for status in Status::ALL {
            let count = |by| only(steps(|transaction| transaction.count(org, role, status, by)));
            let gained = count(1);
            assert_eq!(refusal((gained.on_failed)(marked())), Refusal::NoSuchRole);
            assert_eq!(sent(gained).condition, "(attribute_not_exists(#standard))");
            assert_eq!(sent(count(-1)).condition, "");
        }
    }
    let user = only(steps(|transaction| transaction.count(org, USER, Status::Active, 1)));
    assert_eq!(sent(user).condition, "");
}

#[test]
fn missing_role_is_reported_before_the_cap() {
    let step = only(invited(PARTNER_USER, 1, 0));
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
    let condition = |status, by| {
        let steps = steps(|transaction| transaction.count(org.id(), role, status, by));
        let role = steps.into_iter().find(|step| step.key == key).unwrap();
        sent(role).condition
    };
    for status in Status::ALL {
        let gains = "(attribute_exists(#pk) AND attribute_not_exists(#reassignment))";
        assert_eq!(condition(status, 1), gains);
        assert_eq!(condition(status, -1), "(attribute_exists(#pk))");
    }
}
