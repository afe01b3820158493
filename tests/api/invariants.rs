//! What must hold of the whole table, always (`security.md`): read item by item, told in sentences.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Debug,
};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::{
    domain::{
        AddressDigest, ApprovedDomain, CriticalAlertUser, CustomRole, CustomRoleId, CustomerLink,
        Event, EventAction, HEADCOUNT_PARTS, Invitation, JoinRequest, Kind, Links, Member, OrgId,
        OrgPath, Organization, PersonDigest, Profile, RoleId, RoleObject, Security, UserId, Users,
        fold,
    },
    store::{Key, Status, keys},
};

use crate::world::World;

pub type Item = HashMap<String, AttributeValue>;

/// The keys of the table and of its indexes.
const INDEXED: [&str; 9] =
    ["pk", "sk", "tree", "group", "place", "since", "prefix", "identity", "due"];

/// A value's attributes, by name.
type Listed = BTreeMap<String, String>;

/// Insists that every organization in the table is sound.
pub async fn check(world: &World) {
    let broken = inspect(&scan(world).await);
    assert!(broken.is_empty(), "invariants are broken:\n  {}", broken.join("\n  "));
}

/// All items of the table.
pub async fn scan(world: &World) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let page = world.client.scan().table_name(&world.table).consistent_read(true);
        let page = page.set_exclusive_start_key(start).send().await.unwrap();
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

/// What is wrong with these items: which organization, and what.
pub fn inspect(items: &[Item]) -> Vec<String> {
    let Table { orgs, mut broken } = Table::read(items);
    let mut ids = BTreeSet::new();
    for (id, part) in &orgs {
        let mut found = Vec::new();
        part.super_admin(&mut found);
        part.places(&mut found);
        part.roles(&mut found);
        part.headcount(&mut found);
        part.awaited(&mut found);
        part.customers(&orgs, &mut found);
        part.requests(&mut found);
        part.tallies(&mut found);
        part.replay(&orgs, &mut found);
        for event in &part.events {
            if !ids.insert(event.id) {
                found.push(format!("the event id {} is used twice", event.id));
            }
        }
        broken.extend(found.into_iter().map(|what| format!("{id}: {what}")));
    }
    broken
}

/// The table, sorted out.
#[derive(Debug, Default)]
pub struct Table {
    pub orgs: BTreeMap<OrgId, Part>,
    broken: Vec<String>,
}

/// All that one organization has.
#[derive(Debug, Default)]
pub struct Part {
    pub org: Option<Organization>,
    pub profile: Profile,
    pub members: BTreeMap<UserId, Member>,
    pub pending: Vec<Invitation>,
    /// Whose is the lock at this place.
    locks: BTreeMap<String, UserId>,
    pub roles: BTreeMap<CustomRoleId, (CustomRole, Users)>,
    names: BTreeMap<String, (CustomRoleId, Listed)>,
    descriptions: BTreeMap<CustomRoleId, Listed>,
    counts: BTreeMap<u8, BTreeMap<String, i64>>,
    pub customers: BTreeMap<OrgId, CustomerLink>,
    pub domains: Vec<ApprovedDomain>,
    pub requests: BTreeMap<UserId, JoinRequest>,
    pub alerted: Vec<CriticalAlertUser>,
    tallies: BTreeMap<String, i64>,
    pub events: Vec<Event>,
}

impl Table {
    pub fn read(items: &[Item]) -> Self {
        let mut table = Self::default();
        for item in items {
            if let Err(what) = table.take(item) {
                table.broken.push(what);
            }
        }
        for part in table.orgs.values_mut() {
            part.events.sort_by_key(|event| event.id);
        }
        table
    }

