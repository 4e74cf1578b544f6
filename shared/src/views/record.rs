//! What every record has that people write: a name in the audit log, an id, a version and an address.

use uuid::Uuid;

use super::deals::DealView;
use super::leads::{LeadDetailsView, LeadView};
use super::pipelines::{PipelineView, StageView};
use super::preferences::PreferencesView;
use super::saved_views::SavedViewView;
use super::scoring::ScoringRuleView;
use super::settings::SettingsView;
use super::tasks::TaskView;
use super::team::MemberView;

/// A record as people see it. With it a handler guards (`call.if_current`), notes (`call.note`) and answers (`Json::of`,
/// `Created::of`) without saying these things again.
pub trait Record {
    /// What the audit log calls it.
    const NAME: &'static str;
    /// Where its collection is; the record itself is at `<PATH>/<id>`.
    const PATH: &'static str;
    fn id(&self) -> Uuid;
    /// The number that each change counts up: the `ETag`.
    fn version(&self) -> i64;
}

macro_rules! records {
    ($($view:ty => $name:literal, $path:literal;)*) => {
        $(impl Record for $view {
            const NAME: &'static str = $name;
            const PATH: &'static str = $path;
            fn id(&self) -> Uuid {
                self.id.into()
            }
            fn version(&self) -> i64 {
                self.version.into()
            }
        })*
    };
}

records! {
    LeadView => "lead", "/api/v1/leads";
    DealView => "deal", "/api/v1/deals";
    TaskView => "task", "/api/v1/tasks";
    MemberView => "member", "/api/v1/team";
    PipelineView => "pipeline", "/api/v1/pipelines";
    StageView => "stage", "/api/v1/stages";
    ScoringRuleView => "scoring_rule", "/api/v1/scoring/rules";
    SavedViewView => "saved_view", "/api/v1/saved-views";
    PreferencesView => "preferences", "/api/v1/preferences";
    SettingsView => "tenant", "/api/v1/settings";
}

impl Record for LeadDetailsView {
    const NAME: &'static str = LeadView::NAME;
    const PATH: &'static str = LeadView::PATH;
    fn id(&self) -> Uuid {
        self.lead.id()
    }
    fn version(&self) -> i64 {
        self.lead.version()
    }
}
