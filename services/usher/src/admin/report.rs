//! The result of a command, as a table for people or as JSON for programs.

use clap::ValueEnum;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use prost_types::Timestamp as WireTimestamp;
use serde_json::{Map, Value};
use usher_base::printable;
use usher_rpc::convert::from_wire;

use crate::output;

/// The maximum width of a cell in a list, in characters. A SHA-256 in hexadecimal digits fits.
const WIDEST: usize = 64;

/// An output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table, for people.
    #[default]
    Table,
    /// JSON, for programs: an array of objects, or one object if there is only one result or a total.
    Json,
}

/// A result: rows of named values.
#[derive(Debug)]
pub(super) struct Report {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    single: bool,
    note: Option<String>,
    /// A summary of all rows, and the name of the rows beside it in JSON.
    summary: Option<(&'static str, Map<String, Value>)>,
}

impl Report {
    /// Creates a result with any number of rows.
    pub(super) fn list(columns: &[&'static str], rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: rows.into_iter().collect(),
            single: false,
            note: None,
            summary: None,
        }
    }

    /// Creates a result with a single row.
    pub(super) fn single(columns: &[&'static str], row: Vec<Value>) -> Self {
        Self { single: true, ..Self::list(columns, [row]) }
    }

    /// Creates a result without rows, only with a sentence.
    pub(super) fn done(note: impl Into<String>) -> Self {
        Self::list(&[], []).note(note)
    }

    /// Adds a sentence for the person at the terminal, which is printed to standard error.
    pub(super) fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// Adds a summary of all rows for programs: JSON is then an object with the summary, and with the rows under a
    /// name.
    pub(super) fn summary(
        self,
        rows: &'static str,
        fields: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self { summary: Some((rows, fields.collect())), ..self }
    }

    /// Prints the result.
    pub(super) fn print(self, format: Format) -> anyhow::Result<()> {
        let text = match format {
            _ if self.columns.is_empty() => String::new(),
            Format::Table => self.table(),
            Format::Json => printable::escaped_json(&format!("{:#}\n", self.json())).into_owned(),
        };
        output::print(&text)?;
        if let Some(note) = self.note {
            eprintln!("{}", printable::escaped_lines(&note));
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let mut objects = self.rows.iter().map(|row| {
            let fields =
                self.columns.iter().zip(row).map(|(name, value)| ((*name).to_owned(), value.clone()));
            Value::Object(fields.collect::<Map<_, _>>())
        });
        match &self.summary {
            _ if self.single => objects.next().unwrap_or_default(),
            None => objects.collect(),
            Some((rows, summary)) => {
                let mut summary = summary.clone();
                summary.insert((*rows).to_owned(), objects.collect());
                Value::Object(summary)
            }
        }
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING);
        if self.single {
            for (name, value) in self.columns.iter().zip(self.rows.iter().flatten()) {
                table.add_row(vec![heading(name), shown(value)]);
            }
        } else {
            table.set_header(self.columns.iter().map(|name| heading(name)));
            for row in &self.rows {
                table.add_row(row.iter().map(|value| cut(shown(value))));
            }
            for (index, column) in table.column_iter_mut().enumerate() {
                if self.rows.iter().any(|row| row.get(index).is_some_and(Value::is_number)) {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
        lines.collect()
    }
}

fn heading(name: &str) -> String {
    name.replace('_', " ").to_uppercase()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => printable::escaped(text).into_owned(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Cuts a cell to the maximum width. `--output json` shows all of it.
fn cut(mut cell: String) -> String {
    if let Some((end, _)) = cell.char_indices().nth(WIDEST) {
        let end = cell[..end].char_indices().next_back().map_or(0, |(last, _)| last);
        cell.truncate(end);
        cell.push('…');
    }
    cell
}

/// Formats a time of a message by RFC 3339.
pub(super) fn time(at: Option<WireTimestamp>) -> Value {
    at.and_then(|at| from_wire("time", at).ok()).map_or(Value::Null, |at| Value::from(at.to_string()))
}

/// A text, or null if it is empty.
pub(super) fn text(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::from(text) }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        Report::list(
            &["name", "seat_limit"],
            [vec![json!("acme"), json!(20)], vec![json!("globex"), Value::Null]],
        )
    }

    #[test]
    fn a_table_names_its_columns_and_shows_what_is_absent() {
        let table = report().table();

        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines, [vec!["NAME", "SEAT", "LIMIT"], vec!["acme", "20"], vec!["globex", "-"]]);
    }

    #[test]
    fn control_characters_are_escaped_in_tables_and_in_json() {
        let name = "\u{1b}]0;owned\u{7}\u{202e}gpj.exe\nroot  yes";
        for report in
            [Report::list(&["name"], [vec![json!(name)]]), Report::single(&["name"], vec![json!(name)])]
        {
            let table = report.table();
            assert!(table.contains("\\u{1b}]0;owned\\u{7}\\u{202e}gpj.exe\\u{a}root"), "{table}");
            assert!(!table.trim_end_matches('\n').contains(['\u{1b}', '\u{7}', '\u{202e}']), "{table:?}");
        }
    }

    #[test]
    fn a_long_cell_of_a_list_is_cut_and_one_thing_is_shown_whole() {
        let long = "ä".repeat(200);

        let list = Report::list(&["name", "id"], [vec![json!(long), json!("f".repeat(64))]]).table();
        let one = Report::single(&["name"], vec![json!(long)]).table();

        assert!(list.contains(&format!("{}… ", "ä".repeat(63))), "{list}");
        assert!(list.contains(&"f".repeat(64)), "{list}");
        assert!(one.contains(&long), "{one}");
    }

    #[test]
    fn json_is_an_array_for_lists_and_an_object_for_one_thing() {
        assert_eq!(
            report().json(),
            json!([{"name": "acme", "seat_limit": 20}, {"name": "globex", "seat_limit": null}])
        );
        assert_eq!(Report::single(&["name"], vec![json!("acme")]).json(), json!({"name": "acme"}));
        assert_eq!(Report::list(&["name"], []).json(), json!([]));
        let summary =
            Report::list(&["kind"], [vec![json!("seat")]]).summary("lines", [("total", json!("12.00"))]);
        assert_eq!(summary.json(), json!({"total": "12.00", "lines": [{"kind": "seat"}]}));
    }
}
