//! Plays generated sequences, several at a time, and makes small what differs.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use futures::stream::{self};

use crate::generated::{Sequence, sequence};
use crate::kinds::{Kind, kinds};
use crate::peers::{Ask, Ours, Real};
use crate::script::{Player, Step};
use crate::shrink::shrink;

/// Requests of one sequence.
pub(crate) const LENGTH: usize = 100;
/// Sequences at a time.
const ABREAST: usize = 8;

/// Where names of namespaces come from.
static PLAYED: AtomicUsize = AtomicUsize::new(0);

/// The definitions of the custom kinds, created on the real server and served there.
pub(crate) async fn define(real: &Real) {
    for definition in definitions() {
        let body = definition.to_string();
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        real.send(Ask { method: "POST", path, content_type: "application/json", accept: "", body: &body }).await;
    }
    // It is there when an object can be created, and has been for a moment: the handler is put in place twice.
    for path in ["/apis/generated.example/v1/namespaces/default/widgets", "/apis/generated.example/v1/gadgets"] {
        let ask = Ask { method: "GET", path, content_type: "", accept: "application/json", body: "" };
        for _ in 0..200 {
            if real.send(ask).await.status == 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
}

fn definitions() -> Vec<serde_json::Value> {
    serde_json::from_str(include_str!("definitions.json")).expect("definitions")
}

/// A server of ours with the same definitions.
async fn ours() -> Ours {
    let ours = Ours::start();
    for definition in definitions() {
        let body = definition.to_string();
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        ours.send(Ask { method: "POST", path, content_type: "application/json", accept: "", body: &body }).await;
    }
    ours
}

/// Plays the sequences of these seeds; how many steps, and a small script for each that differs.
pub(crate) async fn play(real: &Real, seeds: std::ops::Range<usize>) -> (usize, Vec<String>) {
    let kinds = kinds();
    let known = Mutex::new(BTreeSet::new());
    let played = stream::iter(seeds).map(|seed| one(real, &kinds, seed, &known)).buffer_unordered(ABREAST);
    let (mut steps, mut differences) = (0, Vec::new());
    let mut played = Box::pin(played);
    while let Some((count, difference)) = played.next().await {
        steps += count;
        differences.extend(difference);
    }
    (steps, differences)
}

async fn one(real: &Real, kinds: &[Kind], seed: usize, known: &Mutex<BTreeSet<String>>) -> (usize, Option<String>) {
    let sequence = sequence(kinds, seed, LENGTH);
    let count = sequence.steps.len();
    let Some(difference) = differs(real, &sequence.kinds, &sequence.steps).await else { return (count, None) };
    // One small script for each thing that differs is enough.
    if !known.lock().expect("no panic").insert(signature(&difference)) {
        return (count, Some(format!("seed {seed}: like another\n{}", difference.lines().next().unwrap_or_default())));
    }
    let Sequence { kinds, steps } = sequence;
    // What was chance, such as a second that ended within one request, does not come again.
    let fails = |steps: Vec<Step>| {
        let kinds = &kinds;
        async move { differs(real, kinds, &steps).await.is_some() }
    };
    for _ in 0..2 {
        if !fails(steps.clone()).await {
            return (count, None);
        }
    }
    let steps = shrink(steps, fails).await;
    let difference = differs(real, &kinds, &steps).await.unwrap_or_else(|| "(only sometimes)".to_owned());
    let script: Vec<String> = steps.iter().map(ToString::to_string).collect();
    (count, Some(format!("seed {seed}, made small:\n\n{}\n\n{difference}", script.join("\n\n"))))
}

/// What differs, without the values.
fn signature(difference: &str) -> String {
    let (request, rest) = difference.split_once('\n').unwrap_or((difference, ""));
    let verb = request.split(' ').next().unwrap_or_default();
    let paths: Vec<&str> = rest.lines().filter_map(|line| line.split(": ").next()).collect();
    let path = request.split(' ').nth(1).unwrap_or_default().split(['?', '{']).next().unwrap_or_default();
    format!("{verb} {path} {}", paths.join(" "))
}

/// Plays steps in a new namespace, on a new server of ours; the first difference.
async fn differs(real: &Real, kinds: &[&Kind], steps: &[Step]) -> Option<String> {
    let ours = ours().await;
    let name = format!("generated-{}", PLAYED.fetch_add(1, Ordering::Relaxed));
    let mut player = Player::start(real, &ours, &name).await.showing_times();
    for step in steps {
        if let Some(difference) = player.step(step).await {
            return Some(format!("{} {}\n{difference}", step.verb, step.path));
        }
    }
    for kind in kinds {
        for query in ["", "labelSelector=l=1"] {
            if let Some(difference) = player.watch(&format!("{}{query}", kind.collection())).await {
                return Some(difference);
            }
        }
    }
    None
}
