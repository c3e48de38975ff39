DO $mig$ BEGIN
  -- How many resources a list has, in order: each row says how many there are after the row before it, up to its own
  -- id. What comes after the last one is counted when it is asked for: it is some hundreds. So the number of all, and
  -- of those before one, is known without counting them. List 1 has the users, list 2 the groups.
  CREATE TABLE milestones (
    tenant_id uuid NOT NULL,
    list smallint NOT NULL,
    last_id uuid NOT NULL,
    resources bigint NOT NULL,
    PRIMARY KEY (tenant_id, list, last_id)
  );
  PERFORM app_distribute('milestones');
  PERFORM app_protect('milestones');
  INSERT INTO milestones (tenant_id, list, last_id, resources)
  SELECT tenant_id, 1, user_id, 500
  FROM (SELECT tenant_id, user_id, row_number() OVER (PARTITION BY tenant_id ORDER BY user_id) AS n FROM users) u
  WHERE n % 500 = 0
  UNION ALL
  SELECT tenant_id, 2, group_id, 500
  FROM (SELECT tenant_id, group_id, row_number() OVER (PARTITION BY tenant_id ORDER BY group_id) AS n FROM groups) g
  WHERE n % 500 = 0;

  -- The last milestone of each list: a write that adds or removes a resource up to there changes one of them. And the
  -- number of the change at which those after it were counted last.
  ALTER TABLE heads ADD COLUMN users_until uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
  ALTER TABLE heads ADD COLUMN groups_until uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
  ALTER TABLE heads ADD COLUMN users_counted_at bigint NOT NULL DEFAULT 0;
  ALTER TABLE heads ADD COLUMN groups_counted_at bigint NOT NULL DEFAULT 0;
  UPDATE heads h SET users_until = m.last_id FROM (
    SELECT DISTINCT ON (tenant_id) tenant_id, last_id FROM milestones WHERE list = 1 ORDER BY tenant_id, last_id DESC) m
  WHERE m.tenant_id = h.tenant_id;
  UPDATE heads h SET groups_until = m.last_id FROM (
    SELECT DISTINCT ON (tenant_id) tenant_id, last_id FROM milestones WHERE list = 2 ORDER BY tenant_id, last_id DESC) m
  WHERE m.tenant_id = h.tenant_id;

  -- Where the last pages of a list by index ended: a page by index begins where the one before it ended, whoever was
  -- deleted meanwhile. `listing` is a digest of what is asked and by whom; `cursors` are sealed as those of clients are.
  CREATE TABLE list_positions (
    tenant_id uuid NOT NULL,
    listing bytea NOT NULL,
    indexes bigint[] NOT NULL,
    cursors text[] NOT NULL,
    remembered_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, listing)
  );
  PERFORM app_distribute('list_positions');
  PERFORM app_protect('list_positions');
END $mig$;
