//! `/v1/organizations` and `/v1/organizations/{org}`

use insta::assert_snapshot;
use serde_json::json;
use shared::http::Limits;

use crate::{
    helpers::id,
    test_app::{ADA, BOB, EVE, Identity, OPERATOR, TestApp},
};

/// SA1
#[tokio::test]
async fn whoever_founds_an_organization_is_its_super_admin() {
    let world = TestApp::new().await;
    let answer =
        world.post(ADA, "/v1/organizations", json!({ "name": "  Acme\u{a0} Corp " })).await;
    let location = format!("/v1/organizations/{}", answer.id());
    assert_eq!(answer.headers["location"], location);
    assert_snapshot!(answer, @r#"
    201 Created
    {
      "address": "",
      "contact": "",
      "created_at": "2026-11-21T12:00:00Z",
      "depth": 0,
      "id": "org_…",
      "kind": "standard",
      "name": "Acme Corp",
      "parent_id": null,
      "path": [
        "org_…"
      ],
      "settings": {
        "manage_sub_organizations": false,
        "mdf_program": false
      },
      "super_admin_user_id": "ada",
      "website": ""
    }
    "#);
    let both = (vec!["ada".to_owned()], Some("ada".to_owned()));
    assert_eq!(world.super_admins(&location).await, both);
}

#[tokio::test]
async fn founding_needs_a_verified_address() {
    let world = TestApp::new().await;
    let eve = Identity { verified: "false", ..EVE };
    let answer = world.post(eve, "/v1/organizations", json!({ "name": "Acme" })).await;
    answer.refuses(403, "email-not-verified");
    assert_eq!(world.get(EVE, "/v1/me").await.body["user_type"], "personal");
}

#[tokio::test]
async fn a_deployment_may_leave_founding_to_its_operators() {
    let world = TestApp::with(Limits { self_service: false, ..Limits::default() }).await;
    let answer = world.post(ADA, "/v1/organizations", json!({ "name": "Acme" })).await;
    answer.refuses(403, "self-service-disabled");
    let acme = world.partner(ADA, "Acme").await;
    world.get(ADA, &acme).await.expect(200);
}

#[tokio::test]
async fn a_name_is_something_that_people_can_read() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let long = "x".repeat(101);
    for name in ["", "  \u{3000} ", &long, "Ac\u{200b}me", "Ac\u{202e}me", "Ac\0me", "\u{feff}Acme"]
    {
        let body = json!({ "name": name });
        for answer in [
            world.post(ADA, "/v1/organizations", body.clone()).await,
            world.patch(ADA, &acme, body).await,
        ] {
            assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/name", "{name:?}");
        }
    }
    let longest = "é".repeat(100);
    world.patch(ADA, &acme, json!({ "name": longest })).await.expect(200);
    assert_eq!(world.get(ADA, &acme).await.body["name"], longest);
}

#[tokio::test]
async fn what_an_organization_says_of_itself_is_changed_piece_by_piece() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.patch(ADA, &acme, json!({ "website": "https://acme.example" })).await.expect(200);
    let more = json!({ "name": "Acme Corp", "address": "1 Road\n2 Town", "contact": "Ada" });
    let answer = world.patch(ADA, &acme, more).await;
    assert_snapshot!(answer, @r#"
    200 OK
    {
      "address": "1 Road\n2 Town",
      "contact": "Ada",
      "created_at": "2026-11-21T12:00:00Z",
      "depth": 0,
      "id": "org_…",
      "kind": "standard",
      "name": "Acme Corp",
      "parent_id": null,
      "path": [
        "org_…"
      ],
      "settings": {
        "manage_sub_organizations": false,
        "mdf_program": false
      },
      "super_admin_user_id": "ada",
      "website": "https://acme.example"
    }
    "#);
    assert_eq!(world.get(ADA, &acme).await.body, answer.body);
}

#[tokio::test]
async fn a_member_with_view_reads_but_does_not_describe() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    world.get(BOB, &acme).await.expect(200);
    let answer = world.patch(BOB, &acme, json!({ "name": "Bob's" })).await;
    assert_snapshot!(answer, @r#"
    403 Forbidden
    {
      "detail": "Your role does not give full access to Organization General Information, which this needs. Ask an administrator of this organization.",
      "instance": "r1",
      "level_needed": "full_access",
      "role_object": "organization_general_information",
      "status": 403,
      "title": "Permission missing",
      "type": "/problems/missing-permission"
    }
    "#);
    assert_eq!(world.get(ADA, &acme).await.body["name"], "Acme");
}

#[tokio::test]
async fn only_what_may_be_described_can_be() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for (field, value) in [
        ("id", json!(id(&acme))),
        ("kind", json!("partner")),
        ("parent_id", json!(null)),
        ("super_admin_user_id", json!("eve")),
        ("settings", json!({ "manage_sub_organizations": true })),
    ] {
        let answer = world.patch(ADA, &acme, json!({ (field): value })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), format!("/{field}"));
    }
    for (field, most) in [("website", 200), ("address", 500), ("contact", 200)] {
        let fits = json!({ (field): "x".repeat(most) });
        world.patch(ADA, &acme, fits).await.expect(200);
        let long = world.patch(ADA, &acme, json!({ (field): "x".repeat(most + 1) })).await;
        assert_eq!(long.refuses(422, "invalid-request").pointer(), format!("/{field}"));
    }
}

#[tokio::test]
async fn saying_the_same_again_changes_nothing() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for body in [json!({}), json!({ "name": " Acme " }), json!({ "website": "" })] {
        world.patch(ADA, &acme, body).await.expect(200);
    }
    assert_eq!(world.actions(&acme).await, ["organization.created"]);
}

/// U5, OP1
#[tokio::test]
async fn strangers_find_nothing_and_operators_only_look() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.get(EVE, &acme).await.refuses(404, "no-such-organization");
    let change = json!({ "name": "Eve's" });
    world.patch(EVE, &acme, change.clone()).await.refuses(404, "no-such-organization");
    world.get(OPERATOR, &acme).await.expect(200);
    world.patch(OPERATOR, &acme, change).await.refuses(403, "operator-read-only");
}
