//! The users that the filters of the list show, all of them, as an Excel file (U4, SUB6).

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
    http::{ApiError, App, Caller, Json, Path, Problem, Query},
    store::UserFilter,
};
use tokio::{task::spawn_blocking, time::Instant};

use crate::{
    export_bucket::{ExportBucket, StoredObject, attachment},
    filter::Filters,
    rows::{COLUMNS, DisplayNames},
    sheet::{Sheet, XLSX},
};

/// What an export may be here, and where a large file goes. A router without it has no depot.
#[derive(Clone, Debug, Default)]
pub struct ExportConfig {
    /// How much is exported at once.
    pub bounds: ExportLimits,
    /// Where files go that are larger than an answer.
    pub depot: Option<ExportBucket>,
}

/// How much is exported at once.
#[derive(Clone, Copy, Debug)]
pub struct ExportLimits {
    /// How many rows at most; Excel's own bound is ten times this.
    pub rows: u32,
    /// How many bytes are answered; larger files go to the depot. Lambda's answers have at most
    /// 6 MB, in which a file is a third longer.
    pub inline: usize,
    /// How long reading may take: the file must still be made and handed over before the API gives
    /// up.
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
    Caller { person, context, .. }: Caller,
    Path(org): Path<OrgId>,
    Query(filters): Query<Filters>,
) -> Result<Response, ApiError> {
    let Extension(exports) = exports.unwrap_or_default();
    let (actor, filter) = filters.judge(&app, &person, org).await?;
    let sheet = sheet(&app, &context, &filter, exports.bounds).await?;
    let told = json!({ "filters": filters, "rows": sheet.rows() });
    let name = format!("users-{org}-{}.xlsx", context.at.strftime("%Y%m%dT%H%M%SZ"));
    let file = spawn_blocking(|| sheet.finish()).await.map_err(Problem::internal)?;
    // First the file, then the trace, and only then the way to the file: nobody gets one of which
    // there is no trace, and there is none of a file that could not be left.
    let way = exports.way(name, file.map_err(broken)?).await?;
    let context = RequestContext { as_operator: actor.member.is_none(), ..context };
    app.store.record_export(&context, &actor, told).await?;
    way.open(context.at).await
}

/// The way on which a file is handed over.
enum Delivery {
    /// In the answer.
    Answer { name: String, file: Vec<u8> },
    /// By a link to where it was left.
    ExportBucket { depot: ExportBucket, left: StoredObject },
}

impl ExportConfig {
    /// Makes ready to hand over a file.
    async fn way(self, name: String, file: Vec<u8>) -> Result<Delivery, ApiError> {
        if file.len() <= self.bounds.inline {
            return Ok(Delivery::Answer { name, file });
        }
        let depot = self.depot.ok_or(Refusal::ExportSizeLimit)?;
        let left = depot.leave(file, &name).await?;
        Ok(Delivery::ExportBucket { depot, left })
    }
}

impl Delivery {
    /// Hands the file over.
    async fn open(self, now: Timestamp) -> Result<Response, ApiError> {
        match self {
            Self::Answer { name, file } => {
                let headers =
                    [(CONTENT_TYPE, XLSX.to_owned()), (CONTENT_DISPOSITION, attachment(&name))];
                Ok((headers, Body::from(file)).into_response())
            }
            Self::ExportBucket { depot, left } => {
                let link = depot.link(left, now).await?;
                let location = [(LOCATION, link.url.clone())];
                Ok((StatusCode::SEE_OTHER, location, Json(link)).into_response())
            }
        }
    }
}

/// All that the filter shows, a row each.
async fn sheet(
    app: &App,
    context: &RequestContext,
    filter: &UserFilter,
    bounds: ExportLimits,
) -> Result<Sheet, ApiError> {
    let begun = Instant::now();
    let mut sheet = Sheet::new("Users", &COLUMNS, context.at).map_err(broken)?;
    let mut labels = DisplayNames::default();
    let mut users = app.store.sweep(filter);
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

/// A sheet fails only where its temporary file does.
fn broken(error: XlsxError) -> Problem {
    Problem::internal(error)
}
