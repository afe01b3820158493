//! `/v1/organizations/{org}/roles` and `…/role-objects`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{each, id, role_manager, user_manager},
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp, mask},
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
async fn the_role_objects_are_those_that_are_shown_here() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let all = world.get(ADA, &format!("{acme}/role-objects")).await.expect(200);
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
async fn switches_show_more_role_objects() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    world.switch(&acme, json!({ "mdf_program": true, "manage_sub_organizations": true })).await;
    let all = world.get(ADA, &format!("{acme}/role-objects")).await.expect(200);
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

/// ROLE1: every cell of the catalogue, as far as switches can show it.
#[tokio::test]
async fn the_built_in_roles_hold_what_the_catalogue_says() {
    let world = TestApp::new().await;
    let catalogue = catalogue();
    let standard = world.tree(ADA, "Standard").await;
    let partner = world.partner(ADA, "Partner").await;
    world.switch(&partner, json!({ "mdf_program": true, "manage_sub_organizations": true })).await;
    let mut cells = 0;
    for (org, kind) in [(&standard, "standard"), (&partner, "partner")] {
        let is_of_kind =
            |entry: &&Value| entry["kinds"].as_array().unwrap().iter().any(|of| of == kind);
        let roles = catalogue["built_in_roles"].as_array().unwrap().iter().filter(is_of_kind);
        for role in roles {
            let key = role["key"].as_str().unwrap();
            let told = world.get(ADA, &format!("{org}/roles/{key}")).await.expect(200);
            assert_eq!(told.body["name"], role["name"]);
            assert_eq!(told.body["built_in"], true);
            // ROLE11
            assert_eq!(told.body["identity_provider_role"], role["identity_provider_role"]);
            let shown = told.body["permissions"].as_object().unwrap();
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
async fn built_in_roles_stay_as_they_are() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for role in ["super_admin", "admin", "user", "mdf_admin", "partner_user"] {
        let path = format!("{acme}/roles/{role}");
        world.patch(ADA, &path, json!({ "name": "Boss" })).await.refuses(409, "built-in-role");
        world.delete(ADA, &path).await.refuses(409, "built-in-role");
    }
    for role in ["mdf_admin", "partner_user"] {
        world.get(ADA, &format!("{acme}/roles/{role}")).await.refuses(404, "no-such-role");
    }
}

/// ROLE2: what is left out gets its default.
#[tokio::test]
async fn a_role_is_created_with_the_defaults_of_what_it_leaves_out() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let wanted = json!({
        "name": "  Night \u{a0} shift",
        "description": " Looks after\n the house ",
        "permissions": { "security_management": "full_access", "event_history": "view_only" },
    });
    let answer = world.post(ADA, &format!("{acme}/roles"), wanted).await;
    assert_eq!(answer.headers["location"], format!("{acme}/roles/{}", answer.id()));
    let read = world.get(ADA, &format!("{acme}/roles/{}", answer.id())).await;
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
async fn a_name_is_a_roles_own() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(ADA, "Globex").await;
    let night = world.role(ADA, &acme, "Night Shift", json!({})).await;
    let day = world.role(ADA, &acme, "Day Shift", json!({})).await;
    let taken = [
        "Night Shift",
        "night shift",
        "  NIGHT \t  shift ",
        "Ｎight Shift",
        "Admin",
        "super  ADMIN",
        "User",
        "mdf admin",
        "Partner User",
    ];
    for name in taken {
        let made = world.post(ADA, &format!("{acme}/roles"), json!({ "name": name })).await;
        assert_eq!((made.status.as_u16(), made.problem()), (409, "role-name-taken"), "{name:?}");
        let path = format!("{acme}/roles/{day}");
        let renamed = world.patch(ADA, &path, json!({ "name": name })).await;
        assert_eq!((renamed.status.as_u16(), renamed.problem()), (409, "role-name-taken"));
    }
    // Elsewhere, or once it is given back, it is free; and a role may respell its own.
    world.role(ADA, &globex, "Night Shift", json!({})).await;
    let path = format!("{acme}/roles/{night}");
    world.patch(ADA, &path, json!({ "name": "NIGHT shift" })).await.expect(200);
    world.patch(ADA, &path, json!({ "name": "Late shift" })).await.expect(200);
    let again = world.role(ADA, &acme, "Night Shift", json!({})).await;
    world.delete(ADA, &format!("{acme}/roles/{again}")).await.expect(204);
    world.role(ADA, &acme, "night shift", json!({})).await;
}

/// ROLE2
#[tokio::test]
async fn names_and_descriptions_have_bounds() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let roles = format!("{acme}/roles");
    for name in [json!(""), json!(" "), json!("x".repeat(65)), json!("a\u{200d}b"), json!(7)] {
        let answer = world.post(ADA, &roles, json!({ "name": name })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/name");
    }
    let nameless = world.post(ADA, &roles, json!({ "permissions": {} })).await;
    assert_eq!(nameless.refuses(422, "invalid-request").pointer(), "/name");
    let long = json!({ "name": "Long", "description": "x".repeat(257) });
    let long = world.post(ADA, &roles, long).await;
    assert_eq!(long.refuses(422, "invalid-request").pointer(), "/description");
    let fits = json!({ "name": "x".repeat(64), "description": "x".repeat(256) });
    world.post(ADA, &roles, fits).await.expect(201);
}

/// ROLE2
#[tokio::test]
async fn an_organization_has_a_hundred_roles_of_its_own() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let mut last = String::new();
    for n in 0..100 {
        last = world.role(ADA, &acme, &format!("Role {n}"), json!({})).await;
    }
    let one_more = json!({ "name": "One more" });
    let roles = format!("{acme}/roles");
    world.post(ADA, &roles, one_more.clone()).await.refuses(409, "role-limit");
    let listed = world.walk(ADA, &format!("{roles}?limit=30")).await;
    assert_eq!(listed.len(), 103);
    world.delete(ADA, &format!("{roles}/{last}")).await.expect(204);
    world.post(ADA, &roles, one_more).await.expect(201);
}

