//! What a build can be given from outside: something that fetches, something that renders charts, stricter rules.

#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::json;
use windlass_manifest::{Manifest, MemoryTree, Origin, TreePath};
use windlass_render::{
    Build, BuildErrors, BuildOptions, ChartError, ChartRequest, Fetch, FetchError, Fetched, RenderCharts,
    RepositoryUrl, build,
};

fn tree<const N: usize>(files: [(&str, &str); N]) -> MemoryTree {
    MemoryTree::from_iter(files)
}

fn built(tree: &MemoryTree, options: &BuildOptions<'_>) -> Result<Build, BuildErrors> {
    build(tree, &TreePath::new("app").unwrap(), options)
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: remote}\ndata: {a: b}\n";

struct Mirror(Arc<MemoryTree>);

impl Fetch for Mirror {
    fn repository(&self, url: &RepositoryUrl) -> Result<Fetched, FetchError> {
        match url.clone_url().as_str() {
            "https://github.com/org/repo" => Ok(Fetched { tree: self.0.clone(), revision: "c0ffee".to_owned() }),
            other => Err(format!("{other} is not mirrored").into()),
        }
    }

    fn file(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        match url {
            "https://host/x.yaml" => Ok(CONFIG.into()),
            _ => Err("404".into()),
        }
    }
}

fn mirror() -> Mirror {
    Mirror(Arc::new(tree([
        ("base/kustomization.yaml", "namePrefix: x-\nresources: [../shared, config.yaml]\n"),
        ("base/config.yaml", CONFIG),
        ("shared/kustomization.yaml", "resources: [s.yaml]\n"),
        ("shared/s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"),
        ("out/kustomization.yaml", "resources: [../base/config.yaml]\n"),
        ("again/kustomization.yaml", "resources: ['github.com/org/repo//again']\n"),
        ("mixin/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -y\n"),
    ])))
}

fn with_mirror(kustomization: &str) -> Result<Build, BuildErrors> {
    let mirror = mirror();
    let options = BuildOptions { fetch: Some(&mirror), ..BuildOptions::default() };
    built(&tree([("app/kustomization.yaml", kustomization)]), &options)
}

#[test]
fn remote_bases_components_and_files_are_fetched() {
    let build = with_mirror(
        "resources: ['https://github.com/org/repo//base?ref=v1', 'https://host/x.yaml']\n\
         components: ['github.com/org/repo//mixin']\nbuildMetadata: [originAnnotations]\n",
    )
    .unwrap();
    let names: Vec<_> = build.manifests.iter().map(Manifest::name).collect();
    assert_eq!(names, ["remote-y", "x-remote-y", "x-s-y"]);
    let origin = build.manifests[1].annotation("config.kubernetes.io/origin");
    assert_eq!(origin, Some("path: base/config.yaml\nrepo: https://github.com/org/repo\nref: v1\n"));
    assert_eq!(build.manifests[1].origin().to_string(), "https://github.com/org/repo/base/config.yaml:1");
    let remotes: Vec<_> = build.closure.remotes().collect();
    assert_eq!(
        remotes,
        [
            ("https://github.com/org/repo", "c0ffee"),
            ("https://github.com/org/repo?ref=v1", "c0ffee"),
            ("https://host/x.yaml", "")
        ]
    );
    assert!(!build.closure.is_current(&MemoryTree::new()));
}

#[test]
fn remote_faults_say_what_is_wrong() {
    let fault = |kustomization: &str| with_mirror(kustomization).unwrap_err().to_string();
    assert_eq!(
        fault("resources: ['https://github.com/org/other']\n"),
        "app/kustomization.yaml:1: cannot fetch \"https://github.com/org/other\""
    );
    assert!(fault("resources: ['github.com/org/repo//none']\n").contains("does not exist"));
    assert!(fault("resources: ['github.com/org/repo//again']\n").contains("in a circle"));
    // A repository from elsewhere is restricted to its own directories in any case.
    assert!(fault("resources: ['github.com/org/repo//out']\n").contains("is not in or below"));
    assert!(fault("resources: ['github.com/org/repo//mixin']\n").contains("is a Component"));
}

struct Charts;

