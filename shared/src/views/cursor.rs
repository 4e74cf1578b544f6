//! Cursors of lists in the order of a moment and an id: `next_cursor` of one part, sent as `cursor`, gives the next.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::moments::is_before_our_era;

/// The last row of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub at: Timestamp,
    pub id: Uuid,
}

impl Cursor {
    /// As it was sent; none when it is none of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (at, id) = bytes.split_at(8);
        let at = Timestamp::from_microsecond(i64::from_be_bytes(at.try_into().ok()?)).ok()?;
        // Nothing of ours is that old, and Postgres does not know all of these moments.
        if is_before_our_era(at) {
            return None;
        }
        Some(Self { at, id: Uuid::from_slice(id).ok()? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.at.as_microsecond().to_be_bytes().to_vec();
        bytes.extend_from_slice(self.id.as_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_went() {
        let cursor = Cursor { at: "2026-11-20T15:08:21.123456Z".parse().unwrap(), id: Uuid::from_u128(7) };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    }

    #[test]
    fn refuses_what_it_did_not_make() {
        let ancient = Cursor { at: Timestamp::MIN, id: Uuid::nil() }.to_string();
        for text in ["", "x", "!!!!", "AAAA", &"A".repeat(33), &ancient] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
