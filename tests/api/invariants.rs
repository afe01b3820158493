//! Invariants of all stored data, checked item by item.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Debug,
};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::{
    domain::{
        AddressDigest, AlertId, ApprovedDomain, BuiltIn, Closure, CriticalAlertUser, CustomRole,
        CustomRoleId, CustomerLink, Email, Event, EventAction, Invitation, JoinRequest, Kind,
        LinkCounts, Member, MemberId, OrgId, OrgPath, Organization, PersonDigest, PersonId,
        Profile, RoleId, RoleObject, RoleSummary, Security, UserCount, UserId,
    },
    store::{Key, Status, index, upgraded},
};

use crate::test_app::TestApp;

pub type Item = HashMap<String, AttributeValue>;

/// The keys of the table and of its indexes.
const INDEXED: [&str; 9] =
    ["pk", "sk", "tree", "path", "time", "email_org", "group", "identity", "due"];

/// Checks every organization in the table.
pub async fn check(app: &TestApp) {
    let broken = inspect(&scan(app).await);
    assert!(broken.is_empty(), "invariants are broken:\n  {}", broken.join("\n  "));
}

/// All items of the table.
pub async fn scan(app: &TestApp) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let page = app.client.scan().table_name(&app.table).consistent_read(true);
        let page = page.set_exclusive_start_key(start).send().await.unwrap();
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

/// The violated invariants, each with its organization.
pub fn inspect(items: &[Item]) -> Vec<String> {
    let Table { orgs, mut broken } = Table::read(items);
    let mut ids = BTreeSet::new();
    for (id, part) in &orgs {
        let mut found = Vec::new();
        part.super_admin(&mut found);
        part.addresses(&mut found);
        part.roles(&mut found);
        part.counted(&orgs, &mut found);
        part.ended(&mut found);
        part.closed(&mut found);
        part.pending_first_admin(&mut found);
        part.customers(&orgs, &mut found);
        part.requests(&mut found);
        part.replay(&orgs, &mut found);
        part.chains(&mut found);
        for event in &part.events {
            if !ids.insert(event.id) {
                found.push(format!("the event id {} is used twice", event.id));
            }
        }
        broken.extend(found.into_iter().map(|what| format!("{id}: {what}")));
    }
    broken
}

/// The items of the table by organization.
#[derive(Debug, Default)]
pub struct Table {
    pub orgs: BTreeMap<OrgId, OrganizationItems>,
    broken: Vec<String>,
}

/// The items of one organization.
#[derive(Debug, Default)]
pub struct OrganizationItems {
    pub org: Option<Organization>,
    /// Whether it is deleted, and nothing is left but its history.
    is_ended: bool,
    pub profile: Profile,
    pub members: BTreeMap<UserId, Member>,
    pub pending: Vec<Invitation>,
    /// The holder of each lock on an address.
    locks: BTreeMap<String, UserId>,
    pub roles: BTreeMap<CustomRoleId, (CustomRole, UserCount)>,
    /// The number of roles whose users are moving to each role.
    incoming: BTreeMap<CustomRoleId, i64>,
    names: BTreeMap<String, RoleSummary>,
    counts: BTreeMap<String, i64>,
    /// The closure of the organization, as its counter item has it.
    counts_closure: Option<Closure>,
    pub customers: BTreeMap<OrgId, CustomerLink>,
    pub domains: Vec<ApprovedDomain>,
    pub requests: BTreeMap<UserId, JoinRequest>,
    pub alerted: Vec<CriticalAlertUser>,
    pub events: Vec<Event>,
}

impl Table {
    pub fn read(items: &[Item]) -> Self {
        let mut table = Self::default();
        for item in items {
            // Items of earlier schemas are checked as the code reads them.
            let item = upgraded(item.clone()).map_err(|error| error.to_string());
            if let Err(what) = item.and_then(|item| table.take(&item)) {
                table.broken.push(what);
            }
        }
        for part in table.orgs.values_mut() {
            part.events.sort_by_key(|event| event.id);
        }
        table
    }

