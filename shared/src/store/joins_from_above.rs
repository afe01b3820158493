//! Members of an organization above join an empty one (SUB5).

use futures_util::future::try_join;
use jiff::Timestamp;
use serde_json::json;

use super::{
    Error, Key, Store,
    expression::Expression,
    item::{from_item, text, time},
    members::{NewMember, member_in_event},
    names::root_key,
    step::{OnConditionFailed, gone_or_if, has_access, live},
    transaction::Transaction,
};
use crate::domain::{
    AddressHash, Event, EventAction, Joining, JoiningFacts, Member, OrgId, Organization, Person,
    Refusal,
};

impl Store {
    /// What is known about a person who joins an organization. As in decisions, an index finds the
    /// ancestors that have the person as a member. Facts are read by key.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchOrganization`] if there is no such organization; [`Error::Unavailable`] if
    /// the table cannot be read.
    pub async fn joining_facts(&self, person: &Person, id: OrgId) -> Result<JoiningFacts, Error> {
        let own = Key::membership(id, &person.id);
        let slot = person.email.as_ref().map(|it| Key::address_slot(id, AddressHash::of(id, it)));
        let keys = [Key::organization(id), own.clone()].into_iter().chain(slot.clone());
        let hits = self.membership_hits(&person.id);
        let (found, hits) = try_join(self.get(keys), hits).await?;
        let org = found.organization(id).cloned().ok_or(Refusal::NoSuchOrganization)?;
        let above = org.path.ancestors().iter().copied().filter(|&id| hits.may_have(id));
        let keys = above.flat_map(|id| [Key::organization(id), Key::membership(id, &person.id)]);
        let found = found.and(self.get(keys.chain(root_key(&org))).await?);
        let membership = |id| found.active_membership(id, &person.id, person.at).transpose();
        Ok(JoiningFacts {
            ancestors: org
                .path
                .ancestors()
                .iter()
                .filter_map(|&id| found.organization(id).cloned())
                .collect(),
            memberships: org.path.ids().filter_map(membership).collect::<Result<_, _>>()?,
            tombstone: found.deleted_at(&own)?,
            invitation: slot.map(|slot| found.pending(&slot)).transpose()?.flatten(),
            org,
        })
    }
}

impl Transaction<'_> {
    /// Adds a member of an ancestor to an empty sub-organization, as its Super Admin (SUB5).
    ///
    /// # Errors
    ///
    /// [`Refusal::OrganizationNotEmpty`] if another person was faster;
    /// [`Refusal::NoSuchOrganization`] or [`Refusal::ChangedConcurrently`] if the membership above
    /// is not as the rule saw it.
    pub fn join(self, joining: &Joining) -> Result<Self, Error> {
        let context = self.context;
        let Joining { evidence, member, before, after, tombstone, expired } = joining;
        let held =
            Expression::new("#role_id = :role", [("role", text(evidence.role_id.to_string()))])
                .and(has_access(context.at));
        let mut added = member_in_event(after, member);
        if let Some(added) = added.as_object_mut() {
            added.insert("super_admin_id".to_owned(), json!(member.id()));
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
        writes
            .add_new_member(after, new, Refusal::OrganizationNotEmpty)?
            .record(event.new_value(added))
    }
}

/// The refusal of a person who joins from above, if their membership there is not as the rule saw
/// it. Without it, they may not know the organization (U5).
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
