//! The version of the schema of items, and the way of an item from one version to the next.
//!
//! Every item has the version in its attribute `schema`. Code reads items of all versions to
//! [`READABLE_SCHEMA`]: each item that is read passes [`upgraded`]. It writes items of
//! [`WRITTEN_SCHEMA`], which is the same version or the one before.
//! [`Store::migrate`](super::Store::migrate) rewrites the items of earlier versions that have not
//! changed since. Events are never rewritten, because nothing may change them.
//!
//! While a deployment moves requests to a new release, and after it is rolled back, two releases
//! use the table. So no release writes what the release before cannot read. A change of the schema
//! takes three releases:
//!
//! 1. Increase [`READABLE_SCHEMA`] and append a step to `STEPS`. The step derives attributes with
//!    new names from the old ones. Each update of an old attribute also sets the new one.
//! 2. Increase [`WRITTEN_SCHEMA`], and add the table of the version before to `tests/tables`.
//!    Deploy, then migrate. Updates still set both, because items of the version before keep their
//!    version in an update.
//! 3. When the migration has finished, set only the new attributes. The step stays, for events.

use super::{
    Error,
    expression::Expression,
    item::{Item, number},
    schema_steps::name_people_by_ids,
    step::Change,
};

/// The latest version of items that this code reads. Items without a version have version 1.
pub const READABLE_SCHEMA: u32 = 3;
/// The version of the items that this code writes. The release before this one must read it.
pub const WRITTEN_SCHEMA: u32 = 3;

const _: () = assert!(WRITTEN_SCHEMA == READABLE_SCHEMA || WRITTEN_SCHEMA + 1 == READABLE_SCHEMA);

/// The attribute with the version of an item.
pub(super) const ATTRIBUTE: &str = "schema";

/// Changes an item of one version into an item of the next. It keeps the key of the item.
type SchemaStep = fn(&mut Item) -> Result<(), Error>;

/// The steps from version 1 to 2, from 2 to 3, and so on.
const STEPS: [SchemaStep; READABLE_SCHEMA as usize - 1] = [
    |_| Ok(()), // Version 2 only adds the version.
    name_people_by_ids,
];

/// Puts the version that this code writes into an item that is about to be written.
pub(super) fn stamp(item: &mut Item) {
    item.insert(ATTRIBUTE.to_owned(), number(WRITTEN_SCHEMA));
}

/// The version of an item that an update creates. Existing items keep theirs.
pub(super) fn stamp_created() -> Change {
    let clause = format!("#{ATTRIBUTE} = if_not_exists(#{ATTRIBUTE}, :{ATTRIBUTE})");
    Change::Set(Expression::new(&clause, [(ATTRIBUTE, number(WRITTEN_SCHEMA))]))
}

/// An item in the form of the latest version that this code reads.
///
/// # Errors
///
/// [`Error::Broken`] if its version is later.
pub fn upgraded(item: Item) -> Result<Item, Error> {
    upgraded_by(&STEPS, item)
}

fn upgraded_by(steps: &[SchemaStep], mut item: Item) -> Result<Item, Error> {
    let version = version(&item)?;
    let current = steps.len() + 1;
    if version == current {
        return Ok(item);
    }
    let Some(missing) = version.checked_sub(1).and_then(|done| steps.get(done..)) else {
        let problem =
            format!("an item has schema version {version}, but this code reads up to {current}");
        return Err(Error::Broken(problem));
    };
    for step in missing {
        step(&mut item)?;
    }
    item.insert(ATTRIBUTE.to_owned(), number(current));
    Ok(item)
}

/// An item in the form of the version that this code writes, or of its own version if that is
/// later.
pub(super) fn rewritten(item: Item) -> Result<Item, Error> {
    rewritten_by(&STEPS, WRITTEN_SCHEMA, item)
}

/// An item in the form of the version `written`, or of its own version if that is later.
fn rewritten_by(steps: &[SchemaStep], written: u32, item: Item) -> Result<Item, Error> {
    let written = written as usize;
    match steps.get(..written - 1) {
        Some(steps) if version(&item)? < written => upgraded_by(steps, item),
        _ => Ok(item),
    }
}

fn version(item: &Item) -> Result<usize, Error> {
    let Some(attribute) = item.get(ATTRIBUTE) else { return Ok(1) };
    let version = attribute.as_n().ok().and_then(|version| version.parse().ok());
    version
        .ok_or_else(|| Error::Broken("an item has a schema version that is no number".to_owned()))
}

#[cfg(test)]
#[path = "tests/schema.rs"]
mod tests;
