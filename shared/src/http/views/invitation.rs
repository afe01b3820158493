//! Invitations, as their organization and their invitees see them.

use jiff::Timestamp;
use serde::Serialize;

use super::Person;
use crate::{
    domain::{self, Delivery, Email, InvitationId, Language, Name, OrgId, RoleId, RoleSummary},
    store::{Error, FetchedItems, Key},
};

/// An invitation.
#[derive(Clone, Debug, Serialize)]
pub struct Invitation {
    id: InvitationId,
    organization_id: OrgId,
    organization_name: Option<Name>,
    email: Email,
    role_id: RoleId,
    role_name: String,
    status: &'static str,
    expires_at: Timestamp,
    expired: bool,
    access_expires_at: Option<Timestamp>,
    invited_by: Person,
    sent_by: Person,
    created_at: Timestamp,
    sent_at: Timestamp,
    send_count: u32,
    /// The language of its mails; none for that of the organization.
    language: Option<Language>,
}

impl Invitation {
    /// The keys of the items that hold the names next to the ids of an invitation: of its role, and
    /// of the people behind it.
    pub fn name_keys(invitation: &domain::Invitation) -> impl Iterator<Item = Key> + use<> {
        let role = Key::custom_role(invitation.path.id(), invitation.role_id);
        role.into_iter().chain(InvitationPeople::keys(invitation))
    }

    /// Shows `invitation` to the organization with this name, as it is at `now` (INV5). `role` is
    /// needed for a custom role.
    pub fn of(
        invitation: &domain::Invitation,
        organization_name: impl Into<Option<Name>>,
        role: Option<&RoleSummary>,
        people: InvitationPeople,
        now: Timestamp,
    ) -> Self {
        let InvitationPeople { invited_by, sent_by } = people;
        Self {
            id: invitation.id,
            organization_id: invitation.path.id(),
            organization_name: organization_name.into(),
            email: invitation.email.clone(),
            role_id: invitation.role_id,
            role_name: invitation.role_id.shown_name(role),
            status: "pending",
            expires_at: invitation.expires_at,
            expired: invitation.expired(now),
            access_expires_at: invitation.access_expires_at,
            invited_by,
            sent_by,
            created_at: invitation.created_at,
            sent_at: invitation.sent_at,
            send_count: invitation.send_count,
            language: invitation.language,
        }
    }

    /// Names the people whose ids the invitation shows.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn name_people(&mut self, names: &FetchedItems) -> Result<(), Error> {
        self.invited_by.name(names, self.organization_id)?;
        self.sent_by.name(names, self.organization_id)
    }
}

/// The people behind an invitation.
#[derive(Clone, Debug)]
pub struct InvitationPeople {
    /// Who created it.
    pub invited_by: Person,
    /// Who sent or changed it last. It depends on their permission (INV9, INV13).
    pub sent_by: Person,
}

impl InvitationPeople {
    /// One person who created and sent the invitation.
    pub fn only(person: Person) -> Self {
        Self { invited_by: person.clone(), sent_by: person }
    }

    /// The keys of the items that say what the people behind an invitation are called.
    pub fn keys(invitation: &domain::Invitation) -> impl Iterator<Item = Key> + use<> {
        let org = invitation.path.id();
        let people = invitation.invited_by().into_iter().chain(invitation.sent_by());
        people.map(move |member| Key::member(org, member))
    }

    /// The people behind `invitation`. `names` has the items at their [`keys`](Self::keys).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn of(names: &FetchedItems, invitation: &domain::Invitation) -> Result<Self, Error> {
        let invited_by = Person::inviter(names, invitation)?;
        if invitation.sent_by() == invitation.invited_by() {
            return Ok(Self::only(invited_by));
        }
        Ok(Self { invited_by, sent_by: Person::sender(names, invitation)? })
    }
}

/// An invitation as the organization that sent it sees it.
#[derive(Clone, Debug, Serialize)]
pub struct SentInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    /// What became of its last mail.
    delivery: Delivery,
    /// Whether its inviter may still grant the role (INV9).
    inviter_authorized: bool,
}

impl SentInvitation {
    /// Shows `invitation` to `org` as it is at `now`. `found` has its sender, its creator and its
    /// delivery.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn of(
        invitation: &domain::Invitation,
        org: &domain::Organization,
        role: Option<&RoleSummary>,
        found: &FetchedItems,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let people = InvitationPeople::of(found, invitation)?;
        let delivery = invitation.delivery(found.delivery(invitation.id)?);
        let inviter_authorized = found.inviter_authorized(org, invitation, now)?;
        let invitation = Invitation::of(invitation, org.name.clone(), role, people, now);
        Ok(Self { invitation, delivery, inviter_authorized })
    }

    /// Shows a new invitation to `org` that is sent `now`: its mail has not left, and its inviter
    /// may grant the role.
    pub fn new(
        invitation: &domain::Invitation,
        org: &domain::Organization,
        role: Option<&RoleSummary>,
        people: InvitationPeople,
        now: Timestamp,
    ) -> Self {
        let delivery = invitation.delivery(None);
        let invitation = Invitation::of(invitation, org.name.clone(), role, people, now);
        Self { invitation, delivery, inviter_authorized: true }
    }
}
