//! YAML documents as JSON.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The JSON value of a YAML document. The short tags of CloudFormation are expanded: `!Ref Table` becomes
/// `{"Ref": "Table"}`.
pub fn parse_yaml(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).expect("the text is YAML");
    to_json(documents.first().expect("the document is not empty"))
}

fn to_json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(members) => {
            let member = |(name, value): (&Yaml, &Yaml)| {
                (name.as_str().expect("a key is a string").to_owned(), to_json(value))
            };
            members.iter().map(member).collect::<Map<_, _>>().into()
        }
        Yaml::Tagged(tag, inner) => match tag.suffix.as_str() {
            "Ref" => json!({ "Ref": to_json(inner) }),
            name => json!({ format!("Fn::{name}"): to_json(inner) }),
        },
        other => panic!("{other:?} is not JSON"),
    }
}
