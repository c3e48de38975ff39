//! Database addresses that were swapped.

use usher::role::Role;
use usher::{listeners, roles};
use usher_rpc::Tasks;
use usher_store::MigrateError;
use usher_tests::stack::Stack;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_service_starts_on_anothers_database_and_each_says_which_address_is_wrong() {
    let stack = Stack::start().await;
    let databases = stack.databases();

    for (role, name, other) in [
        (Role::Tenant, "tenant", &databases.identity),
        (Role::Identity, "identity", &databases.billing),
        (Role::Billing, "billing", &databases.tenant),
    ] {
        let settings = stack.settings_with(name, other);
        let bound = listeners::bind(role, &settings).await.unwrap();
        let refused = roles::start(role, &settings, bound, &Tasks::new()).await.unwrap_err();

        let message = format!("{refused:#}");
        assert!(message.contains(&format!("{name}.database_url")), "{message}");
        assert!(message.contains("another service's database"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_database_is_migrated_to_anothers_schema() {
    let stack = Stack::start().await;

    let url = stack.databases().tenant.owner_url();
    let refused = usher_store::migrate(&url, &usher_identity::MIGRATOR).await.unwrap_err();

    assert!(matches!(refused, MigrateError::Foreign(_)), "{refused:?}");
}
