//! The items of the table, each read and compared with the keys that it must have.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::{
    domain::{
        AddressHash, AlertId, ApprovedDomain, Closure, CriticalAlertUser, CustomRole, CustomRoleId,
        CustomerLink, Email, Event, Invitation, JoinRequest, Member, OrgId, OrgPath, Organization,
        PersonHash, PersonId, Profile, RoleSummary, UserCount, UserId,
    },
    store::{Key, Status, index, upgraded},
};

use super::Item;

/// The keys of the table and of its indexes.
const INDEXED: [&str; 9] =
    ["pk", "sk", "tree", "path", "time", "email_org", "group", "identity", "due"];

/// The items of the table by organization.
#[derive(Debug, Default)]
pub struct Table {
    pub orgs: BTreeMap<OrgId, OrganizationItems>,
    pub(super) broken: Vec<String>,
}

/// The items of one organization.
#[derive(Debug, Default)]
pub struct OrganizationItems {
    pub org: Option<Organization>,
    /// Whether it is deleted, and nothing is left but its history.
    pub(super) is_ended: bool,
    pub profile: Profile,
    pub members: BTreeMap<UserId, Member>,
    pub pending: Vec<Invitation>,
    /// The member who has each taken slot.
    pub(super) taken_slots: BTreeMap<String, UserId>,
    pub roles: BTreeMap<CustomRoleId, (CustomRole, UserCount)>,
    /// The number of roles whose users are moving to each role.
    pub(super) incoming: BTreeMap<CustomRoleId, i64>,
    pub(super) names: BTreeMap<String, RoleSummary>,
    pub(super) counts: BTreeMap<String, i64>,
    /// The closure of the organization, as its counter item has it.
    pub(super) counts_closure: Option<Closure>,
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
        let row = Row::of(item)?;
        let is_temporary =
            ["IDEMPOTENCY#", "DELIVERY#", "BUDGET#"].iter().any(|kind| row.pk.starts_with(kind));
        if is_temporary {
            return row.ends();
        }
        if row.pk == "MIGRATION" {
            return Ok(());
        }
        if row.value["deleted"] == true {
            return tombstone(&row);
        }
        let (_, bare) = row.pk.split_once('#').ok_or_else(|| row.error("has an unknown key"))?;
        let id = OrgId::from_bare(bare).map_err(|error| row.error(&error.to_string()))?;
        for owner in ["organization_id", "partner_id"] {
            if row.value[owner].as_str().is_some_and(|owner| owner != id.to_string()) {
                return Err(row.error("belongs to another organization"));
            }
        }
        self.orgs.entry(id).or_default().take(id, &row)
    }
}

/// An item as JSON.
struct Row {
    pk: String,
    sk: String,
    /// As it is stored.
    stored: Value,
    /// With the path of the organization alone where a range key begins with it.
    value: Value,
}

impl Row {
    fn of(item: &Item) -> Result<Self, String> {
        let mut stored: Value =
            serde_dynamo::from_item(item.clone()).map_err(|error| error.to_string())?;
        // Every item may have the version of its schema.
        stored.as_object_mut().and_then(|stored| stored.remove("schema"));
        let mut value = stored.clone();
        if let Some(path) = value["path"].as_str().and_then(index::path_of) {
            value["path"] = json!(path);
        }
        let [pk, sk] =
            ["pk", "sk"].map(|name| stored[name].as_str().unwrap_or_default().to_owned());
        Ok(Self { pk, sk, stored, value })
    }

    fn error(&self, what: &str) -> String {
        format!("{} | {}: {what}", self.pk, self.sk)
    }

    fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_default()
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.read_from(&self.value)
    }

    fn read_from<T: DeserializeOwned>(&self, value: &Value) -> Result<T, String> {
        serde_json::from_value(value.clone()).map_err(|error| self.error(&error.to_string()))
    }

    /// The address of a former or present user, by which an index finds the item.
    fn known_address(&self) -> Option<String> {
        let email = self.value["email"].as_str().map(|email| Email::parse(email).unwrap());
        email.map(|email| index::known_address(PersonId::of_address(&email)))
    }

    /// The item has this key and these keys of indexes, and no others.
    fn has_keys(&self, key: Key, indexed: &[(&str, String)]) -> Result<(), String> {
        let mut wanted = vec![("pk", key.pk), ("sk", key.sk)];
        wanted.extend(indexed.iter().cloned());
        for name in INDEXED {
            let wanted = wanted.iter().find(|(wanted, _)| *wanted == name);
            let wanted = wanted.map(|(_, text)| text.as_str());
            let stored = &self.stored[name];
            if stored.as_str() != wanted {
                return Err(self.error(&format!("`{name}` is {stored}, not {wanted:?}")));
            }
        }
        Ok(())
    }

    /// DynamoDB deletes the item at some time.
    fn ends(&self) -> Result<(), String> {
        self.require(self.value["ttl"].is_number(), "is kept forever")
    }

    fn require(&self, holds: bool, otherwise: &str) -> Result<(), String> {
        if holds { Ok(()) } else { Err(self.error(otherwise)) }
    }
}

