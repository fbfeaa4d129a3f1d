//! From a Kustomization and a snapshot to the objects that should be in the cluster.

use windlass_flux::{Kustomization, KustomizationSpec, SubstituteStrategy, well_known};
use windlass_manifest::{FileTree, Manifest, TreePath};
use windlass_render::substitute::{self, Mode, Strategy, Variables, substitute_all};
use windlass_render::{Build, BuildOptions, Closure, Warning};
use windlass_sops::Identities;

use crate::amendments::{amendments, common_metadata};
use crate::decryption::SopsDecryptor;
use crate::{Error, NamespacedName};

/// Everything but the files that decides what a Kustomization wants.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The Kustomization.
    pub kustomization: &'a Kustomization,
    /// Its variables; `None` where the spec has no `postBuild`.
    pub variables: Option<&'a Variables>,
    /// The keys that encrypted files are opened with; `None` where they are passed through.
    pub identities: Option<&'a Identities>,
    /// Whether a variable without a value is an error, as it is in Flux since 1.9.
    pub strict: bool,
}

/// What a Kustomization wants.
#[derive(Debug)]
pub struct Desired {
    /// The objects, final: rendered, decrypted, substituted and labelled.
    pub manifests: Vec<Manifest>,
    /// What is odd about the files without being an error.
    pub warnings: Vec<Warning>,
    /// What was read.
    pub closure: Closure,
}

/// Builds the objects of a Kustomization from `files`: a pure function of its arguments.
///
/// The steps are Flux's: kustomize build with the amendments of the spec, decryption, post-build substitution,
/// `commonMetadata`, owner labels. `revision` is only used to word errors.
///
/// # Errors
/// Every fault of the build with its file and line, or the first fault of a later step.
pub fn desired(inputs: &Inputs<'_>, files: &dyn FileTree, revision: &str) -> Result<Desired, Error> {
    let spec = &inputs.kustomization.spec;
    let directory = directory(spec.path.as_deref().unwrap_or_default(), files, revision)?;
    let amendments = amendments(spec);
    let decryptor = inputs.identities.map(SopsDecryptor::new);
    let mut options = BuildOptions::flux(&amendments);
    if let Some(decryptor) = &decryptor {
        options = options.with_decryptor(decryptor);
    }
    let Build { manifests, warnings, closure } = windlass_render::build(files, &directory, &options)?;

    let manifests: Vec<Manifest> = manifests.into_iter().filter(is_for_the_cluster).collect();
    let mut manifests = match inputs.variables {
        Some(variables) => {
            let options = substitution(spec, inputs.strict);
            substitute_all(&manifests, variables, &options).map_err(|errors| Error::Substitute { errors })?.manifests
        }
        None => manifests,
    };
    let metadata = common_metadata(spec);
    let owner = NamespacedName::of(inputs.kustomization);
    for manifest in &mut manifests {
        if manifest.get(&["sops", "mac"]).is_some() {
            return Err(Error::StillEncrypted { subject: Error::subject(manifest) });
        }
        metadata.apply(manifest);
        manifest.set_label(well_known::OWNER_NAME, &owner.name);
        manifest.set_label(well_known::OWNER_NAMESPACE, &owner.namespace);
    }
    Ok(Desired { manifests, warnings, closure })
}

fn substitution(spec: &KustomizationSpec, strict: bool) -> substitute::Options {
    let strategy = spec.post_build.as_ref().and_then(|post_build| post_build.substitute_strategy.as_ref());
    substitute::Options {
        mode: if strict { Mode::Strict } else { Mode::Lenient },
        strategy: match strategy {
            Some(SubstituteStrategy::Always) => Strategy::Always,
            _ => Strategy::WithVariables,
        },
        ..substitute::Options::default()
    }
}

/// `spec.path` as a directory of the source; a leading `/` or `./` means the root, as in Flux.
pub(crate) fn directory(path: &str, files: &dyn FileTree, revision: &str) -> Result<TreePath, Error> {
    let missing = || Error::PathMissing { path: path.to_owned(), revision: revision.to_owned() };
    let directory = TreePath::new(path.trim_start_matches('/')).map_err(|_| missing())?;
    if files.is_directory(&directory) { Ok(directory) } else { Err(missing()) }
}

/// Kustomization files that were listed as resources configure a build and are no objects of a cluster.
fn is_for_the_cluster(manifest: &Manifest) -> bool {
    manifest.gvk().group != "kustomize.config.k8s.io"
}
