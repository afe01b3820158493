//! The answer of every route to every kind of caller, each time in an app of its own.
//!
//! The expected answers come from the catalogue (`catalogue.json`, read as data) and from the table
//! below, never from the product's code.

use std::{collections::BTreeSet, fmt::Write as _, sync::LazyLock};

use axum::{Router, body::Body, http::Request};
use futures_util::{StreamExt, stream};
use lambda_http::{RequestExt, request::RequestContext};
use local::{FUNCTIONS, ROUTES};
use serde_json::{Map, Value, json};
use shared::{
    domain::{PersonId, UserId},
    http::{App, TokenClaims, complete},
    store::Store,
};
use tower::ServiceExt;

use crate::{
    helpers::{assert_table, id, operator_path},
    partners::link,
    test_app::{Answer, EVE, Identity, NOON, OPERATOR, TestApp, ample, context, identity},
};

/// What each route needs, and a valid body where it takes one: `method path | needs | body`. `…` stands
/// for `/v1/organizations/{org}`. A query has a row of its own where it needs something else.
const NEEDS: &str = r#"
GET /.well-known/authzen-configuration | nothing
POST /access/v1/evaluation | scope `decisions`
POST /access/v1/evaluations | scope `decisions`
POST /access/v1/search/subject | scope `decisions`
POST /access/v1/search/resource | scope `decisions`
POST /access/v1/search/action | scope `decisions`
GET /v1/me | a token
GET /v1/me/invitations | a token
GET /v1/me/join-requests | a token
POST /v1/organizations | a token | {"name": "New"}
GET … | `organization_general_information` view_only
PATCH … | `organization_general_information` full_access | {"website": "https://example.com"}
DELETE … | being the Super Admin | {"name": "Below"}
GET /v1/me/joinable-organizations | a token
GET …/domains | `organization_general_information` view_only
PUT …/domains/{domain} | `organization_general_information` full_access
DELETE …/domains/{domain} | `organization_general_information` full_access
GET …/join-requests | `user_management` full_access
POST …/join-requests | an address in an approved domain, and no membership or invitation | {"comment": "Hello"}
GET …/join-requests/mine | a request of one's own
DELETE …/join-requests/mine | a request of one's own
POST …/join-requests/{req}/approve | `user_management` full_access | {"role_id": "user"}
POST …/join-requests/{req}/decline | `user_management` full_access
GET …/security | `security_management` view_only
PUT …/security | `security_management` full_access
GET …/critical-alert-users | `critical_alert_users` view_only
POST …/critical-alert-users | `critical_alert_users` full_access | {"email": "tom@example.com"}
DELETE …/critical-alert-users/{alert} | `critical_alert_users` full_access
GET …/customers | `license_management_customer_organizations` view_only
GET …/partners | `organization_general_information` full_access
PUT …/partners/{partner}/suspension | `organization_general_information` full_access
DELETE …/partners/{partner}/suspension | `organization_general_information` full_access
GET …/permissions | membership
GET …/explanations?action=user_management.invite&email=tom@example.com | `user_management` view_only
GET …/members | `user_management` view_only
GET …/members?scope=subtree | `user_management_sub_organizations` view_only
POST …/member-exports | `user_management` view_only | {"status": ["active"]}
GET …/members/{member} | `user_management` view_only
PATCH …/members/{member} | `user_management` full_access | {"role_id": "user"}
DELETE …/members/{member} | `user_management` full_access
POST …/service-members | `user_management` full_access | {"user_id": "nightly-sync", "name": "Nightly sync", "role_id": "user"}
POST …/leave | membership, but not the Super Admin's
POST …/transfer | being the Super Admin | {"member_id": "@tom"}
GET …/invitations | `user_management` view_only
POST …/invitations | `user_management` full_access | {"email": "tom@example.com", "role_id": "user"}
POST …/invitations/batch | `user_management` full_access | {"invitations": [{"email": "tom@example.com", "role_id": "user"}]}
GET …/invitations/{inv} | `user_management` view_only
PATCH …/invitations/{inv} | `user_management` full_access | {"role_id": "user"}
POST …/invitations/{inv}/resend | `user_management` full_access
DELETE …/invitations/{inv} | `user_management` full_access
GET …/invitations/{inv}/mine | the invited address
POST …/invitations/{inv}/accept | the invited address
POST …/invitations/{inv}/decline | the invited address
GET …/role-objects | `role_management` view_only
GET …/roles | `role_management` view_only
GET …/roles?scope=subtree | `role_management_sub_organizations` view_only
POST …/roles | `role_management` full_access | {"name": "New"}
GET …/roles/{role} | `role_management` view_only
PATCH …/roles/{role} | `role_management` full_access | {"description": "new"}
DELETE …/roles/{role} | `role_management` full_access
GET …/sub-organizations | `user_management_sub_organizations` view_only
POST …/sub-organizations | `user_management_sub_organizations` full_access | {"name": "New"}
POST …/join | Admin or Super Admin above
GET …/events | `event_history` view_only
GET …/events/{evt} | `event_history` view_only
GET /v1/operator/organizations | scope `operator`
POST /v1/operator/organizations | scope `operator` | {"name": "New", "first_admin_email": "tom@example.com"}
GET /v1/operator/organizations/{org} | scope `operator`
PATCH /v1/operator/organizations/{org} | scope `operator` | {"manage_sub_organizations": false}
POST /v1/operator/organizations/{org}/first-admin | scope `operator` | {"email": "tom@example.com"}
DELETE /v1/operator/organizations/{org}/invitations/{inv} | scope `operator`
DELETE /v1/operator/organizations/{org} | scope `operator` | {"name": "Below", "reason": "The contract has ended."}
POST /v1/operator/organizations/{org}/super-admin | scope `operator` | {"member_id": "@tom", "former": "admin", "reason": "The Super Admin has left."}
PUT /v1/operator/organizations/{org}/suspension | scope `operator` | {"reason": "Invoices are unpaid."}
DELETE /v1/operator/organizations/{org}/suspension | scope `operator` | {"reason": "Invoices are paid."}
DELETE /v1/operator/organizations/{org}/security | scope `operator` | {"reason": "The administrators are locked out."}
POST /v1/operator/organizations/{org}/members/{member}/account | scope `operator` | {"user_id": "tom-2", "reason": "The account was recreated."}
GET /v1/operator/organizations/{org}/customers | scope `operator`
PUT /v1/operator/organizations/{org}/customers/{customer} | scope `operator` | {"preferred": true}
DELETE /v1/operator/organizations/{org}/customers/{customer} | scope `operator`
GET /v1/operator/people?user_id=tom | scope `operator`
GET /v1/operator/people/{person}/data | scope `operator`
POST /v1/operator/people/{person}/offboard | scope `operator`
DELETE /v1/operator/people/{person} | scope `operator`
"#;

