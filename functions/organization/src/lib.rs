//! Organizations: profile, approved domains, join requests, security settings, critical alert
//! users, and links with customers and partners.

mod approved_domains;
mod critical_alert_users;
mod deletion;
mod entries;
mod join_requests;
mod organization;
mod partners;
mod security;

use axum::{
    Router,
    routing::{delete, get, post, put},
};
use shared::{
    domain::{Email, MailDomain},
    http::App,
};

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations", post(organization::create))
        .route(
            "/v1/organizations/{org}",
            get(organization::show).patch(organization::update).delete(deletion::delete),
        )
        .route("/v1/organizations/{org}/domains", get(entries::list::<MailDomain>))
        .route(
            "/v1/organizations/{org}/domains/{domain}",
            put(approved_domains::add).delete(approved_domains::remove),
        )
        .route("/v1/me/joinable-organizations", get(join_requests::joinable))
        .route(
            "/v1/organizations/{org}/join-requests",
            get(join_requests::list).post(join_requests::ask),
        )
        .route(
            "/v1/organizations/{org}/join-requests/mine",
            get(join_requests::show_own).delete(join_requests::cancel),
        )
        .route("/v1/organizations/{org}/join-requests/{req}/approve", post(join_requests::approve))
        .route("/v1/organizations/{org}/join-requests/{req}/decline", post(join_requests::decline))
        .route("/v1/organizations/{org}/security", get(security::show).put(security::set))
        .route(
            "/v1/organizations/{org}/critical-alert-users",
            get(entries::list::<Email>).post(critical_alert_users::add),
        )
        .route(
            "/v1/organizations/{org}/critical-alert-users/{alert}",
            delete(critical_alert_users::remove),
        )
        .route("/v1/organizations/{org}/customers", get(partners::customers))
        .route("/v1/organizations/{org}/partners", get(partners::partners))
        .route(
            "/v1/organizations/{org}/partners/{partner}/suspension",
            put(partners::suspend).delete(partners::resume),
        )
}