impl OrganizationItems {
    fn take(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        if row.pk.starts_with("EVENTS#") {
            return self.take_event(id, row);
        }
        match row.sk.split_once('#').unwrap_or((&row.sk, "")) {
            ("NAME", name) => {
                let known = row.known_address().map(|known| ("identity", known));
                row.has_keys(Key::former_name(id, &name), known.as_slice())?;
                row.ends()
            }
            ("ORG", _) => self.take_organization(id, row),
            ("PROFILE", _) => {
                self.profile = row.read()?;
                Ok(())
            }
            ("MEMBER", _) => self.take_member(id, row),
            ("EMAIL", hash) if row.value["status"] == "taken" => {
                // Locks of schemas 1 and 2 have no address.
                let known = row.known_address().map(|known| ("identity", known));
                let key = Key { pk: row.pk.clone(), sk: row.sk.clone() };
                row.has_keys(key, known.as_slice())?;
                self.taken_slots.insert(hash.to_owned(), UserId::new(row.text("user_id")));
                Ok(())
            }
            ("EMAIL", _) => self.take_invitation(id, row),
            ("ROLE", _) => self.take_role(id, row),
            ("ROLENAMES", _) => self.take_role_names(id, row),
            ("CUSTOMER", _) => {
                let link: CustomerLink = row.read()?;
                let customer = link.customer_id;
                let listed = [("identity", index::customer(customer))];
                self.customers.insert(customer, link);
                row.has_keys(Key::customer(id, customer), &listed)
            }
            ("COUNTS", _) => self.take_counts(row),
            ("DOMAIN", _) => self.take_domain(id, row),
            ("REQUEST", _) => self.take_request(id, row),
            ("ALERT", _) => {
                let user: CriticalAlertUser = row.read()?;
                let known = index::known_address(PersonId::of_address(&user.value));
                let key = Key::critical_alert_user(id, AlertId::of(id, &user.value));
                self.alerted.push(user);
                row.has_keys(key, &[("identity", known)])
            }
            _ => Err(row.error("is an item of no known kind")),
        }
    }

    fn take_event(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let event: Event = row.read()?;
        row.has_keys(Key::event(id, event.id), &[])?;
        row.require(event.kept_until > event.at, "is not kept")?;
        self.events.push(event);
        Ok(())
    }

    fn take_organization(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let org: Organization = row.read()?;
        let folded = org.name.folded();
        let path = ("path", index::path(&org.path));
        let listed = [
            path.clone(),
            ("tree", index::organizations(&org.path)),
            ("group", index::children(org.path.parent())),
            ("identity", index::organizations_named(&folded)),
        ];
        let deleted = index::deleted_organizations_named(&folded);
        let due = [path, ("identity", deleted), ("due", index::due_of_organization(id))];
        // Only operators find a deleted organization, and it is due until nothing is left of it.
        let is_due = row.stored["due"].is_string();
        let indexed = match (org.is_deleted(), is_due) {
            (false, _) => &listed[..],
            (true, true) => &due,
            (true, false) => &due[..2],
        };
        row.has_keys(Key::organization(id), indexed)?;
        self.is_ended = org.is_deleted() && !is_due;
        if self.is_ended {
            row.ends()?;
        }
        row.require(row.text("folded_name") == folded, "is searched by another name")?;
        self.org = Some(org);
        Ok(())
    }

    fn take_member(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let member: Member = row.read()?;
        let (path, role, address) = (&member.path, member.role_id, index::address_of(&member));
        let due = index::due(index::due_shard(member.id().to_number()));
        let mut indexed = vec![
            ("tree", index::users(path, Status::Active)),
            ("group", index::users_of_role(path, role, Status::Active)),
            ("path", index::user_by_address(path, &address)),
            ("time", index::user_by_time(path, member.joined_at, &address)),
            ("email_org", index::email_in(&address, path.id())),
            ("identity", index::person(PersonId::of(&member.user_id))),
        ];
        indexed.extend(member.access_expires_at.map(|_| ("due", due)));
        row.has_keys(Key::member(id, member.id()), &indexed)?;
        row.require(
            row.value["expires_at"] == row.value["access_expires_at"],
            "is due at another time than the end of the access",
        )?;
        row.require(path.id() == id, "belongs to another organization")?;
        self.members.insert(member.user_id.clone(), member);
        Ok(())
    }

