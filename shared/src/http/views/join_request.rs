//! Requests to join, as user managers and requesters see them.

use jiff::Timestamp;
use serde::Serialize;

use super::Person;
use crate::domain::{self, JoinRequestId, MemberId, Name, OrgId, RequestStatus};

/// A join request.
#[derive(Clone, Debug, Serialize)]
pub struct JoinRequest {
    id: JoinRequestId,
    organization_id: OrgId,
    organization_name: Name,
    person: Person,
    comment: String,
    status: RequestStatus,
    created_at: Timestamp,
}

impl JoinRequest {
    /// Shows `request` to `organization_name`.
    pub fn of(request: domain::JoinRequest, organization_name: Name) -> Self {
        let domain::JoinRequest { id, organization_id, user_id, email, .. } = request;
        let domain::JoinRequest { name, comment, status, created_at, .. } = request;
        let member_id = MemberId::of(organization_id, &user_id);
        let person = Person { id: Some(member_id), name, email: Some(email) };
        Self { id, organization_id, organization_name, person, comment, status, created_at }
    }
}

/// A join request, for the person who made it.
#[derive(Clone, Debug, Serialize)]
pub struct OwnJoinRequest {
    id: JoinRequestId,
    organization_id: OrgId,
    organization_name: Name,
    comment: String,
    status: RequestStatus,
    created_at: Timestamp,
    /// When the person may ask again, if the request was declined and they may not do so now.
    ask_again_at: Option<Timestamp>,
}

impl OwnJoinRequest {
    /// Shows `request` to `organization_name`. `invited_at` is the time at which the last
    /// invitation was sent to its person.
    pub fn of(
        request: domain::JoinRequest,
        organization_name: Name,
        invited_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let waits = !request.may_ask_again(invited_at, now);
        let ask_again_at = request.declined_until().filter(|_| waits);
        let domain::JoinRequest { id, organization_id, comment, status, created_at, .. } = request;
        Self { id, organization_id, organization_name, comment, status, created_at, ask_again_at }
    }
}
