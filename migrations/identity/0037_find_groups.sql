-- Functions only.

-- Groups by something that names them, at most 201: by 'id', 'display_name' or 'external_id'. In no order: the primary
-- key has them in order, and a plan that is made while there are none takes it in the place of a sort.
CREATE OR REPLACE FUNCTION find_groups(p_tenant uuid, p_by text, p_key text) RETURNS SETOF groups LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  CASE p_by
    WHEN 'id' THEN RETURN QUERY SELECT * FROM groups WHERE tenant_id = p_tenant AND group_id = p_key::uuid;
    WHEN 'display_name' THEN
      RETURN QUERY SELECT * FROM groups WHERE tenant_id = p_tenant AND display_name_key = p_key;
    WHEN 'external_id' THEN
      RETURN QUERY SELECT * FROM groups WHERE tenant_id = p_tenant AND external_id = p_key LIMIT 201;
  END CASE;
END $$;
