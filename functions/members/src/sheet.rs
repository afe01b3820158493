//! A table as an Excel file. Texts are never written as formulas, whatever they begin with.

use std::borrow::Cow;

use jiff::Timestamp;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use crate::row_height::{bold_lines, height, lines};

/// The media type of an Excel file.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The longest text in a cell, in UTF-16 units.
const LONGEST: usize = 32_767;

/// The number of the paper A4 in Excel.
const A4: u8 = 9;
/// The widths of the two columns of the second sheet, in characters.
const ABOUT_WIDTHS: [f64; 2] = [28.0, 90.0];
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
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Empty.
    #[default]
    Blank,
    /// A text. It is never interpreted.
    Text(Cow<'a, str>),
    /// A number.
    Number(u32),
    /// A time in UTC, to the second. Excel times have no zone, so the header must name it.
    Time(Timestamp),
}

impl<'a> Cell<'a> {
    /// A text; blank without one.
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Blank, Self::from)
    }

    /// A time; blank without one.
    pub(crate) fn time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Blank, Self::Time)
    }
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
    /// The widths of the printed columns, which come first.
    printed: Vec<f64>,
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
        let heads = columns.iter().map(|column| bold_lines(column.head, column.width));
        grid.set_row_height(0, height(heads.max().unwrap_or(1)))?;
        let head = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Top)
            .set_background_color(Color::RGB(0x00DD_E6F3));
        for (nth, column) in (0..).zip(columns) {
            grid.set_column_width(nth, column.width)?;
            grid.write_string_with_format(0, nth, column.head, &head)?;
        }
        let printed = columns.iter().filter(|column| column.printed);
        let widths = printed.map(|column| column.width).collect();
        let columns = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        // Without seconds, which people do not need. The value has them.
        let time = Format::new()
            .set_num_format("yyyy-mm-dd hh:mm")
            .set_align(FormatAlign::Left)
            .set_align(FormatAlign::Top);
        let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        Ok(Self { workbook, grid, columns, printed: widths, rows: 0, time, wrapped })
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
        let mut most_lines = 1;
        for (column, cell) in (0..).zip(cells) {
            match (cell, self.printed.get(usize::from(column))) {
                (Cell::Blank, _) => {}
                (Cell::Text(text), Some(&width)) => {
                    let text = fitting(&text);
                    most_lines = lines(text, width).max(most_lines);
                    self.grid.write_string_with_format(self.rows, column, text, &self.wrapped)?;
                }
                (Cell::Text(text), None) => {
                    self.grid.write_string(self.rows, column, fitting(&text))?;
                }
                (Cell::Number(number), _) => {
                    self.grid.write_number(self.rows, column, number)?;
                }
                (Cell::Time(at), _) => {
                    let at = ExcelDateTime::from_timestamp(at.as_second())?;
                    self.grid.write_datetime_with_format(self.rows, column, &at, &self.time)?;
                }
            }
        }
        if most_lines > 1 {
            self.grid.set_row_height(self.rows, height(most_lines))?;
        }
        Ok(())
    }

    /// Begins an empty row. If the last row were still open at the end and had a height, the
    /// library would write it twice, and Excel would refuse the file.
    fn end_last_row(&mut self) -> Result<(), XlsxError> {
        self.grid.write_blank(self.rows + 1, 0, &self.wrapped)?;
        self.grid.clear_cell(self.rows + 1, 0);
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
        self.end_last_row()?;
        self.grid.autofilter(0, 0, self.rows, self.columns.saturating_sub(1))?;
        let printed = u16::try_from(self.printed.len()).unwrap_or(u16::MAX);
        self.grid.set_print_area(0, 0, self.rows, printed.saturating_sub(1))?;
        // In a foot, `&` begins a code.
        let title: String = title.chars().take(MAX_TITLE).collect();
        self.grid.set_footer(format!("&L{}&RPage &P of &N", title.replace('&', "&&")));
        self.workbook.push_worksheet(self.grid);
        write_about(&mut self.workbook, facts, &self.time)?;
        self.workbook.save_to_buffer()
    }
}

/// Writes the second sheet.
fn write_about(workbook: &mut Workbook, facts: &Facts, time: &Format) -> Result<(), XlsxError> {
    let about = workbook.add_worksheet().set_name("About")?;
    about.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
    let [label_width, value_width] = ABOUT_WIDTHS;
    about.set_column_width(0, label_width)?.set_column_width(1, value_width)?;
    let bold = Format::new().set_bold().set_align(FormatAlign::Top);
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let left = Format::new().set_align(FormatAlign::Left).set_align(FormatAlign::Top);
    for (row, (label, value)) in (0..).zip(facts) {
        about.write_string_with_format(row, 0, *label, &bold)?;
        match value {
            Cell::Blank => {}
            Cell::Text(text) => {
                let text = fitting(text);
                about.set_row_height(row, height(lines(text, value_width)))?;
                about.write_string_with_format(row, 1, text, &wrapped)?;
            }
            Cell::Number(number) => {
                about.write_number_with_format(row, 1, *number, &left)?;
            }
            Cell::Time(at) => {
                let at = ExcelDateTime::from_timestamp(at.as_second())?;
                about.write_datetime_with_format(row, 1, &at, time)?;
            }
        }
    }
    Ok(())
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
