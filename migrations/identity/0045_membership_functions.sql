-- Functions only.

-- The groups that a user is in, as before. The plans are made once: when they were made for each list of groups, reading
-- a user in ten groups cost five times as much as reading a user in none. One probe tells whether the workspace has
-- nested groups; where it has none, the parents of groups are not looked for.
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
