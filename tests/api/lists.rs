//! Users and roles across a tree: every way to filter, search and sort, walked page by page and
//! compared with a model that reads the table item by item.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use shared::domain::{BuiltIn, Kind, OrgPath, RoleId, fold};

use crate::{
    helpers::{each, id, someone, user_manager},
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

/// What is asked.
#[derive(Clone, Debug, Default)]
struct Asked {
    /// At this organization.
    top: String,
    subtree: bool,
    chosen: Vec<String>,
    statuses: Vec<&'static str>,
    roles: Vec<String>,
    q: &'static str,
    anywhere: bool,
    sort: &'static str,
}

impl Asked {
    fn query(&self) -> String {
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

    /// Who should be shown: address and organization.
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

/// A random tree of Ada's, with some roles and users in each organization; their paths.
async fn forest(world: &TestApp, dice: &mut StdRng) -> Vec<String> {
    let mut orgs = vec![world.tree(ADA, "Root").await];
    for nth in 0..5 {
        let above = orgs.choose(dice).unwrap().clone();
        orgs.push(world.below(ADA, &above, &format!("Branch {nth}")).await);
    }
    let names = ["Support desk", "Night shift", "Auditors", "admin Helpers"];
    let mut people: Vec<_> = (0..30).map(someone).collect();
    for org in &orgs {
        let mut roles = vec!["user".to_owned(), "admin".to_owned()];
        for name in names.choose_multiple(dice, 2) {
            roles.push(world.role(ADA, org, name, user_manager()).await);
        }
        for nth in 0..dice.random_range(0..8) {
            let role = roles.choose(dice).unwrap();
            let email = ["adam", "Nigella", "sue", "zoe"][nth % 4];
            let email = format!("{email}{}@example.com", dice.random_range(0..9));
            // The same address twice in one organization is refused.
            world.invite(ADA, org, &email, role).await;
            if dice.random_bool(0.6) {
                world.bring(ADA, org, people.pop().unwrap(), role).await;
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

/// Everybody, by the table itself.
async fn everybody(world: &TestApp) -> (Table, Vec<SeededUser>) {
    let table = Table::read(&scan(world).await);
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
async fn every_combination_is_walked_as_its_model_says() {
    for seed in 0..2 {
        let mut dice = StdRng::seed_from_u64(seed);
        let world = TestApp::new().await;
        let orgs = forest(&world, &mut dice).await;
        let (table, users) = everybody(&world).await;
        let custom: Vec<String> = table
            .orgs
            .values()
            .flat_map(|part| part.roles.keys().map(ToString::to_string))
            .collect();
        for _ in 0..100 {
            let top = orgs[..3].choose(&mut dice).unwrap();
            let top = if dice.random_bool(0.6) { &orgs[0] } else { top };
            let mut asked = Asked {
                top: id(top).to_owned(),
                subtree: dice.random_bool(0.6),
                q: ["", "", "person-0", "a", "ADM", "night", "sup", "o", "user", "zoe3@"]
                    .choose(&mut dice)
                    .unwrap(),
                anywhere: dice.random_bool(0.4),
                sort: ["", "email", "-email", "joined_at", "-joined_at"].choose(&mut dice).unwrap(),
                ..Asked::default()
            };
            let inside = |org: &&String| {
                users.iter().any(|user| user.org == id(org) && user.path.contains(&asked.top[4..]))
            };
            let within: Vec<String> =
                orgs.iter().filter(inside).map(|org| id(org).into()).collect();
            if dice.random_bool(0.3) {
                let some = dice.random_range(1..=within.len().min(3));
                asked.chosen = within.choose_multiple(&mut dice, some).cloned().collect();
            }
            if dice.random_bool(0.3) {
                asked.statuses.push(["active", "pending"].choose(&mut dice).unwrap());
            }
            if dice.random_bool(0.4) {
                asked
                    .roles
                    .push(["user", "admin", "super_admin"].choose(&mut dice).unwrap().to_string());
                asked.roles.extend(custom.choose_multiple(&mut dice, 2).cloned());
            }
            let limit = dice.random_range(1..6);
            let path = format!("{top}/members?limit={limit}{}", asked.query());
            let found = world.walk(ADA, &path).await;
            let text = |user: &Value, name: &str| user[name].as_str().unwrap().to_owned();
            let found: Vec<_> = found
                .iter()
                .map(|user| (text(user, "email"), text(user, "organization_id")))
                .collect();
            assert_eq!(found, asked.expected(&users), "seed {seed}: {asked:?}");
        }
    }
}

/// SUB4, SUB6, ROLE10
#[tokio::test]
async fn roles_of_a_tree_are_walked_as_the_model_says() {
    let mut dice = StdRng::seed_from_u64(7);
    let world = TestApp::new().await;
    let orgs = forest(&world, &mut dice).await;
    for (nth, org) in orgs.iter().enumerate() {
        let description = ["Works in support", "Supports teams", "Team of the night"][nth % 3];
        let role = json!({ "name": format!("Team {nth}"), "description": description });
        world.post(ADA, &format!("{org}/roles"), role).await.expect(201);
    }
    let (table, users) = everybody(&world).await;
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
        let top =
            if dice.random_bool(0.6) { &orgs[0] } else { orgs[..3].choose(&mut dice).unwrap() };
        let mut asked = Asked {
            top: id(top).to_owned(),
            subtree: true,
            q: ["", "adm", "works", "support", "t", "night shift"].choose(&mut dice).unwrap(),
            anywhere: dice.random_bool(0.5),
            ..Asked::default()
        };
        if dice.random_bool(0.3) {
            asked.chosen = vec![asked.top.clone()];
            asked.q = "t";
        }
        let limit = dice.random_range(1..6);
        let path = format!("{top}/roles?limit={limit}{}", asked.query());
        let found = world.walk(ADA, &path).await;
        let said = |name: &str, about: &str| {
            asked.q.is_empty() || asked.finds(name) || (!about.is_empty() && asked.finds(about))
        };
        let mut wanted: Vec<_> = known
            .iter()
            .filter(|(at, org, _, name, about)| {
                asked.covers(at, &org.to_string()) && said(name, about)
            })
            .collect();
        if !asked.q.is_empty() && !asked.anywhere && asked.chosen.is_empty() {
            // Built-in ones by organization, then by name, then by what only the description says.
            wanted.sort_by_key(|(at, _, role, name, about)| match role.starts_with("role_") {
                false => (0, at.clone(), String::new()),
                true if asked.finds(name) => (1, fold(name), role.clone()),
                true => (2, fold(about), role.clone()),
            });
        }
        let wanted: Vec<_> =
            wanted.iter().map(|(_, org, role, ..)| (org.to_string(), role.clone())).collect();
        let text = |role: &Value, name: &str| role[name].as_str().unwrap().to_owned();
        let shown: Vec<_> =
            found.iter().map(|role| (text(role, "organization_id"), text(role, "id"))).collect();
        assert_eq!(shown, wanted, "{asked:?}");
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

/// More addresses begin alike than are sorted for one page.
#[tokio::test]
async fn however_many_begin_alike_they_come_by_time() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for hundred in 0..3 {
        let line = |nth| {
            let name = if nth % 4 == 0 { "other" } else { "alike" };
            json!({ "email": format!("{name}-{}@example.com", nth * 7919 % 1000), "role_id": "user" })
        };
        let lines: Vec<_> = (hundred * 100..hundred * 100 + 100).map(line).collect();
        let wanted = json!({ "invitations": lines });
        world.post(ADA, &format!("{acme}/invitations/batch"), wanted).await.expect(200);
        world.wait(1_000);
    }
    for sort in ["joined_at", "-joined_at"] {
        let path = format!("{acme}/members?limit=9&sort={sort}");
        let everybody = world.walk(ADA, &path).await;
        for q in ["alike", "alike-1", "nobody"] {
            let found = world.walk(ADA, &format!("{path}&q={q}")).await;
            let begins = |user: &&Value| user["email"].as_str().unwrap().starts_with(q);
            let wanted: Vec<_> = everybody.iter().filter(begins).cloned().collect();
            assert_eq!(each(&found, "email"), each(&wanted, "email"), "{sort} {q}");
        }
    }
}

/// More roles are called alike than are read at once: nobody is left out, and nobody comes twice.
#[tokio::test]
async fn however_many_roles_are_called_alike_their_users_are_found() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let mut everybody = BTreeSet::new();
    for nth in 0..70 {
        let role = world.role(ADA, &root, &format!("Support {nth:02}"), json!({})).await;
        if nth % 3 == 0 {
            let email = format!("x{nth:02}@example.com");
            world.invited(ADA, &root, &email, &role).await;
            everybody.insert(email);
        }
    }
    for query in ["q=support", "q=PORT&match=contains", "q=support&scope=subtree&sort=-joined_at"] {
        for limit in [1, 4, 100] {
            let path = format!("{root}/members?{query}&limit={limit}");
            let found = world.walk(ADA, &path).await;
            let emails = found.iter().map(|user| user["email"].as_str().unwrap().to_owned());
            let distinct: BTreeSet<_> = emails.collect();
            assert_eq!((found.len(), &distinct), (everybody.len(), &everybody), "{query} {limit}");
        }
    }
    // A role that is named in the middle of a walk shifts nobody into another page.
    let first = world.get(ADA, &format!("{root}/members?q=support&limit=3")).await.expect(200);
    let seen: BTreeSet<_> =
        first.items().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect();
    for name in ["Support", "Support 01b", "Support 19a"] {
        world.role(ADA, &root, name, json!({})).await;
    }
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let rest = world.get(ADA, &format!("{root}/members?q=support&limit=3&cursor={cursor}")).await;
    let mut rest = vec![rest.expect(200)];
    while let Some(next) = rest.last().unwrap().body["next_cursor"].as_str() {
        let path = format!("{root}/members?q=support&limit=3&cursor={next}");
        rest.push(world.get(ADA, &path).await.expect(200));
    }
    let mut all = seen;
    for user in rest.iter().flat_map(|page| page.items().to_vec()) {
        let email = user["email"].as_str().unwrap().to_owned();
        assert!(all.insert(email.clone()), "{email} came twice");
    }
    assert_eq!(all, everybody);
}

/// SUB4, SUB6: whatever happens below, a branch is searched as it is now.
#[tokio::test]
async fn a_branch_shows_its_people_and_roles_as_they_are_now() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let branch = world.below(ADA, &root, "Branch").await;
    let leaf = world.below(ADA, &branch, "Leaf").await;
    let finds = async |list: &str, query: &str, name: &str| {
        check(&world).await;
        let found = world.walk(ADA, &format!("{branch}/{list}?scope=subtree&{query}")).await;
        each(&found, name).into_iter().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let none: [String; 0] = [];

    let role = json!({ "name": "Night shift", "description": "On call" });
    let role = world.post(ADA, &format!("{leaf}/roles"), role).await.expect(201).id();
    assert_eq!(finds("roles", "q=night", "id").await, [role.as_str()]);
    assert_eq!(finds("roles", "q=on%20call", "id").await, [role.as_str()]);
    let at = format!("{leaf}/roles/{role}");
    world.patch(ADA, &at, json!({ "name": "Late shift" })).await.expect(200);
    assert_eq!(finds("roles", "q=night", "id").await, none);
    assert_eq!(finds("roles", "q=late", "id").await, [role.as_str()]);
    world.patch(ADA, &at, json!({ "description": "" })).await.expect(200);
    assert_eq!(finds("roles", "q=on", "id").await, none);
    world.patch(ADA, &at, json!({ "description": "Until dawn" })).await.expect(200);
    assert_eq!(finds("roles", "q=until", "id").await, [role.as_str()]);

    world.bring(ADA, &leaf, BOB, "user").await;
    world.invited(ADA, &leaf, "ina@example.com", &role).await;
    assert_eq!(finds("members", "q=bob&role_id=user", "email").await, [BOB.email]);
    world.assign(ADA, &leaf, BOB, &role).await.expect(200);
    assert_eq!(finds("members", "q=bob&role_id=user", "email").await, none);
    let by_role = format!("q=late&role_id={role}");
    assert_eq!(finds("members", &by_role, "email").await, [BOB.email, "ina@example.com"]);
    world.delete(ADA, &format!("{at}?reassign_to=admin")).await.expect(204);
    assert_eq!(finds("roles", "q=until", "id").await, none);
    assert_eq!(finds("members", "q=ina&role_id=admin", "email").await, ["ina@example.com"]);
    world.transfer(ADA, &leaf, BOB).await.expect(200);
    assert_eq!(finds("members", "q=bob&role_id=super_admin", "email").await, [BOB.email]);
    world.remove(BOB, &leaf, ADA).await.expect(204);
    assert_eq!(finds("members", "q=ada", "organization_id").await, [id(&branch)]);
}

/// U5, SUB6: a role that is chosen by its id does not lead out of the branch.
#[tokio::test]
async fn a_role_of_a_neighbour_leads_a_search_nowhere() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let branch = world.below(ADA, &root, "Branch").await;
    let beside = world.below(ADA, &root, "Beside").await;
    let role = world.role(ADA, &beside, "Night shift", json!({})).await;
    world.bring(ADA, &beside, BOB, &role).await;
    for (top, found) in [(&root, 1), (&branch, 0)] {
        for search in ["", "q=bob", "q=night", "q=b&sort=joined_at", "q=ni&match=contains"] {
            let path = format!("{top}/members?scope=subtree&role_id={role}&{search}");
            assert_eq!(world.walk(ADA, &path).await.len(), found, "{search} in {top}");
        }
    }
}

/// SUB6, SUB4: what is chosen must be inside, and then takes what the subtree takes.
#[tokio::test]
async fn chosen_organizations_are_here_or_below_and_of_others_nothing_is_told() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let branch = world.below(ADA, &root, "Branch").await;
    let leaf = world.below(ADA, &branch, "Leaf").await;
    let globex = world.tree(BOB, "Globex").await;
    for list in ["members", "roles"] {
        let at = |org: &str, chosen: &[&str]| {
            let chosen: Vec<_> =
                chosen.iter().map(|chosen| format!("organization_id={}", id(chosen))).collect();
            format!("{org}/{list}?{}", chosen.join("&"))
        };
        let shown = world.get(ADA, &at(&root, &[&leaf, &root])).await.expect(200);
        let orgs: BTreeSet<_> =
            shown.items().iter().map(|item| item["organization_id"].as_str().unwrap()).collect();
        assert_eq!(orgs, BTreeSet::from([id(&leaf), id(&root)]));
        let nowhere = "/v1/organizations/org_01KAK000000000000000000000";
        for outside in [&globex, &nowhere.to_owned(), &root] {
            let refused = world.get(ADA, &at(&branch, &[&leaf, outside])).await;
            let told = refused.body["detail"].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                told.replace(id(outside), "…"),
                "An organization in the filter is neither this organization nor below it. List the sub-organizations to find the right ids."
            );
            assert_eq!(
                refused.refuses(422, "organization-outside-subtree").pointer(),
                "/organization_id"
            );
        }
        // Off: what goes beyond takes its own permission, what does not is as before.
        world.switch(&root, json!({ "manage_sub_organizations": false })).await;
        let refused = world.get(ADA, &at(&root, &[&leaf])).await.refuses(403, "missing-permission");
        let object = if list == "members" { "user" } else { "role" };
        assert_eq!(refused.body["role_object"], format!("{object}_management_sub_organizations"));
        world.get(ADA, &at(&root, &[&root])).await.expect(200);
        world.switch(&root, json!({ "manage_sub_organizations": true })).await;

        let many: Vec<_> =
            (10..31).map(|nth| format!("/org_01KAK0000000000000000000{nth}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let refused = world.get(ADA, &at(&root, &many)).await.refuses(422, "invalid-request");
        assert_eq!(refused.body["errors"][0]["detail"], "choose at most 20 organizations");
    }
    let roles = |many: usize| {
        let role = |nth| format!("role_id=role_01KAK0000000000000000000{nth}");
        (10..10 + many).map(role).collect::<Vec<_>>().join("&")
    };
    let refused = world.get(ADA, &format!("{root}/members?{}", roles(21))).await;
    let refused = refused.refuses(422, "invalid-request");
    assert_eq!(refused.body["errors"][0]["detail"], "choose at most 20 roles");
    // A role counts as often as it is named.
    let same = "&role_id=user".repeat(21);
    let refused = world.get(ADA, &format!("{root}/members?limit=1{same}")).await;
    refused.refuses(422, "invalid-request");
    let orgs: Vec<_> =
        (10..16).map(|nth| format!("organization_id=org_01KAK0000000000000000000{nth}")).collect();
    let refused = world.get(ADA, &format!("{root}/members?{}&{}", roles(9), orgs.join("&"))).await;
    let refused = refused.refuses(422, "invalid-request");
    assert_eq!(
        refused.body["errors"][0]["detail"],
        "organizations, times roles, times statuses are 108; choose fewer, so that they are at most 100"
    );
}
