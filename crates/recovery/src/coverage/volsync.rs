//! VolSync: a ReplicationSource says when a claim was synchronised, a ReplicationDestination how long it took to bring
//! one back.

use serde_json::Value;

use super::fields::{condition, duration, name, named, namespace, text, time};
use super::tools::Tools;
use super::{Cover, RestoreTime, own};

pub(super) fn covers<'a>(tools: &'a Tools, claim: &'a Value) -> impl Iterator<Item = Cover> + 'a {
    let (within, claim_name) = (namespace(claim), name(claim));
    tools.of("ReplicationSource").filter_map(move |source| {
        if namespace(source) != within || text(source, "/spec/sourcePVC") != claim_name {
            return None;
        }
        let failed = text(source, "/status/latestMoverStatus/result") == "Failed";
        let paused = source["spec"]["paused"] == true;
        let trouble = match (failed, paused) {
            (true, _) => Some("the last synchronisation failed".to_owned()),
            (_, true) => Some("it is paused".to_owned()),
            _ => condition(source, "Synchronizing", "False").filter(|message| message.to_lowercase().contains("error")),
        };
        Some(Cover {
            tool: "VolSync",
            object: named("ReplicationSource", source),
            last: own::began(source, "/status/lastSyncTime", "/status/lastSyncDuration"),
            next: time(source, "/status/nextSyncTime").filter(|_| !paused),
            restore: restore_time(tools, claim),
            trouble,
        })
    })
}

/// What brought this claim back, or fills it when it is made.
fn restore_time(tools: &Tools, claim: &Value) -> Option<RestoreTime> {
    let (within, claim_name) = (namespace(claim), name(claim));
    let origin = &claim["spec"]["dataSourceRef"];
    let fills = |destination: &&Value| {
        let is_origin = origin["kind"] == "ReplicationDestination" && text(origin, "/name") == name(destination);
        let movers = destination["spec"].as_object().into_iter().flat_map(|spec| spec.values());
        let is_target = movers.into_iter().any(|mover| mover["destinationPVC"] == claim_name.as_str());
        namespace(destination) == within && (is_origin || is_target)
    };
    let destination =
        tools.of("ReplicationDestination").filter(fills).max_by_key(|one| time(one, "/status/lastSyncTime"))?;
    Some(RestoreTime {
        seconds: duration(destination, "/status/lastSyncDuration")?.as_secs_f64(),
        at: time(destination, "/status/lastSyncTime"),
        how: named("ReplicationDestination", destination),
    })
}
