//! The steps from one schema version to the next.

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;

fn item(attributes: &[(&str, AttributeValue)]) -> Item {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Renames an attribute, then derives one from it.
const TWO: [Step; 2] = [
    |item| {
        if let Some(title) = item.remove("title") {
            item.insert("name".to_owned(), title);
        }
        Ok(())
    },
    |item| {
        let folded = item.get("name").and_then(|name| name.as_s().ok()).map(|it| it.to_lowercase());
        item.extend(folded.map(|folded| ("folded".to_owned(), text(folded))));
        Ok(())
    },
];

#[test]
fn item_takes_the_steps_from_its_own_version_on() {
    let newest = item(&[("name", text("Acme")), ("folded", text("acme")), ("schema", number(3))]);
    let first = item(&[("title", text("Acme"))]);
    assert_eq!(upgraded_by(&TWO, first).unwrap(), newest);
    let second = item(&[("name", text("Acme")), ("schema", number(2))]);
    assert_eq!(upgraded_by(&TWO, second).unwrap(), newest);
    assert_eq!(upgraded_by(&TWO, newest.clone()).unwrap(), newest);
}

#[test]
fn item_of_a_later_version_is_never_read() {
    for version in [number(4), number(0), text("2")] {
        let later = item(&[("name", text("Acme")), ("schema", version)]);
        assert!(matches!(upgraded_by(&TWO, later), Err(Error::Broken(_))));
    }
}

/// What the rewrite of an item sets and removes, as it stands in DynamoDB's expression.
#[test]
fn rewrite_changes_only_what_differs() {
    let old = item(&[("pk", text("X#1")), ("title", text("Acme")), ("=a b", number(1))]);
    let new = upgraded_by(&TWO, old.clone()).unwrap();
    let changes = difference(&old, &new);
    let mut terms = ExpressionValues::default();
    let clauses = crate::store::commit::clauses(changes, &mut terms);
    assert_eq!(
        clauses, "SET #a0 = :v1_a0, #a1 = :v2_a1, #a2 = :v3_a2 REMOVE #a3",
        "folded, name and schema are set, title is removed"
    );
    let (names, _) = terms.parts();
    let mut names: Vec<_> = names.unwrap().into_values().collect();
    names.sort_unstable();
    assert_eq!(names, ["folded", "name", "schema", "title"]);
    let unchanged = unchanged(&old);
    assert!(unchanged.names("=a b") && unchanged.names("title") && unchanged.names("pk"));
}
