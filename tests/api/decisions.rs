//! `/access/v1/…`: what other services may count on.

use axum::{body::Body, http::Request};
use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    helpers::{id, operators, someone},
    matrix::SERVICE,
    test_app::{ADA, Answer, BOB, CY, EVE, Identity, NOON, OPERATOR, TestApp, context},
};
use lambda_http::{RequestExt, request::RequestContext};

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";
const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";

const OPEN: &str = "license_management.open_page";
const NOTES: &str = "license_management.edit_license_notes";
const BELOW: &str = "license_management_sub_organizations.view_active_licenses";
const CREATE: &str = "user_management_sub_organizations.create_sub_organization";
const CUSTOMERS: &str = "license_management_customer_organizations.view_active_licenses";
const CASE: &str = "support_service_customer_organizations.submit_case_on_behalf";

fn asked(who: Identity, action: &str, org: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": who.sub },
        "action": { "name": action },
        "resource": { "type": "organization", "id": id(org) },
    })
}

fn explained(who: Identity, action: &str, org: &str) -> Value {
    let mut asked = asked(who, action, org);
    asked["context"] = json!({ "explain": true });
    asked
}

/// May `who` do this there?
async fn may(world: &TestApp, who: Identity, action: &str, org: &str) -> bool {
    let decided = world.post(SERVICE, ONE, asked(who, action, org)).await.expect(200);
    assert_eq!(decided.text, json!({ "decision": decided.body["decision"] }).to_string());
    decided.body["decision"].as_bool().unwrap()
}

/// The ids or names that a search finds, walked to its end.
async fn found(world: &TestApp, route: &str, body: Value, limit: usize) -> Vec<String> {
    let (mut all, mut body) = (Vec::new(), body);
    body["page"] = json!({ "limit": limit });
    loop {
        let page = world.post(SERVICE, route, body.clone()).await.expect(200);
        let results = page.body["results"].as_array().unwrap();
        assert!(results.len() <= limit, "{page}");
        let name = |it: &Value| it["id"].as_str().or(it["name"].as_str()).unwrap().to_owned();
        all.extend(results.iter().map(name));
        match page.body["page"]["next_token"].as_str().unwrap() {
            "" => return all,
            token => body["page"]["token"] = json!(token),
        }
    }
}

async fn link(world: &TestApp, partner: &str, customer: &str, preferred: bool) {
    let path = format!("{}/customers/{}", operators(partner), id(customer));
    let body = Some(json!({ "preferred": preferred }));
    world.send(Some(OPERATOR), "PUT", &path, body).await.expect(200);
}

/// A tree of three levels: Ada above, Bob Admin above, Cy User above; the branches are empty.
async fn forest() -> (TestApp, String, String, String) {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    world.bring(ADA, &root, BOB, "admin").await;
    world.bring(ADA, &root, CY, "user").await;
    let branch = world.empty_below(&root, "Branch").await;
    let leaf = world.empty_below(&branch, "Leaf").await;
    (world, root, branch, leaf)
}

/// ORG6, U2
#[tokio::test]
async fn a_member_may_what_their_role_says() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, CY, "user").await;
    assert!(may(&world, ADA, NOTES, &acme).await);
    assert!(!may(&world, CY, NOTES, &acme).await);
    assert!(may(&world, CY, OPEN, &acme).await);
    assert!(!may(&world, EVE, OPEN, &acme).await);
}

/// ROLE8
#[tokio::test]
async fn a_decision_follows_the_role_at_once() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let desk = world.role(ADA, &acme, "Desk", json!({ "license_management": "view_only" })).await;
    world.bring(ADA, &acme, BOB, &desk).await;
    assert!(!may(&world, BOB, NOTES, &acme).await);
    let more = json!({ "permissions": { "license_management": "full_access" } });
    world.patch(ADA, &format!("{acme}/roles/{desk}"), more).await.expect(200);
    assert!(may(&world, BOB, NOTES, &acme).await);
    world.remove(ADA, &acme, BOB).await.expect(204);
    assert!(!may(&world, BOB, OPEN, &acme).await);
}

