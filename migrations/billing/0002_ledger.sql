DO $mig$ BEGIN
  -- One seat per person at a time is the database's rule, which needs equality in GiST indexes.
  IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'btree_gist') THEN
    CREATE EXTENSION btree_gist;
  END IF;

  -- How far each workspace's ledger has come. Locked first by whatever appends.
  CREATE TABLE ledgers (
    tenant_id uuid NOT NULL PRIMARY KEY,
    -- The producer's epoch, and the last of its numbers that was applied.
    epoch bigint NOT NULL,
    acknowledged_sequence bigint NOT NULL,
    -- The ledger's own last number: 1, 2, 3 … over all epochs and kinds of facts.
    sequence bigint NOT NULL,
    head_hash bytea NOT NULL,
    -- Open intervals by class: collaborator, external, regular. Counted along, never anew.
    open_seats bigint[] NOT NULL DEFAULT '{0,0,0}' CHECK (cardinality(open_seats) = 3),
    halted boolean NOT NULL DEFAULT false,
    last_effective_at timestamptz NOT NULL,
    last_recorded_at timestamptz NOT NULL
  );
  PERFORM app_distribute('ledgers');
  PERFORM app_protect('ledgers', 'SELECT, INSERT, UPDATE');

  -- The facts, for ever: the runtime role may add and read, never change.
  CREATE TABLE events (
    tenant_id uuid NOT NULL,
    sequence bigint NOT NULL,
    epoch bigint NOT NULL,
    -- The producer's number; NULL for what billing itself records.
    source_sequence bigint,
    -- "state": what identity said.
    kind text NOT NULL,
    event_id uuid NOT NULL,
    person_key uuid NOT NULL,
    user_id uuid NOT NULL,
    active boolean NOT NULL,
    user_type text NOT NULL,
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    cause text NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    -- SHA-256 over the hash before and this fact.
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
  );
  PERFORM app_distribute('events');
  ALTER TABLE events ADD CONSTRAINT events_source_key UNIQUE (tenant_id, epoch, source_sequence);
  CREATE INDEX events_person ON events (tenant_id, person_key, sequence);
  PERFORM app_protect('events', 'SELECT, INSERT');

  -- The state of each SCIM user after the last event; the class is NULL while not active.
  CREATE TABLE seats (
    tenant_id uuid NOT NULL,
    person_key uuid NOT NULL,
    user_id uuid NOT NULL,
    class text,
    PRIMARY KEY (tenant_id, person_key, user_id)
  );
  PERFORM app_distribute('seats');
  PERFORM app_protect('seats', 'SELECT, INSERT, UPDATE');

  -- When persons were billable, and as what: a projection of the events. Half-open; an interval
  -- whose end is NULL is open. As it was at a number: what opened by then, without later ends.
  CREATE TABLE intervals (
    tenant_id uuid NOT NULL,
    person_key uuid NOT NULL,
    open_sequence bigint NOT NULL,
    class text NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz,
    close_sequence bigint,
    start_cause text NOT NULL,
    end_cause text,
    PRIMARY KEY (tenant_id, person_key, open_sequence),
    CONSTRAINT intervals_not_empty CHECK (end_at > start_at),
    CONSTRAINT intervals_closed_as_a_whole
      CHECK ((end_at IS NULL) = (close_sequence IS NULL) AND (end_at IS NULL) = (end_cause IS NULL))
  );
  PERFORM app_distribute('intervals');
  ALTER TABLE intervals ADD CONSTRAINT intervals_overlap
    EXCLUDE USING gist (tenant_id WITH =, person_key WITH =, tstzrange(start_at, end_at) WITH &&);
  CREATE INDEX intervals_end ON intervals (tenant_id, coalesce(end_at, 'infinity'));
  PERFORM app_protect('intervals', 'SELECT, INSERT, UPDATE');

  CREATE TABLE accounts (
    tenant_id uuid NOT NULL PRIMARY KEY,
    currency text NOT NULL,
    exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 3),
    time_zone text NOT NULL
  );
  PERFORM app_distribute('accounts');
  PERFORM app_protect('accounts', 'SELECT, INSERT, UPDATE');

  -- Immutable: a new price is a new version from a date on.
  CREATE TABLE price_versions (
    tenant_id uuid NOT NULL,
    class text NOT NULL,
    valid_from date NOT NULL,
    price_id uuid NOT NULL,
    -- In millionths of the currency's major unit, for a whole period.
    unit_price_micros bigint NOT NULL CHECK (unit_price_micros >= 0),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, class, valid_from)
  );
  PERFORM app_distribute('price_versions');
  PERFORM app_protect('price_versions', 'SELECT, INSERT');
END $mig$;
