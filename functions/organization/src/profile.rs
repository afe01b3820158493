//! Organizations: founded by whoever becomes their Super Admin, shown, described (ORG1).

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, Kind, Level, MAX_ORGANIZATION_NAME, Member, OrgId, Profile, Refusal, RoleId,
        RoleObject, Source,
    },
    http::{Acting, App, IfMatch, Instead, Json, Named, Path, Tagged, Text, views},
    store::{Founding, Key, Reply, Shown},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    name: Named<MAX_ORGANIZATION_NAME>,
}

pub(crate) async fn found(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Json(Wanted { name: Named(name) }): Json<Wanted>,
) -> Result<Reply, Instead> {
    if !app.limits.self_service {
        return Err(Refusal::SelfServiceOff.into());
    }
    let id = OrgId::new(act.at, act.seed);
    let org = domain::Organization::found(id, name, Kind::Standard, Some(&person), act.at);
    let founder = Member::new(&person, &org, RoleId::SUPER_ADMIN, Source::Creator, act.at)?;
    let view = Described::of(&org, org.conditions(None), Profile::default());
    let reply = Reply::created(format!("/v1/organizations/{id}"), &view);
    let founder = Some(&founder);
    let founding = Founding { org: &org, founder, first: None, parent: None, by_member: None };
    app.store.found(&act, founding, &reply).await?;
    Ok(reply)
}

/// An organization with what it says of itself (ORG1).
#[derive(Serialize)]
pub(crate) struct Described {
    #[serde(flatten)]
    organization: views::Organization,
    #[serde(flatten)]
    profile: Profile,
}

impl Described {
    fn of(org: &domain::Organization, conditions: domain::Conditions, profile: Profile) -> Self {
        Self { organization: views::Organization::of(org, conditions), profile }
    }
}

pub(crate) async fn show(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
) -> Result<Tagged<Described>, Instead> {
    let (actor, found) = app.store.facts_in_tree(&person, org, [Key::profile(org)]).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::ViewOnly)?;
    let profile = found.profile(org)?.unwrap_or_default().profile;
    Ok(Tagged(Described::of(&actor.org, actor.conditions, profile)))
}

/// What may be changed; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    name: Option<Named<MAX_ORGANIZATION_NAME>>,
    website: Option<Text<200>>,
    address: Option<Text<500>>,
    contact: Option<Text<200>>,
}

pub(crate) async fn describe(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(wanted): Json<Description>,
) -> Result<Reply, Instead> {
    let (actor, found) = app.store.facts_in_tree(&person, org, [Key::profile(org)]).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::FullAccess)?;
    let seen = found.profile(org)?;
    let before = seen.clone().unwrap_or_default().profile;
    let root = Shown::switches(actor.org.path.root_id());
    let shown = [Shown::organization(org), root, Shown::profile(org)];
    let was = Described::of(&actor.org, actor.conditions, before.clone());
    let store = if_match.hold(&was, &app.store, &found, shown)?;
    let Profile { website, address, contact } = before.clone();
    let profile = Profile {
        website: wanted.website.map_or(website, |Text(text)| text),
        address: wanted.address.map_or(address, |Text(text)| text),
        contact: wanted.contact.map_or(contact, |Text(text)| text),
    };
    let name = wanted.name.map_or_else(|| actor.org.name.clone(), |Named(name)| name);
    let now = domain::Organization { name, ..actor.org.clone() };
    let reply = Reply::ok(&Described::of(&now, actor.conditions, profile.clone())).tagged();
    if before != profile || now.name != actor.org.name {
        let said = (&now.name, &profile);
        store.describe(&act, &actor, seen.as_ref(), said, &reply).await?;
    }
    Ok(reply)
}
