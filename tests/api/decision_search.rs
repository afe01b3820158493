//! `/access/v1/search/…`: searches for subjects, resources and actions (OpenID AuthZEN).

use serde_json::{Value, json};

use crate::{
    decisions::{
        ACTIONS, BELOW, CASE, CUSTOMERS, NOTES, OPEN, RESOURCES, SUBJECTS, evaluation, permits,
        three_levels,
    },
    helpers::{id, nth_user},
    matrix::SERVICE,
    partners::link,
    test_app::{ADA, BOB, CY, EVE, TestApp},
};

/// The ids or names of all results of a search.
pub async fn search_all(app: &TestApp, route: &str, body: Value, limit: usize) -> Vec<String> {
    let (mut all, mut body) = (Vec::new(), body);
    body["page"] = json!({ "limit": limit });
    loop {
        let page = app.post(SERVICE, route, body.clone()).await.expect(200);
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

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[tokio::test]
async fn subject_search_returns_each_permitted_subject_once() {
    let (app, root, branch, _) = three_levels().await;
    app.post(BOB, &format!("{branch}/join"), json!({})).await.expect(200);
    for nth in 0..7 {
        app.add_member(BOB, &branch, nth_user(nth), if nth < 3 { "admin" } else { "user" }).await;
    }
    app.add_member(BOB, &branch, CY, "user").await;
    let permitted = async |action: &str, org: &str, limit| {
        search_all(&app, SUBJECTS, evaluation(EVE, action, org), limit).await
    };
    let admins = ["bob", "person-000", "person-001", "person-002"];
    assert_eq!(permitted("user_management.invite", &branch, 2).await, admins);
    assert_eq!(permitted(OPEN, &branch, 3).await.len(), 9);
    // Bob is a member of the branch and of the root, and appears once. Ada is a member of the root.
    for limit in [1, 2, 100] {
        let all = permitted(BELOW, &branch, limit).await;
        assert_eq!(sorted(all), ["ada", "bob", "person-000", "person-001", "person-002"]);
    }
    assert_eq!(permitted(BELOW, &root, 100).await, ["ada", "bob"]);
    let never = "license_management_sub_organizations.edit_license_notes";
    assert!(permitted(never, &branch, 100).await.is_empty());
    assert!(permitted(OPEN, "org_01KAK000000000000000000000", 100).await.is_empty());
}

#[tokio::test]
async fn search_responses_have_the_form_of_the_specification() {
    let (app, acme) = TestApp::with_acme().await;
    let end = r#""page":{"next_token":""}}"#;
    let body = evaluation(EVE, OPEN, &acme);
    let subjects = app.post(SERVICE, SUBJECTS, body.clone()).await.expect(200);
    let named = r#""properties":{"name":null,"email":"ada@example.com"}"#;
    assert_eq!(
        subjects.text,
        format!(r#"{{"results":[{{"type":"user","id":"ada",{named}}}],{end}"#)
    );
    let body = evaluation(ADA, NOTES, &acme);
    let resources = app.post(ADA, RESOURCES, body.clone()).await.expect(200);
    let found =
        format!(r#"{{"type":"organization","id":"{}","properties":{{"name":"Acme"}}}}"#, id(&acme));
    assert_eq!(resources.text, format!(r#"{{"results":[{found}],{end}"#));
    // A search for actions ignores a given action.
    let mut body = body;
    body["action"] = json!(7);
    let actions = app.post(ADA, ACTIONS, body).await.expect(200);
    assert!(actions.text.starts_with(r#"{"results":[{"name":"critical_alert_users.list"},"#));
    assert!(actions.text.ends_with(end));
    let none = app.post(SERVICE, ACTIONS, evaluation(EVE, OPEN, &acme)).await.expect(200);
    assert_eq!(none.text, format!(r#"{{"results":[],{end}"#));
}

#[tokio::test]
async fn resource_search_returns_each_organization_once() {
    let (app, root, branch, leaf) = three_levels().await;
    let elsewhere = app.create_organization(BOB, "Elsewhere").await;
    app.post(BOB, &format!("{branch}/join"), json!({})).await.expect(200);
    for limit in [1, 2, 100] {
        for (action, orgs) in
            [(BELOW, [&root, &branch, &leaf]), (NOTES, [&root, &branch, &elsewhere])]
        {
            let found = search_all(&app, RESOURCES, evaluation(BOB, action, &root), limit).await;
            let expected = orgs.map(|org| id(org).to_owned());
            assert_eq!(sorted(found), sorted(expected.to_vec()), "{action} {limit}");
        }
    }
    assert!(search_all(&app, RESOURCES, evaluation(CY, BELOW, &root), 100).await.is_empty());
}

#[tokio::test]
async fn resource_search_returns_customers_of_a_partner() {
    let (app, partner) = TestApp::with_partner("Partner").await;
    let mut expected = vec![id(&partner).to_owned()];
    for nth in 0..5 {
        let customer = app.create_organization(EVE, &format!("Customer {nth}")).await;
        link(&app, &partner, &customer, nth == 3).await.expect(200);
        expected.push(id(&customer).to_owned());
    }
    let (other, preferring) = (expected[1].clone(), expected[4].clone());
    expected.sort();
    for limit in [1, 2, 100] {
        let all = search_all(&app, RESOURCES, evaluation(ADA, CUSTOMERS, &partner), limit).await;
        assert_eq!(sorted(all), expected);
        let cases = search_all(&app, RESOURCES, evaluation(ADA, CASE, &partner), limit).await;
        assert!(cases.contains(&preferring) && !cases.contains(&other), "{cases:?}");
    }
}

#[tokio::test]
async fn action_search_agrees_with_decisions() {
    let (app, root, branch, _) = three_levels().await;
    for (caller, org) in [(ADA, &root), (BOB, &branch), (CY, &root), (CY, &branch)] {
        let actions = search_all(&app, ACTIONS, evaluation(caller, OPEN, org), 7).await;
        for action in shared::domain::Action::all() {
            let listed = actions.iter().any(|name| name == action.name);
            assert_eq!(listed, permits(&app, caller, action.name, org).await, "{}", action.name);
        }
    }
    let above = search_all(&app, ACTIONS, evaluation(BOB, OPEN, &branch), 100).await;
    assert!(above.iter().all(|name| name.contains("_sub_organizations.")), "{above:?}");
    assert_eq!(above.len(), 11);
}

#[tokio::test]
async fn page_token_is_bound_to_its_search() {
    let (app, acme) = TestApp::with_acme().await;
    let search = async |route: &str, page: Value, context: Value| {
        let mut body = evaluation(ADA, OPEN, &acme);
        body["page"] = page;
        body["context"] = context;
        app.post(ADA, route, body).await
    };
    let none = || json!({});
    let first = search(ACTIONS, json!({ "limit": 2.0 }), none()).await.expect(200);
    let token = first.body["page"]["next_token"].clone();
    let next = search(ACTIONS, json!({ "token": token }), none()).await.expect(200);
    assert_eq!(next.body["results"].as_array().unwrap().len(), 2, "the token keeps the limit");
    assert_ne!(next.body["results"], first.body["results"]);
    for (route, page, context) in [
        (ACTIONS, json!({ "token": token, "limit": 3 }), none()),
        (RESOURCES, json!({ "token": token, "limit": 2 }), none()),
        (ACTIONS, json!({ "token": token, "limit": 2 }), json!({ "new": true })),
        (ACTIONS, json!({ "token": "rubbish" }), none()),
        (ACTIONS, json!([]), none()),
        (ACTIONS, json!({ "limit": -1 }), none()),
        (ACTIONS, json!({ "limit": 2.5 }), none()),
        (ACTIONS, json!({ "limit": "2" }), none()),
        (ACTIONS, json!({ "token": 2 }), none()),
    ] {
        let label = format!("{route} {page}");
        let answer = search(route, page, context).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (400, "unreadable-request"),
            "{label}"
        );
    }
    let good = token.as_str().unwrap();
    for at in 0..good.len() {
        let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
        for damaged in [&changed, &good[at + 1..], &format!("{}A", &good[..=at])] {
            if damaged.is_empty() {
                continue; // An empty token starts the search.
            }
            let answer = search(ACTIONS, json!({ "token": damaged }), none()).await;
            answer.refuses(400, "unreadable-request");
        }
    }
    let empty = search(ACTIONS, json!({ "limit": 0 }), none()).await.expect(200);
    assert_eq!(empty.body["results"], json!([]));
    assert_ne!(empty.body["page"]["next_token"], "");
}
