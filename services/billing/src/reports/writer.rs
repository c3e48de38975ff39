//! Writes rows as CSV or JSON lines, in chunks, and hashes the written bytes.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use usher_base::spreadsheet;
use usher_seats::ReportFormat;

use crate::audit::model::hash::Hash;
use crate::error::BillingError;

/// The value of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Number(i64),
    /// Minor units and the currency's exponent; written in major units with all decimal places.
    Amount(i64, u32),
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A chunk of the file: whole rows.
pub(crate) type Part = Vec<u8>;

/// The minimum size of a chunk, in bytes.
const CHUNK: usize = 64 * 1024;

/// Rows that were not sent yet.
enum Pending {
    Csv(Box<csv::Writer<Part>>),
    JsonLines(Part),
}

impl Pending {
    fn new(format: ReportFormat) -> Self {
        match format {
            ReportFormat::Csv => Self::Csv(Box::new(csv::Writer::from_writer(Part::new()))),
            ReportFormat::Jsonl => Self::JsonLines(Part::new()),
        }
    }

    /// Returns whether the buffer is large enough for a chunk. Rows still in the CSV writer's buffer may not be
    /// counted.
    fn is_full(&self) -> bool {
        let pending = match self {
            Self::Csv(rows) => rows.get_ref(),
            Self::JsonLines(rows) => rows,
        };
        pending.len() >= CHUNK
    }

    fn take(self) -> Result<Part, csv::Error> {
        match self {
            Self::Csv(rows) => rows.into_inner().map_err(|error| error.into_error().into()),
            Self::JsonLines(rows) => Ok(rows),
        }
    }
}

/// Sends the rows of a report into a channel, in chunks.
pub(crate) struct Writer {
    format: ReportFormat,
    columns: Vec<&'static str>,
    prefix: Option<String>,
    pending: Pending,
    hash: Sha256,
    sender: mpsc::Sender<Part>,
    rows: i64,
    bytes: i64,
}

/// The result of a complete report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) rows: i64,
    pub(crate) bytes: i64,
    pub(crate) sha256: Hash,
}

impl Writer {
    /// Adds a first column "tenant" if the rows are of all workspaces.
    pub(crate) fn new(format: ReportFormat, all_workspaces: bool, sender: mpsc::Sender<Part>) -> Self {
        Self {
            format,
            columns: Vec::new(),
            prefix: all_workspaces.then(String::new),
            pending: Pending::new(format),
            hash: Sha256::new(),
            sender,
            rows: 0,
            bytes: 0,
        }
    }

    pub(crate) async fn header(&mut self, columns: &'static [&'static str]) -> Result<(), BillingError> {
        let tenant = self.prefix.is_some().then_some("tenant").filter(|_| columns.first() != Some(&"tenant"));
        if tenant.is_none() {
            self.prefix = None;
        }
        self.columns = tenant.into_iter().chain(columns.iter().copied()).collect();
        if let Pending::Csv(rows) = &mut self.pending {
            rows.write_record(&self.columns)?;
        }
        self.flush(false).await
    }

    /// Sets the workspace of the rows that follow.
    pub(crate) fn prefix(&mut self, tenant: String) {
        if self.prefix.is_some() {
            self.prefix = Some(tenant);
        }
    }

    pub(crate) async fn row(&mut self, cells: &[Cell]) -> Result<(), BillingError> {
        let tenant = self.prefix.clone().map(Cell::Text);
        let cells: Vec<&Cell> = tenant.iter().chain(cells).collect();
        match &mut self.pending {
            Pending::Csv(rows) => {
                for cell in cells {
                    rows.write_field(csv_text(cell).as_bytes())?;
                }
                rows.write_record(None::<&[u8]>)?;
            }
            Pending::JsonLines(rows) => {
                let fields = self.columns.iter().zip(&cells);
                let object: serde_json::Map<_, _> =
                    fields.map(|(name, cell)| ((*name).to_owned(), json(cell))).collect();
                rows.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
                rows.push(b'\n');
            }
        }
        self.rows += 1;
        self.flush(false).await
    }

    async fn flush(&mut self, all: bool) -> Result<(), BillingError> {
        if !all && !self.pending.is_full() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.pending, Pending::new(self.format)).take()?;
        if chunk.is_empty() {
            return Ok(());
        }
        self.hash.update(&chunk);
        self.bytes += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
        self.sender.send(chunk).await.map_err(|_| BillingError::ReaderGone)
    }

    /// Sends the remaining rows.
    pub(crate) async fn finish(mut self) -> Result<Written, BillingError> {
        self.flush(true).await?;
        Ok(Written { rows: self.rows, bytes: self.bytes, sha256: self.hash.finalize().into() })
    }
}

