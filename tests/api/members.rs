//! `/v1/organizations/{org}/members` and `…/leave`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, someone, user_manager},
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp, who},
};

/// U3
#[tokio::test]
async fn the_users_list_shows_members_and_pending_together() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let night = world.role(ADA, &acme, "Night shift", json!({})).await;
    world.invited(ADA, &acme, BOB.email, &night).await;
    assert_snapshot!(world.get(ADA, &format!("{acme}/members")).await, @r#"
    200 OK
    {
      "items": [
        {
          "email": "ada@example.com",
          "id": "mem_…",
          "identity_provider_role": "admin",
          "joined_at": "2026-11-21T12:00:00Z",
          "name": null,
          "organization_id": "org_…",
          "role_id": "super_admin",
          "role_name": "Super Admin",
          "source": "creator",
          "status": "active",
          "user_id": "ada"
        },
        {
          "created_at": "2026-11-21T12:00:02Z",
          "email": "bob@example.com",
          "expired": false,
          "expires_at": "2026-11-28T12:00:02Z",
          "id": "inv_…",
          "invited_by": "ada",
          "organization_id": "org_…",
          "role_id": "role_…",
          "role_name": "Night shift",
          "send_count": 1,
          "sent_at": "2026-11-21T12:00:02Z",
          "status": "pending"
        }
      ],
      "next_cursor": null
    }
    "#);
}

/// An organization with Ada as Super Admin, Bob as Admin, Cy and the pending Dee as users.
async fn four(world: &TestApp) -> String {
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(ADA, &acme, CY, "user").await;
    world.invited(ADA, &acme, DEE.email, "user").await;
    acme
}

