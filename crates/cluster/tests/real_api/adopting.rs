use crate::bed::{bed, changes, words};

const MANIFEST: &str = r"
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NS, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}]
";

#[tokio::test]
async fn what_kubectl_applied_is_taken_over_once() {
    let bed = bed!("adopt");
    let extra = MANIFEST.replace("labels: {app: web}", "labels: {app: web, old: yes-it-is}").replace("NS", "adopt");
    let file = std::env::temp_dir().join(format!("windlass-adopt-{}.yaml", std::process::id()));
    std::fs::write(&file, extra).unwrap();
    bed.kubectl(&["apply", "-f", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();

    let applied = bed.apply(MANIFEST).await;
    assert_eq!(words(&applied), ["configured Service/adopt/web"]);
    // Defaults that kubectl's entry owned too (type, targetPort, sessionAffinity) come back, and are no changes.
    let mut changes: Vec<_> =
        changes(&applied).iter().map(|change| change.split(':').next().unwrap().to_owned()).collect();
    changes.sort();
    assert_eq!(
        changes,
        [
            "+ metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]",
            "+ metadata.labels[\"kustomize.toolkit.fluxcd.io/namespace\"]",
            "- metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]",
            "- metadata.labels.old",
        ]
    );
    let live = bed.get("service", "web");
    let metadata = &live["metadata"];
    assert_eq!(metadata["labels"].get("old"), None);
    assert!(!metadata["annotations"].to_string().contains("last-applied"), "{metadata}");
    let managers: Vec<_> =
        metadata["managedFields"].as_array().unwrap().iter().map(|entry| entry["manager"].as_str().unwrap()).collect();
    assert_eq!(managers, ["kustomize-controller"]);
    assert!(bed.apply(MANIFEST).await.changed().next().is_none());
}

#[tokio::test]
async fn what_flux_has_left_behind_needs_no_write() {
    let bed = bed!("from-flux");
    // As kustomize-controller sends it: labelled, its protocol filled in, under its manager.
    let flux = MANIFEST.replace("NS", "from-flux").replace("port: 80", "port: 80, protocol: TCP").replace(
        "labels: {",
        "labels: {kustomize.toolkit.fluxcd.io/name: apps, kustomize.toolkit.fluxcd.io/namespace: from-flux, ",
    );
    let file = std::env::temp_dir().join(format!("windlass-from-flux-{}.yaml", std::process::id()));
    std::fs::write(&file, flux).unwrap();
    let file = file.to_str().unwrap();
    bed.kubectl(&["apply", "--server-side", "--field-manager=kustomize-controller", "-f", file]);
    std::fs::remove_file(file).unwrap();
    let version = bed.get("service", "web")["metadata"]["resourceVersion"].clone();

    assert_eq!(words(&bed.apply(MANIFEST).await), ["unchanged Service/from-flux/web"]);
    assert_eq!(bed.get("service", "web")["metadata"]["resourceVersion"], version);
}
