//! Users and roles across a tree: every way to filter, search and sort, read page by page and
//! compared with a model that reads the table item by item.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use shared::domain::{BuiltIn, Kind, OrgPath, RoleId, fold};

use crate::{
    helpers::{each, id, nth_user, user_manager},
    invariants::{OrganizationItems, Table, check, scan},
    test_app::{ADA, BOB, TestApp},
};

/// A user as the model knows them.
#[derive(Clone, Debug)]
struct SeededUser {
    path: String,
    org: String,
    email: String,
    status: &'static str,
    role: String,
    role_name: String,
    since: i64,
}

/// A query.
#[derive(Clone, Debug, Default)]
struct Query {
    /// The organization in the path.
    top: String,
    subtree: bool,
    chosen: Vec<String>,
    statuses: Vec<&'static str>,
    roles: Vec<String>,
    q: &'static str,
    anywhere: bool,
    sort: &'static str,
}

impl Query {
    fn parameters(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| query.extend(["&", name, "=", value]);
        if self.subtree {
            add("scope", "subtree");
        }
        for org in &self.chosen {
            add("organization_id", org);
        }
        for status in &self.statuses {
            add("status", status);
        }
        for role in &self.roles {
            add("role_id", role);
        }
        if !self.q.is_empty() {
            add("q", &self.q.replace(' ', "%20"));
        }
        if self.anywhere {
            add("match", "contains");
        }
        if !self.sort.is_empty() {
            add("sort", self.sort);
        }
        query
    }

    fn finds(&self, text: &str) -> bool {
        let q = fold(self.q);
        if self.anywhere { fold(text).contains(&q) } else { fold(text).starts_with(&q) }
    }

    fn covers(&self, path: &str, org: &str) -> bool {
        if self.chosen.is_empty() {
            org == self.top || (self.subtree && path.contains(self.top.trim_start_matches("org_")))
        } else {
            self.chosen.iter().any(|chosen| chosen == org)
        }
    }

    /// The expected rows: address and organization.
    fn expected(&self, users: &[SeededUser]) -> Vec<(String, String)> {
        let passes = |user: &&SeededUser| {
            self.covers(&user.path, &user.org)
                && (self.statuses.is_empty() || self.statuses.contains(&user.status))
                && (self.roles.is_empty() || self.roles.contains(&user.role))
        };
        let users: Vec<&SeededUser> = users.iter().filter(passes).collect();
        let tree_wide = self.subtree && self.chosen.is_empty();
        let (by_time, down) = (self.sort.ends_with("joined_at"), self.sort.starts_with('-'));
        let sorted = |mut users: Vec<&SeededUser>, by_address: bool| {
            users.sort_by_key(|user| match (by_time, by_address) {
                (true, _) => format!("{}#{:015}", user.path, user.since),
                (false, true) => format!("{}#{}", user.email, user.org),
                (false, false) => format!("{}#{}", user.path, user.email),
            });
            if down {
                users.reverse();
            }
            users.into_iter().map(|user| (user.email.clone(), user.org.clone())).collect::<Vec<_>>()
        };
        if self.q.is_empty() {
            return sorted(users, false);
        }
        let (by_address, others): (Vec<_>, Vec<_>) =
            users.into_iter().partition(|user| self.finds(&user.email));
        let by_role = others.into_iter().filter(|user| self.finds(&user.role_name)).collect();
        let mut found = sorted(by_address, tree_wide && !self.anywhere);
        found.extend(sorted(by_role, false));
        found
    }
}

