//! Lists of one organization, one person or one address, and the organizations of a tree.

use serde::Deserialize;

use super::{Error, PageRequest, Slice, Status, Store, keys, range::Range};
use crate::domain::{
    CustomRole, Email, Invitation, Member, OrgId, OrgPath, Organization, UserCount, UserId,
};

/// One organization, or all below it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeDepth {
    /// Itself alone.
    Organization,
    /// Itself and everything below.
    Subtree,
}

impl Store {
    /// An organization's pending invitations, by address.
    pub async fn invitations(
        &self,
        path: &OrgPath,
        window: PageRequest<'_>,
    ) -> Result<Slice<Invitation>, Error> {
        let hash = keys::tree(path, Status::Pending);
        self.page(vec![Range::of_index("tree", hash, format!("{path}#"))], window).await
    }

    /// The organizations right below one, or with `Subtree` all below it.
    pub async fn below(
        &self,
        path: &OrgPath,
        scope: TreeDepth,
        window: PageRequest<'_>,
    ) -> Result<Slice<Organization>, Error> {
        let range = match scope {
            TreeDepth::Organization => {
                Range::of_index("group", keys::children(Some(path.id())), String::new())
            }
            TreeDepth::Subtree => {
                Range::of_index("tree", keys::tree_of_organizations(path), format!("{path}/"))
            }
        };
        self.page(vec![range], window).await
    }

    /// All organizations without a parent.
    pub async fn roots(&self, window: PageRequest<'_>) -> Result<Slice<Organization>, Error> {
        let hash = keys::children(None);
        self.page(vec![Range::of_index("group", hash, String::new())], window).await
    }

    /// A person's memberships, by organization.
    pub async fn memberships(
        &self,
        user: &UserId,
        window: PageRequest<'_>,
    ) -> Result<Slice<Member>, Error> {
        let range = Range::of_index("identity", keys::user(user), String::new());
        self.page(vec![range], window).await
    }

    /// An address's pending invitations, by organization.
    pub async fn invitations_of(
        &self,
        email: &Email,
        window: PageRequest<'_>,
    ) -> Result<Slice<Invitation>, Error> {
        let range = Range::of_index("identity", keys::address(email), String::new());
        self.page(vec![range], window).await
    }

    /// An organization's custom roles, oldest first, each with the number of its users.
    pub async fn roles(
        &self,
        org: OrgId,
        window: PageRequest<'_>,
    ) -> Result<Slice<(CustomRole, UserCount)>, Error> {
        #[derive(Deserialize)]
        struct Stored {
            #[serde(flatten)]
            role: CustomRole,
            #[serde(flatten)]
            users: UserCount,
        }
        let range = Range::of_table(keys::organization(org), keys::ROLES);
        let Slice { items, next } = self.page::<Stored>(vec![range], window).await?;
        let items = items.into_iter().map(|Stored { role, users }| (role, users)).collect();
        Ok(Slice { items, next })
    }
}
