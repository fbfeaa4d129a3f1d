//! Builds the example repository into the crate, so that it can be tried from the program alone.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

const EXAMPLE: &str = "../../fixtures/homelab";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(EXAMPLE).canonicalize()?;
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root)?.to_str().ok_or("a name of the example is no UTF-8")?;
        let path = file.to_str().ok_or("the path of the example is no UTF-8")?;
        table += &format!("    ({name:?}, include_bytes!({path:?})),\n");
    }
    table += "]\n";
    fs::write(Path::new(&env::var("OUT_DIR")?).join("example.rs"), table)?;
    Ok(())
}

/// The files below `directory`. Cargo is told of the directories, so that it notices what comes and goes.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", directory.display());
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
