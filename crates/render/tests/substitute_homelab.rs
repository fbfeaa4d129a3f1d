//! The example repository, built and substituted, against what kustomize-controller makes of it.

use std::error::Error;
use std::path::Path;

use serde_json::{Value, json};
use windlass_manifest::{DirTree, Manifest, TreePath};
use windlass_render::substitute::{Options, Variables, substitute_all};
use windlass_render::{Amendments, BuildOptions, build};
use windlass_testbed::{Oracle, Tool, require_peers};

#[test]
fn the_homelab_comes_out_as_flux_builds_it() -> Result<(), Box<dyn Error>> {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab");
    let tree = DirTree::open(&root)?;
    let built = |path: &str| {
        build(&tree, &TreePath::new(path)?, &BuildOptions::flux(&Amendments::default())).map_err(Box::<dyn Error>::from)
    };
    let mut objects = Vec::new();
    for cluster in ["clusters/home", "clusters/staging"] {
        let flux = built(cluster)?.manifests;
        for kustomization in flux.iter().filter(|object| object.kind() == "Kustomization") {
            let path = kustomization.get(&["spec", "path"]).and_then(Value::as_str).ok_or("a path")?;
            let variables = variables_of(kustomization, &flux)?;
            let options = Options { mark_sensitive: false, ..Options::default() };
            let ours = substitute_all(&built(path.trim_start_matches("./"))?.manifests, &variables, &options)
                .map_err(|faults| format!("{faults:?}"))?;
            let vars: serde_json::Map<_, _> =
                variables.names().map(|name| (name.to_owned(), Value::from(variables.get(name)))).collect();
            let question = json!({
                "root": root, "strict": true, "vars": vars,
                "kustomization": {
                    "apiVersion": kustomization.api_version(), "kind": "Kustomization",
                    "metadata": {"name": kustomization.name(), "namespace": "flux-system"},
                    "spec": {"path": path, "postBuild": {"substitute": {}}},
                },
            });
            let theirs = oracle.ask_json("build", question)??;
            let printed = windlass_yaml::print_documents(ours.manifests.iter().map(Manifest::value));
            assert_eq!(printed, theirs, "{cluster} {path}");
            objects.push(ours.manifests.len());
        }
    }
    assert_eq!(objects, [7, 20, 5, 32, 6, 20, 14]);
    Ok(())
}

/// What the settings say; the secrets are encrypted here, so each has its own name as its value.
fn variables_of(kustomization: &Manifest, flux: &[Manifest]) -> Result<Variables, Box<dyn Error>> {
    let mut variables = Variables::new();
    let Some(post_build) = kustomization.get(&["spec", "postBuild"]) else { return Ok(variables) };
    for from in post_build["substituteFrom"].as_array().into_iter().flatten() {
        let named = |object: &&Manifest| *object.kind() == from["kind"] && *object.name() == from["name"];
        let Some(object) = flux.iter().find(named) else { continue };
        for (name, value) in object.get(&["data"]).and_then(Value::as_object).into_iter().flatten() {
            variables.insert(name, value.as_str().unwrap_or_default())?;
        }
        for name in object.get(&["stringData"]).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name) {
            variables.insert_secret(name, name)?;
        }
    }
    for (name, value) in post_build["substitute"].as_object().into_iter().flatten() {
        variables.insert(name, value.as_str().unwrap_or_default())?;
    }
    Ok(variables)
}
