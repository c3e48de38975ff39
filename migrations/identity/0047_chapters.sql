DO $mig$ BEGIN
  -- Milestones are closer to each other, and 64 of them are a chapter, which says how many resources they have: lists 11
  -- and 12 are the chapters of lists 1 and 2. A page at any index of a million users then reads about a hundred rows.
  -- Each chapter ends with a milestone. The functions
  -- that keep chapters are there already, so that no write between the two is left out. The lock keeps writers from counting until the counts are made anew.
  LOCK TABLE heads IN EXCLUSIVE MODE;
  DELETE FROM milestones;
  INSERT INTO milestones (tenant_id, list, last_id, resources)
  SELECT tenant_id, 1, user_id, 128
  FROM (SELECT tenant_id, user_id, row_number() OVER (PARTITION BY tenant_id ORDER BY user_id) AS n FROM users) u
  WHERE n % 128 = 0
  UNION ALL
  SELECT tenant_id, 2, group_id, 128
  FROM (SELECT tenant_id, group_id, row_number() OVER (PARTITION BY tenant_id ORDER BY group_id) AS n FROM groups) g
  WHERE n % 128 = 0;
  INSERT INTO milestones (tenant_id, list, last_id, resources)
  SELECT tenant_id, list + 10, last_id, 64 * 128
  FROM (SELECT tenant_id, list, last_id, row_number() OVER (PARTITION BY tenant_id, list ORDER BY last_id) AS n FROM milestones) m
  WHERE n % 64 = 0;
  UPDATE heads h SET users_until = coalesce((SELECT m.last_id FROM milestones m
      WHERE m.tenant_id = h.tenant_id AND m.list = 1 ORDER BY m.last_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000'),
    groups_until = coalesce((SELECT m.last_id FROM milestones m
      WHERE m.tenant_id = h.tenant_id AND m.list = 2 ORDER BY m.last_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000');
END $mig$;
