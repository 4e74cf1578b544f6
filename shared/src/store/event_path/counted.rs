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
const LAYOUT: u8 = 2;

/// With more bytes than these a standing would no longer lie in its row.
const MOST_BYTES: usize = 1200;

// Bits of a group's first byte: what it is a group of, and which fields its entries have.
const KIND: u8 = 0b0011;
const DEMOGRAPHIC: u8 = 0;
const ENGAGEMENT: u8 = 1;
const BEHAVIOR: u8 = 2;
const SIGNAL: u8 = 3;
const HAS_EVENT: u8 = 0b0100;
const HAS_EXPIRY: u8 = 0b1000;

/// What the awards (or signals) of one rule have in common: it is written once.
#[derive(PartialEq, Eq)]
struct Head<'a> {
    shape: u8,
    rule: RuleId,
    rule_version: i32,
    /// The bytes of the points or of the weight.
    amount: [u8; 4],
    /// Microseconds from when it counts until it no longer does.
    lasting: Option<i64>,
    /// Only of signals.
    intent: &'a str,
}

struct Group<'a> {
    head: Head<'a>,
    count: u8,
    /// Each entry: the event, if these have one, and since when it counts.
    entries: Vec<u8>,
}

/// What counts, as one value. None when it is too much, or beyond what the layout can say.
pub fn encode<'a>(
    awards: impl Iterator<Item = &'a Award>,
    signals: impl Iterator<Item = &'a Signal>,
) -> Option<Vec<u8>> {
    let mut groups = Groups { all: Vec::new(), bytes: 1 };
    for award in awards {
        let kind = match award.category {
            Category::Demographic => DEMOGRAPHIC,
            Category::Engagement => ENGAGEMENT,
            Category::Behavior => BEHAVIOR,
        };
        let (amount, when) = (award.points.to_be_bytes(), (award.awarded_at, award.expires_at));
        groups.add(kind, (award.rule, award.rule_version, award.event), amount, when, "")?;
    }
    for signal in signals {
        let (amount, when) = (signal.weight.to_be_bytes(), (signal.detected_at, signal.expires_at));
        groups.add(SIGNAL, (signal.rule, signal.rule_version, signal.event), amount, when, &signal.intent)?;
    }
    groups.written()
}

/// Whose it is, and when it counts. Moments are microseconds, as in the history.
type Whose = (RuleId, i32, Option<EventId>);
type When = (Timestamp, Option<Timestamp>);

struct Groups<'a> {
    all: Vec<Group<'a>>,
    /// Of the whole value so far.
    bytes: usize,
}

impl<'a> Groups<'a> {
    fn add(
        &mut self,
        kind: u8,
        (rule, rule_version, event): Whose,
        amount: [u8; 4],
        (from, until): When,
        intent: &'a str,
    ) -> Option<()> {
        let lasting = until.map(|until| until.as_microsecond() - from.as_microsecond());
        let event_bit = if event.is_some() { HAS_EVENT } else { 0 };
        let expiry_bit = if lasting.is_some() { HAS_EXPIRY } else { 0 };
        let head = Head { shape: kind | event_bit | expiry_bit, rule, rule_version, amount, lasting, intent };
        let place = match self.all.iter().position(|group| group.count < u8::MAX && group.head == head) {
            Some(place) => place,
            None => {
                self.bytes += head.bytes();
                self.all.push(Group { head, count: 0, entries: Vec::new() });
                self.all.len() - 1
            }
        };
        let group = &mut self.all[place];
        let before = group.entries.len();
        if let Some(event) = event {
            group.entries.extend(event.0.as_bytes());
        }
        group.entries.extend(from.as_microsecond().to_be_bytes());
        group.count += 1;
        self.bytes += group.entries.len() - before;
        (self.bytes <= MOST_BYTES).then_some(())
    }

    fn written(self) -> Option<Vec<u8>> {
        let mut value = Vec::with_capacity(self.bytes);
        value.push(LAYOUT);
        for Group { head, count, entries } in self.all {
            value.push(head.shape);
            value.extend(head.rule.0.as_bytes());
            value.extend(head.rule_version.to_be_bytes());
            value.extend(head.amount);
            if let Some(lasting) = head.lasting {
                value.extend(lasting.to_be_bytes());
            }
            if head.shape & KIND == SIGNAL {
                value.push(u8::try_from(head.intent.len()).ok()?);
                value.extend(head.intent.as_bytes());
            }
            value.push(count);
            value.extend(entries);
        }
        Some(value)
    }
}

impl Head<'_> {
    fn bytes(&self) -> usize {
        let intent = if self.shape & KIND == SIGNAL { 1 + self.intent.len() } else { 0 };
        1 + 16 + 4 + 4 + self.lasting.map_or(0, |_| 8) + intent + 1
    }
}

