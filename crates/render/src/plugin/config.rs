//! The objects that configure plug-ins: finding them, and reading their fields.

use windlass_manifest::{Origin, read_manifests};

use crate::Fault;
use crate::accumulate::Accumulator;
use crate::decode::{At, Cursor, Decode, Fields, Problem};
use crate::place::Place;
use crate::resource::Resource;
use crate::session::{Failed, Session};
use crate::transform::build_metadata;
use crate::transform::field_spec::{FieldSpec, FieldSpecs};

/// What makes an object the configuration of a program or a container.
const FUNCTION: [&str; 2] = ["config.kubernetes.io/function", "config.k8s.io/function"];

/// The configuration of one plug-in.
pub(crate) struct PluginConfig {
    pub(crate) resource: Resource,
    /// Its files are named from the directory of the kustomization, and its faults stand where it stands.
    pub(crate) place: Place,
    /// What stands in the metadata of the objects that it makes or changes, where that is asked for.
    pub(crate) told: Option<String>,
}

impl PluginConfig {
    pub(crate) fn kind(&self) -> &str {
        self.resource.manifest.kind()
    }
}

impl Session<'_> {
    /// The configurations that entries stand for: inline ones first, then those of files and directories.
    pub(crate) fn plugin_configs(&mut self, place: &Place, entries: &[At<String>]) -> Vec<PluginConfig> {
        let (mut inline, mut paths) = (Vec::new(), Vec::new());
        for entry in entries {
            let origin = place.find(&entry.at).0;
            match read_manifests(&entry.value, origin.file().unwrap_or_default()) {
                Ok(manifests) => {
                    inline.extend(
                        manifests.into_iter().map(|manifest| Resource::new(manifest.with_origin(origin.clone()))),
                    );
                }
                Err(error) if entry.value.contains('\n') => {
                    self.fail(place.error_in(origin, Fault::NotAnObject(error)));
                }
                Err(_) => paths.push(entry),
            }
        }
        let mut accumulated = Accumulator::default();
        for entry in paths {
            // Each is tried, so that all their faults are told.
            let _: Result<(), Failed> = self.resource(place, entry, &mut accumulated);
        }
        let loaded = accumulated.resources.into_items();
        let all = inline.into_iter().chain(loaded);
        let configs: Vec<_> = all.map(|resource| self.plugin_config(place, resource)).collect();
        configs.into_iter().filter(|config| self.check_built_in(config).is_ok()).collect()
    }

    fn plugin_config(&self, place: &Place, resource: Resource) -> PluginConfig {
        let place = place.in_object(resource.origin().clone());
        let told = self.metadata.tracks.then(|| build_metadata::of_plugin_object(&resource, &self.root));
        PluginConfig { place, told, resource }
    }

    /// Refuses what would run a program.
    fn check_built_in(&mut self, config: &PluginConfig) -> Result<(), Failed> {
        let manifest = &config.resource.manifest;
        let is_function = FUNCTION.iter().any(|key| manifest.annotation(key).is_some());
        if manifest.api_version() == "builtin" && !is_function {
            return Ok(());
        }
        let (kind, name) = (manifest.kind().to_owned(), manifest.name().to_owned());
        let what = if is_function { "a KRM function" } else { "an external plug-in" };
        let fault = Fault::Program { what, kind, name };
        Err(self.fail(config.place.error_in(manifest.origin().clone(), fault)))
    }

    /// Reads the fields of a configuration. kustomize passes over unknown ones; here they are warnings.
    pub(crate) fn read_config<T>(
        &mut self,
        config: &PluginConfig,
        read: impl FnOnce(&mut Fields<'_, '_>) -> T,
    ) -> Result<T, Failed> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut fields = Fields::of(Cursor::root(config.resource.manifest.value()), &mut problems);
        for name in ["apiVersion", "kind", "metadata"] {
            let _: Ignored = fields.take(name);
        }
        let values = read(&mut fields);
        fields.finish();
        self.note(&config.place, problems, "kustomize ignores it in the configuration of a plug-in")?;
        Ok(values)
    }

    /// A fault in a configuration.
    pub(crate) fn fail_config(&mut self, config: &PluginConfig, problem: &str) -> Failed {
        let origin: Origin = config.resource.origin().clone();
        let fault = Fault::InvalidValue { field: config.kind().to_owned(), problem: problem.to_owned() };
        self.fail(config.place.error_in(origin, fault))
    }
}

/// `fieldSpecs` of a configuration. There are no default ones.
pub(crate) fn field_specs(fields: &mut Fields<'_, '_>) -> FieldSpecs {
    FieldSpecs::of(fields.take::<Vec<FieldSpec>>("fieldSpecs"))
}

/// A field that is read elsewhere.
#[derive(Default)]
struct Ignored;

impl Decode for Ignored {
    fn decode(_: Cursor<'_>, _: &mut Vec<Problem>) -> Self {
        Self
    }
}
