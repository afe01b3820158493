//! Prints the layout of the table.

use std::{collections::BTreeSet, fmt::Write};

use Index::{ByDue, ByEmail, ByIdentity, ByPath, ByRole, ByTime};
use jiff::Timestamp;

use crate::{
    domain::{
        AddressHash, AlertId, Budgets, CustomRoleId, DigestRecipient, Email, EventId,
        IdempotencyKey, InvitationId, MailDomain, MemberId, OrgId, OrgPath, PersonHash, PersonId,
        RoleId, Sending, UserId,
    },
    printed::assert_printed,
    store::{
        Index, Reminded,
        index::{self, email_in, path, user_by_address, user_by_time},
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

/// The hash key of a line, and the function of `index` that made it.
struct Hash {
    function: &'static str,
    key: String,
}

macro_rules! hash {
    ($function:ident($($argument:expr),*)) => {
        Hash { function: stringify!($function), key: index::$function($($argument),*) }
    };
}

/// The functions of `index` that make hash keys, by its source.
fn hash_functions() -> BTreeSet<&'static str> {
    let source = include_str!("../index.rs").split("// Hash keys of `tree`").nth(1).unwrap();
    let source = source.split("// Range keys.").next().unwrap();
    let functions = source.lines().filter_map(|line| line.strip_prefix("pub fn "));
    functions.filter_map(|line| line.split('(').next()).collect()
}

fn key_of(caller: &UserId) -> IdempotencyKey {
    IdempotencyKey {
        caller: caller.clone(),
        operation: "POST /v1/organizations".to_owned(),
        key: "k1".to_owned(),
        fingerprint: String::new(),
    }
}

/// The organizations and people of the page.
struct Examples {
    root: OrgPath,
    below: OrgPath,
    /// The id of the organization below.
    org: OrgId,
    email: Email,
    domain: MailDomain,
    ada: UserId,
    role: CustomRoleId,
}

#[test]
fn layout_matches_the_documentation_page() {
    let id = |n| OrgId::new(Timestamp::UNIX_EPOCH, n);
    let root = OrgPath::root(id(1));
    let email = Email::parse("bob@example.com").unwrap();
    let examples = Examples {
        below: root.child(id(2)),
        root,
        org: id(2),
        domain: MailDomain::of(&email),
        email,
        ada: UserId::new("ada|1"),
        role: CustomRoleId::new(Timestamp::UNIX_EPOCH, 3),
    };
    let mut page = items(&examples) + INDEXES;
    for index in Index::ALL {
        let (name, hash, range) = (index.name(), index.hash(), index.range());
        let _ = writeln!(page, "| `{name}` | `{hash}` | `{range}` |");
    }
    assert_printed("internals/table.md", &(page + &lists(&examples)));
}

fn brief(text: &str) -> String {
    text.replace(&"0".repeat(25), "…").replace('|', "\\|")
}

/// The table of the items.
fn items(examples: &Examples) -> String {
    let Examples { root, org, email, domain, ada, role, .. } = examples;
    let (org, role) = (*org, *role);
    let bobs = AddressHash::of(org, email);
    let event = EventId::new(Timestamp::UNIX_EPOCH, 4);
    let mut page = ITEMS.to_owned();
    let mut line = |name: &str, Key { pk, sk }| {
        let _ = writeln!(page, "| {name} | `{}` | `{}` |", brief(&pk), brief(&sk));
    };
    line("organization: settings, levels of its custom roles", Key::organization(org));
    line("profile of an organization", Key::profile(org));
    line("member; what a former member was called", Key::membership(org, ada));
    line(
        "slot of an address: invitation or member; an address that was known",
        Key::address_slot(org, bobs),
    );
    line("custom role, number of its users", Key::role(org, role));
    line("names of all custom roles", Key::role_names(org));
    line("link of a partner to a customer", Key::customer(org, root.id()));
    line("numbers of users and of list entries", Key::counts(org));
    line("approved domain", Key::approved_domain(org, domain));
    line("request of a person to join", Key::join_request(org, PersonHash::of(org, ada)));
    line("critical alert user", Key::critical_alert_user(org, AlertId::of(org, email)));
    line(
        "name of a deleted role or critical alert user",
        Key::former_name(org, &RoleId::Custom(role)),
    );
    line("event", Key::event(org, event));
    let used = Budgets::default().of_address(email, Timestamp::UNIX_EPOCH);
    line("uses of a budget in a day", Key::budget(&used));
    line("answer of a request with an idempotency key", Key::idempotency(&key_of(ada)));
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
        Key::access_reminded(org, MemberId::of(org, ada), Timestamp::UNIX_EPOCH, email),
    );
    line("how far those mails have come", Key::reminders(Reminded::Members));
    let inviter = DigestRecipient::Inviter(org, MemberId::of(org, ada));
    line("hourly mail to managers", Key::digest(DigestRecipient::Managers(org)));
    line("hourly mail to an inviter", Key::digest(inviter));
    let offboarded = DigestRecipient::Offboarded(PersonId::of_address(email));
    line("mail about an offboarding to an address", Key::digest(offboarded));
    let digest = |recipient| Key::digest_mailed(recipient, Timestamp::UNIX_EPOCH, email);
    line("mark of a digest to a manager", digest(DigestRecipient::Managers(org)));
    line("mark of a digest to an inviter", digest(inviter));
    line("mark of the mail about an offboarding", digest(offboarded));
    page
}

