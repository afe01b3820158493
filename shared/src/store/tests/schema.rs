//! The steps from one schema version to the next.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    super::{
        expression::ExpressionValues,
        item::text,
        migration::{difference, unchanged},
    },
    *,
};

fn item(attributes: &[(&str, AttributeValue)]) -> Item {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Renames an attribute, then derives one from it.
const TWO: [SchemaStep; 2] = [
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

/// What a release reads and writes.
struct Release {
    steps: &'static [SchemaStep],
    written: u32,
}

impl Release {
    fn reads(&self, item: &Item) -> bool {
        upgraded_by(self.steps, item.clone()).is_ok()
    }

    /// An item that this release has put, of which only the version counts here.
    fn put(&self) -> Item {
        item(&[("name", text("Acme")), ("schema", number(self.written))])
    }

    fn migrated(&self, item: &Item) -> Item {
        rewritten_by(self.steps, self.written, item.clone()).unwrap()
    }
}

/// The releases around a change from schema 2 to 3.
const BEFORE: Release = Release { steps: &[TWO[0]], written: 2 };
const READS: Release = Release { steps: &TWO, written: 2 };
const WRITES: Release = Release { steps: &TWO, written: 3 };

/// A gradual deployment, and a rollback to the release before.
#[test]
fn two_successive_releases_read_what_the_other_writes() {
    for [old, new] in [[BEFORE, READS], [READS, WRITES]] {
        assert!(old.reads(&new.put()) && new.reads(&old.put()));
        let first = item(&[("title", text("Acme"))]);
        assert!(old.reads(&new.migrated(&first)), "the new release has migrated the table");
    }
    assert!(!BEFORE.reads(&WRITES.put()), "a rollback over two releases is refused");
}

#[test]
fn migration_writes_the_written_schema_and_leaves_later_items() {
    let second = item(&[("name", text("Acme")), ("schema", number(2))]);
    assert_eq!(READS.migrated(&item(&[("title", text("Acme"))])), second);
    assert_eq!(READS.migrated(&WRITES.put()), WRITES.put(), "after a rollback");
}

/// Where an update of one release meets an item that the other has put.
#[test]
fn this_release_stamps_what_it_puts_and_keeps_the_version_of_what_it_updates() {
    let mut new = item(&[("name", text("Acme"))]);
    stamp(&mut new);
    assert_eq!(new["schema"], number(WRITTEN_SCHEMA));
    let mut expressions = ExpressionValues::default();
    let update = crate::store::commit::clauses(vec![stamp_created()], &mut expressions);
    assert!(update.starts_with("SET #schema = if_not_exists(#schema, "), "{update}");
}

/// What the rewrite of an item sets and removes, as DynamoDB's expression has it.
#[test]
fn rewrite_changes_only_what_differs() {
    let old = item(&[("pk", text("X#1")), ("title", text("Acme")), ("=a b", number(1))]);
    let new = upgraded_by(&TWO, old.clone()).unwrap();
    let changes = difference(&old, &new);
    let mut expressions = ExpressionValues::default();
    let clauses = crate::store::commit::clauses(changes, &mut expressions);
    assert_eq!(
        clauses, "SET #a0 = :v1_a0, #a1 = :v2_a1, #a2 = :v3_a2 REMOVE #a3",
        "folded, name and schema are set, title is removed"
    );
    let (names, _) = expressions.placeholders();
    let mut names: Vec<_> = names.unwrap().into_values().collect();
    names.sort_unstable();
    assert_eq!(names, ["folded", "name", "schema", "title"]);
    let unchanged = unchanged(&old);
    assert!(unchanged.names("=a b") && unchanged.names("title") && unchanged.names("pk"));
}
