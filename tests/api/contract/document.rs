//! The document itself: read, looked into, and compared with the code.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use local::ROUTES;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use shared::domain::{BuiltIn, EventAction, IdentityProviderRole, Kind, Level, RoleObject, Source};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// `docs/openapi.yaml`.
pub static CONTRACT: LazyLock<Contract> =
    LazyLock::new(|| Contract::read(include_str!("../../../docs/openapi.yaml")));

pub struct Contract {
    pub document: Value,
    /// Compiled once each: a schema's text, and what judges by it.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    fn read(text: &str) -> Self {
        Self { document: yaml(text), validators: Mutex::default() }
    }

    /// The path, as the document writes it, that serves a request. What is spelled out goes first.
    pub fn path_of(&self, method: &str, path: &str) -> Option<String> {
        let parts: Vec<_> = path.split('/').collect();
        let serves = |template: &&String| {
            let template: Vec<_> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(template, part)| {
                    template == part || (template.starts_with('{') && !part.is_empty())
                })
        };
        let paths = self.document["paths"].as_object().unwrap();
        let found = paths.keys().filter(serves).min_by_key(|path| path.matches('{').count())?;
        paths[found].get(method.to_lowercase()).map(|_| found.clone())
    }

    /// What serves a request.
    pub fn operation(&self, method: &str, path: &str) -> Option<Value> {
        let path = self.path_of(method, path)?;
        Some(self.document["paths"][&path][method.to_lowercase()].clone())
    }

    /// Every operation: `GET /v1/me`, and what the document says of it.
    pub fn operations(&self) -> Vec<(String, &Value)> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let methods = METHODS.iter().filter_map(|method| Some((method, item.get(method)?)));
            methods.map(move |(method, it)| (format!("{} {path}", method.to_uppercase()), it))
        });
        operations.collect()
    }

    /// `value`, or what it refers to.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(to) => {
                let to = to.strip_prefix('#').expect("a reference stays in the document");
                self.document.pointer(to).unwrap_or_else(|| panic!("there is no {to}"))
            }
            None => value,
        }
    }

    pub fn parameters<'a>(&'a self, operation: &'a Value) -> Vec<&'a Value> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.map(|parameter| self.resolved(parameter)).collect()
    }

    /// The slugs of an operation's problems with this status.
    pub fn slugs(&self, response: &Value) -> Vec<String> {
        let response = self.resolved(response);
        let Some(schema) = response.pointer("/content/application~1problem+json/schema") else {
            return vec![];
        };
        let one = [schema.clone()];
        let all = schema["oneOf"].as_array().map_or(one.as_slice(), Vec::as_slice);
        let slug = |schema: &Value| {
            schema["$ref"].as_str().unwrap().trim_start_matches("#/components/schemas/").to_owned()
        };
        all.iter().map(slug).collect()
    }

    /// Why `value` is not what `schema` says.
    pub fn violations(&self, schema: &Value, value: &Value) -> Vec<String> {
        let known = self.validators.lock().unwrap().get(&schema.to_string()).cloned();
        let validator = known.unwrap_or_else(|| {
            let made = Arc::new(self.compile(schema));
            self.validators.lock().unwrap().insert(schema.to_string(), made.clone());
            made
        });
        let told =
            |error: jsonschema::ValidationError| format!("{}: {error}", error.instance_path());
        validator.iter_errors(value).map(told).collect()
    }

    fn compile(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&schema).unwrap_or_else(|why| panic!("{why}: {schema}"))
    }
}

/// YAML, as the JSON it stands for.
fn yaml(text: &str) -> Value {
    json_of(&Yaml::load_from_str(text).expect("it is YAML")[0])
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(json_of).collect(),
        Yaml::Mapping(members) => {
            let member = |(name, value): (&Yaml, &Yaml)| {
                (name.as_str().expect("a name is a text").to_owned(), json_of(value))
            };
            members.iter().map(member).collect::<Map<_, _>>().into()
        }
        // `!Ref Api`, in the template.
        Yaml::Tagged(_, inner) => json_of(inner),
        other => panic!("{other:?} is more than YAML need be"),
    }
}

