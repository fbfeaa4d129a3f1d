//! The kinds that generated sequences are about, read from `kinds.txt`.

use serde_json::{Value, json};

const CONTAINERS: &str = r#"[{"name":"c","image":"i:1"}]
[{"name":"c","image":"i:2","ports":[{"containerPort":80}]},{"name":"d","image":"j","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}]
[{"name":"d","image":"j","env":[{"name":"A","value":""},{"name":"B","value":"2"}]},{"name":"c","image":"i:1","resources":{"limits":{"cpu":"1000m","memory":"1024Mi"}}}]
[{"name":"c","image":"i","livenessProbe":{"httpGet":{"port":80}},"args":["x","y"]}]
[{"name":"c","image":"i:3","env":[{"name":"N","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"envFrom":[{"configMapRef":{"name":"m"}}]}]
[{"name":"c","image":"i:3","resources":{"requests":{"cpu":0.5}},"securityContext":{"runAsUser":1}}]
! [{"name":"c"}] ! [{"name":"c","image":"i"},{"name":"c","image":"j"}]"#;

const VOLUMES: &str = r#"[{"name":"v","emptyDir":{}}]
[{"name":"v","configMap":{"name":"m"}},{"name":"w","secret":{"secretName":"s"}}]
[{"name":"w","hostPath":{"path":"/x"}},{"name":"v"}]
[{"name":"p","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}]
! [{"name":"v","emptyDir":{},"hostPath":{"path":"/x"}}]"#;

/// A kind as sequences use it.
pub(crate) struct Kind {
    /// The path of an object, with `{ns}` and `{x}`.
    pub(crate) path: String,
    /// What every object of it has.
    pub(crate) base: Value,
    pub(crate) fields: Vec<Field>,
    pub(crate) has_status: bool,
    pub(crate) has_scale: bool,
    pub(crate) custom: bool,
}

/// A field and what it may be.
pub(crate) struct Field {
    pub(crate) pointer: String,
    pub(crate) good: Vec<Value>,
    pub(crate) bad: Vec<Value>,
}

impl Kind {
    pub(crate) fn namespaced(&self) -> bool {
        self.path.contains("{ns}")
    }

    /// The path of an object; names of cluster-wide kinds carry the namespace of their sequence.
    pub(crate) fn object(&self, name: &str) -> String {
        let name = if self.namespaced() { name.to_owned() } else { format!("{{ns}}-{name}") };
        self.path.replace("{x}", &name)
    }

    /// The path of all of them, with the query that keeps to this sequence's.
    pub(crate) fn collection(&self) -> String {
        let path = self.path.trim_end_matches("/{x}");
        if self.namespaced() { format!("{path}?") } else { format!("{path}?fieldSelector=metadata.name={{ns}}-x&") }
    }
}

/// All of them.
pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for line in include_str!("kinds.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("kind ") {
            let mut words = head.split(' ');
            let path = words.next().expect("a path").to_owned();
            let has = |word: &str| head.split(' ').any(|one| one == word);
            kinds.push(Kind {
                path,
                base: json!({}),
                fields: Vec::new(),
                has_status: has("status"),
                has_scale: has("scale"),
                custom: has("custom"),
            });
            continue;
        }
        let kind = kinds.last_mut().expect("a kind stands first");
        if line.starts_with('{') {
            kind.base = serde_json::from_str(line).expect("an object");
            continue;
        }
        let (pointer, values) = line.split_once(' ').expect("a field and its values");
        let values = values.replace("CONTAINERS", CONTAINERS).replace("VOLUMES", VOLUMES);
        let (good, bad) = values.split_once("! ").unwrap_or((&values, ""));
        let read = |text: &str| -> Vec<Value> {
            let text = text.replace("! ", "");
            serde_json::Deserializer::from_str(&text).into_iter().map(|one| one.expect("a value")).collect()
        };
        kind.fields.push(Field { pointer: pointer.to_owned(), good: read(good), bad: read(bad) });
    }
    kinds
}
