DO $mig$
DECLARE
  v_user record;
  v_group record;
BEGIN
  -- New keys; only names with blanks or other than ASCII characters have others than before. The oldest user gets one.
  FOR v_user IN
    SELECT u.tenant_id, u.user_id, user_name_key(u.user_name) AS key FROM users u
    WHERE u.user_name ~ '[^\x21-\x7e]' AND u.user_name_key <> user_name_key(u.user_name)
    ORDER BY u.tenant_id, u.user_id
  LOOP
    IF EXISTS (SELECT 1 FROM users u WHERE u.tenant_id = v_user.tenant_id AND u.user_name_key = v_user.key) THEN
      INSERT INTO users_kept_apart (tenant_id, user_id) VALUES (v_user.tenant_id, v_user.user_id);
    ELSE
      UPDATE users SET user_name_key = v_user.key WHERE tenant_id = v_user.tenant_id AND user_id = v_user.user_id;
    END IF;
  END LOOP;
  UPDATE deleted_users SET user_name_key = user_name_key(user_name_key)
  WHERE user_name_key ~ '[^\x21-\x7e]' AND user_name_key <> user_name_key(user_name_key);
  UPDATE users SET display_name_key = fold_text(display_name_key), work_email_key = fold_text(work_email_key)
  WHERE display_name_key <> fold_text(display_name_key) OR work_email_key <> fold_text(work_email_key);
  FOR v_group IN
    SELECT g.tenant_id, g.group_id, fold_text(g.display_name) AS key FROM groups g
    WHERE g.display_name_key <> fold_text(g.display_name) ORDER BY g.tenant_id, g.group_id
  LOOP
    UPDATE groups g SET display_name_key = v_group.key WHERE g.tenant_id = v_group.tenant_id AND g.group_id = v_group.group_id
      AND NOT EXISTS (SELECT 1 FROM groups o WHERE o.tenant_id = v_group.tenant_id AND o.display_name_key = v_group.key);
  END LOOP;

  -- Persons are counted, and not their users: what is billed.
  LOCK TABLE heads IN SHARE ROW EXCLUSIVE MODE;
  UPDATE heads h SET regular = c.regular, external = c.external, collaborator = c.collaborator
  FROM (
    SELECT p.tenant_id, count(*) FILTER (WHERE p.seat = 3) AS regular, count(*) FILTER (WHERE p.seat = 2) AS external,
      count(*) FILTER (WHERE p.seat = 1) AS collaborator
    FROM (
      SELECT u.tenant_id, u.person_key,
        max(CASE u.user_type WHEN 'Regular' THEN 3 WHEN 'External' THEN 2 ELSE 1 END) AS seat
      FROM users u WHERE u.active GROUP BY u.tenant_id, u.person_key
    ) p GROUP BY p.tenant_id
  ) c
  WHERE h.tenant_id = c.tenant_id
    AND (h.regular, h.external, h.collaborator) IS DISTINCT FROM (c.regular, c.external, c.collaborator);
END $mig$;
