//! A table as an Excel file. Texts are never written as formulas, whatever they begin with.

use std::borrow::Cow;

use jiff::Timestamp;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

/// The media type of an Excel file.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The longest text in a cell, in UTF-16 units.
const LONGEST: usize = 32_767;

/// The height of the header, which has two lines, in points.
const HEADER_HEIGHT: f64 = 32.0;
/// The number of the paper A4 in Excel.
const A4: u8 = 9;
/// The longest title at the foot of a printed page, in characters. A foot has at most 255 in all.
const MAX_TITLE: usize = 100;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    head: &'static str,
    /// The width in characters.
    width: f64,
    /// Whether it is printed.
    printed: bool,
}

impl Column {
    /// A column for people to read.
    pub(crate) const fn printed(head: &'static str, width: f64) -> Self {
        Self { head, width, printed: true }
    }

    /// A column with ids, after those for people.
    pub(crate) const fn id(head: &'static str, width: f64) -> Self {
        Self { head, width, printed: false }
    }
}

/// The lines of the second sheet: what each is about, and its value.
pub(crate) type Facts = Vec<(&'static str, Cell<'static>)>;

/// The content of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Empty.
    Blank,
    /// A text. It is never interpreted.
    Text(Cow<'a, str>),
    /// A number.
    Number(u32),
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
    printed: u16,
    rows: u32,
    time: Format,
    wrapped: Format,
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
        grid.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        grid.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3).set_repeat_rows(0, 0)?;
        grid.set_row_height(0, HEADER_HEIGHT)?;
        let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
        let head = head.set_background_color(Color::RGB(0x00DD_E6F3));
        for (nth, column) in (0..).zip(columns) {
            grid.set_column_width(nth, column.width)?;
            grid.write_string_with_format(0, nth, column.head, &head)?;
        }
        let count = |columns: usize| u16::try_from(columns).unwrap_or(u16::MAX);
        let printed = count(columns.iter().filter(|column| column.printed).count());
        let columns = count(columns.len());
        // Without seconds, which people do not need. The value has them.
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm").set_align(FormatAlign::Left);
        let time = time.set_align(FormatAlign::Top);
        let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        Ok(Self { workbook, grid, columns, printed, rows: 0, time, wrapped })
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
                Cell::Text(text) if column < self.printed => {
                    let text = fitting(&text);
                    self.grid.write_string_with_format(self.rows, column, text, &self.wrapped)?;
                }
                Cell::Text(text) => {
                    self.grid.write_string(self.rows, column, fitting(&text))?;
                }
                Cell::Number(number) => {
                    self.grid.write_number(self.rows, column, number)?;
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

    /// The finished file, with a second sheet about it. Printed pages show `title` at their foot.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be read.
    pub(crate) fn finish(mut self, title: &str, facts: &Facts) -> Result<Vec<u8>, XlsxError> {
        self.grid.autofilter(0, 0, self.rows, self.columns.saturating_sub(1))?;
        self.grid.set_print_area(0, 0, self.rows, self.printed.saturating_sub(1))?;
        // In a foot, `&` begins a code.
        let title: String = title.chars().take(MAX_TITLE).collect();
        self.grid.set_footer(format!("&L{}&RPage &P of &N", title.replace('&', "&&")));
        self.workbook.push_worksheet(self.grid);
        let about = self.workbook.add_worksheet().set_name("About")?;
        about.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        about.set_column_width(0, 28)?.set_column_width(1, 90)?;
        let bold = Format::new().set_bold().set_align(FormatAlign::Top);
        let wrapped = Format::new().set_text_wrap();
        let left = Format::new().set_align(FormatAlign::Left);
        for (row, (label, value)) in (0..).zip(facts) {
            about.write_string_with_format(row, 0, *label, &bold)?;
            match value {
                Cell::Blank => {}
                Cell::Text(text) => {
                    about.write_string_with_format(row, 1, fitting(text), &wrapped)?;
                }
                Cell::Number(number) => {
                    about.write_number_with_format(row, 1, *number, &left)?;
                }
                Cell::Time(at) => {
                    let at = ExcelDateTime::from_timestamp(at.as_second())?;
                    about.write_datetime_with_format(row, 1, &at, &self.time)?;
                }
            }
        }
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
