//! Users and roles across a tree: every way to filter, search and sort, read page by page and
//! compared with a model that reads the table item by item.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use shared::{
    domain::{BuiltIn, Member, RoleId, fold},
    store::index::address_of,
};

use crate::{
    helpers::{each, id, nth_user, user_manager},
    invariants::{Table, check, scan},
    test_app::{ADA, BOB, CY, Identity, TestApp},
};

const SORTS: [&str; 9] =
    ["", "email", "-email", "joined_at", "-joined_at", "name", "-name", "role_name", "-role_name"];

/// A user as the model knows them.
#[derive(Clone, Debug)]
struct SeededUser {
    path: String,
    org: String,
    /// The address; of a service, what stands for it in the order of addresses.
    email: String,
    name: String,
    kind: &'static str,
    status: &'static str,
    role: String,
    role_name: String,
    since: i64,
    id: String,
}

impl SeededUser {
    /// What the row of the user shows: the address, or the name of a service.
    fn shown(&self) -> &str {
        if self.kind == "person" { &self.email } else { &self.name }
    }

    /// What the user is called in an order by name: by the name, or else by the address.
    fn called(&self) -> &str {
        if self.name.is_empty() { &self.email } else { &self.name }
    }
}

/// A query.
#[derive(Clone, Debug, Default)]
struct Query {
    /// The organization in the path.
    top: String,
    subtree: bool,
    chosen: Vec<String>,
    statuses: Vec<&'static str>,
    kinds: Vec<&'static str>,
    roles: Vec<String>,
    q: &'static str,
    anywhere: bool,
    sort: &'static str,
}

impl Query {
    fn parameters(&self) -> String {
        let scope = if self.subtree { "subtree" } else { "" };
        let matching = if self.anywhere { "contains" } else { "" };
        let mut pairs =
            vec![("scope", scope), ("q", self.q), ("match", matching), ("sort", self.sort)];
        pairs.extend(self.chosen.iter().map(|org| ("organization_id", &**org)));
        pairs.extend(self.statuses.iter().map(|status| ("status", *status)));
        pairs.extend(self.kinds.iter().map(|kind| ("kind", *kind)));
        pairs.extend(self.roles.iter().map(|role| ("role_id", &**role)));
        let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let encoded = given.map(|(name, value)| format!("&{name}={}", value.replace(' ', "%20")));
        encoded.collect::<Vec<_>>().concat()
    }

    fn finds(&self, text: &str) -> bool {
        let q = fold(self.q);
        if self.anywhere { fold(text).contains(&q) } else { fold(text).starts_with(&q) }
    }

    /// A service has no address, and a name is found anywhere in it.
    fn finds_person_or_service(&self, user: &SeededUser) -> bool {
        let is_person = user.kind == "person";
        (is_person && self.finds(&user.email)) || (self.anywhere && self.finds(&user.name))
    }

    fn covers(&self, path: &str, org: &str) -> bool {
        if self.chosen.is_empty() {
            org == self.top || (self.subtree && path.contains(self.top.trim_start_matches("org_")))
        } else {
            self.chosen.iter().any(|chosen| chosen == org)
        }
    }

