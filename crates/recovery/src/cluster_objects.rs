use std::io::Read;

use kube::Client;
use serde_json::Value;
use windlass_capture::{Facts, Format, Source};
use zeroize::Zeroizing;

use crate::archive::{self, SavedCluster};
use crate::facts::ClusterFacts;
use crate::survey::survey;
use crate::{Error, Selection};

/// The name of the item that holds a cluster's objects in a snapshot.
pub const CLUSTER_OBJECTS: &str = "cluster/objects";

/// The objects of a cluster as one item of a backup: a tar of YAML files, whose bytes depend on the objects alone.
///
/// The bytes hold Secrets: they are in memory only, and wiped when this is dropped.
pub struct ClusterObjects {
    tar: Zeroizing<Vec<u8>>,
    facts: ClusterFacts,
    objects: usize,
    secrets: usize,
}

impl ClusterObjects {
    /// Reads what `selection` asks for.
    ///
    /// # Errors
    /// Where the cluster does not say which kinds it has. What else cannot be read is told by [`cluster`](Self::cluster).
    pub async fn read(client: &Client, selection: &Selection) -> Result<Self, Error> {
        Self::of(&survey(client, selection).await?)
    }

    /// The item that holds these objects.
    ///
    /// # Errors
    /// [`Error::Archive`] where the archive cannot be written.
    pub fn of(cluster: &SavedCluster) -> Result<Self, Error> {
        let secrets = cluster.objects.values().filter(|object| object.kind() == "Secret").count();
        Ok(Self {
            tar: archive::write(cluster)?,
            facts: cluster.facts.clone(),
            objects: cluster.objects.len(),
            secrets,
        })
    }

    /// What was saved, what was left out, and what could not be read.
    #[must_use]
    pub fn cluster(&self) -> &ClusterFacts {
        &self.facts
    }

    /// How many objects are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects
    }

    /// Whether there is none in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects == 0
    }

    /// The archive.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.tar
    }

    /// The revisions of the Git repositories, as the commit of a snapshot names them: `flux-system/home main@sha1:…`.
    #[must_use]
    pub fn git_revision(&self) -> Option<String> {
        let known = self.facts.sources.iter().filter(|source| !source.revision.is_empty());
        let texts: Vec<String> = known.map(|source| format!("{} {}", source.name, source.revision)).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }
}

impl std::fmt::Debug for ClusterObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClusterObjects({} objects, {} bytes)", self.objects, self.tar.len())
    }
}

impl Source for ClusterObjects {
    fn format(&self) -> Format {
        Format::Tar
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, windlass_capture::Error> {
        Ok(Box::new(self.tar.as_slice()))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    /// How many objects there are, how many of them Secrets, and how many things could not be read.
    fn facts(&self) -> Facts {
        let facts = [
            ("objects", self.objects),
            ("secrets", self.secrets),
            ("kinds", self.facts.kinds.len()),
            ("faults", self.facts.faults.len()),
        ];
        facts.map(|(name, count)| (name.to_owned(), Value::from(count))).into_iter().collect()
    }
}
