//! `/v1/organizations/{org}/members` and `…/leave`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, user_manager},
    invariants::check,
    test_app::{ADA, BOB, CY, EVE, Identity, OPERATOR, TestApp, identity},
};

/// U3
#[tokio::test]
async fn users_list_shows_members_and_pending_invitations() {
    let (app, acme) = TestApp::with_acme().await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    let path = app.create_invitation(ADA, &acme, BOB.email, &night).await;
    let member = app.get(ADA, &format!("{acme}/members/@ada")).await.expect(200).body;
    let fields = ["email", "status", "source", "role_name"].map(|field| &member[field]);
    assert_eq!(fields, ["ada@example.com", "active", "creator", "Super Admin"]);
    let mut invitation = app.get(ADA, &path).await.expect(200).body;
    let fields = ["status", "role_name", "delivery"].map(|field| &invitation[field]);
    assert_eq!(fields, ["pending", "Night shift", "waiting"]);
    invitation["kind"] = json!("person");
    let mut member = member;
    for user in [&mut member, &mut invitation] {
        user["organization_name"] = json!("Acme");
    }
    let list = app.get(ADA, &format!("{acme}/members")).await.expect(200);
    assert_eq!(
        list.body,
        json!({ "items": [member, invitation], "next_cursor": null, "total": 2 })
    );
}

/// Bob Berg, whose name the identity provider knows.
const BOB_BERG: Identity = Identity { name: "Bob Berg", ..BOB };

/// U6: each member can be given a name, also the Super Admin and the caller. The provider's name stays.
#[tokio::test]
async fn user_manager_sets_and_removes_display_names() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB_BERG, "admin").await;
    app.add_member_with(ADA, &acme, EVE, user_manager()).await;
    let mut previous = Value::Null;
    for (target, wanted, stored) in [
        ("bob", json!("  Bob \t Berg (Sales)\n"), json!("Bob Berg (Sales)")),
        ("ada", json!("Ada L."), json!("Ada L.")),
        ("eve", json!("日本"), json!("日本")),
        ("bob", json!(null), json!(null)),
        ("bob", json!("x".repeat(100)), json!("x".repeat(100))),
    ] {
        let path = format!("{acme}/members/@{target}");
        let before = app.get(EVE, &path).await.expect(200);
        let mut expected = before.body.clone();
        expected["display_name"] = stored.clone();
        // A repeat changes nothing and records no event.
        for _ in 0..2 {
            let changed = app.patch(EVE, &path, json!({ "display_name": wanted })).await;
            assert_eq!(changed.expect(200).body, expected, "{target}");
        }
        let after = app.get(EVE, &path).await.expect(200);
        assert_eq!(after.body, expected, "{target}");
        assert_ne!(after.headers["etag"], before.headers["etag"], "{target}");
        let event = app.history(&acme).await.pop().unwrap();
        assert_eq!(event["action"], "member.updated");
        // The history does not hold the name.
        let shown = |name: &Value| json!({ "has_display_name": !name.is_null() });
        let [old, new] = [&before.body["display_name"], &stored].map(shown);
        assert_eq!([&event["old"], &event["new"]], [&old, &new]);
        assert_ne!(event["id"], previous);
        previous = event["id"].clone();
    }
    // A user manager cannot rewrite who did something.
    let bobs = app.history(&acme).await;
    let bobs = bobs.iter().find(|event| event["action"] == "invitation.accepted").unwrap();
    assert_eq!(bobs["actor"]["name"], "Bob Berg");
    assert_eq!(bobs["new"]["member"]["name"], "Bob Berg");
    let bob = app.get(ADA, &format!("{acme}/members/@bob")).await.expect(200);
    assert_eq!((&bob.body["name"], &bob.body["role_id"]), (&json!("Bob Berg"), &json!("admin")));
    // The name ends with the membership.
    app.remove(ADA, &acme, BOB).await.expect(204);
    app.add_member(ADA, &acme, BOB_BERG, "user").await;
    let bob = app.get(ADA, &format!("{acme}/members/@bob")).await.expect(200);
    assert_eq!(bob.body["display_name"], Value::Null);
    check(&app).await;
}

