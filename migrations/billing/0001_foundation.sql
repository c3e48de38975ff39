-- What every service's schema is built with. The same file in each of the three databases.
-- Functions only, so the file may have several statements.

-- Sets the tenant for row-level security until the transaction ends. SET LOCAL by EXECUTE, never
-- set_config(): a distributed PostgreSQL forwards only the former to its workers.
CREATE FUNCTION app_set_tenant(p_tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SET LOCAL app.tenant_id = %L', p_tenant);
END $$;

-- The tenant that was set; NULL, which matches no row, where none was.
CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('app.tenant_id', true), '')::uuid
$$;

-- Distributes a new table on a distributed PostgreSQL; on a plain one it does nothing.
CREATE FUNCTION app_distribute(p_table text, p_class text DEFAULT 'tenant') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
    RETURN;
  ELSIF p_class = 'tenant' THEN
    EXECUTE format('SELECT create_distributed_table(%L, ''tenant_id'')', p_table);
  ELSIF p_class = 'reference' THEN
    EXECUTE format('SELECT create_reference_table(%L)', p_table);
  END IF;
END $$;

-- Fences a tenant table: row-level security, and the runtime role's rights. ENABLE, not FORCE:
-- the runtime role never owns the table, and FORCE blocks online shard moves.
CREATE FUNCTION app_protect(p_table text, p_rights text DEFAULT 'SELECT, INSERT, UPDATE, DELETE')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant())', p_table);
  EXECUTE format('GRANT %s ON %I TO usher_app', p_rights, p_table);
END $$;
