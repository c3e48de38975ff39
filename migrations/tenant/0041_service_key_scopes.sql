DO $mig$ BEGIN
  -- What a key permits where that was chosen, the one workspace that it is for, and its end; NULL where it follows from
  -- the name, where it is for all workspaces, and where there is none.
  ALTER TABLE service_keys ADD COLUMN scopes text[], ADD COLUMN workspace_id uuid, ADD COLUMN expires_at timestamptz;
END $mig$;
