//! The machine that figures were measured on, since a figure without it says nothing.

use std::fs;

/// One line: processors, their model, the kernel, and the load averages of now.
#[must_use]
pub fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = read("/proc/cpuinfo");
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).map(|rest| rest.trim_matches([' ', '\t', ':']));
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = load();
    let names = [model.unwrap_or("unknown processor"), std::env::consts::ARCH, "Linux", kernel.trim()].join(" ");
    format!("{cores} cores, {names}, load {load}")
}

/// The load averages over 1, 5 and 15 minutes.
#[must_use]
pub fn load() -> String {
    read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
