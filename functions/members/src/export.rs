//! The export: all users that the filters match, as an Excel file (U4, SUB6).

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use rust_xlsxwriter::XlsxError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    domain::{OrgId, Refusal, RequestContext},
    http::{ApiError, App, Call, Json, OptionalJson, Path, Problem, views},
    store::{Committed, Error, Store},
};
use tokio::{task::spawn_blocking, time::Instant};

use crate::{
    export_about::{About, FilteredNames},
    export_bucket::{ExportBucket, FileKey, attachment, file_name},
    export_rows::{COLUMNS, DisplayNames},
    filters::{Filters, UserList},
    name_order::ExportedUsers,
    sheet::{Sheet, XLSX},
};

/// The limits of exports, and the bucket for large files. The default has no bucket.
#[derive(Clone, Debug, Default)]
pub struct ExportConfig {
    /// The limits.
    pub bounds: ExportLimits,
    /// The bucket for files that are too large for a response.
    pub bucket: Option<ExportBucket>,
}

/// The limits.
#[derive(Clone, Copy, Debug)]
pub struct ExportLimits {
    /// The maximum number of rows. The limit of Excel is ten times the default.
    pub rows: u32,
    /// The maximum number of bytes in a response; larger files go to the bucket. A Lambda response
    /// has at most 6 MB, and encoding makes a file a third longer.
    pub inline: usize,
    /// The maximum time for reading. It leaves time to write and deliver the file before the API's
    /// timeout.
    pub reading: Duration,
}

impl Default for ExportLimits {
    fn default() -> Self {
        Self { rows: 100_000, inline: 4_500_000, reading: Duration::from_secs(12) }
    }
}

/// Exports the users that the filters in the body match. A body with no filters exports all users.
///
/// A repeat with the same `Idempotency-Key` gets the first file again, from the bucket. The caller
/// still needs the permission, and the repeat is no event.
///
/// The order is file, event, delivery. No file is delivered without an event, and no event records
/// a file that could not be stored.
pub(crate) async fn export(
    State(app): State<App>,
    exports: Option<Extension<ExportConfig>>,
    Call { person, context, .. }: Call,
    Path(org): Path<OrgId>,
    OptionalJson(filters): OptionalJson<Filters>,
) -> Result<Response, ApiError> {
    let Extension(exports) = exports.unwrap_or_default();
    let list = filters.authorize(&app, &person, org).await?;
    if let Some(record) = earlier(&app.store, &context).await? {
        return exports.deliver_again(&record, context.at).await;
    }
    let (file, event) = write(&app, &context, &list, filters, exports.bounds).await?;
    let name = file_name(list.actor.org.name.as_str(), context.at);
    let export = exports.prepare(name, file, context.idempotency_key.is_some()).await?;
    let context = RequestContext { as_operator: list.actor.member.is_none(), ..context };
    let writes = app.store.transaction(&context).record_export(&list.actor, event)?;
    match writes.commit(&export.record).await? {
        Committed::Now => exports.deliver(export, context.at).await,
        Committed::Before(record) => exports.deliver_again(&record, context.at).await,
    }
}

/// What the idempotency record keeps of an earlier export with the same key.
async fn earlier(store: &Store, context: &RequestContext) -> Result<Option<String>, Error> {
    match &context.idempotency_key {
        Some(key) => store.answered_before(key, context.at).await,
        None => Ok(None),
    }
}

/// Writes the users of a list to a file. Returns it with what the event says of the export.
///
/// # Errors
///
/// Those of [`UserList::all`] and [`sheet`].
async fn write(
    app: &App,
    context: &RequestContext,
    list: &UserList,
    filters: Filters,
    bounds: ExportLimits,
) -> Result<(Vec<u8>, Value), ApiError> {
    let (users, roles) = list.all(&app.store).await?;
    let mut names = DisplayNames::with_roles(roles);
    let sheet = sheet(app, context, users, &mut names, bounds).await?;
    let (made_by, made_at) = (views::Person::caller(&list.actor), context.at);
    let about = About { org: &list.actor.org, filters: &filters, made_by, made_at };
    let filtered = about.filtered(&app.store, &names).await?;
    let facts = about.facts(&filtered, sheet.rows());
    let event = recorded(filters, filtered, sheet.rows());
    let title = format!("Users of {}", list.actor.org.name);
    let finished = spawn_blocking(move || sheet.finish(&title, &facts));
    Ok((finished.await.map_err(Problem::internal)?.map_err(broken)?, event))
}

/// What the event of an export says of its filters and its size.
fn recorded(filters: Filters, names: FilteredNames, rows: u32) -> Value {
    let FilteredNames { organizations, roles } = names;
    // The text of a search can be a name or an address, which no event holds (ERA1).
    let searched = !filters.q.trim().is_empty();
    json!({
        "filters": Filters { q: String::new(), ..filters },
        "organization_names": organizations,
        "role_names": roles,
        "searched": searched,
        "rows": rows,
    })
}

