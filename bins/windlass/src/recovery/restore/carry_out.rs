//! The restore itself: a plan, a question, objects, data, and workloads that run again.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};
use windlass_backup::{Identities, Repository};
use windlass_cluster::Cluster;
use windlass_recovery::{
    Chosen, DataInPlace, DataPlace, Hold, Note, PutData, RestorePlan, Restored, Wish, choose, hold, is_free,
    plan_restore, put_data, refuse_in_use, restore, restoring,
};

use super::RestoreArgs;
use super::release::tell_held;
use crate::apply::asked;
use crate::backup::progress::Line;
use crate::backup::sizes;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::recovery::tell;
use crate::report;
use crate::trouble::Trouble;

pub(super) async fn carry_out(args: &RestoreArgs, console: &Console) -> anyhow::Result<Outcome> {
    if args.output != Output::Table && !args.yes && !args.dry_run {
        let trouble = Trouble::new("a plan for other programs is not asked about");
        return Err(trouble.help("give --yes, or --dry-run for the plan alone").into());
    }
    let identities = args.identity.require()?;
    let (repository, _) = args.place.repository(&args.identity, console).await?;
    let wish = Wish { without_objects: args.only_data, ..args.wish.wish() };
    let chosen = choose(&repository, &identities, &wish).await.map_err(tell::explained)?;
    tell::doubts(&chosen, console);
    check_items(args, &chosen)?;
    // A machine whose files are put back may have no cluster.
    let cluster = match args.only_data && args.hold.is_empty() {
        true => None,
        false => {
            let connection = args.cluster.connect().await?;
            connection.check().await?;
            Some(restoring(connection.client))
        }
    };
    let plan = match cluster.as_ref().filter(|_| !args.only_data) {
        Some(cluster) => plan_restore(cluster, &chosen.objects, &args.options()?).await?,
        None => RestorePlan::default(),
    };
    tell::notes(&plan.notes, &plan.failures, console);
    if args.output == Output::Table {
        show(args, &chosen, &plan, console)?;
    }
    if args.dry_run {
        tell::print(&in_full(args, &chosen, &plan), args.output, console)?;
        return Ok(if plan.failures.is_empty() { Outcome::Done } else { Outcome::Failed });
    }
    let has_work = plan.plan.has_changes() || !args.data.is_empty() || !args.hold.is_empty();
    if has_work && !args.yes && !asked("restore this")? {
        console.note("nothing was restored");
        return Ok(Outcome::Unwelcome);
    }
    let (mut held, mut restored) = (Hold::default(), Restored::default());
    if let Some(cluster) = &cluster {
        held = hold(cluster, &args.hold, args.timeout.get()).await?;
        if !args.data.is_empty()
            && let Err(error) = refuse_in_use(cluster, &places(args, &chosen)).await
        {
            tell::notes(&[], &held.release(cluster).await, console);
            return Err(error.into());
        }
        restored = put_objects(args, cluster, plan, console).await?;
    }
    let (placed, failures) = put_all(args, &repository, &chosen, &identities, console).await?;
    restored.failures.extend(failures);
    finish(args, cluster.as_ref(), restored, held, &placed, console).await
}

/// Carries the plan out.
async fn put_objects(
    args: &RestoreArgs,
    cluster: &Cluster,
    plan: RestorePlan,
    console: &Console,
) -> anyhow::Result<Restored> {
    let (told, told_failures) = (plan.notes.len(), plan.failures.len());
    let mut gone = Ok(());
    let restored = restore(cluster, plan, |id, action| {
        if gone.is_ok() && args.output == Output::Table {
            gone = writeln!(console.out(), "{id} {action}");
        }
    })
    .await;
    gone?;
    tell::notes(&restored.notes[told..], &restored.failures[told_failures..], console);
    Ok(restored)
}

/// Where data go, and which claims they were saved from.
fn places(args: &RestoreArgs, chosen: &Chosen) -> Vec<DataPlace> {
    let place = |(item, path): &(String, PathBuf)| {
        let claim = chosen.manifest.items.get(item).and_then(|described| described.meta.get("claim")?.as_str());
        let namespaces: BTreeMap<_, _> = args.map.iter().cloned().collect();
        let mapped = claim
            .and_then(|claim| claim.split_once('/'))
            .map(|(namespace, name)| format!("{}/{name}", namespaces.get(namespace).map_or(namespace, String::as_str)));
        DataPlace { path: path.clone(), claim: mapped }
    };
    args.data.iter().map(place).collect()
}

