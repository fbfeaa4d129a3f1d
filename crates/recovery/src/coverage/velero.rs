//! Velero: a Backup says which objects it holds; of volumes the PodVolumeBackups and DataUploads say it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::fields::{name, named, namespace, optional, text, time};
use super::tools::Tools;
use super::{Cover, CoverageOptions};
use crate::schedule::Cron;

/// The label that names the claim of a volume by its uid.
const CLAIM_UID: &str = "velero.io/pvc-uid";

/// The newest finished backup of all namespaces and kinds.
pub(super) fn cover_of_objects(tools: &Tools, options: &CoverageOptions) -> Option<Cover> {
    let is_whole = |spec: &Value| {
        let lists = |field: &str| spec[field].as_array().is_some_and(|names| !names.is_empty());
        let all =
            |field: &str| !lists(field) || spec[field].as_array().is_some_and(|all| all.iter().any(|one| one == "*"));
        all("includedNamespaces")
            && all("includedResources")
            && ["excludedNamespaces", "excludedResources", "labelSelector"]
                .iter()
                .all(|field| !lists(field) && !spec[*field].is_object())
            && spec["includeClusterResources"] != false
    };
    let finished =
        tools.of("Backup").filter(|backup| text(backup, "/status/phase") == "Completed" && is_whole(&backup["spec"]));
    let newest = finished.max_by_key(|backup| time(backup, "/status/startTimestamp"));
    let next = next(tools, options, is_whole);
    if newest.is_none() && next.is_none() {
        return None;
    }
    Some(Cover {
        tool: "Velero",
        object: newest.map_or_else(|| "Schedule".to_owned(), |newest| named("Backup", newest)),
        last: newest.and_then(|newest| time(newest, "/status/startTimestamp")),
        next,
        trouble: trouble(tools, is_whole),
        ..Cover::default()
    })
}

/// The newest copy of what is in a claim.
pub(super) fn cover_of_claim(tools: &Tools, claim: &Value, options: &CoverageOptions) -> Option<Cover> {
    let uid = text(claim, "/metadata/uid");
    let is_of = |copy: &&Value| {
        let by_uid = !uid.is_empty() && copy["metadata"]["labels"][CLAIM_UID] == uid.as_str();
        let by_name =
            text(copy, "/spec/sourceNamespace") == namespace(claim) && text(copy, "/spec/sourcePVC") == name(claim);
        by_uid || by_name
    };
    let copies = || {
        let uploads = tools.of("DataUpload").filter(is_of).map(|copy| ("DataUpload", copy));
        tools.of("PodVolumeBackup").filter(is_of).map(|copy| ("PodVolumeBackup", copy)).chain(uploads)
    };
    let began =
        |copy: &Value| time(copy, "/status/startTimestamp").or_else(|| time(copy, "/metadata/creationTimestamp"));
    let good = copies().filter(|(_, copy)| text(copy, "/status/phase") == "Completed");
    let newest = copies().max_by_key(|(_, copy)| began(copy))?;
    let good = good.max_by_key(|(_, copy)| began(copy));
    let phase = text(newest.1, "/status/phase");
    let (kind, shown) = good.unwrap_or(newest);
    let concerns = |spec: &Value| includes(spec, &namespace(claim));
    Some(Cover {
        tool: "Velero",
        object: named(kind, shown),
        last: good.and_then(|(_, copy)| began(copy)),
        next: next(tools, options, concerns),
        trouble: (phase == "Failed").then(|| format!("the newest copy failed: {}", text(newest.1, "/status/message"))),
        ..Cover::default()
    })
}

fn includes(spec: &Value, within: &str) -> bool {
    let lists = |field: &str| {
        let names = spec[field].as_array().cloned().unwrap_or_default();
        (names.is_empty(), names.iter().any(|name| name == within || name == "*"))
    };
    let ((all, named), (_, excluded)) = (lists("includedNamespaces"), lists("excludedNamespaces"));
    (all || named) && !excluded
}

/// When a schedule whose backups fit is due next.
fn next(tools: &Tools, options: &CoverageOptions, fits: impl Fn(&Value) -> bool) -> Option<Timestamp> {
    let active = tools
        .of("Schedule")
        .filter(|schedule| schedule["spec"]["paused"] != true && fits(&schedule["spec"]["template"]));
    active.filter_map(|schedule| due(&optional(schedule, "/spec/schedule")?, options.now)).min()
}

/// Cron as Velero writes it: `CRON_TZ=…` in front names a zone, which is UTC otherwise.
fn due(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (zone, fields) = match text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
        Some(rest) => {
            let (zone, fields) = rest.split_once(' ')?;
            (TimeZone::get(zone).ok()?, fields)
        }
        None => (TimeZone::UTC, text),
    };
    fields.parse::<Cron>().ok()?.next_after(now, &zone)
}

/// What is wrong with the newest backup that fits, if it did not end well.
fn trouble(tools: &Tools, fits: impl Fn(&Value) -> bool) -> Option<String> {
    let newest = tools
        .of("Backup")
        .filter(|backup| fits(&backup["spec"]))
        .max_by_key(|one| time(one, "/status/startTimestamp"))?;
    let phase = text(newest, "/status/phase");
    let failed = ["Failed", "PartiallyFailed", "FailedValidation"].contains(&phase.as_str());
    failed.then(|| format!("{} is {phase}", named("Backup", newest)))
}