    fn take(&mut self, item: &Item) -> Result<(), String> {
        let mut value: Value =
            serde_dynamo::from_item(item.clone()).map_err(|error| error.to_string())?;
        // Every item may have the version of its schema.
        value.as_object_mut().and_then(|value| value.remove("schema"));
        let stored = value.clone();
        // Listed items store their path at the beginning of a range key.
        if let Some(path) = value["path"].as_str().and_then(index::path_of) {
            value["path"] = json!(path);
        }
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let (pk, sk) = (text("pk"), text("sk"));
        let here = |what: &str| format!("{pk} | {sk}: {what}");
        if ["IDEMPOTENCY#", "DELIVERY#", "BUDGET#"].iter().any(|kind| pk.starts_with(kind)) {
            return if value["ttl"].is_number() { Ok(()) } else { Err(here("is kept forever")) };
        }
        if pk == "MIGRATION" {
            return Ok(());
        }
        if value["deleted"] == true {
            return tombstone(&stored, &here);
        }
        let (kind, bare) = pk.split_once('#').ok_or_else(|| here("has an unknown key"))?;
        let id = OrgId::from_bare(bare).map_err(|error| here(&error.to_string()))?;
        let part = self.orgs.entry(id).or_default();
        for owner in ["organization_id", "partner_id"] {
            if value[owner].as_str().is_some_and(|owner| owner != id.to_string()) {
                return Err(here("belongs to another organization"));
            }
        }
        let same = |key: Key, indexed: &[(&str, String)]| {
            let mut wanted = vec![("pk", key.pk), ("sk", key.sk)];
            wanted.extend(indexed.iter().cloned());
            for name in INDEXED {
                let wanted = wanted.iter().find(|(wanted, _)| *wanted == name);
                let wanted = wanted.map(|(_, text)| text.as_str());
                if stored[name].as_str() != wanted {
                    return Err(here(&format!("`{name}` is {}, not {wanted:?}", stored[name])));
                }
            }
            Ok(())
        };
        if kind == "EVENTS" {
            let event: Event = read(&value, &here)?;
            same(Key::event(id, event.id), &[])?;
            if event.kept_until <= event.at {
                return Err(here("is not kept"));
            }
            part.events.push(event);
            return Ok(());
        }
        match sk.split_once('#').unwrap_or((&sk, "")) {
            ("NAME", name) => {
                let email = value["email"].as_str().map(|email| Email::parse(email).unwrap());
                let known = email.map(|email| index::known_address(PersonId::of_address(&email)));
                let indexed = known.map(|known| ("identity", known));
                same(Key::former_name(id, &name), indexed.as_slice())?;
                if !value["ttl"].is_number() {
                    return Err(here("is kept forever"));
                }
            }
            ("ORG", _) => {
                let org: Organization = read(&value, &here)?;
                let path = ("path", index::path(&org.path));
                let listed = [
                    path.clone(),
                    ("tree", index::organizations(&org.path)),
                    ("group", index::children(org.path.parent())),
                    ("identity", index::organizations_named(&org.name.folded())),
                ];
                let deleted = index::deleted_organizations_named(&org.name.folded());
                let due = [path, ("identity", deleted), ("due", index::due_of_organization(id))];
                // Only operators find a deleted organization, and it is due until nothing is left of it.
                let is_due = stored["due"].is_string();
                let indexed = match (org.is_deleted(), is_due) {
                    (false, _) => &listed[..],
                    (true, true) => &due,
                    (true, false) => &due[..2],
                };
                same(Key::organization(id), indexed)?;
                if org.is_deleted() && !is_due && !value["ttl"].is_number() {
                    return Err(here("is kept forever"));
                }
                if text("folded_name") != org.name.folded() {
                    return Err(here("is searched by another name"));
                }
                part.is_ended = org.is_deleted() && !is_due;
                part.org = Some(org);
            }
            ("PROFILE", _) => part.profile = read(&value, &here)?,
            ("MEMBER", _) => {
                let member: Member = read(&value, &here)?;
                let (path, role) = (&member.path, member.role_id);
                let due = index::due(index::due_shard(member.id().to_number()));
                let ends = member.access_expires_at.map(|_| ("due", due));
                let mut indexed = vec![
                    ("tree", index::users(path, Status::Active)),
                    ("group", index::users_of_role(path, role, Status::Active)),
                    ("path", index::user_by_address(path, &index::address_of(&member))),
                    (
                        "time",
                        index::user_by_time(path, member.joined_at, &index::address_of(&member)),
                    ),
                    ("email_org", index::email_in(&index::address_of(&member), path.id())),
                    ("identity", index::person(PersonId::of(&member.user_id))),
                ];
                indexed.extend(ends);
                same(Key::member(id, member.id()), &indexed)?;
                if value["expires_at"] != value["access_expires_at"] {
                    return Err(here("is due at another time than the end of the access"));
                }
                if path.id() != id {
                    return Err(here("belongs to another organization"));
                }
                part.members.insert(member.user_id.clone(), member);
            }
            ("EMAIL", digest) if value["status"] == "taken" => {
                // Locks of schemas 1 and 2 have no address.
                let email = value["email"].as_str().map(|email| Email::parse(email).unwrap());
                let known = email.map(|email| index::known_address(PersonId::of_address(&email)));
                let indexed = known.map(|known| ("identity", known));
                same(Key { pk: pk.clone(), sk: sk.clone() }, indexed.as_slice())?;
                part.locks.insert(digest.to_owned(), UserId::new(text("user_id")));
            }
            ("EMAIL", _) => {
                let open: Invitation = read(&value, &here)?;
                let (path, role) = (&open.path, open.role_id);
                same(
                    Key::address_slot(id, AddressDigest::of(id, &open.email)),
                    &[
                        ("tree", index::users(path, Status::Pending)),
                        ("group", index::users_of_role(path, role, Status::Pending)),
                        ("path", index::user_by_address(path, open.email.as_str())),
                        ("time", index::user_by_time(path, open.created_at, open.email.as_str())),
                        ("email_org", index::email_in(open.email.as_str(), path.id())),
                        ("identity", index::address(PersonId::of_address(&open.email))),
                        ("due", index::due(index::due_shard(open.id.digest().to_number()))),
                    ],
                )?;
                if value["status"] != "pending" || path.id() != id {
                    return Err(here(
                        "is neither pending nor taken, or belongs to another organization",
                    ));
                }
                part.pending.push(open);
            }
            ("ROLE", _) => {
                let role: CustomRole = read(&value, &here)?;
                let last = role.id.to_string().bytes().last().unwrap_or_default();
                let due = [("due", index::due(last % index::DUE_SHARDS))];
                same(Key::role(id, role.id), if role.reassignment.is_some() { &due } else { &[] })?;
                if let Some(incoming) = value["incoming"].as_i64().filter(|count| *count != 0) {
                    part.incoming.insert(role.id, incoming);
                }
                part.roles.insert(role.id, (role, read(&value, &here)?));
            }
            ("ROLENAMES", _) => {
                let path: OrgPath = read(&value["path"], &here)?;
                let indexed = [("tree", index::roles(&path)), ("path", index::path(&path))];
                same(Key::role_names(id), &indexed)?;
                for (name, role) in value.as_object().into_iter().flatten() {
                    if let Some(folded) = name.strip_prefix('=') {
                        part.names.insert(folded.to_owned(), read(role, &here)?);
                    }
                }
            }
            ("CUSTOMER", _) => {
                let link: CustomerLink = read(&value, &here)?;
                let customer = link.customer_id;
                same(Key::customer(id, customer), &[("identity", index::customer(customer))])?;
                part.customers.insert(customer, link);
            }
            ("COUNTS", _) => {
                let fields = value.as_object().into_iter().flatten();
                let count =
                    |(name, count): (&String, &Value)| Some((name.clone(), count.as_i64()?));
                let counters = fields.filter(|(name, _)| *name != "ttl");
                part.counts = counters.filter_map(count).collect();
                part.counts_closure = read(&value["closure"], &here)?;
            }
            ("DOMAIN", _) => {
                let approved: ApprovedDomain = read(&value, &here)?;
                let domain = &approved.value;
                let listed = [("identity", index::domain(domain.as_str()))];
                same(Key::approved_domain(id, domain), &listed)?;
                if domain.is_public() {
                    return Err(here("is a public mail domain"));
                }
                part.domains.push(approved);
            }
            ("REQUEST", _) => {
                let request: JoinRequest = read(&value, &here)?;
                let key = Key::join_request(id, PersonDigest::of(id, &request.user_id));
                let by = ("identity", index::requests_of(PersonId::of(&request.user_id)));
                let listed = [by, ("group", index::join_requests(id)), ("path", request.id.bare())];
                same(key, if request.is_pending() { &listed } else { &listed[..1] })?;
                if PersonDigest::of(id, &request.user_id) != request.id.digest() {
                    return Err(here("has the id of another person's request"));
                }
                part.requests.insert(request.user_id.clone(), request);
            }
            ("ALERT", _) => {
                let user: CriticalAlertUser = read(&value, &here)?;
                let known = index::known_address(PersonId::of_address(&user.value));
                let key = Key::critical_alert_user(id, AlertId::of(id, &user.value));
                same(key, &[("identity", known)])?;
                part.alerted.push(user);
            }
            _ => return Err(here("is an item of no known kind")),
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(value: &Value, here: &impl Fn(&str) -> String) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| here(&error.to_string()))
}

/// A tombstone has the version of a deleted entity, and is in no list. That of a member or of the slot of
/// an address also says what they were called (ORG5).
fn tombstone(item: &Value, here: &impl Fn(&str) -> String) -> Result<(), String> {
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    let sk = text("sk");
    let (may_have, known): (&[&str], _) = if sk.starts_with("EMAIL#") {
        let email = Email::parse(text("email")).ok();
        let known = email.map(|email| index::known_address(PersonId::of_address(&email)));
        // The time at which the last invitation was sent (ORG2), and until when the address cannot be
        // invited (INV14).
        (&["email", "identity", "sent_at", "declined_until"], known)
    } else if sk.starts_with("MEMBER#") {
        let known = text("user_id").parse().ok();
        let known = known.map(|user: UserId| index::known_person(PersonId::of(&user)));
        let email = Email::parse(text("email")).ok();
        let address = email.map(|email| index::known_address(PersonId::of_address(&email)));
        if item["tree"].as_str() != address.as_deref() {
            return Err(here("is not listed by the address of its person"));
        }
        let own: &[&str] = &[
            "user_id",
            "email",
            "name",
            "display_name",
            "identity",
            "tree",
            "email_org",
            "access_expires_at",
            "continued_as",
            "continues",
            "language",
        ];
        (own, known)
    } else {
        (&[], None)
    };
    if item["identity"].as_str() != known.as_deref() {
        return Err(here("is not listed by its person or address"));
    }
    let names = item.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let always = ["deleted", "erased", "pk", "sk", "schema", "ttl", "version"];
    let other = names.into_iter().find(|name| !always.contains(name) && !may_have.contains(name));
    match other {
        Some(name) => Err(here(&format!("a tombstone keeps `{name}`"))),
        None if item["ttl"].is_number() => Ok(()),
        None => Err(here("is kept forever")),
    }
}

fn differ<T: PartialEq + Debug>(found: &mut Vec<String>, what: &str, is: &T, should: &T) {
    if is != should {
        found.push(format!("{what}: is {is:?}, should be {should:?}"));
    }
}

impl OrganizationItems {
    fn super_admin(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else {
            return found.push("it has items, but no organization".to_owned());
        };
        let supers = self.members.values().filter(|member| member.role_id == RoleId::SUPER_ADMIN);
        let supers: Vec<_> = supers.map(|member| &member.user_id).collect();
        // Those of a deleted organization end one after the other.
        if org.is_deleted() {
            return;
        }
        // The organization names one at most.
        let named: Vec<_> = org.super_admin_user_id.iter().collect();
        differ(found, "the Super Admin", &supers, &named);
        let mut ends = self.members.values().filter(|member| member.access_expires_at.is_some());
        if ends.any(|member| member.role_id == RoleId::SUPER_ADMIN) {
            found.push("the access of its Super Admin ends".to_owned());
        }
        differ(found, "there is a Super Admin", &!supers.is_empty(), &!self.members.is_empty());
    }

