//! `usher billing simulate`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use usher_billing::simulate::{Case, simulate};

/// Prices a case. Input, as JSON:
///
/// {"currency", "exponent", "timezone", "period": {"start", "end"},
///  "classes": [{"class", "rank", "priced"}],
///  "prices": [{"class", "unit_price": "12.00", "mode", "included", "floor", valid_from}],
///  "events": [{"at": "2026-06-16T09:00:00Z", "person", "active", "class"}]}
///
/// A person's state stands until the next event; states before the period count. end is the date
/// after the last. mode is DAILY_TOUCH where none is given; there are also DAILY_CLOSE,
/// DAILY_PEAK, SECOND, PERIOD_CLOSE, PERIOD_PEAK, OPENING_PLUS_INCREMENTS and DISTINCT.
///
/// Output, as JSON: lines, total_minor, days, allocations; amounts in minor units.
#[expect(clippy::doc_markdown, reason = "--help shows the text as it stands")]
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct SimulateArgs {
    /// File with the case; - means standard input.
    #[arg(long)]
    input: PathBuf,
}

impl SimulateArgs {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let text = read(&self.input)?;
        let case: Case = serde_json::from_str(&text).with_context(|| {
            format!("{} is no case; see usher billing simulate --help", self.input.display())
        })?;
        let outcome = simulate(&case)?;
        println!("{}", serde_json::to_string_pretty(&outcome)?);
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input can't be read")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
}
