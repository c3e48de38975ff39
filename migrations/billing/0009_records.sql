DO $mig$ BEGIN
  -- A chain beside that of the facts: of everything else that billing keeps. Each row of another table has
  -- an entry with the hash of what it says, from when it was written; so that a change of it is seen, and a
  -- row that is gone, and one that was never written by billing.
  CREATE TABLE records (
    tenant_id uuid NOT NULL,
    number bigint NOT NULL,
    -- The table, and which of its rows: see store/records.rs.
    kind text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of the rows; NULL where there are none any more.
    content bytea,
    -- SHA-256 over the hash before and this entry.
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, number)
  );
  PERFORM app_distribute('records');
  PERFORM app_protect('records', 'SELECT, INSERT');

  -- Where that chain is. Locked last by whatever writes.
  CREATE TABLE record_heads (
    tenant_id uuid NOT NULL PRIMARY KEY,
    number bigint NOT NULL,
    hash bytea NOT NULL
  );
  PERFORM app_distribute('record_heads');
  PERFORM app_protect('record_heads', 'SELECT, INSERT, UPDATE');

  -- Where both chains were, signed with a key that is not in the database.
  CREATE TABLE signed_heads (
    tenant_id uuid NOT NULL,
    signed_at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    head_hash bytea NOT NULL,
    record_number bigint NOT NULL,
    record_hash bytea NOT NULL,
    -- The public half, Ed25519.
    public_key bytea NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (tenant_id, signed_at)
  );
  PERFORM app_distribute('signed_heads');
  PERFORM app_protect('signed_heads', 'SELECT, INSERT');

  INSERT INTO jobs (tenant_id, job, run_at) SELECT tenant_id, 'sign', to_timestamp(0) FROM ledgers;
END $mig$;
