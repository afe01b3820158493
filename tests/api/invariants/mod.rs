//! Invariants of all stored data, checked item by item.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Debug,
};

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::{
    AddressHash, BuiltIn, CustomRoleId, Event, Kind, LinkCounts, Member, OrgId, Organization,
    RoleId,
};

use self::replay::Aliases;
pub use self::table::{OrganizationItems, Table};
use crate::test_app::TestApp;

mod replay;
mod table;

pub type Item = HashMap<String, AttributeValue>;

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
        let hash = |member: &Member| {
            let email = member.email.as_ref()?;
            Some((AddressHash::of(member.path.id(), email).to_string(), member.user_id.clone()))
        };
        // A service has no address.
        let wanted = self.members.values().filter_map(hash);
        differ(found, "slots of members", &self.taken_slots, &wanted.clone().collect());
        let persons = self.members.values().filter(|member| member.service.is_none());
        differ(found, "addresses of members", &wanted.count(), &persons.count());
    }

    fn roles(&self, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let table: BTreeMap<_, _> =
            self.roles.values().map(|(role, _)| (role.id, role.levels)).collect();
        differ(found, "the levels of custom roles", &org.roles, &table);
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
                    *real.entry("reassignments_to_partner_roles".to_owned()).or_default() += 1;
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
}
