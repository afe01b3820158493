//! Prints the layout of the table.

use std::fmt::Write;

use Index::{ByDue, ByEmail, ByIdentity, ByPath, ByRole, ByTime};
use jiff::Timestamp;

use crate::{
    domain::{
        AddressDigest, AlertId, CustomRoleId, Email, EventId, HourlyRecipient, IdempotencyKey,
        InvitationId, MailDomain, MemberId, OrgId, OrgPath, PersonDigest, PersonId, RoleId,
        Sending, UserId,
    },
    printed::assert_printed,
    store::{
        Index, Reminded,
        index::{
            self, children, email_in, organizations, path, roles, user_by_address, user_by_time,
            users,
        },
        keys::{Key, Status, organization},
    },
};

const ITEMS: &str = "# The table\n\n\
     A test prints this page from the code: change the code, then run\n\
     `UPDATE_DOCS=1 cargo test -p shared`. To change a line is to write a migration.\n\n\
     The examples are an organization right below its root, its member Ada, and Bob, who is\n\
     invited. Ids are shortened: `…1` is the root, `…2` the organization, `…3` a custom role,\n\
     `…4` an event, `…5` a request to join, `…6` an invitation.\n\n\
     ## Items\n\n\
     An organization and what belongs to it share a partition. Its history has one of its own.\n\n\
     | item | `pk` | `sk` |\n|---|---|---|\n";

const INDEXES: &str = "\n## Indexes\n\n\
     Six indexes, whatever the depth of the tree. In their keys an organization has 22 characters\n\
     instead of 26. `1` and `1/2` stand for the paths of the root and of the organization below it.\n\n\
     | index | hash | range |\n|---|---|---|\n";

const LISTS: &str = "\n| index | lists | hash | range |\n|---|---|---|---|\n";

fn key_of(caller: &UserId) -> IdempotencyKey {
    IdempotencyKey {
        caller: caller.clone(),
        method_and_path: "POST /v1/organizations".to_owned(),
        key: "k1".to_owned(),
        fingerprint: String::new(),
    }
}

