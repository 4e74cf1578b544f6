//! Saved views of lists, as they are shown and sent.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::input::{not_null, text};
use super::patch::Patch;
use crate::domain::access::{Caller, Role, Scope};
use crate::domain::faults::{Fault, pointer_segment};
use crate::domain::ids::{MemberId, SavedViewId};
use crate::failure::Failure;
use crate::store::saved_views::{Column, SavedView, ViewFacts};

const MAX_NAME: usize = 80;
const MAX_COLUMNS: usize = 60;
const MAX_FIELD: usize = 64;
const MAX_SORT: usize = 100;

/// The most bytes of a view's filters, as JSON.
const MAX_FILTERS: usize = 8 * 1024;

/// How a list is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    #[default]
    Table,
    Board,
    Calendar,
}

impl Layout {
    /// As in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Board => "board",
            Self::Calendar => "calendar",
        }
    }
}

/// A saved view of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SavedViewView {
    pub id: SavedViewId,
    /// Which list it is of, such as `leads`.
    pub list: String,
    pub name: String,
    /// Everybody in the team sees it.
    pub shared: bool,
    /// Null: nobody's in particular; administrators change it.
    pub owner_id: Option<MemberId>,
    pub owner_name: Option<String>,
    #[schemars(with = "Layout")]
    pub layout: String,
    /// In their order; empty: as the list comes.
    pub columns: Vec<Column>,
    /// As the console writes them.
    pub filters: Map<String, Value>,
    /// A field, with `-` in front when it descends.
    pub sort: Option<String>,
    /// Whoever asks finds the list in this view.
    pub is_default: bool,
    /// Whether whoever asks may change and delete it.
    pub may_change: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

/// The owner changes a view; a team's view administrators do too.
pub fn may_change(caller: &Caller, view: &SavedView) -> bool {
    let own = view.owner.is_some() && view.owner == caller.member();
    own || view.facts.shared && caller.covers(Role::Admin)
}

/// Whether a caller puts views before the whole team: not who only reads.
pub fn may_share(caller: &Caller) -> bool {
    [Scope::LeadsWrite, Scope::DealsWrite, Scope::TasksWrite].into_iter().any(|scope| caller.may(scope))
}

/// The answer to who may not.
pub fn no_sharing() -> Failure {
    let detail =
        "Whoever only reads keeps views for themselves. Leave out `shared`, or ask somebody who changes records.";
    Failure::Forbidden(detail.to_owned())
}

impl SavedViewView {
    /// A view as this caller sees it.
    pub fn of(caller: &Caller, view: SavedView) -> Self {
        let may_change = may_change(caller, &view);
        let ViewFacts { name, shared, layout, columns, filters, sort } = view.facts;
        Self {
            id: view.id,
            list: view.list,
            name,
            shared,
            owner_id: view.owner,
            owner_name: view.owner_name,
            layout,
            columns,
            filters,
            sort,
            is_default: view.is_default,
            may_change,
            created_at: view.created_at,
            updated_at: view.updated_at,
            version: view.version,
        }
    }
}

/// A view that somebody wants to keep.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSavedView {
    /// Which list it is of: a lower-case word such as `leads`, `deals` or `tasks`.
    pub list: String,
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// Everybody in the team sees it.
    #[serde(default)]
    pub shared: bool,
    /// `table` unless given.
    #[serde(default)]
    pub layout: Layout,
    #[serde(default)]
    pub columns: Vec<Column>,
    /// At most 8 KB of JSON.
    #[serde(default)]
    pub filters: Map<String, Value>,
    pub sort: Option<String>,
    /// Find the list in this view from now on.
    #[serde(default)]
    pub is_default: bool,
}

/// A change of a view: absent keeps, null clears.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SavedViewPatch {
    pub name: Patch<String>,
    pub shared: Patch<bool>,
    pub layout: Patch<Layout>,
    /// All of them, in their order.
    pub columns: Patch<Vec<Column>>,
    /// All of them: these replace what was there.
    pub filters: Patch<Map<String, Value>>,
    pub sort: Patch<String>,
    /// Of whoever asks; everybody who sees a view may set it for themselves.
    pub is_default: Patch<bool>,
}

impl NewSavedView {
    /// The list, what its view shows, and whether it is to be the default.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(self) -> Result<(String, ViewFacts, bool), Failure> {
        let mut faults = Vec::new();
        if !is_list(&self.list) {
            faults.push(no_list("/list"));
        }
        let patch = SavedViewPatch {
            name: Patch::Set(self.name),
            shared: Patch::Set(self.shared),
            layout: Patch::Set(self.layout),
            columns: Patch::Set(self.columns),
            filters: Patch::Set(self.filters),
            sort: self.sort.map_or(Patch::Keep, Patch::Set),
            is_default: Patch::Keep,
        };
        let nothing = ViewFacts {
            name: String::new(),
            shared: false,
            layout: Layout::Table.as_str().to_owned(),
            columns: Vec::new(),
            filters: Map::new(),
            sort: None,
        };
        let facts = patch.apply(nothing, &mut faults);
        if faults.is_empty() { Ok((self.list, facts, self.is_default)) } else { Err(Failure::Invalid(faults)) }
    }
}

