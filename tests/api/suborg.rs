//! `/v1/organizations/{org}/sub-organizations` and `…/join`

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, someone},
    test_app::{ADA, BOB, CY, DAY, EVE, OPERATOR, TestApp},
};

/// SUB1
#[tokio::test]
async fn sub_organizations_are_off_by_default() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let wanted = json!({ "name": "Branch" });
    let refused = world.post(ADA, &format!("{acme}/sub-organizations"), wanted).await;
    assert_snapshot!(refused, @r#"
    403 Forbidden
    {
      "detail": "Your role does not give full access to User Management - Sub Organizations, which this needs. This permission is not available in this organization. Ask an administrator of this organization.",
      "instance": "r1",
      "level_needed": "full_access",
      "role_object": "user_management_sub_organizations",
      "status": 403,
      "title": "Permission missing",
      "type": "/problems/missing-permission"
    }
    "#);
    let list = world.get(ADA, &format!("{acme}/sub-organizations")).await;
    list.refuses(403, "missing-permission");
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;
    let branch = world.below(ADA, &acme, "Branch").await;
    // It holds for the whole tree.
    let leaf = world.below(ADA, &branch, "Leaf").await;
    world.switch(&acme, json!({ "manage_sub_organizations": false })).await;
    for org in [&acme, &branch, &leaf] {
        let wanted = json!({ "name": "One more" });
        let refused = world.post(ADA, &format!("{org}/sub-organizations"), wanted).await;
        refused.refuses(403, "missing-permission");
    }
}

/// SUB2, U2
#[tokio::test]
async fn who_creates_a_sub_organization_is_its_super_admin() {
    let world = TestApp::new().await;
    let root = world.partner(ADA, "Root").await;
    world.switch(&root, json!({ "manage_sub_organizations": true })).await;
    world.bring(ADA, &root, BOB, "admin").await;
    let wanted = json!({ "name": "Branch" });
    let made = world.post(BOB, &format!("{root}/sub-organizations"), wanted).await;
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
      "path": [
        "org_…",
        "org_…"
      ],
      "settings": {
        "manage_sub_organizations": true,
        "mdf_program": false
      },
      "super_admin_user_id": "bob"
    }
    "#);
    assert_eq!(world.super_admins(&branch).await, (vec!["bob".to_owned()], Some("bob".to_owned())));
    assert_eq!(world.role_of(&root, BOB).await.as_deref(), Some("admin"));
    // No power comes down from above.
    for path in ["", "/members", "/roles", "/events", "/invitations", "/sub-organizations"] {
        world.get(ADA, &format!("{branch}{path}")).await.refuses(404, "no-such-organization");
    }
    world.invite(ADA, &branch, EVE.email, "user").await.refuses(404, "no-such-organization");
    world.remove(ADA, &branch, BOB).await.refuses(404, "no-such-organization");
}

/// SUB2
#[tokio::test]
async fn creating_one_takes_full_access_in_the_parent() {
    let world = TestApp::new().await;
    let root = world.partner(ADA, "Root").await;
    world.switch(&root, json!({ "manage_sub_organizations": true, "mdf_program": true })).await;
    let path = format!("{root}/sub-organizations");
    let full = json!({
        "user_management": "view_only", "user_management_sub_organizations": "full_access",
    });
    let founder = world.role(ADA, &root, "Founder", full).await;
    for (n, (role, lists, creates)) in [
        ("admin", true, true),
        (founder.as_str(), true, true),
        ("mdf_admin", true, false),
        ("user", false, false),
        ("partner_user", false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let person = someone(n);
        world.bring(ADA, &root, person, role).await;
        let list = world.get(person, &path).await;
        if lists {
            list.expect(200)
        } else {
            list.refuses(403, "missing-permission")
        };
        let made = world.post(person, &path, json!({ "name": format!("Branch {n}") })).await;
        if creates {
            made.expect(201)
        } else {
            made.refuses(403, "missing-permission")
        };
    }
    let wanted = json!({ "name": "Op's" });
    world.post(OPERATOR, &path, wanted.clone()).await.refuses(403, "operator-read-only");
    world.post(EVE, &path, wanted).await.refuses(404, "no-such-organization");
}

/// SUB2: nothing in a body says where, or of what kind.
#[tokio::test]
async fn the_parent_is_the_one_in_the_path() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let other = world.tree(BOB, "Other").await;
    for (field, value) in [("parent", id(&other)), ("parent_id", id(&other)), ("kind", "partner")] {
        let wanted = json!({ "name": "Branch", (field): value });
        let answer = world.post(ADA, &format!("{root}/sub-organizations"), wanted).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), format!("/{field}"));
    }
}

