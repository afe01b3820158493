//! Who may do what: every route, asked by everybody, each time in a app of its own.
//!
//! What is expected comes from the catalogue (`catalogue.json`, read as data) and from the table
//! below, which says what the contract asks for at each route; never from the product's code.

use std::{collections::BTreeSet, fmt::Write as _};

use axum::{Router, body::Body, http::Request};
use futures_util::{StreamExt, stream};
use lambda_http::{RequestExt, request::RequestContext};
use local::{FUNCTIONS, ROUTES};
use serde_json::{Map, Value, json};
use shared::{
    http::{App, Limits, complete},
    store::Store,
};
use tower::ServiceExt;

use crate::{
    printed::assert_printed,
    test_app::{Answer, EVE, Identity, NOON, OPERATOR, TestApp, context, identity, mask},
};

/// What a route asks of those it lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Nothing, not even a token.
    Nothing,
    /// A token, anybody's.
    Token,
    /// A membership, in whatever role.
    Member,
    /// A membership, and not the one that must be transferred first (SA5).
    MemberWhoMayGo,
    /// This level of this role object.
    Level(&'static str, &'static str),
    /// The Super Admin's own membership.
    SuperAdmin,
    /// The built-in Admin or Super Admin in an organization above (SUB5).
    AdminAbove,
    /// The invited address (INV4).
    Invitee,
    /// A verified address in an approved domain, and no membership or invitation here (ORG2).
    Outsider,
    /// A request of one's own to join (ORG2).
    DecisionCaller,
    /// The scope `operator`.
    Operator,
    /// The scope `decisions`, to ask about others (ORG6).
    Decisions,
}
use Needs::{
    AdminAbove, DecisionCaller, Decisions, Invitee, Level, Member, MemberWhoMayGo, Nothing,
    Operator, Outsider, SuperAdmin, Token,
};

