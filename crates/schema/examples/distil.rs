//! Makes `src/builtin.txt`, the table of the built-in kinds, from what an API server says of itself.
//!
//! ```text
//! kubectl get --raw /version > version.json
//! kubectl get --raw /openapi/v3/api/v1 > v3_api_v1.json          (and so on for each path of /openapi/v3)
//! curl -H 'Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' …/api  > api.json
//! curl -H 'Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' …/apis > apis.json
//! cargo run -p windlass-schema --example distil -- version.json api.json apis.json v3_*.json > crates/schema/src/builtin.txt
//! ```
//!
//! Each file is known by its content, so their order and names do not matter; what is none of the three is passed over.
//! The server must have no custom resource definitions: they belong to a cluster, not to the table.

use std::error::Error;
use std::io::Write;
use std::{env, fs, io};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut openapi, mut discovery, mut version) = (Vec::new(), Vec::new(), None);
    for path in env::args().skip(1) {
        let document: Value = serde_json::from_slice(&fs::read(&path)?).map_err(|error| format!("{path}: {error}"))?;
        if let Some(found) = document.get("gitVersion").and_then(Value::as_str) {
            version = Some(found.to_owned());
        } else if document["kind"] == "APIGroupDiscoveryList" {
            discovery.push(document);
        } else if document.get("openapi").is_some() || document.get("swagger").is_some() {
            openapi.push(document);
        }
    }
    let version = version.ok_or("none of the files is the server's /version")?;
    let table = windlass_schema::distil(&openapi, &discovery, &version)?;
    io::stdout().write_all(table.as_bytes())?;
    Ok(())
}
