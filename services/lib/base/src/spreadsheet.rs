//! Texts in files that people open with a spreadsheet.

use std::borrow::Cow;

/// What makes a spreadsheet take a cell for a formula, or for something to be cut off first: the ASCII
/// characters of OWASP's list (CSV Injection), and their full-width forms, which some spreadsheets
/// read as the same.
const FORMULA: [char; 12] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];

/// A cell that a spreadsheet shows and does not compute: one that it would take for a formula gets an
/// apostrophe.
pub fn as_text(cell: &str) -> Cow<'_, str> {
    // Blanks before it do not make it less of a formula.
    if cell.trim_start_matches([' ', '\u{A0}', '\u{3000}', '\u{FEFF}']).starts_with(FORMULA) {
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
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\0=1",
            "＝1+1",
            "＋1",
            "－1",
            "＠SUM(A1)",
            " =1",
            "\u{a0}=1",
            "\u{3000}＝1",
            "\u{feff}=1",
        ] {
            assert_eq!(as_text(formula), format!("'{formula}"));
        }
        for text in ["", " ", "Ada", " Ada", "a=b", "'=1+1"] {
            assert_eq!(as_text(text), text);
        }
    }
}