/// U4, SUB6
#[tokio::test]
async fn users_are_filtered_searched_and_sorted() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let (ada, bob, cy, dee) = (ADA.email, BOB.email, CY.email, DEE.email);
    for (query, found) in [
        ("", vec![ada, bob, cy, dee]),
        ("status=active", vec![ada, bob, cy]),
        ("status=pending", vec![dee]),
        ("status=active&status=pending", vec![ada, bob, cy, dee]),
        ("role_id=user", vec![cy, dee]),
        ("role_id=user&status=pending", vec![dee]),
        ("role_id=user&role_id=super_admin", vec![ada, cy, dee]),
        ("role_id=mdf_admin", vec![]),
        ("q=bo", vec![bob]),
        ("q=%20BOB%40Example", vec![bob]),
        ("q=example", vec![]),
        ("q=d&role_id=user", vec![dee]),
        // By the name of their role, too: after those whom their address finds.
        ("q=SUPER", vec![ada]),
        ("q=ad", vec![ada, bob]),
        ("q=ad&sort=-email", vec![ada, bob]),
        ("q=admin&role_id=super_admin", vec![]),
        ("q=user&status=pending", vec![dee]),
        ("q=c&sort=joined_at", vec![cy]),
        ("q=example&match=contains", vec![ada, bob, cy, dee]),
        ("q=min&match=contains", vec![ada, bob]),
        ("sort=email", vec![ada, bob, cy, dee]),
        ("sort=-email", vec![dee, cy, bob, ada]),
        ("sort=joined_at&status=active", vec![ada, bob, cy]),
        ("sort=-joined_at&role_id=user", vec![dee, cy]),
        ("q=d&status=active", vec![]),
    ] {
        let list = world.get(ADA, &format!("{acme}/members?{query}")).await.expect(200);
        assert_eq!(each(list.items(), "email"), found, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    for query in [
        "status=removed",
        "role_id=boss",
        "scope=everything",
        "organization_id=acme",
        "match=fuzzy",
        "sort=name",
        "sort=%2Bemail",
        "color=red",
        "sub=ada",
    ] {
        let answer = world.get(ADA, &format!("{acme}/members?{query}")).await;
        answer.refuses(422, "invalid-request");
    }
}

/// SUB4, SUB6
#[tokio::test]
async fn the_users_of_a_subtree_are_those_of_here_and_below() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    world.bring(ADA, &root, BOB, "admin").await;
    let branch = world.below(BOB, &root, "Branch").await;
    world.bring(BOB, &branch, CY, "admin").await;
    let leaf = world.below(CY, &branch, "Leaf").await;
    world.invited(CY, &leaf, DEE.email, "user").await;
    world.below(ADA, &root, "Sibling").await;

    let list = async |who, org: &str, query: &str| {
        let list =
            world.get(who, &format!("{org}/members?scope=subtree&{query}")).await.expect(200);
        let emails = each(list.items(), "email");
        let mut names: Vec<_> =
            emails.iter().map(|email| email.split('@').next().unwrap().to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(list(ADA, &root, "").await, "ada ada bob bob cy cy dee");
    assert_eq!(list(CY, &branch, "").await, "bob cy cy dee");
    assert_eq!(list(CY, &leaf, "").await, "cy dee");
    assert_eq!(list(ADA, &root, "status=pending").await, "dee");
    assert_eq!(list(ADA, &root, "role_id=admin").await, "bob cy");
    assert_eq!(list(ADA, &root, "q=cy").await, "cy cy");
}

/// SUB4, SUB1
#[tokio::test]
async fn the_subtree_takes_its_own_permission() {
    let world = TestApp::new().await;
    let root = world.found(ADA, "Root").await;
    let list = format!("{root}/members?scope=subtree");
    // Off by default.
    world.get(ADA, &list).await.refuses(403, "missing-permission");
    world.switch(&root, json!({ "manage_sub_organizations": true })).await;
    world.get(ADA, &list).await.expect(200);
    world.bring(ADA, &root, BOB, "user").await;
    let user = world.get(BOB, &list).await.refuses(403, "missing-permission");
    assert_eq!(user.body["role_object"], "user_management_sub_organizations");
    world.get(BOB, &format!("{root}/members")).await.expect(200);
    world.get(EVE, &list).await.refuses(404, "no-such-organization");
}

#[tokio::test]
async fn a_member_is_found_by_the_sub_of_the_person() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for sub in
        ["a/b4+Lfg=", "x#EXT#@y", "CORP\\jdoe", "auth0|a/b%c", "https://idp.example/users/7?x=1"]
    {
        let odd = who(sub, "odd@example.com");
        let id = world.bring(ADA, &acme, odd, "user").await.body["id"].clone();
        let path = format!("{acme}/members/{}", id.as_str().unwrap());
        let found = world.get(ADA, &path).await.expect(200);
        assert_eq!(found.body["user_id"], sub);
        world.patch(ADA, &path, json!({ "role_id": "admin" })).await.expect(200);
        let encoded = sub.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
        let by_sub = format!("{acme}/members?user_id={encoded}");
        let found = world.get(ADA, &by_sub).await.expect(200);
        assert_eq!(found.items()[0]["id"], id);
        world.delete(ADA, &path).await.expect(204);
        world.get(ADA, &path).await.refuses(404, "no-such-member");
        assert_eq!(world.get(ADA, &by_sub).await.expect(200).items().len(), 0);
    }
}

/// U4, ROLE11
#[tokio::test]
async fn a_user_manager_changes_a_role() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let powers = json!({ "user_management": "full_access", "role_management": "full_access" });
    let deputy = world.role(ADA, &acme, "Deputy", powers).await;
    assert_snapshot!(world.assign(BOB, &acme, CY, &deputy).await, @r#"
    200 OK
    {
      "email": "cy@example.com",
      "id": "mem_…",
      "identity_provider_role": "admin",
      "joined_at": "2026-11-21T12:00:04Z",
      "name": null,
      "organization_id": "org_…",
      "role_id": "role_…",
      "role_name": "Deputy",
      "source": "invitation",
      "status": "active",
      "user_id": "cy"
    }
    "#);
    assert_eq!(world.role_of(&acme, CY).await, Some(deputy));
    world.invite(CY, &acme, EVE.email, "user").await.expect(201);
}

/// U4: what view allows and what it does not.
#[tokio::test]
async fn who_only_looks_changes_nobody() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    world.get(CY, &format!("{acme}/members")).await.expect(200);
    world.get(CY, &format!("{acme}/members/@bob")).await.expect(200);
    for target in [BOB, ADA, CY, EVE] {
        world.assign(CY, &acme, target, "user").await.refuses(403, "missing-permission");
        world.remove(CY, &acme, target).await.refuses(403, "missing-permission");
    }
    let blind = world.role(ADA, &acme, "Blind", json!({})).await;
    world.bring(ADA, &acme, EVE, &blind).await;
    world.get(EVE, &format!("{acme}/members")).await.refuses(403, "missing-permission");
    world.get(EVE, &format!("{acme}/members/@bob")).await.refuses(403, "missing-permission");
    world.get(EVE, &format!("{acme}/invitations")).await.refuses(403, "missing-permission");
}

