//! What is to be held.

/// A workload, or all workloads of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The namespace.
    pub namespace: String,
    /// Kind and name; all workloads where there is none.
    pub workload: Option<(String, String)>,
}

impl std::str::FromStr for Target {
    type Err = String;

    /// `shop`, or `shop/StatefulSet/db`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [namespace] if !namespace.is_empty() => Ok(Self { namespace: (*namespace).to_owned(), workload: None }),
            [namespace, kind, name] if parts.iter().all(|part| !part.is_empty()) => {
                let workload = Some(((*kind).to_owned(), (*name).to_owned()));
                Ok(Self { namespace: (*namespace).to_owned(), workload })
            }
            _ => Err("expected NAMESPACE or NAMESPACE/KIND/NAME".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_namespaces_or_workloads() {
        assert_eq!("shop".parse::<Target>().unwrap().workload, None);
        assert_eq!("shop/StatefulSet/db".parse::<Target>().unwrap().workload.unwrap().1, "db");
        assert!("shop/db".parse::<Target>().is_err() && "".parse::<Target>().is_err());
    }
}