/// A random tree with some roles and users in each organization. Returns the paths.
async fn random_tree(app: &TestApp, rng: &mut StdRng) -> Vec<String> {
    let mut orgs = vec![app.create_tree(ADA, "Root").await];
    for nth in 0..5 {
        let above = orgs.choose(rng).unwrap().clone();
        orgs.push(app.create_sub_organization(ADA, &above, &format!("Branch {nth}")).await);
    }
    let names = ["Support desk", "Night shift", "Auditors", "admin Helpers"];
    let mut people: Vec<_> = (0..30).map(nth_user).collect();
    for org in &orgs {
        let mut roles = vec!["user".to_owned(), "admin".to_owned()];
        for name in names.choose_multiple(rng, 2) {
            roles.push(app.create_role(ADA, org, name, user_manager()).await);
        }
        for nth in 0..rng.random_range(0..8) {
            let role = roles.choose(rng).unwrap();
            let email = ["adam", "Nigella", "sue", "zoe"][nth % 4];
            let email = format!("{email}{}@example.com", rng.random_range(0..9));
            // The same address twice in one organization is refused.
            app.invite(ADA, org, &email, role).await;
            if rng.random_bool(0.6) {
                app.add_member(ADA, org, people.pop().unwrap(), role).await;
            }
        }
    }
    orgs
}

fn role_name(part: &OrganizationItems, role: RoleId) -> String {
    match role {
        RoleId::BuiltIn(role) => role.name().to_owned(),
        RoleId::Custom(id) => part.roles[&id].0.name.to_string(),
    }
}

/// All users, read from the table.
async fn all_users(app: &TestApp) -> (Table, Vec<SeededUser>) {
    let table = Table::read(&scan(app).await);
    let mut users = Vec::new();
    for part in table.orgs.values() {
        let known =
            |path: &OrgPath, email: &dyn ToString, status, role: RoleId, since: i64| SeededUser {
                path: path.to_string(),
                org: path.id().to_string(),
                email: email.to_string(),
                status,
                role: role.to_string(),
                role_name: role_name(part, role),
                since,
            };
        for member in part.members.values() {
            let since = member.joined_at.as_millisecond();
            users.push(known(&member.path, &member.email, "active", member.role_id, since));
        }
        for open in &part.pending {
            let since = open.created_at.as_millisecond();
            users.push(known(&open.path, &open.email, "pending", open.role_id, since));
        }
    }
    (table, users)
}

/// SUB4, SUB6, U3
#[tokio::test]
async fn users_list_matches_its_model_for_every_combination() {
    for seed in 0..2 {
        let mut rng = StdRng::seed_from_u64(seed);
        let app = TestApp::new().await;
        let orgs = random_tree(&app, &mut rng).await;
        let (table, users) = all_users(&app).await;
        let custom: Vec<String> = table
            .orgs
            .values()
            .flat_map(|part| part.roles.keys().map(ToString::to_string))
            .collect();
        for _ in 0..100 {
            let top = orgs[..3].choose(&mut rng).unwrap();
            let top = if rng.random_bool(0.6) { &orgs[0] } else { top };
            let mut query = Query {
                top: id(top).to_owned(),
                subtree: rng.random_bool(0.6),
                q: ["", "", "person-0", "a", "ADM", "night", "sup", "o", "user", "zoe3@"]
                    .choose(&mut rng)
                    .unwrap(),
                anywhere: rng.random_bool(0.4),
                sort: ["", "email", "-email", "joined_at", "-joined_at"].choose(&mut rng).unwrap(),
                ..Query::default()
            };
            let inside = |org: &&String| {
                users.iter().any(|user| user.org == id(org) && user.path.contains(&query.top[4..]))
            };
            let within: Vec<String> =
                orgs.iter().filter(inside).map(|org| id(org).into()).collect();
            if rng.random_bool(0.3) {
                let some = rng.random_range(1..=within.len().min(3));
                query.chosen = within.choose_multiple(&mut rng, some).cloned().collect();
            }
            if rng.random_bool(0.3) {
                query.statuses.push(["active", "pending"].choose(&mut rng).unwrap());
            }
            if rng.random_bool(0.4) {
                query
                    .roles
                    .push(["user", "admin", "super_admin"].choose(&mut rng).unwrap().to_string());
                query.roles.extend(custom.choose_multiple(&mut rng, 2).cloned());
            }
            let limit = rng.random_range(1..6);
            let path = format!("{top}/members?limit={limit}{}", query.parameters());
            let found = app.list_all(ADA, &path).await;
            let text = |user: &Value, name: &str| user[name].as_str().unwrap().to_owned();
            let found: Vec<_> = found
                .iter()
                .map(|user| (text(user, "email"), text(user, "organization_id")))
                .collect();
            assert_eq!(found, query.expected(&users), "seed {seed}: {query:?}");
        }
    }
}