    fn addresses(&self, found: &mut Vec<String>) {
        let digest = |member: &Member| {
            let email = member.email.as_ref()?;
            Some((AddressDigest::of(member.path.id(), email).to_string(), member.user_id.clone()))
        };
        // A service has no address.
        let wanted = self.members.values().filter_map(digest);
        differ(found, "locks on members' addresses", &self.locks, &wanted.clone().collect());
        let persons = self.members.values().filter(|member| member.service.is_none());
        differ(found, "addresses of members", &wanted.count(), &persons.count());
    }

    fn roles(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let table: BTreeMap<_, _> =
            self.roles.values().map(|(role, _)| (role.id, role.levels)).collect();
        differ(found, "the role table", &org.roles, &table);
        let names = self.roles.values().map(|(role, _)| (role.name.folded(), role.summary()));
        differ(found, "the names of roles", &self.names, &names.collect());
    }

    /// SA7
    fn ended(&self, found: &mut Vec<String>) {
        if !self.is_ended {
            return;
        }
        let open = self.requests.values().filter(|request| request.is_pending()).count();
        let left = [
            self.members.len(),
            self.pending.len(),
            self.roles.len(),
            self.customers.len(),
            self.domains.len(),
            self.alerted.len(),
            open,
        ];
        differ(found, "what is left of the deleted organization", &left, &[0; 7]);
    }

