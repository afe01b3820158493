//! Compares the catalogue with `tests/catalogue.json`, and prints it as a page of the
//! documentation.

use std::{collections::BTreeMap, fmt::Write};

use serde::Deserialize;

use super::*;
use crate::{
    domain::{AccessPath, Action},
    printed::assert_printed,
};

/// The content of `tests/catalogue.json`. Keys and levels stay strings, so that the code under test
/// does not parse its own expectation.
#[derive(Deserialize)]
struct Stated {
    built_in_roles: Vec<StatedRole>,
    role_objects: Vec<StatedObject>,
    shown_when: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct StatedRole {
    key: String,
    name: String,
    kinds: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
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

#[derive(Debug, Deserialize, PartialEq)]
struct StatedPrerequisite {
    role_object: String,
    at_least: String,
}

fn stated() -> Stated {
    let json = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/catalogue.json");
    serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap()
}

/// A role object in the form of the file.
fn described(object: RoleObject) -> StatedObject {
    let adds = |level| Some((json_string(level), owned(object.actions_added_by(level)?)));
    let in_role = |role: BuiltIn| (json_string(role), json_string(role.levels().level_on(object)));
    let condition = object.shown_when();
    StatedObject {
        key: json_string(object),
        name: object.name().to_owned(),
        kinds: owned(kinds(object.partner_only())),
        levels: object.levels().iter().map(json_string).collect(),
        custom_role_default: json_string(object.custom_role_default()),
        custom_role_editable: object.editable_in_custom_roles(),
        shown_when: (condition != Condition::Always).then(|| json_string(condition)),
        prerequisite: object.prerequisite().map(|(base, least)| StatedPrerequisite {
            role_object: json_string(base),
            at_least: json_string(least),
        }),
        each_level_adds: Level::ALL.into_iter().filter_map(adds).collect(),
        never: owned(object.never_granted()),
        built_in: BuiltIn::ALL.map(in_role).into(),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// The JSON string of a value.
fn json_string(value: impl serde::Serialize) -> String {
    serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
}

fn kinds(partner_only: bool) -> &'static [&'static str] {
    if partner_only { &["partner"] } else { &["standard", "partner"] }
}

#[test]
fn role_objects_match_the_file() {
    let described: Vec<_> = RoleObject::ALL.into_iter().map(described).collect();
    assert_eq!(described, stated().role_objects);
}

#[test]
fn built_in_roles_match_the_file() {
    let described = BuiltIn::ALL.map(|role| StatedRole {
        key: json_string(role),
        name: role.name().to_owned(),
        kinds: owned(kinds(role.partner_only())),
    });
    assert_eq!(Vec::from(described), stated().built_in_roles);
}

#[test]
fn condition_texts_match_the_file() {
    let words = stated().shown_when;
    for condition in RoleObject::ALL.map(RoleObject::shown_when) {
        if condition != Condition::Always {
            assert_eq!(words.get(&json_string(condition)), Some(&condition.to_string()));
        }
    }
}

#[test]
fn keys_are_parsed_and_displayed_as_in_json() {
    for object in RoleObject::ALL {
        let key = json_string(object);
        assert_eq!((object.key(), object.to_string()), (key.as_str(), key.clone()));
        assert_eq!(key.parse(), Ok(object));
    }
    for role in BuiltIn::ALL {
        let key = json_string(role);
        assert_eq!((role.key(), role.to_string()), (key.as_str(), key.clone()));
        assert_eq!(key.parse(), Ok(role));
    }
    for level in Level::ALL {
        assert_eq!(level.to_string(), json_string(level));
    }
    assert_eq!("deals".parse::<RoleObject>(), Err(UnknownKey("role object")));
    assert_eq!("owner".parse::<BuiltIn>(), Err(UnknownKey("built-in role")));
}

#[test]
fn role_object_allows_its_levels_default_and_built_in_levels() {
    for object in RoleObject::ALL {
        for level in Level::ALL {
            assert_eq!(object.allows(level), object.levels().contains(&level), "{object} {level}");
        }
        assert!(object.allows(object.custom_role_default()), "{object}");
        for role in BuiltIn::ALL {
            assert!(object.allows(role.levels().level_on(object)), "{role} {object}");
        }
        let further = object.prerequisite().and_then(|(base, _)| base.prerequisite());
        assert_eq!(further, None, "the prerequisite of {object} has one itself");
    }
}

#[test]
fn each_level_of_a_role_object_has_a_text_of_its_own() {
    let mut sections = Vec::new();
    for stated in stated().role_objects {
        let object: RoleObject = stated.key.parse().unwrap();
        let meanings = Level::ALL.map(|level| (json_string(level), object.meaning_of(level)));
        let with_text = meanings.iter().filter(|(_, text)| text.is_some());
        let with_text: Vec<_> = with_text.map(|(level, _)| level.clone()).collect();
        assert_eq!(with_text, stated.levels, "{object}");
        let texts: Vec<_> = meanings.iter().filter_map(|(_, text)| *text).collect();
        for (nth, text) in texts.iter().chain([&object.description()]).enumerate() {
            assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
            assert!(!text.contains('_') && !texts.iter().take(nth).any(|it| it == text), "{text}");
        }
        sections.push(object.section());
    }
    sections.sort_unstable();
    sections.dedup();
    let expected = ["Channel Partner Portal", "License Management", "My Organization", "Support"];
    assert_eq!(sections, expected);
}

#[test]
fn catalogue_has_70_grantable_actions_and_2_never_granted() {
    let (granted, never): (Vec<_>, Vec<_>) = Action::all().partition(|it| it.level.is_some());
    assert_eq!((granted.len(), never.len()), (70, 2));
}

/// A change of this page is a change of policy.
#[test]
fn catalogue_matches_the_documentation_page() {
    assert_printed("internals/catalogue.md", &page().unwrap());
}

const ACCESS_PATHS: &str = "
## Access paths

Other services ask whether a person may perform an action in an organization (ORG6). The person needs the level in whose
row the action is, as a member of that organization. These marks name two more paths that can grant the action:

- **ancestor**: as a member of an organization above it in the tree.
- **partner**: as a member of a partner that is linked to it. **preferred partner**: the link must be preferred.

The level counts in the organization where the path starts. The role object must be available there, even if the level
is `none` (ROLE4, ROLE5).
";

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
        let levels =
            BuiltIn::ALL.map(|role| role.levels().level_on(object).to_string()).join(" | ");
        writeln!(page, "| {} | {levels} |", object.name())?;
    }
    page += ACCESS_PATHS;
    for object in RoleObject::ALL {
        writeln!(page, "\n## {}\n\n`{object}`\n", object.name())?;
        writeln!(page, "{} Section: {}.\n", object.description(), object.section())?;
        let kinds = kinds(object.partner_only()).join(", ");
        let fixed = if object.editable_in_custom_roles() { "" } else { " (fixed)" };
        writeln!(page, "- Kinds of organization: {kinds}")?;
        writeln!(page, "- Shown when: {}", object.shown_when())?;
        writeln!(page, "- Default in a custom role: {}{fixed}", object.custom_role_default())?;
        if let Some((base, least)) = object.prerequisite() {
            writeln!(page, "- Prerequisite: at least {least} on {}", base.name())?;
        }
        writeln!(page, "\n| level | meaning | adds |\n|---|---|---|")?;
        for &level in object.levels() {
            let meaning = object.meaning_of(level).unwrap_or_default();
            let actions = with_paths(object.actions_added_by(level).unwrap_or_default());
            writeln!(page, "| {level} | {meaning} | {actions} |")?;
        }
        if !object.never_granted().is_empty() {
            writeln!(page, "| never | | {} |", with_paths(object.never_granted()))?;
        }
    }
    Ok(page)
}

/// Names of actions, each with the access paths that grant it besides the membership in the
/// organization itself.
fn with_paths(names: &[&str]) -> String {
    let marked = names.iter().map(|name| {
        let action = Action::find(name).unwrap();
        let preferred = action.role_object.shown_when() == Condition::PreferredPartnerCustomer;
        let partner = if preferred { " (preferred partner)" } else { " (partner)" };
        let paths = [(AccessPath::Ancestor, " (ancestor)"), (AccessPath::Partner, partner)];
        let paths = paths.map(|(path, text)| if path.supports(action) { text } else { "" });
        format!("`{name}`{}", paths.concat())
    });
    marked.collect::<Vec<_>>().join(", ")
}
