//! Pages and cursors of every list.

use serde_json::{Value, json};
use shared::{http::Cursor, store::Position};

use crate::{
    helpers::{each, id, nth_user, operator_path},
    test_app::{ADA, BOB, CY, EVE, Identity, OPERATOR, TestApp},
};

/// Every list, with a caller who may read it.
fn lists(org: &str) -> Vec<(Identity, String)> {
    let of_org = "members invitations roles sub-organizations events domains join-requests \
                  critical-alert-users";
    let of_caller =
        ["/v1/me", "/v1/me/invitations", "/v1/me/join-requests", "/v1/me/joinable-organizations"];
    let mut lists: Vec<_> = of_caller.iter().map(|path| (ADA, (*path).to_owned())).collect();
    lists.extend(of_org.split_whitespace().map(|list| (ADA, format!("{org}/{list}"))));
    lists.push((OPERATOR, "/v1/operator/organizations".to_owned()));
    lists
}

#[tokio::test]
async fn malformed_limit_or_cursor_is_refused() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let limits = ["0", "101", "abc", "", "-1", "1.5", "1e2", "99999999999999999999", "%2B", "１"];
    let cursors = ["", "x", "!!!!", "AAAAAAAAAAA", "AAAAAAAAAAAA", "%00", "null", "ÿÿÿÿÿÿÿÿÿÿÿÿ"];
    for (caller, path) in lists(&acme) {
        for limit in limits {
            let answer = app.get(caller, &format!("{path}?limit={limit}")).await;
            let answer = answer.refuses(422, "invalid-request");
            assert_eq!(answer.pointer(), "/limit", "{path} {limit}");
        }
        for limit in ["1", "100"] {
            app.get(caller, &format!("{path}?limit={limit}")).await.expect(200);
        }
        for cursor in cursors {
            let answer = app.get(caller, &format!("{path}?cursor={cursor}")).await;
            answer.refuses(400, "bad-cursor");
        }
    }
}

/// The cursor of a first page.
async fn cursor(app: &TestApp, path: &str) -> String {
    let page = app.get(ADA, path).await.expect(200);
    page.body["next_cursor"].as_str().expect("more than a page").to_owned()
}

#[tokio::test]
async fn cursor_is_bound_to_list_filters_order_organization_and_caller() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let globex = app.create_tree(ADA, "Globex").await;
    for org in [&acme, &globex] {
        for n in 0..3 {
            app.create_invitation(ADA, org, nth_user(n).email, "user").await;
            app.create_role(ADA, org, &format!("Role {n}"), json!({})).await;
            app.create_sub_organization(ADA, org, &format!("Branch {n}")).await;
        }
    }
    let organization = format!("organization_id={}", id(&acme));
    let lists = [
        (
            "members",
            "status=pending q=p role_id=user scope=subtree q=p&match=contains sort=-email \
             sort=joined_at sort=name sort=-name sort=-role_name",
        ),
        ("roles", "q=r q=r&match=contains scope=subtree"),
        ("sub-organizations", "depth=all"),
        ("events", "actor=ada from=2026-01-01T00:00:00Z"),
        ("invitations", ""),
    ];
    for (list, filters) in lists {
        let path = format!("{acme}/{list}?limit=1");
        let own = filters.split_whitespace().map(|filter| format!("{path}&{filter}"));
        let own: Vec<_> = own.chain([path.clone()]).collect();
        let mut others = vec![format!("{globex}/{list}?limit=1"), "/v1/me?limit=1".to_owned()];
        let other_lists = lists.iter().filter(|(other, _)| *other != list);
        others.extend(other_lists.map(|(other, _)| format!("{acme}/{other}?limit=1")));
        if ["members", "roles"].contains(&list) {
            others.push(format!("{acme}/{list}?limit=1&{organization}"));
        }
        for path in &own {
            let cursor = cursor(&app, path).await;
            app.get(ADA, &format!("{path}&cursor={cursor}")).await.expect(200);
            for other in own.iter().chain(&others).filter(|other| *other != path) {
                let answer = app.get(ADA, &format!("{other}&cursor={cursor}")).await;
                answer.refuses(400, "bad-cursor");
            }
        }
    }
    let mine = cursor(&app, "/v1/me?limit=1").await;
    let of_other_caller = app.get(BOB, &format!("/v1/me?cursor={mine}")).await;
    of_other_caller.refuses(400, "bad-cursor");
}

