//! Text in files that are opened with a spreadsheet.

use std::borrow::Cow;

/// The first characters for which a spreadsheet treats a cell as a formula, or strips them and looks at the next: the
/// ASCII characters of OWASP's list (CSV Injection), and their full-width forms, which some spreadsheets treat as the
/// same.
const FORMULA: [char; 12] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];

/// Returns a cell that a spreadsheet displays and does not compute: a possible formula gets a leading apostrophe.
pub fn as_text(cell: &str) -> Cow<'_, str> {
    // Leading blanks do not prevent a cell from being a formula.
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
    fn only_formulas_get_an_apostrophe() {
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
