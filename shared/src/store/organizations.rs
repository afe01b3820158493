//! Organizations: created, described, set up by operators, joined.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Error, Key,
    attributes::FOLDED_NAME,
    expression::Expression,
    index::{self, IndexAttribute},
    invitations::NewMember,
    item::{Item, attribute, from_item, text, time, to_item},
    members::shown_member,
    step::{Change, OnConditionFailed, at_version, gone_or, gone_or_if, has_access, live, refuse},
    transaction::Transaction,
    user_counts::Counter,
};
use crate::domain::{
    Event, EventAction, Invitation, Joining, Kind, Member, NewInvitation, Organization, Profile,
    Refusal, RequestContext, Settings, Standing,
};

/// An organization to create, and what comes into being with it.
#[derive(Clone, Copy, Debug)]
pub struct NewOrganization<'a> {
    /// The organization.
    pub org: &'a Organization,
    /// Its first member, as Super Admin.
    pub first_member: Option<&'a Member>,
    /// The invitation of its first Admin.
    pub first_admin: Option<&'a Invitation>,
    /// The organization right above it.
    pub parent: Option<&'a Organization>,
    /// The member of the parent who creates it; none if an operator does.
    pub creator: Option<&'a Standing>,
}

/// Name and profile of an organization before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct ProfileChange<'a> {
    /// The profile as the rule saw it.
    pub before: &'a Profile,
    /// The organization as it becomes: its name, language and version.
    pub org: &'a Organization,
    /// The profile as it becomes.
    pub after: &'a Profile,
}

/// The refusal of a person who joins from above, if their membership there is not as the rule saw it. Without it, they
/// may not know the organization (U5).
fn no_access_from_above(now: Timestamp) -> OnConditionFailed {
    Box::new(move |old| match live(old).map(from_item::<Member>) {
        Some(Ok(member)) if member.has_access(now) => Refusal::ChangedConcurrently.into(),
        _ => Refusal::NoSuchOrganization.into(),
    })
}

/// The refusal of a person who joins an organization that changed (SUB5).
fn not_vacant(now: Timestamp) -> OnConditionFailed {
    gone_or_if(Refusal::NoSuchOrganization, Refusal::OrganizationNotEmpty, move |old| {
        let org = from_item::<Organization>(old.clone());
        org.is_ok_and(|org| !org.is_vacant(now))
    })
}

