-- Functions only.

-- Appends entries to a workspace's provisioning log: one statement, one transaction, one round trip. Entries that
-- are there stay. Without the workspace nothing is stored.
CREATE FUNCTION append_log_entries(p_tenant uuid, p_entries jsonb)
RETURNS TABLE (workspace_exists boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  IF NOT EXISTS (SELECT 1 FROM workspaces w WHERE w.tenant_id = p_tenant) THEN
    RETURN QUERY SELECT false;
    RETURN;
  END IF;
  INSERT INTO provisioning_log (tenant_id, entry_id, logged_at, app_id, token_id, method, path, resource_type,
    resource_id, name, external_id, about, attributes, status, scim_type, reason, detail, request_id,
    client_request_id, bulk_index, duration_micros)
  SELECT p_tenant, e.entry_id, e.logged_at, e.app_id, e.token_id, e.method, e.path, e.resource_type,
    e.resource_id, e.name, e.external_id, e.about, e.attributes, e.status, e.scim_type, e.reason, e.detail,
    e.request_id, e.client_request_id, e.bulk_index, e.duration_micros
  FROM jsonb_to_recordset(p_entries) AS e (entry_id uuid, logged_at timestamptz, app_id uuid, token_id uuid,
    method text, path text, resource_type text, resource_id text, name text, external_id text, about text[],
    attributes text[], status int, scim_type text, reason text, detail text, request_id text,
    client_request_id text, bulk_index int, duration_micros bigint)
  ON CONFLICT (tenant_id, entry_id) DO NOTHING;
  RETURN QUERY SELECT true;
END $$;