/// SA3: neither the Super Admin's role nor the Super Admin's place is anybody's to touch.
#[tokio::test]
async fn the_super_admin_stays() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let manager = world.role(ADA, &acme, "User manager", user_manager()).await;
    world.assign(ADA, &acme, CY, &manager).await.expect(200);
    for actor in [BOB, CY] {
        world.assign(actor, &acme, ADA, "user").await.refuses(409, "super-admin-protected");
        world.remove(actor, &acme, ADA).await.refuses(409, "super-admin-protected");
    }
    world.assign(ADA, &acme, ADA, "admin").await.refuses(403, "cannot-change-own-role");
    world.remove(ADA, &acme, ADA).await.refuses(409, "super-admin-protected");
    let leave = world.post(ADA, &format!("{acme}/leave"), json!({})).await;
    assert_snapshot!(leave, @r#"
    409 Conflict
    {
      "detail": "The Super Admin cannot be removed, leave, or get another role. They must first transfer the Super Admin role to an Admin.",
      "instance": "r1",
      "status": 409,
      "title": "Super Admin is protected",
      "type": "/problems/super-admin-protected"
    }
    "#);
    assert_eq!(world.role_of(&acme, ADA).await.as_deref(), Some("super_admin"));
}

/// SA3: and the role is never given.
#[tokio::test]
async fn nobody_is_made_super_admin_by_a_role_change() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    for target in [BOB, CY] {
        let answer = world.assign(ADA, &acme, target, "super_admin").await;
        assert_eq!(answer.refuses(422, "super-admin-not-assignable").pointer(), "/role_id");
    }
    world.assign(BOB, &acme, CY, "super_admin").await.refuses(422, "super-admin-not-assignable");
    assert_eq!(world.super_admins(&acme).await.0, ["ada"]);
}

/// SA4
#[tokio::test]
async fn an_admins_role_is_the_super_admins_to_change_but_anyone_may_remove_an_admin() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    world.assign(ADA, &acme, CY, "admin").await.expect(200);
    world.assign(BOB, &acme, CY, "user").await.refuses(403, "super-admin-required");
    world.assign(ADA, &acme, CY, "user").await.expect(200);
    world.assign(ADA, &acme, CY, "admin").await.expect(200);
    let manager = world.role(ADA, &acme, "User manager", user_manager()).await;
    world.bring(ADA, &acme, EVE, &manager).await;
    world.assign(EVE, &acme, CY, "user").await.refuses(403, "super-admin-required");
    world.remove(EVE, &acme, CY).await.expect(204);
    world.remove(EVE, &acme, BOB).await.expect(204);
}

/// ROLE12
#[tokio::test]
async fn nobody_changes_their_own_role() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    for role in ["user", "admin"] {
        world.assign(BOB, &acme, BOB, role).await.refuses(403, "cannot-change-own-role");
        world.assign(ADA, &acme, ADA, role).await.refuses(403, "cannot-change-own-role");
    }
}

/// ROLE7
#[tokio::test]
async fn nobody_hands_out_more_than_they_hold_but_an_ordinary_user_always() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let manager = world.role(ADA, &acme, "User manager", user_manager()).await;
    let guard = json!({ "security_management": "full_access" });
    let guard = world.role(ADA, &acme, "Guard", guard).await;
    let looker = json!({ "license_management": "view_only", "event_history": "view_only" });
    let looker = world.role(ADA, &acme, "Looker", looker).await;
    world.bring(ADA, &acme, EVE, &manager).await;

    assert_snapshot!(world.assign(EVE, &acme, CY, &guard).await, @r#"
    403 Forbidden
    {
      "detail": "This role has full access to Security Management, which is more than you have. Ask a member who has at least that level to grant or change the role.",
      "instance": "r1",
      "level_needed": "full_access",
      "role_object": "security_management",
      "status": 403,
      "title": "Role exceeds your own permissions",
      "type": "/problems/exceeds-own-permissions"
    }
    "#);
    world.assign(EVE, &acme, CY, "admin").await.refuses(403, "exceeds-own-permissions");
    // Within what the built-in User holds, or what they hold themselves.
    for role in [&looker, &manager, "user"] {
        world.assign(EVE, &acme, CY, role).await.expect(200);
    }
    // What somebody holds already may be taken away, whatever it is.
    world.assign(ADA, &acme, CY, &guard).await.expect(200);
    world.assign(EVE, &acme, CY, "user").await.expect(200);
}

/// ROLE9
#[tokio::test]
async fn mdf_admin_is_given_by_the_super_admin_and_taken_by_anyone_who_manages_users() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(ADA, &acme, CY, "partner_user").await;
    world.assign(ADA, &acme, CY, "mdf_admin").await.refuses(409, "mdf-program-required");
    world.switch(&acme, json!({ "mdf_program": true })).await;
    world.assign(BOB, &acme, CY, "mdf_admin").await.refuses(403, "super-admin-required");
    world.assign(ADA, &acme, CY, "mdf_admin").await.expect(200);
    world.assign(BOB, &acme, CY, "partner_user").await.expect(200);
}

