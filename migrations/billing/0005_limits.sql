DO $mig$ BEGIN
  -- How many seats a pool or class may have, and what happens beyond. Versions count up; the last
  -- one holds.
  CREATE TABLE seat_limits (
    tenant_id uuid NOT NULL,
    -- "paid" (regular and external) or "collaborator".
    pool text NOT NULL,
    version bigint NOT NULL,
    -- NULL: unlimited.
    quantity bigint CHECK (quantity >= 0),
    -- "ALLOW", "ALLOW_TRUE_UP", "DEGRADE" or "BLOCK".
    policy text NOT NULL,
    -- What is bought, for true-ups.
    committed bigint NOT NULL DEFAULT 0 CHECK (committed >= 0),
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (tenant_id, pool, version)
  );
  PERFORM app_distribute('seat_limits');
  CREATE INDEX seat_limits_set_at ON seat_limits (set_at);
  PERFORM app_protect('seat_limits', 'SELECT, INSERT');

  CREATE INDEX intervals_open ON intervals (tenant_id, class) WHERE end_at IS NULL;

  -- Alerts that were raised, each once: the use of a pool reached a threshold of its limit.
  CREATE TABLE limit_alerts (
    tenant_id uuid NOT NULL,
    pool text NOT NULL,
    version bigint NOT NULL,
    -- Percent of the limit.
    threshold int NOT NULL,
    in_use bigint NOT NULL,
    sequence bigint NOT NULL,
    raised_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, pool, version, threshold)
  );
  PERFORM app_distribute('limit_alerts');
  PERFORM app_protect('limit_alerts', 'SELECT, INSERT');
END $mig$;
