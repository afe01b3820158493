//! The lists of entities: one range each, read page by page.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{
    Error, PageRequest, RoleWithUsers, Slice, Status, Store,
    expression::Expression,
    index::{self, Index},
    item::{from_item, text},
    keys,
    organizations::FOLDED_NAME,
    range::{MAX_FILTER_UNITS, Range},
    role_lists::RoleSelection,
};
use crate::domain::{
    ApprovedDomain, CustomerLink, Email, Invitation, JoinRequest, ListEntry, ListValue, MailDomain,
    Member, MemberId, OrgId, OrgPath, Organization, PersonId, UserId, fold,
};

/// A list of entities of one kind.
#[derive(Clone)]
pub struct List<T> {
    range: Range,
    entity: PhantomData<T>,
}

impl Store {
    /// A page of a list.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn page<T: DeserializeOwned>(
        &self,
        list: List<T>,
        page: PageRequest<'_>,
    ) -> Result<Slice<T>, Error> {
        self.merged_page([list], page).await
    }

    /// A page of several lists of the same order, merged.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn merged_page<T: DeserializeOwned>(
        &self,
        lists: impl IntoIterator<Item = List<T>>,
        page: PageRequest<'_>,
    ) -> Result<Slice<T>, Error> {
        let ranges: Vec<_> = lists.into_iter().map(|list| list.range).collect();
        let after = page.after.map(|position| position.key.as_str());
        let found = self.merged(&ranges, page.limit, after, MAX_FILTER_UNITS).await?;
        let Slice { items, next } = found.slice(page.limit, 0);
        let items = items.into_iter().map(from_item).collect::<Result<_, _>>()?;
        Ok(Slice { items, next })
    }
}

impl<T> List<T> {
    pub(super) fn of(range: Range) -> Self {
        Self { range, entity: PhantomData }
    }

    fn of_index(index: Index, hash: String) -> Self {
        Self::of(Range::of_index(index, hash, ""))
    }
}

impl List<Invitation> {
    /// An organization's pending invitations, by address.
    pub fn invitations(path: &OrgPath) -> Self {
        let hash = index::users(path, Status::Pending);
        Self::of(Range::of_index(Index::ByPath, hash, index::in_organization(path)))
    }

    /// An address's pending invitations, by organization.
    pub fn invitations_to(email: &Email) -> Self {
        Self::of_index(Index::ByIdentity, index::address(PersonId::of_address(email)))
    }
}

impl List<Member> {
    /// A person's memberships, by organization.
    pub fn memberships(user: &UserId) -> Self {
        Self::of_index(Index::ByIdentity, index::person(PersonId::of(user)))
    }
}

impl List<Member> {
    /// The services of an organization that a member keeps (MACH1).
    pub(super) fn kept_by(path: &OrgPath, keeper: MemberId) -> Self {
        let hash = index::users(path, Status::Active);
        let keeps = [("keeper", text(keeper.to_string()))];
        let kept = Expression::new("#service.#keeper = :keeper", keeps);
        let services = Range::of_index(Index::ByPath, hash, index::services_in(path));
        Self::of(services.filtered(kept))
    }

    /// The members of an organization, by their ids.
    pub(super) fn members(org: OrgId) -> Self {
        let range = Range::of_table(keys::organization(org), keys::MEMBERS);
        Self::of(range.filtered(live()))
    }
}

impl List<Invitation> {
    /// The pending invitations of an organization, by the hashes of their addresses.
    pub(super) fn pending(org: OrgId) -> Self {
        let range = Range::of_table(keys::organization(org), keys::ADDRESS_SLOTS);
        let pending = Expression::new("#status = :pending", [("pending", text("pending"))]);
        Self::of(range.filtered(pending))
    }
}

impl List<Organization> {
    /// The organizations directly below one, oldest first; without one, all roots.
    pub fn children(parent: Option<OrgId>) -> Self {
        Self::of_index(Index::ByRole, index::children(parent))
    }

    /// The organizations whose names begin with a text, oldest first. A text of fewer than
    /// [`NAME_CHARACTERS`](index::NAME_CHARACTERS) characters is a whole name.
    pub fn named(beginning: &str) -> Self {
        let folded = fold(beginning);
        let hash = index::organizations_named(&folded);
        Self::beginning_so(hash, folded)
    }

    /// The deleted organizations whose names began with a text, for as long as their history is
    /// kept. The order is that of [`named`](Self::named).
    pub fn deleted_named(beginning: &str) -> Self {
        let folded = fold(beginning);
        let hash = index::deleted_organizations_named(&folded);
        Self::beginning_so(hash, folded)
    }

    fn beginning_so(hash: String, folded: String) -> Self {
        let begins = format!("begins_with(#{FOLDED_NAME}, :beginning)");
        let begins = Expression::new(&begins, [("beginning", text(folded))]);
        Self::of(Range::of_index(Index::ByIdentity, hash, "").filtered(begins))
    }

    /// All organizations below one, by path.
    pub fn below(path: &OrgPath) -> Self {
        let [_, below] = index::in_subtree(path);
        Self::of(Range::of_index(Index::ByPath, index::organizations(path), below))
    }
}

impl List<RoleWithUsers> {
    /// Those of an organization's custom roles that a selection contains, oldest first.
    pub fn roles(org: OrgId, selection: &RoleSelection) -> Self {
        let range = Range::of_table(keys::organization(org), keys::ROLES);
        Self::of(range.filtered(selection.condition()))
    }
}

impl List<JoinRequest> {
    /// The open requests to join an organization, oldest first.
    pub fn join_requests(org: OrgId) -> Self {
        Self::of_index(Index::ByRole, index::join_requests(org))
    }

    /// A person's requests, open or declined, by organization.
    pub fn join_requests_of(user: &UserId) -> Self {
        Self::of_index(Index::ByIdentity, index::requests_of(PersonId::of(user)))
    }
}

impl<T: ListValue> List<ListEntry<T>> {
    /// The entries of an organization's list, by id.
    pub fn entries(org: OrgId) -> Self {
        let range = Range::of_table(keys::organization(org), keys::entries(T::LIST));
        Self::of(range.filtered(live()))
    }
}

impl List<ApprovedDomain> {
    /// The organizations that have approved a domain.
    pub fn approvals(domain: &MailDomain) -> Self {
        Self::of_index(Index::ByIdentity, index::domain(domain.as_str()))
    }
}

impl List<CustomerLink> {
    /// A partner's customers, by the age of their organizations.
    pub fn customers(partner: OrgId) -> Self {
        let range = Range::of_table(keys::organization(partner), keys::CUSTOMERS);
        Self::of(range.filtered(live()))
    }

    /// A customer's partners by the age of their organizations, from one of them on.
    pub fn partners(customer: OrgId, from: Option<OrgId>) -> Self {
        let range = Range::of_index(Index::ByIdentity, index::customer(customer), "");
        Self::of(range.starting_at(from.map(keys::organization)))
    }
}

/// The item is not a tombstone.
fn live() -> Expression {
    Expression::new("attribute_not_exists(#deleted)", [])
}
