use std::error::Error;
use std::fmt;

use windlass_manifest::TreePath;
use zeroize::Zeroizing;

use crate::{Amendments, Fetch, RenderCharts};

/// How a directory is built. The default is `kustomize build` without flags.
#[derive(Clone, Copy, Default)]
pub struct BuildOptions<'a> {
    /// Which files a kustomization may name. Default: only those in or below its own directory.
    pub load_restriction: LoadRestriction,
    /// The order of the objects. Default: what the kustomization asks for.
    pub order: Order,
    /// How much a build may take. Default: see [`Limits`].
    pub limits: Limits,
    /// What decrypts encrypted files. Default: nothing; encrypted files then pass through as they are.
    pub decryptor: Option<&'a dyn Decrypt>,
    /// What fetches bases and files that are named by a URL. Default: nothing; such entries are faults.
    pub fetch: Option<&'a dyn Fetch>,
    /// What renders the charts of `helmCharts`. Default: nothing; charts are faults.
    pub charts: Option<&'a dyn RenderCharts>,
    /// Whether CustomResourceDefinitions count that are in the build and were read before: patches then merge lists of
    /// custom resources by the keys that they state, and what they call cluster-scoped gets no namespace. Default: no;
    /// kustomize replaces such lists as a whole and gives every custom resource a namespace.
    pub know_crds: bool,
    /// Whether `*` and `?` in an entry of `resources` stand for any characters of a name, so that `apps/*.yaml` is all
    /// those files, sorted, but for kustomizations. Default: no; kustomize takes them as they are.
    pub globs: bool,
    /// Whether every object gets the label that `buildMetadata: [managedByLabel]` asks for. Default: no.
    pub managed_by_label: bool,
    /// Whether each warning is a fault. Default: no.
    pub strict: bool,
    /// What a Flux Kustomization object adds. Default: nothing, and no kustomization is generated.
    pub amendments: Option<&'a Amendments>,
}

impl<'a> BuildOptions<'a> {
    /// The options under which Flux builds: files from anywhere in the tree, objects in the order they were found.
    #[must_use]
    pub fn flux(amendments: &'a Amendments) -> Self {
        Self {
            load_restriction: LoadRestriction::None,
            order: Order::Fifo,
            amendments: Some(amendments),
            ..Self::default()
        }
    }

    /// The same options with something that decrypts.
    #[must_use]
    pub fn with_decryptor(mut self, decryptor: &'a dyn Decrypt) -> Self {
        self.decryptor = Some(decryptor);
        self
    }
}

impl fmt::Debug for BuildOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildOptions")
            .field("load_restriction", &self.load_restriction)
            .field("order", &self.order)
            .field("limits", &self.limits)
            .field("fetch", &self.fetch.is_some())
            .field("charts", &self.charts.is_some())
            .field("know_crds", &self.know_crds)
            .field("globs", &self.globs)
            .field("managed_by_label", &self.managed_by_label)
            .field("strict", &self.strict)
            .field("decryptor", &self.decryptor.is_some())
            .field("amendments", &self.amendments)
            .finish()
    }
}

/// Which files a kustomization may name. Directories may lie anywhere in the tree either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadRestriction {
    /// Only files in or below the directory of the kustomization (kustomize's `LoadRestrictionsRootOnly`).
    #[default]
    RootOnly,
    /// Every file of the tree (kustomize's `LoadRestrictionsNone`, and Flux's way).
    None,
}

/// The order in which objects come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// `sortOptions` of the built kustomization, else kustomize's legacy order by kind.
    #[default]
    AsKustomization,
    /// `sortOptions` of the built kustomization, else the order in which the objects were found: Flux's way.
    Fifo,
}

/// How much a build may take, so that no repository can exhaust the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest chain of kustomizations that include one another. Default: 64.
    pub depth: usize,
    /// The number of files read, counted each time one is read. Default: 20,000.
    pub files: usize,
    /// The bytes of one file. Default: 16 MiB.
    pub file_bytes: u64,
    /// The bytes of all files together. Default: 256 MiB.
    pub total_bytes: u64,
    /// About the bytes of all objects together. Default: 1 GiB.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, files: 20_000, file_bytes: 16 << 20, total_bytes: 256 << 20, output_bytes: 1 << 30 }
    }
}

/// Why something could not be decrypted.
pub type DecryptError = Box<dyn Error + Send + Sync>;

/// Turns encrypted files into plain ones.
pub trait Decrypt: Sync {
    /// The plain bytes of the file at `path`; `None` where the file is not encrypted.
    ///
    /// It is called for the files that a build loads (resources, patches, sources of generators) and that look like a
    /// SOPS document. Objects from a file decrypted here come out marked as sensitive.
    ///
    /// # Errors
    /// Where the file is encrypted and cannot be decrypted.
    fn decrypt(&self, path: &TreePath, bytes: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, DecryptError>;
}
