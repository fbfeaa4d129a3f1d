//! Builds from memory: the directories of `fixtures/homelab`, a generated overlay, printing, post-build substitution.

use std::hint::black_box;

use anyhow::ensure;
use criterion::{Criterion, Throughput};
use windlass_benches::{homelab, overlay};
use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::substitute::{self, Variables, substitute_all};
use windlass_render::{Amendments, BuildOptions, build};

fn main() -> anyhow::Result<()> {
    let tree = homelab::tree()?;
    let large = overlay::files(100).into_iter().collect::<MemoryTree>();
    let mut criterion = Criterion::default().configure_from_args();

    let mut group = criterion.benchmark_group("build");
    let homelab = homelab::DIRECTORIES.map(|directory| (&tree, directory));
    for (tree, directory) in homelab.into_iter().chain([(&large, overlay::DIRECTORY)]) {
        let path = TreePath::new(directory)?;
        let objects = build(tree, &path, &BuildOptions::default())?.manifests.len();
        group.throughput(Throughput::Elements(objects as u64));
        group.bench_function(directory, |bencher| {
            bencher.iter(|| black_box(build(tree, &path, &BuildOptions::default())).is_ok());
        });
    }
    group.finish();

    // As Flux builds it, so that there is what Flux substitutes in.
    let apps = build(&tree, &TreePath::new("apps/home")?, &BuildOptions::flux(&Amendments::default()))?;
    let (variables, options) = (variables()?, substitute::Options::default());
    let substituted = substitute_all(&apps.manifests, &variables, &options);
    ensure!(substituted.is_ok(), "substitution fails: {:?}", substituted.err());
    let mut group = criterion.benchmark_group("apps/home");
    group.throughput(Throughput::Bytes(apps.to_yaml().len() as u64));
    group.bench_function("to_yaml", |bencher| bencher.iter(|| apps.to_yaml()));
    group.bench_function("substitute_all", |bencher| {
        bencher.iter(|| black_box(substitute_all(black_box(&apps.manifests), &variables, &options)).is_ok());
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// Variables as a Flux Kustomization gives them: the cluster's settings, and made-up values for the encrypted ones.
fn variables() -> anyhow::Result<Variables> {
    let text = std::fs::read_to_string(homelab::root().join("clusters/home/cluster-settings.yaml"))?;
    let settings = windlass_yaml::read_document(&text, &windlass_yaml::ReadOptions::resource())?;
    let mut variables = Variables::new();
    for (name, value) in settings["data"].as_object().into_iter().flatten() {
        variables.insert(name, value.as_str().unwrap_or_default())?;
    }
    variables.insert("ENVIRONMENT", "home")?;
    for name in ["SECRET_ADMIN_EMAIL", "SECRET_HOMEASSISTANT_TOKEN"] {
        variables.insert_secret(name, "made up")?;
    }
    Ok(variables)
}
