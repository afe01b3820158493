//! How members must sign in, and how long events are kept (ORG3). It is enforced where a standing
//! is made, so that no route can forget it.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    domain::{
        self, DEFAULT_RETENTION_DAYS, LEAST_SESSION, Level, MAX_NETWORKS, MOST_SESSION, OrgId,
        RoleObject, Security,
    },
    http::{Acting, App, IfMatch, Instead, Json, Networks, Path, Tagged, Within},
    store::{Reply, Shown},
};

pub(crate) async fn show(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
) -> Result<Tagged<Security>, Instead> {
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::SecurityManagement, Level::ViewOnly)?;
    Ok(Tagged(actor.org.security))
}

/// All of it: what is set replaces what was.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    require_mfa: bool,
    // An `Option` could be left out; this must be said, if only `null`.
    #[serde(deserialize_with = "Option::deserialize")]
    max_session_minutes: Option<Within<LEAST_SESSION, MOST_SESSION>>,
    allowed_networks: Networks<MAX_NETWORKS>,
    event_retention_days: Within<1, DEFAULT_RETENTION_DAYS>,
}

impl From<Wanted> for Security {
    fn from(wanted: Wanted) -> Self {
        let Within(days) = wanted.event_retention_days;
        Self {
            require_mfa: wanted.require_mfa,
            max_session_minutes: wanted.max_session_minutes.map(|Within(minutes)| minutes),
            allowed_networks: wanted.allowed_networks.0,
            event_retention_days: days,
        }
    }
}

pub(crate) async fn set(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(wanted): Json<Wanted>,
) -> Result<Reply, Instead> {
    let (actor, found) = app.store.facts(&person, org, []).await?;
    let secured = domain::secure(&actor, wanted.into())?;
    let was = &actor.org.security;
    let store = if_match.hold(was, &app.store, &found, [Shown::security(org)])?;
    let reply = Reply::ok(&secured.security).tagged();
    if secured.security != actor.org.security {
        store.secure(&act, &actor, &secured, &reply).await?;
    }
    Ok(reply)
}
