//! Runs the commands on the pages of docs/, and compares their output with what the pages show.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Command;
use tokio::time::timeout;
use usher_tests::stack::processes::program;

use super::{Dev, folder};

/// Commands, and the output that the page shows for them.
struct Step {
    commands: String,
    shown: Vec<String>,
}

/// Returns the code blocks of a page: commands (`sh`), each with the output (`text`) that follows them, if
/// any.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match kind {
            "sh" => steps.push(Step { commands: block.join("\n"), shown: Vec::new() }),
            "text" => steps
                .last_mut()
                .unwrap()
                .shown
                .extend(block.iter().map(|line| words(line)).filter(|line| !line.is_empty())),
            other => panic!("a block of {other:?}"),
        }
    }
    steps
}

/// Replaces white space by single spaces: the width of columns depends on their content.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns whether a line is as the page shows it; `…` stands for anything.
fn is_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    for part in parts {
        let Some(at) = rest.rfind(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[test]
fn an_ellipsis_matches_anything() {
    for (line, shown) in [("a b c", "a b c"), ("a b c", "a … c"), ("a b c", "a b…"), ("a, b, c", "a… b… c")]
    {
        assert!(is_shown(line, shown), "{line} {shown}");
    }
    for (line, shown) in [("a b c", "a b"), ("a b c", "b c"), ("a b c", "a … d"), ("a b c", "…b")] {
        assert!(!is_shown(line, shown), "{line} {shown}");
    }
}

/// Runs the steps in one shell in a folder, and returns the output of each.
async fn run(steps: &[Step], folder: &Path) -> Vec<String> {
    const END: &str = "=== end of a step ===";
    let mut script = "exec 2>&1\nset -euo pipefail\n".to_owned();
    for step in steps {
        script.extend([step.commands.as_str(), "\necho '", END, "'\n"]);
    }
    let programs = program().parent().unwrap().display().to_string();
    let shell = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env("PATH", format!("{programs}:/usr/local/bin:/usr/bin:/bin"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = timeout(Duration::from_mins(4), shell).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.split(END).map(str::to_owned).take(steps.len()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_on_the_page_print_what_it_shows() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/try-a-month.md")).unwrap();
    let steps = steps(&page);
    let folder = folder();
    let (start, steps) = steps.split_first().unwrap();
    let arguments: Vec<&str> = start.commands.strip_prefix("usher dev ").unwrap().split(' ').collect();
    let mut dev = Dev::start(&folder.path().join(".usher"), &arguments);
    dev.ready().await;

    let printed = run(steps, folder.path()).await;

    for (step, printed) in steps.iter().zip(&printed) {
        let mut lines = printed.lines().map(words);
        for shown in &step.shown {
            assert!(
                lines.any(|line| is_shown(&line, shown)),
                "{shown:?} is not in what these commands print:\n{}\n\n{printed}",
                step.commands
            );
        }
    }
    assert!(dev.stop(Signal::SIGTERM).await.success());
}
