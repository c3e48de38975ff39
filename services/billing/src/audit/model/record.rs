//! Records: hashed copies of billing's rows, in a chain that makes changes to the rows evident.

use sha2::{Digest as _, Sha256};

use crate::audit::model::hash::{GENESIS, Hash};

/// A table whose rows are recorded in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Terms,
    Price,
    Minimum,
    Commitment,
    Limit,
    PlanLimit,
    LimitRefusals,
    LimitAlert,
    CorrectionRequest,
    Close,
    CloseLines,
    CloseDays,
    Postings,
    CreditNote,
    CreditNoteLines,
    CreditNotePostings,
    Audit,
    Verification,
    WatermarkSpan,
    Halt,
    Epoch,
    Reconciliation,
}

impl Kind {
    /// All tables with records.
    pub(crate) const ALL: [Self; 22] = [
        Self::Terms,
        Self::Price,
        Self::Minimum,
        Self::Commitment,
        Self::Limit,
        Self::PlanLimit,
        Self::LimitRefusals,
        Self::LimitAlert,
        Self::CorrectionRequest,
        Self::Close,
        Self::CloseLines,
        Self::CloseDays,
        Self::Postings,
        Self::CreditNote,
        Self::CreditNoteLines,
        Self::CreditNotePostings,
        Self::Audit,
        Self::Verification,
        Self::WatermarkSpan,
        Self::Halt,
        Self::Epoch,
        Self::Reconciliation,
    ];

    /// Returns the name of the table, which is also its name in the chain.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Terms => "account_terms",
            Self::Price => "price_versions",
            Self::Minimum => "minimum_spends",
            Self::Commitment => "commitments",
            Self::Limit => "seat_limits",
            Self::PlanLimit => "plan_limits",
            Self::LimitRefusals => "limit_refusals",
            Self::LimitAlert => "limit_alerts",
            Self::CorrectionRequest => "correction_requests",
            Self::Close => "closes",
            Self::CloseLines => "close_lines",
            Self::CloseDays => "close_days",
            Self::Postings => "postings",
            Self::CreditNote => "credit_notes",
            Self::CreditNoteLines => "credit_note_lines",
            Self::CreditNotePostings => "credit_note_postings",
            Self::Audit => "audit_entries",
            Self::Verification => "verifications",
            Self::WatermarkSpan => "watermark_spans",
            Self::Halt => "halts",
            Self::Epoch => "epochs",
            Self::Reconciliation => "reconciliation_runs",
        }
    }

    /// Returns the SQL expression for the key of a row. Rows with the same key are written together and share one
    /// record.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Terms | Self::Minimum => "to_char(t.valid_from, 'YYYY-MM-DD')",
            Self::Price => "t.price_id::text",
            Self::Commitment => "t.commitment_id::text",
            Self::Limit => "t.pool || ' ' || t.version",
            Self::PlanLimit => "t.pool || ' ' || t.plan_version",
            Self::LimitRefusals => "t.pool || ' ' || record_micros(t.as_of)",
            Self::LimitAlert => "t.pool || ' ' || t.version || ' ' || t.threshold",
            Self::CorrectionRequest => "t.event_id::text",
            Self::Close | Self::CloseLines | Self::CloseDays | Self::Postings => "t.ordinal::text",
            Self::CreditNote | Self::CreditNoteLines | Self::CreditNotePostings => "t.note_id::text",
            Self::Audit => "t.audit_id::text",
            Self::Verification => "t.verification_id::text",
            Self::WatermarkSpan => "record_micros(t.since)",
            Self::Halt => "record_micros(t.halted_at)",
            Self::Epoch => "t.epoch::text",
            Self::Reconciliation => "t.run_id::text",
        }
    }

    /// Returns the SQL condition that finds the rows with key `$2`. An index supports it.
    pub(crate) const fn condition(self) -> &'static str {
        match self {
            Self::Terms | Self::Minimum => "t.valid_from = to_date($2, 'YYYY-MM-DD')",
            Self::Price => "t.price_id = $2::uuid",
            Self::Commitment => "t.commitment_id = $2::uuid",
            Self::Limit => "t.pool = split_part($2, ' ', 1) AND t.version = split_part($2, ' ', 2)::bigint",
            Self::PlanLimit => {
                "t.pool = split_part($2, ' ', 1) AND t.plan_version = split_part($2, ' ', 2)::bigint"
            }
            Self::LimitRefusals => {
                "t.pool = split_part($2, ' ', 1) AND t.as_of = record_instant(split_part($2, ' ', 2))"
            }
            Self::LimitAlert => {
                "t.pool = split_part($2, ' ', 1) AND t.version = split_part($2, ' ', 2)::bigint
                 AND t.threshold = split_part($2, ' ', 3)::int"
            }
            Self::CorrectionRequest => "t.event_id = $2::uuid",
            Self::Close | Self::CloseLines | Self::CloseDays | Self::Postings => "t.ordinal = $2::bigint",
            Self::CreditNote | Self::CreditNoteLines | Self::CreditNotePostings => "t.note_id = $2::uuid",
            Self::Audit => "t.audit_id = $2::uuid",
            Self::Verification => "t.verification_id = $2::uuid",
            Self::WatermarkSpan => "t.since = record_instant($2)",
            Self::Halt => "t.halted_at = record_instant($2)",
            Self::Epoch => "t.epoch = $2::bigint",
            Self::Reconciliation => "t.run_id = $2::uuid",
        }
    }
}

/// A record: one entry of the chain.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) number: i64,
    pub(crate) kind: String,
    pub(crate) key: String,
    /// The hash of the rows; `None` if they were deleted.
    pub(crate) content: Option<Hash>,
    /// The hash as it is stored.
    pub(crate) hash: Hash,
}

impl Record {
    /// Computes the hash of this record after the one before. The database's `append_record_of` must agree.
    pub(crate) fn chain(&self, before: &Hash) -> Hash {
        Sha256::new()
            .chain_update(before)
            .chain_update(self.number.to_be_bytes())
            .chain_update(Sha256::digest(&self.kind))
            .chain_update(Sha256::digest(&self.key))
            .chain_update(self.content.unwrap_or(GENESIS))
            .finalize()
            .into()
    }
}
