//! What the lists of approved domains (ORG2) and critical alert users (ORG4) have in common.

use serde::Serialize;
use shared::{
    domain::{Email, Level, ListEntry, ListValue, MailDomain, OrgId, RoleObject},
    http::{
        Answer, ApiError, App, Call, CountedPage, IfMatch, Json, PageQuery, Path, Query, views,
    },
    store::{Key, List},
};

/// The value of an entry, as clients see its list.
pub(crate) trait ShownValue: ListValue {
    /// The name of the list in its cursors.
    const NAME: &'static str;
    /// The role object whose holders see and change the list.
    const OBJECT: RoleObject;
    /// An entry as clients see it.
    type View: Serialize;

    /// Shows an entry that `added_by` added.
    fn view(entry: ListEntry<Self>, added_by: views::Person) -> Self::View;
}

impl ShownValue for MailDomain {
    const NAME: &'static str = "domains";
    const OBJECT: RoleObject = RoleObject::OrganizationGeneralInformation;
    type View = views::ApprovedDomain;

    fn view(entry: ListEntry<Self>, added_by: views::Person) -> Self::View {
        views::ApprovedDomain::of(entry, added_by)
    }
}

impl ShownValue for Email {
    const NAME: &'static str = "critical alert users";
    const OBJECT: RoleObject = RoleObject::CriticalAlertUsers;
    type View = views::CriticalAlertUser;

    fn view(entry: ListEntry<Self>, added_by: views::Person) -> Self::View {
        views::CriticalAlertUser::of(entry, added_by)
    }
}

pub(crate) async fn list<T: ShownValue>(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<CountedPage<T::View>>, ApiError> {
    let pagination = page.pagination(T::NAME, &org)?;
    let (actor, counts) = app.store.facts(&person, org, [Key::counts(org)]).await?;
    actor.require(T::OBJECT, Level::ViewOnly)?;
    let found = app.store.page(List::<ListEntry<T>>::entries(org), pagination.request()).await?;
    let people: Vec<_> = found.items.iter().map(|entry| entry.added_by).collect();
    let names = app.store.people(org, people).await?;
    let page = pagination.try_page(found, |entry| {
        let added_by = views::Person::of(&names, org, entry.added_by)?;
        Ok::<_, ApiError>(T::view(entry, added_by))
    })?;
    Ok(Json(CountedPage { page, total: Some(counts.length(org, T::LIST)) }))
}

/// Shows an entry that was in the list before the request.
///
/// # Errors
///
/// The errors of the store.
pub(crate) async fn present<T: ShownValue>(
    app: &App,
    entry: ListEntry<T>,
) -> Result<T::View, ApiError> {
    let (org, added_by) = (entry.organization_id, entry.added_by);
    let names = app.store.get([Key::member(org, added_by)]).await?;
    Ok(T::view(entry, views::Person::of(&names, org, added_by)?))
}

/// Removes the entry at `key`. `None` if no entry can have the id in the path.
///
/// # Errors
///
/// - The refusals of [`Standing::require`](shared::domain::Standing::require) without full access.
///   They come first, so that the caller does not learn which entries exist.
/// - [`ListValue::MISSING`] if there is no such entry.
pub(crate) async fn remove<T: ShownValue>(
    Call { app, person, context, .. }: Call,
    org: OrgId,
    key: Option<Key>,
    if_match: IfMatch,
) -> Result<Answer, ApiError> {
    let (actor, found) = app.store.facts(&person, org, key.clone()).await?;
    actor.require(T::OBJECT, Level::FullAccess)?;
    let present = key.map(|key| found.list_entry::<T>(&key)).transpose()?.flatten();
    let entry = present.ok_or(T::MISSING)?;
    if_match.check_untagged()?;
    let answer = Answer::no_content();
    answer.commit(app.store.transaction(&context).remove_entry(&actor, &entry)?).await
}
