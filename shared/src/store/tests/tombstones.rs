//! Tombstones: the versions of deleted entities. They keep the versions of an id increasing.

use std::collections::HashMap;

use super::{only, refusal, sent, steps};
use crate::{
    domain::{Member, Refusal, RoleId, UserId, Version},
    fixtures::{in_days, member, now, org_id, standard},
    store::{
        FetchedItems, Key,
        item::{Item, attribute, number, to_item},
        transaction::{Step, Write, absent_or, gone_or, live, or},
    },
};

fn key() -> Key {
    Key::membership(org_id(1), &UserId::new("bob"))
}

fn bury(seen: Version, gone: Version) -> Step {
    let lost = gone_or(Refusal::NoSuchMember, Refusal::ChangedConcurrently);
    only(steps(|transaction| transaction.bury(key(), seen, gone, lost).unwrap()))
}

fn create(deleted: Option<Version>) -> Step {
    let exists = absent_or(Refusal::AlreadyMember);
    only(steps(|transaction| transaction.create(key(), Item::new(), deleted, exists).unwrap()))
}

fn put(step: &Step) -> Item {
    let Write::Put(item) = &step.write else { panic!("not a put") };
    item.clone()
}

fn versions() -> (Version, Version) {
    let seen = Version::first(now(), None);
    (seen, seen.next(in_days(1)))
}

#[test]
fn deleted_entity_leaves_its_version_for_a_day() {
    let (seen, gone) = versions();
    let step = bury(seen, gone);
    let mut expected = Item::from(key());
    expected.insert("deleted".to_owned(), attribute(&true).unwrap());
    expected.insert("version".to_owned(), number(gone.as_millisecond()));
    expected.insert("ttl".to_owned(), number(in_days(2).as_second()));
    assert_eq!(put(&step), expected);
    assert_eq!(sent(step).condition, format!("(#version = {})", seen.as_millisecond()));
}

#[test]
fn entity_is_deleted_only_in_the_version_that_the_rule_saw() {
    let (seen, gone) = versions();
    let step = bury(seen, gone);
    let entity = to_item(key(), &member("bob", &standard(), RoleId::USER), vec![]).unwrap();
    assert_eq!(refusal((step.on_failed)(Some(entity))), Refusal::ChangedConcurrently);
    assert_eq!(refusal((step.on_failed)(Some(put(&step)))), Refusal::NoSuchMember);
    assert_eq!(refusal((step.on_failed)(None)), Refusal::NoSuchMember);
}

#[test]
fn entity_is_created_where_the_rule_saw_nothing_or_this_tombstone() {
    assert_eq!(sent(create(None)).condition, "(attribute_not_exists(#pk))");
    let (_, gone) = versions();
    let expected = format!("(attribute_exists(#deleted) AND #version = {})", gone.as_millisecond());
    assert_eq!(sent(create(Some(gone))).condition, expected);
}

#[test]
fn creation_beside_an_existing_entity_is_refused_and_beside_a_tombstone_lost() {
    let (seen, gone) = versions();
    let entity = to_item(key(), &member("bob", &standard(), RoleId::USER), vec![]).unwrap();
    let tombstone = put(&bury(seen, gone));
    for step in [create(None), create(Some(gone))] {
        assert_eq!(refusal((step.on_failed)(Some(entity.clone()))), Refusal::AlreadyMember);
        let lost = refusal((step.on_failed)(Some(tombstone.clone())));
        assert_eq!(lost, Refusal::ChangedConcurrently);
    }
}

#[test]
fn entity_that_is_created_again_continues_from_its_tombstone() {
    let (seen, gone) = versions();
    let found = FetchedItems::of(HashMap::from([(key(), put(&bury(seen, gone)))])).unwrap();
    let deleted = found.deleted_at(&key()).unwrap();
    assert_eq!(deleted, Some(gone));
    assert_eq!(Version::first(now(), deleted), gone.next(now()));
}

#[test]
fn tombstone_is_not_read_as_an_entity() {
    let (seen, gone) = versions();
    let tombstone = put(&bury(seen, gone));
    assert_eq!(live(Some(tombstone.clone())), None);
    let found = FetchedItems::of(HashMap::from([(key(), tombstone)])).unwrap();
    assert_eq!(found.membership(org_id(1), &UserId::new("bob")).unwrap(), None);
}

#[test]
fn existing_entity_has_no_tombstone() {
    let bob: Member = member("bob", &standard(), RoleId::USER);
    let item = to_item(key(), &bob, vec![]).unwrap();
    let found = FetchedItems::of(HashMap::from([(key(), item.clone())])).unwrap();
    assert_eq!(found.deleted_at(&key()).unwrap(), None);
    assert_eq!(found.membership(org_id(1), &bob.user_id).unwrap(), Some(bob));
    assert_eq!(live(Some(item.clone())), Some(item));
    let other = Key::membership(org_id(1), &UserId::new("eve"));
    assert_eq!(found.deleted_at(&other).unwrap(), None);
}

#[test]
fn lost_condition_can_stand_for_one_refusal() {
    let lost = or(Refusal::RoleNameTaken);
    assert_eq!(refusal(lost(None)), Refusal::RoleNameTaken);
    assert_eq!(refusal(lost(Some(Item::new()))), Refusal::RoleNameTaken);
}
