//! `helmCharts`: an extension point. This crate renders no charts; who does is given to the build.

use serde_json::Value;
use windlass_manifest::{FileTree, Manifest, TreePath};

use crate::Fault;
use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::place::Place;
use crate::resource::Resource;
use crate::session::{Failed, Session};

/// Why a chart could not be rendered.
pub type ChartError = Box<dyn std::error::Error + Send + Sync>;

/// Renders the charts of `helmCharts`.
pub trait RenderCharts: Sync {
    /// The objects of a chart.
    ///
    /// # Errors
    /// Where it cannot be rendered.
    fn render(&self, request: &ChartRequest<'_>) -> Result<Vec<Manifest>, ChartError>;
}

/// A chart to be rendered.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ChartRequest<'r> {
    /// The entry of `helmCharts`, as written.
    pub chart: &'r Value,
    /// `helmGlobals` of the same kustomization, as written; null where there are none.
    pub globals: &'r Value,
    /// The namespace of the kustomization; empty where it has none.
    pub namespace: &'r str,
    /// The directory of the kustomization, from which files are named.
    pub directory: &'r TreePath,
    /// The tree of the build. What is read here is no part of the build's closure, so such a build is never current.
    pub tree: &'r dyn FileTree,
}

impl Session<'_> {
    pub(crate) fn chart(
        &mut self,
        place: &Place,
        entry: &At<Value>,
        globals: &Value,
        namespace: &str,
        into: &mut Accumulator,
    ) -> Result<(), Failed> {
        let Some(renderer) = self.options.charts else {
            let fault = Fault::Charts { field: entry.at.to_string() };
            return Err(self.fail(place.error(&entry.at, fault)));
        };
        let name = entry.value["name"].as_str().unwrap_or_default().to_owned();
        self.loader.note_chart(&name);
        let request = ChartRequest {
            chart: &entry.value,
            globals,
            namespace,
            directory: &place.directory,
            tree: self.loader.untracked(),
        };
        let rendered = renderer.render(&request);
        let manifests = rendered.map_err(|source| self.fail(place.error(&entry.at, Fault::Chart { name, source })))?;
        for manifest in manifests {
            let origin = manifest.origin().clone();
            if let Err(fault) = into.resources.append(Resource::new(manifest)) {
                self.fail(place.error_in(origin, fault));
            }
        }
        Ok(())
    }
}
