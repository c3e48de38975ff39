DO $mig$ BEGIN
  -- Indexes from which every plan of a token check takes the right one, whatever statistics there are: they begin with
  -- what tells rows apart and end with the workspace, so that none of them reads a whole workspace for one row. A secondary one has a condition that only a statement
  -- about its first column meets.
  ALTER TABLE tokens DROP CONSTRAINT tokens_app_fkey;
  ALTER TABLE tokens DROP CONSTRAINT tokens_pkey;
  ALTER TABLE tokens ADD CONSTRAINT tokens_pkey PRIMARY KEY (token_id, tenant_id);
  ALTER TABLE tokens DROP CONSTRAINT tokens_tenant_lookup_key;
  CREATE UNIQUE INDEX tokens_tenant_lookup_key ON tokens (lookup_id, tenant_id) WHERE lookup_id IS NOT NULL;
  DROP INDEX tokens_app;
  CREATE INDEX tokens_app ON tokens (app_id, tenant_id) WHERE app_id IS NOT NULL;
  ALTER TABLE apps DROP CONSTRAINT apps_pkey;
  ALTER TABLE apps ADD CONSTRAINT apps_pkey PRIMARY KEY (app_id, tenant_id);
  ALTER TABLE tokens ADD CONSTRAINT tokens_app_fkey FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id);
END $mig$;
