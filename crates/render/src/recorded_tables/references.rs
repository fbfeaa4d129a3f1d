//! Tables about names: URLs, vars, paths, ids, and references from one object to another.

use serde_json::Value;
use windlass_yaml::ReadOptions;

use super::{rows, text, yaml};
use crate::identity::{GvkFilter, Previous, ResId};
use crate::resource::Resource;
use crate::transform::config::{NameReference, TransformerConfig};
use crate::transform::field_spec::FieldSpec;
use crate::transform::name_reference;
use crate::{RepositoryUrl, RepositoryUrlError};

#[test]
fn repository_urls() {
    for row in rows("api_internal_git.json", "TestNewRepoSpecFromUrl_Smoke") {
        let (input, spec) = (text(&row, "input"), &row["repoSpec"]);
        let url = RepositoryUrl::parse(input).unwrap_or_else(|error| panic!("{input}: {error}"));
        assert_eq!(url.host, text(spec, "Host"), "{input}");
        assert_eq!(url.repository, text(spec, "RepoPath"), "{input}");
        assert_eq!(url.directory, text(spec, "KustRootPath"), "{input}");
        assert_eq!(url.reference.as_deref().unwrap_or_default(), text(spec, "Ref"), "{input}");
        assert_eq!(url.clone_url(), text(&row, "cloneSpec"), "{input}");
    }
    for row in rows("api_internal_git.json", "TestNewRepoSpecFromUrlErrors") {
        let url = RepositoryUrl::parse(text(&row, "url"));
        let expected = match text(&row, "error") {
            "uri looks like abs path" => RepositoryUrlError::Absolute,
            "failed to parse scheme" => RepositoryUrlError::Scheme,
            "url path exits repo" => RepositoryUrlError::Escapes,
            _ => RepositoryUrlError::Repository,
        };
        assert_eq!(url, Err(expected), "{row}");
    }
    for row in rows("api_internal_git.json", "TestNewRepoSpecFromUrl_Permute") {
        let url =
            RepositoryUrl::parse(&format!("{}someorg/somerepo/somedir?ref=testbranch", text(&row, "raw"))).unwrap();
        assert_eq!(url.clone_url(), format!("{}someorg/somerepo", text(&row, "normalized")), "{row}");
        assert_eq!((url.directory.as_str(), url.reference.as_deref()), ("somedir", Some("testbranch")));
    }
    for row in rows("api_internal_git.json", "TestParseQuery") {
        let url = RepositoryUrl::parse(&format!("https://host/a/b?{}", text(&row, "input"))).unwrap();
        assert_eq!(url.reference.as_deref().unwrap_or_default(), text(&row, "ref"), "{row}");
        assert_eq!(url.submodules, row["submodules"] != false, "{row}");
        let seconds = if ["timeout", "timeout_unit", "all"].contains(&text(&row, "name")) { 61 } else { 27 };
        assert_eq!(url.timeout.as_secs(), seconds, "{row}");
    }
}

#[test]
fn var_expansion() {
    let declared = [("VAR_A", "A"), ("VAR_B", "B"), ("VAR_C", "C"), ("VAR_REF", "$(VAR_A)"), ("VAR_EMPTY", "")];
    for row in rows("api_filters_refvar.json", "TestMapping") {
        let mut values = crate::vars::expand::Values::default();
        declared.iter().for_each(|(name, value)| values.define(name, Value::from(*value)));
        assert_eq!(values.expand(text(&row, "input")), row["expected"], "{}", text(&row, "name"));
    }
}

#[test]
fn replacement_paths() {
    for row in rows("kyaml_utils.json", "TestSmarterPathSplitter") {
        let parts = crate::replacement::path::split(text(&row, "input"));
        assert_eq!(serde_json::to_value(parts).unwrap(), row["expected"], "{}", text(&row, "case"));
    }
}

/// The object that a row's references stand in, after they were brought up to date.
fn refer(row: &Value) -> Result<Value, ()> {
    let mut resources: Vec<Resource> = Vec::new();
    let list = |key: &str, index: usize| row[key][index].as_str().unwrap_or_default().to_owned();
    let given = |text: String| if text.is_empty() { Vec::new() } else { vec![text] };
    let mut referrer = resource(yaml(text(row, "referrerOriginal")));
    referrer.history.prefixes = given(text(row, "inputPrefix").to_owned());
    referrer.history.suffixes = given(text(row, "inputSuffix").to_owned());
    resources.push(referrer);
    let candidates = windlass_yaml::read_documents(text(row, "candidates"), &ReadOptions::resource()).unwrap();
    for (index, document) in candidates.into_iter().enumerate() {
        let mut candidate = resource(document.value);
        let kind = candidate.manifest.kind().to_owned();
        let name = list("originalNames", index);
        // An empty one was given no earlier name.
        if !name.is_empty() {
            let namespace = candidate.id().namespace;
            candidate.history.previous.push(Previous { kind, name, namespace });
        }
        candidate.history.prefixes = given(list("prefix", index));
        candidate.history.suffixes = given(list("suffix", index));
        resources.push(candidate);
    }
    let filter = &row["filter"];
    let gvk = &filter["ReferralTarget"];
    let target = GvkFilter {
        group: text(gvk, "Group").to_owned().into(),
        version: text(gvk, "Version").to_owned().into(),
        kind: text(gvk, "Kind").to_owned().into(),
    };
    let path = text(&filter["NameFieldToUpdate"], "Path").to_owned();
    let referrers = vec![FieldSpec { path: path.into(), ..FieldSpec::default() }];
    let mut config = TransformerConfig::default();
    config.name_references.push(NameReference { target, referrers });
    let faults = name_reference::update(&mut resources, &config);
    if faults.is_empty() { Ok(resources[0].manifest.value().clone()) } else { Err(()) }
}

fn resource(object: Value) -> Resource {
    Resource::new(windlass_manifest::Manifest::new(object, windlass_manifest::Origin::unknown()).unwrap())
}

#[test]
fn name_references() {
    for test in ["TestNamerefFilter", "TestNamerefFilterUnhappy", "TestCandidatesWithDifferentPrefixSuffix"] {
        for row in rows("api_filters_nameref.json", test) {
            let fails = test == "TestNamerefFilterUnhappy" || row["err"] == true;
            let expected = if fails { Err(()) } else { Ok(yaml(text(&row, "referrerFinal"))) };
            assert_eq!(refer(&row), expected, "{test}: {row}");
        }
    }
}

#[test]
fn ids() {
    let gvk = |value: &Value| windlass_manifest::Gvk {
        group: text(value, "Group").to_owned(),
        version: text(value, "Version").to_owned(),
        kind: text(value, "Kind").to_owned(),
    };
    let id = |value: &Value| ResId::new(gvk(&value["Gvk"]), text(value, "Name"), value["Namespace"].as_str());
    for row in rows("kyaml_resid.json", "TestResIdEquals") {
        assert_eq!(id(&row["id1"]) == id(&row["id2"]), row["equals"] == true, "{row}");
    }
    for row in rows("kyaml_resid.json", "TestSelectByGVK") {
        let filter = gvk(&row["filter"]);
        let filter = GvkFilter { group: filter.group.into(), version: filter.version.into(), kind: filter.kind.into() };
        assert_eq!(filter.fits_gvk(&gvk(&row["in"])), row["expected"] == true, "{row}");
    }
}
