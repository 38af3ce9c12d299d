//! NetworkPolicy beside a second witness: cyclonus' matcher, which knows nothing of Cilium.
//!
//! A plain run holds us against recorded answers; the long run asks the matcher itself
//! (`tools/cyclonus`, Go 1.26). `PODWALL_RECORD` names a file for a new sample. The matcher reads
//! `NotIn` otherwise than Kubernetes; its program writes such selectors in another way.

use std::env;
use std::fmt::Write;
use std::fs;

use podwall_testkit::oracle::{Answer, Case, Program, Recorded, Said, sample, verdicts};

/// Cases of the long run, twenty flows each.
const CASES: u64 = 10_000;
/// Cases of a new sample.
const RECORDED_CASES: u64 = 1_000;

#[test]
fn recorded_verdicts_of_cyclonus_are_ours() {
    let mut count = Count::default();
    for line in sample("network_policy.txt").lines() {
        let Recorded { digest, answer } = line.parse().expect("a recorded answer");
        let case = Case::of_network_policies(answer.id);
        assert_eq!(
            digest,
            case.digest(),
            "case {} is no longer the one that was asked, hint: record the sample again",
            case.seed
        );
        count.compare(&case, &answer);
    }
    count.finish(RECORDED_CASES);
}

#[test]
#[ignore = "asks cyclonus' matcher, which needs Go: the slow run does"]
fn cyclonus_says_what_we_say() {
    let first = env::var("PODWALL_SEED").map_or(1, |text| text.parse().expect("a seed"));
    let record = env::var_os("PODWALL_RECORD");
    let cases = if record.is_some() { RECORDED_CASES } else { CASES };
    let questions = (first..first + cases).map(|seed| {
        let case = Case::of_network_policies(seed);
        let line = case.line();
        (case, line)
    });
    let (mut count, mut recorded) = (Count::default(), String::new());
    Program::build("cyclonus", "matcher").ask(questions, |case, line| {
        let answer: Answer = serde_json::from_str(line).expect("an answer");
        assert_eq!(case.seed, answer.id);
        count.compare(&case, &answer);
        writeln!(recorded, "{}", answer.record(&case)).expect("text grows");
    });
    if let Some(path) = record {
        fs::write(path, recorded).expect("the sample is written");
    }
    count.finish(cases);
}

/// How many flows pass, and how many do not.
#[derive(Default)]
struct Count([u64; 2]);

impl Count {
    fn compare(&mut self, case: &Case, answer: &Answer) {
        let ours = verdicts(case);
        assert_eq!(ours.len(), answer.verdicts.len(), "an answer for each flow");
        for ((flow, our), their) in case.flows.iter().zip(ours).zip(&answer.verdicts) {
            assert_eq!(our, *their, "case {}: {flow:?}\n{}", case.seed, case.line());
            self.0[usize::from(our != Said::Allow)] += 1;
        }
    }

    fn finish(&self, cases: u64) {
        let [allowed, dropped] = self.0;
        println!("{} flows: {allowed} allowed, {dropped} dropped", allowed + dropped);
        assert!(allowed >= 5 * cases && dropped >= 2 * cases);
    }
}