/// An export that is ready for delivery.
struct Export {
    record: ExportRecord,
    /// The file, if it is small enough for a response.
    file: Option<Vec<u8>>,
}

/// The part of an export that the idempotency record keeps. It does not contain the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportRecord {
    file_name: String,
    /// Whether the response contains the file; else it contains a link.
    inline: bool,
    /// The copy in the bucket: of a file that is too large for a response, or of any file that a
    /// repeat must get again.
    stored: Option<FileKey>,
}

impl ExportConfig {
    /// Prepares the delivery of a file. Stores a large file, and the file of a request that can be
    /// repeated.
    ///
    /// # Errors
    ///
    /// - [`Refusal::ExportSizeLimit`] for a large file without a bucket.
    /// - `unavailable` if the bucket cannot be reached.
    async fn prepare(
        &self,
        file_name: String,
        file: Vec<u8>,
        repeatable: bool,
    ) -> Result<Export, ApiError> {
        let inline = file.len() <= self.bounds.inline;
        let stored = match &self.bucket {
            Some(bucket) if repeatable || !inline => {
                Some(bucket.save(file.clone(), &file_name).await?)
            }
            None if !inline => return Err(Refusal::ExportSizeLimit(self.bounds.inline).into()),
            _ => None,
        };
        let record = ExportRecord { file_name, inline, stored };
        Ok(Export { record, file: inline.then_some(file) })
    }

    /// The response with the file, or with a link to it.
    ///
    /// # Errors
    ///
    /// - [`Refusal::ExportNotKept`] if neither the file nor a copy is there.
    /// - `unavailable` if the link cannot be signed.
    async fn deliver(&self, export: Export, now: Timestamp) -> Result<Response, ApiError> {
        let Export { record, file } = export;
        if let Some(file) = file {
            let disposition = attachment(&record.file_name);
            let headers = [(CONTENT_TYPE, XLSX.to_owned()), (CONTENT_DISPOSITION, disposition)];
            return Ok((headers, Body::from(file)).into_response());
        }
        let (bucket, object) = self.copy(&record)?;
        Ok(Json(bucket.link(object, now).await?).into_response())
    }

    /// The response to a repeat: the copy of the first file, or a new link to it.
    ///
    /// # Errors
    ///
    /// - [`Refusal::ExportNotKept`] if there is no copy.
    /// - `unavailable` if the bucket cannot be reached.
    async fn deliver_again(&self, record: &str, now: Timestamp) -> Result<Response, ApiError> {
        let record: ExportRecord = serde_json::from_str(record).map_err(Problem::internal)?;
        let file = if record.inline {
            let (bucket, object) = self.copy(&record)?;
            Some(bucket.load(object).await?.ok_or(Refusal::ExportNotKept)?)
        } else {
            None
        };
        self.deliver(Export { record, file }, now).await
    }

    /// The bucket, and the copy of an export in it.
    fn copy<'a>(
        &'a self,
        record: &'a ExportRecord,
    ) -> Result<(&'a ExportBucket, &'a FileKey), Refusal> {
        self.bucket.as_ref().zip(record.stored.as_ref()).ok_or(Refusal::ExportNotKept)
    }
}

/// A sheet with a row for each of the users. Adds their names to `names`.
///
/// # Errors
///
/// - [`Refusal::ExportRowLimit`] for more users than the limit.
/// - [`Refusal::ExportTimeLimit`] if reading takes longer than the limit.
/// - The errors of the store, and `internal` if the temporary file cannot be written.
async fn sheet(
    app: &App,
    context: &RequestContext,
    mut users: ExportedUsers<'_>,
    names: &mut DisplayNames,
    bounds: ExportLimits,
) -> Result<Sheet, ApiError> {
    let begun = Instant::now();
    let mut sheet = Sheet::new("Users", &COLUMNS, context.at).map_err(broken)?;
    while let Some(users) = users.next().await? {
        if begun.elapsed() >= bounds.reading {
            return Err(Refusal::ExportTimeLimit(bounds.reading.as_secs()).into());
        }
        names.learn(&app.store, &users, context.at).await?;
        for user in users.iter().filter(|user| names.has_organization_of(user)) {
            if sheet.rows() >= bounds.rows {
                return Err(Refusal::ExportRowLimit(bounds.rows).into());
            }
            sheet.row(names.row(user, context.at)).map_err(broken)?;
        }
    }
    Ok(sheet)
}

/// A failed sheet is an internal error: only its temporary file can fail.
fn broken(error: XlsxError) -> Problem {
    Problem::internal(error)
}