/// What each route needs. A query is a row of its own where it needs something else.
const NEEDS: &[(&str, Needs)] = &[
    ("GET /.well-known/authzen-configuration", Nothing),
    ("POST /access/v1/evaluation", Decisions),
    ("POST /access/v1/evaluations", Decisions),
    ("POST /access/v1/search/subject", Decisions),
    ("POST /access/v1/search/resource", Decisions),
    ("POST /access/v1/search/action", Decisions),
    ("GET /v1/me", Token),
    ("GET /v1/me/invitations", Token),
    ("POST /v1/organizations", Token),
    ("GET /v1/organizations/{org}", Level("organization_general_information", "view_only")),
    ("PATCH /v1/organizations/{org}", Level("organization_general_information", "full_access")),
    ("GET /v1/me/joinable-organizations", Token),
    ("GET /v1/organizations/{org}/domains", Level("organization_general_information", "view_only")),
    (
        "PUT /v1/organizations/{org}/domains/{domain}",
        Level("organization_general_information", "full_access"),
    ),
    (
        "DELETE /v1/organizations/{org}/domains/{domain}",
        Level("organization_general_information", "full_access"),
    ),
    ("GET /v1/organizations/{org}/join-requests", Level("user_management", "full_access")),
    ("POST /v1/organizations/{org}/join-requests", Outsider),
    ("DELETE /v1/organizations/{org}/join-requests/mine", DecisionCaller),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/approve",
        Level("user_management", "full_access"),
    ),
    (
        "POST /v1/organizations/{org}/join-requests/{req}/decline",
        Level("user_management", "full_access"),
    ),
    ("GET /v1/organizations/{org}/security", Level("security_management", "view_only")),
    ("PUT /v1/organizations/{org}/security", Level("security_management", "full_access")),
    (
        "GET /v1/organizations/{org}/critical-alert-users",
        Level("critical_alert_users", "view_only"),
    ),
    (
        "POST /v1/organizations/{org}/critical-alert-users",
        Level("critical_alert_users", "full_access"),
    ),
    (
        "DELETE /v1/organizations/{org}/critical-alert-users/{alert}",
        Level("critical_alert_users", "full_access"),
    ),
    ("GET /v1/organizations/{org}/permissions", Member),
    ("GET /v1/organizations/{org}/members", Level("user_management", "view_only")),
    (
        "GET /v1/organizations/{org}/members?scope=subtree",
        Level("user_management_sub_organizations", "view_only"),
    ),
    ("GET /v1/organizations/{org}/members/export", Level("user_management", "view_only")),
    (
        "GET /v1/organizations/{org}/members/export?scope=subtree",
        Level("user_management_sub_organizations", "view_only"),
    ),
    ("GET /v1/organizations/{org}/members/{member}", Level("user_management", "view_only")),
    ("PATCH /v1/organizations/{org}/members/{member}", Level("user_management", "full_access")),
    ("DELETE /v1/organizations/{org}/members/{member}", Level("user_management", "full_access")),
    ("POST /v1/organizations/{org}/leave", MemberWhoMayGo),
    ("POST /v1/organizations/{org}/transfer", SuperAdmin),
    ("GET /v1/organizations/{org}/invitations", Level("user_management", "view_only")),
    ("POST /v1/organizations/{org}/invitations", Level("user_management", "full_access")),
    ("POST /v1/organizations/{org}/invitations/batch", Level("user_management", "full_access")),
    ("GET /v1/organizations/{org}/invitations/{inv}", Level("user_management", "view_only")),
    (
        "POST /v1/organizations/{org}/invitations/{inv}/resend",
        Level("user_management", "full_access"),
    ),
    ("DELETE /v1/organizations/{org}/invitations/{inv}", Level("user_management", "full_access")),
    ("GET /v1/organizations/{org}/invitations/{inv}/mine", Invitee),
    ("POST /v1/organizations/{org}/invitations/{inv}/accept", Invitee),
    ("POST /v1/organizations/{org}/invitations/{inv}/decline", Invitee),
    ("GET /v1/organizations/{org}/role-objects", Level("role_management", "view_only")),
    ("GET /v1/organizations/{org}/roles", Level("role_management", "view_only")),
    (
        "GET /v1/organizations/{org}/roles?scope=subtree",
        Level("role_management_sub_organizations", "view_only"),
    ),
    ("POST /v1/organizations/{org}/roles", Level("role_management", "full_access")),
    ("GET /v1/organizations/{org}/roles/{role}", Level("role_management", "view_only")),
    ("PATCH /v1/organizations/{org}/roles/{role}", Level("role_management", "full_access")),
    ("DELETE /v1/organizations/{org}/roles/{role}", Level("role_management", "full_access")),
    (
        "GET /v1/organizations/{org}/sub-organizations",
        Level("user_management_sub_organizations", "view_only"),
    ),
    (
        "POST /v1/organizations/{org}/sub-organizations",
        Level("user_management_sub_organizations", "full_access"),
    ),
    ("POST /v1/organizations/{org}/join", AdminAbove),
    ("GET /v1/organizations/{org}/events", Level("event_history", "view_only")),
    ("GET /v1/organizations/{org}/events/{evt}", Level("event_history", "view_only")),
    ("GET /v1/operator/organizations", Operator),
    ("POST /v1/operator/organizations", Operator),
    ("GET /v1/operator/organizations/{org}", Operator),
    ("PATCH /v1/operator/organizations/{org}", Operator),
    ("POST /v1/operator/organizations/{org}/first-admin", Operator),
    ("GET /v1/operator/organizations/{org}/customers", Operator),
    ("PUT /v1/operator/organizations/{org}/customers/{customer}", Operator),
    ("DELETE /v1/operator/organizations/{org}/customers/{customer}", Operator),
];

