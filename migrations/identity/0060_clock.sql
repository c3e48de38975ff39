-- What time it is, in a function of its own, which dev mode replaces where its clock is moved; the services refuse to
-- serve from a database in which it is another than here. Functions only.

CREATE FUNCTION app_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- The time at which somebody leaves.
CREATE OR REPLACE FUNCTION time_of_leaving(p_now timestamptz) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_clock timestamptz := app_clock();
BEGIN
  RETURN CASE WHEN p_now > v_clock + interval '5 seconds' THEN v_clock ELSE p_now END;
END $$;

-- Raises US004 for a time that is ahead.
CREATE OR REPLACE FUNCTION refuse_time_ahead(p_now timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_clock timestamptz := app_clock();
BEGIN
  IF p_now > v_clock + interval '5 seconds' THEN
    RAISE EXCEPTION 'the time of the write is % ahead of the database''s clock', p_now - v_clock USING ERRCODE = 'US004';
  END IF;
END $$;
