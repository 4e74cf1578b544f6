//! Lists as files that spreadsheets open. The one writer of CSV.
//!
//! A file holds a whole list or is refused: what does not fit an answer (Lambda's limit is 6 MB) names what to narrow. In German
//! semicolons part the cells, because the comma is in the numbers; a mark at the beginning says that it is UTF-8.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::paging::Paging;
use super::team::Language;
use crate::failure::Failure;

/// Rows of a file.
pub const MOST_ROWS: usize = 50_000;
/// Bytes of a file as they travel: Lambda puts an answer into JSON, where a quotation mark or the end of a line takes two.
const MOST_BYTES: usize = 5_000_000;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A part of the list.
    Json,
    /// The whole list as a file.
    Csv,
}

/// What was asked of a file.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// Names with commas between; none: every column.
    pub columns: Option<&'a str>,
    pub language: Option<Language>,
    /// An IANA name.
    pub zone: Option<&'a str>,
}

impl<'a> Export<'a> {
    /// The file that was asked for, if one was.
    ///
    /// # Errors
    /// `Invalid` for what only files have where none was asked for, and for a place in a list, which a file has none of.
    pub fn asked(
        format: Option<Format>,
        columns: Option<&'a str>,
        language: Option<Language>,
        zone: Option<&'a str>,
        paging: &Paging,
    ) -> Result<Option<Self>, Failure> {
        if format == Some(Format::Csv) {
            if paging.cursor.is_some() {
                return Err(Failure::invalid(
                    "?cursor",
                    "not_allowed",
                    "A file holds the whole list. Leave `cursor` out.",
                ));
            }
            return Ok(Some(Self { columns, language, zone }));
        }
        let only = [("columns", columns.is_some()), ("language", language.is_some()), ("zone", zone.is_some())];
        match only.iter().find(|(_, given)| *given) {
            None => Ok(None),
            Some((name, _)) => Err(Failure::invalid(
                format!("?{name}"),
                "not_allowed",
                format!("`{name}` is for files. Send `format=csv` with it, or leave it out."),
            )),
        }
    }
}

/// How a file shows what is in it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub language: Language,
    pub zone: TimeZone,
    /// What pipelines, stages and members are called.
    pub names: HashMap<Uuid, String>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    Empty,
    Text(Cow<'a, str>),
    /// As the language writes it; never taken for a formula.
    Number(String),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a Option<String>> for Cell<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_deref().map_or(Self::Empty, Self::from)
    }
}

impl From<i32> for Cell<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.to_string())
    }
}

impl Shown {
    /// One of two words.
    pub fn said<'a>(&self, de: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::De => de,
            Language::En => en,
        }
    }

    /// A word of a table of words; one that is not in it as it is.
    pub fn word<'a>(&self, words: &'a [(&'a str, &'a str, &'a str)], word: &'a str) -> Cell<'a> {
        words.iter().find(|(key, ..)| *key == word).map_or(word, |(_, de, en)| self.said(de, en)).into()
    }

    /// `2026-11-25 14:30`, which spreadsheets of every language read as a date.
    pub fn moment(&self, at: Option<Timestamp>) -> Cell<'static> {
        at.map_or(Cell::Empty, |at| at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string().into())
    }

    /// `2026-11-25`.
    pub fn date(&self, on: Option<Date>) -> Cell<'static> {
        on.map_or(Cell::Empty, |on| on.to_string().into())
    }

    /// What a pipeline, stage or member is called.
    pub fn name(&self, id: Option<Uuid>) -> Cell<'_> {
        id.and_then(|id| self.names.get(&id)).map_or(Cell::Empty, |name| name.as_str().into())
    }

    /// A number with `places` digits behind the point, given without it: 645 tenths are 64.5.
    pub fn decimal(&self, number: i64, places: usize) -> Cell<'static> {
        let digits = format!("{:0width$}", number.unsigned_abs(), width = places + 1);
        let (whole, rest) = digits.split_at(digits.len() - places);
        let point = if places == 0 { "" } else { self.said(",", ".") };
        Cell::Number(format!("{}{whole}{point}{rest}", if number < 0 { "-" } else { "" }))
    }
}

/// A column of a table of `T`.
pub struct Column<T> {
    /// As `columns` names it.
    pub key: &'static str,
    pub de: &'static str,
    pub en: &'static str,
    pub cell: for<'a> fn(&'a T, &'a Shown) -> Cell<'a>,
}

/// A column, by its key, its headings and what stands in it.
pub const fn column<T>(
    key: &'static str,
    de: &'static str,
    en: &'static str,
    cell: for<'a> fn(&'a T, &'a Shown) -> Cell<'a>,
) -> Column<T> {
    Column { key, de, en, cell }
}

/// A finished file.
#[derive(Debug)]
pub struct File {
    /// What its name begins with.
    pub name: &'static str,
    pub text: String,
}

/// A file that is being written.
pub struct Table<T: 'static> {
    columns: Vec<&'static Column<T>>,
    shown: Shown,
    lines: Lines,
    rows: usize,
    most_rows: usize,
}

