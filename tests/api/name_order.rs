//! The list of users by name and by role name (SUB6): read as a whole, and sorted in memory. The model of `lists.rs` has these
//! orders, too.

use members::MAX_SORTED;
use serde_json::{Value, json};
use shared::http::Deployment;

use crate::{
    helpers::{DEE, each, id, nth_user},
    test_app::{ADA, BOB, CY, EVE, Identity, TestApp, ample},
};

/// What the list shows for each user: the display name, else the name, else the address.
fn shown(users: &[Value]) -> Vec<&str> {
    let name = |user: &'_ Value| {
        ["display_name", "name", "email"].into_iter().find(|name| user[name].is_string()).unwrap()
    };
    users.iter().map(|user| user[name(user)].as_str().unwrap()).collect()
}

fn named(person: Identity, name: &'static str) -> Identity {
    Identity { name, ..person }
}

/// Acme, where members have names in any case, a display name or none; with an invitation and a service.
async fn organization_with_names() -> (TestApp, String) {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.add_member(ADA, &acme, named(BOB, "zoe Adams"), "admin").await;
    app.add_member(ADA, &acme, named(CY, "Yann"), "user").await;
    app.add_member(ADA, &acme, named(EVE, "Émile"), "user").await;
    app.add_member(ADA, &acme, named(DEE, "BERT"), "user").await;
    rename(&app, &acme, CY, "alva").await;
    app.create_invitation(ADA, &acme, "nina@example.com", "user").await;
    app.add_service(ADA, &acme, "Nightly sync", "user").await;
    (app, acme)
}

async fn rename(app: &TestApp, org: &str, user: Identity, name: &str) {
    let name = json!({ "display_name": name });
    app.patch(ADA, &format!("{org}/members/@{}", user.sub), name).await.expect(200);
}

/// SUB6, U6
#[tokio::test]
async fn users_are_sorted_by_the_name_that_is_shown_whatever_its_case() {
    let (app, acme) = organization_with_names().await;
    let mut names = [
        "ada@example.com",
        "alva",
        "BERT",
        "Nightly sync",
        "nina@example.com",
        "zoe Adams",
        "Émile",
    ];
    for sort in ["name", "-name"] {
        for limit in [1, 2, 7, 100] {
            let path = format!("{acme}/members?sort={sort}&limit={limit}");
            assert_eq!(shown(&app.list_all(ADA, &path).await), names, "{sort} {limit}");
        }
        names.reverse();
    }
    let active = app.list_all(ADA, &format!("{acme}/members?sort=name&status=active&q=a")).await;
    assert_eq!(shown(&active), ["ada@example.com", "zoe Adams"]);
}

/// The users who stay are each shown once, whatever happens to others between two pages.
#[tokio::test]
async fn pages_by_name_neither_repeat_nor_hide_users_while_others_change() {
    for sort in ["name", "-name", "role_name", "-role_name"] {
        let (app, acme) = TestApp::with_acme().await;
        for n in 0..12 {
            let name = format!("Person {:02}", n * 7 % 12).leak();
            app.add_member(ADA, &acme, named(nth_user(n), name), "user").await;
        }
        let (mut found, mut cursor, mut page_number) = (Vec::new(), String::new(), 0);
        loop {
            let path = format!("{acme}/members?sort={sort}&limit=2&role_id=user{cursor}");
            let page = app.get(ADA, &path).await.expect(200);
            found.extend(each(page.items(), "email").into_iter().map(ToOwned::to_owned));
            match page_number {
                // The last one of the page is the position of its cursor.
                0 => {
                    let last = page.items()[1]["id"].as_str().unwrap();
                    app.delete(ADA, &format!("{acme}/members/{last}")).await.expect(204);
                }
                1 => {
                    for email in ["aa@example.com", "person-005a@example.com", "zz@example.com"] {
                        app.create_invitation(ADA, &acme, email, "user").await;
                    }
                }
                2 => rename(&app, &acme, nth_user(5), "Person 05b").await,
                _ => {}
            }
            page_number += 1;
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        // The person who was renamed has moved, and the invitations are new.
        found.retain(|email| email.starts_with("person-") && !email.starts_with("person-005"));
        assert_eq!(found.len(), 11, "{sort}: {found:?}");
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 11, "{sort}: {found:?}");
    }
}

