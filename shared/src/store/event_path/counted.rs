//! A lead's counted awards and signals in one value beside its standing, so that working on a lead reads two rows instead of a dozen.
//!
//! A copy: the history is the truth, and every change of it writes the standing, and with it this. Only events are worked on with the
//! copy; whoever decides, edits, recalculates or shows reads the history. So does the event path where there is no copy: too many for a
//! row, another layout, a standing that was thrown away.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::ids::{EventId, RuleId};
use crate::domain::intent::Signal;
use crate::domain::scoring::{Award, Category};

/// The first byte. Another layout is another number, and then the history is read until the lead is written again.
const LAYOUT: u8 = 1;

/// With more bytes than these a standing would no longer lie in its row.
const MOST_BYTES: usize = 1200;

const HAS_EVENT: u8 = 1;
const HAS_EXPIRY: u8 = 2;
/// The category stands above the flags.
const CATEGORY: u8 = 4;

/// What counts, as one value. None when it is too much, or beyond what the layout can say.
pub fn encode<'a>(
    awards: impl Iterator<Item = &'a Award>,
    signals: impl Iterator<Item = &'a Signal>,
) -> Option<Vec<u8>> {
    let mut writer = Writer(vec![LAYOUT, 0]);
    let mut count: u8 = 0;
    for award in awards {
        count = count.checked_add(1)?;
        let category = match award.category {
            Category::Demographic => 0,
            Category::Engagement => 1,
            Category::Behavior => 2,
        };
        writer.common(
            (award.rule, award.rule_version, award.event),
            (award.awarded_at, award.expires_at),
            category * CATEGORY,
        );
        writer.0.extend(award.points.to_be_bytes());
        if writer.0.len() > MOST_BYTES {
            return None;
        }
    }
    writer.0[1] = count;
    for signal in signals {
        writer.common((signal.rule, signal.rule_version, signal.event), (signal.detected_at, signal.expires_at), 0);
        writer.0.extend(signal.weight.to_be_bytes());
        writer.0.push(u8::try_from(signal.intent.len()).ok()?);
        writer.0.extend(signal.intent.as_bytes());
        if writer.0.len() > MOST_BYTES {
            return None;
        }
    }
    Some(writer.0)
}

/// What counts. None when this is no value of ours.
pub fn decode(bytes: &[u8]) -> Option<(Vec<Award>, Vec<Signal>)> {
    let mut reader = Reader(bytes);
    if reader.byte()? != LAYOUT {
        return None;
    }
    let count = reader.byte()?;
    let mut awards = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let ((rule, rule_version, event), (awarded_at, expires_at), above) = reader.common()?;
        let category = match above / CATEGORY {
            0 => Category::Demographic,
            1 => Category::Engagement,
            2 => Category::Behavior,
            _ => return None,
        };
        let points = i32::from_be_bytes(reader.take()?);
        awards.push(Award { rule, rule_version, event, category, points, awarded_at, expires_at });
    }
    let mut signals = Vec::new();
    while !reader.0.is_empty() {
        let ((rule, rule_version, event), (detected_at, expires_at), _) = reader.common()?;
        let weight = u32::from_be_bytes(reader.take()?);
        let length = usize::from(reader.byte()?);
        let (intent, rest) = reader.0.split_at_checked(length)?;
        reader.0 = rest;
        let intent = std::str::from_utf8(intent).ok()?.to_owned();
        signals.push(Signal { rule, rule_version, event, intent, weight, detected_at, expires_at });
    }
    Some((awards, signals))
}

/// What an award and a signal have in common: whose it is, and when it counts. Moments are microseconds, as in the history.
type Whose = (RuleId, i32, Option<EventId>);
type When = (Timestamp, Option<Timestamp>);

struct Writer(Vec<u8>);

impl Writer {
    fn common(&mut self, (rule, version, event): Whose, (from, until): When, above: u8) {
        let flags = if event.is_some() { HAS_EVENT } else { 0 } | if until.is_some() { HAS_EXPIRY } else { 0 };
        self.0.push(above | flags);
        self.0.extend(rule.0.as_bytes());
        self.0.extend(version.to_be_bytes());
        if let Some(event) = event {
            self.0.extend(event.0.as_bytes());
        }
        self.0.extend(from.as_microsecond().to_be_bytes());
        if let Some(until) = until {
            self.0.extend(until.as_microsecond().to_be_bytes());
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn moment(&mut self) -> Option<Timestamp> {
        Timestamp::from_microsecond(i64::from_be_bytes(self.take()?)).ok()
    }

    fn common(&mut self) -> Option<(Whose, When, u8)> {
        let flags = self.byte()?;
        let rule = RuleId(Uuid::from_bytes(self.take()?));
        let version = i32::from_be_bytes(self.take()?);
        let event = match flags & HAS_EVENT {
            0 => None,
            _ => Some(EventId(Uuid::from_bytes(self.take()?))),
        };
        let from = self.moment()?;
        let until = match flags & HAS_EXPIRY {
            0 => None,
            _ => Some(self.moment()?),
        };
        Some(((rule, version, event), (from, until), flags))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whose() -> impl Strategy<Value = Whose> {
        (any::<u128>(), any::<i32>(), any::<Option<u128>>()).prop_map(|(rule, version, event)| {
            (RuleId(Uuid::from_u128(rule)), version, event.map(|event| EventId(Uuid::from_u128(event))))
        })
    }

    fn moment() -> impl Strategy<Value = Timestamp> {
        (-62_135_596_800_000_000_i64..253_402_207_200_000_000)
            .prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
    }

    fn award() -> impl Strategy<Value = Award> {
        let category = prop_oneof![Just(Category::Demographic), Just(Category::Engagement), Just(Category::Behavior)];
        (whose(), category, any::<i32>(), moment(), proptest::option::of(moment())).prop_map(
            |((rule, rule_version, event), category, points, awarded_at, expires_at)| Award {
                rule,
                rule_version,
                event,
                category,
                points,
                awarded_at,
                expires_at,
            },
        )
    }

    fn signal() -> impl Strategy<Value = Signal> {
        (whose(), "[a-zäöü_]{0,20}", any::<u32>(), moment(), proptest::option::of(moment())).prop_map(
            |((rule, rule_version, event), intent, weight, detected_at, expires_at)| Signal {
                rule,
                rule_version,
                event,
                intent,
                weight,
                detected_at,
                expires_at,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            awards in proptest::collection::vec(award(), 0..8),
            signals in proptest::collection::vec(signal(), 0..8),
        ) {
            let bytes = encode(awards.iter(), signals.iter()).unwrap();
            prop_assert_eq!(decode(&bytes), Some((awards, signals)));
        }

        #[test]
        fn what_is_not_ours_is_refused_without_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
            if let Some(first) = bytes.first_mut() {
                *first = LAYOUT;
            }
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn too_much_for_a_row_is_not_copied() {
        let at = Timestamp::UNIX_EPOCH;
        let award = Award {
            rule: RuleId(Uuid::nil()),
            rule_version: 1,
            event: Some(EventId(Uuid::nil())),
            category: Category::Behavior,
            points: 5,
            awarded_at: at,
            expires_at: None,
        };
        let of = |count| encode(std::iter::repeat_n(&award, count), std::iter::empty());
        assert!(of(20).is_some_and(|bytes| bytes.len() <= MOST_BYTES));
        assert_eq!(of(40), None);
        assert_eq!(of(400), None);
        // A part of a value is no value.
        let bytes = of(2).unwrap();
        assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode(&[LAYOUT + 1, 0]), None);
    }
}
