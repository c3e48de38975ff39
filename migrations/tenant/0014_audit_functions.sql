-- Functions only.

-- Adds an entry about what concerns no workspace to the transaction of what it tells.
CREATE FUNCTION audit_installation(p_entry uuid, p_at timestamptz, p_actor text, p_action text, p_target text,
                                   p_request text, p_detail jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_nowhere CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
  PERFORM app_set_tenant(v_nowhere);
  INSERT INTO audit_entries (tenant_id, entry_id, at, actor, action, target, request_id, detail)
  VALUES (v_nowhere, p_entry, p_at, p_actor, p_action, p_target, p_request, p_detail);
END $$;
