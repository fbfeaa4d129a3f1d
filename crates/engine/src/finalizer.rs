//! The finalizer that keeps an object until its loop has cleaned up behind it.

use std::fmt::Debug;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;
use windlass_flux::well_known::FINALIZER;

use crate::Error;

/// How often a change is tried that somebody else's change of the object came before.
const TRIES: u32 = 5;

/// Puts the finalizer on `object` where it is missing.
pub(crate) async fn ensure<K>(api: &Api<K>, object: &K) -> Result<(), Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let with = |object: &K| {
        // On what is going away nobody may put one any more.
        let is_in_order = object.meta().deletion_timestamp.is_some() || object.finalizers().iter().any(is_ours);
        (!is_in_order).then(|| object.finalizers().iter().cloned().chain([FINALIZER.to_owned()]).collect())
    };
    change(api, object, with).await
}

/// Takes the finalizer off, so that the object can go.
pub(crate) async fn remove<K>(api: &Api<K>, object: &K) -> Result<(), Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let without = |object: &K| {
        let others = object.finalizers().iter().filter(|finalizer| !is_ours(finalizer)).cloned();
        object.finalizers().iter().any(is_ours).then(|| others.collect())
    };
    change(api, object, without).await
}

fn is_ours(finalizer: &String) -> bool {
    finalizer == FINALIZER
}

/// Gives `object` the finalizers that `wanted` says, if it says any.
async fn change<K>(api: &Api<K>, object: &K, wanted: impl Fn(&K) -> Option<Vec<String>>) -> Result<(), Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let (name, mut latest) = (object.name_any(), object.clone());
    let fault = || Error::api(format!("write the finalizers of {name}"));
    for tried in 1.. {
        let Some(finalizers) = wanted(&latest) else { break };
        // The resource version makes sure that nobody else's finalizer is lost between our reading and our writing.
        let patch = json!({"metadata": {"resourceVersion": latest.resource_version(), "finalizers": finalizers}});
        match api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Err(kube::Error::Api(status)) if status.code == 409 && tried < TRIES => {}
            Ok(_) => break,
            Err(kube::Error::Api(status)) if status.code == 404 => break,
            Err(error) => return Err(fault()(error)),
        }
        // Whoever made the root makes its objects too, and often while their own loops begin.
        match api.get_opt(&name).await.map_err(fault())? {
            Some(found) if found.uid() == object.uid() => latest = found,
            _ => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::api::{DeleteParams, PostParams};
    use windlass_apiserver::ApiServer;

    use super::*;

    async fn made(api: &Api<ConfigMap>) -> ConfigMap {
        let object = json!({"metadata": {"name": "a", "finalizers": ["example.test/theirs"]}});
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap()
    }

    async fn edit(api: &Api<ConfigMap>) {
        let edit = Patch::Merge(json!({"metadata": {"labels": {"edited": "meanwhile"}}}));
        api.patch("a", &PatchParams::default(), &edit).await.unwrap();
    }

    #[tokio::test]
    async fn a_change_by_somebody_else_comes_between_and_is_kept() {
        let server = ApiServer::new();
        let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
        let seen = made(&api).await;
        edit(&api).await;
        ensure(&api, &seen).await.unwrap();
        let marked = api.get("a").await.unwrap();
        assert_eq!(marked.finalizers(), ["example.test/theirs", FINALIZER]);
        assert_eq!(marked.labels()["edited"], "meanwhile");

        edit(&api).await;
        remove(&api, &marked).await.unwrap();
        assert_eq!(api.get("a").await.unwrap().finalizers(), ["example.test/theirs"]);
    }

    #[tokio::test]
    async fn another_object_of_the_same_name_and_one_that_goes_are_left_alone() {
        let server = ApiServer::new();
        let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
        let first = made(&api).await;
        api.delete("a", &DeleteParams::default()).await.unwrap();
        ensure(&api, &first).await.unwrap();
        assert_eq!(api.get("a").await.unwrap().finalizers(), ["example.test/theirs"]);

        let gone = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        api.patch("a", &PatchParams::default(), &gone).await.unwrap();
        let second = made(&api).await;
        ensure(&api, &second).await.unwrap();
        remove(
            &api,
            &ConfigMap {
                metadata: kube::core::ObjectMeta { finalizers: Some(vec![FINALIZER.to_owned()]), ..first.metadata },
                ..first
            },
        )
        .await
        .unwrap();
        assert_eq!(api.get("a").await.unwrap().finalizers(), ["example.test/theirs", FINALIZER]);
    }
}