/// Who asks, seen from the organization that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// Without a token.
    Nobody,
    /// The Super Admin of another organization.
    Stranger,
    /// Invited as Admin, and has not accepted.
    Pending,
    /// In a custom role with this level of the role object needed, and nothing else.
    Custom(&'static str),
    /// In a custom role with everything but the role object needed.
    AllElse,
    /// In a built-in role.
    BuiltIn(&'static str),
    /// An Admin of the organization above who is no member here.
    Above,
    /// Platform staff, a member of nothing.
    Operator,
    /// Another service, which asks about people.
    Service,
}

const COLUMNS: [(&str, Actor); 13] = [
    ("no token", Actor::Nobody),
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

/// Founded the organization above.
const REX: Identity = identity("rex", "rex@example.com");
/// Is Admin there.
const PAM: Identity = identity("pam", "pam@example.com");
/// Is Super Admin here.
pub const SUE: Identity = identity("sue", "sue@example.com");
/// Is asked to play every other member here.
const ANN: Identity = identity("ann", "ann@example.com");
/// Is invited here.
const IVY: Identity = identity("ivy", "ivy@example.com");
/// Is another service.
pub const SERVICE: Identity =
    Identity { scope: "decisions", ..identity("service", "service@example.com") };
/// Is whom it is about, where it is about somebody.
const TOM: Identity = identity("tom", "tom@example.com");

/// Above there is an organization whose tree has sub-organizations switched on; here is one of
/// them.
pub struct Scenario {
    pub app: TestApp,
    pub above: String,
    pub here: String,
    offer: String,
}

impl Scenario {
    pub async fn set() -> Self {
        let app = TestApp::new().await;
        let above = app.create_organization(REX, "Above").await;
        let switch = above.replace("/v1/", "/v1/operator/");
        let on = json!({ "manage_sub_organizations": true });
        app.patch(OPERATOR, &switch, on).await.expect(200);
        let here = empty(&app, &above, SUE.email).await;
        let mine = app.get(SUE, "/v1/me/invitations").await.expect(200);
        let first = mine.items()[0]["id"].as_str().unwrap();
        let accept = format!("{here}/invitations/{first}/accept");
        app.send(Some(SUE), "POST", &accept, None).await.expect(200);
        let offer = json!({ "email": IVY.email, "role_id": "admin" });
        let offer = app.post(SUE, &format!("{here}/invitations"), offer).await.expect(201).id();
        Self { app, above, here, offer }
    }

    /// Makes somebody of whom `actor` speaks.
    async fn enter(&self, actor: Actor, needs: Needs) -> Option<Identity> {
        let Self { app, above, here, .. } = self;
        match actor {
            Actor::Nobody => return None,
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
            Actor::BuiltIn(role) => app.add_member(SUE, here, ANN, role).await,
            Actor::Custom(_) | Actor::AllElse => {
                let role = app.create_role(SUE, here, "Theirs", levels(actor, needs)).await;
                app.add_member(SUE, here, ANN, &role).await
            }
        };
        Some(ANN)
    }

    /// A request to `route` in which nothing but permission can be wrong.
    pub async fn request(&self, route: &str) -> (String, Option<Value>) {
        let Self { app, above, here, offer } = self;
        let (_, path) = route.split_once(' ').unwrap();
        let mut path = match route {
            "POST /v1/organizations/{org}/join" => {
                let room = app.post(OPERATOR, "/v1/operator/organizations", below(here, None));
                format!("/v1/organizations/{}/join", room.await.expect(201).id())
            }
            _ => path.replace("/v1/organizations/{org}", here),
        };
        if route.ends_with("/first-admin") {
            let room = app.post(OPERATOR, "/v1/operator/organizations", below(here, None));
            path = path.replace("{org}", &room.await.expect(201).id());
        }
        if path.contains("{customer}") {
            let all = "/v1/operator/organizations";
            let wanted =
                json!({ "name": "Partner", "kind": "partner", "first_admin_email": TOM.email });
            let partner = app.post(OPERATOR, all, wanted).await.expect(201).id();
            path = path.replace("{org}", &partner).replace("{customer}", id(above));
            if route.starts_with("DELETE") {
                let linked = Some(json!({ "preferred": false }));
                app.send(Some(OPERATOR), "PUT", &path, linked).await.expect(200);
            }
        }
        path = path.replace("{org}", id(above));
        if path.contains("{inv}") {
            let own = ["/mine", "/accept", "/decline"].iter().any(|end| route.ends_with(end));
            let offered = json!({ "email": TOM.email, "role_id": "user" });
            let offers = format!("{here}/invitations");
            let inv = if own {
                offer.clone()
            } else {
                app.post(SUE, &offers, offered).await.expect(201).id()
            };
            path = path.replace("{inv}", &inv);
        }
        if path.contains("{role}") || path.contains("{member}") {
            let role = app.create_role(SUE, here, "Plain", json!({})).await;
            if path.contains("{member}") {
                app.add_member(SUE, here, TOM, &role).await;
            }
            path = path.replace("{role}", &role).replace("{member}", &format!("@{}", TOM.sub));
        }
        if path.contains("{evt}") {
            let events = app.get(SUE, &format!("{here}/events?limit=1")).await.expect(200);
            path = path.replace("{evt}", events.items()[0]["id"].as_str().unwrap());
        }
        if path.contains("/join-requests")
            || route.starts_with("DELETE") && path.contains("{domain}")
        {
            let domain = format!("{here}/domains/example.com");
            app.send(Some(SUE), "PUT", &domain, None).await.expect(200);
        }
        if path.contains("{req}") {
            let asked = app.post(TOM, &format!("{here}/join-requests"), json!({})).await;
            path = path.replace("{req}", &asked.expect(201).id());
        }
        if path.ends_with("/join-requests/mine") {
            for asker in [EVE, PAM] {
                app.post(asker, &format!("{here}/join-requests"), json!({})).await.expect(201);
            }
        }
        path =
            path.replace("{domain}", "example.com").replace("{alert}", &format!("@{}", TOM.email));
        if route.starts_with("DELETE") && path.contains("/critical-alert-users/") {
            let alerts = format!("{here}/critical-alert-users");
            app.post(SUE, &alerts, json!({ "email": TOM.email })).await.expect(201);
        }
        if route.ends_with("/transfer") {
            app.add_member(SUE, here, TOM, "admin").await;
        }
        (path, body(route))
    }
}

/// Somebody on the stage who may ask for `route`.
pub fn insider(route: &str) -> Identity {
    let needs = NEEDS.iter().find(|(name, _)| *name == route).map(|(_, needs)| *needs);
    match needs {
        Some(Operator) => OPERATOR,
        Some(Invitee) => IVY,
        Some(Decisions) => Identity { scope: "decisions", ..SUE },
        _ => SUE,
    }
}
/// The id of no organization.
const NOWHERE: &str = "org_01KAK000000000000000000000";

/// What is sent, where something is.
pub fn body(route: &str) -> Option<Value> {
    let body = match route {
        "POST /v1/organizations/{org}/roles"
        | "POST /v1/organizations/{org}/sub-organizations"
        | "POST /v1/organizations" => json!({ "name": "New" }),
        "PATCH /v1/organizations/{org}" => json!({ "website": "https://example.com" }),
        "POST /v1/organizations/{org}/invitations" => {
            json!({ "email": TOM.email, "role_id": "user" })
        }
        "POST /v1/organizations/{org}/invitations/batch" => {
            json!({ "invitations": [{ "email": TOM.email, "role_id": "user" }] })
        }
        "PATCH /v1/organizations/{org}/members/{member}"
        | "POST /v1/organizations/{org}/join-requests/{req}/approve" => {
            json!({ "role_id": "user" })
        }
        "POST /v1/organizations/{org}/join-requests" => json!({ "comment": "Hello" }),
        "PUT /v1/organizations/{org}/security" => json!({
            "require_mfa": false,
            "max_session_minutes": null,
            "allowed_networks": ["192.0.2.0/24"],
            "event_retention_days": 365,
        }),
        "PATCH /v1/organizations/{org}/roles/{role}" => json!({ "description": "new" }),
        "POST /v1/organizations/{org}/transfer" => json!({ "member_id": format!("@{}", TOM.sub) }),
        "POST /v1/operator/organizations" => {
            json!({ "name": "New", "first_admin_email": TOM.email })
        }
        "PATCH /v1/operator/organizations/{org}" => json!({ "manage_sub_organizations": false }),
        "PUT /v1/operator/organizations/{org}/customers/{customer}" => {
            json!({ "preferred": true })
        }
        "POST /access/v1/evaluation" | "POST /access/v1/evaluations" => json!({
            "subject": { "type": "user", "id": TOM.sub },
            "action": { "name": "license_management.open_page" },
            "resource": { "type": "organization", "id": NOWHERE },
        }),
        "POST /access/v1/search/subject" => json!({
            "subject": { "type": "user" },
            "action": { "name": "license_management.open_page" },
            "resource": { "type": "organization", "id": NOWHERE },
        }),
        "POST /access/v1/search/resource" => json!({
            "subject": { "type": "user", "id": TOM.sub },
            "action": { "name": "license_management.open_page" },
            "resource": { "type": "organization" },
        }),
        "POST /access/v1/search/action" => json!({
            "subject": { "type": "user", "id": TOM.sub },
            "resource": { "type": "organization", "id": NOWHERE },
        }),
        "POST /v1/organizations/{org}/critical-alert-users"
        | "POST /v1/operator/organizations/{org}/first-admin" => json!({ "email": TOM.email }),
        _ => return None,
    };
    Some(body)
}

/// An organization below `parent` that nobody is in yet.
async fn empty(app: &TestApp, parent: &str, first: &str) -> String {
    let wanted = below(parent, Some(first));
    let made = app.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    format!("/v1/organizations/{}", made.id())
}

fn below(parent: &str, first: Option<&str>) -> Value {
    match first {
        Some(first) => json!({ "name": "Here", "parent": id(parent), "first_admin_email": first }),
        None => json!({ "name": "Room", "parent": id(parent) }),
    }
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
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
fn exists(catalogue: &Value, actor: Actor, needs: Needs) -> bool {
    match (actor, needs) {
        (Actor::Custom(level), Level(key, _)) => {
            object(catalogue, key)["levels"].as_array().unwrap().contains(&json!(level))
        }
        (Actor::Custom(level), _) => level != "view_only",
        (Actor::AllElse, Level(..)) => true,
        (Actor::AllElse, _) => false,
        _ => true,
    }
}

/// The permissions of the custom role that `actor` holds.
fn levels(actor: Actor, needs: Needs) -> Value {
    let catalogue = catalogue();
    let mut given = Map::new();
    match (actor, needs) {
        (Actor::Custom(level), Level(key, _)) => {
            let object = object(&catalogue, key);
            given.insert(key.to_owned(), json!(level));
            if let Some(base) = object["prerequisite"]["role_object"].as_str() {
                given.insert(base.to_owned(), object["prerequisite"]["at_least"].clone());
            }
        }
        (Actor::Custom("full_access") | Actor::AllElse, _) => {
            let but = if let Level(key, _) = needs { key } else { "" };
            for object in catalogue["role_objects"].as_array().unwrap() {
                let here = object["shown_when"].is_null()
                    || object["shown_when"] == "manage_sub_organizations";
                let here = here && object["kinds"].as_array().unwrap().contains(&json!("standard"));
                let settable = here && object["custom_role_editable"] == true;
                let left_out = object["key"] == but || object["prerequisite"]["role_object"] == but;
                if settable && !left_out {
                    let most = object["levels"].as_array().unwrap().last().unwrap();
                    given.insert(object["key"].as_str().unwrap().to_owned(), most.clone());
                }
            }
        }
        _ => {}
    }
    Value::Object(given)
}

/// What the rules say: a status, where 200 stands for every success, and a problem.
fn expected(catalogue: &Value, actor: Actor, needs: Needs, reads: bool) -> (u16, &'static str) {
    const YES: (u16, &str) = (200, "");
    const OUTSIDE: (u16, &str) = (404, "no-such-organization");
    let yes_or = |yes, otherwise| if yes { YES } else { otherwise };
    if needs == Nothing {
        return YES;
    }
    if actor == Actor::Nobody {
        return (401, "unauthenticated");
    }
    match needs {
        Token | Nothing => return YES,
        Decisions => return yes_or(actor == Actor::Service, (403, "decisions-scope-required")),
        Operator => return yes_or(actor == Actor::Operator, (403, "operator-scope-required")),
        Invitee => return yes_or(actor == Actor::Pending, (404, "no-such-invitation")),
        Outsider => {
            return match actor {
                Actor::Stranger | Actor::Above | Actor::Service => YES,
                Actor::Pending => (409, "caller-already-invited"),
                // Whose address is elsewhere.
                Actor::Operator => OUTSIDE,
                _ => (409, "caller-already-member"),
            };
        }
        DecisionCaller => {
            let asked = matches!(actor, Actor::Stranger | Actor::Above);
            return yes_or(asked, (404, "no-such-join-request"));
        }
        AdminAbove => {
            // The members here are above the empty organization that this is about.
            return match actor {
                Actor::Above | Actor::BuiltIn("admin" | "super_admin") => YES,
                Actor::Operator => (403, "operator-read-only"),
                _ => OUTSIDE,
            };
        }
        Member | MemberWhoMayGo | Level(..) | SuperAdmin => {}
    }
    let holds = match (actor, needs) {
        (Actor::Stranger | Actor::Pending | Actor::Above | Actor::Service, _) => {
            return OUTSIDE;
        }
        (Actor::Operator, _) => return yes_or(reads, (403, "operator-read-only")),
        (Actor::Custom(level), Level(..)) => level,
        (Actor::BuiltIn(role), Level(key, _)) => {
            object(catalogue, key)["built_in"][role].as_str().unwrap()
        }
        _ => "none",
    };
    let super_admin = actor == Actor::BuiltIn("super_admin");
    match needs {
        MemberWhoMayGo => yes_or(!super_admin, (409, "super-admin-protected")),
        SuperAdmin => yes_or(super_admin, (403, "super-admin-required")),
        Level(_, least) => yes_or(reaches(catalogue, holds, least), (403, "missing-permission")),
        _ => YES,
    }
}

/// What is wrong with an answer.
fn complaint(answer: &Answer, needs: Needs, (status, problem): (u16, &str)) -> Option<String> {
    let class = if answer.status.is_success() { 200 } else { answer.status.as_u16() };
    if (class, answer.problem()) != (status, problem) {
        return Some(format!("expected {status} {problem}, but it was answered\n{answer}"));
    }
    // U5: the problem names the missing level.
    if let (403, "missing-permission", Level(object, level)) = (status, problem, needs) {
        let named = (answer.body["role_object"].as_str(), answer.body["level_needed"].as_str());
        if named != (Some(object), Some(level)) {
            return Some(format!("expected the problem to name {level} on {object}:\n{answer}"));
        }
    }
    let wrote = answer.cost.write_units + answer.cost.index_write_units;
    if class != 200 && wrote > 0.0 {
        return Some(format!("it was refused, but {wrote} units were written"));
    }
    None
}

async fn cell(row: usize, column: usize) -> (usize, usize, Option<Answer>) {
    let ((route, needs), (_, actor)) = (NEEDS[row], COLUMNS[column]);
    if !exists(&catalogue(), actor, needs) {
        return (row, column, None);
    }
    let stage = Scenario::set().await;
    let who = stage.enter(actor, needs).await;
    let (path, body) = stage.request(route).await;
    let (method, _) = route.split_once(' ').unwrap();
    (row, column, Some(stage.app.send(who, method, &path, body).await))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_from_every_route_what_the_catalogue_gives_them() {
    let catalogue = catalogue();
    let cells =
        (0..NEEDS.len()).flat_map(|row| (0..COLUMNS.len()).map(move |column| (row, column)));
    let cells = stream::iter(cells.map(|(row, column)| tokio::spawn(cell(row, column))));
    let cells: Vec<_> = cells.buffer_unordered(4).collect().await;

    let mut page = vec![vec![String::new(); COLUMNS.len()]; NEEDS.len()];
    let mut complaints = Vec::new();
    for cell in cells {
        let (row, column, answer) = cell.unwrap();
        let ((route, needs), (name, actor)) = (NEEDS[row], COLUMNS[column]);
        page[row][column] = match &answer {
            None => "·".to_owned(),
            Some(answer) if answer.status.is_success() => "✓".to_owned(),
            Some(answer) => answer.status.as_u16().to_string(),
        };
        let Some(answer) = answer else { continue };
        let expected = expected(&catalogue, actor, needs, route.starts_with("GET "));
        let complaint = complaint(&answer, needs, expected);
        complaints.extend(complaint.map(|what| format!("{route}, asked by \"{name}\": {what}")));
    }
    assert!(
        complaints.is_empty(),
        "{}\n\nIf the contract has changed, change `NEEDS` in tests/api/matrix.rs; otherwise the \
         function is wrong.",
        complaints.join("\n"),
    );
    assert_printed("internals/matrix.md", &print(&page));
}

fn print(cells: &[Vec<String>]) -> String {
    let mut page = "\
# Answers by caller

The answer of each route to each kind of caller. A test sends every request, compares the answer with the catalogue, and
prints this page. To change what a route needs, edit `NEEDS` in `tests/api/matrix.rs` and run
`UPDATE_DOCS=1 cargo test -p tests --test api matrix`.

✓ is a success. A number is the status of the refusal. · means that the role object has no such level. `…` stands for
`/v1/organizations/{org}`.

Callers outside the organization:

- **no token**: not signed in
- **stranger**: Super Admin of another organization
- **pending**: invited as Admin, not accepted yet
- **Admin above**: Admin of the parent, not a member
- **operator**: scope `operator`, not a member
- **service**: scope `decisions`

Members with a custom role:

- **all else**: every role object except the needed one
- **none**, **view**, **full**: this level of the needed role object, its prerequisite, and nothing else. For routes that need no role
  object: nothing, or everything

The last columns are built-in roles.

Notes:

- A caller outside gets 404. A member who lacks a level gets 403 (U5).
- Joining (SUB5) is tested on an empty organization below, of which no caller is a member.
- Decisions are about another person. About oneself, any token is enough.
- The Super Admin cannot leave: 409 (SA5).
- For join requests (ORG2), the domain of every caller except the operator is approved. Before withdrawing, the stranger and the
  Admin above have asked to join. A caller with a membership or an invitation in the organization gets 409.

"
    .to_owned();
    let heads: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    writeln!(page, "| route | needs | {} |", heads.join(" | ")).unwrap();
    writeln!(page, "|---|---|{}", ":-:|".repeat(heads.len())).unwrap();
    for ((route, needs), cells) in NEEDS.iter().zip(cells) {
        let route = route.replace("/v1/organizations/{org}", "…");
        writeln!(page, "| `{route}` | {} | {} |", needs_text(*needs), cells.join(" | ")).unwrap();
    }
    page
}

fn needs_text(needs: Needs) -> String {
    match needs {
        Token => "a token".to_owned(),
        Member => "membership".to_owned(),
        MemberWhoMayGo => "membership, but not the Super Admin's".to_owned(),
        Level(object, level) => format!("`{object}` {level}"),
        SuperAdmin => "being the Super Admin".to_owned(),
        AdminAbove => "Admin or Super Admin above".to_owned(),
        Invitee => "the invited address".to_owned(),
        Outsider => "an address in an approved domain, and no membership or invitation".to_owned(),
        DecisionCaller => "a request of one's own".to_owned(),
        Operator => "scope `operator`".to_owned(),
        Decisions => "scope `decisions`".to_owned(),
        Nothing => "nothing".to_owned(),
    }
}

#[test]
fn every_route_has_a_row_in_the_matrix_and_every_row_a_route() {
    let routes: BTreeSet<_> =
        ROUTES.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let bare = |route: &str| route.split('?').next().unwrap_or_default().to_owned();
    let rows: BTreeSet<_> = NEEDS.iter().map(|(route, _)| bare(route)).collect();
    let missing: Vec<_> = routes.difference(&rows).collect();
    assert!(missing.is_empty(), "say in `NEEDS` what these routes need: {missing:#?}");
    let gone: Vec<_> = rows.difference(&routes).collect();
    assert!(gone.is_empty(), "`local::ROUTES` does not have these rows of `NEEDS`: {gone:#?}");
}

/// Outsiders get the same answer for an existing organization and a missing one (U5).
#[tokio::test]
async fn a_stranger_cannot_tell_which_organizations_exist() {
    let Scenario { app, here, offer, .. } = Scenario::set().await;
    let events = app.get(SUE, &format!("{here}/events?limit=1")).await;
    let event = events.items()[0]["id"].as_str().unwrap();
    let outside = |needs| !matches!(needs, Nothing | Token | Operator | Decisions);
    for (route, _) in NEEDS.iter().filter(|(_, needs)| outside(*needs)) {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{inv}", &offer).replace("{evt}", event).replace("{role}", "user");
        let path = path.replace("{member}", &format!("@{}", SUE.sub));
        let path = path.replace("{alert}", &format!("@{}", SUE.email));
        let path = path.replace("{domain}", "example.com");
        let path = path.replace("{req}", "req_01KAK000000000000000000000");
        let mut answers = Vec::new();
        for org in [id(&here), "org_01KAK000000000000000000000"] {
            let path = path.replace("{org}", org);
            let answer = app.send(Some(EVE), method, &path, body(route)).await.expect(404);
            answers.push((answer.headers, mask(&answer.text)));
        }
        assert_eq!(answers[0], answers[1], "{route} tells a stranger what exists");
    }
}

/// No route ignores a parameter, also those that take none; and nothing comes of the request.
#[tokio::test]
async fn a_parameter_that_a_route_does_not_know_is_refused_by_every_route() {
    for (route, needs) in NEEDS.iter().filter(|(route, _)| !route.contains('?')) {
        let stage = Scenario::set().await;
        let who = match needs {
            Operator => OPERATOR,
            Invitee => IVY,
            MemberWhoMayGo => stage.enter(Actor::BuiltIn("user"), *needs).await.unwrap(),
            Outsider | DecisionCaller => stage.enter(Actor::Stranger, *needs).await.unwrap(),
            Decisions => stage.enter(Actor::Service, *needs).await.unwrap(),
            _ => SUE,
        };
        let (path, body) = stage.request(route).await;
        let (method, _) = route.split_once(' ').unwrap();
        let (app, odd) = (&stage.app, format!("{path}?colour=red"));
        let refused = app.send(Some(who), method, &odd, body.clone()).await;
        let status = if *needs == Decisions { 400 } else { 422 };
        assert_eq!(refused.status, status, "{route}: {refused}");
        assert!(refused.body["detail"].as_str().unwrap().contains("/colour"), "{route}: {refused}");
        assert!(refused.cost.write_units == 0.0, "{route}");
        let stranger = app.send(None, method, &odd, body.clone()).await;
        assert_eq!(stranger.status, if *needs == Nothing { 422 } else { 401 }, "{route}");
        let answer = app.send(Some(who), method, &path, body).await;
        assert!(answer.status.is_success(), "{route}: {answer}");
    }
}

#[tokio::test]
async fn join_of_a_sub_organization_with_members_is_refused() {
    let stage = Scenario::set().await;
    let ann = stage.enter(Actor::BuiltIn("user"), Token).await.unwrap();
    for insider in [SUE, ann, REX] {
        let join = format!("{}/join", stage.here);
        let answer = stage.app.post(insider, &join, json!({})).await.expect(409);
        assert_eq!(answer.problem(), "organization-not-empty", "{insider:?}: {answer}");
    }
}

/// `local::ROUTES` is what the deployment template is compared with, so it must be the truth.
#[tokio::test]
async fn every_route_is_served_by_its_function_and_by_no_other() {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let store = Store::new(local::engine::client("http://127.0.0.1:1"), "none");
    let app = App { store, limits: Limits::default() };
    let paths: BTreeSet<_> = ROUTES.iter().map(|(_, path, _)| *path).collect();
    for (function, router) in FUNCTIONS {
        let served = complete(router(), app.clone());
        for path in paths.iter().copied().chain(["/v1/organizations/{org}/nothing", "/v1", "/"]) {
            for method in methods {
                let claimed = ROUTES.contains(&(method, path, function));
                let status = without_token(&served, method, path).await;
                let found = !matches!(status, 404 | 405);
                assert_eq!(
                    found, claimed,
                    "`{method} {path}` of `{function}` was answered {status}: make `local::ROUTES` \
                     and the router agree"
                );
            }
        }
    }
    // A router shows its paths to whoever debugs it.
    let shown = format!("{:?}", local::routers());
    let path = |text: &&str| {
        ["/v1", "/access", "/.well-known"].iter().any(|start| text.starts_with(start))
    };
    let shown: BTreeSet<_> = shown.split('"').filter(path).collect();
    assert_eq!(shown, paths, "`local::ROUTES` and the routers have different paths");
}

async fn without_token(router: &Router, method: &str, path: &str) -> u16 {
    let context = RequestContext::ApiGatewayV2(context(None, NOON, method));
    let request = Request::builder().method(method).uri(path.replace(['{', '}'], ""));
    let request = request.body(Body::empty()).unwrap().with_request_context(context);
    router.clone().oneshot(request).await.unwrap().status().as_u16()
}
