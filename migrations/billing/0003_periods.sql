DO $mig$ BEGIN
  -- Corrections and links of persons are facts as well: in the same sequence and chain.
  ALTER TABLE events ALTER COLUMN user_id DROP NOT NULL;
  -- The first instant after a correction's range; NULL for states, which hold until the next.
  ALTER TABLE events ADD COLUMN until_at timestamptz;
  -- The other key of a link.
  ALTER TABLE events ADD COLUMN linked_person uuid;
  ALTER TABLE events ADD COLUMN reason text;
  ALTER TABLE events ADD COLUMN approver text;
  CREATE INDEX events_own ON events (tenant_id, sequence) WHERE kind <> 'state';

  -- Corrections that wait for somebody else than their author. What was approved is an event of
  -- the same id.
  CREATE TABLE correction_requests (
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    person_key uuid NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    -- NULL: not billable.
    class text,
    reason text NOT NULL,
    author text NOT NULL,
    request_id text NOT NULL,
    requested_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
  );
  PERFORM app_distribute('correction_requests');
  PERFORM app_protect('correction_requests', 'SELECT, INSERT');

  -- Currency, zone and rule of periods, from a period's boundary on. Periods begin at valid_from and
  -- at every anchor + k months after it.
  CREATE TABLE account_terms (
    tenant_id uuid NOT NULL,
    valid_from date NOT NULL,
    anchor date NOT NULL,
    currency text NOT NULL,
    exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 3),
    time_zone text NOT NULL,
    PRIMARY KEY (tenant_id, valid_from)
  );
  PERFORM app_distribute('account_terms');
  PERFORM app_protect('account_terms');
  INSERT INTO account_terms SELECT tenant_id, '1970-01-01', '1970-01-01', currency, exponent, time_zone FROM accounts;

  ALTER TABLE price_versions ADD COLUMN mode text NOT NULL DEFAULT 'DAILY_TOUCH';
  ALTER TABLE price_versions ADD COLUMN included bigint NOT NULL DEFAULT 0;
  ALTER TABLE price_versions ADD COLUMN floor bigint NOT NULL DEFAULT 0;

  -- What a period costs at least, from the first period that begins on or after the date.
  CREATE TABLE minimum_spends (
    tenant_id uuid NOT NULL,
    valid_from date NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, valid_from)
  );
  PERFORM app_distribute('minimum_spends');
  PERFORM app_protect('minimum_spends', 'SELECT, INSERT');

  -- Closed periods: what was billed, by what facts, for ever.
  CREATE TABLE closes (
    tenant_id uuid NOT NULL,
    ordinal bigint NOT NULL,
    first_date date NOT NULL,
    end_date date NOT NULL,
    -- Where each date began and the last ended, in microseconds since 1970: a later time-zone
    -- database does not change what is closed.
    starts bigint[] NOT NULL,
    time_zone text NOT NULL,
    time_zone_database text NOT NULL,
    currency text NOT NULL,
    exponent smallint NOT NULL,
    -- The last fact that was counted, and where the producer and the chain were.
    sequence bigint NOT NULL,
    epoch bigint NOT NULL,
    acknowledged_sequence bigint NOT NULL,
    head_hash bytea NOT NULL,
    -- SHA-256 over who was billable when.
    stays_digest bytea NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    credit_minor bigint NOT NULL CHECK (credit_minor >= 0),
    -- SHA-256 over all of the snapshot.
    hash bytea NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL,
    request_id text NOT NULL,
    PRIMARY KEY (tenant_id, ordinal)
  );
  PERFORM app_distribute('closes');
  PERFORM app_protect('closes', 'SELECT, INSERT');

  CREATE TABLE close_lines (
    tenant_id uuid NOT NULL,
    ordinal bigint NOT NULL,
    line_no int NOT NULL,
    kind text NOT NULL,
    class text,
    origin_ordinal bigint NOT NULL,
    mode text,
    price_versions text NOT NULL,
    unit_prices text NOT NULL,
    seat_days bigint NOT NULL,
    exact_num text NOT NULL,
    exact_den text NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (tenant_id, ordinal, line_no)
  );
  PERFORM app_distribute('close_lines');
  CREATE INDEX close_lines_origin ON close_lines (tenant_id, origin_ordinal);
  PERFORM app_protect('close_lines', 'SELECT, INSERT');

  CREATE TABLE close_days (
    tenant_id uuid NOT NULL,
    ordinal bigint NOT NULL,
    day date NOT NULL,
    class text NOT NULL,
    seat_days bigint NOT NULL,
    closing bigint NOT NULL,
    peak bigint NOT NULL,
    PRIMARY KEY (tenant_id, ordinal, day, class)
  );
  PERFORM app_distribute('close_days');
  PERFORM app_protect('close_days', 'SELECT, INSERT');

  -- Double entry: the postings of a period sum to zero.
  CREATE TABLE postings (
    tenant_id uuid NOT NULL,
    ordinal bigint NOT NULL,
    posting_no int NOT NULL,
    account text NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (tenant_id, ordinal, posting_no)
  );
  PERFORM app_distribute('postings');
  PERFORM app_protect('postings', 'SELECT, INSERT');

  -- What is given back of closed periods, by a person's decision. Booked in the period that was open.
  CREATE TABLE credit_notes (
    tenant_id uuid NOT NULL,
    note_id uuid NOT NULL,
    ordinal bigint NOT NULL,
    booked_ordinal bigint NOT NULL,
    booked_date date NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    request_id text NOT NULL,
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, note_id)
  );
  PERFORM app_distribute('credit_notes');
  PERFORM app_protect('credit_notes', 'SELECT, INSERT');

  CREATE TABLE credit_note_lines (
    tenant_id uuid NOT NULL,
    note_id uuid NOT NULL,
    position int NOT NULL,
    -- The line of the credited period, and what it is about.
    line_no int NOT NULL,
    kind text NOT NULL,
    class text,
    origin_ordinal bigint NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (tenant_id, note_id, position)
  );
  PERFORM app_distribute('credit_note_lines');
  PERFORM app_protect('credit_note_lines', 'SELECT, INSERT');

  -- Those of a note sum to zero as well.
  CREATE TABLE credit_note_postings (
    tenant_id uuid NOT NULL,
    note_id uuid NOT NULL,
    posting_no int NOT NULL,
    account text NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (tenant_id, note_id, posting_no)
  );
  PERFORM app_distribute('credit_note_postings');
  PERFORM app_protect('credit_note_postings', 'SELECT, INSERT');

  -- Who did what, apart from the facts themselves.
  CREATE TABLE audit_entries (
    tenant_id uuid NOT NULL,
    audit_id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL,
    request_id text NOT NULL,
    PRIMARY KEY (tenant_id, audit_id)
  );
  PERFORM app_distribute('audit_entries');
  PERFORM app_protect('audit_entries', 'SELECT, INSERT');

  -- Up to when everything that identity ever recorded has been sent.
  ALTER TABLE ledgers ADD COLUMN watermark_at timestamptz;
  ALTER TABLE ledgers ADD COLUMN watermark_sequence bigint NOT NULL DEFAULT 0;
  -- The watermarks that came one soon after the other, up to now: see watermark_spans.
  ALTER TABLE ledgers ADD COLUMN span_since timestamptz;
  ALTER TABLE ledgers ADD COLUMN span_first timestamptz;
  ALTER TABLE ledgers ADD COLUMN span_until timestamptz;
  ALTER TABLE ledgers ADD COLUMN span_last timestamptz;
  ALTER TABLE ledgers ADD COLUMN span_behind boolean NOT NULL DEFAULT false;
  -- The producer's number at which both sides last had the same state, and where that was in the ledger.
  ALTER TABLE ledgers ADD COLUMN reconciled_sequence bigint NOT NULL DEFAULT 0;
  -- Whether somebody asked for a comparison of states.
  ALTER TABLE ledgers ADD COLUMN digest_wanted boolean NOT NULL DEFAULT false;
  -- When states were last compared.
  ALTER TABLE ledgers ADD COLUMN compared_at timestamptz;

  -- When a workspace's turn of a job is next: "close" its ended periods, "verify" its ledger. Who takes
  -- a turn moves it on by a lease, so that one replica has it, and another one where that dies.
  CREATE TABLE jobs (
    tenant_id uuid NOT NULL,
    job text NOT NULL,
    run_at timestamptz NOT NULL,
    -- Since when something is wrong that an operator must know; and what, when it was last said.
    trouble_since timestamptz,
    told_at timestamptz,
    PRIMARY KEY (tenant_id, job)
  );
  PERFORM app_distribute('jobs');
  CREATE INDEX jobs_run_at ON jobs (job, run_at);
  PERFORM app_protect('jobs', 'SELECT, INSERT, UPDATE');

  CREATE TABLE verifications (
    tenant_id uuid NOT NULL,
    verification_id uuid NOT NULL,
    verified_at timestamptz NOT NULL,
    actor text NOT NULL,
    facts bigint NOT NULL,
    faults text[] NOT NULL,
    PRIMARY KEY (tenant_id, verification_id)
  );
  PERFORM app_distribute('verifications');
  PERFORM app_protect('verifications', 'SELECT, INSERT');

  -- Earlier spans: when the first and the last of their watermarks came, and what these were; so that a
  -- report says for ever how far behind the ledger was, without a row for each watermark.
  CREATE TABLE watermark_spans (
    tenant_id uuid NOT NULL,
    since timestamptz NOT NULL,
    first_as_of timestamptz NOT NULL,
    until timestamptz NOT NULL,
    last_as_of timestamptz NOT NULL,
    -- Whether events were missing at each of them.
    behind boolean NOT NULL,
    PRIMARY KEY (tenant_id, since)
  );
  PERFORM app_distribute('watermark_spans');
  PERFORM app_protect('watermark_spans', 'SELECT, INSERT');

  -- When ledgers were halted; a new epoch ends it.
  CREATE TABLE halts (
    tenant_id uuid NOT NULL,
    halted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, halted_at)
  );
  PERFORM app_distribute('halts');
  PERFORM app_protect('halts', 'SELECT, INSERT');

  CREATE TABLE epochs (
    tenant_id uuid NOT NULL,
    epoch bigint NOT NULL,
    -- The producer's number where the epoch begins: its first event has the next.
    base_sequence bigint NOT NULL,
    reason text NOT NULL,
    begun_at timestamptz NOT NULL,
    differences bigint NOT NULL,
    PRIMARY KEY (tenant_id, epoch)
  );
  PERFORM app_distribute('epochs');
  PERFORM app_protect('epochs', 'SELECT, INSERT');

  CREATE TABLE reconciliation_runs (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch bigint NOT NULL,
    source_sequence bigint NOT NULL,
    class text NOT NULL,
    identity_count bigint NOT NULL,
    billing_count bigint NOT NULL,
    equal boolean NOT NULL,
    -- Persons whose state differs; NULL until identity has sent all states.
    person_keys uuid[],
    ran_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, run_id, class)
  );
  PERFORM app_distribute('reconciliation_runs');
  PERFORM app_protect('reconciliation_runs', 'SELECT, INSERT, UPDATE');
END $mig$;
