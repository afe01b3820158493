//! Prints the layout of the table.

use std::fmt::Write;

use jiff::Timestamp;

use crate::{
    domain::{
        AddressDigest, AlertId, BuiltIn, CustomRoleId, Email, EventId, IdempotencyKey, MailDomain,
        OrgId, OrgPath, PersonDigest, RoleId, UserId,
    },
    printed::assert_printed,
    store::keys::{
        Key, Status, address, branch, branch_of_descriptions, branch_of_roles, by_address, by_name,
        children, customer, due, holders, join_requests, mail_domain, name_of, organization, place,
        place_of_role, since, tree, tree_of_descriptions, tree_of_organizations, tree_of_roles,
        user,
    },
};

const ITEMS: &str = "# The table\n\n\
     A test prints this page from the code: change the code, then run\n\
     `UPDATE_DOCS=1 cargo test -p shared`. To change a line is to write a migration.\n\n\
     The examples are an organization right below its root, its member Ada, and Bob, who is\n\
     invited. Ids are shortened: `…1` is the root, `…2` the organization, `…3` a custom role,\n\
     `…4` an event, `…5` a request to join.\n\n\
     ## Items\n\n\
     An organization and what belongs to it share a partition; its history has one of its own.\n\n\
     | item | `pk` | `sk` |\n|---|---|---|\n";

const INDEXES: &str = "\n## Indexes\n\n\
     `tree`, `tree_since` and `tree_prefix` have one hash key, `tree`, and differ by range key: `place`,\n\
     `since`, `prefix`; so do `group`, `group_since` and `group_prefix`. There are eight indexes of branches,\n\
     `branch_1` to `branch_8`, by the depth of their tops, each with a hash key of its name and `prefix`.\n\
     The name of a custom role is listed on its lock.\n\n\
     | index | lists | hash | range |\n|---|---|---|---|\n";

#[test]
fn layout_matches_the_documentation_page() {
    let id = |n| OrgId::new(Timestamp::UNIX_EPOCH, n);
    let root = OrgPath::root(id(1));
    let path = root.child(id(2));
    let org = path.id();
    let email = Email::parse("bob@example.com").unwrap();
    let domain = MailDomain::of(&email);
    let bobs = AddressDigest::of(org, &email);
    let ada = UserId::new("ada|1");
    let role = CustomRoleId::new(Timestamp::UNIX_EPOCH, 3);
    let event = EventId::new(Timestamp::UNIX_EPOCH, 4);
    let once = IdempotencyKey {
        caller: ada.clone(),
        route: "POST /v1/organizations".to_owned(),
        key: "k1".to_owned(),
        fingerprint: String::new(),
    };
    let mut page = ITEMS.to_owned();
    let brief = |text: &str| text.replace(&"0".repeat(25), "…").replace('|', "\\|");
    let mut line = |name: &str, Key { pk, sk }| {
        let _ = writeln!(page, "| {name} | `{}` | `{}` |", brief(&pk), brief(&sk));
    };
    line("organization: settings, role table", Key::organization(org));
    line("what it says of itself", Key::profile(org));
    line("member", Key::membership(org, &ada));
    line("an address's place: invitation or lock", Key::address_slot(org, bobs));
    line("custom role, number of its users", Key::role(org, role));
    line("lock on a role's name", Key::role_name(org, "night shift"));
    line("what is said of a role, where anything is", Key::role_description(org, role));
    line("a partner's link to a customer", Key::customer(org, root.id()));
    line("numbers of users and of list entries", Key::counts(org));
    line("approved domain", Key::approved_domain(org, &domain));
    line("a person's request to join", Key::join_request(org, PersonDigest::of(org, &ada)));
    line("who receives critical alerts", Key::critical_alert_user(org, AlertId::of(org, &email)));
    line("event", Key::event(org, event));
    line("answer to a repeatable request", Key::idempotency(&once));
    line("mark: the event was told to the bus", Key::published(event));
    line("mark: the event was told to an address", Key::mailed(event, bobs));
    page += INDEXES;
    let sort = place(&path, &email);
    let mut line = |index: &str, lists: &str, hash: String, range: &str| {
        let (hash, range) = (brief(&hash), brief(range));
        let _ = writeln!(page, "| `{index}` | {lists} | `{hash}` | `{range}` |");
    };
    let admins = RoleId::BuiltIn(BuiltIn::Admin);
    line("tree", "members of a tree", tree(&path, Status::Active), &sort);
    line("tree", "invitations of a tree", tree(&path, Status::Pending), &sort);
    line("tree", "organizations of a tree", tree_of_organizations(&path), &path.to_string());
    let held = holders(&path, RoleId::Custom(role), Status::Active);
    line("group", "holders of a custom role in a tree", held, &sort);
    let invited = holders(&path, admins, Status::Pending);
    line("group", "those invited to a role in a tree", invited, &sort);
    let below = children(Some(root.id()));
    line("group", "organizations right below one", below, &path.to_string());
    line("group", "roots", children(None), &root.to_string());
    line("group", "open requests to join", join_requests(org), "…5");
    line(
        "identity",
        "organizations that approve a domain",
        mail_domain(&domain),
        &organization(org),
    );
    line("identity", "a person's memberships", user(&ada), &organization(org));
    line("identity", "an address's invitations", address(&email), &organization(org));
    line("identity", "a customer's partners", customer(root.id()), &organization(org));
    line("due", "invitations by expiry", due(3), "expires_at");
    let since = since(&path, Timestamp::UNIX_EPOCH, bobs);
    line("tree_since", "members, invitations", tree(&path, Status::Active), &since);
    let admins = holders(&path, admins, Status::Active);
    line("group_since", "holders of a role, those invited to it", admins.clone(), &since);
    let address = by_address(&email, org);
    line("tree_prefix", "members, invitations", tree(&path, Status::Active), &address);
    let role_of = |role| branch(org, role, Status::Active);
    line("group_prefix", "holders of a role, those invited to it", admins, &address);
    line(
        "branch_1",
        "holders of a built-in role, those invited",
        role_of(Some(BuiltIn::Admin)),
        &address,
    );
    line("branch_1", "holders of all custom roles, those invited", role_of(None), &address);
    let (named, name) = (place_of_role(&path, "night shift", role), by_name("night shift", role));
    line("tree", "names of custom roles", tree_of_roles(&path), &named);
    line("tree_prefix", "names of custom roles", tree_of_roles(&path), &name);
    line("branch_1", "names of custom roles", branch_of_roles(org), &name);
    let said = by_name("those on call at night", role);
    line("tree_prefix", "descriptions of custom roles", tree_of_descriptions(&path), &said);
    line("branch_1", "descriptions of custom roles", branch_of_descriptions(org), &said);
    line("identity", "a role's name, by its id", name_of(role), &organization(org));
    assert_printed("internals/table.md", &page);
}