    fn take(&mut self, item: &Item) -> Result<(), String> {
        let value: Value =
            serde_dynamo::from_item(item.clone()).map_err(|error| error.to_string())?;
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let (pk, sk) = (text("pk"), text("sk"));
        let here = |what: &str| format!("{pk} | {sk}: {what}");
        if pk.starts_with("ONCE#") || pk.starts_with("TOLD#") {
            return if value["ttl"].is_number() { Ok(()) } else { Err(here("is kept for ever")) };
        }
        let (kind, bare) = pk.split_once('#').ok_or_else(|| here("is no key of ours"))?;
        let id = OrgId::from_bare(bare).map_err(|error| here(&error.to_string()))?;
        let part = self.orgs.entry(id).or_default();
        let same = |key: Key, indexed: &[(&str, String)]| {
            let mut wanted = vec![("pk", key.pk), ("sk", key.sk)];
            wanted.extend(indexed.iter().cloned());
            for name in INDEXED.into_iter().chain(keys::BRANCHES) {
                let wanted = wanted.iter().find(|(wanted, _)| *wanted == name);
                let wanted = wanted.map(|(_, text)| text.as_str());
                if value[name].as_str() != wanted {
                    return Err(here(&format!("`{name}` is {}, not {wanted:?}", value[name])));
                }
            }
            Ok(())
        };
        if kind == "EVENTS" {
            let event: Event = read(&value, &here)?;
            same(Key::event(id, event.id), &[])?;
            if event.organization_id != id || event.kept_until <= event.at {
                return Err(here("an event of another organization, or kept for ever"));
            }
            part.events.push(event);
            return Ok(());
        }
        match sk.split_once('#').unwrap_or((&sk, "")) {
            ("ORG", _) => {
                let org: Organization = read(&value, &here)?;
                same(
                    Key::organization(id),
                    &[
                        ("tree", keys::tree_of_organizations(&org.path)),
                        ("group", keys::children(org.path.parent())),
                        ("place", org.path.to_string()),
                    ],
                )?;
                part.org = Some(org);
            }
            ("PROFILE", _) => part.profile = read(&value, &here)?,
            ("MEMBER", _) => {
                let member: Member = read(&value, &here)?;
                let (path, role) = (&member.path, member.role_id);
                let branch = |top| keys::branch(top, role.built_in(), Status::Active);
                same(
                    Key::member(id, &member.user_id),
                    &[
                        ("tree", keys::tree(path, Status::Active)),
                        ("group", keys::holders(path, role, Status::Active)),
                        ("place", keys::place(path, &member.email)),
                        (
                            "since",
                            keys::since(
                                path,
                                member.joined_at,
                                AddressDigest::of(id, &member.email),
                            ),
                        ),
                        ("prefix", keys::by_address(&member.email, path.id())),
                        ("identity", keys::user(&member.user_id)),
                    ]
                    .into_iter()
                    .chain(in_branches(path, branch))
                    .collect::<Vec<_>>(),
                )?;
                if path.id() != id {
                    return Err(here("a member of another organization"));
                }
                part.members.insert(member.user_id.clone(), member);
            }
            ("EMAIL", place) if value["status"] == "taken" => {
                same(Key { pk: pk.clone(), sk: sk.clone() }, &[])?;
                part.locks.insert(place.to_owned(), UserId::new(text("user_id")));
            }
            ("EMAIL", _) => {
                let open: Invitation = read(&value, &here)?;
                let (path, role) = (&open.path, open.role_id);
                let branch = |top| keys::branch(top, role.built_in(), Status::Pending);
                same(
                    Key::place(id, AddressDigest::of(id, &open.email)),
                    &[
                        ("tree", keys::tree(path, Status::Pending)),
                        ("group", keys::holders(path, role, Status::Pending)),
                        ("place", keys::place(path, &open.email)),
                        ("since", keys::since(path, open.created_at, open.id.digest())),
                        ("prefix", keys::by_address(&open.email, path.id())),
                        ("identity", keys::address(&open.email)),
                        ("due", keys::due(open.id.digest().part(keys::DUE_PARTS))),
                    ]
                    .into_iter()
                    .chain(in_branches(path, branch))
                    .collect::<Vec<_>>(),
                )?;
                if value["status"] != "pending" || path.id() != id {
                    return Err(here("neither pending nor taken, or of another organization"));
                }
                part.pending.push(open);
            }
            ("ROLE", _) => {
                let role: CustomRole = read(&value, &here)?;
                same(Key::role(id, role.id), &[])?;
                part.roles.insert(role.id, (role, read(&value, &here)?));
            }
            ("ROLENAME", folded) => {
                let role = read(&value["role_id"], &here)?;
                part.names.insert(folded.to_owned(), (role, listed(&value)));
            }
            ("ROLEABOUT", _) => {
                let role = read(&value["role_id"], &here)?;
                part.descriptions.insert(role, listed(&value));
            }
            ("CUSTOMER", _) => {
                let link: CustomerLink = read(&value, &here)?;
                let customer = link.customer_id;
                same(Key::customer(id, customer), &[("identity", keys::customer(customer))])?;
                if link.partner_id != id {
                    return Err(here("another partner's customer"));
                }
                part.customers.insert(customer, link);
            }
            ("HEADCOUNT", nth) => {
                let nth = nth.parse::<u8>().ok().filter(|nth| *nth < HEADCOUNT_PARTS);
                let nth = nth.ok_or_else(|| here("no part of the headcount"))?;
                let fields = value.as_object().into_iter().flatten();
                let counts =
                    fields.filter_map(|(name, count)| Some((name.clone(), count.as_i64()?)));
                part.counts.insert(nth, counts.collect());
            }
            ("DOMAIN", _) => {
                let approved: ApprovedDomain = read(&value, &here)?;
                let domain = &approved.domain;
                let listed = [("identity", keys::mail_domain(domain))];
                same(Key::approved_domain(id, domain), &listed)?;
                if approved.organization_id != id || domain.is_public() {
                    return Err(here("a domain of another organization, or everybody's"));
                }
                part.domains.push(approved);
            }
            ("REQUEST", _) => {
                let request: JoinRequest = read(&value, &here)?;
                let key = Key::join_request(id, PersonDigest::of(id, &request.user_id));
                let listed = [("group", keys::join_requests(id)), ("place", request.id.bare())];
                same(key, if request.is_pending() { &listed } else { &[] })?;
                let own = PersonDigest::of(id, &request.user_id) == request.id.digest();
                if request.organization_id != id || !own {
                    return Err(here("a request of another organization or person"));
                }
                part.requests.insert(request.user_id.clone(), request);
            }
            ("ALERT", _) => {
                let user: CriticalAlertUser = read(&value, &here)?;
                same(Key::critical_alert_user(id, &user.email), &[])?;
                part.alerted.push(user);
            }
            ("TALLY", what) => {
                part.tallies.insert(what.to_owned(), value["count"].as_i64().unwrap_or_default());
            }
            _ => return Err(here("nobody knows what this is")),
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(value: &Value, here: &impl Fn(&str) -> String) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| here(&error.to_string()))
}

/// In which branches of a tree something is listed, and how.
fn in_branches(
    path: &OrgPath,
    hash: impl Fn(OrgId) -> String,
) -> impl Iterator<Item = (&'static str, String)> {
    keys::branches(path).map(move |(index, top)| (index, hash(top)))
}

/// All that an item says, but which role it is about, and where.
fn listed(value: &Value) -> Listed {
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !["pk", "sk", "role_id"].contains(&name.as_str()));
    fields.map(|(name, text)| (name.clone(), text.as_str().unwrap_or("no text").into())).collect()
}