impl RenderCharts for Charts {
    fn render(&self, request: &ChartRequest<'_>) -> Result<Vec<Manifest>, ChartError> {
        let name = request.chart["name"].as_str().ok_or("no name")?;
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": request.namespace}});
        Ok(vec![Manifest::new(object, Origin::new("chart", 1))?])
    }
}

#[test]
fn charts_are_rendered_by_whoever_is_given() {
    let tree = tree([("app/kustomization.yaml", "namespace: shop\nnamePrefix: x-\nhelmCharts:\n- name: web\n")]);
    let options = BuildOptions { charts: Some(&Charts), ..BuildOptions::default() };
    assert_eq!(built(&tree, &options).unwrap().manifests[0].id().to_string(), "ConfigMap/shop/x-web");
    let fault = built(&tree, &BuildOptions::default()).unwrap_err().to_string();
    assert!(
        fault.starts_with("app/kustomization.yaml:4: helmCharts[0] needs something that renders charts"),
        "{fault}"
    );
}

#[test]
fn programs_are_refused_by_name() {
    let fault = |transformers: &str| {
        let text = format!("resources: []\ntransformers:\n- |\n{transformers}");
        built(&tree([("app/kustomization.yaml", &text)]), &BuildOptions::default()).unwrap_err().to_string()
    };
    let external = fault("  apiVersion: example.com/v1\n  kind: Sed\n  metadata: {name: s}\n");
    assert!(external.contains("Sed \"s\" is an external plug-in, which runs a program"), "{external}");
    let function = fault(
        "  apiVersion: builtin\n  kind: PatchTransformer\n  metadata:\n    name: f\n    annotations:\n      \
         config.kubernetes.io/function: 'container: {image: x}'\n",
    );
    assert!(function.contains("is a KRM function"), "{function}");
    let slip = fault("  apiVersion: builtin\n  kind: PrefixTransfomer\n  metadata: {name: s}\n");
    assert!(slip.contains("did you mean PrefixTransformer?"), "{slip}");
}

#[test]
fn validators_may_not_change_anything() {
    let with = |labels: &str| {
        let text = format!(
            "resources: [c.yaml]\nvalidators:\n- |\n  apiVersion: builtin\n  kind: LabelTransformer\n  metadata: {{name: v}}\n  \
             labels: {{{labels}: x}}\n  fieldSpecs: [{{path: metadata/labels, create: true}}]\n"
        );
        built(&tree([("app/kustomization.yaml", &text), ("app/c.yaml", CONFIG)]), &BuildOptions::default())
    };
    assert!(with("other").unwrap_err().to_string().contains("a validator must not change anything"));
    assert_eq!(with("validated-by").unwrap().manifests[0].label("validated-by"), Some("x"));
}

#[test]
fn lists_of_custom_resources_are_merged_where_that_is_asked_for() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.x.io}\nspec:\n  \
               group: x.io\n  names: {kind: A}\n  versions:\n  - name: v1\n    schema:\n      openAPIV3Schema:\n        properties:\n          \
               l: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name]}\n";
    let object = "apiVersion: x.io/v1\nkind: A\nmetadata: {name: a}\nl: [{name: one, v: 1}, {name: two, v: 2}]\n";
    let tree = tree([
        ("app/kustomization.yaml", "resources: [crd.yaml, a.yaml]\npatches: [{path: p.yaml}]\n"),
        ("app/crd.yaml", crd),
        ("app/a.yaml", object),
        ("app/p.yaml", "apiVersion: x.io/v1\nkind: A\nmetadata: {name: a}\nl: [{name: two, v: 3}]\n"),
    ]);
    let list = |build: &Build| build.manifests.iter().find(|found| found.kind() == "A").unwrap().value()["l"].clone();

    let plain = built(&tree, &BuildOptions::default()).unwrap();
    assert_eq!(list(&plain), json!([{"name": "two", "v": 3}]));
    assert!(plain.warnings[0].message.contains("so one of this one go"), "{:?}", plain.warnings);

    let merged = built(&tree, &BuildOptions { know_crds: true, ..BuildOptions::default() }).unwrap();
    assert_eq!(list(&merged), json!([{"name": "two", "v": 3}, {"name": "one", "v": 1}]));
    assert_eq!(merged.warnings, []);

    let strict = built(&tree, &BuildOptions { strict: true, ..BuildOptions::default() }).unwrap_err().to_string();
    assert!(strict.starts_with("app/p.yaml:1: l: kustomize replaces lists"), "{strict}");
}

