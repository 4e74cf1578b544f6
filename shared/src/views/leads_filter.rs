//! The query parameters of lists of leads.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::csv::{Export, Format};
use super::filters::{Field, Filters, Kind, Viewpoint};
use super::paging::{Orders, Paging};
use super::room::Room;
use super::team::Language;
use crate::domain::ids::{LeadId, MemberId, PipelineId};
use crate::domain::scoring::Tier;
use crate::domain::search::Words;
use crate::failure::{Failure, Fault};
use crate::store::choice::Choice;
use crate::store::leads::LeadStatus;
use crate::store::leads::list::{Filter, Lacks};

/// The orders of all leads. A cursor walks only those that new leads and new scores do not shift; those behind activity are for lists of at
/// most 10,000 leads, because no index has them.
pub const ORDERS: Orders = Orders {
    sorts: &[
        "-created_at",
        "created_at",
        "-total_score",
        "total_score",
        "-last_activity_at",
        "last_activity_at",
        "name",
        "-name",
        "company",
        "-company",
        "status",
        "-status",
        "owner",
        "-owner",
        "intent",
        "-intent",
        "updated_at",
        "-updated_at",
    ],
    walks: WALKS,
};

/// The orders of the pool.
pub const POOL_ORDERS: Orders = Orders {
    sorts: &["-total_score", "total_score", "-last_activity_at", "last_activity_at", "-created_at", "created_at"],
    walks: WALKS,
};

const WALKS: &[&str] = &["-created_at", "created_at"];

const STATUSES: Kind = Kind::Word(&["new", "engaged", "qualified", "routed", "customer", "lost", "anonymized"]);
const TIERS: Kind = Kind::Word(&["cold", "warm", "hot", "very_hot"]);

/// The fields by which leads are filtered.
pub const FIELDS: &[Field] = &[
    Field::full("status", STATUSES),
    Field::optional("pipeline_id", Kind::Id),
    Field::optional("stage_id", Kind::Id),
    Field::full("tier", TIERS),
    Field::full("total_score", Kind::Number),
    Field::optional("intent", Kind::Text),
    Field::optional("owner_id", Kind::Member),
    Field::optional("source", Kind::Text),
    Field::optional("campaign", Kind::Text),
    Field::optional("company", Kind::Text),
    Field::optional("country", Kind::Text),
    Field::optional("language", Kind::Text),
    Field::optional("tags", Kind::Text),
    Field::full("intent_confidence", Kind::Number),
    Field::full("created_at", Kind::Moment),
    Field::full("updated_at", Kind::Moment),
    Field::optional("last_activity_at", Kind::Moment),
    Field::optional("routed_at", Kind::Moment),
    Field::full("conflict", Kind::Flag),
    Field::full("suppressed", Kind::Flag),
    Field::optional("email", Kind::Presence),
    Field::optional("phone", Kind::Presence),
    Field::optional("linkedin_url", Kind::Presence),
    Field::optional("organization_id", Kind::Presence),
    Field::optional("job_title", Kind::Presence),
    Field::optional("deal_id", Kind::Presence),
];

/// The same in the global pool, without what says where a lead stands.
pub const POOL_FIELDS: &[Field] = FIELDS.split_at(3).1;

/// What figures a list of leads has.
pub const FIGURES: &[&str] = &["total_score"];

/// More than these make no search better.
const MAX_WORDS: usize = 8;
const MAX_SEARCH: usize = 200;

/// As many as a list shows at most.
const MAX_IDS: usize = 100;

/// What a list of leads shows only when it is asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Include {
    /// The fields of the tenant's own.
    Custom,
}

impl Include {
    /// The room for custom fields, when they are asked for.
    pub fn room(asked: Option<Self>) -> Option<Room> {
        asked.map(|Self::Custom| Room::default())
    }
}

/// Which leads.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadFilter {
    pub status: Option<LeadStatus>,
    pub tier: Option<Tier>,
    pub min_score: Option<i32>,
    pub max_score: Option<i32>,
    /// The primary intent.
    pub intent: Option<String>,
    pub pipeline_id: Option<PipelineId>,
    pub owner_id: Option<MemberId>,
    pub source: Option<String>,
    /// The campaign's name.
    pub campaign: Option<String>,
    pub tag: Option<String>,
    /// Created at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Created before this moment.
    pub created_to: Option<Timestamp>,
    /// Last active at this moment or later.
    pub active_from: Option<Timestamp>,
    /// Last active before this moment.
    pub active_to: Option<Timestamp>,
    /// Words that name, e-mail address or company must contain, all of them, in any case and with or without accents; words of two
    /// letters are found where a word begins.
    pub q: Option<String>,
    /// Only these: ids with commas between, at most 100.
    pub ids: Option<String>,
    pub include: Option<Include>,
    /// Figures over the whole list: `sum`, `avg`, `min` or `max` of `total_score`, with commas between, as in `avg(total_score)`.
    pub aggregate: Option<String>,
    /// `csv`: the whole list as a file, at most 50,000 rows and 5 MB; `page` and `limit` do not count then.
    pub format: Option<Format>,
    /// Of a file: its columns with commas between, in their order; otherwise all there are. A wrong one is answered with the right ones.
    pub columns: Option<String>,
    /// Of a file: the language of its headings and words; otherwise the first of `Accept-Language`.
    pub language: Option<Language>,
    /// Of a file: the zone of its moments, for example `Europe/Berlin`; otherwise the tenant's.
    pub zone: Option<String>,
}