/// Every object in `value`, with where it is.
fn walk<'a>(value: &'a Value, at: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    match value {
        Value::Object(members) => {
            visit(at, value);
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(value, &format!("{at}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (nth, value) in items.iter().enumerate() {
                walk(value, &format!("{at}/{nth}"), visit);
            }
        }
        _ => {}
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    let texts = value.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn it_has_every_route_and_no_other_each_with_its_function() {
    let code = ROUTES
        .iter()
        .map(|(method, path, function)| (format!("{method} {path}"), vec![(*function).to_owned()]));
    let documented = CONTRACT
        .operations()
        .into_iter()
        .map(|(name, operation)| (name, texts(&operation["tags"]).into_iter().collect()));
    assert_eq!(documented.collect::<BTreeMap<_, _>>(), code.collect::<BTreeMap<_, _>>());
    let tags = CONTRACT.document["tags"].as_array().unwrap().iter();
    let tags: BTreeSet<_> = tags.map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(tags, local::FUNCTIONS.iter().map(|(name, _)| *name).collect());
}

/// The template tells the gateway which scope a route needs, and which needs no token at all.
#[test]
fn each_operation_asks_for_the_token_and_the_scope_that_the_template_does() {
    let template = yaml(&fs::read_to_string("../template.yaml").unwrap());
    let mut deployed = BTreeMap::new();
    for resource in template["Resources"].as_object().unwrap().values() {
        for event in resource["Properties"]["Events"].as_object().into_iter().flatten() {
            let event = &event.1["Properties"];
            let (Some(method), Some(path)) = (event["Method"].as_str(), event["Path"].as_str())
            else {
                continue;
            };
            let security = match event["Auth"]["Authorizer"].as_str() {
                Some("NONE") => json!([]),
                _ => json!([{ "bearer": texts(&event["Auth"]["AuthorizationScopes"]) }]),
            };
            deployed.insert(format!("{method} {path}"), security);
        }
    }
    let documented = CONTRACT.operations().into_iter().map(|(name, operation)| {
        (name, operation.get("security").unwrap_or(&CONTRACT.document["security"]).clone())
    });
    assert_eq!(documented.collect::<BTreeMap<_, _>>(), deployed);
}

#[test]
fn its_lists_are_those_of_the_code() {
    let list = |name: &str| texts(&CONTRACT.document["components"]["schemas"][name]["enum"]);
    let said = |all: Vec<Value>| texts(&json!(all));
    assert_eq!(
        list("EventAction"),
        EventAction::ALL.iter().map(|it| it.key().to_owned()).collect()
    );
    assert_eq!(list("RoleObject"), RoleObject::ALL.iter().map(ToString::to_string).collect());
    assert_eq!(list("Level"), Level::ALL.iter().map(ToString::to_string).collect());
    assert_eq!(list("BuiltInRoleId"), BuiltIn::ALL.iter().map(ToString::to_string).collect());
    assert_eq!(list("Kind"), said(vec![json!(Kind::Standard), json!(Kind::Partner)]));
    let told = [IdentityProviderRole::Admin, IdentityProviderRole::User];
    assert_eq!(list("IdentityProviderRole"), said(told.iter().map(|it| json!(it)).collect()));
    let sources = [Source::Invitation, Source::JoinRequest, Source::Creator, Source::Joined];
    assert_eq!(list("Source"), said(sources.iter().map(|it| json!(it)).collect()));
}

/// `docs/problems.md` is held to the code by a test of its own.
#[test]
fn it_has_a_schema_for_every_problem_and_for_no_other() {
    let page = fs::read_to_string("../docs/problems.md").unwrap();
    let pages = page.split("\n## ").skip(1).map(|entry| {
        let (slug, text) = entry.split_once("\n\n").unwrap();
        let status = text.split("**").nth(1).unwrap();
        (slug.to_owned(), status.parse::<u16>().unwrap())
    });
    let schemas = CONTRACT.document["components"]["schemas"].as_object().unwrap().iter();
    let problems = schemas.filter_map(|(slug, schema)| {
        let status = schema["properties"]["status"]["const"].as_u64()?;
        assert_eq!(schema["properties"]["type"]["const"], format!("/problems/{slug}"));
        Some((slug.clone(), u16::try_from(status).unwrap()))
    });
    assert_eq!(problems.collect::<BTreeMap<_, _>>(), pages.collect::<BTreeMap<_, _>>());
    for (name, operation) in CONTRACT.operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            for slug in CONTRACT.slugs(response) {
                let told = &CONTRACT.document["components"]["schemas"][&slug]["properties"];
                assert_eq!(told["status"]["const"].to_string(), *status, "{name} {slug}");
            }
        }
    }
}

