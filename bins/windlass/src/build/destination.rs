//! Where a build is written to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use windlass_manifest::Manifest;
use windlass_render::Build;
use windlass_schema::{Schema, Scope};

use crate::output::Console;
use crate::trouble::Trouble;

/// Writes a build to stdout, to a file, or to a directory as one file per object.
pub(super) fn write(build: &Build, output: Option<&Path>, console: &Console) -> anyhow::Result<()> {
    match output {
        None => console.data(build.to_yaml().as_bytes())?,
        Some(directory) if directory.is_dir() => {
            for (name, text) in files(&build.manifests)? {
                write_file(&directory.join(name), &text)?;
            }
        }
        Some(file) => write_file(file, &build.to_yaml())?,
    }
    Ok(())
}

fn write_file(path: &Path, text: &str) -> Result<(), Trouble> {
    fs::write(path, text).map_err(|error| Trouble::new(format!("cannot write {}", path.display())).because(error))
}

/// One file per object, named as kustomize names it: `[namespace_][group_]version_kind_name.yaml` in lower case, with
/// the namespace only where the objects have more than one.
fn files(manifests: &[Manifest]) -> Result<BTreeMap<String, String>, Trouble> {
    let namespaces: BTreeSet<&str> = manifests.iter().filter_map(namespace).collect();
    let mut files = BTreeMap::new();
    for manifest in manifests {
        let namespace = namespace(manifest).filter(|_| namespaces.len() > 1);
        let gvk = manifest.gvk();
        let parts = [namespace.unwrap_or_default(), &gvk.group, &gvk.version, &gvk.kind, manifest.name()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let name = format!("{}.yaml", parts.join("_").to_lowercase().replace('/', "-"));
        if files.insert(name.clone(), windlass_yaml::print(manifest.value())).is_some() {
            return Err(Trouble::new(format!("two objects would be written to one file, {name}")));
        }
    }
    Ok(files)
}

/// The namespace that kustomize counts an object to; `None` for cluster-scoped ones.
fn namespace(manifest: &Manifest) -> Option<&str> {
    let gvk = manifest.gvk();
    let scope = Schema::builtin().kind(&gvk.group, &gvk.version, &gvk.kind).map(|kind| kind.scope());
    if scope == Some(Scope::Cluster) { None } else { Some(manifest.namespace().unwrap_or("default")) }
}

#[cfg(test)]
mod tests {
    use windlass_manifest::read_manifests;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        files(&read_manifests(text, "f.yaml").unwrap()).unwrap().into_keys().collect()
    }

    #[test]
    fn the_namespace_is_named_where_there_is_more_than_one() {
        let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: Web, namespace: shop}\n---\n\
                   apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
        assert_eq!(names(web), ["apps_v1_deployment_web.yaml", "v1_namespace_shop.yaml"]);
        let more = format!("{web}---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\n");
        assert_eq!(
            names(&more),
            ["default_v1_service_web.yaml", "shop_apps_v1_deployment_web.yaml", "v1_namespace_shop.yaml"]
        );
    }
}
