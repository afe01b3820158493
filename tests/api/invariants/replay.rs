//! The events of an organization, replayed: each removes one state and adds another. The rest must be what is stored.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::domain::{
    AlertId, Event, EventAction, MemberId, OrgId, OrgPath, Organization, Profile, RoleObject,
    Security,
};

use super::{differ, table::OrganizationItems};

impl OrganizationItems {
    /// Concurrent events may have any order.
    pub(super) fn replay(&self, orgs: &BTreeMap<OrgId, Self>, found: &mut Vec<String>) {
        let Some(org) = &self.org else { return };
        let aliases = Aliases::of(&self.events);
        let mut left = Replayed { aliases: aliases.clone(), ..Replayed::default() };
        for event in &self.events {
            left.apply(event);
        }
        let mut stored = Replayed { aliases, ..Replayed::default() };
        stored.put_users(org, self);
        stored.put_roles(self);
        stored.put_organization(org, &self.profile);
        stored.put_others(org, self);
        stored.put_neighbours(org, orgs);
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
pub(super) struct Aliases(BTreeMap<String, String>);

impl Aliases {
    pub(super) fn of(events: &[Event]) -> Self {
        let begun = events.iter().filter_map(|event| {
            let to = event.new["reassign_to"].as_str()?;
            Some((event.target.id.clone(), to.to_owned()))
        });
        Self(begun.collect())
    }

    pub(super) fn of_role(&self, role: &Value) -> Value {
        let mut role = role.clone();
        while let Some(to) = role.as_str().and_then(|role| self.0.get(role)) {
            role = json!(to);
        }
        role
    }
}

/// The number of each fact (kind, id, state), and how often each invitation was accepted.
#[derive(Debug, Default)]
struct Replayed {
    facts: BTreeMap<(&'static str, String, String), i64>,
    accepted: BTreeMap<String, u32>,
    aliases: Aliases,
}

/// The facts that are stored.
impl Replayed {
    fn put_users(&mut self, org: &Organization, part: &OrganizationItems) {
        for member in part.members.values() {
            let id = member.id().to_string();
            self.put("role", &id, &self.aliases.of_role(&json!(member.role_id)));
            if member.display_name.is_some() {
                self.put("display name", &id, &json!(true));
            }
            if let Some(service) = member.service {
                self.put("keeper", &id, &json!(service.keeper));
            }
            if let Some(end) = member.access_expires_at {
                self.put("access end", &id, &json!(end));
            }
        }
        if let Some(user) = org.super_admin_user_id.as_ref().filter(|_| !org.is_deleted()) {
            self.put("super admin", "", &json!(MemberId::of(org.id(), user)));
        }
        for open in &part.pending {
            let id = open.id.to_string();
            self.put("invitation", &id, &self.aliases.of_role(&json!(open.role_id)));
            self.put("expiry", &id, &json!(open.expires_at));
        }
    }

    fn put_roles(&mut self, part: &OrganizationItems) {
        for (role, _) in part.roles.values() {
            let levels = role.levels.iter();
            let levels = levels
                .map(|(object, level): (RoleObject, _)| (object.key().to_owned(), json!(level)));
            let shown = json!({
                "name": role.name,
                "description": role.description,
                "permissions": levels.collect::<Map<_, _>>(),
                "reassign_to": role.reassignment.as_ref().map(|begun| begun.to),
            });
            self.role(&role.id.to_string(), &shown, 1);
        }
    }

    fn put_organization(&mut self, org: &Organization, profile: &Profile) {
        self.put("name", "", &json!(org.name));
        self.put("language", "", &json!(org.language));
        self.put("security", "", &json!(org.security));
        let settings = [org.settings.manage_sub_organizations, org.settings.mdf_program];
        self.put("settings", "", &json!([org.kind, settings[0], settings[1]]));
        if org.is_deleted() {
            return;
        }
        self.put("suspended", "", &json!(org.suspension().is_some()));
        let Profile { website, address, contact } = profile;
        for (field, text) in [("website", website), ("address", address), ("contact", contact)] {
            if !text.is_empty() {
                self.put(field, "", &json!(text));
            }
        }
    }

    fn put_others(&mut self, org: &Organization, part: &OrganizationItems) {
        for link in part.customers.values() {
            let state = json!([link.preferred, link.suspended]);
            self.put("customer", &link.customer_id.to_string(), &state);
        }
        for approved in &part.domains {
            self.put("domain", approved.value.as_str(), &Value::Null);
        }
        for request in part.requests.values() {
            let member = MemberId::of(org.id(), &request.user_id).to_string();
            self.put("request", &member, &json!(request.status));
        }
        for user in &part.alerted {
            let id = AlertId::of(org.id(), &user.value).to_string();
            self.put("alerted", &id, &Value::Null);
        }
    }

    /// The partners of the organization, and the organizations directly below it.
    fn put_neighbours(&mut self, org: &Organization, orgs: &BTreeMap<OrgId, OrganizationItems>) {
        for (id, other) in orgs {
            if let Some(link) = other.customers.get(&org.id()) {
                self.put("partner", &id.to_string(), &json!([link.preferred, link.suspended]));
            }
            let path = other.org.as_ref().filter(|other| !other.is_deleted());
            let path = path.map(|other| &other.path);
            if path.and_then(OrgPath::parent) == Some(org.id()) {
                self.put("below", &id.to_string(), &Value::Null);
            }
        }
    }
}

/// What the events change.
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

    /// A field that the event shows only if it changed: a text that is not empty, or `true`.
    fn change_shown(&mut self, kind: &'static str, of: &str, old: &Value, new: &Value) {
        for (value, by) in [(old, -1), (new, 1)] {
            if value == true || value.as_str().is_some_and(|text| !text.is_empty()) {
                self.add(kind, of, value, by);
            }
        }
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

    fn apply(&mut self, event: &Event) {
        use EventAction as E;
        let Event { old, new, .. } = event;
        let target = event.target.id.as_str();
        let user = |value: &Value| text(&value["member_id"]);
        match event.action {
            E::OrganizationCreated => self.create_organization(new),
            E::OrganizationUpdated => {
                for field in ["name", "language", "website", "address", "contact"] {
                    self.change_shown(field, "", &old[field], &new[field]);
                }
            }
            E::OrganizationDeleted => {
                self.change_shown("super admin", "", &old["super_admin_id"], &Value::Null);
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
            E::SubOrganizationCreated => self.put("below", target, &Value::Null),
            E::SubOrganizationDeleted => self.take("below", target, &Value::Null),
            E::SecurityUpdated => self.change("security", "", old, new),
            E::ApprovedDomainAdded => self.put("domain", target, &Value::Null),
            E::ApprovedDomainRemoved => self.take("domain", target, &Value::Null),
            E::CriticalAlertUserAdded => self.put("alerted", target, &Value::Null),
            E::CriticalAlertUserRemoved => self.take("alerted", target, &Value::Null),
            E::InvitationCreated
            | E::InvitationUpdated
            | E::InvitationResent
            | E::InvitationAccepted
            | E::InvitationDeclined
            | E::InvitationRevoked
            | E::InvitationExpired => self.apply_to_invitation(event),
            E::JoinRequestCreated => self.create_request(&user(new)),
            E::JoinRequestCancelled | E::JoinRequestApproved => {
                self.take("request", &user(old), &json!("pending"));
            }
            E::JoinRequestDeclined => {
                self.change("request", &user(old), &json!("pending"), &json!("declined"));
            }
            E::PersonErased => self.end_request(target, old),
            E::MemberAdded
            | E::MemberUpdated
            | E::MemberRoleChanged
            | E::MemberReconnected
            | E::MemberRemoved
            | E::MemberLeft
            | E::MemberExpired => self.apply_to_member(event),
            E::MembersExported => {}
            E::RoleCreated | E::RoleUpdated => {
                self.role(target, old, -1);
                self.role(target, new, 1);
            }
            E::RoleDeleted => {
                self.role(target, old, -1);
                // Its users have the other role now, whether it was marked before or not.
                self.facts.retain(|(kind, of, _), _| *kind != "reassigned" || of != target);
            }
            E::SuperAdminAssigned | E::SuperAdminTransferred | E::SuperAdminAppointed => {
                self.apply_to_super_admin(event);
            }
            E::CustomerLinkAdded
            | E::CustomerLinkUpdated
            | E::CustomerLinkSuspended
            | E::CustomerLinkResumed
            | E::CustomerLinkRemoved => self.apply_to_link(event),
        }
    }

    fn create_organization(&mut self, new: &Value) {
        self.put("name", "", &new["name"]);
        self.put("language", "", &json!("en"));
        self.put("settings", "", &json!([new["kind"], false, false]));
        self.put("security", "", &json!(Security::default()));
        self.put("suspended", "", &json!(false));
        let super_admin = &new["super_admin_id"];
        if super_admin.is_string() {
            self.put("role", &text(super_admin), &json!("super_admin"));
            self.put("super admin", "", super_admin);
        }
    }

    fn apply_to_invitation(&mut self, event: &Event) {
        use EventAction as E;
        let Event { old, new, .. } = event;
        let target = event.target.id.as_str();
        let (old_role, new_role) = self.roles_of(event);
        match event.action {
            E::InvitationCreated => {
                self.put("invitation", target, &new_role);
                self.put("expiry", target, &new["expires_at"]);
            }
            E::InvitationUpdated => {
                self.change("invitation", target, &old_role, &new_role);
                self.change("expiry", target, &old["expires_at"], &new["expires_at"]);
            }
            E::InvitationResent => {
                self.change("expiry", target, &old["expires_at"], &new["expires_at"]);
            }
            E::InvitationAccepted => {
                *self.accepted.entry(target.to_owned()).or_default() += 1;
                self.add_member(&text(&new["member_id"]), event);
            }
            _ => {
                self.take("invitation", target, &old_role);
                self.take("expiry", target, &old["expires_at"]);
            }
        }
    }

    /// It replaces a declined request of the same person, if there is one.
    fn create_request(&mut self, member: &str) {
        let declined = ("request", member.to_owned(), json!("declined").to_string());
        if self.facts.get(&declined).is_some_and(|count| *count > 0) {
            self.take("request", member, &json!("declined"));
        }
        self.put("request", member, &json!("pending"));
    }

    fn end_request(&mut self, member: &str, old: &Value) {
        self.change_shown("request", member, &old["join_request"], &Value::Null);
    }

    fn add_member(&mut self, member: &str, event: &Event) {
        let (_, role) = self.roles_of(event);
        self.put("role", member, &role);
        self.change_details(member, &Value::Null, &event.new);
        self.end_request(member, &event.old);
    }

    /// The end of the access, the keeper of a service, and whether there is a display name (END1, MACH1, U6).
    fn change_details(&mut self, member: &str, old: &Value, new: &Value) {
        for (kind, field) in [
            ("access end", "access_expires_at"),
            ("keeper", "keeper_id"),
            ("display name", "has_display_name"),
        ] {
            self.change_shown(kind, member, &old[field], &new[field]);
        }
    }

    fn apply_to_member(&mut self, event: &Event) {
        use EventAction as E;
        let Event { old, new, .. } = event;
        let target = event.target.id.as_str();
        let (old_role, new_role) = self.roles_of(event);
        match event.action {
            E::MemberAdded => self.add_member(target, event),
            E::MemberUpdated => self.change_details(target, old, new),
            E::MemberRoleChanged => {
                self.change("role", target, &old_role, &new_role);
                self.change_details(target, old, new);
            }
            E::MemberReconnected if new["super_admin_id"].is_string() => {
                self.change("super admin", "", &old["super_admin_id"], &new["super_admin_id"]);
            }
            // The old account has another event than the new one.
            E::MemberReconnected if old["member_id"] != target => self.add_member(target, event),
            _ => {
                self.take("role", target, &old_role);
                self.change_details(target, old, &Value::Null);
            }
        }
    }

    fn apply_to_super_admin(&mut self, event: &Event) {
        let Event { old, new, .. } = event;
        let (was, is) = (&old["super_admin_id"], &new["super_admin_id"]);
        let (admin, super_admin) = (json!("admin"), json!("super_admin"));
        if event.action == EventAction::SuperAdminAssigned {
            self.put("super admin", "", is);
            if new["role_id"].is_string() {
                let (_, role) = self.roles_of(event);
                self.put("role", &text(is), &role);
            }
            return;
        }
        self.change("super admin", "", was, is);
        // The access of a Super Admin does not end.
        self.facts.retain(|(kind, of, _), _| *kind != "access end" || *of != text(is));
        let is_transfer = event.action == EventAction::SuperAdminTransferred;
        let held = self.aliases.of_role(&old["successor_role_id"]);
        self.change("role", &text(is), if is_transfer { &admin } else { &held }, &super_admin);
        // After an appointment, `member.removed` follows if the former one is removed.
        if is_transfer || new["former"] == "admin" {
            self.change("role", &text(was), &super_admin, &admin);
        }
    }

    fn apply_to_link(&mut self, event: &Event) {
        for (value, by) in [(&event.old, -1), (&event.new, 1)] {
            let here = event.organization_id.to_string();
            let kind = if value["partner_id"] == here { "customer" } else { "partner" };
            if value["preferred"].is_boolean() {
                let state = json!([value["preferred"], value["suspended"]]);
                self.add(kind, &event.target.id, &state, by);
            }
        }
    }

    /// The roles before and after the event.
    fn roles_of(&self, event: &Event) -> (Value, Value) {
        let [old, new] =
            [&event.old, &event.new].map(|value| self.aliases.of_role(&value["role_id"]));
        (old, new)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
