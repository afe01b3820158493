//! People with their ids.

use serde::Serialize;

use crate::{
    domain::{self, Email, MemberId, OrgId, Organization, PersonLabel},
    store::{Error, FetchedItems},
};

/// The name of a person that an operator has erased (ERA1).
pub(super) const ERASED: &str = "Erased person";
/// The name of every operator: customers do not see who they are (ERA2).
pub(super) const OPERATOR: &str = "Platform operator";

/// A person in an organization: the id that they have there as a member, and what they are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    pub(super) id: Option<MemberId>,
    pub(super) name: Option<String>,
    pub(super) email: Option<Email>,
}

impl Person {
    /// A member.
    pub fn member(member: &domain::Member) -> Self {
        let given = member.display_name.as_ref().map(ToString::to_string);
        let name = given.or_else(|| member.name.clone());
        Self { id: Some(member.id()), name, email: member.email.clone() }
    }

    /// The caller, who is a member, or an operator.
    pub fn caller(actor: &domain::Standing) -> Self {
        actor.member.as_ref().map_or_else(Self::operator, Self::member)
    }

    /// The name and the address as one text, for a file: `Ada Lovelace (ada@example.com)`.
    pub fn label(&self) -> String {
        match (&self.name, &self.email) {
            (Some(name), Some(email)) => format!("{name} ({email})"),
            (Some(name), None) => name.clone(),
            (None, email) => email.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// A person who is known by an address alone.
    pub fn address(email: Email) -> Self {
        Self { email: Some(email), ..Self::default() }
    }

    /// A member whose name and address the reader does not learn.
    pub fn unnamed(id: MemberId) -> Self {
        Self { id: Some(id), ..Self::default() }
    }

    /// A person who is this member of another organization.
    pub fn known_elsewhere(member: &domain::Member) -> Self {
        Self { id: None, ..Self::member(member) }
    }

    /// Adds what the person with this id is called in an organization.
    pub(super) fn name(&mut self, names: &FetchedItems, org: OrgId) -> Result<(), Error> {
        if let Some(id) = self.id {
            *self = Self::of(names, org, id)?;
        }
        Ok(())
    }

    /// A platform operator.
    pub fn operator() -> Self {
        Self { name: Some(OPERATOR.to_owned()), ..Self::default() }
    }

    /// The person with this id in an organization. `names` has the item that says what they are
    /// called.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn of(names: &FetchedItems, org: OrgId, id: MemberId) -> Result<Self, Error> {
        Ok(Self::labelled(id, names.label(org, id)?))
    }

    /// The person with this id, who is called so.
    pub(super) fn labelled(id: MemberId, label: Option<PersonLabel>) -> Self {
        let unnamed = Self::unnamed(id);
        match label {
            Some(PersonLabel::Known { name, email }) => {
                Self { name, email: Some(email), ..unnamed }
            }
            Some(PersonLabel::Service { name }) => Self { name: Some(name), ..unnamed },
            Some(PersonLabel::Erased) => Self { name: Some(ERASED.to_owned()), ..unnamed },
            None => unnamed,
        }
    }

    /// Who created an invitation.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of).
    pub fn inviter(names: &FetchedItems, invitation: &domain::Invitation) -> Result<Self, Error> {
        let id = invitation.invited_by();
        id.map_or_else(|| Ok(Self::operator()), |id| Self::of(names, invitation.path.id(), id))
    }

    /// Who sent an invitation last.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of).
    pub fn sender(names: &FetchedItems, invitation: &domain::Invitation) -> Result<Self, Error> {
        let id = invitation.sent_by();
        id.map_or_else(|| Ok(Self::operator()), |id| Self::of(names, invitation.path.id(), id))
    }

    /// The Super Admin of an organization, if it has one.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of).
    pub fn super_admin(names: &FetchedItems, org: &Organization) -> Result<Option<Self>, Error> {
        let user = org.super_admin_user_id.as_ref();
        user.map(|user| Self::of(names, org.id(), MemberId::of(org.id(), user))).transpose()
    }
}
