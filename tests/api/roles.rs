//! `/v1/organizations/{org}/roles` and `…/role-objects`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, nth_user, role_manager, user_manager},
    test_app::{ADA, BOB, CY, EVE, TestApp, mask},
};

/// One line for each role object. `+` marks those that are not in `everywhere`.
fn lines(objects: &[Value], everywhere: &[Value]) -> String {
    let line = |object: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let levels: Vec<_> =
            object["settable_levels"].as_array().unwrap().iter().map(text).collect();
        let mark = if everywhere.contains(object) { "" } else { "+ " };
        let default = text(&object["custom_role_default"]);
        let base = object["prerequisite"]["role_object"].as_str();
        let needs = base.map_or_else(String::new, |base| format!(", needs {base}"));
        let (key, levels) = (text(&object["key"]), levels.join("|"));
        format!("{mark}{key}: [{levels}], default {default}{needs}")
    };
    objects.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// ROLE3, ROLE5
#[tokio::test]
async fn role_objects_depend_on_kind_and_settings() {
    let (app, acme) = TestApp::with_acme().await;
    let standard = shown_objects(&app, &acme).await;
    let partner = app.create_partner(ADA, "Partner").await;
    app.update_settings(&partner, json!({ "mdf_program": true, "manage_sub_organizations": true }))
        .await;
    let all = shown_objects(&app, &partner).await;
    assert!(standard.iter().all(|object| all.contains(object)), "{standard:?}");
    assert_snapshot!(lines(&all, &standard), @"
    critical_alert_users: [none|view_only|full_access], default none
    event_history: [none|view_only], default none
    license_management: [none|view_only|full_access], default none
    + license_management_sub_organizations: [none|view_only|full_access], default none, needs license_management
    organization_general_information: [none|view_only|full_access], default none
    role_management: [none|view_only|full_access], default none
    + role_management_sub_organizations: [none|view_only], default none, needs role_management
    security_management: [none|view_only|full_access], default none
    support_service: [view_only|full_access], default view_only
    user_management: [none|view_only|full_access], default none
    + user_management_sub_organizations: [none|view_only|full_access], default none, needs user_management
    + channel_partner_portal_my_deal_management: [], default none
    + channel_partner_portal_organization_deal_management: [], default none
    + channel_partner_portal_mdf: [], default none
    + channel_partner_portal_organization_playbook: [view_only|full_access], default view_only
    ");
    let alerts = json!({
        "key": "critical_alert_users",
        "section": "My Organization",
        "label": "Critical Alert Users",
        "description": "The e-mail addresses that receive critical alerts.",
        "shown": true,
        "hidden_because": null,
        "levels": [
            {
                "level": "none",
                "description": "Cannot see who receives critical alerts.",
                "actions": [],
            },
            {
                "level": "view_only",
                "description": "Sees the addresses that receive critical alerts, and changes nothing.",
                "actions": ["critical_alert_users.list"],
            },
            {
                "level": "full_access",
                "description": "Sees the addresses that receive critical alerts, adds and removes addresses.",
                "actions": ["critical_alert_users.add", "critical_alert_users.remove"],
            },
        ],
        "settable_levels": ["none", "view_only", "full_access"],
        "custom_role_default": "none",
        "prerequisite": null,
    });
    assert_eq!(all[0], alerts);
}

/// The role objects that an organization shows.
async fn shown_objects(app: &TestApp, org: &str) -> Vec<Value> {
    let objects = app.get(ADA, &format!("{org}/role-objects")).await.expect(200);
    objects.items().iter().filter(|object| object["shown"] == true).cloned().collect()
}

/// ROLE3, ROLE5: with the ids, levels and actions of the catalogue. A hidden role object cannot be set.
#[tokio::test]
async fn role_objects_are_those_of_the_catalogue_with_a_sentence_for_each_level() {
    let (app, acme) = TestApp::with_acme().await;
    let catalogue: Value = serde_json::from_str(include_str!("../catalogue.json")).unwrap();
    let stated = catalogue["role_objects"].as_array().unwrap();
    let listed = app.get(ADA, &format!("{acme}/role-objects")).await.expect(200);
    assert_eq!(each(listed.items(), "key"), each(stated, "key"));
    for (object, stated) in listed.items().iter().zip(stated) {
        let key = &object["key"];
        assert_eq!(object["label"], stated["name"], "{key}");
        let levels = object["levels"].as_array().unwrap();
        assert_eq!(json!(each(levels, "level")), stated["levels"], "{key}");
        for level in levels {
            let name = level["level"].as_str().unwrap();
            assert_eq!(level["actions"], stated["each_level_adds"][name], "{key} {name}");
            assert!(level["description"].as_str().unwrap().ends_with('.'), "{key} {name}");
        }
        let reason = match (&stated["kinds"].as_array().unwrap()[..], stated["shown_when"].as_str())
        {
            ([_], _) => json!("only partner organizations have it"),
            (_, None) => Value::Null,
            (_, Some(condition)) => {
                let condition = catalogue["shown_when"][condition].as_str().unwrap();
                json!(format!("it is available only while {condition}"))
            }
        };
        assert_eq!(object["hidden_because"], reason, "{key}");
        assert_eq!(object["shown"], reason.is_null(), "{key}");
        let settable = if reason.is_null() { stated["levels"].clone() } else { json!([]) };
        assert_eq!(object["settable_levels"], settable, "{key}");
    }
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
    let created = app.post(ADA, &format!("{acme}/roles"), body).await.expect(201);
    let expected = json!({
        "id": created.id(),
        "organization_id": id(&acme),
        "organization_name": "Acme",
        "name": "Night shift",
        "description": "Looks after\nthe house",
        "built_in": false,
        "identity_provider_role": "user",
        "users": { "active": 0, "pending": 0, "services": 0 },
        "permissions": {
            "critical_alert_users": "none",
            "event_history": "view_only",
            "license_management": "none",
            "organization_general_information": "none",
            "role_management": "none",
            "security_management": "full_access",
            "support_service": "view_only",
            "user_management": "none",
        },
    });
    assert_eq!(created.body, expected);
    let path = created.headers["location"].to_str().unwrap();
    assert_eq!(path, format!("{acme}/roles/{}", created.id()));
    assert_eq!(app.get(ADA, path).await.expect(200).body, expected);
}

/// ROLE2
#[tokio::test]
async fn role_name_is_unique_ignoring_case_and_spaces() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(ADA, "Globex").await;
    let roles = format!("{acme}/roles");
    let night = app.create_role(ADA, &acme, "Night Shift", json!({})).await;
    let day = app.create_role(ADA, &acme, "Day Shift", json!({})).await;
    let taken = "Night Shift|night shift|  NIGHT \t  shift |Ｎight Shift|Admin|𝐀dmin|ＡＤＭＩＮ|\
                 super  ADMIN|Super\u{a0}Admin|User|mdf admin|Partner User|Ѕuper Admin|Аdmin|Uѕer|\
                 ADMlN|Adm1n";
    for name in taken.split('|') {
        let body = json!({ "name": name });
        for answer in [
            app.post(ADA, &roles, body.clone()).await,
            app.patch(ADA, &format!("{roles}/{day}"), body).await,
        ] {
            assert_eq!(answer.problem(), "role-name-taken", "{name:?}: {answer}");
        }
    }
    // The name is free in another organization and after a rename. A role may respell its own.
    app.create_role(ADA, &globex, "Night Shift", json!({})).await;
    for name in ["NIGHT shift", "Late shift"] {
        app.patch(ADA, &format!("{roles}/{night}"), json!({ "name": name })).await.expect(200);
    }
    let again = app.create_role(ADA, &acme, "Night Shift", json!({})).await;
    app.delete(ADA, &format!("{roles}/{again}")).await.expect(204);
    app.create_role(ADA, &acme, "night shift", json!({})).await;
}

