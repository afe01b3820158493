//! `docs/limits.md`: every limit in one table.

use std::fmt::Write;

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
        Limits, MAX_BODY, MAX_CLIENT_ID, MAX_CLOCK_SKEW, MAX_CSV, MAX_IDEMPOTENCY_KEY, MAX_PAGE,
    },
    store::{MAX_CHANGES, MAX_FILTER_UNITS, TIME_LIMIT},
};

use serde_json::json;

use crate::{
    helpers::nth_user,
    printed::assert_printed,
    test_app::{ADA, TestApp},
};

const PAGE: &str = "\
# Limits

Every limit, what a request beyond it gets, and what to do. The problem names the number in its member `limit`, its
field errors or its `detail`. Limits with a parameter can be changed by the deployer ([parameters](guides/deployer.md)); the
table shows the default.

";

/// The rows of a section: what is limited, how much, the refusal, and what to do.
type Rows = Vec<[String; 4]>;

fn row(what: &str, limit: &dyn ToString, refusal: &str, instead: &str) -> [String; 4] {
    [what.to_owned(), limit.to_string(), refusal.to_owned(), instead.to_owned()]
}

fn requests() -> Rows {
    let kib = |bytes: usize| format!("{bytes} bytes ({} KiB)", bytes / 1024);
    let page = format!("1 to {MAX_PAGE}");
    let key = format!("{MAX_IDEMPOTENCY_KEY} characters");
    vec![
        row("body", &kib(MAX_BODY), "413 `body-too-large`", "send less, in parts"),
        row("CSV file", &kib(MAX_CSV), "413 `body-too-large`", "send fewer rows or columns"),
        row(
            "cell of a CSV file",
            &format!("{MAX_CELL} bytes"),
            "the rest is cut, and the outcome of the row is 422 `invalid-request`",
            "shorten it",
        ),
        row(
            "lines of a title above the names of the columns in a CSV file",
            &MAX_TITLE_LINES,
            "422 `invalid-request`",
            "remove the lines",
        ),
        row("items on a page (`limit`)", &page, "422 `invalid-request`", "follow `next_cursor`"),
        row("idempotency key", &key, "400 `bad-idempotency-key`", "use a UUID"),
        row("time to repeat a request with its key", &"24 hours", "the request runs again", ""),
        row(
            "time in which a request of several transactions begins another one",
            &format!("{} seconds", TIME_LIMIT.as_secs()),
            "503 `unavailable`, or 202 for a deletion of a role",
            "repeat it, with the same key if it has one; a deletion of a role finishes by itself",
        ),
        row(
            "time that `auth_time` of a token is ahead",
            &format!("{} seconds", MAX_CLOCK_SKEW.as_secs()),
            "it counts as no sign-in",
            "set the clock of the identity provider",
        ),
        row(
            "requests a second of a route, all callers together",
            &"`RequestsPerSecond`",
            "429 of API Gateway",
            "wait, then try again",
        ),
        row(
            "the same for single decisions",
            &"`DecisionsPerSecond`",
            "429 of API Gateway",
            "ask many questions in one request",
        ),
        row(
            "the same for batches, searches and exports",
            &"`BulkRequestsPerSecond`",
            "429 of API Gateway",
            "wait, then try again",
        ),
        row(
            "email address",
            &format!("{MAX_EMAIL} bytes, {MAX_EMAIL_LOCAL} of them before the `@`"),
            "422 `invalid-request`",
            "use another address",
        ),
        row(
            "`sub` of a token",
            &format!("{MAX_USER_ID} characters"),
            "401 `unauthenticated`",
            "configure the identity provider",
        ),
        row(
            "name of a person in a token",
            &format!("{MAX_PERSON_NAME} characters"),
            "the rest is cut",
            "set a display name",
        ),
        row(
            "`x-request-id` of a client",
            &format!("{MAX_CLIENT_ID} printable ASCII characters"),
            "it is ignored",
            "send a shorter one",
        ),
        row(
            "chosen organizations in a filter of users, roles or events; organizations of a subtree's history",
            &MAX_CHOSEN,
            "422 `invalid-request`",
            "choose fewer, or ask twice",
        ),
        row(
            "chosen roles in the filter of users or roles",
            &MAX_CHOSEN_ROLES,
            "422 `invalid-request`",
            "ask twice",
        ),
        row(
            "organizations × roles × statuses in the filter of users",
            &MAX_RANGES,
            "422 `invalid-request`",
            "choose fewer, or ask twice",
        ),
        row(
            "read units for a page of a list that searches or filters",
            &MAX_FILTER_UNITS,
            "the page is short",
            "follow `next_cursor`",
        ),
        row(
            "users that a list or an export sorts by `name` or `role_name`",
            &MAX_SORTED,
            "422 `invalid-request`",
            "choose a role, a status or an organization, or sort by `email`",
        ),
        row(
            "questions in one request for decisions",
            &MAX_EVALUATIONS,
            "400 `unreadable-request`",
            "send the rest in another",
        ),
        row(
            "results on a page of a decision search",
            &MAX_RESULTS,
            "the page is cut",
            "follow `next_token`",
        ),
    ]
}