    /// The expected rows: address and organization.
    fn expected(&self, users: &[SeededUser]) -> Vec<String> {
        let passes = |user: &&SeededUser| {
            self.covers(&user.path, &user.org)
                && (self.statuses.is_empty() || self.statuses.contains(&user.status))
                && (self.kinds.is_empty() || self.kinds.contains(&user.kind))
                && (self.roles.is_empty() || self.roles.contains(&user.role))
        };
        let users: Vec<&SeededUser> = users.iter().filter(passes).collect();
        if let Some(rows) = self.expected_by_name(&users) {
            return rows;
        }
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
            users.iter().map(|user| format!("{} {}", user.shown(), user.org)).collect::<Vec<_>>()
        };
        let services = tree_wide && self.kinds == ["service"];
        if self.q.is_empty() {
            return sorted(users, services);
        }
        let (by_address, others): (Vec<_>, Vec<_>) =
            users.into_iter().partition(|user| self.finds_person_or_service(user));
        let by_role = others.into_iter().filter(|user| self.finds(&user.role_name)).collect();
        let mut found = sorted(by_address, services || (tree_wide && !self.anywhere));
        found.extend(sorted(by_role, false));
        found
    }

    /// The same, if the order is one by name: of the whole list, whatever it is that the search finds.
    fn expected_by_name(&self, users: &[&SeededUser]) -> Option<Vec<String>> {
        let name: fn(&SeededUser) -> &str = match self.sort.trim_start_matches('-') {
            "name" => SeededUser::called,
            "role_name" => |user| &user.role_name,
            _ => return None,
        };
        let finds = |user: &SeededUser| {
            self.q.is_empty() || self.finds_person_or_service(user) || self.finds(&user.role_name)
        };
        let mut users: Vec<_> = users.iter().filter(|user| finds(user)).collect();
        users.sort_by_key(|user| (fold(name(user)), user.email.clone(), user.id.clone()));
        if self.sort.starts_with('-') {
            users.reverse();
        }
        Some(users.iter().map(|user| format!("{} {}", user.shown(), user.org)).collect())
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
    let person = |n| Identity { name: ["", "Zed", "ann Adams", "Émile"][n % 4], ..nth_user(n) };
    let mut people: Vec<_> = (0..30).map(person).collect();
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
            if rng.random_bool(0.3) && role != "admin" {
                app.add_service(ADA, org, &format!("Sync {}{nth}", id(org)), role).await;
            }
        }
    }
    orgs
}

/// The root in most cases, or one of the first organizations.
fn random_top<'a>(orgs: &'a [String], rng: &mut StdRng) -> &'a String {
    if rng.random_bool(0.6) { &orgs[0] } else { orgs[..3].choose(rng).unwrap() }
}

fn kind(member: &Member) -> &'static str {
    if member.service.is_some() { "service" } else { "person" }
}

/// All users, read from the table.
async fn all_users(app: &TestApp) -> (Table, Vec<SeededUser>) {
    let table = Table::read(&scan(app).await);
    let mut users = Vec::new();
    for part in table.orgs.values() {
        let active = part.members.values().map(|it| {
            let name = it.name.clone().unwrap_or_default();
            let (kind, id) = (kind(it), it.id().to_string());
            (&it.path, address_of(it), name, kind, "active", it.role_id, it.joined_at, id)
        });
        let pending = part.pending.iter().map(|it| {
            let email = it.email.to_string();
            let (name, id) = (String::new(), it.id.to_string());
            (&it.path, email, name, "person", "pending", it.role_id, it.created_at, id)
        });
        let all = active.chain(pending);
        users.extend(all.map(|(path, email, name, kind, status, role, since, id)| SeededUser {
            path: path.to_string(),
            org: path.id().to_string(),
            email,
            name,
            kind,
            status,
            role: role.to_string(),
            role_name: match role {
                RoleId::BuiltIn(role) => role.name().to_owned(),
                RoleId::Custom(id) => part.roles[&id].0.name.to_string(),
            },
            since: since.as_millisecond(),
            id,
        }));
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
        let custom = table.orgs.values().flat_map(|part| part.roles.keys());
        let custom: Vec<String> = custom.map(ToString::to_string).collect();
        for _ in 0..150 {
            let top = random_top(&orgs, &mut rng);
            let mut query = Query {
                top: id(top).to_owned(),
                subtree: rng.random_bool(0.6),
                q: ["", "", "person-0", "a", "ADM", "night", "sup", "o", "user", "zoe3@"]
                    .choose(&mut rng)
                    .unwrap(),
                anywhere: rng.random_bool(0.4),
                sort: SORTS.choose(&mut rng).unwrap(),
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
                query.kinds.push(["person", "service", "service"].choose(&mut rng).unwrap());
            }
            if rng.random_bool(0.4) {
                let built_in = ["user", "admin", "super_admin"].choose(&mut rng).unwrap();
                query.roles.push((*built_in).to_owned());
                query.roles.extend(custom.choose_multiple(&mut rng, 2).cloned());
            }
            let limit = rng.random_range(1..6);
            let path = format!("{top}/members?limit={limit}{}", query.parameters());
            let found = app.list_all(ADA, &path).await;
            let orgs = each(&found, "organization_id");
            let shown =
                |user: &Value| user["email"].as_str().or(user["name"].as_str()).unwrap().to_owned();
            let rows = found.iter().map(shown).zip(orgs);
            let rows: Vec<_> = rows.map(|(shown, org)| format!("{shown} {org}")).collect();
            assert_eq!(rows, query.expected(&users), "seed {seed}: {query:?}");
            let alone = match query.chosen.as_slice() {
                [] => !query.subtree,
                chosen => chosen == [query.top.as_str()],
            };
            let total = (alone && query.q.is_empty()).then_some(found.len());
            assert_eq!(app.get(ADA, &path).await.body["total"], json!(total), "{query:?}");
        }
    }
}

