//! Limits the size of a status. It is sent in headers, and an HTTP/2 client closes a connection whose headers exceed
//! its limit (16 KiB in hyper), with all calls that are in progress on it.

/// The maximum encoded size of a message or a value, in bytes.
const MAX_ENCODED: usize = 1_024;
/// The maximum total size of the names and values of a status, in bytes before encoding.
const MAX_METADATA: usize = 3_072;
/// Appended to a text that was cut.
const CUT: char = '…';

/// Cuts a message to at most 1 KiB in its percent-encoded form (`grpc-message`).
pub(crate) fn message(text: String) -> String {
    cut(text, MAX_ENCODED, |c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | ',' | ':' | ';' | '/' | '(' | ')' | '\'' => 1,
        other => 3 * other.len_utf8(),
    })
}

/// Cuts values to at most 1 KiB each in base64, and leaves out what exceeds 4 KiB in total.
pub(crate) fn metadata(facts: Vec<(&'static str, String)>) -> impl Iterator<Item = (String, String)> {
    let mut left = MAX_METADATA;
    facts.into_iter().filter_map(move |(name, value)| {
        let value = cut(value, MAX_ENCODED / 4 * 3, char::len_utf8);
        left = left.checked_sub(name.len() + value.len())?;
        Some((name.to_owned(), value))
    })
}

/// Cuts a text between characters, so that the total cost of its characters is at most `max`.
fn cut(mut text: String, max: usize, cost: impl Fn(char) -> usize) -> String {
    let (mut used, mut fits) = (0, 0);
    for (at, c) in text.char_indices() {
        if used + cost(CUT) <= max {
            fits = at;
        }
        used += cost(c);
        if used > max {
            text.truncate(fits);
            text.push(CUT);
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_unchanged_and_long_ones_are_cut_between_characters() {
        assert_eq!(message("a".repeat(1_024)), "a".repeat(1_024));
        assert_eq!(message("a".repeat(1_025)), format!("{}…", "a".repeat(1_015)));
        assert_eq!(message("é".repeat(1_000)), format!("{}…", "é".repeat(169)));
        assert_eq!(message(String::new()), "");
    }

    #[test]
    fn metadata_beyond_the_total_size_is_left_out() {
        let facts = ["a", "b", "c", "d", "e"].map(|name| (name, "x".repeat(5_000))).into();

        let kept: Vec<_> = metadata(facts).collect();

        assert_eq!(kept.len(), 3);
        assert!(kept.iter().all(|(_, value)| value.len() <= 768 && value.ends_with('…')));
    }
}