    fn counted(&self, orgs: &BTreeMap<OrgId, Self>, found: &mut Vec<String>) {
        let mut real = BTreeMap::<String, i64>::new();
        let others = orgs.values().filter_map(|part| part.org.as_ref());
        let mine = self.org.as_ref().map(Organization::id);
        let is_below = |org: &&Organization| !org.is_deleted() && org.path.parent() == mine;
        let below = others.filter(is_below).count();
        // Tables of earlier schemas do not count them.
        if self.counts.contains_key("sub_organizations") {
            real.insert("sub_organizations".to_owned(), i64::try_from(below).unwrap());
        }
        let mut held = BTreeMap::<CustomRoleId, [u64; 3]>::new();
        let active = self.members.values().map(|member| {
            let counted = if member.service.is_some() { "services" } else { "active" };
            (counted, member.role_id)
        });
        let offered = self.pending.iter().map(|invitation| ("pending", invitation.role_id));
        for (status, role) in active.chain(offered).filter(|&(_, role)| role != RoleId::SUPER_ADMIN)
        {
            *real.entry(status.to_owned()).or_default() += 1;
            match role.custom() {
                Some(id) => {
                    let statuses = ["active", "pending", "services"];
                    let nth = statuses.iter().position(|it| *it == status).unwrap();
                    held.entry(id).or_default()[nth] += 1;
                }
                None => *real.entry(format!("{status}_{role}")).or_default() += 1,
            }
        }
        let stored = self
            .roles
            .iter()
            .map(|(id, (_, users))| (*id, [users.persons, users.pending, users.services]));
        let stored = stored.filter(|(_, users)| *users != [0, 0, 0]).collect();
        differ(found, "the users of custom roles", &stored, &held);
        let open = self.requests.values().filter(|request| request.is_pending()).count();
        for (list, entries) in [
            ("approved_domains", self.domains.len()),
            ("critical_alert_users", self.alerted.len()),
            ("join_requests", open),
        ] {
            real.insert(list.to_owned(), i64::try_from(entries).unwrap());
        }
        let mut incoming = BTreeMap::new();
        let moves = self.roles.values().filter_map(|(role, _)| role.reassignment.as_ref());
        for target in moves.map(|reassignment| reassignment.to) {
            match target {
                RoleId::Custom(id) => *incoming.entry(id).or_default() += 1,
                RoleId::BuiltIn(BuiltIn::MdfAdmin | BuiltIn::PartnerUser) => {
                    *real.entry("moves_to_partner_roles".to_owned()).or_default() += 1;
                }
                RoleId::BuiltIn(_) => {}
            }
        }
        differ(found, "the roles that receive users", &self.incoming, &incoming);
        let nonzero = |mut counts: BTreeMap<String, i64>| {
            counts.retain(|_, count| *count != 0);
            counts
        };
        differ(found, "the counter item", &nonzero(self.counts.clone()), &nonzero(real));
    }

