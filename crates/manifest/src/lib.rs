//! One Kubernetes object as data.