/// ORG2, ORG4, INV6, ROLE10: the counters know these numbers, so no page has to count.
#[tokio::test]
async fn lists_of_one_organization_have_their_total_on_each_page() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    for n in 0..3 {
        app.create_invitation(ADA, &acme, nth_user(n).email, "user").await;
        app.create_role(ADA, &acme, &format!("Role {n}"), json!({})).await;
        app.create_join_request(nth_user(10 + n), &acme).await;
        let alert = json!({ "email": nth_user(n).email });
        app.post(ADA, &format!("{acme}/critical-alert-users"), alert).await.expect(201);
    }
    // The roles are three custom ones and five built-in ones.
    for (list, total) in [
        ("invitations", 3),
        ("join-requests", 3),
        ("critical-alert-users", 3),
        ("domains", 1),
        ("roles", 8),
    ] {
        let path = format!("{acme}/{list}?limit=2");
        assert_eq!(app.list_all(ADA, &path).await.len(), total, "{list}");
        assert_eq!(app.get(ADA, &path).await.body["total"], total, "{list}");
    }
    let blank = app.get(ADA, &format!("{acme}/members?q=%20")).await.expect(200);
    assert_eq!(blank.body["total"], 4, "a blank text searches for nothing");
    for filter in ["status=active", "role_id=user", "q=role"] {
        let page = app.get(ADA, &format!("{acme}/roles?{filter}")).await.expect(200);
        assert_eq!(page.body["total"], json!(null), "{filter}");
    }
}

/// A role as the model has it. The first field is its position in the list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ListedRole {
    position: String,
    org: String,
    id: String,
    name: String,
    description: String,
}

impl ListedRole {
    fn all(table: &Table) -> Vec<Self> {
        let mut roles = Vec::new();
        for part in table.orgs.values() {
            let org = part.org.as_ref().unwrap();
            let (path, org) = (&org.path, org.id().to_string());
            let built_in = BuiltIn::ALL.into_iter().filter(|role| !role.partner_only());
            roles.extend(built_in.enumerate().map(|(nth, role)| Self {
                position: format!("{path}\u{2}{nth}"),
                org: org.clone(),
                id: role.to_string(),
                name: role.name().to_owned(),
                description: String::new(),
            }));
            roles.extend(part.roles.values().map(|(role, _)| Self {
                position: format!("{path}#{}", role.name.folded()),
                org: org.clone(),
                id: role.id.to_string(),
                name: role.name.to_string(),
                description: role.description.clone(),
            }));
        }
        roles.sort();
        roles
    }

    fn is_found_by(&self, query: &Query) -> bool {
        let finds = |text: &str| !text.is_empty() && query.finds(text);
        query.covers(&self.position, &self.org)
            && (query.q.is_empty() || finds(&self.name) || finds(&self.description))
    }

