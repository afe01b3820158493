//! Invitations from a CSV file: from a spreadsheet, from the export of an identity provider or a
//! messenger, or from our own export. The first line names the columns, or one below a title.
//! Columns that are not known are ignored.

mod access_end;
mod columns;
mod row;
mod table;
#[cfg(test)]
mod tests;

use csv::{ReaderBuilder, Trim};
use shared::{
    domain::{MAX_BATCH, OrgId},
    http::{App, FieldError, Problem},
};

pub use self::{columns::MAX_CELL, table::MAX_TITLE_LINES};
use self::{
    columns::{Columns, is_address_column},
    row::{CsvRow, built_in},
    table::{CsvTable, FIRST_ROW, blank_lines, open_quote},
};
use crate::batch_request::InvitationItem;

/// The invitations of a file. A row without a role invites to the role User.
pub(crate) async fn items(
    app: &App,
    org: OrgId,
    file: &[u8],
) -> Result<Vec<InvitationItem>, Problem> {
    let rows = rows(file)?;
    let is_built_in = |text: &String| built_in(text).is_some();
    let names = if rows.iter().filter_map(|row| row.roles.first()).all(is_built_in) {
        None
    } else {
        app.store.current_role_names(org).await?
    };
    Ok(rows.into_iter().map(|row| row.item(names.as_ref())).collect())
}

/// The rows of a file that are not blank.
fn rows(file: &[u8]) -> Result<Vec<CsvRow>, Problem> {
    let text = str::from_utf8(file).map_err(|_| {
        Problem::unreadable("The file is not in UTF-8. Save it as \u{201c}CSV UTF-8\u{201d}.")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let CsvTable { first_row, delimiter, text } = CsvTable::find(text, is_address_column);
    if let Some(line) = open_quote(text, delimiter) {
        let line = line + first_row - FIRST_ROW;
        let detail = format!(
            "The quotation mark that begins a cell in line {line} has no end. Correct the line."
        );
        return Err(Problem::unreadable(detail));
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(&error))?;
    let columns = Columns::find(header)?;
    let mut nth = first_row - 1;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        nth += 1 + blank_lines(text, &record);
        if record.iter().any(|cell| !cell.is_empty()) {
            rows.push(columns.row(nth, &record));
        }
    }
    check_number(rows.len())?;
    Ok(rows)
}

/// Refuses a file without rows, or with too many.
fn check_number(rows: usize) -> Result<(), Problem> {
    let detail = match rows {
        0 => "must have a row with an address below the line with the names of the columns"
            .to_owned(),
        1..=MAX_BATCH => return Ok(()),
        _ => format!(
            "must have at most {MAX_BATCH} rows. This file has {rows}: send it in parts, each with the \
             line with the names of the columns"
        ),
    };
    Err(invalid("", &detail))
}

fn invalid(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() })
}

fn unreadable(error: &csv::Error) -> Problem {
    Problem::unreadable(format!("The file cannot be read as CSV: {error}."))
}
