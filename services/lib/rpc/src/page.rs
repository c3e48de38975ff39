//! Pages that fit into a message, however large their rows are: a client takes 4 MiB.

use prost::Message;

/// The most bytes of a page's rows, unless the first alone has more.
const MOST: usize = 1 << 20;
/// What a row takes beside itself, at most: its tag and its length.
const AROUND: usize = 6;

/// A page of rows of which one more was looked for than are wanted, and whether there are rows after it. It has
/// as many as are wanted and together take 1 MiB, and the first in any case.
pub fn page<M: Message>(mut found: Vec<M>, size: u32) -> (Vec<M>, bool) {
    let mut used = 0;
    let fits = found.iter().take_while(|row| {
        used += row.encoded_len() + AROUND;
        used <= MOST
    });
    let fits = fits.count().max(1).min(usize::try_from(size).unwrap_or(usize::MAX));
    let more = found.len() > fits;
    found.truncate(fits);
    (found, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize, length: usize) -> Vec<String> {
        vec!["a".repeat(length); count]
    }

    #[test]
    fn a_page_ends_at_its_size_or_at_a_mebibyte_and_is_never_empty_before_the_end() {
        for (count, length, size, wanted) in [
            (0, 0, 10, (0, false)),
            (10, 100, 10, (10, false)),
            (11, 100, 10, (10, true)),
            (11, 300_000, 10, (3, true)),
            (3, 300_000, 10, (3, false)),
            (2, 3_000_000, 10, (1, true)),
            (1, 3_000_000, 10, (1, false)),
        ] {
            let (rows, more) = page(rows(count, length), size);
            assert_eq!((rows.len(), more), wanted, "{count} rows of {length} bytes, {size} wanted");
        }
    }
}
