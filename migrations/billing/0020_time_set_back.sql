DO $mig$ BEGIN
  -- An epoch sets time back where a clock had leapt ahead: the states of these numbers, which say that they are
  -- effective after it, count from it on instead, a microsecond after each other. NULL where it sets nothing back.
  ALTER TABLE epochs ADD COLUMN set_back_to timestamptz;
  ALTER TABLE epochs ADD COLUMN moved_from bigint;
  ALTER TABLE epochs ADD COLUMN moved_until bigint;
  ALTER TABLE epochs ADD CONSTRAINT epochs_set_back_as_a_whole
    CHECK (num_nulls(set_back_to, moved_from, moved_until) IN (0, 3));
END $mig$;
