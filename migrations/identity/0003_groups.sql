DO $mig$ BEGIN
  CREATE TABLE groups (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    display_name text NOT NULL,
    -- Lower case: identity providers match groups by name without case.
    display_name_key text NOT NULL,
    external_id text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, group_id)
  );
  PERFORM app_distribute('groups');
  ALTER TABLE groups ADD CONSTRAINT groups_tenant_display_name_key UNIQUE (tenant_id, display_name_key);
  CREATE INDEX groups_external_id ON groups (tenant_id, external_id) WHERE external_id IS NOT NULL;
  PERFORM app_protect('groups');

  -- Who is in a group: one row a member, a user or another group.
  CREATE TABLE group_members (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    member_id uuid NOT NULL,
    user_id uuid,
    subgroup_id uuid,
    -- What the client calls the member; NULL where it did not say, and the member's own name is shown.
    display text,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, group_id, member_id),
    CHECK (num_nonnulls(user_id, subgroup_id) = 1 AND member_id = coalesce(user_id, subgroup_id))
  );
  PERFORM app_distribute('group_members');
  ALTER TABLE group_members ADD CONSTRAINT group_members_group
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, group_id) ON DELETE CASCADE;
  ALTER TABLE group_members ADD CONSTRAINT group_members_user
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE;
  ALTER TABLE group_members ADD CONSTRAINT group_members_subgroup
    FOREIGN KEY (tenant_id, subgroup_id) REFERENCES groups (tenant_id, group_id) ON DELETE CASCADE;
  CREATE INDEX group_members_user ON group_members (tenant_id, user_id) WHERE user_id IS NOT NULL;
  CREATE INDEX group_members_subgroup ON group_members (tenant_id, subgroup_id) WHERE subgroup_id IS NOT NULL;
  PERFORM app_protect('group_members', 'SELECT, INSERT, DELETE');

  -- The workspace's own attributes of users.
  CREATE TABLE custom_attributes (
    tenant_id uuid NOT NULL,
    name_key text NOT NULL,
    name text NOT NULL,
    type smallint NOT NULL,
    description text NOT NULL,
    case_exact boolean NOT NULL,
    canonical_values text[] NOT NULL,
    PRIMARY KEY (tenant_id, name_key)
  );
  PERFORM app_distribute('custom_attributes');
  PERFORM app_protect('custom_attributes', 'SELECT, INSERT, DELETE');
END $mig$;
