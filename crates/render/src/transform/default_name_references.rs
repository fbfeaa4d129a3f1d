//! The name references that kustomize has built in: which fields hold names of which objects.
//!
//! Kinds, paths and even the mistakes (the group of `IngressClass` never fits) are facts of the format.

use std::borrow::Cow;

use crate::identity::GvkFilter;
use crate::transform::config::{NameReference, name_reference};
use crate::transform::field_spec::FieldSpec;

const RBAC: &str = "rbac.authorization.k8s.io";
const WEBHOOKS: &str = "admissionregistration.k8s.io";

/// Where the kinds that make pods have the pod's spec.
const POD_SPECS: [(&str, &str, &str); 8] = [
    ("v1", "Pod", "spec/"),
    ("", "PodTemplate", "template/spec/"),
    ("", "Deployment", "spec/template/spec/"),
    ("", "ReplicaSet", "spec/template/spec/"),
    ("", "DaemonSet", "spec/template/spec/"),
    ("", "StatefulSet", "spec/template/spec/"),
    ("", "Job", "spec/template/spec/"),
    ("", "CronJob", "spec/jobTemplate/spec/template/spec/"),
];

/// The same for the references that know other kinds.
const POD_SPECS_WITH_CONTROLLERS: [(&str, &str, &str); 7] = [
    ("", "Pod", "spec/"),
    ("", "StatefulSet", "spec/template/spec/"),
    ("", "Deployment", "spec/template/spec/"),
    ("", "ReplicationController", "spec/template/spec/"),
    ("", "CronJob", "spec/jobTemplate/spec/template/spec/"),
    ("", "Job", "spec/template/spec/"),
    ("", "DaemonSet", "spec/template/spec/"),
];

const CONFIG_MAP_IN_POD: [&str; 6] = [
    "volumes/configMap/name",
    "volumes/projected/sources/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
];

const SECRET_IN_POD: [&str; 7] = [
    "volumes/secret/secretName",
    "volumes/projected/sources/secret/name",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
];

/// All built-in references, in the order in which kustomize applies them.
pub(crate) fn built_in() -> Vec<NameReference> {
    let mut references = vec![
        name_reference(
            ["", "v1", "ServiceAccount"],
            with(
                &[],
                &[([RBAC, "", "RoleBinding"], "subjects"), ([RBAC, "", "ClusterRoleBinding"], "subjects")],
                in_pods(&POD_SPECS_WITH_CONTROLLERS, &["serviceAccountName"]),
            ),
        ),
        name_reference([RBAC, "", "Role"], with(&[], &[([RBAC, "", "RoleBinding"], "roleRef/name")], vec![])),
        name_reference(
            [RBAC, "", "ClusterRole"],
            with(
                &[],
                &[([RBAC, "", "RoleBinding"], "roleRef/name"), ([RBAC, "", "ClusterRoleBinding"], "roleRef/name")],
                vec![],
            ),
        ),
        config_map(),
        secret(),
        service(),
        name_reference(
            ["storage.k8s.io", "v1", "StorageClass"],
            with(
                &[
                    ("PersistentVolume", "spec/storageClassName"),
                    ("PersistentVolumeClaim", "spec/storageClassName"),
                    ("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
                ],
                &[],
                vec![],
            ),
        ),
        name_reference(
            ["scheduling.k8s.io", "v1", "PriorityClass"],
            in_pods(&POD_SPECS_WITH_CONTROLLERS, &["priorityClassName"]),
        ),
        name_reference(
            ["", "v1", "PersistentVolume"],
            with(&[("PersistentVolumeClaim", "spec/volumeName"), ("ClusterRole", "rules/resourceNames")], &[], vec![]),
        ),
        name_reference(
            ["", "v1", "PersistentVolumeClaim"],
            in_pods(&POD_SPECS_WITH_CONTROLLERS, &["volumes/persistentVolumeClaim/claimName"]),
        ),
        name_reference(
            ["networking.k8s.io/v1", "v1", "IngressClass"],
            with(&[("Ingress", "spec/ingressClassName")], &[], vec![]),
        ),
        name_reference(
            [WEBHOOKS, "", "ValidatingAdmissionPolicy"],
            with(&[], &[([WEBHOOKS, "", "ValidatingAdmissionPolicyBinding"], "spec/policyName")], vec![]),
        ),
    ];
    for kind in ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"] {
        let referrers = with(&[("HorizontalPodAutoscaler", "spec/scaleTargetRef/name")], &[], vec![]);
        references.push(name_reference(["", "", kind], referrers));
    }
    references
}

fn config_map() -> NameReference {
    let others = [
        ("Node", "spec/configSource/configMap"),
        ("Role", "rules/resourceNames"),
        ("ClusterRole", "rules/resourceNames"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"),
    ];
    name_reference(["", "v1", "ConfigMap"], with(&others, &[], in_pods(&POD_SPECS, &CONFIG_MAP_IN_POD)))
}

fn secret() -> NameReference {
    let others = [
        ("Ingress", "spec/tls/secretName"),
        ("Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
        ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
        ("ServiceAccount", "imagePullSecrets/name"),
        ("StorageClass", "parameters/secretName"),
        ("StorageClass", "parameters/adminSecretName"),
        ("StorageClass", "parameters/userSecretName"),
        ("StorageClass", "parameters/secretRef"),
        ("Role", "rules/resourceNames"),
        ("ClusterRole", "rules/resourceNames"),
        ("PersistentVolume", "spec/azureFile/secretName"),
    ];
    let knative =
        (["serving.knative.dev", "v1", "Service"], "spec/template/spec/containers/env/valueFrom/secretKeyRef/name");
    name_reference(["", "v1", "Secret"], with(&others, &[knative], in_pods(&POD_SPECS, &SECRET_IN_POD)))
}

fn service() -> NameReference {
    let ingress = [
        ("Ingress", "spec/rules/http/paths/backend/serviceName"),
        ("Ingress", "spec/backend/serviceName"),
        ("Ingress", "spec/rules/http/paths/backend/service/name"),
        ("Ingress", "spec/defaultBackend/service/name"),
    ];
    let others = [
        (["apps", "", "StatefulSet"], "spec/serviceName"),
        (["apiregistration.k8s.io", "", "APIService"], "spec/service/name"),
        ([WEBHOOKS, "", "ValidatingWebhookConfiguration"], "webhooks/clientConfig/service"),
        ([WEBHOOKS, "", "MutatingWebhookConfiguration"], "webhooks/clientConfig/service"),
    ];
    name_reference(["", "v1", "Service"], with(&ingress, &others, vec![]))
}

fn in_pods(kinds: &[(&'static str, &'static str, &'static str)], paths: &[&str]) -> Vec<FieldSpec> {
    let spec = |(version, kind, above): &(&'static str, &'static str, &'static str), path: &str| FieldSpec {
        on: GvkFilter { version: Cow::Borrowed(version), kind: Cow::Borrowed(kind), ..GvkFilter::default() },
        path: Cow::Owned(format!("{above}{path}")),
        create: false,
    };
    kinds.iter().flat_map(|kind| paths.iter().map(move |path| spec(kind, path))).collect()
}

type ByGvk = ([&'static str; 3], &'static str);

fn with(by_kind: &[(&'static str, &'static str)], by_gvk: &[ByGvk], mut specs: Vec<FieldSpec>) -> Vec<FieldSpec> {
    specs.extend(by_kind.iter().map(|(kind, path)| FieldSpec::new(["", "", kind], path, false)));
    specs.extend(by_gvk.iter().map(|(gvk, path)| FieldSpec::new(*gvk, path, false)));
    specs
}
