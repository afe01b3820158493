//! A table as an Excel file. Texts are never written as formulas, whatever they begin with.

use std::borrow::Cow;

use jiff::Timestamp;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

/// The media type of an Excel file.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The longest text in a cell, in UTF-16 units.
const LONGEST: usize = 32_767;

/// A column: its header, and its width in characters.
pub(crate) type Column = (&'static str, f64);

/// The content of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Empty.
    Blank,
    /// A text. It is never interpreted.
    Text(Cow<'a, str>),
    /// A time in UTC, to the second. Excel times have no zone, so the header must name it.
    Time(Timestamp),
}

impl<'a, T: Into<Cow<'a, str>>> From<T> for Cell<'a> {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// A sheet that is written row by row. Rows go to a temporary file, so that memory holds one row at
/// a time.
pub(crate) struct Sheet {
    workbook: Workbook,
    grid: Worksheet,
    columns: u16,
    rows: u32,
    time: Format,
}

impl Sheet {
    /// A sheet with its headers, created at the time `at`.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be written.
    pub(crate) fn new(name: &str, columns: &[Column], at: Timestamp) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        let made = ExcelDateTime::from_timestamp(at.as_second())?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let mut grid = workbook.new_worksheet_with_constant_memory()?;
        grid.set_name(name)?.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (column, (head, width)) in (0..).zip(columns) {
            grid.set_column_width(column, *width)?;
            grid.write_string_with_format(0, column, *head, &bold)?;
        }
        let columns = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        Ok(Self { workbook, grid, columns, rows: 0, time })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be written.
    pub(crate) fn row<'a>(
        &mut self,
        cells: impl IntoIterator<Item = Cell<'a>>,
    ) -> Result<(), XlsxError> {
        self.rows += 1;
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Blank => {}
                Cell::Text(text) => {
                    self.grid.write_string(self.rows, column, fitting(&text))?;
                }
                Cell::Time(at) => {
                    let at = ExcelDateTime::from_timestamp(at.as_second())?;
                    self.grid.write_datetime_with_format(self.rows, column, &at, &self.time)?;
                }
            }
        }
        Ok(())
    }

    /// The number of rows below the headers.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// The finished file.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be read.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, XlsxError> {
        self.grid.autofilter(0, 0, self.rows, self.columns.saturating_sub(1))?;
        self.workbook.push_worksheet(self.grid);
        self.workbook.save_to_buffer()
    }
}

/// The longest beginning of `text` that fits into a cell.
fn fitting(text: &str) -> &str {
    let mut units = 0;
    let too_many = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > LONGEST
    });
    too_many.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
#[path = "sheet/tests.rs"]
mod tests;
