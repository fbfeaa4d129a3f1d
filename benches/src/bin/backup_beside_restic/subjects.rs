//! The trees that are saved: the same bytes each time.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder and what it is called in the table.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// Kubernetes objects as files, of the kinds and with the differences that a homelab has.
pub(crate) fn yaml(scratch: &Path, objects: usize) -> anyhow::Result<Subject> {
    let folder = scratch.join("objects");
    let mut noise = Noise(7);
    for number in 0..objects {
        let (app, space) = (number % 137, number % 23);
        let kind = ["ConfigMap", "Secret", "PersistentVolumeClaim", "Certificate", "Job"][number % 5];
        let mut text = format!(
            "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: app-{app}-{:08x}\n  namespace: space-{space}\n  \
             uid: {:016x}-{:016x}\n  creationTimestamp: 2026-10-{:02}T{:02}:{:02}:00Z\n  resourceVersion: \"{}\"\n  labels:\n    \
             app.kubernetes.io/name: app-{app}\n    app.kubernetes.io/managed-by: windlass\n",
            noise.next() as u32,
            noise.next(),
            noise.next(),
            number % 28 + 1,
            number % 24,
            number % 60,
            number * 31,
        );
        for line in 0..12 {
            writeln!(text, "  field-{line}: value of app-{app} in space-{space}, which is line {line} of the {kind}")?;
        }
        for line in 0..3 {
            writeln!(text, "  hash-{line}: {:016x}", noise.next())?;
        }
        let path = folder.join(format!("space-{space}/{kind}"));
        fs::create_dir_all(&path)?;
        fs::write(path.join(format!("app-{app}-{number}.yaml")), text)?;
    }
    Ok(Subject { name: format!("{objects} objects"), folder })
}

/// Files of 2.5 MB, seven in ten of which do not pack.
pub(crate) fn mixed(scratch: &Path, megabytes: u64) -> anyhow::Result<Subject> {
    const FILE: usize = 2_500_000;
    let folder = scratch.join("mixed");
    fs::create_dir_all(&folder)?;
    let mut noise = Noise(11);
    for number in 0..(megabytes * 1_000_000).div_ceil(FILE as u64) {
        let mut content = Vec::with_capacity(FILE + 64);
        while content.len() < FILE {
            if number % 10 < 7 {
                content.extend_from_slice(&noise.next().to_le_bytes());
            } else {
                content.extend_from_slice(
                    format!("{} line of a log, with {:08x}\n", number, noise.next() as u32).as_bytes(),
                );
            }
        }
        content.truncate(FILE);
        fs::write(folder.join(format!("{number:04}.bin")), content)?;
    }
    Ok(Subject { name: format!("{megabytes} MB mixed"), folder })
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
