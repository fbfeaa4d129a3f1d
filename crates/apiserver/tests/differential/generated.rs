//! Random sequences of requests, the same ones for the same seed.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

use crate::kinds::{Field, Kind};
use crate::script::Step;

const LAST_APPLIED: &str = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

/// A sequence, and the kinds that it is about.
pub(crate) struct Sequence<'a> {
    pub(crate) kinds: Vec<&'a Kind>,
    pub(crate) steps: Vec<Step>,
}

/// Some requests by several managers to some objects of three kinds, which take turns from seed to seed.
pub(crate) fn sequence(all: &[Kind], seed: usize, length: usize) -> Sequence<'_> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
    let mut random = Random(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (first, stride) = (seed * 3, 1 + seed / all.len() % 7);
    let mut kinds: Vec<&Kind> = Vec::new();
    for turn in 0..3 {
        let kind = &all[(first + turn * stride) % all.len()];
        if !kinds.iter().any(|one| one.path == kind.path) {
            kinds.push(kind);
        }
    }
    let mut steps = Vec::new();
    while steps.len() < length {
        let kind = kinds[random.below(kinds.len())];
        let mut step = random.step(kind);
        step.line = steps.len();
        steps.push(step);
    }
    // What is stored in the end.
    for kind in &kinds {
        steps.push(plain("GET", kind.collection()));
    }
    Sequence { kinds, steps }
}