    /// SA7: members' writes check one of the two items.
    fn closed(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        differ(found, "the closure on the counter item", &self.counts_closure, &org.closure);
    }

    /// The events of one target, by version, form a chain: versions and ids increase, and each old
    /// value is the new value before (ORG5).
    fn chains(&self, found: &mut Vec<String>) {
        let aliases = Aliases::of(&self.events);
        let mut chains = BTreeMap::<_, Vec<&Event>>::new();
        for event in &self.events {
            let target = (event.target.kind, event.target.id.clone());
            chains.entry(target).or_default().push(event);
        }
        for ((kind, id), mut chain) in chains {
            chain.sort_by_key(|event| (event.target.version, event.id));
            for event in &chain {
                differ(found, "the time of an event", &event.at, &event.target.version.at());
            }
            for pair in chain.windows(2) {
                let [before, after] = pair else { continue };
                if before.id >= after.id {
                    found.push(format!("{kind:?} {id}: versions and ids disagree"));
                }
                for (field, new) in before.new.as_object().into_iter().flatten() {
                    let old = after.old.get(field).filter(|old| !old.is_object()).unwrap_or(new);
                    if field != "identity_provider_role" {
                        let (was, is) = (aliases.of_role(new), aliases.of_role(old));
                        differ(found, &format!("the old `{field}` of {kind:?} {id}"), &is, &was);
                    }
                }
            }
        }
    }

    /// PAR1: both organizations count a link, and have the right kind.
    fn customers(&self, orgs: &BTreeMap<OrgId, Self>, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let count = |count: usize| u32::try_from(count).unwrap();
        let partners = orgs.values().filter(|part| part.customers.contains_key(&org.id()));
        let active = self.customers.values().filter(|link| !link.suspended);
        let links = LinkCounts {
            customers: count(self.customers.len()),
            preferred: count(active.filter(|link| link.preferred).count()),
            suspended: count(self.customers.values().filter(|link| link.suspended).count()),
            partners: count(partners.count()),
        };
        differ(found, "its links", &org.links, &links);
        if links.customers > 0 && org.kind != Kind::Partner
            || links.partners > 0 && org.kind != Kind::Standard
        {
            found.push(format!("it has {links:?}, and is of kind {:?}", org.kind));
        }
    }

    fn pending_first_admin(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        // A deleted organization names the one that ends last, or none.
        if org.is_deleted() {
            return;
        }
        let vacant = org.super_admin_user_id.is_none();
        let first = self.pending.iter().filter(|open| vacant && open.inviter.is_none());
        let first: Vec<_> = first.map(|open| (open.id, open.expires_at)).collect();
        let named = org.pending_first_admin.iter();
        let named: Vec<_> = named.map(|named| (named.invitation, named.until)).collect();
        differ(found, "the invitation of the first Admin", &named, &first);
    }

    /// A member has no join request.
    fn requests(&self, found: &mut Vec<String>) {
        for user in self.requests.keys().filter(|user| self.members.contains_key(*user)) {
            found.push(format!("{user} is a member, and has a request to join"));
        }
    }

