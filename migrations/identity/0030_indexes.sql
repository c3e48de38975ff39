DO $mig$ BEGIN
  -- Indexes from which every plan takes the right one, whatever statistics there are. A plan may be made while a
  -- table is empty and used for days, so an index must not be usable where it is not the right one:
  --
  -- * it begins with what tells rows apart and ends with the workspace. With an index that begins with the workspace
  --   all rows of a workspace can be read for one of them;
  -- * besides primary keys it has only rows in which its first column is not NULL: a statement that says nothing
  --   about that column can't use it;
  -- * one index begins with the workspace, for what reads a whole workspace in order, and only a statement that
  --   says created_at > '-infinity' can use it. That is always true.
  ALTER TABLE users_kept_apart DROP CONSTRAINT users_kept_apart_user;
  ALTER TABLE group_members DROP CONSTRAINT group_members_group;
  ALTER TABLE group_members DROP CONSTRAINT group_members_user;
  ALTER TABLE group_members DROP CONSTRAINT group_members_subgroup;

  ALTER TABLE users DROP CONSTRAINT users_pkey;
  ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (user_id, tenant_id);
  ALTER TABLE users DROP CONSTRAINT users_tenant_user_name_key;
  CREATE UNIQUE INDEX users_tenant_user_name_key ON users (user_name_key, tenant_id) WHERE user_name_key IS NOT NULL;
  DROP INDEX users_external_id;
  CREATE INDEX users_external_id ON users (external_id, tenant_id) WHERE external_id IS NOT NULL;
  DROP INDEX users_work_email;
  CREATE INDEX users_work_email ON users (work_email_key, tenant_id) WHERE work_email_key IS NOT NULL;
  DROP INDEX users_display_name;
  CREATE INDEX users_display_name ON users (display_name_key, tenant_id) WHERE display_name_key IS NOT NULL;
  DROP INDEX users_person;
  CREATE INDEX users_person ON users (person_key, tenant_id) WHERE person_key IS NOT NULL;
  DROP INDEX users_several_work_emails;
  CREATE INDEX users_several_work_emails ON users (tenant_id, user_id) WHERE several_work_emails;
  DROP INDEX users_other_emails;
  CREATE INDEX users_other_emails ON users (tenant_id, user_id) WHERE other_emails;
  CREATE INDEX users_in_order ON users (tenant_id, user_id) WHERE created_at > '-infinity';

  ALTER TABLE deleted_users DROP CONSTRAINT deleted_users_pkey;
  ALTER TABLE deleted_users ADD CONSTRAINT deleted_users_pkey PRIMARY KEY (user_id, tenant_id);
  DROP INDEX deleted_users_external_id;
  CREATE INDEX deleted_users_external_id ON deleted_users (external_id, tenant_id) WHERE external_id IS NOT NULL;
  DROP INDEX deleted_users_user_name;
  CREATE INDEX deleted_users_in_order ON deleted_users (tenant_id, user_id) WHERE deleted_at > '-infinity';
  CREATE INDEX deleted_users_user_name ON deleted_users (user_name_key, tenant_id) WHERE user_name_key IS NOT NULL;

  ALTER TABLE groups DROP CONSTRAINT groups_pkey;
  ALTER TABLE groups ADD CONSTRAINT groups_pkey PRIMARY KEY (group_id, tenant_id);
  ALTER TABLE groups DROP CONSTRAINT groups_tenant_display_name_key;
  CREATE UNIQUE INDEX groups_tenant_display_name_key ON groups (display_name_key, tenant_id)
    WHERE display_name_key IS NOT NULL;
  DROP INDEX groups_external_id;
  CREATE INDEX groups_external_id ON groups (external_id, tenant_id) WHERE external_id IS NOT NULL;
  CREATE INDEX groups_in_order ON groups (tenant_id, group_id) WHERE created_at > '-infinity';

  ALTER TABLE group_members DROP CONSTRAINT group_members_pkey;
  ALTER TABLE group_members ADD CONSTRAINT group_members_pkey PRIMARY KEY (group_id, member_id, tenant_id);
  DROP INDEX group_members_user;
  CREATE INDEX group_members_user ON group_members (user_id, tenant_id) WHERE user_id IS NOT NULL;
  DROP INDEX group_members_subgroup;
  CREATE INDEX group_members_subgroup ON group_members (subgroup_id, tenant_id) WHERE subgroup_id IS NOT NULL;
  -- The groups in a group, for a statement that says that they are above the nil id, so as to read no users.
  CREATE INDEX group_members_below ON group_members (group_id, subgroup_id, tenant_id)
    WHERE subgroup_id > '00000000-0000-0000-0000-000000000000';
  ALTER TABLE group_members ADD CONSTRAINT group_members_group
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, group_id) ON DELETE CASCADE;
  ALTER TABLE group_members ADD CONSTRAINT group_members_user
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE;
  ALTER TABLE group_members ADD CONSTRAINT group_members_subgroup
    FOREIGN KEY (tenant_id, subgroup_id) REFERENCES groups (tenant_id, group_id) ON DELETE CASCADE;
  ALTER TABLE users_kept_apart ADD CONSTRAINT users_kept_apart_user
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE;

  -- A group that a user is in: as a member itself, or as a member of a group in it.
  CREATE TYPE membership AS (group_id uuid, display text, direct boolean);
END $mig$;
