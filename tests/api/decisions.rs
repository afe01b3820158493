//! `/access/v1/…`: decisions for other services (OpenID AuthZEN).

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use shared::http::Deployment;

use crate::{
    decision_search::search_all,
    helpers::{id, nth_user},
    matrix::SERVICE,
    partners::link,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, ample, member_id},
};

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

/// The answer to an evaluation that asks for an explanation.
async fn explain(
    app: &TestApp,
    by: Identity,
    subject: Identity,
    action: &str,
    org: &str,
) -> Answer {
    let mut evaluation = evaluation(subject, action, org);
    evaluation["context"] = json!({ "explain": true });
    app.post(by, ONE, evaluation).await.expect(200)
}

/// The decision: may `caller` perform the action there?
pub async fn permits(app: &TestApp, caller: Identity, action: &str, org: &str) -> bool {
    let decided = app.post(SERVICE, ONE, evaluation(caller, action, org)).await.expect(200);
    assert_eq!(decided.text, json!({ "decision": decided.body["decision"] }).to_string());
    decided.body["decision"].as_bool().unwrap()
}

/// Asserts decisions: subject, action, organization, and whether it is permitted.
async fn assert_decisions(app: &TestApp, expected: &[(Identity, &str, &str, bool)]) {
    for (nth, (caller, action, org, permitted)) in expected.iter().enumerate() {
        let found = permits(app, *caller, action, org).await;
        assert_eq!(found, *permitted, "case {nth}: {} {action} {org}", caller.sub);
    }
}

/// The answer with these decisions.
pub fn decisions_body(decisions: &[bool]) -> Value {
    let decisions: Vec<_> =
        decisions.iter().map(|decision| json!({ "decision": decision })).collect();
    json!({ "evaluations": decisions })
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

/// ROLE8
#[tokio::test]
async fn role_change_applies_to_the_next_decision() {
    let (app, acme) = TestApp::with_acme().await;
    let view = json!({ "license_management": "view_only" });
    let role = app.add_member_with(ADA, &acme, BOB, view).await;
    assert_decisions(&app, &[(BOB, OPEN, &acme, true), (BOB, NOTES, &acme, false)]).await;
    let more = json!({ "permissions": { "license_management": "full_access" } });
    app.patch(ADA, &format!("{acme}/roles/{role}"), more).await.expect(200);
    assert_decisions(&app, &[(BOB, NOTES, &acme, true)]).await;
    app.remove(ADA, &acme, BOB).await.expect(204);
    assert_decisions(&app, &[(BOB, OPEN, &acme, false)]).await;
}

/// SUB4, U2: permissions extend to neither ancestors nor siblings.
#[tokio::test]
async fn member_above_has_only_the_sub_organization_permissions() {
    let (app, root, branch, leaf) = three_levels().await;
    for org in [&*branch, &leaf] {
        let below = [(BOB, BELOW, org, true), (CY, BELOW, org, false), (EVE, BELOW, org, false)];
        assert_decisions(&app, &below).await;
        let own = [OPEN, NOTES, "user_management.list", CREATE];
        assert_decisions(&app, &own.map(|action| (BOB, action, org, false))).await;
    }
    let sibling = app.create_empty_sub_organization(&root, "Sibling").await;
    app.post(BOB, &format!("{branch}/join"), json!({})).await.expect(200);
    app.add_member(BOB, &branch, EVE, "admin").await;
    let own =
        [(EVE, BELOW, &*leaf, true), (EVE, CREATE, &branch, true), (EVE, CREATE, &leaf, false)];
    assert_decisions(&app, &own).await;
    assert_decisions(&app, &[(EVE, BELOW, &root, false), (EVE, BELOW, &sibling, false)]).await;
    app.update_settings(&root, json!({ "manage_sub_organizations": false })).await;
    assert_decisions(&app, &[(EVE, BELOW, &leaf, false)]).await;
    app.update_settings(&root, json!({ "manage_sub_organizations": true })).await;
    app.remove(BOB, &branch, EVE).await.expect(204);
    assert_decisions(&app, &[(EVE, BELOW, &leaf, false)]).await;
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
    let mine = evaluation(ADA, NOTES, &acme);
    let others = evaluation(EVE, NOTES, &acme);
    let mut robot = mine.clone();
    robot["subject"]["type"] = json!("robot");
    let both = json!({ "evaluations": [mine, others] });
    for (route, body, permitted) in [
        (ONE, &mine, true),
        (ONE, &others, false),
        (ONE, &robot, false),
        (MANY, &both, false),
        (SUBJECTS, &mine, false),
        (RESOURCES, &mine, true),
        (RESOURCES, &others, false),
        (ACTIONS, &mine, true),
        (ACTIONS, &others, false),
    ] {
        let answer = app.post(ADA, route, body.clone()).await;
        if permitted {
            answer.expect(200);
        } else {
            answer.refuses(403, "decisions-scope-required");
        }
        app.post(SERVICE, route, body.clone()).await.expect(200);
    }
    // The scope `operator` does not include decisions.
    app.post(OPERATOR, ONE, mine.clone()).await.refuses(403, "decisions-scope-required");
    let anonymous = app.send(None, "POST", ONE, Some(mine)).await.expect(401);
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
}

/// The specification requires 400.
#[tokio::test]
async fn missing_or_mistyped_member_is_400() {
    let app = TestApp::new().await;
    let mut cases = Vec::new();
    for (route, required) in [
        (ONE, "/subject /subject/type /subject/id /action /action/name"),
        (ONE, "/resource /resource/type /resource/id"),
        (SUBJECTS, "/subject/type /action /resource /resource/id"),
        (RESOURCES, "/subject /subject/id /action/name /resource/type"),
        (ACTIONS, "/subject/id /resource /resource/id"),
    ] {
        cases.extend(required.split(' ').map(|pointer| (route, pointer, None, "is required")));
    }
    cases.extend([
        (ONE, "/subject", Some(Value::Null), "is required"),
        (ONE, "/subject", Some(json!("ada")), "must be an object"),
        (ONE, "/subject", Some(json!(["user", "ada"])), "must be an object"),
        (ONE, "/subject/id", Some(json!(7)), "must be a string"),
        (ONE, "/subject/properties", Some(json!("x")), "must be an object"),
        (ONE, "/action/name", Some(json!(123)), "must be a string"),
        (ONE, "/context", Some(json!([])), "must be an object"),
    ]);
    for (route, pointer, value, what) in cases {
        let mut evaluation = evaluation(ADA, OPEN, "org_x");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = evaluation.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(name.to_owned(), value),
            None => parent.remove(name),
        };
        for route in [route, if route == ONE { MANY } else { route }] {
            let answer = app.post(SERVICE, route, evaluation.clone()).await;
            let answer = answer.refuses(400, "unreadable-request");
            let shown = (answer.pointer(), answer.body["detail"].as_str().unwrap());
            assert_eq!(shown, (pointer, &*format!("`{pointer}` {what}")), "{route}");
        }
    }
}