/// Refuses items that are not there, and places that they cannot go to, before anything is written.
fn check_items(args: &RestoreArgs, chosen: &Chosen) -> anyhow::Result<()> {
    for (item, path) in &args.data {
        if !chosen.manifest.items.contains_key(item) {
            let items: Vec<&str> = chosen.manifest.items.keys().map(String::as_str).collect();
            let trouble = Trouble::new(format!("snapshot {} holds no {item}", chosen.snapshot.id));
            return Err(trouble.help(format!("its items: {}", items.join(", "))).into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let trouble = Trouble::new(format!("{item} cannot go to {}", path.display()));
            return Err(trouble.because(format!("there is no folder {}", folder.display())).into());
        }
        if !args.replace && !is_free(path) {
            let trouble = Trouble::new(format!("{item} cannot go to {}: something is there", path.display()));
            return Err(trouble.help("move it away, or have it moved aside with --replace").into());
        }
    }
    Ok(())
}

/// The plan for people.
fn show(args: &RestoreArgs, chosen: &Chosen, plan: &RestorePlan, console: &Console) -> anyhow::Result<()> {
    if !args.only_data {
        report::print(&plan.plan, Output::Table, console)?;
    }
    for (item, path) in &args.data {
        let size = chosen.manifest.items.get(item).map_or(0, |item| item.size);
        let word = if path.exists() { "~" } else { "+" };
        report::line(&mut console.out(), &format!("{word} {item} → {} ({})", path.display(), sizes::bytes(size)))?;
    }
    Ok(())
}

/// The plan for other programs.
fn in_full(args: &RestoreArgs, chosen: &Chosen, plan: &RestorePlan) -> Value {
    let data = args.data.iter().map(|(item, path)| {
        let bytes = chosen.manifest.items.get(item).map(|item| item.size);
        json!({ "item": item, "path": path, "bytes": bytes })
    });
    json!({
        "snapshot": chosen.snapshot.id,
        "saved": chosen.snapshot.finished,
        "passedOver": chosen.passed_over,
        "tried": chosen.tried,
        "plan": plan.plan,
        "data": data.collect::<Vec<_>>(),
        "notes": plan.notes,
        "failures": plan.failures,
    })
}

/// Puts all data into place that are asked for. What fails does not keep the others.
async fn put_all(
    args: &RestoreArgs,
    repository: &Repository,
    chosen: &Chosen,
    identities: &Identities,
    console: &Console,
) -> anyhow::Result<(Vec<DataInPlace>, Vec<Note>)> {
    let (mut placed, mut failures) = (Vec::new(), Vec::new());
    let line = Line::new();
    let how = PutData { replace: args.replace, progress: line.progress(), ..PutData::default() };
    for (item, path) in &args.data {
        let placing = put_data(repository, &chosen.snapshot, &chosen.manifest, identities, item, path, &how).await;
        line.clear();
        match placing {
            Ok(done) => {
                if args.output == Output::Table {
                    writeln!(console.out(), "{}", tell::in_place(&done))?;
                }
                placed.push(done);
            }
            Err(error) => {
                let note = Note { object: item.clone(), message: tell::causes(&error) };
                tell::notes(&[], std::slice::from_ref(&note), console);
                failures.push(note);
            }
        }
    }
    Ok((placed, failures))
}

/// Lets what was held run again, unless its data are missing; prints the result.
async fn finish(
    args: &RestoreArgs,
    cluster: Option<&Cluster>,
    mut restored: Restored,
    held: Hold,
    placed: &[DataInPlace],
    console: &Console,
) -> anyhow::Result<Outcome> {
    let is_missing_data = placed.len() < args.data.len();
    let mut still_held: Vec<String> = Vec::new();
    if is_missing_data || args.keep_held {
        still_held.extend(held.names().into_iter().chain(restored.hold.names()));
        if args.output == Output::Table {
            tell_held(&held, console)?;
            tell_held(&restored.hold, console)?;
        }
        if is_missing_data && !still_held.is_empty() {
            console.note("error: not all data are in place, so what waits for them has no replicas");
        }
    } else if let Some(cluster) = cluster {
        let mut notes = held.release(cluster).await;
        notes.extend(std::mem::take(&mut restored.hold).release(cluster).await);
        tell::notes(&[], &notes, console);
        restored.failures.extend(notes);
    }
    let mut summary = restored.summary();
    summary["data"] = serde_json::to_value(placed)?;
    summary["held"] = still_held.into();
    match args.output {
        Output::Table => {
            let (written, failed) = (restored.written.len(), restored.failures.len());
            let data = format!("{} of {} items of data in place", placed.len(), args.data.len());
            let objects = format!("{written} restored, {} left as they are, {failed} failed", restored.untouched);
            let said = match (args.only_data, args.data.is_empty()) {
                (true, _) => data,
                (false, true) => objects,
                (false, false) => format!("{objects}; {data}"),
            };
            writeln!(console.out(), "{said}")?;
        }
        output => tell::print(&summary, output, console)?,
    }
    Ok(if restored.is_complete() && !is_missing_data { Outcome::Done } else { Outcome::Failed })
}
