//! Sign-in requirements and event retention (ORG3). They are enforced where a standing is created,
//! so that every route obeys them.

use serde::Deserialize;
use shared::{
    domain::{
        self, DEFAULT_RETENTION_DAYS, Level, MAX_NETWORKS, MAX_SESSION_MINUTES,
        MIN_SESSION_MINUTES, OrgId, RoleObject, Security,
    },
    http::{Answer, ApiError, BoundedInt, Call, IfMatch, Json, Networks, Path, WithEtag},
};

pub(crate) async fn show(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
) -> Result<WithEtag<Security>, ApiError> {
    let actor = app.store.standing_for_security(&person, org).await?;
    actor.require(RoleObject::SecurityManagement, Level::ViewOnly)?;
    Ok(WithEtag { version: actor.org.version, view: actor.org.security })
}

/// The new settings. They replace the old ones completely.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateSecurityRequest {
    require_mfa: bool,
    // Required, even if it is `null`. A plain `Option` could be absent.
    #[serde(deserialize_with = "Option::deserialize")]
    max_session_minutes: Option<BoundedInt<MIN_SESSION_MINUTES, MAX_SESSION_MINUTES>>,
    allowed_networks: Networks<MAX_NETWORKS>,
    event_retention_days: BoundedInt<1, DEFAULT_RETENTION_DAYS>,
}

impl From<UpdateSecurityRequest> for Security {
    fn from(request: UpdateSecurityRequest) -> Self {
        let BoundedInt(days) = request.event_retention_days;
        Self {
            require_mfa: request.require_mfa,
            max_session_minutes: request.max_session_minutes.map(|BoundedInt(minutes)| minutes),
            allowed_networks: request.allowed_networks.0,
            event_retention_days: days,
        }
    }
}

pub(crate) async fn set(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(request): Json<UpdateSecurityRequest>,
) -> Result<Answer, ApiError> {
    let actor = app.store.standing_for_security(&person, org).await?;
    let secured = domain::update_security(&actor, request.into(), context.at)?;
    if_match.check(actor.org.version)?;
    let answer = Answer::ok(&secured.security).with_version(secured.version);
    if secured == actor.org {
        return Ok(answer);
    }
    let writes = app.store.transaction(&context).update_security(&actor, &secured)?;
    if_match.commit(answer, writes).await
}
