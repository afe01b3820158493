//! Routes, authorizers and throttling of the API.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{events, resource, template};

/// The only path that needs no token: it returns the URLs of the decision API.
const OPEN: &str = "/.well-known/authzen-configuration";

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
        "JwtConfiguration": { "issuer": { "Ref": "Issuer" }, "audience": [{ "Ref": "Audience" }] },
    });
    assert_eq!(auth["Authorizers"], json!({ "Token": token }));
    for name in ["Issuer", "Audience"] {
        let parameter = &template()["Parameters"][name];
        assert!(parameter.get("Default").is_none(), "{name} has a default");
        assert!(parameter.get("AllowedPattern").is_some(), "{name} can be empty");
    }
}

#[test]
fn every_route_but_the_metadata_has_the_default_authorizer() {
    for (function, event) in events() {
        if event["Type"] == "HttpApi" {
            let properties = &event["Properties"];
            assert_eq!(properties["ApiId"], json!({ "Ref": "Api" }), "{function} has another API");
            let mut auth = properties["Auth"].as_object().cloned().unwrap_or_default();
            if properties["Path"] == OPEN {
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
        let required = if is_operator { vec![json!("operator")] } else { vec![] };
        assert_eq!(route.scopes, required, "{}", route.key);
    }
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
    let served: BTreeSet<_> =
        served.chain([("$default".to_owned(), "access".to_owned())]).collect();
    assert_eq!(in_template, served);
}

#[test]
fn api_page_lists_every_route() {
    let page =
        include_str!("../../docs/api.md").replace("`GET …`", "`GET /v1/organizations/{org}`");
    let page = page.replace("`PATCH …`", "`PATCH /v1/organizations/{org}`");
    for (method, path, _) in local::ROUTES {
        let short = path.replace("/v1/organizations/{org}/", "…/");
        let spellings = [format!("`{method} {path}`"), format!("`{method} {short}`")];
        assert!(
            spellings.iter().any(|route| page.contains(route)),
            "docs/api.md lacks {method} {path}"
        );
    }
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
        assert_eq!(limit["DetailedMetricsEnabled"], true, "{key}");
    }
    let bulk = |key: &&String| {
        let decisions = key.contains(" /access/v1/");
        decisions || key.contains("/batch") || key.contains("export")
    };
    for key in keys.iter().filter(bulk) {
        assert!(limits.contains_key(key), "{key} has only the common limit");
    }
}