/// SUB4, SUB6, ROLE10
#[tokio::test]
async fn roles_list_of_a_tree_matches_its_model() {
    let mut rng = StdRng::seed_from_u64(7);
    let app = TestApp::new().await;
    let orgs = random_tree(&app, &mut rng).await;
    for (nth, org) in orgs.iter().enumerate() {
        let description = ["Works in support", "Supports teams", "Team of the night"][nth % 3];
        let role = json!({ "name": format!("Team {nth}"), "description": description });
        app.post(ADA, &format!("{org}/roles"), role).await.expect(201);
    }
    let (table, users) = all_users(&app).await;
    let mut known = Vec::new();
    for part in table.orgs.values() {
        let org = part.org.as_ref().unwrap();
        let partner = org.kind == Kind::Partner;
        let built_in = BuiltIn::ALL.into_iter().filter(|role| partner || !role.partner_only());
        for (nth, role) in built_in.enumerate() {
            let (name, about) = (role.name().to_owned(), String::new());
            known.push((
                format!("{}\u{2}{nth}", org.path),
                org.id(),
                role.to_string(),
                name,
                about,
            ));
        }
        for (role, _) in part.roles.values() {
            let at = format!("{}#{}", org.path, role.name.folded());
            let (name, about) = (role.name.to_string(), role.description.clone());
            known.push((at, org.id(), role.id.to_string(), name, about));
        }
    }
    known.sort();
    for _ in 0..80 {
        let top = if rng.random_bool(0.6) { &orgs[0] } else { orgs[..3].choose(&mut rng).unwrap() };
        let mut query = Query {
            top: id(top).to_owned(),
            subtree: true,
            q: ["", "adm", "works", "support", "t", "night shift"].choose(&mut rng).unwrap(),
            anywhere: rng.random_bool(0.5),
            ..Query::default()
        };
        if rng.random_bool(0.3) {
            query.chosen = vec![query.top.clone()];
            query.q = "t";
        }
        let limit = rng.random_range(1..6);
        let path = format!("{top}/roles?limit={limit}{}", query.parameters());
        let found = app.list_all(ADA, &path).await;
        let said = |name: &str, about: &str| {
            query.q.is_empty() || query.finds(name) || (!about.is_empty() && query.finds(about))
        };
        let wanted: Vec<_> = known
            .iter()
            .filter(|(at, org, _, name, about)| {
                query.covers(at, &org.to_string()) && said(name, about)
            })
            .collect();
        let wanted: Vec<_> =
            wanted.iter().map(|(_, org, role, ..)| (org.to_string(), role.clone())).collect();
        let text = |role: &Value, name: &str| role[name].as_str().unwrap().to_owned();
        let shown: Vec<_> =
            found.iter().map(|role| (text(role, "organization_id"), text(role, "id"))).collect();
        assert_eq!(shown, wanted, "{query:?}");
        for role in &found {
            let holds = |user: &&SeededUser| {
                user.org == text(role, "organization_id") && user.role == text(role, "id")
            };
            let count =
                |status| users.iter().filter(holds).filter(|user| user.status == status).count();
            let counted = json!({ "active": count("active"), "pending": count("pending") });
            assert_eq!(role["users"], counted, "{role}");
        }
    }
}

