//! How answers are compressed, and what the caller's `Accept-Encoding` says about it.
//!
//! Answers of the API are packed with gzip, where they are text, and large enough for it to pay. Not with Brotli: its encoder would add
//! half a megabyte to the archive of every endpoint, for a tenth fewer bytes and four times the work (measured:
//! `shared/decisions/0021-answers-are-gzipped.md`). Files of the console are packed beforehand, and come in both.
//!
//! What sets a cookie is left as it is, and so are all endpoints around signing in: where a secret stands beside what the caller sent, the
//! length of the packed answer would tell of it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::reply::RawReply;

/// Shorter answers fit into the first packets anyway.
const WORTH_IT: usize = 1024;

/// Higher levels cost more than they save: a list of 25 leads comes down to 12 % with this, too.
const LEVEL: u32 = 4;

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

impl Encoding {
    /// As `Content-Encoding` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    /// The one of these that the caller likes best, of equals the last. Who says nothing gets the content as it is.
    pub fn best(accept: Option<&str>, offered: &[Self]) -> Self {
        let wishes: Vec<(String, f32)> = accept.unwrap_or_default().split(',').filter_map(wish).collect();
        let weight = |name: &str| wishes.iter().find(|(wished, _)| wished == name).map(|(_, weight)| *weight);
        let any = weight("*");
        // What is not named is taken only where `*` says so; as it is, everybody takes it who does not refuse it.
        let mut best = (Self::Identity, weight("identity").or(any).unwrap_or(f32::MIN_POSITIVE));
        for encoding in offered {
            let weight = weight(encoding.name()).or(any).unwrap_or(0.0);
            if weight > 0.0 && weight >= best.1 {
                best = (*encoding, weight);
            }
        }
        best.0
    }
}

/// `gzip;q=0.8` as name and weight.
fn wish(text: &str) -> Option<(String, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse().ok())?;
    Some((name, weight))
}

/// Packs an answer if the caller takes that and it pays. Its tag becomes a weak one: it names the content, not these bytes (RFC 9110,
/// 8.8.3.3), and `If-Match` takes it in both forms.
pub(super) fn pack(reply: &mut RawReply, accept: Option<&str>) {
    let is_said = |name: &str| reply.headers.iter().any(|(said, _)| *said == name);
    let is_text = |kind: &str| kind.starts_with("text/") || kind.starts_with("application/") && kind.contains("json");
    let packable = reply.headers.iter().any(|(name, kind)| *name == "content-type" && is_text(kind));
    if !packable || reply.body.len() < WORTH_IT || is_said("content-encoding") || is_said("set-cookie") {
        return;
    }
    match reply.headers.iter_mut().find(|(name, _)| *name == "vary") {
        Some((_, named)) => named.push_str(", accept-encoding"),
        None => reply.headers.push(("vary", "accept-encoding".to_owned())),
    }
    if Encoding::best(accept, &[Encoding::Gzip]) != Encoding::Gzip {
        return;
    }
    let mut packer = GzEncoder::new(Vec::with_capacity(reply.body.len() / 4), Compression::new(LEVEL));
    // Writing to memory does not fail; if it did, the answer would go as it is.
    let Some(packed) = packer.write_all(&reply.body).and_then(|()| packer.finish()).ok() else { return };
    reply.body = packed;
    reply.headers.push(("content-encoding", Encoding::Gzip.name().to_owned()));
    for (_, tag) in reply.headers.iter_mut().filter(|(name, tag)| *name == "etag" && !tag.starts_with("W/")) {
        tag.insert_str(0, "W/");
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    const JSON: &str = "application/json";

    fn packed(kind: &str, length: usize, more: &[(&'static str, &str)], accept: Option<&str>) -> RawReply {
        let mut headers = vec![("content-type", kind.to_owned())];
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut reply = RawReply { status: 200, headers, body: "ä1".bytes().cycle().take(length).collect() };
        pack(&mut reply, accept);
        reply
    }

    fn header<'a>(reply: &'a RawReply, name: &str) -> Option<&'a str> {
        reply.headers.iter().find(|(said, _)| *said == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn text_is_packed_for_who_takes_it() {
        let reply = packed(JSON, 3000, &[("etag", "\"7\"")], Some("br, gzip"));
        let found = ["content-encoding", "vary", "etag"].map(|name| header(&reply, name));
        assert_eq!(found, [Some("gzip"), Some("accept-encoding"), Some("W/\"7\"")]);
        let mut text = Vec::new();
        GzDecoder::new(&reply.body[..]).read_to_end(&mut text).unwrap();
        assert!(reply.body.len() < 100 && text == "ä1".bytes().cycle().take(3000).collect::<Vec<u8>>());

        // Whoever keeps answers learns that there are two, from both.
        for accept in [None, Some("br"), Some("gzip;q=0"), Some("identity;q=1, gzip;q=0.5")] {
            let reply = packed(JSON, 3000, &[("etag", "\"7\"")], accept);
            assert_eq!(header(&reply, "content-encoding"), None, "{accept:?}");
            assert_eq!((header(&reply, "vary"), header(&reply, "etag")), (Some("accept-encoding"), Some("\"7\"")));
            assert_eq!(reply.body.len(), 3000);
        }
        assert_eq!(header(&packed(JSON, 3000, &[("vary", "origin")], None), "vary"), Some("origin, accept-encoding"));
    }

    #[test]
    fn what_is_short_packed_already_or_secret_goes_as_it_is() {
        let whole =
            |kind, length, more: &[(&'static str, &str)]| packed(kind, length, more, Some("gzip")).body.len() == length;
        assert!(!whole("application/problem+json", 1024, &[]) && !whole("text/csv; charset=utf-8", 1024, &[]));
        assert!(whole(JSON, 1023, &[]) && whole("image/png", 3000, &[]));
        assert!(whole(JSON, 3000, &[("content-encoding", "br")]) && whole(JSON, 3000, &[("set-cookie", "a=b")]));
    }
}
