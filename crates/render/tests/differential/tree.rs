//! Whole trees: bases, overlays on them, components, and every field of a kustomization.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::objects::{WORKLOADS, labels, object, pairs};
use crate::styled;
use crate::{generators, patches, replacements};

/// Files by path. `overlay` is the directory to build.
pub(crate) type Files = Vec<(String, String)>;

/// An object that is in the tree, by what its file says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
}

impl Known {
    fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            api_version: text(&object["apiVersion"]).unwrap_or_default(),
            kind: text(&object["kind"]).unwrap_or_default(),
            name: text(&object["metadata"]["name"]).unwrap_or_default(),
            namespace: text(&object["metadata"]["namespace"]),
        }
    }
}

/// What a tree may have. Each tree has a few of them: with all of them in one, most trees would be refused by both.
const FEATURES: [&str; 24] = [
    "names",
    "namespace",
    "labels",
    "annotations",
    "images",
    "replicas",
    "generators",
    "behaviors",
    "patches",
    "legacy patches",
    "patch files",
    "components",
    "replacements",
    "vars",
    "configurations",
    "transformers",
    "plugin generators",
    "sort",
    "metadata",
    "generator options",
    "second base",
    "middle",
    "odd yaml",
    "crds",
];

struct Tree<'c, 'b> {
    c: &'c mut Choices<'b>,
    files: Files,
    known: Vec<Known>,
    has: BTreeSet<&'static str>,
}

/// How much of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    Much,
    Little,
    OddYaml,
}

/// A tree made from bytes.
pub(crate) fn tree(bytes: &[u8], mix: Mix) -> Files {
    let c = &mut Choices::new(bytes);
    let percent = if mix == Mix::Much { 30 } else { 17 };
    let mut has: BTreeSet<_> = FEATURES.into_iter().filter(|_| c.chance(percent)).collect();
    if mix == Mix::OddYaml {
        has.insert("odd yaml");
    }
    let mut tree = Tree { c, files: Files::new(), known: Vec::new(), has };
    tree.directories();
    tree.files
}

impl Tree<'_, '_> {
    fn has(&self, feature: &str) -> bool {
        self.has.contains(feature)
    }

    fn put(&mut self, path: String, text: String) {
        self.files.push((path, text));
    }

    fn directories(&mut self) {
        self.kustomization("base", &[], false);
        let mut below = vec!["../base"];
        if self.has("second base") {
            self.kustomization("more", &[], false);
            below.push("../more");
        }
        if self.has("middle") {
            self.kustomization("middle", &below, false);
            below = vec!["../middle"];
        }
        self.kustomization("overlay", &below, true);
    }

    /// Writes one kustomization and what it names.
    fn kustomization(&mut self, directory: &str, below: &[&str], is_root: bool) {
        let mut fields = Map::new();
        if self.c.chance(20) {
            fields.insert("apiVersion".to_owned(), json!("kustomize.config.k8s.io/v1beta1"));
            fields.insert("kind".to_owned(), json!("Kustomization"));
        }
        let mut resources: Vec<String> = below.iter().map(|&path| path.to_owned()).collect();
        if below.is_empty() || self.c.chance(40) {
            resources.extend(self.resource_files(directory));
        }
        if self.has("vars") && is_root {
            self.put(format!("{directory}/mentions.yaml"), MENTIONS.to_owned());
            resources.push("mentions.yaml".to_owned());
        }
        if self.c.chance(10) {
            resources.reverse();
        }
        let resources_field = if self.c.chance(4) { "bases" } else { "resources" };
        fields.insert(resources_field.to_owned(), json!(resources));
        self.generators_of(directory, &mut fields);
        if self.has("components") && (is_root || self.c.chance(20)) {
            let count = 1 + self.c.below(2);
            let components: Vec<_> = (0..count).map(|number| format!("{directory}-component{number}")).collect();
            for component in &components {
                self.component(component);
            }
            fields.insert("components".to_owned(), components.iter().map(|path| json!(format!("../{path}"))).collect());
        }
        self.common_fields(directory, &mut fields);
        if self.has("vars") && (is_root || self.c.chance(20)) {
            let count = if is_root { 1 + self.c.below(2) } else { 1 };
            let first = if is_root { 0 } else { 5 };
            let vars = (first..first + count).map(|number| replacements::var(self.c, &self.known, number));
            fields.insert("vars".to_owned(), vars.collect());
        }
        if is_root {
            self.root_fields(&mut fields);
        }
        self.write_kustomization(directory, fields);
    }

