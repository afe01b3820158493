//! The deletion of an organization (SA7). The first transaction sets its closure to deleted. From
//! then on, reads leave it out, and every write has the condition that it is not deleted. The
//! clean-up then ends what belongs to it, in transactions that each leave everything valid.

use serde_json::json;

use super::{
    Error, FetchedItems, Key, List, PageRequest, Position, Store,
    deletion_steps::{DeletionRun, Phase},
    expression::Expression,
    idle_steps::IdleSteps,
    index::{self, IndexAttribute},
    item::{Item, text},
    organizations::FOLDED_NAME,
    step::{Change, OnConditionFailed, refuse},
    transaction::Transaction,
    user_counts::Counter,
};
use crate::domain::{
    Event, EventAction, MemberId, OrgId, Organization, Refusal, RequestContext, Standing,
};

/// The state of a deletion after some steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionProgress {
    /// Nothing is left but the history.
    Done,
    /// The next run continues.
    Unfinished,
}

/// The deletion of an organization.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationDeletion<'a> {
    /// The organization as the rule saw it.
    pub before: &'a Organization,
    /// The organization as it becomes.
    pub after: &'a Organization,
    /// The organization right above it.
    pub parent: Option<&'a Organization>,
    /// Why an operator deletes it.
    pub reason: Option<&'a str>,
}

impl Store {
    /// The number of organizations right below `org`, or 1 if they were created before they were
    /// counted. `found` has its counter item. The counter knows those that the list does not show
    /// yet.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn sub_organizations(&self, org: OrgId, found: &FetchedItems) -> Result<u64, Error> {
        let counts = found.item(&Key::counts(org));
        let counted = Counter::SubOrganizations.number_on(counts);
        if counted > 0 {
            return Ok(counted);
        }
        let page = PageRequest { limit: 1, after: None };
        let listed = self.page(List::children(Some(org)), page).await?;
        Ok(u64::from(!listed.items.is_empty()))
    }

    /// Ends what belongs to a deleted organization, until nothing is left or `out_of_time` returns
    /// true.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchOrganization`] if the organization is not deleted, or nothing is left;
    /// [`Error::Unavailable`] if the table cannot be reached.
    pub async fn end_organization(
        &self,
        context: &RequestContext,
        id: OrgId,
        out_of_time: impl Fn() -> bool,
    ) -> Result<DeletionProgress, Error> {
        let mut run = DeletionRun { store: self, context, transactions: 0 };
        let (mut phase, mut after) = (Some(Phase::FIRST), None::<Position>);
        let mut idle_steps = IdleSteps::default();
        while !idle_steps.are_too_many() && !out_of_time() {
            let found = self.get([Key::organization(id)]).await?;
            let org = found.deleted_organization(id).ok_or(Refusal::NoSuchOrganization)?;
            let step = match phase {
                Some(phase) => run.step(phase, &org, after.as_ref()).await,
                None => run.finish(&org).await.map(|()| None),
            };
            match (step, phase) {
                (Ok(None), None) => return Ok(DeletionProgress::Done),
                (Ok(None), Some(done)) => (phase, after) = (done.next(), None),
                (Ok(next), _) => (idle_steps, after) = (IdleSteps::default(), next),
                // Another request changed something, or a list does not show yet what is left.
                (Err(Error::Refused(refusal)), _) if refusal != Refusal::NoSuchOrganization => {
                    idle_steps.pause().await;
                    phase = phase.or(Some(Phase::FIRST));
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok(DeletionProgress::Unfinished)
    }
}

impl Transaction<'_> {
    /// Begins the deletion of an organization without sub-organizations. `actor` is its Super
    /// Admin, none if an operator deletes it. The organization above counts one less, and its
    /// history records the deletion, too.
    ///
    /// # Errors
    ///
    /// [`Refusal::HasSubOrganizations`] if one was created meanwhile;
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it; the refusals
    /// of `still_held`.
    pub fn delete_organization(
        self,
        actor: Option<&Standing>,
        deletion: OrganizationDeletion<'_>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let OrganizationDeletion { before, after, parent, reason } = deletion;
        let because = |event: Event| match reason {
            Some(reason) => event.because(reason),
            None => event,
        };
        let user = before.super_admin_user_id.as_ref();
        let super_admin = user.map(|user| MemberId::of(before.id(), user));
        let event = Event::new(context, after, EventAction::OrganizationDeleted, after.target())
            .old(json!({ "name": before.name, "super_admin_id": super_admin }));
        let mut writes = match actor {
            Some(actor) => self.still_held(actor)?,
            None => self,
        };
        writes = writes
            .check(Key::counts(before.id()), Counter::SubOrganizations.is_zero(), has_children())
            .change_closure(before, after)?
            .update(
                Key::organization(before.id()),
                unlist(before, context),
                Expression::default(),
                refuse(Refusal::NoSuchOrganization),
            )
            .record(because(event))?;
        let Some(parent) = parent else { return Ok(writes) };
        let action = EventAction::SubOrganizationDeleted;
        let event = Event::new(context, parent, action, after.target());
        // The administrators above learn who deleted it, also if that person is no member there.
        let event =
            if context.as_operator { event } else { event.by_member_of(after.id(), context) };
        writes.count_number(parent.id(), Counter::SubOrganizations, -1).record(because(event))
    }
}

/// The organization leaves the lists, and the clean-up finds it. Operators still find it by its
/// name.
fn unlist(org: &Organization, context: &RequestContext) -> Vec<Change> {
    use IndexAttribute::{Group, Identity, Tree};
    let folded = org.name.folded();
    let named = [
        (Identity.name(), text(index::deleted_organizations_named(&folded))),
        (FOLDED_NAME, text(folded)),
    ];
    vec![
        Change::unlist([Tree, Group]),
        Change::Set(Expression::assignments(named)),
        Change::list_as_due(index::due_of_organization(org.id()), context.at),
    ]
}

fn has_children() -> OnConditionFailed {
    Box::new(|counts: Option<Item>| match Counter::SubOrganizations.number_on(counts.as_ref()) {
        0 => Refusal::ChangedConcurrently.into(),
        below => Refusal::HasSubOrganizations(below).into(),
    })
}
