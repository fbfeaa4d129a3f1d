//! Which addresses may be asked: `SOPS_HC_VAULT_ALLOWLIST`.

use super::VaultError;

/// Which addresses may be asked.
pub(super) enum Allowlist {
    All,
    /// Those that start with one of these, each with a final `/`.
    Starts(Vec<String>),
}

impl Allowlist {
    pub(super) fn parse(text: &str) -> Result<Self, VaultError> {
        match text {
            "all" => return Ok(Self::All),
            "none" => return Ok(Self::Starts(Vec::new())),
            _ => {}
        }
        let entry = |(at, text): (usize, &str)| match text.trim_matches(' ') {
            "" => Err(VaultError::Allowlist { entry: at + 1 }),
            text => Ok(closed(text)),
        };
        text.split(',').enumerate().map(entry).collect::<Result<_, _>>().map(Self::Starts)
    }

    pub(super) fn allows(&self, address: &str) -> bool {
        match self {
            Self::All => true,
            Self::Starts(starts) => starts.iter().any(|start| closed(address).starts_with(start)),
        }
    }
}

fn closed(text: &str) -> String {
    if text.ends_with('/') { text.to_owned() } else { format!("{text}/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_addresses_count() {
        let list = Allowlist::parse("https://a:8200, http://b/").unwrap_or(Allowlist::All);
        for (address, allowed) in
            [("https://a:8200", true), ("https://a:82001", false), ("http://b", true), ("http://b.evil", false)]
        {
            assert_eq!(list.allows(address), allowed, "{address}");
        }
        assert!(Allowlist::parse("all").is_ok_and(|list| list.allows("x")));
        assert!(Allowlist::parse("none").is_ok_and(|list| !list.allows("x")));
    }
}