    fn component(&mut self, directory: &str) {
        let mut fields = Map::new();
        fields.insert("apiVersion".to_owned(), json!("kustomize.config.k8s.io/v1alpha1"));
        fields.insert("kind".to_owned(), json!("Component"));
        if self.c.chance(40) {
            fields.insert("resources".to_owned(), json!(self.resource_files(directory)));
        }
        self.generators_of(directory, &mut fields);
        self.common_fields(directory, &mut fields);
        if fields.len() == 2 {
            fields.insert("resources".to_owned(), json!([]));
        }
        self.write_kustomization(directory, fields);
    }

    fn write_kustomization(&mut self, directory: &str, fields: Map<String, Value>) {
        let file = self.c.of(&["kustomization.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization"]);
        let text = if self.has("odd yaml") {
            styled::document(&Value::Object(fields), self.c)
        } else {
            windlass_yaml::print(&Value::Object(fields))
        };
        self.put(format!("{directory}/{file}"), text);
        for (name, text) in generators::SOURCES {
            self.put(format!("{directory}/{name}"), text.to_owned());
        }
    }

    /// Writes objects into files, and gives the names of the files.
    fn resource_files(&mut self, directory: &str) -> Vec<String> {
        let count = 1 + self.c.below(2);
        (0..count)
            .map(|number| {
                let objects = self.c.some(1, 4, object);
                let objects: Vec<Value> = objects.into_iter().map(|object| self.unlike_others(object)).collect();
                let path = format!("objects{number}.yaml");
                let text = self.write_objects(&objects);
                self.put(format!("{directory}/{path}"), text);
                path
            })
            .collect()
    }

    /// Most objects get an id that no other has: with two of one id a tree is refused.
    fn unlike_others(&mut self, mut object: Value) -> Value {
        let mut known = Known::of(&object);
        let taken =
            |known: &Known, all: &[Known]| all.iter().any(|other| other.kind == known.kind && other.name == known.name);
        if taken(&known, &self.known) && (known.namespace.is_none() || self.c.chance(70)) {
            known.name = format!("{}-{}", known.name, self.known.len());
            object["metadata"]["name"] = json!(known.name);
        }
        self.known.push(known);
        object
    }

    fn write_objects(&mut self, objects: &[Value]) -> String {
        if !self.has("odd yaml") {
            return windlass_yaml::print_documents(objects.iter());
        }
        if self.c.chance(10) {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            return styled::document(&list, self.c);
        }
        let mut text = if self.c.chance(30) { "---\n".to_owned() } else { String::new() };
        for (index, object) in objects.iter().enumerate() {
            if index > 0 {
                text.push_str(self.c.of(&[
                    "---\n",
                    "---\n",
                    "--- # next\n",
                    "---\n# nothing\n---\n",
                    "---\n\n",
                    "---   \n",
                ]));
            }
            text.push_str(&styled::document(object, self.c));
        }
        match self.c.below(20) {
            18 => text.replace('\n', "\r\n"),
            19 => format!("\u{feff}{text}"),
            _ => text,
        }
    }

