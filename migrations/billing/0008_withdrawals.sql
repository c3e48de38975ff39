DO $mig$ BEGIN
  -- A price, minimum or commitment that has billed nothing can be taken back. The row stays for what was
  -- known before, and may say that it was withdrawn, and nothing else anew.
  ALTER TABLE price_versions ADD COLUMN withdrawn_at timestamptz;
  ALTER TABLE price_versions ADD COLUMN withdrawn_by text;
  ALTER TABLE price_versions DROP CONSTRAINT price_versions_pkey;
  ALTER TABLE price_versions ADD CONSTRAINT price_versions_pkey PRIMARY KEY (tenant_id, price_id);
  CREATE UNIQUE INDEX price_versions_one_a_date ON price_versions (tenant_id, class, valid_from)
    WHERE withdrawn_at IS NULL;
  GRANT UPDATE (withdrawn_at, withdrawn_by) ON price_versions TO usher_app;

  ALTER TABLE minimum_spends ADD COLUMN withdrawn_at timestamptz;
  ALTER TABLE minimum_spends ADD COLUMN withdrawn_by text;
  ALTER TABLE minimum_spends DROP CONSTRAINT minimum_spends_pkey;
  ALTER TABLE minimum_spends ADD CONSTRAINT minimum_spends_pkey PRIMARY KEY (tenant_id, valid_from, created_at);
  CREATE UNIQUE INDEX minimum_spends_one_a_date ON minimum_spends (tenant_id, valid_from) WHERE withdrawn_at IS NULL;
  GRANT UPDATE (withdrawn_at, withdrawn_by) ON minimum_spends TO usher_app;

  ALTER TABLE commitments ADD COLUMN withdrawn_at timestamptz;
  ALTER TABLE commitments ADD COLUMN withdrawn_by text;
  ALTER TABLE commitments DROP CONSTRAINT commitments_overlap;
  ALTER TABLE commitments ADD CONSTRAINT commitments_overlap
    EXCLUDE USING gist (tenant_id WITH =, pool WITH =, daterange(first_date, end_date) WITH &&)
    WHERE (withdrawn_at IS NULL);
  GRANT UPDATE (withdrawn_at, withdrawn_by) ON commitments TO usher_app;
END $mig$;
