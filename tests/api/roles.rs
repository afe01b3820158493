//! `/v1/organizations/{org}/roles` and `…/role-objects`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{each, nth_user, role_manager, user_manager},
    test_app::{ADA, BOB, CY, EVE, TestApp, mask},
};

/// The catalogue that the seeds give, as data.
fn catalogue() -> Value {
    serde_json::from_str(include_str!("../catalogue.json")).unwrap()
}

/// One line a role object.
fn lines(objects: &[Value]) -> String {
    let line = |object: &Value| {
        let list = |name: &str| {
            let levels = object[name].as_array().unwrap().iter();
            levels.map(|level| level.as_str().unwrap()).collect::<Vec<_>>().join("|")
        };
        let key = object["key"].as_str().unwrap();
        let default = object["custom_role_default"].as_str().unwrap();
        let needs = object["prerequisite"]["role_object"].as_str();
        let needs = needs.map_or_else(String::new, |base| format!(", needs {base}"));
        format!("{key}: [{}], default {default}{needs}", list("settable_levels"))
    };
    objects.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// ROLE3, ROLE5
#[tokio::test]
async fn role_objects_of_a_standard_organization() {
    let (app, acme) = TestApp::with_acme().await;
    let all = app.get(ADA, &format!("{acme}/role-objects")).await.expect(200);
    assert_snapshot!(lines(all.items()), @"
    critical_alert_users: [none|view_only|full_access], default none
    event_history: [none|view_only], default none
    license_management: [none|view_only|full_access], default none
    organization_general_information: [none|view_only|full_access], default none
    role_management: [none|view_only|full_access], default none
    security_management: [none|view_only|full_access], default none
    support_service: [view_only|full_access], default view_only
    user_management: [none|view_only|full_access], default none
    ");
    let first = serde_json::to_string_pretty(&all.items()[0]).unwrap();
    assert_snapshot!(first, @r#"
    {
      "custom_role_default": "none",
      "key": "critical_alert_users",
      "levels": {
        "full_access": [
          "critical_alert_users.add",
          "critical_alert_users.remove"
        ],
        "none": [],
        "view_only": [
          "critical_alert_users.list"
        ]
      },
      "name": "Critical Alert Users",
      "prerequisite": null,
      "settable_levels": [
        "none",
        "view_only",
        "full_access"
      ]
    }
    "#);
}

/// ROLE3, ROLE5
#[tokio::test]
async fn settings_show_more_role_objects() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    app.update_settings(&acme, json!({ "mdf_program": true, "manage_sub_organizations": true }))
        .await;
    let all = app.get(ADA, &format!("{acme}/role-objects")).await.expect(200);
    assert_snapshot!(lines(all.items()), @"
    critical_alert_users: [none|view_only|full_access], default none
    event_history: [none|view_only], default none
    license_management: [none|view_only|full_access], default none
    license_management_sub_organizations: [none|view_only|full_access], default none, needs license_management
    organization_general_information: [none|view_only|full_access], default none
    role_management: [none|view_only|full_access], default none
    role_management_sub_organizations: [none|view_only], default none, needs role_management
    security_management: [none|view_only|full_access], default none
    support_service: [view_only|full_access], default view_only
    user_management: [none|view_only|full_access], default none
    user_management_sub_organizations: [none|view_only|full_access], default none, needs user_management
    channel_partner_portal_my_deal_management: [], default none
    channel_partner_portal_organization_deal_management: [], default none
    channel_partner_portal_mdf: [], default none
    channel_partner_portal_organization_playbook: [view_only|full_access], default view_only
    ");
}

/// ROLE1, ROLE11: every cell of the catalogue that settings can show.
#[tokio::test]
async fn built_in_roles_have_the_levels_of_the_catalogue() {
    let app = TestApp::new().await;
    let catalogue = catalogue();
    let standard = app.create_tree(ADA, "Standard").await;
    let partner = app.create_partner(ADA, "Partner").await;
    app.update_settings(&partner, json!({ "mdf_program": true, "manage_sub_organizations": true }))
        .await;
    let mut cells = 0;
    for (org, kind) in [(&standard, "standard"), (&partner, "partner")] {
        let is_of_kind =
            |entry: &&Value| entry["kinds"].as_array().unwrap().iter().any(|of| of == kind);
        let roles = catalogue["built_in_roles"].as_array().unwrap().iter().filter(is_of_kind);
        for role in roles {
            let key = role["key"].as_str().unwrap();
            let response = app.get(ADA, &format!("{org}/roles/{key}")).await.expect(200);
            assert_eq!(response.body["name"], role["name"]);
            assert_eq!(response.body["built_in"], true);
            assert_eq!(response.body["identity_provider_role"], role["identity_provider_role"]);
            let shown = response.body["permissions"].as_object().unwrap();
            let objects = catalogue["role_objects"].as_array().unwrap().iter();
            let unlinked = ["linked_customer", "preferred_partner_customer"];
            let expected = objects.filter(is_of_kind).filter(|object| {
                !unlinked.contains(&object["shown_when"].as_str().unwrap_or("always"))
            });
            let mut count = 0;
            for object in expected {
                let name = object["key"].as_str().unwrap();
                assert_eq!(shown.get(name), Some(&object["built_in"][key]), "{key} {name}");
                count += 1;
            }
            assert_eq!(shown.len(), count);
            cells += count;
        }
    }
    assert_eq!(cells, 3 * 11 + 5 * 15);
}

/// ROLE1
#[tokio::test]
async fn built_in_roles_cannot_be_changed() {
    let (app, acme) = TestApp::with_acme().await;
    for role in ["super_admin", "admin", "user", "mdf_admin", "partner_user"] {
        let path = format!("{acme}/roles/{role}");
        app.patch(ADA, &path, json!({ "name": "Boss" })).await.refuses(409, "built-in-role");
        app.delete(ADA, &path).await.refuses(409, "built-in-role");
    }
    for role in ["mdf_admin", "partner_user"] {
        app.get(ADA, &format!("{acme}/roles/{role}")).await.refuses(404, "no-such-role");
    }
}

/// ROLE2
#[tokio::test]
async fn levels_left_out_get_their_defaults() {
    let (app, acme) = TestApp::with_acme().await;
    let body = json!({
        "name": "  Night \u{a0} shift",
        "description": " Looks after\n the house ",
        "permissions": { "security_management": "full_access", "event_history": "view_only" },
    });
    let answer = app.post(ADA, &format!("{acme}/roles"), body).await;
    assert_eq!(answer.headers["location"], format!("{acme}/roles/{}", answer.id()));
    let read = app.get(ADA, &format!("{acme}/roles/{}", answer.id())).await;
    assert_eq!(read.body, answer.body);
    assert_snapshot!(answer, @r#"
    201 Created
    {
      "built_in": false,
      "description": "Looks after\nthe house",
      "id": "role_…",
      "identity_provider_role": "user",
      "name": "Night shift",
      "organization_id": "org_…",
      "permissions": {
        "critical_alert_users": "none",
        "event_history": "view_only",
        "license_management": "none",
        "organization_general_information": "none",
        "role_management": "none",
        "security_management": "full_access",
        "support_service": "view_only",
        "user_management": "none"
      },
      "users": {
        "active": 0,
        "pending": 0
      }
    }
    "#);
}

/// ROLE2
#[tokio::test]
async fn role_name_is_unique_ignoring_case_and_spaces() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(ADA, "Globex").await;
    let night = app.create_role(ADA, &acme, "Night Shift", json!({})).await;
    let day = app.create_role(ADA, &acme, "Day Shift", json!({})).await;
    let taken = [
        "Night Shift",
        "night shift",
        "  NIGHT \t  shift ",
        "Ｎight Shift",
        "Admin",
        "𝐀dmin",
        "ＡＤＭＩＮ",
        "super  ADMIN",
        "Super\u{a0}Admin",
        "User",
        "mdf admin",
        "Partner User",
    ];
    for name in taken {
        let made = app.post(ADA, &format!("{acme}/roles"), json!({ "name": name })).await;
        assert_eq!((made.status.as_u16(), made.problem()), (409, "role-name-taken"), "{name:?}");
        let path = format!("{acme}/roles/{day}");
        let renamed = app.patch(ADA, &path, json!({ "name": name })).await;
        assert_eq!((renamed.status.as_u16(), renamed.problem()), (409, "role-name-taken"));
    }
    // The name is free in another organization and after a rename. A role may respell its own.
    app.create_role(ADA, &globex, "Night Shift", json!({})).await;
    let path = format!("{acme}/roles/{night}");
    app.patch(ADA, &path, json!({ "name": "NIGHT shift" })).await.expect(200);
    app.patch(ADA, &path, json!({ "name": "Late shift" })).await.expect(200);
    let again = app.create_role(ADA, &acme, "Night Shift", json!({})).await;
    app.delete(ADA, &format!("{acme}/roles/{again}")).await.expect(204);
    app.create_role(ADA, &acme, "night shift", json!({})).await;
}

/// ROLE2
#[tokio::test]
async fn names_and_descriptions_have_bounds() {
    let (app, acme) = TestApp::with_acme().await;
    let roles = format!("{acme}/roles");
    // Invisible characters cannot imitate another name.
    for name in ["Ad\u{200b}min", "\u{202e}nimdA", "Night\u{2066}Shift", "Night\u{ad}Shift"] {
        let answer = app.post(ADA, &roles, json!({ "name": name })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/name");
    }
    for name in [json!(""), json!(" "), json!("x".repeat(65)), json!("a\u{200d}b"), json!(7)] {
        let answer = app.post(ADA, &roles, json!({ "name": name })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/name");
    }
    let nameless = app.post(ADA, &roles, json!({ "permissions": {} })).await;
    assert_eq!(nameless.refuses(422, "invalid-request").pointer(), "/name");
    let long = json!({ "name": "Long", "description": "x".repeat(257) });
    let long = app.post(ADA, &roles, long).await;
    assert_eq!(long.refuses(422, "invalid-request").pointer(), "/description");
    let fits = json!({ "name": "x".repeat(64), "description": "x".repeat(256) });
    app.post(ADA, &roles, fits).await.expect(201);
}

/// ROLE2
#[tokio::test]
async fn organization_has_at_most_100_custom_roles() {
    let (app, acme) = TestApp::with_acme().await;
    let mut last = String::new();
    for n in 0..100 {
        last = app.create_role(ADA, &acme, &format!("Role {n}"), json!({})).await;
    }
    let one_more = json!({ "name": "One more" });
    let roles = format!("{acme}/roles");
    app.post(ADA, &roles, one_more.clone()).await.refuses(409, "role-limit");
    let listed = app.list_all(ADA, &format!("{roles}?limit=30")).await;
    assert_eq!(listed.len(), 103);
    app.delete(ADA, &format!("{roles}/{last}")).await.expect(204);
    app.post(ADA, &roles, one_more).await.expect(201);
}

/// ROLE3
#[tokio::test]
async fn role_object_accepts_only_its_own_levels() {
    let (app, acme) = TestApp::with_acme().await;
    let roles = format!("{acme}/roles");
    let body = json!({ "name": "Odd", "permissions": { "event_history": "full_access" } });
    assert_snapshot!(app.post(ADA, &roles, body).await, @r#"
    422 Unprocessable Entity
    {
      "allowed": [
        "none",
        "view_only"
      ],
      "detail": "Event History cannot be set to full access. Choose one of the allowed levels.",
      "errors": [
        {
          "detail": "Event History cannot be set to full access. Choose one of the allowed levels.",
          "pointer": "/permissions/event_history"
        }
      ],
      "instance": "r1",
      "role_object": "event_history",
      "status": 422,
      "title": "Level not allowed",
      "type": "/problems/level-not-allowed"
    }
    "#);

    for (permissions, slug) in [
        (json!({ "support_service": "none" }), "level-not-allowed"),
        (
            json!({ "channel_partner_portal_my_deal_management": "full_access" }),
            "role-object-not-editable",
        ),
        (json!({ "channel_partner_portal_mdf": "none" }), "role-object-not-editable"),
        (
            json!({ "channel_partner_portal_organization_playbook": "full_access" }),
            "role-object-not-available",
        ),
        (
            json!({ "license_management_customer_organizations": "view_only" }),
            "role-object-not-available",
        ),
        (json!({ "role_management_sub_organizations": "view_only" }), "role-object-not-available"),
        (json!({ "coffee": "full_access" }), "invalid-request"),
        (json!({ "user_management": "root" }), "invalid-request"),
        (json!({ "user_management": 2 }), "invalid-request"),
        (json!([]), "invalid-request"),
    ] {
        let body = json!({ "name": "Odd", "permissions": permissions });
        app.post(ADA, &roles, body).await.refuses(422, slug);
    }
    assert_eq!(app.actions(&acme).await, ["organization.created"]);
}

/// ROLE3, ROLE5
#[tokio::test]
async fn custom_role_can_set_only_the_playbook_of_the_partner_portal() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    let playbook = json!({ "channel_partner_portal_organization_playbook": "full_access" });
    let role = app.create_role(ADA, &acme, "Editor", playbook).await;
    let response = app.get(ADA, &format!("{acme}/roles/{role}")).await;
    let level = |object: &str| response.body["permissions"][object].clone();
    assert_eq!(level("channel_partner_portal_organization_playbook"), "full_access");
    assert_eq!(level("channel_partner_portal_my_deal_management"), "none");
    assert_eq!(level("channel_partner_portal_mdf"), Value::Null);
}

/// ROLE4
#[tokio::test]
async fn role_with_an_unmet_prerequisite_is_refused() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let roles = format!("{acme}/roles");
    let alone = json!({ "user_management_sub_organizations": "view_only" });
    let body = json!({ "name": "Watch", "permissions": alone });
    assert_snapshot!(app.post(ADA, &roles, body).await, @r#"
    422 Unprocessable Entity
    {
      "detail": "User Management - Sub Organizations requires at least view access to User Management. Set both.",
      "errors": [
        {
          "detail": "User Management - Sub Organizations requires at least view access to User Management. Set both.",
          "pointer": "/permissions/user_management_sub_organizations"
        }
      ],
      "instance": "r1",
      "prerequisite": {
        "at_least": "view_only",
        "role_object": "user_management"
      },
      "role_object": "user_management_sub_organizations",
      "status": 422,
      "title": "Prerequisite not met",
      "type": "/problems/prerequisite-not-met"
    }
    "#);

    let both = json!({
        "user_management": "view_only", "user_management_sub_organizations": "full_access",
    });
    let role = app.create_role(ADA, &acme, "Watch", both).await;
    let less = json!({ "permissions": { "user_management": "none" } });
    let answer = app.patch(ADA, &format!("{roles}/{role}"), less).await;
    answer.refuses(422, "prerequisite-not-met");
    let less = json!({ "permissions": {
        "user_management": "none", "user_management_sub_organizations": "none",
    } });
    app.patch(ADA, &format!("{roles}/{role}"), less).await.expect(200);
}

/// ROLE6
#[tokio::test]
async fn role_in_use_cannot_be_deleted() {
    let (app, acme) = TestApp::with_acme().await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    let path = format!("{acme}/roles/{night}");
    app.add_member(ADA, &acme, BOB, &night).await;
    let pending = app.create_invitation(ADA, &acme, CY.email, &night).await;
    assert_snapshot!(app.delete(ADA, &path).await, @r#"
    409 Conflict
    {
      "detail": "The role has users: 1 active, 1 pending. Give them another role first.",
      "holders": {
        "active": 1,
        "pending": 1
      },
      "instance": "r1",
      "status": 409,
      "title": "Role in use",
      "type": "/problems/role-in-use"
    }
    "#);

    app.change_role(ADA, &acme, BOB, "user").await.expect(200);
    let still = app.delete(ADA, &path).await.refuses(409, "role-in-use");
    assert_eq!(still.body["holders"], json!({ "active": 0, "pending": 1 }));
    app.delete(ADA, &pending).await.expect(204);
    app.delete(ADA, &path).await.expect(204);
    app.get(ADA, &path).await.refuses(404, "no-such-role");
    app.delete(ADA, &path).await.refuses(404, "no-such-role");
}

/// ROLE7, ROLE12: a role manager cannot create, extend, edit or delete a role above the own levels,
/// nor change the role that they hold.
#[tokio::test]
async fn role_manager_cannot_create_or_edit_a_role_above_own_levels() {
    let (app, acme) = TestApp::with_acme().await;
    let maker = app.create_role(ADA, &acme, "Role manager", role_manager()).await;
    let above = app.create_role(ADA, &acme, "User manager", user_manager()).await;
    app.add_member(ADA, &acme, BOB, &maker).await;
    let roles = format!("{acme}/roles");

    let new = json!({ "name": "Above", "permissions": { "user_management": "full_access" } });
    assert_snapshot!(app.post(BOB, &roles, new).await, @r#"
    403 Forbidden
    {
      "detail": "This role has full access to User Management, which is more than you have. Ask a member who has at least that level to grant or change the role.",
      "instance": "r1",
      "level_needed": "full_access",
      "role_object": "user_management",
      "status": 403,
      "title": "Role exceeds your own permissions",
      "type": "/problems/exceeds-own-permissions"
    }
    "#);
    // Allowed: the levels that the caller or the built-in User holds.
    let within = json!({ "role_management": "full_access", "user_management": "view_only" });
    let own = app.create_role(BOB, &acme, "Within", within).await;
    let grow = json!({ "permissions": { "security_management": "full_access" } });
    app.patch(BOB, &format!("{roles}/{own}"), grow).await.refuses(403, "exceeds-own-permissions");
    // The present levels of a role count, too.
    for (role, slug) in [(&above, "exceeds-own-permissions"), (&maker, "cannot-change-own-role")] {
        let path = format!("{roles}/{role}");
        for change in [
            json!({ "name": "Mine" }),
            json!({ "description": "Mine" }),
            json!({ "permissions": { "user_management": "none" } }),
        ] {
            app.patch(BOB, &path, change).await.refuses(403, slug);
        }
        app.delete(BOB, &path).await.refuses(403, slug);
    }
    app.delete(ADA, &format!("{roles}/{above}")).await.expect(204);
}

/// ROLE8
#[tokio::test]
async fn role_edit_takes_effect_on_the_next_request() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.create_role(ADA, &acme, "Manager", user_manager()).await;
    app.add_member(ADA, &acme, BOB, &role).await;
    let path = format!("{acme}/roles/{role}");
    app.invite(BOB, &acme, "one@example.com", "user").await.expect(201);
    let less = json!({ "permissions": { "user_management": "view_only" } });
    app.patch(ADA, &path, less).await.expect(200);
    app.invite(BOB, &acme, "two@example.com", "user").await.refuses(403, "missing-permission");
    app.patch(ADA, &path, json!({ "permissions": user_manager() })).await.expect(200);
    app.invite(BOB, &acme, "two@example.com", "user").await.expect(201);
}

/// ROLE10
#[tokio::test]
async fn roles_list_starts_with_built_in_roles_and_counts_users() {
    let (app, acme) = TestApp::with_acme().await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    app.create_role(ADA, &acme, "Managers", user_manager()).await;
    app.add_member(ADA, &acme, BOB, &night).await;
    app.create_invitation(ADA, &acme, CY.email, "admin").await;
    let list = app.get(ADA, &format!("{acme}/roles")).await.expect(200);
    let line = |role: &Value| {
        let text = |name: &str| role[name].as_str().unwrap().to_owned();
        let (id, name, idp) = (text("id"), text("name"), text("identity_provider_role"));
        format!("{id} | {name} | {} | {idp} | {}", role["built_in"], role["users"])
    };
    let lines = list.items().iter().map(line).collect::<Vec<_>>().join("\n");
    assert_snapshot!(mask(&lines), @r#"
    super_admin | Super Admin | true | admin | {"active":1,"pending":0}
    admin | Admin | true | admin | {"active":0,"pending":1}
    user | User | true | user | {"active":0,"pending":0}
    role_… | Night shift | false | user | {"active":1,"pending":0}
    role_… | Managers | false | user | {"active":0,"pending":0}
    "#);
    let partner = app.create_partner(EVE, "Partner").await;
    let list = app.get(EVE, &format!("{partner}/roles")).await.expect(200);
    let five = ["super_admin", "admin", "user", "mdf_admin", "partner_user"];
    assert_eq!(each(list.items(), "id"), five);
}

/// ROLE11
#[tokio::test]
async fn identity_provider_role_is_admin_for_full_access_to_users_and_roles() {
    let (app, acme) = TestApp::with_acme().await;
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    for (n, (permissions, expected)) in
        [(both, "admin"), (user_manager(), "user"), (role_manager(), "user"), (json!({}), "user")]
            .into_iter()
            .enumerate()
    {
        let role = app.create_role(ADA, &acme, &format!("Role {n}"), permissions).await;
        let read = app.get(ADA, &format!("{acme}/roles/{role}")).await;
        assert_eq!(read.body["identity_provider_role"], expected);
        let person = nth_user(n);
        let member = app.add_member(ADA, &acme, person, &role).await;
        assert_eq!(member.body["identity_provider_role"], expected);
    }
}

#[tokio::test]
async fn edit_changes_only_the_fields_sent() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.create_role(ADA, &acme, "Manager", user_manager()).await;
    let path = format!("{acme}/roles/{role}");
    let change = json!({ "permissions": { "event_history": "view_only" } });
    let edited = app.patch(ADA, &path, change.clone()).await.expect(200);
    assert_eq!(edited.body["name"], "Manager");
    assert_eq!(edited.body["permissions"]["user_management"], "full_access");
    assert_eq!(edited.body["permissions"]["event_history"], "view_only");
    assert_eq!(app.get(ADA, &path).await.body, edited.body);
    // A repeat changes nothing and records no event.
    app.patch(ADA, &path, change).await.expect(200);
    app.patch(ADA, &path, json!({})).await.expect(200);
    let actions = app.actions(&acme).await;
    assert_eq!(actions, ["organization.created", "role.created", "role.updated"]);
}

/// SUB6, ROLE10: in one organization. `lists.rs` tests subtrees.
#[tokio::test]
async fn roles_are_searched_by_name_or_description() {
    let (app, acme) = TestApp::with_acme().await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    let guards = json!({ "name": "Guards", "description": "Night  SHIFT at the gate" });
    app.post(ADA, &format!("{acme}/roles"), guards).await.expect(201);
    app.add_member(ADA, &acme, BOB, &night).await;
    for (query, found) in [
        ("q=NIGHT", "Guards 0/0, Night shift 1/0"),
        ("q=night%20shift", "Guards 0/0, Night shift 1/0"),
        ("q=gate", ""),
        ("q=gate&match=contains", "Guards 0/0"),
        ("q=admin", "Admin 0/0"),
        ("q=admin&match=contains", "Super Admin 1/0, Admin 0/0"),
    ] {
        let list = app.list_all(ADA, &format!("{acme}/roles?limit=2&{query}")).await;
        let line = |role: &Value| {
            let (name, users) = (role["name"].as_str().unwrap(), &role["users"]);
            format!("{name} {}/{}", users["active"], users["pending"])
        };
        assert_eq!(list.iter().map(line).collect::<Vec<_>>().join(", "), found, "{query}");
    }
}

/// SUB4
#[tokio::test]
async fn subtree_roles_list_needs_its_own_permission() {
    let app = TestApp::new().await;
    let root = app.create_organization(ADA, "Root").await;
    let list = format!("{root}/roles?scope=subtree");
    let off = app.get(ADA, &list).await.refuses(403, "missing-permission");
    assert_eq!(off.body["role_object"], "role_management_sub_organizations");
    app.update_settings(&root, json!({ "manage_sub_organizations": true })).await;
    app.get(ADA, &list).await.expect(200);
    let role = app.create_role(ADA, &root, "Role manager", role_manager()).await;
    app.add_member(ADA, &root, BOB, &role).await;
    app.get(BOB, &list).await.refuses(403, "missing-permission");
    app.get(BOB, &format!("{root}/roles?q=adm")).await.expect(200);
}

/// SA3, ROLE7: a role that is not assignable or not of this organization cannot be granted, read or
/// changed (Ibexa GHSA-394j-x37r-2q27). A role is named by its exact id (decocms/studio #3388).
#[tokio::test]
async fn only_assignable_roles_of_this_organization_can_be_granted() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(ADA, "Globex").await;
    let foreign = app.create_role(ADA, &globex, "Boss", role_manager()).await;
    let deleted = app.create_role(ADA, &acme, "Day shift", json!({})).await;
    app.delete(ADA, &format!("{acme}/roles/{deleted}")).await.expect(204);
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, EVE, "user").await;
    let mut cases = vec![(json!("super_admin"), 422, "super-admin-not-assignable")];
    let unknown = "role_01JD7Z0000000000000000000A";
    for role in ["mdf_admin", "partner_user", &foreign, &deleted, unknown] {
        cases.push((json!(role), 404, "no-such-role"));
    }
    let malformed = [
        json!("owner"),
        json!("user,super_admin"),
        json!(["admin"]),
        json!("Admin"),
        json!("ADMIN"),
        json!(" admin"),
        json!("admin "),
        json!("ａdmin"),
        json!("admin\u{200b}"),
        json!("аdmin"),
        json!(""),
        json!(null),
        json!(1),
        json!({ "id": "admin" }),
        json!("superadmin"),
        json!("Super Admin"),
        json!("role_"),
        json!("role_01jd7z0000000000000000000a"),
        json!("org_01JD7Z0000000000000000000A"),
    ];
    cases.extend(malformed.map(|role| (role, 422, "invalid-request")));
    for (role, status, slug) in cases {
        let offer = json!({ "email": CY.email, "role_id": role });
        for answer in [
            app.patch(ADA, &format!("{acme}/members/@eve"), json!({ "role_id": role })).await,
            app.patch(ADA, &format!("{acme}/members/@bob"), json!({ "role_id": role })).await,
            app.post(ADA, &format!("{acme}/invitations"), offer).await,
        ] {
            let answer = answer.refuses(status, slug);
            assert!(status == 404 || answer.pointer() == "/role_id", "{role}: {answer}");
        }
    }
    app.change_role(BOB, &acme, EVE, "super_admin")
        .await
        .refuses(422, "super-admin-not-assignable");
    assert_eq!(app.role_of(&acme, EVE).await.as_deref(), Some("user"));
    assert_eq!(app.super_admins(&acme).await.0, ["ada"]);
    app.invite(ADA, &acme, "dee@example.com", "user").await.expect(201);
    for caller in ["cy", "dee"] {
        let path = format!("{acme}/members/@{caller}");
        let answer = app.patch(ADA, &path, json!({ "role_id": "user" })).await;
        answer.refuses(404, "no-such-member");
    }
    let path = format!("{acme}/roles/{foreign}");
    app.get(ADA, &path).await.refuses(404, "no-such-role");
    app.patch(ADA, &path, json!({ "name": "X" })).await.refuses(404, "no-such-role");
    app.delete(ADA, &path).await.refuses(404, "no-such-role");
    let list = app.get(ADA, &format!("{acme}/members?role_id={foreign}")).await.expect(200);
    assert_eq!(list.items().len(), 0);
}
