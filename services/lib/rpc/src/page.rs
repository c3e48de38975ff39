//! Pages that fit into a message, however large their rows are. Clients accept 4 MiB.

use prost::Message;

/// The maximum total size of a page's rows, unless the first row alone is larger.
const MAX_PAGE_BYTES: usize = 1 << 20;
/// The maximum overhead per row: its tag and its length.
const ROW_OVERHEAD_BYTES: usize = 6;

/// Makes a page from rows that were queried with a limit of `size + 1`, and tells whether more rows follow. It has at
/// most `size` rows and 1 MiB, but always the first row.
pub fn page<M: Message>(mut found: Vec<M>, size: u32) -> (Vec<M>, bool) {
    let mut used = 0;
    let fits = found.iter().take_while(|row| {
        used += row.encoded_len() + ROW_OVERHEAD_BYTES;
        used <= MAX_PAGE_BYTES
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
