//! What the parts of a headcount add up to.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    domain::{BuiltIn, Users},
    fixtures::standard,
    store::{Found, Headcount, Key},
};

/// Parts that count `active_admin` and `pending_user` so.
fn users(parts: &[(i64, i64)], role: BuiltIn) -> Users {
    let org = standard();
    let number = |count: i64| AttributeValue::N(count.to_string());
    let parts = parts.iter().zip(Key::headcounts(org.id())).map(|(&(active, pending), key)| {
        let counts = [("active_admin", number(active)), ("pending_user", number(pending))];
        (key, counts.map(|(name, count)| (name.to_owned(), count)).into())
    });
    let found = Found(parts.collect::<HashMap<_, _>>());
    Headcount::of(&org, &found).users(role)
}

#[test]
fn the_parts_add_up() {
    let parts = [(1, 2), (3, 0), (0, 5), (4, 1)];
    assert_eq!(users(&parts, BuiltIn::Admin), Users { active: 8, pending: 0 });
    assert_eq!(users(&parts, BuiltIn::User), Users { active: 0, pending: 8 });
    assert_eq!(users(&[], BuiltIn::Admin), Users::default());
}

/// The former Super Admin, whom no part counted, left as an Admin; the heir, whom one does, is
/// Super Admin now.
#[test]
fn a_part_below_zero_counts_as_it_is() {
    assert_eq!(users(&[(-1, 0), (3, 0)], BuiltIn::Admin), Users { active: 2, pending: 0 });
    assert_eq!(users(&[(-1, 0), (1, 0)], BuiltIn::Admin), Users::default());
}

#[test]
fn there_is_one_super_admin_or_none() {
    assert_eq!(users(&[], BuiltIn::SuperAdmin), Users { active: 1, pending: 0 });
}