struct Random(TestRng);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0.next_u32() as usize % end.max(1)
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn pick<'v, T>(&mut self, all: &'v [T]) -> &'v T {
        &all[self.below(all.len())]
    }

    fn step(&mut self, kind: &Kind) -> Step {
        let name = if self.one_in(5) { "y" } else { "x" };
        let one = kind.object(name);
        let applier = *self.pick(&["m0", "m1", "m2", "kubectl"]);
        let updater = *self.pick(&["u0", "u1", "kubectl"]);
        let apply = {
            let force = self.one_in(2);
            let dry = if self.one_in(12) { "&dryRun=All" } else { "" };
            format!("?fieldManager={applier}&force={force}{dry}")
        };
        let update = match self.below(16) {
            0 => format!("?fieldManager={updater}&dryRun=All"),
            1 => format!("?fieldManager={updater}&fieldValidation=Strict"),
            2 => String::new(),
            _ => format!("?fieldManager={updater}"),
        };
        match self.below(100) {
            0..=34 => body("APPLY", one + &apply, self.whole(kind, name)),
            35..=40 => body("PUT", one + &update, self.whole(kind, name)),
            41..=47 => Step { edits: self.edits(kind, false), ..body("EDIT", one + &update, self.whole(kind, name)) },
            48..=55 => body("MERGE", one + &update, self.patch(kind)),
            56..=62 if !kind.custom => body("STRATEGIC", one + &update, self.patch(kind)),
            63..=66 => body("JSON", one + &update, self.operations(kind)),
            67 if kind.custom => {
                let mut object = self.whole(kind, name);
                set(&mut object, "/spec/unknown", "x".into());
                body(if self.one_in(2) { "PUT" } else { "MERGE" }, one + &update, object)
            }
            68..=71 => {
                let collection = kind.collection();
                let path = collection.split('?').next().unwrap_or_default();
                body("POST", format!("{path}{update}"), self.whole(kind, name))
            }
            72..=73 => plain("GET", one),
            74..=76 => self.list(kind),
            77..=78 => plain("TABLE", if self.one_in(2) { one } else { kind.collection() }),
            79..=84 if kind.has_status => self.status(kind, name, &apply, &update),
            85..=89 if kind.has_scale => self.scale(kind, name, &apply, &update),
            90..=97 => self.delete(kind, one),
            98 if kind.namespaced() => plain("DELETE", format!("{}labelSelector=l=1", kind.collection())),
            _ => body("APPLY", one + &apply, self.whole(kind, name)),
        }
    }

    /// An object with some of its fields.
    fn whole(&mut self, kind: &Kind, name: &str) -> Value {
        let mut object = kind.base.clone();
        let name = if kind.namespaced() { name.to_owned() } else { format!("{{ns}}-{name}") };
        object["metadata"]["name"] = name.into();
        let in_status = |field: &&Field| field.pointer.starts_with("/status") && kind.has_status && !kind.custom;
        for field in kind.fields.iter().filter(|field| !in_status(field)) {
            if self.one_in(2) {
                let value = self.value(field);
                set(&mut object, &field.pointer, value);
            }
        }
        self.metadata(&mut object);
        if self.one_in(10) {
            set(&mut object, "/metadata/resourceVersion", "{own-rv}".into());
        }
        if self.one_in(30) {
            let mut applied = kind.base.clone();
            applied["metadata"]["name"] = object["metadata"]["name"].clone();
            set(&mut object, LAST_APPLIED, format!("{applied}\n").into());
        }
        object
    }

    fn metadata(&mut self, object: &mut Value) {
        if self.one_in(2) {
            let value = *self.pick(&["1", "2"]);
            set(object, "/metadata/labels/l", value.into());
        }
        if self.one_in(4) {
            set(object, "/metadata/annotations/n", "1".into());
        }
        if self.one_in(14) {
            set(object, "/metadata/finalizers", json!(["example.test/f"]));
        }
        if self.one_in(30) {
            set(object, "/metadata/managedFields", json!([{}]));
        }
    }

    fn value(&mut self, field: &Field) -> Value {
        let refused = !field.bad.is_empty() && (field.good.is_empty() || self.one_in(15));
        self.pick(if refused { &field.bad } else { &field.good }).clone()
    }

    /// Fields to set; null takes one away.
    fn edits(&mut self, kind: &Kind, status: bool) -> Vec<(String, Value)> {
        let mut edits = Vec::new();
        for field in kind.fields.iter().filter(|field| field.pointer.starts_with("/status") == status) {
            // Into a list only JSON patches reach.
            if self.one_in(3) && !field.pointer.contains("/0/") {
                let value = if self.one_in(4) { Value::Null } else { self.value(field) };
                edits.push((field.pointer.clone(), value));
            }
        }
        if self.one_in(4) {
            let value = if self.one_in(3) { Value::Null } else { self.pick(&["1", "2"]).to_owned().into() };
            edits.push(("/metadata/labels/l".to_owned(), value));
        }
        if self.one_in(8) {
            let value = if self.one_in(3) { json!(["example.test/f"]) } else { Value::Null };
            edits.push(("/metadata/finalizers".to_owned(), value));
        }
        if self.one_in(40) {
            edits.push(("/metadata/managedFields".to_owned(), json!([{}])));
        }
        edits
    }

    fn patch(&mut self, kind: &Kind) -> Value {
        let mut patch = json!({});
        for (pointer, value) in self.edits(kind, false) {
            set(&mut patch, &pointer, value);
        }
        patch
    }

    fn operations(&mut self, kind: &Kind) -> Value {
        let mut operations = Vec::new();
        for _ in 0..=self.below(2) {
            let field = self.pick(&kind.fields);
            let value = self.value(field);
            let path = field.pointer.clone();
            operations.push(match self.below(7) {
                0 => json!({"op": "remove", "path": path}),
                1 => json!({"op": "replace", "path": path, "value": value}),
                2 => json!({"op": "test", "path": path, "value": value}),
                3 => json!({"op": "copy", "from": "/metadata/name", "path": "/metadata/annotations"}),
                4 => json!({"op": "add", "path": "/metadata/labels", "value": {"l": "1"}}),
                _ => json!({"op": "add", "path": path, "value": value}),
            });
        }
        operations.into()
    }

    fn list(&mut self, kind: &Kind) -> Step {
        let query =
            *self.pick(&["", "labelSelector=l=1", "labelSelector=!l", "limit=1", "labelSelector=l%20in%20(1,2)"]);
        plain("GET", kind.collection() + query)
    }

    fn status(&mut self, kind: &Kind, name: &str, apply: &str, update: &str) -> Step {
        let one = format!("{}/status", kind.object(name));
        // A Service that comes into being through its status is odd in ways that nobody meets.
        let least = if kind.path.contains("/services/") { 3 } else { 0 };
        match least + self.below(5 - least) {
            0 => plain("GET", one),
            1 => Step { edits: self.edits(kind, true), ..body("EDIT", one + update, self.whole(kind, name)) },
            2 => {
                let mut object = kind.base.clone();
                object["metadata"]["name"] =
                    (if kind.namespaced() { name.to_owned() } else { format!("{{ns}}-{name}") }).into();
                // What an apply makes of nulls in a status is another story.
                for (pointer, value) in self.edits(kind, true).into_iter().filter(|edit| !edit.1.is_null()) {
                    set(&mut object, &pointer, value);
                }
                if let Some(fields) = object.as_object_mut() {
                    fields.shift_remove("spec");
                }
                body("APPLY", one + apply, object)
            }
            _ => {
                let mut patch = json!({});
                for (pointer, value) in self.edits(kind, true) {
                    set(&mut patch, &pointer, value);
                }
                body("MERGE", one + update, patch)
            }
        }
    }

    fn scale(&mut self, kind: &Kind, name: &str, apply: &str, update: &str) -> Step {
        let one = format!("{}/scale", kind.object(name));
        let mut scale =
            json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": name, "namespace": "{ns}"}});
        if !self.one_in(6) {
            scale["spec"]["replicas"] = self.below(4).into();
        }
        match self.below(5) {
            0 => plain("GET", one),
            1 => body("PUT", one + update, scale),
            2 => body("MERGE", one + update, json!({"spec": {"replicas": self.below(4)}})),
            _ => body("APPLY", one + apply, scale),
        }
    }

    fn delete(&mut self, kind: &Kind, one: String) -> Step {
        match self.below(8) {
            0 => plain("DELETE", format!("{one}?propagationPolicy=Orphan")),
            1 => plain("DELETE", format!("{one}?propagationPolicy=Foreground")),
            2 => plain("DELETE", format!("{one}?dryRun=All")),
            3 => body("DELETE", one, json!({"preconditions": {"resourceVersion": "{own-rv}"}})),
            4 if !kind.custom => body("DELETE", one, json!({"preconditions": {"uid": "{own-uid}"}})),
            _ => plain("DELETE", one),
        }
    }
}

fn plain(verb: &str, path: String) -> Step {
    Step { line: 0, verb: verb.to_owned(), path, body: String::new(), edits: Vec::new() }
}

fn body(verb: &str, path: String, body: Value) -> Step {
    Step { body: body.to_string(), ..plain(verb, path) }
}

/// Sets a field, making the way to it. A `~1` in the pointer is a slash, as in JSON pointers; null in an object that is not
/// a patch means that there is no such field.
pub(crate) fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/");
        if at.is_array() {
            let item = step.parse::<usize>().ok().and_then(|index| at.get_mut(index));
            let Some(item) = item else { return };
            at = item;
            continue;
        }
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[step];
    }
    *at = value;
}
