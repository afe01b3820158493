//! Nothing is documented that nobody is ever answered: each problem that the document names for an operation is shown,
//! here, in the survey of costs, or in a story named below.

use std::{collections::BTreeSet, fs};

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use super::CONTRACT;
use crate::{
    helpers::DEE,
    matrix::{SUE, Scenario, insider},
    test_app::{ADA, Answer, BOB, EVE, Identity, OPERATOR, TestApp},
};

/// What is answered in many places, to faults and races and headers, and a story that shows it in each.
const BY_FAULTS: &[(&str, &str)] = &[
    ("internal", "a_panic_is_answered_and_nobody_else_notices"),
    ("unavailable", "a_table_that_cannot_be_read_is_503_for_everybody"),
    ("changed-concurrently", "two_writes_in_any_order_of_their_calls_end_as_one_after_the_other"),
    ("precondition-failed", "whoever_has_not_seen_what_is_there_changes_nothing"),
    ("mfa-required", "no_route_lets_a_member_in_who_has_not_signed_in_as_demanded"),
    ("session-too-old", "no_route_lets_a_member_in_who_has_not_signed_in_as_demanded"),
    ("network-not-allowed", "no_route_lets_a_member_in_who_has_not_signed_in_as_demanded"),
    ("role-being-deleted", "while_its_users_are_moved_a_role_is_given_to_nobody"),
    ("idempotency-key-in-use", "a_record_that_is_gone_again_is_of_a_request_that_still_runs"),
];

