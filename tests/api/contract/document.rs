//! Reads `docs/openapi.yaml`.

use std::sync::LazyLock;

use serde_json::Value;

use crate::yaml::parse_yaml;

/// The contract.
pub static CONTRACT: LazyLock<Contract> =
    LazyLock::new(|| Contract(parse_yaml(include_str!("../../../docs/openapi.yaml"))));

/// The file in which the tests record the documented outcomes that they produce, one a line.
pub const OUTCOME_RECORD: &str =
    concat!(env!("CARGO_TARGET_TMPDIR"), "/produced-contract-outcomes.txt");

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// An OpenAPI document.
pub struct Contract(pub Value);

/// An operation of the document.
pub struct Operation<'a> {
    /// Method and path template: `GET /v1/me`.
    pub name: String,
    pub definition: &'a Value,
}

impl Contract {
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| {
                let name = format!("{} {path}", method.to_uppercase());
                item.get(method).map(|definition| Operation { name, definition })
            })
        });
        operations.collect()
    }

    /// `value`, or the target of its `$ref`.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(target) = value["$ref"].as_str() else { return value };
        let pointer = target.strip_prefix('#').expect("references stay in the document");
        self.0.pointer(pointer).unwrap_or_else(|| panic!("{target} does not exist"))
    }

    /// The outcomes that an operation documents: a status for each success, a slug for each problem.
    pub fn outcomes(&self, operation: &Operation<'_>) -> Vec<String> {
        let responses = operation.definition["responses"].as_object().unwrap().iter();
        let outcomes = responses.flat_map(|(status, response)| {
            let slugs = self.slugs(response);
            if slugs.is_empty() { vec![status.clone()] } else { slugs }
        });
        outcomes.collect()
    }

    /// The slugs of the problems in a response.
    pub fn slugs(&self, response: &Value) -> Vec<String> {
        let content = "/content/application~1problem+json/schema";
        let Some(schema) = self.resolve(response).pointer(content) else { return vec![] };
        let alternatives =
            schema["oneOf"].as_array().map_or(std::slice::from_ref(schema), |all| all);
        let slug =
            |schema: &Value| schema["$ref"].as_str().unwrap().rsplit('/').next().map(str::to_owned);
        alternatives.iter().filter_map(slug).collect()
    }
}