/// Sends a body as it is, with a content type.
async fn raw(app: &TestApp, content_type: Option<&str>, body: &'static str) -> Answer {
    let mut request = Request::post(ONE);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    app.answer(Some(ADA), request.body(Body::from(body)).unwrap()).await
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
    assert_eq!(decided.body, decisions_body(&decisions));
}

/// `certification.rs` has the three that exist.
#[tokio::test]
async fn unknown_semantics_of_a_batch_are_refused() {
    let (app, acme) = TestApp::with_acme().await;
    let mut body = evaluation(ADA, OPEN, &acme);
    body["evaluations"] = json!([{}]);
    for wrong in [json!("first_come"), json!(1)] {
        body["options"] = json!({ "evaluations_semantic": wrong });
        let answer = app.post(SERVICE, MANY, body.clone()).await.refuses(400, "unreadable-request");
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
    assert_eq!(decided.body, decisions_body(&[true, true, true, false]));
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
    // The same holds for a customer of many partners.
    let customer = app.create_organization(EVE, "Customer").await;
    for partner_admin in [BOB].into_iter().chain((0..12).map(nth_user)) {
        let partner = app.create_partner(partner_admin, "Partner").await;
        link(&app, &partner, &customer, false).await.expect(200);
        assert!(permits(&app, partner_admin, CUSTOMERS, &customer).await);
    }
    assert!(permits(&app, BOB, CUSTOMERS, &customer).await);
    let subjects = search_all(&app, SUBJECTS, evaluation(EVE, CUSTOMERS, &customer), 5).await;
    assert_eq!(subjects.len(), 13, "{subjects:?}");
}

#[tokio::test]
async fn explanation_names_the_missing_level_and_who_can_grant_it() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, CY, "user").await;
    let members = json!({
        "who": "members",
        "organization_id": id(&acme),
        "organization_name": "Acme",
        "levels": { "license_management": "full_access", "user_management": "full_access" },
        "built_in_roles": ["super_admin", "admin"],
        "built_in_role_names": ["Super Admin", "Admin"],
        "reason": "A member who holds these levels there can invite the user or assign another role.",
    });
    for (action, decision, level_needed, consequence) in [
        (NOTES, false, "full_access", "; this action needs full access."),
        (OPEN, true, "none", ", which grants this."),
    ] {
        let reason = format!(
            "The user has view access to License Management in this organization{consequence}"
        );
        let mut path = json!({
            "path": "member",
            "organization_id": id(&acme),
            "organization_name": "Acme",
            "role_id": "user",
            "role_name": "User",
            "level_held": "view_only",
            "granted": decision,
            "reason": reason,
        });
        let mut context = json!({
            "code": if decision { "granted" } else { "level" },
            "reason": reason,
            "role_object": "license_management",
            "level_needed": level_needed,
        });
        if !decision {
            path["deny_reason"] = json!("level");
            context["who_could_grant"] = members.clone();
        }
        context["paths"] = json!([path]);
        let answer = explain(&app, SERVICE, CY, action, &acme).await;
        assert_eq!(answer.body, json!({ "decision": decision, "context": context }));
    }
}

