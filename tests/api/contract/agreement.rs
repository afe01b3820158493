//! The document agrees with the code, the template and itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use local::{FUNCTIONS, ROUTES};
use serde_json::{Value, json};
use shared::domain::{BuiltIn, EventAction, IdentityProviderRole, Kind, Level, RoleObject, Source};

use super::document::CONTRACT;
use crate::{printed::assert_printed, yaml::parse_yaml};

#[test]
fn document_has_the_routes_of_the_code_tagged_with_their_functions() {
    let code = ROUTES
        .iter()
        .map(|(method, path, function)| (format!("{method} {path}"), vec![(*function).to_owned()]));
    let documented = CONTRACT.operations().into_iter().map(|operation| {
        (operation.name, texts(&operation.definition["tags"]).into_iter().collect())
    });
    assert_eq!(documented.collect::<BTreeMap<_, _>>(), code.collect::<BTreeMap<_, _>>());
    let tags = CONTRACT.0["tags"].as_array().unwrap().iter();
    let tags: BTreeSet<_> = tags.map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(tags, FUNCTIONS.iter().map(|(name, _)| *name).collect());
}

#[test]
fn document_requires_the_scopes_of_the_template() {
    let template = parse_yaml(&fs::read_to_string("../template.yaml").unwrap());
    // The document has the default of the parameter that names the scope.
    let operator = template["Parameters"]["OperatorScope"]["Default"].clone();
    let resources = template["Resources"].as_object().unwrap().values();
    let events =
        resources.flat_map(|it| it["Properties"]["Events"].as_object().into_iter().flatten());
    let deployed = events.filter_map(|(_, event)| {
        let event = &event["Properties"];
        let (method, path) = (event["Method"].as_str()?, event["Path"].as_str()?);
        if method == "OPTIONS" {
            return None; // Browsers send preflight requests by themselves.
        }
        let security = match event["Auth"]["Authorizer"].as_str() {
            Some("NONE") => json!([]),
            _ if event["Auth"]["AuthorizationScopes"].is_null() => json!([{ "bearer": [] }]),
            _ => json!([{ "bearer": [operator] }]),
        };
        Some((format!("{method} {path}"), security))
    });
    let documented = CONTRACT.operations().into_iter().map(|operation| {
        let security = operation.definition.get("security").unwrap_or(&CONTRACT.0["security"]);
        (operation.name, security.clone())
    });
    assert_eq!(documented.collect::<BTreeMap<_, _>>(), deployed.collect::<BTreeMap<_, _>>());
}

#[test]
fn document_has_the_enumerations_of_the_code() {
    let joined = [Source::Invitation, Source::JoinRequest, Source::Creator, Source::Joined];
    let sources = [&joined[..], &[Source::Added]].concat();
    let roles = [IdentityProviderRole::Admin, IdentityProviderRole::User];
    for (name, values) in [
        ("EventAction", EventAction::ALL.iter().map(|action| json!(action.key())).collect()),
        ("RoleObject", RoleObject::ALL.iter().map(|object| json!(object.to_string())).collect()),
        ("Level", Level::ALL.iter().map(|level| json!(level.to_string())).collect()),
        ("BuiltInRoleId", BuiltIn::ALL.iter().map(|role| json!(role.to_string())).collect()),
        ("Kind", json!([Kind::Standard, Kind::Partner])),
        ("IdentityProviderRole", json!(roles)),
        ("Source", json!(sources)),
    ] {
        let documented = &CONTRACT.0["components"]["schemas"][name]["enum"];
        assert_eq!(texts(documented), texts(&values), "{name}");
    }
}

/// The sections of `docs/problems.md` are printed from the document. A test of `shared` compares them with the code.
#[test]
fn problems_match_the_documentation_page() {
    let page = fs::read_to_string("../docs/problems.md").unwrap().replace("\r\n", "\n");
    let mut page = page.split("\n## ").next().unwrap().to_owned();
    for (slug, schema) in CONTRACT.0["components"]["schemas"].as_object().unwrap() {
        let properties = &schema["properties"];
        let Some(status) = properties["status"]["const"].as_u64().filter(|&it| it >= 400) else {
            continue;
        };
        assert_eq!(properties["type"]["const"], format!("/problems/{slug}"));
        write!(page, "\n## {slug}\n\n**{status}**").unwrap();
        for word in schema["description"].as_str().unwrap().split_whitespace().map(linked) {
            let width = page.len() - page.rfind('\n').unwrap();
            page.push(if width + word.len() > 120 { '\n' } else { ' ' });
            page += &word;
        }
        page.push('\n');
    }
    assert_printed("problems.md", &page);
}

#[test]
fn operations_list_each_problem_under_its_status() {
    let schemas = &CONTRACT.0["components"]["schemas"];
    for operation in CONTRACT.operations() {
        for (status, response) in operation.definition["responses"].as_object().unwrap() {
            for slug in CONTRACT.slugs(response) {
                let of_problem = &schemas[&slug]["properties"]["status"]["const"];
                assert_eq!(of_problem.to_string(), *status, "{} {slug}", operation.name);
            }
        }
    }
}

