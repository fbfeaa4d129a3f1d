//! Loading the patches of a kustomization, before any is applied, so that all their faults are told together.

use windlass_manifest::{FieldPath, Origin};

use crate::decode::At;
use crate::kustomization::Kustomization;
use crate::loader::Encrypted;
use crate::patch::json6902::JsonPatch;
use crate::patch::read::{self, MergePatch, PatchFault, PatchText};
use crate::patch::target::Target;
use crate::place::Place;
use crate::session::{Failed, Session};
use crate::{BuildError, Fault, Patch, PatchSource, Selector};

/// The patches of a kustomization, ready to be applied.
#[derive(Default)]
pub(crate) struct Patches {
    pub(crate) legacy_merge: Vec<LoadedPatch>,
    pub(crate) patches: Vec<LoadedPatch>,
    pub(crate) legacy_json: Vec<LoadedPatch>,
}

/// A patch with its target.
pub(crate) struct LoadedPatch {
    pub(crate) options: Patch,
    pub(crate) text: PatchText,
    pub(crate) target: Option<Target>,
    /// Where it stands in the kustomization.
    pub(crate) at: FieldPath,
    /// The file it was read from; `None` for one that stands in the kustomization itself.
    pub(crate) file: Option<Origin>,
    /// It was encrypted, so that what it is applied to becomes a secret.
    pub(crate) decrypted: bool,
    /// Where it is JSON 6902, what it is applied to remembers who it was; for `patchesJson6902` it does not.
    pub(crate) keeps_history: bool,
    /// A strategic merge patch that names its object is merged as one with a target is: `patchesStrategicMerge`.
    pub(crate) is_legacy: bool,
}

impl LoadedPatch {
    /// The place of one of its documents.
    pub(crate) fn origin(&self, line: Option<usize>, place: &Place) -> Origin {
        match (&self.file, line) {
            (Some(file), Some(line)) => file.at_line(line),
            (Some(file), None) => file.clone(),
            (None, _) => place.find(&self.at).0,
        }
    }
}

/// Text that may be a patch, with its place.
struct Source {
    text: String,
    file: Option<Origin>,
    decrypted: bool,
}

