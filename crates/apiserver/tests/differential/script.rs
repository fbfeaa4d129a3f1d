use std::collections::BTreeMap;

use serde_json::Value;

use crate::generated::set;
use crate::mask::Mask;
use crate::peers::{Answer, Ask, Ours, Real};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// One request of a script.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) body: String,
    /// What an EDIT changes in the object that it puts.
    pub(crate) edits: Vec<(String, Value)>,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.path)?;
        if !self.body.is_empty() {
            write!(f, "\n{}", self.body.trim_end())?;
        }
        for (pointer, value) in &self.edits {
            write!(f, "\n{pointer} {value}")?;
        }
        Ok(())
    }
}

/// Reads a script: requests divided by empty lines, each a line with verb and path and then the body. Verbs are HTTP's
/// methods, and APPLY, MERGE, STRATEGIC and JSON for the kinds of PATCH, TABLE for a GET that asks for a table, and EDIT for
/// a PUT of what is there with some fields changed: lines of pointer and value, null
/// for one that goes. `{ns}` is the script's namespace, `{rv}` and
/// `{uid}` are of the object answered last, `{own-rv}` and `{own-uid}` of the object that the path names.
pub(crate) fn read(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            open = false;
            continue;
        }
        match steps.last_mut().filter(|_| open) {
            Some(step) if step.verb == "EDIT" => {
                let (pointer, value) = line.split_once(' ').expect("a pointer and a value");
                step.edits.push((pointer.to_owned(), serde_json::from_str(value).expect("a value")));
            }
            Some(step) => {
                step.body.push_str(line);
                step.body.push('\n');
            }
            None => {
                let (verb, path) = line.split_once(' ').unwrap_or((line, ""));
                let (verb, path) = (verb.to_owned(), path.trim().to_owned());
                steps.push(Step { line: index + 1, verb, path, body: String::new(), edits: Vec::new() });
                open = true;
            }
        }
    }
    steps
}

/// Plays a script on both servers in a new namespace; how many steps, and the differences.
pub(crate) async fn play(real: &Real, name: &str, text: &str) -> (usize, Vec<String>) {
    let steps = read(text);
    let mut differences = Vec::new();
    let ours = Ours::start();
    let mut player = Player::start(real, &ours, name).await;
    for step in &steps {
        if let Some(difference) = player.step(step).await {
            differences.push(format!("{name}:{}: {} {}\n{difference}", step.line, step.verb, step.path));
        }
    }
    (steps.len(), differences)
}

/// What one script has come to on both servers.
pub(crate) struct Player<'a> {
    real: &'a Real,
    ours: &'a Ours,
    namespace: String,
    masks: [Mask; 2],
    last: [Value; 2],
    /// The objects as they were answered last, by path.
    seen: [BTreeMap<String, Value>; 2],
    /// The revisions of the new namespace, before everything that is played.
    pub(crate) start: [String; 2],
}

