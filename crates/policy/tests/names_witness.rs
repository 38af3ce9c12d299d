//! Patterns of names beside Cilium's own matcher.
//!
//! A plain run holds us against recorded answers; the long run asks the matcher itself
//! (`tools/cilium/names`, Go 1.26). `PODWALL_RECORD` names a file for a new sample.

use std::env;
use std::fmt::Write;
use std::fs;

use podwall_testkit::oracle::{Pairs, Program, RecordedPairs, sample};

/// Seeds of the long run, a hundred pairs each.
const SEEDS: u64 = 3_000;
/// Seeds of a new sample.
const RECORDED_SEEDS: u64 = 300;

#[test]
fn recorded_answers_of_ciliums_matcher_are_ours() {
    let mut count = Count::default();
    for line in sample("names.txt").lines() {
        let RecordedPairs { seed, digest, letters } = line.parse().expect("recorded pairs");
        let pairs = Pairs::new(seed);
        assert_eq!(
            digest,
            pairs.record("").digest,
            "the pairs of {seed} are no longer those that were asked, hint: record them again"
        );
        count.compare(&pairs, &letters);
    }
    count.finish(RECORDED_SEEDS);
}

#[test]
#[ignore = "asks Cilium's matcher, which needs Go: the slow run does"]
fn ciliums_matcher_says_what_we_say() {
    let first = env::var("PODWALL_SEED").map_or(1, |text| text.parse().expect("a seed"));
    let record = env::var_os("PODWALL_RECORD");
    let seeds = if record.is_some() { RECORDED_SEEDS } else { SEEDS };
    let questions = (first..first + seeds).map(|seed| {
        let pairs = Pairs::new(seed);
        let line = pairs.line();
        (pairs, line)
    });
    let (mut count, mut recorded) = (Count::default(), String::new());
    Program::build("cilium", "names").ask(questions, |pairs, letters| {
        writeln!(recorded, "{}", pairs.record(letters)).expect("text grows");
        count.compare(&pairs, letters);
    });
    if let Some(path) = record {
        fs::write(path, recorded).expect("the sample is written");
    }
    count.finish(seeds);
}

/// How many pairs got which letter.
#[derive(Default)]
struct Count([usize; 5]);

impl Count {
    fn compare(&mut self, pairs: &Pairs, theirs: &str) {
        let ours = pairs.letters();
        for ((pair, our), their) in pairs.pairs.iter().zip(ours.chars()).zip(theirs.chars()) {
            assert_eq!(our, their, "seed {}: {pair:?}", pairs.seed);
            self.0["rbqp.".find(their).expect("a letter of the five")] += 1;
        }
        assert_eq!(ours.len(), theirs.len(), "an answer for each pair");
    }

    fn finish(&self, seeds: u64) {
        let [refused, both, queries, peers, neither] = self.0;
        println!(
            "{} pairs: {refused} refused, {both} meant, {queries} by rules alone, {peers} by \
             peers alone, {neither} not meant",
            self.0.iter().sum::<usize>()
        );
        let seeds = usize::try_from(seeds).expect("few seeds");
        assert!(refused > seeds && both > 10 * seeds && neither > 10 * seeds && queries > 0);
    }
}
