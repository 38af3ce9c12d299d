//! The front end for expressions beside Go's `regexp` and RE2 themselves, on random patterns. The
//! plain run has their recorded answers instead; this one needs Go and Python.

use std::path::Path;
use std::process::Command;

use podwall_policy::re2::Pattern;

const PATTERNS: &str = "20000";

#[test]
#[ignore = "needs Go and google-re2: the slow tier runs it"]
fn random_patterns_mean_what_re2_means() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/re2/record.py");
    let seed = std::env::var("PODWALL_SEED").unwrap_or_else(|_| "1".to_owned());
    let output = Command::new("python3")
        .arg(script)
        .args(["--random", PATTERNS, "--seed", &seed])
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).expect("the table is ASCII");
    let mut judged = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [pattern, text, verdict] = columns[..] else { panic!("three columns: {line}") };
        let read = |json: &str| -> String { serde_json::from_str(json).expect("a JSON string") };
        let ours = match Pattern::new(&read(pattern)) {
            Err(_) => "invalid",
            Ok(pattern) if pattern.matches(&read(text)) => "match",
            Ok(_) => "other",
        };
        assert_eq!(ours, verdict, "{line}");
        judged += 1;
    }
    assert!(judged > 50_000, "only {judged} were judged");
}