/// Needs other than a level of a role object.
const NOTHING: &str = "nothing";
const TOKEN: &str = "a token";
const MEMBER: &str = "membership";
/// The Super Admin must transfer the role before leaving (SA5).
const NOT_SUPER_ADMIN: &str = "membership, but not the Super Admin's";
const SUPER_ADMIN: &str = "being the Super Admin";
/// The built-in Admin or Super Admin in an organization above (SUB5).
const ADMIN_ABOVE: &str = "Admin or Super Admin above";
/// The invited address (INV4).
const INVITEE: &str = "the invited address";
/// ORG2
const OUTSIDER: &str = "an address in an approved domain, and no membership or invitation";
/// A pending join request of the caller (ORG2).
const REQUESTER: &str = "a request of one's own";
const PLATFORM: &str = "scope `operator`";
/// The scope `decisions`, to ask about other people (ORG6).
const DECISIONS: &str = "scope `decisions`";

/// A row of `NEEDS`.
struct Row {
    /// Method and path template.
    route: String,
    /// The same with `…`.
    short: &'static str,
    needs: &'static str,
    body: Option<&'static str>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| NEEDS.trim().lines().map(Row::parse).collect());

impl Row {
    fn parse(line: &'static str) -> Self {
        let mut parts = line.split(" | ");
        let (short, needs) = (parts.next().unwrap(), parts.next().unwrap());
        let route = short.replace('…', "/v1/organizations/{org}");
        Self { route, short, needs, body: parts.next() }
    }

