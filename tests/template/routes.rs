//! Routes, authorizers and throttling of the API.

use std::collections::BTreeSet;

use axum::http::{HeaderName, Method};
use local::gateway;
use serde_json::{Value, json};
use shared::http::{EmailsVerified, TokenClaims};

use super::{events, resource, template};

/// The only paths that need no token: the URLs of the decision API, and preflight requests.
const OPEN: [&str; 2] = ["/.well-known/authzen-configuration", "/{proxy+}"];

/// The route of preflight requests. `$default` would demand a token of them.
const PREFLIGHT: &str = "OPTIONS /{proxy+}";

/// A route of the template.
struct Route {
    /// Such as `GET /v1/me`, or `$default`.
    key: String,
    function: String,
    scopes: Vec<Value>,
}

fn routes() -> Vec<Route> {
    let http_api = events().into_iter().filter(|(_, event)| event["Type"] == "HttpApi");
    http_api.map(|(function, event)| route(function, &event["Properties"])).collect()
}

fn route(function: String, properties: &Value) -> Route {
    let key = match (properties["Method"].as_str(), properties["Path"].as_str()) {
        (Some(method), Some(path)) => format!("{method} {path}"),
        (None, None) => "$default".to_owned(),
        incomplete => panic!("{incomplete:?} lacks the method or the path"),
    };
    let scopes = properties["Auth"]["AuthorizationScopes"].as_array().cloned().unwrap_or_default();
    Route { key, function, scopes }
}

#[test]
fn default_authorizer_verifies_issuer_and_audience() {
    let auth = &resource("Api")["Properties"]["Auth"];
    assert_eq!(auth["DefaultAuthorizer"], "Token");
    let token = json!({
        "IdentitySource": "$request.header.Authorization",
        "JwtConfiguration": { "issuer": { "Ref": "Issuer" }, "audience": { "Ref": "Audience" } },
    });
    assert_eq!(auth["Authorizers"], json!({ "Token": token }));
    for name in ["Issuer", "Audience"] {
        let parameter = &template()["Parameters"][name];
        assert!(parameter.get("Default").is_none(), "{name} has a default");
        assert!(parameter.get("AllowedPattern").is_some(), "{name} can be empty");
    }
    // CloudFormation compares each item of the list with the pattern.
    assert_eq!(template()["Parameters"]["Audience"]["Type"], "CommaDelimitedList");
}

/// Every function reads the same claims. The defaults of the parameters are those of the code.
#[test]
fn parameters_name_the_claims_and_scopes_of_tokens() {
    let claims = TokenClaims::default();
    let template = template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    for (parameter, variable, default) in [
        ("ScopeClaim", "SCOPE_CLAIM", claims.scope),
        ("OperatorScope", "OPERATOR_SCOPE", claims.operator_scope),
        ("DecisionsScope", "DECISIONS_SCOPE", claims.decisions_scope),
        ("EmailClaim", "EMAIL_CLAIM", claims.email),
        ("EmailVerifiedClaim", "EMAIL_VERIFIED_CLAIM", claims.email_verified),
        ("EmailsVerified", "EMAILS_VERIFIED", "claim"),
        ("NameClaim", "NAME_CLAIM", claims.name),
        ("AmrClaim", "AMR_CLAIM", claims.amr),
        ("AuthTimeClaim", "AUTH_TIME_CLAIM", claims.auth_time),
    ] {
        assert_eq!(variables[variable], json!({ "Ref": parameter }), "{variable}");
        assert_eq!(template["Parameters"][parameter]["Default"], default, "{parameter}");
    }
    assert_eq!(claims.emails_verified, EmailsVerified::Claim);
}

#[test]
fn every_route_but_the_metadata_and_preflight_has_the_default_authorizer() {
    for (function, event) in events() {
        if event["Type"] == "HttpApi" {
            let properties = &event["Properties"];
            assert_eq!(properties["ApiId"], json!({ "Ref": "Api" }), "{function} has another API");
            let mut auth = properties["Auth"].as_object().cloned().unwrap_or_default();
            if properties["Path"].as_str().is_some_and(|path| OPEN.contains(&path)) {
                assert_eq!(auth.remove("Authorizer"), Some(json!("NONE")));
            }
            assert!(auth.keys().all(|key| key == "AuthorizationScopes"), "{function}: {auth:?}");
        }
    }
}