/// ROLE3
#[tokio::test]
async fn a_role_object_accepts_only_its_own_levels() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let roles = format!("{acme}/roles");
    let wanted = json!({ "name": "Odd", "permissions": { "event_history": "full_access" } });
    assert_snapshot!(world.post(ADA, &roles, wanted).await, @r#"
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
        let wanted = json!({ "name": "Odd", "permissions": permissions });
        world.post(ADA, &roles, wanted).await.refuses(422, slug);
    }
    assert_eq!(world.actions(&acme).await, ["organization.created"]);
}

/// ROLE3, ROLE5
#[tokio::test]
async fn of_the_partner_portal_a_custom_role_sets_the_playbook_alone() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    let playbook = json!({ "channel_partner_portal_organization_playbook": "full_access" });
    let role = world.role(ADA, &acme, "Editor", playbook).await;
    let told = world.get(ADA, &format!("{acme}/roles/{role}")).await;
    let level = |object: &str| told.body["permissions"][object].clone();
    assert_eq!(level("channel_partner_portal_organization_playbook"), "full_access");
    assert_eq!(level("channel_partner_portal_my_deal_management"), "none");
    assert_eq!(level("channel_partner_portal_mdf"), Value::Null);
}

/// ROLE4
#[tokio::test]
async fn a_role_that_breaks_a_prerequisite_is_refused_and_never_mended() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let roles = format!("{acme}/roles");
    let alone = json!({ "user_management_sub_organizations": "view_only" });
    let wanted = json!({ "name": "Watch", "permissions": alone });
    assert_snapshot!(world.post(ADA, &roles, wanted).await, @r#"
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
    let role = world.role(ADA, &acme, "Watch", both).await;
    let less = json!({ "permissions": { "user_management": "none" } });
    let answer = world.patch(ADA, &format!("{roles}/{role}"), less).await;
    answer.refuses(422, "prerequisite-not-met");
    let less = json!({ "permissions": {
        "user_management": "none", "user_management_sub_organizations": "none",
    } });
    world.patch(ADA, &format!("{roles}/{role}"), less).await.expect(200);
}