fn differ<T: PartialEq + Debug>(found: &mut Vec<String>, what: &str, is: &T, should: &T) {
    if is != should {
        found.push(format!("{what}: is {is:?}, should be {should:?}"));
    }
}

impl Part {
    fn super_admin(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else {
            return found.push("it has items, but is not there itself".to_owned());
        };
        let supers = self.members.values().filter(|member| member.role_id == RoleId::SUPER_ADMIN);
        let supers: Vec<_> = supers.map(|member| &member.user_id).collect();
        let named: Vec<_> = org.super_admin_user_id.iter().collect();
        differ(found, "who holds Super Admin, and who is named", &supers, &named);
        differ(found, "there is a Super Admin", &!supers.is_empty(), &!self.members.is_empty());
        if supers.len() > 1 {
            found.push(format!("more than one Super Admin: {supers:?}"));
        }
    }

    fn places(&self, found: &mut Vec<String>) {
        let digest =
            |member: &Member| AddressDigest::of(member.path.id(), &member.email).to_string();
        let wanted = self.members.values().map(|member| (digest(member), member.user_id.clone()));
        differ(found, "locks on members' addresses", &self.locks, &wanted.clone().collect());
        differ(found, "addresses of members", &wanted.count(), &self.members.len());
    }

    fn roles(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let table: BTreeMap<_, _> =
            self.roles.values().map(|(role, _)| (role.id, role.levels)).collect();
        differ(found, "the role table", &org.roles, &table);
        let texts = |listed: Vec<(&str, String)>| -> Listed {
            listed.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
        };
        let (mut names, mut descriptions) = (BTreeMap::new(), BTreeMap::new());
        for (role, _) in self.roles.values() {
            let (name, about) = (role.name.folded(), fold(&role.description));
            let mut listed = vec![
                ("tree", keys::tree_of_roles(&org.path)),
                ("place", keys::place_of_role(&org.path, &name, role.id)),
                ("prefix", keys::by_name(&name, role.id)),
                ("identity", keys::name_of(role.id)),
                ("name", name.clone()),
                ("about", about.clone()),
            ];
            listed.extend(in_branches(&org.path, keys::branch_of_roles));
            names.insert(name.clone(), (role.id, texts(listed)));
            if !about.is_empty() {
                let mut listed = vec![
                    ("tree", keys::tree_of_descriptions(&org.path)),
                    ("prefix", keys::by_name(&about, role.id)),
                    ("name", name),
                    ("about", about),
                ];
                listed.extend(in_branches(&org.path, keys::branch_of_descriptions));
                descriptions.insert(role.id, texts(listed));
            }
        }
        differ(found, "locks on role names", &self.names, &names);
        differ(found, "what is listed of descriptions", &self.descriptions, &descriptions);
        let mut held: BTreeMap<CustomRoleId, Users> = BTreeMap::new();
        for member in self.members.values() {
            if let RoleId::Custom(id) = member.role_id {
                held.entry(id).or_default().active += 1;
            }
        }
        for open in &self.pending {
            if let RoleId::Custom(id) = open.role_id {
                held.entry(id).or_default().pending += 1;
            }
        }
        for id in held.keys().filter(|id| !self.roles.contains_key(id)) {
            found.push(format!("{id} is held or offered, and does not exist"));
        }
        for (id, (_, users)) in &self.roles {
            let real = held.get(id).copied().unwrap_or_default();
            differ(found, &format!("counters of {id}"), users, &real);
        }
    }