impl Transaction<'_> {
    /// Creates an organization: with a Super Admin, with a first Admin invited, or empty.
    ///
    /// # Errors
    ///
    /// The refusals of `still_held` for the creator.
    pub fn create_organization(self, new: NewOrganization<'_>) -> Result<Self, Error> {
        let context = self.context;
        let NewOrganization { org, first_member, first_admin, parent, creator } = new;
        let mut writes = self;
        if let Some(actor) = creator {
            writes = writes.still_held(actor)?;
        }
        let key = Key::organization(org.id());
        writes = writes.put_new(key, organization_item(org)?, Refusal::ChangedConcurrently);
        if let Some(parent) = parent {
            let action = EventAction::SubOrganizationCreated;
            let event = Event::new(context, parent, action, org.target());
            writes = writes
                .count_number(parent.id(), Counter::SubOrganizations, 1)
                .record(event.new_value(json!({ "name": org.name })))?;
        }
        let event = Event::new(context, org, EventAction::OrganizationCreated, org.target());
        writes = writes.record(event.new_value(json!({
            "name": org.name,
            "kind": org.kind,
            "parent_id": org.path.parent(),
            "super_admin_id": first_member.map(Member::id),
        })))?;
        if let Some(member) = first_member {
            writes = writes.add_member(member, None)?;
        }
        if let Some(invitation) = first_admin {
            let new = NewInvitation { invitation: invitation.clone(), replaces: None };
            writes = writes.add_invitation(org, &new, 1)?;
        }
        Ok(writes)
    }

    /// Changes the name, the language and the profile of an organization (ORG1).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it; the refusals
    /// of `still_held`.
    pub fn update_profile(
        self,
        actor: &Standing,
        change: ProfileChange<'_>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let ProfileChange { before, org, after } = change;
        let clause = [
            ("name", attribute(&org.name)?),
            ("language", attribute(&org.language)?),
            ("version", attribute(&org.version)?),
            (IndexAttribute::Identity.name(), text(index::organizations_named(&org.name.folded()))),
            (FOLDED_NAME, text(org.name.folded())),
        ];
        let clause = Expression::assignments(clause);
        let mut writes =
            self.still_held(actor)?.update_organization(&actor.org, vec![Change::Set(clause)])?;
        if after != before {
            // The condition on the organization's version covers its profile.
            let key = Key::profile(org.id());
            let item = to_item(key.clone(), after, vec![])?;
            let lost = refuse(Refusal::ChangedConcurrently);
            writes = writes.put(key, item, Expression::default(), lost);
        }
        writes.record(profile_event(context, &actor.org, change))
    }

    /// Changes the kind and the settings of an organization (SUB1, PAR1).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it, or a user got
    /// a partner role meanwhile.
    pub fn update_settings(
        self,
        before: &Organization,
        after: &Organization,
    ) -> Result<Self, Error> {
        let context = self.context;
        let values = [
            ("settings", attribute(&after.settings)?),
            ("kind", attribute(&after.kind)?),
            ("version", attribute(&after.version)?),
        ];
        let clause = "#settings = :settings, #kind = :kind, #version = :version";
        let changes = vec![Change::Set(Expression::new(clause, values))];
        // A link made meanwhile would be between two organizations of a kind (PAR1).
        let same_links = Expression::new("#links = :links", [("links", attribute(&before.links)?)]);
        let lost = refuse(Refusal::ChangedConcurrently);
        let event = Event::new(context, after, EventAction::SettingsUpdated, after.target())
            .old(shown_settings(before))
            .new_value(shown_settings(after));
        self.update_organization(before, changes)?
            .check(Key::organization(before.id()), same_links, lost)
            .mark_kind(before, after.kind)?
            .keep_mdf_program_for_reassignments(before, after)
            .record(event)
    }

    /// Changes the security settings of an organization (ORG3). They are stored on its item, which
    /// every request reads.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it; the refusals
    /// of `still_held`.
    pub fn update_security(self, actor: &Standing, secured: &Organization) -> Result<Self, Error> {
        let event = security_event(self.context, &actor.org, secured);
        self.still_held(actor)?.put_security(&actor.org, secured)?.record(event)
    }

    /// Removes the sign-in requirements of an organization for an operator, who gives a reason
    /// (ORG3).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it.
    pub fn reset_security(
        self,
        before: &Organization,
        after: &Organization,
        reason: &str,
    ) -> Result<Self, Error> {
        let event = security_event(self.context, before, after).because(reason);
        self.put_security(before, after)?.record(event)
    }

    fn put_security(self, before: &Organization, after: &Organization) -> Result<Self, Error> {
        let version = [("version", attribute(&after.version)?)];
        let version = Change::Set(Expression::new("#version = :version", version));
        let security = if after.security.is_default() {
            Change::Remove(Expression::new("#security", []))
        } else {
            let values = [("security", attribute(&after.security)?)];
            Change::Set(Expression::new("#security = :security", values))
        };
        self.update_organization(before, vec![version, security])
    }

    /// Adds a member of an ancestor to an empty sub-organization, as its Super Admin (SUB5).
    ///
    /// # Errors
    ///
    /// [`Refusal::OrganizationNotEmpty`] if another person was faster; [`Refusal::NoSuchOrganization`] or
    /// [`Refusal::ChangedConcurrently`] if the membership above is not as the rule saw it.
    pub fn join(self, joining: &Joining) -> Result<Self, Error> {
        let context = self.context;
        let Joining { evidence, member, before, after, tombstone, expired } = joining;
        let held =
            Expression::new("#role_id = :role", [("role", text(evidence.role_id.to_string()))])
                .and(has_access(context.at));
        let mut shown = shown_member(after, member);
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("super_admin_id".to_owned(), json!(member.id()));
        }
        let event = Event::new(context, after, EventAction::SuperAdminAssigned, after.target());
        let vacant =
            "attribute_not_exists(#pending_first_admin) OR #pending_first_admin.#until <= :now";
        let vacant = Expression::new(vacant, [("now", time(context.at))]);
        let writes = self
            .acting_in(evidence.path.id())
            .check(
                Key::member(evidence.path.id(), evidence.id()),
                held,
                no_access_from_above(context.at),
            )
            .name_super_admin(before, after, vacant, not_vacant(context.at))?;
        let new = NewMember { member, tombstone: *tombstone, expired: expired.as_ref() };
        let added = writes.add_new_member(after, new, Refusal::OrganizationNotEmpty)?;
        added.record(event.new_value(shown))
    }

    /// Makes `member`, who accepts the first Admin's invitation, the Super Admin of an organization
    /// that has none (SA1, INV8), and records it.
    pub(super) fn first_super_admin(
        self,
        org: &Organization,
        member: &Member,
    ) -> Result<Self, Error> {
        let after = org.with_super_admin(&member.user_id, self.context.at);
        let target = after.target();
        let event = Event::new(self.context, org, EventAction::SuperAdminAssigned, target);
        let event = event.new_value(json!({ "super_admin_id": member.id() }));
        let changed = refuse(Refusal::ChangedConcurrently);
        self.name_super_admin(org, &after, Expression::default(), changed)?.record(event)
    }

    /// Names the Super Admin of an organization that has none, if `vacant` holds.
    fn name_super_admin(
        self,
        before: &Organization,
        after: &Organization,
        vacant: Expression,
        on_failed: OnConditionFailed,
    ) -> Result<Self, Error> {
        let values = [
            ("user", attribute(&after.super_admin_user_id)?),
            ("version", attribute(&after.version)?),
        ];
        let set = Expression::new("#super_admin = :user, #version = :version", values);
        let changes =
            vec![Change::Set(set), Change::Remove(Expression::new("#pending_first_admin", []))];
        let none = Expression::new("attribute_not_exists(#super_admin)", []);
        let condition = none.and(at_version(before.version)?).and(vacant);
        Ok(self.update(Key::organization(before.id()), changes, condition, on_failed))
    }

    /// Updates an organization that has the version that the rule saw.
    pub(super) fn update_organization(
        self,
        before: &Organization,
        changes: Vec<Change>,
    ) -> Result<Self, Error> {
        let lost = gone_or(Refusal::NoSuchOrganization, Refusal::ChangedConcurrently);
        let seen = at_version(before.version)?;
        Ok(self.update(Key::organization(before.id()), changes, seen, lost))
    }

    /// Marks the counter item of an organization that stops being a partner, so that no partner
    /// role is granted meanwhile. Removes the mark from one that becomes a partner.
    fn mark_kind(self, before: &Organization, kind: Kind) -> Result<Self, Error> {
        let key = Key::counts(before.id());
        let lost = partner_roles_needed();
        Ok(match (before.kind, kind) {
            (Kind::Partner, Kind::Standard) => {
                let unused = Expression::all(Counter::PARTNER_ROLES.map(Counter::is_zero));
                let mark = [("standard", attribute(&true)?)];
                let mark = Expression::new("#standard = :standard", mark);
                self.set(key, mark, unused, lost)
            }
            (Kind::Standard, Kind::Partner) => {
                let unmark = Change::Remove(Expression::new("#standard", []));
                self.update(key, vec![unmark], Expression::default(), lost)
            }
            _ => self,
        })
    }

    /// Checks that no reassignment to MDF Admin is in progress if the MDF programme is switched off
    /// (ROLE5, ROLE6).
    fn keep_mdf_program_for_reassignments(
        self,
        before: &Organization,
        after: &Organization,
    ) -> Self {
        if !before.settings.mdf_program || after.settings.mdf_program {
            return self;
        }
        let none = Counter::ReassignmentsToPartnerRoles.is_zero();
        self.check(Key::counts(before.id()), none, partner_roles_needed())
    }
}