#[tokio::test]
async fn cursor_is_valid_for_the_same_filters_in_another_order() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let branch = app.create_sub_organization(ADA, &acme, "Branch").await;
    let day = app.create_role(ADA, &acme, "Day shift", json!({})).await;
    let night = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    app.create_invitation(ADA, &acme, BOB.email, &day).await;
    app.create_invitation(ADA, &acme, CY.email, &night).await;
    let (acme_id, branch_id) = (id(&acme), id(&branch));
    for (list, filter, one, other) in [
        ("members", "status", "active", "pending"),
        ("members", "kind", "person", "service"),
        ("members", "role_id", &*day, &*night),
        ("members", "organization_id", acme_id, branch_id),
        ("roles", "status", "active", "pending"),
        ("roles", "role_id", &*day, &*night),
        ("roles", "organization_id", acme_id, branch_id),
        ("events", "action", "invitation.created", "role.created"),
        ("events", "organization_id", acme_id, branch_id),
    ] {
        let path = |values: &[&str]| {
            let named = values.iter().map(|value| format!("&{filter}={value}"));
            format!("{acme}/{list}?limit=1{}", named.collect::<String>())
        };
        let cursor = cursor(&app, &path(&[one, other])).await;
        for values in [&[one, other][..], &[other, one], &[other, one, other]] {
            app.get(ADA, &format!("{}&cursor={cursor}", path(values))).await.expect(200);
        }
        let fewer = app.get(ADA, &format!("{}&cursor={cursor}", path(&[one]))).await;
        fewer.refuses(400, "bad-cursor");
    }
}

/// The same damage in a page token of a decision search: `decision_search.rs`.
#[tokio::test]
async fn damaged_cursor_of_every_list_is_refused() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let partner = app.create_partner(ADA, "Partner").await;
    let linked = format!("{}/customers", operator_path(&partner));
    for n in 0..2 {
        let other = app.create_organization(BOB, &format!("Other {n}")).await;
        app.approve_domain(BOB, &other, "example.com").await.expect(200);
        app.create_invitation(BOB, &other, ADA.email, "user").await;
        app.create_join_request(nth_user(20), &other).await;
        app.create_invitation(ADA, &acme, nth_user(n).email, "user").await;
        app.create_role(ADA, &acme, &format!("Role {n}"), json!({})).await;
        app.create_sub_organization(ADA, &acme, &format!("Branch {n}")).await;
        app.create_join_request(nth_user(10 + n), &acme).await;
        let alert = json!({ "email": nth_user(n).email });
        app.post(ADA, &format!("{acme}/critical-alert-users"), alert).await.expect(201);
        let link = format!("{linked}/{}", id(&other));
        app.put(OPERATOR, &link, json!({ "preferred": true })).await.expect(200);
    }
    let mut lists = lists(&acme);
    // A second domain would need a second verified address.
    lists.retain(|(_, path)| {
        let of_others = ["/domains", "/joinable-organizations", "/me/join-requests"];
        !of_others.iter().any(|end| path.ends_with(end))
    });
    lists.push((nth_user(20), "/v1/me/join-requests".to_owned()));
    lists.push((CY, "/v1/me/joinable-organizations".to_owned()));
    lists.push((OPERATOR, linked));
    for (caller, path) in lists {
        let page = app.get(caller, &format!("{path}?limit=1")).await.expect(200);
        let good = page.body["next_cursor"].as_str().unwrap_or_else(|| panic!("{path}: {page}"));
        for at in 0..good.len() {
            let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            for damaged in [&changed, &good[..at], &good[at + 1..]] {
                let answer = app.get(caller, &format!("{path}?limit=1&cursor={damaged}")).await;
                answer.refuses(400, "bad-cursor");
            }
        }
    }
}