    /// Every event removes one state and adds another. The rest, in any order of concurrent events, must
    /// be what is stored.
    fn replay(&self, orgs: &BTreeMap<OrgId, Self>, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let aliases = Aliases::of(&self.events);
        let mut left = Replayed { aliases: aliases.clone(), ..Replayed::default() };
        for event in &self.events {
            left.apply(event);
        }
        let mut stored = Replayed { aliases, ..Replayed::default() };
        for member in self.members.values() {
            let role = stored.aliases.of_role(&json!(member.role_id));
            stored.put("role", &member.id().to_string(), &role);
            if member.display_name.is_some() {
                stored.put("display name", &member.id().to_string(), &json!(true));
            }
            if let Some(service) = member.service {
                stored.put("keeper", &member.id().to_string(), &json!(service.keeper));
            }
            if let Some(end) = member.access_expires_at {
                stored.put("access end", &member.id().to_string(), &json!(end));
            }
        }
        if let Some(user) = org.super_admin_user_id.as_ref().filter(|_| !org.is_deleted()) {
            stored.put("super admin", "", &json!(MemberId::of(org.id(), user)));
        }
        for open in &self.pending {
            let id = open.id.to_string();
            let role = stored.aliases.of_role(&json!(open.role_id));
            stored.put("invitation", &id, &role);
            stored.put("expiry", &id, &json!(open.expires_at));
        }
        for (role, _) in self.roles.values() {
            let levels = role
                .levels
                .iter()
                .map(|(object, level): (RoleObject, _)| (object.key().to_owned(), json!(level)));
            let shown = json!({
                "name": role.name,
                "description": role.description,
                "permissions": levels.collect::<serde_json::Map<_, _>>(),
                "reassign_to": role.reassignment.as_ref().map(|begun| begun.to),
            });
            stored.role(&role.id.to_string(), &shown, 1);
        }
        stored.put("name", "", &json!(org.name));
        stored.put("language", "", &json!(org.language));
        let Profile { website, address, contact } = &self.profile;
        for (field, text) in [("website", website), ("address", address), ("contact", contact)] {
            if !text.is_empty() && !org.is_deleted() {
                stored.put(field, "", &json!(text));
            }
        }
        let settings = [org.settings.manage_sub_organizations, org.settings.mdf_program];
        stored.put("settings", "", &json!([org.kind, settings[0], settings[1]]));
        for link in self.customers.values() {
            let state = json!([link.preferred, link.suspended]);
            stored.put("customer", &link.customer_id.to_string(), &state);
        }
        for (id, other) in orgs {
            if let Some(link) = other.customers.get(&org.id()) {
                stored.put("partner", &id.to_string(), &json!([link.preferred, link.suspended]));
            }
            let path = other.org.as_ref().filter(|other| !other.is_deleted());
            let path = path.map(|other| &other.path);
            if path.and_then(OrgPath::parent) == Some(org.id()) {
                stored.put("below", &id.to_string(), &Value::Null);
            }
        }
        stored.put("security", "", &json!(org.security));
        if !org.is_deleted() {
            stored.put("suspended", "", &json!(org.suspension().is_some()));
        }
        for approved in &self.domains {
            stored.put("domain", approved.value.as_str(), &Value::Null);
        }
        for request in self.requests.values() {
            let member = MemberId::of(org.id(), &request.user_id).to_string();
            stored.put("request", &member, &json!(request.status));
        }
        for user in &self.alerted {
            let id = AlertId::of(org.id(), &user.value).to_string();
            stored.put("alerted", &id, &Value::Null);
        }
        for (invitation, times) in left.accepted.iter().filter(|(_, times)| **times > 1) {
            found.push(format!("{invitation} was accepted {times} times"));
        }
        // The event of an acceptance does not repeat the invitation.
        left.facts.retain(|(kind, of, _), count| {
            let ends_silently = matches!(*kind, "website" | "address" | "contact" | "suspended");
            *count != 0
                && !(ends_silently && org.is_deleted())
                && !(matches!(*kind, "invitation" | "expiry") && left.accepted.contains_key(of))
        });
        let facts: BTreeSet<_> = left.facts.keys().chain(stored.facts.keys()).collect();
        for fact in facts {
            let (shown, is) = (left.facts.get(fact), stored.facts.get(fact));
            differ(found, &format!("{fact:?} by its events"), &shown, &is);
        }
    }
}

/// Roles whose users move to another role. One event of the role records it, and no events of the users.
/// Both roles count as one.
#[derive(Clone, Debug, Default)]
struct Aliases(BTreeMap<String, String>);

impl Aliases {
    fn of(events: &[Event]) -> Self {
        let begun = events.iter().filter_map(|event| {
            let to = event.new["reassign_to"].as_str()?;
            Some((event.target.id.clone(), to.to_owned()))
        });
        Self(begun.collect())
    }

    fn of_role(&self, role: &Value) -> Value {
        let mut role = role.clone();
        while let Some(to) = role.as_str().and_then(|role| self.0.get(role)) {
            role = json!(to);
        }
        role
    }
}

/// The rest of all events: the number of each fact (kind, id, state), and how often each invitation was
/// accepted.
#[derive(Debug, Default)]
struct Replayed {
    facts: BTreeMap<(&'static str, String, String), i64>,
    accepted: BTreeMap<String, u32>,
    aliases: Aliases,
}

impl Replayed {
    fn add(&mut self, kind: &'static str, of: &str, state: &Value, by: i64) {
        *self.facts.entry((kind, of.to_owned(), state.to_string())).or_default() += by;
    }

