//! What people send to change a stage, and what is wrong with it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::input::text;
use crate::domain::faults::Fault;
use crate::store::pipelines::Stage;

/// A change of a stage: absent keeps. No field can be cleared.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StagePatch {
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    /// `#RRGGBB`.
    #[schemars(regex(pattern = "^#[0-9A-Fa-f]{6}$"))]
    pub color: Option<String>,
    #[schemars(length(min = 1, max = 50))]
    pub icon: Option<String>,
    #[schemars(range(min = 0, max = 100))]
    pub probability: Option<i32>,
    pub is_won: Option<bool>,
    pub is_lost: Option<bool>,
}

impl StagePatch {
    /// The stage as it shall be.
    ///
    /// # Errors
    /// Every fault, with pointers into the body.
    pub fn check(self, mut stage: Stage) -> Result<Stage, Vec<Fault>> {
        let mut faults = Vec::new();
        if let Some(name) = self.name.and_then(|name| text("/name", &name, 100, &mut faults)) {
            stage.name = name;
        }
        if let Some(icon) = self.icon.and_then(|icon| text("/icon", &icon, 50, &mut faults)) {
            stage.icon = icon;
        }
        stage.color = self.color.unwrap_or(stage.color);
        let digits = stage.color.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            faults.push(Fault::new("/color", "format", "Send a colour as `#RRGGBB`."));
        }
        stage.probability = self.probability.unwrap_or(stage.probability);
        if !(0..=100).contains(&stage.probability) {
            faults.push(Fault::new("/probability", "range", "Send a probability from 0 to 100 per cent."));
        }
        (stage.won, stage.lost) = (self.is_won.unwrap_or(stage.won), self.is_lost.unwrap_or(stage.lost));
        if stage.won && stage.lost {
            faults.push(Fault::new("/is_won", "conflict", "A stage is won or lost, not both."));
        }
        if faults.is_empty() { Ok(stage) } else { Err(faults) }
    }
}