    fn generators_of(&mut self, directory: &str, fields: &mut Map<String, Value>) {
        if !self.has("generators") {
            return;
        }
        for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            let existing: Vec<String> = if self.has("behaviors") {
                self.known.iter().filter(|known| known.kind == kind).map(|known| known.name.clone()).collect()
            } else {
                Vec::new()
            };
            let mut made: Vec<Value> = Vec::new();
            for mut generator in self.c.some(0, 2, |c| generators::generator(c, &existing)) {
                if generator.get("behavior").is_none() {
                    let known =
                        Known { api_version: "v1".into(), kind: kind.into(), name: String::new(), namespace: None };
                    let name = generator["name"].as_str().unwrap_or_default().to_owned();
                    let name = match self.known.iter().any(|other| other.kind == kind && other.name == name) {
                        true => format!("{name}-{directory}-{}", made.len()),
                        false => name,
                    };
                    generator["name"] = json!(name);
                    let namespace = generator.get("namespace").and_then(Value::as_str).map(str::to_owned);
                    self.known.push(Known { name, namespace, ..known });
                }
                made.push(generator);
            }
            if !made.is_empty() {
                fields.insert(field.to_owned(), json!(made));
            }
        }
        if self.has("generator options") {
            fields.insert("generatorOptions".to_owned(), generators::options(self.c));
        }
    }

    fn common_fields(&mut self, directory: &str, fields: &mut Map<String, Value>) {
        let mut put = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
        let c = &mut *self.c;
        if self.has.contains("names") && c.chance(60) {
            put(c.of(&["namePrefix", "nameSuffix"]), json!(c.of(&["pre-", "-suf", "9", "x"])));
            if c.chance(30) {
                put("nameSuffix", json!("-end"));
            }
        }
        if self.has.contains("namespace") && c.chance(60) {
            put("namespace", json!(c.of(&["shop", "prod", "default"])));
        }
        if self.has.contains("labels") && c.chance(60) {
            let rules = c.some(1, 2, |c| {
                let mut rule = json!({"pairs": if c.chance(60) { labels(c) } else { pairs(c) }});
                for flag in ["includeSelectors", "includeTemplates"] {
                    if c.chance(40) {
                        rule[flag] = json!(c.chance(70));
                    }
                }
                if c.chance(15) {
                    rule["fields"] = json!([{"path": c.of(&["spec/labels", "spec/template/metadata/labels"]), "kind": c.of(&["Widget", "Deployment"]), "create": c.chance(60)}]);
                }
                rule
            });
            put("labels", json!(rules));
        }
        if self.has.contains("labels") && c.chance(25) {
            put("commonLabels", if c.chance(60) { labels(c) } else { pairs(c) });
        }
        if self.has.contains("annotations") && c.chance(60) {
            put("commonAnnotations", pairs(c));
        }
        if self.has.contains("images") && c.chance(70) {
            put(if c.chance(5) { "imageTags" } else { "images" }, json!(c.some(1, 3, image)));
        }
        if self.has.contains("replicas") && c.chance(70) {
            let scaled: Vec<_> =
                self.known.iter().filter(|known| WORKLOADS[..2].contains(&known.kind.as_str())).collect();
            if !scaled.is_empty() {
                put("replicas", json!([{"name": scaled[c.below(scaled.len())].name, "count": c.below(6)}]));
            }
        }
        self.patches_of(directory, fields);
        self.references_of(directory, fields);
    }

    fn patches_of(&mut self, directory: &str, fields: &mut Map<String, Value>) {
        if self.known.is_empty() {
            return;
        }
        if self.has("patches") {
            let count = 1 + self.c.below(3);
            let entries: Vec<Value> = (0..count).map(|number| self.patch(directory, number)).collect();
            fields.insert("patches".to_owned(), json!(entries));
        }
        if self.has("legacy patches") && self.c.chance(60) {
            let of = self.known[self.c.below(self.known.len())].clone();
            let mut text = patches::merge_text(self.c, &of);
            if self.c.chance(20) {
                let other = self.known[self.c.below(self.known.len())].clone();
                text = format!("{text}---\n{}", patches::merge_text(self.c, &other));
            }
            let entry = self.inline_or_file(directory, "legacy.yaml", text);
            fields.insert("patchesStrategicMerge".to_owned(), json!([entry]));
        }
        if self.has("legacy patches") && self.c.chance(40) {
            let of = self.known[self.c.below(self.known.len())].clone();
            let (group, version) = of.api_version.split_once('/').unwrap_or(("", &of.api_version));
            let target = json!({"group": group, "version": version, "kind": of.kind, "name": of.name});
            let text = patches::json_patch(self.c, &of.kind);
            fields.insert("patchesJson6902".to_owned(), json!([{"target": target, "patch": text}]));
        }
    }

    fn inline_or_file(&mut self, directory: &str, file: &str, text: String) -> String {
        if self.has("patch files") && self.c.chance(60) {
            self.put(format!("{directory}/{file}"), text);
            file.to_owned()
        } else {
            text
        }
    }

    fn patch(&mut self, directory: &str, number: usize) -> Value {
        let of = self.known[self.c.below(self.known.len())].clone();
        let is_json = self.c.chance(35);
        let targeted = is_json || self.c.chance(40);
        let mut text = if is_json { patches::json_patch(self.c, &of.kind) } else { patches::merge_text(self.c, &of) };
        if !targeted && self.c.chance(10) {
            let other = self.known[self.c.below(self.known.len())].clone();
            text = format!("{text}---\n{}", patches::merge_text(self.c, &other));
        }
        let mut entry = json!({});
        let file = format!("patch{number}.yaml");
        if self.has("patch files") && self.c.chance(60) {
            self.put(format!("{directory}/{file}"), text);
            entry["path"] = json!(file);
        } else {
            entry["patch"] = json!(text);
        }
        if targeted {
            entry["target"] = patches::target(self.c, &of);
        }
        if self.c.chance(10) {
            entry["options"] = json!({"allowNameChange": self.c.chance(70), "allowKindChange": self.c.chance(50)});
        }
        entry
    }

    fn references_of(&mut self, directory: &str, fields: &mut Map<String, Value>) {
        if self.known.is_empty() {
            return;
        }
        if self.has("replacements") && self.c.chance(70) {
            let mut entries = self.c.some(1, 2, |c| replacements::replacement(c, &self.known));
            if self.c.chance(20) {
                let in_file = entries.remove(0);
                let text = if self.c.chance(50) {
                    styled::document(&in_file, self.c)
                } else {
                    styled::document(&json!([in_file]), self.c)
                };
                self.put(format!("{directory}/replacement.yaml"), text);
                entries.push(json!({"path": "replacement.yaml"}));
            }
            fields.insert("replacements".to_owned(), json!(entries));
        }
        if self.has("configurations") && self.c.chance(60) {
            self.put(format!("{directory}/names.yaml"), CONFIGURATION.to_owned());
            fields.insert("configurations".to_owned(), json!(["names.yaml"]));
        }
        if self.has("crds") && self.c.chance(60) {
            self.put(format!("{directory}/crd.json"), CRD.to_owned());
            fields.insert("crds".to_owned(), json!(["crd.json"]));
        }
        if self.has("transformers") && self.c.chance(70) {
            let configs = self.c.some(1, 2, |c| replacements::plugin(c, &self.known));
            let mut entries = Vec::new();
            for (number, mut config) in configs.into_iter().enumerate() {
                config["apiVersion"] = json!("builtin");
                config["metadata"]["name"] = json!(format!("plugin{number}"));
                let text = windlass_yaml::print(&config);
                entries.push(match self.c.below(4) {
                    0 | 1 => text,
                    2 => {
                        self.put(format!("{directory}/plugin{number}.yaml"), text);
                        format!("plugin{number}.yaml")
                    }
                    _ => {
                        self.put(format!("{directory}-plugins{number}/plugin.yaml"), text);
                        self.put(
                            format!("{directory}-plugins{number}/kustomization.yaml"),
                            "resources: [plugin.yaml]\n".to_owned(),
                        );
                        format!("../{directory}-plugins{number}")
                    }
                });
            }
            fields.insert("transformers".to_owned(), json!(entries));
        }
        if self.has("plugin generators") && self.c.chance(50) {
            let config = generators::plugin(self.c);
            fields.insert("generators".to_owned(), json!([windlass_yaml::print(&config)]));
        }
    }

    fn root_fields(&mut self, fields: &mut Map<String, Value>) {
        let c = &mut *self.c;
        if self.has.contains("sort") {
            let options = match c.below(3) {
                0 => json!({"order": "fifo"}),
                1 => json!({"order": "legacy"}),
                _ => {
                    json!({"order": "legacy", "legacySortOptions": {"orderFirst": ["Service", "Deployment"], "orderLast": ["ConfigMap", "Namespace"]}})
                }
            };
            fields.insert("sortOptions".to_owned(), options);
        }
        if self.has.contains("metadata") {
            let words = c.of(&[
                vec!["originAnnotations"],
                vec!["originAnnotations", "transformerAnnotations"],
                vec!["transformerAnnotations"],
                vec!["managedByLabel"],
            ]);
            fields.insert("buildMetadata".to_owned(), json!(words));
        }
    }
}

