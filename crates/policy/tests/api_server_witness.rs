//! Documents of Kubernetes' own kinds beside the code of its API server: who takes which.
//!
//! A plain run holds us against recorded answers; the long run asks the code itself
//! (`tools/kubernetes`, Go 1.26). `PODWALL_RECORD` names a file for a new sample.

use std::env;
use std::fmt::Write;
use std::fs;

use podwall_testkit::oracle::{
    Answer, Case, Comparison, Difference, Program, Recorded, Tally, WantedDocument,
    compare_documents, sample,
};

/// Cases of the long run, twenty documents each.
const CASES: u64 = 5_000;
/// Cases of a new sample.
const RECORDED_CASES: u64 = 500;
/// Differences that are shown before giving up.
const SHOWN: usize = 20;

/// Where we differ from an API server, and want to.
const WANTED: [WantedDocument; 3] = [
    WantedDocument {
        name: "a selector that nothing can evaluate is refused",
        reason: "the schema of a ClusterNetworkPolicy takes any operator, key and value; whoever \
                 watches it finds out later",
        is: |document, said| {
            document.contains("ClusterNetworkPolicy") && each(said, &["invalid label selector"])
        },
    },
    WantedDocument {
        name: "what would not mean what it says is refused",
        reason: "the schema takes ranges with bits behind their prefix, which readers cut off, \
                 names of ports that no pod can have, and domain names that are denied, which the \
                 API's text rules out",
        is: |document, said| {
            let known = [
                "address bits are set behind the prefix",
                "neither a port nor a port's name",
                "unable to parse port",
                "a name is wanted here, not a number",
                "domain names are for accepting rules only",
                "invalid label selector",
            ];
            document.contains("ClusterNetworkPolicy") && each(said, &known)
        },
    },
    WantedDocument {
        name: "an item that is nothing is refused",
        reason: "an API server reads a null in a list as an empty item, which in a list of rules \
                 lets everybody in; nobody writes it on purpose",
        is: |document, said| {
            let known = ["a mapping is wanted here", "a text is wanted", "`spec` is missing"];
            document.contains("null") && each(said, &known)
        },
    },
];

/// Whether we refuse, and for nothing but this.
fn each(said: &[String], known: &[&str]) -> bool {
    !said.is_empty() && said.iter().all(|said| known.iter().any(|start| said.starts_with(start)))
}

#[test]
fn documents_are_taken_and_refused_as_the_api_server_did() {
    let mut total = Total::default();
    for line in sample("api_server.txt").lines() {
        let Recorded { digest, answer } = line.parse().expect("a recorded answer");
        let case = Case::of_kubernetes_documents(answer.id);
        assert_eq!(
            digest,
            case.digest(),
            "case {} is no longer the one that was asked, hint: record the sample again",
            case.seed
        );
        total.add(compare_documents(&case, &answer, &WANTED));
    }
    total.finish(RECORDED_CASES);
}

#[test]
#[ignore = "asks the code of the API server, which needs Go and minutes to build: the slow run does"]
fn the_api_server_takes_the_documents_that_we_take() {
    let first = env::var("PODWALL_SEED").map_or(1, |text| text.parse().expect("a seed"));
    let record = env::var_os("PODWALL_RECORD");
    let cases = if record.is_some() { RECORDED_CASES } else { CASES };
    let questions = (first..first + cases).map(|seed| {
        let case = Case::of_kubernetes_documents(seed);
        let line = case.line();
        (case, line)
    });
    let (mut total, mut recorded) = (Total::default(), String::new());
    Program::build("kubernetes", "validator").ask(questions, |case, line| {
        let answer: Answer = serde_json::from_str(line).expect("an answer");
        assert_eq!(case.seed, answer.id);
        total.add(compare_documents(&case, &answer, &WANTED));
        writeln!(recorded, "{}", answer.record(&case)).expect("text grows");
    });
    if let Some(path) = record {
        fs::write(path, recorded).expect("the sample is written");
    }
    total.finish(cases);
}

/// Everything that was compared.
#[derive(Default)]
struct Total {
    tally: Tally,
    differences: Vec<Difference>,
}

impl Total {
    fn add(&mut self, comparison: Comparison) {
        self.tally += comparison.tally;
        self.differences.extend(comparison.differences);
    }

    fn finish(&self, cases: u64) {
        println!("{}", self.tally);
        for difference in self.differences.iter().take(SHOWN) {
            println!("{difference}");
        }
        assert!(self.differences.is_empty(), "{} differences", self.differences.len());
        let [taken, refused] = self.tally.documents;
        assert!(taken >= 4 * cases && refused >= 4 * cases, "too few of one kind: {}", self.tally);
    }
}