    /// The route without its query.
    fn operation(&self) -> &str {
        self.route.split('?').next().unwrap()
    }

    fn method(&self) -> &str {
        self.route.split(' ').next().unwrap()
    }

    /// Whether the route changes nothing in the organization. An export is a POST, because it is
    /// recorded.
    fn only_reads(&self) -> bool {
        self.method() == "GET"
            || needed_level(self.needs).is_some_and(|(_, level)| level == "view_only")
    }
}

/// The role object and the level that a route needs.
fn needed_level(needs: &str) -> Option<(&str, &str)> {
    needs.strip_prefix('`')?.split_once("` ")
}

/// A kind of caller, in relation to the organization of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    NoToken,
    /// The Super Admin of another organization.
    Stranger,
    /// Invited as Admin, not accepted yet.
    Pending,
    /// A custom role with this level of the needed role object, and nothing else.
    Custom(&'static str),
    /// A custom role with everything except the needed role object.
    AllElse,
    BuiltIn(&'static str),
    /// An Admin of the parent, not a member.
    Above,
    Operator,
    /// Another service, which asks about people.
    Service,
}

const COLUMNS: [(&str, Actor); 13] = [
    ("no token", Actor::NoToken),
    ("stranger", Actor::Stranger),
    ("pending", Actor::Pending),
    ("Admin above", Actor::Above),
    ("operator", Actor::Operator),
    ("service", Actor::Service),
    ("all else", Actor::AllElse),
    ("none", Actor::Custom("none")),
    ("view", Actor::Custom("view_only")),
    ("full", Actor::Custom("full_access")),
    ("User", Actor::BuiltIn("user")),
    ("Admin", Actor::BuiltIn("admin")),
    ("Super Admin", Actor::BuiltIn("super_admin")),
];

/// Super Admin of the parent.
const REX: Identity = identity("rex", "rex@example.com");
/// Admin of the parent.
const PAM: Identity = identity("pam", "pam@example.com");
/// Super Admin of the organization.
pub const SUE: Identity = identity("sue", "sue@example.com");
/// Every other member of the organization who sends a request.
const ANN: Identity = identity("ann", "ann@example.com");
/// Invited to the organization.
const IVY: Identity = identity("ivy", "ivy@example.com");
/// Another service.
pub const SERVICE: Identity =
    Identity { scope: "decisions", ..identity("service", "service@example.com") };
/// The person that a request is about.
const TOM: Identity = identity("tom", "tom@example.com");

/// A tree with sub-organizations turned on, and an organization in it.
pub struct Scenario {
    pub app: TestApp,
    pub above: String,
    pub here: String,
    invitation: String,
}

impl Scenario {
    pub async fn new() -> Self {
        let app = TestApp::new().await;
        let above = app.create_tree(REX, "Above").await;
        let here = app.create_sub_organization_for(SUE, &above).await;
        app.accept(SUE, &here).await.expect(200);
        let invitation = app.create_invitation(SUE, &here, IVY.email, "admin").await;
        Self { app, above, here, invitation }
    }

    /// A scenario for requests to `route`. The list of customers is that of a partner with a customer.
    pub async fn of(route: &str) -> Self {
        let scenario = Self::new().await;
        if route == "GET /v1/organizations/{org}/customers" {
            let Self { app, above, here, .. } = &scenario;
            for org in [above, here] {
                app.update_settings(org, json!({ "kind": "partner" })).await;
            }
            let customer = app.create_organization(TOM, "Customer").await;
            link(app, here, &customer, false).await.expect(200);
        }
        scenario
    }

    /// Makes a caller of this kind.
    async fn caller(&self, actor: Actor, needs: &str) -> Option<Identity> {
        let Self { app, above, here, .. } = self;
        let role = match actor {
            Actor::NoToken => return None,
            Actor::Operator => return Some(OPERATOR),
            Actor::Service => return Some(SERVICE),
            Actor::Pending => return Some(IVY),
            Actor::BuiltIn("super_admin") => return Some(SUE),
            Actor::Above => {
                app.add_member(REX, above, PAM, "admin").await;
                return Some(PAM);
            }
            Actor::Stranger => {
                app.create_organization(EVE, "Elsewhere").await;
                return Some(EVE);
            }
            Actor::BuiltIn(role) => role.to_owned(),
            Actor::Custom(_) | Actor::AllElse => {
                app.create_role(SUE, here, "Theirs", levels(actor, needs)).await
            }
        };
        app.add_member(SUE, here, ANN, &role).await;
        Some(ANN)
    }

    /// A valid request to `route`: only a missing permission can make it fail.
    pub async fn request(&self, route: &str) -> (String, Option<Value>) {
        let (method, template) = route.split_once(' ').unwrap();
        let org = self.organization_of(method, template).await;
        let path = template.replace("{org}", id(&org)).replace("{customer}", id(&self.above));
        let path = self.with_invitation(path, &org).await;
        let path = self.with_target(path).await;
        self.prepare(method, template, &path).await;
        let path = path.replace("{domain}", "example.com").replace("{member}", "@tom");
        (path.replace("{alert}", "@tom@example.com"), body(route))
    }

    /// The organization in the path of the request.
    async fn organization_of(&self, method: &str, template: &str) -> String {
        let (has, ends) = (|part| template.contains(part), |end| template.ends_with(end));
        let is_deletion = method == "DELETE" && ends("{org}");
        let of_operator = has("/operator/");
        if ends("/join") || ends("/first-admin") || of_operator && has("{inv}") {
            self.app.create_empty_sub_organization(&self.here, "Empty").await
        } else if has("{customer}") {
            self.app.create_partner(TOM, "Partner").await
        } else if of_operator && !has("{member}") && !ends("/super-admin") && !is_deletion {
            self.above.clone()
        } else {
            self.here.clone()
        }
    }

    /// The path with the id of an invitation.
    async fn with_invitation(&self, path: String, org: &str) -> String {
        let Self { app, here, invitation, .. } = self;
        if !path.contains("{inv}") {
            return path;
        }
        if path.contains("/operator/") {
            let invite = format!("{}/first-admin", operator_path(org));
            let first = app.post(OPERATOR, &invite, json!({ "email": TOM.email })).await;
            return path.replace("{inv}", &first.expect(201).id());
        }
        if ["/mine", "/accept", "/decline"].iter().any(|end| path.ends_with(end)) {
            return path.replace("{inv}", id(invitation));
        }
        path.replace("{inv}", id(&app.create_invitation(SUE, here, TOM.email, "user").await))
    }

    /// The path with the id of a role, a person, an event, a join request or a partner.
    async fn with_target(&self, mut path: String) -> String {
        let Self { app, here, .. } = self;
        if path.contains("{role}") || path.contains("{member}") {
            let role = app.create_role(SUE, here, "Plain", json!({})).await;
            if path.contains("{member}") {
                app.add_member(SUE, here, TOM, &role).await;
            }
            path = path.replace("{role}", &role);
        }
        if path.contains("{person}") {
            app.approve_domain(SUE, here, "example.com").await.expect(200);
            app.create_join_request(TOM, here).await;
            path = path.replace("{person}", &PersonId::of(&UserId::new(TOM.sub)).to_string());
        }
        if path.contains("{evt}") {
            let event = app.history(here).await.pop().unwrap();
            path = path.replace("{evt}", event["id"].as_str().unwrap());
        }
        if path.contains("{req}") {
            app.approve_domain(SUE, here, "example.com").await.expect(200);
            path = path.replace("{req}", id(&app.create_join_request(TOM, here).await));
        }
        if path.contains("{partner}") {
            let partner = app.create_partner(TOM, "Partner").await;
            link(app, &partner, here, false).await.expect(200);
            path = path.replace("{partner}", id(&partner));
        }
        path
    }

    /// Creates what the request changes, beyond what its path names.
    async fn prepare(&self, method: &str, template: &str, path: &str) {
        let Self { app, here, .. } = self;
        let (has, ends) = (|part| template.contains(part), |end| template.ends_with(end));
        if has("{customer}") && method == "DELETE" {
            app.put(OPERATOR, path, json!({ "preferred": false })).await.expect(200);
        }
        if has("/join-requests") && !has("{req}") || has("{domain}") && method == "DELETE" {
            app.approve_domain(SUE, here, "example.com").await.expect(200);
        }
        if ends("/join-requests/mine") {
            for requester in [EVE, PAM] {
                app.create_join_request(requester, here).await;
            }
        }
        if has("{alert}") {
            let alerts = format!("{here}/critical-alert-users");
            app.post(SUE, &alerts, json!({ "email": TOM.email })).await.expect(201);
        }
        if ends("/transfer") || ends("/super-admin") {
            app.add_member(SUE, here, TOM, "admin").await;
        }
    }
}

/// A caller in the scenario who may use `route`.
pub fn insider(route: &str) -> Identity {
    let row = ROWS.iter().find(|row| row.operation() == route);
    match row.map(|row| row.needs) {
        Some(PLATFORM) => OPERATOR,
        Some(INVITEE) => IVY,
        Some(DECISIONS) => Identity { scope: "decisions", ..SUE },
        _ => SUE,
    }
}

/// The query of a route that requires one: one that has no row without a query.
pub fn query(route: &str) -> Option<&'static str> {
    let first = ROWS.iter().find(|row| row.operation() == route)?;
    first.short.split_once('?').map(|(_, query)| query)
}

/// A valid body, if the route takes one.
pub fn body(route: &str) -> Option<Value> {
    if route == "PUT /v1/organizations/{org}/security" {
        return Some(json!({
            "require_mfa": false,
            "max_session_minutes": null,
            "allowed_networks": ["192.0.2.0/24"],
            "event_retention_days": 365,
        }));
    }
    let Some((_, question)) = route.split_once(" /access/v1/") else {
        let body = ROWS.iter().find(|row| row.route == route)?.body?;
        return Some(serde_json::from_str(body).unwrap());
    };
    let mut body = json!({
        "subject": { "type": "user", "id": TOM.sub },
        "action": { "name": "license_management.open_page" },
        "resource": { "type": "organization", "id": "org_01KAK000000000000000000000" },
    });
    match question {
        "search/action" => drop(body.as_object_mut().unwrap().remove("action")),
        "search/subject" => body["subject"] = json!({ "type": "user" }),
        "search/resource" => body["resource"] = json!({ "type": "organization" }),
        _ => {}
    }
    Some(body)
}

fn catalogue() -> Value {
    serde_json::from_str(include_str!("../catalogue.json")).unwrap()
}

fn object<'a>(catalogue: &'a Value, key: &str) -> &'a Value {
    let objects = catalogue["role_objects"].as_array().unwrap();
    let found = objects.iter().find(|object| object["key"] == key);
    found.unwrap_or_else(|| panic!("the catalogue has no role object `{key}`"))
}