/// U6, ROLE12: one event records a role and a name that change together.
#[tokio::test]
async fn role_and_display_name_change_together_or_not_at_all() {
    let (app, acme) = organization_of_four().await;
    let path = format!("{acme}/members/@cy");
    let both = json!({ "role_id": "admin", "display_name": "Cyrus" });
    app.patch(CY, &path, both.clone()).await.refuses(403, "missing-permission");
    let own = json!({ "role_id": "user", "display_name": "Ada L." });
    let own = app.patch(ADA, &format!("{acme}/members/@ada"), own).await;
    own.refuses(403, "cannot-change-own-role");
    let before = app.get(ADA, &path).await.expect(200);
    let stale = [("if-match", "\"1\"")];
    let stale = app.send_with(Some(ADA), "PATCH", &path, Some(both.clone()), &stale).await;
    stale.refuses(412, "precondition-failed");
    assert_eq!(app.get(ADA, &path).await.body, before.body);

    let after = app.patch(ADA, &path, both).await.expect(200);
    assert_eq!([&after.body["role_id"], &after.body["display_name"]], ["admin", "Cyrus"]);
    let event = app.history(&acme).await.pop().unwrap();
    assert_eq!(event["action"], "member.role_changed");
    let new = json!({
        "role_id": "admin", "role_name": "Admin", "identity_provider_role": "admin",
        "has_display_name": true,
    });
    assert_eq!(event["new"], new);
    assert_eq!(app.patch(ADA, &path, json!({})).await.expect(200).body, after.body);
    check(&app).await;
}

#[tokio::test]
async fn display_name_is_1_to_100_visible_characters() {
    let (app, acme) = organization_of_four().await;
    let path = format!("{acme}/members/@cy");
    for name in [json!(""), json!(" \n"), json!("x".repeat(101)), json!("a\u{202e}b"), json!(7)] {
        let refused = app.patch(ADA, &path, json!({ "display_name": name })).await;
        assert_eq!(refused.refuses(422, "invalid-request").pointer(), "/display_name", "{name}");
    }
    for role in [json!(null), json!("")] {
        let refused = app.patch(ADA, &path, json!({ "role_id": role })).await;
        assert_eq!(refused.refuses(422, "invalid-request").pointer(), "/role_id", "{role}");
    }
    let refused = app.patch(OPERATOR, &path, json!({ "display_name": "C" })).await;
    refused.refuses(403, "operator-read-only");
}

/// SUB6, U6
#[tokio::test]
async fn search_anywhere_finds_members_by_both_of_their_names() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB_BERG, "admin").await;
    app.add_member(ADA, &acme, Identity { name: "Çelik, Cyrus", ..CY }, "user").await;
    let name = json!({ "display_name": "Robert ＢＥＲＧ" });
    app.patch(ADA, &format!("{acme}/members/@bob"), name).await.expect(200);
    for (query, found) in [
        ("q=berg&match=contains", "bob"),
        ("q=ROBERT%20b&match=contains", "bob"),
        ("q=ob%20be&match=contains", "bob"),
        ("q=%C3%A7elik&match=contains", "cy"),
        ("q=e&match=contains&status=pending", ""),
        ("q=ber&match=contains&role_id=user", ""),
        ("q=ber&match=contains&sort=-joined_at", "bob"),
        ("q=r&match=contains&limit=1", "ada bob cy"),
        // A user whose name and role match is listed once.
        ("q=er&match=contains", "ada bob cy"),
        ("q=berg", ""),
    ] {
        let users = app.list_all(ADA, &format!("{acme}/members?{query}")).await;
        let mut subs = each(&users, "user_id");
        subs.sort_unstable();
        assert_eq!(subs.join(" "), found, "{query}");
    }
}

/// An organization with Ada as Super Admin, Bob as Admin, Cy as User, and Dee invited as User.
async fn organization_of_four() -> (TestApp, String) {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, CY, "user").await;
    app.create_invitation(ADA, &acme, DEE.email, "user").await;
    (app, acme)
}

