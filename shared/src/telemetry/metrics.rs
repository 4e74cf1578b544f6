//! Every metric that is written, by the name it has in CloudWatch. Alarms and dashboard name these and no others: `cargo dev check`
//! compares.
//!
//! Their dimensions are functions, areas, routes and partners, of which there are as many as the template says; never a tenant, a lead
//! or anything a request brings along, since CloudWatch takes money for each combination.

use std::time::Duration;

use super::figures;

/// A figure with its name and unit, and what it is kept by.
#[derive(Debug)]
pub struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) by: By,
}

/// A CloudWatch unit. Durations of one invocation are kept one by one, for percentiles; all else is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Bytes,
    Milliseconds,
}

/// What a figure is kept by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Function,
    /// By the area, and once more by the function with its route.
    Route,
    /// By the function with the partner it works for.
    Partner,
}

// Requests, of every function with a route.
pub const REQUEST_DURATION: Metric = Metric::by_route("RequestDuration", Unit::Milliseconds);
pub const ANSWERS_2XX: Metric = Metric::by_route("Answers2xx", Unit::Count);
pub const ANSWERS_3XX: Metric = Metric::by_route("Answers3xx", Unit::Count);
pub const ANSWERS_4XX: Metric = Metric::by_route("Answers4xx", Unit::Count);
pub const ANSWERS_5XX: Metric = Metric::by_route("Answers5xx", Unit::Count);

// Batches of messages, of every consumer.
pub const MESSAGES_DONE: Metric = Metric::count("MessagesDone");
pub const MESSAGES_AGAIN: Metric = Metric::count("MessagesAgain");
pub const MESSAGES_PARKED: Metric = Metric::count("MessagesParked");
pub const BATCH_DURATION: Metric = Metric::by_function("BatchDuration", Unit::Milliseconds);

// The event path.
pub const EVENTS_STORED: Metric = Metric::count("EventsStored");
pub const EVENTS_REPEATED: Metric = Metric::count("EventsRepeated");
pub const EVENTS_PARKED: Metric = Metric::count("EventsParked");
pub const STATEMENTS: Metric = Metric::count("Statements");
pub const STRANGER_DELIVERIES: Metric = Metric::count("StrangerDeliveries");

// Effects: what each has become.
pub const EFFECTS_DONE: Metric = Metric::by_partner("EffectsDone", Unit::Count);
pub const EFFECTS_FAILED: Metric = Metric::by_partner("EffectsFailed", Unit::Count);
pub const EFFECTS_UNKNOWN: Metric = Metric::by_partner("EffectsUnknown", Unit::Count);
pub const EFFECTS_WAITING: Metric = Metric::by_partner("EffectsWaiting", Unit::Count);
pub const EFFECTS_HELD: Metric = Metric::by_partner("EffectsHeld", Unit::Count);
pub const EFFECT_DURATION: Metric = Metric::by_partner("EffectDuration", Unit::Milliseconds);
pub const INTEGRATION_DOWN: Metric = Metric::by_partner("IntegrationDown", Unit::Count);

// Jobs.
pub const OUTBOX_RELAYED: Metric = Metric::count("OutboxRelayed");
pub const EFFECTS_WOKEN: Metric = Metric::count("EffectsWoken");
pub const GIVEN_UP_SENT_AGAIN: Metric = Metric::count("GivenUpSentAgain");
pub const EFFECTS_ASKED_ABOUT: Metric = Metric::count("EffectsAskedAbout");
pub const DEAD_LETTERS: Metric = Metric::count("DeadLetters");
pub const PARTITIONS_MADE: Metric = Metric::count("PartitionsMade");
pub const EVENTS_MOVED: Metric = Metric::count("EventsMoved");
pub const EVENTS_IN_DEFAULT_PARTITION: Metric = Metric::count("EventsInDefaultPartition");
pub const STRANGER_BYTES_OF_DAY: Metric = Metric::by_function("StrangerBytesOfDay", Unit::Bytes);

impl Metric {
    const fn count(name: &'static str) -> Self {
        Self::by_function(name, Unit::Count)
    }

    const fn by_function(name: &'static str, unit: Unit) -> Self {
        Self { name, unit, by: By::Function }
    }

    const fn by_route(name: &'static str, unit: Unit) -> Self {
        Self { name, unit, by: By::Route }
    }

    const fn by_partner(name: &'static str, unit: Unit) -> Self {
        Self { name, unit, by: By::Partner }
    }

    /// Notes it for this invocation, whose end writes it.
    pub fn add(&'static self, value: f64) {
        figures(|figures| figures.add(self, value));
    }

    /// The same of a number of things.
    pub fn count_of(&'static self, things: usize) {
        self.add(things as f64);
    }

    /// The same of a time.
    pub fn took(&'static self, time: Duration) {
        self.add(time.as_secs_f64() * 1e3);
    }

    /// The class that a status belongs to.
    pub fn of_status(status: u16) -> &'static Self {
        match status {
            0..300 => &ANSWERS_2XX,
            300..400 => &ANSWERS_3XX,
            400..500 => &ANSWERS_4XX,
            _ => &ANSWERS_5XX,
        }
    }
}