#[test]
fn layout_matches_the_documentation_page() {
    let id = |n| OrgId::new(Timestamp::UNIX_EPOCH, n);
    let root = OrgPath::root(id(1));
    let path_below = root.child(id(2));
    let org = path_below.id();
    let email = Email::parse("bob@example.com").unwrap();
    let domain = MailDomain::of(&email);
    let bobs = AddressDigest::of(org, &email);
    let ada = UserId::new("ada|1");
    let role = CustomRoleId::new(Timestamp::UNIX_EPOCH, 3);
    let event = EventId::new(Timestamp::UNIX_EPOCH, 4);
    let mut page = ITEMS.to_owned();
    let brief = |text: &str| text.replace(&"0".repeat(25), "…").replace('|', "\\|");
    let mut line = |name: &str, Key { pk, sk }| {
        let _ = writeln!(page, "| {name} | `{}` | `{}` |", brief(&pk), brief(&sk));
    };
    line("organization: settings, role table", Key::organization(org));
    line("profile of an organization", Key::profile(org));
    line("member; what a former member was called", Key::membership(org, &ada));
    line(
        "slot of an address: invitation or lock; an address that was known",
        Key::address_slot(org, bobs),
    );
    line("custom role, number of its users", Key::role(org, role));
    line("names of all custom roles", Key::role_names(org));
    line("link of a partner to a customer", Key::customer(org, root.id()));
    line("numbers of users and of list entries", Key::counts(org));
    line("approved domain", Key::approved_domain(org, &domain));
    line("request of a person to join", Key::join_request(org, PersonDigest::of(org, &ada)));
    line("critical alert user", Key::critical_alert_user(org, AlertId::of(org, &email)));
    line(
        "name of a deleted role or critical alert user",
        Key::former_name(org, &RoleId::Custom(role)),
    );
    line("event", Key::event(org, event));
    line("answer of a request with an idempotency key", Key::idempotency(&key_of(&ada)));
    line("mark: the mail of the event was sent, or is being sent", Key::mailed(event, bobs));
    let invitation = InvitationId::new(Timestamp::UNIX_EPOCH, 6);
    line("delivery of the mail of an invitation", Key::delivery(invitation));
    line(
        "mark: the mail before the end of an invitation",
        Key::reminded(Sending { invitation, number: 1 }),
    );
    line("how far those mails have come", Key::reminders(Reminded::Invitations));
    line(
        "mark of a mail before the end of access",
        Key::access_reminded(org, MemberId::of(org, &ada), Timestamp::UNIX_EPOCH, &email),
    );
    line("how far those mails have come", Key::reminders(Reminded::Members));
    let inviter = HourlyRecipient::Inviter(org, MemberId::of(org, &ada));
    line("hourly mail to managers", Key::hourly_mail(HourlyRecipient::Managers(org)));
    line("hourly mail to an inviter", Key::hourly_mail(inviter));
    page += INDEXES;
    for index in Index::ALL {
        let (name, hash, range) = (index.name(), index.hash(), index.range());
        let _ = writeln!(page, "| `{name}` | `{hash}` | `{range}` |");
    }
    page += LISTS;
    let (root_path, own_path) = (index::path(&root), index::path(&path_below));
    let brief = |text: &str| {
        let text = text.replace(&own_path, "1/2").replace(&root_path, "1");
        brief(&text.replace(&index::id(org), "2").replace(&index::id(root.id()), "1"))
    };
    let mut line = |index: Index, lists: &str, hash: String, range: &str| {
        let (index, hash, range) = (index.name(), brief(&hash), brief(range));
        let _ = writeln!(page, "| `{index}` | {lists} | `{hash}` | `{range}` |");
    };
    let by_email = user_by_address(&path_below, email.as_str());
    let by_time = user_by_time(&path_below, Timestamp::UNIX_EPOCH, email.as_str());
    let (active, pending) = (Status::Active, Status::Pending);
    let of_role = |role, status| index::users_of_role(&path_below, role, status);
    let own = organization(org);
    let domain = index::domain(domain.as_str());
    line(ByPath, "members of a tree", users(&path_below, active), &by_email);
    line(ByPath, "invitations of a tree", users(&path_below, pending), &by_email);
    line(ByPath, "organizations of a tree", organizations(&path_below), &path(&path_below));
    line(ByPath, "role names of a tree", roles(&path_below), &path(&path_below));
    line(ByTime, "members of a tree", users(&path_below, active), &by_time);
    line(ByEmail, "members of a tree", users(&path_below, active), &email_in(email.as_str(), org));
    let known = index::known_address(PersonId::of_address(&email));
    line(ByEmail, "former members, requesters", known, &index::id(org));
    line(ByRole, "members with a custom role", of_role(RoleId::Custom(role), active), &by_email);
    line(ByRole, "invitations to a role", of_role(RoleId::ADMIN, pending), &by_email);
    line(ByRole, "organizations directly below", children(Some(root.id())), &path(&path_below));
    line(ByRole, "roots", children(None), &path(&root));
    line(ByRole, "open requests to join", index::join_requests(org), "…5");
    line(ByIdentity, "memberships of a person", index::person(PersonId::of(&ada)), &own);
    let (person, address) = (PersonId::of(&ada), PersonId::of_address(&email));
    line(ByIdentity, "former members, requesters", index::known_person(person), &own);
    line(ByIdentity, "invitations of an address", index::address(address), &own);
    let known = index::known_address(address);
    line(ByIdentity, "addresses of members, former and alerted addresses", known, &own);
    line(ByIdentity, "partners of a customer", index::customer(root.id()), &own);
    line(ByIdentity, "organizations that approve a domain", domain, &own);
    let named = index::organizations_named("acme");
    line(ByIdentity, "organizations whose names begin alike", named, &own);
    let due = index::due(3);
    line(ByDue, "invitations, roles and organizations being deleted", due, "milliseconds");
    assert_printed("internals/table.md", &page);
}
