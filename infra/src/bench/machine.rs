//! What the machine is worth, so that figures of two machines (or of one on two days) can be compared.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

/// Steps of arithmetic: about half a second on a processor of 2024.
const STEPS: u64 = 400_000_000;
/// Steps of a walk through memory.
const JUMPS: usize = 4_000_000;
/// The memory walked through, in words of four bytes: 32 MiB, as much as a small machine's caches.
const WORDS: usize = 8 * 1024 * 1024;

/// Two measures of the machine, alone on one processor and on all at once: where processors share a core, or neighbours share the
/// machine, the second is slower.
pub struct Machine {
    pub processors: usize,
    /// Nanoseconds of one dependent step of arithmetic.
    pub arithmetic: [f64; 2],
    /// Nanoseconds of one dependent step to a far place in memory.
    pub memory: [f64; 2],
}

impl Machine {
    /// Takes about three seconds.
    pub fn measure() -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        let both = |of: fn() -> f64| [at_once(1, of), at_once(processors, of)];
        Self { processors, arithmetic: both(arithmetic), memory: both(memory) }
    }
}

/// The slowest of so many at the same time.
fn at_once(count: usize, of: fn() -> f64) -> f64 {
    let threads: Vec<_> = (0..count).map(|_| thread::spawn(of)).collect();
    threads.into_iter().filter_map(|one| one.join().ok()).fold(0.0, f64::max)
}

fn arithmetic() -> f64 {
    let mut state = black_box(88_172_645_463_325_252_u64);
    let started = Instant::now();
    for _ in 0..STEPS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
    started.elapsed().as_secs_f64() * 1e9 / STEPS as f64
}

fn memory() -> f64 {
    // One cycle through all words (a full-period congruential sequence), so that no step can be foreseen.
    let next: Vec<u32> =
        (0..WORDS).map(|at| u32::try_from((at * 1_664_525 + 1_013_904_223) % WORDS).unwrap_or_default()).collect();
    let mut at = black_box(0_usize);
    let started = Instant::now();
    for _ in 0..JUMPS {
        at = next[at] as usize;
    }
    black_box(at);
    started.elapsed().as_secs_f64() * 1e9 / JUMPS as f64
}
