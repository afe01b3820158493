//! Organizations: created and described.

use serde_json::{Map, Value, json};

use super::{
    Error, Key,
    expression::Expression,
    index::{self, IndexAttribute},
    item::{Item, attribute, text, to_item},
    step::{Change, at_version, gone_or, refuse},
    transaction::Transaction,
    user_counts::Counter,
};
use crate::domain::{
    Event, EventAction, Invitation, Member, NewInvitation, Organization, Profile, Refusal,
    RequestContext, Standing,
};

/// The folded name of an organization, which a search finds (OP2).
pub(super) const FOLDED_NAME: &str = "folded_name";

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
}

/// The event of a changed profile, with the fields that differ. `present` is the organization
/// before.
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

fn organization_item(org: &Organization) -> Result<Item, Error> {
    // A new organization has no custom roles: DynamoDB has no empty sets.
    let mut item = to_item(Key::organization(org.id()), org, index::organization(org))?;
    item.insert(FOLDED_NAME.to_owned(), text(org.name.folded()));
    Ok(item)
}
