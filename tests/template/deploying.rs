//! Parameters of a deployment: endpoints, the proxy, the key, and where they are documented.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{functions, list, resource, resources, template};

/// The key of the deployer, or else nothing.
fn own_key() -> Value {
    json!({ "Fn::If": ["HasKey", { "Ref": "KmsKeyArn" }, { "Ref": "AWS::NoValue" }] })
}

#[test]
fn deployer_guide_lists_every_parameter_with_its_default() {
    let page = include_str!("../../docs/guides/deployer.md");
    let rows = page.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((name.to_owned(), rest.split(" | ").next()?.trim_matches('`').to_owned()))
    });
    let documented: BTreeMap<String, String> = rows.collect();
    let parameters = template()["Parameters"].as_object().cloned().expect("there are parameters");
    for (name, parameter) in parameters {
        let default = match &parameter["Default"] {
            Value::Null => "–".to_owned(),
            Value::String(text) if text.is_empty() => "none".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert_eq!(documented.get(&name), Some(&default), "{name}");
        assert!(parameter["Description"].is_string(), "{name} has no description");
    }
}

/// `infra/sam-local/install` installs these versions, and the pages name them.
#[test]
fn pages_name_the_versions_of_tools_that_the_project_pins() {
    let guide = include_str!("../../docs/guides/deployer.md");
    let pins = include_str!("../../infra/sam-local/requirements.txt");
    let tools = BTreeMap::from([
        ("aws-sam-cli", "SAM CLI"),
        ("cargo-lambda", "cargo-lambda"),
        ("ziglang", "zig"),
    ]);
    for pin in pins.lines() {
        let (package, version) = pin.split_once("==").expect("a version");
        let row = format!("| {} | {version} |", tools[package]);
        assert!(guide.contains(&row), "{row}");
        let minor = version.rsplit_once('.').map(|(minor, _)| minor).expect("three numbers");
        let page = include_str!("../../infra/sam-local/README.md");
        assert!(package != "aws-sam-cli" || page.contains(&format!("SAM CLI {minor} ")), "{pin}");
    }
    let manifest = include_str!("../../Cargo.toml").split("rust-version = \"").nth(1);
    let rust = manifest.and_then(|rest| rest.split('"').next()).expect("a version of Rust");
    assert!(guide.contains(&format!(
        "| Rust, with the target `aarch64-unknown-linux-gnu` | {rust} or newer |"
    )));
    assert!(include_str!("../../README.md").contains(&format!("Rust {rust} or newer")));
}

/// Each parameter that needs another one has a rule, so that CloudFormation refuses the deployment.
#[test]
fn incomplete_sets_of_parameters_are_refused() {
    let rules = template()["Rules"].as_object().cloned().expect("there are rules");
    let is_set = |name: &str| json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": name }, ""] }] });
    let needs: BTreeSet<(String, String)> = rules
        .values()
        .filter(|rule| rule.get("RuleCondition").is_some())
        .map(|rule| {
            let [assertion] = &*list(&rule["Assertions"]) else { panic!("one assertion a rule") };
            (rule["RuleCondition"].to_string(), assertion["Assert"].to_string())
        })
        .collect();
    let without_endpoint = json!({ "Fn::Equals": [{ "Ref": "DefaultEndpoint" }, "off"] });
    let expected = [
        (is_set("DomainName"), is_set("CertificateArn")),
        (is_set("BasePath"), is_set("DomainName")),
        (is_set("HostedZoneId"), is_set("DomainName")),
        (without_endpoint, is_set("DomainName")),
        (is_set("ViewerAddressHeader"), is_set("ProxySecretHashes")),
        (is_set("ProxySecretHashes"), is_set("ViewerAddressHeader")),
    ];
    let expected = expected.map(|(when, needed)| (when.to_string(), needed.to_string()));
    assert_eq!(needs, expected.into());
}

/// Whether the assertions of a rule hold for these values of parameters.
fn holds(condition: &Value, value: &impl Fn(&str) -> String) -> bool {
    let text = |operand: &Value| match operand["Ref"].as_str() {
        Some(parameter) => value(parameter),
        None => operand.as_str().expect("a text").to_owned(),
    };
    let (function, operands) = condition.as_object().and_then(|it| it.iter().next()).expect("one");
    let operands = list(operands);
    match (function.as_str(), &*operands) {
        ("Fn::Equals", [left, right]) => text(left) == text(right),
        ("Fn::Not", [inner]) => !holds(inner, value),
        ("Fn::Or", all) => all.iter().any(|it| holds(it, value)),
        (other, _) => panic!("{other}"),
    }
}

