//! JSON and query parameters as serde reads them, more strictly than `serde_json` does, with the place of every fault.
//!
//! A list is no object: serde would take its items for the fields of a struct, in the order in which they stand in our source. A
//! number is whole when its value is: `100.0` and `1e2` are 100. A moment has an offset that exists and is of our era.
//!
//! What a caller is told names no type of ours. What was found faulty before is left out or made up ([`Search`]), so that reading goes
//! on to the next fault.

use std::borrow::Cow;
use std::vec;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer as _, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde_json::{Value, map};

use super::complaint::Complaint;
use super::search::Search;
use crate::domain::faults::pointer_segment;
use crate::domain::moments::{MomentFault, parse_moment};
use crate::domain::numbers::whole;

/// What stands at a place.
#[derive(Clone, Copy)]
pub(super) enum Given<'de> {
    Json(&'de Value),
    /// All parameters of a query, each once.
    Query(&'de [(String, String)]),
    /// The value of one parameter, which is read as whatever is wanted.
    Parameter(&'de str),
    /// Nothing that can be used: whatever is wanted is made up. The number counts what was tried in vain.
    MadeUp(usize),
}

/// Texts of the kinds that fields have: some text, an id, a moment, a day.
const TEXTS: [&str; 5] = ["", "a", "00000000-0000-0000-0000-000000000000", "2000-01-01T00:00:00Z", "2000-01-01"];

/// How many different values can be made up for one place.
pub(super) const INVENTIONS: usize = TEXTS.len();

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    Root,
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl Place<'_> {
    /// As JSON pointer.
    pub fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Member(parent, name) => format!("{}/{}", parent.pointer(), pointer_segment(name)),
            Self::Item(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// Reads a whole value.
pub(super) fn read<'de, T: Deserialize<'de>>(given: Given<'de>, search: &Search) -> Result<T, Complaint> {
    T::deserialize(Reader { given, place: &Place::Root, search }).map_err(|complaint| complaint.at(&Place::Root))
}

struct Reader<'de, 'p> {
    given: Given<'de>,
    place: &'p Place<'p>,
    search: &'p Search,
}

impl<'de, 'p> Reader<'de, 'p> {
    /// A value further in.
    fn inner<'q>(&self, given: Given<'de>, place: &'q Place<'q>) -> Reader<'de, 'q>
    where
        'p: 'q,
    {
        Reader { given: self.search.given(given, place), place, search: self.search }
    }

    fn wrong(&self, wanted: &str) -> Complaint {
        let found = match self.given {
            Given::Json(Value::Null) | Given::MadeUp(_) => "null",
            Given::Json(Value::Bool(_)) => "true or false",
            Given::Json(Value::Number(_)) => "a number",
            Given::Json(Value::String(_)) => "text",
            Given::Json(Value::Array(_)) => "a list",
            Given::Json(Value::Object(_)) | Given::Query(_) => "an object",
            Given::Parameter(_) => return Complaint::new("invalid", format!("Send {wanted}.")),
        };
        Complaint::new("type", format!("Send {wanted}, not {found}."))
    }

    fn whole_number(&self) -> Result<i128, Complaint> {
        match self.given {
            Given::Json(Value::Number(number)) => {
                whole(number).ok_or_else(|| Complaint::new("type", format!("Send a whole number, not {number}.")))
            }
            Given::Parameter(text) => text.parse().map_err(|_| self.wrong("a whole number")),
            Given::MadeUp(tried) => Ok(i128::try_from(tried).unwrap_or_default()),
            Given::Json(_) | Given::Query(_) => Err(self.wrong("a whole number")),
        }
    }

    fn text(&self) -> Result<&'de str, Complaint> {
        match self.given {
            Given::Json(Value::String(text)) => Ok(text),
            Given::Parameter(text) => Ok(text),
            Given::MadeUp(tried) => Ok(TEXTS.get(tried).copied().unwrap_or_default()),
            Given::Json(_) | Given::Query(_) => Err(self.wrong("text")),
        }
    }

    fn members(&self) -> Option<Members<'de, 'p>> {
        let sent = match self.given {
            Given::Json(Value::Object(members)) => Sent::Object(members.iter()),
            Given::Query(pairs) => Sent::Query(pairs.iter()),
            Given::MadeUp(_) => Sent::Nothing,
            Given::Json(_) | Given::Parameter(_) => return None,
        };
        let is_sent = |name: &str| match self.given {
            Given::Json(value) => value.get(name).is_some(),
            Given::Query(pairs) => pairs.iter().any(|(key, _)| key == name),
            Given::Parameter(_) | Given::MadeUp(_) => false,
        };
        let mut made_up = self.search.made_up_within(self.place);
        made_up.retain(|name| !is_sent(name));
        Some(Members { sent, made_up: made_up.into_iter(), current: None, place: self.place, search: self.search })
    }
}

/// Whether a visitor makes a `T`. Names are enough: both are of this program.
fn makes<'de, V: Visitor<'de>, T>() -> bool {
    std::any::type_name::<V::Value>() == std::any::type_name::<T>()
}

/// A text that is to be a moment or a day: one that Postgres keeps and somebody may mean.
fn check_time<'de, V: Visitor<'de>>(text: &str) -> Result<(), Complaint> {
    if makes::<V, Timestamp>() {
        return parse_moment(text).map(drop).map_err(|fault| {
            let code = match fault {
                MomentFault::Malformed | MomentFault::Offset => "invalid",
                MomentFault::Early | MomentFault::Late => "range",
            };
            Complaint::new(code, fault.to_string())
        });
    }
    if makes::<V, Date>() {
        match text.parse::<Date>() {
            Ok(day) if day.year() < 1 => return Err(Complaint::new("range", MomentFault::Early.to_string())),
            Ok(_) => {}
            Err(_) => return Err(Complaint::new("invalid", "Send a day such as 2026-01-31.".to_owned())),
        }
    }
    Ok(())
}

macro_rules! integers {
    ($($read:ident $visit:ident $type:ident)*) => {$(
        fn $read<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
            match $type::try_from(self.whole_number()?) {
                Ok(number) => visitor.$visit(number),
                Err(_) => {
                    let detail = format!("Send a whole number from {} to {}.", $type::MIN, $type::MAX);
                    Err(Complaint::new("range", detail))
                }
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Complaint;

    integers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.given {
            Given::Json(Value::Null) | Given::MadeUp(_) => visitor.visit_unit(),
            Given::Json(Value::Bool(flag)) => visitor.visit_bool(*flag),
            Given::Json(Value::Number(number)) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Given::Json(Value::String(text)) => visitor.visit_borrowed_str(text),
            Given::Parameter(text) => visitor.visit_borrowed_str(text),
            Given::Json(Value::Array(_)) => self.deserialize_seq(visitor),
            Given::Json(Value::Object(_)) | Given::Query(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.given {
            Given::Json(Value::Bool(flag)) => visitor.visit_bool(*flag),
            Given::Parameter("true") => visitor.visit_bool(true),
            Given::Parameter("false") | Given::MadeUp(_) => visitor.visit_bool(false),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.given {
            Given::Json(Value::Number(number)) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            Given::Parameter(text) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => visitor.visit_f64(number),
                _ => Err(self.wrong("a number")),
            },
            Given::MadeUp(tried) => visitor.visit_f64(if tried == 0 { 0.0 } else { 1.0 }),
            _ => Err(self.wrong("a number")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        let text = self.text()?;
        check_time::<V>(text)?;
        visitor.visit_borrowed_str(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.given {
            Given::Json(Value::Null) | Given::MadeUp(_) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// An endpoint that takes no body takes an empty object too: many clients always send one.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.given {
            Given::Json(Value::Null) | Given::MadeUp(_) => visitor.visit_unit(),
            Given::Json(Value::Object(members)) if members.is_empty() => visitor.visit_unit(),
            _ => Err(Complaint::new("type", "Nothing belongs here. Leave it out.".to_owned())),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Complaint> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        let items = match self.given {
            Given::Json(Value::Array(items)) => items.as_slice(),
            Given::MadeUp(_) => &[],
            _ => return Err(self.wrong("a list")),
        };
        visitor.visit_seq(Items { items: items.iter().enumerate(), reader: self })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.members() {
            Some(members) => visitor.visit_map(members),
            None => Err(self.wrong("a JSON object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        let (name, content) = match self.given {
            Given::Json(Value::String(name)) => (name.as_str(), None),
            Given::Parameter(name) => (name, None),
            Given::MadeUp(_) => (variants.first().copied().unwrap_or_default(), Some(Given::MadeUp(0))),
            Given::Json(Value::Object(members)) if members.len() == 1 => {
                let member = members.iter().next();
                member.map_or(("", None), |(name, content)| (name.as_str(), Some(Given::Json(content))))
            }
            _ => return Err(self.wrong("one of the possible values")),
        };
        visitor.visit_enum(Variant { name, content, reader: self })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        visitor.visit_unit()
    }
}

enum Sent<'de> {
    Object(map::Iter<'de>),
    Query(std::slice::Iter<'de, (String, String)>),
    Nothing,
}

impl<'de> Iterator for Sent<'de> {
    type Item = (&'de str, Given<'de>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Object(members) => members.next().map(|(name, value)| (name.as_str(), Given::Json(value))),
            Self::Query(pairs) => pairs.next().map(|(name, value)| (name.as_str(), Given::Parameter(value))),
            Self::Nothing => None,
        }
    }
}

/// The members of an object, those that were left out on purpose not among them, and those made up behind.
struct Members<'de, 'p> {
    sent: Sent<'de>,
    made_up: vec::IntoIter<String>,
    current: Option<(Cow<'de, str>, Given<'de>)>,
    place: &'p Place<'p>,
    search: &'p Search,
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = Complaint;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Complaint> {
        let (search, place) = (self.search, self.place);
        let sent = self.sent.by_ref().find(|(name, _)| !search.leaves_out(&Place::Member(place, name)));
        let next = match sent {
            Some((name, given)) => (Cow::Borrowed(name), given),
            None => match self.made_up.next() {
                Some(name) => (Cow::Owned(name), Given::MadeUp(0)),
                None => return Ok(None),
            },
        };
        let (name, _) = self.current.insert(next);
        let key = seed.deserialize(name.as_ref().into_deserializer());
        key.map(Some).map_err(|complaint: Complaint| complaint.at(&Place::Member(place, name)))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Complaint> {
        let Some((name, given)) = self.current.take() else {
            return Err(Complaint::new("invalid", "A value was read before its name.".to_owned()));
        };
        let place = Place::Member(self.place, &name);
        let reader = Reader { given: self.search.given(given, &place), place: &place, search: self.search };
        seed.deserialize(reader).map_err(|complaint| complaint.at(&place))
    }
}

struct Items<'de, 'p> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    reader: Reader<'de, 'p>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Complaint;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Complaint> {
        let Some((index, item)) = self.items.next() else { return Ok(None) };
        let place = Place::Item(self.reader.place, index);
        let value = seed.deserialize(self.reader.inner(Given::Json(item), &place));
        value.map(Some).map_err(|complaint| complaint.at(&place))
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.size_hint().1
    }
}

struct Variant<'de, 'p> {
    name: &'de str,
    content: Option<Given<'de>>,
    reader: Reader<'de, 'p>,
}

impl<'de, 'p> EnumAccess<'de> for Variant<'de, 'p> {
    type Error = Complaint;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Complaint> {
        Ok((seed.deserialize(self.name.into_deserializer())?, self))
    }
}

impl<'de> Variant<'de, '_> {
    fn within<T>(self, read: impl FnOnce(Reader<'de, '_>) -> Result<T, Complaint>) -> Result<T, Complaint> {
        let Some(content) = self.content else { return Err(self.reader.wrong("an object with the value's name")) };
        let place = Place::Member(self.reader.place, self.name);
        read(self.reader.inner(content, &place)).map_err(|complaint| complaint.at(&place))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de, '_> {
    type Error = Complaint;

    fn unit_variant(self) -> Result<(), Complaint> {
        match self.content {
            None | Some(Given::MadeUp(_) | Given::Json(Value::Null)) => Ok(()),
            Some(_) => Err(self.reader.wrong("one of the possible values as text")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Complaint> {
        self.within(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Complaint> {
        self.within(|reader| reader.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Complaint> {
        self.within(|reader| reader.deserialize_map(visitor))
    }
}
