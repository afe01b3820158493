//! People over all organizations, for operators: found by address or `sub` (OP2), and their data
//! exported (ERA1).

use serde::{Deserialize, Serialize};
use shared::{
    domain::{Email, PersonId, Refusal, UserId},
    http::{ApiError, Call, FieldError, Json, Path, Problem, Query, views},
    store::{Error, Key, KnownIn, PersonalData, Store},
};

use crate::person_view::PersonalDataView;

/// The most services of one keeper in an export.
pub const MAX_KEPT_SERVICES: usize = 1_000;

/// The people that a search finds.
#[derive(Serialize)]
pub(crate) struct People {
    items: Vec<PersonalDataView>,
}

/// Exactly one of the two says who is searched for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleQuery {
    email: Option<Email>,
    user_id: Option<UserId>,
}

impl PeopleQuery {
    /// The ids under which the people are known. Several people can have had one address: in
    /// different organizations, or one after another. An address without an account stands for
    /// itself.
    async fn people(self, store: &Store) -> Result<Vec<PersonId>, ApiError> {
        match (self.email, self.user_id) {
            (None, Some(user)) => Ok(vec![PersonId::of(&user)]),
            (Some(email), None) => {
                let users = Box::pin(store.users_known_by_address(&email)).await?;
                if users.is_empty() {
                    return Ok(vec![PersonId::of_address(&email)]);
                }
                Ok(users.iter().map(PersonId::of).collect())
            }
            _ => {
                let detail = "send either `email` or `user_id`".to_owned();
                let pointer = "/email".to_owned();
                Err(Problem::invalid(FieldError { pointer, detail }).into())
            }
        }
    }
}

pub(crate) async fn find(
    call: Call,
    Query(query): Query<PeopleQuery>,
) -> Result<Json<People>, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let mut items = Vec::new();
    for id in query.people(&app.store).await? {
        let data = app.store.personal_data(id).await?;
        if !data.organizations.is_empty() {
            let names = app.store.get_for_display(other_people(&data)).await?;
            items.push(
                PersonalDataView::of(&app.store, id, data, context.at).await?.naming(&names)?,
            );
        }
    }
    Ok(Json(People { items }))
}

pub(crate) async fn data(
    call: Call,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonalDataView>, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let data = app.store.personal_data(id).await?;
    if data.organizations.is_empty() {
        return Err(Refusal::NoSuchPerson.into());
    }
    let mut kept = Vec::new();
    for known in &data.organizations {
        kept.push(Some(kept_services(&app.store, known).await?));
    }
    let mut shown = PersonalDataView::of(&app.store, id, data, context.at).await?;
    for (organization, kept) in shown.organizations.iter_mut().zip(kept) {
        organization.kept_services = kept;
    }
    Ok(Json(shown))
}

/// The keys of the other people that a search names: who invited, and who added to the critical
/// alerts.
fn other_people(data: &PersonalData) -> Vec<Key> {
    let mut keys = Vec::new();
    for known in &data.organizations {
        let invitations = known.addresses.iter().filter_map(|it| it.invitation.as_ref());
        let invited = invitations.flat_map(|it| it.invited_by().into_iter().chain(it.sent_by()));
        let added = known.addresses.iter().filter_map(|it| Some(it.alert.as_ref()?.added_by));
        keys.extend(invited.chain(added).map(|id| Key::member(known.org.id(), id)));
    }
    keys
}

/// The services that a person keeps in an organization.
async fn kept_services(store: &Store, known: &KnownIn) -> Result<Vec<views::Person>, Error> {
    let Some(member) = &known.member else { return Ok(vec![]) };
    let (org, id) = (&known.org, member.id());
    let kept = store.services_kept_by(org, id, member.continues, MAX_KEPT_SERVICES).await?;
    Ok(kept.iter().map(views::Person::member).collect())
}