fn image(c: &mut Choices<'_>) -> Value {
    let mut image =
        json!({"name": c.of(&["nginx", "ghcr.io/a/b", "reg:5000/nginx", "docker.io/library/busybox", "ng.*"])});
    let rules: [(usize, &str, Value); 4] = [
        (60, "newTag", json!(c.of(&["1.27", "2", "v3"]))),
        (30, "newName", json!(c.of(&["busybox", "reg.example.test:5000/x"]))),
        (20, "digest", json!("sha256:def")),
        (10, "tagSuffix", json!("-alpine")),
    ];
    for (percent, field, value) in rules {
        if c.chance(percent) {
            image[field] = value;
        }
    }
    image
}

const MENTIONS: &str = "apiVersion: v1
kind: Pod
metadata:
  name: mentions
  annotations: {v: $(V), w: $(V)-$(W)}
spec:
  containers:
  - name: a
    image: $(V)
    args: [$(V), 'x-$(V)-$$(V)', '$(V', $$]
    env:
    - {name: e, value: $(V)}
";

const CONFIGURATION: &str = "nameReference:
- kind: ConfigMap
  version: v1
  fieldSpecs:
  - path: spec/valuesFrom/name
    kind: HelmRelease
  - path: spec/refs/name
    kind: Widget
- kind: Secret
  fieldSpecs:
  - path: spec/valuesFrom/name
    kind: HelmRelease
- kind: Deployment
  group: apps
  fieldSpecs:
  - path: spec/names
    group: example.com
    kind: Widget
commonLabels:
- path: spec/labels
  kind: Widget
  create: true
images:
- path: spec/values/image/repository
  kind: HelmRelease
varReference:
- path: spec/ref/name
  kind: Widget
namePrefix:
- path: metadata/name
- path: spec/ref/name
  kind: Widget
";

const CRD: &str = r#"{"example.com/v1.Widget": {"Schema": {"properties": {
  "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
  "spec": {"$ref": "example.com/v1.WidgetSpec"}}}},
 "example.com/v1.WidgetSpec": {"Schema": {"properties": {
  "ref": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap", "type": "object"},
  "names": {"x-kubernetes-annotation": "", "type": "string"}}}}}
"#;
