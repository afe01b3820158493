//! Keys of the indexes: their order, and the way back to a path.

use super::*;

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
    for key in [path(&below), user_by_email(&below, &email), after_organization(&below)] {
        assert_eq!(path_of(&key), Some(below.clone()), "{key}");
    }
    for forged in ["", "#", "x/y", "bob@example.com#1", "~"] {
        assert_eq!(path_of(forged), None, "{forged}");
    }
}

#[test]
fn organization_comes_before_the_organizations_below_it() {
    let root = OrgPath::root(org(1));
    let email = Email::parse("zoe@example.com").unwrap();
    let own = user_by_email(&root, &email);
    let below = user_by_email(&root.child(org(2)), &email);
    assert!(path(&root) < own && own < after_organization(&root));
    assert!(after_organization(&root) < below);
    assert!(in_subtree(&root).iter().any(|beginning| below.starts_with(beginning)));
}
