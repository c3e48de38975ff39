DO $mig$ BEGIN
  -- Counts restores and failovers; billing books what differs when it goes up.
  ALTER TABLE heads ADD COLUMN epoch bigint NOT NULL DEFAULT 1;

  -- What billing allows, copied here so that it holds while billing is down, and is judged in the
  -- transaction that takes the seat. No row: no limit.
  CREATE TABLE seat_limits (
    tenant_id uuid NOT NULL,
    pool text NOT NULL,
    version bigint NOT NULL,
    quantity bigint,
    policy text NOT NULL,
    PRIMARY KEY (tenant_id, pool)
  );
  PERFORM app_distribute('seat_limits');
  PERFORM app_protect('seat_limits', 'SELECT, INSERT, UPDATE');
END $mig$;
