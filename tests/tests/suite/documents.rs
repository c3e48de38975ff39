//! Rules for the documents of the tree: links lead to files and headings, every code in a test's name is
//! explained, and the first pages are short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The maximum number of words of the README before its reference part.
const MAX_README_WORDS: usize = 500;
/// The maximum number of words of ARCHITECTURE.md.
const MAX_ARCHITECTURE_WORDS: usize = 1_200;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Finds the files with an extension, except built and hidden ones.
fn find_files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "target" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            find_files(&path, extension, found);
        } else if path.extension().is_some_and(|actual| actual == extension) {
            found.push(path);
        }
    }
}

/// Returns the names of the tests in a source file.
fn test_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("//") {
            continue;
        }
        if line.starts_with("#[") {
            is_test |= line.contains("test");
            continue;
        }
        if let Some((_, rest)) = line.split_once("fn ")
            && is_test
        {
            names.push(rest.split('(').next().unwrap_or_default().to_owned());
        }
        is_test = false;
    }
    names
}

/// Returns the code that a part of a test's name stands for; `None` if it is not a code.
fn code_of(part: &str) -> Option<String> {
    let kind = part.chars().next().filter(|kind| "eibxr".contains(*kind))?;
    let number = &part[1..];
    let digits = number.trim_end_matches(['a', 'b']);
    let is_code = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
    is_code.then(|| format!("{}{number}", kind.to_ascii_uppercase()))
}

/// Returns the codes at the beginning of a test's name.
fn codes_of(name: &str) -> Vec<String> {
    name.split('_').filter(|part| *part != "and").map_while(code_of).collect()
}

/// Returns the targets of the links of a page, except those on other hosts.
fn links_of(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target).filter(|target| !target.contains("://")).collect()
}

/// Returns the anchors of the headings of a page.
fn anchors_of(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn codes_are_read_from_the_beginning_of_a_tests_name() {
    assert_eq!(codes_of("e23b_x3_and_x5_a_thousand_seats"), ["E23b", "X3", "X5"]);
    assert_eq!(codes_of("b8_and_b10_a_limit_is_exact"), ["B8", "B10"]);
    assert_eq!(codes_of("e2e_through_the_gateway"), Vec::<String>::new());
    assert_eq!(codes_of("in_e01_nothing"), Vec::<String>::new());
}

#[test]
fn every_code_in_a_tests_name_is_in_the_billing_rules() {
    let mut sources = Vec::new();
    for folder in ["services", "tests"] {
        find_files(&root().join(folder), "rs", &mut sources);
    }
    let mut codes = BTreeSet::new();
    for path in sources {
        let names = test_names(&fs::read_to_string(path).unwrap());
        codes.extend(names.iter().flat_map(|name| codes_of(name)));
    }
    let rules = page("docs/billing-rules.md");
    let is_row = |code: &str| rules.contains(&format!("\n| {code} | "));
    let is_rule = |code: &str| rules.contains(&format!("\n**{code} "));

    let missing: Vec<&String> = codes.iter().filter(|code| !is_row(code) && !is_rule(code)).collect();

    assert!(missing.is_empty(), "docs/billing-rules.md does not explain {missing:?}");
    assert!(codes.len() >= 80, "the tests were not read: {codes:?}");
}

#[test]
fn every_link_of_a_page_leads_to_a_file_and_a_heading() {
    let mut pages = Vec::new();
    find_files(&root(), "md", &mut pages);
    let mut broken = Vec::new();
    for path in &pages {
        let text = fs::read_to_string(path).unwrap();
        for link in links_of(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let has_heading = || anchors_of(&fs::read_to_string(&target).unwrap()).contains(heading);
            if !target.exists() || (!heading.is_empty() && !has_heading()) {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }

    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
    assert!(pages.len() >= 10, "the pages were not found: {pages:?}");
}

#[test]
fn the_first_pages_stay_short() {
    let readme = page("README.md");
    let (introduction, _) = readme.split_once("\n## Reference\n").unwrap();

    let words = (count_words(introduction), count_words(&page("ARCHITECTURE.md")));

    assert!(words.0 <= MAX_README_WORDS, "README has {} words before its reference part", words.0);
    assert!(words.1 <= MAX_ARCHITECTURE_WORDS, "ARCHITECTURE has {} words", words.1);
}