/// SUB4, U2: through the objects that are about organizations below, and no others.
#[tokio::test]
async fn a_member_above_reaches_an_organization_through_the_objects_about_those_below() {
    let (world, root, branch, leaf) = forest().await;
    for org in [&branch, &leaf] {
        assert!(may(&world, BOB, BELOW, org).await);
        assert!(!may(&world, CY, BELOW, org).await, "a User holds nothing there");
        assert!(!may(&world, EVE, BELOW, org).await);
        for own in [OPEN, NOTES, "user_management.list", CREATE] {
            assert!(!may(&world, BOB, own, org).await, "{own}");
        }
    }
    world.switch(&root, json!({ "manage_sub_organizations": false })).await;
    assert!(!may(&world, BOB, BELOW, &leaf).await);
    world.switch(&root, json!({ "manage_sub_organizations": true })).await;
    world.remove(ADA, &root, BOB).await.expect(204);
    assert!(!may(&world, BOB, BELOW, &leaf).await);
}

/// A member of an organization in the middle reaches what is below it, and nothing above or beside.
#[tokio::test]
async fn no_way_leads_up_or_aside() {
    let (world, root, branch, leaf) = forest().await;
    let other = world.empty_below(&root, "Other").await;
    world.post(BOB, &format!("{branch}/join"), json!({})).await.expect(200);
    world.bring(BOB, &branch, EVE, "admin").await;
    assert!(may(&world, EVE, BELOW, &leaf).await);
    assert!(may(&world, EVE, CREATE, &branch).await);
    assert!(!may(&world, EVE, CREATE, &leaf).await);
    assert!(!may(&world, EVE, BELOW, &root).await);
    assert!(!may(&world, EVE, BELOW, &other).await);
}

/// PAR2
#[tokio::test]
async fn a_partners_member_reaches_its_linked_customers() {
    let world = TestApp::new().await;
    let partner = world.partner(ADA, "Partner").await;
    world.bring(ADA, &partner, BOB, "user").await;
    let (one, two) = (world.found(EVE, "One").await, world.found(EVE, "Two").await);
    assert!(!may(&world, ADA, CUSTOMERS, &one).await);
    link(&world, &partner, &one, false).await;
    link(&world, &partner, &two, true).await;
    assert!(may(&world, ADA, CUSTOMERS, &one).await);
    assert!(!may(&world, BOB, CUSTOMERS, &one).await);
    assert!(!may(&world, ADA, OPEN, &one).await);
    assert!(!may(&world, ADA, CASE, &one).await, "one prefers nobody");
    assert!(may(&world, ADA, CASE, &two).await);
    // The customer's own administrator is nobody's partner.
    assert!(!may(&world, EVE, CUSTOMERS, &one).await);
    let path = format!("{}/customers/{}", operators(&partner), id(&one));
    world.delete(OPERATOR, &path).await.expect(204);
    assert!(!may(&world, ADA, CUSTOMERS, &one).await);
    assert!(may(&world, ADA, CUSTOMERS, &two).await);
}

/// The catalogue's `never`.
#[tokio::test]
async fn what_is_never_granted_is_granted_to_nobody() {
    let (world, root, branch, _) = forest().await;
    for never in [
        "license_management_sub_organizations.edit_license_notes",
        "license_management_customer_organizations.edit_license_notes",
    ] {
        assert!(!may(&world, ADA, never, &root).await);
        assert!(!may(&world, ADA, never, &branch).await);
    }
}

#[tokio::test]
async fn what_is_unknown_is_denied_and_no_error() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let good = asked(ADA, OPEN, &acme);
    for (pointer, value) in [
        ("/subject/id", json!("nobody")),
        ("/subject/id", json!("n\u{f6}body")),
        ("/subject/id", json!("x".repeat(3_000))),
        ("/subject/id", json!("")),
        ("/subject/type", json!("robot")),
        ("/resource/type", json!("galaxy")),
        ("/resource/id", json!("org_01KAK000000000000000000000")),
        ("/resource/id", json!("Acme")),
        ("/action/name", json!("license_management.eat")),
    ] {
        let mut asked = good.clone();
        *asked.pointer_mut(pointer).unwrap() = value;
        let decided = world.post(SERVICE, ONE, asked).await.expect(200);
        assert_eq!(decided.text, r#"{"decision":false}"#, "{pointer}");
    }
}

