//! Splits the text of a filter into tokens.

use super::FilterError;

/// The text, and the position up to which it was read.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn reset(&mut self, to: usize) {
        self.at = to;
    }

    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Result<T, FilterError> {
        Err(FilterError { offset: self.at, message: message.into() })
    }

    pub(super) fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    pub(super) fn at_end(&mut self) -> bool {
        self.skip_spaces();
        self.rest().is_empty()
    }

    /// Consumes one character if it comes next.
    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// Consumes an attribute path: letters, digits and the other characters of a path. It begins with a
    /// letter or `$`.
    pub(super) fn path(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$') {
            return None;
        }
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '$');
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end)
    }

    /// Consumes a keyword in any case, if it is a whole word.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let Some((head, tail)) = self.rest().split_at_checked(keyword.len()) else { return false };
        let whole = !tail
            .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '$'));
        let found = whole && head.eq_ignore_ascii_case(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    /// Consumes a JSON string.
    pub(super) fn quoted(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let text = rest.get(..=at).unwrap_or_default();
                    return match serde_json::from_str(text) {
                        Ok(value) => {
                            self.at += text.len();
                            Ok(value)
                        }
                        Err(_) => self.fail("the string is not a JSON string"),
                    };
                }
                _ => {}
            }
        }
        self.fail("the string has no closing quote")
    }

    /// Consumes a text in single quotes, as some clients write it. The text ends at the quote after which the
    /// value ends, so that a quote inside a name belongs to the name.
    pub(super) fn single_quoted(&mut self) -> Result<String, FilterError> {
        let text = self.rest().get(1..).unwrap_or_default();
        let ends = |at: usize| text[at + 1..].is_empty() || text[at + 1..].starts_with([' ', '\t', ')', ']']);
        match text.match_indices('\'').find(|(at, _)| ends(*at)) {
            Some((at, _)) => {
                self.at += at + 2;
                Ok(text[..at].to_owned())
            }
            None => self.fail("the string has no closing quote"),
        }
    }

    /// Consumes an unquoted value: up to a space or a bracket.
    pub(super) fn bare(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find([' ', '\t', ')', ']', '(', '[', '"']).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }
}