/// ROLE6
#[tokio::test]
async fn a_role_in_use_cannot_be_deleted() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let night = world.role(ADA, &acme, "Night shift", json!({})).await;
    let path = format!("{acme}/roles/{night}");
    world.bring(ADA, &acme, BOB, &night).await;
    let pending = world.invited(ADA, &acme, CY.email, &night).await;
    assert_snapshot!(world.delete(ADA, &path).await, @r#"
    409 Conflict
    {
      "detail": "1 members hold this role, and 1 pending invitations offer it. Give them another role first.",
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

    world.assign(ADA, &acme, BOB, "user").await.expect(200);
    let still = world.delete(ADA, &path).await.refuses(409, "role-in-use");
    assert_eq!(still.body["holders"], json!({ "active": 0, "pending": 1 }));
    world.delete(ADA, &pending).await.expect(204);
    world.delete(ADA, &path).await.expect(204);
    world.get(ADA, &path).await.refuses(404, "no-such-role");
    world.delete(ADA, &path).await.refuses(404, "no-such-role");
}

/// ROLE6: whichever comes first.
#[tokio::test]
async fn no_role_is_deleted_under_somebody_who_gets_it_at_that_moment() {
    for _ in 0..8 {
        let world = TestApp::new().await;
        let acme = world.found(ADA, "Acme").await;
        world.bring(ADA, &acme, BOB, "user").await;
        let night = world.role(ADA, &acme, "Night shift", json!({})).await;
        let path = format!("{acme}/roles/{night}");
        let (deleted, assigned, invited) = tokio::join!(
            world.delete(ADA, &path),
            world.assign(ADA, &acme, BOB, &night),
            world.invite(ADA, &acme, CY.email, &night),
        );
        let there = world.get(ADA, &path).await.status == 200;
        assert_eq!(deleted.status == 204, !there);
        for (answer, done) in [(assigned, 200), (invited, 201)] {
            assert!(there || answer.status != done, "{deleted} {answer}");
        }
    }
}

/// ROLE7
#[tokio::test]
async fn nobody_makes_a_role_above_themselves() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let maker = world.role(ADA, &acme, "Role manager", role_manager()).await;
    world.bring(ADA, &acme, BOB, &maker).await;
    let roles = format!("{acme}/roles");

    let above = json!({ "name": "Above", "permissions": { "user_management": "full_access" } });
    assert_snapshot!(world.post(BOB, &roles, above).await, @r#"
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
    // As much as they hold, or the built-in User does, is fine.
    let within = json!({ "role_management": "full_access", "user_management": "view_only" });
    let own = world.role(BOB, &acme, "Within", within).await;
    let grow = json!({ "permissions": { "security_management": "full_access" } });
    world.patch(BOB, &format!("{roles}/{own}"), grow).await.refuses(403, "exceeds-own-permissions");
}

/// ROLE7: present levels count too.
#[tokio::test]
async fn nobody_edits_or_deletes_a_role_above_themselves() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let maker = world.role(ADA, &acme, "Role manager", role_manager()).await;
    let above = world.role(ADA, &acme, "User manager", user_manager()).await;
    world.bring(ADA, &acme, BOB, &maker).await;
    let path = format!("{acme}/roles/{above}");
    for change in [
        json!({ "name": "Mine" }),
        json!({ "description": "Mine" }),
        json!({ "permissions": { "user_management": "none" } }),
    ] {
        world.patch(BOB, &path, change).await.refuses(403, "exceeds-own-permissions");
    }
    world.delete(BOB, &path).await.refuses(403, "exceeds-own-permissions");
    world.delete(ADA, &path).await.expect(204);
}