/// Operation, problem, and the story in which it is answered.
const IN_STORIES: &[(&str, &str, &str)] = &[
    (
        "GET /v1/organizations/{org}/join-requests",
        "missing-permission",
        "everybody_gets_from_every_route_what_the_catalogue_gives_them",
    ),
    (
        "POST /v1/organizations/{org}/critical-alert-users",
        "critical-alert-user-limit",
        "at_most_100_addresses_are_alerted",
    ),
    (
        "PUT /v1/organizations/{org}/domains/{domain}",
        "public-email-domain",
        "nobody_approves_a_domain_that_is_not_theirs_alone",
    ),
    (
        "PUT /v1/organizations/{org}/domains/{domain}",
        "email-not-verified",
        "nobody_approves_a_domain_that_is_not_theirs_alone",
    ),
    (
        "PUT /v1/organizations/{org}/domains/{domain}",
        "approved-domain-limit",
        "an_organization_has_at_most_20_approved_domains",
    ),
    (
        "POST /v1/organizations/{org}/invitations/batch",
        "no-such-role",
        "one_offer_that_may_not_be_made_refuses_the_whole_list",
    ),
    (
        "POST /v1/organizations/{org}/join-requests",
        "join-request-limit",
        "an_organization_has_at_most_200_open_requests",
    ),
    (
        "POST /v1/organizations/{org}/join-requests",
        "idempotency-key-reused",
        "asking_and_deciding_have_one_effect_under_a_key",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "no-such-join-request",
        "one_asks_once_and_may_take_it_back",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "no-such-role",
        "a_request_is_approved_with_any_role_that_one_may_grant",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "super-admin-not-assignable",
        "a_request_is_approved_with_any_role_that_one_may_grant",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "domain-not-approved",
        "a_domain_that_is_removed_lets_nobody_ask_and_nobody_in",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "already-member",
        "a_request_is_its_persons_and_not_its_addresss",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "already-invited",
        "whoever_accepts_an_invitation_has_nothing_open_any_more",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "super-admin-required",
        "a_request_makes_an_mdf_admin_only_by_the_super_admin_and_inside_the_programme",
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        "mdf-program-required",
        "a_request_makes_an_mdf_admin_only_by_the_super_admin_and_inside_the_programme",
    ),
    ("POST /v1/operator/organizations", "no-such-organization", "what_an_operator_cannot_create"),
    (
        "POST /v1/operator/organizations",
        "sub-organizations-disabled",
        "what_an_operator_cannot_create",
    ),
    ("POST /v1/operator/organizations", "depth-limit", "they_nest_to_a_depth_of_eight"),
    ("POST /v1/operator/organizations", "first-admin-required", "what_an_operator_cannot_create"),
    ("POST /v1/operator/organizations", "kind-inherited", "what_an_operator_cannot_create"),
    (
        "PATCH /v1/operator/organizations/{org}",
        "mdf-partner-only",
        "an_operator_switches_what_members_cannot",
    ),
    (
        "PATCH /v1/operator/organizations/{org}",
        "partner-roles-in-use",
        "a_partner_stays_one_while_its_roles_are_used",
    ),
    (
        "PATCH /v1/operator/organizations/{org}",
        "kind-inherited",
        "an_operator_switches_what_members_cannot",
    ),
    (
        "PATCH /v1/operator/organizations/{org}",
        "root-setting-only",
        "an_operator_switches_what_members_cannot",
    ),
    (
        "POST /v1/organizations",
        "self-service-disabled",
        "a_deployment_may_leave_founding_to_its_operators",
    ),
    (
        "POST /v1/organizations/{org}/invitations",
        "super-admin-required",
        "mdf_admin_is_offered_by_the_super_admin_alone_and_inside_the_programme",
    ),
    (
        "POST /v1/organizations/{org}/invitations",
        "no-such-role",
        "only_roles_of_this_organization_can_be_offered",
    ),
    (
        "POST /v1/organizations/{org}/invitations",
        "mdf-program-required",
        "mdf_admin_is_offered_by_the_super_admin_alone_and_inside_the_programme",
    ),
    (
        "POST /v1/organizations/{org}/invitations",
        "super-admin-not-assignable",
        "refusals_leave_no_event",
    ),
    (
        "POST /v1/organizations/{org}/invitations",
        "pending-invitation-limit",
        "an_organization_has_only_so_many_pending",
    ),
    (
        "POST /v1/organizations/{org}/invitations/{inv}/accept",
        "already-member",
        "a_member_cannot_come_in_a_second_time_by_another_address",
    ),
    (
        "POST /v1/organizations/{org}/invitations/{inv}/accept",
        "mdf-program-required",
        "an_mdf_admins_invitation_is_refused_once_the_programme_is_left",
    ),
    (
        "POST /v1/organizations/{org}/invitations/{inv}/resend",
        "exceeds-own-permissions",
        "nobody_resends_what_they_could_not_have_sent",
    ),
    (
        "POST /v1/organizations/{org}/invitations/{inv}/resend",
        "super-admin-required",
        "mdf_admin_is_offered_by_the_super_admin_alone_and_inside_the_programme",
    ),
    (
        "POST /v1/organizations/{org}/invitations/{inv}/resend",
        "mdf-program-required",
        "two_writes_in_any_order_of_their_calls_end_as_one_after_the_other",
    ),
    (
        "POST /v1/organizations/{org}/leave",
        "no-such-member",
        "two_writes_in_any_order_of_their_calls_end_as_one_after_the_other",
    ),
    (
        "PATCH /v1/organizations/{org}/members/@{sub}",
        "no-such-role",
        "a_role_that_is_not_here_cannot_be_given",
    ),
    (
        "PATCH /v1/organizations/{org}/members/@{sub}",
        "mdf-program-required",
        "mdf_admin_is_given_by_the_super_admin_and_taken_by_anyone_who_manages_users",
    ),
    (
        "PATCH /v1/organizations/{org}/members/@{sub}",
        "super-admin-not-assignable",
        "nobody_is_made_super_admin_by_a_role_change",
    ),
    (
        "POST /v1/organizations/{org}/roles",
        "exceeds-own-permissions",
        "nobody_makes_a_role_above_themselves",
    ),
    (
        "POST /v1/organizations/{org}/roles",
        "role-limit",
        "a_hundred_custom_roles_do_not_make_authorization_dearer",
    ),
    (
        "PATCH /v1/organizations/{org}/roles/{role}",
        "cannot-change-own-role",
        "nobody_edits_or_deletes_the_role_they_hold",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "exceeds-own-permissions",
        "nobody_edits_or_deletes_a_role_above_themselves",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "cannot-change-own-role",
        "nobody_edits_or_deletes_the_role_they_hold",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "built-in-role",
        "built_in_roles_stay_as_they_are",
    ),
    (
        "POST /v1/organizations/{org}/sub-organizations",
        "depth-limit",
        "they_nest_to_a_depth_of_eight",
    ),
    ("POST /v1/organizations/{org}/transfer", "no-such-member", "every_answer_has_its_headers"),
    (
        "POST /v1/organizations/{org}/transfer",
        "super-admin-changed",
        "of_two_transfers_at_once_one_wins",
    ),
    (
        "POST /v1/organizations/{org}/invitations",
        "role-being-deleted",
        "while_its_users_are_moved_a_role_is_given_to_nobody",
    ),
    (
        "PATCH /v1/organizations/{org}/members/@{sub}",
        "role-being-deleted",
        "while_its_users_are_moved_a_role_is_given_to_nobody",
    ),
    (
        "POST /v1/organizations/{org}/invitations/batch",
        "role-being-deleted",
        "while_its_users_are_moved_a_role_is_given_to_nobody",
    ),
    (
        "POST /v1/organizations/{org}/invitations/batch",
        "exceeds-own-permissions",
        "one_offer_that_may_not_be_made_refuses_the_whole_list",
    ),
    (
        "POST /v1/organizations/{org}/invitations/batch",
        "super-admin-not-assignable",
        "one_offer_that_may_not_be_made_refuses_the_whole_list",
    ),
    (
        "POST /v1/organizations/{org}/invitations/batch",
        "missing-permission",
        "one_offer_that_may_not_be_made_refuses_the_whole_list",
    ),
    (
        "POST /v1/organizations/{org}/invitations/batch",
        "super-admin-required",
        "a_list_offers_mdf_admin_as_an_invitation_does",
    ),
    (
        "POST /v1/organizations/{org}/invitations/batch",
        "mdf-program-required",
        "a_list_offers_mdf_admin_as_an_invitation_does",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "202",
        "while_its_users_are_moved_a_role_is_given_to_nobody",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "role-being-deleted",
        "while_its_users_are_moved_a_role_is_given_to_nobody",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "super-admin-required",
        "what_may_not_be_given_is_not_given_this_way_either",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "mdf-program-required",
        "what_may_not_be_given_is_not_given_this_way_either",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "reassign-to-same-role",
        "what_may_not_be_given_is_not_given_this_way_either",
    ),
    (
        "DELETE /v1/organizations/{org}/roles/{role}",
        "super-admin-not-assignable",
        "what_may_not_be_given_is_not_given_this_way_either",
    ),
    (
        "PATCH /v1/operator/organizations/{org}",
        "organization-linked",
        "who_is_linked_keeps_its_kind",
    ),
    (
        "PUT /v1/operator/organizations/{org}/customers/{customer}",
        "partner-required",
        "only_a_partner_is_linked_and_only_to_a_standard_organization",
    ),
    (
        "GET /.well-known/authzen-configuration",
        "no-such-route",
        "anybody_may_ask_where_decisions_are_made",
    ),
    (
        "GET /v1/organizations/{org}/members/export",
        "missing-permission",
        "the_file_takes_the_permission_of_the_list",
    ),
    (
        "GET /v1/organizations/{org}/members/export",
        "303",
        "a_file_too_large_for_an_answer_is_fetched_by_a_link_that_ends",
    ),
    (
        "GET /v1/organizations/{org}/members/export",
        "export-size-limit",
        "without_a_depot_a_large_file_is_refused",
    ),
    (
        "GET /v1/organizations/{org}/members/export",
        "export-row-limit",
        "more_than_a_file_or_a_request_may_hold_is_refused",
    ),
    (
        "GET /v1/organizations/{org}/members/export",
        "export-time-limit",
        "more_than_a_file_or_a_request_may_hold_is_refused",
    ),
    ("GET /.well-known/authzen-configuration", "200", "anybody_may_ask_where_decisions_are_made"),
];