/// A filter does not become part of a query language (ShellHub GHSA-vwx9-7qcf-gg7f).
#[tokio::test]
async fn malformed_filter_is_refused_and_unusual_search_finds_no_user() {
    let (app, acme) = organization_of_four().await;
    app.create_organization(EVE, "Globex").await;
    let members = format!("{acme}/members");
    let malformed = "status=removed status=active%27%20OR%201%3D1 status[]=active status[$ne]=x \
                     role_id=boss role_id=* role_id=%25 scope=everything scope=all \
                     organization_id=acme organization_id=* match=fuzzy sort=--name sort=password \
                     sort=%2Bemail color=red sub=ada filter=%7B%7D";
    for query in malformed.split(' ') {
        app.get(ADA, &format!("{members}?{query}")).await.refuses(422, "invalid-request");
    }
    let long = "x".repeat(2_000);
    let unusual =
        "%25 * _ %5C .* %23 eve %7C%7C %2F %2F..%2F %F4%8F%BF%BF %01 ada%40example.com%23";
    for q in unusual.split(' ').chain([&*long]) {
        let list = app.get(ADA, &format!("{members}?q={q}")).await;
        assert!(list.status.is_success() || list.status == 422, "{q}: {list}");
        assert_eq!(list.items().len(), 0, "{q}: {list}");
    }
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
        for filter in ["status=active", "kind=person", "role_id=user", "q=odd", "scope=subtree"] {
            let refused = app.get(ADA, &format!("{by_sub}&{filter}")).await;
            assert_eq!(refused.refuses(422, "invalid-request").pointer(), "/user_id");
        }
        app.delete(ADA, &path).await.expect(204);
        app.get(ADA, &path).await.refuses(404, "no-such-member");
        assert_eq!(app.get(ADA, &by_sub).await.expect(200).items().len(), 0);
    }
}

/// U4, ROLE11
#[tokio::test]
async fn user_manager_changes_a_role() {
    let (app, acme) = organization_of_four().await;
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    let deputy = app.create_role(ADA, &acme, "Deputy", both).await;
    let changed = app.change_role(BOB, &acme, CY, &deputy).await.expect(200).body;
    let fields = ["role_id", "role_name", "identity_provider_role"].map(|field| &changed[field]);
    assert_eq!(fields, [&*deputy, "Deputy", "admin"]);
    let path = format!("{acme}/members/@{}", CY.sub);
    assert_eq!(app.get(BOB, &path).await.expect(200).body, changed);
    app.invite(CY, &acme, EVE.email, "user").await.expect(201);
    // Assigning the current role records no event.
    let before = app.actions(&acme).await;
    app.change_role(BOB, &acme, CY, &deputy).await.expect(200);
    assert_eq!(app.actions(&acme).await, before);
}

/// SA5
#[tokio::test]
async fn members_except_super_admin_can_leave() {
    let (app, acme) = organization_of_four().await;
    let leave = format!("{acme}/leave");
    for member in [BOB, CY] {
        app.post(member, &leave, json!({})).await.expect(204);
    }
    for outside in [BOB, CY, DEE] {
        app.post(outside, &leave, json!({})).await.refuses(404, "no-such-organization");
    }
}

/// SA3, SA4, ROLE7, ROLE12: the domain tests have every role.
#[tokio::test]
async fn refused_change_of_a_member_names_the_rule() {
    let (app, acme) = organization_of_four().await;
    app.add_member_with(ADA, &acme, EVE, user_manager()).await;
    let guard = json!({ "security_management": "full_access" });
    let guard = app.create_role(ADA, &acme, "Guard", guard).await;
    for (actor, target, role, status, slug) in [
        (BOB, ADA, "user", 409, "super-admin-protected"),
        (ADA, ADA, "admin", 403, "cannot-change-own-role"),
        (BOB, BOB, "user", 403, "cannot-change-own-role"),
        (EVE, BOB, "user", 403, "super-admin-required"),
        (EVE, CY, &guard, 403, "exceeds-own-permissions"),
    ] {
        app.change_role(actor, &acme, target, role).await.refuses(status, slug);
    }
    let above = "exceeds-own-permissions";
    app.invite(EVE, &acme, "guard@example.com", &guard).await.refuses(403, above);
    let open = app.create_invitation(ADA, &acme, "guard@example.com", &guard).await;
    app.post(EVE, &format!("{open}/resend"), json!({})).await.refuses(403, above);
    for actor in [ADA, BOB] {
        app.remove(actor, &acme, ADA).await.refuses(409, "super-admin-protected");
    }
    assert_snapshot!(app.post(ADA, &format!("{acme}/leave"), json!({})).await.summary(), @"
    409 super-admin-protected: Super Admin is protected
    The Super Admin cannot be removed, leave, or get another role. They must first transfer the Super Admin role to an Admin, or delete the organization.
    ");
    // A user manager removes an Admin, and takes away a role above their own levels.
    app.change_role(ADA, &acme, CY, &guard).await.expect(200);
    app.change_role(EVE, &acme, CY, "user").await.expect(200);
    app.remove(EVE, &acme, BOB).await.expect(204);
}
