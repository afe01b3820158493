//! The invitations that operators send: of a first Admin, and of an Admin to appoint (INV8, OP1, SA6).

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, AddressSlot, Email, FirstAdmin, InvitationId, Language, MemberId, OrgId, Refusal,
    },
    http::{Answer, ApiError, Call, IfMatch, Json, NoBody, Path, views},
    store::{Key, OrganizationCounts},
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

/// Invites an Admin where no member can. Without a Super Admin, the new invitation replaces that of the first
/// Admin, which may have expired or gone to a wrong address. Where the Super Admin is the only person, the
/// invitee becomes an Admin, and an operator can appoint them (SA6).
pub(crate) async fn invite_first_admin(
    call: Call,
    Path(id): Path<OrgId>,
    Json(InviteFirstAdminRequest { email, language }): Json<InviteFirstAdminRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let org = app.store.organization_for_operator(id).await?;
    let super_admin = org.super_admin_user_id.as_ref().map(|user| MemberId::of(id, user));
    let invitation = InvitationId::of(context.at, id, &email);
    let slot = match super_admin {
        Some(_) => Some(invitation.digest()),
        None => org.pending_first_admin.map(|awaited| awaited.invitation.digest()),
    };
    let slot = slot.map(|digest| Key::address_slot(id, digest));
    let beside = super_admin.map(|member| [Key::counts(id), Key::member(id, member)]);
    let found = app.store.get(slot.clone().into_iter().chain(beside.into_iter().flatten())).await?;
    let persons = OrganizationCounts::of(&org, &found).all().persons;
    let at_slot = slot.map(|slot| found.address_slot(&slot)).transpose()?.flatten();
    let taken = at_slot.as_ref().filter(|_| super_admin.is_some());
    let first = FirstAdmin { id: invitation, email, language };
    let invitation = domain::invite_first_admin(&org, persons, taken, first, context.at)?;
    let pending = at_slot.and_then(AddressSlot::pending);
    let location = format!("/v1/organizations/{id}/invitations/{}", invitation.id);
    let people = views::InvitationPeople::only(views::Person::operator());
    let view = FirstAdminInvitation {
        invitation: views::SentInvitation::new(&invitation, &org, None, people, context.at),
        super_admin: views::Person::super_admin(&found, &org)?,
    };
    let answer = Answer::created(location, &view).with_version(invitation.version);
    let pending = pending.as_ref();
    let writes = app.store.transaction(&context);
    let writes = match super_admin {
        Some(_) => writes.invite_admin_to_appoint(&org, &invitation, pending)?,
        None => writes.invite_first_admin(&org, &invitation, pending)?,
    };
    answer.commit(writes).await
}

/// Revokes a pending invitation that an operator sent last, for example to a wrong address.
pub(crate) async fn revoke(
    call: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let slot = Key::address_slot(org, id.digest());
    let found = app.store.get([Key::organization(org), slot.clone()]).await?;
    let org = found.organization_for_operator(org)?;
    let pending = found.pending(&slot)?.filter(|invitation| invitation.id == id);
    let invitation = pending.ok_or(Refusal::NoSuchInvitation)?;
    domain::revoke_as_operator(&invitation)?;
    if_match.check(invitation.version)?;
    let writes = app.store.transaction(&context).revoke_as_operator(&org, &invitation)?;
    if_match.commit(Answer::no_content(), writes).await
}