/// What counts. None when this is no value of ours.
pub fn decode(bytes: &[u8]) -> Option<(Vec<Award>, Vec<Signal>)> {
    let mut reader = Reader(bytes);
    if reader.byte()? != LAYOUT {
        return None;
    }
    let (mut awards, mut signals) = (Vec::new(), Vec::new());
    while !reader.0.is_empty() {
        let shape = reader.byte()?;
        let (rule, rule_version) = (RuleId(Uuid::from_bytes(reader.take()?)), i32::from_be_bytes(reader.take()?));
        let amount = reader.take()?;
        let lasting = match shape & HAS_EXPIRY {
            0 => None,
            _ => Some(i64::from_be_bytes(reader.take()?)),
        };
        let category = match shape & !HAS_EVENT & !HAS_EXPIRY {
            DEMOGRAPHIC => Some(Category::Demographic),
            ENGAGEMENT => Some(Category::Engagement),
            BEHAVIOR => Some(Category::Behavior),
            SIGNAL => None,
            _ => return None,
        };
        let intent = match category {
            Some(_) => "",
            None => reader.text()?,
        };
        for _ in 0..reader.byte()? {
            let event = match shape & HAS_EVENT {
                0 => None,
                _ => Some(EventId(Uuid::from_bytes(reader.take()?))),
            };
            let from = i64::from_be_bytes(reader.take()?);
            let until = match lasting {
                None => None,
                Some(lasting) => Some(Timestamp::from_microsecond(from.checked_add(lasting)?).ok()?),
            };
            let from = Timestamp::from_microsecond(from).ok()?;
            match category {
                Some(category) => awards.push(Award {
                    rule,
                    rule_version,
                    event,
                    category,
                    points: i32::from_be_bytes(amount),
                    awarded_at: from,
                    expires_at: until,
                }),
                None => signals.push(Signal {
                    rule,
                    rule_version,
                    event,
                    intent: intent.to_owned(),
                    weight: u32::from_be_bytes(amount),
                    detected_at: from,
                    expires_at: until,
                }),
            }
        }
    }
    Some((awards, signals))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::from(self.byte()?);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of few rules, so that some belong together.
    fn whose() -> impl Strategy<Value = Whose> {
        (0..3_u128, prop_oneof![Just(1), Just(2), any::<i32>()], any::<Option<u128>>()).prop_map(
            |(rule, version, event)| {
                (RuleId(Uuid::from_u128(rule)), version, event.map(|event| EventId(Uuid::from_u128(event))))
            },
        )
    }

    /// From when, and until when: often for the same time.
    fn when() -> impl Strategy<Value = When> {
        let until = prop_oneof![
            Just(None),
            (0..2_i64).prop_map(|months| Some(Ok(jiff::SignedDuration::from_hours(months * 30 * 24)))),
            moment().prop_map(|until| Some(Err(until))),
        ];
        (moment(), until).prop_map(|(from, until)| {
            let until =
                until.map(|until| until.map_or_else(|until| until, |lasting| from.saturating_add(lasting).unwrap()));
            (from, until)
        })
    }

    fn moment() -> impl Strategy<Value = Timestamp> {
        (-62_135_596_800_000_000_i64..253_402_207_200_000_000)
            .prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
    }

    fn award() -> impl Strategy<Value = Award> {
        let category = prop_oneof![Just(Category::Demographic), Just(Category::Engagement), Just(Category::Behavior)];
        (whose(), category, prop_oneof![0..2, any::<i32>()], when()).prop_map(
            |((rule, rule_version, event), category, points, (awarded_at, expires_at))| Award {
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
        (whose(), "[aä_]{0,2}", prop_oneof![0..2_u32, any::<u32>()], when()).prop_map(
            |((rule, rule_version, event), intent, weight, (detected_at, expires_at))| Signal {
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

    fn sorted<T: std::fmt::Debug>(list: Vec<T>) -> Vec<String> {
        let mut list: Vec<String> = list.into_iter().map(|one| format!("{one:?}")).collect();
        list.sort();
        list
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            awards in proptest::collection::vec(award(), 0..8),
            signals in proptest::collection::vec(signal(), 0..8),
        ) {
            let bytes = encode(awards.iter(), signals.iter()).unwrap();
            let read = decode(&bytes).unwrap();
            // Those of one rule stand together.
            prop_assert_eq!((sorted(read.0), sorted(read.1)), (sorted(awards), sorted(signals)));
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
        assert!(
            of(48).is_some_and(|bytes| bytes.len() <= MOST_BYTES),
            "those of one rule share what they have in common"
        );
        assert_eq!(of(49), None);
        assert_eq!(of(400), None);
        // A part of a value is no value.
        let bytes = of(2).unwrap();
        assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode(&[LAYOUT + 1, 0]), None);
    }
}
