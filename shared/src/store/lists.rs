//! Lists of one organization, one person or one address, and the organizations of a tree.

use serde::Deserialize;

use super::{
    Error, PageRequest, Slice, Status, Store,
    index::{self, Index},
    keys,
    range::Range,
};
use crate::domain::{
    CustomRole, Email, Invitation, Member, OrgId, OrgPath, Organization, UserCount, UserId,
};

/// How deep a list of organizations goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeDepth {
    /// The organizations directly below.
    Organization,
    /// All organizations below.
    Subtree,
}

impl Store {
    /// An organization's pending invitations, by address.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn invitations(
        &self,
        path: &OrgPath,
        page: PageRequest<'_>,
    ) -> Result<Slice<Invitation>, Error> {
        let hash = index::users(path, Status::Pending);
        let range = Range::of_index(Index::ByPath, hash, index::in_organization(path));
        self.page(vec![range], page).await
    }

    /// The organizations below one.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn below(
        &self,
        path: &OrgPath,
        scope: TreeDepth,
        page: PageRequest<'_>,
    ) -> Result<Slice<Organization>, Error> {
        let range = match scope {
            TreeDepth::Organization => {
                Range::of_index(Index::ByRole, index::children(Some(path.id())), "")
            }
            TreeDepth::Subtree => {
                let [_, below] = index::in_subtree(path);
                Range::of_index(Index::ByPath, index::organizations(path), below)
            }
        };
        self.page(vec![range], page).await
    }

    /// All root organizations.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn roots(&self, page: PageRequest<'_>) -> Result<Slice<Organization>, Error> {
        let range = Range::of_index(Index::ByRole, index::children(None), "");
        self.page(vec![range], page).await
    }

    /// A person's memberships, by organization.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn memberships(
        &self,
        user: &UserId,
        page: PageRequest<'_>,
    ) -> Result<Slice<Member>, Error> {
        let range = Range::of_index(Index::ByIdentity, index::person(user), "");
        self.page(vec![range], page).await
    }

    /// An address's pending invitations, by organization.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn invitations_of(
        &self,
        email: &Email,
        page: PageRequest<'_>,
    ) -> Result<Slice<Invitation>, Error> {
        let range = Range::of_index(Index::ByIdentity, index::address(email), "");
        self.page(vec![range], page).await
    }

    /// An organization's custom roles, oldest first, each with the number of its users.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn roles(
        &self,
        org: OrgId,
        page: PageRequest<'_>,
    ) -> Result<Slice<(CustomRole, UserCount)>, Error> {
        #[derive(Deserialize)]
        struct Stored {
            #[serde(flatten)]
            role: CustomRole,
            #[serde(flatten)]
            users: UserCount,
        }
        let range = Range::of_table(keys::organization(org), keys::ROLES);
        let Slice { items, next } = self.page::<Stored>(vec![range], page).await?;
        let items = items.into_iter().map(|Stored { role, users }| (role, users)).collect();
        Ok(Slice { items, next })
    }
}