    fn headcount(&self, found: &mut Vec<String>) {
        let mut sum = BTreeMap::<String, i64>::new();
        let mut pending = BTreeMap::<u8, i64>::new();
        for (nth, counts) in &self.counts {
            for (name, count) in counts {
                if *count < 0 {
                    found.push(format!("part {nth} of the headcount: {name} is {count}"));
                }
                *sum.entry(name.clone()).or_default() += count;
            }
            pending.insert(*nth, counts.get("pending").copied().unwrap_or_default());
        }
        let mut real = BTreeMap::<String, i64>::new();
        let mut open = BTreeMap::<u8, i64>::new();
        let active = self.members.values().map(|member| ("active", member.role_id));
        let offered = self.pending.iter().map(|invitation| ("pending", invitation.role_id));
        for (status, role) in active.chain(offered).filter(|&(_, role)| role != RoleId::SUPER_ADMIN)
        {
            *real.entry(status.to_owned()).or_default() += 1;
            if role.custom().is_none() {
                *real.entry(format!("{status}_{role}")).or_default() += 1;
            }
        }
        for invitation in &self.pending {
            *open.entry(invitation.part).or_default() += 1;
        }
        sum.retain(|_, count| *count != 0);
        pending.retain(|_, count| *count != 0);
        differ(found, "the headcount", &sum, &real);
        differ(found, "pending by part of the headcount", &pending, &open);
    }

