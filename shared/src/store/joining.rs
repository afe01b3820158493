//! Reads for joining an empty organization from above (SUB5).

use futures_util::future::try_join;

use super::{Error, Key, Store, people::root_key};
use crate::domain::{AddressDigest, JoiningFacts, OrgId, Person, Refusal};

impl Store {
    /// What is known about a person who joins an organization. As in decisions, an index finds the
    /// ancestors that have the person as a member. Facts are read by key.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchOrganization`] if there is no such organization; [`Error::Unavailable`] if the
    /// table cannot be read.
    pub async fn joining_facts(&self, person: &Person, id: OrgId) -> Result<JoiningFacts, Error> {
        let own = Key::membership(id, &person.id);
        let slot = person.email.as_ref().map(|it| Key::address_slot(id, AddressDigest::of(id, it)));
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
