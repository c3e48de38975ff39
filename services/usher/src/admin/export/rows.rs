//! Parses the rows of a report, and writes them again in the same format.

use anyhow::{Context as _, ensure};
use csv::StringRecord;
use serde_json::{Map, Value};
use usher_base::spreadsheet;
use usher_seats::ReportFormat;

/// The cells of a row by column, in order.
pub(super) type Row = Map<String, Value>;

/// Parses a report chunk by chunk. Each chunk has whole rows.
pub(super) struct Rows {
    format: ReportFormat,
    /// The columns of a CSV report, known from its first chunk on.
    columns: Option<StringRecord>,
}

/// A parsed chunk.
pub(super) struct Chunk {
    /// In the first chunk of a CSV report.
    header: Option<StringRecord>,
    pub(super) rows: Vec<Row>,
}

impl Rows {
    pub(super) const fn new(format: ReportFormat) -> Self {
        Self { format, columns: None }
    }

    pub(super) fn read(&mut self, bytes: &[u8]) -> anyhow::Result<Chunk> {
        match self.format {
            ReportFormat::Csv => self.read_csv(bytes),
            ReportFormat::Jsonl => {
                let rows =
                    serde_json::Deserializer::from_slice(bytes).into_iter().collect::<Result<_, _>>()?;
                Ok(Chunk { header: None, rows })
            }
        }
    }

    fn read_csv(&mut self, bytes: &[u8]) -> anyhow::Result<Chunk> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        let mut records = reader.records();
        let header = if self.columns.is_none() { records.next().transpose()? } else { None };
        let columns = self.columns.get_or_insert_with(|| header.clone().unwrap_or_default());
        let row = |record: StringRecord| {
            ensure!(record.len() == columns.len(), "a row of the report has the wrong number of cells");
            Ok(columns.iter().map(str::to_owned).zip(record.iter().map(Value::from)).collect())
        };
        let rows = records.map(|record| row(record?)).collect::<Result<_, _>>()?;
        Ok(Chunk { header, rows })
    }

    /// Fills the column for the person's name, which people may choose freely.
    pub(super) fn name(&self, row: &mut Row, name: &str) -> anyhow::Result<()> {
        let cell = row.get_mut("display").context("the report has no column for names; update billing")?;
        *cell = match self.format {
            ReportFormat::Csv => spreadsheet::as_text(name).into(),
            ReportFormat::Jsonl => name.into(),
        };
        Ok(())
    }

    pub(super) fn write(&self, chunk: &Chunk) -> anyhow::Result<Vec<u8>> {
        match self.format {
            ReportFormat::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                if let Some(header) = &chunk.header {
                    writer.write_record(header)?;
                }
                for row in &chunk.rows {
                    writer.write_record(row.values().map(|cell| cell.as_str().unwrap_or_default()))?;
                }
                Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
            }
            ReportFormat::Jsonl => {
                let mut lines = Vec::new();
                for row in &chunk.rows {
                    serde_json::to_writer(&mut lines, row)?;
                    lines.push(b'\n');
                }
                Ok(lines)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads chunks, gives everybody a name, and writes them again.
    fn named(format: ReportFormat, chunks: &[&str], name: Option<&str>) -> String {
        let mut rows = Rows::new(format);
        let written = chunks.iter().flat_map(|chunk| {
            let mut chunk = rows.read(chunk.as_bytes()).unwrap();
            for (row, name) in chunk.rows.iter_mut().zip(name.into_iter().cycle()) {
                rows.name(row, name).unwrap();
            }
            rows.write(&chunk).unwrap()
        });
        String::from_utf8(written.collect()).unwrap()
    }

    const CSV: [&str; 3] = [
        "person_key,display,days,allocated_amount\na,,1,-0.05\n",
        "b,,2,\"1,5\n\"\n\"c\"\"\",,'=3,\n",
        "d,,4,0.00\n",
    ];
    const LINES: [&str; 2] = [
        "{\"person_key\":\"a\",\"display\":null,\"days\":1,\"allocated_amount\":\"-0.05\"}\n",
        "{\"person_key\":\"ü\\n\",\"display\":null,\"days\":9007199254740993,\"allocated_amount\":null}\n",
    ];

    #[test]
    fn without_a_name_every_byte_stays() {
        assert_eq!(named(ReportFormat::Csv, &CSV, None), CSV.concat());
        assert_eq!(named(ReportFormat::Jsonl, &LINES, None), LINES.concat());
    }

    #[test]
    fn a_name_is_quoted_and_never_a_formula_and_nothing_else_changes() {
        let name = "=1+\"1\", Ada";

        let quoted = CSV.concat().replace(",,", ",\"'=1+\"\"1\"\", Ada\",");
        assert_eq!(named(ReportFormat::Csv, &CSV, Some(name)), quoted);
        let lines = LINES.concat().replace("\"display\":null", "\"display\":\"=1+\\\"1\\\", Ada\"");
        assert_eq!(named(ReportFormat::Jsonl, &LINES, Some(name)), lines);
    }

    #[test]
    fn what_is_no_such_report_is_refused() {
        let mut rows = Rows::new(ReportFormat::Csv);
        rows.read(b"person_key,display\na,\n").unwrap();
        assert!(rows.read(b"a,,1\n").is_err());
        let mut row = Row::from_iter([("person_key".to_owned(), Value::from("a"))]);
        assert!(rows.name(&mut row, "Ada").is_err());
        assert!(Rows::new(ReportFormat::Jsonl).read(b"{\"person_key\":").is_err());
    }
}