fn organizations(budgets: Budgets) -> Rows {
    let invalid = "422 `invalid-request`";
    let text =
        |what, limit: usize| row(what, &format!("{limit} characters"), invalid, "shorten it");
    let budget = "429 `budget-spent`";
    let sessions = format!("{MIN_SESSION_MINUTES} to {MAX_SESSION_MINUTES} minutes");
    let retention = format!("1 to {DEFAULT_RETENTION_DAYS} days");
    let alerts = "409 `critical-alert-user-limit`";
    vec![
        text("name of an organization", MAX_ORGANIZATION_NAME),
        text("website", MAX_WEBSITE),
        text("postal address", MAX_POSTAL_ADDRESS),
        text("contact", MAX_CONTACT),
        row("levels of sub-organizations", &MAX_DEPTH, "409 `depth-limit`", "create it higher up"),
        row(
            "organizations that a person creates in a day (`OrganizationsPerPerson`)",
            &budgets.organizations_per_person,
            budget,
            "wait until tomorrow, or ask an operator",
        ),
        row(
            "custom roles",
            &MAX_CUSTOM_ROLES,
            "409 `role-limit`",
            "delete a role that is not used",
        ),
        text("name of a role", MAX_ROLE_NAME),
        text("description of a role", MAX_ROLE_DESCRIPTION),
        text("display name of a member", MAX_DISPLAY_NAME),
        row("approved domains", &MAX_DOMAINS, "409 `approved-domain-limit`", "remove one"),
        row(
            "critical alert users",
            &MAX_CRITICAL_ALERT_USERS,
            alerts,
            "remove one, or add a mailing list",
        ),
        row("allowed networks", &MAX_NETWORKS, invalid, "join neighbouring ones"),
        row("age of a sign-in that can be demanded", &sessions, invalid, ""),
        row(
            "retention of events",
            &retention,
            invalid,
            "copy the bus elsewhere to keep them longer",
        ),
        text("reason of an operator", MAX_REASON),
        row(
            "any of these names with its ligatures written as words, in lower case",
            &format!("{MAX_FOLDED_BYTES} bytes"),
            invalid,
            "write it in letters, and shorten it",
        ),
        row(
            "changes of the account of one membership that are followed from an earlier account",
            &MAX_CHANGES,
            "what names the account before them names no member",
            "resend the invitations, and name the keeper of the services again",
        ),
    ]
}

