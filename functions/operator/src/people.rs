//! People over all organizations, for operators: found by address or `sub` (OP2), their data exported and
//! erased (ERA1).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, Email, Invitation, Member, MemberId, Name, OrgId, Organization, PersonId,
        PersonLabel, Refusal, RoleId, UserId,
    },
    http::{
        Answer, ApiError, Call, FieldError, IfMatch, Json, NoBody, Path, Problem, Query, views,
    },
    store::{self, EndingProgress, Error, FetchedItems, Key, KnownAddress, KnownIn, Store},
};

/// How often in a row the end of what a person has may lose a race.
const MAX_LOST_RACES: u32 = 8;

/// The rounds of a request that ends what a person has. Others can add something meanwhile, so it goes on until
/// a round finds nothing, or its time is over.
pub(crate) struct Rounds {
    pub(crate) progress: EndingProgress,
    lost_races: u32,
}

impl Rounds {
    pub(crate) fn begin() -> Self {
        Self { progress: EndingProgress::begin(), lost_races: 0 }
    }

    /// Checks that the person is known, or was before the first round. `data` is what is left of them.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchPerson`] if not.
    pub(crate) fn check_known(&self, data: &store::PersonalData) -> Result<(), Refusal> {
        if data.organizations.is_empty() && self.progress.organizations == 0 {
            return Err(Refusal::NoSuchPerson);
        }
        Ok(())
    }

    /// Takes the result of a round.
    ///
    /// # Errors
    ///
    /// 503 if time is over, so that a repeat continues; [`Refusal::ChangedConcurrently`] if no round had an effect.
    pub(crate) fn end(&mut self, round: Result<bool, Error>) -> Result<(), ApiError> {
        match round {
            Ok(true) => self.lost_races = 0,
            // What changed meanwhile is read again.
            Err(Error::Refused(_)) => self.lost_races += 1,
            Ok(false) => return Err(Problem::unavailable(1).into()),
            Err(error) => return Err(error.into()),
        }
        let is_over = self.progress.deadline.has_passed() || self.lost_races >= MAX_LOST_RACES;
        match (is_over, self.progress.organizations) {
            (false, _) => Ok(()),
            (true, 0) => Err(Refusal::ChangedConcurrently.into()),
            (true, _) => Err(Problem::unavailable(1).into()),
        }
    }
}

/// The most services of one keeper in an export.
pub const MAX_KEPT_SERVICES: usize = 1_000;

/// All that is kept about a person.
#[derive(Serialize)]
pub(crate) struct PersonalDataView {
    id: PersonId,
    /// What an organization calls them, by the identity provider's name.
    name: Option<String>,
    user_id: Option<UserId>,
    emails: Vec<Email>,
    organizations: Vec<KnownInOrganization>,
}

/// What one organization keeps. Its history names the person by `member_id`.
#[derive(Serialize)]
struct KnownInOrganization {
    id: OrgId,
    name: Name,
    /// Whether the organization is deleted: nothing of it is reachable, and what it keeps ends (SA7).
    deleted: bool,
    member_id: Option<MemberId>,
    membership: Option<views::Member>,
    /// The services that the person keeps (MACH1). Only the export lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_services: Option<Vec<views::Person>>,
    former_person: Option<FormerPersonView>,
    join_request: Option<views::JoinRequest>,
    addresses: Vec<AddressData>,
}