#[tokio::test]
async fn a_role_that_is_not_here_cannot_be_given() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let globex = world.found(ADA, "Globex").await;
    let foreign = world.role(ADA, &globex, "Night shift", json!({})).await;
    for role in ["mdf_admin", "partner_user", &foreign, "role_01JD7Z0000000000000000000A"] {
        world.assign(ADA, &acme, CY, role).await.refuses(404, "no-such-role");
    }
    world.assign(ADA, &acme, EVE, "user").await.refuses(404, "no-such-member");
    world.assign(ADA, &acme, DEE, "user").await.refuses(404, "no-such-member");
}

#[tokio::test]
async fn giving_the_role_that_somebody_has_changes_nothing() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let before = world.actions(&acme).await;
    world.assign(ADA, &acme, CY, "user").await.expect(200);
    assert_eq!(world.actions(&acme).await, before);
}

#[tokio::test]
async fn a_removed_member_is_a_stranger_and_may_be_invited_again() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    world.remove(BOB, &acme, CY).await.expect(204);
    world.get(CY, &acme).await.refuses(404, "no-such-organization");
    world.remove(BOB, &acme, CY).await.refuses(404, "no-such-member");
    let back = world.bring(ADA, &acme, CY, "user").await;
    assert_eq!(back.body["role_id"], "user");
}

/// SA5
#[tokio::test]
async fn members_may_leave() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    for member in [BOB, CY] {
        world.post(member, &format!("{acme}/leave"), json!({})).await.expect(204);
        let again = world.post(member, &format!("{acme}/leave"), json!({})).await;
        again.refuses(404, "no-such-organization");
    }
    let pending = world.post(DEE, &format!("{acme}/leave"), json!({})).await;
    pending.refuses(404, "no-such-organization");
    let operator = world.post(OPERATOR, &format!("{acme}/leave"), json!({})).await;
    operator.refuses(403, "operator-read-only");
}

/// ROLE10
#[tokio::test]
async fn the_number_of_users_of_a_role_leads_to_them() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let night = world.role(ADA, &acme, "Night shift", json!({})).await;
    for n in 0..3 {
        world.bring(ADA, &acme, someone(n), &night).await;
    }
    world.invited(ADA, &acme, EVE.email, &night).await;
    world.remove(ADA, &acme, someone(0)).await.expect(204);
    world.assign(ADA, &acme, someone(1), "user").await.expect(200);

    for role in ["super_admin", "admin", "user", &night] {
        let told = world.get(ADA, &format!("{acme}/roles/{role}")).await.expect(200);
        let count = async |status: &str| {
            let path = format!("{acme}/members?role_id={role}&status={status}");
            world.get(ADA, &path).await.expect(200).items().len()
        };
        let listed = json!({ "active": count("active").await, "pending": count("pending").await });
        assert_eq!(told.body["users"], listed, "{role}");
    }
    let night = world.get(ADA, &format!("{acme}/roles/{night}")).await;
    assert_eq!(night.body["users"], json!({ "active": 1, "pending": 1 }));
}

/// A page may be short where a filter drops much, but nobody is left out.
#[tokio::test]
async fn a_search_in_a_subtree_finds_everybody() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    for name in ["One", "Two"] {
        let branch = world.below(ADA, &root, name).await;
        for n in 0..6 {
            world.invited(ADA, &branch, someone(n).email, "user").await;
        }
    }
    let path = format!("{root}/members?scope=subtree&q=person&limit=5");
    let found: Vec<Value> = world.walk(ADA, &path).await;
    assert_eq!(found.len(), 12);
}

/// What no person can be called finds nobody, and breaks nothing.
#[tokio::test]
async fn an_impossible_sub_or_search_finds_nobody() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let long = "x".repeat(2_000);
    for sub in [&long, "%00", "%F0%9F%92%A9", "ada%23", "%20", "bob%2F..%2Fada"] {
        let path = format!("{acme}/members/@{sub}");
        for answer in [
            world.get(ADA, &path).await,
            world.delete(ADA, &path).await,
            world.patch(ADA, &path, json!({ "role_id": "user" })).await,
        ] {
            // What cannot be an id is answered like an organization that is not there.
            assert_eq!(answer.status, 404, "{sub}: {answer}");
        }
    }
    let new_super_admin = world
        .post(ADA, &format!("{acme}/transfer"), json!({ "member_id": format!("@{}", long) }))
        .await;
    assert!(new_super_admin.status.is_client_error(), "{new_super_admin}");
    for q in [&long, "%23", "%F4%8F%BF%BF", "%01", "*", "ada%40example.com%23"] {
        let list = world.get(ADA, &format!("{acme}/members?q={q}")).await;
        assert!(list.status.is_success() || list.status == 422, "{q}: {list}");
        assert_eq!(list.items().len(), 0, "{q}: {list}");
    }
}
