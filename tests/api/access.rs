//! `/v1/me` and `…/permissions`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::user_manager,
    test_app::{ADA, BOB, CY, EVE, Identity, OPERATOR, TestApp},
};

/// U1
#[tokio::test]
async fn a_person_without_memberships_is_a_personal_user() {
    let world = TestApp::new().await;
    assert_snapshot!(world.get(EVE, "/v1/me").await, @r#"
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
async fn a_member_is_an_organization_user_and_finds_each_organization_with_the_role_there() {
    let world = TestApp::new().await;
    world.found(ADA, "Acme").await;
    let globex = world.found(BOB, "Globex").await;
    let night = world.role(BOB, &globex, "Night shift", user_manager()).await;
    world.bring(BOB, &globex, ADA, &night).await;
    world.found(BOB, "Not Ada's").await;
    assert_snapshot!(world.get(ADA, "/v1/me").await, @r#"
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

/// U1
#[tokio::test]
async fn who_leaves_the_last_organization_is_a_personal_user_again() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    assert_eq!(world.get(BOB, "/v1/me").await.body["user_type"], "organization");
    world.post(BOB, &format!("{acme}/leave"), json!({})).await.expect(204);
    let me = world.get(BOB, "/v1/me").await;
    assert_eq!(
        (&me.body["user_type"], &me.body["organizations"]),
        (&json!("personal"), &json!([]))
    );
}

#[tokio::test]
async fn an_address_that_is_not_verified_is_not_shown_as_ones_own() {
    let world = TestApp::new().await;
    let me = world.get(Identity { verified: "false", ..EVE }, "/v1/me").await.expect(200);
    assert_eq!((&me.body["email"], &me.body["email_verified"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn permissions_are_the_levels_that_count_now_and_why_some_are_lower() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    assert_snapshot!(world.get(BOB, &format!("{acme}/permissions")).await, @r#"
    200 OK
    {
      "lowered": [
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
      "role_id": "admin",
      "user_id": "bob"
    }
    "#);
}

/// U2: no power comes down from a parent.
#[tokio::test]
async fn permissions_are_those_of_the_membership_in_this_very_organization() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    world.bring(ADA, &root, BOB, "admin").await;
    let branch = world.below(BOB, &root, "Branch").await;
    world.bring(BOB, &branch, CY, "user").await;

    let above = world.get(ADA, &format!("{branch}/permissions")).await;
    above.refuses(404, "no-such-organization");
    let below = world.get(CY, &format!("{root}/permissions")).await;
    below.refuses(404, "no-such-organization");
    let there = world.get(BOB, &format!("{branch}/permissions")).await.expect(200);
    assert_eq!(there.body["role_id"], "super_admin");
    let here = world.get(BOB, &format!("{root}/permissions")).await.expect(200);
    assert_eq!(here.body["role_id"], "admin");
}

/// ROLE5
#[tokio::test]
async fn a_level_sleeps_while_its_condition_does_not_hold_and_wakes_with_it() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let watch = json!({
        "user_management": "view_only", "user_management_sub_organizations": "view_only",
    });
    let role = world.role(ADA, &acme, "Watch", watch).await;
    world.bring(ADA, &acme, BOB, &role).await;
    let level = async || {
        let told = world.get(BOB, &format!("{acme}/permissions")).await.expect(200);
        told.body["permissions"]["user_management_sub_organizations"].clone()
    };
    let list = format!("{acme}/sub-organizations");

    assert_eq!(level().await, "view_only");
    world.get(BOB, &list).await.expect(200);
    world.switch(&acme, json!({ "manage_sub_organizations": false })).await;
    assert_eq!(level().await, Value::Null);
    world.get(BOB, &list).await.refuses(403, "missing-permission");
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;
    assert_eq!(level().await, "view_only");
    world.get(BOB, &list).await.expect(200);
}

/// ROLE4: stored while its base was hidden away, judged as nothing.
#[tokio::test]
async fn a_level_whose_prerequisite_is_unmet_counts_as_none() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let watch = json!({
        "user_management": "view_only", "user_management_sub_organizations": "view_only",
    });
    let role = world.role(ADA, &acme, "Watch", watch).await;
    world.bring(ADA, &acme, BOB, &role).await;
    // While the switch is off, the object is not settable, and does not stand in the way.
    world.switch(&acme, json!({ "manage_sub_organizations": false })).await;
    let less = json!({ "permissions": { "user_management": "none" } });
    world.patch(ADA, &format!("{acme}/roles/{role}"), less).await.expect(200);
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;

    let told = world.get(BOB, &format!("{acme}/permissions")).await.expect(200);
    assert_eq!(told.body["permissions"]["user_management_sub_organizations"], "none");
    assert_eq!(
        told.body["lowered"],
        json!([{
            "role_object": "user_management_sub_organizations",
            "stored": "view_only",
            "effective": "none",
            "reason": "it requires at least view access to User Management",
        }])
    );
    let list = world.get(BOB, &format!("{acme}/sub-organizations")).await;
    list.refuses(403, "missing-permission");
}

/// OP1
#[tokio::test]
async fn an_operator_sees_everything_and_may_change_nothing() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let told = world.get(OPERATOR, &format!("{acme}/permissions")).await.expect(200);
    assert_eq!(told.body["role_id"], Value::Null);
    let levels = told.body["permissions"].as_object().unwrap();
    assert!(levels.values().all(|level| level == "view_only"), "{told}");
}
