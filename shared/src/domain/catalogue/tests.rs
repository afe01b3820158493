//! Compares the catalogue with `tests/catalogue.json`, and prints it as a page of the
//! documentation.

use std::{collections::BTreeMap, fmt::Write};

use serde::Deserialize;

use super::*;
use crate::{domain::Action, printed::assert_printed};

/// The content of `tests/catalogue.json`. Keys and levels stay strings, so that the code under test
/// does not parse its own expectation.
#[derive(Deserialize)]
struct Stated {
    built_in_roles: Vec<StatedRole>,
    role_objects: Vec<StatedObject>,
    shown_when: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct StatedRole {
    key: String,
    name: String,
    kinds: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedObject {
    key: String,
    name: String,
    kinds: Vec<String>,
    levels: Vec<String>,
    custom_role_default: String,
    custom_role_editable: bool,
    shown_when: Option<String>,
    prerequisite: Option<StatedPrerequisite>,
    each_level_adds: BTreeMap<String, Vec<String>>,
    never: Vec<String>,
    built_in: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct StatedPrerequisite {
    role_object: String,
    at_least: String,
}

fn stated() -> Stated {
    let json = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/catalogue.json");
    serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap()
}

/// Each role object with its entry in the file.
fn objects() -> Vec<(RoleObject, StatedObject)> {
    let stated = stated().role_objects;
    assert_eq!(stated.len(), RoleObject::ALL.len());
    RoleObject::ALL.into_iter().zip(stated).collect()
}

/// The JSON string of a value.
fn json_string(value: impl serde::Serialize) -> String {
    serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
}

fn kinds(partner_only: bool) -> &'static [&'static str] {
    if partner_only { &["partner"] } else { &["standard", "partner"] }
}

#[test]
fn role_object_keys_and_names_match_the_file() {
    for (object, stated) in objects() {
        assert_eq!(object.key(), stated.key);
        assert_eq!(object.name(), stated.name);
        assert_eq!(object.to_string(), stated.key);
        assert_eq!(json_string(object), stated.key);
        assert_eq!(stated.key.parse(), Ok(object));
    }
    assert_eq!("deals".parse::<RoleObject>(), Err(UnknownKey("role object")));
}

#[test]
fn role_object_kinds_and_conditions_match_the_file() {
    for (object, stated) in objects() {
        assert_eq!(kinds(object.partner_only()), stated.kinds, "{object}");
        let condition = stated.shown_when.unwrap_or("always".to_owned());
        assert_eq!(json_string(object.shown_when()), condition, "{object}");
    }
}

#[test]
fn condition_texts_match_the_file() {
    let words = stated().shown_when;
    for object in RoleObject::ALL {
        let condition = object.shown_when();
        if condition != Condition::Always {
            assert_eq!(words.get(&json_string(condition)), Some(&condition.to_string()));
        }
    }
}

#[test]
fn role_object_levels_match_the_file() {
    for (object, stated) in objects() {
        let levels: Vec<_> = object.levels().iter().map(Level::to_string).collect();
        assert_eq!(levels, stated.levels, "{object}");
        for level in Level::ALL {
            assert_eq!(object.allows(level), levels.contains(&level.to_string()), "{object}");
        }
    }
}

#[test]
fn custom_role_defaults_match_the_file() {
    for (object, stated) in objects() {
        assert_eq!(object.custom_role_default().to_string(), stated.custom_role_default);
        assert_eq!(object.editable_in_custom_roles(), stated.custom_role_editable, "{object}");
        assert!(object.allows(object.custom_role_default()), "{object}");
    }
}

#[test]
fn prerequisites_match_the_file_and_have_no_prerequisite_themselves() {
    for (object, stated) in objects() {
        let prerequisite = object.prerequisite().map(|(base, least)| {
            assert_eq!(base.prerequisite(), None, "{object}");
            (base.to_string(), least.to_string())
        });
        let stated = stated.prerequisite.map(|needs| (needs.role_object, needs.at_least));
        assert_eq!(prerequisite, stated, "{object}");
    }
}

#[test]
fn actions_of_each_level_match_the_file() {
    for (object, stated) in objects() {
        for level in Level::ALL {
            let stated = stated.each_level_adds.get(&level.to_string());
            let adds = object.actions_added_by(level).map(<[_]>::to_vec);
            let stated = stated.map(|names| names.iter().map(String::as_str).collect());
            assert_eq!(adds, stated, "{object} {level}");
        }
        assert_eq!(object.never_granted(), stated.never, "{object}");
    }
}

#[test]
fn catalogue_has_70_grantable_actions_and_2_never_granted() {
    let (granted, never): (Vec<_>, Vec<_>) = Action::all().partition(|it| it.level.is_some());
    assert_eq!((granted.len(), never.len()), (70, 2));
}

#[test]
fn built_in_role_keys_and_names_match_the_file() {
    let stated = stated().built_in_roles;
    assert_eq!(stated.len(), BuiltIn::ALL.len());
    for (role, stated) in BuiltIn::ALL.into_iter().zip(stated) {
        assert_eq!(role.key(), stated.key);
        assert_eq!(role.name(), stated.name);
        assert_eq!(role.to_string(), stated.key);
        assert_eq!(json_string(role), stated.key);
        assert_eq!(stated.key.parse(), Ok(role));
        assert_eq!(kinds(role.partner_only()), stated.kinds, "{role}");
    }
    assert_eq!("owner".parse::<BuiltIn>(), Err(UnknownKey("built-in role")));
}

#[test]
fn built_in_role_levels_match_the_file() {
    for (object, stated) in objects() {
        assert_eq!(stated.built_in.len(), BuiltIn::ALL.len());
        for role in BuiltIn::ALL {
            let level = role.levels().of(object);
            assert_eq!(
                Some(&level.to_string()),
                stated.built_in.get(role.key()),
                "{role} {object}"
            );
            assert!(object.allows(level), "{role} {object}");
        }
    }
}

/// A change of this page is a change of policy.
#[test]
fn catalogue_matches_the_documentation_page() {
    assert_printed("internals/catalogue.md", &page().unwrap());
}

fn page() -> Result<String, std::fmt::Error> {
    let mut page = String::from(
        "# The permission catalogue\n\n\
         A test prints this page from the code: change the code, then run\n\
         `UPDATE_DOCS=1 cargo test -p shared`.\n\n\
         ## Levels of the built-in roles\n\n\
         Only partner organizations have MDF Admin and Partner User. A level counts as `none` if\n\
         its role object is not shown, or its prerequisite is not met.\n\n",
    );
    let names = BuiltIn::ALL.map(BuiltIn::name).join(" | ");
    writeln!(page, "| | {names} |\n|---|---|---|---|---|---|")?;
    for object in RoleObject::ALL {
        let levels = BuiltIn::ALL.map(|role| role.levels().of(object).to_string()).join(" | ");
        writeln!(page, "| {} | {levels} |", object.name())?;
    }
    for object in RoleObject::ALL {
        writeln!(page, "\n## {}\n\n`{object}`\n", object.name())?;
        let kinds = kinds(object.partner_only()).join(", ");
        let levels: Vec<_> = object.levels().iter().map(Level::to_string).collect();
        let fixed = if object.editable_in_custom_roles() { "" } else { " (fixed)" };
        writeln!(page, "- Kinds of organization: {kinds}")?;
        writeln!(page, "- Shown when: {}", object.shown_when())?;
        writeln!(page, "- Levels: {}", levels.join(", "))?;
        writeln!(page, "- Default in a custom role: {}{fixed}", object.custom_role_default())?;
        if let Some((base, least)) = object.prerequisite() {
            writeln!(page, "- Prerequisite: at least {least} on {}", base.name())?;
        }
        writeln!(page, "\n| level | adds |\n|---|---|")?;
        for &level in object.levels() {
            writeln!(
                page,
                "| {level} | {} |",
                code_list(object.actions_added_by(level).unwrap_or_default())
            )?;
        }
        if !object.never_granted().is_empty() {
            writeln!(page, "| never | {} |", code_list(object.never_granted()))?;
        }
    }
    Ok(page)
}

fn code_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
