//! Running the plain transformers over all objects.

use crate::Fault;
use crate::decode::At;
use crate::kustomization::{Image, Replica};
use crate::place::Place;
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::session::Session;
use crate::transform::field_spec::FieldSpecs;
use crate::transform::images::{ImageRule, images_of};
use crate::transform::prefix::{self, Side};
use crate::transform::{namespace, replicas};

impl Session<'_> {
    /// Does something with every object that keeps its ids.
    pub(crate) fn each(
        &mut self,
        place: &Place,
        field: &'static str,
        resources: &mut ResourceMap,
        change: impl Fn(&mut Resource) -> Result<(), String>,
    ) {
        for resource in resources.items_keeping_ids() {
            if let Err(problem) = change(resource) {
                let fault = Fault::Transform { transformer: field, target: resource.id().to_string(), problem };
                let origin = resource.origin().clone();
                self.errors.push(place.error_in(origin, fault));
            }
        }
    }

    pub(crate) fn set_namespace(&mut self, place: &Place, rule: &namespace::Rule, resources: &mut ResourceMap) {
        let schema = self.schema.clone();
        self.each(place, "namespace", resources, |resource| namespace::set(rule, schema.as_deref(), resource));
        resources.ids_changed();
        for (index, fault) in resources.conflicts() {
            let origin = resources.items()[index].origin().clone();
            self.fail(place.error_in(origin, fault));
        }
    }

    pub(crate) fn rename(
        &mut self,
        place: &Place,
        side: Side,
        text: &str,
        specs: &FieldSpecs,
        resources: &mut ResourceMap,
    ) {
        let field = if side == Side::Prefix { "namePrefix" } else { "nameSuffix" };
        self.each(place, field, resources, |resource| prefix::add(side, text, specs, resource));
        resources.ids_changed();
    }

    pub(crate) fn set_replicas(
        &mut self,
        place: &Place,
        replica: &At<Replica>,
        specs: &FieldSpecs,
        resources: &mut ResourceMap,
    ) {
        let mut found = false;
        for index in 0..resources.items().len() {
            match replicas::set(&replica.value, specs, resources.item_mut(index)) {
                Ok(fits) => found |= fits,
                Err(problem) => {
                    found = true;
                    let resource = &resources.items()[index];
                    let (target, origin) = (resource.id().to_string(), resource.origin().clone());
                    let fault = Fault::Transform { transformer: "replicas", target, problem };
                    self.fail(place.error_in(origin, fault));
                }
            }
        }
        if !found {
            let problem = format!(
                "there is no Deployment, ReplicaSet, StatefulSet or ReplicationController called {:?}",
                replica.value.name
            );
            self.fail(place.error(&replica.at, Fault::InvalidValue { field: replica.at.to_string(), problem }));
        }
    }

    pub(crate) fn set_images(
        &mut self,
        place: &Place,
        images: &[At<Image>],
        specs: &FieldSpecs,
        resources: &mut ResourceMap,
    ) {
        let mut rules = Vec::with_capacity(images.len());
        for image in images {
            match ImageRule::new(&image.value) {
                Ok(rule) => rules.push(rule),
                Err(problem) => {
                    let at = image.at.field("name");
                    self.fail(place.error(&at, Fault::InvalidValue { field: at.to_string(), problem }));
                }
            }
        }
        self.each(place, "images", resources, |resource| {
            let mut images = images_of(specs, resource)?;
            for rule in &rules {
                if rule.fits_any(&images) {
                    rule.apply(specs, resource)?;
                    images = images_of(specs, resource)?;
                }
            }
            Ok(())
        });
    }
}
