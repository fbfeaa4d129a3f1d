//! The archive of a cluster's objects: a tar that `tar` lists and `kubectl` applies.
//!
//! ```text
//! cluster.json                                              what the cluster was: ClusterFacts
//! resources/<plural[.group]>/cluster/<name>.yaml            one object each, cleaned
//! resources/<plural[.group]>/namespaces/<namespace>/<name>.yaml
//! ```
//!
//! The bytes depend on the objects alone: entries are sorted, owned by 0, dated 1970, and YAML is printed with sorted keys.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use kube::core::ApiResource;
use serde_json::Value;
use tar::{Builder, EntryType, Header};
use windlass_manifest::{Manifest, read_manifests};
use zeroize::Zeroizing;

use crate::Error;
use crate::facts::{ClusterFacts, FORMAT};

const FACTS: &str = "cluster.json";
/// No object that etcd takes is bigger; a file that is was not made by us.
const LARGEST_FILE: u64 = 16 << 20;
/// A block of tar: headers are one, contents are filled up to one.
const BLOCK: usize = 512;

/// The objects of a cluster and what is known of it, read from an archive.
#[derive(Debug, Clone, Default)]
pub struct SavedCluster {
    /// What the cluster was.
    pub facts: ClusterFacts,
    /// Its objects, by their path in the archive.
    pub objects: BTreeMap<String, Manifest>,
}

/// The path of an object in the archive; `None` where its name could lead elsewhere.
pub(crate) fn path_of(kind: &ApiResource, namespace: Option<&str>, name: &str) -> Option<String> {
    let folder = if kind.group.is_empty() { kind.plural.clone() } else { format!("{}.{}", kind.plural, kind.group) };
    let path = match namespace {
        Some(namespace) => format!("resources/{folder}/namespaces/{namespace}/{name}.yaml"),
        None => format!("resources/{folder}/cluster/{name}.yaml"),
    };
    is_harmless(&path).then_some(path)
}

/// Whether a path has the form of the archive, and stays in it.
fn is_harmless(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let shape = matches!(parts.as_slice(), ["resources", _, "cluster", _] | ["resources", _, "namespaces", _, _]);
    shape && parts.iter().all(|part| !matches!(*part, "" | "." | "..") && !part.contains(['\\', '\0']))
}

/// Writes the archive. What it holds may be secret: the memory is wiped when it is dropped, and never moved on the way.
pub(crate) fn write(cluster: &SavedCluster) -> Result<Zeroizing<Vec<u8>>, Error> {
    let facts = serde_json::to_vec_pretty(&cluster.facts).map_err(|source| Error::Archive { source: source.into() })?;
    let texts: Vec<(&str, Zeroizing<String>)> = cluster
        .objects
        .iter()
        .map(|(path, manifest)| (path.as_str(), Zeroizing::new(windlass_yaml::print(manifest.value()))))
        .collect();
    let padded = |length: usize| length.div_ceil(BLOCK) * BLOCK;
    // A long path takes a header and blocks of its own.
    let one = |path: &str, length: usize| 3 * BLOCK + padded(path.len() + 1) + padded(length);
    let size = texts.iter().map(|(path, text)| one(path, text.len())).sum::<usize>() + one(FACTS, facts.len());
    let mut archive = Builder::new(Wiped(Zeroizing::new(Vec::with_capacity(size + 2 * BLOCK))));
    let mut append = |path: &str, content: &[u8]| -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content)
    };
    let written = append(FACTS, &facts)
        .and_then(|()| texts.iter().try_for_each(|(path, text)| append(path, text.as_bytes())))
        .and_then(|()| archive.into_inner());
    written.map(|writer| writer.0).map_err(|source| Error::Archive { source: source.into() })
}

/// Wiped memory as something to write to.
struct Wiped(Zeroizing<Vec<u8>>);

impl Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SavedCluster {
    /// Reads an archive, whoever wrote it: only plain files whose paths and contents agree are taken.
    ///
    /// # Errors
    /// [`Error::BadArchive`] for the first entry that is not as this crate writes it; [`Error::NewerFormat`] where a later
    /// version wrote it.
    pub fn read(archive: impl Read) -> Result<Self, Error> {
        let mut cluster = Self::default();
        let mut archive = tar::Archive::new(archive);
        let broken = |source: io::Error| Error::Archive { source: source.into() };
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let bad = |reason: &str| Error::BadArchive { path: path.clone(), reason: reason.to_owned() };
            if entry.header().entry_type() != EntryType::Regular {
                return Err(bad("it is no plain file"));
            }
            if entry.size() > LARGEST_FILE {
                return Err(bad("it is larger than any object can be"));
            }
            let mut text = Zeroizing::new(String::with_capacity(usize::try_from(entry.size()).unwrap_or_default()));
            entry.read_to_string(&mut text).map_err(|error| bad(&format!("it cannot be read: {error}")))?;
            if path == FACTS {
                cluster.facts = facts(&text)?;
                continue;
            }
            let manifest = object(&path, &text).map_err(|reason| bad(&reason))?;
            if cluster.objects.insert(path.clone(), manifest).is_some() {
                return Err(bad("it is there twice"));
            }
        }
        if cluster.facts.format == 0 {
            return Err(Error::BadArchive { path: FACTS.to_owned(), reason: "it is missing".to_owned() });
        }
        Ok(cluster)
    }
}

