//! `/access/v1/…`: decisions for other services (OpenID AuthZEN).

use axum::{body::Body, http::Request};
use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    decision_search::search_all,
    helpers::{id, nth_user, operator_path},
    matrix::SERVICE,
    partners::link,
    test_app::{ADA, Answer, BOB, CY, EVE, Identity, NOON, OPERATOR, TestApp, context},
};
use lambda_http::{RequestExt, request::RequestContext};

pub const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";
pub const SUBJECTS: &str = "/access/v1/search/subject";
pub const RESOURCES: &str = "/access/v1/search/resource";
pub const ACTIONS: &str = "/access/v1/search/action";

pub const OPEN: &str = "license_management.open_page";
pub const NOTES: &str = "license_management.edit_license_notes";
pub const BELOW: &str = "license_management_sub_organizations.view_active_licenses";
const CREATE: &str = "user_management_sub_organizations.create_sub_organization";
pub const CUSTOMERS: &str = "license_management_customer_organizations.view_active_licenses";
pub const CASE: &str = "support_service_customer_organizations.submit_case_on_behalf";

pub fn evaluation(caller: Identity, action: &str, org: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": caller.sub },
        "action": { "name": action },
        "resource": { "type": "organization", "id": id(org) },
    })
}

fn explained_evaluation(caller: Identity, action: &str, org: &str) -> Value {
    let mut evaluation = evaluation(caller, action, org);
    evaluation["context"] = json!({ "explain": true });
    evaluation
}

/// The decision: may `caller` perform the action there?
pub async fn permits(app: &TestApp, caller: Identity, action: &str, org: &str) -> bool {
    let decided = app.post(SERVICE, ONE, evaluation(caller, action, org)).await.expect(200);
    assert_eq!(decided.text, json!({ "decision": decided.body["decision"] }).to_string());
    decided.body["decision"].as_bool().unwrap()
}

/// Three organizations: in the root, Ada is Super Admin, Bob Admin and Cy User. The others are
/// empty.
pub async fn three_levels() -> (TestApp, String, String, String) {
    let (app, root) = TestApp::with_tree("Root").await;
    app.add_member(ADA, &root, BOB, "admin").await;
    app.add_member(ADA, &root, CY, "user").await;
    let branch = app.create_empty_sub_organization(&root, "Branch").await;
    let leaf = app.create_empty_sub_organization(&branch, "Leaf").await;
    (app, root, branch, leaf)
}

/// ORG6, U2
#[tokio::test]
async fn decision_follows_the_role_of_the_member() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, CY, "user").await;
    assert!(permits(&app, ADA, NOTES, &acme).await);
    assert!(!permits(&app, CY, NOTES, &acme).await);
    assert!(permits(&app, CY, OPEN, &acme).await);
    assert!(!permits(&app, EVE, OPEN, &acme).await);
}

/// ROLE8
#[tokio::test]
async fn role_change_applies_to_the_next_decision() {
    let (app, acme) = TestApp::with_acme().await;
    let desk =
        app.create_role(ADA, &acme, "Desk", json!({ "license_management": "view_only" })).await;
    app.add_member(ADA, &acme, BOB, &desk).await;
    assert!(!permits(&app, BOB, NOTES, &acme).await);
    let more = json!({ "permissions": { "license_management": "full_access" } });
    app.patch(ADA, &format!("{acme}/roles/{desk}"), more).await.expect(200);
    assert!(permits(&app, BOB, NOTES, &acme).await);
    app.remove(ADA, &acme, BOB).await.expect(204);
    assert!(!permits(&app, BOB, OPEN, &acme).await);
}

/// SUB4, U2
#[tokio::test]
async fn member_above_has_only_the_sub_organization_permissions() {
    let (app, root, branch, leaf) = three_levels().await;
    for org in [&branch, &leaf] {
        assert!(permits(&app, BOB, BELOW, org).await);
        assert!(!permits(&app, CY, BELOW, org).await, "a User has no permission below");
        assert!(!permits(&app, EVE, BELOW, org).await);
        for own in [OPEN, NOTES, "user_management.list", CREATE] {
            assert!(!permits(&app, BOB, own, org).await, "{own}");
        }
    }
    app.update_settings(&root, json!({ "manage_sub_organizations": false })).await;
    assert!(!permits(&app, BOB, BELOW, &leaf).await);
    app.update_settings(&root, json!({ "manage_sub_organizations": true })).await;
    app.remove(ADA, &root, BOB).await.expect(204);
    assert!(!permits(&app, BOB, BELOW, &leaf).await);
}