impl SavedViewPatch {
    /// What the view shows after the change.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(self, before: ViewFacts) -> Result<ViewFacts, Failure> {
        let mut faults = Vec::new();
        if self.is_default == Patch::Clear {
            not_null("/is_default", &mut faults);
        }
        let facts = self.apply(before, &mut faults);
        if faults.is_empty() { Ok(facts) } else { Err(Failure::Invalid(faults)) }
    }

    fn apply(self, before: ViewFacts, faults: &mut Vec<Fault>) -> ViewFacts {
        let name = set("/name", self.name, faults).and_then(|name| text("/name", &name, MAX_NAME, faults));
        let sort = match self.sort {
            Patch::Set(sort) => text("/sort", &sort, MAX_SORT, faults),
            other => other.apply(before.sort),
        };
        ViewFacts {
            name: name.unwrap_or(before.name),
            shared: set("/shared", self.shared, faults).unwrap_or(before.shared),
            layout: set("/layout", self.layout, faults).map_or(before.layout, |layout| layout.as_str().to_owned()),
            columns: match self.columns {
                Patch::Set(columns) => checked_columns("/columns", columns, faults),
                Patch::Clear => Vec::new(),
                Patch::Keep => before.columns,
            },
            filters: match self.filters {
                Patch::Set(filters) => checked_object("/filters", filters, MAX_FILTERS, faults),
                Patch::Clear => Map::new(),
                Patch::Keep => before.filters,
            },
            sort,
        }
    }
}

fn set<T>(pointer: &str, patch: Patch<T>, faults: &mut Vec<Fault>) -> Option<T> {
    match patch {
        Patch::Set(value) => Some(value),
        Patch::Keep => None,
        Patch::Clear => {
            not_null(pointer, faults);
            None
        }
    }
}

/// Whether a text may name a list.
pub fn is_list(text: &str) -> bool {
    let word = |letter: u8| letter.is_ascii_lowercase() || letter == b'_' || letter == b'-';
    text.len() <= 32 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(word)
}

/// What is wrong with a text that may not.
pub fn no_list(pointer: &str) -> Fault {
    Fault::new(pointer, "format", "Name a list by a lower-case word such as leads, deals or tasks.")
}

/// Columns, each once and of a width that can be seen.
pub fn checked_columns(pointer: &str, columns: Vec<Column>, faults: &mut Vec<Fault>) -> Vec<Column> {
    if columns.len() > MAX_COLUMNS {
        faults.push(Fault::new(pointer, "too_many", format!("A list has at most {MAX_COLUMNS} columns.")));
        return Vec::new();
    }
    for (n, column) in columns.iter().enumerate() {
        let _ = text(&format!("{pointer}/{n}/field"), &column.field, MAX_FIELD, faults);
        if columns.iter().take(n).any(|other| other.field == column.field) {
            faults.push(Fault::new(format!("{pointer}/{n}/field"), "repeated", "Name every column once."));
        }
        if column.width.is_some_and(|width| !(40..=2000).contains(&width)) {
            faults.push(Fault::new(format!("{pointer}/{n}/width"), "range", "Use a width from 40 to 2000 pixels."));
        }
    }
    columns
}

/// Members of an open object that is no larger than it may be.
pub fn checked_object(
    pointer: &str,
    members: Map<String, Value>,
    most: usize,
    faults: &mut Vec<Fault>,
) -> Map<String, Value> {
    if let Some(name) = members.keys().find(|name| name.is_empty() || name.chars().count() > MAX_FIELD) {
        let at = format!("{pointer}/{}", pointer_segment(name));
        faults.push(Fault::new(at, "bad_name", format!("Use names of 1 to {MAX_FIELD} characters.")));
    }
    if Value::Object(members.clone()).to_string().len() > most {
        faults.push(Fault::new(pointer, "too_large", format!("Send at most {most} bytes of JSON.")));
    }
    members
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(body: Value) -> Vec<(String, &'static str)> {
        match serde_json::from_value::<NewSavedView>(body).unwrap().check() {
            Err(Failure::Invalid(faults)) => faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect(),
            Err(other) => panic!("{other:?}"),
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn what_is_bounded_is_refused_beyond_its_bounds() {
        assert_eq!(faults(json!({"list": "leads", "name": "Mine", "filters": {"q": "x"}})), []);
        let found = faults(json!({"list": "Leads!", "name": " ", "sort": "x".repeat(101),
            "columns": [{"field": "name", "width": 3}, {"field": "name"}], "filters": {"q": "x".repeat(9000)}}));
        let expected = [
            ("/list", "format"),
            ("/name", "empty"),
            ("/sort", "too_long"),
            ("/columns/0/width", "range"),
            ("/columns/1/field", "repeated"),
            ("/filters", "too_large"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
        let many: Vec<Value> = (0..61).map(|n| json!({"field": format!("f{n}")})).collect();
        assert_eq!(
            faults(json!({"list": "leads", "name": "x", "columns": many})),
            [("/columns".to_owned(), "too_many")]
        );
    }
}
