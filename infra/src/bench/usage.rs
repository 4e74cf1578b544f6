//! What processes use, as Linux counts it in /proc.

use std::fs;

/// Clock ticks a second; 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// CPU seconds (user and system) of one process so far.
pub fn cpu_of(pid: u32) -> f64 {
    stat(pid).map_or(0.0, |fields| (fields[11] + fields[12]) / TICKS)
}

/// CPU seconds of a process and of all its children, those that have ended included.
pub fn cpu_of_family(pid: u32) -> f64 {
    let own = stat(pid).map_or(0.0, |fields| (fields[11] + fields[12] + fields[13] + fields[14]) / TICKS);
    own + children(pid).into_iter().map(cpu_of).sum::<f64>()
}

/// The most memory a process has held resident, in MB.
pub fn peak_memory(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0 / 1e6
}

/// The fields of /proc/<pid>/stat after the name, as numbers.
fn stat(pid: u32) -> Option<Vec<f64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<f64> =
        text.rsplit_once(')')?.1.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    (fields.len() > 14).then_some(fields)
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok())
        .filter(|pid| stat(*pid).is_some_and(|fields| fields[1] == f64::from(parent)))
        .collect()
}

/// The value below which this share of the values lies.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small length")]
    let at = (share * last as f64).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}
