pub(crate) mod turns;
