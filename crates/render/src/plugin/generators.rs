//! Generators that are configured by objects.

use serde_json::json;
use windlass_manifest::Manifest;

use crate::Fault;
use crate::accumulate::Accumulator;
use crate::decode::{At, Cursor, Decode, Fields, Problem};
use crate::generator::make::Kind;
use crate::generator::run::Run;
use crate::kustomization::generator_fields::Generator;
use crate::pipeline::top;
use crate::place::Place;
use crate::plugin::config::PluginConfig;
use crate::resource::Resource;
use crate::session::{Failed, Session};

impl Session<'_> {
    /// Runs the generators of a list of entries.
    pub(crate) fn plugin_generators(&mut self, place: &Place, entries: &[At<String>], into: &mut Accumulator) {
        for config in self.plugin_configs(place, entries) {
            // Each is tried, so that all their faults are told.
            let _: Result<(), Failed> = self.plugin_generator(&config, into);
        }
    }

    fn plugin_generator(&mut self, config: &PluginConfig, into: &mut Accumulator) -> Result<(), Failed> {
        match config.kind() {
            "ConfigMapGenerator" => self.map_generator(config, Kind::ConfigMap, into),
            "SecretGenerator" => self.map_generator(config, Kind::Secret, into),
            "IAMPolicyGenerator" => self.policy_generator(config, into),
            "HelmChartInflationGenerator" => self.chart_generator(config, into),
            kind if kind.ends_with("Transformer") => {
                Err(self.fail_config(config, "this is a transformer: list it under `transformers`"))
            }
            _ => {
                let known = "the built-in ones are ConfigMapGenerator, SecretGenerator, HelmChartInflationGenerator and \
                             IAMPolicyGenerator";
                Err(self.fail_config(config, &format!("there is no such generator: {known}")))
            }
        }
    }

    fn map_generator(&mut self, config: &PluginConfig, kind: Kind, into: &mut Accumulator) -> Result<(), Failed> {
        let mut generator = self.read_config(config, Generator::take)?;
        let manifest = &config.resource.manifest;
        if generator.name.is_empty() {
            manifest.name().clone_into(&mut generator.name);
        }
        if generator.namespace.is_empty() {
            manifest.namespace().unwrap_or_default().clone_into(&mut generator.namespace);
        }
        let options = generator.options.clone();
        let entry = At { value: generator, at: top("data") };
        let run = Run { kind, entry: &entry, place: &config.place, told: config.told.clone() };
        self.generate(&run, &options, into)
    }

    /// A chart that an object configures: the fields of an entry of `helmCharts`, with those of `helmGlobals` among them.
    fn chart_generator(&mut self, config: &PluginConfig, into: &mut Accumulator) -> Result<(), Failed> {
        let mut chart = config.resource.manifest.value().clone();
        let mut globals = serde_json::Map::new();
        if let Some(fields) = chart.as_object_mut() {
            for name in ["apiVersion", "kind", "metadata"] {
                fields.shift_remove(name);
            }
            for name in ["chartHome", "configHome"] {
                globals.extend(fields.shift_remove(name).map(|value| (name.to_owned(), value)));
            }
        }
        let globals = if globals.is_empty() { serde_json::Value::Null } else { serde_json::Value::Object(globals) };
        let entry = At { value: chart, at: top("generators") };
        self.chart(&config.place, &entry, &globals, "", into)
    }

    /// A ServiceAccount that a cloud ties to an account of its own.
    fn policy_generator(&mut self, config: &PluginConfig, into: &mut Accumulator) -> Result<(), Failed> {
        let (cloud, account, service) = self.read_config(config, |fields| {
            let account: Names = fields.take("serviceAccount");
            (fields.take::<String>("cloud"), account, fields.take::<Names>("kubernetesService"))
        })?;
        if cloud != "gke" {
            return Err(self.fail_config(config, "`cloud` must be gke"));
        }
        let email = format!("{}@{}.iam.gserviceaccount.com", account.name, account.project);
        let mut object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {
            "annotations": {"iam.gke.io/gcp-service-account": email}, "name": service.name}});
        if !service.namespace.is_empty() {
            object["metadata"]["namespace"] = service.namespace.into();
        }
        let origin = config.resource.origin().clone();
        let manifest = Manifest::new(object, origin.clone())
            .map_err(|error| self.fail(config.place.error_in(origin.clone(), Fault::NotAnObject(error))))?;
        let mut resource = Resource::new(manifest);
        resource.history.origin.clone_from(&config.told);
        into.resources.absorb(resource).map_err(|problem| self.fail_config(config, &problem))
    }
}

/// The names of either side of a policy.
#[derive(Default)]
struct Names {
    name: String,
    namespace: String,
    project: String,
}

impl Decode for Names {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let names =
            Self { name: fields.take("name"), namespace: fields.take("namespace"), project: fields.take("projectId") };
        fields.finish();
        names
    }
}
