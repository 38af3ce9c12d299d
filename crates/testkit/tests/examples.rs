//! Policies that others published as examples mean what Cilium's engine says of them: those that
//! ship with Cilium (Apache License 2.0, Authors of Cilium; kept as data in
//! `examples/cilium.jsonl`), and those of Kubernetes' documentation (`specs/kubernetes`).
//!
//! Around each a world is made. A plain run holds us against recorded answers; the long run fetches
//! the examples and asks the engine itself. `PODWALL_RECORD` names a folder for both files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use podwall_testkit::oracle::{Answer, Case, Program, Recorded, Tally, compare, sample};
use serde_json::{Value, json};

/// Kinds that are policies; beside them stand pods and services.
const KINDS: [&str; 3] = ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy"];
/// Cilium refuses its own examples in these: a field that it does not have, protocols that are none
/// of its schema, and a list that its schema wants empty.
const REFUSED: [&str; 3] =
    ["auth/auth.yaml", "host/allow-extended-protocols.yaml", "l3/requires/requires.yaml"];
/// Files that ship with Cilium, and those of them that hold policies.
const FILES: usize = 56;
const WITH_POLICIES: usize = 54;

#[test]
fn examples_mean_what_ciliums_engine_recorded() {
    let text = sample("examples.txt");
    let answers = text.lines().map(|line| line.parse::<Recorded>().expect("a recorded answer"));
    let mut total = Total::default();
    let examples = examples(&kept());
    assert_eq!(answers.clone().count(), examples.len(), "one answer for each example");
    for (Example { name, case }, Recorded { digest, answer }) in examples.into_iter().zip(answers) {
        assert_eq!(digest, case.digest(), "{name} changed, hint: record the sample again");
        total.add(&name, &case, &answer);
    }
    total.finish();
}

#[test]
#[ignore = "fetches Cilium and asks its engine, which needs Go and minutes to build: the slow run does"]
fn examples_mean_what_ciliums_engine_says() {
    let fetched = fetched();
    let record = std::env::var_os("PODWALL_RECORD").map(PathBuf::from);
    match &record {
        Some(folder) => fs::write(folder.join("cilium.jsonl"), &fetched).expect("it is written"),
        None => assert_eq!(kept(), fetched, "the examples that are kept are no longer those"),
    }
    let questions = examples(&fetched).into_iter().map(|example| {
        let line = example.case.line();
        (example, line)
    });
    let (mut total, mut recorded) = (Total::default(), String::new());
    Program::build("cilium", "oracle").ask(questions, |Example { name, case }, line| {
        let answer: Answer = serde_json::from_str(line).expect("an answer");
        total.add(&name, &case, &answer);
        writeln!(recorded, "{}", answer.record(&case)).expect("text grows");
    });
    if let Some(folder) = record {
        fs::write(folder.join("examples.txt"), recorded).expect("the sample is written");
    }
    total.finish();
}

struct Example {
    name: String,
    case: Case,
}

/// Everything that was compared.
#[derive(Default)]
struct Total {
    tally: Tally,
    differences: Vec<String>,
    refused: Vec<String>,
}

impl Total {
    fn add(&mut self, name: &str, case: &Case, answer: &Answer) {
        let comparison = compare(case, answer);
        if comparison.tally.documents[1] > 0 {
            self.refused.push(name.to_owned());
        } else if comparison.tally.flows == 0 {
            self.differences.push(format!("{name}: nothing could be compared"));
        }
        self.tally += comparison.tally;
        let told = comparison.differences.iter().map(|difference| format!("{name}: {difference}"));
        self.differences.extend(told);
    }

    fn finish(&self) {
        println!("{}", self.tally);
        self.differences.iter().take(20).for_each(|difference| println!("{difference}"));
        assert!(self.differences.is_empty(), "{} differences", self.differences.len());
        assert_eq!(self.refused, REFUSED, "invalid by Cilium's own schema");
        for (word, least) in [("allow", 2_000), ("redirect", 40), ("deny", 40), ("drop", 2_000)] {
            let count = self.tally.said.get(word).copied().unwrap_or_default();
            assert!(count >= least, "too few are {word}: {}", self.tally);
        }
    }
}

/// Each example with a world around it: Cilium's, then those of Kubernetes' documentation.
fn examples(cilium: &str) -> Vec<Example> {
    let lines = cilium.lines().skip(1).map(|line| {
        let value: Value = serde_json::from_str(line).expect("a line of examples");
        let name = value["name"].as_str().expect("a name").to_owned();
        (name, value["documents"].as_array().expect("documents").clone())
    });
    let all: Vec<(String, Vec<Value>)> = lines.chain(documentation()).collect();
    let example = |(seed, (name, documents))| Example { name, case: Case::around(seed, documents) };
    (1..).zip(all).map(example).collect()
}

fn documentation() -> Vec<(String, Vec<Value>)> {
    let path = here().join("../../specs/kubernetes/documentation.yaml");
    let text = fs::read_to_string(path).expect("a spec of the repository");
    let cases: Vec<Value> = serde_saphyr::from_multiple(&text).expect("as specs are");
    let policies = cases.iter().flat_map(|case| case["policies"].as_array().expect("a list"));
    let policy = |policy: &Value| {
        let documents = policies_of(policy["inline"].as_str().expect("a document"));
        (documents[0]["metadata"]["name"].to_string(), documents)
    };
    policies.map(policy).collect()
}

/// The examples as they are kept, a line for each file.
fn kept() -> String {
    fs::read_to_string(here().join("tests/examples/cilium.jsonl")).expect("data of this test")
}

/// The examples as the Go client fetches them, in the same form.
fn fetched() -> String {
    let module = here().join("../../tools/cilium");
    let go = |arguments: &[&str]| {
        let mut command = Command::new("go");
        let output = command.args(arguments).current_dir(&module).output().expect("go runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("go writes text")
    };
    go(&["mod", "download", "github.com/cilium/cilium"]);
    let module = go(&["list", "-m", "-f", "{{.Version}} {{.Dir}}", "github.com/cilium/cilium"]);
    let (version, folder) = module.trim().split_once(' ').expect("two words");
    let root = Path::new(folder).join("examples/policies");
    let mut files = BTreeMap::new();
    read(&root, &root, &mut files);
    assert_eq!(files.len(), FILES, "examples of the pinned module");
    let from = format!("github.com/cilium/cilium {version}, examples/policies");
    let mut text = json!({"from": from, "license": "Apache-2.0, Authors of Cilium"}).to_string();
    text.push('\n');
    for (name, documents) in files.into_iter().filter(|(_, documents)| !documents.is_empty()) {
        writeln!(text, "{}", json!({"name": name, "documents": documents})).expect("text grows");
    }
    assert_eq!(text.lines().count(), WITH_POLICIES + 1);
    text
}

fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<Value>>) {
    for entry in fs::read_dir(folder).expect("a folder of the module") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.strip_prefix(root).expect("below the root").display().to_string();
            let text = fs::read_to_string(&path).expect("a file of the module");
            files.insert(name, policies_of(&text));
        }
    }
}

fn policies_of(text: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("YAML");
    let is_policy = |one: &Value| one["kind"].as_str().is_some_and(|kind| KINDS.contains(&kind));
    documents.into_iter().filter(is_policy).collect()
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
