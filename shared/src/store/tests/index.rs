//! Keys of the indexes: their order, and the way back to a path.

use super::*;
use crate::domain::Email;
use crate::{
    domain::{BoundedList, IdempotencyKey, Name, UserId},
    store::Key,
};

fn org(nth: i64) -> OrgId {
    OrgId::new(Timestamp::from_millisecond(nth).unwrap(), 7)
}

#[test]
fn ids_in_keys_sort_like_ids() {
    let mut ids: Vec<_> = [0, 1, 63, 64, 4_095, 1_780_000_000_000].map(org).to_vec();
    ids.sort_unstable();
    let keys: Vec<_> = ids.iter().map(|&org| id(org)).collect();
    assert!(keys.is_sorted() && keys.iter().all(|key| key.len() == 22), "{keys:?}");
}

#[test]
fn range_key_leads_back_to_its_path() {
    let root = OrgPath::root(org(1));
    let below = root.child(org(2)).child(org(3));
    let email = Email::parse("bob@example.com").unwrap();
    for key in [path(&below), user_by_address(&below, email.as_str()), after_organization(&below)] {
        assert_eq!(path_of(&key), Some(below.clone()), "{key}");
    }
    for forged in ["", "#", "x/y", "bob@example.com#1", "~"] {
        assert_eq!(path_of(forged), None, "{forged}");
    }
}

/// DynamoDB limits hash keys to 2,048 bytes and range keys to 1,024.
#[test]
fn keys_with_the_longest_texts_fit() {
    let deepest = (2..=9).fold(OrgPath::root(org(1)), |path, nth| path.child(org(nth)));
    let labels = [&*"a".repeat(63), &"b".repeat(63), &"c".repeat(61)].join(".");
    let email = Email::parse(&format!("{}@{labels}", "x".repeat(64))).unwrap();
    assert_eq!(email.as_str().len(), 254);
    let user: UserId = "s".repeat(255).parse().unwrap();
    // The name with the longest folded form: 31 characters would need 1,023 bytes.
    let name = Name::cleaned(&"\u{FDFA}".repeat(31), 64).unwrap().folded();
    assert!(name.len() > 700, "{}", name.len());
    let ranges = [
        user_by_address(&deepest, email.as_str()),
        email_in(email.as_str(), deepest.id()),
        format!("{}1{name}", in_organization(&deepest)), // The position of a role in a list.
        Key::list_entry(org(1), BoundedList::ApprovedDomains, &labels).sk,
    ];
    assert!(ranges.iter().all(|key| key.len() <= 1_024), "{ranges:?}");
    let operation = format!("POST /v1/organizations/{}/join-requests/{}/decline", org(1), org(1));
    let (key, fingerprint) = ("k".repeat(64), "f".repeat(64));
    let key = IdempotencyKey { caller: user, operation, key, fingerprint };
    assert!(Key::idempotency(&key).fits());
    assert!(domain(&labels).len() <= 2_048);
}

#[test]
fn organization_comes_before_the_organizations_below_it() {
    let root = OrgPath::root(org(1));
    let email = Email::parse("zoe@example.com").unwrap();
    let own = user_by_address(&root, email.as_str());
    let below = user_by_address(&root.child(org(2)), email.as_str());
    assert!(path(&root) < own && own < after_organization(&root));
    assert!(after_organization(&root) < below);
    assert!(in_subtree(&root).iter().any(|beginning| below.starts_with(beginning)));
}