/// ROLE2
#[tokio::test]
async fn names_and_descriptions_have_bounds() {
    let (app, acme) = TestApp::with_acme().await;
    let roles = format!("{acme}/roles");
    // Invisible characters cannot imitate another name.
    let invisible = ["Ad\u{200b}min", "\u{202e}nimdA", "Night\u{2066}Shift", "Night\u{ad}Shift"];
    let long = "x".repeat(65);
    let folds_long = "\u{fdfa}".repeat(31);
    let names = ["", " ", &long, "a\u{200d}b", &folds_long, "www.evil.example"];
    let names = names.into_iter().chain(invisible);
    let mut cases: Vec<_> = names.map(|name| (json!({ "name": name }), "/name")).collect();
    cases.extend([
        (json!({ "name": 7 }), "/name"),
        (json!({ "permissions": {} }), "/name"),
        (json!({ "name": "Long", "description": "x".repeat(257) }), "/description"),
    ]);
    for (body, pointer) in cases {
        let answer = app.post(ADA, &roles, body).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), pointer, "{answer}");
    }
    let fits = json!({ "name": "x".repeat(64), "description": "x".repeat(256) });
    let role = app.post(ADA, &roles, fits).await.expect(201);
    let path = format!("{roles}/{}", role.id());
    app.patch(ADA, &path, json!({ "name": folds_long })).await.refuses(422, "invalid-request");
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

