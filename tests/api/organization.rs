//! `/v1/organizations` and `/v1/organizations/{org}`.

use serde_json::json;
use shared::http::Deployment;

use crate::test_app::{ADA, EVE, Identity, TestApp, ample, identity};

/// SA1
#[tokio::test]
async fn creator_of_an_organization_is_its_super_admin() {
    let app = TestApp::new().await;
    let body = json!({ "name": "  Acme\u{a0} Corp " });
    let answer = app.post(ADA, "/v1/organizations", body).await.expect(201);
    let location = format!("/v1/organizations/{}", answer.id());
    assert_eq!(answer.headers["location"], location);
    let fields = ["/name", "/kind", "/super_admin/email"];
    let fields = fields.map(|field| answer.body.pointer(field).unwrap());
    assert_eq!(fields, ["Acme Corp", "standard", ADA.email]);
    assert_eq!(app.get(ADA, &location).await.body, answer.body);
    let both = (vec!["ada".to_owned()], Some("ada".to_owned()));
    assert_eq!(app.super_admins(&location).await, both);
}

#[tokio::test]
async fn creating_an_organization_needs_a_verified_address() {
    let app = TestApp::new().await;
    let eve = Identity { verified: "false", ..EVE };
    let answer = app.post(eve, "/v1/organizations", json!({ "name": "Acme" })).await;
    answer.refuses(403, "email-not-verified");
    let eve = identity("eve", "\u{212a}im@example.com");
    let answer = app.post(eve, "/v1/organizations", json!({ "name": "Acme" })).await;
    let detail = answer.refuses(403, "email-not-verified").body["detail"].to_string();
    assert!(detail.starts_with("\"The address in your token cannot be used: "), "{detail}");
    assert_eq!(app.get(EVE, "/v1/me").await.body["user_type"], "personal");
}

/// Mails show names to people who did not ask for them.
#[tokio::test]
async fn name_without_web_address_and_hidden_characters_is_required() {
    let app = TestApp::new().await;
    for (case, name) in [
        ("web address", "Your account is locked - verify at https://evil.example"),
        ("web address without scheme", "Verify at WWW.evil.example"),
        ("full-width web address", "https：／／evil.example"),
        ("joiner in Latin text", "Ac\u{200d}me"),
        ("long when folded", &"\u{fdfa}".repeat(31)),
    ] {
        let answer = app.post(ADA, "/v1/organizations", json!({ "name": name })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/name", "{case}");
    }
    for name in ["ශ්\u{200d}රී ලංකා", "نرم\u{200c}افزار", "Ada ❤\u{fe0f}", "👩🏽\u{200d}🔬 Lab"]
    {
        let answer = app.post(ADA, "/v1/organizations", json!({ "name": name })).await;
        assert_eq!(answer.expect(201).body["name"], name);
    }
}

#[tokio::test]
async fn deployment_can_reserve_creation_to_operators() {
    let app = TestApp::with(Deployment { self_service: false, ..ample() }).await;
    let answer = app.post(ADA, "/v1/organizations", json!({ "name": "Acme" })).await;
    answer.refuses(403, "self-service-disabled");
    let acme = app.create_partner(ADA, "Acme").await;
    app.get(ADA, &acme).await.expect(200);
}

#[tokio::test]
async fn organization_name_is_visible_text_of_1_to_100_characters() {
    let (app, acme) = TestApp::with_acme().await;
    let long = "x".repeat(101);
    for name in ["", "  \u{3000} ", &long, "Ac\u{200b}me", "Ac\u{202e}me", "Ac\0me", "\u{feff}Acme"]
    {
        let body = json!({ "name": name });
        for answer in [
            app.post(ADA, "/v1/organizations", body.clone()).await,
            app.patch(ADA, &acme, body).await,
        ] {
            assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/name", "{name:?}");
        }
    }
    let longest = "é".repeat(100);
    app.patch(ADA, &acme, json!({ "name": longest })).await.expect(200);
    assert_eq!(app.get(ADA, &acme).await.body["name"], longest);
}

/// ORG1
#[tokio::test]
async fn organization_profile_is_changed_field_by_field() {
    let (app, acme) = TestApp::with_acme().await;
    app.patch(ADA, &acme, json!({ "website": "https://acme.example" })).await.expect(200);
    let more = json!({ "name": "Acme Corp", "address": "1 Road\n2 Town", "contact": "Ada" });
    let answer = app.patch(ADA, &acme, more).await.expect(200);
    let profile = ["name", "website", "address", "contact"].map(|field| &answer.body[field]);
    assert_eq!(profile, ["Acme Corp", "https://acme.example", "1 Road\n2 Town", "Ada"]);
    assert_eq!(app.get(ADA, &acme).await.body, answer.body);
}

/// ORG1
#[tokio::test]
async fn only_profile_fields_can_be_changed_within_their_bounds() {
    let (app, acme) = TestApp::with_acme().await;
    let url = |length: usize| "https://".to_owned() + &"x".repeat(length - 8);
    for (field, fits) in
        [("website", url(200)), ("address", "x".repeat(500)), ("contact", "x".repeat(200))]
    {
        let fits = json!({ (field): fits });
        app.patch(ADA, &acme, fits).await.expect(200);
    }
    for (field, value) in [
        ("kind", json!("partner")),
        ("super_admin", json!("eve")),
        ("settings", json!({ "manage_sub_organizations": true })),
        ("website", json!(url(201))),
        ("website", json!("acme.example")),
        ("website", json!("javascript:alert(1)")),
        ("website", json!("https://")),
        ("website", json!("https://acme.example two")),
        ("address", json!("x".repeat(501))),
        ("contact", json!("x".repeat(201))),
    ] {
        let answer = app.patch(ADA, &acme, json!({ (field): value })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), format!("/{field}"));
    }
    let refused = app.patch(ADA, &acme, json!({ "language": {} })).await;
    assert_eq!(
        refused.refuses(422, "invalid-request").body["detail"],
        "language: must be a string"
    );
}

#[tokio::test]
async fn unchanged_profile_records_no_event() {
    let (app, acme) = TestApp::with_acme().await;
    for body in [json!({}), json!({ "name": " Acme " }), json!({ "website": "" })] {
        app.patch(ADA, &acme, body).await.expect(200);
    }
    assert_eq!(app.actions(&acme).await, ["organization.created"]);
}
