//! A real PostgreSQL with TLS.

use std::net::Ipv4Addr;
use std::time::Duration;

use usher_store::{Database, DatabaseConfig, service_role};
use usher_testing::Authority;
use usher_testing::{encrypted_cluster, temporary_directory};

use super::{program, text};

/// Whether a connection succeeds, and is encrypted.
async fn is_encrypted(url: String) -> Result<bool, usher_store::Error> {
    let database = Database::open(&DatabaseConfig {
        url,
        max_connections: 1,
        statement_timeout: Duration::from_secs(2),
        application: "test",
    })?;
    let mut tx = database.global().await?;
    let encrypted = sqlx::query_scalar("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    Ok(encrypted.fetch_one(tx.conn()).await?)
}

#[tokio::test]
async fn a_database_has_to_prove_that_it_is_the_host_of_its_url() {
    let (folder, ours, theirs) = (temporary_directory(), Authority::default(), Authority::default());
    let directory = folder.path();
    // Each test process has its own addresses, on which port 5432 is free.
    let [.., high, low] = std::process::id().to_be_bytes();
    let (named, other) = (Ipv4Addr::new(127, 77, high, low), Ipv4Addr::new(127, 78, high, low));
    let pair = ours.sign_for(&[&named.to_string()], directory, "server");
    let (ca, foreign) = (text(&ours.write(directory, "ca")), text(&theirs.write(directory, "foreign")));
    let cluster =
        encrypted_cluster(&directory.join("pg"), &[named, other], (&pair.certificate, &pair.key)).await;
    for service in ["tenant", "identity", "billing"] {
        cluster.ensure_database(&format!("usher_{service}")).await.unwrap();
    }
    let url = |host: Ipv4Addr, role: &str, service: &str, ca: &str| {
        format!("postgres://{role}@{host}/usher_{service}?sslmode=verify-full&sslrootcert={ca}")
    };
    let tenant = |host, ca| url(host, "usher_tenant", "tenant", ca);

    assert!(is_encrypted(tenant(named, &ca)).await.unwrap());
    for (why, refused) in [
        ("another authority", tenant(named, &foreign)),
        ("another host", tenant(other, &ca)),
        ("no encryption", format!("{}&sslmode=verify-full", cluster.url("usher_tenant", "usher_tenant"))),
    ] {
        assert!(is_encrypted(refused).await.is_err(), "{why}");
    }

    let mut arguments = vec!["migrate".to_owned()];
    for service in ["tenant", "identity", "billing"] {
        for (setting, role) in
            [("database_url", service_role(service)), ("owner_database_url", "usher_owner".to_owned())]
        {
            let url = url(named, &role, service, &ca);
            arguments.extend(["--set".to_owned(), format!("{service}.{setting}={url}")]);
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (migrated, why) = program::run(&arguments).await;
    assert!(migrated.is_some(), "{why}");
    cluster.stop().await;
}
