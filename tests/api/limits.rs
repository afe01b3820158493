//! `docs/limits.md`: its numbers are those of the code.

use std::fmt::Display;

use access::{MAX_EVALUATIONS, MAX_RESULTS};
use invite::{MAX_CELL, MAX_TITLE_LINES};
use mail::{MAX_PRODUCT_NAME, MAX_SUBJECT_VALUE, MAX_VALUE};
use members::{ExportLimits, MAX_NAME_IN_FILE_NAME, MAX_RANGES, MAX_SORTED};
use operator::MAX_KEPT_SERVICES;
use shared::{
    domain::{
        Budgets, DECLINED_DAYS, DECLINED_INVITATION_DAYS, DEFAULT_DAYS, DEFAULT_RETENTION_DAYS,
        MAX_ACCESS_DAYS, MAX_BATCH, MAX_CHOSEN, MAX_CHOSEN_ROLES, MAX_COMMENT, MAX_CONTACT,
        MAX_CRITICAL_ALERT_USERS, MAX_CUSTOM_ROLES, MAX_DAYS, MAX_DEPTH, MAX_DISPLAY_NAME,
        MAX_DOMAINS, MAX_EMAIL, MAX_EMAIL_LOCAL, MAX_FOLDED_BYTES, MAX_JOIN_REQUESTS,
        MAX_MAILED_NAME, MAX_NAMED_IN_DIGEST, MAX_NETWORKS, MAX_NOTIFIED_MANAGERS,
        MAX_ORGANIZATION_NAME, MAX_PERSON_NAME, MAX_POSTAL_ADDRESS, MAX_REASON,
        MAX_ROLE_DESCRIPTION, MAX_ROLE_NAME, MAX_SERVICE_NAME, MAX_SESSION_MINUTES, MAX_USER_ID,
        MAX_WEBSITE, MIN_SESSION_MINUTES,
    },
    http::{
        Deployment, MAX_BODY, MAX_CLIENT_ID, MAX_CLOCK_SKEW, MAX_CSV, MAX_IDEMPOTENCY_KEY, MAX_PAGE,
    },
    store::{MAX_CHANGES, MAX_FILTER_UNITS, TIME_LIMIT},
};

use serde_json::json;

use crate::{
    helpers::nth_user,
    test_app::{ADA, TestApp},
};

/// What has too many items says how many are allowed, and what to do with the others.
#[tokio::test]
async fn list_that_is_too_long_is_refused_with_number_and_next_step() {
    let (app, acme) = TestApp::with_acme().await;
    let invitation = |nth| json!({ "email": nth_user(nth).email, "role_id": "user" });
    let invitations: Vec<_> = (0..=MAX_BATCH).map(invitation).collect();
    let network = |nth| format!("10.0.{nth}.0/24");
    let networks: Vec<_> = (0..=MAX_NETWORKS).map(network).collect();
    let security = json!({
        "require_mfa": false,
        "max_session_minutes": null,
        "allowed_networks": networks,
        "event_retention_days": 365,
    });
    for (method, path, body, detail) in [
        (
            "POST",
            "invitations/batch",
            json!({ "invitations": invitations }),
            "must have 1 to 100 items, and has 101: send the others in another request",
        ),
        (
            "PUT",
            "security",
            security,
            "must have at most 20 networks, and has 21: join neighbouring ones into a larger one",
        ),
    ] {
        let refused = app.send(Some(ADA), method, &format!("{acme}/{path}"), Some(body)).await;
        let refused = refused.refuses(422, "invalid-request");
        assert_eq!(refused.body["errors"][0]["detail"], detail);
    }
}

/// The numbers in the column "at most" of a row, in their order.
type Row<'a> = (&'a str, &'a [&'a dyn Display]);