#[tokio::test]
async fn permissions_do_not_extend_to_ancestors_or_siblings() {
    let (app, root, branch, leaf) = three_levels().await;
    let other = app.create_empty_sub_organization(&root, "Other").await;
    app.post(BOB, &format!("{branch}/join"), json!({})).await.expect(200);
    app.add_member(BOB, &branch, EVE, "admin").await;
    assert!(permits(&app, EVE, BELOW, &leaf).await);
    assert!(permits(&app, EVE, CREATE, &branch).await);
    assert!(!permits(&app, EVE, CREATE, &leaf).await);
    assert!(!permits(&app, EVE, BELOW, &root).await);
    assert!(!permits(&app, EVE, BELOW, &other).await);
}

/// PAR2
#[tokio::test]
async fn partner_member_has_customer_permissions_through_links() {
    let (app, partner) = TestApp::with_partner("Partner").await;
    app.add_member(ADA, &partner, BOB, "user").await;
    let (one, two) =
        (app.create_organization(EVE, "One").await, app.create_organization(EVE, "Two").await);
    assert!(!permits(&app, ADA, CUSTOMERS, &one).await);
    link(&app, &partner, &one, false).await.expect(200);
    link(&app, &partner, &two, true).await.expect(200);
    assert!(permits(&app, ADA, CUSTOMERS, &one).await);
    assert!(!permits(&app, BOB, CUSTOMERS, &one).await);
    assert!(!permits(&app, ADA, OPEN, &one).await);
    assert!(!permits(&app, ADA, CASE, &one).await, "the customer does not prefer the partner");
    assert!(permits(&app, ADA, CASE, &two).await);
    // The customer's own Super Admin has no partner permissions.
    assert!(!permits(&app, EVE, CUSTOMERS, &one).await);
    let path = format!("{}/customers/{}", operator_path(&partner), id(&one));
    app.delete(OPERATOR, &path).await.expect(204);
    assert!(!permits(&app, ADA, CUSTOMERS, &one).await);
    assert!(permits(&app, ADA, CUSTOMERS, &two).await);
}

/// The catalogue marks some actions as `never`.
#[tokio::test]
async fn action_marked_never_is_always_denied() {
    let (app, root, branch, _) = three_levels().await;
    for never in [
        "license_management_sub_organizations.edit_license_notes",
        "license_management_customer_organizations.edit_license_notes",
    ] {
        assert!(!permits(&app, ADA, never, &root).await);
        assert!(!permits(&app, ADA, never, &branch).await);
    }
}

#[tokio::test]
async fn unknown_subject_resource_or_action_is_denied() {
    let (app, acme) = TestApp::with_acme().await;
    let good = evaluation(ADA, OPEN, &acme);
    for (pointer, value) in [
        ("/subject/id", json!("unknown")),
        ("/subject/id", json!("n\u{f6}body")),
        ("/subject/id", json!("x".repeat(3_000))),
        ("/subject/id", json!("")),
        ("/subject/type", json!("robot")),
        ("/resource/type", json!("galaxy")),
        ("/resource/id", json!("org_01KAK000000000000000000000")),
        ("/resource/id", json!("Acme")),
        ("/action/name", json!("license_management.eat")),
    ] {
        let mut evaluation = good.clone();
        *evaluation.pointer_mut(pointer).unwrap() = value;
        let decided = app.post(SERVICE, ONE, evaluation).await.expect(200);
        assert_eq!(decided.text, r#"{"decision":false}"#, "{pointer}");
    }
}

#[tokio::test]
async fn decisions_about_others_need_the_scope() {
    let (app, acme) = TestApp::with_acme().await;
    let mine = app.post(ADA, ONE, evaluation(ADA, NOTES, &acme)).await.expect(200);
    assert_eq!(mine.body, json!({ "decision": true }));
    app.post(ADA, ONE, evaluation(EVE, NOTES, &acme))
        .await
        .refuses(403, "decisions-scope-required");
    let both =
        json!({ "evaluations": [evaluation(ADA, NOTES, &acme), evaluation(EVE, NOTES, &acme)] });
    app.post(ADA, MANY, both.clone()).await.refuses(403, "decisions-scope-required");
    app.post(SERVICE, MANY, both).await.expect(200);
    let robot = json!({
        "subject": { "type": "robot", "id": ADA.sub },
        "action": { "name": OPEN },
        "resource": { "type": "organization", "id": id(&acme) },
    });
    app.post(ADA, ONE, robot).await.refuses(403, "decisions-scope-required");

    app.post(ADA, SUBJECTS, evaluation(ADA, OPEN, &acme))
        .await
        .refuses(403, "decisions-scope-required");
    for route in [RESOURCES, ACTIONS] {
        app.post(ADA, route, evaluation(ADA, OPEN, &acme)).await.expect(200);
        app.post(ADA, route, evaluation(EVE, OPEN, &acme))
            .await
            .refuses(403, "decisions-scope-required");
    }
    // The scope `operator` does not include decisions.
    app.post(OPERATOR, ONE, evaluation(ADA, OPEN, &acme))
        .await
        .refuses(403, "decisions-scope-required");
    let anonymous =
        app.send(None, "POST", ONE, Some(evaluation(ADA, OPEN, &acme))).await.expect(401);
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
}

/// The specification requires 400.
#[tokio::test]
async fn missing_or_mistyped_member_is_400() {
    let app = TestApp::new().await;
    let good = evaluation(ADA, OPEN, "org_x");
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
        let mut evaluation = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = evaluation.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(name.to_owned(), value),
            None => parent.remove(name),
        };
        for route in [ONE, MANY] {
            let answer = app.post(ADA, route, evaluation.clone()).await;
            let answer = answer.refuses(400, "unreadable-request");
            assert_eq!(answer.body["detail"], detail, "{route}");
            assert_eq!(answer.pointer(), pointer, "{route}");
        }
    }
}

