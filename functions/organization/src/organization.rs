//! Organizations: create, show and update (ORG1).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        Conditions, Kind, Language, Level, MAX_CONTACT, MAX_ORGANIZATION_NAME, MAX_POSTAL_ADDRESS,
        MAX_WEBSITE, Member, Name, OrgId, Organization, Profile, Refusal, RoleId, RoleObject,
        Source,
    },
    http::{
        Answer, ApiError, Call, IfMatch, Json, NameField, Path, Query, Text, Website, WithEtag,
        views,
    },
    store::{FetchedItems, Key, NewOrganization, ProfileChange},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrganizationRequest {
    name: NameField<MAX_ORGANIZATION_NAME>,
}

pub(crate) async fn create(
    Call { app, person, context, .. }: Call,
    Json(CreateOrganizationRequest { name: NameField(name) }): Json<CreateOrganizationRequest>,
) -> Result<Answer, ApiError> {
    if !app.deployment.self_service {
        return Err(Refusal::SelfServiceDisabled.into());
    }
    let id = OrgId::new(context.at, context.seed);
    let org = Organization::create(id, name, Kind::Standard, Some(&person), context.at);
    let first_member =
        Member::new(&person, &org, RoleId::SUPER_ADMIN, Source::Creator, context.at)?;
    let view = OrganizationDetails::of_new(&org, &first_member);
    let location = format!("/v1/organizations/{id}");
    let answer = Answer::created(location, &view).with_version(org.version);
    let org = &org;
    let first_member = Some(&first_member);
    let new = NewOrganization { org, first_member, first_admin: None, parent: None, creator: None };
    let budget = app.deployment.budgets.of_creator(&person.id, context.at);
    let writes = app.store.transaction(&context).create_organization(new)?;
    answer.commit(writes.spend(&budget, 1)).await
}

/// An organization with its profile (ORG1).
#[derive(Serialize)]
pub(crate) struct OrganizationDetails {
    #[serde(flatten)]
    organization: views::Organization,
    /// The language of its mails.
    language: Language,
    #[serde(flatten)]
    profile: Profile,
    /// The organizations above it, the root first. Only with `include=ancestors`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestors: Option<Vec<Ancestor>>,
}

/// An organization above another one.
#[derive(Serialize)]
struct Ancestor {
    id: OrgId,
    name: Option<Name>,
}

impl OrganizationDetails {
    /// Shows a new organization, which is the root of its tree.
    fn of_new(org: &Organization, first_member: &Member) -> Self {
        let super_admin = Some(views::Person::member(first_member));
        let names = views::OrganizationNames { super_admin, parent: None };
        let organization = views::Organization::of(org, org.conditions(None), names);
        let language = org.language;
        let profile = Profile::default();
        Self { organization, language, profile, ancestors: None }
    }

    /// Shows an organization under the conditions of the tree. `found` has the names that are next
    /// to its ids.
    fn of(
        org: &Organization,
        conditions: Conditions,
        found: &FetchedItems,
        profile: Profile,
    ) -> Result<Self, ApiError> {
        let names = views::OrganizationNames::of(found, org)?;
        let organization = views::Organization::of(org, conditions, names);
        Ok(Self { organization, language: org.language, profile, ancestors: None })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowOrganizationQuery {
    include: Option<OrganizationInclude>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OrganizationInclude {
    /// The names of the organizations above, which cost a read unit each.
    Ancestors,
}

pub(crate) async fn show(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(ShowOrganizationQuery { include }): Query<ShowOrganizationQuery>,
) -> Result<WithEtag<OrganizationDetails>, ApiError> {
    let (actor, found) = app.store.facts_to_show(&person, org, [Key::profile(org)]).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::ViewOnly)?;
    let profile = found.profile(org)?;
    let mut view = OrganizationDetails::of(&actor.org, actor.conditions, &found, profile)?;
    if let Some(OrganizationInclude::Ancestors) = include {
        let path = &actor.org.path;
        let ids: Vec<_> = path.ids().take(path.depth()).collect();
        let found = app.store.get_also(found, ids.iter().copied().map(Key::organization)).await?;
        let name = |id| found.organization(id).map(|above| above.name.clone());
        view.ancestors = Some(ids.iter().map(|&id| Ancestor { id, name: name(id) }).collect());
    }
    Ok(WithEtag { view, version: actor.org.version })
}

/// The fields to change. Absent fields keep their values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateOrganizationRequest {
    name: Option<NameField<MAX_ORGANIZATION_NAME>>,
    website: Option<Website<MAX_WEBSITE>>,
    address: Option<Text<MAX_POSTAL_ADDRESS>>,
    contact: Option<Text<MAX_CONTACT>>,
    language: Option<Language>,
}

impl UpdateOrganizationRequest {
    /// The organization and its profile after the change.
    fn apply(
        self,
        org: &Organization,
        profile: &Profile,
        now: Timestamp,
    ) -> (Organization, Profile) {
        let Profile { website, address, contact } = profile.clone();
        let after = Profile {
            website: self.website.map_or(website, |Website(url)| url),
            address: self.address.map_or(address, |Text(text)| text),
            contact: self.contact.map_or(contact, |Text(text)| text),
        };
        let name = self.name.map_or_else(|| org.name.clone(), |NameField(name)| name);
        let language = self.language.unwrap_or(org.language);
        if *profile == after && (&name, language) == (&org.name, org.language) {
            return (org.clone(), after);
        }
        (org.updated(name, language, now), after)
    }
}

pub(crate) async fn update(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(request): Json<UpdateOrganizationRequest>,
) -> Result<Answer, ApiError> {
    let (actor, found) = app.store.facts_to_show(&person, org, [Key::profile(org)]).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::FullAccess)?;
    if_match.check(actor.org.version)?;
    let before = found.profile(org)?;
    let (org, after) = request.apply(&actor.org, &before, context.at);
    let view = OrganizationDetails::of(&org, actor.conditions, &found, after.clone())?;
    let answer = Answer::ok(&view).with_version(org.version);
    if (&org, &after) == (&actor.org, &before) {
        return Ok(answer);
    }
    let change = ProfileChange { before: &before, org: &org, after: &after };
    let writes = app.store.transaction(&context).update_profile(&actor, change)?;
    if_match.commit(answer, writes).await
}