    fn take_invitation(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let open: Invitation = row.read()?;
        let (path, role, email) = (&open.path, open.role_id, open.email.as_str());
        let indexed = [
            ("tree", index::users(path, Status::Pending)),
            ("group", index::users_of_role(path, role, Status::Pending)),
            ("path", index::user_by_address(path, email)),
            ("time", index::user_by_time(path, open.created_at, email)),
            ("email_org", index::email_in(email, path.id())),
            ("identity", index::address(PersonId::of_address(&open.email))),
            ("due", index::due(index::due_shard(open.id.address_hash().to_number()))),
        ];
        row.has_keys(Key::address_slot(id, AddressHash::of(id, &open.email)), &indexed)?;
        row.require(row.value["status"] == "pending", "is neither pending nor taken")?;
        row.require(path.id() == id, "belongs to another organization")?;
        self.pending.push(open);
        Ok(())
    }

    fn take_role(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let role: CustomRole = row.read()?;
        let last = role.id.to_string().bytes().last().unwrap_or_default();
        let due = [("due", index::due(last % index::DUE_SHARDS))];
        let due = if role.reassignment.is_some() { &due[..] } else { &[] };
        row.has_keys(Key::role(id, role.id), due)?;
        if let Some(incoming) = row.value["incoming"].as_i64().filter(|count| *count != 0) {
            self.incoming.insert(role.id, incoming);
        }
        self.roles.insert(role.id, (role, row.read()?));
        Ok(())
    }

    fn take_role_names(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let path: OrgPath = row.read_from(&row.value["path"])?;
        let indexed = [("tree", index::roles(&path)), ("path", index::path(&path))];
        row.has_keys(Key::role_names(id), &indexed)?;
        for (name, role) in row.value.as_object().into_iter().flatten() {
            if let Some(folded) = name.strip_prefix('=') {
                self.names.insert(folded.to_owned(), row.read_from(role)?);
            }
        }
        Ok(())
    }

    fn take_counts(&mut self, row: &Row) -> Result<(), String> {
        let fields = row.value.as_object().into_iter().flatten();
        let count = |(name, count): (&String, &Value)| Some((name.clone(), count.as_i64()?));
        self.counts = fields.filter(|(name, _)| *name != "ttl").filter_map(count).collect();
        self.counts_closure = row.read_from(&row.value["closure"])?;
        Ok(())
    }

    fn take_domain(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let approved: ApprovedDomain = row.read()?;
        let domain = &approved.value;
        let listed = [("identity", index::domain(domain.as_str()))];
        row.has_keys(Key::approved_domain(id, domain), &listed)?;
        row.require(!domain.is_public(), "is a public mail domain")?;
        self.domains.push(approved);
        Ok(())
    }

    fn take_request(&mut self, id: OrgId, row: &Row) -> Result<(), String> {
        let request: JoinRequest = row.read()?;
        let hash = PersonHash::of(id, &request.user_id);
        let by = ("identity", index::requests_of(PersonId::of(&request.user_id)));
        let listed = [by, ("group", index::join_requests(id)), ("path", request.id.bare())];
        let listed = if request.is_pending() { &listed[..] } else { &listed[..1] };
        row.has_keys(Key::join_request(id, hash), listed)?;
        row.require(hash == request.id.person_hash(), "has the id of another person's request")?;
        self.requests.insert(request.user_id.clone(), request);
        Ok(())
    }
}

/// A tombstone has the version of a deleted entity, and is in no list. That of a member or of the slot of
/// an address also says what they were called (ORG5).
fn tombstone(row: &Row) -> Result<(), String> {
    let (item, text) = (&row.stored, |name: &str| row.text(name));
    let (may_have, known): (&[&str], _) = if row.sk.starts_with("EMAIL#") {
        let email = Email::parse(text("email")).ok();
        let known = email.map(|email| index::known_address(PersonId::of_address(&email)));
        // The time at which the last invitation was sent (ORG2), and until when the address cannot be
        // invited (INV14).
        (&["email", "identity", "sent_at", "declined_until"], known)
    } else if row.sk.starts_with("MEMBER#") {
        let known = text("user_id").parse().ok();
        let known = known.map(|user: UserId| index::known_person(PersonId::of(&user)));
        let email = Email::parse(text("email")).ok();
        let address = email.map(|email| index::known_address(PersonId::of_address(&email)));
        if item["tree"].as_str() != address.as_deref() {
            return Err(row.error("is not listed by the address of its person"));
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
        return Err(row.error("is not listed by its person or address"));
    }
    let names = item.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let always = ["deleted", "erased", "pk", "sk", "schema", "ttl", "version"];
    let other = names.into_iter().find(|name| !always.contains(name) && !may_have.contains(name));
    match other {
        Some(name) => Err(row.error(&format!("a tombstone keeps `{name}`"))),
        None => row.ends(),
    }
}
