//! Three sides of a value, merged by key.

use serde_json::{Map, Value as Json};
use windlass_sops::PathStep;

use crate::json_path::wipe;

/// What a merge does to our side.
#[derive(Default)]
pub(crate) struct Merge {
    /// The values to take from their side, in the order of the document.
    pub(crate) set: Vec<(Vec<PathStep>, Json)>,
    /// The values that their side removed.
    pub(crate) unset: Vec<Vec<PathStep>>,
    /// The places where both sides changed the same value, and differ; and what theirs is, none where they removed it.
    pub(crate) conflicts: Vec<(Vec<PathStep>, Option<Json>)>,
}

/// The values are secrets in clear.
impl Drop for Merge {
    fn drop(&mut self) {
        let theirs = self.conflicts.iter_mut().filter_map(|(_, value)| value.as_mut());
        self.set.iter_mut().map(|(_, value)| value).chain(theirs).for_each(wipe);
    }
}

/// Compares three sides. Mappings are merged key by key; a list is one value, since nothing tells which item is which.
pub(crate) fn merge(base: &Json, ours: &Json, theirs: &Json) -> Merge {
    let mut merge = Merge::default();
    merge.at(&mut Vec::new(), Some(base), Some(ours), Some(theirs));
    merge
}

impl Merge {
    fn at(&mut self, path: &mut Vec<PathStep>, base: Option<&Json>, ours: Option<&Json>, theirs: Option<&Json>) {
        if theirs == base || theirs == ours {
            return;
        }
        if let (Some(Json::Object(ours)), Some(Json::Object(theirs))) = (ours, theirs) {
            let empty = Map::new();
            let base = base.and_then(Json::as_object).unwrap_or(&empty);
            let new = theirs.keys().filter(|key| !ours.contains_key(*key) && !base.contains_key(*key));
            let old = base.keys().filter(|key| !ours.contains_key(*key));
            for key in ours.keys().chain(old).chain(new) {
                path.push(PathStep::Key(key.clone()));
                self.at(path, base.get(key), ours.get(key), theirs.get(key));
                path.pop();
            }
            return;
        }
        match theirs {
            _ if ours != base => self.conflicts.push((path.clone(), theirs.cloned())),
            Some(value) => self.set.push((path.clone(), value.clone())),
            None => self.unset.push(path.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_sops::Location;

    use super::*;

    fn shown(base: Json, ours: Json, theirs: Json) -> (Vec<String>, Vec<String>, Vec<String>) {
        let merge = merge(&base, &ours, &theirs);
        let path = |path: &[PathStep]| Location { path: path.to_vec(), ..Location::default() }.to_string();
        (
            merge.set.iter().map(|(at, value)| format!("{}={value}", path(at))).collect(),
            merge.unset.iter().map(|at| path(at)).collect(),
            merge.conflicts.iter().map(|(at, _)| path(at)).collect(),
        )
    }

    #[test]
    fn changes_of_different_keys_go_together() {
        let base = json!({"a": 1, "b": {"c": 1, "d": 1}, "e": 1, "l": [1]});
        let ours = json!({"a": 2, "b": {"c": 1, "d": 1, "new": 1}, "e": 1, "l": [1]});
        let theirs = json!({"a": 1, "b": {"c": 5, "d": 1}, "l": [1, 2], "f": {"g": 1}});
        assert_eq!(
            shown(base, ours, theirs),
            (vec!["b.c=5".into(), "l=[1,2]".into(), "f={\"g\":1}".into()], vec!["e".into()], vec![])
        );
    }

    #[test]
    fn changes_of_the_same_value_are_conflicts_unless_they_agree() {
        let base = json!({"a": 1, "b": 1, "c": 1, "d": {"x": 1}, "l": [1]});
        let ours = json!({"a": 2, "b": 3, "d": {"x": 2}, "l": [2]});
        let theirs = json!({"a": 2, "b": 4, "c": 9, "l": [3]});
        let (set, unset, conflicts) = shown(base, ours, theirs);
        assert!(set.is_empty() && unset.is_empty());
        assert_eq!(conflicts, ["b", "d", "l", "c"]);
    }
}
