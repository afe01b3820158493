//! The invitations that operators send: of a first Admin, and of an Admin to appoint (INV8, OP1,
//! SA6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, AddressSlot, Email, FirstAdmin, Invitation, InvitationId, Language, MemberId, OrgId,
        Organization, Refusal,
    },
    http::{Answer, ApiError, Call, IfMatch, Json, NoBody, Path, views},
    store::{Error, FetchedItems, Key, OrganizationCounts, Store, Transaction},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteFirstAdminRequest {
    email: Email,
    language: Option<Language>,
}

/// The invitation, and who decides whether its invitee becomes Super Admin.
#[derive(Serialize)]
struct FirstAdminInvitation {
    #[serde(flatten)]
    invitation: views::SentInvitation,
    /// The present Super Admin. `None` if the invitee becomes the Super Admin.
    super_admin: Option<views::Person>,
}

/// Invites an Admin where no member can. Without a Super Admin, the new invitation replaces that of
/// the first Admin, which may have expired or gone to a wrong address. Where the Super Admin is the
/// only person, the invitee becomes an Admin, and an operator can appoint them (SA6).
pub(crate) async fn invite_first_admin(
    call: Call,
    Path(id): Path<OrgId>,
    Json(InviteFirstAdminRequest { email, language }): Json<InviteFirstAdminRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let org = app.store.organization_for_operator(id).await?;
    let new = InvitationId::of(context.at, id, &email);
    let facts = FirstAdminFacts::read(&app.store, &org, new).await?;
    let persons = OrganizationCounts::of(&org, &facts.found).all().persons;
    let taken = facts.taken();
    let first = FirstAdmin { id: new, email, language };
    let invitation = domain::invite_first_admin(&org, persons, taken, first, context.at)?;
    let view = FirstAdminInvitation::of(&invitation, &org, &facts.found, context.at)?;
    let location = format!("/v1/organizations/{id}/invitations/{}", invitation.id);
    let answer = Answer::created(location, &view).with_version(invitation.version);
    let writes = app.store.transaction(&context);
    answer.commit(facts.write(writes, &org, &invitation)?).await
}

impl FirstAdminInvitation {
    fn of(
        invitation: &Invitation,
        org: &Organization,
        found: &FetchedItems,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let people = views::InvitationPeople::only(views::Person::operator());
        Ok(Self {
            invitation: views::SentInvitation::new(invitation, org, None, people, now),
            super_admin: views::Person::super_admin(found, org)?,
        })
    }
}

/// What an invitation by an operator depends on.
struct FirstAdminFacts {
    super_admin: Option<MemberId>,
    /// What is at the address; without a Super Admin, at the address of the pending first Admin.
    slot: Option<AddressSlot>,
    /// With a Super Admin, their item and the counters.
    found: FetchedItems,
}

impl FirstAdminFacts {
    async fn read(
        store: &Store,
        org: &Organization,
        invitation: InvitationId,
    ) -> Result<Self, Error> {
        let id = org.id();
        let super_admin = org.super_admin_user_id.as_ref().map(|user| MemberId::of(id, user));
        let hash = match super_admin {
            Some(_) => Some(invitation.address_hash()),
            None => org.pending_first_admin.map(|pending| pending.invitation.address_hash()),
        };
        let key = hash.map(|hash| Key::address_slot(id, hash));
        let others = super_admin.map(|member| [Key::counts(id), Key::member(id, member)]);
        let keys = key.clone().into_iter().chain(others.into_iter().flatten());
        let found = store.get(keys).await?;
        let slot = key.map(|key| found.address_slot(&key)).transpose()?.flatten();
        Ok(Self { super_admin, slot, found })
    }

    /// What takes the address of the invitee. Without a Super Admin, the new invitation replaces
    /// the present one.
    fn taken(&self) -> Option<&AddressSlot> {
        self.slot.as_ref().filter(|_| self.super_admin.is_some())
    }

    fn write<'a>(
        self,
        writes: Transaction<'a>,
        org: &Organization,
        invitation: &Invitation,
    ) -> Result<Transaction<'a>, Error> {
        let pending = self.slot.and_then(AddressSlot::pending);
        match self.super_admin {
            Some(_) => writes.invite_admin_to_appoint(org, invitation, pending.as_ref()),
            None => writes.invite_first_admin(org, invitation, pending.as_ref()),
        }
    }
}

/// Revokes a pending invitation that an operator sent last, for example to a wrong address.
pub(crate) async fn revoke(
    call: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let slot = Key::address_slot(org, id.address_hash());
    let found = app.store.get([Key::organization(org), slot.clone()]).await?;
    let org = found.organization_for_operator(org)?;
    let pending = found.pending(&slot)?.filter(|invitation| invitation.id == id);
    let invitation = pending.ok_or(Refusal::NoSuchInvitation)?;
    domain::revoke_as_operator(&invitation)?;
    if_match.check(invitation.version)?;
    let writes = app.store.transaction(&context).revoke_as_operator(&org, &invitation)?;
    if_match.commit(Answer::no_content(), writes).await
}