#[tokio::test]
async fn about_oneself_a_token_suffices_about_others_it_takes_the_scope() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let mine = world.post(ADA, ONE, asked(ADA, NOTES, &acme)).await.expect(200);
    assert_eq!(mine.body, json!({ "decision": true }));
    world.post(ADA, ONE, asked(EVE, NOTES, &acme)).await.refuses(403, "decisions-scope-required");
    let both = json!({ "evaluations": [asked(ADA, NOTES, &acme), asked(EVE, NOTES, &acme)] });
    world.post(ADA, MANY, both.clone()).await.refuses(403, "decisions-scope-required");
    world.post(SERVICE, MANY, both).await.expect(200);
    let robot = json!({
        "subject": { "type": "robot", "id": ADA.sub },
        "action": { "name": OPEN },
        "resource": { "type": "organization", "id": id(&acme) },
    });
    world.post(ADA, ONE, robot).await.refuses(403, "decisions-scope-required");

    world
        .post(ADA, SUBJECTS, asked(ADA, OPEN, &acme))
        .await
        .refuses(403, "decisions-scope-required");
    for route in [RESOURCES, ACTIONS] {
        world.post(ADA, route, asked(ADA, OPEN, &acme)).await.expect(200);
        world
            .post(ADA, route, asked(EVE, OPEN, &acme))
            .await
            .refuses(403, "decisions-scope-required");
    }
    // Operators are platform staff, and no service.
    world
        .post(OPERATOR, ONE, asked(ADA, OPEN, &acme))
        .await
        .refuses(403, "decisions-scope-required");
    let nobody = world.send(None, "POST", ONE, Some(asked(ADA, OPEN, &acme))).await.expect(401);
    assert_eq!(nobody.headers["www-authenticate"], "Bearer");
}

/// What the specification calls a bad request.
#[tokio::test]
async fn what_is_missing_or_of_the_wrong_type_is_400() {
    let world = TestApp::new().await;
    let good = asked(ADA, OPEN, "org_x");
    let bad = [
        ("/subject", None, "`/subject` is required"),
        ("/subject", Some(Value::Null), "`/subject` is required"),
        ("/subject", Some(json!("ada")), "`/subject` must be an object"),
        ("/subject", Some(json!(["user", "ada"])), "`/subject` must be an object"),
        ("/subject/type", None, "`/subject/type` is required"),
        ("/subject/id", None, "`/subject/id` is required"),
        ("/subject/id", Some(json!(7)), "`/subject/id` must be a string"),
        ("/subject/properties", Some(json!("x")), "`/subject/properties` must be an object"),
        ("/action", None, "`/action` is required"),
        ("/action/name", None, "`/action/name` is required"),
        ("/action/name", Some(json!(123)), "`/action/name` must be a string"),
        ("/resource", None, "`/resource` is required"),
        ("/resource/type", None, "`/resource/type` is required"),
        ("/resource/id", None, "`/resource/id` is required"),
        ("/context", Some(json!([])), "`/context` must be an object"),
    ];
    for (pointer, value, detail) in bad {
        let mut asked = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = asked.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(name.to_owned(), value),
            None => parent.remove(name),
        };
        for route in [ONE, MANY] {
            let answer = world.post(ADA, route, asked.clone()).await;
            let answer = answer.refuses(400, "unreadable-request");
            assert_eq!(answer.body["detail"], detail, "{route}");
            assert_eq!(answer.pointer(), pointer, "{route}");
        }
    }
}

