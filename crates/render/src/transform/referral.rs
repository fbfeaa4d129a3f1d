//! Finding the object that a name means: what kustomize calls a referral.

use std::collections::{HashMap, HashSet};

use windlass_manifest::Gvk;

use crate::identity::{GvkFilter, ResId, renamed_alike};
use crate::resource::Resource;

/// The objects that a name can mean, by the names they had. Objects that were never renamed need no look-up.
pub(crate) struct Referrals {
    candidates: Vec<Candidate>,
    by_previous_name: HashMap<String, Vec<usize>>,
    /// By the namespaces that objects had at first: from where those objects can be seen.
    reaches: HashMap<String, HashSet<Reach>>,
}

/// From where an object can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reach {
    is_cluster_scoped: bool,
    /// As it counts.
    namespace: String,
    /// As it is written.
    written: String,
}

/// One object as referrals see it.
pub(crate) struct Candidate {
    pub(crate) id: ResId,
    /// `metadata.namespace` as written; empty where there is none.
    pub(crate) namespace: String,
    original_namespace: String,
    /// The kinds it had before, each once; group and version are those of today.
    previous_kinds: Vec<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// Who asks, and for what.
pub(crate) struct Question<'q> {
    pub(crate) referrer: usize,
    pub(crate) target: &'q GvkFilter,
    pub(crate) role: Option<&'q GvkFilter>,
    /// The namespaces of the service accounts that a role binding names.
    pub(crate) subject_namespaces: &'q [String],
    pub(crate) name: &'q str,
    /// A namespace written beside the name.
    pub(crate) namespace: Option<&'q str>,
    /// Whether the namespace is taken over with the name, so that it counts for telling candidates apart.
    pub(crate) takes_namespace: bool,
}

impl Referrals {
    pub(crate) fn new<'r>(resources: impl Iterator<Item = &'r Resource>) -> Self {
        let mut by_previous_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut candidates = Vec::new();
        for (index, resource) in resources.enumerate() {
            for previous in &resource.history.previous {
                match by_previous_name.get_mut(&previous.name) {
                    Some(indices) if indices.last() == Some(&index) => {}
                    Some(indices) => indices.push(index),
                    None => drop(by_previous_name.insert(previous.name.clone(), vec![index])),
                }
            }
            candidates.push(Candidate::new(resource));
        }
        let mut reaches: HashMap<String, HashSet<Reach>> = HashMap::new();
        for candidate in &candidates {
            let reach = candidate.reach();
            match reaches.get_mut(&candidate.original_namespace) {
                Some(known) => drop(known.insert(reach)),
                None => drop(reaches.insert(candidate.original_namespace.clone(), HashSet::from([reach]))),
            }
        }
        Self { candidates, by_previous_name, reaches }
    }

    /// Who the object is now.
    pub(crate) fn id(&self, index: usize) -> &ResId {
        &self.candidates[index].id
    }

    /// A reference may have renamed an object itself.
    pub(crate) fn renamed(&mut self, index: usize, resource: &Resource) {
        let candidate = &mut self.candidates[index];
        if candidate.id.name != resource.manifest.name() {
            candidate.id = resource.id();
        }
    }

    /// The object that is meant; `None` where the name means nothing here.
    ///
    /// # Errors
    /// The objects it could be, where there are several and nothing tells them apart.
    pub(crate) fn find(&self, question: &Question<'_>) -> Result<Option<&Candidate>, Vec<String>> {
        let Some(indices) = self.by_previous_name.get(question.name) else { return Ok(None) };
        let referrer = &self.candidates[question.referrer];
        let in_reach = indices.iter().map(|index| &self.candidates[*index]);
        let mut found: Vec<_> =
            in_reach.filter(|candidate| referrer.may_refer_to(candidate, question.subject_namespaces)).collect();
        if let Some(namespace) = question.namespace {
            found = self.in_namespace(found, namespace, referrer, question);
        }
        found.retain(|candidate| candidate.was(question.target));
        if let Some(role) = question.role {
            found.retain(|candidate| candidate.was(role));
        }
        found.retain(|candidate| referrer.shares_namespace_with(candidate));
        if found.len() > 1 {
            found.retain(|candidate| candidate.renamed_like(referrer, true));
            if found.len() > 1 {
                found.retain(|candidate| candidate.renamed_like(referrer, false));
            }
        }
        let Some(first) = found.first() else { return Ok(None) };
        let same = |other: &&Candidate| {
            other.id.name == first.id.name && (!question.takes_namespace || other.namespace == first.namespace)
        };
        if found.iter().all(same) {
            Ok(Some(first))
        } else {
            Err(found.iter().map(|candidate| candidate.id.to_string()).collect())
        }
    }

    /// Keeps what was in the namespace at first; if nothing in reach was, what is there now.
    fn in_namespace<'c>(
        &'c self,
        found: Vec<&'c Candidate>,
        namespace: &str,
        referrer: &Candidate,
        question: &Question<'_>,
    ) -> Vec<&'c Candidate> {
        let reaches = self.reaches.get(namespace).into_iter().flatten();
        let was_there = reaches.into_iter().any(|reach| referrer.may_refer_within(reach, question.subject_namespaces));
        let fits = |candidate: &&Candidate| match was_there {
            true => candidate.original_namespace == namespace,
            false => candidate.id.namespace == namespace && !candidate.id.is_cluster_scoped(),
        };
        found.into_iter().filter(fits).collect()
    }
}