    fn put(&mut self, kind: &'static str, of: &str, state: &Value) {
        self.add(kind, of, state, 1);
    }

    fn take(&mut self, kind: &'static str, of: &str, state: &Value) {
        self.add(kind, of, state, -1);
    }

    fn change(&mut self, kind: &'static str, of: &str, old: &Value, new: &Value) {
        self.take(kind, of, old);
        self.put(kind, of, new);
    }

    /// A role and each of its levels: an edit shows only those that it changed.
    fn role(&mut self, id: &str, shown: &Value, by: i64) {
        if shown["reassign_to"].is_string() {
            self.add("reassigned", id, &shown["reassign_to"], by);
        }
        if shown["name"].is_string() {
            let text = json!([shown["name"], shown["description"]]);
            self.add("custom role", id, &text, by);
            for (object, level) in shown["permissions"].as_object().into_iter().flatten() {
                self.add("level", &format!("{id} {object}"), level, by);
            }
        }
    }

    /// The end of the access of a member, if the event shows it (END1).
    fn change_end(&mut self, member: &str, old: &Value, new: &Value) {
        for (value, by) in [(&old["access_expires_at"], -1), (&new["access_expires_at"], 1)] {
            if value.is_string() {
                self.add("access end", member, value, by);
            }
        }
    }

    /// The keeper of a service, if the event shows them (MACH1).
    fn change_keeper(&mut self, member: &str, old: &Value, new: &Value) {
        for (value, by) in [(&old["keeper_id"], -1), (&new["keeper_id"], 1)] {
            if value.is_string() {
                self.add("keeper", member, value, by);
            }
        }
    }

    /// The display name of a member, if the event shows it.
    fn rename(&mut self, member: &str, old: &Value, new: &Value) {
        for (value, by) in [(&old["has_display_name"], -1), (&new["has_display_name"], 1)] {
            if value == true {
                self.add("display name", member, value, by);
            }
        }
    }

