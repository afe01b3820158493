//! `/v1/me` and `…/permissions`.

use serde_json::{Value, json};

use crate::{
    helpers::{each, id, role_manager, user_manager},
    test_app::{ADA, BOB, CY, EVE, Identity, OPERATOR, TestApp},
};

/// U1, INV3. Without a verified, well-formed address, the person has no address.
#[tokio::test]
async fn person_without_memberships_is_a_personal_user() {
    let app = TestApp::new().await;
    for (caller, email) in [
        (EVE, json!("eve@example.com")),
        (Identity { verified: "false", ..EVE }, Value::Null),
        (Identity { email: "eve\u{ff20}evil.example", ..EVE }, Value::Null),
    ] {
        let expected = json!({
            "user_id": "eve",
            "email": email,
            "email_verified": !email.is_null(),
            "name": null,
            "operator": false,
            "user_type": "personal",
            "organizations": [],
            "next_cursor": null,
        });
        assert_eq!(app.get(caller, "/v1/me").await.expect(200).body, expected);
    }
}

/// U1. OpenCVE CVE-2026-92764.
#[tokio::test]
async fn member_is_an_organization_user_with_a_role_in_each_organization() {
    let app = TestApp::new().await;
    let acme = app.create_organization(ADA, "Acme").await;
    let globex = app.create_organization(BOB, "Globex").await;
    let night = app.create_role(BOB, &globex, "Night shift", user_manager()).await;
    app.add_member(BOB, &globex, ADA, &night).await;
    app.create_organization(BOB, "Not Ada's").await;
    let me = app.get(ADA, "/v1/me").await.expect(200).body;
    assert_eq!(me["user_type"], "organization");
    let expected = [
        (&acme, "Acme", "super_admin", "Super Admin"),
        (&globex, "Globex", &night, "Night shift"),
    ]
    .map(|(org, name, role, role_name)| {
        json!({
            "id": id(org), "name": name, "kind": "standard", "parent_id": null, "parent_name": null,
            "role_id": role, "role_name": role_name, "suspended": false, "access_expires_at": null,
        })
    });
    assert_eq!(me["organizations"], json!(expected));
}

#[tokio::test]
async fn permissions_show_effective_levels_and_why_some_are_lower() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let restriction = |object: &str, stored: &str| {
        json!({
            "role_object": format!("{object}_management_sub_organizations"),
            "stored": stored,
            "effective": "none",
            "reason": "it is available only while an operator has turned sub-organization management on for the tree",
        })
    };
    let expected = json!({
        "organization_id": id(&acme),
        "organization_name": "Acme",
        "user_id": "bob",
        "role_id": "admin",
        "role_name": "Admin",
        "permissions": {
            "critical_alert_users": "full_access",
            "event_history": "view_only",
            "license_management": "full_access",
            "organization_general_information": "full_access",
            "role_management": "full_access",
            "security_management": "full_access",
            "support_service": "full_access",
            "user_management": "full_access",
        },
        "restrictions": [
            restriction("license", "full_access"),
            restriction("role", "view_only"),
            restriction("user", "full_access"),
        ],
    });
    assert_eq!(app.get(BOB, &format!("{acme}/permissions")).await.expect(200).body, expected);
}

/// ROLE7. A user manager who may not see the roles chooses one for an invitation.
#[tokio::test]
async fn permissions_name_the_roles_that_the_caller_can_grant() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    app.create_role(ADA, &acme, "Auditors", role_manager()).await;
    let desk = app.add_member_with(ADA, &acme, BOB, user_manager()).await;
    app.add_member(ADA, &acme, CY, "partner_user").await;
    let grantable = async |caller: Identity| {
        let own =
            app.get(caller, &format!("{acme}/permissions?include=roles")).await.expect(200).body;
        own["grantable_roles"].as_array().unwrap().clone()
    };
    let bobs = grantable(BOB).await;
    assert_eq!(each(&bobs, "name"), ["User", "Partner User", "Role of bob"]);
    for role in &bobs {
        let email = format!("{}@example.com", role["id"].as_str().unwrap());
        app.invite(BOB, &acme, &email, role["id"].as_str().unwrap()).await.expect(201);
    }
    let custom = ["Auditors", "Role of bob"];
    let adas = grantable(ADA).await;
    assert_eq!(each(&adas, "name"), [&["Admin", "User", "Partner User"][..], &custom].concat());
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    assert!(each(&grantable(ADA).await, "id").contains(&"mdf_admin"));
    for caller in [CY, OPERATOR] {
        assert_eq!(grantable(caller).await, [Value::Null; 0]);
    }
    let own = app.get(BOB, &format!("{acme}/permissions?include=roles")).await.expect(200).body;
    assert_eq!((&own["role_id"], &own["role_name"]), (&json!(desk), &json!("Role of bob")));
    // The name of a built-in role costs no read.
    let own = async |caller| app.get(caller, &format!("{acme}/permissions")).await.expect(200).body;
    assert_eq!(own(ADA).await["role_name"], "Super Admin");
    assert_eq!(own(OPERATOR).await.get("role_name"), Some(&Value::Null));
    let bobs = own(BOB).await;
    assert_eq!([bobs.get("role_name"), bobs.get("grantable_roles")], [None, None]);
    // A role manager chooses one for the users of a role that they delete.
    app.add_member_with(ADA, &acme, EVE, role_manager()).await;
    let eves = grantable(EVE).await;
    assert_eq!(each(&eves, "name"), ["User", "Partner User", "Auditors", "Role of eve"]);
}

/// ROLE5, ROLE4: a stored level counts while its condition holds and its prerequisite is met.
#[tokio::test]
async fn stored_level_counts_only_while_condition_and_prerequisite_hold() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let levels = json!({
        "user_management": "view_only", "user_management_sub_organizations": "view_only",
    });
    let role = app.add_member_with(ADA, &acme, BOB, levels).await;
    let switch = async |on: bool| {
        app.update_settings(&acme, json!({ "manage_sub_organizations": on })).await;
    };
    let level = async || {
        let list = app.get(BOB, &format!("{acme}/sub-organizations")).await;
        let shown = app.get(BOB, &format!("{acme}/permissions")).await.expect(200).body;
        (list.status.as_u16(), shown["permissions"]["user_management_sub_organizations"].clone())
    };
    assert_eq!(level().await, (200, json!("view_only")));
    switch(false).await;
    assert_eq!(level().await, (403, Value::Null));
    switch(true).await;
    assert_eq!(level().await, (200, json!("view_only")));
    // While the setting is off, the dependent object is hidden and its prerequisite can be lowered.
    switch(false).await;
    let less = json!({ "permissions": { "user_management": "none" } });
    app.patch(ADA, &format!("{acme}/roles/{role}"), less).await.expect(200);
    switch(true).await;
    assert_eq!(level().await, (403, json!("none")));
    let shown = app.get(BOB, &format!("{acme}/permissions")).await.expect(200);
    let restriction = json!({
        "role_object": "user_management_sub_organizations",
        "stored": "view_only",
        "effective": "none",
        "reason": "it requires at least view access to User Management",
    });
    assert_eq!(shown.body["restrictions"], json!([restriction]));
}
