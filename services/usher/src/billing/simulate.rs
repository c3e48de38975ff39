//! `usher billing simulate`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use usher_rating::simulate::{Case, simulate};

use crate::output;

/// Prices a case. Input, as JSON:
///
/// {"currency", "timezone", "period": {"start", "end"},
///  "classes": [{"class", "rank", "priced"}],
///  "prices": [{"class", "unit_price": "12.00", "mode", "included", "floor", "valid_from"}],
///  "events": [{"at": "2026-06-16T09:00:00Z", "person", "active", "class"}]}
///
/// `usher billing simulate --example` prints one. A person's state lasts until the next event; states
/// from before the period count. end is the date after the last one. The default mode is DAILY_TOUCH;
/// the others are DAILY_CLOSE, DAILY_PEAK, SECOND, PERIOD_CLOSE, PERIOD_PEAK,
/// OPENING_PLUS_INCREMENTS and DISTINCT.
///
/// Output, as JSON: currency, lines, total_minor, days, allocations; amounts in minor units.
#[expect(clippy::doc_markdown, reason = "--help shows the text as it stands")]
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct SimulateArgs {
    /// File with the case; - means standard input.
    #[arg(long, required_unless_present = "example")]
    input: Option<PathBuf>,
    /// Print an example case instead of pricing one.
    #[arg(long, conflicts_with = "input")]
    example: bool,
}

/// June in the help of `usher admin price create`.
const EXAMPLE: &str = include_str!("simulate/example.json");

impl SimulateArgs {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let Some(input) = &self.input else {
            return Ok(output::print(EXAMPLE)?);
        };
        let text = read(input)?;
        let case: Case = serde_json::from_str(&text).with_context(|| {
            format!("{} is not a case; see usher billing simulate --help", input.display())
        })?;
        let outcome = simulate(&case)?;
        Ok(output::print(&(serde_json::to_string_pretty(&outcome)? + "\n"))?)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("can't read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_valid_case_and_its_amounts_are_those_in_the_help_of_prices() {
        let case: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
        for (mode, total) in [
            ("DAILY_TOUCH", 12_680),
            ("DAILY_CLOSE", 12_560),
            ("DAILY_PEAK", 12_680),
            ("SECOND", 12_560),
            ("PERIOD_CLOSE", 13_200),
            ("PERIOD_PEAK", 14_400),
            ("OPENING_PLUS_INCREMENTS", 13_600),
            ("DISTINCT", 16_800),
        ] {
            let mut case = case.clone();
            case["prices"][0]["mode"] = mode.into();
            let outcome = simulate(&serde_json::from_value(case).unwrap()).unwrap();
            assert_eq!(outcome.total_minor, total, "{mode}");
        }
    }
}