fn csv_text(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Text(text) => spreadsheet::as_text(text),
        Cell::Number(number) => number.to_string().into(),
        Cell::Amount(minor, exponent) => major(*minor, *exponent).into(),
        Cell::Empty => "".into(),
    }
}

fn json(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Text(text) => text.as_str().into(),
        Cell::Number(number) => (*number).into(),
        // Amounts are text, so that no reader parses them as floating-point numbers.
        Cell::Amount(minor, exponent) => major(*minor, *exponent).into(),
        Cell::Empty => serde_json::Value::Null,
    }
}

/// Formats minor units as a decimal number of major units, exactly.
pub(crate) fn major(minor: i64, exponent: u32) -> String {
    let places = usize::try_from(exponent).unwrap_or_default();
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    let sign = if minor < 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn written(format: ReportFormat, rows: &[Vec<Cell>]) -> (String, Written) {
        let (sender, mut receiver) = mpsc::channel(8);
        let mut writer = Writer::new(format, false, sender);
        writer.header(&["name", "amount"]).await.unwrap();
        for row in rows {
            writer.row(row).await.unwrap();
        }
        let written = writer.finish().await.unwrap();
        let mut all = Vec::new();
        while let Some(part) = receiver.recv().await {
            all.extend(part);
        }
        (String::from_utf8(all).unwrap(), written)
    }

    #[tokio::test]
    async fn csv_is_quoted_guarded_and_exact() {
        let rows = [
            vec![Cell::from("a,\"b\"\nc"), Cell::Amount(-5, 2)],
            vec![Cell::from("=SUM(A1)"), Cell::Amount(1_205, 0)],
            vec![Cell::from("-1"), Cell::Empty],
            vec![Cell::from("ü"), Cell::Number(-7)],
        ];
        let (text, written) = written(ReportFormat::Csv, &rows).await;

        assert_eq!(text, "name,amount\n\"a,\"\"b\"\"\nc\",-0.05\n'=SUM(A1),1205\n'-1,\nü,-7\n");
        assert_eq!((written.rows, written.bytes), (4, i64::try_from(text.len()).unwrap()));
        assert_eq!(written.sha256, Hash::from(Sha256::digest(text)));
    }

    #[tokio::test]
    async fn json_lines_keep_the_order_of_columns_and_amounts_as_text() {
        let (text, _) = written(ReportFormat::Jsonl, &[vec![Cell::from("a"), Cell::Amount(7, 3)]]).await;

        assert_eq!(text, "{\"name\":\"a\",\"amount\":\"0.007\"}\n");
    }

    #[tokio::test]
    async fn every_piece_is_of_whole_rows_and_about_as_large_as_the_others() {
        for (format, row) in [
            (ReportFormat::Csv, "\"two\nlines\",7\n"),
            (ReportFormat::Jsonl, "{\"name\":\"two\\nlines\",\"amount\":7}\n"),
        ] {
            let (sender, mut receiver) = mpsc::channel(64);
            let mut writer = Writer::new(format, false, sender);
            writer.header(&["name", "amount"]).await.unwrap();
            for _ in 0..20_000 {
                writer.row(&[Cell::from("two\nlines"), Cell::Number(7)]).await.unwrap();
            }
            let written = writer.finish().await.unwrap();
            let mut sizes = Vec::new();
            while let Some(part) = receiver.recv().await {
                assert!(part.ends_with(row.as_bytes()), "{format:?}");
                sizes.push(part.len());
            }
            assert_eq!(i64::try_from(sizes.iter().sum::<usize>()).unwrap(), written.bytes);
            sizes.pop();
            assert!(
                sizes.len() > 3 && sizes.iter().all(|size| (CHUNK..CHUNK + 16 * 1024).contains(size)),
                "{sizes:?}"
            );
        }
    }
}
