use jiff::Timestamp;

/// A selection of facts. A condition that is `None` excludes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FactRange {
    pub(crate) after_sequence: i64,
    pub(crate) until_sequence: Option<i64>,
    /// Facts with an effective time from the first time to before the second.
    pub(crate) effective: (Option<Timestamp>, Option<Timestamp>),
}
