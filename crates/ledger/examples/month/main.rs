//! `./dev bench ledger`: thirty days of history at 200 namespaces, 2,000 workloads and 1,000
//! policies, made from a fixed seed; then the page's questions, each many times, and the size on
//! disk. Arguments: days, then rounds.

mod cluster;
mod question;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use podwall_ledger::{Bounds, Ledger};

/// What a question of the page may take, nineteen times out of twenty.
const TARGET: Duration = Duration::from_millis(100);

fn main() {
    let number = |at: usize, usual: u64| {
        std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (days, rounds) = (number(1, 30).max(1), number(2, 40).max(1));
    let folder = Folder::new();
    let began = Instant::now();
    let mut ledger = Ledger::open(&folder.0.join("ledger.sqlite"), Bounds::default());
    let made = cluster::fill(&mut ledger, days);
    println!("{days} days, {made}; made in {:.0} s", began.elapsed().as_secs_f64());
    for name in ["ledger.sqlite", "history"] {
        println!("size on disk: {name} {:.1} MB", size(&folder.0.join(name)) as f64 / 1e6);
    }
    let mut missed = 0;
    for (name, ask) in question::all(days) {
        missed += usize::from(measure(&mut ledger, name, &*ask, rounds) > TARGET);
    }
    println!("{missed} questions over the target of {TARGET:?}");
    drop(ledger);
}

fn measure(
    ledger: &mut Ledger,
    name: &str,
    ask: &dyn Fn(&mut Ledger) -> u64,
    rounds: u64,
) -> Duration {
    let (mut took, mut worked) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (began, before) = (Instant::now(), processor());
        let told = ask(ledger);
        took.push(began.elapsed());
        worked.push(processor().saturating_sub(before));
        assert!(told > 0, "{name} is about something");
    }
    let at = |all: &mut Vec<Duration>, part: usize| {
        all.sort();
        all[(all.len() * part / 100).min(all.len() - 1)]
    };
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let p95 = at(&mut took, 95);
    let mark = if p95 > TARGET { "over the target" } else { "" };
    println!(
        "{name:<36} median {:>7.1} ms   p95 {:>7.1} ms   processor {:>7.1} ms {mark}",
        millis(at(&mut took, 50)),
        millis(p95),
        millis(at(&mut worked, 95)),
    );
    p95
}

/// How long this thread has had a processor: a machine that is busy with other things says more
/// of them than of us.
fn processor() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// A directory of its own, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("pw-bench-ledger-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary directory can be written");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn size(path: &Path) -> u64 {
    let Ok(found) = fs::metadata(path) else { return 0 };
    if found.is_file() {
        let beside = path.with_extension("sqlite-wal");
        return found.len() + fs::metadata(beside).map_or(0, |wal| wal.len());
    }
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
}
