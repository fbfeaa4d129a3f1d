//! What a rebuild remembers of itself, for the one that takes it up after it was killed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use serde::{Deserialize, Serialize};
use windlass_backup::{Findings, Snapshot};
use windlass_cluster::Cluster;

use super::{GitFiles, RebuildOptions};
use crate::Error;
use crate::restore::FIELD_MANAGER;

/// It stands in the cluster that is rebuilt, where every cluster has a namespace: a cluster that is wiped forgets.
const NAMESPACE: &str = "kube-system";
/// The name of the ConfigMap.
pub(crate) const NAME: &str = "windlass-rebuild";
const KEY: &str = "progress.json";

/// What was decided at the beginning, and how far the data are. It names items and paths, never content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Memory {
    /// The snapshot that it is done from, the repository that this is in, and the host that it is of.
    pub(super) snapshot: String,
    #[serde(default)]
    pub(super) repository: String,
    #[serde(default)]
    pub(super) host: String,
    pub(super) began: Timestamp,
    #[serde(default)]
    keep_held: bool,
    #[serde(default)]
    git: GitFiles,
    /// The items of data that are to be put into place.
    #[serde(default)]
    pub(super) data: BTreeMap<String, Remembered>,
    /// Whether all of them are: workloads may run since, and what is in the places is theirs.
    #[serde(default)]
    pub(super) all_in_place: bool,
    /// That it came to its end, until somebody who can sign keeps that in the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Ended>,
}

/// What was seen at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    pub(super) at: Timestamp,
    /// How many objects the backup held, and how many items of data were put into place.
    pub(super) objects: usize,
    pub(super) items: usize,
}

/// An item of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remembered {
    pub(super) path: PathBuf,
    #[serde(default)]
    pub(super) state: State,
}

/// How far an item is. Each is written down before what comes next is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    /// Nothing was done.
    #[default]
    Wanted,
    /// It is being put there, in the place of what was found: of nothing, or of what the person wants moved aside.
    Begun { found: Option<Identity> },
    /// It is there, and this is what it is.
    Placed(Identity),
}

/// What a file or folder is known by, whatever is written into it: its number in the file system, and when it was made, since
/// numbers are used again. The number of the device is left out: it is another one after a reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    inode: u64,
    /// In nanoseconds since 1970; none where the file system does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<u64>,
}

impl Identity {
    /// That of what is at `path`; `None` where nothing is.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let made = metadata.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
        Some(Self { inode: metadata.ino(), made: made.and_then(|made| u64::try_from(made.as_nanos()).ok()) })
    }
}

impl Memory {
    pub(super) fn new(snapshot: &Snapshot, options: &RebuildOptions) -> Self {
        Self {
            snapshot: snapshot.id.clone(),
            repository: snapshot.repository.clone(),
            host: snapshot.host.clone(),
            began: Timestamp::now(),
            keep_held: options.keep_held,
            git: options.git,
            data: BTreeMap::new(),
            all_in_place: false,
            ended: None,
        }
    }

    /// What a rebuild that did not end left in the cluster.
    ///
    /// # Errors
    /// Where the cluster does not answer, or what is there cannot be read.
    pub(super) async fn read(cluster: &Cluster) -> Result<Option<Self>, Error> {
        let found = api(cluster).get_opt(NAME).await;
        let Some(map) = found.map_err(Error::api("look for a rebuild that was cut off"))? else { return Ok(None) };
        let text = map.data.unwrap_or_default().remove(KEY).unwrap_or_default();
        serde_json::from_str(&text).map(Some).map_err(|source| Error::Memory { source })
    }

    /// What the person who began it decided stands, where the one who takes it up says nothing else.
    pub(super) fn decide(&self, options: &mut RebuildOptions) {
        if options.wish.snapshot.is_none() {
            options.wish.snapshot = Some(self.snapshot.clone());
        }
        for (item, remembered) in &self.data {
            options.data.entry(item.clone()).or_insert_with(|| remembered.path.clone());
        }
        options.keep_held |= self.keep_held;
        if options.git == GitFiles::default() {
            options.git = self.git;
        }
    }

    /// What is known of an item that is to go to `path`.
    pub(super) fn state(&self, item: &str, path: &Path) -> State {
        let known = self.data.get(item).filter(|remembered| remembered.path == absolute(path));
        known.map_or(State::Wanted, |remembered| remembered.state.clone())
    }

    /// Whether all data are in place already and workloads may run: then nothing of it is touched any more.
    pub(super) fn is_done(&self, options: &RebuildOptions) -> bool {
        let is_placed = |(item, path): (&String, &PathBuf)| matches!(self.state(item, path), State::Placed(_));
        self.all_in_place && options.data.iter().all(is_placed)
    }

    /// Takes the items over that are wanted now; those that go elsewhere than before are begun anew.
    pub(super) fn want(&mut self, options: &RebuildOptions) {
        self.all_in_place = self.is_done(options);
        let wanted = options.data.iter().map(|(item, path)| {
            let state = self.state(item, path);
            (item.clone(), Remembered { path: absolute(path), state })
        });
        self.data = wanted.collect();
        self.keep_held = options.keep_held;
        self.git = options.git;
    }

