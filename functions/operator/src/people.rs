//! The personal data of a person: exported and erased by operators (ERA1).

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{self, CalledPerson, Email, MemberId, Name, OrgId, PersonId, Refusal, UserId},
    http::{Answer, ApiError, Call, IfMatch, Json, NoBody, Path, Problem, views},
    store::{Deadline, ErasureProgress, Error, KnownAddress, KnownIn},
};

/// The maximum number of attempts to erase. Changes in the organizations can make an attempt fail.
const MAX_ATTEMPTS: usize = 8;

/// All that is kept about a person.
#[derive(Serialize)]
pub(crate) struct PersonalData {
    id: PersonId,
    user_id: Option<UserId>,
    emails: Vec<Email>,
    organizations: Vec<KnownInOrganization>,
}

/// What one organization keeps. Its history names the person by `member_id`.
#[derive(Serialize)]
struct KnownInOrganization {
    id: OrgId,
    name: Name,
    member_id: Option<MemberId>,
    membership: Option<views::Member>,
    former_person: Option<FormerPerson>,
    join_request: Option<views::JoinRequest>,
    addresses: Vec<AddressData>,
}

/// What a person was called who is no member any more, or never was.
#[derive(Serialize)]
struct FormerPerson {
    name: Option<String>,
    email: Email,
}

/// What is kept about an address.
#[derive(Serialize)]
struct AddressData {
    email: Email,
    invitation: Option<views::Invitation>,
    critical_alert_user: Option<views::CriticalAlertUser>,
    /// Whether events of an invitation, a membership or an alert user that ended name the address.
    named_in_history: bool,
}

pub(crate) async fn data(
    call: Call,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonalData>, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let data = app.store.personal_data(id).await?;
    if data.organizations.is_empty() {
        return Err(Refusal::NoSuchPerson.into());
    }
    let (user, now) = (data.user_id.as_ref(), context.at);
    let organizations = data.organizations.iter().map(|known| show(known, user, now)).collect();
    let emails = data.addresses.into_iter().collect();
    Ok(Json(PersonalData { id, user_id: data.user_id, emails, organizations }))
}

fn show(known: &KnownIn, user: Option<&UserId>, now: Timestamp) -> KnownInOrganization {
    let KnownIn { org, member, former, request, addresses } = known;
    let former = former.as_ref().and_then(|former| match former.called.clone() {
        CalledPerson::Known { name, email } => Some(FormerPerson { name, email }),
        CalledPerson::Erased => None,
    });
    KnownInOrganization {
        id: org.id(),
        name: org.name.clone(),
        member_id: user.map(|user| MemberId::of(org.id(), user)),
        membership: member.as_ref().map(|member| views::Member::of(member, None)),
        former_person: former,
        join_request: request.clone().map(views::JoinRequest::of),
        addresses: addresses
            .iter()
            .filter(|address| address.is_known())
            .map(|address| show_address(address, now))
            .collect(),
    }
}

/// What is kept about an address. It does not name other people, so their ids stand alone.
fn show_address(known: &KnownAddress, now: Timestamp) -> AddressData {
    let invited = known.invitation.as_ref();
    AddressData {
        email: known.email.clone(),
        invitation: invited.map(|it| views::Invitation::of(it, views::Person::default(), now)),
        critical_alert_user: known
            .alert
            .clone()
            .map(|alert| views::CriticalAlertUser::of(alert, views::Person::default())),
        named_in_history: known.is_former(),
    }
}

/// Erases a person everywhere. Repeats until strongly consistent reads find nothing more. If time runs
/// out, the same request continues.
pub(crate) async fn erase(
    call: Call,
    Path(id): Path<PersonId>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let (deadline, mut progress) = (Deadline::begin(), ErasureProgress::default());
    for _ in 0..MAX_ATTEMPTS {
        let data = app.store.personal_data(id).await?;
        if data.organizations.is_empty() && progress.erased == 0 {
            return Err(Refusal::NoSuchPerson.into());
        }
        if data.organizations.is_empty() {
            return Ok(Answer::no_content());
        }
        domain::check_erasable(data.super_admin_of())?;
        if_match.check_untagged()?;
        match app.store.erase(&context, &data, &mut progress, &deadline).await {
            // What changed meanwhile is read again.
            Ok(true) | Err(Error::Refused(_)) => {}
            Ok(false) => return Err(Problem::unavailable(1).into()),
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::ChangedConcurrently.into())
}
