//! How much of a status may travel: it goes in headers, and an HTTP/2 client gives a connection up whose
//! headers are larger than it takes (16 KiB in hyper's), with every call that is under way on it.

/// Largest encoded form of a message or a value, in bytes.
const MAX_ENCODED: usize = 1_024;
/// Largest sum of names and values of a status, in bytes as they are.
const MAX_METADATA: usize = 3_072;
/// What follows a text that was cut.
const CUT: char = '…';

/// A message of which at most 1 KiB travels: `grpc-message` is percent-encoded.
pub(crate) fn message(text: String) -> String {
    cut(text, MAX_ENCODED, |c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | ',' | ':' | ';' | '/' | '(' | ')' | '\'' => 1,
        other => 3 * other.len_utf8(),
    })
}

/// Names and values of which each is at most 1 KiB as it travels, in base64, and all of them at most 4 KiB;
/// what goes beyond that is left out.
pub(crate) fn metadata(facts: Vec<(&'static str, String)>) -> impl Iterator<Item = (String, String)> {
    let mut left = MAX_METADATA;
    facts.into_iter().filter_map(move |(name, value)| {
        let value = cut(value, MAX_ENCODED / 4 * 3, char::len_utf8);
        left = left.checked_sub(name.len() + value.len())?;
        Some((name.to_owned(), value))
    })
}

/// Cuts a text at a character's boundary, so that the costs of its characters are at most `most`.
fn cut(mut text: String, most: usize, cost: impl Fn(char) -> usize) -> String {
    let (mut used, mut fits) = (0, 0);
    for (at, c) in text.char_indices() {
        if used + cost(CUT) <= most {
            fits = at;
        }
        used += cost(c);
        if used > most {
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
    fn what_fits_stays_as_it_is_and_what_does_not_is_cut_between_characters() {
        assert_eq!(message("a".repeat(1_024)), "a".repeat(1_024));
        assert_eq!(message("a".repeat(1_025)), format!("{}…", "a".repeat(1_015)));
        assert_eq!(message("é".repeat(1_000)), format!("{}…", "é".repeat(169)));
        assert_eq!(message(String::new()), "");
    }

    #[test]
    fn facts_beyond_the_sum_are_left_out() {
        let facts = ["a", "b", "c", "d", "e"].map(|name| (name, "x".repeat(5_000))).into();

        let kept: Vec<_> = metadata(facts).collect();

        assert_eq!(kept.len(), 3);
        assert!(kept.iter().all(|(_, value)| value.len() <= 768 && value.ends_with('…')));
    }
}