/// SUB3
#[tokio::test]
async fn they_nest_to_a_depth_of_eight() {
    let world = TestApp::new().await;
    let mut org = world.tree(ADA, "Level 0").await;
    for level in 1..=8 {
        org = world.below(ADA, &org, &format!("Level {level}")).await;
        assert_eq!(world.get(ADA, &org).await.body["depth"], level);
    }
    let wanted = json!({ "name": "Level 9" });
    let refused = world.post(ADA, &format!("{org}/sub-organizations"), wanted.clone()).await;
    refused.refuses(409, "depth-limit");
    let wanted = json!({ "name": "Level 9", "parent": id(&org) });
    let refused = world.post(OPERATOR, "/v1/operator/organizations", wanted).await;
    refused.refuses(409, "depth-limit");
}

/// SUB4
#[tokio::test]
async fn they_are_listed_with_their_path_and_users() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let one = world.below(ADA, &root, "One").await;
    world.bring(ADA, &one, BOB, "user").await;
    world.invited(ADA, &one, CY.email, "admin").await;
    let leaf = world.below(ADA, &one, "Leaf").await;
    world.empty_below(&root, "Two").await;
    let other = world.tree(DEE, "Other").await;
    world.below(DEE, &other, "Other's").await;

    let list = world.get(ADA, &format!("{root}/sub-organizations")).await;
    assert_snapshot!(list, @r#"
    200 OK
    {
      "items": [
        {
          "created_at": "2026-11-21T12:00:02Z",
          "depth": 1,
          "id": "org_…",
          "kind": "standard",
          "name": "One",
          "parent_id": "org_…",
          "path": [
            "org_…",
            "org_…"
          ],
          "settings": {
            "manage_sub_organizations": true,
            "mdf_program": false
          },
          "super_admin_user_id": "ada",
          "users": {
            "active": 2,
            "pending": 1
          }
        },
        {
          "created_at": "2026-11-21T12:00:07Z",
          "depth": 1,
          "id": "org_…",
          "kind": "standard",
          "name": "Two",
          "parent_id": "org_…",
          "path": [
            "org_…",
            "org_…"
          ],
          "settings": {
            "manage_sub_organizations": true,
            "mdf_program": false
          },
          "super_admin_user_id": null,
          "users": {
            "active": 0,
            "pending": 0
          }
        }
      ],
      "next_cursor": null
    }
    "#);
    let all = world.get(ADA, &format!("{root}/sub-organizations?depth=all")).await.expect(200);
    assert_eq!(each(all.items(), "name"), ["One", "Leaf", "Two"]);
    let below = world.get(ADA, &format!("{one}/sub-organizations?depth=all")).await.expect(200);
    assert_eq!(each(below.items(), "id"), [id(&leaf)]);
    let odd = world.get(ADA, &format!("{root}/sub-organizations?depth=2")).await;
    odd.refuses(422, "invalid-request");
}

/// SUB5
#[tokio::test]
async fn an_admin_from_above_joins_an_empty_one_as_its_super_admin() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    world.bring(ADA, &root, BOB, "admin").await;
    let branch = world.empty_below(&root, "Branch").await;
    let join = format!("{branch}/join");
    assert_snapshot!(world.post(BOB, &join, json!({})).await, @r#"
    200 OK
    {
      "email": "bob@example.com",
      "id": "mem_…",
      "identity_provider_role": "admin",
      "joined_at": "2026-11-21T12:00:05Z",
      "name": null,
      "organization_id": "org_…",
      "role_id": "super_admin",
      "role_name": "Super Admin",
      "source": "joined",
      "status": "active",
      "user_id": "bob"
    }
    "#);
    let bob = (vec!["bob".to_owned()], Some("bob".to_owned()));
    assert_eq!(world.super_admins(&branch).await, bob);
    world.post(ADA, &join, json!({})).await.refuses(409, "organization-not-empty");
    assert_eq!(world.super_admins(&branch).await, bob);
}

