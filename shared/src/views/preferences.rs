//! How a member wants the console, as it is shown and sent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::input::not_null;
use super::patch::Patch;
use super::saved_views::{checked_columns, checked_object, is_list, no_list};
use super::team::Language;
use crate::domain::faults::{Fault, pointer_segment};
use crate::domain::ids::MemberId;
use crate::failure::Failure;
use crate::store::preferences::Preferences;
use crate::store::saved_views::Column;
use crate::store::team::Member;

const MAX_LISTS: usize = 40;

/// The most bytes of the columns of all lists, as JSON: they come with every start of the console.
const MAX_COLUMNS: usize = 16 * 1024;

/// The most bytes of what else the console keeps, as JSON.
const MAX_DEFAULTS: usize = 8 * 1024;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the device.
    System,
    Light,
    Dark,
}

impl Theme {
    /// As in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How a member wants the console.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreferencesView {
    /// The member's.
    pub id: MemberId,
    #[schemars(with = "Theme")]
    pub theme: String,
    /// Null: the tenant's. It is the member's own language, in which they get messages too.
    #[schemars(with = "Option<Language>")]
    pub language: Option<String>,
    /// Per list its columns, in their order, where no saved view says otherwise.
    pub columns: BTreeMap<String, Vec<Column>>,
    /// What else the console keeps, by names of its own.
    pub defaults: Map<String, Value>,
    /// Null: nothing was set yet.
    pub updated_at: Option<Timestamp>,
    /// 0: nothing was set yet.
    pub version: i64,
}

impl PreferencesView {
    /// A member's preferences.
    pub fn of(member: &Member, preferences: Preferences) -> Self {
        let Preferences { theme, columns, defaults, updated_at, version } = preferences;
        let language = member.profile.language.clone();
        Self { id: member.id, theme, language, columns, defaults, updated_at, version }
    }
}

/// A change of one's preferences, by JSON merge-patch to the depth of a list's columns and of a name in `defaults`: absent keeps, null
/// clears.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PreferencesPatch {
    pub theme: Patch<Theme>,
    /// Null: the tenant's.
    pub language: Patch<Language>,
    /// Per list all of its columns; null: as the list comes. At most 16 KB of JSON in all.
    pub columns: Patch<BTreeMap<String, Option<Vec<Column>>>>,
    /// At most 8 KB of JSON in all.
    pub defaults: Patch<Map<String, Value>>,
}

impl PreferencesPatch {
    /// The preferences after the change.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(self, before: Preferences) -> Result<Preferences, Failure> {
        let mut faults = Vec::new();
        let theme = match self.theme {
            Patch::Set(theme) => theme.as_str().to_owned(),
            Patch::Keep => before.theme,
            Patch::Clear => {
                not_null("/theme", &mut faults);
                before.theme
            }
        };
        let columns = match self.columns {
            Patch::Set(sent) => merged_columns(before.columns, sent, &mut faults),
            Patch::Clear => BTreeMap::new(),
            Patch::Keep => before.columns,
        };
        let defaults = match self.defaults {
            Patch::Set(sent) => {
                let mut merged = before.defaults;
                merged.extend(sent);
                merged.retain(|_, value| !value.is_null());
                checked_object("/defaults", merged, MAX_DEFAULTS, &mut faults)
            }
            Patch::Clear => Map::new(),
            Patch::Keep => before.defaults,
        };
        let after = Preferences { theme, columns, defaults, ..before };
        if faults.is_empty() { Ok(after) } else { Err(Failure::Invalid(faults)) }
    }
}

fn merged_columns(
    mut columns: BTreeMap<String, Vec<Column>>,
    sent: BTreeMap<String, Option<Vec<Column>>>,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, Vec<Column>> {
    for (list, sent) in sent {
        let at = format!("/columns/{}", pointer_segment(&list));
        if !is_list(&list) {
            faults.push(no_list(&at));
        }
        match sent {
            Some(sent) => _ = columns.insert(list, checked_columns(&at, sent, faults)),
            None => _ = columns.remove(&list),
        }
    }
    if columns.len() > MAX_LISTS {
        faults.push(Fault::new("/columns", "too_many", format!("Columns of at most {MAX_LISTS} lists are kept.")));
    } else if serde_json::to_vec(&columns).is_ok_and(|json| json.len() > MAX_COLUMNS) {
        let detail =
            format!("Columns of all lists together take at most {MAX_COLUMNS} bytes of JSON. Clear those of a list.");
        faults.push(Fault::new("/columns", "too_large", detail));
    }
    columns
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(body: Value, before: Preferences) -> Result<Preferences, Failure> {
        serde_json::from_value::<PreferencesPatch>(body).unwrap().check(before)
    }

    #[test]
    fn a_list_and_a_name_are_merged_one_by_one() {
        let first = patch(
            json!({"theme": "dark", "columns": {"leads": [{"field": "name", "width": 200}], "deals": []}, "defaults": {"board": "a", "day": 1}}),
            Preferences::default(),
        );
        let second =
            patch(json!({"columns": {"deals": null}, "defaults": {"board": "b", "day": null}}), first.unwrap())
                .unwrap();
        assert_eq!(second.theme, "dark");
        assert_eq!(json!(second.columns), json!({"leads": [{"field": "name", "width": 200}]}));
        assert_eq!(json!(second.defaults), json!({"board": "b"}));
        let cleared = patch(json!({"columns": null, "defaults": null}), second).unwrap();
        assert_eq!((cleared.columns.len(), cleared.defaults.len()), (0, 0));
    }

    #[test]
    fn what_is_bounded_is_refused_beyond_its_bounds() {
        let many: Map<String, Value> =
            (0..41).map(|n| (format!("list_{}", "x".repeat(n % 20) + &"y".repeat(n / 20)), json!([]))).collect();
        let sent = json!({"theme": null, "columns": many, "defaults": {"a": "x".repeat(9000)}});
        let Err(Failure::Invalid(faults)) = patch(sent, Preferences::default()) else { panic!("it is too much") };
        let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(found, [("/theme", "required"), ("/columns", "too_many"), ("/defaults", "too_large")]);
        // Each list's columns are right, but they are too many in all; also when they come one after the other.
        let wide: Vec<Value> = (0..60).map(|n| json!({"field": format!("{n:064}"), "width": 2000})).collect();
        let one =
            patch(json!({"columns": {"leads": wide, "deals": wide, "tasks": wide}}), Preferences::default()).unwrap();
        let Err(Failure::Invalid(faults)) = patch(json!({"columns": {"calls": wide}}), one.clone()) else {
            panic!("it is too much")
        };
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("/columns", "too_large"));
        assert!(patch(json!({"columns": {"calls": wide, "leads": null}}), one).is_ok());
        let Err(Failure::Invalid(faults)) = patch(json!({"columns": {"My List": []}}), Preferences::default()) else {
            panic!("that names no list")
        };
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("/columns/My List", "format"));
    }
}
