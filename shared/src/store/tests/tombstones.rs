//! Tombstones: the versions of deleted entities. They keep the versions of an id increasing.

use std::collections::HashMap;

use super::{only, refusal, sent, steps};
use crate::{
    domain::{Refusal, RoleId, UserId, Version},
    fixtures::{in_days, member, now, org_id, standard},
    store::{
        FetchedItems, Key,
        item::{Item, attribute, number, to_item},
        step::{Step, Write, absent_or, gone_or, live},
    },
};

fn key() -> Key {
    Key::membership(org_id(1), &UserId::new("bob"))
}

fn bury(seen: Version, gone: Version) -> Step {
    let lost = gone_or(Refusal::NoSuchMember, Refusal::ChangedConcurrently);
    only(steps(|transaction| transaction.replace_with_tombstone(key(), seen, gone, lost).unwrap()))
}

fn create(tombstone: Option<Version>) -> Step {
    let exists = absent_or(Refusal::AlreadyMember);
    only(steps(|transaction| transaction.create(key(), Item::new(), tombstone, exists).unwrap()))
}

fn entity() -> Item {
    to_item(key(), &member("bob", &standard(), RoleId::USER), vec![]).unwrap()
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
    let failed = |item| refusal((step.on_failed)(item));
    assert_eq!(failed(Some(entity())), Refusal::ChangedConcurrently);
    assert_eq!(failed(Some(expected)), Refusal::NoSuchMember);
    assert_eq!(failed(None), Refusal::NoSuchMember);
    assert_eq!(sent(step).condition, format!("(#version = {})", seen.as_millisecond()));
}

#[test]
fn entity_is_created_where_the_rule_saw_nothing_or_this_tombstone() {
    let (seen, gone) = versions();
    let version = gone.as_millisecond();
    let tombstone = put(&bury(seen, gone));
    for (before, condition) in [
        (None, "(attribute_not_exists(#pk))".to_owned()),
        (Some(gone), format!("(attribute_exists(#deleted) AND #version = {version})")),
    ] {
        let step = create(before);
        let failed = |item| refusal((step.on_failed)(Some(item)));
        assert_eq!(failed(entity()), Refusal::AlreadyMember);
        assert_eq!(failed(tombstone.clone()), Refusal::ChangedConcurrently);
        assert_eq!(sent(step).condition, condition);
    }
}

#[test]
fn item_is_read_as_an_entity_or_as_a_tombstone() {
    let (seen, gone) = versions();
    let read = |item: Item| {
        let found = FetchedItems::of(HashMap::from([(key(), item.clone())])).unwrap();
        let member = found.membership(org_id(1), &UserId::new("bob")).unwrap();
        (live(Some(item)), member, found.deleted_at(&key()).unwrap())
    };
    let bob = member("bob", &standard(), RoleId::USER);
    assert_eq!(read(entity()), (Some(entity()), Some(bob), None));
    assert_eq!(read(put(&bury(seen, gone))), (None, None, Some(gone)));
    assert_eq!(FetchedItems::default().deleted_at(&key()).unwrap(), None);
}
