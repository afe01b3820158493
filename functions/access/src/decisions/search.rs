//! Pages of search results.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use shared::{
    domain::{Email, Member, Name, OrgId},
    http::{Cursor, Json, Problem},
    store::Position,
};

use super::{
    ORGANIZATION, USER,
    wire::{JsonFields, PageFields, malformed},
};

/// The largest page, and the size of a page without a limit.
pub const MAX_RESULTS: usize = 100;

/// A page of results. An empty `next_token` means that it is the last one.
#[derive(Serialize)]
pub(super) struct Results<T> {
    results: Vec<T>,
    page: NextPage,
}

#[derive(Serialize)]
struct NextPage {
    next_token: String,
}

/// A found subject or resource.
#[derive(Serialize)]
pub(super) struct Reference {
    r#type: &'static str,
    id: String,
    properties: Properties,
}

/// What a found subject or resource is called. A service has no address, and an organization
/// neither.
#[derive(Serialize)]
pub(super) struct Properties {
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Email>,
}

impl Reference {
    /// A subject, as the organization of the membership `member` calls them.
    pub(super) fn subject(member: &Member) -> Self {
        let name = member.display_name.as_ref().map(ToString::to_string);
        let name = name.or_else(|| member.name.clone());
        let properties = Properties { name, email: member.email.clone() };
        Self { r#type: USER, id: member.user_id.to_string(), properties }
    }

    /// An organization.
    pub(super) fn organization(id: OrgId, name: &Name) -> Self {
        let properties = Properties { name: Some(name.to_string()), email: None };
        Self { r#type: ORGANIZATION, id: id.to_string(), properties }
    }
}

/// The requested page of a search. The search is identified by its route and all its arguments.
pub(super) struct SearchPage<P> {
    search: Vec<String>,
    /// The most results of this page.
    pub(super) limit: usize,
    /// The position after which the page begins; none for the first one.
    pub(super) after: Option<P>,
}

/// What a page token contains: the limit of the first page, and the position after which the page
/// begins.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageToken<P> {
    limit: usize,
    after: Option<P>,
}

impl<P: Serialize + DeserializeOwned> SearchPage<P> {
    /// Reads `page`. A token continues the same search with the same limit.
    ///
    /// # Errors
    ///
    /// 400 if `page` is malformed, or the token belongs to another search or limit.
    pub(super) fn new(
        route: &str,
        fields: &JsonFields<'_>,
        searched: &str,
    ) -> Result<Self, Problem> {
        fields.check_context().map_err(malformed)?;
        let PageFields { token, limit } = fields.page().map_err(malformed)?;
        let requested = limit.map(page_size);
        let search = vec![route.to_owned(), fields.page_binding(searched)];
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            let limit = requested.unwrap_or(MAX_RESULTS);
            return Ok(Self { search, limit, after: None });
        };
        let changed = || {
            Problem::unreadable(
                "`/page/token` belongs to another search. Repeat everything else unchanged, or start again without it.",
            )
        };
        let position = Cursor::decode(&token, &search).map_err(|_| changed())?;
        let token = serde_json::from_str(&position.key).map_err(|_| changed())?;
        let PageToken { limit, after } = token;
        if limit > MAX_RESULTS || requested.is_some_and(|requested| requested != limit) {
            return Err(changed());
        }
        Ok(Self { search, limit, after })
    }

    /// A page with these results; the next one begins after `next`.
    pub(super) fn answer<T>(&self, results: Vec<T>, next: Option<P>) -> Json<Results<T>> {
        let next_token = next.map(|next| self.token(Some(&next))).unwrap_or_default();
        Json(Results { results, page: NextPage { next_token } })
    }

    /// The page for limit 0: no results, and the same position.
    pub(super) fn pause<T>(&self) -> Json<Results<T>> {
        let page = NextPage { next_token: self.token(self.after.as_ref()) };
        Json(Results { results: vec![], page })
    }

    /// The page without results, which is the last one.
    pub(super) fn end<T>(&self) -> Json<Results<T>> {
        self.answer(vec![], None)
    }

    fn token(&self, after: Option<&P>) -> String {
        let token = json!(PageToken { limit: self.limit, after });
        Cursor::encode(&self.search, &Position::new(token.to_string()))
    }
}

impl SearchPage<usize> {
    /// The page out of `all` results.
    pub(super) fn slice<T>(&self, all: Vec<T>) -> Json<Results<T>> {
        let from = self.after.unwrap_or(0);
        let to = from.saturating_add(self.limit);
        let next = (to < all.len()).then_some(to);
        self.answer(all.into_iter().skip(from).take(self.limit).collect(), next)
    }
}

fn page_size(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(MAX_RESULTS).min(MAX_RESULTS)
}
