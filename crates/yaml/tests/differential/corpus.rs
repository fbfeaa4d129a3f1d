//! Reading and printing of recorded files: the inputs of kustomize's cases.
//!
//! They are not part of the repository. `WINDLASS_CONFORMANCE` names their folder, otherwise `../shared/conformance` beside
//! the workspace is looked at; without it the test says so and passes.

use std::fs;
use std::path::{Path, PathBuf};

use windlass_yaml::{ReadOptions, print, read_document};

use crate::oracle::Oracle;
use crate::printing::escaped_json;
use crate::reading::Reader;

fn files() -> Option<Vec<(PathBuf, String)>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("WINDLASS_CONFORMANCE").map_or(beside, PathBuf::from);
    let cases = folder.join("kustomize");
    let Ok(entries) = fs::read_dir(&cases) else {
        eprintln!("skipped: no recorded cases at {}", cases.display());
        return None;
    };
    let mut files = Vec::new();
    for entry in entries.flatten() {
        collect(&entry.path().join("in"), &mut files);
    }
    files.sort();
    Some(files)
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if path.is_dir() {
            collect(&path, files);
        } else if let (true, Ok(text)) = (is_yaml || path.ends_with("Kustomization"), fs::read_to_string(&path)) {
            files.push((path, text));
        }
    }
}

#[test]
fn recorded_files_read_and_print_as_in_go() {
    let (Some(files), Some(oracle)) = (files(), Oracle::start()) else { return };
    let mut failures = 0;
    for reader in [Reader::Config, Reader::Resource, Reader::Manifests] {
        for (path, text) in &files {
            let answer = oracle.ask(reader.op(), text);
            // kustomize makes objects of a list's items; that is another crate's work.
            let is_list = reader == Reader::Manifests && text.contains("List\n");
            if !is_list && !reader.agrees(text, &answer) {
                eprintln!("{}", path.display());
                reader.report(text, &answer);
                failures += 1;
            }
        }
    }
    let values: Vec<_> =
        files.iter().filter_map(|(_, text)| read_document(text, &ReadOptions::resource()).ok()).collect();
    for value in &values {
        let answer = oracle.ask("json-to-sigs-yaml", &escaped_json(value));
        if answer.as_ref() != Ok(&print(value)) {
            eprintln!("--- ours\n{}\n--- go\n{answer:?}", print(value));
            failures += 1;
        }
    }
    eprintln!("{} files, {} values printed, {failures} failures", files.len(), values.len());
    assert_eq!(failures, 0);
}
