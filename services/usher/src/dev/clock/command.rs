//! `usher dev clock`: asks the process that serves a data directory.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::dev::directory;
use crate::output;

/// `usher dev clock`
#[derive(Debug, Args)]
pub struct ClockArgs {
    /// The data directory of the `usher dev --clock` whose clock it is.
    #[arg(long, default_value = ".usher", global = true)]
    data_dir: PathBuf,
    #[command(subcommand)]
    command: ClockCommand,
}

/// What is asked for; also what is sent.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(super) enum ClockCommand {
    /// Show what time it is.
    Show,
    /// Move time forward by a span: 90s, 12h, 10d, 2w or 1mo.
    Advance {
        /// Days and longer are those of UTC's calendar.
        #[arg(value_parser = span, allow_hyphen_values = true)]
        by: Span,
    },
    /// Move time forward to a time such as 2026-02-01T00:00:00Z.
    Set {
        /// It can't be earlier than it is now.
        #[arg(value_parser = time)]
        to: Timestamp,
    },
}

/// What time it is now, or why nothing was moved.
pub(super) type Answer = Result<Timestamp, String>;

/// Reads a time.
///
/// # Errors
/// It is none.
pub fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "write it as a time such as 2026-01-01T00:00:00Z")
}

fn span(text: &str) -> Result<Span, &'static str> {
    text.parse().map_err(|_| "write it as a span such as 12h, 10d or 1mo")
}

/// Does it, and prints what time it is then.
///
/// # Errors
/// Nothing serves the data directory, or not with a clock that can be moved; the time is refused.
pub async fn run(args: ClockArgs) -> anyhow::Result<()> {
    let socket = args.data_dir.join(directory::CLOCK_SOCKET);
    let mut stream = UnixStream::connect(&socket).await.with_context(|| {
        let data_dir = args.data_dir.display();
        format!(
            "nothing serves {data_dir} with a clock that can be moved; start it with `usher dev --clock TIME --data-dir \
             {data_dir}`"
        )
    })?;
    let mut line = serde_json::to_vec(&args.command)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    match serde_json::from_slice(&answer).context("usher dev ended before it answered")? {
        Answer::Ok(now) => Ok(output::print(&format!("{now}\n"))?),
        Answer::Err(refused) => bail!(refused),
    }
}
