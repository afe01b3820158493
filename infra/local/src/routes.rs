//! The routes and the function that serves each. `tests/template.rs` compares them with `template.yaml`.

use axum::Router;
use shared::http::App;

/// The name and the router of a function that serves routes.
pub type Function = (&'static str, fn() -> Router<App>);

/// Every function that serves routes.
pub const FUNCTIONS: [Function; 10] = [
    ("accept", accept::router),
    ("access", access::router),
    ("events", events::router),
    ("invite", invite::router),
    ("members", members::router),
    ("operator", operator::router),
    ("organization", organization::router),
    ("roles", roles::router),
    ("suborg", suborg::router),
    ("transfer", transfer::router),
];

/// The method, path and function of each route.
pub const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/v1/me", "access"),
    ("GET", "/v1/me/join-requests", "access"),
    ("GET", "/v1/organizations/{org}/permissions", "access"),
    ("GET", "/.well-known/authzen-configuration", "access"),
    ("GET", "/v1/organizations/{org}/explanations", "access"),
    ("POST", "/access/v1/evaluation", "access"),
    ("POST", "/access/v1/evaluations", "access"),
    ("POST", "/access/v1/search/subject", "access"),
    ("POST", "/access/v1/search/resource", "access"),
    ("POST", "/access/v1/search/action", "access"),
    ("POST", "/v1/organizations", "organization"),
    ("GET", "/v1/organizations/{org}", "organization"),
    ("PATCH", "/v1/organizations/{org}", "organization"),
    ("GET", "/v1/organizations/{org}/domains", "organization"),
    ("PUT", "/v1/organizations/{org}/domains/{domain}", "organization"),
    ("DELETE", "/v1/organizations/{org}/domains/{domain}", "organization"),
    ("GET", "/v1/me/joinable-organizations", "organization"),
    ("GET", "/v1/organizations/{org}/join-requests", "organization"),
    ("POST", "/v1/organizations/{org}/join-requests", "organization"),
    ("GET", "/v1/organizations/{org}/join-requests/mine", "organization"),
    ("DELETE", "/v1/organizations/{org}/join-requests/mine", "organization"),
    ("POST", "/v1/organizations/{org}/join-requests/{req}/approve", "organization"),
    ("POST", "/v1/organizations/{org}/join-requests/{req}/decline", "organization"),
    ("GET", "/v1/organizations/{org}/security", "organization"),
    ("PUT", "/v1/organizations/{org}/security", "organization"),
    ("GET", "/v1/organizations/{org}/critical-alert-users", "organization"),
    ("POST", "/v1/organizations/{org}/critical-alert-users", "organization"),
    ("DELETE", "/v1/organizations/{org}/critical-alert-users/{alert}", "organization"),
    ("GET", "/v1/organizations/{org}/customers", "organization"),
    ("GET", "/v1/organizations/{org}/partners", "organization"),
    ("PUT", "/v1/organizations/{org}/partners/{partner}/suspension", "organization"),
    ("DELETE", "/v1/organizations/{org}/partners/{partner}/suspension", "organization"),
    ("POST", "/v1/organizations/{org}/invitations", "invite"),
    ("POST", "/v1/organizations/{org}/invitations/batch", "invite"),
    ("GET", "/v1/organizations/{org}/invitations", "invite"),
    ("GET", "/v1/organizations/{org}/invitations/{inv}", "invite"),
    ("POST", "/v1/organizations/{org}/invitations/{inv}/resend", "invite"),
    ("PATCH", "/v1/organizations/{org}/invitations/{inv}", "invite"),
    ("DELETE", "/v1/organizations/{org}/invitations/{inv}", "invite"),
    ("GET", "/v1/me/invitations", "accept"),
    ("GET", "/v1/organizations/{org}/invitations/{inv}/mine", "accept"),
    ("POST", "/v1/organizations/{org}/invitations/{inv}/accept", "accept"),
    ("POST", "/v1/organizations/{org}/invitations/{inv}/decline", "accept"),
    ("GET", "/v1/organizations/{org}/members", "members"),
    ("POST", "/v1/organizations/{org}/member-exports", "members"),
    ("GET", "/v1/organizations/{org}/members/{member}", "members"),
    ("PATCH", "/v1/organizations/{org}/members/{member}", "members"),
    ("DELETE", "/v1/organizations/{org}/members/{member}", "members"),
    ("POST", "/v1/organizations/{org}/leave", "members"),
    ("GET", "/v1/organizations/{org}/role-objects", "roles"),
    ("GET", "/v1/organizations/{org}/roles", "roles"),
    ("POST", "/v1/organizations/{org}/roles", "roles"),
    ("GET", "/v1/organizations/{org}/roles/{role}", "roles"),
    ("PATCH", "/v1/organizations/{org}/roles/{role}", "roles"),
    ("DELETE", "/v1/organizations/{org}/roles/{role}", "roles"),
    ("POST", "/v1/organizations/{org}/transfer", "transfer"),
    ("POST", "/v1/organizations/{org}/sub-organizations", "suborg"),
    ("GET", "/v1/organizations/{org}/sub-organizations", "suborg"),
    ("POST", "/v1/organizations/{org}/join", "suborg"),
    ("GET", "/v1/organizations/{org}/events", "events"),
    ("GET", "/v1/organizations/{org}/events/{evt}", "events"),
    ("POST", "/v1/operator/organizations", "operator"),
    ("GET", "/v1/operator/organizations", "operator"),
    ("GET", "/v1/operator/organizations/{org}", "operator"),
    ("PATCH", "/v1/operator/organizations/{org}", "operator"),
    ("POST", "/v1/operator/organizations/{org}/first-admin", "operator"),
    ("DELETE", "/v1/operator/organizations/{org}/security", "operator"),
    ("GET", "/v1/operator/organizations/{org}/customers", "operator"),
    ("PUT", "/v1/operator/organizations/{org}/customers/{customer}", "operator"),
    ("DELETE", "/v1/operator/organizations/{org}/customers/{customer}", "operator"),
    ("GET", "/v1/operator/people", "operator"),
    ("GET", "/v1/operator/people/{person}/data", "operator"),
    ("DELETE", "/v1/operator/people/{person}", "operator"),
];

/// The routers of all functions merged into one.
pub fn routers() -> Router<App> {
    FUNCTIONS.iter().fold(Router::new(), |all, (_, router)| all.merge(router()))
}