    /// PAR1: whoever is linked counts it, and is of the right kind.
    fn customers(&self, orgs: &BTreeMap<OrgId, Self>, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let count = |count: usize| u32::try_from(count).unwrap();
        let partners = orgs.values().filter(|part| part.customers.contains_key(&org.id()));
        let links = Links {
            customers: count(self.customers.len()),
            preferred: count(self.customers.values().filter(|link| link.preferred).count()),
            partners: count(partners.count()),
        };
        differ(found, "its links", &org.links, &links);
        if links.customers > 0 && org.kind != Kind::Partner
            || links.partners > 0 && org.kind != Kind::Standard
        {
            found.push(format!("it is linked, {links:?}, and is {:?}", org.kind));
        }
    }

    fn awaited(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let vacant = org.super_admin_user_id.is_none();
        let first = self.pending.iter().filter(|open| vacant && open.backer.is_none());
        let first: Vec<_> = first.map(|open| (open.id, open.expires_at)).collect();
        let awaits: Vec<_> =
            org.awaits.iter().map(|awaited| (awaited.invitation, awaited.until)).collect();
        differ(found, "whom it waits for", &awaits, &first);
    }

    /// Nobody asks for what they have.
    fn requests(&self, found: &mut Vec<String>) {
        for user in self.requests.keys().filter(|user| self.members.contains_key(*user)) {
            found.push(format!("{user} is a member, and has a request to join"));
        }
    }

    fn tallies(&self, found: &mut Vec<String>) {
        let open = self.requests.values().filter(|request| request.is_pending()).count();
        let real = [
            ("approved_domains", self.domains.len()),
            ("critical_alert_users", self.alerted.len()),
            ("join_requests", open),
        ];
        let real = real.map(|(what, count)| (what.to_owned(), i64::try_from(count).unwrap()));
        let mut counted = self.tallies.clone();
        counted.retain(|_, count| *count != 0);
        let real = real.into_iter().filter(|(_, count)| *count != 0).collect();
        differ(found, "what is bounded", &counted, &real);
    }

