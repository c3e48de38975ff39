DO $mig$ BEGIN
  -- How many seats a pool may have, and what happens beyond. Versions count up; the last one holds: what
  -- SetLimit said, or what the workspace's plan gives.
  CREATE TABLE seat_limits (
    tenant_id uuid NOT NULL,
    -- "paid" (regular and external) or "collaborator".
    pool text NOT NULL,
    version bigint NOT NULL,
    -- The version of the policy that gives it; NULL where SetLimit said it.
    plan_version bigint,
    -- NULL: unlimited. Of a share: what it comes to.
    quantity bigint CHECK (quantity >= 0),
    -- "ALLOW", "ALLOW_TRUE_UP", "DEGRADE" or "BLOCK".
    policy text NOT NULL,
    -- Of a share of the paid licences, and how many of these were committed then.
    at_least bigint,
    percent bigint,
    committed bigint NOT NULL DEFAULT 0,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (tenant_id, pool, version),
    CONSTRAINT seat_limits_share_as_a_whole CHECK ((at_least IS NULL) = (percent IS NULL))
  );
  PERFORM app_distribute('seat_limits');
  CREATE INDEX seat_limits_set_at ON seat_limits (set_at);
  PERFORM app_protect('seat_limits', 'SELECT, INSERT');

  -- What plans give, by version of the policy, as identity told it: what holds where SetLimit said nothing.
  CREATE TABLE plan_limits (
    tenant_id uuid NOT NULL,
    pool text NOT NULL,
    plan_version bigint NOT NULL,
    quantity bigint CHECK (quantity >= 0),
    policy text NOT NULL,
    at_least bigint,
    percent bigint,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, pool, plan_version),
    CONSTRAINT plan_limits_share_as_a_whole CHECK ((at_least IS NULL) = (percent IS NULL))
  );
  PERFORM app_distribute('plan_limits');
  PERFORM app_protect('plan_limits', 'SELECT, INSERT');

  -- How often identity refused a seat, told with its watermarks: a row whenever there were more.
  CREATE TABLE limit_refusals (
    tenant_id uuid NOT NULL,
    pool text NOT NULL,
    -- The watermark's time.
    as_of timestamptz NOT NULL,
    -- Since the workspace began, and since the row before; nothing where identity came back with less.
    total bigint NOT NULL,
    added bigint NOT NULL CHECK (added >= 0),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, pool, as_of)
  );
  PERFORM app_distribute('limit_refusals');
  PERFORM app_protect('limit_refusals', 'SELECT, INSERT');

  -- What is bought of a pool for a term, for ever.
  CREATE TABLE commitments (
    tenant_id uuid NOT NULL,
    commitment_id uuid NOT NULL,
    pool text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    -- In millionths of the currency's major unit, for a whole period.
    unit_price_micros bigint NOT NULL CHECK (unit_price_micros >= 0),
    first_date date NOT NULL,
    end_date date NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, commitment_id),
    CONSTRAINT commitments_not_empty CHECK (end_date > first_date)
  );
  PERFORM app_distribute('commitments');
  ALTER TABLE commitments ADD CONSTRAINT commitments_overlap
    EXCLUDE USING gist (tenant_id WITH =, pool WITH =, daterange(first_date, end_date) WITH &&);
  PERFORM app_protect('commitments', 'SELECT, INSERT');

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
