//! How texts are compared.

use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

/// The one spelling of an id of the service's own: lower case, with hyphens. Any other text stays as it is.
pub(crate) fn canonical_id(text: &str) -> String {
    Uuid::parse_str(text).map_or_else(|_| text.to_owned(), |id| id.to_string())
}

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
}
