//! Takes secrets out of what people may see or what is stored.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::value::RawValue;

/// A member of a JSON object or a field of a form whose value is a secret, also when the text ends within it. The value may be
/// text or a bare word; JSON inside JSON has its quotes escaped.
#[expect(clippy::expect_used, reason = "constant patterns; a test compiles them")]
static SECRETS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    let names = concat!(
        r"(?:[a-z0-9_\-]*(?:secret|password|passwort|api[_\-]?key|access[_\-]?token|authorization|key[_\-]?hash|token[_\-]?hash)",
        r"(?:[0-9_\-][a-z0-9_\-]*)?)"
    );
    let value = concat!(
        // Within escaped JSON: up to a closing quote that something follows as it does in JSON.
        r#"(?:\\+"(?s:.*?)(?:\\+"(?P<tail>\s*[,}\]])|$)"#,
        r#"|"(?:[^"\\]|\\(?s:.))*(?:"|\\?$)"#,
        r#"|[^\s"\\,{}\[\]]+)"#
    );
    [
        Regex::new(&format!(r#"(?i)(\\*"{names}\\*"\s*:\s*){value}"#)).expect("a valid pattern"),
        Regex::new(&format!(r"(?i)((?:^|[?&\s]){names}=)[^&\s]*")).expect("a valid pattern"),
    ]
});

/// The text with the values of secret-looking members and fields replaced.
pub fn shown(text: &str) -> String {
    let [json, form] = &*SECRETS;
    let text = json.replace_all(text, r#"${1}"[removed]"${tail}"#);
    form.replace_all(&text, "${1}[removed]").into_owned()
}

/// Takes the member `secret` out of a JSON object; everything else stays letter for letter, in the order of its names. Of a body where
/// it is not found so, whatever looks like a secret is replaced: it must not be stored.
pub fn take_secret(body: &str) -> (Cow<'_, str>, Option<String>) {
    let object = body.strip_prefix('\u{feff}').unwrap_or(body);
    let Ok(mut members) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(object) else {
        return (Cow::Owned(shown(body)), None);
    };
    let Some(raw) = members.remove("secret") else {
        return (Cow::Owned(shown(body)), None);
    };
    let secret = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    match serde_json::to_string(&members) {
        Ok(rest) => (Cow::Owned(rest), Some(secret)),
        // A map of raw JSON with text keys can always be written.
        Err(_) => (Cow::Owned(String::new()), Some(secret)),
    }
}

#[cfg(test)]
mod tests;
