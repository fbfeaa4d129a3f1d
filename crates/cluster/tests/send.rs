//! What the engine relies on: its tasks move between threads.

use windlass_cluster::{
    ApplyOptions, Cluster, Inventory, Owner, Surroundings, Target, WaitOptions, apply, plan, plan_among, prune, wait,
    wait_gone,
};
use windlass_manifest::Manifest;

fn send<T: Send>(_: T) {}

fn assert_send(cluster: &Cluster, manifests: &[Manifest], inventory: &Inventory, owner: &Owner, targets: &[Target]) {
    let options = ApplyOptions::default();
    let surroundings = Surroundings::default();
    send(plan(cluster, manifests, Some(inventory), &options));
    send(plan_among(cluster, manifests, &surroundings, &options));
    send(apply(cluster, manifests.to_vec(), &options));
    send(prune(cluster, inventory, owner));
    send(wait(cluster, targets, &WaitOptions::default()));
    send(wait_gone(cluster, targets, options.wait));
}

#[test]
fn futures_may_move_between_threads() {
    let _: fn(&Cluster, &[Manifest], &Inventory, &Owner, &[Target]) = assert_send;
    fn send_and_sync<T: Send + Sync + Clone>() {}
    send_and_sync::<Cluster>();
}