#[test]
fn numbers_on_the_page_are_those_of_the_code() {
    let Deployment { max_pending, budgets, .. } = Deployment::default();
    let Budgets { sending_interval_seconds, .. } = budgets;
    let ExportLimits { rows, inline, reading } = ExportLimits::default();
    let expected: &[Row] = &[
        ("body", &[&MAX_BODY, &(MAX_BODY / 1024)]),
        ("CSV file", &[&MAX_CSV, &(MAX_CSV / 1024)]),
        ("cell of a CSV file", &[&MAX_CELL]),
        ("lines of a title", &[&MAX_TITLE_LINES]),
        ("items on a page", &[&1, &MAX_PAGE]),
        ("idempotency key", &[&MAX_IDEMPOTENCY_KEY]),
        // `idempotency.rs` waits for it.
        ("time to repeat a request", &[&24]),
        ("time in which a request of several transactions", &[&TIME_LIMIT.as_secs()]),
        ("time that `auth_time`", &[&MAX_CLOCK_SKEW.as_secs()]),
        ("email address", &[&MAX_EMAIL, &MAX_EMAIL_LOCAL]),
        ("`sub` of a token", &[&MAX_USER_ID]),
        ("name of a person in a token", &[&MAX_PERSON_NAME]),
        ("`x-request-id`", &[&MAX_CLIENT_ID]),
        ("chosen organizations", &[&MAX_CHOSEN]),
        ("chosen roles", &[&MAX_CHOSEN_ROLES]),
        ("organizations × roles × statuses", &[&MAX_RANGES]),
        ("read units for a page", &[&MAX_FILTER_UNITS]),
        ("users that a list or an export sorts", &[&MAX_SORTED]),
        ("questions in one request", &[&MAX_EVALUATIONS]),
        ("results on a page", &[&MAX_RESULTS]),
        ("name of an organization", &[&MAX_ORGANIZATION_NAME]),
        ("website", &[&MAX_WEBSITE]),
        ("postal address", &[&MAX_POSTAL_ADDRESS]),
        ("contact", &[&MAX_CONTACT]),
        ("levels of sub-organizations", &[&MAX_DEPTH]),
        ("organizations that a person creates", &[&budgets.organizations_per_person]),
        ("custom roles", &[&MAX_CUSTOM_ROLES]),
        ("name of a role", &[&MAX_ROLE_NAME]),
        ("description of a role", &[&MAX_ROLE_DESCRIPTION]),
        ("display name", &[&MAX_DISPLAY_NAME]),
        ("approved domains", &[&MAX_DOMAINS]),
        ("critical alert users", &[&MAX_CRITICAL_ALERT_USERS]),
        ("allowed networks", &[&MAX_NETWORKS]),
        ("age of a sign-in", &[&MIN_SESSION_MINUTES, &MAX_SESSION_MINUTES]),
        ("retention of events", &[&1, &DEFAULT_RETENTION_DAYS]),
        ("reason of an operator", &[&MAX_REASON]),
        ("any of these names", &[&MAX_FOLDED_BYTES]),
        ("changes of the account", &[&MAX_CHANGES]),
        ("pending invitations", &[&max_pending]),
        ("invitations in one request", &[&MAX_BATCH]),
        ("time to live", &[&1, &MAX_DAYS, &DEFAULT_DAYS]),
        ("name of a service", &[&1, &MAX_SERVICE_NAME]),
        ("time until the end of access", &[&MAX_ACCESS_DAYS, &(MAX_ACCESS_DAYS / 365)]),
        ("seconds between two sendings", &[&sending_interval_seconds]),
        ("sendings of an invitation", &[&budgets.sendings_per_invitation]),
        ("invitations of an address", &[&budgets.invitations_per_address]),
        ("invitations and new critical", &[&budgets.invitations_on_first_day]),
        ("the same on each later day", &[&budgets.invitations_per_day]),
        ("time after which an address", &[&DECLINED_INVITATION_DAYS]),
        ("open requests to join", &[&MAX_JOIN_REQUESTS]),
        ("requests of a person to join", &[&budgets.join_requests_per_person]),
        ("time after which a declined person", &[&DECLINED_DAYS]),
        ("comment of a request", &[&MAX_COMMENT]),
        ("managers who get mail", &[&MAX_NOTIFIED_MANAGERS]),
        ("name of a person in a mail", &[&MAX_MAILED_NAME]),
        ("other texts in a mail", &[&MAX_VALUE]),
        ("names and texts in a subject", &[&MAX_SUBJECT_VALUE]),
        ("memberships, invitations and requests", &[&MAX_NAMED_IN_DIGEST]),
        ("people or services named", &[&MAX_NAMED_IN_DIGEST]),
        ("name of the product", &[&MAX_PRODUCT_NAME]),
        ("rows of a file", &[&rows]),
        ("time to read the users", &[&reading.as_secs()]),
        ("size of a file", &[&inline]),
        ("name of the organization in", &[&MAX_NAME_IN_FILE_NAME]),
        ("services that a person keeps", &[&MAX_KEPT_SERVICES]),
    ];
    let page = include_str!("../../docs/limits.md");
    let rows = page.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| ")?.split_once(" | ")?;
        let numbers = rest.split(" | ").next()?.split(|c: char| !c.is_ascii_digit());
        let numbers: Vec<_> = numbers.filter(|number| !number.is_empty()).collect();
        (!numbers.is_empty()).then_some((name, numbers))
    });
    let mut rows: Vec<_> = rows.collect();
    for (begin, numbers) in expected {
        let row = rows.iter().position(|(name, _)| name.starts_with(begin));
        let (name, on_page) = rows.remove(row.unwrap_or_else(|| panic!("no row {begin:?}")));
        let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        assert_eq!(on_page, numbers, "{name}");
    }
    assert_eq!(rows, [], "rows that no constant holds");
}
