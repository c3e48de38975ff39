-- Functions only.

-- Whether an app's ids never go to other people: for token checks.
CREATE FUNCTION stable_external_ids(p_tenant uuid, p_app uuid) RETURNS TABLE (stable boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT a.external_id_stable FROM apps a WHERE a.tenant_id = p_tenant AND a.app_id = p_app;
END $$;
