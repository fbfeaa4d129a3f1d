//! YAML as Go's Kubernetes tools read it and, byte for byte, as they print it.