fn invitations(limits: &Limits) -> Rows {
    let Limits { max_pending, budgets, .. } = limits;
    let budget = "429 `budget-spent`";
    let pending = "429 `pending-invitation-limit`";
    let lifetime = format!("1 to {MAX_DAYS} days, {DEFAULT_DAYS} by default");
    let declined = format!("{DECLINED_INVITATION_DAYS} days");
    let asked = format!("{DECLINED_DAYS} days");
    vec![
        row("pending invitations (`MaxPending`)", &max_pending, pending, "revoke some"),
        row(
            "invitations in one request, rows of a file",
            &MAX_BATCH,
            "422 `invalid-request`",
            "send it in parts",
        ),
        row("time to live", &lifetime, "422 `invalid-request`", "send it again later"),
        row(
            "name of a service",
            &format!("1 to {MAX_SERVICE_NAME} characters"),
            "422 `invalid-request`",
            "shorten it",
        ),
        row(
            "time until the end of access, from the request",
            &format!("{MAX_ACCESS_DAYS} days (10 years)"),
            "422 `access-end-out-of-range`",
            "extend it later",
        ),
        row(
            "seconds between two sendings of an invitation (`SendingInterval`)",
            &budgets.sending_interval_seconds,
            budget,
            "wait",
        ),
        row(
            "sendings of an invitation in a day (`SendingsPerInvitation`)",
            &budgets.sendings_per_invitation,
            budget,
            "tell the person to look for the mail",
        ),
        row(
            "invitations of an address in a day, by members of all organizations (`InvitationsPerAddress`); those of a first Admin by an operator do not count",
            &budgets.invitations_per_address,
            budget,
            "wait until tomorrow",
        ),
        row(
            "invitations and new critical alert users of an organization that a person creates, on its first day (`InvitationsFirstDay`)",
            &budgets.invitations_on_first_day,
            budget,
            "wait until tomorrow",
        ),
        row(
            "the same on each later day, and of an organization that an operator creates (`InvitationsPerDay`)",
            &budgets.invitations_per_day,
            budget,
            "wait until tomorrow",
        ),
        row(
            "time after which an address that declined can be invited",
            &declined,
            "429 `invitation-declined`",
            "the person asks to join",
        ),
        row(
            "open requests to join",
            &MAX_JOIN_REQUESTS,
            "429 `join-request-limit`",
            "managers decide some",
        ),
        row(
            "requests of a person to join an organization in a day (`JoinRequestsPerPerson`)",
            &budgets.join_requests_per_person,
            budget,
            "wait until tomorrow",
        ),
        row(
            "time after which a declined person can ask again",
            &asked,
            "409 `join-request-declined`",
            "an administrator invites the person",
        ),
        row(
            "comment of a request",
            &format!("{MAX_COMMENT} characters"),
            "422 `invalid-request`",
            "shorten it",
        ),
        row(
            "managers who get mail about a request",
            &MAX_NOTIFIED_MANAGERS,
            "the others get none",
            "they see the list",
        ),
    ]
}

fn mails() -> Rows {
    let characters = |limit: usize| format!("{limit} characters");
    let cut = "the rest is cut, with \u{201c}…\u{201d}";
    vec![
        row("name of a person in a mail", &characters(MAX_MAILED_NAME), cut, ""),
        row(
            "other texts in a mail",
            &characters(MAX_VALUE),
            cut,
            "the page behind the link shows all",
        ),
        row(
            "names and texts in a subject",
            &characters(MAX_SUBJECT_VALUE),
            cut,
            "the mail shows more",
        ),
        row(
            "memberships, invitations and requests whose organizations the mail about an offboarding names",
            &MAX_NAMED_IN_DIGEST,
            "the mail says how many ended in all",
            "",
        ),
        row(
            "people or services named in a digest",
            &MAX_NAMED_IN_DIGEST,
            "the mail says that there are more",
            "",
        ),
        row(
            "name of the product (`ProductName`)",
            &characters(MAX_PRODUCT_NAME),
            "the deployment fails",
            "shorten it",
        ),
    ]
}

fn exports() -> Rows {
    let ExportLimits { rows, inline, reading } = ExportLimits::default();
    let seconds = format!("{} seconds", reading.as_secs());
    let bytes = format!("{inline} bytes");
    let narrow = "narrow the filters";
    vec![
        row("rows of a file", &rows, "422 `export-row-limit`", narrow),
        row("time to read the users", &seconds, "422 `export-time-limit`", narrow),
        row("size of a file without a bucket", &bytes, "422 `export-size-limit`", narrow),
        row(
            "name of the organization in the name of a file",
            &format!("{MAX_NAME_IN_FILE_NAME} characters"),
            "the rest is cut",
            "the sheet \u{201c}About\u{201d} has the whole name",
        ),
        row(
            "services that a person keeps in an organization, in the export of their data",
            &MAX_KEPT_SERVICES,
            "the others are left out",
            "list the services of the organization (`kind=service`)",
        ),
    ]
}

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

#[test]
fn limits_match_the_page() {
    let limits = Limits::default();
    let mut page = PAGE.to_owned();
    for (title, rows) in [
        ("Requests", requests()),
        ("Organizations", organizations(limits.budgets)),
        ("Invitations and requests to join", invitations(&limits)),
        ("Mails", mails()),
        ("Exports", exports()),
    ] {
        writeln!(
            page,
            "## {title}\n\n| what | at most | beyond it | what to do |\n|---|---|---|---|"
        )
        .unwrap();
        for row in rows {
            writeln!(page, "| {} |", row.join(" | ")).unwrap();
        }
        page.push('\n');
    }
    assert_printed("limits.md", page.trim_end_matches('\n').to_owned().as_str());
}