#[test]
fn everything_it_refers_to_is_there_and_nothing_is_left_over() {
    let mut used = BTreeSet::new();
    walk(&CONTRACT.document, "", &mut |at, value| {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            let target = to.strip_prefix('#').expect("a reference stays in the document");
            assert!(CONTRACT.document.pointer(target).is_some(), "{at} refers to {to}");
            used.insert(target.to_owned());
        }
    });
    // What the gateway's stand-in answers where there is no operation.
    let nowhere = ["no-such-route", "method-not-allowed"];
    used.extend(nowhere.map(|slug| format!("/components/schemas/{slug}")));
    for kind in ["parameters", "headers", "requestBodies", "responses", "schemas"] {
        for name in CONTRACT.document["components"][kind].as_object().unwrap().keys() {
            assert!(
                used.contains(&format!("/components/{kind}/{name}")),
                "nobody uses {kind}/{name}"
            );
        }
    }
}

#[test]
fn operations_have_names_of_their_own_and_their_paths_parameters() {
    let mut names = BTreeSet::new();
    let mut linked = BTreeSet::new();
    for (name, operation) in CONTRACT.operations() {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{name}");
        for member in ["summary", "description"] {
            assert!(!operation[member].as_str().unwrap_or_default().is_empty(), "{name}: {member}");
        }
        let path = name.split_once(' ').unwrap().1;
        let placed = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = CONTRACT.parameters(operation);
        let declared = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let declared: BTreeSet<_> = declared.map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(declared, placed.collect(), "{name}");
        walk(operation, "", &mut |_, value| {
            let links = value.get("links").and_then(Value::as_object).into_iter().flatten();
            linked.extend(links.map(|(_, link)| link["operationId"].as_str().unwrap()));
        });
    }
    assert!(linked.is_subset(&names), "{:?}", linked.difference(&names));
}

/// JSON Schema 2020-12, which OpenAPI 3.1 speaks.
#[test]
fn its_schemas_are_schemas_and_its_examples_fit_them() {
    assert_eq!(CONTRACT.document["openapi"], "3.1.0");
    let mut count = 0;
    walk(&CONTRACT.document, "", &mut |at, value| {
        let named = at.contains("/schemas/") && at.matches('/').count() == 3;
        if named || at.ends_with("/schema") {
            let judged = jsonschema::draft202012::meta::validate(value);
            judged.unwrap_or_else(|why| panic!("{at}: {why}"));
        }
        for example in value.get("examples").and_then(Value::as_array).into_iter().flatten() {
            count += 1;
            assert_eq!(
                CONTRACT.violations(value, example),
                Vec::<String>::new(),
                "{at}: {example}"
            );
        }
    });
    assert!(count > 40, "{count}");
}

/// A field that nobody knows is refused: no schema of a body may take one. Decisions follow their own
/// specification, which says to ignore it.
#[test]
fn no_body_takes_a_field_that_it_does_not_name() {
    for (name, operation) in CONTRACT.operations() {
        let body = CONTRACT.resolved(&operation["requestBody"]);
        let Some(schema) = body.pointer("/content/application~1json/schema") else { continue };
        let schema = CONTRACT.resolved(schema);
        if name.contains(" /access/") {
            continue;
        }
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
}
