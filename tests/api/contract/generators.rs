//! Code generators understand the document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::domain::{EventAction, RoleObject};

use super::{
    agreement::{texts, visit_objects},
    document::CONTRACT,
};

/// Types that every page of a browser has.
const OF_BROWSERS: [&str; 8] =
    ["event", "error", "location", "range", "request", "response", "selection", "text"];

/// Generators write names in Pascal or camel case, and number those that are equal then: `Role2`.
#[test]
fn names_of_components_differ_from_each_other_and_from_types_of_browsers() {
    let mut known: BTreeMap<String, String> =
        OF_BROWSERS.map(|name| (name.to_owned(), "a type of browsers".to_owned())).into();
    for kind in ["parameters", "requestBodies", "responses", "schemas"] {
        for name in CONTRACT.0["components"][kind].as_object().unwrap().keys() {
            let generated = name.replace('-', "").to_lowercase();
            let other = known.insert(generated, format!("{kind}/{name}"));
            assert_eq!(other, None, "{kind}/{name}");
        }
    }
}

#[test]
fn parameters_and_request_bodies_have_examples() {
    for operation in CONTRACT.operations() {
        for parameter in CONTRACT.parameters(&operation) {
            let name = format!("{} {}", operation.name, parameter["name"]);
            assert!(parameter.get("example").is_some(), "{name}");
            let violations = CONTRACT.violations(&parameter["schema"], &parameter["example"]);
            assert_eq!(violations, Vec::<String>::new(), "{name}");
        }
        // Another test checks that the examples of schemas satisfy them.
        let body = CONTRACT.resolve(&operation.definition["requestBody"]);
        for (media_type, body) in body["content"].as_object().into_iter().flatten() {
            let examples = CONTRACT.resolve(&body["schema"])["examples"].as_array();
            assert!(examples.is_some_and(|it| !it.is_empty()), "{} {media_type}", operation.name);
        }
    }
}

/// Some generators require a field with a default, in requests too.
#[test]
fn fields_have_no_defaults() {
    visit_schemas(&mut |pointer, schema| {
        let is_parameter = pointer.starts_with("/components/parameters/");
        assert!(is_parameter || schema.get("default").is_none(), "{pointer}");
    });
}

/// An object without fields is an empty one to some generators.
#[test]
fn objects_have_fields_and_arrays_have_items() {
    visit_schemas(&mut |pointer, schema| {
        let types =
            [&schema["type"]].into_iter().chain(schema["type"].as_array().into_iter().flatten());
        let types: BTreeSet<_> = types.filter_map(Value::as_str).collect();
        let has_fields = schema.get("properties").or(schema.get("additionalProperties")).is_some();
        assert!(!types.contains("object") || has_fields, "{pointer}");
        assert!(!types.contains("array") || schema.get("items").is_some(), "{pointer}");
        assert!(!types.is_empty() || schema.get("enum").is_none(), "{pointer}");
    });
}

/// A field that narrows a union must be required.
#[test]
fn problems_require_their_type_and_status() {
    let schemas = CONTRACT.0["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let is_problem = schema["properties"]["type"]["const"] == format!("/problems/{name}");
        let required = texts(&schema["required"]);
        let complete = ["type", "status"].iter().all(|field| required.contains(*field));
        assert!(!is_problem || complete, "{name}");
    }
}

/// A screen shows names. Requests have ids alone, and so has the problem about an organization that the caller
/// may not know.
#[test]
fn ids_of_organizations_and_roles_stand_beside_names() {
    let nameless =
        |pointer: &str| pointer.contains("Request") || pointer.contains("/organization-outside");
    visit_schemas(&mut |pointer, schema| {
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (field, id) in properties.filter(|_| !nameless(pointer)) {
            let alternatives = id["anyOf"].as_array().into_iter().flatten();
            let mut targets = [id].into_iter().chain(alternatives).map(|it| &it["$ref"]);
            let Some(named) = field.strip_suffix("_id") else { continue };
            let is_id = |target: &Value| {
                target
                    .as_str()
                    .is_some_and(|it| it.ends_with("/OrganizationId") || it.ends_with("/RoleId"))
            };
            let name = schema["properties"].get(format!("{named}_name"));
            assert!(!targets.any(is_id) || name.is_some(), "{pointer}: {field}");
        }
    });
}

#[test]
fn levels_have_every_role_object() {
    let documented = CONTRACT.0["components"]["schemas"]["Levels"]["properties"].as_object();
    let documented: BTreeSet<_> = documented.unwrap().keys().cloned().collect();
    assert_eq!(documented, RoleObject::ALL.iter().map(ToString::to_string).collect());
}

#[test]
fn every_action_has_an_event() {
    let schemas = &CONTRACT.0["components"]["schemas"];
    let events = schemas["HistoryEvent"]["oneOf"].as_array().unwrap().iter();
    let documented = events.flat_map(|event| {
        let action = &CONTRACT.resolve(event)["properties"]["action"];
        let one = action["const"].as_str().map(str::to_owned);
        one.into_iter().chain(texts(&action["enum"]))
    });
    let actions = EventAction::ALL.iter().map(|action| action.key().to_owned());
    assert_eq!(documented.collect::<BTreeSet<_>>(), actions.collect());
}

/// Visits each schema of the document, also those within others.
fn visit_schemas(visit: &mut impl FnMut(&str, &Value)) {
    visit_objects(&CONTRACT.0, "", &mut |pointer, value| {
        let in_schema = pointer.contains("/schema");
        let is_name = pointer.ends_with("/schemas") || pointer.ends_with("/properties");
        let is_example = pointer.contains("/examples/");
        if in_schema && !is_name && !is_example {
            visit(pointer, value);
        }
    });
}
