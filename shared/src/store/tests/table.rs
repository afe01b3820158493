//! Prints the layout of the table.

use std::fmt::Write;

use jiff::Timestamp;

use crate::{
    domain::{
        AddressDigest, BuiltIn, CustomRoleId, Email, EventId, Once, OrgId, OrgPath, RoleId, UserId,
    },
    printed::assert_printed,
    store::keys::{
        Key, Status, address, by_address, by_name, children, due, holders, organization, place,
        place_of_role, since, tree, tree_of_organizations, tree_of_roles, user,
    },
};

#[test]
fn the_layout_is_the_page_in_the_documentation() {
    let id = |n| OrgId::new(Timestamp::UNIX_EPOCH, n);
    let root = OrgPath::root(id(1));
    let path = root.child(id(2));
    let org = path.id();
    let email = Email::parse("bob@example.com").unwrap();
    let bobs = AddressDigest::of(org, &email);
    let ada = UserId::new("ada|1");
    let role = CustomRoleId::new(Timestamp::UNIX_EPOCH, 3);
    let event = EventId::new(Timestamp::UNIX_EPOCH, 4);
    let once = Once {
        caller: ada.clone(),
        route: "POST /v1/organizations".to_owned(),
        key: "k1".to_owned(),
        fingerprint: String::new(),
    };
    let mut page = String::from(
        "# The table\n\n\
         A test prints this page from the code: change the code, then run\n\
         `UPDATE_DOCS=1 cargo test -p shared`. To change a line is to write a migration.\n\n\
         The examples are an organization right below its root, its member Ada, and Bob, who is\n\
         invited. Ids are shortened: `…1` is the root, `…2` the organization, `…3` a custom role,\n\
         `…4` an event.\n\n\
         ## Items\n\n\
         An organization and what belongs to it share a partition; its history has one of its own.\n\n\
         | item | `pk` | `sk` |\n|---|---|---|\n",
    );
    let brief = |text: &str| text.replace(&"0".repeat(25), "…").replace('|', "\\|");
    let mut line = |name: &str, Key { pk, sk }| {
        let _ = writeln!(page, "| {name} | `{}` | `{}` |", brief(&pk), brief(&sk));
    };
    line("organization: settings, role table", Key::organization(org));
    line("what it says of itself", Key::profile(org));
    line("member", Key::member(org, &ada));
    line("an address's place: invitation or lock", Key::place(org, bobs));
    line("custom role, number of its users", Key::role(org, role));
    line("lock on a role's name", Key::role_name(org, "night shift"));
    line("part of the headcount", Key::headcount(org, 0));
    line("event", Key::event(org, event));
    line("answer to a repeatable request", Key::once(&once));
    page += "\n## Indexes\n\n\
             `tree`, `tree_since` and `tree_prefix` have one hash key, `tree`, and differ by range key: `place`,\n\
             `since`, `prefix`; so do `group` and `group_since`. The name of a custom role is listed on its lock.\n\n\
             | index | lists | hash | range |\n|---|---|---|---|\n";
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
    line("identity", "a person's memberships", user(&ada), &organization(org));
    line("identity", "an address's invitations", address(&email), &organization(org));
    line("due", "invitations by expiry", due(3), "expires_at");
    let since = since(&path, Timestamp::UNIX_EPOCH, bobs);
    line("tree_since", "members, invitations", tree(&path, Status::Active), &since);
    let admins = holders(&path, admins, Status::Active);
    line("group_since", "holders of a role, those invited to it", admins, &since);
    let address = by_address(&email, &path);
    line("tree_prefix", "members, invitations", tree(&path, Status::Active), &address);
    let (named, name) = (place_of_role(&path, "night shift", role), by_name("night shift", role));
    line("tree", "names of custom roles", tree_of_roles(&path), &named);
    line("tree_prefix", "names of custom roles", tree_of_roles(&path), &name);
    assert_printed("table.md", &page);
}