#[tokio::test]
async fn prefix_search_by_time_finds_all_users() {
    let app = TestApp::new().await;
    let acme = app.create_organization(ADA, "Acme").await;
    for hundred in 0..3 {
        let line = |nth| {
            let name = if nth % 4 == 0 { "other" } else { "alike" };
            json!({ "email": format!("{name}-{}@example.com", nth * 7919 % 1000), "role_id": "user" })
        };
        let lines: Vec<_> = (hundred * 100..hundred * 100 + 100).map(line).collect();
        let wanted = json!({ "invitations": lines });
        app.post(ADA, &format!("{acme}/invitations/batch"), wanted).await.expect(200);
        app.wait(1_000);
    }
    for sort in ["joined_at", "-joined_at"] {
        let path = format!("{acme}/members?limit=9&sort={sort}");
        let everybody = app.list_all(ADA, &path).await;
        for q in ["alike", "alike-1", "nobody"] {
            let found = app.list_all(ADA, &format!("{path}&q={q}")).await;
            let begins = |user: &&Value| user["email"].as_str().unwrap().starts_with(q);
            let wanted: Vec<_> = everybody.iter().filter(begins).cloned().collect();
            assert_eq!(each(&found, "email"), each(&wanted, "email"), "{sort} {q}");
        }
    }
}

/// More roles have similar names than one section reads. Every user is listed exactly once.
#[tokio::test]
async fn search_finds_the_users_of_many_roles_with_similar_names() {
    let app = TestApp::new().await;
    let root = app.create_tree(ADA, "Root").await;
    let mut everybody = BTreeSet::new();
    for nth in 0..70 {
        let role = app.create_role(ADA, &root, &format!("Support {nth:02}"), json!({})).await;
        if nth % 3 == 0 {
            let email = format!("x{nth:02}@example.com");
            app.create_invitation(ADA, &root, &email, &role).await;
            everybody.insert(email);
        }
    }
    for query in ["q=support", "q=PORT&match=contains", "q=support&scope=subtree&sort=-joined_at"] {
        for limit in [1, 4, 100] {
            let path = format!("{root}/members?{query}&limit={limit}");
            let found = app.list_all(ADA, &path).await;
            let emails = found.iter().map(|user| user["email"].as_str().unwrap().to_owned());
            let distinct: BTreeSet<_> = emails.collect();
            assert_eq!((found.len(), &distinct), (everybody.len(), &everybody), "{query} {limit}");
        }
    }
    // A role that is created between two pages does not move users to other pages.
    let first = app.get(ADA, &format!("{root}/members?q=support&limit=3")).await.expect(200);
    let seen: BTreeSet<_> =
        first.items().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect();
    for name in ["Support", "Support 01b", "Support 19a"] {
        app.create_role(ADA, &root, name, json!({})).await;
    }
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let rest = app.get(ADA, &format!("{root}/members?q=support&limit=3&cursor={cursor}")).await;
    let mut rest = vec![rest.expect(200)];
    while let Some(next) = rest.last().unwrap().body["next_cursor"].as_str() {
        let path = format!("{root}/members?q=support&limit=3&cursor={next}");
        rest.push(app.get(ADA, &path).await.expect(200));
    }
    let mut all = seen;
    for user in rest.iter().flat_map(|page| page.items().to_vec()) {
        let email = user["email"].as_str().unwrap().to_owned();
        assert!(all.insert(email.clone()), "{email} came twice");
    }
    assert_eq!(all, everybody);
}