    /// Every event takes one state away and gives another. Whatever the order in which those who
    /// raced were recorded, what is left over is what must be stored.
    fn replay(&self, orgs: &BTreeMap<OrgId, Self>, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let mut left = Left::default();
        for event in &self.events {
            left.apply(event);
        }
        let mut stored = Left::default();
        for member in self.members.values() {
            stored.put("role", member.user_id.as_str(), &json!(member.role_id));
        }
        if let Some(user) = &org.super_admin_user_id {
            stored.put("super admin", "", &json!(user));
        }
        for open in &self.pending {
            let id = open.id.to_string();
            stored.put("invitation", &id, &json!([open.email, open.role_id]));
            stored.put("expiry", &id, &json!(open.expires_at));
        }
        for (role, _) in self.roles.values() {
            let levels = role
                .levels
                .iter()
                .map(|(object, level): (RoleObject, _)| (object.key().to_owned(), json!(level)));
            let told = json!({
                "name": role.name,
                "description": role.description,
                "permissions": levels.collect::<serde_json::Map<_, _>>(),
                "retiring_to": role.retiring,
            });
            stored.role(&role.id.to_string(), &told, 1);
        }
        stored.put("name", "", &json!(org.name));
        let Profile { website, address, contact } = &self.profile;
        for (field, text) in [("website", website), ("address", address), ("contact", contact)] {
            if !text.is_empty() {
                stored.put(field, "", &json!(text));
            }
        }
        stored.put(
            "settings",
            "",
            &json!([org.kind, org.settings.manage_sub_organizations, org.settings.mdf_program,]),
        );
        for link in self.customers.values() {
            stored.put("customer", &link.customer_id.to_string(), &json!(link.preferred));
        }
        for (id, partner) in orgs {
            if let Some(link) = partner.customers.get(&org.id()) {
                stored.put("partner", &id.to_string(), &json!(link.preferred));
            }
        }
        for (id, below) in orgs {
            let path = below.org.as_ref().map(|below| &below.path);
            if path.and_then(shared::domain::OrgPath::parent) == Some(org.id()) {
                stored.put("below", &id.to_string(), &Value::Null);
            }
        }
        stored.put("security", "", &json!(org.security));
        for approved in &self.domains {
            stored.put("domain", approved.domain.as_str(), &Value::Null);
        }
        for request in self.requests.values() {
            stored.put("request", request.user_id.as_str(), &json!(request.status));
        }
        for user in &self.alerted {
            stored.put("alerted", user.email.as_str(), &Value::Null);
        }
        for (invitation, times) in left.1.iter().filter(|(_, times)| **times > 1) {
            found.push(format!("{invitation} was accepted {times} times"));
        }
        // The event of an acceptance does not tell what was offered: whatever is left of it goes.
        left.0.retain(|(kind, of, _), count| {
            *count != 0 && !(matches!(*kind, "invitation" | "expiry") && left.1.contains_key(of))
        });
        for (what, count) in &left.0 {
            if !stored.0.contains_key(what) {
                found.push(format!("its events end in {what:?} ({count}), which is not stored"));
            }
        }
        for (what, count) in &stored.0 {
            let told = left.0.get(what).copied().unwrap_or_default();
            if told != *count {
                found.push(format!("{what:?} is stored, but by its events {told} times"));
            }
        }
    }
}