#[tokio::test]
async fn explanation_names_the_path_through_an_ancestor() {
    let (app, root, branch, _) = three_levels().await;
    app.update_settings(&root, json!({ "manage_sub_organizations": false })).await;
    let context = &explain(&app, SERVICE, BOB, BELOW, &branch).await.body["context"];
    let path = &context["paths"][0];
    let fields = [&path["path"], &path["organization_id"], &path["deny_reason"]];
    assert_eq!(fields, ["ancestor", id(&root), "condition"]);
    let reason = "License Management - Sub Organizations is switched off in Root, above this organization: it counts only while an operator has turned sub-organization management on for the tree.";
    assert_eq!(path["reason"], reason);
    let operators = json!({
        "who": "operators",
        "reason": "An operator of the platform can change this setting, link or suspension.",
    });
    assert_eq!(context["who_could_grant"], operators);
}

/// U5
#[tokio::test]
async fn explanation_reveals_nothing_to_outsiders() {
    let (app, _, branch, _) = three_levels().await;
    let nowhere = "org_01KAK000000000000000000000";
    for caller in [EVE, CY] {
        for action in [OPEN, BELOW, CUSTOMERS] {
            let [here, there] = [
                explain(&app, caller, caller, action, &branch).await.text,
                explain(&app, caller, caller, action, nowhere).await.text,
            ];
            assert_eq!(here.replace(id(&branch), nowhere), there, "{action}");
        }
    }
    let mine = explain(&app, BOB, BOB, BELOW, &branch).await;
    assert_eq!(mine.body["context"]["code"], "granted");
}

/// ORG6, U2: the decision follows the role of the subject. The catalogue marks some actions as `never`.
#[tokio::test]
async fn every_explanation_has_a_code() {
    let (app, acme) = TestApp::with_acme().await;
    let partner = app.create_partner(ADA, "Partner").await;
    link(&app, &partner, &acme, false).await.expect(200);
    app.add_member_with(ADA, &acme, BOB, json!({})).await;
    for (caller, action, code) in [
        (ADA, "not_a_role.at_all", "unknown_action"),
        (ADA, "license_management_sub_organizations.edit_license_notes", "never"),
        (ADA, "license_management_customer_organizations.edit_license_notes", "never"),
        (EVE, OPEN, "membership"),
        (EVE, CUSTOMERS, "link"),
        (ADA, CASE, "preferred_link"),
        (ADA, BELOW, "condition"),
        (BOB, CUSTOMERS, "kind"),
        (BOB, NOTES, "level"),
        (BOB, OPEN, "granted"),
        (ADA, NOTES, "granted"),
        (ADA, CUSTOMERS, "granted"),
    ] {
        let answer = explain(&app, SERVICE, caller, action, &acme).await;
        let found = (&answer.body["context"]["code"], &answer.body["decision"]);
        assert_eq!(found, (&json!(code), &json!(code == "granted")), "{action}");
    }
    let suspension = format!("{acme}/partners/{}/suspension", id(&partner));
    app.send(Some(ADA), "PUT", &suspension, None).await.expect(200);
    let answer = explain(&app, SERVICE, ADA, CUSTOMERS, &acme).await;
    assert_eq!(answer.body["context"]["code"], "link_suspended");
    let grantors = &answer.body["context"]["who_could_grant"];
    let levels = json!({ "organization_general_information": "full_access" });
    assert_eq!((&grantors["organization_id"], &grantors["levels"]), (&json!(id(&acme)), &levels));

    let mut body = evaluation(ADA, OPEN, &acme);
    body["context"] = json!({ "explain": true });
    let mut robot = body.clone();
    robot["subject"]["type"] = json!("robot");
    let answer = app.post(SERVICE, ONE, robot).await.expect(200);
    assert_eq!(answer.body["context"]["code"], "unknown_subject_type");
    body["evaluations"] = json!([{ "action": {} }, { "context": {} }]);
    let answer = app.post(SERVICE, MANY, body).await.expect(200);
    assert_eq!(answer.body["evaluations"][0]["context"]["code"], "malformed");
    assert_eq!(answer.body["evaluations"][1], json!({ "decision": true }));
}