/// SUB6: a page can end in an organization without custom roles, between others that have many.
#[tokio::test]
async fn search_by_role_name_continues_in_an_organization_without_custom_roles() {
    let (app, root) = TestApp::with_tree("Root").await;
    let mut chosen = Vec::new();
    let mut expected = BTreeSet::new();
    for (nth, custom_roles) in [15, 15, 0].into_iter().enumerate() {
        let org = app.create_sub_organization(ADA, &root, &format!("Branch {nth}")).await;
        for role in 0..custom_roles {
            let role = app.create_role(ADA, &org, &format!("Admin {role:02}"), json!({})).await;
            let email = format!("x{nth}-{role}@example.com").to_lowercase();
            app.invite(ADA, &org, &email, &role).await.expect(201);
            expected.insert(email);
        }
        for user in 0..4 {
            let email = format!("y{nth}-{user}@example.com");
            app.invite(ADA, &org, &email, "admin").await.expect(201);
            expected.insert(email);
        }
        chosen.push(format!("organization_id={}", id(&org)));
    }
    for order in ["email", "-email"] {
        let query = format!("{}&status=pending&q=admin&sort={order}&limit=3", chosen.join("&"));
        let found = app.list_all(ADA, &format!("{root}/members?{query}")).await;
        let emails: BTreeSet<_> = each(&found, "email").into_iter().map(str::to_owned).collect();
        assert_eq!((found.len(), &emails), (expected.len(), &expected), "{order}");
    }
}