#[test]
fn only_operator_routes_require_the_operator_scope() {
    for route in routes() {
        let is_operator = route.key.contains(" /v1/operator/");
        // API Gateway finds scopes only in `scope` and `scp`. With another claim the list is empty.
        let scope = json!([
            "GatewayReadsScopes", { "Ref": "OperatorScope" }, { "Ref": "AWS::NoValue" },
        ]);
        let required = if is_operator { vec![json!({ "Fn::If": scope })] } else { vec![] };
        assert_eq!(route.scopes, required, "{}", route.key);
    }
    let reads = json!({ "Fn::Or": [
        { "Fn::Equals": [{ "Ref": "ScopeClaim" }, "scope"] },
        { "Fn::Equals": [{ "Ref": "ScopeClaim" }, "scp"] },
    ] });
    assert_eq!(template()["Conditions"]["GatewayReadsScopes"], reads);
}

#[test]
fn every_route_is_unique_and_well_formed() {
    let routes = routes();
    let keys: BTreeSet<_> = routes.iter().map(|route| &route.key).collect();
    assert_eq!(keys.len(), routes.len());
    for key in keys {
        let Some((method, path)) = key.split_once(' ') else {
            assert_eq!(key, "$default");
            continue;
        };
        if key == PREFLIGHT {
            continue;
        }
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method), "{key}");
        assert!(path.starts_with('/') && !path.ends_with('/') && !path.contains("//"), "{key}");
    }
}

/// The access function answers all other paths (`$default`) with a problem document.
#[test]
fn template_and_routers_have_the_same_routes() {
    let in_template: BTreeSet<_> =
        routes().into_iter().map(|route| (route.key, route.function)).collect();
    let served = local::ROUTES
        .iter()
        .map(|(method, path, function)| (format!("{method} {path}"), (*function).to_owned()));
    let others = ["$default", PREFLIGHT].map(|key| (key.to_owned(), "access".to_owned()));
    let served: BTreeSet<_> = served.chain(others).collect();
    assert_eq!(in_template, served);
}

#[test]
fn api_page_lists_every_route() {
    let page = include_str!("../../docs/api.md").replace(" …`", " /v1/organizations/{org}`");
    for (method, path, _) in local::ROUTES {
        let short = path.replace("/v1/organizations/{org}/", "…/");
        let spellings = [format!("`{method} {path}`"), format!("`{method} {short}`")];
        assert!(
            spellings.iter().any(|route| page.contains(route)),
            "docs/api.md lacks {method} {path}"
        );
    }
}

/// Browsers get the same answers from the local server, which allows every origin on its machine.
#[test]
fn pages_of_the_portal_may_call_the_api() {
    let cors = &resource("Api")["Properties"]["DefinitionBody"]["x-amazon-apigateway-cors"];
    let texts = |names: &[&str]| json!(names);
    assert_eq!(cors["allowMethods"], texts(&gateway::CORS_METHODS.each_ref().map(Method::as_str)));
    let headers = gateway::CORS_REQUEST_HEADERS;
    assert_eq!(cors["allowHeaders"], texts(&headers.each_ref().map(HeaderName::as_str)));
    let headers = gateway::CORS_RESPONSE_HEADERS;
    assert_eq!(cors["exposeHeaders"], texts(&headers.each_ref().map(HeaderName::as_str)));
    assert_eq!(cors["maxAge"], gateway::CORS_MAX_AGE.as_secs());
    // A token is sent by the page itself, so cookies are not.
    assert_eq!(cors.get("allowCredentials"), None);
    let [bucket] = resource("Exports")["Properties"]["CorsConfiguration"]["CorsRules"]
        .as_array()
        .and_then(|rules| <[Value; 1]>::try_from(rules.clone()).ok())
        .expect("the bucket has one rule");
    assert_eq!(bucket["AllowedOrigins"], cors["allowOrigins"]);
    assert_eq!(bucket["AllowedMethods"], json!(["GET"]));
}

#[test]
fn api_is_throttled() {
    let settings = &resource("Api")["Properties"]["DefaultRouteSettings"];
    for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
        assert_eq!(settings[limit], json!({ "Ref": "RequestsPerSecond" }), "{limit}");
    }
}

/// Decisions of other services do not use up the portal's limit, and one expensive route not the
/// limit of the others.
#[test]
fn decisions_and_bulk_routes_have_limits_of_their_own() {
    let keys: BTreeSet<_> = routes().into_iter().map(|route| route.key).collect();
    let settings = resource("Api")["Properties"]["RouteSettings"].clone();
    let limits = settings.as_object().unwrap();
    for (key, limit) in limits {
        assert!(keys.contains(key), "{key} is no route");
        let expected = if key == "POST /access/v1/evaluation" {
            "DecisionsPerSecond"
        } else {
            "BulkRequestsPerSecond"
        };
        for bound in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
            assert_eq!(limit[bound], json!({ "Ref": expected }), "{key}");
        }
    }
    let bulk = |key: &&String| {
        let decisions = key.contains(" /access/v1/");
        decisions || key.contains("/batch") || key.contains("export")
    };
    for key in keys.iter().filter(bulk) {
        assert!(limits.contains_key(key), "{key} has only the common limit");
    }
}