/// Positions that a client could forge: keys of other items, other organizations and other lists.
fn forged_positions(root: &str, branch: &str, sibling: &str, other_root: &str) -> Vec<String> {
    let [root, branch, sibling, other_root] = [root, branch, sibling, other_root]
        .map(|org| id(org).trim_start_matches("org_").to_owned());
    let (branch, sibling) = (format!("{root}/{branch}"), format!("{root}/{sibling}"));
    let texts = "! 0 ~ \u{10FFFF} \u{1} ORG MEMBER# ROLE# ROLE#~ EVENTS# # / role: role:\u{1} \
                 role:\u{1}\u{10FFFF}\u{1} address:~ address:a \u{2} ü\u{2}1 \
                 00000000000000000000000000 7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    let mut forged: Vec<String> = texts.split(' ').map(ToOwned::to_owned).collect();
    for org in [&root, &branch, &sibling] {
        let ends = ["", "#", "/", "/~", "#\u{10FFFF}", "\u{2}0", "\u{2}1"];
        forged.extend(ends.map(|end| format!("{org}{end}")));
    }
    forged.extend(["x".repeat(1_400), "ü".repeat(700), "x".repeat(3_000)]);
    forged.extend([
        format!("ORG#{root}"),
        format!("ORG#{other_root}"),
        format!("role:{root}\u{1}\u{10FFFF}\u{1}{root}"),
        format!("role:n\u{1}{}\u{1}{sibling}", "z".repeat(1_300)),
        format!("role:{sibling}#\u{1}{sibling}#~\u{1}"),
        format!("address:{sibling}#"),
        format!("address:cy@example.com#{sibling}"),
    ]);
    forged
}

/// The filters of a query as its cursors are bound to them: the default ones, and `others` instead of some.
fn filters(defaults: &Value, others: &Value) -> String {
    let mut filters = defaults.clone();
    for (name, value) in others.as_object().unwrap() {
        filters[name] = value.clone();
    }
    filters.to_string()
}

/// A list, and the filters that its cursors are bound to, in the words of the contract: renaming a type of Rust
/// invalidates no cursor.
fn bound_lists() -> Vec<(&'static str, String)> {
    let users = json!({
        "status": [], "kind": [], "role_id": [], "organization_id": [], "q": "", "match": "prefix",
        "scope": "organization", "sort": "email", "user_id": null
    });
    let roles = json!({
        "organization_id": [], "status": [], "role_id": [], "q": "", "match": "prefix",
        "scope": "organization"
    });
    let events = json!({
        "from": null, "to": null, "actor": null, "action": [], "target": null, "member_id": null,
        "organization_id": [], "scope": "organization"
    });
    let filtered = [
        ("members?", &users, json!({})),
        ("members?sort=-role_name&", &users, json!({ "sort": "-role_name" })),
        ("members?scope=subtree&", &users, json!({})),
        ("members?scope=subtree&sort=name&", &users, json!({ "sort": "name" })),
        ("members?scope=subtree&sort=-joined_at&", &users, json!({ "sort": "-joined_at" })),
        ("members?scope=subtree&q=us&", &users, json!({ "q": "us" })),
        (
            "members?scope=subtree&q=c&match=contains&",
            &users,
            json!({ "q": "c", "match": "contains" }),
        ),
        ("roles?", &roles, json!({})),
        ("roles?scope=subtree&", &roles, json!({})),
        (
            "roles?scope=subtree&q=night&match=contains&",
            &roles,
            json!({ "q": "night", "match": "contains" }),
        ),
        ("events?", &events, json!({})),
        ("events?scope=subtree&", &events, json!({})),
    ];
    let filtered = filtered.map(|(list, all, mut others)| {
        if list.contains("scope=subtree") {
            others["scope"] = json!("subtree");
        }
        (list, filters(all, &others))
    });
    let plain =
        ["invitations?", "domains?", "join-requests?", "critical-alert-users?", "partners?"];
    let plain = plain.map(|list| (list, String::new()));
    let below = [("sub-organizations?", "\"children\"".to_owned())];
    filtered.into_iter().chain(below).chain(plain).collect()
}

