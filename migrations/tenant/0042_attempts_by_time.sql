DO $mig$ BEGIN
  -- Finds what faded long ago. Attempts of all workspaces are pruned together.
  CREATE INDEX sign_in_attempts_failed_at ON sign_in_attempts (failed_at);
END $mig$;