/// A request with this content type and this very body.
async fn raw(world: &TestApp, kind: Option<&str>, body: &'static str) -> Answer {
    let context = RequestContext::ApiGatewayV2(context(Some(ADA), NOON, "POST"));
    let request = Request::post(ONE);
    let request = kind.into_iter().fold(request, |it, kind| it.header("content-type", kind));
    let request = request.body(Body::from(body)).unwrap().with_request_context(context);
    world.respond(request).await
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400() {
    let world = TestApp::new().await;
    let json = Some("application/json");
    for body in ["", "{", "[]", "null", "\"x\"", "{\"subject\":{},\"subject\":{}}"] {
        raw(&world, json, body).await.refuses(400, "unreadable-request");
    }
    let good = r#"{"subject":{"type":"user","id":"ada"},"action":{"name":"x"},"resource":{"type":"organization","id":"y"}}"#;
    for kind in
        [None, Some("text/plain"), Some("application/xml"), Some("application/problem+json")]
    {
        raw(&world, kind, good).await.refuses(400, "unreadable-request");
    }
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        raw(&world, Some(kind), good).await.expect(200);
    }
}

#[tokio::test]
async fn unknown_members_are_ignored_and_the_request_id_comes_back() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let mut asked = asked(ADA, NOTES, &acme);
    asked["foo"] = json!({ "bar": [1] });
    asked["subject"]["nickname"] = json!("A");
    asked["subject"]["properties"] = json!({ "department": "Sales" });
    asked["context"] = json!({ "time": "now", "explain": "yes" });
    let echo = [("x-request-id", "bfe9eb29-ab87")];
    let answer = world.send_with(Some(ADA), "POST", ONE, Some(asked), &echo).await.expect(200);
    assert_eq!(answer.text, r#"{"decision":true}"#);
    assert_eq!(answer.headers["x-request-id"], "bfe9eb29-ab87");
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn defaults_are_replaced_whole_and_each_evaluation_is_answered_in_its_place() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, CY, "user").await;
    let mut body = asked(CY, OPEN, &acme);
    body["evaluations"] = json!([
        {},
        { "action": { "name": NOTES } },
        { "subject": { "type": "user", "id": ADA.sub }, "action": { "name": NOTES } },
        { "subject": { "type": "user" } },
        { "resource": null },
        7,
        { "action": { "name": 7 } },
    ]);
    let decided = world.post(SERVICE, MANY, body).await.expect(200);
    let decisions = [true, false, true, false, true, false, false];
    let decisions = decisions.map(|decision| json!({ "decision": decision }));
    assert_eq!(decided.body, json!({ "evaluations": decisions }));
}

#[tokio::test]
async fn an_answer_ends_with_the_evaluation_that_decides() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, CY, "user").await;
    let each = [OPEN, NOTES, OPEN].map(|name| json!({ "action": { "name": name } }));
    let ask = async |semantic: Value| {
        let mut body = asked(CY, OPEN, &acme);
        body["evaluations"] = json!(each);
        body["options"] = json!({ "evaluations_semantic": semantic, "other": 1 });
        world.post(SERVICE, MANY, body).await
    };
    for (semantic, decisions) in [
        ("execute_all", vec![true, false, true]),
        ("deny_on_first_deny", vec![true, false]),
        ("permit_on_first_permit", vec![true]),
    ] {
        let decided = ask(json!(semantic)).await.expect(200);
        let told = decided.body["evaluations"].as_array().unwrap();
        let told: Vec<_> = told.iter().map(|it| it["decision"].as_bool().unwrap()).collect();
        assert_eq!(told, decisions, "{semantic}");
    }
    for wrong in [json!("first_come"), json!(1)] {
        let answer = ask(wrong).await.refuses(400, "unreadable-request");
        assert_eq!(answer.pointer(), "/options/evaluations_semantic");
    }
}

#[tokio::test]
async fn without_evaluations_it_is_a_single_one() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for evaluations in [Value::Null, json!([])] {
        let mut body = asked(ADA, OPEN, &acme);
        body["evaluations"] = evaluations;
        let decided = world.post(ADA, MANY, body).await.expect(200);
        assert_eq!(decided.text, r#"{"decision":true}"#);
    }
    let mut body = asked(ADA, OPEN, &acme);
    body["evaluations"] = json!({});
    world.post(ADA, MANY, body).await.refuses(400, "unreadable-request");
    world.post(ADA, MANY, json!({ "evaluations": [] })).await.refuses(400, "unreadable-request");
    let many = json!({ "evaluations": vec![json!({}); 257] });
    world.post(ADA, MANY, many).await.refuses(400, "unreadable-request");
}

