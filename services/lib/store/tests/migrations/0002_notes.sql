DO $mig$ BEGIN
  CREATE TABLE notes (tenant_id uuid NOT NULL, note text NOT NULL, PRIMARY KEY (tenant_id, note));
  PERFORM app_distribute('notes');
  PERFORM app_protect('notes');
  CREATE FUNCTION first_note(p_tenant uuid) RETURNS TABLE (note text) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM app_set_tenant(p_tenant);
    RETURN QUERY SELECT n.note FROM notes n WHERE n.tenant_id = p_tenant ORDER BY 1 LIMIT 1;
  END $$;
END $mig$;
