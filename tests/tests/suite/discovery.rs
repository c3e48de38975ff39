//! Compares `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` with each other and with the behaviour.

use usher_tests::stack::Stack;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovery_lists_what_exists() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();

    let config = scim.get("/ServiceProviderConfig").await;
    config
        .assert_status(200)
        .assert_media_type()
        .assert_at("/patch/supported", true)
        .assert_at("/etag/supported", true);
    let types = scim.get("/ResourceTypes").await;
    assert!(types.assert_status(200).body["totalResults"].as_u64().unwrap() >= 1);
    let schemas = scim.get("/Schemas").await;
    schemas.assert_status(200);
    for document in [&types, &schemas].iter().flat_map(|list| list.body["Resources"].as_array().unwrap()) {
        let location = document["meta"]["location"].as_str().unwrap();
        let path = location.strip_prefix(scim.base()).unwrap();
        assert_eq!(&scim.get(path).await.assert_status(200).body, document);
    }
    for kind in types.body["Resources"].as_array().unwrap() {
        scim.get(kind["endpoint"].as_str().unwrap()).await.assert_status(200);
        let extensions =
            kind["schemaExtensions"].as_array().unwrap().iter().map(|extension| &extension["schema"]);
        for urn in extensions.chain([&kind["schema"]]) {
            scim.get(&format!("/Schemas/{}", urn.as_str().unwrap())).await.assert_status(200);
        }
    }
}