impl Session<'_> {
    /// Loads all patches of a kustomization.
    pub(crate) fn load_patches(&mut self, place: &Place, kustomization: &Kustomization) -> Patches {
        let mut patches = Patches::default();
        let at = FieldPath::root().field("patchesStrategicMerge");
        patches.legacy_merge = self.load_merge_patches(place, &at, &kustomization.patches_strategic_merge);
        for entry in &kustomization.patches {
            patches.patches.extend(self.load_patch(place, entry));
        }
        for entry in &kustomization.patches_json6902 {
            patches.legacy_json.extend(self.load_legacy_json(place, entry));
        }
        patches
    }

    /// Loads a list of strategic merge patches, each inline or in a file; all of them together must hold something.
    pub(crate) fn load_merge_patches(
        &mut self,
        place: &Place,
        at: &FieldPath,
        entries: &[At<String>],
    ) -> Vec<LoadedPatch> {
        let mut patches = Vec::new();
        for entry in entries {
            let patch = self.load_legacy_merge(place, entry);
            patches.extend(patch.map(|patch| LoadedPatch { is_legacy: true, ..patch }));
        }
        let no_content = |patch: &LoadedPatch| matches!(&patch.text, PatchText::Merge(found) if found.is_empty());
        if !patches.is_empty() && patches.iter().all(no_content) {
            let problem = "there is nothing in any of them".to_owned();
            self.fail(place.error(at, Fault::InvalidValue { field: at.to_string(), problem }));
        }
        patches
    }

    pub(crate) fn load_patch(&mut self, place: &Place, entry: &At<Patch>) -> Result<LoadedPatch, Failed> {
        let source = self.load_source(place, entry)?;
        let target = self.target(place, entry)?;
        let text = read::read(&source.text).map_err(|fault| self.fail_in_patch(place, entry, &source, fault))?;
        let problem = match (&text, &target) {
            (PatchText::Json(_), None) => Some("a JSON 6902 patch needs a target"),
            (PatchText::Merge(documents), Some(_)) if documents.len() > 1 => {
                Some("a patch with a target may hold one document: make each an entry of its own")
            }
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(self.invalid(place, &entry.at, problem));
        }
        Ok(loaded(entry, text, target, source))
    }

    /// An entry of `patchesStrategicMerge` is the patch itself, or else the path of a file.
    fn load_legacy_merge(&mut self, place: &Place, entry: &At<String>) -> Result<LoadedPatch, Failed> {
        let patch = |source| At { value: Patch { source, ..Patch::default() }, at: entry.at.clone() };
        if let Ok(documents) = read::read_merge(&entry.value) {
            let source = Source { text: String::new(), file: None, decrypted: false };
            let inline = patch(PatchSource::Inline(entry.value.clone()));
            return Ok(loaded(&inline, PatchText::Merge(documents), None, source));
        }
        let entry = patch(PatchSource::File(entry.value.clone()));
        let source = self.load_source(place, &entry)?;
        let documents: Vec<MergePatch> =
            read::read_merge(&source.text).map_err(|fault| self.fail_in_patch(place, &entry, &source, fault))?;
        Ok(loaded(&entry, PatchText::Merge(documents), None, source))
    }

    pub(crate) fn load_legacy_json(&mut self, place: &Place, entry: &At<Patch>) -> Result<LoadedPatch, Failed> {
        if entry.value.target.as_ref().is_none_or(|target| target.name.is_empty()) {
            return Err(self.invalid(place, &entry.at, "give it a target with a name"));
        }
        let mut source = self.load_source(place, entry)?;
        if let PatchSource::Inline(text) = &entry.value.source {
            // Only here blanks around the text count: they may belong to its last value.
            source.text.clone_from(text);
        }
        let target = self.target(place, entry)?;
        let patch: JsonPatch =
            read::read_json(&source.text).map_err(|fault| self.fail_in_patch(place, entry, &source, fault))?;
        if patch.is_empty() {
            return Err(self.invalid(place, &entry.at, "the patch is empty"));
        }
        Ok(LoadedPatch { keeps_history: false, ..loaded(entry, PatchText::Json(patch), target, source) })
    }

    fn load_source(&mut self, place: &Place, entry: &At<Patch>) -> Result<Source, Failed> {
        let path = match &entry.value.source {
            PatchSource::Inline(text) => {
                return Ok(Source { text: text.trim().to_owned(), file: None, decrypted: false });
            }
            PatchSource::Unclear { both: true } => {
                return Err(self.invalid(place, &entry.at, "give either `path` or `patch`, not both"));
            }
            PatchSource::Unclear { both: false } => {
                return Err(self.invalid(place, &entry.at, "give `path` or `patch`"));
            }
            PatchSource::File(path) => path,
        };
        // An entry of `patchesStrategicMerge` is the path itself.
        let is_legacy = entry.at.to_string().starts_with("patchesStrategicMerge");
        let at = if is_legacy { entry.at.clone() } else { entry.at.field("path") };
        let loaded = self.loader.file(&place.directory, path, Encrypted::Decrypt);
        let loaded = loaded.map_err(|fault| self.fail(place.error(&at, fault)))?;
        let origin = Origin::new(loaded.path.as_str(), 0);
        match loaded.text() {
            Ok(text) => Ok(Source { text: text.to_owned(), file: Some(origin), decrypted: loaded.decrypted }),
            Err(fault) => Err(self.fail(place.error_in(origin, fault))),
        }
    }

    fn target(&mut self, place: &Place, entry: &At<Patch>) -> Result<Option<Target>, Failed> {
        let Some(selector) = &entry.value.target else { return Ok(None) };
        match Target::new(selector) {
            Ok(target) => Ok(Some(target)),
            Err((field, problem)) => {
                let at = entry.at.field("target").field(field);
                let fault = Fault::InvalidValue { field: at.to_string(), problem };
                Err(self.fail(place.error(&at, fault)))
            }
        }
    }

    fn invalid(&mut self, place: &Place, at: &FieldPath, problem: &str) -> Failed {
        self.fail(place.error(at, Fault::InvalidValue { field: at.to_string(), problem: problem.to_owned() }))
    }

    fn fail_in_patch(&mut self, place: &Place, entry: &At<Patch>, source: &Source, fault: PatchFault) -> Failed {
        let error: BuildError = match &source.file {
            Some(file) => place.error_in(file.at_line(fault.line.unwrap_or(0)), fault.fault),
            None => place.error(&entry.at.field("patch"), fault.fault),
        };
        self.fail(error)
    }
}

fn loaded(entry: &At<Patch>, text: PatchText, target: Option<Target>, source: Source) -> LoadedPatch {
    let Source { file, decrypted, .. } = source;
    LoadedPatch {
        options: entry.value.clone(),
        text,
        target,
        at: entry.at.clone(),
        file,
        decrypted,
        keeps_history: true,
        is_legacy: false,
    }
}

impl LoadedPatch {
    /// What its target says.
    pub(crate) fn selector(&self) -> Option<&Selector> {
        self.options.target.as_ref()
    }
}