impl Candidate {
    fn new(resource: &Resource) -> Self {
        let id = resource.id();
        let history = &resource.history;
        let first = history.previous.first().map(|was| was.namespace.clone());
        let mut previous_kinds: Vec<String> = Vec::new();
        for was in &history.previous {
            if !previous_kinds.contains(&was.kind) {
                previous_kinds.push(was.kind.clone());
            }
        }
        Self {
            namespace: resource.manifest.namespace().unwrap_or_default().to_owned(),
            original_namespace: first.unwrap_or_else(|| id.namespace.clone()),
            previous_kinds,
            prefixes: history.prefixes.clone(),
            suffixes: history.suffixes.clone(),
            id,
        }
    }

    fn gvk(&self) -> &Gvk {
        &self.id.gvk
    }

    /// Whether any of its previous ids fits.
    fn was(&self, target: &GvkFilter) -> bool {
        let Gvk { group, version, .. } = &self.id.gvk;
        self.previous_kinds.iter().any(|kind| target.fits(group, version, kind))
    }

    /// Whether two objects were renamed alike: one list of prefixes ends with the other, and so for suffixes.
    fn renamed_like(&self, other: &Self, empty_fits: bool) -> bool {
        renamed_alike([&self.prefixes, &other.prefixes], empty_fits)
            && renamed_alike([&self.suffixes, &other.suffixes], empty_fits)
    }

    fn reach(&self) -> Reach {
        Reach {
            is_cluster_scoped: self.id.is_cluster_scoped(),
            namespace: self.id.namespace.clone(),
            written: self.namespace.clone(),
        }
    }

    /// Whether this object can see the other at all.
    fn may_refer_to(&self, other: &Self, subject_namespaces: &[String]) -> bool {
        self.id.is_cluster_scoped()
            || other.id.is_cluster_scoped()
            || self.id.namespace == other.id.namespace
            || subject_namespaces.contains(&other.namespace)
    }

    /// The same, of an object with this reach.
    fn may_refer_within(&self, reach: &Reach, subject_namespaces: &[String]) -> bool {
        self.id.is_cluster_scoped()
            || reach.is_cluster_scoped
            || self.id.namespace == reach.namespace
            || subject_namespaces.contains(&reach.written)
    }

    fn shares_namespace_with(&self, other: &Self) -> bool {
        self.id.is_cluster_scoped()
            || other.id.is_cluster_scoped()
            || other.gvk().kind == "ServiceAccount"
            || self.id.namespace == other.id.namespace
    }
}