/// Sends a body as it is, with a content type.
async fn raw(app: &TestApp, kind: Option<&str>, body: &'static str) -> Answer {
    let context = RequestContext::ApiGatewayV2(context(Some(ADA), NOON, "POST"));
    let request = Request::post(ONE);
    let request = kind.into_iter().fold(request, |it, kind| it.header("content-type", kind));
    let request = request.body(Body::from(body)).unwrap().with_request_context(context);
    app.respond(request).await
}

#[tokio::test]
async fn body_that_is_not_a_json_object_is_400() {
    let app = TestApp::new().await;
    let json = Some("application/json");
    for body in ["", "{", "[]", "null", "\"x\"", "{\"subject\":{},\"subject\":{}}"] {
        raw(&app, json, body).await.refuses(400, "unreadable-request");
    }
    let good = r#"{"subject":{"type":"user","id":"ada"},"action":{"name":"x"},"resource":{"type":"organization","id":"y"}}"#;
    for kind in
        [None, Some("text/plain"), Some("application/xml"), Some("application/problem+json")]
    {
        raw(&app, kind, good).await.refuses(400, "unreadable-request");
    }
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        raw(&app, Some(kind), good).await.expect(200);
    }
}

#[tokio::test]
async fn unknown_members_are_ignored_and_the_request_id_is_returned() {
    let (app, acme) = TestApp::with_acme().await;
    let mut evaluation = evaluation(ADA, NOTES, &acme);
    evaluation["foo"] = json!({ "bar": [1] });
    evaluation["subject"]["nickname"] = json!("A");
    evaluation["subject"]["properties"] = json!({ "department": "Sales" });
    evaluation["context"] = json!({ "time": "now", "explain": "yes" });
    let echo = [("x-request-id", "bfe9eb29-ab87")];
    let answer = app.send_with(Some(ADA), "POST", ONE, Some(evaluation), &echo).await.expect(200);
    assert_eq!(answer.text, r#"{"decision":true}"#);
    assert_eq!(answer.headers["x-request-id"], "bfe9eb29-ab87");
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn defaults_are_replaced_whole_and_results_keep_their_order() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, CY, "user").await;
    let mut body = evaluation(CY, OPEN, &acme);
    body["evaluations"] = json!([
        {},
        { "action": { "name": NOTES } },
        { "subject": { "type": "user", "id": ADA.sub }, "action": { "name": NOTES } },
        { "subject": { "type": "user" } },
        { "resource": null },
        7,
        { "action": { "name": 7 } },
    ]);
    let decided = app.post(SERVICE, MANY, body).await.expect(200);
    let decisions = [true, false, true, false, true, false, false];
    let decisions = decisions.map(|decision| json!({ "decision": decision }));
    assert_eq!(decided.body, json!({ "evaluations": decisions }));
}

