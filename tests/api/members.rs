//! `/v1/organizations/{org}/members` and `…/leave`.

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    helpers::{DEE, each, user_manager},
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp, identity},
};

/// U3
#[tokio::test]
async fn users_list_shows_members_and_pending_invitations() {
    let (app, acme) = TestApp::with_acme().await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    app.create_invitation(ADA, &acme, BOB.email, &night).await;
    assert_snapshot!(app.get(ADA, &format!("{acme}/members")).await, @r#"
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

/// An organization with Ada as Super Admin, Bob as Admin, Cy as User, and Dee invited as User.
async fn organization_of_four(app: &TestApp) -> String {
    let acme = app.create_organization(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, CY, "user").await;
    app.create_invitation(ADA, &acme, DEE.email, "user").await;
    acme
}

/// U4, SUB6
#[tokio::test]
async fn users_are_filtered_searched_and_sorted() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
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
        // A search by role name adds its users after those found by address.
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
        let list = app.get(ADA, &format!("{acme}/members?{query}")).await.expect(200);
        assert_eq!(each(list.items(), "email"), found, "{query}");
    }
}

/// A filter does not become part of a query language (ShellHub GHSA-vwx9-7qcf-gg7f).
#[tokio::test]
async fn malformed_filter_is_refused_and_unusual_search_finds_no_user() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    app.create_organization(EVE, "Globex").await;
    let members = format!("{acme}/members");
    let malformed = "status=removed status=active%27%20OR%201%3D1 status[]=active status[$ne]=x \
                     role_id=boss role_id=* role_id=%25 scope=everything scope=all \
                     organization_id=acme organization_id=* match=fuzzy sort=name sort=password \
                     sort=%2Bemail color=red sub=ada filter=%7B%7D";
    for query in malformed.split(' ') {
        app.get(ADA, &format!("{members}?{query}")).await.refuses(422, "invalid-request");
    }
    for q in ["%25", "*", "_", "%5C", ".*", "%23", "eve", "%7C%7C", "%2F", "%2F..%2F"] {
        let answer = app.get(ADA, &format!("{members}?q={q}")).await.expect(200);
        assert_eq!(answer.items().len(), 0, "{q}");
    }
    let long = "x".repeat(2_000);
    for q in [&long, "%F4%8F%BF%BF", "%01", "ada%40example.com%23"] {
        let list = app.get(ADA, &format!("{members}?q={q}")).await;
        assert!(list.status.is_success() || list.status == 422, "{q}: {list}");
        assert_eq!(list.items().len(), 0, "{q}: {list}");
    }
    for sub in [&long, "%00", "%F0%9F%92%A9", "ada%23", "%20", "bob%2F..%2Fada"] {
        let path = format!("{members}/@{sub}");
        for answer in [
            app.get(ADA, &path).await,
            app.delete(ADA, &path).await,
            app.patch(ADA, &path, json!({ "role_id": "user" })).await,
        ] {
            assert_eq!(answer.status, 404, "{sub}: {answer}");
        }
    }
    let to = json!({ "member_id": format!("@{long}") });
    let answer = app.post(ADA, &format!("{acme}/transfer"), to).await;
    assert!(answer.status.is_client_error(), "{answer}");
}

/// SUB4, SUB1
#[tokio::test]
async fn subtree_list_needs_its_own_permission() {
    let app = TestApp::new().await;
    let root = app.create_organization(ADA, "Root").await;
    let list = format!("{root}/members?scope=subtree");
    // SUB1: sub-organizations are off by default.
    app.get(ADA, &list).await.refuses(403, "missing-permission");
    app.update_settings(&root, json!({ "manage_sub_organizations": true })).await;
    app.get(ADA, &list).await.expect(200);
    app.add_member(ADA, &root, BOB, "user").await;
    let user = app.get(BOB, &list).await.refuses(403, "missing-permission");
    assert_eq!(user.body["role_object"], "user_management_sub_organizations");
    app.get(BOB, &format!("{root}/members")).await.expect(200);
    app.get(EVE, &list).await.refuses(404, "no-such-organization");
}

