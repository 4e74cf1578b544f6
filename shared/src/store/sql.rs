//! Named statements and typed parameters.
//!
//! Statements stand in `store/<area>.sql`, one `-- name:` section each, picked at compile time: a missing name does not build. What several
//! of them share stands there once, too (see [`parts`]).
//! They run as unnamed statements in one round trip (`query_typed`), because named ones would pin a connection of RDS Proxy; only the
//! consumers of whole batches keep theirs (`store::database::connection`).

pub mod parts;

use std::borrow::Cow;
use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use jiff::Timestamp;
use jiff::civil::Date;
use postgres_types::{FromSql, IsNull, Json, ToSql, Type, accepts, to_sql_checked};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use self::parts::starts_with;
use crate::failure::Failure;

/// The section of `file` that begins with `-- name: <name>`.
#[expect(clippy::panic, reason = "evaluated by the compiler: a missing name does not build")]
pub const fn section(file: &'static str, name: &str) -> &'static str {
    const MARK: &[u8] = b"-- name: ";
    let bytes = file.as_bytes();
    let name = name.as_bytes();
    let mut at = 0;
    // The compiler counts calls and rounds: see [`parts`].
    let (last, end_of_file) = (bytes.len().saturating_sub(MARK.len() + name.len()), bytes.len());
    while at < last {
        if bytes[at] == b'-'
            && starts_with(bytes, at, MARK)
            && starts_with(bytes, at + MARK.len(), name)
            && bytes[at + MARK.len() + name.len()] == b'\n'
        {
            let start = at + MARK.len() + name.len() + 1;
            let mut end = start;
            while end < end_of_file && (bytes[end] != b'-' || !starts_with(bytes, end, MARK)) {
                end += 1;
            }
            return file.split_at(end).0.split_at(start).1;
        }
        at += 1;
    }
    panic!("no `-- name:` section of that name in this .sql file");
}

/// The statements of a `.sql` file that has parts (see [`parts`]), with these put in at compile time. What they are put into is a constant
/// and no static: Clippy cannot look through a constant into one, and ends itself.
macro_rules! statements {
    ($file:expr) => {{
        const FILE: &str = $file;
        const FILLED: [u8; $crate::store::sql::parts::filled_len(FILE)] = $crate::store::sql::parts::filled(FILE);
        $crate::store::sql::parts::text(&FILLED)
    }};
}
pub(crate) use statements;

/// A parameter with its Postgres type.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// A Rust type that is sent as one fixed Postgres type.
pub trait Bind {
    const TYPE: Type;
    /// The type of an array of these.
    const ARRAY: Type;
}

macro_rules! bind {
    ($($rust:ty => $one:ident, $many:ident;)*) => {
        $(impl Bind for $rust { const TYPE: Type = Type::$one; const ARRAY: Type = Type::$many; })*
    };
}

bind! {
    Uuid => UUID, UUID_ARRAY;
    String => TEXT, TEXT_ARRAY;
    str => TEXT, TEXT_ARRAY;
    bool => BOOL, BOOL_ARRAY;
    i16 => INT2, INT2_ARRAY;
    i32 => INT4, INT4_ARRAY;
    i64 => INT8, INT8_ARRAY;
    f64 => FLOAT8, FLOAT8_ARRAY;
    Timestamp => TIMESTAMPTZ, TIMESTAMPTZ_ARRAY;
    Date => DATE, DATE_ARRAY;
    Value => JSONB, JSONB_ARRAY;
    [u8] => BYTEA, BYTEA_ARRAY;
}

impl<T> Bind for Json<T> {
    const TYPE: Type = Type::JSONB;
    const ARRAY: Type = Type::JSONB_ARRAY;
}

/// A value for a column that keeps JSON as it was written (`json`).
#[derive(Debug)]
pub struct Written<T>(pub T);

impl<T: Serialize + std::fmt::Debug> ToSql for Written<T> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        serde_json::to_writer(out.writer(), &self.0)?;
        Ok(IsNull::No)
    }

    accepts!(JSON);
    to_sql_checked!();
}

impl<T> Bind for Written<T> {
    const TYPE: Type = Type::JSON;
    const ARRAY: Type = Type::JSON_ARRAY;
}

/// A moment as Postgres counts it. The driver's own way through calendar spans is felt where there are thousands in a batch.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Timestamp);

/// Microseconds from the Unix epoch to the one of Postgres, the beginning of the year 2000.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl ToSql for Moment {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i64(self.0.as_microsecond() - POSTGRES_EPOCH);
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Moment {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let since = i64::from_be_bytes(raw.try_into()?);
        let micros = since.checked_add(POSTGRES_EPOCH).ok_or("a moment beyond the calendar")?;
        Ok(Self(Timestamp::from_microsecond(micros)?))
    }

    accepts!(TIMESTAMPTZ);
}

impl Bind for Moment {
    const TYPE: Type = Type::TIMESTAMPTZ;
    const ARRAY: Type = Type::TIMESTAMPTZ_ARRAY;
}

/// The transaction that wrote a row (`xmin`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionId(u32);

impl<'a> FromSql<'a> for TransactionId {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(u32::from_be_bytes(raw.try_into()?)))
    }

    accepts!(XID);
}

impl Bind for RawValue {
    const TYPE: Type = Type::JSONB;
    const ARRAY: Type = Type::JSONB_ARRAY;
}

impl<T: Bind> Bind for Option<T> {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;
}

impl<T: Bind + ?Sized> Bind for &T {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;
}

impl<T: Bind + ToOwned + ?Sized> Bind for Cow<'_, T> {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;
}

impl<T: Bind> Bind for Vec<T> {
    const TYPE: Type = T::ARRAY;
    const ARRAY: Type = T::ARRAY;
}

impl<T: Bind> Bind for [T] {
    const TYPE: Type = T::ARRAY;
    const ARRAY: Type = T::ARRAY;
}

/// A unit variant by its name in the database.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text)).map_err(Failure::internal)
}

/// A unit variant's name in the database.
pub(super) fn name_of<T: Serialize>(value: T) -> Result<String, Failure> {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => Ok(name),
        _ => Err(Failure::internal("not a word")),
    }
}

/// The Postgres type of a value.
pub fn type_of<T: Bind + ?Sized>(_: &T) -> Type {
    T::TYPE
}

/// Parameters for [`super::Tx`] and [`super::Database`]: each value with its type.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$((&$value as &(dyn postgres_types::ToSql + Sync), $crate::store::sql::type_of(&$value))),*]
    };
}
pub(crate) use params;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_beyond_the_calendar_are_errors() {
        // Postgres' infinity and its opposite.
        for raw in [i64::MAX, i64::MIN] {
            assert!(Moment::from_sql(&Type::TIMESTAMPTZ, &raw.to_be_bytes()).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_moment_is_written_and_read_as_the_driver_does() {
        for text in ["1969-12-31T23:59:59.999999Z", "2000-01-01T00:00:00Z", "2026-11-26T01:02:03.000004Z"] {
            let at: Timestamp = text.parse().unwrap();
            let (mut ours, mut drivers) = (BytesMut::new(), BytesMut::new());
            assert!(matches!(Moment(at).to_sql(&Type::TIMESTAMPTZ, &mut ours), Ok(IsNull::No)));
            assert!(matches!(at.to_sql(&Type::TIMESTAMPTZ, &mut drivers), Ok(IsNull::No)));
            assert_eq!(ours, drivers, "{text}");
            assert_eq!(Moment::from_sql(&Type::TIMESTAMPTZ, &drivers).unwrap().0, at, "{text}");
        }
    }
}