/// SUB4, SUB6
#[tokio::test]
async fn subtree_lists_show_changes_at_once() {
    let app = TestApp::new().await;
    let root = app.create_tree(ADA, "Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let leaf = app.create_sub_organization(ADA, &branch, "Leaf").await;
    let finds = async |list: &str, query: &str, name: &str| {
        check(&app).await;
        let found = app.list_all(ADA, &format!("{branch}/{list}?scope=subtree&{query}")).await;
        each(&found, name).into_iter().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let none: [String; 0] = [];

    let role = json!({ "name": "Night shift", "description": "On call" });
    let role = app.post(ADA, &format!("{leaf}/roles"), role).await.expect(201).id();
    assert_eq!(finds("roles", "q=night", "id").await, [role.as_str()]);
    assert_eq!(finds("roles", "q=on%20call", "id").await, [role.as_str()]);
    let at = format!("{leaf}/roles/{role}");
    app.patch(ADA, &at, json!({ "name": "Late shift" })).await.expect(200);
    assert_eq!(finds("roles", "q=night", "id").await, none);
    assert_eq!(finds("roles", "q=late", "id").await, [role.as_str()]);
    app.patch(ADA, &at, json!({ "description": "" })).await.expect(200);
    assert_eq!(finds("roles", "q=on", "id").await, none);
    app.patch(ADA, &at, json!({ "description": "Until dawn" })).await.expect(200);
    assert_eq!(finds("roles", "q=until", "id").await, [role.as_str()]);

    app.add_member(ADA, &leaf, BOB, "user").await;
    app.create_invitation(ADA, &leaf, "ina@example.com", &role).await;
    assert_eq!(finds("members", "q=bob&role_id=user", "email").await, [BOB.email]);
    app.change_role(ADA, &leaf, BOB, &role).await.expect(200);
    assert_eq!(finds("members", "q=bob&role_id=user", "email").await, none);
    let by_role = format!("q=late&role_id={role}");
    assert_eq!(finds("members", &by_role, "email").await, [BOB.email, "ina@example.com"]);
    app.delete(ADA, &format!("{at}?reassign_to=admin")).await.expect(204);
    assert_eq!(finds("roles", "q=until", "id").await, none);
    assert_eq!(finds("members", "q=ina&role_id=admin", "email").await, ["ina@example.com"]);
    app.transfer(ADA, &leaf, BOB).await.expect(200);
    assert_eq!(finds("members", "q=bob&role_id=super_admin", "email").await, [BOB.email]);
    app.remove(BOB, &leaf, ADA).await.expect(204);
    assert_eq!(finds("members", "q=ada", "organization_id").await, [id(&branch)]);
}

/// U5, SUB6: a role that is chosen by its id does not lead out of the branch.
#[tokio::test]
async fn a_role_of_a_neighbour_leads_a_search_nowhere() {
    let app = TestApp::new().await;
    let root = app.create_tree(ADA, "Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let beside = app.create_sub_organization(ADA, &root, "Beside").await;
    let role = app.create_role(ADA, &beside, "Night shift", json!({})).await;
    app.add_member(ADA, &beside, BOB, &role).await;
    for (top, found) in [(&root, 1), (&branch, 0)] {
        for search in ["", "q=bob", "q=night", "q=b&sort=joined_at", "q=ni&match=contains"] {
            let path = format!("{top}/members?scope=subtree&role_id={role}&{search}");
            assert_eq!(app.list_all(ADA, &path).await.len(), found, "{search} in {top}");
        }
    }
}

/// SUB6, SUB4: what is chosen must be inside, and then takes what the subtree takes.
#[tokio::test]
async fn chosen_organizations_must_be_in_the_subtree() {
    let app = TestApp::new().await;
    let root = app.create_tree(ADA, "Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let leaf = app.create_sub_organization(ADA, &branch, "Leaf").await;
    let globex = app.create_tree(BOB, "Globex").await;
    for list in ["members", "roles"] {
        let at = |org: &str, chosen: &[&str]| {
            let chosen: Vec<_> =
                chosen.iter().map(|chosen| format!("organization_id={}", id(chosen))).collect();
            format!("{org}/{list}?{}", chosen.join("&"))
        };
        let shown = app.get(ADA, &at(&root, &[&leaf, &root])).await.expect(200);
        let orgs: BTreeSet<_> =
            shown.items().iter().map(|item| item["organization_id"].as_str().unwrap()).collect();
        assert_eq!(orgs, BTreeSet::from([id(&leaf), id(&root)]));
        let nowhere = "/v1/organizations/org_01KAK000000000000000000000";
        for outside in [&globex, &nowhere.to_owned(), &root] {
            let refused = app.get(ADA, &at(&branch, &[&leaf, outside])).await;
            let detail = refused.body["detail"].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                detail.replace(id(outside), "…"),
                "An organization in the filter is neither this organization nor below it. List the sub-organizations to find the right ids."
            );
            assert_eq!(
                refused.refuses(422, "organization-outside-subtree").pointer(),
                "/organization_id"
            );
        }
        // Off: what goes beyond takes its own permission, what does not is as before.
        app.update_settings(&root, json!({ "manage_sub_organizations": false })).await;
        let refused = app.get(ADA, &at(&root, &[&leaf])).await.refuses(403, "missing-permission");
        let object = if list == "members" { "user" } else { "role" };
        assert_eq!(refused.body["role_object"], format!("{object}_management_sub_organizations"));
        app.get(ADA, &at(&root, &[&root])).await.expect(200);
        app.update_settings(&root, json!({ "manage_sub_organizations": true })).await;

        let many: Vec<_> =
            (10..31).map(|nth| format!("/org_01KAK0000000000000000000{nth}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let refused = app.get(ADA, &at(&root, &many)).await.refuses(422, "invalid-request");
        assert_eq!(refused.body["errors"][0]["detail"], "choose at most 20 organizations");
    }
    let roles = |many: usize| {
        let role = |nth| format!("role_id=role_01KAK0000000000000000000{nth}");
        (10..10 + many).map(role).collect::<Vec<_>>().join("&")
    };
    let refused = app.get(ADA, &format!("{root}/members?{}", roles(21))).await;
    let refused = refused.refuses(422, "invalid-request");
    assert_eq!(refused.body["errors"][0]["detail"], "choose at most 20 roles");
    // A role counts as often as it is named.
    let same = "&role_id=user".repeat(21);
    let refused = app.get(ADA, &format!("{root}/members?limit=1{same}")).await;
    refused.refuses(422, "invalid-request");
    let orgs: Vec<_> =
        (10..16).map(|nth| format!("organization_id=org_01KAK0000000000000000000{nth}")).collect();
    let refused = app.get(ADA, &format!("{root}/members?{}&{}", roles(9), orgs.join("&"))).await;
    let refused = refused.refuses(422, "invalid-request");
    assert_eq!(
        refused.body["errors"][0]["detail"],
        "organizations, times roles, times statuses are 108; choose fewer, so that they are at most 100"
    );
}
