DO $mig$ BEGIN
  -- Until when the relay lets a workspace rest whose events billing refused, so that it asks neither billing
  -- without a pause nor stands in the way of others.
  ALTER TABLE relays ADD COLUMN rest_until timestamptz;
END $mig$;
