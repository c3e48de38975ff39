pub(crate) mod workspaces;
