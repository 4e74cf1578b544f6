//! `cargo dev bench`. The measurements come with the benchmark step of the project.

/// Says that there is nothing to measure yet.
///
/// # Errors
/// Always, until the benchmark is part of the project.
pub fn run() -> anyhow::Result<()> {
    anyhow::bail!("the benchmark is not part of this version yet")
}