#[tokio::test]
async fn batch_ends_with_the_deciding_evaluation() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, CY, "user").await;
    let each = [OPEN, NOTES, OPEN].map(|name| json!({ "action": { "name": name } }));
    let post_with = async |semantic: Value| {
        let mut body = evaluation(CY, OPEN, &acme);
        body["evaluations"] = json!(each);
        body["options"] = json!({ "evaluations_semantic": semantic, "other": 1 });
        app.post(SERVICE, MANY, body).await
    };
    for (semantic, decisions) in [
        ("execute_all", vec![true, false, true]),
        ("deny_on_first_deny", vec![true, false]),
        ("permit_on_first_permit", vec![true]),
    ] {
        let decided = post_with(json!(semantic)).await.expect(200);
        let answered = decided.body["evaluations"].as_array().unwrap();
        let answered: Vec<_> =
            answered.iter().map(|it| it["decision"].as_bool().unwrap()).collect();
        assert_eq!(answered, decisions, "{semantic}");
    }
    for wrong in [json!("first_come"), json!(1)] {
        let answer = post_with(wrong).await.refuses(400, "unreadable-request");
        assert_eq!(answer.pointer(), "/options/evaluations_semantic");
    }
}

#[tokio::test]
async fn batch_without_evaluations_is_a_single_evaluation() {
    let (app, acme) = TestApp::with_acme().await;
    for evaluations in [Value::Null, json!([])] {
        let mut body = evaluation(ADA, OPEN, &acme);
        body["evaluations"] = evaluations;
        let decided = app.post(ADA, MANY, body).await.expect(200);
        assert_eq!(decided.text, r#"{"decision":true}"#);
    }
    let mut body = evaluation(ADA, OPEN, &acme);
    body["evaluations"] = json!({});
    app.post(ADA, MANY, body).await.refuses(400, "unreadable-request");
    app.post(ADA, MANY, json!({ "evaluations": [] })).await.refuses(400, "unreadable-request");
    let many = json!({ "evaluations": vec![json!({}); 257] });
    app.post(ADA, MANY, many).await.refuses(400, "unreadable-request");
}

/// One round trip for members, two if some subjects are in other organizations.
#[tokio::test]
async fn evaluations_of_a_batch_share_their_reads() {
    let (app, root, branch, leaf) = three_levels().await;
    let mine = |action: &str, org: &str| evaluation(BOB, action, org);
    let direct = json!({ "evaluations": vec![mine(NOTES, &root); 20] });
    let decided = app.post(SERVICE, MANY, direct).await.expect(200);
    assert_eq!((decided.cost.round_trips, decided.cost.read_units), (1, 2.0));
    let mixed = [mine(NOTES, &root), mine(BELOW, &branch), mine(BELOW, &leaf), mine(OPEN, &leaf)];
    let decided = app.post(SERVICE, MANY, json!({ "evaluations": mixed })).await.expect(200);
    let decisions = [true, true, true, false].map(|decision| json!({ "decision": decision }));
    assert_eq!(decided.body, json!({ "evaluations": decisions }));
    assert_eq!(decided.cost.round_trips, 2);
}

/// A subject with more memberships than one index query returns is searched from the resource.
#[tokio::test]
async fn many_memberships_and_partners_hide_no_permission() {
    let (app, _, _, leaf) = three_levels().await;
    for nth in 0..15 {
        app.create_organization(BOB, &format!("Other {nth}")).await;
    }
    assert!(permits(&app, BOB, BELOW, &leaf).await);
    let partner = app.create_partner(BOB, "Partner").await;
    let customer = app.create_organization(EVE, "Customer").await;
    link(&app, &partner, &customer, false).await.expect(200);
    assert!(permits(&app, BOB, CUSTOMERS, &customer).await);
    // The same holds for a customer of many partners.
    for nth in 0..12 {
        let other = app.create_partner(nth_user(nth), &format!("Partner {nth}")).await;
        link(&app, &other, &customer, false).await.expect(200);
        assert!(permits(&app, nth_user(nth), CUSTOMERS, &customer).await);
    }
    assert!(permits(&app, BOB, CUSTOMERS, &customer).await);
    let subjects = search_all(&app, SUBJECTS, evaluation(EVE, CUSTOMERS, &customer), 5).await;
    assert_eq!(subjects.len(), 13, "{subjects:?}");
}

#[tokio::test]
async fn explanation_names_the_missing_level_and_who_can_grant_it() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, CY, "user").await;
    assert_snapshot!(app.post(SERVICE, ONE, explained_evaluation(CY, NOTES, &acme)).await, @r#"
    200 OK
    {
      "context": {
        "code": "level",
        "level_needed": "full_access",
        "paths": [
          {
            "deny_reason": "level",
            "granted": false,
            "level_held": "view_only",
            "organization_id": "org_…",
            "path": "member",
            "reason": "The subject holds `view_only` on `license_management` in this organization; this action needs `full_access`.",
            "role_id": "user"
          }
        ],
        "reason": "The subject holds `view_only` on `license_management` in this organization; this action needs `full_access`.",
        "role_object": "license_management",
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
    assert_snapshot!(app.post(SERVICE, ONE, explained_evaluation(CY, OPEN, &acme)).await, @r#"
    200 OK
    {
      "context": {
        "code": "granted",
        "level_needed": "none",
        "paths": [
          {
            "granted": true,
            "level_held": "view_only",
            "organization_id": "org_…",
            "path": "member",
            "reason": "The subject holds `view_only` on `license_management` in this organization, which grants this.",
            "role_id": "user"
          }
        ],
        "reason": "The subject holds `view_only` on `license_management` in this organization, which grants this.",
        "role_object": "license_management"
      },
      "decision": true
    }
    "#);
}

#[tokio::test]
async fn explanation_names_each_access_path() {
    let (app, root, branch, _) = three_levels().await;
    app.update_settings(&root, json!({ "manage_sub_organizations": false })).await;
    assert_snapshot!(app.post(SERVICE, ONE, explained_evaluation(BOB, BELOW, &branch)).await, @r#"
    200 OK
    {
      "context": {
        "code": "switch",
        "level_needed": "view_only",
        "paths": [
          {
            "deny_reason": "switch",
            "granted": false,
            "level_held": "none",
            "organization_id": "org_…",
            "path": "ancestor",
            "reason": "`license_management_sub_organizations` is switched off in org_…, above this organization: it counts only while an operator has turned sub-organization management on for the tree.",
            "role_id": "admin"
          }
        ],
        "reason": "`license_management_sub_organizations` is switched off in org_…, above this organization: it counts only while an operator has turned sub-organization management on for the tree.",
        "role_object": "license_management_sub_organizations",
        "who_could_grant": {
          "reason": "An operator of the platform can change this setting or link.",
          "who": "operators"
        }
      },
      "decision": false
    }
    "#);
}

/// U5
#[tokio::test]
async fn explanation_reveals_nothing_to_outsiders() {
    let (app, _, branch, _) = three_levels().await;
    let nowhere = "org_01KAK000000000000000000000";
    for caller in [EVE, CY] {
        for action in [OPEN, BELOW, CUSTOMERS] {
            let answered = async |org: &str| {
                let answer = app
                    .post(caller, ONE, explained_evaluation(caller, action, org))
                    .await
                    .expect(200);
                answer.text.replace(id(org), "…")
            };
            assert_eq!(answered(&branch).await, answered(nowhere).await, "{action}");
        }
    }
    let mine = app.post(BOB, ONE, explained_evaluation(BOB, BELOW, &branch)).await.expect(200);
    assert_eq!(mine.body["context"]["code"], "granted");
}

#[tokio::test]
async fn every_explanation_has_a_code() {
    let (app, acme) = TestApp::with_acme().await;
    let partner = app.create_partner(ADA, "Partner").await;
    link(&app, &partner, &acme, false).await.expect(200);
    let plain = app.create_role(ADA, &acme, "Plain", json!({})).await;
    app.add_member(ADA, &acme, BOB, &plain).await;
    let stranger = "not_a_role.at_all";
    let never = "license_management_sub_organizations.edit_license_notes";
    for (caller, action, code) in [
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
        let answered =
            app.post(SERVICE, ONE, explained_evaluation(caller, action, &acme)).await.expect(200);
        assert_eq!(answered.body["context"]["code"], code, "{answered}");
    }
    let mut robot = explained_evaluation(ADA, OPEN, &acme);
    robot["subject"]["type"] = json!("robot");
    let answered = app.post(SERVICE, ONE, robot).await.expect(200);
    assert_eq!(answered.body["context"]["code"], "unknown_subject_type");
    let mut body = explained_evaluation(ADA, OPEN, &acme);
    body["evaluations"] = json!([{ "action": {} }, { "context": {} }]);
    let answered = app.post(SERVICE, MANY, body).await.expect(200);
    assert_eq!(answered.body["evaluations"][0]["context"]["code"], "malformed");
    assert_eq!(answered.body["evaluations"][1], json!({ "decision": true }));
}

#[tokio::test]
async fn discovery_document_needs_no_token() {
    let limits = Limits { public_url: Some("https://api.example.com/"), ..Limits::default() };
    let app = TestApp::with(limits).await;
    let path = "/.well-known/authzen-configuration";
    assert_snapshot!(app.send(None, "GET", path, None).await, @r#"
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