/// A word of a description. The path of a page, such as `docs/limits.md`, becomes a link from a page in `docs/`.
fn linked(word: &str) -> String {
    let Some(path) = word.strip_prefix("docs/") else { return word.to_owned() };
    let (path, after) = path.split_at(path.rfind(|it: char| it.is_alphanumeric()).unwrap() + 1);
    let text = path.split('#').next().unwrap();
    format!("[{text}]({path}){after}")
}

#[test]
fn references_resolve_and_no_component_is_unused() {
    let mut used = BTreeSet::new();
    visit_objects(&CONTRACT.0, "", &mut |pointer, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').expect("references stay in the document");
            assert!(CONTRACT.0.pointer(target).is_some(), "{pointer} refers to {reference}");
            used.insert(target.to_owned());
        }
    });
    // Responses to requests without an operation, or that bypass the proxy of the deployment.
    let unrouted = ["no-such-route", "method-not-allowed", "not-through-proxy"];
    used.extend(unrouted.map(|slug| format!("/components/schemas/{slug}")));
    for kind in ["parameters", "headers", "requestBodies", "responses", "schemas"] {
        for name in CONTRACT.0["components"][kind].as_object().unwrap().keys() {
            assert!(
                used.contains(&format!("/components/{kind}/{name}")),
                "{kind}/{name} is unused"
            );
        }
    }
}

#[test]
fn operations_have_unique_ids_texts_and_the_parameters_of_their_paths() {
    let mut ids = BTreeSet::new();
    for operation in CONTRACT.operations() {
        let (name, definition) = (&operation.name, operation.definition);
        assert!(ids.insert(definition["operationId"].as_str().unwrap()), "{name}");
        for member in ["summary", "description"] {
            assert!(
                !definition[member].as_str().unwrap_or_default().is_empty(),
                "{name}: {member}"
            );
        }
        let in_path = name.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = CONTRACT.parameters(&operation);
        let declared = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let declared: BTreeSet<_> = declared.map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(declared, in_path.collect(), "{name}");
    }
    visit_objects(&CONTRACT.0, "", &mut |pointer, value| {
        for (name, link) in value.get("links").and_then(Value::as_object).into_iter().flatten() {
            let target = link["operationId"].as_str().unwrap();
            assert!(ids.contains(target), "{pointer}/links/{name} refers to {target}");
        }
    });
}

/// RFC 9110, 13.1: every change honours `If-Match`, and every GET of a resource with a tag honours `If-None-Match`.
/// Other tests send these requests to every operation that documents them.
#[test]
fn conditional_requests_are_documented_where_they_apply() {
    for operation in CONTRACT.operations() {
        let name = &operation.name;
        let parameters = CONTRACT.parameters(&operation);
        let takes = |header: &str| parameters.iter().any(|parameter| parameter["name"] == header);
        let has = |slug: &str| CONTRACT.outcomes(&operation).contains(&slug.to_owned());
        let responses = &operation.definition["responses"];
        let shown = CONTRACT.resolve(&responses["200"]);
        let is_tagged_get = name.starts_with("GET ") && shown["headers"].get("etag").is_some();
        assert_eq!((takes("If-None-Match"), has("304")), (is_tagged_get, is_tagged_get), "{name}");
        let is_change = ["PATCH ", "PUT ", "DELETE "].iter().any(|method| name.starts_with(method));
        assert_eq!(
            (takes("If-Match"), has("precondition-failed")),
            (is_change, is_change),
            "{name}"
        );
    }
}

/// OpenAPI 3.1 uses JSON Schema 2020-12.
#[test]
fn schemas_are_valid_and_examples_satisfy_them() {
    assert_eq!(CONTRACT.0["openapi"], "3.1.0");
    let mut examples = 0;
    visit_objects(&CONTRACT.0, "", &mut |pointer, value| {
        let is_component = pointer.contains("/schemas/") && pointer.matches('/').count() == 3;
        if is_component || pointer.ends_with("/schema") {
            let valid = jsonschema::draft202012::meta::validate(value);
            valid.unwrap_or_else(|why| panic!("{pointer}: {why}"));
        }
        for example in value.get("examples").and_then(Value::as_array).into_iter().flatten() {
            examples += 1;
            let violations = CONTRACT.violations(value, example);
            assert_eq!(violations, Vec::<String>::new(), "{pointer}: {example}");
        }
    });
    assert!(examples > 40, "{examples}");
}

/// AuthZEN requests are exempt: their specification says to ignore unknown fields.
#[test]
fn request_bodies_have_no_unknown_fields() {
    for operation in CONTRACT.operations().iter().filter(|it| !it.name.contains(" /access/")) {
        let body = CONTRACT.resolve(&operation.definition["requestBody"]);
        let Some(schema) = body.pointer("/content/application~1json/schema") else { continue };
        let schema = CONTRACT.resolve(schema);
        assert_eq!(schema["additionalProperties"], false, "{}", operation.name);
    }
}

/// Visits every object in `value`, with its JSON pointer.
pub(super) fn visit_objects<'a>(
    value: &'a Value,
    pointer: &str,
    visit: &mut impl FnMut(&str, &'a Value),
) {
    match value {
        Value::Object(members) => {
            visit(pointer, value);
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit_objects(value, &format!("{pointer}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                visit_objects(value, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

pub(super) fn texts(value: &Value) -> BTreeSet<String> {
    let texts = value.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}