/// ROLE8
#[tokio::test]
async fn editing_a_role_counts_at_its_holders_very_next_request() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let role = world.role(ADA, &acme, "Manager", user_manager()).await;
    world.bring(ADA, &acme, BOB, &role).await;
    let path = format!("{acme}/roles/{role}");
    world.invite(BOB, &acme, "one@example.com", "user").await.expect(201);
    let less = json!({ "permissions": { "user_management": "view_only" } });
    world.patch(ADA, &path, less).await.expect(200);
    world.invite(BOB, &acme, "two@example.com", "user").await.refuses(403, "missing-permission");
    world.patch(ADA, &path, json!({ "permissions": user_manager() })).await.expect(200);
    world.invite(BOB, &acme, "two@example.com", "user").await.expect(201);
}

/// ROLE10
#[tokio::test]
async fn the_list_begins_with_the_built_in_roles_and_counts_the_users_of_each() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let night = world.role(ADA, &acme, "Night shift", json!({})).await;
    world.role(ADA, &acme, "Managers", user_manager()).await;
    world.bring(ADA, &acme, BOB, &night).await;
    world.invited(ADA, &acme, CY.email, "admin").await;
    let list = world.get(ADA, &format!("{acme}/roles")).await.expect(200);
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
    let partner = world.partner(EVE, "Partner").await;
    let list = world.get(EVE, &format!("{partner}/roles")).await.expect(200);
    let five = ["super_admin", "admin", "user", "mdf_admin", "partner_user"];
    assert_eq!(each(list.items(), "id"), five);
}

/// ROLE11
#[tokio::test]
async fn the_identity_provider_is_told_admin_for_full_access_to_users_and_roles() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    for (n, (permissions, told)) in
        [(both, "admin"), (user_manager(), "user"), (role_manager(), "user"), (json!({}), "user")]
            .into_iter()
            .enumerate()
    {
        let role = world.role(ADA, &acme, &format!("Role {n}"), permissions).await;
        let read = world.get(ADA, &format!("{acme}/roles/{role}")).await;
        assert_eq!(read.body["identity_provider_role"], told);
        let person = crate::helpers::someone(n);
        let member = world.bring(ADA, &acme, person, &role).await;
        assert_eq!(member.body["identity_provider_role"], told);
    }
}

/// ROLE12
#[tokio::test]
async fn nobody_edits_or_deletes_the_role_they_hold() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let maker = world.role(ADA, &acme, "Role manager", role_manager()).await;
    world.bring(ADA, &acme, BOB, &maker).await;
    let path = format!("{acme}/roles/{maker}");
    world.patch(BOB, &path, json!({ "name": "Mine" })).await.refuses(403, "cannot-change-own-role");
    world.delete(BOB, &path).await.refuses(403, "cannot-change-own-role");
}

#[tokio::test]
async fn who_only_looks_at_roles_changes_none() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let night = world.role(ADA, &acme, "Night shift", json!({})).await;
    let path = format!("{acme}/roles/{night}");
    world.bring(ADA, &acme, BOB, "user").await;
    for get in [path.clone(), format!("{acme}/roles"), format!("{acme}/role-objects")] {
        world.get(BOB, &get).await.expect(200);
        world.get(OPERATOR, &get).await.expect(200);
        world.get(EVE, &get).await.refuses(404, "no-such-organization");
    }
    for (who, status, slug) in [
        (BOB, 403, "missing-permission"),
        (OPERATOR, 403, "operator-read-only"),
        (EVE, 404, "no-such-organization"),
    ] {
        let new = json!({ "name": "New" });
        world.post(who, &format!("{acme}/roles"), new.clone()).await.refuses(status, slug);
        world.patch(who, &path, new).await.refuses(status, slug);
        world.delete(who, &path).await.refuses(status, slug);
    }
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_nothing_else() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let role = world.role(ADA, &acme, "Manager", user_manager()).await;
    let path = format!("{acme}/roles/{role}");
    let change = json!({ "permissions": { "event_history": "view_only" } });
    let edited = world.patch(ADA, &path, change.clone()).await.expect(200);
    assert_eq!(edited.body["name"], "Manager");
    assert_eq!(edited.body["permissions"]["user_management"], "full_access");
    assert_eq!(edited.body["permissions"]["event_history"], "view_only");
    assert_eq!(world.get(ADA, &path).await.body, edited.body);
    // Again: nothing to change, nothing to record.
    world.patch(ADA, &path, change).await.expect(200);
    world.patch(ADA, &path, json!({})).await.expect(200);
    let actions = world.actions(&acme).await;
    assert_eq!(actions, ["organization.created", "role.created", "role.updated"]);
}