/// The organization of those who could help has a name for a service, although no path leads there. A person
/// who asks about themselves does not learn it (U5).
#[tokio::test]
async fn who_could_grant_names_the_organization_to_services_alone() {
    let (app, acme) = TestApp::with_acme().await;
    let grantors = async |caller| {
        let answer = explain(&app, caller, EVE, OPEN, &acme).await;
        assert_eq!(answer.body["context"]["code"], "membership", "{answer}");
        (answer.body["context"]["who_could_grant"].clone(), answer.cost.round_trips)
    };
    let (named, round_trips) = grantors(SERVICE).await;
    assert_eq!(
        (&named["organization_id"], &named["organization_name"]),
        (&json!(id(&acme)), &json!("Acme"))
    );
    assert_eq!(round_trips, 2);
    let (unnamed, _) = grantors(EVE).await;
    assert_eq!(
        (&unnamed["organization_id"], unnamed.get("organization_name")),
        (&json!(id(&acme)), None)
    );
}

/// The explanation of a decision about the person that `query` names.
async fn why(app: &TestApp, by: Identity, org: &str, query: &str) -> Answer {
    app.get(by, &format!("{org}/explanations?action={query}")).await
}

/// OP2
#[tokio::test]
async fn user_manager_learns_why_a_member_may_not() {
    let (app, acme) = TestApp::with_acme().await;
    let role = json!({ "name": "Licences", "permissions": { "license_management": "view_only" } });
    let role = app.post(ADA, &format!("{acme}/roles"), role).await.expect(201);
    app.add_member(ADA, &acme, BOB, &role.id()).await;
    let bob = member_id(&acme, BOB.sub);
    for named in [format!("member_id={bob}"), format!("email={}", BOB.email), "user_id=bob".into()]
    {
        let answer = why(&app, ADA, &acme, &format!("{NOTES}&{named}")).await.expect(200);
        let person = &answer.body["person"];
        assert_eq!((&person["id"], &person["email"]), (&json!(bob), &json!(BOB.email)));
        assert_eq!(
            (&answer.body["decision"], &answer.body["action"]),
            (&json!(false), &json!(NOTES))
        );
        let explanation = &answer.body["explanation"];
        assert_eq!(explanation["code"], "level");
        let path = &explanation["paths"][0];
        assert_eq!(
            (&path["organization_name"], &path["role_name"]),
            (&json!("Acme"), &json!("Licences"))
        );
    }
    let granted = why(&app, ADA, &acme, &format!("{OPEN}&member_id={bob}")).await.expect(200);
    assert_eq!(granted.body["explanation"]["code"], "granted");
}

/// OP2: an invitation that is not accepted is the reason most often.
#[tokio::test]
async fn explanation_says_that_a_person_is_only_invited() {
    let (app, acme) = TestApp::with_acme().await;
    app.invite(ADA, &acme, CY.email, "user").await;
    let query = format!("{OPEN}&email={}", CY.email);
    let answer = why(&app, ADA, &acme, &query).await.expect(200);
    assert_eq!(answer.body["explanation"]["code"], "invited");
    assert_eq!(answer.body["explanation"]["who_could_grant"]["who"], "subject");
    let assert_of_members = async |query: &str, reason: &str| {
        let answer = why(&app, ADA, &acme, query).await.expect(200);
        assert_eq!(answer.body["explanation"]["reason"], reason);
        assert_eq!(answer.body["explanation"]["who_could_grant"]["who"], "members");
    };
    let more = format!("{NOTES}&email={}", CY.email);
    let reason = "The person is invited, but the role that is offered does not grant this.";
    assert_of_members(&more, reason).await;
    app.wait(8 * DAY);
    let reason = "The person is invited, but the invitation has expired. Resend it.";
    assert_of_members(&query, reason).await;
}