/// ROLE3: the domain tests have each reason, and contract/common_outcomes.rs its problem.
#[tokio::test]
async fn role_object_accepts_only_its_own_levels() {
    let (app, acme) = TestApp::with_acme().await;
    let roles = format!("{acme}/roles");
    let body = json!({ "name": "Odd", "permissions": { "event_history": "full_access" } });
    assert_snapshot!(app.post(ADA, &roles, body).await.summary(), @r#"
    422 level-not-allowed: Level not allowed
    Event History cannot be set to full access. Choose one of the allowed levels.
    at /permissions/event_history
    allowed: ["none","view_only"]
    role_object: "event_history"
    "#);
    let list = json!({ "name": "Odd", "permissions": [] });
    app.post(ADA, &roles, list).await.refuses(422, "invalid-request");
    assert_eq!(app.actions(&acme).await, ["organization.created"]);
}

/// ROLE3, ROLE5
#[tokio::test]
async fn custom_role_can_set_only_the_playbook_of_the_partner_portal() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    let playbook = json!({ "channel_partner_portal_organization_playbook": "full_access" });
    let role = app.create_role(ADA, &acme, "Editor", playbook).await;
    let shown = app.get(ADA, &format!("{acme}/roles/{role}")).await.expect(200);
    let levels = ["organization_playbook", "my_deal_management", "mdf"]
        .map(|name| shown.body["permissions"][format!("channel_partner_portal_{name}")].clone());
    assert_eq!(levels, [json!("full_access"), json!("none"), Value::Null]);
}

/// ROLE4
#[tokio::test]
async fn role_with_an_unmet_prerequisite_is_refused() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let roles = format!("{acme}/roles");
    let alone = json!({ "user_management_sub_organizations": "view_only" });
    let body = json!({ "name": "Watch", "permissions": alone });
    assert_snapshot!(app.post(ADA, &roles, body).await.summary(), @r#"
    422 prerequisite-not-met: Prerequisite not met
    User Management - Sub Organizations requires at least view access to User Management. Set both.
    at /permissions/user_management_sub_organizations
    prerequisite: {"at_least":"view_only","role_object":"user_management"}
    role_object: "user_management_sub_organizations"
    "#);
    let both = |base: &str, below: &str| json!({ "user_management": base, "user_management_sub_organizations": below });
    let role = app.create_role(ADA, &acme, "Watch", both("view_only", "full_access")).await;
    let path = format!("{roles}/{role}");
    let less = json!({ "permissions": { "user_management": "none" } });
    app.patch(ADA, &path, less).await.refuses(422, "prerequisite-not-met");
    app.patch(ADA, &path, json!({ "permissions": both("none", "none") })).await.expect(200);
}