/// What events leave over: kind of fact, of what, and its state, each so many times; and how often
/// each invitation was accepted.
#[derive(Debug, Default)]
struct Left(BTreeMap<(&'static str, String, String), i64>, BTreeMap<String, u32>);

impl Left {
    fn put(&mut self, kind: &'static str, of: &str, state: &Value) {
        *self.0.entry((kind, of.to_owned(), state.to_string())).or_default() += 1;
    }

    fn take(&mut self, kind: &'static str, of: &str, state: &Value) {
        *self.0.entry((kind, of.to_owned(), state.to_string())).or_default() -= 1;
    }

    /// A role, and each of its levels apart: an edit tells only of those that it changed.
    fn role(&mut self, id: &str, told: &Value, by: i64) {
        if told.is_null() {
            return;
        }
        let said = json!([told["name"], told["description"]]).to_string();
        *self.0.entry(("custom role", id.to_owned(), said)).or_default() += by;
        if told["retiring_to"].is_string() {
            let to = told["retiring_to"].to_string();
            *self.0.entry(("retiring", id.to_owned(), to)).or_default() += by;
        }
        for (object, level) in told["permissions"].as_object().into_iter().flatten() {
            let of = format!("{id} {object}");
            *self.0.entry(("level", of, level.to_string())).or_default() += by;
        }
    }

    fn change(&mut self, kind: &'static str, of: &str, old: &Value, new: &Value) {
        self.take(kind, of, old);
        self.put(kind, of, new);
    }

    fn apply(&mut self, event: &Event) {
        use EventAction as E;
        let Event { old, new, .. } = event;
        let target = event.target.id.as_str();
        let offer = |value: &Value| json!([value["email"], value["role_id"]]);
        let user = |value: &Value| value["user_id"].as_str().unwrap_or_default().to_owned();
        match event.action {
            E::OrganizationCreated => {
                self.put("name", "", &new["name"]);
                self.put("settings", "", &json!([new["kind"], false, false]));
                self.put("security", "", &json!(Security::default()));
                if let Some(founder) = new["super_admin_user_id"].as_str() {
                    self.put("role", founder, &json!("super_admin"));
                    self.put("super admin", "", &json!(founder));
                }
            }
            E::OrganizationUpdated => {
                for field in ["name", "website", "address", "contact"] {
                    for (value, by) in [(&old[field], -1), (&new[field], 1)] {
                        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
                            let state = json!(text).to_string();
                            *self.0.entry((field, String::new(), state)).or_default() += by;
                        }
                    }
                }
            }
            E::SubOrganizationCreated => self.put("below", target, &Value::Null),
            E::InvitationCreated => {
                self.put("invitation", target, &offer(new));
                self.put("expiry", target, &new["expires_at"]);
            }
            E::InvitationResent => {
                self.change("expiry", target, &old["expires_at"], &new["expires_at"]);
            }
            E::InvitationRoleChanged => {
                self.change("invitation", target, &offer(old), &offer(new));
            }
            E::InvitationAccepted => {
                *self.1.entry(target.to_owned()).or_default() += 1;
                self.put("role", &user(new), &new["role_id"]);
                if old["join_request"].is_string() {
                    self.take("request", &user(new), &old["join_request"]);
                }
            }
            E::MemberAdded => self.put("role", target, &new["role_id"]),
            E::SecurityUpdated => self.change("security", "", old, new),
            E::ApprovedDomainAdded => self.put("domain", target, &Value::Null),
            E::ApprovedDomainRemoved => self.take("domain", target, &Value::Null),
            E::CriticalAlertUserAdded => self.put("alerted", target, &Value::Null),
            E::CriticalAlertUserRemoved => self.take("alerted", target, &Value::Null),
            E::JoinRequestCreated => self.put("request", &user(new), &json!("pending")),
            E::JoinRequestCancelled | E::JoinRequestApproved => {
                self.take("request", &user(old), &json!("pending"));
            }
            E::JoinRequestDeclined => {
                self.change("request", &user(old), &json!("pending"), &json!("declined"));
            }
            E::InvitationDeclined | E::InvitationRevoked | E::InvitationExpired => {
                self.take("invitation", target, &offer(old));
                self.take("expiry", target, &old["expires_at"]);
            }
            E::MemberRoleChanged => self.change("role", target, &old["role_id"], &new["role_id"]),
            E::MemberRemoved | E::MemberLeft => self.take("role", target, &old["role_id"]),
            // It tells who saw, and changes nothing.
            E::MembersExported => {}
            E::RoleCreated | E::RoleUpdated | E::RoleDeleted => {
                self.role(target, old, -1);
                self.role(target, new, 1);
            }
            E::SuperAdminAssigned => {
                self.put("super admin", "", &json!(target));
                if new["role_id"].is_string() {
                    self.put("role", target, &new["role_id"]);
                }
            }
            E::SuperAdminTransferred => {
                let (was, is) = (&old["super_admin_user_id"], &new["super_admin_user_id"]);
                self.change("super admin", "", was, is);
                let name = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                self.change("role", &name(was), &json!("super_admin"), &json!("admin"));
                self.change("role", &name(is), &json!("admin"), &json!("super_admin"));
            }
            E::CustomerLinkAdded | E::CustomerLinkUpdated | E::CustomerLinkRemoved => {
                for (value, by) in [(old, -1), (new, 1)] {
                    let here = event.organization_id.to_string();
                    let kind = if value["partner_id"] == here { "customer" } else { "partner" };
                    if let Some(preferred) = value["preferred"].as_bool() {
                        let state = json!(preferred).to_string();
                        *self.0.entry((kind, target.to_owned(), state)).or_default() += by;
                    }
                }
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