    fn apply(&mut self, event: &Event) {
        use EventAction as E;
        let Event { old, new, .. } = event;
        let target = event.target.id.as_str();
        let aliases = self.aliases.clone();
        let role = |value: &Value| aliases.of_role(&value["role_id"]);
        let member = |id: &Value| id.as_str().unwrap_or_default().to_owned();
        let user = |value: &Value| member(&value["member_id"]);
        match event.action {
            E::OrganizationCreated => {
                self.put("name", "", &new["name"]);
                self.put("language", "", &json!("en"));
                self.put("settings", "", &json!([new["kind"], false, false]));
                self.put("security", "", &json!(Security::default()));
                self.put("suspended", "", &json!(false));
                let super_admin = &new["super_admin_id"];
                if super_admin.is_string() {
                    self.put("role", &member(super_admin), &json!("super_admin"));
                    self.put("super admin", "", super_admin);
                }
            }
            E::OrganizationUpdated => {
                for field in ["name", "language", "website", "address", "contact"] {
                    for (value, by) in [(&old[field], -1), (&new[field], 1)] {
                        if value.as_str().is_some_and(|text| !text.is_empty()) {
                            self.add(field, "", value, by);
                        }
                    }
                }
            }
            E::OrganizationDeleted => {
                if old["super_admin_id"].is_string() {
                    self.take("super admin", "", &old["super_admin_id"]);
                }
            }
            E::SubOrganizationCreated => self.put("below", target, &Value::Null),
            E::SubOrganizationDeleted => self.take("below", target, &Value::Null),
            E::InvitationCreated => {
                self.put("invitation", target, &role(new));
                self.put("expiry", target, &new["expires_at"]);
            }
            E::InvitationUpdated => {
                self.change("invitation", target, &role(old), &role(new));
                self.change("expiry", target, &old["expires_at"], &new["expires_at"]);
            }
            E::InvitationResent => {
                self.change("expiry", target, &old["expires_at"], &new["expires_at"]);
            }
            E::InvitationAccepted => {
                *self.accepted.entry(target.to_owned()).or_default() += 1;
                self.put("role", &user(new), &role(new));
                self.change_end(&user(new), &Value::Null, new);
                if old["join_request"].is_string() {
                    self.take("request", &user(new), &old["join_request"]);
                }
            }
            E::MemberAdded => {
                self.put("role", target, &role(new));
                self.change_end(target, &Value::Null, new);
                self.change_keeper(target, &Value::Null, new);
                if old["join_request"].is_string() {
                    self.take("request", target, &old["join_request"]);
                }
            }
            E::SecurityUpdated => self.change("security", "", old, new),
            E::ApprovedDomainAdded => self.put("domain", target, &Value::Null),
            E::ApprovedDomainRemoved => self.take("domain", target, &Value::Null),
            E::CriticalAlertUserAdded => self.put("alerted", target, &Value::Null),
            E::CriticalAlertUserRemoved => self.take("alerted", target, &Value::Null),
            E::JoinRequestCreated => {
                // It replaces a declined request of the same person, if there is one.
                let declined = ("request", user(new), json!("declined").to_string());
                if self.facts.get(&declined).is_some_and(|count| *count > 0) {
                    self.take("request", &user(new), &json!("declined"));
                }
                self.put("request", &user(new), &json!("pending"));
            }
            E::JoinRequestCancelled | E::JoinRequestApproved => {
                self.take("request", &user(old), &json!("pending"));
            }
            E::JoinRequestDeclined => {
                self.change("request", &user(old), &json!("pending"), &json!("declined"));
            }
            E::InvitationDeclined | E::InvitationRevoked | E::InvitationExpired => {
                self.take("invitation", target, &role(old));
                self.take("expiry", target, &old["expires_at"]);
            }
            E::MemberUpdated => {
                self.rename(target, old, new);
                self.change_end(target, old, new);
                self.change_keeper(target, old, new);
            }
            E::MemberRoleChanged => {
                self.change("role", target, &role(old), &role(new));
                self.rename(target, old, new);
                self.change_end(target, old, new);
                self.change_keeper(target, old, new);
            }
            E::MemberReconnected if new["super_admin_id"].is_string() => {
                self.change("super admin", "", &old["super_admin_id"], &new["super_admin_id"]);
            }
            E::MemberReconnected if old["member_id"] == target => {
                self.take("role", target, &role(old));
                self.rename(target, old, &Value::Null);
                self.change_end(target, old, &Value::Null);
            }
            E::MemberReconnected => {
                self.put("role", target, &role(new));
                self.rename(target, &Value::Null, new);
                self.change_end(target, &Value::Null, new);
                if old["join_request"].is_string() {
                    self.take("request", target, &old["join_request"]);
                }
            }
            E::MemberRemoved | E::MemberLeft | E::MemberExpired => {
                self.change_end(target, old, &Value::Null);
                self.change_keeper(target, old, &Value::Null);
                self.take("role", target, &role(old));
                self.rename(target, old, new);
            }
            E::MembersExported => {}
            E::PersonErased => {
                if old["join_request"].is_string() {
                    self.take("request", target, &old["join_request"]);
                }
            }
            E::RoleCreated | E::RoleUpdated => {
                self.role(target, old, -1);
                self.role(target, new, 1);
            }
            E::RoleDeleted => {
                self.role(target, old, -1);
                // Its users have the other role now, whether it was marked before or not.
                self.facts.retain(|(kind, of, _), _| *kind != "reassigned" || of != target);
            }
            E::SuperAdminAssigned => {
                self.put("super admin", "", &new["super_admin_id"]);
                if new["role_id"].is_string() {
                    self.put("role", &member(&new["super_admin_id"]), &role(new));
                }
            }
            E::SuperAdminTransferred => {
                let (was, is) = (&old["super_admin_id"], &new["super_admin_id"]);
                self.change("super admin", "", was, is);
                // The access of a Super Admin does not end.
                self.facts.retain(|(kind, of, _), _| *kind != "access end" || *of != member(is));
                self.change("role", &member(was), &json!("super_admin"), &json!("admin"));
                self.change("role", &member(is), &json!("admin"), &json!("super_admin"));
            }
            E::SuperAdminAppointed => {
                let (was, is) = (&old["super_admin_id"], &new["super_admin_id"]);
                let held = aliases.of_role(&old["successor_role_id"]);
                self.change("super admin", "", was, is);
                self.facts.retain(|(kind, of, _), _| *kind != "access end" || *of != member(is));
                self.change("role", &member(is), &held, &json!("super_admin"));
                // `member.removed` follows if the former one is removed.
                if new["former"] == "admin" {
                    self.change("role", &member(was), &json!("super_admin"), &json!("admin"));
                }
            }
            E::CustomerLinkAdded
            | E::CustomerLinkUpdated
            | E::CustomerLinkSuspended
            | E::CustomerLinkResumed
            | E::CustomerLinkRemoved => {
                for (value, by) in [(old, -1), (new, 1)] {
                    let here = event.organization_id.to_string();
                    let kind = if value["partner_id"] == here { "customer" } else { "partner" };
                    if value["preferred"].is_boolean() {
                        self.add(
                            kind,
                            target,
                            &json!([value["preferred"], value["suspended"]]),
                            by,
                        );
                    }
                }
            }
            E::OrganizationSuspended | E::OrganizationResumed => {
                self.change("suspended", "", &old["suspended"], &new["suspended"]);
            }
            E::SettingsUpdated => {
                let state = |value: &Value| {
                    json!([value["kind"], value["manage_sub_organizations"], value["mdf_program"]])
                };
                self.change("settings", "", &state(old), &state(new));
            }
        }
    }
}
