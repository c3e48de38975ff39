//! Usher as a whole: the four roles over their real sockets, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod billing;
mod books;
mod clock;
mod command_line;
mod concurrency;
mod connections;
mod costly_input;
mod crash;
mod cycles;
mod dependencies;
mod dev;
mod discovery;
mod domains;
mod erasure;
mod fence;
mod foreign_database;
mod grpc;
mod isolation;
mod leaving;
mod limit_relay;
mod limits;
mod page_size;
mod protocol;
mod provenance;
mod provisioning_log;
mod reference;
mod relay;
mod reports;
mod scim2_server;
mod scim2_tester;
mod seats;
mod sign_in;
mod signing_keys;
mod tokens;
mod users;
