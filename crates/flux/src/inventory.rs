use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The objects that a Kustomization has applied: what it may delete when they leave the build.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceInventory {
    /// The objects.
    pub entries: Vec<ResourceRef>,
}

/// One object of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ResourceRef {
    /// `<namespace>_<name>_<group>_<kind>`.
    pub id: String,
    /// The version of the API that the object was applied with.
    #[serde(rename = "v")]
    pub version: String,
}