/// Which leads of the global pool: as [`LeadFilter`], without what says where a lead stands. Written out, because serde does not refuse
/// unknown parameters where one struct is a part of another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolFilter {
    pub include: Option<Include>,
    pub tier: Option<Tier>,
    pub min_score: Option<i32>,
    pub max_score: Option<i32>,
    /// The primary intent.
    pub intent: Option<String>,
    pub owner_id: Option<MemberId>,
    pub source: Option<String>,
    /// The campaign's name.
    pub campaign: Option<String>,
    pub tag: Option<String>,
    /// Created at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Created before this moment.
    pub created_to: Option<Timestamp>,
    /// Last active at this moment or later.
    pub active_from: Option<Timestamp>,
    /// Last active before this moment.
    pub active_to: Option<Timestamp>,
    /// Words that name, e-mail address or company must contain, all of them, in any case and with or without accents; words of two
    /// letters are found where a word begins.
    pub q: Option<String>,
    /// Only these: ids with commas between, at most 100.
    pub ids: Option<String>,
    /// `csv`: the whole list as a file, at most 50,000 rows and 5 MB; `page` and `limit` do not count then.
    pub format: Option<Format>,
    /// Of a file: its columns with commas between, in their order; otherwise all there are. A wrong one is answered with the right ones.
    pub columns: Option<String>,
    /// Of a file: the language of its headings and words; otherwise the first of `Accept-Language`.
    pub language: Option<Language>,
    /// Of a file: the zone of its moments, for example `Europe/Berlin`; otherwise the tenant's.
    pub zone: Option<String>,
}

impl LeadFilter {
    /// The file that was asked for, if one was.
    ///
    /// # Errors
    /// As [`Export::asked`].
    pub fn export(&self, paging: &Paging) -> Result<Option<Export<'_>>, Failure> {
        Export::asked(self.format, self.columns.as_deref(), self.language, self.zone.as_deref(), paging)
    }

    /// For the store.
    ///
    /// # Errors
    /// `Invalid` with every range that is the wrong way round, and a `q` that finds nothing sensible.
    pub fn check(&self, filters: &Filters, view: &Viewpoint) -> Result<Filter, Failure> {
        let mut faults = Vec::new();
        if self.min_score.zip(self.max_score).is_some_and(|(min, max)| min > max) {
            faults.push(Fault::new("?max_score", "range", "`max_score` must not be below `min_score`."));
        }
        for (name, from, to) in
            [("created", self.created_from, self.created_to), ("active", self.active_from, self.active_to)]
        {
            if from.zip(to).is_some_and(|(from, to)| from >= to) {
                let detail = format!("`{name}_to` must be later than `{name}_from`.");
                faults.push(Fault::new(format!("?{name}_to"), "range", detail));
            }
        }
        let words = self.q.as_deref().and_then(|q| words(q, &mut faults));
        let ids = self.ids.as_deref().and_then(|list| ids(list, &mut faults));
        if !faults.is_empty() {
            return Err(Failure::Invalid(faults));
        }
        let text = |value: &Option<String>| Choice::asked(value.clone());
        let (min_score, max_score) = filters.small_numbers("total_score");
        let (least, most) = filters.small_numbers("intent_confidence");
        let lacks = |field| filters.flag(field, "empty");
        Ok(Filter {
            status: Choice::asked(self.status.map(|status| status.as_str().to_owned())).and(filters.texts("status")),
            tier: Choice::asked(self.tier.map(|tier| tier.as_str().to_owned())).and(filters.texts("tier")),
            min_score: self.min_score.max(min_score),
            max_score: self.max_score.into_iter().chain(max_score).min(),
            intent: text(&self.intent).and(filters.texts("intent")),
            pipeline: Choice::asked(self.pipeline_id).and(filters.ids("pipeline_id", view)),
            stage: filters.ids("stage_id", view),
            owner: Choice::asked(self.owner_id).and(filters.ids("owner_id", view)),
            source: text(&self.source).and(filters.texts("source")),
            campaign: text(&self.campaign).and(filters.texts("campaign")),
            company: filters.texts("company"),
            country: filters.texts("country"),
            language: filters.texts("language"),
            tags: text(&self.tag).and(filters.texts("tags")),
            // Stored in tenths.
            min_confidence: least.map(|least| least.saturating_mul(10)),
            max_confidence: most.map(|most| most.saturating_mul(10)),
            created: filters.moments("created_at", view).and(self.created_from, self.created_to),
            updated: filters.moments("updated_at", view),
            active: filters.moments("last_activity_at", view).and(self.active_from, self.active_to),
            routed: filters.moments("routed_at", view),
            conflict: filters.flag("conflict", "is"),
            suppressed: filters.flag("suppressed", "is"),
            lacks: Lacks {
                email: lacks("email"),
                phone: lacks("phone"),
                linkedin_url: lacks("linkedin_url"),
                organization: lacks("organization_id"),
                job_title: lacks("job_title"),
                deal: lacks("deal_id"),
            },
            words,
            unrouted: false,
            ids,
        })
    }
}

