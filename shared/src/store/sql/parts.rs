//! What several statements of a `.sql` file share, its columns or its filter, is written once: in a section `-- part: <name>`, and put
//! in wherever a statement says `{name}`.
//!
//! The compiler does it for the functions. The test kit includes this file, too, for whoever reads statements from outside.

const NAME: &[u8] = b"-- name: ";
const PART: &[u8] = b"-- part: ";

/// How long [`filled`] is.
pub const fn filled_len(file: &str) -> usize {
    put(file.as_bytes(), file.as_bytes(), &mut [], 0)
}

/// The statements of a file with their parts put in; the parts themselves are left out. `N` is [`filled_len`].
pub const fn filled<const N: usize>(file: &str) -> [u8; N] {
    let mut out = [0; N];
    put(file.as_bytes(), file.as_bytes(), &mut out, 0);
    out
}

/// As text again.
#[expect(clippy::panic, reason = "evaluated by the compiler, and what was text in parts is text as a whole")]
pub const fn text(filled: &[u8]) -> &str {
    match std::str::from_utf8(filled) {
        Ok(text) => text,
        Err(_) => panic!("a part cuts a character in two"),
    }
}

/// The statements of a file with their parts put in, for whoever reads it when it runs.
///
/// # Panics
/// When a part is not there.
pub fn fill(file: &str) -> String {
    let mut out = vec![0; filled_len(file)];
    put(file.as_bytes(), file.as_bytes(), &mut out, 0);
    text(&out).to_owned()
}

/// Writes `text` behind the first `length` bytes of `out`, as far as there is room, and answers how long all of it is. A part may have
/// parts of its own.
const fn put(text: &[u8], file: &[u8], out: &mut [u8], mut length: usize) -> usize {
    let mut at = 0;
    // The compiler counts calls and rounds, and takes too many for an endless loop: so lengths are asked for once, and the first byte tells
    // of nearly all places that nothing begins there.
    let (end_of_text, room) = (text.len(), out.len());
    while at < end_of_text {
        if text[at] == b'-' && starts_with(text, at, PART) {
            at = section_end(text, at + PART.len());
        } else if text[at] == b'{' && at + 1 < end_of_text && text[at + 1].is_ascii_lowercase() {
            let end = find(text, at, b'}');
            length = put(part(file, text.split_at(end).0.split_at(at + 1).1), file, out, length);
            at = end + 1;
        } else {
            if length < room {
                out[length] = text[at];
            }
            length += 1;
            at += 1;
        }
    }
    length
}

/// The text of a part, without the line break behind it.
#[expect(clippy::panic, reason = "evaluated by the compiler: a missing part does not build")]
const fn part<'a>(file: &'a [u8], name: &[u8]) -> &'a [u8] {
    let (mut at, end_of_file) = (0, file.len());
    while at < end_of_file {
        if file[at] != b'-' || !starts_with(file, at, PART) {
            at += 1;
            continue;
        }
        let start = at + PART.len();
        if starts_with(file, start, name) && starts_with(file, start + name.len(), b"\n") {
            let body = start + name.len() + 1;
            return file.split_at(section_end(file, body)).0.split_at(body).1.trim_ascii_end();
        }
        at += 1;
    }
    panic!("a statement has a part in braces that stands in no `-- part:` section of its file");
}

/// Where the section ends that goes on at `at`.
const fn section_end(text: &[u8], mut at: usize) -> usize {
    let end_of_text = text.len();
    while at < end_of_text && (text[at] != b'-' || !starts_with(text, at, NAME) && !starts_with(text, at, PART)) {
        at += 1;
    }
    at
}

#[expect(clippy::panic, reason = "evaluated by the compiler: a brace without its other half does not build")]
const fn find(text: &[u8], mut at: usize, byte: u8) -> usize {
    while at < text.len() {
        if text[at] == byte {
            return at;
        }
        at += 1;
    }
    panic!("a statement opens a brace that nothing closes");
}

/// Whether `prefix` stands at a place of `bytes`.
pub const fn starts_with(bytes: &[u8], at: usize, prefix: &[u8]) -> bool {
    if at + prefix.len() > bytes.len() {
        return false;
    }
    let mut n = 0;
    while n < prefix.len() {
        if bytes[at + n] != prefix[n] {
            return false;
        }
        n += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "-- Tasks.\n\n-- part: columns\nt.id,\nt.name\n\n-- part: rows\n{columns} FROM t\n\n-- name: list\nSELECT {columns}\n  \
                        FROM t\n WHERE t.name ~ '^x{8}$'\n\n-- name: all\nSELECT {rows}\n";

    #[test]
    fn parts_are_put_in_and_left_out() {
        const FILLED: [u8; filled_len(FILE)] = filled(FILE);
        let expected = "-- Tasks.\n\n-- name: list\nSELECT t.id,\nt.name\n  FROM t\n WHERE t.name ~ '^x{8}$'\n\n-- name: all\nSELECT t.id,\nt.name \
                        FROM t\n";
        assert_eq!(std::str::from_utf8(&FILLED), Ok(expected));
    }

    #[test]
    #[should_panic(expected = "no `-- part:` section")]
    fn a_part_that_is_not_there_is_noticed() {
        filled_len("-- part: column\nt.id\n\n-- name: list\nSELECT {columns} FROM t\n");
    }
}