/// An operation and a problem, or a success: `("GET /v1/me", "200")`.
type Given = (String, String);

#[tokio::test]
async fn every_answer_that_it_names_is_given_somewhere() {
    let mut given = surveyed();
    let stories = stories();
    for (slug, story) in BY_FAULTS {
        assert!(stories.contains(*story), "there is no story {story}, which should show {slug}");
    }
    for (operation, slug, story) in IN_STORIES {
        assert!(stories.contains(*story), "there is no story {story}: {operation} {slug}");
        given.insert(((*operation).to_owned(), (*slug).to_owned()));
    }
    let mut missing = Vec::new();
    for (name, operation) in CONTRACT.operations() {
        let mut scene = Scene::of(&name).await;
        let responses = operation["responses"].as_object().unwrap();
        let slugs = responses.iter().flat_map(|(status, response)| match status.as_str() {
            "200" | "201" | "202" | "204" | "303" => vec![status.clone()],
            _ => CONTRACT.slugs(response),
        });
        for slug in slugs.filter(|slug| BY_FAULTS.iter().all(|(it, _)| it != slug)) {
            if given.contains(&(name.clone(), slug.clone())) {
                continue;
            }
            if CHANGING.contains(&slug.as_str()) {
                scene = Scene::of(&name).await;
            }
            if !scene.shows(&slug).await {
                missing.push(format!("(\"{name}\", \"{slug}\", \"\"),"));
            }
        }
    }
    assert!(missing.is_empty(), "nobody is ever answered\n{}", missing.join("\n"));
}

