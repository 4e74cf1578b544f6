//! What a handler answers with. The status is in the type.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::failure::Failure;
use crate::store::idempotency::Saved;
use crate::views::csv::File;
use crate::views::paging::Page;
use crate::views::record::Record;

/// A finished answer.
pub struct RawReply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl From<Saved> for RawReply {
    fn from(Saved { status, headers, body }: Saved) -> Self {
        Self { status, headers, body }
    }
}

impl From<&RawReply> for Saved {
    fn from(RawReply { status, headers, body }: &RawReply) -> Self {
        Self { status: *status, headers: headers.clone(), body: body.clone() }
    }
}

/// Something a handler may answer with.
pub trait Reply {
    const STATUS: u16;
    /// The JSON Schema of the body, where it is JSON.
    fn schema() -> Option<serde_json::Value>;
    /// The media type that the body may have instead of JSON.
    fn other_media() -> Option<&'static str> {
        None
    }
    /// Renders it.
    ///
    /// # Errors
    /// `Internal` when it cannot be written as JSON.
    fn into_raw(self) -> Result<RawReply, Failure>;
}

/// The largest answer, in bytes: Lambda carries 6 MB, escapes of its own among them.
pub const MAX_ANSWER: usize = 5_000_000;

/// An answer as JSON. One that cannot be carried is refused here, with what to do about it, instead of being lost on the way.
fn json<T: Serialize>(status: u16, value: &T) -> Result<RawReply, Failure> {
    let body = serde_json::to_vec(value).map_err(Failure::internal)?;
    if body.len() > MAX_ANSWER {
        let detail =
            format!("This is more than the {MAX_ANSWER} bytes of an answer. Ask for fewer at once with `limit`.");
        return Err(Failure::invalid("?limit", "too_large", detail));
    }
    Ok(RawReply { status, headers: vec![("content-type", "application/json".to_owned())], body })
}

/// 200 with a JSON body.
pub struct Json<T> {
    value: T,
    version: Option<i64>,
}

impl<T> Json<T> {
    /// A body without a version.
    pub fn new(value: T) -> Self {
        Self { value, version: None }
    }

    /// A record, with its version as `ETag`.
    pub fn of(value: T) -> Self
    where
        T: Record,
    {
        let version = value.version();
        Self::versioned(value, version)
    }

    /// What is no record and has a version all the same, as `ETag`.
    pub fn versioned(value: T, version: i64) -> Self {
        Self { value, version: Some(version) }
    }
}

impl<T: Serialize + JsonSchema> Reply for Json<T> {
    const STATUS: u16 = 200;
    fn schema() -> Option<serde_json::Value> {
        super::schema::<T>()
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        let mut reply = json(Self::STATUS, &self.value)?;
        if let Some(version) = self.version {
            reply.headers.push(("etag", format!("\"{version}\"")));
        }
        Ok(reply)
    }
}

/// 201 with the new record, its address and version.
pub struct Created<T> {
    pub location: String,
    pub value: T,
    pub version: i64,
}

impl<T: Record> Created<T> {
    /// A new record at its address.
    pub fn of(value: T) -> Self {
        Self { location: format!("{}/{}", T::PATH, value.id()), version: value.version(), value }
    }
}

impl<T: Serialize + JsonSchema> Reply for Created<T> {
    const STATUS: u16 = 201;
    fn schema() -> Option<serde_json::Value> {
        super::schema::<T>()
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        let mut reply = json(Self::STATUS, &self.value)?;
        reply.headers.push(("location", self.location));
        reply.headers.push(("etag", format!("\"{}\"", self.version)));
        Ok(reply)
    }
}

/// 202: it is safe and will be worked on.
pub struct Accepted<T>(pub T);

impl<T: Serialize + JsonSchema> Reply for Accepted<T> {
    const STATUS: u16 = 202;
    fn schema() -> Option<serde_json::Value> {
        super::schema::<T>()
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        json(Self::STATUS, &self.0)
    }
}

/// 204.
pub struct NoContent;

impl Reply for NoContent {
    const STATUS: u16 = 204;
    fn schema() -> Option<serde_json::Value> {
        None
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        Ok(RawReply { status: Self::STATUS, headers: Vec::new(), body: Vec::new() })
    }
}

/// 200 with a part of a list, or with all of it as a file.
pub enum Listed<T> {
    Page(Page<T>),
    File { file: File, on: Date },
}

const CSV: &str = "text/csv";

impl<T: Serialize + JsonSchema> Reply for Listed<T> {
    const STATUS: u16 = 200;
    fn schema() -> Option<serde_json::Value> {
        super::schema::<Page<T>>()
    }
    fn other_media() -> Option<&'static str> {
        Some(CSV)
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        match self {
            Self::Page(page) => json(Self::STATUS, &page),
            Self::File { file, on } => Ok(RawReply {
                status: Self::STATUS,
                headers: vec![
                    ("content-type", format!("{CSV}; charset=utf-8; header=present")),
                    ("content-disposition", format!("attachment; filename=\"{}-{on}.csv\"", file.name)),
                ],
                body: file.text.into_bytes(),
            }),
        }
    }
}

/// 200 with a page for people.
pub struct Html(pub &'static str);

impl Reply for Html {
    const STATUS: u16 = 200;
    fn schema() -> Option<serde_json::Value> {
        None
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        Ok(RawReply {
            status: Self::STATUS,
            headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
            body: self.0.as_bytes().to_vec(),
        })
    }
}

impl Reply for RawReply {
    const STATUS: u16 = 200;
    fn schema() -> Option<serde_json::Value> {
        None
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_cannot_be_carried_is_refused() {
        assert!(json(200, &"x".repeat(MAX_ANSWER - 2)).is_ok());
        let Err(Failure::Invalid(faults)) = json(200, &"x".repeat(MAX_ANSWER)) else { panic!("it is too large") };
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("?limit", "too_large"));
    }
}