/// A `sub` may contain characters that are special in a path.
#[tokio::test]
async fn member_is_found_by_any_sub() {
    let (app, acme) = TestApp::with_acme().await;
    for sub in
        ["a/b4+Lfg=", "x#EXT#@y", "CORP\\jdoe", "auth0|a/b%c", "https://idp.example/users/7?x=1"]
    {
        let user = identity(sub, "odd@example.com");
        let id = app.add_member(ADA, &acme, user, "user").await.body["id"].clone();
        let path = format!("{acme}/members/{}", id.as_str().unwrap());
        let found = app.get(ADA, &path).await.expect(200);
        assert_eq!(found.body["user_id"], sub);
        app.patch(ADA, &path, json!({ "role_id": "admin" })).await.expect(200);
        let encoded = sub.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
        let by_sub = format!("{acme}/members?user_id={encoded}");
        let found = app.get(ADA, &by_sub).await.expect(200);
        assert_eq!(found.items()[0]["id"], id);
        app.get(ADA, &format!("{by_sub}&cursor=x")).await.refuses(400, "bad-cursor");
        app.delete(ADA, &path).await.expect(204);
        app.get(ADA, &path).await.refuses(404, "no-such-member");
        assert_eq!(app.get(ADA, &by_sub).await.expect(200).items().len(), 0);
    }
}

/// U4, ROLE11
#[tokio::test]
async fn user_manager_changes_a_role() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let powers = json!({ "user_management": "full_access", "role_management": "full_access" });
    let deputy = app.create_role(ADA, &acme, "Deputy", powers).await;
    assert_snapshot!(app.change_role(BOB, &acme, CY, &deputy).await, @r#"
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
    assert_eq!(app.role_of(&acme, CY).await, Some(deputy));
    app.invite(CY, &acme, EVE.email, "user").await.expect(201);
}

/// SA3, ROLE12
#[tokio::test]
async fn super_admin_cannot_be_changed_removed_or_leave() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let manager = app.create_role(ADA, &acme, "User manager", user_manager()).await;
    app.change_role(ADA, &acme, CY, &manager).await.expect(200);
    for actor in [BOB, CY] {
        app.change_role(actor, &acme, ADA, "user").await.refuses(409, "super-admin-protected");
        app.remove(actor, &acme, ADA).await.refuses(409, "super-admin-protected");
    }
    for caller in [ADA, BOB] {
        for role in ["user", "admin"] {
            let own = app.change_role(caller, &acme, caller, role).await;
            own.refuses(403, "cannot-change-own-role");
        }
    }
    app.remove(ADA, &acme, ADA).await.refuses(409, "super-admin-protected");
    let leave = app.post(ADA, &format!("{acme}/leave"), json!({})).await;
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
    assert_eq!(app.role_of(&acme, ADA).await.as_deref(), Some("super_admin"));
}

/// SA4
#[tokio::test]
async fn only_super_admin_changes_an_admins_role_but_user_managers_remove_admins() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    app.change_role(ADA, &acme, CY, "admin").await.expect(200);
    app.change_role(BOB, &acme, CY, "user").await.refuses(403, "super-admin-required");
    app.change_role(ADA, &acme, CY, "user").await.expect(200);
    app.change_role(ADA, &acme, CY, "admin").await.expect(200);
    let manager = app.create_role(ADA, &acme, "User manager", user_manager()).await;
    app.add_member(ADA, &acme, EVE, &manager).await;
    app.change_role(EVE, &acme, CY, "user").await.refuses(403, "super-admin-required");
    app.remove(EVE, &acme, CY).await.expect(204);
    app.remove(EVE, &acme, BOB).await.expect(204);
}

/// ROLE7
#[tokio::test]
async fn user_manager_can_take_away_a_role_above_own_levels() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let manager = app.create_role(ADA, &acme, "User manager", user_manager()).await;
    let guard = json!({ "security_management": "full_access" });
    let guard = app.create_role(ADA, &acme, "Guard", guard).await;
    app.add_member(ADA, &acme, EVE, &manager).await;
    app.change_role(ADA, &acme, CY, &guard).await.expect(200);
    app.change_role(EVE, &acme, CY, "user").await.expect(200);
    app.change_role(EVE, &acme, CY, &guard).await.refuses(403, "exceeds-own-permissions");
}

#[tokio::test]
async fn assigning_the_current_role_records_no_event() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let before = app.actions(&acme).await;
    app.change_role(ADA, &acme, CY, "user").await.expect(200);
    assert_eq!(app.actions(&acme).await, before);
}

/// SA5
#[tokio::test]
async fn members_except_super_admin_can_leave() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    for member in [BOB, CY] {
        app.post(member, &format!("{acme}/leave"), json!({})).await.expect(204);
        let again = app.post(member, &format!("{acme}/leave"), json!({})).await;
        again.refuses(404, "no-such-organization");
    }
    let pending = app.post(DEE, &format!("{acme}/leave"), json!({})).await;
    pending.refuses(404, "no-such-organization");
    let operator = app.post(OPERATOR, &format!("{acme}/leave"), json!({})).await;
    operator.refuses(403, "operator-read-only");
}