/// Is `level` at least `least`?
fn reaches(catalogue: &Value, level: &str, least: &str) -> bool {
    let levels = catalogue["levels"].as_array().unwrap();
    let rank = |level| levels.iter().position(|known| known == level).unwrap();
    rank(level) >= rank(least)
}

/// Is there such an actor at this route? A role object does not allow every level.
fn exists(catalogue: &Value, actor: Actor, needs: &str) -> bool {
    match (actor, needed_level(needs)) {
        (Actor::Custom(level), Some((key, _))) => {
            object(catalogue, key)["levels"].as_array().unwrap().contains(&json!(level))
        }
        (Actor::Custom(level), None) => level != "view_only",
        (Actor::AllElse, level) => level.is_some(),
        _ => true,
    }
}

/// The permissions of the custom role that `actor` holds.
fn levels(actor: Actor, needs: &str) -> Value {
    let catalogue = catalogue();
    let mut given = Map::new();
    match (actor, needed_level(needs)) {
        (Actor::Custom(level), Some((key, _))) => {
            given.insert(key.to_owned(), json!(level));
            let prerequisite = &object(&catalogue, key)["prerequisite"];
            if let Some(base) = prerequisite["role_object"].as_str() {
                given.insert(base.to_owned(), prerequisite["at_least"].clone());
            }
        }
        (Actor::Custom("full_access") | Actor::AllElse, level) => {
            let except = level.map_or("", |(key, _)| key);
            for object in catalogue["role_objects"].as_array().unwrap() {
                let available = object["shown_when"].is_null()
                    || object["shown_when"] == "manage_sub_organizations";
                let settable = available
                    && object["kinds"].as_array().unwrap().contains(&json!("standard"))
                    && object["custom_role_editable"] == true;
                let excluded =
                    object["key"] == except || object["prerequisite"]["role_object"] == except;
                if settable && !excluded {
                    let most = object["levels"].as_array().unwrap().last().unwrap();
                    given.insert(object["key"].as_str().unwrap().to_owned(), most.clone());
                }
            }
        }
        _ => {}
    }
    Value::Object(given)
}

