DO $mig$ BEGIN
  -- Whether a workspace has groups in groups, for a statement that says that they were added some time, which is always
  -- true: most workspaces have none.
  CREATE INDEX group_members_nested ON group_members (tenant_id)
    WHERE subgroup_id IS NOT NULL AND added_at > '-infinity';
END $mig$;