/// The functions check the names of claims at their start. CloudFormation refuses what they would refuse.
#[test]
fn names_of_claims_that_no_function_accepts_are_refused() {
    let template = template();
    let rules = template["Rules"].as_object().expect("there are rules");
    let checks = rules.values().filter(|rule| rule.get("RuleCondition").is_none());
    let checks: Vec<_> = checks.flat_map(|rule| list(&rule["Assertions"])).collect();
    let variables = BTreeMap::from([
        ("SCOPE_CLAIM", "ScopeClaim"),
        ("OPERATOR_SCOPE", "OperatorScope"),
        ("DECISIONS_SCOPE", "DecisionsScope"),
        ("EMAIL_CLAIM", "EmailClaim"),
        ("EMAIL_VERIFIED_CLAIM", "EmailVerifiedClaim"),
        ("NAME_CLAIM", "NameClaim"),
    ]);
    let parameters: Vec<_> = variables.values().copied().collect();
    let default = |name: &str| {
        let default = &template["Parameters"][name]["Default"];
        default.as_str().expect("a default").to_owned()
    };
    let names = parameters.iter().map(|it| default(it)).chain(["sub".to_owned()]);
    let names: Vec<_> = names.collect();
    let mut refused = BTreeSet::new();
    for (changed, name) in parameters.iter().flat_map(|it| names.iter().map(move |name| (it, name)))
    {
        let value = |it: &str| if it == *changed { name.clone() } else { default(it) };
        let accepted = checks.iter().all(|check| holds(&check["Assert"], &value));
        let env = |variable: &str| variables.get(variable).map(|it| value(it));
        let starts = shared::lambda::token_claims_of(env).is_ok();
        assert_eq!(accepted, starts, "{changed}={name}");
        if !starts {
            refused.insert(*changed);
        }
    }
    assert_eq!(refused, parameters.into_iter().collect(), "each can be wrong");
    for check in checks {
        assert!(check["AssertDescription"].is_string(), "{check}");
    }
}