    /// How long it took from its beginning, with the time in which nobody took it up; `None` while it is at work.
    pub(super) fn took(&self) -> Option<f64> {
        Some(self.ended.as_ref()?.at.duration_since(self.began).as_secs_f64())
    }

    /// What is to be kept of it in the repository.
    pub(super) fn findings(&self) -> Option<Findings> {
        let ended = self.ended.as_ref()?;
        let facts = [
            ("snapshot", self.snapshot.as_str().into()),
            ("host", self.host.as_str().into()),
            ("objects", ended.objects.into()),
            ("items", ended.items.into()),
        ];
        Some(Findings {
            good: true,
            started: Some(self.began),
            finished: Some(ended.at),
            facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            ..Findings::default()
        })
    }

    /// Writes it down for the first time. Only what is at its end, or taken up, may be written over.
    pub(super) async fn begin(&self, cluster: &Cluster, again: bool) -> Result<(), Error> {
        if again {
            return self.write(cluster).await;
        }
        match api(cluster).create(&PostParams::default(), &self.object()?).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 409 => match Self::read(cluster).await? {
                Some(other) if other.ended.is_none() => {
                    Err(Error::Unfinished { snapshot: other.snapshot, began: other.began })
                }
                _ => self.write(cluster).await,
            },
            Err(error) => Err(Error::api("write down that a rebuild is begun")(error)),
        }
    }

    pub(super) async fn write(&self, cluster: &Cluster) -> Result<(), Error> {
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let written = api(cluster).patch(NAME, &params, &Patch::Apply(self.object()?)).await;
        written.map(drop).map_err(Error::api("write down how far the rebuild is"))
    }

    fn object(&self) -> Result<ConfigMap, Error> {
        let text = serde_json::to_string_pretty(self).map_err(|source| Error::Memory { source })?;
        let (name, namespace) = (Some(NAME.to_owned()), Some(NAMESPACE.to_owned()));
        let metadata = ObjectMeta { name, namespace, ..ObjectMeta::default() };
        let data = Some(BTreeMap::from([(KEY.to_owned(), text)]));
        Ok(ConfigMap { metadata, data, ..ConfigMap::default() })
    }
}

/// Takes it away: the rebuild is at its end.
pub(super) async fn forget(cluster: &Cluster) -> Result<(), Error> {
    match api(cluster).delete(NAME, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::api("write down that the rebuild is at its end")(error)),
    }
}

/// Whoever takes it up may stand in another folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn api(cluster: &Cluster) -> Api<ConfigMap> {
    Api::namespaced(cluster.client().clone(), NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_itself_and_not_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.db");
        assert_eq!(Identity::of(&path), None);
        std::fs::write(&path, "one").unwrap();
        let first = Identity::of(&path).unwrap();
        std::fs::write(&path, "written by its application").unwrap();
        assert_eq!(Identity::of(&path), Some(first));
        let other = folder.path().join("other");
        std::fs::write(&other, "one").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_ne!(Identity::of(&path), Some(first));
    }

    #[test]
    fn what_was_decided_stands_unless_something_else_is_said() {
        let mut begun = RebuildOptions::new("work");
        begun.data.insert("sqlite/notes".to_owned(), "/srv/notes.db".into());
        begun.data.insert("files/media".to_owned(), "/srv/media".into());
        begun.keep_held = true;
        begun.git = GitFiles::Bundle;
        let mut memory = Memory {
            snapshot: "00000001-x".to_owned(),
            repository: "r".to_owned(),
            host: "home".to_owned(),
            began: Timestamp::UNIX_EPOCH,
            keep_held: begun.keep_held,
            git: begun.git,
            data: BTreeMap::new(),
            all_in_place: false,
            ended: None,
        };
        memory.want(&begun);
        let identity = Identity { inode: 7, made: None };
        for remembered in memory.data.values_mut() {
            remembered.state = State::Placed(identity);
        }
        memory.all_in_place = true;
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), memory);

        let mut again = RebuildOptions::new("work");
        again.data.insert("files/media".to_owned(), "/mnt/media".into());
        memory.decide(&mut again);
        assert_eq!(again.wish.snapshot.as_deref(), Some("00000001-x"));
        assert_eq!(again.data["sqlite/notes"], PathBuf::from("/srv/notes.db"));
        assert_eq!(again.data["files/media"], PathBuf::from("/mnt/media"));
        assert!(again.keep_held && again.git == GitFiles::Bundle);
        // The other place is not known: workloads wait once more.
        assert!(memory.is_done(&begun) && !memory.is_done(&again));
        memory.want(&again);
        assert!(!memory.all_in_place);
        assert_eq!(memory.data["files/media"].state, State::Wanted);
        assert_eq!(memory.data["sqlite/notes"].state, State::Placed(identity));
    }
}
