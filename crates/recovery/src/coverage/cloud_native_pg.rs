//! CloudNativePG: a database is as safe as its last base backup, and where its log is archived, nearly up to now.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::annotation::Limit;
use super::fields::{condition, duration, full_name, name, named, namespace, optional, text, time};
use super::tools::Tools;
use super::{Cover, CoverageOptions, Covered, Subject};

/// What the operator sets where nobody does: after so long a piece of the log is archived, full or not.
const ARCHIVE_TIMEOUT: SignedDuration = SignedDuration::from_mins(5);

/// Each database.
pub(super) fn databases(tools: &Tools, options: &CoverageOptions) -> Vec<Covered> {
    let covered = tools.of("Cluster").map(|cluster| {
        let by = if is_saved(tools, cluster) { vec![cover(tools, cluster, options)] } else { Vec::new() };
        let size = optional(cluster, "/spec/storage/size");
        let limit = Limit::of(cluster, options);
        Covered { size, ..Covered::new(Subject::Database, full_name(cluster), by, &limit, options) }
    });
    covered.collect()
}

/// The database whose claim this is.
pub(super) fn cover_of_claim(tools: &Tools, claim: &Value, options: &CoverageOptions) -> Option<Cover> {
    let label = claim["metadata"]["labels"]["cnpg.io/cluster"].as_str()?;
    let is_of = |cluster: &&Value| name(cluster) == label && namespace(cluster) == namespace(claim);
    let cluster = tools.of("Cluster").find(is_of).filter(|cluster| is_saved(tools, cluster))?;
    Some(cover(tools, cluster, options))
}

/// Whether anybody was told to save it.
fn is_saved(tools: &Tools, cluster: &Value) -> bool {
    !cluster["spec"]["backup"].is_null()
        || plugin(cluster).is_some()
        || scheduled(tools, cluster).next().is_some()
        || last_base_backup(tools, cluster).is_some()
}

fn cover(tools: &Tools, cluster: &Value, options: &CoverageOptions) -> Cover {
    let base = last_base_backup(tools, cluster);
    let archiving = condition(cluster, "ContinuousArchiving", "True").is_some();
    let timeout = "/spec/postgresql/parameters/archive_timeout";
    let timeout = duration(cluster, timeout).unwrap_or(ARCHIVE_TIMEOUT);
    // Without a base backup the log leads nowhere.
    let archived = options.now.checked_sub(timeout).ok().filter(|_| archiving);
    let not_archiving = condition(cluster, "ContinuousArchiving", "False");
    let failed = condition(cluster, "LastBackupSucceeded", "False");
    let trouble = match (base, not_archiving, failed) {
        (None, ..) => Some("no base backup has succeeded".to_owned()),
        (_, Some(message), _) => Some(format!("its log is not archived: {message}")),
        (_, _, Some(message)) => Some(format!("the last base backup failed: {message}")),
        _ => None,
    };
    Cover {
        tool: "CloudNativePG",
        object: named("Cluster", cluster),
        last: base.map(|base| archived.map_or(base, |archived| archived.max(base))),
        next: scheduled(tools, cluster).filter_map(|one| time(one, "/status/nextScheduleTime")).min(),
        restore: None,
        trouble,
    }
}

/// The built-in backups say it in the status, once or by method; the plug-in says it in its ObjectStore.
fn last_base_backup(tools: &Tools, cluster: &Value) -> Option<Timestamp> {
    let by_method = cluster.pointer("/status/lastSuccessfulBackupByMethod").and_then(Value::as_object);
    let by_method = by_method.into_iter().flat_map(|map| map.values()).filter_map(|value| value.as_str()?.parse().ok());
    let by_plugin = plugin(cluster).and_then(|(store, server)| {
        let is_it = |one: &&Value| name(one) == store && namespace(one) == namespace(cluster);
        let found = tools.of("ObjectStore").find(is_it)?;
        let window = &found["status"]["serverRecoveryWindow"][server.as_str()];
        window["lastSuccessfulBackupTime"].as_str()?.parse().ok()
    });
    time(cluster, "/status/lastSuccessfulBackup").into_iter().chain(by_method).chain(by_plugin).max()
}

/// The ObjectStore of the plug-in, and the name that the database has in it.
fn plugin(cluster: &Value) -> Option<(String, String)> {
    let plugins = cluster["spec"]["plugins"].as_array()?;
    let plugin = plugins.iter().find(|plugin| {
        plugin["name"].as_str().is_some_and(|name| name.starts_with("barman-cloud.")) && plugin["enabled"] != false
    })?;
    let store = optional(plugin, "/parameters/barmanObjectName")?;
    Some((store, optional(plugin, "/parameters/serverName").unwrap_or_else(|| name(cluster))))
}

fn scheduled<'a>(tools: &'a Tools, cluster: &'a Value) -> impl Iterator<Item = &'a Value> {
    tools.of("ScheduledBackup").filter(move |one| {
        text(one, "/spec/cluster/name") == name(cluster)
            && namespace(one) == namespace(cluster)
            && one["spec"]["suspend"] != true
    })
}