/// However many: one round trip for members, two if some come from elsewhere.
#[tokio::test]
async fn evaluations_share_their_reads() {
    let (world, root, branch, leaf) = forest().await;
    let mine = |action: &str, org: &str| asked(BOB, action, org);
    let direct = json!({ "evaluations": vec![mine(NOTES, &root); 20] });
    let decided = world.post(SERVICE, MANY, direct).await.expect(200);
    assert_eq!((decided.cost.round_trips, decided.cost.read_units), (1, 2.0));
    let mixed = [mine(NOTES, &root), mine(BELOW, &branch), mine(BELOW, &leaf), mine(OPEN, &leaf)];
    let decided = world.post(SERVICE, MANY, json!({ "evaluations": mixed })).await.expect(200);
    let decisions = [true, true, true, false].map(|decision| json!({ "decision": decision }));
    assert_eq!(decided.body, json!({ "evaluations": decisions }));
    assert_eq!(decided.cost.round_trips, 2);
}

/// Whoever is a member of more organizations than an index is asked for is looked for above.
#[tokio::test]
async fn many_memberships_hide_none() {
    let (world, _, _, leaf) = forest().await;
    for nth in 0..15 {
        world.found(BOB, &format!("Other {nth}")).await;
    }
    assert!(may(&world, BOB, BELOW, &leaf).await);
    let partner = world.partner(BOB, "Partner").await;
    let customer = world.found(EVE, "Customer").await;
    link(&world, &partner, &customer, false).await;
    assert!(may(&world, BOB, CUSTOMERS, &customer).await);
    // Nor do many partners.
    for nth in 0..12 {
        let other = world.partner(someone(nth), &format!("Partner {nth}")).await;
        link(&world, &other, &customer, false).await;
        assert!(may(&world, someone(nth), CUSTOMERS, &customer).await);
    }
    assert!(may(&world, BOB, CUSTOMERS, &customer).await);
    let subjects = found(&world, SUBJECTS, asked(EVE, CUSTOMERS, &customer), 5).await;
    assert_eq!(subjects.len(), 13, "{subjects:?}");
}

