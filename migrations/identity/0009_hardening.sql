-- Closes what PostgreSQL leaves open. The same file in each of the three databases. Functions only.

-- Refuses work on a workspace's data before its tenant is set. The code is one that callers try again on.
CREATE FUNCTION app_no_tenant() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RAISE EXCEPTION 'no tenant is set; the transaction must begin with app_set_tenant' USING ERRCODE = '58000';
END $$;

-- The tenant that was set. It raises where none was: no row at all would look like an empty workspace.
CREATE OR REPLACE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, app_no_tenant())
$$;

-- Takes from PUBLIC what PostgreSQL gives it by default, and gives the runtime role what it needs by name.
-- A function that runs as its owner finds built-in names first and temporary ones last, so that its caller
-- can't put a table or function of its own in the place of ours. `usher migrate` calls it after every run, and
-- the owner's default rights close what is added later as well.
CREATE FUNCTION app_harden() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_function record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('app_harden'));
  EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO usher_app;
  FOR v_function IN
    SELECT p.oid::regprocedure AS name, p.prosecdef AND p.proconfig IS DISTINCT FROM
        ARRAY['search_path=pg_catalog, public, pg_temp'] AS unsafe,
      NOT has_function_privilege('usher_app', p.oid, 'EXECUTE') OR EXISTS (
        SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0) AS open
    FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND pg_has_role(p.proowner, 'USAGE')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  LOOP
    IF v_function.open THEN
      EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', v_function.name);
      EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO usher_app', v_function.name);
    END IF;
    IF v_function.unsafe THEN
      EXECUTE format('ALTER ROUTINE %s RESET ALL', v_function.name);
      EXECUTE format('ALTER ROUTINE %s SET search_path = pg_catalog, public, pg_temp', v_function.name);
    END IF;
  END LOOP;
END $$;