/// The status, where 200 stands for every success, and the problem that the rules demand.
fn expected(catalogue: &Value, actor: Actor, row: &Row) -> (u16, &'static str) {
    const YES: (u16, &str) = (200, "");
    const OUTSIDE: (u16, &str) = (404, "no-such-organization");
    let yes_if = |yes, otherwise| if yes { YES } else { otherwise };
    let super_admin = actor == Actor::BuiltIn("super_admin");
    if row.needs == NOTHING {
        return YES;
    }
    match (row.needs, actor) {
        (_, Actor::NoToken) => (401, "unauthenticated"),
        // An Admin or Super Admin here is above the empty organization that the request is about.
        (TOKEN, _)
        | (OUTSIDER, Actor::Stranger | Actor::Above | Actor::Service)
        | (REQUESTER, Actor::Stranger | Actor::Above)
        | (ADMIN_ABOVE, Actor::Above | Actor::BuiltIn("admin" | "super_admin")) => YES,
        (DECISIONS, _) => yes_if(actor == Actor::Service, (403, "decisions-scope-required")),
        (PLATFORM, _) => yes_if(actor == Actor::Operator, (403, "operator-scope-required")),
        (INVITEE, _) => yes_if(actor == Actor::Pending, (404, "no-such-invitation")),
        (OUTSIDER, Actor::Pending) => (409, "caller-already-invited"),
        // The operator's address is in another domain.
        (OUTSIDER, Actor::Operator) => OUTSIDE,
        (OUTSIDER, _) => (409, "caller-already-member"),
        (REQUESTER, _) => (404, "no-such-join-request"),
        (ADMIN_ABOVE, Actor::Operator) => (403, "operator-read-only"),
        (ADMIN_ABOVE, _)
        | (_, Actor::Stranger | Actor::Pending | Actor::Above | Actor::Service) => OUTSIDE,
        (_, Actor::Operator) => yes_if(row.only_reads(), (403, "operator-read-only")),
        (MEMBER, _) => YES,
        (NOT_SUPER_ADMIN, _) => yes_if(!super_admin, (409, "super-admin-protected")),
        (SUPER_ADMIN, _) => yes_if(super_admin, (403, "super-admin-required")),
        (needs, _) => {
            let (key, least) = needed_level(needs).expect(needs);
            let held = match actor {
                Actor::Custom(level) => level,
                Actor::BuiltIn(role) => object(catalogue, key)["built_in"][role].as_str().unwrap(),
                _ => "none",
            };
            yes_if(reaches(catalogue, held, least), (403, "missing-permission"))
        }
    }
}