impl<T> Table<T> {
    /// With a line of headings. `wanted` are keys with commas between, in the order of the file; none: all columns there are.
    ///
    /// # Errors
    /// `Invalid` naming the columns there are.
    pub fn new(
        all: impl IntoIterator<Item = &'static Column<T>>,
        wanted: Option<&str>,
        shown: Shown,
    ) -> Result<Self, Failure> {
        let all: Vec<_> = all.into_iter().collect();
        let columns = match wanted {
            None => all,
            Some(wanted) => wanted.split(',').map(|key| chosen(&all, key.trim())).collect::<Result<_, _>>()?,
        };
        let mut lines = Lines::new(shown.language);
        lines.add(columns.iter().map(|column| Cell::from(shown.said(column.de, column.en))));
        Ok(Self { columns, shown, lines, rows: 0, most_rows: MOST_ROWS })
    }

    /// For rows that each cost much.
    #[must_use]
    pub fn at_most(mut self, rows: usize) -> Self {
        self.most_rows = rows;
        self
    }

    /// One row more than these tells that there are more: ask the database for so many.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.most_rows).unwrap_or(i64::MAX) + 1
    }

    /// Whether a column is in the file.
    pub fn has(&self, key: &str) -> bool {
        self.columns.iter().any(|column| column.key == key)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// `Invalid` when the file gets too long, which is never cut.
    pub fn add(&mut self, row: &T) -> Result<(), Failure> {
        self.rows += 1;
        if self.rows <= self.most_rows {
            self.lines.add(self.columns.iter().map(|column| (column.cell)(row, &self.shown)));
        }
        if self.rows <= self.most_rows && self.lines.size <= MOST_BYTES {
            return Ok(());
        }
        let detail = format!(
            "This list is longer than a file may be ({} rows, 5 MB). Narrow it, for example by `created_from` and `created_to` or by \
             an owner, or name fewer `columns`, and take it in parts.",
            self.most_rows
        );
        Err(Failure::invalid("?format", "too_long", detail))
    }

    /// The day it is where the file is read.
    pub fn today(&self, now: Timestamp) -> Date {
        now.to_zoned(self.shown.zone.clone()).date()
    }

    /// The language of the file.
    pub fn language(&self) -> Language {
        self.shown.language
    }

    /// The file.
    pub fn finish(self, name: &'static str) -> File {
        File { name, text: self.lines.text }
    }
}

fn chosen<T>(all: &[&'static Column<T>], key: &str) -> Result<&'static Column<T>, Failure> {
    all.iter().find(|column| column.key == key).copied().ok_or_else(|| {
        let keys: Vec<&str> = all.iter().map(|column| column.key).collect();
        let detail = format!("This list has the columns {}. Name some of them with commas between.", keys.join(", "));
        Failure::invalid("?columns", "unknown_value", detail)
    })
}

/// The text of a file.
struct Lines {
    separator: char,
    text: String,
    /// As it travels.
    size: usize,
}

impl Lines {
    fn new(language: Language) -> Self {
        let separator = if language == Language::De { ';' } else { ',' };
        Self { separator, text: "\u{feff}".to_owned(), size: 0 }
    }

    fn add<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>) {
        let start = self.text.len();
        for (n, cell) in cells.enumerate() {
            if n > 0 {
                self.text.push(self.separator);
            }
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => self.push(&text, is_taken_for_formula(&text)),
                // Its comma is no separator: where numbers have one, semicolons part the cells.
                Cell::Number(number) => self.text.push_str(&number),
            }
        }
        self.text.push_str("\r\n");
        self.size += escaped(&self.text[start..]);
    }

    /// A spreadsheet takes what stands behind an apostrophe for text. Whatever parts cells anywhere is put between quotation marks.
    fn push(&mut self, text: &str, guarded: bool) {
        let quoted = text.contains([';', ',', '\t', '"', '\r', '\n']);
        if quoted {
            self.text.push('"');
        }
        if guarded {
            self.text.push('\'');
        }
        for letter in text.chars() {
            if letter == '"' {
                self.text.push('"');
            }
            self.text.push(letter);
        }
        if quoted {
            self.text.push('"');
        }
    }
}

/// Whether a spreadsheet would calculate. It passes over white space and signs nobody sees at the beginning; a phone number with its
/// country is none.
fn is_taken_for_formula(text: &str) -> bool {
    let unseen = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(letter, '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let seen = text.trim_start_matches(unseen);
    // Also as East Asian keyboards write them.
    let signs = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫'];
    let begins = seen.starts_with(signs) || text.starts_with(['\t', '\r', '\n']);
    begins && !is_phone(text)
}

/// `+493012345`, also with single spaces.
fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    let groups = |digits: &str| {
        digits.split(' ').all(|group| !group.is_empty() && group.bytes().all(|digit| digit.is_ascii_digit()))
    };
    groups(digits)
}

/// The bytes of a text within JSON.
fn escaped(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(more).sum::<usize>()
}

#[cfg(test)]
mod tests;
