DO $mig$ BEGIN
  -- What identity providers tried, and what came of it. Ids are in order of time.
  CREATE TABLE provisioning_log (
    tenant_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    logged_at timestamptz NOT NULL,
    app_id uuid,
    token_id uuid,
    method text NOT NULL,
    path text NOT NULL,
    resource_type text NOT NULL,
    resource_id text NOT NULL,
    name text NOT NULL,
    external_id text NOT NULL,
    -- Lower case, each once: what an admin looks for.
    about text[] NOT NULL,
    attributes text[] NOT NULL,
    status int NOT NULL,
    scim_type text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    request_id text NOT NULL,
    client_request_id text NOT NULL,
    bulk_index int NOT NULL,
    duration_micros bigint NOT NULL,
    PRIMARY KEY (tenant_id, entry_id)
  );
  PERFORM app_distribute('provisioning_log');
  CREATE INDEX provisioning_log_refused ON provisioning_log (tenant_id, entry_id) WHERE status >= 400;
  CREATE INDEX provisioning_log_about ON provisioning_log USING gin (about);
  CREATE INDEX provisioning_log_logged_at ON provisioning_log USING brin (logged_at);
  PERFORM app_protect('provisioning_log', 'SELECT, INSERT');
END $mig$;