/// SUB6: an order by name reads all users that match, so there is a bound. Other orders have none.
#[tokio::test]
async fn more_than_five_hundred_users_are_not_sorted_by_name() {
    let app = TestApp::with(Deployment { max_pending: 100_000, ..ample() }).await;
    let acme = app.create_tree(ADA, "Acme").await;
    let invite = async |from: usize, to: usize| {
        let offer = |n| json!({ "email": format!("p{n:03}@example.com"), "role_id": "user" });
        let body = json!({ "invitations": (from..to).map(offer).collect::<Vec<_>>() });
        app.post(ADA, &format!("{acme}/invitations/batch"), body).await.expect(200);
    };
    // With Ada, exactly as many as the bound.
    for hundred in 0..5 {
        invite(hundred * 100, (hundred * 100 + 100).min(MAX_SORTED - 1)).await;
    }
    let exported = |sort| json!({ "sort": sort, "status": ["pending", "active"] });
    for (sort, by) in [("-name", "name"), ("role_name", "role name")] {
        let all = app.list_all(ADA, &format!("{acme}/members?sort={sort}&limit=100")).await;
        assert_eq!(all.len(), MAX_SORTED);
        let page = app.get(ADA, &format!("{acme}/members?sort={sort}&limit=1")).await.expect(200);
        assert!(page.cost.read_units <= 105.0, "{:?}", page.cost);
        app.post(ADA, &format!("{acme}/member-exports"), exported(sort)).await.expect(200);
        if by == "role name" {
            invite(MAX_SORTED, MAX_SORTED + 1).await;
        }
    }
    for (sort, by) in [("name", "name"), ("-role_name", "role name")] {
        for scope in ["organization", "subtree"] {
            let path = format!("{acme}/members?sort={sort}&limit=1&scope={scope}");
            let answer = app.get(ADA, &path).await.refuses(422, "invalid-request");
            assert_eq!(answer.pointer(), "/sort");
            let detail = format!(
                "At most 500 users can be sorted by {by}, and one request must find them all. \
                 Choose a role, a status or an organization, or sort by `email`."
            );
            assert_eq!(answer.body["errors"][0]["detail"], detail);
            assert!(answer.cost.read_units <= 105.0, "{scope}: {:?}", answer.cost);
        }
        let answer = app.post(ADA, &format!("{acme}/member-exports"), exported(sort)).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/sort");
        // A narrower filter, and one person.
        for (filter, count) in [("status=pending", 500), ("role_id=super_admin", 1), ("q=p01", 10)]
        {
            let path = format!("{acme}/members?sort={sort}&limit=100&{filter}");
            assert_eq!(app.list_all(ADA, &path).await.len(), count, "{filter}");
        }
        app.get(ADA, &format!("{acme}/members?sort={sort}&user_id=ada")).await.expect(200);
    }
    app.get(ADA, &format!("{acme}/members?sort=-email")).await.expect(200);
}

/// One that has more users than its share of the first reads is read on.
#[tokio::test]
async fn users_of_many_organizations_of_different_sizes_are_sorted_by_name() {
    let (app, root) = TestApp::with_tree("Root").await;
    let (mut chosen, mut expected) = (vec![format!("organization_id={}", id(&root))], vec![]);
    for nth in 0..19 {
        let org = app.create_sub_organization(ADA, &root, &format!("Branch {nth}")).await;
        let users = if nth == 7 { 90 } else { nth % 3 };
        for user in 0..users {
            let email = format!("p{:03}-{nth}@example.com", user * 37 % 100);
            app.create_invitation(ADA, &org, &email, "user").await;
            expected.push(email);
        }
        chosen.push(format!("organization_id={}", id(&org)));
    }
    expected.sort_unstable();
    let chosen = chosen.join("&");
    for filter in ["role_id=user&role_id=admin", "kind=person&status=pending"] {
        let path = format!("{root}/members?sort=name&limit=100&{filter}&{chosen}");
        let mut found = app.list_all(ADA, &path).await;
        found.retain(|user| user["status"] == "pending");
        assert_eq!(each(&found, "email"), expected, "{filter}");
    }
}