    /// The organization, the id and the numbers of users.
    fn shown(&self, users: &[SeededUser]) -> Value {
        let holders = users.iter().filter(|user| user.org == self.org && user.role == self.id);
        let count = |status, kind| {
            holders.clone().filter(|user| (user.status, user.kind) == (status, kind)).count()
        };
        json!([self.org, self.id, {
            "active": count("active", "person"),
            "pending": count("pending", "person"),
            "services": count("active", "service"),
        }])
    }
}

fn random_query_of_roles(top: &str, rng: &mut StdRng) -> Query {
    let mut query = Query {
        top: id(top).to_owned(),
        q: ["", "adm", "works", "support", "t", "night shift"].choose(rng).unwrap(),
        anywhere: rng.random_bool(0.5),
        ..Query::default()
    };
    if rng.random_bool(0.3) {
        query.chosen = vec![query.top.clone()];
        query.q = "t";
    }
    // Without a search, one organization has another order, that of creation.
    query.subtree = query.q.is_empty() || rng.random_bool(0.7);
    query
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
    let roles = ListedRole::all(&table);
    for _ in 0..80 {
        let top = random_top(&orgs, &mut rng);
        let query = random_query_of_roles(top, &mut rng);
        let limit = rng.random_range(1..6);
        let path = format!("{top}/roles?limit={limit}{}", query.parameters());
        let found = app.list_all(ADA, &path).await;
        let found = found.iter();
        let found: Vec<_> =
            found.map(|role| json!([role["organization_id"], role["id"], role["users"]])).collect();
        let expected = roles.iter().filter(|role| role.is_found_by(&query));
        let expected: Vec<_> = expected.map(|role| role.shown(&users)).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

#[tokio::test]
async fn prefix_search_by_time_finds_all_users() {
    let (app, acme) = TestApp::with_acme().await;
    for hundred in 0..3 {
        let offer = |nth| {
            let name = if nth % 4 == 0 { "other" } else { "alike" };
            json!({ "email": format!("{name}-{}@example.com", nth * 7919 % 1000), "role_id": "user" })
        };
        let offers: Vec<_> = (hundred * 100..hundred * 100 + 100).map(offer).collect();
        let body = json!({ "invitations": offers });
        app.post(ADA, &format!("{acme}/invitations/batch"), body).await.expect(200);
    }
    for sort in ["joined_at", "-joined_at"] {
        let path = format!("{acme}/members?limit=9&sort={sort}");
        let all = app.list_all(ADA, &path).await;
        for q in ["alike", "alike-1", "nobody"] {
            let found = app.list_all(ADA, &format!("{path}&q={q}")).await;
            let mut expected = each(&all, "email");
            expected.retain(|email| email.starts_with(q));
            assert_eq!(each(&found, "email"), expected, "{sort} {q}");
        }
    }
}

/// More roles have similar names than one section reads. Every user is listed exactly once.
#[tokio::test]
async fn search_finds_the_users_of_many_roles_with_similar_names() {
    let (app, root) = TestApp::with_tree("Root").await;
    let mut expected = Vec::new();
    for nth in 0..70 {
        let role = app.create_role(ADA, &root, &format!("Support {nth:02}"), json!({})).await;
        if nth % 3 == 0 {
            let email = format!("x{nth:02}@example.com");
            app.create_invitation(ADA, &root, &email, &role).await;
            expected.push(email);
        }
    }
    for query in ["q=support", "q=PORT&match=contains", "q=support&scope=subtree&sort=-joined_at"] {
        for limit in [1, 4, 100] {
            let path = format!("{root}/members?{query}&limit={limit}");
            assert_eq!(emails(&app.list_all(ADA, &path).await), expected, "{query} {limit}");
        }
    }
    // A role that is created between two pages does not move users to other pages.
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{root}/members?q=support&limit=3{cursor}");
        let page = app.get(ADA, &path).await.expect(200);
        found.extend_from_slice(page.items());
        if cursor.is_empty() {
            for name in ["Support", "Support 01b", "Support 19a"] {
                app.create_role(ADA, &root, name, json!({})).await;
            }
        }
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(emails(&found), expected);
}

/// The addresses of users, sorted.
fn emails(users: &[Value]) -> Vec<&str> {
    let mut emails = each(users, "email");
    emails.sort_unstable();
    emails
}

/// SUB6: a page can end in an organization without custom roles, between others that have many.
#[tokio::test]
async fn search_by_role_name_continues_in_an_organization_without_custom_roles() {
    let (app, root) = TestApp::with_tree("Root").await;
    let (mut orgs, mut expected) = (Vec::new(), Vec::new());
    for (nth, custom_roles) in [15, 15, 0].into_iter().enumerate() {
        let org = app.create_sub_organization(ADA, &root, &format!("Branch {nth}")).await;
        let mut roles = vec!["admin".to_owned(); 4];
        for role in 0..custom_roles {
            let name = format!("Admin {role:02}");
            roles.push(app.create_role(ADA, &org, &name, json!({})).await);
        }
        for (user, role) in roles.iter().enumerate() {
            let email = format!("x{nth}-{user}@example.com");
            app.invite(ADA, &org, &email, role).await.expect(201);
            expected.push(email);
        }
        orgs.push(format!("organization_id={}", id(&org)));
    }
    expected.sort();
    for order in ["email", "-email"] {
        let query = format!("status=pending&q=admin&sort={order}&limit=3&{}", orgs.join("&"));
        let found = app.list_all(ADA, &format!("{root}/members?{query}")).await;
        assert_eq!(emails(&found), expected, "{order}");
    }
}

/// SUB4, SUB6
#[tokio::test]
async fn subtree_lists_show_changes_at_once() {
    let (app, root) = TestApp::with_tree("Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let leaf = app.create_sub_organization(ADA, &branch, "Leaf").await;
    let find = async |list: &str, query: &str| {
        check(&app).await;
        app.list_all(ADA, &format!("{branch}/{list}?scope=subtree&{query}")).await
    };
    let expect_roles = async |query: &str, expected: &[&str]| {
        assert_eq!(each(&find("roles", query).await, "id"), expected, "{query}");
    };
    let expect_users = async |query: &str, expected: &[&str]| {
        assert_eq!(emails(&find("members", query).await), expected, "{query}");
    };
    let role = json!({ "name": "Night shift", "description": "On call" });
    let role = app.post(ADA, &format!("{leaf}/roles"), role).await.expect(201).id();
    expect_roles("q=night", &[&role]).await;
    expect_roles("q=on%20call", &[&role]).await;
    let path = format!("{leaf}/roles/{role}");
    for (change, query, count) in [
        (json!({ "name": "Late shift" }), "q=night", 0),
        (json!({}), "q=late", 1),
        (json!({ "description": "" }), "q=on", 0),
        (json!({ "description": "Until dawn" }), "q=until", 1),
    ] {
        app.patch(ADA, &path, change).await.expect(200);
        expect_roles(query, &vec![&*role; count]).await;
    }

    app.add_member(ADA, &leaf, BOB, "user").await;
    app.create_invitation(ADA, &leaf, "ina@example.com", &role).await;
    expect_users("q=bob&role_id=user", &[BOB.email]).await;
    app.change_role(ADA, &leaf, BOB, &role).await.expect(200);
    expect_users("q=bob&role_id=user", &[]).await;
    expect_users(&format!("q=late&role_id={role}"), &[BOB.email, "ina@example.com"]).await;
    app.delete(ADA, &format!("{path}?reassign_to=admin")).await.expect(204);
    expect_roles("q=until", &[]).await;
    expect_users("q=ina&role_id=admin", &["ina@example.com"]).await;
    app.transfer(ADA, &leaf, BOB).await.expect(200);
    expect_users("q=bob&role_id=super_admin", &[BOB.email]).await;
    app.remove(BOB, &leaf, ADA).await.expect(204);
    let found = find("members", "q=ada").await;
    assert_eq!(each(&found, "organization_id"), [id(&branch)]);
}

/// SUB6. Every combination of the filters, in one organization and in several, on pages of each size.
#[tokio::test]
async fn roles_are_filtered_by_the_status_of_their_users_and_by_id() {
    let (app, root) = TestApp::with_tree("Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let mut ids = Vec::new();
    for (org, name) in [(&root, "Both"), (&root, "Active"), (&root, "Pending"), (&branch, "Below")]
    {
        let body = json!({ "name": name, "description": "Works at night" });
        ids.push(app.post(ADA, &format!("{org}/roles"), body).await.expect(201).id());
    }
    app.create_role(ADA, &root, "Unused", json!({})).await;
    let [both, active, pending, below] = [0, 1, 2, 3].map(|nth| &*ids[nth]);
    app.add_member(ADA, &root, BOB, both).await;
    app.add_member(ADA, &root, CY, active).await;
    app.add_member(ADA, &branch, BOB, below).await;
    for (org, email, role) in
        [(&root, "i", both), (&root, "j", pending), (&root, "k", "user"), (&branch, "l", "admin")]
    {
        app.invite(ADA, org, &format!("{email}@example.com"), role).await.expect(201);
    }
    let by_id = format!("role_id={both}&role_id=user&role_id={below}&role_id=mdf_admin");
    for (query, found) in [
        ("status=active", "Super Admin|Both|Active"),
        ("status=pending", "User|Both|Pending"),
        ("status=active&status=pending", "Super Admin|User|Both|Active|Pending"),
        ("status=pending&q=works", "Both|Pending"),
        ("status=active&q=night&match=contains", "Active|Both"),
        ("q=unused", "Unused"),
        ("q=unused&status=active", ""),
        (&by_id, "User|Both"),
        (&format!("{by_id}&status=active"), "Both"),
        (&format!("{by_id}&q=u"), "User"),
        ("role_id=user&role_id=admin", "Admin|User"),
        ("role_id=admin&status=pending", ""),
        (&format!("role_id={active}"), "Active"),
        ("scope=subtree&status=active", "Super Admin|Active|Both|Super Admin|Below"),
        ("scope=subtree&status=pending", "User|Both|Pending|Admin"),
        (&format!("scope=subtree&{by_id}"), "User|Both|User|Below"),
        (&format!("organization_id={}&status=active", id(&branch)), "Super Admin|Below"),
        ("scope=subtree&status=active&q=be", "Below"),
    ] {
        for limit in [1, 2, 100] {
            let path = format!("{root}/roles?limit={limit}&{query}");
            let roles = app.list_all(ADA, &path).await;
            let mut names = each(&roles, "name");
            let mut expected: Vec<_> = found.split('|').filter(|name| !name.is_empty()).collect();
            if query.contains("q=") {
                names.sort_unstable();
                expected.sort_unstable();
            }
            assert_eq!(names, expected, "{query}, {limit} on a page");
        }
    }
    for (query, pointer) in [("status=open", "/status/0"), ("role_id=owner", "/role_id/0")] {
        let refused = app.get(ADA, &format!("{root}/roles?{query}")).await;
        assert_eq!(refused.refuses(422, "invalid-request").pointer(), pointer);
    }
}

/// U5, SUB6: a role that is chosen by its id does not lead out of the branch.
#[tokio::test]
async fn role_of_a_sibling_organization_finds_no_users() {
    let (app, root) = TestApp::with_tree("Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let sibling = app.create_sub_organization(ADA, &root, "Sibling").await;
    let role = app.create_role(ADA, &sibling, "Night shift", json!({})).await;
    app.add_member(ADA, &sibling, BOB, &role).await;
    for (top, found) in [(&root, 1), (&branch, 0)] {
        for search in ["", "q=bob", "q=night", "q=b&sort=joined_at", "q=ni&match=contains"] {
            let path = format!("{top}/members?scope=subtree&role_id={role}&{search}");
            assert_eq!(app.list_all(ADA, &path).await.len(), found, "{search} in {top}");
        }
    }
}

/// The query that chooses organizations by their paths.
fn choose(orgs: &[&str]) -> String {
    orgs.iter().map(|org| format!("organization_id={}", id(org))).collect::<Vec<_>>().join("&")
}

/// SUB1, SUB4, SUB6: a list beyond the organization needs the permission of the subtree, and every chosen
/// organization must be in the subtree.
#[tokio::test]
async fn chosen_organizations_must_be_in_the_subtree() {
    let app = TestApp::new().await;
    let root = app.create_organization(ADA, "Root").await;
    let switch = async |on: bool| {
        app.update_settings(&root, json!({ "manage_sub_organizations": on })).await;
    };
    // Sub-organizations are off by default.
    for list in ["members", "roles"] {
        let path = format!("{root}/{list}?scope=subtree");
        app.get(ADA, &path).await.refuses(403, "missing-permission");
    }
    switch(true).await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    let leaf = app.create_sub_organization(ADA, &branch, "Leaf").await;
    let globex = app.create_tree(BOB, "Globex").await;
    for (list, object) in [("members", "user"), ("roles", "role")] {
        let get =
            async |org: &str, query: &str| app.get(ADA, &format!("{org}/{list}?{query}")).await;
        let found = get(&root, &choose(&[&leaf, &root])).await.expect(200);
        let orgs: BTreeSet<_> = each(found.items(), "organization_id").into_iter().collect();
        assert_eq!(orgs, BTreeSet::from([id(&leaf), id(&root)]));
        for outside in [&globex, &root, "/v1/organizations/org_01KAK000000000000000000000"] {
            let refused = get(&branch, &choose(&[&leaf, outside])).await;
            let refused = refused.refuses(422, "organization-outside-subtree");
            assert_eq!(refused.pointer(), "/organization_id");
            assert_eq!(refused.body["organization_id"], id(outside));
            let detail = "An organization in the filter is neither this organization nor below it. List the sub-organizations to find the right ids.";
            assert_eq!(refused.body["detail"], detail);
        }
        // While sub-organizations are off, the organization itself can still be chosen.
        switch(false).await;
        for query in ["scope=subtree", &choose(&[&leaf])] {
            let refused = get(&root, query).await.refuses(403, "missing-permission");
            let needed = format!("{object}_management_sub_organizations");
            assert_eq!(refused.body["role_object"], needed);
        }
        get(&root, &choose(&[&root])).await.expect(200);
        switch(true).await;
    }
}

/// SUB6. A role counts as often as it is named.
#[tokio::test]
async fn filters_choose_a_limited_number_of_organizations_and_roles() {
    let (app, root) = TestApp::with_tree("Root").await;
    let chosen = |parameter: &str, kind: &str, many: usize| {
        let choice = |nth| format!("{parameter}={kind}_01KAK0000000000000000000{nth}");
        (10..10 + many).map(choice).collect::<Vec<_>>().join("&")
    };
    let chosen_orgs = |many| chosen("organization_id", "org", many);
    let chosen_roles = |many| chosen("role_id", "role", many);
    let product = format!("{}&{}", chosen_roles(9), chosen_orgs(6));
    for (list, query, detail) in [
        ("members", chosen_orgs(21), "choose at most 20 organizations"),
        ("roles", chosen_orgs(21), "choose at most 20 organizations"),
        ("members", chosen_roles(21), "choose at most 20 roles"),
        ("members", ["role_id=user"; 21].join("&"), "choose at most 20 roles"),
        ("roles", chosen_roles(21), "choose at most 20 roles"),
        (
            "members",
            product,
            "organizations, times roles, times statuses are 108; choose fewer, so that they are at most 100",
        ),
    ] {
        let refused = app.get(ADA, &format!("{root}/{list}?{query}")).await;
        let refused = refused.refuses(422, "invalid-request");
        assert_eq!(refused.body["errors"][0]["detail"], detail, "{list}");
    }
}
