DO $mig$ BEGIN
  -- What admins and operators did, written in the transaction of what it tells. The runtime role can add entries and
  -- neither change nor delete them. What concerns no workspace is under the nil id.
  CREATE TABLE audit_entries (
    tenant_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    request_id text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (tenant_id, entry_id)
  );
  PERFORM app_distribute('audit_entries');
  PERFORM app_protect('audit_entries', 'SELECT, INSERT');

  -- Credentials signed until then have ended.
  ALTER TABLE admins ADD COLUMN sessions_ended_at timestamptz;
  GRANT DELETE ON admins TO usher_app;
END $mig$;
