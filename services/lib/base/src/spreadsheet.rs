//! Texts in files that people open with a spreadsheet.

use std::borrow::Cow;

/// A cell that a spreadsheet shows and does not compute: one that it would take for a formula gets an
/// apostrophe.
pub fn as_text(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_computed_gets_an_apostrophe() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(as_text(formula), format!("'{formula}"));
        }
        for text in ["", "Ada", "a=b", "'=1+1"] {
            assert_eq!(as_text(text), text);
        }
    }
}
