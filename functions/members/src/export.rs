//! The export: all users that the filters match, as an Excel file (U4, SUB6).

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use rust_xlsxwriter::XlsxError;
use serde_json::json;
use shared::{
    domain::{OrgId, Refusal, RequestContext},
    http::{ApiError, App, Call, Json, Path, Problem, Query},
    store::UserFilter,
};
use tokio::{task::spawn_blocking, time::Instant};

use crate::{
    export_bucket::{ExportBucket, StoredObject, attachment},
    filter::Filters,
    rows::{COLUMNS, DisplayNames},
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

pub(crate) async fn export(
    State(app): State<App>,
    exports: Option<Extension<ExportConfig>>,
    Call { person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(filters): Query<Filters>,
) -> Result<Response, ApiError> {
    let Extension(exports) = exports.unwrap_or_default();
    let (actor, filter) = filters.authorize(&app, &person, org).await?;
    let sheet = sheet(&app, &context, &filter, exports.bounds).await?;
    let exported = json!({ "filters": filters, "rows": sheet.rows() });
    let name = format!("users-{org}-{}.xlsx", context.at.strftime("%Y%m%dT%H%M%SZ"));
    let file = spawn_blocking(|| sheet.finish()).await.map_err(Problem::internal)?;
    // The order is file, event, delivery. No file is delivered without an event, and no event
    // records a file that could not be stored.
    let delivery = exports.prepare_delivery(name, file.map_err(broken)?).await?;
    let context = RequestContext { as_operator: actor.member.is_none(), ..context };
    app.store.transaction(&context).record_export(&actor, exported)?.commit(&()).await?;
    delivery.into_response(context.at).await
}

/// The delivery of a file.
enum Delivery {
    /// In the response.
    Answer { name: String, file: Vec<u8> },
    /// By a link to the stored file.
    Link { bucket: ExportBucket, object: StoredObject },
}

impl ExportConfig {
    /// Prepares the delivery of a file, and stores a large one.
    ///
    /// # Errors
    ///
    /// - [`Refusal::ExportSizeLimit`] for a large file without a bucket.
    /// - `unavailable` if the bucket cannot be reached.
    async fn prepare_delivery(self, name: String, file: Vec<u8>) -> Result<Delivery, ApiError> {
        if file.len() <= self.bounds.inline {
            return Ok(Delivery::Answer { name, file });
        }
        let bucket = self.bucket.ok_or(Refusal::ExportSizeLimit)?;
        let object = bucket.store(file, &name).await?;
        Ok(Delivery::Link { bucket, object })
    }
}

impl Delivery {
    /// The response with the file, or with the link to it.
    ///
    /// # Errors
    ///
    /// `unavailable` if the link cannot be signed.
    async fn into_response(self, now: Timestamp) -> Result<Response, ApiError> {
        match self {
            Self::Answer { name, file } => {
                let headers =
                    [(CONTENT_TYPE, XLSX.to_owned()), (CONTENT_DISPOSITION, attachment(&name))];
                Ok((headers, Body::from(file)).into_response())
            }
            Self::Link { bucket, object } => {
                let link = bucket.link(object, now).await?;
                let location = [(LOCATION, link.url.clone())];
                Ok((StatusCode::SEE_OTHER, location, Json(link)).into_response())
            }
        }
    }
}

/// A sheet with a row for each user that the filter matches.
///
/// # Errors
///
/// - [`Refusal::ExportRowLimit`] for more users than the limit.
/// - [`Refusal::ExportTimeLimit`] if reading takes longer than the limit.
/// - The errors of the store, and `internal` if the temporary file cannot be written.
async fn sheet(
    app: &App,
    context: &RequestContext,
    filter: &UserFilter,
    bounds: ExportLimits,
) -> Result<Sheet, ApiError> {
    let begun = Instant::now();
    let mut sheet = Sheet::new("Users", &COLUMNS, context.at).map_err(broken)?;
    let mut labels = DisplayNames::default();
    let mut users = app.store.user_stream(filter);
    while let Some(users) = users.next().await? {
        if begun.elapsed() >= bounds.reading {
            return Err(Refusal::ExportTimeLimit.into());
        }
        labels.learn(&app.store, &users).await?;
        for user in &users {
            if sheet.rows() >= bounds.rows {
                return Err(Refusal::ExportRowLimit(bounds.rows).into());
            }
            sheet.row(labels.row(user, context.at)).map_err(broken)?;
        }
    }
    Ok(sheet)
}

/// A failed sheet is an internal error: only its temporary file can fail.
fn broken(error: XlsxError) -> Problem {
    Problem::internal(error)
}
