//! Transformers that are configured by objects.

use std::collections::BTreeMap;

use windlass_yaml::{ReadOptions, read_document};

use crate::decode::{At, Cursor, Decode, Fields, Problem};
use crate::kustomization::replacement_fields::ReplacementEntry;
use crate::kustomization::{Image, Replica};
use crate::loader::Encrypted;
use crate::patch::target::Target;
use crate::pipeline::{Step, Transformer, top};
use crate::place::Place;
use crate::plugin::config::{PluginConfig, field_specs};
use crate::resource_map::ResourceMap;
use crate::session::{Failed, Session};
use crate::transform::namespace::{self, Subjects};
use crate::transform::prefix::Side;
use crate::transform::value_add::{ValueAdd, ValueTarget};
use crate::{Fault, Patch, PatchSource, Selector};

/// The generators among the plug-ins, which cannot transform.
const GENERATORS: [&str; 4] =
    ["ConfigMapGenerator", "SecretGenerator", "HelmChartInflationGenerator", "IAMPolicyGenerator"];

/// All built-in transformers, for suggestions.
const TRANSFORMERS: [&str; 13] = [
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "SuffixTransformer",
    "ValueAddTransformer",
];

impl Session<'_> {
    /// Runs the transformers of a list of entries.
    pub(crate) fn plugin_transformers(&mut self, place: &Place, entries: &[At<String>], resources: &mut ResourceMap) {
        for config in self.plugin_configs(place, entries) {
            // Each is tried, so that all their faults are told.
            if let Ok(transformers) = self.transformers_of(&config) {
                let told = config.told.clone();
                let last = transformers.len().saturating_sub(1);
                for (index, transformer) in transformers.into_iter().enumerate() {
                    let step = Step { transformer, told: told.clone().filter(|_| index == last) };
                    self.run(&config.place, &step, resources);
                }
            }
        }
    }

    /// What a configuration stands for; one of them stands for two.
    fn transformers_of(&mut self, config: &PluginConfig) -> Result<Vec<Transformer>, Failed> {
        Ok(vec![match config.kind() {
            "HashTransformer" => {
                self.read_config(config, |_| ())?;
                Transformer::Hash
            }
            "AnnotationsTransformer" => self.label_config(config, "annotations")?,
            "LabelTransformer" => self.label_config(config, "labels")?,
            "ImageTagTransformer" => {
                let (image, specs) =
                    self.read_config(config, |fields| (fields.take::<At<Image>>("imageTag"), field_specs(fields)))?;
                Transformer::Images { images: vec![image], specs }
            }
            "ReplicaCountTransformer" => {
                let (replica, specs) =
                    self.read_config(config, |fields| (fields.take::<At<Replica>>("replica"), field_specs(fields)))?;
                Transformer::Replicas { replica, specs }
            }
            "NamespaceTransformer" => self.namespace_config(config)?,
            "PrefixTransformer" => self.rename_config(config, Side::Prefix, "prefix")?,
            "SuffixTransformer" => self.rename_config(config, Side::Suffix, "suffix")?,
            "PrefixSuffixTransformer" => {
                return self.read_config(config, |fields| {
                    let (prefix, suffix) = (fields.take("prefix"), fields.take("suffix"));
                    let specs = field_specs(fields);
                    vec![
                        Transformer::Rename { side: Side::Prefix, text: prefix, specs: specs.clone() },
                        Transformer::Rename { side: Side::Suffix, text: suffix, specs },
                    ]
                });
            }
            "PatchTransformer" => self.patch_config(config)?,
            "PatchJson6902Transformer" => self.json_patch(config)?,
            "PatchStrategicMergeTransformer" => self.merge_patches(config)?,
            "ReplacementTransformer" => {
                let entries: Vec<At<ReplacementEntry>> =
                    self.read_config(config, |fields| fields.take("replacements"))?;
                Transformer::Replacements(self.load_replacements(&config.place, &entries))
            }
            "ValueAddTransformer" => self.value_add(config)?,
            kind if GENERATORS.contains(&kind) => {
                return Err(self.fail_config(config, "this is a generator: list it under `generators`"));
            }
            kind => {
                let suggestion = crate::suggest::nearest(kind, TRANSFORMERS).map_or_else(
                    || format!("the built-in ones are {}", TRANSFORMERS.join(", ")),
                    |nearest| format!("did you mean {nearest}?"),
                );
                return Err(self.fail_config(config, &format!("there is no such transformer: {suggestion}")));
            }
        }])
    }

    fn label_config(&mut self, config: &PluginConfig, field: &'static str) -> Result<Transformer, Failed> {
        self.read_config(config, |fields| {
            let pairs: BTreeMap<String, String> = fields.take(field);
            Transformer::Labels { field, pairs, specs: field_specs(fields) }
        })
    }

    fn rename_config(&mut self, config: &PluginConfig, side: Side, field: &'static str) -> Result<Transformer, Failed> {
        self.read_config(config, |fields| Transformer::Rename {
            side,
            text: fields.take(field),
            specs: field_specs(fields),
        })
    }

    fn namespace_config(&mut self, config: &PluginConfig) -> Result<Transformer, Failed> {
        let (unset_only, mode, specs) = self.read_config(config, |fields| {
            (fields.take("unsetOnly"), fields.take::<String>("setRoleBindingSubjects"), field_specs(fields))
        })?;
        let subjects = match mode.as_str() {
            "" | "defaultOnly" => Subjects::Default,
            "allServiceAccounts" => Subjects::ServiceAccounts,
            "none" => Subjects::None,
            _ => {
                let problem = "setRoleBindingSubjects must be defaultOnly, allServiceAccounts or none";
                return Err(self.fail_config(config, problem));
            }
        };
        let namespace = config.resource.manifest.namespace().unwrap_or_default().to_owned();
        Ok(Transformer::Namespace(namespace::Rule { namespace, specs, unset_only, subjects }))
    }

    fn patch_config(&mut self, config: &PluginConfig) -> Result<Transformer, Failed> {
        let patch = self.read_config(config, Patch::take)?;
        let patch = self.load_patch(&config.place, &At { value: patch, at: top("patch") })?;
        Ok(Transformer::Patches(vec![patch]))
    }

    fn json_patch(&mut self, config: &PluginConfig) -> Result<Transformer, Failed> {
        let (path, text, target) = self.read_config(config, |fields| {
            (fields.take::<String>("path"), fields.take::<String>("jsonOp"), fields.take::<Option<Selector>>("target"))
        })?;
        let source = match (path.is_empty(), text.is_empty()) {
            (true, false) => PatchSource::Inline(text),
            (false, true) => PatchSource::File(path),
            (none, _) => PatchSource::Unclear { both: !none },
        };
        let patch = At { value: Patch { source, target, ..Patch::default() }, at: top("jsonOp") };
        Ok(Transformer::Patches(vec![self.load_legacy_json(&config.place, &patch)?]))
    }

    fn merge_patches(&mut self, config: &PluginConfig) -> Result<Transformer, Failed> {
        let (mut paths, inline) = self.read_config(config, |fields| {
            (fields.take::<Vec<At<String>>>("paths"), fields.take::<At<String>>("patches"))
        })?;
        if !inline.value.is_empty() {
            paths.push(inline);
        }
        if paths.is_empty() {
            return Err(self.fail_config(config, "give it `paths` or `patches`"));
        }
        let patches = self.load_merge_patches(&config.place, &top("patches"), &paths);
        Ok(Transformer::Patches(patches))
    }

    fn value_add(&mut self, config: &PluginConfig) -> Result<Transformer, Failed> {
        let (value, mut targets, file) = self.read_config(config, |fields| {
            (fields.take::<String>("value"), take_targets(fields), fields.take::<String>("targetFilePath"))
        })?;
        if !file.is_empty() {
            targets.extend(self.target_file(config, &file)?);
        }
        if targets.is_empty() {
            return Err(self.fail_config(config, "give it targets"));
        }
        let mut loaded = Vec::new();
        for target in targets {
            let select = match target.selector.as_ref().map(Target::new).transpose() {
                Ok(select) => select,
                Err((field, problem)) => return Err(self.fail_config(config, &format!("{field}: {problem}"))),
            };
            let Ok(position) = usize::try_from(target.position) else {
                return Err(self.fail_config(config, "filePathPosition must not be negative"));
            };
            loaded.push(ValueTarget { select, field_path: target.field_path, position });
        }
        let directory = || config.place.directory.file_name().unwrap_or_default().to_owned();
        let value = if value.is_empty() { directory() } else { value };
        Ok(Transformer::ValueAdd(ValueAdd { value, targets: loaded }))
    }

    fn target_file(&mut self, config: &PluginConfig, path: &str) -> Result<Vec<ValueTargetFields>, Failed> {
        let place = &config.place;
        let loaded = self.loader.file(&place.directory, path, Encrypted::Keep);
        let value =
            loaded.and_then(|loaded| read_document(loaded.text()?, &ReadOptions::config()).map_err(Fault::Yaml));
        let value = value.map_err(|fault| self.fail(place.error(&top("targetFilePath"), fault)))?;
        let mut problems = Vec::new();
        let mut fields = Fields::of(Cursor::root(&value), &mut problems);
        let targets = take_targets(&mut fields);
        fields.finish();
        self.note(place, problems, "kustomize ignores it")?;
        Ok(targets)
    }
}

fn take_targets(fields: &mut Fields<'_, '_>) -> Vec<ValueTargetFields> {
    fields.take("targets")
}

#[derive(Default)]
struct ValueTargetFields {
    selector: Option<Selector>,
    field_path: String,
    position: i64,
}

impl Decode for ValueTargetFields {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let target = Self {
            selector: fields.take("selector"),
            field_path: fields.take("fieldPath"),
            position: fields.take("filePathPosition"),
        };
        let _: Option<Selector> = fields.take("notSelector");
        fields.finish();
        target
    }
}