/// What `docs/internals/costs.md` lists, which the survey prints from what it was answered.
fn surveyed() -> BTreeSet<Given> {
    let page = fs::read_to_string("../docs/internals/costs.md").unwrap();
    let lines = page.lines().filter_map(|line| {
        let mut cells = line.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
        let (route, _, outcome) = (cells.next()?, cells.next()?, cells.next()?);
        let outcome = outcome.split(' ').next_back()?.to_owned();
        Some((route.replace('…', "/v1/organizations/{org}"), outcome))
    });
    lines.collect()
}

/// The names of all functions in tests.
fn stories() -> BTreeSet<String> {
    let folders = ["api", "api/contract", "../shared/src/store/tests", "../infra/local/tests"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let names = files.flat_map(|path| {
        let text = fs::read_to_string(path).unwrap();
        let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    names.collect()
}

/// What does not only refuse: it needs a scene of its own.
const CHANGING: [&str; 5] =
    ["200", "201", "204", "idempotency-key-reused", "sub-organizations-disabled"];

/// A request to an operation that somebody may make, and in which nothing is wrong yet.
struct Scene {
    stage: Scenario,
    method: String,
    template: String,
    who: Identity,
    path: String,
    body: Option<Value>,
}

impl Scene {
    async fn of(name: &str) -> Self {
        let stage = Scenario::set().await;
        let (path, body) = stage.request(name).await;
        let who = if name.ends_with("/leave") { DEE } else { insider(name) };
        stage.world.bring(SUE, &stage.here, DEE, "user").await;
        let (method, template) = name.split_once(' ').unwrap();
        let (method, template) = (method.to_owned(), template.to_owned());
        Self { stage, method, template, who, path, body }
    }

    async fn send(&self, path: &str, body: Option<Value>) -> Answer {
        self.stage.world.send(Some(self.who), &self.method, path, body).await
    }

    async fn send_as(&self, who: Option<Identity>) -> Answer {
        self.stage.world.send(who, &self.method, &self.path, self.body.clone()).await
    }

    async fn send_with(&self, header: (&str, &str), body: Option<Value>) -> Answer {
        let (world, who) = (&self.stage.world, Some(self.who));
        world.send_with(who, &self.method, &self.path, body, &[header]).await
    }

    async fn send_raw(&self, content: &str, body: String) -> Answer {
        let request = Request::builder().method(self.method.as_str()).uri(&self.path);
        let request = request.header("content-type", content).body(Body::from(body)).unwrap();
        self.stage.world.answer(Some(self.who), request).await
    }

    /// Is it answered so, when something is wrong that can be wrong in many places?
    async fn shows(&self, slug: &str) -> bool {
        let Self { stage, path, body, .. } = self;
        let answer = match slug {
            "200" | "201" | "204" => {
                return self.send(path, body.clone()).await.status.as_str() == slug;
            }
            "unauthenticated" => self.send_as(None).await,
            "operator-scope-required" | "decisions-scope-required" => self.send_as(Some(EVE)).await,
            "operator-read-only" => self.send_as(Some(OPERATOR)).await,
            "email-not-verified" => {
                self.send_as(Some(Identity { verified: "false", ..self.who })).await
            }
            "unreadable-request" if body.is_some() => self.send_raw(JSON, "{".to_owned()).await,
            "unreadable-request" => match self.twice() {
                Some(twice) => self.send(&twice, None).await,
                None => self.send_with(("if-match", "no tag"), None).await,
            },
            "organization-outside-subtree" => {
                let elsewhere = format!("{path}?organization_id={NOWHERE}");
                self.send(&elsewhere, None).await
            }
            "bad-cursor" => self.send(&format!("{path}?cursor=x"), None).await,
            "bad-idempotency-key" => self.send_with((KEY, "a b"), body.clone()).await,
            "body-too-large" => self.send_raw(JSON, " ".repeat(70_000)).await,
            "unsupported-media-type" => self.send_raw("text/plain", "{}".to_owned()).await,
            "invalid-request" if self.method == "GET" => {
                self.send(&format!("{path}?colour=red"), None).await
            }
            "invalid-request" => self.send(path, Some(json!({ "colour": "red" }))).await,
            "idempotency-key-reused" => {
                self.send_with((KEY, "k"), body.clone()).await;
                self.send_with((KEY, "k"), Some(other(body.as_ref()))).await
            }
            "sub-organizations-disabled" => {
                let off = json!({ "manage_sub_organizations": false });
                stage.world.switch(&stage.above, off).await;
                self.send(path, body.clone()).await
            }
            "level-not-allowed"
            | "role-object-not-editable"
            | "role-object-not-available"
            | "prerequisite-not-met" => {
                let mut body = body.clone().unwrap_or_default();
                body["permissions"] = unsettable(slug);
                self.send(path, Some(body)).await
            }
            "no-such-organization"
            | "no-such-member"
            | "no-such-role"
            | "no-such-invitation"
            | "no-such-event" => self.send(&self.nowhere(slug), body.clone()).await,
            _ => return false,
        };
        answer.problem() == slug
    }

    /// The path, with a parameter that is given twice, if there is one.
    fn twice(&self) -> Option<String> {
        let operation = CONTRACT.operation(&self.method, &self.path)?;
        let parameters = CONTRACT.parameters(&operation);
        let mut parameters = parameters.iter();
        let once = parameters.find(|it| it["in"] == "query" && it["schema"]["type"] != "array")?;
        let name = once["name"].as_str()?;
        Some(format!("{}?{name}=1&{name}=1", self.path))
    }

    /// The path of what is not there.
    fn nowhere(&self, slug: &str) -> String {
        let parts = self.template.split('/').zip(self.path.split('/'));
        let parts = parts.map(|(template, part)| match (slug, template) {
            ("no-such-organization", "{org}") => "org_none",
            ("no-such-member", "{sub}") => EVE.sub,
            ("no-such-role", "{role}") => "role_01KAK000000000000000000000",
            ("no-such-invitation", "{inv}") => "inv_01KAK000000000000000000000",
            ("no-such-event", "{evt}") => "evt_01KAK000000000000000000000",
            _ => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

const NOWHERE: &str = "org_01KAK000000000000000000000";
const JSON: &str = "application/json";
const KEY: &str = "idempotency-key";

/// Another body: where there is none, the empty object.
fn other(body: Option<&Value>) -> Value {
    let mut other = body.cloned().unwrap_or_else(|| json!({}));
    for value in other.as_object_mut().unwrap().values_mut() {
        *value = json!(format!("{} ", value.as_str().unwrap_or_default()));
    }
    other
}

/// Levels that no role can be given in a standard organization.
fn unsettable(slug: &str) -> Value {
    match slug {
        "level-not-allowed" => json!({ "event_history": "full_access" }),
        "role-object-not-editable" => json!({ "channel_partner_portal_mdf": "none" }),
        "role-object-not-available" => json!({ "support_service_customer_organizations": "none" }),
        _ => json!({ "user_management_sub_organizations": "view_only", "user_management": "none" }),
    }
}

/// ROLE9
#[tokio::test]
async fn a_list_offers_mdf_admin_as_an_invitation_does() {
    let world = TestApp::new().await;
    let partner = world.partner(ADA, "Partner").await;
    world.bring(ADA, &partner, BOB, "admin").await;
    let list = json!({ "invitations": [{ "email": DEE.email, "role_id": "mdf_admin" }] });
    let path = format!("{partner}/invitations/batch");
    world.post(BOB, &path, list.clone()).await.refuses(403, "super-admin-required");
    world.post(ADA, &path, list).await.refuses(409, "mdf-program-required");
}