/// How an answer differs from the expected one.
fn mistake(answer: &Answer, needs: &str, (status, problem): (u16, &str)) -> Option<String> {
    let class = if answer.status.is_success() { 200 } else { answer.status.as_u16() };
    if (class, answer.problem()) != (status, problem) {
        return Some(format!("expected {status} {problem}, found\n{answer}"));
    }
    // U5: the problem names the missing level.
    let named = (answer.body["role_object"].as_str(), answer.body["level_needed"].as_str());
    let needed = needed_level(needs).unzip();
    if problem == "missing-permission" && named != needed {
        return Some(format!("expected the problem to name {needed:?}, found\n{answer}"));
    }
    let calls = answer.cost.round_trips;
    (status == 401 && calls > 0).then(|| format!("{calls} calls to the database without a token"))
}

async fn cell(row: usize, column: usize) -> (usize, usize, Option<Answer>) {
    let (Row { route, needs, .. }, (_, actor)) = (&ROWS[row], COLUMNS[column]);
    if !exists(&catalogue(), actor, needs) {
        return (row, column, None);
    }
    let scenario = Scenario::of(route).await;
    let caller = scenario.caller(actor, needs).await;
    let (path, body) = scenario.request(route).await;
    (row, column, Some(scenario.app.send(caller, ROWS[row].method(), &path, body).await))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_route_answers_each_caller_by_the_catalogue() {
    let catalogue = catalogue();
    let cells = (0..ROWS.len()).flat_map(|row| (0..COLUMNS.len()).map(move |column| (row, column)));
    let cells = stream::iter(cells.map(|(row, column)| tokio::spawn(cell(row, column))));
    let cells: Vec<_> = cells.buffer_unordered(4).collect().await;

    let mut page = vec![vec![String::new(); COLUMNS.len()]; ROWS.len()];
    let mut mistakes = Vec::new();
    for cell in cells {
        let (row, column, answer) = cell.unwrap();
        page[row][column] = match &answer {
            None => "·".to_owned(),
            Some(answer) if answer.status.is_success() => "✓".to_owned(),
            Some(answer) => answer.status.as_u16().to_string(),
        };
        let (row, (name, actor)) = (&ROWS[row], COLUMNS[column]);
        let Some(answer) = answer else { continue };
        let mistake = mistake(&answer, row.needs, expected(&catalogue, actor, row));
        mistakes.extend(mistake.map(|what| format!("{}, called by \"{name}\": {what}", row.route)));
    }
    assert!(
        mistakes.is_empty(),
        "{}\n\nIf the contract has changed, change `NEEDS` in tests/api/matrix.rs; otherwise the \
         function is wrong.",
        mistakes.join("\n"),
    );
    assert_table("../tests/snapshots/matrix.md", &print(&page));
}

fn print(cells: &[Vec<String>]) -> String {
    let mut page = String::new();
    let heads = COLUMNS.map(|(name, _)| name).join(" | ");
    writeln!(page, "| route | needs | {heads} |").unwrap();
    writeln!(page, "|---|---|{}", ":-:|".repeat(COLUMNS.len())).unwrap();
    for (Row { short, needs, .. }, cells) in ROWS.iter().zip(cells) {
        writeln!(page, "| `{short}` | {needs} | {} |", cells.join(" | ")).unwrap();
    }
    page
}

#[test]
fn each_route_has_a_row_in_the_matrix_and_each_row_a_route() {
    let routes = ROUTES.iter().map(|(method, path, _)| format!("{method} {path}"));
    let rows = ROWS.iter().map(|row| row.operation().to_owned());
    assert_eq!(rows.collect::<BTreeSet<_>>(), routes.collect(), "left: `NEEDS`, right: `ROUTES`");
}

/// Another test compares `local::ROUTES` with the deployment template.
#[tokio::test]
async fn each_route_is_served_by_its_function_and_by_no_other() {
    let store = Store::new(local::engine::client("http://127.0.0.1:1"), "none");
    let app = App { store, deployment: ample(), claims: TokenClaims::default() };
    let paths: BTreeSet<_> = ROUTES.iter().map(|(_, path, _)| *path).collect();
    for (function, router) in FUNCTIONS {
        let served = complete(router(), app.clone());
        for path in paths.iter().copied().chain(["/v1/organizations/{org}/nothing", "/v1", "/"]) {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let claimed = ROUTES.contains(&(method, path, function));
                let status = without_token(&served, method, path).await;
                assert_eq!(
                    !matches!(status, 404 | 405),
                    claimed,
                    "`{function}` answers {status} to `{method} {path}`: make `local::ROUTES` and \
                     the router agree"
                );
            }
        }
    }
    // The debug text of a router shows its paths.
    let shown = format!("{:?}", local::routers());
    let is_path = |text: &&str| {
        ["/v1", "/access", "/.well-known"].iter().any(|start| text.starts_with(start))
    };
    let shown: BTreeSet<_> = shown.split('"').filter(is_path).collect();
    assert_eq!(shown, paths, "`local::ROUTES` and the routers have different paths");
}

async fn without_token(router: &Router, method: &str, path: &str) -> u16 {
    let context = RequestContext::ApiGatewayV2(context(None, NOON, method));
    let request = Request::builder().method(method).uri(path.replace(['{', '}'], ""));
    let request = request.body(Body::empty()).unwrap().with_request_context(context);
    router.clone().oneshot(request).await.unwrap().status().as_u16()
}
