//! What operators see of a person: all that is kept about them, in each organization.

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{
        Email, Invitation, Member, MemberId, Name, OrgId, Organization, PersonId, PersonLabel,
        RoleId, UserId,
    },
    http::views,
    store::{Error, FetchedItems, Key, KnownAddress, KnownIn, PersonalData, Store},
};

/// All that is kept about a person.
#[derive(Serialize)]
pub(crate) struct PersonalDataView {
    id: PersonId,
    /// What an organization calls them, by the identity provider's name.
    name: Option<String>,
    user_id: Option<UserId>,
    emails: Vec<Email>,
    pub(crate) organizations: Vec<KnownInOrganization>,
}

/// What one organization keeps. Its history names the person by `member_id`.
#[derive(Serialize)]
pub(crate) struct KnownInOrganization {
    id: OrgId,
    name: Name,
    /// Whether the organization is deleted: nothing of it is reachable, and what it keeps ends
    /// (SA7).
    deleted: bool,
    member_id: Option<MemberId>,
    membership: Option<views::Member>,
    /// The services that the person keeps (MACH1). Only the export lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kept_services: Option<Vec<views::Person>>,
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

impl PersonalDataView {
    /// The data with the names of the roles and of the keepers of services.
    pub(crate) async fn of(
        store: &Store,
        id: PersonId,
        data: PersonalData,
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

    /// The data with the names of other people. An export has their ids alone: it is for the
    /// person.
    pub(crate) fn naming(mut self, names: &FetchedItems) -> Result<Self, Error> {
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
fn name_of(data: &PersonalData) -> Option<String> {
    let all = || data.organizations.iter();
    let present = all().find_map(|known| {
        let member = known.member.as_ref()?;
        member.name.clone().or_else(|| member.display_name.as_ref().map(ToString::to_string))
    });
    let former = || {
        all().find_map(|known| match &known.former.as_ref()?.label {
            PersonLabel::Known { name, .. } => name.clone(),
            PersonLabel::Service { name } => Some(name.clone()),
            PersonLabel::Erased => None,
        })
    };
    let requested = || all().find_map(|known| known.request.as_ref()?.name.clone());
    present.or_else(former).or_else(requested)
}

/// The keys of the custom roles that a person holds or is invited to.
fn role_keys(data: &PersonalData) -> Vec<Key> {
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
fn keeper_keys(data: &PersonalData) -> impl Iterator<Item = Key> {
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
    let former = former.as_ref().and_then(|former| match former.label.clone() {
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
