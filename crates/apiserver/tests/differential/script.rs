use serde_json::Value;

use crate::mask::Mask;
use crate::peers::{Answer, Peers, send};

/// One request of a script.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) body: String,
}

/// Reads a script: requests divided by empty lines, each a line with verb and path and then the body. Verbs are HTTP's
/// methods, and APPLY, MERGE, STRATEGIC and JSON for the kinds of PATCH. `{ns}` is the script's namespace, `{rv}` and
/// `{uid}` are of the object answered last.
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
            Some(step) => {
                step.body.push_str(line);
                step.body.push('\n');
            }
            None => {
                let (verb, path) = line.split_once(' ').unwrap_or((line, ""));
                let (verb, path) = (verb.to_owned(), path.trim().to_owned());
                steps.push(Step { line: index + 1, verb, path, body: String::new() });
                open = true;
            }
        }
    }
    steps
}

/// Plays a script on both servers in a new namespace; how many steps, and the differences.
pub(crate) async fn play(peers: &Peers, name: &str, text: &str) -> (usize, Vec<String>) {
    let steps = read(text);
    let mut differences = Vec::new();
    let mut player = Player::start(peers, name).await;
    for step in &steps {
        if let Some(difference) = player.step(step).await {
            differences.push(format!("{name}:{}: {} {}\n{difference}", step.line, step.verb, step.path));
        }
    }
    (steps.len(), differences)
}

/// What one script has come to on both servers.
pub(crate) struct Player<'a> {
    peers: &'a Peers,
    namespace: String,
    masks: [Mask; 2],
    last: [Value; 2],
}

impl<'a> Player<'a> {
    pub(crate) async fn start(peers: &'a Peers, name: &str) -> Self {
        let namespace = name.replace('_', "-");
        let body = format!("{{\"metadata\":{{\"name\":\"{namespace}\"}}}}");
        for client in [&peers.real, &peers.ours] {
            send(client, "POST", "/api/v1/namespaces", "application/json", &body).await;
            let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
            send(client, "POST", &path, "application/json", "{\"metadata\":{\"name\":\"default\"}}").await;
        }
        Self { peers, namespace, masks: Default::default(), last: Default::default() }
    }

    /// Plays one step; what is different.
    pub(crate) async fn step(&mut self, step: &Step) -> Option<String> {
        if step.verb == "SLEEP" {
            // The real server serves a definition only after a while.
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            return None;
        }
        let mut answers = Vec::new();
        for (index, client) in [&self.peers.real, &self.peers.ours].into_iter().enumerate() {
            let (method, content_type) = match step.verb.as_str() {
                "APPLY" => ("PATCH", "application/apply-patch+yaml"),
                "MERGE" => ("PATCH", "application/merge-patch+json"),
                "STRATEGIC" => ("PATCH", "application/strategic-merge-patch+json"),
                "JSON" => ("PATCH", "application/json-patch+json"),
                "TEXT" => ("POST", "text/plain"),
                "PATCH" => ("PATCH", "application/json"),
                "YAML" => ("POST", "application/yaml"),
                method => (method, "application/json"),
            };
            let last = &self.last[index];
            let text = |pointer: &str| last.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let fill = |template: &str| {
                template
                    .replace("{ns}", &self.namespace)
                    .replace("{rv}", &text("/metadata/resourceVersion"))
                    .replace("{uid}", &text("/metadata/uid"))
                    .replace("{continue}", &text("/metadata/continue"))
            };
            let answer = send(client, method, &fill(&step.path), content_type, &fill(&step.body)).await;
            if answer.body.pointer("/metadata/resourceVersion").is_some() {
                self.last[index] = answer.body.clone();
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
            self.masks = Default::default();
        }
        difference
    }
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
