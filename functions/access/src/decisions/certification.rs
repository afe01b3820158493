//! The fixtures that AuthZEN's certification asks for: two people, two records, three actions. They
//! are answered without looking at anything real, and only where a deployment is told to be
//! certified.

use serde_json::{Map, Value};

use super::{
    USER,
    wire::{Doing, Entity},
};

/// The type of the certification's resources; organizations are none of them.
pub(super) const RECORD: &str = "record";
const ALICE: &str = "alice";
const BOB: &str = "bob";
/// The people.
pub(super) const PEOPLE: [&str; 2] = [ALICE, BOB];
/// The records.
pub(super) const RECORDS: [&str; 2] = ["record-1", "record-2"];
/// What is done to them.
pub(super) const ACTIONS: [&str; 3] = ["read", "write", "delete"];

/// Is this a resource of the certification's?
pub(super) fn knows(resource: &Entity) -> bool {
    resource.kind == RECORD
}

/// What is known of the people and the records; a request may say otherwise.
fn stored(id: &str, name: &str) -> Option<&'static str> {
    match (id, name) {
        (BOB, "role") => Some("admin"),
        ("record-1", "status") => Some("active"),
        ("record-2", "status") => Some("archived"),
        _ => None,
    }
}

/// Is the property `name` of `id` this `value`?
fn is(id: &str, properties: &Map<String, Value>, name: &str, value: &str) -> bool {
    match properties.get(name) {
        Some(said) => said == value,
        None => stored(id, name) == Some(value),
    }
}

/// The certification's policy:
///
/// 1. Who is known reads what is known.
/// 2. Alice writes what is not archived; an admin writes what is.
/// 3. Alice deletes softly.
pub(super) fn decide(subject: &Entity, action: &Doing, resource: &Entity) -> bool {
    let known =
        subject.kind == USER && PEOPLE.contains(&&*subject.id) && RECORDS.contains(&&*resource.id);
    let alice = subject.id == ALICE;
    let admin = is(&subject.id, &subject.properties, "role", "admin");
    let archived = is(&resource.id, &resource.properties, "status", "archived");
    known
        && match &*action.name {
            "read" => true,
            "write" => {
                if archived {
                    admin
                } else {
                    alice
                }
            }
            "delete" => alice && action.properties.get("soft") == Some(&Value::Bool(true)),
            _ => false,
        }
}

/// An entity that is known by its id alone.
pub(super) fn entity(kind: &str, id: &str) -> Entity {
    Entity { kind: kind.to_owned(), id: id.to_owned(), properties: Map::new() }
}