#[test]
fn an_id_that_appears_twice_is_told_with_both_places() {
    let tree = tree([
        ("app/kustomization.yaml", "resources: [a.yaml, b.yaml]\n"),
        ("app/a.yaml", CONFIG),
        ("app/b.yaml", "# again\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: remote}\n"),
    ]);
    let fault = built(&tree, &BuildOptions::default()).unwrap_err().to_string();
    assert!(fault.contains("app/b.yaml:3") && fault.contains("app/a.yaml:1"), "{fault}");
}

#[test]
fn patterns_stand_for_files_and_directories_where_that_is_asked_for() {
    let config = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let (a, b, c) = (config("a"), config("b"), config("c"));
    let tree = tree([
        ("app/kustomization.yaml", "resources: ['*.yaml', 'apps/*']\n"),
        ("app/b.yaml", &b),
        ("app/a.yaml", &a),
        ("app/notes.txt", "no object"),
        ("app/apps/one/kustomization.yaml", "resources: [c.yaml]\n"),
        ("app/apps/one/c.yaml", &c),
    ]);
    let globs = BuildOptions { globs: true, ..BuildOptions::default() };
    let build = built(&tree, &globs).unwrap();
    assert_eq!(build.manifests.iter().map(Manifest::name).collect::<Vec<_>>(), ["a", "b", "c"]);
    let mut larger = tree.clone();
    larger.insert("app/d.yaml", "").unwrap();
    assert!(build.closure.is_current(&tree) && !build.closure.is_current(&larger));
    let fault = built(&tree, &BuildOptions::default()).unwrap_err().to_string();
    assert!(fault.contains("\"*.yaml\" does not exist"), "{fault}");
}

#[test]
fn what_a_crd_calls_cluster_scoped_gets_no_namespace_where_that_is_asked_for() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.x.io}\nspec:\n  \
               group: x.io\n  scope: Cluster\n  names: {kind: A}\n  versions: [{name: v1}]\n";
    let tree = tree([
        ("app/kustomization.yaml", "namespace: shop\nresources: [crd.yaml, a.yaml]\n"),
        ("app/crd.yaml", crd),
        ("app/a.yaml", "apiVersion: x.io/v1\nkind: A\nmetadata: {name: a}\n"),
    ]);
    let namespace = |options: &BuildOptions<'_>| {
        let build = built(&tree, options).unwrap();
        build.manifests.iter().find(|found| found.kind() == "A").unwrap().namespace().map(str::to_owned)
    };
    assert_eq!(namespace(&BuildOptions::default()).as_deref(), Some("shop"));
    assert_eq!(namespace(&BuildOptions { know_crds: true, ..BuildOptions::default() }), None);
}

#[test]
fn the_output_is_limited() {
    let tree = tree([("app/kustomization.yaml", "resources: [c.yaml]\n"), ("app/c.yaml", CONFIG)]);
    let mut options = BuildOptions::default();
    options.limits.output_bytes = 20;
    let fault = built(&tree, &options).unwrap_err().to_string();
    assert!(fault.contains("limit of 20 bytes for all objects"), "{fault}");
}

/// Renders any chart as one ConfigMap with the chart's name.
struct Named;

impl RenderCharts for Named {
    fn render(&self, request: &ChartRequest<'_>) -> Result<Vec<Manifest>, ChartError> {
        let name = request.chart["name"].as_str().unwrap_or_default();
        let home = request.globals["chartHome"].as_str().unwrap_or_default();
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"home": home}});
        Ok(vec![Manifest::new(object, Origin::new("chart", 0))?])
    }
}

#[test]
fn a_chart_may_be_configured_by_an_object() {
    let tree = tree([(
        "app/kustomization.yaml",
        "generators:\n- |\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: g}\n  name: redis\n  \
         chartHome: charts\n",
    )]);
    let options = BuildOptions { charts: Some(&Named), ..BuildOptions::default() };
    let build = built(&tree, &options).unwrap();
    assert_eq!(build.manifests[0].name(), "redis");
    assert_eq!(build.manifests[0].value()["data"]["home"], "charts");
    let fault = built(&tree, &BuildOptions::default()).unwrap_err().to_string();
    assert!(fault.contains("needs something that renders charts"), "{fault}");
}
