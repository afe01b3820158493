//! The members of an organization: list, export, show, change of role or display name, removal and
//! leaving.
//!
//! This file has the routes, and the list of users: active members and pending invitations together
//! (U3).

mod export;
mod export_about;
mod export_bucket;
mod export_rows;
mod filters;
mod list_rows;
mod member;
mod name_order;
mod row_height;
#[cfg(feature = "s3")]
mod s3;
mod services;
mod sheet;

use axum::{
    Router,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{MemberKind, OrgId, RoleId, UserId},
    http::{
        ApiError, App, Call, CountedPage, FieldError, Json, Limit, Match, Pagination, Path,
        Problem, Query, ScopeParam, StatusParam, as_set,
    },
};

pub use export::{ExportConfig, ExportLimits};
pub use export_bucket::{
    BucketUnavailable, ExportBucket, FileStore, MAX_NAME_IN_FILE_NAME, StoreFuture, attachment,
};
pub use filters::MAX_RANGES;
use filters::{Filters, Sort};
use list_rows::UserRow;
pub use name_order::MAX_SORTED;
#[cfg(feature = "s3")]
pub use s3::S3;
pub use sheet::XLSX;

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/members", get(list))
        .route("/v1/organizations/{org}/member-exports", post(export::export))
        .route(
            "/v1/organizations/{org}/members/{member}",
            get(member::one).patch(member::change).delete(member::remove),
        )
        .route("/v1/organizations/{org}/service-members", post(services::add))
        .route("/v1/organizations/{org}/leave", post(member::leave))
}

async fn list(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(query): Query<ListMembersQuery>,
) -> Result<Json<CountedPage<UserRow>>, ApiError> {
    query.check()?;
    let cursor = query.cursor.as_deref();
    let pagination = Pagination::filtered("members", &org, &query, query.limit, cursor)?;
    if let Some(user) = &query.user_id {
        // A page with one person has no next page.
        return list_rows::one_person(&app.store, &person, org, user, context.at).await;
    }
    let list = query.filters().authorize(&app, &person, org).await?;
    let (users, roles) = list.page(&app.store, pagination.request()).await?;
    let rows = UserRow::read(&app.store, &list.actor, users, roles, context.at).await?;
    Ok(Json(CountedPage { page: pagination.finish(rows), total: list.total }))
}

/// The fields of [`Filters`] and of a page. With serde's `flatten`, unknown parameters would not be
/// refused, and a filter with one value would be read as a text instead of a list.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListMembersQuery {
    #[serde(serialize_with = "as_set")]
    status: Vec<StatusParam>,
    #[serde(serialize_with = "as_set")]
    kind: Vec<MemberKind>,
    #[serde(serialize_with = "as_set")]
    role_id: Vec<RoleId>,
    #[serde(serialize_with = "as_set")]
    organization_id: Vec<OrgId>,
    q: String,
    r#match: Match,
    scope: ScopeParam,
    sort: Sort,
    /// The `sub` of one person. The list then contains only their membership.
    user_id: Option<UserId>,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

impl ListMembersQuery {
    /// Checks that `user_id` comes without other filters, which would be useless. The order may be
    /// given.
    ///
    /// # Errors
    ///
    /// `invalid-request` that names `user_id`.
    fn check(&self) -> Result<(), Problem> {
        let Self { status, kind, role_id, organization_id, q, scope, .. } = self;
        let none = status.is_empty() && kind.is_empty() && role_id.is_empty() && q.is_empty();
        let alone = none && organization_id.is_empty() && *scope == ScopeParam::default();
        if alone || self.user_id.is_none() {
            return Ok(());
        }
        let detail = "cannot be combined with other filters; send it alone".to_owned();
        Err(Problem::invalid(FieldError { pointer: "/user_id".to_owned(), detail }))
    }

    fn filters(self) -> Filters {
        let Self { status, kind, role_id, organization_id, q, r#match, scope, sort, .. } = self;
        Filters { status, kind, role_id, organization_id, q, r#match, scope, sort }
    }
}
