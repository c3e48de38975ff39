-- Functions only.

-- The groups that a user is in, as before. Its plans are made once: planned for each list of groups, a look-up of
-- somebody in ten groups costs five times one of somebody in none. Where no group of the workspace is in another, which
-- one probe tells, nothing is above the groups.
CREATE OR REPLACE FUNCTION memberships(p_tenant uuid, p_user uuid) RETURNS membership[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_direct uuid[] := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user);
  v_all uuid[] := v_direct;
  v_above uuid[] := v_direct;
BEGIN
  IF v_direct = '{}' THEN
    RETURN '{}';
  END IF;
  IF EXISTS (
    SELECT 1 FROM group_members m
    WHERE m.tenant_id = p_tenant AND m.subgroup_id IS NOT NULL AND m.added_at > '-infinity')
  THEN
    WHILE v_above <> '{}' LOOP
      v_above := ARRAY(SELECT DISTINCT m.group_id FROM unnest(v_above) a (id) CROSS JOIN LATERAL (
        SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = a.id OFFSET 0) m
        WHERE m.group_id <> ALL (v_all));
      v_all := v_all || v_above;
    END LOOP;
  END IF;
  RETURN ARRAY(
    SELECT ROW (g.group_id, g.display_name, g.group_id = ANY (v_direct))::membership
    FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = ANY (v_all));
END $$;
