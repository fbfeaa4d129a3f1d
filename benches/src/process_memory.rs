//! What a running process has in memory and has done, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;

/// What `/proc/PID` tells. Sizes are in bytes.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// Resident memory (`VmRSS`).
    pub resident: f64,
    /// Its peak (`VmHWM`).
    pub peak: f64,
    /// Resident memory with shared pages divided among those that share them (`Pss`).
    pub proportional: f64,
    /// The part of the resident memory that is no page of a file (`RssAnon`): heap and stacks.
    pub anonymous: f64,
    /// Its threads.
    pub threads: f64,
    /// How often it was woken (`voluntary_ctxt_switches` of all threads).
    pub wake_ups: f64,
    /// What it had written to file systems that keep it (`write_bytes`).
    pub written: f64,
}

impl Process {
    /// Reads what is true now.
    ///
    /// # Errors
    /// Where the process is gone or not ours.
    pub fn read(id: u32) -> anyhow::Result<Self> {
        let status = figures(id, "status")?;
        let figure = |name: &str| status.get(name).copied().unwrap_or(f64::NAN);
        let of = |file: &str, name: &str| anyhow::Ok(figures(id, file)?.get(name).copied().unwrap_or(f64::NAN));
        let mut wake_ups = 0.0;
        for task in fs::read_dir(format!("/proc/{id}/task"))? {
            let task = format!("task/{}/status", task?.file_name().to_string_lossy());
            wake_ups += of(&task, "voluntary_ctxt_switches").unwrap_or(0.0);
        }
        Ok(Self {
            resident: figure("VmRSS"),
            peak: figure("VmHWM"),
            proportional: of("smaps_rollup", "Pss")?,
            anonymous: figure("RssAnon"),
            threads: figure("Threads"),
            wake_ups,
            written: of("io", "write_bytes")?,
        })
    }
}

/// Resident memory of a process in bytes, by what is mapped there: a file's name, `heap`, `stack`, `anonymous`.
///
/// # Errors
/// Where the process is gone or not ours.
pub fn mappings(id: u32) -> anyhow::Result<BTreeMap<String, f64>> {
    let text = read(id, "smaps")?;
    let (mut sizes, mut name) = (BTreeMap::new(), String::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["Rss:", size, "kB"] => *sizes.entry(name.clone()).or_default() += 1024.0 * size.parse::<f64>()?,
            // The head of a mapping: addresses, rights, offset, device, inode, and often a path.
            [addresses, _, _, _, _, ..] if addresses.contains('-') => {
                let path = words.get(5).copied().unwrap_or("anonymous");
                name = path.rsplit('/').next().unwrap_or(path).trim_matches(['[', ']']).to_owned();
            }
            _ => {}
        }
    }
    sizes.retain(|_, size| *size > 0.0);
    Ok(sizes)
}

/// The lines `name: figure [kB]` of a file, in bytes where they are sizes.
fn figures(id: u32, file: &str) -> anyhow::Result<BTreeMap<String, f64>> {
    let text = read(id, file)?;
    let figure = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let mut words = rest.split_whitespace();
        let figure: f64 = words.next()?.parse().ok()?;
        let factor = if words.next() == Some("kB") { 1024.0 } else { 1.0 };
        Some((name.to_owned(), figure * factor))
    };
    Ok(text.lines().filter_map(figure).collect())
}

fn read(id: u32, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{id}/{file}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_this_process() {
        let process = Process::read(std::process::id()).unwrap();
        assert!(process.resident > 0.0 && process.resident <= process.peak, "{process:?}");
        assert!(process.proportional > 0.0 && process.threads >= 1.0 && process.written >= 0.0, "{process:?}");
        assert!(mappings(std::process::id()).unwrap()["heap"] > 0.0);
    }
}