impl PoolFilter {
    /// The file that was asked for, if one was.
    ///
    /// # Errors
    /// As [`Export::asked`].
    pub fn export(&self, paging: &Paging) -> Result<Option<Export<'_>>, Failure> {
        Export::asked(self.format, self.columns.as_deref(), self.language, self.zone.as_deref(), paging)
    }

    /// For the store.
    ///
    /// # Errors
    /// As [`LeadFilter::check`].
    pub fn check(&self, filters: &Filters, view: &Viewpoint) -> Result<Filter, Failure> {
        let filter = LeadFilter {
            tier: self.tier,
            min_score: self.min_score,
            max_score: self.max_score,
            intent: self.intent.clone(),
            owner_id: self.owner_id,
            source: self.source.clone(),
            campaign: self.campaign.clone(),
            tag: self.tag.clone(),
            created_from: self.created_from,
            created_to: self.created_to,
            active_from: self.active_from,
            active_to: self.active_to,
            q: self.q.clone(),
            ids: self.ids.clone(),
            ..LeadFilter::default()
        };
        Ok(Filter { unrouted: true, ..filter.check(filters, view)? })
    }
}

/// The words of a search, folded. Shorter words than two characters narrow it down, but cannot carry it.
fn words(q: &str, faults: &mut Vec<Fault>) -> Option<Words> {
    let words = Words::of(q);
    if q.contains('\0') {
        faults.push(Fault::new("?q", "nul_character", "Remove the NUL character (U+0000)."));
    } else if words.longest() < 2 {
        faults.push(Fault::new("?q", "too_short", "Search for at least one word of two characters or more."));
    } else if words.count() > MAX_WORDS || q.chars().count() > MAX_SEARCH {
        faults.push(Fault::new("?q", "too_long", "Search for at most 8 words and 200 characters."));
    } else {
        return Some(words);
    }
    None
}

/// The words of a search in a list that is short enough for words of any length; none when nothing was typed.
///
/// # Errors
/// `Invalid` when that is too much.
pub fn few_words(q: Option<&str>) -> Result<Option<Words>, Failure> {
    let Some(q) = q else { return Ok(None) };
    let words = Words::of(q);
    if q.contains('\0') {
        return Err(Failure::invalid("?q", "nul_character", "Remove the NUL character (U+0000)."));
    }
    if words.count() > MAX_WORDS || q.chars().count() > MAX_SEARCH {
        return Err(Failure::invalid("?q", "too_long", "Search for at most 8 words and 200 characters."));
    }
    Ok(Some(words).filter(|words| words.count() > 0))
}

/// The ids of a list with commas.
fn ids(list: &str, faults: &mut Vec<Fault>) -> Option<Vec<LeadId>> {
    let ids: Option<Vec<LeadId>> = list.split(',').map(|id| id.trim().parse().ok()).collect();
    match ids {
        Some(ids) if ids.len() <= MAX_IDS => return Some(ids),
        Some(_) => faults.push(Fault::new("?ids", "too_many", format!("Name at most {MAX_IDS} ids."))),
        None => faults.push(Fault::new("?ids", "format", "Write ids with commas between.")),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_filter_at_once() {
        let filter = LeadFilter {
            min_score: Some(50),
            max_score: Some(40),
            created_from: Some(Timestamp::UNIX_EPOCH),
            created_to: Some(Timestamp::UNIX_EPOCH),
            q: Some("a b".to_owned()),
            ..LeadFilter::default()
        };
        let view = Viewpoint { now: Timestamp::UNIX_EPOCH, zone: jiff::tz::TimeZone::UTC, me: None };
        let Err(Failure::Invalid(faults)) = filter.check(&Filters::default(), &view) else { panic!("it passed") };
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["?max_score", "?created_to", "?q"]);
    }

    #[test]
    fn a_short_word_goes_with_a_longer_one() {
        let mut faults = Vec::new();
        assert!(words(" Li Wang ", &mut faults).is_some_and(|words| words.count() == 2));
        assert!(words("ß", &mut faults).is_some() && words("a Wang", &mut faults).is_some());
        assert!(faults.is_empty());
        // What is said twice, or within another word, does not count.
        assert!(words(&"gmbh GmbH firma fir irm rma ".repeat(4), &mut faults).is_some_and(|words| words.count() == 2));
        assert_eq!(words("ab cd ef gh ij kl mn op qr", &mut faults), None);
    }
}
