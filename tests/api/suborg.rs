//! `/v1/organizations/{org}/sub-organizations` and `…/join`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    cleanup::run_clean_up,
    fault_layer::Fault,
    helpers::{DEE, each, id, operator_path},
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, OPERATOR, TestApp, ample},
};

/// SUB1
#[tokio::test]
async fn sub_organizations_are_off_by_default() {
    let (app, acme) = TestApp::with_acme().await;
    let body = json!({ "name": "Branch" });
    let refused = app.post(ADA, &format!("{acme}/sub-organizations"), body).await;
    assert_snapshot!(refused, @r#"
    403 Forbidden
    {
      "detail": "Your role does not give full access to User Management - Sub Organizations, which this needs. This permission is not available in this organization. Ask a platform operator to turn it on.",
      "instance": "r1",
      "level_needed": "full_access",
      "role_object": "user_management_sub_organizations",
      "status": 403,
      "title": "Permission missing",
      "type": "/problems/missing-permission"
    }
    "#);
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    let branch = app.create_sub_organization(ADA, &acme, "Branch").await;
    // The setting holds for the whole tree.
    let leaf = app.create_sub_organization(ADA, &branch, "Leaf").await;
    app.update_settings(&acme, json!({ "manage_sub_organizations": false })).await;
    for org in [&acme, &branch, &leaf] {
        let body = json!({ "name": "One more" });
        let refused = app.post(ADA, &format!("{org}/sub-organizations"), body).await;
        refused.refuses(403, "missing-permission");
    }
}

/// SUB2, U2
#[tokio::test]
async fn creator_becomes_super_admin_and_the_parent_has_no_power() {
    let (app, root) = TestApp::with_partner("Root").await;
    app.update_settings(&root, json!({ "manage_sub_organizations": true })).await;
    app.add_member(ADA, &root, BOB, "admin").await;
    let body = json!({ "name": "Branch" });
    let made = app.post(BOB, &format!("{root}/sub-organizations"), body).await;
    let branch = format!("/v1/organizations/{}", made.id());
    assert_eq!(made.headers["location"], branch);
    assert_snapshot!(made, @r#"
    201 Created
    {
      "created_at": "2026-11-21T12:00:06Z",
      "depth": 1,
      "id": "org_…",
      "kind": "partner",
      "name": "Branch",
      "parent_id": "org_…",
      "parent_name": "Root",
      "path": [
        "org_…",
        "org_…"
      ],
      "settings": {
        "manage_sub_organizations": true,
        "mdf_program": false
      },
      "super_admin": {
        "email": "bob@example.com",
        "id": "mem_…",
        "name": null
      }
    }
    "#);
    assert_eq!(app.super_admins(&branch).await, (vec!["bob".to_owned()], Some("bob".to_owned())));
    assert_eq!(app.role_of(&root, BOB).await.as_deref(), Some("admin"));
    app.get(ADA, &branch).await.refuses(404, "no-such-organization");
    app.invite(ADA, &branch, EVE.email, "user").await.refuses(404, "no-such-organization");
}

/// SUB3
#[tokio::test]
async fn sub_organizations_nest_to_8_levels() {
    let app = TestApp::new().await;
    let mut org = app.create_tree(ADA, "Level 0").await;
    for level in 1..=8 {
        org = app.create_sub_organization(ADA, &org, &format!("Level {level}")).await;
        assert_eq!(app.get(ADA, &org).await.body["depth"], level);
    }
    let body = json!({ "name": "Level 9" });
    let refused = app.post(ADA, &format!("{org}/sub-organizations"), body.clone()).await;
    refused.refuses(409, "depth-limit");
    let body = json!({ "name": "Level 9", "parent": id(&org) });
    let refused = app.post(OPERATOR, "/v1/operator/organizations", body).await;
    refused.refuses(409, "depth-limit");
}

#[tokio::test]
async fn sub_organization_begins_with_the_language_of_the_one_above() {
    let (app, root) = TestApp::with_tree("Wurzel").await;
    app.patch(ADA, &root, json!({ "language": "de" })).await.expect(200);
    let below = app.create_sub_organization(ADA, &root, "Werk").await;
    assert_eq!(app.get(ADA, &below).await.body["language"], "de");
}

/// A path on a screen needs the names of all organizations above.
#[tokio::test]
async fn organization_is_shown_with_the_names_of_its_ancestors() {
    let (app, root) = TestApp::with_tree("Root").await;
    let works = app.create_sub_organization(ADA, &root, "Works").await;
    let hall = app.create_sub_organization(ADA, &works, "Hall").await;
    let desk = app.create_sub_organization(ADA, &hall, "Desk").await;
    let ancestors = async |org: &str| {
        app.get(ADA, &format!("{org}?include=ancestors")).await.expect(200).body["ancestors"]
            .clone()
    };
    let named = |org: &String, name: &str| json!({ "id": id(org), "name": name });
    assert_eq!(ancestors(&root).await, json!([]));
    let above = [named(&root, "Root"), named(&works, "Works"), named(&hall, "Hall")];
    assert_eq!(ancestors(&desk).await, json!(above));
    assert_eq!(app.get(ADA, &desk).await.body.get("ancestors"), None);
    app.get(ADA, &format!("{desk}?include=roles")).await.refuses(422, "invalid-request");
    let twice = format!("{desk}?include=ancestors&include=ancestors");
    app.get(ADA, &twice).await.refuses(400, "unreadable-request");
}

/// `parent_name` is next to `parent_id` in each view of an organization, right after a renaming, too.
#[tokio::test]
async fn each_view_names_the_organization_above() {
    let (app, root) = TestApp::with_tree("Root").await;
    let works = app.create_sub_organization(ADA, &root, "Works").await;
    let hall = app.create_sub_organization(ADA, &works, "Hall").await;
    app.add_member(ADA, &hall, BOB, "admin").await;
    app.patch(ADA, &works, json!({ "name": "Mill" })).await.expect(200);
    let operated = operator_path(&hall);
    let made = app.post(ADA, &format!("{hall}/sub-organizations"), json!({ "name": "Desk" })).await;
    assert_eq!(made.expect(201).body["parent_name"], "Hall");
    for shown in [
        app.get(BOB, &hall).await,
        app.get(OPERATOR, &operated).await,
        app.patch(BOB, &hall, json!({ "website": "https://hall.example" })).await,
        app.patch(OPERATOR, &operated, json!({})).await,
        app.transfer(ADA, &hall, BOB).await,
        app.appoint(&hall, ADA, "admin").await,
        app.suspend(&hall).await,
    ] {
        assert_eq!(shown.expect(200).body["parent_name"], "Mill");
    }
    app.resume(&hall).await.expect(204);
    let below = app.get(ADA, &format!("{root}/sub-organizations?depth=all")).await.expect(200);
    assert_eq!(each(below.items(), "parent_name"), ["Root", "Mill", "Hall"]);
    let found = app.get(OPERATOR, "/v1/operator/organizations?q=hall").await.expect(200);
    assert_eq!(each(found.items(), "parent_name"), ["Mill"]);
    let mine = app.get(BOB, "/v1/me").await.expect(200);
    assert_eq!(mine.body["organizations"][0]["parent_name"], "Mill");
}

/// SUB4
#[tokio::test]
async fn sub_organizations_are_listed_with_path_and_user_counts() {
    let (app, root) = TestApp::with_tree("Root").await;
    let one = app.create_sub_organization(ADA, &root, "One").await;
    app.add_member(ADA, &one, BOB, "user").await;
    app.create_invitation(ADA, &one, CY.email, "admin").await;
    let leaf = app.create_sub_organization(ADA, &one, "Leaf").await;
    let two = app.create_empty_sub_organization(&root, "Two").await;
    let other = app.create_tree(DEE, "Other").await;
    app.create_sub_organization(DEE, &other, "Other's").await;

    let list = app.get(ADA, &format!("{root}/sub-organizations")).await;
    let summary = |item: &Value| {
        let fields = ["name", "depth", "path", "users"];
        let mut summary = fields.map(|field| (field, item[field].clone())).to_vec();
        summary.push(("super_admin", item["super_admin"]["email"].clone()));
        summary.into_iter().collect::<Value>()
    };
    let path = |org: &str| json!([id(&root), id(org)]);
    let users = |active, pending| json!({ "active": active, "pending": pending, "services": 0 });
    assert_eq!(
        list.items().iter().map(summary).collect::<Value>(),
        json!([
            { "name": "One", "super_admin": ADA.email, "depth": 1, "path": path(&one), "users": users(2, 1) },
            { "name": "Two", "super_admin": null, "depth": 1, "path": path(&two), "users": users(0, 0) },
        ])
    );
    let all = app.get(ADA, &format!("{root}/sub-organizations?depth=all")).await.expect(200);
    assert_eq!(each(all.items(), "name"), ["One", "Leaf", "Two"]);
    let below = app.get(ADA, &format!("{one}/sub-organizations?depth=all")).await.expect(200);
    assert_eq!(each(below.items(), "id"), [id(&leaf)]);
    let invalid = app.get(ADA, &format!("{root}/sub-organizations?depth=2")).await;
    invalid.refuses(422, "invalid-request");
}

/// SUB5
#[tokio::test]
async fn admin_above_joins_an_empty_organization_as_super_admin() {
    let (app, root) = TestApp::with_tree("Root").await;
    app.add_member(ADA, &root, BOB, "admin").await;
    let branch = app.create_empty_sub_organization(&root, "Branch").await;
    let join = format!("{branch}/join");
    // An Admin of a sibling is not above it.
    let sibling = app.create_sub_organization(ADA, &root, "Sibling").await;
    app.add_member(ADA, &sibling, CY, "admin").await;
    app.post(CY, &join, json!({})).await.refuses(404, "no-such-organization");
    let joined = app.post(BOB, &join, json!({})).await.expect(200);
    let fields = ["user_id", "role_id", "source"].map(|field| &joined.body[field]);
    assert_eq!(fields, ["bob", "super_admin", "joined"]);
    for (member, join) in [(ADA, &join), (BOB, &join), (ADA, &format!("{root}/join"))] {
        app.post(member, join, json!({})).await.refuses(409, "organization-not-empty");
    }
    let bob = (vec!["bob".to_owned()], Some("bob".to_owned()));
    assert_eq!(app.super_admins(&branch).await, bob);
}

/// SUB5: an index finds the memberships above, and facts are read by key.
#[tokio::test]
async fn lagging_index_delays_joining_and_never_permits_it() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let root = app.create_tree(ADA, "Acme").await;
    let branch = app.create_empty_sub_organization(&root, "Branch").await;
    let join = format!("{branch}/join");
    let before = app.copy_of_table().await;
    app.add_member(ADA, &root, BOB, "admin").await;
    let stale = |table: String| {
        layer.plan(move |call| (call.name == "Query").then(|| Fault::Stale(table.clone())));
    };
    stale(before);
    app.post(BOB, &join, json!({})).await.refuses(404, "no-such-organization");
    layer.clear_faults();
    let while_admin = app.copy_of_table().await;
    app.remove(ADA, &root, BOB).await.expect(204);
    stale(while_admin);
    app.post(BOB, &join, json!({})).await.refuses(404, "no-such-organization");
}

/// SUB5, INV8, INV2: a pending first invitation blocks joining. An expired or declined one does not,
/// not even the joining person's own.
#[tokio::test]
async fn organization_waiting_for_its_first_admin_can_be_joined_once_the_invitation_ended() {
    for (ending, joiner) in
        [("expired", ADA), ("expired", BOB), ("cleaned up", ADA), ("declined", ADA)]
    {
        let (app, root) = TestApp::with_tree("Root").await;
        app.add_member(ADA, &root, BOB, "admin").await;
        let branch = app.create_sub_organization_for(BOB, &root).await;
        let join = format!("{branch}/join");
        app.post(joiner, &join, json!({})).await.refuses(409, "organization-not-empty");
        app.wait(if ending == "declined" { DAY } else { 8 * DAY });
        if ending == "cleaned up" {
            assert_eq!(run_clean_up(&app).await.expired, 1);
        }
        if ending == "declined" {
            let mine = app.get(BOB, "/v1/me/invitations").await;
            let decline = format!("{branch}/invitations/{}/decline", each(mine.items(), "id")[0]);
            app.post(BOB, &decline, json!({})).await.expect(204);
        }
        app.post(joiner, &join, json!({})).await.expect(200);
        if ending == "expired" && joiner == ADA {
            app.accept(BOB, &branch).await.refuses(409, "invitation-expired");
        }
        assert_eq!(app.super_admins(&branch).await.0, [joiner.sub]);
        check(&app).await;
    }
}