/// The table of what the indexes list. Each function that makes a hash key has a line.
fn lists(examples: &Examples) -> String {
    let Examples { root, below, org, email, domain, ada, role } = examples;
    let (org, role) = (*org, *role);
    let mut page = LISTS.to_owned();
    let (root_path, own_path) = (path(root), path(below));
    let brief = |text: &str| {
        let text = text.replace(&own_path, "1/2").replace(&root_path, "1");
        brief(&text.replace(&index::id(org), "2").replace(&index::id(root.id()), "1"))
    };
    let mut line = |index: Index, lists: &str, hash: String, range: &str| {
        let (index, hash, range) = (index.name(), brief(&hash), brief(range));
        let _ = writeln!(page, "| `{index}` | {lists} | `{hash}` | `{range}` |");
    };
    let by_email = user_by_address(below, email.as_str());
    let by_time = user_by_time(below, Timestamp::UNIX_EPOCH, email.as_str());
    let (active, pending) = (Status::Active, Status::Pending);
    let own = organization(org);
    let (person, address) = (PersonId::of(ada), PersonId::of_address(email));
    let domain = domain.as_str();
    let custom = RoleId::Custom(role);
    let in_tree = email_in(email.as_str(), org);
    let known = "addresses of members, former and alerted addresses";
    let former = "former members, requesters, people who declined";
    let at = "milliseconds";
    let mut printed = BTreeSet::new();
    for (index, lists, Hash { function, key }, range) in [
        (ByPath, "members of a tree", hash!(users(below, active)), &*by_email),
        (ByPath, "invitations of a tree", hash!(users(below, pending)), &by_email),
        (ByPath, "organizations of a tree", hash!(organizations(below)), &own_path),
        (ByPath, "role names of a tree", hash!(roles(below)), &own_path),
        (ByTime, "members of a tree", hash!(users(below, active)), &by_time),
        (ByEmail, "members of a tree", hash!(users(below, active)), &in_tree),
        (ByEmail, former, hash!(known_address(address)), &index::id(org)),
        (
            ByRole,
            "members with a custom role",
            hash!(users_of_role(below, custom, active)),
            &by_email,
        ),
        (
            ByRole,
            "invitations to a role",
            hash!(users_of_role(below, RoleId::ADMIN, pending)),
            &by_email,
        ),
        (ByRole, "organizations directly below", hash!(children(Some(root.id()))), &own_path),
        (ByRole, "roots", hash!(children(None)), &root_path),
        (ByRole, "open requests to join", hash!(join_requests(org)), "…5"),
        (ByIdentity, "memberships of a person", hash!(person(person)), &own),
        (ByIdentity, former, hash!(known_person(person)), &own),
        (ByIdentity, "requests of a person to join", hash!(requests_of(person)), &own),
        (ByIdentity, "invitations of an address", hash!(address(address)), &own),
        (ByIdentity, known, hash!(known_address(address)), &own),
        (ByIdentity, "partners of a customer", hash!(customer(root.id())), &own),
        (ByIdentity, "organizations that approve a domain", hash!(domain(domain)), &own),
        (
            ByIdentity,
            "organizations whose names begin alike",
            hash!(organizations_named("acme")),
            &own,
        ),
        (
            ByIdentity,
            "deleted organizations whose names began alike",
            hash!(deleted_organizations_named("acme")),
            &own,
        ),
        (ByDue, "invitations; members by the end of their access", hash!(due(1)), at),
        (ByDue, "roles that are being deleted", hash!(due_of_role(role)), at),
        (ByDue, "organizations that are being deleted", hash!(due_of_organization(org)), at),
        (ByDue, "digests of hourly mail", hash!(due_digests()), at),
    ] {
        printed.insert(function);
        line(index, lists, key, range);
    }
    assert_eq!(printed, hash_functions(), "print what each function's key lists");
    page
}
