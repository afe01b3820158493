//! `/v1/me` and `…/permissions`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::user_manager,
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp},
};

/// U1
#[tokio::test]
async fn person_without_memberships_is_a_personal_user() {
    let app = TestApp::new().await;
    assert_snapshot!(app.get(EVE, "/v1/me").await, @r#"
    200 OK
    {
      "email": "eve@example.com",
      "email_verified": true,
      "name": null,
      "next_cursor": null,
      "operator": false,
      "organizations": [],
      "user_id": "eve",
      "user_type": "personal"
    }
    "#);
}

/// U1
#[tokio::test]
async fn member_is_an_organization_user_with_a_role_in_each_organization() {
    let app = TestApp::new().await;
    app.create_organization(ADA, "Acme").await;
    let globex = app.create_organization(BOB, "Globex").await;
    let night = app.create_role(BOB, &globex, "Night shift", user_manager()).await;
    app.add_member(BOB, &globex, ADA, &night).await;
    app.create_organization(BOB, "Not Ada's").await;
    assert_snapshot!(app.get(ADA, "/v1/me").await, @r#"
    200 OK
    {
      "email": "ada@example.com",
      "email_verified": true,
      "name": null,
      "next_cursor": null,
      "operator": false,
      "organizations": [
        {
          "id": "org_…",
          "kind": "standard",
          "name": "Acme",
          "parent_id": null,
          "role_id": "super_admin",
          "role_name": "Super Admin"
        },
        {
          "id": "org_…",
          "kind": "standard",
          "name": "Globex",
          "parent_id": null,
          "role_id": "role_…",
          "role_name": "Night shift"
        }
      ],
      "user_id": "ada",
      "user_type": "organization"
    }
    "#);
}

#[tokio::test]
async fn permissions_show_effective_levels_and_why_some_are_lower() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    assert_snapshot!(app.get(BOB, &format!("{acme}/permissions")).await, @r#"
    200 OK
    {
      "organization_id": "org_…",
      "permissions": {
        "critical_alert_users": "full_access",
        "event_history": "view_only",
        "license_management": "full_access",
        "organization_general_information": "full_access",
        "role_management": "full_access",
        "security_management": "full_access",
        "support_service": "full_access",
        "user_management": "full_access"
      },
      "restrictions": [
        {
          "effective": "none",
          "reason": "it is available only while an operator has turned sub-organization management on for the tree",
          "role_object": "license_management_sub_organizations",
          "stored": "full_access"
        },
        {
          "effective": "none",
          "reason": "it is available only while an operator has turned sub-organization management on for the tree",
          "role_object": "role_management_sub_organizations",
          "stored": "view_only"
        },
        {
          "effective": "none",
          "reason": "it is available only while an operator has turned sub-organization management on for the tree",
          "role_object": "user_management_sub_organizations",
          "stored": "full_access"
        }
      ],
      "role_id": "admin",
      "user_id": "bob"
    }
    "#);
}

/// U2
#[tokio::test]
async fn permissions_come_only_from_the_membership_in_the_organization() {
    let (app, root) = TestApp::with_tree("Root").await;
    app.add_member(ADA, &root, BOB, "admin").await;
    let branch = app.create_sub_organization(BOB, &root, "Branch").await;
    app.add_member(BOB, &branch, CY, "user").await;

    let above = app.get(ADA, &format!("{branch}/permissions")).await;
    above.refuses(404, "no-such-organization");
    let below = app.get(CY, &format!("{root}/permissions")).await;
    below.refuses(404, "no-such-organization");
    let in_branch = app.get(BOB, &format!("{branch}/permissions")).await.expect(200);
    assert_eq!(in_branch.body["role_id"], "super_admin");
    let in_root = app.get(BOB, &format!("{root}/permissions")).await.expect(200);
    assert_eq!(in_root.body["role_id"], "admin");
}

/// ROLE5
#[tokio::test]
async fn stored_level_counts_only_while_its_condition_holds() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let watch = json!({
        "user_management": "view_only", "user_management_sub_organizations": "view_only",
    });
    let role = app.create_role(ADA, &acme, "Watch", watch).await;
    app.add_member(ADA, &acme, BOB, &role).await;
    let level = async || {
        let response = app.get(BOB, &format!("{acme}/permissions")).await.expect(200);
        response.body["permissions"]["user_management_sub_organizations"].clone()
    };
    let list = format!("{acme}/sub-organizations");

    assert_eq!(level().await, "view_only");
    app.get(BOB, &list).await.expect(200);
    app.update_settings(&acme, json!({ "manage_sub_organizations": false })).await;
    assert_eq!(level().await, Value::Null);
    app.get(BOB, &list).await.refuses(403, "missing-permission");
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    assert_eq!(level().await, "view_only");
    app.get(BOB, &list).await.expect(200);
}

/// ROLE4
#[tokio::test]
async fn level_with_an_unmet_prerequisite_counts_as_none() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let watch = json!({
        "user_management": "view_only", "user_management_sub_organizations": "view_only",
    });
    let role = app.create_role(ADA, &acme, "Watch", watch).await;
    app.add_member(ADA, &acme, BOB, &role).await;
    // While the setting is off, the dependent object is hidden and its prerequisite can be lowered.
    app.update_settings(&acme, json!({ "manage_sub_organizations": false })).await;
    let less = json!({ "permissions": { "user_management": "none" } });
    app.patch(ADA, &format!("{acme}/roles/{role}"), less).await.expect(200);
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;

    let response = app.get(BOB, &format!("{acme}/permissions")).await.expect(200);
    assert_eq!(response.body["permissions"]["user_management_sub_organizations"], "none");
    assert_eq!(
        response.body["restrictions"],
        json!([{
            "role_object": "user_management_sub_organizations",
            "stored": "view_only",
            "effective": "none",
            "reason": "it requires at least view access to User Management",
        }])
    );
    let list = app.get(BOB, &format!("{acme}/sub-organizations")).await;
    list.refuses(403, "missing-permission");
}

/// OP1
#[tokio::test]
async fn operator_has_view_on_every_role_object() {
    let (app, acme) = TestApp::with_acme().await;
    let response = app.get(OPERATOR, &format!("{acme}/permissions")).await.expect(200);
    assert_eq!(response.body["role_id"], Value::Null);
    let levels = response.body["permissions"].as_object().unwrap();
    assert!(levels.values().all(|level| level == "view_only"), "{response}");
}
