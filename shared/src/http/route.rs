//! Path patterns such as `/api/v1/leads/{id}`, read from the raw path: emulators fill `routeKey` differently.

use std::collections::BTreeMap;

/// One path, or the same endpoint under several.
pub trait Paths {
    fn list(self) -> Vec<&'static str>;
}

impl Paths for &'static str {
    fn list(self) -> Vec<&'static str> {
        vec![self]
    }
}

impl<const N: usize> Paths for [&'static str; N] {
    fn list(self) -> Vec<&'static str> {
        self.to_vec()
    }
}

/// The values of a pattern's `{names}` in a path; nothing when the path is another. A last `{name+}` takes the rest.
pub fn matched(pattern: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    let mut values = BTreeMap::new();
    let mut rest = path.trim_end_matches('/').split('/');
    for part in pattern.trim_end_matches('/').split('/') {
        match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if name.ends_with('+') => {
                let tail: Vec<&str> = rest.collect();
                values.insert(name.trim_end_matches('+'), decode(&tail.join("/"))?);
                return Some(values);
            }
            Some(name) => {
                let value = rest.next().filter(|value| !value.is_empty())?;
                values.insert(name, decode(value)?);
            }
            None => {
                if rest.next()? != part {
                    return None;
                }
            }
        }
    }
    rest.next().is_none().then_some(values)
}

/// Undoes percent-encoding; nothing when the bytes are not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &'static str, path: &str, expected: Option<&[(&str, &str)]>) {
        let expected: Option<BTreeMap<&str, String>> =
            expected.map(|pairs| pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect());
        assert_eq!(matched(pattern, path), expected, "{pattern} against {path}");
    }

    #[test]
    fn patterns() {
        check("/api/v1/leads", "/api/v1/leads", Some(&[]));
        check("/api/v1/leads", "/api/v1/leads/", Some(&[]));
        check("/api/v1/leads", "/api/v1/leads/x", None);
        check("/leads/{id}", "/leads/a%20b", Some(&[("id", "a b")]));
        check("/leads/{id}", "/leads/", None);
        check("/leads/{id}", "/leads/%zz", None);
        check("/console/{proxy+}", "/console/a/b.js", Some(&[("proxy", "a/b.js")]));
        check("/", "/", Some(&[]));
    }
}