/// Why partner roles, or the MDF programme, cannot be switched off.
fn partner_roles_needed() -> OnConditionFailed {
    Box::new(|counts| match Counter::ReassignmentsToPartnerRoles.number_on(counts.as_ref()) {
        0 => Refusal::ChangedConcurrently.into(),
        _ => Refusal::RoleIsReassignmentTarget.into(),
    })
}

/// The event of a changed profile, with the fields that differ. `present` is the organization before.
fn profile_event(
    context: &RequestContext,
    present: &Organization,
    ProfileChange { before, org, after }: ProfileChange<'_>,
) -> Event {
    let fields = [
        ("name", present.name.as_str(), org.name.as_str()),
        ("language", present.language.tag(), org.language.tag()),
        ("website", &before.website, &after.website),
        ("address", &before.address, &after.address),
        ("contact", &before.contact, &after.contact),
    ];
    let changed = fields.into_iter().filter(|(_, before, after)| before != after);
    let (old, new): (Map<_, _>, Map<_, _>) = changed
        .map(|(field, before, after)| {
            ((field.to_owned(), json!(before)), (field.to_owned(), json!(after)))
        })
        .unzip();
    Event::new(context, org, EventAction::OrganizationUpdated, org.target())
        .old(Value::Object(old))
        .new_value(Value::Object(new))
}

/// The event of changed security settings. The retention until now applies to it.
fn security_event(context: &RequestContext, before: &Organization, after: &Organization) -> Event {
    Event::new(context, before, EventAction::SecurityUpdated, after.target())
        .old(json!(before.security))
        .new_value(json!(after.security))
}

fn shown_settings(org: &Organization) -> Value {
    let Settings { manage_sub_organizations, mdf_program } = org.settings;
    json!({
        "kind": org.kind,
        "manage_sub_organizations": manage_sub_organizations,
        "mdf_program": mdf_program,
    })
}

fn organization_item(org: &Organization) -> Result<Item, Error> {
    // A new organization has no custom roles: DynamoDB has no empty sets.
    let mut item = to_item(Key::organization(org.id()), org, index::organization(org))?;
    item.insert(FOLDED_NAME.to_owned(), text(org.name.folded()));
    Ok(item)
}
