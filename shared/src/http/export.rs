//! What a list needs to answer with a file.

use jiff::tz::TimeZone;

use super::call::Call;
use super::reply::Listed;
use crate::failure::Failure;
use crate::store;
use crate::views::csv::{Export, Shown, Table};
use crate::views::filters::Viewpoint;
use crate::views::team::Language;

impl<B, Q> Call<B, Q> {
    /// How a file shows what is in it: in the language and zone that were asked for, else in the caller's and the tenant's.
    ///
    /// # Errors
    /// `Invalid` for a zone that does not exist.
    pub async fn shown(&self, export: &Export<'_>) -> Result<Shown, Failure> {
        let language = export.language.or_else(|| self.accepted_language()).unwrap_or(Language::En);
        let zone = match export.zone {
            Some(name) => Viewpoint::zone(name)?,
            None => TimeZone::get(&store::tenants::get(&self.tx).await?.zone).unwrap_or(TimeZone::UTC),
        };
        Ok(Shown { language, zone, names: store::names::list(&self.tx).await? })
    }

    /// The finished file as the answer.
    pub fn file<T, R>(&self, table: Table<R>, name: &'static str) -> Listed<T> {
        let on = table.today(self.now);
        Listed::File { file: table.finish(name), on }
    }

    /// The first language of `Accept-Language` that is one of ours. Weights are left aside: browsers send the languages in order.
    fn accepted_language(&self) -> Option<Language> {
        let accepted = self.header("accept-language")?;
        accepted.split(',').find_map(|tag| match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "de" => Some(Language::De),
            "en" => Some(Language::En),
            _ => None,
        })
    }
}