/// SUB5, U5
#[tokio::test]
async fn it_takes_the_built_in_admin_or_super_admin_of_an_ancestor() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let middle = world.below(ADA, &root, "Middle").await;
    let sibling = world.below(ADA, &root, "Sibling").await;
    let branch = world.empty_below(&middle, "Branch").await;
    let all = json!({ "user_management": "full_access", "role_management": "full_access" });
    let like_admin = world.role(ADA, &root, "Like an Admin", all).await;
    world.bring(ADA, &root, BOB, &like_admin).await;
    world.bring(ADA, &sibling, CY, "admin").await;
    let join = format!("{branch}/join");
    for person in [BOB, CY, EVE] {
        world.post(person, &join, json!({})).await.refuses(404, "no-such-organization");
    }
    world.post(OPERATOR, &join, json!({})).await.refuses(403, "operator-read-only");
    world.bring(ADA, &root, DEE, "admin").await;
    world.post(DEE, &join, json!({})).await.expect(200);
}

/// SUB5, INV8
#[tokio::test]
async fn one_that_waits_for_its_first_admin_is_not_empty() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let wanted = json!({ "name": "Branch", "parent": id(&root), "first_admin_email": BOB.email });
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    let branch = format!("/v1/organizations/{}", made.id());
    let join = format!("{branch}/join");
    world.post(ADA, &join, json!({})).await.refuses(409, "organization-not-empty");
    // INV2: an expired one never stands in the way.
    world.wait(8 * DAY);
    world.post(ADA, &join, json!({})).await.expect(200);
    let late = world.accept(BOB, &branch).await;
    late.refuses(409, "invitation-expired");
    assert_eq!(world.super_admins(&branch).await.0, ["ada"]);
}

/// SUB5
#[tokio::test]
async fn one_whose_first_admin_declined_can_be_joined() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let wanted = json!({ "name": "Branch", "parent": id(&root), "first_admin_email": BOB.email });
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    let branch = format!("/v1/organizations/{}", made.id());
    let mine = world.get(BOB, "/v1/me/invitations").await;
    let decline = format!("{branch}/invitations/{}/decline", each(mine.items(), "id")[0]);
    world.post(BOB, &decline, json!({})).await.expect(204);
    world.post(ADA, &format!("{branch}/join"), json!({})).await.expect(200);
}

/// SUB5, SA1
#[tokio::test]
async fn of_many_who_join_at_once_one_wins() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let people: Vec<_> = (0..6).map(someone).collect();
    for &person in &people {
        world.bring(ADA, &root, person, "admin").await;
    }
    let branch = world.empty_below(&root, "Branch").await;
    let join = format!("{branch}/join");
    let answers = join_all(people.iter().map(|&who| world.post(who, &join, json!({})))).await;
    let won: Vec<&Value> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| &answer.body["user_id"])
        .collect();
    assert_eq!(won.len(), 1);
    let lost = answers.iter().filter(|answer| answer.problem() == "organization-not-empty").count();
    assert_eq!(lost, 5);
    let (holders, told) = world.super_admins(&branch).await;
    assert_eq!((json!(holders[0]), holders.len()), (won[0].clone(), 1));
    assert_eq!(told.as_ref(), holders.first());
}

/// U5: whoever is in knows that it is there.
#[tokio::test]
async fn a_member_who_joins_again_is_told_that_it_is_not_empty() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let joined = world.post(ADA, &format!("{root}/join"), json!({})).await;
    joined.refuses(409, "organization-not-empty");
    let branch = world.empty_below(&root, "Branch").await;
    world.post(ADA, &format!("{branch}/join"), json!({})).await.expect(200);
    world.bring(ADA, &branch, BOB, "user").await;
    world
        .post(BOB, &format!("{branch}/join"), json!({}))
        .await
        .refuses(409, "organization-not-empty");
}
