//! How texts are compared.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization as _;

/// The form in which texts are compared where case does not matter: Unicode's full case folding, but that a dotless
/// i is an i as well. The database has the same as `fold_text`.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.to_uppercase().to_lowercase().replace('ς', "σ").replace('ß', "ss")
}

/// The form in which user names are compared (RFC 7644 section 5): that of PRECIS `UsernameCaseMapped` (RFC 8265) for
/// every name that it allows, and the same mappings for every other one. Characters that show nothing, and blanks at
/// the ends, are no part of it; a sigma is a sigma wherever it stands. A name of nothing else is its own form. The
/// database has the same as `user_name_key`.
pub fn user_name_key(name: &str) -> String {
    let form = user_name_part(name);
    let key = form.trim_matches(is_blank);
    if key.is_empty() { name.to_owned() } else { key.to_owned() }
}

/// The form of a part of a user name, which may begin or end with a blank.
pub(crate) fn user_name_part(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let shown = text.chars().filter(|c| !is_invisible(*c)).nfkc().collect::<String>();
    shown.to_lowercase().replace('ς', "σ").nfkc().collect()
}

/// Whether a user name shows nothing.
pub(crate) fn shows_nothing(name: &str) -> bool {
    user_name_part(name).trim_matches(is_blank).is_empty()
}

/// White space that NFKC leaves.
const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r' | '\u{85}' | '\u{1680}' | '\u{2028}' | '\u{2029}')
}

/// Unicode's default ignorable characters: most show nothing, and PRECIS allows none in a user name but a joiner
/// between certain letters, which makes no other person of somebody either.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Reads a time to compare with: RFC 3339; without an offset it is UTC. A `+` that became a space on
/// its way through a query string is read as what it was.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let read = |text: &str| {
        text.parse::<Timestamp>().ok().or_else(|| {
            let civil: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()
        })
    };
    let repaired = || text.rsplit_once(' ').and_then(|(time, offset)| read(&format!("{time}+{offset}")));
    let offset_lost = text.len() > 19 && text.get(19..).is_some_and(|rest| rest.contains(' '));
    if offset_lost { repaired() } else { read(text) }
}

/// Whether a text is a time that can be stored: RFC 3339 with an offset, years 1 to 9999.
pub(crate) fn is_storable_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let shape = text.is_ascii()
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && digits(11..13)
        && digits(14..16)
        && digits(17..19)
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|(at, c)| bytes[*at] == *c);
    if !shape || &text[..4] == "0000" || &text[17..19] > "59" {
        return false;
    }
    let rest = &text[19..];
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let fraction = rest.len() - offset.len();
    let offset_fits = offset == "Z"
        || (offset.len() == 6
            && offset.starts_with(['+', '-'])
            && offset.as_bytes()[3] == b':'
            && &offset[1..3] <= "14");
    fraction != 1 && fraction <= 10 && offset_fits && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use precis_profiles::UsernameCaseMapped;
    use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_name_in_another_spelling_is_the_same_user() {
        for (one, other) in [
            ("ada@x.example", "ADA@x.example"),
            ("zo\u{eb}@x.example", "zoe\u{308}@x.example"),
            ("ada@x.example", "\u{ff41}\u{ff44}\u{ff41}\u{ff20}x.example"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
            ("ada@x.example", " ada@x.example\u{a0}"),
            ("ada@x.example", "\u{feff}ada@x.example\u{200b}"),
            ("ada@x.example", "a\u{ad}da@x.example"),
            ("ﾊﾞﾙ", "バル"),
        ] {
            assert_eq!(user_name_key(one), user_name_key(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn names_that_differ_in_a_letter_are_two_users() {
        for (one, other) in [
            ("straße", "strasse"),
            ("ada", "аda"),
            ("ı", "i"),
            ("zoe", "zoë"),
            ("ada lovelace", "adalovelace"),
            ("\u{200b}", "\u{feff}"),
        ] {
            assert_ne!(user_name_key(one), user_name_key(other), "{one:?} {other:?}");
        }
        assert!(shows_nothing(" \u{200b}\u{3000}") && !shows_nothing("a"));
    }

    #[test]
    fn texts_fold_as_unicode_folds_them() {
        assert_eq!(fold("Straße ΟΔΥΣΣΕΥΣ ﬁ ẞ ſ K"), "strasse οδυσσευσ fi ss s k");
        assert_eq!(fold("İx"), "i\u{307}x");
        assert_ne!(fold("zo\u{eb}"), fold("zoe\u{308}"));
    }

    proptest! {
        #[test]
        fn names_that_precis_allows_have_the_form_that_it_gives_them(name in "[a-zA-ZÀ-ÿΆ-ώА-я\u{301}\u{308}ａ-ｚＡ-Ｚ一-三0-9@._-]{1,12}") {
            if let Ok(enforced) = UsernameCaseMapped::enforce(name.as_str()) {
                prop_assert_eq!(user_name_key(&name), enforced.replace('ς', "σ"));
            }
        }
    }

    #[test]
    fn times_are_read_as_clients_write_them() {
        let at: Timestamp = "2015-10-10T21:38:21.8617979Z".parse().unwrap();
        for text in [
            "2015-10-10T14:38:21.8617979-07:00",
            "2015-10-10T21:38:21.8617979",
            "2015-10-10T22:38:21.8617979 01:00",
            "2015-10-10T22:38:21.8617979+01:00",
        ] {
            assert_eq!(moment(text), Some(at), "{text}");
        }
        assert_eq!(moment("yesterday"), None);
        assert_eq!(moment(""), None);
    }

    #[test]
    fn only_times_that_every_reader_understands_are_stored() {
        for text in ["2026-06-01T12:00:00Z", "0001-01-01T00:00:00.123456789+14:00"] {
            assert!(is_storable_time(text), "{text}");
        }
        for text in [
            "2026-06-01",
            "2026-06-01T12:00:00",
            "2026-06-01 12:00:00Z",
            "2026-02-30T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-06-01T12:00:60Z",
            "2026-06-01T12:00:00.Z",
            "2026-06-01T12:00:00+15:00",
            "2026-06-01T12:00:00Z[UTC]",
            "2026-06-01T12:00:00é",
            "+002026-06-01T12:00:00Z",
            "",
        ] {
            assert!(!is_storable_time(text), "{text}");
        }
    }
}