#[test]
fn custom_domain_maps_its_base_path_to_the_stage_of_the_api() {
    let no_value = || json!({ "Ref": "AWS::NoValue" });
    let domain = resource("Domain");
    assert_eq!(domain["Condition"], "HasDomain");
    let configuration = json!([{
        "CertificateArn": { "Ref": "CertificateArn" },
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }]);
    assert_eq!(domain["Properties"]["DomainNameConfigurations"], configuration);
    let mapping = resource("DomainMapping");
    assert_eq!(mapping["Condition"], "HasDomain");
    let expected = json!({
        "DomainName": { "Ref": "Domain" },
        "ApiId": { "Ref": "Api" },
        "Stage": { "Ref": "Api.Stage" },
        "ApiMappingKey": { "Fn::If": ["HasBasePath", { "Ref": "BasePath" }, no_value()] },
    });
    assert_eq!(mapping["Properties"], expected);
    assert_eq!(resource("DomainRecord")["Condition"], "HasRecord");
    // Every function removes the same path.
    let variables = &template()["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(variables["BASE_PATH"], json!({ "Ref": "BasePath" }));
    let disabled = &resource("Api")["Properties"]["DisableExecuteApiEndpoint"];
    assert_eq!(*disabled, json!({ "Fn::If": ["HasNoDefaultEndpoint", true, false] }));
}

/// The function that serves the metadata knows the URL, or else the domain of the endpoints.
#[test]
fn public_url_needs_no_second_deployment() {
    let variables = &resource("Access")["Properties"]["Environment"]["Variables"];
    let sub = |text: &str| json!({ "Fn::Sub": text });
    let domain = json!({ "Fn::If": [
        "HasBasePath", sub("https://${DomainName}/${BasePath}"), sub("https://${DomainName}"),
    ]});
    let or_domain = json!({ "Fn::If": ["HasDomain", domain, ""] });
    let url = json!({ "Fn::If": ["HasPublicUrl", { "Ref": "PublicUrl" }, or_domain] });
    assert_eq!(variables["PUBLIC_URL"], url);
    let endpoints = sub("execute-api.${AWS::Region}.${AWS::URLSuffix}");
    assert_eq!(variables["ENDPOINT_DOMAIN"], endpoints);
}

/// All functions of the API, and no function alone, so that no route can be called past the proxy.
#[test]
fn every_function_checks_the_trusted_proxy() {
    let variables = &template()["Globals"]["Function"]["Environment"]["Variables"];
    for (variable, parameter) in [
        ("VIEWER_ADDRESS_HEADER", "ViewerAddressHeader"),
        ("PROXY_SECRET_HASHES", "ProxySecretHashes"),
    ] {
        assert_eq!(variables[variable], json!({ "Ref": parameter }));
        for (name, function) in functions() {
            let own = &function["Properties"]["Environment"]["Variables"];
            assert!(own.get(variable).is_none(), "{name} overrides {variable}");
        }
    }
}

/// The queue of events that the key could not encrypt.
const WITHOUT_KEY: &str = "FailedEncryptions";

/// What holds data, by type: the property that names the key.
#[test]
fn everything_that_holds_data_is_encrypted_with_the_key() {
    for (kind, property) in [
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::Events::EventBus", "KmsKeyIdentifier"),
        ("AWS::Events::Archive", "KmsKeyIdentifier"),
    ] {
        for (name, it) in resources(kind).into_iter().filter(|(name, _)| name != WITHOUT_KEY) {
            assert_eq!(it["Properties"][property], own_key(), "{name}");
        }
    }
    for (name, queue) in resources("AWS::SQS::Queue") {
        if name == WITHOUT_KEY {
            continue;
        }
        // Without the key, SQS encrypts with its own. Both at once are refused.
        let managed = json!({ "Fn::If": ["HasKey", { "Ref": "AWS::NoValue" }, true] });
        assert_eq!(queue["Properties"]["SqsManagedSseEnabled"], managed, "{name}");
    }
    let sse = json!({ "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": own_key() });
    assert_eq!(resource("Table")["Properties"]["SSESpecification"], sse);
    let rules = resource("Exports")["Properties"]["BucketEncryption"].clone();
    let rule = &rules["ServerSideEncryptionConfiguration"][0];
    assert_eq!(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"], own_key());
    // Other kinds that can hold data would need a line here.
    for unexpected in ["AWS::SNS::Topic", "AWS::Kinesis::Stream", "AWS::SSM::Parameter"] {
        assert!(resources(unexpected).is_empty(), "{unexpected}");
    }
}

/// The roles may use the key through the service that holds the data, and not by themselves.
#[test]
fn roles_may_use_the_key_only_through_the_services() {
    let of = |names: &[&str]| names.iter().map(|name| json!({ "Ref": name })).collect::<Vec<_>>();
    let names = resources("AWS::Serverless::Function").into_keys();
    let every_function: Vec<_> =
        names.map(|name| json!({ "Ref": format!("{name}Role") })).collect();
    let queue_roles = of(&["CleanupRole", "CleanupScheduleRole", "MailRole", "PublishRole"]);
    let data_keys = json!(["kms:Decrypt", "kms:GenerateDataKey"]);
    let table_keys = json!([
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ]);
    for (policy, service, actions, mut roles) in [
        ("TableKey", "dynamodb", table_keys, every_function),
        ("BucketKey", "s3", data_keys.clone(), of(&["MembersRole"])),
        ("QueueKey", "sqs", data_keys, queue_roles),
    ] {
        let policy = resource(policy);
        assert_eq!(policy["Condition"], "HasKey");
        let through =
            json!({ "Fn::Sub": format!("{service}.${{AWS::Region}}.${{AWS::URLSuffix}}") });
        let allowed = json!({
            "Effect": "Allow",
            "Action": actions,
            "Resource": { "Ref": "KmsKeyArn" },
            "Condition": { "StringEquals": { "kms:ViaService": through } },
        });
        assert_eq!(list(&policy["Properties"]["PolicyDocument"]["Statement"]), [allowed]);
        let mut attached = list(&policy["Properties"]["Roles"]);
        attached.sort_by_key(Value::to_string);
        roles.sort_by_key(Value::to_string);
        assert_eq!(attached, roles, "{service}");
    }
}