/// ROLE6
#[tokio::test]
async fn role_in_use_cannot_be_deleted() {
    let (app, acme) = TestApp::with_acme().await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    let path = format!("{acme}/roles/{night}");
    app.add_member(ADA, &acme, BOB, &night).await;
    let pending = app.create_invitation(ADA, &acme, CY.email, &night).await;
    assert_snapshot!(app.delete(ADA, &path).await.summary(), @r#"
    409 role-in-use: Role in use
    The role has users: 1 active, 1 pending, 0 services. Give them another role first, or name one for all of them (`reassign_to`).
    holders: {"active":1,"pending":1,"services":0}
    "#);
    app.change_role(ADA, &acme, BOB, "user").await.expect(200);
    let still = app.delete(ADA, &path).await.refuses(409, "role-in-use");
    assert_eq!(still.body["holders"], json!({ "active": 0, "pending": 1, "services": 0 }));
    app.delete(ADA, &pending).await.expect(204);
    app.delete(ADA, &path).await.expect(204);
    for gone in [app.get(ADA, &path).await, app.delete(ADA, &path).await] {
        gone.refuses(404, "no-such-role");
    }
}

/// ROLE7, ROLE12: a role manager cannot create, extend, edit or delete a role above their own levels,
/// nor change the role that they hold.
#[tokio::test]
async fn role_manager_cannot_create_or_edit_a_role_above_own_levels() {
    let (app, acme) = TestApp::with_acme().await;
    let maker = app.add_member_with(ADA, &acme, BOB, role_manager()).await;
    let above = app.create_role(ADA, &acme, "User manager", user_manager()).await;
    let roles = format!("{acme}/roles");
    let new = json!({ "name": "Above", "permissions": user_manager() });
    assert_snapshot!(app.post(BOB, &roles, new).await.summary(), @r#"
    403 exceeds-own-permissions: Role exceeds your own permissions
    This role has full access to User Management, which is more than you have. Ask a member who has at least that level to grant or change the role.
    level_needed: "full_access"
    role_object: "user_management"
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

/// ROLE8. Rancher GHSA-vf6j-6739-78m8; Apache Answer CVE-2026-60053.
#[tokio::test]
async fn role_edit_takes_effect_on_the_next_request() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.add_member_with(ADA, &acme, BOB, json!({})).await;
    for (n, (level, status)) in
        [("full_access", 201), ("view_only", 403), ("full_access", 201)].into_iter().enumerate()
    {
        let levels = json!({ "permissions": { "user_management": level } });
        app.patch(ADA, &format!("{acme}/roles/{role}"), levels).await.expect(200);
        app.invite(BOB, &acme, nth_user(n).email, "user").await.expect(status);
    }
}

/// ROLE10, ROLE11
#[tokio::test]
async fn roles_list_starts_with_built_in_roles_and_counts_users() {
    let (app, acme) = TestApp::with_acme().await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    app.create_role(ADA, &acme, "Admins", both).await;
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
    super_admin | Super Admin | true | admin | {"active":1,"pending":0,"services":0}
    admin | Admin | true | admin | {"active":0,"pending":1,"services":0}
    user | User | true | user | {"active":0,"pending":0,"services":0}
    role_… | Night shift | false | user | {"active":1,"pending":0,"services":0}
    role_… | Admins | false | admin | {"active":0,"pending":0,"services":0}
    role_… | Managers | false | user | {"active":0,"pending":0,"services":0}
    "#);
    let partner = app.create_partner(EVE, "Partner").await;
    let list = app.get(EVE, &format!("{partner}/roles")).await.expect(200);
    let five = ["super_admin", "admin", "user", "mdf_admin", "partner_user"];
    assert_eq!(each(list.items(), "id"), five);
}

#[tokio::test]
async fn edit_changes_only_the_fields_sent() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.create_role(ADA, &acme, "Manager", user_manager()).await;
    let path = format!("{acme}/roles/{role}");
    let mut expected = app.get(ADA, &path).await.expect(200).body;
    expected["permissions"]["event_history"] = json!("view_only");
    let change = json!({ "permissions": { "event_history": "view_only" } });
    // A repeat changes nothing and records no event.
    for change in [change.clone(), change, json!({})] {
        assert_eq!(app.patch(ADA, &path, change).await.expect(200).body, expected);
    }
    assert_eq!(app.get(ADA, &path).await.body, expected);
    let actions = app.actions(&acme).await;
    assert_eq!(actions, ["organization.created", "role.created", "role.updated"]);
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
    let malformed = "owner|user,super_admin|Admin| admin|ａdmin|аdmin||superadmin|Super Admin|role_|\
                     role_01jd7z0000000000000000000a|org_01JD7Z0000000000000000000A";
    let malformed = malformed.split('|').map(|role| json!(role));
    let malformed =
        malformed.chain([json!(["admin"]), json!(null), json!(1), json!({ "id": "admin" })]);
    cases.extend(malformed.map(|role| (role, 422, "invalid-request")));
    for (role, status, slug) in cases {
        let body = json!({ "role_id": role });
        let offer = json!({ "email": CY.email, "role_id": role });
        for answer in [
            app.patch(ADA, &format!("{acme}/members/@eve"), body.clone()).await,
            app.patch(ADA, &format!("{acme}/members/@bob"), body).await,
            app.post(ADA, &format!("{acme}/invitations"), offer).await,
        ] {
            let answer = answer.refuses(status, slug);
            assert!(status == 404 || answer.pointer() == "/role_id", "{role}: {answer}");
        }
    }
    let by_admin = app.change_role(BOB, &acme, EVE, "super_admin").await;
    by_admin.refuses(422, "super-admin-not-assignable");
    assert_eq!(app.role_of(&acme, EVE).await.as_deref(), Some("user"));
    assert_eq!(app.super_admins(&acme).await.0, ["ada"]);
    app.invite(ADA, &acme, DEE.email, "user").await.expect(201);
    for no_member in [CY, DEE] {
        app.change_role(ADA, &acme, no_member, "user").await.refuses(404, "no-such-member");
    }
    let path = format!("{acme}/roles/{foreign}");
    for answer in [
        app.get(ADA, &path).await,
        app.patch(ADA, &path, json!({ "name": "X" })).await,
        app.delete(ADA, &path).await,
    ] {
        answer.refuses(404, "no-such-role");
    }
    let list = app.get(ADA, &format!("{acme}/members?role_id={foreign}")).await.expect(200);
    assert_eq!(list.items().len(), 0);
}