/// SUB4, SUB6, ROLE10
#[tokio::test]
async fn the_roles_of_a_subtree_come_by_organization_and_are_searched_by_name_or_description() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let branch = world.below(ADA, &root, "Branch").await;
    world.role(ADA, &root, "Night shift", json!({})).await;
    let guard = json!({ "name": "Guards", "description": "Night  SHIFT at the gate" });
    let guards = world.post(ADA, &format!("{branch}/roles"), guard).await.expect(201).id();
    world.bring(ADA, &branch, BOB, &guards).await;
    world.invited(ADA, &branch, CY.email, "admin").await;
    let list = async |query: &str| {
        let list = world.walk(ADA, &format!("{root}/roles?limit=2&{query}")).await;
        let line = |role: &Value| {
            let org = if role["organization_id"] == id(&root) { "root" } else { "branch" };
            let (name, users) = (role["name"].as_str().unwrap(), &role["users"]);
            format!("{org}: {name} {}/{}", users["active"], users["pending"])
        };
        list.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    assert_snapshot!(
        list("scope=subtree").await,
        @"root: Super Admin 1/0, root: Admin 0/0, root: User 0/0, root: Night shift 0/0, branch: Super Admin 1/0, branch: Admin 0/1, branch: User 0/0, branch: Guards 1/0"
    );
    let found = "root: Night shift 0/0, branch: Guards 1/0";
    assert_eq!(list("scope=subtree&q=night%20shift").await, found);
    assert_eq!(list("scope=subtree&q=gate").await, "");
    assert_eq!(list("scope=subtree&q=gate&match=contains").await, "branch: Guards 1/0");
    assert_eq!(list("q=NIGHT").await, "root: Night shift 0/0");
    assert_eq!(list("q=admin").await, "root: Admin 0/0");
    let chosen = format!("organization_id={}&q=admin&match=contains", id(&branch));
    assert_eq!(list(&chosen).await, "branch: Super Admin 1/0, branch: Admin 0/1");

    // What is said of a role is found as soon as it is said, and under its new name.
    let path = format!("{branch}/roles/{guards}");
    world.patch(ADA, &path, json!({ "description": "Porters" })).await.expect(200);
    assert_eq!(list("scope=subtree&q=night").await, "root: Night shift 0/0");
    assert_eq!(list("scope=subtree&q=porter").await, "branch: Guards 1/0");
    world.patch(ADA, &path, json!({ "name": "Wardens" })).await.expect(200);
    assert_eq!(list("scope=subtree&q=porter").await, "branch: Wardens 1/0");
    assert_eq!(list("scope=subtree&q=guard").await, "");
}

/// SUB4
#[tokio::test]
async fn the_roles_of_a_subtree_take_their_own_permission() {
    let world = TestApp::new().await;
    let root = world.found(ADA, "Root").await;
    let list = format!("{root}/roles?scope=subtree");
    let off = world.get(ADA, &list).await.refuses(403, "missing-permission");
    assert_eq!(off.body["role_object"], "role_management_sub_organizations");
    world.switch(&root, json!({ "manage_sub_organizations": true })).await;
    world.get(ADA, &list).await.expect(200);
    let role = world.role(ADA, &root, "Role manager", role_manager()).await;
    world.bring(ADA, &root, BOB, &role).await;
    world.get(BOB, &list).await.refuses(403, "missing-permission");
    world.get(BOB, &format!("{root}/roles?q=adm")).await.expect(200);
}
