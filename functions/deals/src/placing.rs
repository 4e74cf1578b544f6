//! Where a person wants a deal to be, and what can be wrong with that.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::{DealId, StageId};
use shared::store::deals::{Deal, Place};
use shared::store::pipelines::Stage;
use shared::{Failure, Fault};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveDeal {
    pub stage_id: StageId,
    /// Put it above this deal of the stage. At most one of the three places.
    before_deal_id: Option<DealId>,
    /// Put it below this deal of the stage.
    after_deal_id: Option<DealId>,
    /// Put it where so many deals are above it; at the end when there are fewer.
    #[schemars(range(min = 0, max = 10_000))]
    index: Option<i64>,
    /// Why it was lost: needed to enter a stage that is lost, and only there.
    #[schemars(length(max = 500))]
    lost_reason: Option<String>,
}

impl MoveDeal {
    /// The stage and the place, or everything that is wrong with the self.
    pub fn check(&self, moving: &Deal, stage: Option<Stage>) -> Result<(Stage, Option<Place>), Failure> {
        let mut faults = Vec::new();
        let places = [
            ("/before_deal_id", self.before_deal_id.map(Place::Before)),
            ("/after_deal_id", self.after_deal_id.map(Place::After)),
            ("/index", self.index.map(Place::Index)),
        ];
        let given: Vec<(&str, Place)> = places.into_iter().filter_map(|(at, place)| Some((at, place?))).collect();
        for (pointer, _) in given.iter().skip(1) {
            faults.push(Fault::new(*pointer, "not_allowed", "Name one place only: before, after or index."));
        }
        for (pointer, place) in &given {
            match place {
                Place::Before(other) | Place::After(other) if *other == moving.id => {
                    faults.push(Fault::new(
                        *pointer,
                        "not_allowed",
                        "A deal cannot stand beside itself; name another one.",
                    ));
                }
                Place::Index(index) if !(0..=10_000).contains(index) => {
                    faults.push(Fault::new(*pointer, "range", "Send a number from 0 to 10000."));
                }
                _ => {}
            }
        }
        if self.lost_reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
            faults.push(Fault::new("/lost_reason", "too_long", "Say it in at most 500 characters."));
        }
        match stage {
            None => faults.push(Fault::new("/stage_id", "unknown_value", "There is no such stage.")),
            Some(stage) if self.lost_reason.is_some() && !stage.lost => {
                faults.push(Fault::new(
                    "/lost_reason",
                    "not_allowed",
                    "Only a deal in a stage that is lost has a reason.",
                ));
            }
            Some(stage) if stage.lost && moving.status != "lost" && self.lost_reason().is_none() => {
                faults.push(Fault::new("/lost_reason", "required", "Say why the deal was lost."));
            }
            Some(stage) if faults.is_empty() => return Ok((stage, given.first().map(|(_, place)| *place))),
            Some(_) => {}
        }
        Err(Failure::Invalid(faults))
    }

    /// Why it was lost, if that was said.
    pub fn lost_reason(&self) -> Option<&str> {
        self.lost_reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty())
    }

    /// The neighbour named by the place is not in the stage.
    pub fn beside_nothing(&self) -> Failure {
        let pointer = if self.before_deal_id.is_some() { "/before_deal_id" } else { "/after_deal_id" };
        Failure::invalid(pointer, "unknown_value", "There is no such deal in this stage. Read the board again.")
    }
}