/// What a person or service was called who is no member any more, or never was.
#[derive(Serialize)]
struct FormerPersonView {
    name: Option<String>,
    email: Option<Email>,
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
    /// The ids under which the people are known. Several people can have had one address: in different
    /// organizations, or one after another. An address without an account stands for itself.
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

/// The keys of the other people that a search names: who invited, and who added to the critical alerts.
fn other_people(data: &store::PersonalData) -> Vec<Key> {
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

impl PersonalDataView {
    /// The data with the names of the roles and of the keepers of services.
    async fn of(
        store: &Store,
        id: PersonId,
        data: store::PersonalData,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let keys = role_keys(&data).into_iter().chain(keeper_keys(&data));
        let names = store.get_for_display(keys).await?;
        let user = data.user_id.as_ref();
        let organizations = data.organizations.iter().map(|known| show(known, &names, user, now));
        Ok(Self {
            id,
            name: name_of(&data),
            organizations: organizations.collect::<Result<_, _>>()?,
            emails: data.addresses.into_iter().collect(),
            user_id: data.user_id,
        })
    }
}

impl PersonalDataView {
    /// The data with the names of other people. An export has their ids alone: it is for the person.
    fn naming(mut self, names: &FetchedItems) -> Result<Self, Error> {
        for known in &mut self.organizations {
            for address in &mut known.addresses {
                if let Some(invitation) = &mut address.invitation {
                    invitation.name_people(names)?;
                }
                if let Some(user) = &mut address.critical_alert_user {
                    user.name_adder(names, known.id)?;
                }
            }
        }
        Ok(self)
    }
}

/// The name of the person: of a membership, else of a former one, else of a request to join.
fn name_of(data: &store::PersonalData) -> Option<String> {
    let all = || data.organizations.iter();
    let present = all().find_map(|known| {
        let member = known.member.as_ref()?;
        member.name.clone().or_else(|| member.display_name.as_ref().map(ToString::to_string))
    });
    let former = || {
        all().find_map(|known| match &known.former.as_ref()?.called {
            PersonLabel::Known { name, .. } => name.clone(),
            PersonLabel::Service { name } => Some(name.clone()),
            PersonLabel::Erased => None,
        })
    };
    let requested = || all().find_map(|known| known.request.as_ref()?.name.clone());
    present.or_else(former).or_else(requested)
}

/// The keys of the custom roles that a person holds or is invited to.
fn role_keys(data: &store::PersonalData) -> Vec<Key> {
    let mut keys = Vec::new();
    for known in &data.organizations {
        let member = known.member.iter().map(|member| member.role_id);
        let invited = known.addresses.iter().filter_map(|it| it.invitation.as_ref());
        let roles = member.chain(invited.map(|invitation| invitation.role_id));
        let custom = roles.filter_map(RoleId::custom);
        keys.extend(custom.map(|role| Key::role(known.org.id(), role)));
    }
    keys
}

/// The keys of the keepers, if the user is a service.
fn keeper_keys(data: &store::PersonalData) -> impl Iterator<Item = Key> {
    data.organizations.iter().filter_map(|known| {
        let service = known.member.as_ref()?.service?;
        Some(Key::member(known.org.id(), service.keeper))
    })
}

fn show(
    known: &KnownIn,
    names: &FetchedItems,
    user: Option<&UserId>,
    now: Timestamp,
) -> Result<KnownInOrganization, Error> {
    let KnownIn { org, member, former, request, addresses } = known;
    let former = former.as_ref().and_then(|former| match former.called.clone() {
        PersonLabel::Known { name, email } => Some(FormerPersonView { name, email: Some(email) }),
        PersonLabel::Service { name } => Some(FormerPersonView { name: Some(name), email: None }),
        PersonLabel::Erased => None,
    });
    let membership = |member: &Member| {
        let role = names.role_summary(org.id(), member.role_id)?;
        views::Member::of(member, org.name.clone(), role.as_ref(), now)
            .with_keeper(member, names, now)
    };
    Ok(KnownInOrganization {
        id: org.id(),
        name: org.name.clone(),
        deleted: org.is_deleted(),
        member_id: user.map(|user| MemberId::of(org.id(), user)),
        membership: member.as_ref().map(membership).transpose()?,
        kept_services: None,
        former_person: former,
        join_request: request.clone().map(|it| views::JoinRequest::of(it, org.name.clone())),
        addresses: addresses
            .iter()
            .filter(|address| address.is_known())
            .map(|address| show_address(address, org, names, now))
            .collect::<Result<_, _>>()?,
    })
}

/// What is kept about an address. The ids of other people stand alone.
fn show_address(
    known: &KnownAddress,
    org: &Organization,
    names: &FetchedItems,
    now: Timestamp,
) -> Result<AddressData, Error> {
    let invitation = |it: &Invitation| {
        let role = names.role_summary(org.id(), it.role_id)?;
        let person =
            |id: Option<MemberId>| id.map_or_else(views::Person::operator, views::Person::unnamed);
        let (invited_by, sent_by) = (person(it.invited_by()), person(it.sent_by()));
        let people = views::InvitationPeople { invited_by, sent_by };
        Ok::<_, Error>(views::Invitation::of(it, org.name.clone(), role.as_ref(), people, now))
    };
    Ok(AddressData {
        email: known.email.clone(),
        invitation: known.invitation.as_ref().map(invitation).transpose()?,
        critical_alert_user: known.alert.clone().map(|alert| {
            let added_by = views::Person::unnamed(alert.added_by);
            views::CriticalAlertUser::of(alert, added_by)
        }),
        named_in_history: known.is_former(),
    })
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
    let (mut rounds, mut addresses) = (Rounds::begin(), BTreeSet::new());
    loop {
        // What was erased leads to the addresses no more, and others can invite them meanwhile.
        let data = app.store.personal_data_and_of(id, &addresses).await?;
        addresses.extend(data.addresses.iter().cloned());
        rounds.check_known(&data)?;
        if data.organizations.is_empty() {
            return Ok(Answer::no_content());
        }
        domain::check_erasable(data.super_admin_of())?;
        if_match.check_untagged()?;
        let round = app.store.erase(&context, &data, &mut rounds.progress).await;
        rounds.end(round)?;
    }
}