fn facts(text: &str) -> Result<ClusterFacts, Error> {
    let bad = |error: serde_json::Error| Error::BadArchive { path: FACTS.to_owned(), reason: error.to_string() };
    let value: Value = serde_json::from_str(text).map_err(bad)?;
    let format = value["format"].as_u64().unwrap_or_default();
    if format > u64::from(FORMAT) {
        return Err(Error::NewerFormat { format });
    }
    serde_json::from_value(value).map_err(bad)
}

/// The object of a file, which must be the one that the path names. No reason holds any of its content.
fn object(path: &str, text: &str) -> Result<Manifest, String> {
    if !is_harmless(path) {
        return Err("its path is not of the form resources/<kind>/cluster/<name>.yaml".to_owned());
    }
    let mut manifests = read_manifests(text, path).map_err(|_| "it holds no object".to_owned())?;
    let (Some(manifest), true) = (manifests.pop(), manifests.is_empty()) else {
        return Err("it does not hold one object".to_owned());
    };
    let parts: Vec<&str> = path.split('/').collect();
    let namespace = (parts[2] == "namespaces").then(|| parts[3]);
    let name = parts[parts.len() - 1].strip_suffix(".yaml");
    let group = parts[1].split_once('.').map_or("", |(_, group)| group);
    if manifest.namespace() != namespace || Some(manifest.name()) != name || manifest.gvk().group != group {
        return Err("it holds another object than its path says".to_owned());
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use windlass_manifest::Origin;

    use super::*;

    fn cluster(objects: &[(&str, Value)]) -> SavedCluster {
        let objects = objects
            .iter()
            .map(|(path, object)| ((*path).to_owned(), Manifest::new(object.clone(), Origin::unknown()).unwrap()));
        let facts = ClusterFacts { format: FORMAT, server_version: "v1.36.2".to_owned(), ..ClusterFacts::default() };
        SavedCluster { facts, objects: objects.collect() }
    }

    fn map(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}})
    }

    fn tar(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut archive = Builder::new(Vec::new());
        for (path, kind, text) in entries {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(text.len() as u64);
            // Past the checks of the library, as a forger would.
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            archive.append(&header, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn what_is_written_reads_back_and_is_the_same_again() {
        let long = "x".repeat(200);
        let path = format!("resources/configmaps/namespaces/shop/{long}.yaml");
        let saved = cluster(&[("resources/configmaps/namespaces/shop/a.yaml", map("a")), (&path, map(&long))]);
        let bytes = write(&saved).unwrap();
        let read = SavedCluster::read(bytes.as_slice()).unwrap();
        assert_eq!(read.facts, saved.facts);
        assert_eq!(read.objects.keys().collect::<Vec<_>>(), saved.objects.keys().collect::<Vec<_>>());
        assert_eq!(read.objects[&path].value(), saved.objects[&path].value());
        assert_eq!(*write(&read).unwrap(), *bytes);
        assert!(bytes.len() <= bytes.capacity());
    }

    #[test]
    fn hostile_archives_are_refused() {
        let facts = r#"{"format":1,"serverVersion":"v1.36.2","kinds":[],"leftOut":{}}"#;
        let text = windlass_yaml::print(&map("a"));
        for (path, kind, text) in [
            ("resources/configmaps/namespaces/../a.yaml", EntryType::Regular, text.as_str()),
            ("/resources/configmaps/namespaces/shop/a.yaml", EntryType::Regular, &text),
            ("resources/configmaps/namespaces/shop/a.yaml", EntryType::Symlink, ""),
            ("resources/configmaps/namespaces/shop/a.yaml", EntryType::Directory, ""),
            ("resources/configmaps/namespaces/other/a.yaml", EntryType::Regular, &text),
            ("resources/configmaps/cluster/a.yaml", EntryType::Regular, &text),
            ("resources/configmaps.apps/namespaces/shop/a.yaml", EntryType::Regular, &text),
            ("resources/configmaps/namespaces/shop/a.yaml", EntryType::Regular, "a: [b"),
            ("resources/configmaps/namespaces/shop/a.yaml", EntryType::Regular, ""),
        ] {
            let archive = tar(&[(FACTS, EntryType::Regular, facts), (path, kind, text)]);
            let error = SavedCluster::read(archive.as_slice()).unwrap_err();
            assert!(matches!(error, Error::BadArchive { .. }), "{path}: {error}");
        }
        let twice = ("resources/configmaps/namespaces/shop/a.yaml", EntryType::Regular, text.as_str());
        let archive = tar(&[(FACTS, EntryType::Regular, facts), twice, twice]);
        assert!(SavedCluster::read(archive.as_slice()).unwrap_err().to_string().contains("twice"));
        let newer = tar(&[(FACTS, EntryType::Regular, r#"{"format":2}"#)]);
        assert!(matches!(SavedCluster::read(newer.as_slice()), Err(Error::NewerFormat { format: 2 })));
        assert!(SavedCluster::read(tar(&[twice]).as_slice()).unwrap_err().to_string().contains("missing"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = SavedCluster::read(bytes.as_slice());
        }

        #[test]
        fn a_flipped_byte_never_panics(at in 0usize..4096, bit in 0u8..8) {
            let mut bytes = write(&cluster(&[("resources/configmaps/namespaces/shop/a.yaml", map("a"))])).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let _ = SavedCluster::read(bytes.as_slice());
        }
    }
}
