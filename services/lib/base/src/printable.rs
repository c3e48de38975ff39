//! Escapes text that is shown to people, so that a terminal neither obeys nor reorders it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is not displayed but has an effect: control characters, line and paragraph separators, and
/// characters that change the direction of text (Unicode's `Bidi_Control`).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        )
}

/// Returns the text on one line, with each hidden character written as `\u{…}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    rewritten(text, is_hidden, |escaped, c| {
        let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
    })
}

/// Like [`escaped`], but keeps line breaks, for messages of several lines.
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    rewritten(
        text,
        |c| c != '\n' && is_hidden(c),
        |escaped, c| {
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        },
    )
}

/// Writes the hidden characters within the strings of a JSON document as escapes with four hexadecimal digits
/// (RFC 8259 section 7). The parsed document is the same.
pub fn escaped_json(document: &str) -> Cow<'_, str> {
    rewritten(
        document,
        |c| c != '\n' && is_hidden(c),
        |escaped, c| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        },
    )
}

fn rewritten(text: &str, odd: fn(char) -> bool, write: fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(odd) {
        return Cow::Borrowed(text);
    }
    let mut rewritten = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if odd(c) { write(&mut rewritten, c) } else { rewritten.push(c) }
    }
    Cow::Owned(rewritten)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_direction_changes_are_shown_escaped() {
        assert_eq!(escaped("\u{1b}[31mred\u{202e}cod.exe\n"), "\\u{1b}[31mred\\u{202e}cod.exe\\u{a}");
        for seen in ["", "Ada Lovelace", "李明", "שלום", "a\u{200c}b", "👩\u{200d}🚀"] {
            assert_eq!(escaped(seen), seen);
        }
    }

    #[test]
    fn every_control_of_direction_and_every_line_break_is_hidden() {
        for c in ['\u{85}', '\u{9b}', '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{202a}', '\u{2066}'] {
            assert!(is_hidden(c), "{c:?}");
        }
        assert_eq!(escaped_lines("a\nb\r"), "a\nb\\u{d}");
    }

    #[test]
    fn json_stays_the_same_document() {
        let document = "{\n  \"name\": \"a\u{202e}b\u{7f}\"\n}";

        assert_eq!(escaped_json(document), "{\n  \"name\": \"a\\u202eb\\u007f\"\n}");
    }
}