/// A client can forge the position in a cursor. It reads only what the client may read anyway.
#[tokio::test]
async fn forged_cursor_reads_nothing_beyond_its_list() {
    let (app, root) = TestApp::with_tree("Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let sibling = app.create_sub_organization(ADA, &root, "Sibling").await;
    let globex = app.create_organization(EVE, "Globex").await;
    app.add_member(ADA, &branch, BOB, "admin").await;
    for org in [&root, &branch, &sibling] {
        app.create_invitation(ADA, org, CY.email, "user").await;
        app.create_role(ADA, org, "Night shift", json!({})).await;
    }
    let forged = forged_positions(&root, &branch, &sibling, &globex);
    for (list, filters) in bound_lists() {
        let name = list.split('?').next().unwrap().replace('-', " ").replace("sub ", "sub-");
        let binding = [&*name, id(&branch), &filters];
        let binding = &binding[..if filters.is_empty() { 2 } else { 3 }];
        let whole = app.get(BOB, &format!("{branch}/{list}limit=100")).await.expect(200);
        let mut accepted = 0;
        for position in &forged {
            let cursor = Cursor::encode(binding, &Position::new(position));
            let path = format!("{branch}/{list}limit=100&cursor={cursor}");
            let page = app.get(BOB, &path).await;
            accepted += usize::from(page.status == 200);
            let is_answered = page.status == 200 || page.problem() == "bad-cursor";
            assert!(is_answered, "{list} {position:?}: {page}");
            for item in page.items() {
                assert!(whole.items().contains(item), "{list} {position:?} shows {item}");
            }
        }
        assert!(accepted > 0, "update the binding of {list}: every cursor was refused");
    }
    for position in &forged {
        let cursor = Cursor::encode(&["me", "bob"], &Position::new(position));
        let page = app.get(BOB, &format!("/v1/me?cursor={cursor}")).await;
        assert!(page.status == 200 || page.problem() == "bad-cursor", "{position:?}: {page}");
        let orgs = page.body["organizations"].as_array().cloned().unwrap_or_default();
        assert!(orgs.iter().all(|of| of["id"] == id(&branch)), "{position:?}");
    }
}

/// The users list has its own test, in `lists.rs`.
#[tokio::test]
async fn paging_returns_each_item_once() {
    let (app, root) = TestApp::with_tree("Root").await;
    for n in 0..12 {
        app.create_sub_organization(ADA, &root, &format!("Branch {n:02}")).await;
        app.create_role(ADA, &root, &format!("Role {n:02}"), json!({})).await;
        let other = app.create_organization(BOB, &format!("Other {n:02}")).await;
        app.create_invitation(BOB, &other, ADA.email, "user").await;
        app.create_invitation(ADA, &root, nth_user(n).email, "user").await;
    }
    for (caller, path, count) in [
        (ADA, "/v1/me?".to_owned(), 13),
        (ADA, "/v1/me/invitations?".to_owned(), 12),
        (ADA, format!("{root}/roles?"), 15),
        (ADA, format!("{root}/invitations?"), 12),
        (ADA, format!("{root}/events?"), 38),
        (ADA, format!("{root}/sub-organizations?"), 12),
        (ADA, format!("{root}/sub-organizations?depth=all&"), 12),
        (OPERATOR, "/v1/operator/organizations?".to_owned(), 13),
    ] {
        let items = app.list_all(caller, &format!("{path}limit=5")).await;
        let mut ids = each(&items, "id");
        assert_eq!(ids.len(), count, "{path}");
        assert!(!path.contains("/events") || ids.is_sorted_by(|newer, older| newer > older));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{path}");
    }
}
