//! Forms in which texts are compared.

use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

/// Spells an id of the service in the canonical way: lower case, with hyphens. Any other text stays as it is.
pub(crate) fn canonical_id(text: &str) -> String {
    Uuid::parse_str(text).map_or_else(|_| text.to_owned(), |id| id.to_string())
}

/// Returns the form in which texts are compared without case: Unicode's full case folding, except that a
/// dotless i equals an i. The database function `fold_text` returns the same.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.to_uppercase().to_lowercase().replace('ς', "σ").replace('ß', "ss")
}

/// Returns the form in which user names are compared (RFC 7644 section 5): that of PRECIS
/// `UsernameCaseMapped` (RFC 8265) for every name that it allows, and the same mappings for every other name.
/// Invisible characters, and white space at the ends, are dropped; all forms of sigma are equal. A name of
/// which nothing would be left stays as it is. The database function `user_name_key` returns the same.
pub fn user_name_key(name: &str) -> String {
    let form = user_name_part(name);
    let key = form.trim_matches(is_blank);
    if key.is_empty() { name.to_owned() } else { key.to_owned() }
}

/// Returns the form of a part of a user name, which may begin or end with white space.
pub(crate) fn user_name_part(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let shown = text.chars().filter(|c| !is_invisible(*c)).nfkc().collect::<String>();
    shown.to_lowercase().replace('ς', "σ").nfkc().collect()
}

/// Returns whether a user name has no visible character.
pub(crate) fn shows_nothing(name: &str) -> bool {
    user_name_part(name).trim_matches(is_blank).is_empty()
}

/// Returns whether a character is white space that NFKC keeps.
const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r' | '\u{85}' | '\u{1680}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether a character is default ignorable in Unicode. Most of these are invisible. PRECIS allows
/// none in a user name except a joiner between certain letters, and that joiner does not make a different
/// person either.
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
        fn names_that_precis_allows_have_their_precis_form(name in "[a-zA-ZÀ-ÿΆ-ώА-я\u{301}\u{308}ａ-ｚＡ-Ｚ一-三0-9@._-]{1,12}") {
            if let Ok(enforced) = UsernameCaseMapped::enforce(name.as_str()) {
                prop_assert_eq!(user_name_key(&name), enforced.replace('ς', "σ"));
            }
        }
    }
}