impl<'a> Player<'a> {
    pub(crate) async fn start(real: &'a Real, ours: &'a Ours, name: &str) -> Self {
        let namespace = name.replace('_', "-");
        let mut player = Self {
            real,
            ours,
            namespace,
            masks: Default::default(),
            last: Default::default(),
            seen: Default::default(),
            start: Default::default(),
        };
        let post = |path: &str, body: &str| Step {
            line: 0,
            verb: "POST".to_owned(),
            path: path.to_owned(),
            body: body.to_owned(),
            edits: Vec::new(),
        };
        player.step(&post("/api/v1/namespaces", r#"{"metadata":{"name":"{ns}"}}"#)).await;
        let revision =
            |one: &Value| one.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
        player.start = [0, 1].map(|side: usize| revision(&player.last[side]).unwrap_or_default());
        player.step(&post("/api/v1/namespaces/{ns}/serviceaccounts", r#"{"metadata":{"name":"default"}}"#)).await;
        player
    }

    /// Times are compared as well: this server follows the real one's clock.
    pub(crate) fn showing_times(mut self) -> Self {
        self.masks.iter_mut().for_each(|mask| mask.shows_times = true);
        self
    }

    /// Plays one step; what is different.
    pub(crate) async fn step(&mut self, step: &Step) -> Option<String> {
        if step.verb == "SLEEP" {
            // The real server serves a definition only after a while.
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            return None;
        }
        let (method, content_type) = match step.verb.as_str() {
            "APPLY" => ("PATCH", "application/apply-patch+yaml"),
            "MERGE" => ("PATCH", "application/merge-patch+json"),
            "STRATEGIC" => ("PATCH", "application/strategic-merge-patch+json"),
            "JSON" => ("PATCH", "application/json-patch+json"),
            "TEXT" => ("POST", "text/plain"),
            "PATCH" => ("PATCH", "application/json"),
            "YAML" => ("POST", "application/yaml"),
            "EDIT" => ("PUT", "application/json"),
            "TABLE" => ("GET", "application/json"),
            method => (method, "application/json"),
        };
        let accept = if step.verb == "TABLE" { TABLE } else { "application/json" };
        let place = place(&step.path);
        let mut answers = Vec::new();
        for side in [0, 1] {
            let path = self.fill(side, &step.path, &place);
            let body = self.body(side, step, &place);
            let ask = Ask { method, path: &path, content_type, accept, body: &body };
            let answer = if side == 0 { self.real.send(ask).await } else { self.ours.send(ask).await };
            if side == 0 {
                self.ours.follow(&answer);
            }
            if answer.body.pointer("/metadata/resourceVersion").is_some() {
                self.last[side] = answer.body.clone();
                let whole = answer.body.get("items").is_none() && answer.body.get("kind") != Some(&"Scale".into());
                if whole && step.verb != "TABLE" && !step.path.contains("dryRun") {
                    let name = answer.body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
                    let made =
                        if step.verb == "POST" { format!("{place}/{}", self.named(name)) } else { place.clone() };
                    self.seen[side].insert(made, answer.body.clone());
                }
            }
            answers.push(answer);
        }
        for (mask, answer) in self.masks.iter_mut().zip(&mut answers) {
            mask.hide_answer(&mut answer.body);
        }
        let [real, ours] = answers.as_slice() else { return None };
        let difference = differ(real, ours);
        if difference.is_some() {
            // Count revisions anew: one difference is enough.
            let shows_times = self.masks[0].shows_times;
            self.masks = [0, 1].map(|_| Mask::new(shows_times));
        }
        difference
    }

    /// What a watch from the beginning on says of the objects of a collection; what is different.
    pub(crate) async fn watch(&self, collection: &str) -> Option<String> {
        let path = |side: usize| {
            let path = self.fill(side, collection, "");
            format!("{path}&watch=1&timeoutSeconds=20&resourceVersion={}", self.start[side])
        };
        let mut ours = self.ours.watch(&path(1)).await;
        let mut real = self.real.watch(&path(0), ours.len()).await;
        for events in [&mut real, &mut ours] {
            let mut mask = Mask::new(self.masks[0].shows_times);
            events.iter_mut().for_each(|event| mask.hide(event));
        }
        if real.len() != ours.len() {
            let shown = |events: &[Value]| -> Vec<String> {
                let one = |event: &Value| {
                    let metadata = &event["object"]["metadata"];
                    format!(
                        "{} {} {} {}",
                        event["type"], metadata["name"], metadata["resourceVersion"], metadata["finalizers"]
                    )
                };
                events.iter().map(one).collect()
            };
            return Some(format!("watch {collection}\n  real {:#?}\n  ours {:#?}", shown(&real), shown(&ours)));
        }
        let of = |events: Vec<Value>| Answer { status: 200, warnings: Vec::new(), body: events.into() };
        differ(&of(real), &of(ours)).map(|difference| format!("watch {collection}\n{difference}"))
    }

    fn body(&self, side: usize, step: &Step, place: &str) -> String {
        if step.verb != "EDIT" {
            return self.fill(side, &step.body, place);
        }
        let unseen = || serde_json::from_str(&self.fill(side, &step.body, place)).unwrap_or_default();
        let mut object = self.seen[side].get(place).cloned().unwrap_or_else(unseen);
        for (pointer, value) in &step.edits {
            if value.is_null() {
                remove(&mut object, pointer);
            } else {
                set(&mut object, pointer, value.clone());
            }
        }
        object.to_string()
    }

    /// A name as it stands in the paths of steps.
    fn named(&self, name: &str) -> String {
        name.replace(&self.namespace, "{ns}")
    }

    fn fill(&self, side: usize, template: &str, place: &str) -> String {
        if !template.contains('{') {
            return template.to_owned();
        }
        let nothing = Value::Null;
        let (last, own) = (&self.last[side], self.seen[side].get(place).unwrap_or(&nothing));
        let text =
            |of: &Value, pointer: &str| of.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        template
            .replace("{ns}", &self.namespace)
            .replace("{rv}", &text(last, "/metadata/resourceVersion"))
            .replace("{uid}", &text(last, "/metadata/uid"))
            .replace("{own-rv}", &text(own, "/metadata/resourceVersion"))
            .replace("{own-uid}", &text(own, "/metadata/uid"))
            .replace("{continue}", &text(last, "/metadata/continue"))
    }
}

fn remove(object: &mut Value, pointer: &str) {
    let (parent, last) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(fields) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
        fields.shift_remove(last);
    }
}

/// The object that a path is about.
fn place(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    path.trim_end_matches("/status").trim_end_matches("/scale").to_owned()
}

fn differ(real: &Answer, ours: &Answer) -> Option<String> {
    if real == ours {
        return None;
    }
    let mut lines = Vec::new();
    if real.status != ours.status {
        lines.push(format!("  status: real {}, ours {}", real.status, ours.status));
    }
    if real.warnings != ours.warnings {
        lines.push(format!("  warnings: real {:?}, ours {:?}", real.warnings, ours.warnings));
    }
    compare("", &real.body, &ours.body, &mut lines);
    Some(lines.join("\n"))
}

pub(crate) fn compare(path: &str, real: &Value, ours: &Value, lines: &mut Vec<String>) {
    match (real, ours) {
        (Value::Object(real), Value::Object(ours)) => {
            let names: std::collections::BTreeSet<&String> = real.keys().chain(ours.keys()).collect();
            for name in names {
                match (real.get(name), ours.get(name)) {
                    (Some(real), Some(ours)) => compare(&format!("{path}/{name}"), real, ours, lines),
                    (Some(real), None) => lines.push(format!("  {path}/{name}: only real: {real}")),
                    (None, Some(ours)) => lines.push(format!("  {path}/{name}: only ours: {ours}")),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(real), Value::Array(ours)) if real.len() == ours.len() => {
            for (index, (real, ours)) in real.iter().zip(ours).enumerate() {
                compare(&format!("{path}/{index}"), real, ours, lines);
            }
        }
        (real, ours) if real != ours => lines.push(format!("  {path}: real {real}\n  {path}: ours {ours}")),
        _ => {}
    }
}