#[tokio::test]
async fn a_reason_says_what_is_lacking_and_who_could_grant_it() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, CY, "user").await;
    assert_snapshot!(world.post(SERVICE, ONE, explained(CY, NOTES, &acme)).await, @r#"
    200 OK
    {
      "context": {
        "code": "level",
        "level_needed": "full_access",
        "reason": "The subject holds `view_only` on `license_management` in this organization; this action needs `full_access`.",
        "role_object": "license_management",
        "ways": [
          {
            "granted": false,
            "lacking": "level",
            "level_held": "view_only",
            "organization_id": "org_…",
            "reason": "The subject holds `view_only` on `license_management` in this organization; this action needs `full_access`.",
            "role_id": "user",
            "way": "member"
          }
        ],
        "who_could_grant": {
          "built_in_roles": [
            "super_admin",
            "admin"
          ],
          "levels": {
            "license_management": "full_access",
            "user_management": "full_access"
          },
          "organization_id": "org_…",
          "reason": "A member who holds these levels there can invite the subject or assign another role.",
          "who": "members"
        }
      },
      "decision": false
    }
    "#);
    assert_snapshot!(world.post(SERVICE, ONE, explained(CY, OPEN, &acme)).await, @r#"
    200 OK
    {
      "context": {
        "code": "granted",
        "level_needed": "none",
        "reason": "The subject holds `view_only` on `license_management` in this organization, which grants this.",
        "role_object": "license_management",
        "ways": [
          {
            "granted": true,
            "level_held": "view_only",
            "organization_id": "org_…",
            "reason": "The subject holds `view_only` on `license_management` in this organization, which grants this.",
            "role_id": "user",
            "way": "member"
          }
        ]
      },
      "decision": true
    }
    "#);
}

#[tokio::test]
async fn a_reason_names_each_way_that_was_tried() {
    let (world, root, branch, _) = forest().await;
    world.switch(&root, json!({ "manage_sub_organizations": false })).await;
    assert_snapshot!(world.post(SERVICE, ONE, explained(BOB, BELOW, &branch)).await, @r#"
    200 OK
    {
      "context": {
        "code": "switch",
        "level_needed": "view_only",
        "reason": "`license_management_sub_organizations` is switched off in org_…, above this organization: it counts only while an operator has turned sub-organization management on for the tree.",
        "role_object": "license_management_sub_organizations",
        "ways": [
          {
            "granted": false,
            "lacking": "switch",
            "level_held": "none",
            "organization_id": "org_…",
            "reason": "`license_management_sub_organizations` is switched off in org_…, above this organization: it counts only while an operator has turned sub-organization management on for the tree.",
            "role_id": "admin",
            "way": "ancestor"
          }
        ],
        "who_could_grant": {
          "reason": "An operator of the platform can change this setting or link.",
          "who": "operators"
        }
      },
      "decision": false
    }
    "#);
}

/// U5: from a denial nobody learns that an organization exists.
#[tokio::test]
async fn a_reason_tells_a_stranger_nothing() {
    let (world, _, branch, _) = forest().await;
    let nowhere = "org_01KAK000000000000000000000";
    for who in [EVE, CY] {
        for action in [OPEN, BELOW, CUSTOMERS] {
            let told = async |org: &str| {
                let answer = world.post(who, ONE, explained(who, action, org)).await.expect(200);
                answer.text.replace(id(org), "…")
            };
            assert_eq!(told(&branch).await, told(nowhere).await, "{action}");
        }
    }
    let mine = world.post(BOB, ONE, explained(BOB, BELOW, &branch)).await.expect(200);
    assert_eq!(mine.body["context"]["code"], "granted");
}

#[tokio::test]
async fn every_reason_has_a_code() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let partner = world.partner(ADA, "Partner").await;
    link(&world, &partner, &acme, false).await;
    let plain = world.role(ADA, &acme, "Plain", json!({})).await;
    world.bring(ADA, &acme, BOB, &plain).await;
    let stranger = "not_a_role.at_all";
    let never = "license_management_sub_organizations.edit_license_notes";
    for (who, action, code) in [
        (ADA, stranger, "unknown_action"),
        (ADA, never, "never"),
        (EVE, OPEN, "membership"),
        (EVE, CUSTOMERS, "link"),
        (ADA, CASE, "preferred_link"),
        (ADA, BELOW, "switch"),
        (BOB, CUSTOMERS, "kind"),
        (BOB, NOTES, "level"),
        (ADA, NOTES, "granted"),
        (ADA, CUSTOMERS, "granted"),
    ] {
        let told = world.post(SERVICE, ONE, explained(who, action, &acme)).await.expect(200);
        assert_eq!(told.body["context"]["code"], code, "{told}");
    }
    let mut robot = explained(ADA, OPEN, &acme);
    robot["subject"]["type"] = json!("robot");
    let told = world.post(SERVICE, ONE, robot).await.expect(200);
    assert_eq!(told.body["context"]["code"], "unknown_subject_type");
    let mut body = explained(ADA, OPEN, &acme);
    body["evaluations"] = json!([{ "action": {} }, { "context": {} }]);
    let told = world.post(SERVICE, MANY, body).await.expect(200);
    assert_eq!(told.body["evaluations"][0]["context"]["code"], "malformed");
    assert_eq!(told.body["evaluations"][1], json!({ "decision": true }));
}

#[tokio::test]
async fn a_search_for_subjects_finds_whoever_may_once() {
    let (world, root, branch, _) = forest().await;
    world.post(BOB, &format!("{branch}/join"), json!({})).await.expect(200);
    for nth in 0..7 {
        world.bring(BOB, &branch, someone(nth), if nth < 3 { "admin" } else { "user" }).await;
    }
    world.bring(BOB, &branch, CY, "user").await;
    let who = async |action: &str, org: &str, limit| {
        found(&world, SUBJECTS, asked(EVE, action, org), limit).await
    };
    let admins = ["bob", "person-000", "person-001", "person-002"];
    assert_eq!(who("user_management.invite", &branch, 2).await, admins);
    assert_eq!(who(OPEN, &branch, 3).await.len(), 9);
    // Bob is in the branch and above it, and found once; Ada is above.
    for limit in [1, 2, 100] {
        let mut all = who(BELOW, &branch, limit).await;
        all.sort();
        assert_eq!(all, ["ada", "bob", "person-000", "person-001", "person-002"]);
    }
    assert_eq!(who(BELOW, &root, 100).await, ["ada", "bob"]);
    let never = "license_management_sub_organizations.edit_license_notes";
    assert!(who(never, &branch, 100).await.is_empty());
    assert!(who(OPEN, "org_01KAK000000000000000000000", 100).await.is_empty());
}

#[tokio::test]
async fn a_search_answers_in_the_specifications_words() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let end = r#""page":{"next_token":""}}"#;
    let body = asked(EVE, OPEN, &acme);
    let subjects = world.post(SERVICE, SUBJECTS, body.clone()).await.expect(200);
    assert_eq!(subjects.text, format!(r#"{{"results":[{{"type":"user","id":"ada"}}],{end}"#));
    let body = asked(ADA, NOTES, &acme);
    let resources = world.post(ADA, RESOURCES, body.clone()).await.expect(200);
    let found = format!(r#"{{"type":"organization","id":"{}"}}"#, id(&acme));
    assert_eq!(resources.text, format!(r#"{{"results":[{found}],{end}"#));
    let actions = world.post(ADA, ACTIONS, body).await.expect(200);
    assert!(actions.text.starts_with(r#"{"results":[{"name":"critical_alert_users.list"},"#));
    assert!(actions.text.ends_with(end));
    let nobody = world.post(SERVICE, ACTIONS, asked(EVE, OPEN, &acme)).await.expect(200);
    assert_eq!(nobody.text, format!(r#"{{"results":[],{end}"#));
}

#[tokio::test]
async fn a_search_for_resources_finds_every_organization_once() {
    let (world, root, branch, leaf) = forest().await;
    let elsewhere = world.found(BOB, "Elsewhere").await;
    world.post(BOB, &format!("{branch}/join"), json!({})).await.expect(200);
    for limit in [1, 2, 100] {
        let mut all = found(&world, RESOURCES, asked(BOB, BELOW, &root), limit).await;
        let mut expected = [&root, &branch, &leaf].map(|org| id(org).to_owned());
        all.sort();
        expected.sort();
        assert_eq!(all, expected, "{limit}");
        let mut own = found(&world, RESOURCES, asked(BOB, NOTES, &root), limit).await;
        let mut expected = [&root, &branch, &elsewhere].map(|org| id(org).to_owned());
        own.sort();
        expected.sort();
        assert_eq!(own, expected);
    }
    assert!(found(&world, RESOURCES, asked(CY, BELOW, &root), 100).await.is_empty());
}

#[tokio::test]
async fn a_search_for_resources_finds_a_partners_customers() {
    let world = TestApp::new().await;
    let partner = world.partner(ADA, "Partner").await;
    let mut customers = Vec::new();
    for nth in 0..5 {
        let customer = world.found(EVE, &format!("Customer {nth}")).await;
        link(&world, &partner, &customer, nth == 3).await;
        customers.push(id(&customer).to_owned());
    }
    let mut expected = customers.clone();
    expected.push(id(&partner).to_owned());
    expected.sort();
    for limit in [1, 2, 100] {
        let mut all = found(&world, RESOURCES, asked(ADA, CUSTOMERS, &partner), limit).await;
        all.sort();
        assert_eq!(all, expected);
        let cases = found(&world, RESOURCES, asked(ADA, CASE, &partner), limit).await;
        assert!(cases.contains(&customers[3]) && !cases.contains(&customers[0]), "{cases:?}");
    }
}

/// Each action found is one that a decision permits, and none is left out.
#[tokio::test]
async fn a_search_for_actions_agrees_with_decisions() {
    let (world, root, branch, _) = forest().await;
    for (who, org) in [(ADA, &root), (BOB, &branch), (CY, &root), (CY, &branch)] {
        let actions = found(&world, ACTIONS, asked(who, OPEN, org), 7).await;
        for action in shared::domain::Action::all() {
            let listed = actions.iter().any(|name| name == action.name);
            assert_eq!(listed, may(&world, who, action.name, org).await, "{}", action.name);
        }
    }
    let above = found(&world, ACTIONS, asked(BOB, OPEN, &branch), 100).await;
    assert!(above.iter().all(|name| name.contains("_sub_organizations.")), "{above:?}");
    assert_eq!(above.len(), 11);
}

#[tokio::test]
async fn a_token_belongs_to_its_search() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let mut body = asked(ADA, OPEN, &acme);
    body["page"] = json!({ "limit": 2 });
    let first = world.post(ADA, ACTIONS, body.clone()).await.expect(200);
    let token = first.body["page"]["next_token"].clone();
    body["page"] = json!({ "token": token });
    let next = world.post(ADA, ACTIONS, body.clone()).await.expect(200);
    assert_eq!(next.body["results"].as_array().unwrap().len(), 2, "it keeps its limit");
    assert_ne!(next.body["results"], first.body["results"]);
    body["page"]["limit"] = json!(3);
    world.post(ADA, ACTIONS, body.clone()).await.refuses(400, "unreadable-request");
    body["page"]["limit"] = json!(2);
    world.post(ADA, RESOURCES, body.clone()).await.refuses(400, "unreadable-request");
    body["context"] = json!({ "new": true });
    world.post(ADA, ACTIONS, body.clone()).await.refuses(400, "unreadable-request");
    body["page"] = json!({ "token": "rubbish" });
    world.post(ADA, ACTIONS, body.clone()).await.refuses(400, "unreadable-request");
    for page in [json!([]), json!({ "limit": -1 }), json!({ "limit": "2" }), json!({ "token": 2 })]
    {
        body["page"] = page;
        world.post(ADA, ACTIONS, body.clone()).await.refuses(400, "unreadable-request");
    }
    body["page"] = json!({ "limit": 0 });
    let none = world.post(ADA, ACTIONS, body).await.expect(200);
    assert_eq!(none.body["results"], json!([]));
    assert_ne!(none.body["page"]["next_token"], "");
}

#[tokio::test]
async fn a_search_wants_what_the_specification_requires() {
    let world = TestApp::new().await;
    let whole = asked(ADA, OPEN, "org_x");
    for (route, missing) in [
        (SUBJECTS, "/subject/type"),
        (SUBJECTS, "/action"),
        (SUBJECTS, "/resource"),
        (SUBJECTS, "/resource/id"),
        (RESOURCES, "/subject"),
        (RESOURCES, "/subject/id"),
        (RESOURCES, "/action/name"),
        (RESOURCES, "/resource/type"),
        (ACTIONS, "/subject/id"),
        (ACTIONS, "/resource"),
        (ACTIONS, "/resource/id"),
    ] {
        let mut body = whole.clone();
        let (parent, name) = missing.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        let answer = world.post(SERVICE, route, body).await.refuses(400, "unreadable-request");
        assert_eq!(answer.pointer(), missing, "{route}");
    }
    let body = json!({ "subject": whole["subject"], "resource": whole["resource"], "action": 7 });
    world.post(SERVICE, ACTIONS, body).await.expect(200);
}

#[tokio::test]
async fn anybody_may_ask_where_decisions_are_made() {
    let limits = Limits { public_url: Some("https://api.example.com/"), ..Limits::default() };
    let world = TestApp::with(limits).await;
    let path = "/.well-known/authzen-configuration";
    assert_snapshot!(world.send(None, "GET", path, None).await, @r#"
    200 OK
    {
      "access_evaluation_endpoint": "https://api.example.com/access/v1/evaluation",
      "access_evaluations_endpoint": "https://api.example.com/access/v1/evaluations",
      "policy_decision_point": "https://api.example.com",
      "search_action_endpoint": "https://api.example.com/access/v1/search/action",
      "search_resource_endpoint": "https://api.example.com/access/v1/search/resource",
      "search_subject_endpoint": "https://api.example.com/access/v1/search/subject"
    }
    "#);
    let nowhere = TestApp::with(Limits { public_url: None, ..Limits::default() }).await;
    nowhere.send(None, "GET", path, None).await.refuses(404, "no-such-route");
}
