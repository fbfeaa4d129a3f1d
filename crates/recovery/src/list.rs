//! Reading all objects of a kind, page by page.

use std::time::Duration;

use kube::Client;
use kube::api::{DynamicObject, ListParams, Resource as _};
use kube::core::Request;
use serde_json::Value;
use windlass_manifest::{Manifest, Origin};
use zeroize::Zeroizing;

use crate::kinds::ObjectKind;

/// How many objects are asked for at a time: enough for most kinds of a home cluster, little enough for memory.
const PAGE: u32 = 500;
/// How often a list is begun again because its revision was gone before its end.
const ATTEMPTS: usize = 3;
/// How long one page may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Shows every object of a kind to `see`, once each, as the server has it but for `managedFields`.
///
/// A list whose revision expires on the way is begun anew; `see` is then told of a fresh start by `None`.
pub(crate) async fn each(
    client: &Client,
    kind: &ObjectKind,
    labels: Option<&str>,
    mut see: impl FnMut(Option<Manifest>),
) -> Result<(), kube::Error> {
    let path = Request::new(DynamicObject::url_path(&kind.resource, None));
    let mut attempts = 0;
    let mut next: Option<String> = None;
    loop {
        let mut params = ListParams::default().limit(PAGE);
        params.label_selector = labels.map(str::to_owned);
        params.continue_token.clone_from(&next);
        let request = path.list(&params).map_err(kube::Error::BuildRequest)?;
        let elapsed = |elapsed| kube::Error::Service(Box::new(elapsed));
        let answer = tokio::time::timeout(PATIENCE, client.request_text(request)).await.map_err(elapsed)?;
        let text = match answer {
            Ok(text) => Zeroizing::new(text),
            Err(kube::Error::Api(status)) if status.code == 410 && attempts < ATTEMPTS => {
                attempts += 1;
                next = None;
                see(None);
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut page: Value = serde_json::from_str(&text).map_err(kube::Error::SerdeError)?;
        drop(text);
        for object in page["items"].as_array_mut().into_iter().flatten().map(Value::take) {
            if let Some(manifest) = whole(kind, object) {
                see(Some(manifest));
            }
        }
        next = page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(());
        }
    }
}

/// An item of a list as an object of its own: items do not say what they are.
fn whole(kind: &ObjectKind, mut object: Value) -> Option<Manifest> {
    let fields = object.as_object_mut()?;
    fields.insert("apiVersion".to_owned(), kind.resource.api_version.clone().into());
    fields.insert("kind".to_owned(), kind.resource.kind.clone().into());
    object["metadata"].as_object_mut()?.shift_remove("managedFields");
    Manifest::new(object, Origin::unknown()).ok()
}