/// OP2, INV9, END1, SA7: nothing is promised to an invitee who cannot accept.
#[tokio::test]
async fn explanation_says_why_an_invitee_cannot_accept() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.invite(BOB, &acme, CY.email, "user").await.expect(201);
    let query = format!("{OPEN}&email={}", CY.email);
    let reason_and_who = async |by: Identity| {
        let explanation =
            why(&app, by, &acme, &query).await.expect(200).body["explanation"].clone();
        let who = explanation["who_could_grant"]["who"].as_str().unwrap().to_owned();
        (explanation["reason"].as_str().unwrap().to_owned(), who)
    };
    app.remove(ADA, &acme, BOB).await.expect(204);
    let (reason, who) = reason_and_who(ADA).await;
    assert!(reason.contains("may no longer give its role. Resend it."), "{reason}");
    assert_eq!(who, "members");
    let path = format!("{acme}/invitations?limit=1");
    let id = app.get(ADA, &path).await.items()[0]["id"].as_str().unwrap().to_owned();
    let end = json!({ "access_expires_at": "2026-11-21T13:00:00Z" });
    app.patch(ADA, &format!("{acme}/invitations/{id}"), end).await.expect(200);
    app.wait(8 * DAY);
    let (reason, who) = reason_and_who(ADA).await;
    assert!(reason.contains("access that is offered has ended. Change its end."), "{reason}");
    assert_eq!(who, "members");
    app.suspend(&acme).await.expect(200);
    let (reason, who) = reason_and_who(OPERATOR).await;
    assert!(reason.contains("cannot accept while the organization is suspended"), "{reason}");
    assert_eq!(who, "operators");
}

/// OP2, U5: a user manager learns nothing of people who are not of their organization; an operator does.
#[tokio::test]
async fn only_operators_ask_about_people_of_other_organizations() {
    let (app, root, branch, _) = three_levels().await;
    app.send(Some(ADA), "POST", &format!("{branch}/join"), None).await.expect(200);
    for named in [format!("email={}", BOB.email), "user_id=bob".into()] {
        let query = format!("{BELOW}&{named}");
        let seen = why(&app, OPERATOR, &branch, &query).await.expect(200);
        assert_eq!(
            (&seen.body["decision"], &seen.body["explanation"]["code"]),
            (&json!(true), &json!("granted"))
        );
        assert_eq!(seen.body["explanation"]["paths"][0]["organization_id"], id(&root));
        let person = json!({ "id": null, "name": null, "email": BOB.email });
        assert_eq!(seen.body["person"], person, "the root knows the address");
        assert_eq!(seen.body["organization_name"], "Branch");
        let hidden = why(&app, ADA, &branch, &query).await.expect(200);
        assert_eq!(hidden.body["decision"], Value::Null, "it could be true by another path");
        assert_eq!(hidden.body["explanation"]["code"], "membership");
        assert_eq!(hidden.body["explanation"].get("paths"), None);
        assert_eq!(hidden.body["person"]["name"], Value::Null);
    }
    let unknown = why(&app, OPERATOR, &branch, &format!("{OPEN}&email=nobody@example.com")).await;
    assert_eq!(unknown.expect(200).body["explanation"]["code"], "membership");
    let member = format!("{OPEN}&member_id={}", member_id(&branch, EVE.sub));
    why(&app, OPERATOR, &branch, &member).await.refuses(404, "no-such-member");
}

#[tokio::test]
async fn question_names_one_person_and_an_action_of_the_catalogue() {
    let (app, acme) = TestApp::with_acme().await;
    for query in [
        OPEN.to_owned(),
        format!("{OPEN}&user_id=ada&email={}", ADA.email),
        "not_a_role.at_all&user_id=ada".to_owned(),
        format!("{OPEN}&email=nonsense"),
    ] {
        why(&app, ADA, &acme, &query).await.refuses(422, "invalid-request");
    }
}

#[tokio::test]
async fn discovery_document_needs_no_token() {
    let deployment = Deployment { public_url: Some("https://api.example.com/"), ..ample() };
    let app = TestApp::with(deployment).await;
    let path = "/.well-known/authzen-configuration";
    let url = |path: &str| format!("https://api.example.com{path}");
    let expected = json!({
        "policy_decision_point": url(""),
        "access_evaluation_endpoint": url(ONE),
        "access_evaluations_endpoint": url(MANY),
        "search_subject_endpoint": url(SUBJECTS),
        "search_resource_endpoint": url(RESOURCES),
        "search_action_endpoint": url(ACTIONS),
    });
    assert_eq!(app.send(None, "GET", path, None).await.expect(200).body, expected);
    let nowhere = TestApp::with(Deployment { public_url: None, ..ample() }).await;
    nowhere.send(None, "GET", path, None).await.refuses(404, "no-such-route");
}
